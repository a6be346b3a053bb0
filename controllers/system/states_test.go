package system

import (
	"slices"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// ranFor is how long a first attempt runs before something happens to it.
const ranFor = 30 * time.Second

// endFirst is a runner whose first task ends in the state that its command names, and whose others stay.
func endFirst() simulator.Runner {
	first := true
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		state, ok := mesosv1.TaskState_value[task.GetCommand().GetValue()]
		if !first || !ok {
			return simulator.Stay()
		}
		first = false
		return simulator.EndAfter(ranFor, mesosv1.TaskState(state), "Over")
	}}
}

// starts are the moments at which tasks were started, whatever anybody believes.
func (v *virtual) starts() (times []time.Time) {
	for _, change := range v.mesos.Ledger() {
		if change.What == simulator.Started {
			times = append(times, change.Time)
		}
	}
	return times
}

// agentOf is the simulated agent that a MesosTask was sent to.
func (v *virtual) agentOf(name string) *simulator.Agent {
	v.Helper()
	id := v.get(name).Status.Task.AgentID
	for _, agent := range v.mesos.Agents() {
		if agent.ID() == id {
			return agent
		}
	}
	v.Fatalf("there is no agent %s", id)
	return nil
}

// TestStates is section 6 of the design, row by row: what follows from a state, for each restart policy, after the task has run.
func TestStates(t *testing.T) {
	type after struct {
		starts int
		reason string
	}
	again, running := after{2, v1alpha1.ReasonRunning}, after{1, v1alpha1.ReasonRunning}
	completed, failed := after{1, v1alpha1.ReasonCompleted}, after{1, v1alpha1.ReasonFailed}
	interrupted := after{1, v1alpha1.ReasonInterrupted}
	unreachable, unknown := after{1, v1alpha1.ReasonAgentUnreachable}, after{1, v1alpha1.ReasonFateUnknown}
	refused := after{1, v1alpha1.ReasonRefused}
	rows := map[string]struct {
		command  string
		happens  func(v *virtual)
		policies map[string]after
	}{
		"RUNNING: as it says": {"sleep", nil, map[string]after{"Always": running, "OnFailure": running, "Never": running}},
		"FINISHED: Always launches again, else complete": {
			"TASK_FINISHED", nil, map[string]after{"Always": again, "OnFailure": completed, "Never": completed},
		},
		"FAILED: Always and OnFailure launch again, Never has failed": {
			"TASK_FAILED", nil, map[string]after{"Always": again, "OnFailure": again, "Never": failed},
		},
		"KILLED, not by us: as FAILED": {
			"TASK_KILLED", nil, map[string]after{"Always": again, "OnFailure": again, "Never": failed},
		},
		"lost in a reboot: as FAILED, and not by itself": {
			"sleep", func(v *virtual) { v.agentOf("job").Reboot(time.Second) }, map[string]after{"Always": again, "OnFailure": again, "Never": interrupted},
		},
		"GONE_BY_OPERATOR: as FAILED, and not by itself": {
			"sleep", func(v *virtual) { v.agentOf("job").Gone() }, map[string]after{"Always": again, "OnFailure": again, "Never": interrupted},
		},
		"ERROR: Mesos refuses the spec, whatever the policy": {
			"TASK_ERROR", nil, map[string]after{"Always": refused, "OnFailure": refused, "Never": refused},
		},
		"LOST: wait": {
			"sleep", func(v *virtual) { v.say("job", mesosv1.TASK_LOST) }, map[string]after{"Always": unknown, "OnFailure": unknown, "Never": unknown},
		},
		"UNKNOWN: wait": {
			"sleep", func(v *virtual) { v.say("job", mesosv1.TASK_UNKNOWN) }, map[string]after{"Always": unknown, "OnFailure": unknown, "Never": unknown},
		},
		"UNREACHABLE: wait": {
			"sleep", func(v *virtual) { v.agentOf("job").Partition() },
			map[string]after{"Always": unreachable, "OnFailure": unreachable, "Never": unreachable},
		},
		"UNREACHABLE and back: as it was": {
			"sleep", func(v *virtual) {
				agent := v.agentOf("job")
				agent.Partition()
				v.pass(5 * time.Minute)
				agent.Heal()
			},
			map[string]after{"Always": running, "OnFailure": running, "Never": running},
		},
	}
	for sentence, row := range rows {
		for policy, want := range row.policies {
			t.Run(sentence+": "+policy, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
					v.framework("")
					v.start()
					v.task("job", `shell: `+row.command+`, restartPolicy: `+policy)
					v.pass(ranFor / 2)
					if got := v.reason("job"); got != v1alpha1.ReasonRunning {
						v.Fatalf("it is %s before anything happens", got)
					}
					if row.happens != nil {
						row.happens(v)
					}
					v.pass(5 * time.Minute)
					if got := (after{len(v.starts()), v.reason("job")}); got != want {
						v.Errorf("it was started and is %+v, want %+v: %+v", got, want, v.get("job").Status)
					}
					v.checkTruth()
				})
			})
		}
	}
}

