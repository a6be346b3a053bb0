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
	waiting.Proven = true
	waiting.look()
	suspended := newStory(limited).change(suspend)
	suspended.look()
	other := newStory(limited)
	other.Others, other.Proven = []Other{oldOne}, true
	changedInTime := ended(mesos.TaskFinished, limited, onlyOnce).change(changeHash)
	changedInTime.look()
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
		"what completed before stays so":  {ended(mesos.TaskFinished, limited, onlyOnce), time.Hour, nil, summary{"completed", "True/Completed", nil}},
		"what failed before stays so":     {ended(mesos.TaskFailed, limited, onlyOnce), time.Hour, nil, summary{"failed for good", "False/Failed", nil}},
		"what ran out of restarts, too":   {ended(mesos.TaskFailed, limited, maxRestarts(0)), time.Hour, nil, summary{"restarts exhausted", "False/RestartsExhausted", nil}},
		"what completed by an older spec": {ended(mesos.TaskFinished, limited, onlyOnce), time.Hour, func(s *story) { s.change(changeHash) }, summary{expires, "True/Completed", nil}},
		"what failed by an older spec":    {ended(mesos.TaskFailed, limited, onlyOnce), time.Hour, func(s *story) { s.change(changeHash) }, summary{expires, "False/Failed", nil}},
		"what completed, asked to run again": {
			ended(mesos.TaskFinished, limited, onlyOnce), time.Hour, func(s *story) { s.RestartRequest = "1" }, summary{expires, "True/Completed", nil},
		},
		"what completed, to be launched always by now": {
			ended(mesos.TaskFinished, limited, onlyOnce), time.Hour, func(s *story) { s.change(func(s *story) { s.Spec.RestartPolicy = v1alpha1.RestartAlways }) }, summary{expires, "True/Completed", nil},
		},
		"what completed, and was changed in time": {changedInTime, time.Hour, nil, summary{expires, "False/DeadlineExceeded", nil}},
		"what Mesos refused of an older spec":     {ended(mesos.TaskError, limited), time.Hour, func(s *story) { s.change(changeHash) }, summary{expires, "False/DeadlineExceeded", nil}},
		"what is paused is not concluded":         {waiting, time.Hour, func(s *story) { s.Paused = true }, summary{"paused", "False/Paused", nil}},
		"a later deadline lets it go on":          {expired(), time.Hour, func(s *story) { s.change(func(s *story) { deadline(7200)(&s.Spec) }) }, summary{"launch after our own kill", "False/AwaitingOffer", []Step{StepPlace}}},
		"what is suspended stays so":              {suspended, time.Hour, nil, summary{"suspended", "True/Suspended", nil}},
		"a task of its name is killed":            {other, time.Minute, nil, summary{expires, "False/DeadlineExceeded", []Step{StepKillOthers, StepFinalize}}},
		"one of another ID is not touched":        {running(limited), time.Minute, func(s *story) { s.FrameworkID = "framework-2" }, summary{"hands off another framework's attempt", "Unknown/OtherFrameworkID", nil}},
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
	waiting.Proven = true
	lost.Now = epoch.Add(time.Hour)
	waiting.later(time.Minute)
	for name, c := range map[string]struct {
		story *story
		want  string
	}{
		"never launched": {waiting, "never launched, and is not any more, as the object is older than 60 s (spec.activeDeadlineSeconds)"},
		"killed":         {expired(), "(spec.activeDeadlineSeconds); last: TASK_KILLED"},
		"completed, and changed since": {
			ended(mesos.TaskFinished, deadline(60), onlyOnce).later(time.Hour).change(changeHash), "Nothing is launched anew, as the object is older than 60 s (spec.activeDeadlineSeconds)",
		},
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

// TestNext_deadlineAwaitsProof: what may run under the object's name, as that of an object that was created anew, is not called never launched.
func TestNext_deadlineAwaitsProof(t *testing.T) {
	for name, change := range map[string]func(*story){
		"its framework is not there yet": func(s *story) {
			s.FrameworkID, s.Obstacle = "", &Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: "There is no MesosFramework"}
		},
		"Mesos has not told yet": func(*story) {},
		"it is suspended":        func(s *story) { s.change(suspend) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(deadline(60), ttl(0))
			change(s)
			s.look()
			for range 3 {
				decision := s.later(time.Minute).look()
				if end := succeeded(&s.Status); end != nil || has(decision, StepDelete) || decision.Check.After(s.Now.Add(unprovenRetry)) {
					t.Fatalf("before the proof rule %q takes steps %v and says of the end %+v; it looks again at %v", decision.Rule, decision.Steps, end, decision.Check)
				}
			}
			s.FrameworkID, s.Obstacle, s.Proven, s.Others = "framework-1", nil, true, []Other{oldOne}
			if decision := s.look(); len(decision.KillOthers) != 1 || succeeded(&s.Status) != nil {
				t.Errorf("rule %q kills %v and says %+v", decision.Rule, decision.KillOthers, s.Status.Conditions)
			}
			s.Others = nil
			s.Earlier = map[string]mesos.Observation{oldOne.TaskID: {TaskID: oldOne.TaskID, State: mesos.TaskKilled, Source: mesos.SourceExecutor, Time: s.Now}}
			s.look()
			if end := succeeded(&s.Status); end == nil || end.Reason != v1alpha1.ReasonDeadlineExceeded || strings.Contains(end.Message, "never launched") {
				t.Errorf("once it is over it says %+v", end)
			}
		})
	}
}

