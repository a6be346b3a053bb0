package lifecycle

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// launched is a task whose ACCEPT was answered, and of which Mesos says that it is on its way.
func launched(changes ...func(*v1alpha1.MesosTaskSpec)) *story {
	s := newStory(changes...)
	s.bind(LaunchAccepted).later(quickly).look()
	s.answers(mesos.TaskStaging).look()
	return s
}

func launchTimeout(seconds int32) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) { spec.LaunchTimeoutSeconds = &seconds }
}

func launchDefault(seconds int32) func(*story) {
	return func(s *story) { s.Defaults = &v1alpha1.TaskDefaults{LaunchTimeoutSeconds: &seconds} }
}

func TestNext_launchTimesOut(t *testing.T) {
	const starts, kills = "let it start", "kill what is not wanted any more"
	for name, c := range map[string]struct {
		story *story
		after time.Duration
		then  func(*story)
		rule  string
		steps []Step
	}{
		"not while a slow fetch may go on":             {launched(), 8 * time.Minute, nil, starts, nil},
		"after a quarter of an hour where nobody says": {launched(), 15 * time.Minute, nil, kills, []Step{StepKill}},
		"by the spec":                                  {launched(launchTimeout(60)), time.Minute, nil, kills, []Step{StepKill}},
		"never, by the spec":                           {launched(launchTimeout(0)), 24 * time.Hour, nil, starts, nil},
		"by the framework":                             {launched(), time.Minute, launchDefault(60), kills, []Step{StepKill}},
		"never, by the framework":                      {launched(), 24 * time.Hour, launchDefault(0), starts, nil},
		"by the spec before the framework":             {launched(launchTimeout(0)), 24 * time.Hour, launchDefault(60), starts, nil},
		"also what was told STARTING":                  {launched(), 15 * time.Minute, func(s *story) { s.says(mesos.TaskStarting).Unacknowledged = nil }, kills, []Step{StepKill}},
		"not what runs":                                {launched(), 15 * time.Minute, func(s *story) { s.says(mesos.TaskRunning).Unacknowledged = nil }, "let it run", nil},
		"not before Mesos was asked":                   {launched(), 15 * time.Minute, func(s *story) { s.Observation = nil }, starts, []Step{StepAsk}},
		"not by what an earlier subscription told":     {launched(), 15 * time.Minute, func(s *story) { s.Outdated = true }, starts, []Step{StepAsk}},
		"by the time of the status in another process": {launched(), 15*time.Minute + time.Second, func(s *story) { s.BoundSince = s.Now.Add(-time.Minute) }, kills, []Step{StepKill}},
		"not what cannot be launched again":            {launched(), 15 * time.Minute, func(s *story) { s.Obstacle = &Obstacle{Reason: "X", Message: "x"} }, starts, nil},
		"not while it is paused":                       {launched(), 15 * time.Minute, func(s *story) { s.Paused = true }, starts, nil},
		"not what Mesos cannot tell of":                {launched(), 15 * time.Minute, answer(mesos.TaskUnreachable), "wait for what may or may not run", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story
			s.Now = epoch.Add(c.after)
			if c.then != nil {
				c.then(s)
			}
			decision := s.look()
			checkSummary(t, decision, summary{c.rule, summarize(decision).Ready, c.steps})
			if timedOut := c.rule == kills; timedOut != (decision.Status.Task.KillReason == v1alpha1.KillLaunchTimedOut) || timedOut && !decision.WriteAt.IsZero() {
				t.Errorf("killed for %q, written at %v", decision.Status.Task.KillReason, decision.WriteAt)
			}
		})
	}
}

