package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestBackoff(t *testing.T) {
	usual := v1alpha1.Backoff{InitialSeconds: 10, MaxSeconds: 60}
	by := func(factor string) v1alpha1.Backoff {
		quantity := resource.MustParse(factor)
		return v1alpha1.Backoff{InitialSeconds: 10, MaxSeconds: 60, Factor: &quantity}
	}
	for name, c := range map[string]struct {
		spec       v1alpha1.Backoff
		relaunches int32
		want       time.Duration
	}{
		"at once the first time":              {usual, 0, 0},
		"the initial wait the second time":    {usual, 1, 10 * time.Second},
		"twice that the third time":           {usual, 2, 20 * time.Second},
		"doubled once more":                   {usual, 3, 40 * time.Second},
		"never more than the longest":         {usual, 4, time.Minute},
		"for ever the longest":                {usual, 1 << 30, time.Minute},
		"the longest where both are the same": {v1alpha1.Backoff{InitialSeconds: 5, MaxSeconds: 5}, 1, 5 * time.Second},
		"a day at most does not overflow":     {v1alpha1.Backoff{InitialSeconds: 1, MaxSeconds: 86400}, 1 << 30, 24 * time.Hour},
		"no wait where none is asked for":     {v1alpha1.Backoff{}, 7, 0},
		"half as much again":                  {by("1.5"), 2, 15 * time.Second},
		"and again":                           {by("1500m"), 3, 22500 * time.Millisecond},
		"ten times as much":                   {by("10"), 2, time.Minute},
		"always the same by factor 1":         {by("1"), 1 << 30, 10 * time.Second},
		"slowly, by a thousandth each":        {by("1.001"), 2, 10010 * time.Millisecond},
		"slowly, and never more":              {by("1.001"), 1 << 30, time.Minute},
		"by what the API would refuse: less":  {by("0.5"), 3, 10 * time.Second},
		"by what the API would refuse: more":  {by("1e9"), 2, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if got := backoff(c.spec, c.relaunches); got != c.want {
				t.Errorf("waits %v, want %v", got, c.want)
			}
		})
	}
}

// fails makes the next attempt run for so long and fail.
func (s *story) fails(ranFor time.Duration) Decision {
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	s.later(ranFor).says(mesos.TaskFailed, "Command exited with status 1")
	return s.look()
}

func TestNext_backsOff(t *testing.T) {
	s := newStory(func(spec *v1alpha1.MesosTaskSpec) {
		spec.Backoff = v1alpha1.Backoff{InitialSeconds: 10, MaxSeconds: 30}
	})
	checkSummary(t, s.fails(time.Second), launchesAgain)
	for _, c := range []struct {
		ranFor, wait time.Duration
	}{{time.Second, 10 * time.Second}, {time.Second, 20 * time.Second}, {time.Second, 30 * time.Second}, {time.Second, 30 * time.Second}} {
		decision := s.fails(c.ranFor)
		checkSummary(t, decision, summary{"back off", "False/BackOff", acknowledge})
		if next := decision.Status.NextLaunchTime; next == nil || !next.Equal(at(s.Now.Sub(epoch)+c.wait)) {
			t.Errorf("launches again at %v, want %v later", next, c.wait)
		}
		checkAgain(t, decision, s.Now.Sub(epoch)+c.wait)
		s.Unacknowledged = nil
		s.later(c.wait - time.Millisecond)
		checkSummary(t, s.look(), summary{"back off", "False/BackOff", nil})
		s.later(time.Millisecond)
		checkSummary(t, s.look(), neverHappened)
	}
	checkSummary(t, s.fails(stableAfter-time.Second), summary{"back off", "False/BackOff", acknowledge})
	s.Unacknowledged = nil
	s.later(time.Minute).look()
	checkSummary(t, s.fails(stableAfter), launchesAgain)
	if s.Status.Restarts != 6 || s.Status.Relaunches != 0 || len(s.Status.History) != historyLength {
		t.Errorf("%d restarts, %d relaunches, a history of %d; want 6, 0 and %d", s.Status.Restarts, s.Status.Relaunches, len(s.Status.History), historyLength)
	}
}