// say makes the master say something of a MesosTask's attempt.
func (v *virtual) say(name string, state mesosv1.TaskState) {
	v.Helper()
	attempt := v.get(name).Status.Task
	v.mesos.SendEvent(attempt.FrameworkID, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesosv1.TaskStatus{
		TaskID: mesosv1.TaskID{Value: attempt.ID}, AgentID: &mesosv1.AgentID{Value: attempt.AgentID}, State: &state,
		Source: mesosv1.SOURCE_MASTER.Enum(), Reason: mesosv1.REASON_RECONCILIATION.Enum(),
	}}})
}

// checkTruth fails the test if Mesos saw what must never be.
func (v *virtual) checkTruth() {
	v.Helper()
	for _, disaster := range v.mesos.Disasters() {
		v.Error(disaster)
	}
}

// TestStates_neverRan: launches that Mesos drops are tried again whatever the policy, and are no restarts.
func TestStates_neverRan(t *testing.T) {
	rows := map[string]simulator.Fault{
		"DROPPED from the agent: it never got the launch": {Target: simulator.MessageFault, Type: simulator.RunTask, Action: simulator.Drop},
		"DROPPED from the master: the offer is gone": {
			Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Delay, Delay: 10 * time.Minute,
		},
	}
	for sentence, fault := range rows {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.pass(5 * time.Second)
				injected := v.mesos.Inject(fault)
				v.task("job", `shell: sleep 1, restartPolicy: Never`)
				v.pass(time.Minute)
				// An agent that registers anew says what it does not have.
				for _, agent := range v.mesos.Agents() {
					agent.Restart(time.Second)
				}
				v.pass(30 * time.Minute)
				task := v.get("job")
				if injected.Hits() == 0 || v.reason("job") != v1alpha1.ReasonRunning || task.Status.Restarts != 0 || len(v.starts()) != 1 {
					v.Errorf("it is %s after %d faults, %d restarts and %d starts, want it to run: %+v",
						v.reason("job"), injected.Hits(), task.Status.Restarts, len(v.starts()), task.Status)
				}
				v.checkTruth()
			})
		})
	}
}

// TestBackoff: at once the first time, then after initialSeconds, doubling, at most maxSeconds.
func TestBackoff(t *testing.T) {
	fail := simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		return simulator.EndAfter(time.Second, mesosv1.TASK_FAILED, "Over")
	}}
	inVirtualTime(t, simulator.Flags{}, fail, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(5 * time.Second)
		v.task("job", `shell: anything, backoff: {initialSeconds: 20, maxSeconds: 60}, maxRestarts: 5`)
		v.pass(10 * time.Minute)
		starts := v.starts()
		var gaps []time.Duration
		for i := 1; i < len(starts); i++ {
			gaps = append(gaps, starts[i].Sub(starts[i-1]))
		}
		want := []time.Duration{0, 20 * time.Second, 40 * time.Second, 60 * time.Second, 60 * time.Second}
		if len(gaps) != len(want) {
			v.Fatalf("launched again after %v, want about %v", gaps, want)
		}
		for i, gap := range gaps {
			// An offer, a launch and the task's own second come on top.
			if gap < want[i] || gap > want[i]+8*time.Second {
				v.Errorf("launched again after %v, want about %v", gaps, want)
			}
		}
		if got := v.reason("job"); got != v1alpha1.ReasonRestartsExhausted {
			v.Errorf("it is %s, want %s", got, v1alpha1.ReasonRestartsExhausted)
		}
	})
}

