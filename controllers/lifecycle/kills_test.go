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

// carryOut does what the controller does with KILL and RECONCILE, and returns the steps.
func (s *story) carryOut() []Step {
	decision := s.look()
	if has(decision, StepKill) {
		if s.Kills == 0 {
			s.FirstKill = s.Now
		}
		s.Kills, s.LastKill = s.Kills+1, s.Now
	}
	if has(decision, StepAsk) {
		s.Asks, s.LastAsk = s.Asks+1, s.Now
	}
	return decision.Steps
}

func TestNext_deletion(t *testing.T) {
	const (
		nothingLeft = "delete what was never bound or is over"
		kills       = "delete and kill"
		letsGo      = "delete and let the task run on"
		callsOff    = "delete and call off the launch"
	)
	orphan := func(spec *v1alpha1.MesosTaskSpec) { spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan }
	release, kill := []Step{StepRelease}, []Step{StepKill}
	for name, c := range map[string]struct {
		story *story
		then  func(*story)
		rule  string
		steps []Step
	}{
		"never bound":                              {newStory(), nil, nothingLeft, nil},
		"never bound, with the finalizer":          {newStory(), func(s *story) { s.Finalized = true }, nothingLeft, release},
		"never bound, with an obstacle":            {newStory(), func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }, nothingLeft, nil},
		"over":                                     {ended(mesos.TaskFinished, onlyOnce), nil, nothingLeft, release},
		"over, and released already":               {ended(mesos.TaskFinished, onlyOnce), func(s *story) { s.Finalized = false }, nothingLeft, nil},
		"the end comes now":                        {running(), update(mesos.TaskKilled), nothingLeft, []Step{StepRelease, StepAcknowledge}},
		"bound, not sent yet":                      {newStory().bind(LaunchUnsent), nil, callsOff, []Step{StepCallOff}},
		"bound, not sent yet, to be let go":        {newStory(orphan).bind(LaunchUnsent), nil, callsOff, []Step{StepCallOff}},
		"bound and called off":                     {newStory().bind(LaunchNeverSent), nil, nothingLeft, release},
		"bound and refused":                        {newStory().bind(LaunchRefused), nil, nothingLeft, release},
		"on its way waits for its answer":          {newStory().bind(LaunchSent), nil, kills, nil},
		"accepted":                                 {newStory().bind(LaunchAccepted), nil, kills, kill},
		"bound by an earlier process":              {newStory().bind(LaunchUnknown), nil, kills, kill},
		"running":                                  {running(), nil, kills, kill},
		"running while suspended":                  {running(), func(s *story) { s.Spec.Suspend = true }, kills, kill},
		"unreachable":                              {running(), answer(mesos.TaskUnreachable), kills, kill},
		"running, to be let go":                    {running(orphan), nil, letsGo, release},
		"unreachable, to be let go":                {running(orphan), answer(mesos.TaskUnreachable), letsGo, release},
		"let go already":                           {running(orphan), func(s *story) { s.Finalized = false }, letsGo, nil},
		"under another framework ID":               {running(), func(s *story) { s.FrameworkID = "framework-2" }, kills, nil},
		"under another framework ID, to be let go": {running(orphan), func(s *story) { s.FrameworkID = "framework-2" }, letsGo, release},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story.change(remove)
			if c.then != nil {
				c.then(s)
			}
			checkSummary(t, s.look(), summary{c.rule, "False/Deleting", c.steps})
		})
	}
}

func TestNext_deletionSaysWhatItWaitsFor(t *testing.T) {
	s := running()
	s.later(time.Minute).answers(mesos.TaskUnreachable).look()
	s.change(remove).FrameworkID = "framework-2"
	message := meta.FindStatusCondition(s.look().Status.Conditions, v1alpha1.ConditionReady).Message
	for _, want := range []string{
		"shop.web.1aaaaaaaa.nonce00001", "host-1 (agent agent-1)", "since 2026-01-02T03:05:05Z", "framework ID framework-1",
		`kubectl patch mesostask web -n shop --type merge -p '{"spec":{"deletionPolicy":"Orphan"}}'`,
	} {
		if !strings.Contains(message, want) {
			t.Errorf("it says %q, want %q in it", message, want)
		}
	}
	if !meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionAgentUnreachable) {
		t.Error("it does not say that the agent is unreachable")
	}
}