func TestNext_launchesThatNeverRanBackOffToo(t *testing.T) {
	s := newStory()
	for i, want := range []string{"launch again", "back off", "back off"} {
		s.bind(LaunchRefused).RefusedWith = "No such framework"
		decision := s.look()
		if decision.Rule != want {
			t.Errorf("after refusal %d the rule was %q, want %q", i+1, decision.Rule, want)
		}
		if got, want := s.Status.Task.Message, "Mesos refused the launch: No such framework"; got != want {
			t.Errorf("the message is %q, want %q", got, want)
		}
		s.later(time.Hour)
	}
	if s.Status.Restarts != 0 || s.Status.Relaunches != 2 {
		t.Errorf("%d restarts and %d relaunches, want 0 and 2", s.Status.Restarts, s.Status.Relaunches)
	}
}

func TestNext_backoffIsWholeSecondsAndNeverSooner(t *testing.T) {
	s := newStory()
	s.fails(0)
	s.later(300 * time.Millisecond)
	decision := s.fails(0)
	if want := at(2 * time.Second); !decision.Status.NextLaunchTime.Equal(want) {
		t.Errorf("launches again at %v, want %v", decision.Status.NextLaunchTime, want)
	}
}

// TestNext_backoffWhileTheClockIsSetBack: a wait ends no later than the longest that the spec asks for, by the clock as it is.
func TestNext_backoffWhileTheClockIsSetBack(t *testing.T) {
	s := newStory(func(spec *v1alpha1.MesosTaskSpec) {
		spec.Backoff = v1alpha1.Backoff{InitialSeconds: 10, MaxSeconds: 30}
	})
	s.later(2 * time.Hour)
	s.fails(0)
	s.fails(0)
	s.Unacknowledged = nil
	s.later(-time.Hour)
	decision := s.look()
	checkSummary(t, decision, summary{"back off", "False/BackOff", nil})
	if next := decision.Status.NextLaunchTime; next.After(s.Now.Add(31*time.Second)) || next.Time.Before(s.Now.Add(30*time.Second)) {
		t.Errorf("launches again at %v, want some 30 s after %v", next, s.Now)
	}
	s.later(31 * time.Second)
	checkSummary(t, s.look(), neverHappened)
}

func TestNext_maxRestarts(t *testing.T) {
	exhausted := summary{"restarts exhausted", "False/RestartsExhausted", acknowledge}
	for name, c := range map[string]struct {
		spec     []func(*v1alpha1.MesosTaskSpec)
		failures int
		rule     string
		restarts int32
	}{
		"absent is no limit":                    {nil, 7, "back off", 6},
		"zero is never again":                   {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(0)}, 1, exhausted.Rule, 0},
		"two is not reached after two failures": {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(2)}, 2, "back off", 1},
		"two is reached after three failures":   {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(2)}, 3, exhausted.Rule, 2},
		"Never fails before the limit counts":   {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(2), onlyOnce}, 1, "failed for good", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(c.spec...)
			var decision Decision
			for range c.failures {
				decision = s.fails(time.Second)
				s.later(time.Hour)
			}
			if decision.Rule != c.rule || s.Status.Restarts != c.restarts {
				t.Errorf("rule %q after %d restarts, want %q after %d", decision.Rule, s.Status.Restarts, c.rule, c.restarts)
			}
		})
	}
	t.Run("a success counts with Always", func(t *testing.T) {
		s := ended(mesos.TaskFinished, maxRestarts(0))
		checkSummary(t, s.look(), summary{exhausted.Rule, exhausted.Ready, nil})
	})
	t.Run("what never ran is not counted and not bounded", func(t *testing.T) {
		s := newStory(maxRestarts(0))
		for range 3 {
			s.bind(LaunchRefused).look()
			s.later(time.Hour)
		}
		checkSummary(t, s.look(), neverHappened)
	})
	t.Run("a raised limit is taken up", func(t *testing.T) {
		s := ended(mesos.TaskFailed, maxRestarts(0))
		s.change(func(s *story) { s.Spec.MaxRestarts = new(int32(1)) })
		checkSummary(t, s.look(), neverHappened)
	})
}