// TestNever is what the design says is never done, each with the case that would tempt one to.
func TestNever(t *testing.T) {
	// lost is a Mesos whose master fails over and half of whose agents never come back.
	lost := func(v *virtual) {
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
	}
	cases := map[string]func(v *virtual){
		"silence after a failover is not taken for an end": func(v *virtual) {
			asked := v.mesos.Calls("RECONCILE")
			lost(v)
			v.pass(9 * time.Minute)
			// Rounds after 5, 10, 20, 40 and then each 60 s, three calls of the proof beside each of them, and some slack.
			if calls := v.mesos.Calls("RECONCILE") - asked; calls > 60 {
				v.Errorf("%d RECONCILE calls in nine minutes, want a backoff between the rounds", calls)
			}
			if got := v.reason("job"); got != v1alpha1.ReasonRunning || len(v.starts()) != 1 {
				v.Errorf("it is %s after %d starts, want it as it was", got, len(v.starts()))
			}
		},
		"a task that is never answered for delays no other": func(v *virtual) {
			lost(v)
			v.pass(5 * time.Second)
			other := v.mesos.Agents()[0]
			if other == v.agentOf("job") {
				other = v.mesos.Agents()[1]
			}
			other.Heal()
			v.task("next", `shell: sleep 1`)
			v.pass(time.Minute)
			if got := v.reason("next"); got != v1alpha1.ReasonRunning {
				v.Errorf("the next task is %s, want it to run: the proof was had before", got)
			}
		},
		"an object whose task is unreachable is not let go": func(v *virtual) {
			v.agentOf("job").Partition()
			v.pass(5 * time.Minute)
			v.delete("job")
			v.pass(2 * time.Hour)
			if !v.exists("job") {
				v.Fatal("it was let go")
			}
			if message := messageOf(v.get("job")); !strings.Contains(message, "mesos.dev/give-up") {
				v.Errorf("it says %q, want what would let it go", message)
			}
		},
		"a kill is repeated until the task is over": func(v *virtual) {
			kill := v.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Type: simulator.KillTask, Action: simulator.Drop, Count: 3})
			v.delete("job")
			v.pass(30 * time.Minute)
			if v.exists("job") || kill.Hits() != 3 || v.mesos.LiveTasks() != 0 {
				v.Errorf("exists %t, %d kills lost, %d tasks live, want it over", v.exists("job"), kill.Hits(), v.mesos.LiveTasks())
			}
		},
		"a suspended task whose agent is away is killed when it is back": func(v *virtual) {
			agent := v.agentOf("job")
			agent.Partition()
			v.pass(5 * time.Minute)
			v.patch("job", `spec: {suspend: true}`)
			v.pass(5 * time.Minute)
			agent.Heal()
			v.pass(time.Minute)
			if got := v.reason("job"); got != v1alpha1.ReasonSuspended || v.mesos.LiveTasks() != 0 {
				v.Errorf("it is %s and %d tasks live, want it suspended", got, v.mesos.LiveTasks())
			}
		},
		"nothing is launched twice though the process is replaced again and again": func(v *virtual) {
			for range 5 {
				v.stop()
				v.start()
				v.pass(time.Second)
			}
			v.pass(time.Minute)
			if len(v.starts()) != 1 || v.reason("job") != v1alpha1.ReasonRunning {
				v.Errorf("%d starts, it is %s", len(v.starts()), v.reason("job"))
			}
		},
		"a pass writes nothing to tasks that did not change": func(v *virtual) {
			before := v.get("job").ResourceVersion
			v.pass(2 * time.Hour)
			if after := v.get("job").ResourceVersion; after != before {
				v.Errorf("resource version %s became %s", before, after)
			}
			if got := v.mesos.Calls("RECONCILE"); got < 8 {
				v.Errorf("%d RECONCILE calls in two hours, want one pass each quarter", got)
			}
		},
		"an empty explicit RECONCILE is never sent": func(v *virtual) {
			v.delete("job")
			v.pass(time.Hour)
			// What is empty is the implicit one, which a fence precedes and an end mark follows, always.
			var kinds []int
			for _, record := range v.mesos.CallLog() {
				if record.Type == "RECONCILE" {
					kinds = append(kinds, len(record.Call.GetReconcile().GetTasks()))
				}
			}
			for i, kind := range kinds {
				if kind == 0 && (i == 0 || i == len(kinds)-1 || kinds[i-1] != 1 || kinds[i+1] != 1) {
					v.Errorf("RECONCILE calls named %v tasks, want each empty one between two marks", kinds)
				}
			}
			if !slices.Contains(kinds, 0) {
				v.Errorf("RECONCILE calls named %v tasks, want an implicit one", kinds)
			}
		},
		"a changed restart policy restarts nothing": func(v *virtual) {
			v.patch("job", `spec: {restartPolicy: Always, deletionPolicy: Orphan, maxRestarts: 3, backoff: {initialSeconds: 9}, unreachable: {replaceAfterSeconds: 9}}`)
			v.pass(time.Minute)
			if len(v.starts()) != 1 || v.mesos.Calls("KILL") != 0 {
				v.Errorf("%d starts and %d KILLs", len(v.starts()), v.mesos.Calls("KILL"))
			}
		},
	}
	for sentence, tempt := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, restartPolicy: Never`)
				v.pass(30 * time.Second)
				if got := v.reason("job"); got != v1alpha1.ReasonRunning {
					v.Fatalf("it is %s before anything happens", got)
				}
				tempt(v)
				v.checkTruth()
			})
		})
	}
}

// TestReplacement is rule 16: the timer runs on the time recorded here, and what replaces an attempt follows an answer that was asked for after
// the timer ran out.
func TestReplacement(t *testing.T) {
	const after = 300 * time.Second
	cases := map[string]struct {
		// happens is what befalls the attempt once its agent has been unreachable for half of that time.
		happens func(v *virtual)
		// replaced says whether another is launched, within restarts further starts of the process.
		replaced bool
	}{
		"after the time, by the answer that was asked for then": {func(*virtual) {}, true},
		"the time goes on though the process is replaced": {func(v *virtual) {
			v.stop()
			v.start()
		}, true},
		"never without an answer": {func(v *virtual) {
			v.mesos.Inject(simulator.Fault{Target: simulator.EventFault, Type: "UPDATE", Task: v.get("job").Status.Task.ID, Action: simulator.Drop, Count: -1})
		}, false},
		"never once it is back": {func(v *virtual) { v.agentOf("job").Heal() }, false},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 300}`)
				v.pass(30 * time.Second)
				v.agentOf("job").Partition()
				for v.reason("job") != v1alpha1.ReasonAgentUnreachable {
					v.pass(time.Second)
				}
				lost := time.Now()
				v.pass(after / 2)
				tc.happens(v)
				v.pass(after)
				starts := v.starts()
				if tc.replaced != (len(starts) == 2) {
					v.Fatalf("%d starts, want it replaced: %t", len(starts), tc.replaced)
				}
				if tc.replaced {
					if took := starts[1].Sub(lost); took < after-2*time.Second || took > after+30*time.Second {
						v.Errorf("replaced after %v, want about %v", took, after)
					}
				}
			})
		})
	}
}

// TestHold: where agents are missing, nothing new is launched before the hold has run out and Mesos was asked once more since.
func TestHold(t *testing.T) {
	inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.stop()
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0.5})
		v.pass(5 * time.Second)
		began := time.Now()
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Minute)
		starts := v.starts()
		if len(starts) != 1 {
			v.Fatalf("%d starts, want one", len(starts))
		}
		held := starts[0].Sub(began)
		if held < 900*time.Second || held > 1000*time.Second {
			v.Errorf("launched after %v, want 900 s and a moment", held)
		}
		var asked time.Time
		for _, record := range v.mesos.CallLog() {
			if record.Type == "RECONCILE" && len(record.Call.GetReconcile().GetTasks()) == 0 && record.Time.Before(starts[0]) {
				asked = record.Time
			}
		}
		if asked.Sub(began) < 900*time.Second {
			v.Errorf("Mesos was last asked for all after %v, want it asked once the hold had run out", asked.Sub(began))
		}
	})
}