// TestNext_killIsRepeated plays an hour in which Mesos says nothing, waking up only when the decision asks for it.
func TestNext_killIsRepeated(t *testing.T) {
	s := running(func(spec *v1alpha1.MesosTaskSpec) { spec.KillGracePeriodSeconds = new(int32(10)) })
	s.change(remove)
	var kills, asks []time.Duration
	for s.Now.Before(epoch.Add(30 * time.Minute)) {
		for _, step := range s.carryOut() {
			if step == StepKill {
				kills = append(kills, s.Now.Sub(epoch))
			} else {
				asks = append(asks, s.Now.Sub(epoch))
			}
		}
		check := Next(s.Seen).Check
		if !check.After(s.Now) {
			t.Fatalf("at %v it asks to be looked at again at %v", s.Now, check)
		}
		s.Now = check
	}
	seconds := func(numbers ...int) (times []time.Duration) {
		for _, n := range numbers {
			times = append(times, time.Duration(n)*time.Second)
		}
		return times
	}
	// Each gap is the grace period and 5 s, 10 s, 20 s ... at most five minutes.
	wantKills := seconds(0, 15, 35, 65, 115, 205, 375, 685, 995, 1305, 1615)
	if diff := cmp.Diff(wantKills, kills); diff != "" {
		t.Errorf("kills (-want +got):\n%s", diff)
	}
	// From 40 s on (grace period and 30 s) Mesos is asked as well, after 5 s, 10 s ... at most a minute.
	if diff := cmp.Diff(seconds(40, 45, 55, 75, 115, 175, 235), asks[:7]); diff != "" {
		t.Errorf("the first questions (-want +got):\n%s", diff)
	}
	if s.writes != 1 {
		t.Errorf("%d writes, want one", s.writes)
	}
}

func TestNext_killsAtOnceWhatComesBack(t *testing.T) {
	s := running()
	s.answers(mesos.TaskUnreachable).look()
	s.change(remove)
	s.carryOut()
	s.later(time.Second)
	if steps := s.carryOut(); len(steps) > 0 {
		t.Errorf("after a second: %v, want nothing", steps)
	}
	s.later(time.Second).answers(mesos.TaskRunning)
	if diff := cmp.Diff([]Step{StepKill}, s.carryOut()); diff != "" {
		t.Errorf("as it comes back (-want +got):\n%s", diff)
	}
	s.later(time.Second)
	if steps := s.carryOut(); len(steps) > 0 {
		t.Errorf("a second later: %v, want nothing", steps)
	}
	s.later(time.Second).Kills = 0
	if diff := cmp.Diff([]Step{StepKill}, s.carryOut()); diff != "" {
		t.Errorf("in a new subscription (-want +got):\n%s", diff)
	}
}

func TestNext_killReasonIsWrittenBeforeTheKill(t *testing.T) {
	for name, edit := range map[string]func(*story){
		"SpecChanged":      changeHash,
		"RestartRequested": func(s *story) { s.RestartRequest = "now" },
		"Suspended":        suspend,
	} {
		t.Run(name, func(t *testing.T) {
			s := running()
			edit(s)
			decision := Next(s.Seen)
			if !has(decision, StepKill) || string(decision.Status.Task.KillReason) != name || !decision.WriteAt.IsZero() {
				t.Errorf("steps %v with kill reason %q, written at %v", decision.Steps, decision.Status.Task.KillReason, decision.WriteAt)
			}
		})
	}
}

func TestNext_otherFrameworkID(t *testing.T) {
	for name, edit := range map[string]func(*story){
		"as it is":              func(*story) {},
		"with a changed spec":   changeHash,
		"suspended":             suspend,
		"doubted":               func(s *story) { s.Doubted = true },
		"with a placement":      func(s *story) { s.Placement = &Placement{TaskID: "shop.web.1aaaaaaaa.n", AgentID: "agent-2"} },
		"with an obstacle":      func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} },
		"asked to be restarted": func(s *story) { s.RestartRequest = "now" },
	} {
		t.Run(name, func(t *testing.T) {
			s := running()
			s.FrameworkID = "framework-2"
			edit(s)
			checkSummary(t, s.look(), summary{"hands off another framework's attempt", "Unknown/OtherFrameworkID", nil})
		})
	}
	t.Run("an attempt that is over does not matter", func(t *testing.T) {
		s := ended(mesos.TaskFailed)
		s.FrameworkID = "framework-2"
		checkSummary(t, s.look(), neverHappened)
	})
	t.Run("a framework without an ID says nothing", func(t *testing.T) {
		s := running()
		s.FrameworkID = ""
		checkSummary(t, s.look(), summary{"let it run", "True/Running", nil})
	})
}

