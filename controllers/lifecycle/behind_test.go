package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func replaceAfter(seconds int32) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) {
		spec.Unreachable = &v1alpha1.Unreachable{ReplaceAfterSeconds: &seconds}
	}
}

// defaultAfter is what the framework says for tasks that do not.
func defaultAfter(seconds int32) func(*story) {
	return func(s *story) {
		s.Defaults = &v1alpha1.TaskDefaults{Unreachable: &v1alpha1.Unreachable{ReplaceAfterSeconds: &seconds}}
	}
}

// lost makes Mesos say that it cannot tell the attempt's fate, for so long already.
func (s *story) lost(state mesos.TaskState, since time.Duration) *story {
	s.answers(state)
	s.FateUnknownSince = s.Now
	s.look()
	s.told = nil
	return s.later(since)
}

// confirms makes Mesos answer a RECONCILE sent now.
func (s *story) confirms(state mesos.TaskState) *story {
	s.answers(state)
	s.Asks, s.LastAsk, s.Answered = s.Asks+1, s.Now, true
	return s
}

// settle is what the controller knows once the attempt was left behind: the bridge's word is of no current attempt.
func (s *story) settle() *story {
	s.Observation, s.Unacknowledged, s.Doubted, s.Answered, s.Launch = nil, nil, false, false, LaunchUnknown
	s.FateUnknownSince, s.LastAsk, s.Asks, s.Kills = time.Time{}, time.Time{}, 0, 0
	return s
}

// replaced is a task whose attempt was replaced, which is written.
func replaced(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := running(append(changes, replaceAfter(300))...)
	s.lost(mesos.TaskUnreachable, 5*time.Minute).confirms(mesos.TaskUnreachable).look()
	s.settle().later(time.Second)
	s.writes, s.told = 0, nil
	return s
}

// givenUp is a task whose attempt a person gave up, which is written.
func givenUp(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := running(changes...)
	s.lost(mesos.TaskUnknown, time.Minute)
	s.GiveUp = s.Binding.TaskID
	s.look()
	s.settle().later(time.Second)
	s.writes, s.told = 0, nil
	return s
}

// launchesLater is the decision that leaves an attempt behind: nothing is placed before that is durable.
var launchesLater = summary{"launch again", "False/AwaitingOffer", nil}