func TestNext_changedSpecStartsAnew(t *testing.T) {
	for name, build := range map[string]func() *story{
		"a task that completed":        func() *story { return ended(mesos.TaskFinished, onFailure) },
		"a task that failed":           func() *story { return ended(mesos.TaskFailed, onlyOnce) },
		"a task that Mesos refused":    func() *story { return ended(mesos.TaskError) },
		"a task without restarts left": func() *story { return ended(mesos.TaskFailed, maxRestarts(0)) },
		"a task that backs off": func() *story {
			s := ended(mesos.TaskFailed)
			s.fails(time.Second)
			s.fails(time.Second)
			s.Unacknowledged = nil
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := build()
			decision := s.change(changeHash).look()
			checkSummary(t, decision, summary{"launch the changed spec", "False/AwaitingOffer", place})
			if s.Status.ObservedGeneration != s.Generation {
				t.Error("the status still speaks of the old spec")
			}
			s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
			if s.Status.Restarts != 0 || s.Status.Relaunches != 0 || s.Status.NextLaunchTime != nil {
				t.Errorf("%d restarts, %d relaunches, next launch at %v; want all anew", s.Status.Restarts, s.Status.Relaunches, s.Status.NextLaunchTime)
			}
			if s.Status.Task.Hash != hashB {
				t.Errorf("the attempt has hash %s", s.Status.Task.Hash)
			}
		})
	}
}

func TestNext_whatNeedsNoRestart(t *testing.T) {
	for name, edit := range map[string]func(*story){
		"another restart policy":  func(s *story) { s.Spec.RestartPolicy = v1alpha1.RestartNever },
		"another backoff":         func(s *story) { s.Spec.Backoff.MaxSeconds = 7 },
		"a limit of restarts":     func(s *story) { s.Spec.MaxRestarts = new(int32(0)) },
		"another deletion policy": func(s *story) { s.Spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan },
		"a user that is no longer allowed": func(s *story) {
			s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonUserNotAllowed, Message: "No", Stalled: true}
		},
		"a restart request while nothing could be launched": func(s *story) {
			s.Obstacle, s.RestartRequest = &Obstacle{Reason: v1alpha1.ReasonUserNotAllowed, Message: "No", Stalled: true}, "2"
		},
		"another spec while the framework is going": func(s *story) {
			s.Hash, s.Obstacle = hashB, &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "No"}
		},
		"a framework that is not there": func(s *story) {
			s.Hash, s.FrameworkID, s.Obstacle = "", "", &Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: "No"}
		},
		"a hash of an unknown version":            func(s *story) { s.Status.Task.Hash = "9whatever" },
		"a restart request that it has satisfied": func(s *story) { s.RestartRequest, s.Binding.RestartedAt = "1", "1" },
		"a restart request that is taken back":    func(s *story) { s.Binding.RestartedAt = "1" },
	} {
		t.Run(name, func(t *testing.T) {
			s := running()
			s.change(edit)
			checkSummary(t, s.look(), summary{"let it run", "True/Running", nil})
		})
	}
}