func TestNext_asks(t *testing.T) {
	ask := []Step{StepAsk}
	t.Run("a launch without an update after a minute", func(t *testing.T) {
		s := newStory()
		s.bind(LaunchAccepted).later(quickly)
		checkAgain(t, s.look(), confirmWithin)
		s.later(confirmWithin - quickly - time.Millisecond)
		if steps := s.carryOut(); len(steps) > 0 {
			t.Errorf("before the minute is over: %v", steps)
		}
		s.later(time.Millisecond)
		if diff := cmp.Diff(ask, s.carryOut()); diff != "" {
			t.Errorf("after the minute (-want +got):\n%s", diff)
		}
		checkAgain(t, s.look(), confirmWithin+firstAskRetry)
		s.answers(mesos.TaskStaging)
		if decision := s.later(10 * time.Minute).look(); len(decision.Steps) > 0 || !decision.Check.Equal(epoch.Add(defaultLaunchTimeout)) {
			t.Errorf("once it was answered: %v, again at %v", decision.Steps, decision.Check)
		}
	})
	t.Run("a launch without an update after a minute, whatever grace period it has as it is killed", func(t *testing.T) {
		s := newStory(func(spec *v1alpha1.MesosTaskSpec) { spec.KillGracePeriodSeconds = new(int32(3600)) })
		s.bind(LaunchAccepted).later(confirmWithin - time.Second).change(suspend)
		if diff := cmp.Diff([]Step{StepKill}, s.carryOut()); diff != "" {
			t.Errorf("as it is suspended (-want +got):\n%s", diff)
		}
		checkAgain(t, s.look(), confirmWithin)
		s.later(time.Second)
		if diff := cmp.Diff(ask, s.carryOut()); diff != "" {
			t.Errorf("after the minute (-want +got):\n%s", diff)
		}
		s.answers(mesos.TaskStaging)
		if steps := s.later(time.Minute).carryOut(); len(steps) > 0 {
			t.Errorf("once it was answered: %v", steps)
		}
	})
	for name, c := range map[string]struct {
		story *story
		edit  func(*story)
		want  []Step
	}{
		"what runs on an agent that failed":          {running(), func(s *story) { s.Doubted = true }, ask},
		"what may or may not run and is doubted":     {running(), func(s *story) { s.answers(mesos.TaskUnknown); s.Doubted = true }, ask},
		"what may or may not run and is not doubted": {running(), answer(mesos.TaskUnknown), nil},
		"what is on its way is not asked for":        {newStory().bind(LaunchSent), func(s *story) { s.Doubted = true }, nil},
		"what is not sent is not asked for":          {newStory().bind(LaunchUnsent), func(s *story) { s.Doubted = true }, nil},
		"what an earlier process bound has a minute": {newStory().bind(LaunchUnknown), func(s *story) { s.later(confirmWithin - time.Second) }, nil},
		"what an earlier process bound is asked for": {newStory().bind(LaunchUnknown), func(s *story) { s.later(confirmWithin) }, ask},
	} {
		t.Run(name, func(t *testing.T) {
			c.edit(c.story)
			if diff := cmp.Diff(c.want, c.story.look().Steps); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrow(t *testing.T) {
	for n, want := range map[int]time.Duration{-1: 5, 0: 5, 1: 5, 2: 10, 3: 20, 4: 40, 5: 60, 1 << 40: 60} {
		if got := grow(5, 60, n); got != want {
			t.Errorf("after %d tries it waits %d, want %d", n, got, want)
		}
	}
}

// TestNext_saysWhatAShorterGraceIsWorth: a grace period that was lowered after the launch hastens the kill on some agents only, and none says which it
// is (recording "drain").
func TestNext_saysWhatAShorterGraceIsWorth(t *testing.T) {
	const lowered = "spec.killGracePeriodSeconds is 5 by now: an agent without --http_command_executor ignores that and waits for the 60 s that this attempt was launched with, " +
		"and no agent confirms a KILL, so that only the end tells"
	restart := func(s *story) { s.RestartRequest = "1" }
	for sentence, c := range map[string]struct {
		launched, now *int32
		edit          func(*story)
		says          bool
	}{
		"deleted, and lowered":                           {new(int32(60)), new(int32(5)), remove, true},
		"suspended, and lowered":                         {new(int32(60)), new(int32(5)), suspend, true},
		"changed by being lowered":                       {new(int32(60)), new(int32(5)), changeHash, true},
		"to be restarted, and lowered":                   {new(int32(60)), new(int32(5)), restart, true},
		"deleted, lowered, and its agent is unreachable": {new(int32(60)), new(int32(5)), func(s *story) { remove(s); s.answers(mesos.TaskUnreachable) }, true},
		"deleted, and as it was":                         {new(int32(5)), new(int32(5)), remove, false},
		"deleted, and raised":                            {new(int32(3)), new(int32(5)), remove, false},
		"deleted, and launched with the agent's own":     {nil, new(int32(5)), remove, false},
		"deleted, and taken out of the spec":             {new(int32(60)), nil, remove, false},
		"lowered, and nothing is killed":                 {new(int32(60)), new(int32(5)), func(*story) {}, false},
		"under another framework ID":                     {new(int32(60)), new(int32(5)), func(s *story) { remove(s); s.FrameworkID = "framework-2" }, false},
		"deleted, and left running":                      {new(int32(60)), new(int32(5)), func(s *story) { remove(s); s.Spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan }, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := running()
			s.Status.Task.KillGracePeriodSeconds, s.Spec.KillGracePeriodSeconds = c.launched, c.now
			s.change(c.edit)
			for _, when := range []string{"as the KILL is sent", "as its end is awaited"} {
				s.carryOut()
				s.later(quickly).look()
				ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
				if strings.Contains(ready.Message, lowered) != c.says {
					t.Errorf("%s it says %q", when, ready.Message)
				}
			}
		})
	}
}