func TestNext_replacesWhatStaysAway(t *testing.T) {
	waits := func(steps ...Step) summary {
		return summary{"wait for what may or may not run", "Unknown/AgentUnreachable", steps}
	}
	replacing := launchesLater
	for name, c := range map[string]struct {
		changes []func(*v1alpha1.MesosTaskSpec)
		then    func(*story)
		want    summary
	}{
		"not before its time is up":                               {nil, func(s *story) { s.later(-time.Second).confirms(mesos.TaskUnreachable) }, waits()},
		"not before it is known whether an agent is large enough": {nil, func(s *story) { s.confirms(mesos.TaskUnreachable).AgentsAwaited = true }, waits()},
		"nor of a changed spec":                                   {nil, func(s *story) { changeHash(s); s.confirms(mesos.TaskUnreachable).AgentsAwaited = true }, waits()},
		"not without a question asked since":                      {nil, func(*story) {}, waits(StepAsk)},
		"at once though it was asked a moment before":             {nil, func(s *story) { s.Asks, s.LastAsk, s.Answered = 9, s.Now.Add(-time.Second), true }, waits(StepAsk)},
		"not while the question is not answered":                  {nil, func(s *story) { s.Asks, s.LastAsk = 1, s.Now }, waits()},
		"the question is repeated":                                {nil, func(s *story) { s.Asks, s.LastAsk = 1, s.Now; s.later(firstAskRetry) }, waits(StepAsk)},
		"once Mesos cannot tell yet":                              {nil, func(s *story) { s.confirms(mesos.TaskUnreachable) }, replacing},
		"once Mesos has forgotten it":                             {nil, func(s *story) { s.confirms(mesos.TaskUnknown) }, replacing},
		"though it is never restarted":                            {[]func(*v1alpha1.MesosTaskSpec){onlyOnce}, func(s *story) { s.confirms(mesos.TaskUnreachable) }, replacing},
		"not once it is back":                                     {nil, func(s *story) { s.confirms(mesos.TaskRunning) }, summary{"let it run", "True/Running", nil}},
		"not on the word of a master before this":                 {nil, func(s *story) { s.confirms(mesos.TaskUnreachable); s.Observation = nil }, waits()},
		"not while its ACCEPT is on its way":                      {nil, func(s *story) { s.confirms(mesos.TaskUnreachable); s.Launch = LaunchSent }, waits()},
		"not on the word that its launch was dropped, which may be of a second copy": {nil, func(s *story) {
			s.confirms(mesos.TaskDropped).Doubted = true
			s.Observation.Source, s.Observation.Reason = mesos.SourceMaster, mesos.ReasonInvalidOffers
		}, waits()},
		"also without restarts left, as it did not end by itself": {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(0)}, func(s *story) { s.confirms(mesos.TaskUnreachable) }, replacing},
		"though without restarts, if the spec changed":            {[]func(*v1alpha1.MesosTaskSpec){maxRestarts(0)}, func(s *story) { s.change(changeHash).confirms(mesos.TaskUnreachable) }, summary{"launch the changed spec", "False/AwaitingOffer", nil}},
		"not while nothing can be launched": {nil, func(s *story) {
			s.confirms(mesos.TaskUnreachable).Obstacle = &Obstacle{Reason: "X", Message: "No role"}
		}, waits()},
		"not while it is suspended":                  {nil, func(s *story) { s.change(suspend).confirms(mesos.TaskUnreachable) }, summary{"kill what is not wanted any more", "False/Suspending", []Step{StepKill}}},
		"also while it is killed for a changed spec": {nil, func(s *story) { s.change(changeHash).look(); s.told = nil; s.confirms(mesos.TaskUnreachable) }, summary{"launch the changed spec", "False/AwaitingOffer", nil}},
		"not under another framework ID":             {nil, func(s *story) { s.confirms(mesos.TaskUnreachable).FrameworkID = "framework-2" }, summary{"hands off another framework's attempt", "Unknown/OtherFrameworkID", nil}},
		"not where the spec does not ask for it":     {nil, func(s *story) { s.Spec.Unreachable = nil; s.confirms(mesos.TaskUnreachable) }, waits()},
		"by the framework's default":                 {nil, func(s *story) { s.Spec.Unreachable = nil; defaultAfter(300)(s); s.confirms(mesos.TaskUnreachable) }, replacing},
		"not by the framework's default if the spec says to wait": {nil, func(s *story) {
			s.Spec.Unreachable = &v1alpha1.Unreachable{}
			defaultAfter(300)(s)
			s.confirms(mesos.TaskUnreachable)
		}, waits()},
		"not by the framework's default if it is to run once": {[]func(*v1alpha1.MesosTaskSpec){onlyOnce}, func(s *story) { s.Spec.Unreachable = nil; defaultAfter(300)(s); s.confirms(mesos.TaskUnreachable) }, waits()},
		"by the spec though the framework is slower":          {nil, func(s *story) { defaultAfter(600)(s); s.confirms(mesos.TaskUnreachable) }, replacing},
		"not by an empty strategy":                            {nil, func(s *story) { s.Spec.Unreachable.ReplaceAfterSeconds = nil; s.confirms(mesos.TaskUnreachable) }, waits()},
		"by the time of the status after a restart":           {nil, func(s *story) { s.later(time.Second).confirms(mesos.TaskUnreachable).FateUnknownSince = time.Time{} }, replacing},
		"by the status not a second too early":                {nil, func(s *story) { s.confirms(mesos.TaskUnreachable).FateUnknownSince = time.Time{} }, waits()},
		"at once if the spec says so, but not unasked":        {nil, func(s *story) { replaceAfter(0)(&s.Spec); s.FateUnknownSince = s.Now }, waits(StepAsk)},
		"at once if the spec says so, as it was answered":     {nil, func(s *story) { replaceAfter(0)(&s.Spec); s.confirms(mesos.TaskUnreachable).FateUnknownSince = s.Now }, replacing},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(append(c.changes, replaceAfter(300))...)
			s.lost(mesos.TaskUnreachable, 5*time.Minute)
			s.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.n", AgentID: "agent-2"}
			if c.want.Ready != "Unknown/AgentUnreachable" {
				s.Placement = nil
			}
			c.then(s)
			decision := s.look()
			checkSummary(t, decision, c.want)
			if left := decision.Status.Task == nil; left != strings.Contains(c.want.Ready, "AwaitingOffer") {
				t.Errorf("the attempt is %+v", decision.Status.Task)
			} else if left {
				checkReplaced(t, s, decision)
			}
		})
	}
}

