package mesos

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTaskState_Class(t *testing.T) {
	cases := map[Class][]TaskState{
		Live:        {TaskStaging, TaskStarting, TaskRunning, TaskKilling},
		Ended:       {TaskFinished, TaskFailed, TaskKilled, TaskError, TaskDropped, TaskGone, TaskGoneByOperator},
		FateUnknown: {TaskUnreachable, TaskLost, TaskUnknown, "", "TASK_OF_TOMORROW"},
	}
	for want, states := range cases {
		for _, state := range states {
			if got := state.Class(); got != want {
				t.Errorf("%q is of class %d, want %d", state, got, want)
			}
		}
	}
}

func TestTaskState_Regresses(t *testing.T) {
	cases := map[string]struct {
		known, next TaskState
		want        bool
	}{
		"a life goes on":                                  {TaskStarting, TaskRunning, false},
		"what is known may be said again":                 {TaskRunning, TaskRunning, false},
		"a late STARTING after RUNNING":                   {TaskRunning, TaskStarting, true},
		"an answer that lags behind a kill":               {TaskKilling, TaskRunning, true},
		"nothing follows an end":                          {TaskFinished, TaskRunning, true},
		"GONE after FINISHED says nothing":                {TaskFinished, TaskGone, true},
		"an end after anything":                           {TaskKilling, TaskFailed, false},
		"a lost agent":                                    {TaskRunning, TaskUnreachable, false},
		"an agent that came back":                         {TaskUnreachable, TaskRunning, false},
		"an agent that came back before the task started": {TaskUnreachable, TaskStarting, false},
		"the first that is said":                          {"", TaskStaging, false},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if got := tc.next.Regresses(tc.known); got != tc.want {
				t.Errorf("%s after %s regresses: %t, want %t", tc.next, tc.known, got, tc.want)
			}
		})
	}
}

func TestScalarOf(t *testing.T) {
	cases := map[string]struct {
		value float64
		want  Scalar
	}{
		"a half":                            {0.5, 500},
		"what doubles cannot hold exactly":  {0.1 + 0.2, 300},
		"finer than Mesos counts":           {0.0004, 0},
		"nothing":                           {0, 0},
		"less than nothing":                 {-1, 0},
		"no number":                         {math.NaN(), 0},
		"more than there can be":            {math.Inf(1), math.MaxInt64},
		"more than thousandths can express": {1e300, math.MaxInt64},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, ScalarOf(tc.value)); diff != "" {
				t.Errorf("thousandths of %v (-want +got):\n%s", tc.value, diff)
			}
		})
	}
}

func TestNumber_After(t *testing.T) {
	order := []Number{{}, {1, 1}, {1, 2}, {2, 1}, {2, 9}}
	for i, n := range order {
		for j, m := range order {
			if got := n.After(m); got != (i > j) {
				t.Errorf("%+v after %+v: %t, want %t", n, m, got, i > j)
			}
		}
	}
}

func TestObservation_kinds(t *testing.T) {
	answer := Observation{State: TaskGone, Source: SourceMaster, Reason: ReasonReconciliation}
	refusal := Observation{State: TaskError, Source: SourceMaster, Reason: ReasonTaskInvalid, Message: "Task has duplicate ID: a.b.c.d"}
	withUUID := answer
	withUUID.UUID = []byte("u")
	fromAgent := answer
	fromAgent.Source = SourceAgent
	other := refusal
	other.Message = "Task uses invalid resources"
	type kinds struct{ Answer, SpeaksOfAnother bool }
	cases := map[string]struct {
		observation Observation
		want        kinds
	}{
		"an answer to RECONCILE":                             {answer, kinds{true, false}},
		"an update of an agent that reconciles is no answer": {fromAgent, kinds{}},
		"what must be acknowledged is no answer":             {withUUID, kinds{}},
		"the refusal of an ID that is in use":                {refusal, kinds{false, true}},
		"another refusal is about the task itself":           {other, kinds{}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, kinds{tc.observation.IsAnswer(), tc.observation.SpeaksOfAnother()}); diff != "" {
				t.Errorf("kinds (-want +got):\n%s", diff)
			}
		})
	}
}

func TestObservation_followsKill(t *testing.T) {
	for name, c := range map[string]struct {
		said Observation
		want bool
	}{
		"killed":                             {Observation{State: TaskKilled, Source: SourceExecutor}, true},
		"being killed":                       {Observation{State: TaskKilling, Source: SourceExecutor}, true},
		"killed during the launch":           {Observation{State: TaskKilled, Source: SourceAgent, Reason: "REASON_TASK_KILLED_DURING_LAUNCH"}, true},
		"killed with a health check":         {Observation{State: TaskKilled, Healthy: new(true)}, true},
		"killed by its health check":         {Observation{State: TaskKilled, Healthy: new(false)}, false},
		"being killed by its health check":   {Observation{State: TaskKilling, Healthy: new(false)}, false},
		"killed by a drain":                  {Observation{State: TaskKilled, Reason: ReasonAgentDraining}, false},
		"gone by a drain":                    {Observation{State: TaskGoneByOperator, Reason: ReasonAgentDraining}, false},
		"failed":                             {Observation{State: TaskFailed}, false},
		"finished, whatever was asked of it": {Observation{State: TaskFinished}, false},
	} {
		if got := c.said.FollowsKill(); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// TestObservation_After: that an agent was removed the master says once. What it says of a task that it does not know any more does not undo that; anything
// else does.
func TestObservation_After(t *testing.T) {
	removed := Observation{State: TaskLost, Source: SourceMaster, Reason: ReasonAgentRemoved, Message: "it is gone"}.After(nil)
	if removed.AgentRemoved != "it is gone" {
		t.Errorf("a removal is %+v", removed)
	}
	for state, want := range map[TaskState]string{TaskLost: "it is gone", TaskUnknown: "it is gone", TaskUnreachable: "", TaskRunning: ""} {
		if got := (Observation{State: state, Source: SourceMaster, Reason: ReasonReconciliation}).After(&removed).AgentRemoved; got != want {
			t.Errorf("after %s it is known as %q, want %q", state, got, want)
		}
	}
	if got := (Observation{State: TaskUnknown}).After(nil).AgentRemoved; got != "" {
		t.Errorf("without anything before it is %q", got)
	}
}