// TestNext_deadlinePaused: a paused task is not concluded by its deadline, nor is what was concluded before withdrawn.
func TestNext_deadlinePaused(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		want  string
	}{
		"never launched":               {newStory(deadline(60)), ""},
		"never launched and suspended": {newStory(deadline(60)).change(suspend), ""},
		"concluded":                    {expired(), v1alpha1.ReasonDeadlineExceeded},
		"completed and changed since":  {ended(mesos.TaskFinished, deadline(60), onlyOnce).later(time.Hour).change(changeHash), v1alpha1.ReasonCompleted},
	} {
		t.Run(name, func(t *testing.T) {
			s, got := c.story.later(time.Hour), ""
			s.Proven, s.Paused = true, true
			s.look()
			if end := succeeded(&s.Status); end != nil {
				got = end.Reason
			}
			if got != c.want {
				t.Errorf("of its end it says %q, want %q", got, c.want)
			}
		})
	}
}

// TestNext_noTaskBesideTheUnreachable: another task of the object does not live on while Mesos cannot tell of the attempt of record.
func TestNext_noTaskBesideTheUnreachable(t *testing.T) {
	for name, change := range map[string]func(*story){
		"past its deadline":            func(s *story) { deadline(60)(&s.Spec) },
		"past its deadline, only once": func(s *story) { deadline(60)(&s.Spec); onlyOnce(&s.Spec) },
		"suspended":                    func(s *story) { s.change(suspend) },
	} {
		t.Run(name, func(t *testing.T) {
			s := running()
			change(s)
			s.Proven, s.Others = true, []Other{oldOne}
			s.answers(mesos.TaskUnreachable).later(2 * time.Hour)
			if decision := s.look(); len(decision.KillOthers) != 1 {
				t.Errorf("rule %q kills %v", decision.Rule, decision.KillOthers)
			}
		})
	}
}

// TestNext_unreachableAndUnwanted: what Mesos cannot tell of and is not wanted any more is not replaced, and its condition says how to give it up.
func TestNext_unreachableAndUnwanted(t *testing.T) {
	for name, change := range map[string]func(*story){
		"past its deadline": func(s *story) { deadline(60)(&s.Spec) },
		"suspended":         func(s *story) { s.change(suspend) },
	} {
		t.Run(name, func(t *testing.T) {
			s := running(replaceAfter(30))
			change(s)
			s.answers(mesos.TaskUnreachable).look()
			s.later(70 * time.Second).look()
			s.later(40 * time.Second).confirms(mesos.TaskUnreachable)
			decision := s.look()
			if len(s.Status.History) > 0 || len(decision.Events) > 0 {
				t.Errorf("rule %q tells %+v and remembers %+v", decision.Rule, decision.Events, s.Status.History)
			}
			ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
			for _, way := range []string{v1alpha1.AnnotationGiveUp + "=" + s.Binding.TaskID, v1alpha1.AnnotationGiveUpAgent + "=agent-1"} {
				if !strings.Contains(ready.Message, way) {
					t.Errorf("it says %q, without %q", ready.Message, way)
				}
			}
		})
	}
}