func checkReplaced(t *testing.T, s *story, decision Decision) {
	t.Helper()
	if len(s.Status.History) != 1 || s.Status.History[0].Outcome != v1alpha1.OutcomeReplaced || s.Status.History[0].FinishTime != nil {
		t.Errorf("the history is %+v", s.Status.History)
	}
	if diff := cmp.Diff([]string{"Warning Replaced"}, s.told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if !decision.WriteAt.IsZero() || !decision.Check.After(s.Now) || decision.Check.After(s.Now.Add(time.Second)) {
		t.Errorf("it is written at %v and looked at again at %v", decision.WriteAt, decision.Check)
	}
	s.settle()
	if again := s.look(); !has(again, StepPlace) {
		t.Errorf("once that is written: rule %q, steps %v", again.Rule, again.Steps)
	}
}

func TestNext_timerOfReplacing(t *testing.T) {
	s := running(replaceAfter(300))
	s.lost(mesos.TaskUnreachable, 0)
	checkAgain(t, s.look(), 5*time.Minute)
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if want := "unless that lasts for 300 s"; !strings.Contains(ready.Message, want) {
		t.Errorf("it says %q, want %q in it", ready.Message, want)
	}
	s.Obstacle = &Obstacle{Reason: "X", Message: "No role"}
	s.later(5 * time.Minute).look()
	ready = meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if want := "not replaced: nothing can be launched in its place: No role"; !strings.Contains(ready.Message, want) {
		t.Errorf("it says %q, want %q in it", ready.Message, want)
	}
}

// TestNext_goesOnAfterBeingLeft: what follows an attempt that was left behind depends on it as on one that ended.
func TestNext_goesOnAfterBeingLeft(t *testing.T) {
	for name, c := range map[string]struct {
		story *story
		then  func(*story)
		want  summary
	}{
		"what was replaced is launched again":                    {replaced(), nil, neverHappened},
		"what was replaced is launched again with Never":         {replaced(onlyOnce), nil, neverHappened},
		"what was given up is launched again":                    {givenUp(), nil, neverHappened},
		"what was given up is launched again with OnFailure":     {givenUp(onFailure), nil, neverHappened},
		"what was given up has failed with Never":                {givenUp(onlyOnce), nil, summary{"failed for good", "False/Failed", nil}},
		"what was given up did not end by itself":                {givenUp(maxRestarts(0)), nil, neverHappened},
		"a restart is asked for of what was given up for good":   {givenUp(onlyOnce), func(s *story) { s.RestartRequest = "now" }, summary{"launch as a person asked", "False/AwaitingOffer", place}},
		"the spec of what was given up for good changes":         {givenUp(onlyOnce), changeHash, summary{"launch the changed spec", "False/AwaitingOffer", place}},
		"what was replaced finished after all":                   {replaced(onlyOnce), hearsEarlier(mesos.TaskFinished), summary{"completed", "True/Completed", nil}},
		"what was replaced failed after all":                     {replaced(onlyOnce), hearsEarlier(mesos.TaskFailed), neverHappened},
		"what was replaced is killed after all":                  {replaced(onlyOnce), hearsEarlier(mesos.TaskKilled), neverHappened},
		"what was given up finished after all":                   {givenUp(onlyOnce), hearsEarlier(mesos.TaskFinished), summary{"completed", "True/Completed", nil}},
		"what was replaced is suspended":                         {replaced(), suspend, summary{"suspended", "True/Suspended", nil}},
		"what was replaced is back, and has to end first":        {replaced(), comesBack, summary{"launch again", "False/Restarting", []Step{StepKillOthers}}},
		"what was replaced is back before the proof":             {replaced(), func(s *story) { comesBack(s); s.Proven = false }, summary{"launch again", "False/Launching", []Step{StepKillOthers}}},
		"what was given up is killed though an obstacle hinders": {givenUp(), func(s *story) { comesBack(s); s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }, summary{"nothing can be launched", "False/X", []Step{StepKillOthers}}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.then != nil {
				c.then(c.story)
			}
			checkSummary(t, c.story.look(), c.want)
		})
	}
}