// TestNext_outgrown: what runs by a spec that was allowed runs on though the spec is now another, which is not; and the object says so.
func TestNext_outgrown(t *testing.T) {
	for name, hash := range map[string]string{"a spec that is not allowed": hashB, "a spec that cannot be resolved": ""} {
		t.Run(name, func(t *testing.T) {
			s := running()
			s.change(func(s *story) {
				s.Hash, s.Obstacle = hash, &Obstacle{Reason: v1alpha1.ReasonUserNotAllowed, Message: "No root", Stalled: true}
			})
			decision := s.look()
			checkSummary(t, decision, summary{"let it run", "False/UserNotAllowed", nil})
			ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
			if !strings.HasPrefix(ready.Message, "Still running on ") || !strings.HasSuffix(ready.Message, "No root") || !meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled) {
				t.Errorf("Ready says %q; the conditions are %+v", ready.Message, s.Status.Conditions)
			}
			s.change(func(s *story) { s.Hash, s.Obstacle = hashB, nil })
			checkSummary(t, s.look(), summary{"kill what is not wanted any more", "False/Restarting", []Step{StepKill}})
		})
	}
	t.Run("an allowed spec that could not be launched again", func(t *testing.T) {
		s := running()
		s.change(func(s *story) {
			s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonNamespaceNotAllowed, Message: "Not here", Stalled: true}
		})
		s.look()
		ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
		if ready.Status != metav1.ConditionTrue || !strings.HasSuffix(ready.Message, "It could not be launched again: Not here") {
			t.Errorf("Ready is %+v", ready)
		}
	})
	t.Run("a launch that is no longer allowed", func(t *testing.T) {
		s := newStory()
		s.bind(LaunchUnsent)
		s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonUserNotAllowed, Message: "No", Stalled: true}
		checkSummary(t, s.look(), summary{"call off a launch that is not wanted any more", "False/Launching", []Step{StepCallOff}})
	})
}

// TestNext_restoredFromABackup: the object has another UID than its binding, and Mesos has no such task any more.
func TestNext_restoredFromABackup(t *testing.T) {
	unknown := summary{"outcome unknown after a restore", "False/OutcomeUnknown", nil}
	for name, c := range map[string]struct {
		policy func(*v1alpha1.MesosTaskSpec)
		want   summary
	}{
		"with Always it is launched again":  {always, neverHappened},
		"with OnFailure nobody can tell":    {onFailure, unknown},
		"with Never nobody can tell either": {onlyOnce, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(c.policy)
			s.bind(LaunchUnknown).UID = "uid-2"
			s.Finalized = false
			decision := s.look()
			checkSummary(t, decision, summary{"let it start", "False/Launching", []Step{StepFinalize}})
			if decision.Restore != nil {
				t.Errorf("the binding, which tells of the restore, would be replaced by %+v", decision.Restore)
			}
			s.Finalized = true
			s.answers(mesos.TaskGone)
			checkSummary(t, s.look(), c.want)
			if want := c.want.Rule == unknown.Rule; meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled) != want {
				t.Errorf("conditions are %+v, want Stalled %v", s.Status.Conditions, want)
			}
			if c.want.Rule == unknown.Rule {
				s.Obstacle, s.Hash = &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}, ""
				checkSummary(t, s.look(), c.want)
				s.Obstacle, s.Hash, s.RestartRequest = nil, hashA, "now"
				checkSummary(t, s.look(), summary{"launch as a person asked", "False/AwaitingOffer", place})
			}
		})
	}
	t.Run("what finished under the eyes of its new object completes", func(t *testing.T) {
		s := newStory(onFailure)
		s.bind(LaunchUnknown).UID = "uid-2"
		s.says(mesos.TaskFinished)
		checkSummary(t, s.look(), completes)
	})
}

