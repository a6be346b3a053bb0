package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestNext_paused(t *testing.T) {
	lostForLong := func() *story {
		return running(replaceAfter(300)).lost(mesos.TaskUnreachable, time.Hour).confirms(mesos.TaskUnreachable)
	}
	for name, c := range map[string]struct {
		story *story
		then  func(*story)
		want  summary
	}{
		"nothing is launched":                                    {newStory(), nil, summary{"paused", "False/Paused", nil}},
		"nothing is bound":                                       {newStory(), func(s *story) { s.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.n"} }, summary{"paused", "False/Paused", nil}},
		"nothing is launched again":                              {ended(mesos.TaskFailed), nil, summary{"paused", "False/Paused", nil}},
		"nothing is launched after a backoff":                    {backingOff(), func(s *story) { s.later(time.Hour) }, summary{"paused", "False/Paused", nil}},
		"nothing is launched for a changed spec":                 {ended(mesos.TaskFinished, onlyOnce), changeHash, summary{"paused", "False/Paused", nil}},
		"nothing is launched as a person asks":                   {ended(mesos.TaskFinished, onlyOnce), func(s *story) { s.RestartRequest = "1" }, summary{"paused", "False/Paused", nil}},
		"nothing is taken over, but what lives keeps its object": {newStory(), func(s *story) { s.Others, s.Proven = []Other{oldOne}, true }, summary{"paused", "False/Paused", []Step{StepFinalize}}},
		"what completed has completed":                           {ended(mesos.TaskFinished, onlyOnce), nil, summary{"completed", "True/Completed", nil}},
		"what failed has failed":                                 {ended(mesos.TaskFailed, onlyOnce), nil, summary{"failed for good", "False/Failed", nil}},
		"what is suspended is":                                   {newStory(), suspend, summary{"suspended", "True/Suspended", nil}},
		"what runs goes on":                                      {running(), nil, summary{"let it run", "True/Running", nil}},
		"what runs is not killed for a changed spec":             {running(), changeHash, summary{"let it run", "True/Running", nil}},
		"what runs is not killed to be suspended":                {running(), suspend, summary{"let it run", "True/Running", nil}},
		"what was being killed is not killed again":              {running(), func(s *story) { s.Paused = false; s.change(suspend).look(); s.Paused = true }, summary{"let it run", "True/Running", nil}},
		"what is not sent is not called off":                     {newStory().bind(LaunchUnsent), suspend, summary{"let it start", "False/Launching", nil}},
		"what is away is not replaced":                           {lostForLong(), nil, summary{"wait for what may or may not run", "Unknown/AgentUnreachable", nil}},
		"what is away is not given up":                           {lostForLong(), func(s *story) { s.GiveUp = s.Binding.TaskID }, summary{"wait for what may or may not run", "Unknown/AgentUnreachable", nil}},
		"what ends is recorded and acknowledged":                 {running(), update(mesos.TaskFailed), summary{"paused", "False/Paused", acknowledge}},
		"what is doubted is asked for":                           {running(), func(s *story) { s.Doubted = true }, summary{"let it run", "True/Running", []Step{StepAsk}}},
		"what was taken away is restored":                        {running(), func(s *story) { s.Binding = nil }, summary{"let it run", "True/Running", []Step{StepRestore}}},
		"a finalizer that was taken away is added":               {running(), func(s *story) { s.Finalized = false }, summary{"let it run", "True/Running", []Step{StepFinalize}}},
		"an obstacle is not what hinders":                        {newStory(), func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x", Stalled: true} }, summary{"paused", "False/Paused", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			s.Paused = true
			if c.then != nil {
				c.then(s)
			}
			decision := s.look()
			checkSummary(t, decision, c.want)
			ready := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionReady)
			if !strings.HasSuffix(ready.Message, ". Paused by annotation mesos.dev/paused") {
				t.Errorf("it says %q", ready.Message)
			}
		})
	}
	t.Run("what was held back is done once it is over", func(t *testing.T) {
		s := newStory()
		s.Paused = true
		s.look()
		s.Paused = false
		decision := s.look()
		checkSummary(t, decision, summary{"first launch", "False/AwaitingOffer", place})
	})
}

// TestNext_suspendKeepsTheEnd: that a task has succeeded or failed stays true while it is suspended.
func TestNext_suspendKeepsTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		want  string
	}{
		"completed":                          {ended(mesos.TaskFinished, onlyOnce), "True/Completed"},
		"failed":                             {ended(mesos.TaskFailed, onlyOnce), "False/Failed"},
		"refused":                            {ended(mesos.TaskError), "False/Refused"},
		"without restarts left":              {ended(mesos.TaskFailed, maxRestarts(0)), "False/RestartsExhausted"},
		"to be launched again":               {ended(mesos.TaskFailed), ""},
		"never launched":                     {newStory(), ""},
		"completed with another spec":        {ended(mesos.TaskFinished, onlyOnce).change(changeHash), ""},
		"completed, and asked to run anew":   {func() *story { s := ended(mesos.TaskFinished, onlyOnce); s.RestartRequest = "1"; return s }(), ""},
		"killed to be suspended":             {func() *story { s := running(onlyOnce).change(suspend); s.look(); return s.says(mesos.TaskKilled) }(), ""},
		"finished as it was to be suspended": {func() *story { s := running(onlyOnce).change(suspend); s.look(); return s.says(mesos.TaskFinished) }(), "True/Completed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story.change(suspend)
			s.look()
			got := ""
			if succeeded := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionSucceeded); succeeded != nil {
				got = string(succeeded.Status) + "/" + succeeded.Reason
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Succeeded (-want +got):\n%s", diff)
			}
			if ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); ready.Reason != v1alpha1.ReasonSuspended {
				t.Errorf("Ready is %+v", ready)
			}
		})
	}
}

func TestNext_suspendedTellsOfWhatMayRun(t *testing.T) {
	s := replaced().change(suspend)
	s.look()
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if want := "killed if it comes back"; ready.Reason != v1alpha1.ReasonSuspended || !strings.Contains(ready.Message, want) {
		t.Errorf("it says %s: %q, want %q in it", ready.Reason, ready.Message, want)
	}
}