// TestNext_afterALaunchTimedOut: what never told that it started never ran, and is launched again under every policy, with a backoff.
func TestNext_afterALaunchTimedOut(t *testing.T) {
	for name, c := range map[string]struct {
		before []mesos.TaskState
		end    func(*story)
		ran    bool
	}{
		"killed during the launch":           {nil, byAgent(mesos.TaskKilled, mesos.ReasonTaskKilledDuringLaunch, "Killed"), false},
		"killed":                             {nil, update(mesos.TaskKilled), false},
		"dropped, as the agent never had it": {nil, byAgent(mesos.TaskDropped, mesos.ReasonExecutorTerminated, "Cannot find executor"), false},
		"gone":                               {nil, answer(mesos.TaskGone), false},
		"failed":                             {nil, update(mesos.TaskFailed), false},
		"killed after STARTING":              {[]mesos.TaskState{mesos.TaskStarting}, update(mesos.TaskKilled), true},
	} {
		t.Run(name, func(t *testing.T) {
			s := launched(onlyOnce, maxRestarts(0))
			for _, state := range c.before {
				s.says(state).look()
			}
			s.Now = epoch.Add(15 * time.Minute)
			s.look()
			s.Kills, s.FirstKill, s.LastKill, s.Unacknowledged = 1, s.Now, s.Now, nil
			c.end(s.later(time.Second))
			decision := s.look()
			if decision.Rule != "launch again" || *s.Status.Task.Ran != c.ran {
				t.Errorf("rule %q with ran %t", decision.Rule, *s.Status.Task.Ran)
			}
			s.bind(LaunchAccepted).later(quickly).look()
			if s.Status.Restarts != 0 || s.Status.Relaunches != 1 {
				t.Errorf("%d restarts and %d relaunches", s.Status.Restarts, s.Status.Relaunches)
			}
		})
	}
}

// TestNext_launchVanished: an agent that never got the launch may ignore the KILLs for ever. After ten minutes the condition says so, and then the
// attempt can be given up although Mesos says TASK_STAGING.
func TestNext_launchVanished(t *testing.T) {
	s := launched(onlyOnce)
	s.Now = epoch.Add(15 * time.Minute)
	s.carryOut()
	first := s.Binding.TaskID
	said := func() string { return meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady).Message }
	s.GiveUp = first
	s.later(9 * time.Minute).carryOut()
	if s.Status.Task == nil || !strings.Contains(said(), "does nothing") {
		t.Fatalf("after nine minutes it is %+v and says %q", s.Status.Task, said())
	}
	s.later(time.Minute).carryOut()
	if want := v1alpha1.AnnotationGiveUp + "=" + first + ",2"; !strings.Contains(said(), want) || !strings.Contains(said(), "may never have reached its agent") {
		t.Fatalf("it says %q, want %s", said(), want)
	}
	s.GiveUp = first + ",2"
	s.look()
	if s.Status.Task != nil || len(s.Status.History) != 1 || !LaunchVanished(&s.Status.History[0]) {
		t.Fatalf("given up, it is %+v with %+v", s.Status.Task, s.Status.History)
	}
	s.Earlier = map[string]mesos.Observation{first: *s.Observation}
	s.Observation, s.Kills, s.Proven = nil, 0, true
	s.Others = []Other{{TaskID: first, AgentID: "agent-1", State: mesos.TaskStaging, Kills: 9, LastKill: s.Now.Add(-time.Hour)}}
	if decision := s.later(time.Second).look(); !has(decision, StepPlace) || len(decision.KillOthers) != 1 {
		t.Errorf("while Mesos says TASK_STAGING: rule %q, steps %v: %s", decision.Rule, decision.Steps, said())
	}
	hearsEarlier(mesos.TaskRunning)(s)
	s.Others[0].State = mesos.TaskRunning
	if decision := s.later(time.Second).look(); has(decision, StepPlace) {
		t.Errorf("once it runs after all, rule %q does %v", decision.Rule, decision.Steps)
	}
}

// TestNext_deletedLaunchVanished: an object that is deleted goes, too.
func TestNext_deletedLaunchVanished(t *testing.T) {
	s := launched().change(remove)
	s.carryOut()
	s.later(10 * time.Minute).carryOut()
	message := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady).Message
	if !strings.Contains(message, v1alpha1.AnnotationGiveUp+"="+s.Binding.TaskID) {
		t.Errorf("it says %q", message)
	}
	s.GiveUp = s.Binding.TaskID
	if decision := s.look(); !has(decision, StepAbandon) {
		t.Errorf("given up, rule %q does %v", decision.Rule, decision.Steps)
	}
}