func TestNext_restartRequests(t *testing.T) {
	ask := func(s *story) { s.RestartRequest = "now" }
	asked := summary{"launch as a person asked", "False/AwaitingOffer", place}
	t.Run("what runs is killed and launched once", func(t *testing.T) {
		s := running(onlyOnce)
		ask(s)
		checkSummary(t, s.look(), summary{"kill what is not wanted any more", "False/Restarting", []Step{StepKill}})
		if s.Status.Task.KillReason != v1alpha1.KillRestartRequested {
			t.Errorf("the kill reason is %q", s.Status.Task.KillReason)
		}
		s.says(mesos.TaskKilled).look()
		s.bind(LaunchAccepted).says(mesos.TaskRunning)
		checkSummary(t, s.look(), summary{"let it run", "True/Running", acknowledge})
	})
	for name, build := range map[string]func() *story{
		"what completed is launched":            func() *story { return ended(mesos.TaskFinished, onlyOnce) },
		"what failed is launched":               func() *story { return ended(mesos.TaskFailed, onlyOnce) },
		"what Mesos refused is tried again":     func() *story { return ended(mesos.TaskError) },
		"what has no restarts left is launched": func() *story { return ended(mesos.TaskFailed, maxRestarts(0)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := build()
			ask(s)
			checkSummary(t, s.look(), asked)
			if meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled) {
				t.Error("the status still says that it is stalled")
			}
		})
	}
	t.Run("what had come to its end has all its restarts anew", func(t *testing.T) {
		for _, last := range []mesos.TaskState{mesos.TaskFailed, mesos.TaskFinished} {
			s := ended(mesos.TaskFailed, onFailure, maxRestarts(1))
			s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
			s.says(last).look()
			ask(s)
			s.look()
			for restarts := range int32(2) {
				s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
				decision := s.says(mesos.TaskFailed).look()
				if exhausted := decision.Rule == "restarts exhausted"; exhausted != (restarts == 1) || s.Status.Restarts != restarts {
					t.Errorf("after %s, rule %q after %d restarts, want %d", last, decision.Rule, s.Status.Restarts, restarts)
				}
				s.later(time.Minute).look()
			}
		}
	})
	t.Run("a launch that was called off leaves the request standing", func(t *testing.T) {
		s := ended(mesos.TaskFinished, onlyOnce)
		ask(s)
		s.look()
		s.bind(LaunchUnsent).later(time.Second).look()
		s.Launch = LaunchNeverSent
		checkSummary(t, s.look(), summary{"launch what was called off", "False/AwaitingOffer", place})
		s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
		checkSummary(t, s.look(), summary{"nothing can be launched", "False/FrameworkDeleting", nil})
		s.Obstacle = nil
		s.change(suspend)
		checkSummary(t, s.look(), summary{"suspended", "True/Suspended", nil})
		s.change(resume)
		checkSummary(t, s.look(), summary{"launch what was called off", "False/AwaitingOffer", place})
	})
	t.Run("a request meets a launch that can still be called off", func(t *testing.T) {
		s := newStory()
		s.bind(LaunchUnsent).look()
		ask(s)
		checkSummary(t, s.look(), summary{"call off a launch that is not wanted any more", "False/Launching", []Step{StepCallOff}})
	})
	t.Run("a task without a launch needs no restart", func(t *testing.T) {
		s := newStory()
		ask(s)
		checkSummary(t, s.look(), summary{"first launch", "False/AwaitingOffer", place})
	})
}

