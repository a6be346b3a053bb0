package lifecycle

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func deadline(seconds int32) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) { spec.ActiveDeadlineSeconds = &seconds }
}

// expired is a task that ran when its time was up, and was killed.
func expired(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := running(append(changes, deadline(60))...)
	s.later(time.Minute).look()
	s.says(mesos.TaskKilled).look()
	s.Unacknowledged = nil
	return s
}

func TestNext_deadline(t *testing.T) {
	const kills, expires = "kill what is not wanted any more", "past its deadline"
	limited := deadline(60)
	waiting := newStory(limited)
	waiting.look()
	suspended := newStory(limited).change(suspend)
	suspended.look()
	other := newStory(limited)
	other.Others, other.Proven = []Other{oldOne}, true
	for name, c := range map[string]struct {
		story *story
		after time.Duration
		then  func(*story)
		want  summary
	}{
		"not before":                      {running(limited), 59 * time.Second, nil, summary{"let it run", "True/Running", nil}},
		"what runs is killed":             {running(limited), time.Minute, nil, summary{kills, "False/DeadlineExceeded", []Step{StepKill}}},
		"also while nothing could follow": {running(limited), time.Minute, func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }, summary{kills, "False/DeadlineExceeded", []Step{StepKill}}},
		"not while it is paused":          {running(limited), time.Minute, func(s *story) { s.Paused = true }, summary{"let it run", "True/Running", nil}},
		"what was not sent is called off": {
			newStory(limited).bind(LaunchUnsent), time.Minute, nil, summary{"call off a launch that is not wanted any more", "False/Launching", []Step{StepCallOff}},
		},
		"then it is not launched": {
			newStory(limited).bind(LaunchUnsent), time.Minute, func(s *story) { s.Launch = LaunchNeverSent }, summary{expires, "False/DeadlineExceeded", nil},
		},
		"what was never launched has failed": {waiting, time.Minute, nil, summary{expires, "False/DeadlineExceeded", nil}},
		"what an offer is reserved for":      {waiting, time.Minute, func(s *story) { s.Placement = &Placement{TaskID: "x"} }, summary{expires, "False/DeadlineExceeded", nil}},
		"what cannot be launched":            {waiting, time.Minute, func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }, summary{expires, "False/DeadlineExceeded", nil}},
		"what ended is not launched again":   {ended(mesos.TaskFailed, limited), time.Minute, nil, summary{expires, "False/DeadlineExceeded", nil}},
		"what is killed for it has failed":   {expired(), time.Hour, nil, summary{expires, "False/DeadlineExceeded", nil}},
		"what finishes meanwhile, of a task that is always launched again": {
			running(limited), time.Minute, func(s *story) { s.look(); s.says(mesos.TaskFinished).Unacknowledged = nil }, summary{expires, "False/DeadlineExceeded", nil},
		},
		"what finishes meanwhile has completed": {
			running(limited, onlyOnce), time.Minute, func(s *story) { s.look(); s.says(mesos.TaskFinished).Unacknowledged = nil }, summary{"completed", "True/Completed", nil},
		},
		"what completed before stays so":   {ended(mesos.TaskFinished, limited, onlyOnce), time.Hour, nil, summary{"completed", "True/Completed", nil}},
		"what failed before stays so":      {ended(mesos.TaskFailed, limited, onlyOnce), time.Hour, nil, summary{"failed for good", "False/Failed", nil}},
		"what ran out of restarts, too":    {ended(mesos.TaskFailed, limited, maxRestarts(0)), time.Hour, nil, summary{"restarts exhausted", "False/RestartsExhausted", nil}},
		"what completed by an older spec":  {ended(mesos.TaskFinished, limited, onlyOnce), time.Hour, func(s *story) { s.change(changeHash) }, summary{expires, "False/DeadlineExceeded", nil}},
		"a later deadline lets it go on":   {expired(), time.Hour, func(s *story) { s.change(func(s *story) { deadline(7200)(&s.Spec) }) }, summary{"launch after our own kill", "False/AwaitingOffer", []Step{StepPlace}}},
		"what is suspended stays so":       {suspended, time.Hour, nil, summary{"suspended", "True/Suspended", nil}},
		"a task of its name is killed":     {other, time.Minute, nil, summary{expires, "False/DeadlineExceeded", []Step{StepKillOthers, StepFinalize}}},
		"one of another ID is not touched": {running(limited), time.Minute, func(s *story) { s.FrameworkID = "framework-2" }, summary{"hands off another framework's attempt", "Unknown/OtherFrameworkID", nil}},
		"what Mesos cannot tell of is killed should it return": {
			running(limited), time.Minute, answer(mesos.TaskUnreachable), summary{kills, "False/DeadlineExceeded", []Step{StepKill}},
		},
		"what is being deleted": {waiting, time.Minute, func(s *story) { s.change(remove) }, summary{"delete what was never bound or is over", "False/Deleting", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			s := *c.story
			s.Now = epoch.Add(c.after)
			if c.then != nil {
				c.then(&s)
			}
			checkSummary(t, s.look(), c.want)
		})
	}
}

// TestNext_deadlineIsLookedAt: the task is looked at again when its time is up, however it waits.
func TestNext_deadlineIsLookedAt(t *testing.T) {
	suspended := newStory(deadline(60)).change(suspend)
	stuck := newStory(deadline(60))
	stuck.Obstacle = &Obstacle{Reason: "X", Message: "x", Stalled: true}
	for name, s := range map[string]*story{
		"it runs": running(deadline(60)), "it waits for an offer": newStory(deadline(60)), "it is suspended": suspended, "it cannot be launched": stuck,
	} {
		t.Run(name, func(t *testing.T) { checkAgain(t, s.look(), time.Minute) })
	}
	t.Run("not once it is over", func(t *testing.T) {
		s := ended(mesos.TaskFinished, deadline(60), onlyOnce)
		checkAgain(t, s.look(), 0)
	})
	t.Run("nor without a deadline", func(t *testing.T) {
		s := newStory()
		checkAgain(t, s.look(), 0)
	})
}

// TestNext_deadlineSays: the condition says why, and what became of the task.
func TestNext_deadlineSays(t *testing.T) {
	waiting, lost := newStory(deadline(60)), replaced(deadline(3600))
	lost.Now = epoch.Add(time.Hour)
	waiting.later(time.Minute)
	for name, c := range map[string]struct {
		story *story
		want  string
	}{
		"never launched":          {waiting, "never launched, and is not any more, as the object is older than 60 s (spec.activeDeadlineSeconds)"},
		"killed":                  {expired(), "(spec.activeDeadlineSeconds); last: TASK_KILLED"},
		"where Mesos cannot tell": {lost, "It may still run where Mesos cannot tell, and is killed if it comes back"},
	} {
		t.Run(name, func(t *testing.T) {
			c.story.look()
			end := succeeded(&c.story.Status)
			if ready := meta.FindStatusCondition(c.story.Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(ready.Message, c.want) || end == nil || end.Message != ready.Message {
				t.Errorf("it says %+v, and of its end %+v; want %q", ready, end, c.want)
			}
		})
	}
}