// hearsEarlier makes Mesos say something of the attempt that was left behind last.
func hearsEarlier(state mesos.TaskState) func(*story) {
	return func(s *story) {
		id := s.Status.History[0].ID
		s.Earlier = map[string]mesos.Observation{id: {
			TaskID: id, AgentID: "agent-1", State: state, Source: mesos.SourceExecutor, Time: s.Now, Message: "Command exited with status 3", UUID: []byte("u"),
		}}
	}
}

// comesBack makes the attempt that was left behind last live again.
func comesBack(s *story) {
	hearsEarlier(mesos.TaskRunning)(s)
	s.Others, s.Proven = []Other{{State: mesos.TaskRunning, TaskID: s.Status.History[0].ID, AgentID: "agent-1", Since: s.Now}}, true
}

func TestNext_backsOffAfterBeingLeft(t *testing.T) {
	s := newStory(replaceAfter(0), func(spec *v1alpha1.MesosTaskSpec) {
		spec.Backoff = v1alpha1.Backoff{InitialSeconds: 10, MaxSeconds: 30}
	})
	for i, want := range []string{"launch again", "back off", "back off"} {
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		s.Unacknowledged = nil
		s.lost(mesos.TaskUnreachable, 0).confirms(mesos.TaskUnreachable)
		s.FateUnknownSince = s.Now
		if decision := s.look(); decision.Rule != want || decision.Status.Task != nil {
			t.Errorf("replaced %d times: rule %q with %+v, want %q", i+1, decision.Rule, decision.Status.Task, want)
		}
		s.settle().later(time.Minute)
	}
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	if s.Status.Restarts != 0 || s.Status.Relaunches != 3 || len(s.Status.History) != 3 {
		t.Errorf("%d restarts, %d relaunches, a history of %d; want none, 3 and 3", s.Status.Restarts, s.Status.Relaunches, len(s.Status.History))
	}
}

func TestNext_fullHistory(t *testing.T) {
	full := func(s *story) {
		for i := range maxHistory {
			s.Status.History = append(s.Status.History, v1alpha1.TaskAttempt{
				ID: fmt.Sprintf("shop.web.1aaaaaaaa.earlier%d", i), AgentID: "agent-1", State: "TASK_UNREACHABLE", Outcome: v1alpha1.OutcomeReplaced,
			})
		}
	}
	for name, c := range map[string]struct {
		edit func(*story)
		says string
	}{
		"nothing more is replaced": {func(s *story) { s.later(5 * time.Minute).confirms(mesos.TaskUnknown) }, "not replaced: status.history already holds 10 attempts"},
		"nothing more is given up": {func(s *story) { s.GiveUp = s.Binding.TaskID }, "Annotation mesos.dev/give-up cannot be followed: status.history already holds 10"},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(replaceAfter(300))
			full(s)
			s.lost(mesos.TaskUnknown, 0)
			c.edit(s)
			decision := s.look()
			checkSummary(t, decision, summary{"wait for what may or may not run", "Unknown/FateUnknown", nil})
			if ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); !strings.Contains(ready.Message, c.says) {
				t.Errorf("it says %q, want %q in it", ready.Message, c.says)
			}
			s.Earlier = map[string]mesos.Observation{"shop.web.1aaaaaaaa.earlier3": {State: mesos.TaskGone, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}}
			if s.look(); s.Status.Task == nil {
				t.Error("it was left behind before the end of another was durable")
			}
			s.Earlier = nil
			if s.look(); s.Status.Task != nil || len(s.Status.History) != maxHistory {
				t.Errorf("once there is room: %+v, a history of %d", s.Status.Task, len(s.Status.History))
			}
		})
	}
}