func TestNext_suspendAndResume(t *testing.T) {
	down := summary{"suspended", "True/Suspended", nil}
	t.Run("what never ran", func(t *testing.T) {
		s := newStory(func(spec *v1alpha1.MesosTaskSpec) { spec.Suspend = true })
		checkSummary(t, s.look(), down)
		checkSummary(t, s.change(resume).look(), summary{"first launch", "False/AwaitingOffer", place})
	})
	t.Run("what runs", func(t *testing.T) {
		s := running(onlyOnce)
		s.change(suspend)
		checkSummary(t, s.look(), summary{"kill what is not wanted any more", "False/Suspending", []Step{StepKill}})
		s.says(mesos.TaskKilled).look()
		s.Unacknowledged = nil
		checkSummary(t, s.look(), down)
		s.change(resume)
		checkSummary(t, s.look(), summary{"launch after our own kill", "False/AwaitingOffer", place})
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		if s.Status.Restarts != 0 || s.Status.Relaunches != 0 {
			t.Errorf("%d restarts and %d relaunches, want none", s.Status.Restarts, s.Status.Relaunches)
		}
	})
	t.Run("a kill once begun is not withdrawn", func(t *testing.T) {
		s := running()
		s.change(suspend).look()
		s.Kills, s.FirstKill, s.LastKill = 1, s.Now, s.Now
		s.change(resume)
		decision := s.look()
		checkSummary(t, decision, summary{"kill what is not wanted any more", "False/Suspending", nil})
		if decision.Status.Task.KillReason != v1alpha1.KillSuspended {
			t.Errorf("the kill reason is %q", decision.Status.Task.KillReason)
		}
	})
	t.Run("what is not sent yet is called off", func(t *testing.T) {
		s := newStory()
		s.bind(LaunchUnsent).change(suspend)
		checkSummary(t, s.look(), summary{"call off a launch that is not wanted any more", "False/Launching", []Step{StepCallOff}})
		s.Launch = LaunchNeverSent
		checkSummary(t, s.look(), down)
	})
	t.Run("what is on its way is not killed before it was answered", func(t *testing.T) {
		s := newStory()
		s.bind(LaunchSent).change(suspend)
		checkSummary(t, s.look(), summary{"kill what is not wanted any more", "False/Suspending", nil})
		s.Launch, s.AcceptedAt = LaunchAccepted, s.Now
		checkSummary(t, s.look(), summary{"kill what is not wanted any more", "False/Suspending", []Step{StepKill}})
	})
	t.Run("suspend ends a backoff", func(t *testing.T) {
		s := ended(mesos.TaskFailed)
		s.fails(time.Second)
		s.Unacknowledged = nil
		checkSummary(t, s.change(suspend).look(), down)
		if s.Status.NextLaunchTime != nil {
			t.Errorf("the next launch is still at %v", s.Status.NextLaunchTime)
		}
	})
}

func TestNext_obstacles(t *testing.T) {
	passing := &Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: "It goes"}
	lasting := &Obstacle{Reason: v1alpha1.ReasonRoleNotAllowed, Message: "No such role", Stalled: true}
	for name, c := range map[string]struct {
		story    *story
		hash     string
		obstacle *Obstacle
		want     summary
		stalled  bool
	}{
		"a new task waits for it to pass":                                 {newStory(), "", passing, summary{"nothing can be launched", "False/FrameworkDeleting", nil}, false},
		"a new task stalls":                                               {newStory(), "", lasting, summary{"nothing can be launched", "False/RoleNotAllowed", nil}, true},
		"a task to launch again waits":                                    {ended(mesos.TaskFailed), "", passing, summary{"nothing can be launched", "False/FrameworkDeleting", nil}, false},
		"a completed task stays completed":                                {ended(mesos.TaskFinished, onlyOnce), "", passing, summary{"completed", "True/Completed", nil}, false},
		"a failed task stays failed":                                      {ended(mesos.TaskFailed, onlyOnce), "", passing, summary{"failed for good", "False/Failed", nil}, true},
		"a refused task stays refused":                                    {ended(mesos.TaskError), "", passing, summary{"Mesos refuses the spec", "False/Refused", nil}, true},
		"an exhausted task stays exhausted":                               {ended(mesos.TaskFailed, maxRestarts(0)), "", passing, summary{"restarts exhausted", "False/RestartsExhausted", nil}, true},
		"a completed task with a wrong spec stalls":                       {ended(mesos.TaskFinished, onlyOnce), "", lasting, summary{"nothing can be launched", "False/RoleNotAllowed", nil}, true},
		"a completed task stays completed though it is no longer allowed": {ended(mesos.TaskFinished, onlyOnce), hashA, lasting, summary{"completed", "True/Completed", nil}, false},
		"a completed task with another spec that is not allowed stalls":   {ended(mesos.TaskFinished, onlyOnce), hashB, lasting, summary{"nothing can be launched", "False/RoleNotAllowed", nil}, true},
		"a task to launch again stalls":                                   {ended(mesos.TaskFailed), hashA, lasting, summary{"nothing can be launched", "False/RoleNotAllowed", nil}, true},
		"a suspended task stays suspended": {
			newStory(func(spec *v1alpha1.MesosTaskSpec) { spec.Suspend = true }), "", lasting, summary{"suspended", "True/Suspended", nil}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.story.Obstacle, c.story.Hash = c.obstacle, c.hash
			decision := c.story.look()
			checkSummary(t, decision, c.want)
			if got := meta.IsStatusConditionTrue(decision.Status.Conditions, v1alpha1.ConditionStalled); got != c.stalled {
				t.Errorf("stalled is %v, want %v", got, c.stalled)
			}
		})
	}
	t.Run("what was killed and is wanted again waits", func(t *testing.T) {
		s := running(onlyOnce)
		s.change(suspend).look()
		s.says(mesos.TaskKilled).look()
		s.change(resume)
		s.Obstacle, s.Hash, s.Unacknowledged = passing, "", nil
		checkSummary(t, s.look(), summary{"nothing can be launched", "False/FrameworkDeleting", nil})
	})
	t.Run("a restart of what completed waits", func(t *testing.T) {
		s := ended(mesos.TaskFinished, onlyOnce)
		s.Obstacle, s.Hash, s.RestartRequest = passing, "", "now"
		checkSummary(t, s.look(), summary{"nothing can be launched", "False/FrameworkDeleting", nil})
	})
	t.Run("once it has passed the task is launched", func(t *testing.T) {
		s := newStory()
		s.Obstacle, s.Hash = lasting, ""
		s.look()
		s.Obstacle, s.Hash = nil, hashA
		checkSummary(t, s.look(), summary{"first launch", "False/AwaitingOffer", place})
		if meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled) {
			t.Error("the status still says that it is stalled")
		}
	})
}

func TestNext_placement(t *testing.T) {
	placed := &Placement{TaskID: "shop.web.1aaaaaaaa.placed0001", AgentID: "agent-1"}
	bind := []Step{StepBind}
	t.Run("a placement is bound", func(t *testing.T) {
		s := newStory()
		s.Placement = placed
		checkSummary(t, s.look(), summary{"first launch", "False/AwaitingOffer", bind})
	})
	t.Run("a placement is not bound while an attempt runs", func(t *testing.T) {
		s := running()
		s.Placement = placed
		checkSummary(t, s.look(), summary{"let it run", "True/Running", nil})
	})
	t.Run("a placement is not bound while an attempt may run", func(t *testing.T) {
		s := running()
		s.Placement = placed
		s.answers(mesos.TaskUnknown)
		checkSummary(t, s.look(), summary{"wait for what may or may not run", "Unknown/FateUnknown", nil})
	})
	t.Run("a placement is not bound over a binding that the status does not know", func(t *testing.T) {
		s := running()
		s.Binding.TaskID = "shop.web.1aaaaaaaa.othernonce"
		s.Placement = placed
		s.says(mesos.TaskFailed)
		s.Observation.TaskID = s.Status.Task.ID
		decision := s.look()
		checkSummary(t, decision, summary{"launch again", "False/Launching", acknowledge})
		checkAgain(t, decision, time.Second)
		s.Observation, s.Unacknowledged, s.Launch = nil, nil, LaunchUnknown
		decision = s.look()
		checkSummary(t, decision, summary{"let it start", "False/Launching", nil})
		if decision.Status.Task.ID != s.Binding.TaskID {
			t.Errorf("the attempt of record is %s, want the one of the binding", decision.Status.Task.ID)
		}
	})
	t.Run("nor is a live task of the identity taken over or killed then", func(t *testing.T) {
		s := running()
		s.Binding.TaskID = "shop.web.1aaaaaaaa.othernonce"
		s.Others, s.Proven = []Other{{State: mesos.TaskRunning, TaskID: "shop.web.1aaaaaaaa.third", AgentID: "agent-3"}}, true
		s.says(mesos.TaskFailed)
		s.Observation.TaskID = s.Status.Task.ID
		checkSummary(t, s.look(), summary{"take over what already runs", "False/Launching", acknowledge})
	})
	t.Run("what offers lack is told, since when it waits", func(t *testing.T) {
		s := newStory()
		s.Waiting = &v1alpha1.Pending{Since: *at(0), Message: "3 offers: 3 lack memory"}
		s.look()
		s.later(time.Hour).Waiting = &v1alpha1.Pending{Since: *at(time.Hour), Message: "2 offers: 2 lack cpus"}
		s.look()
		want := &v1alpha1.Pending{Since: *at(0), Message: "2 offers: 2 lack cpus"}
		if diff := cmp.Diff(want, s.Status.Pending); diff != "" {
			t.Errorf("pending (-want +got):\n%s", diff)
		}
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		if s.Status.Pending != nil {
			t.Errorf("it runs and still waits with %+v", s.Status.Pending)
		}
	})
}