func TestNext_givesUp(t *testing.T) {
	const id = "shop.web.1aaaaaaaa.nonce00001"
	for name, c := range map[string]struct {
		story *story
		then  func(*story)
		left  bool
		told  []string
	}{
		"what Mesos cannot tell of":                                  {running(), func(s *story) { s.lost(mesos.TaskUnknown, 0) }, true, []string{"Normal GivenUp"}},
		"what ran for an earlier process, and is silent":             {running(), func(s *story) { s.Observation, s.Launch, s.Silent = nil, LaunchUnknown, true }, true, []string{"Normal GivenUp"}},
		"not what ran for an earlier process before Mesos was asked": {running(), func(s *story) { s.Observation, s.Launch = nil, LaunchUnknown }, false, nil},
		"not what only an earlier subscription could not tell of":    {running(), func(s *story) { s.lost(mesos.TaskUnknown, 0).Outdated = true }, false, nil},
		"what was launched and is silent":                            {newStory().bind(LaunchAccepted), func(s *story) { s.later(time.Minute).Silent = true }, true, []string{"Normal GivenUp"}},
		"not what lives":                                             {running(), func(*story) {}, false, []string{"Warning GiveUpIgnored"}},
		"not what was just launched":                                 {newStory().bind(LaunchSent), func(s *story) { s.later(quickly) }, false, nil},
		"not what is not sent yet":                                   {newStory().bind(LaunchUnsent), func(s *story) { s.later(quickly) }, false, nil},
		"not what is over":                                           {ended(mesos.TaskFailed), func(*story) {}, false, nil},
		"not another than it names":                                  {running(), func(s *story) { s.lost(mesos.TaskUnknown, 0).GiveUp = "shop.web.1aaaaaaaa.n" }, false, nil},
		"what was launched under another framework ID":               {running(), func(s *story) { s.FrameworkID = "framework-2" }, true, []string{"Normal GivenUp"}},
		"not what is silent while agents are awaited after a failover": {running(), func(s *story) {
			s.Outdated, s.Silent, s.LastAsk, s.SilenceCounts = true, true, s.Now, s.Now.Add(time.Minute)
		}, false, nil},
		"what is silent though all agents had their time to come back": {running(), func(s *story) {
			s.Outdated, s.Silent, s.LastAsk, s.SilenceCounts = true, true, s.Now, s.Now
		}, true, []string{"Normal GivenUp"}},
		"not what Mesos said to live since, though it cannot tell now": {running(), func(s *story) {
			s.GiveUp = id
			s.look()
			s.lost(mesos.TaskUnreachable, 0)
		}, false, nil},
		"what it cannot tell of now, by another word": {running(), func(s *story) {
			s.GiveUp = id
			s.look()
			s.lost(mesos.TaskUnreachable, 0).GiveUp = id + ",2"
		}, true, []string{"Normal GivenUp"}},
		"not by a word that is too long to be remembered": {running(), func(s *story) {
			s.lost(mesos.TaskUnreachable, 0).GiveUp = id + "," + strings.Repeat("x", handledLength)
		}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			c.then(s)
			if s.GiveUp == "" {
				s.GiveUp = id
			}
			s.told = nil
			decision := s.look()
			if left := decision.Status.Task == nil; left != c.left {
				t.Fatalf("rule %q leaves %+v", decision.Rule, decision.Status.Task)
			}
			told := slices.DeleteFunc(s.told, func(event string) bool { return !strings.Contains(event, "Give") })
			if !slices.Equal(c.told, told) {
				t.Errorf("events %v, want %v", told, c.told)
			}
			if c.left && (decision.Status.History[0].Outcome != v1alpha1.OutcomeGivenUp || has(decision, StepPlace)) {
				t.Errorf("the history is %+v, the steps %v", decision.Status.History, decision.Steps)
			}
		})
	}
	t.Run("what lives is told once not to be given up", func(t *testing.T) {
		s := running()
		s.GiveUp = id
		s.look()
		s.told = nil
		for range 3 {
			s.later(time.Minute).change(func(s *story) { s.Spec.Backoff.MaxSeconds++ }).answers(mesos.TaskRunning).look()
		}
		if len(s.told) > 0 {
			t.Errorf("it told again: %v", s.told)
		}
	})
	t.Run("what was answered is kept as long as the status names the attempt", func(t *testing.T) {
		s := running()
		s.GiveUp = id
		s.look()
		want := []v1alpha1.HandledAnnotation{{Name: v1alpha1.AnnotationGiveUp, Value: id}}
		s.GiveUp = ""
		s.later(time.Minute).change(func(s *story) { s.Spec.Backoff.MaxSeconds++ }).answers(mesos.TaskRunning).look()
		if !slices.Equal(s.Status.HandledAnnotations, want) {
			t.Errorf("without the annotation it has %+v, want %+v", s.Status.HandledAnnotations, want)
		}
		s.Status.Task.ID = "shop.web.1aaaaaaaa.nonce00009"
		if decision := Next(s.Seen); decision.Status.HandledAnnotations != nil {
			t.Errorf("of another attempt it has %+v", decision.Status.HandledAnnotations)
		}
	})
	t.Run("what there is no room to answer is not followed, and nothing that was answered is forgotten", func(t *testing.T) {
		s := running()
		for n := range 2 * requests.HandledAtMost {
			s.GiveUp = fmt.Sprintf("%s,%d", id, n)
			s.look()
		}
		if got := s.Status.HandledAnnotations; len(got) != requests.HandledAtMost || got[0].Value != id+",0" {
			t.Errorf("it has %+v", got)
		}
		s.lost(mesos.TaskUnreachable, 0).look()
		ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
		if s.Status.Task == nil || !strings.Contains(ready.Message, "has no room for an answer") {
			t.Errorf("%+v says %q", s.Status.Task, ready.Message)
		}
	})
	t.Run("the way out that a deleted object names is a word that is not spent", func(t *testing.T) {
		s := running()
		s.GiveUp = id
		s.look()
		s.lost(mesos.TaskUnreachable, 0).change(remove).look()
		ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
		if !strings.Contains(ready.Message, "mesos.dev/give-up="+id+",2. ") {
			t.Errorf("it says %q", ready.Message)
		}
	})
	t.Run("what Mesos has said of it since stands against silence", func(t *testing.T) {
		s := running()
		s.Silent, s.GiveUp = true, id
		s.look()
		if s.Status.Task == nil || s.Status.Task.ID != id || !slices.Contains(s.told, "Warning GiveUpIgnored") {
			t.Errorf("it goes on with %+v, telling %v", s.Status.Task, s.told)
		}
	})
	t.Run("an answer does not wait until a launch is worth a write", func(t *testing.T) {
		s := newStory().bind(LaunchAccepted).says(mesos.TaskStarting)
		s.GiveUp = id
		s.look()
		if s.writes != 1 || len(s.Status.HandledAnnotations) != 1 {
			t.Errorf("%d writes, answered are %+v", s.writes, s.Status.HandledAnnotations)
		}
	})
	t.Run("where the API does not keep the answer it is given once all the same", func(t *testing.T) {
		s := running()
		s.GiveUp = id
		s.look()
		s.Status.HandledAnnotations, s.told = nil, nil
		before := s.writes
		for range 3 {
			s.look()
		}
		if s.writes != before || len(s.told) > 0 {
			t.Errorf("%d more writes, telling %v", s.writes-before, s.told)
		}
	})
	t.Run("what an earlier object abandoned is not taken up from a backup", func(t *testing.T) {
		s := newStory()
		s.bind(LaunchUnknown).UID = "uid-2"
		s.Abandoned, s.Silent = sets.New(id), true
		checkSummary(t, s.look(), launchesLater)
		if s.Status.Task != nil || s.Status.History[0].Outcome != v1alpha1.OutcomeGivenUp {
			t.Errorf("the attempt is %+v, the history %+v", s.Status.Task, s.Status.History)
		}
		checkSummary(t, s.settle().look(), neverHappened)
	})
	t.Run("what failed by being given up says so", func(t *testing.T) {
		s := givenUp(onlyOnce)
		s.look()
		succeeded := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionSucceeded)
		if succeeded == nil || succeeded.Status != "False" || !strings.Contains(succeeded.Message, "given up") {
			t.Errorf("Succeeded is %+v", succeeded)
		}
	})
}