// TestNext_changeTakenBack: a task has come to its end, its spec is changed, and changed back before the change has run.
func TestNext_changeTakenBack(t *testing.T) {
	completes := summary{"completed", "True/Completed", nil}
	change, back := changeHash, func(s *story) { s.Hash = hashA }
	for name, c := range map[string]struct {
		story *story
		then  func(*story)
		want  summary
	}{
		"before anything is bound":                     {ended(mesos.TaskFinished, onlyOnce), func(*story) {}, completes},
		"bound, called off before the status names it": {ended(mesos.TaskFinished, onlyOnce), func(s *story) { s.bind(LaunchNeverSent) }, completes},
		"bound and named, and called off": {ended(mesos.TaskFinished, onlyOnce), func(s *story) {
			s.bind(LaunchUnsent).look()
			s.Launch = LaunchNeverSent
		}, completes},
		"bound, and the process ends": {ended(mesos.TaskFinished, onFailure), func(s *story) { s.bind(LaunchUnknown).answers(mesos.TaskGone).look() }, completes},
		"refused":                     {ended(mesos.TaskFinished, onFailure), func(s *story) { s.bind(LaunchRefused).look() }, completes},
		"dropped, twice": {ended(mesos.TaskFinished, onFailure), func(s *story) {
			s.bind(LaunchRefused).look()
			s.bind(LaunchRefused).look()
		}, completes},
		"a failure stays one":              {ended(mesos.TaskFailed, onlyOnce), func(s *story) { s.bind(LaunchNeverSent) }, summary{"failed for good", "False/Failed", nil}},
		"what was refused stays so":        {ended(mesos.TaskError, onlyOnce), func(s *story) { s.bind(LaunchRefused).look() }, summary{"Mesos refuses the spec", "False/Refused", nil}},
		"what is always launched again is": {ended(mesos.TaskFinished, always), func(s *story) { s.bind(LaunchNeverSent) }, neverHappened},
		"the change ran": {ended(mesos.TaskFinished, onlyOnce), func(s *story) {
			s.bind(LaunchAccepted).says(mesos.TaskFinished).look()
			s.Unacknowledged = nil
		}, summary{"launch the changed spec", "False/AwaitingOffer", place}},
		"a restart is asked for, too, before it was bound": {ended(mesos.TaskFinished, onlyOnce), func(s *story) {
			s.bind(LaunchNeverSent)
			s.RestartRequest = "now"
		}, summary{"launch as a person asked", "False/AwaitingOffer", place}},
		"a restart is asked for, too, after it was named": {ended(mesos.TaskFinished, onlyOnce), func(s *story) {
			s.bind(LaunchRefused).look()
			s.RestartRequest = "now"
		}, summary{"launch as a person asked", "False/AwaitingOffer", place}},
		"a restart that was asked for before was called off": {ended(mesos.TaskFinished, onlyOnce), func(s *story) {
			s.Hash, s.RestartRequest = hashA, "now"
			s.bind(LaunchRefused).look()
			s.Hash = hashB
			s.bind(LaunchRefused).look()
		}, summary{"launch the changed spec", "False/AwaitingOffer", place}},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story.change(change)
			s.look()
			c.then(s)
			s.change(back).look()
			s.later(time.Minute)
			checkSummary(t, s.look(), c.want)
		})
	}
}