// TestNext_replacedFrameworkID: what was bound under an ID that a person replaced is over by that person's word.
func TestNext_replacedFrameworkID(t *testing.T) {
	for name, c := range map[string]struct {
		policy   func(*v1alpha1.MesosTaskSpec)
		deleting bool
		want     summary
	}{
		"with Always it is launched again":    {always, false, neverHappened},
		"with OnFailure it is launched again": {onFailure, false, neverHappened},
		"with Never it has failed":            {onlyOnce, false, summary{"failed for good", "False/Failed", nil}},
		"deleted, it is let go":               {always, true, summary{"delete what was never bound or is over", "False/Deleting", []Step{StepRelease}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := running(c.policy)
			s.Status.History = []v1alpha1.TaskAttempt{{ID: "shop.web.1aaaaaaaa.earlier", FrameworkID: "framework-1", Outcome: v1alpha1.OutcomeReplaced}}
			s.FrameworkID, s.ReplacedIDs, s.Deleting = "framework-2", []string{"framework-1"}, c.deleting
			first := s.look()
			if has(first, StepPlace) || first.Status.Task != nil {
				t.Errorf("rule %q leaves %+v with steps %v", first.Rule, first.Status.Task, first.Steps)
			}
			for _, earlier := range s.Status.History {
				if earlier.Outcome != v1alpha1.OutcomeGivenUp || earlier.FinishTime == nil {
					t.Errorf("the history has %+v", earlier)
				}
			}
			checkSummary(t, s.settle().look(), c.want)
		})
	}
	t.Run("while the framework has no new ID", func(t *testing.T) {
		s := running()
		s.FrameworkID, s.ReplacedIDs = "", []string{"framework-1"}
		if s.look(); s.Status.Task != nil || s.Status.History[0].FinishTime == nil {
			t.Errorf("the attempt is %+v", s.Status.Task)
		}
	})
}

// TestNext_otherFrameworksWord: what a master says of an attempt of another framework ID says nothing.
func TestNext_otherFrameworksWord(t *testing.T) {
	for _, state := range allStates {
		t.Run(string(state), func(t *testing.T) {
			s := running()
			s.FrameworkID = "framework-2"
			s.Spec.RestartPolicy = v1alpha1.RestartAlways
			replaceAfter(0)(&s.Spec)
			s.confirms(state)
			decision := s.look()
			checkSummary(t, decision, summary{"hands off another framework's attempt", "Unknown/OtherFrameworkID", nil})
			if task := decision.Status.Task; task == nil || task.State != "TASK_RUNNING" || task.FinishTime != nil {
				t.Errorf("the attempt is %+v", task)
			}
		})
	}
}

func TestNext_earlierAttempts(t *testing.T) {
	for name, c := range map[string]struct {
		said  mesos.Observation
		edit  func(*story)
		state string
		over  bool
		now   bool
	}{
		"nothing new":                     {mesos.Observation{State: mesos.TaskUnreachable, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}, nil, "TASK_UNREACHABLE", false, false},
		"it lives":                        {mesos.Observation{State: mesos.TaskRunning, Source: mesos.SourceExecutor}, nil, "TASK_RUNNING", false, false},
		"it was killed":                   {mesos.Observation{State: mesos.TaskKilled, Source: mesos.SourceExecutor, Message: "Killed"}, nil, "TASK_KILLED", true, true},
		"it is gone":                      {mesos.Observation{State: mesos.TaskGone, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}, nil, "TASK_GONE", true, true},
		"a master that dropped a launch":  {mesos.Observation{State: mesos.TaskDropped, Source: mesos.SourceMaster, Reason: mesos.ReasonInvalidOffers}, nil, "TASK_UNREACHABLE", false, false},
		"a master that speaks of another": {mesos.Observation{State: mesos.TaskError, Source: mesos.SourceMaster, Reason: mesos.ReasonTaskInvalid, Message: "Task has duplicate ID: x"}, nil, "TASK_UNREACHABLE", false, false},
		"another framework's master":      {mesos.Observation{State: mesos.TaskGone, Source: mesos.SourceMaster, Reason: mesos.ReasonReconciliation}, func(s *story) { s.Status.History[0].FrameworkID = "framework-0" }, "TASK_UNREACHABLE", false, false},
		"nothing follows an end":          {mesos.Observation{State: mesos.TaskRunning, Source: mesos.SourceExecutor}, func(s *story) { s.Status.History[0].FinishTime = at(0) }, "TASK_UNREACHABLE", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := replaced()
			s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
			s.Unacknowledged, s.told = nil, nil
			if c.edit != nil {
				c.edit(s)
			}
			c.said.TaskID, c.said.Time = s.Status.History[0].ID, s.Now
			s.Earlier = map[string]mesos.Observation{c.said.TaskID: c.said}
			restarts := s.Status.Restarts
			decision := s.look()
			earlier := decision.Status.History[0]
			if earlier.State != c.state || (earlier.FinishTime != nil) != c.over || earlier.Outcome != v1alpha1.OutcomeReplaced {
				t.Errorf("it is %+v, want state %s and over %v", earlier, c.state, c.over)
			}
			if told := cmp.Equal(s.told, []string{"Normal Ended"}); told != c.now {
				t.Errorf("it told %v", s.told)
			}
			if decision.Rule != "let it run" || s.Status.Restarts != restarts || s.Status.NextLaunchTime != nil {
				t.Errorf("rule %q, %d restarts, next launch at %v", decision.Rule, s.Status.Restarts, s.Status.NextLaunchTime)
			}
		})
	}
	t.Run("an end is written though the task only waits for its turn", func(t *testing.T) {
		s := replaced()
		hearsEarlier(mesos.TaskKilled)(s)
		if decision := s.look(); !decision.WriteAt.IsZero() || s.Status.History[0].ExitCode == nil {
			t.Errorf("written at %v: %+v", decision.WriteAt, s.Status.History[0])
		}
	})
	t.Run("an end stays until it is durable", func(t *testing.T) {
		s := replaced()
		for i := range historyLength {
			s.Status.History = append(s.Status.History, v1alpha1.TaskAttempt{ID: fmt.Sprintf("shop.web.1aaaaaaaa.earlier%d", i), FinishTime: at(0)})
		}
		s.Status.History = append(s.Status.History, v1alpha1.TaskAttempt{ID: "shop.web.1aaaaaaaa.oldest", AgentID: "agent-1", Outcome: v1alpha1.OutcomeReplaced})
		s.Earlier = map[string]mesos.Observation{"shop.web.1aaaaaaaa.oldest": {State: mesos.TaskKilled, Source: mesos.SourceExecutor}}
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		if last := s.Status.History[len(s.Status.History)-1]; last.ID != "shop.web.1aaaaaaaa.oldest" || last.FinishTime == nil {
			t.Errorf("the oldest is %+v", last)
		}
	})
}
