package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestFault01_crashBeforeOrAfterTheFinalizerWrite is row 1: crash before/after finalizer write. The finalizer comes with the binding: without it the object
// goes at once, with it no sooner than a successor knows that nothing runs. It is taken away once all is over, and nothing of that is done twice.
func TestFault01_crashBeforeOrAfterTheFinalizerWrite(t *testing.T) {
	for _, at := range moments {
		t.Run("that adds it, "+string(at), func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.startDoomed().dies(leadership.StepWriteTask, "binding", at, nil, func() { v.task("job", `shell: sleep 1, restartPolicy: Never`) })
				v.delete("job")
				if want := at != before; v.exists("job") != want {
					v.Fatalf("while nobody works, the deleted object exists: %t, want %t", v.exists("job"), want)
				}
				v.start()
				v.pass(2 * time.Minute)
				v.wantGone("job")
				if got := v.counted(); got.Starts+got.Launches != 0 {
					v.Errorf("counted %+v, want nothing launched", got)
				}
			})
		})
		t.Run("that takes it away, "+string(at), func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				first := v.startDoomed()
				v.task("job", `shell: sleep 1, restartPolicy: Never`)
				v.pass(30 * time.Second)
				first.dies(leadership.StepWriteTask, "finalizer", at, nil, func() { v.delete("job") })
				if want := at == before; v.exists("job") != want {
					v.Fatalf("while nobody works, the deleted object exists: %t, want %t", v.exists("job"), want)
				}
				died := v.counted()
				v.start()
				v.pass(2 * time.Minute)
				v.wantGone("job")
				// The task's last update is the successor's to acknowledge: nobody accounts for it any more.
				want := counts{Acks: 1}
				if at == before {
					want.Objects = 1
				}
				v.wantCounts(died, want)
			})
		})
	}
}

// TestFault02_crashAfterTheIntentIsDurableBeforeACCEPT is row 2. An agent that is registered answers TASK_GONE, and another attempt is made; of one that is
// unreachable, or expected back after a failover, nothing is known, and the task waits.
func TestFault02_crashAfterTheIntentIsDurableBeforeACCEPT(t *testing.T) {
	for sentence, away := range map[string]func(v *virtual, agent *simulator.Agent){
		"its agent is registered": nil,
		"its agent is unreachable": func(v *virtual, agent *simulator.Agent) {
			agent.Partition()
			v.pass(2 * time.Minute)
		},
		"its agent is expected back": func(v *virtual, agent *simulator.Agent) {
			v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
			for _, other := range v.mesos.Agents() {
				if other != agent {
					other.Heal()
				}
			}
			v.pass(time.Minute)
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, nil, func(v *virtual) {
				v.framework("")
				v.startDoomed().dies(leadership.StepWriteTask, "binding", answered, nil, func() { v.task("job", `shell: sleep 1`) })
				intended := v.boundTo("job")
				if away != nil {
					away(v, v.agent(intended.AgentID))
				}
				v.start()
				v.pass(time.Hour)
				if away != nil {
					if bound := v.boundTo("job"); bound.TaskID != intended.TaskID || v.since(counts{}) != (counts{Objects: 1, Statuses: v.counted().Statuses}) {
						v.Fatalf("it is bound as %s after %+v, want it to wait as %s", bound.TaskID, v.counted(), intended.TaskID)
					}
					v.agent(intended.AgentID).Heal()
					v.pass(2 * time.Minute)
				}
				task := v.get("job")
				if running := v.wantRunning("job"); running.ID == intended.TaskID || task.Status.Restarts != 0 {
					v.Errorf("it runs as %s after %d restarts, want another attempt than %s and no restart", running.ID, task.Status.Restarts, intended.TaskID)
				}
				if got := v.counted(); got.Starts != 1 || got.Launches != 1 || got.Kills != 0 {
					v.Errorf("counted %+v, want one launch", got)
				}
			})
		})
	}
}

// TestFault03_crashAfterACCEPTIsSentBefore202OrAfterItBeforeAnyUpdate is row 3. The successor finds the launch as TASK_STAGING, or TASK_GONE where it never
// took effect; an ACCEPT that comes after the successor has subscribed bears the old stream ID, and is refused.
func TestFault03_crashAfterACCEPTIsSentBefore202OrAfterItBeforeAnyUpdate(t *testing.T) {
	const untold = 2 * time.Minute
	for sentence, c := range map[string]struct {
		at moment
		// fault meets the ACCEPT; lost says that it never takes effect.
		fault *simulator.Fault
		lost  bool
	}{
		"before 202":                        {sent, nil, false},
		"after 202, before any update":      {answered, nil, false},
		"before 202, and it did not arrive": {sent, &simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Drop}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, slowStart(untold), func(v *virtual) {
				v.framework("")
				first := v.startDoomed()
				v.pass(10 * time.Second)
				if c.fault != nil {
					v.mesos.Inject(*c.fault)
				}
				first.dies(leadership.StepCall, "ACCEPT", c.at, nil, func() { v.task("job", `shell: sleep 1, restartPolicy: Never`) })
				intended := v.boundTo("job").TaskID
				v.start()
				v.pass(untold / 2)
				if got := v.reason("job"); got != v1alpha1.ReasonLaunching {
					v.Errorf("before any update it is %s: %s", got, v.said("job"))
				}
				v.pass(untold)
				if running := v.wantRunning("job"); (running.ID != intended) != c.lost {
					v.Errorf("it was launched as %s and runs as %s", intended, running.ID)
				}
				want := counts{Starts: 1, Launches: 1}
				if c.lost {
					want.Launches = 2
				}
				if got := v.counted(); got.Starts != want.Starts || got.Launches != want.Launches || got.Kills != 0 {
					v.Errorf("counted %+v, want %+v", got, want)
				}
			})
		})
	}
	t.Run("it arrives after the successor has subscribed", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
			v.mesos.Agents()[1].Unregister() // so that no DECLINE of another offer lets go of what is held
			v.framework("")
			process := v.startDoomed()
			v.pass(10 * time.Second)
			held := v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Reorder})
			process.arm(leadership.StepCall, "ACCEPT", sent, nil)
			v.task("job", `shell: sleep 1, restartPolicy: Never`)
			for held.Hits() == 0 {
				v.pass(100 * time.Millisecond)
			}
			// Its machine is cut off: the connections stay, and the next call that takes effect is the successor's SUBSCRIBE.
			intended, first := v.boundTo("job").TaskID, v.running
			v.api.Sever(first.name)
			v.start()
			v.pass(time.Minute)
			first.kill()
			statuses := map[string]int{}
			for _, call := range v.mesos.CallLog() {
				for _, task := range launchedIn(call.Call) {
					statuses[task.TaskID.Value] = call.Status
				}
			}
			if running := v.wantRunning("job"); running.ID == intended || len(v.starts()) != 1 || statuses[intended] != 400 || statuses[running.ID] != 202 {
				v.Errorf("it runs as %s after %d starts, ACCEPTs were answered %v, want that of %s refused", running.ID, len(v.starts()), statuses, intended)
			}
		})
	})
}

// TestFault05_crashBetweenUPDATEAndTheStatusWrite is row 5. What was not stored was not acknowledged: the agent says it again, under the same uuid.
func TestFault05_crashBetweenUPDATEAndTheStatusWrite(t *testing.T) {
	for _, state := range []string{"TASK_RUNNING", "TASK_FINISHED"} {
		t.Run(state, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
				v.framework("")
				first := v.startDoomed()
				v.pass(10 * time.Second)
				// told says that the update was sent.
				told := func() bool { return len(v.updates(state)) > 0 }
				first.dies(leadership.StepWriteTask, "status", before, told, func() {
					v.task("job", `shell: TASK_FINISHED, restartPolicy: Never`)
				})
				if acked := v.acknowledged(v.updates(state)[0]); acked != 0 {
					v.Fatalf("%s was acknowledged, and is not stored", state)
				}
				v.start()
				v.pass(2 * time.Minute)
				updates := v.updates(state)
				if len(updates) < 2 || slices.ContainsFunc(updates, func(uuid string) bool { return uuid != updates[0] }) || v.acknowledged(updates[0]) != 1 {
					v.Errorf("%s was told as %x and acknowledged %d times, want the same uuid again, acknowledged once", state, updates, v.acknowledged(updates[0]))
				}
				if got := v.counted(); v.reason("job") != v1alpha1.ReasonCompleted || got.Starts != 1 || got.Statuses > 3 {
					v.Errorf("it is %s after %+v, want it completed after one start and at most three statuses, one of them while Mesos is not there yet", v.reason("job"), got)
				}
			})
		})
	}
}

// TestFault06_crashBetweenTheStatusWriteAndACK is row 6: the update comes again, nothing is written for it, and it is acknowledged.
func TestFault06_crashBetweenTheStatusWriteAndACK(t *testing.T) {
	for _, state := range []string{"TASK_RUNNING", "TASK_FINISHED"} {
		for _, at := range []moment{before, sent} {
			t.Run(fmt.Sprintf("%s, %s", state, at), func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
					v.framework("")
					first := v.startDoomed()
					v.pass(10 * time.Second)
					told := func() bool { return len(v.updates(state)) > 0 }
					first.dies(leadership.StepCall, "ACKNOWLEDGE", at, told, func() {
						v.task("job", `shell: TASK_FINISHED, restartPolicy: Never`)
					})
					stored := v.get("job")
					if stored.Status.Task.State != state {
						v.Fatalf("status says %s as %s is acknowledged", stored.Status.Task.State, state)
					}
					died, end := v.counted(), time.Now().Add(10*time.Second)
					v.start()
					for time.Now().Before(end) && len(v.updates("TASK_FINISHED")) == 0 {
						v.pass(time.Second)
					}
					if state == "TASK_FINISHED" {
						v.pass(2 * time.Minute)
					}
					if again := v.get("job"); again.ResourceVersion != stored.ResourceVersion {
						v.Errorf("written again: %+v, was %+v", again.Status, stored.Status)
					}
					if got := v.since(died).Acks; got == 0 && at == before {
						v.Error("it was not acknowledged")
					}
					v.pass(2 * time.Minute)
					if got := v.counted(); v.reason("job") != v1alpha1.ReasonCompleted || got.Starts != 1 || got.Kills != 0 {
						v.Errorf("it is %s after %+v", v.reason("job"), got)
					}
				})
			})
		}
	}
}

// TestFault07_crashBetweenTheTerminalStatusACKAndTheNextIntent is row 7: the end stays as it was recorded, and one attempt follows it.
func TestFault07_crashBetweenTheTerminalStatusACKAndTheNextIntent(t *testing.T) {
	for _, step := range []leadership.Step{
		{Kind: leadership.StepWriteTask, What: "status"},
		{Kind: leadership.StepCall, What: "ACKNOWLEDGE"},
		{Kind: leadership.StepWriteTask, What: "binding"},
		{Kind: leadership.StepCall, What: "ACCEPT"},
	} {
		for _, at := range moments {
			t.Run(fmt.Sprintf("%s, %s", step.What, at), func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
					v.framework("")
					process := v.startDoomed()
					v.pass(10 * time.Second)
					v.task("job", `shell: TASK_FAILED, restartPolicy: OnFailure`)
					v.pass(ranFor / 2)
					first := v.get("job").Status.Task.ID
					process.dies(step.Kind, step.What, at, nil, func() {})
					v.start()
					v.pass(5 * time.Minute)
					running, task := v.wantRunning("job"), v.get("job")
					if running.ID == first || task.Status.Restarts != 1 {
						v.Errorf("it runs as %s after %d restarts, want another than %s after one", running.ID, task.Status.Restarts, first)
					}
					if earlier := v.earlier("job", first); earlier.State != "TASK_FAILED" || earlier.Message != "Over" || earlier.FinishTime == nil {
						v.Errorf("of %s the history says %+v, want its end", first, earlier)
					}
					if got := v.counted(); got.Starts != 2 || got.Kills != 0 || len(v.liveTogether()) != 1 {
						v.Errorf("counted %+v, %v lived together, want two starts, one after the other", got, v.liveTogether())
					}
				})
			})
		}
	}
}

// TestFault08_crashBetweenDeletionTimestampKILLKILLEDStatusACKAndFinalizerRemoval is row 8, at each of its points: the object goes, and not before its task is
// over.
func TestFault08_crashBetweenDeletionTimestampKILLKILLEDStatusACKAndFinalizerRemoval(t *testing.T) {
	for sentence, c := range map[string]struct {
		kind  leadership.StepKind
		what  string
		ended bool
	}{
		"KILL":                          {leadership.StepCall, "KILL", false},
		"the status meanwhile":          {leadership.StepWriteTask, "status", false},
		"the removal of the finalizer":  {leadership.StepWriteTask, "finalizer", true},
		"the acknowledgement of KILLED": {leadership.StepCall, "ACKNOWLEDGE", true},
	} {
		for _, at := range moments {
			t.Run(fmt.Sprintf("%s, %s", sentence, at), func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, slowKill(20*time.Second), func(v *virtual) {
					v.framework("")
					process := v.startDoomed()
					v.task("job", `shell: sleep 1, killGracePeriodSeconds: 30`)
					v.pass(30 * time.Second)
					var when func() bool
					if c.ended {
						when = func() bool { return v.mesos.LiveTasks() == 0 }
					}
					process.dies(c.kind, c.what, at, when, func() { v.delete("job") })
					if live := v.mesos.LiveTasks(); live > 0 && !v.exists("job") {
						v.Fatalf("%d live, and the object is gone", live)
					}
					v.start()
					v.pass(3 * time.Minute)
					v.wantGone("job")
					if got := v.counted(); got.Starts != 1 || got.Kills < 1 || got.Kills > 2 {
						v.Errorf("counted %+v, want one start and one KILL, or another by the successor", got)
					}
				})
			})
		}
	}
}

// TestFault09_crashBetweenSUBSCRIBEDAndTheIDIsDurable is row 9. Nobody can find the framework again that Mesos made: it was registered for a minute only, and
// goes. Once the ID is durable, it is kept.
func TestFault09_crashBetweenSUBSCRIBEDAndTheIDIsDurable(t *testing.T) {
	for _, at := range moments {
		t.Run(string(at), func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				process := v.startDoomed()
				subscribed := func() bool { return len(v.mesos.Frameworks()) > 0 }
				process.dies(leadership.StepWriteFramework, "metadata", at, subscribed, func() { v.framework("") })
				if got := v.counted(); len(v.mesos.Frameworks()) != 1 || got.Launches > 0 {
					v.Fatalf("Mesos knows %v after %+v", v.mesos.Frameworks(), got)
				}
				made := v.mesos.Frameworks()[0]
				v.task("job", `shell: sleep 1`)
				v.start()
				v.pass(5 * time.Minute)
				framework := v.frameworkNow()
				if known := v.mesos.Frameworks(); !slices.Equal(known, []string{framework.Status.FrameworkID}) || (made != framework.Status.FrameworkID) != (at == before) {
					v.Errorf("Mesos made %s, knows %v and the object names %s", made, known, framework.Status.FrameworkID)
				}
				v.wantRunning("job")
				// Its timeout was raised since: a night without the operator ends nothing.
				v.stop()
				v.pass(10 * time.Hour)
				v.start()
				v.pass(time.Minute)
				v.wantRunning("job")
				if got := v.counted(); got.Starts != 1 || framework.Status.FrameworkID != v.frameworkNow().Status.FrameworkID {
					v.Errorf("after a night it is %s, %+v", v.frameworkNow().Status.FrameworkID, got)
				}
			})
		})
	}
}

// TestFault22_schedulerRestartWhileTasksChangeState is row 22: what happened in the meantime is all known within the first pass, and each in its own words.
func TestFault22_schedulerRestartWhileTasksChangeState(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byCommand(ranFor), func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		for name, spec := range map[string]string{
			"finishes": `shell: TASK_FINISHED, restartPolicy: Never`, "fails": `shell: TASK_FAILED, restartPolicy: Never`, "again": `shell: TASK_FAILED`,
			"stays": `shell: sleep 1`, "goes": `shell: sleep 1`, "lost": `shell: sleep 1, placement: {constraints: [{by: {attribute: rack}, operator: In, values: [lost]}]}`,
		} {
			if name == "lost" {
				v.rack("lost", 1)
			}
			v.task(name, spec)
		}
		v.pass(ranFor / 2)
		stays, again := v.wantRunning("stays"), v.wantRunning("again")
		v.running.kill()
		v.agentOf("lost").Partition()
		v.delete("goes")
		v.pass(10 * time.Minute)
		before := v.counted()
		v.start()
		v.pass(2 * time.Minute)
		for name, want := range map[string]string{
			"finishes": v1alpha1.ReasonCompleted, "fails": v1alpha1.ReasonFailed, "stays": v1alpha1.ReasonRunning, "lost": v1alpha1.ReasonAgentUnreachable,
		} {
			if got := v.reason(name); got != want {
				v.Errorf("%s is %s, want %s: %s", name, got, want, v.said(name))
			}
		}
		if got := v.wantRunning("stays"); got.ID != stays.ID {
			v.Errorf("what stays runs as %s, want %s", got.ID, stays.ID)
		}
		if earlier := v.earlier("again", again.ID); earlier.Message != "Over" || earlier.FinishTime == nil {
			v.Errorf("of what was launched again the history says %+v", earlier)
		}
		if v.exists("goes") {
			v.Errorf("what was deleted exists: %s", v.said("goes"))
		}
		if got := v.since(before); got.Kills != 1 {
			v.Errorf("counted %+v, want one KILL, of what was deleted", got)
		}
		reconciled := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, v1alpha1.ConditionTasksReconciled)
		if reconciled == nil || reconciled.Reason != v1alpha1.ReasonReconciled {
			v.Errorf("TasksReconciled is %+v", reconciled)
		}
	})
}

// TestFault25_regainedLeadershipInTheSameProcess is row 25. A process that loses its lease ends, and with it all that it knew; what happened under its
// successor stays when it is started again and leads again.
func TestFault25_regainedLeadershipInTheSameProcess(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.elects = true
		v.framework("")
		first := v.start()
		v.pass(10 * time.Second)
		for _, name := range []string{"stays", "goes", "changes"} {
			v.task(name, `shell: sleep 1`)
		}
		v.pass(30 * time.Second)
		stays, changes := v.wantRunning("stays"), v.wantRunning("changes")
		second := v.start()
		v.pass(10 * time.Second)
		v.api.Sever(first.name)
		<-first.ended
		if first.err == nil || !strings.Contains(first.err.Error(), "leader election lost") {
			v.Errorf("the first process ended with %v, want that it lost its lease", first.err)
		}
		v.pass(time.Minute)
		v.delete("goes")
		v.patch("changes", `spec: {shell: sleep 2}`)
		v.task("comes", `shell: sleep 1`)
		v.pass(time.Minute)
		changed, comes := v.wantRunning("changes"), v.wantRunning("comes")
		if changed.ID == changes.ID {
			v.Errorf("the change was not followed by %s", second.name)
		}
		v.wantGone("goes")
		second.kill()
		before := v.counted()
		v.start()
		v.pass(5 * time.Minute)
		v.wantCounts(before, counts{})
		for name, want := range map[string]string{"stays": stays.ID, "changes": changed.ID, "comes": comes.ID} {
			if got := v.wantRunning(name); got.ID != want {
				v.Errorf("%s runs as %s, want %s", name, got.ID, want)
			}
		}
	})
}

// TestFault26_standbyNoSUBSCRIBENoWrites is row 26: for an hour of work nothing at all comes of the process that stands by, and it is there when the leader
// dies. That it is so of real processes is a part of cmd/manager's TestManager.
func TestFault26_standbyNoSUBSCRIBENoWrites(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byCommand(ranFor), func(v *virtual) {
		v.elects = true
		v.framework("")
		leader := v.start()
		v.pass(10 * time.Second)
		standby := v.start()
		v.task("again", `shell: TASK_FAILED`)
		v.task("stays", `shell: sleep 1`)
		for range 6 {
			v.pass(10 * time.Minute)
			v.mesos.CutStream("", 0)
		}
		for _, entry := range v.history.Entries() {
			if entry.Step != nil && entry.Step.Who == standby.name || entry.Write != nil && entry.Write.Who == standby.name || entry.Call != nil && entry.Call.Who == standby.name {
				v.Fatalf("it did something: %s", entry)
			}
		}
		stays, subscribed := v.wantRunning("stays"), v.mesos.Calls("SUBSCRIBE")
		leader.kill()
		v.pass(time.Minute)
		if got := v.wantRunning("stays"); got.ID != stays.ID || v.mesos.Calls("SUBSCRIBE") != subscribed+1 {
			v.Errorf("it runs as %s after %d SUBSCRIBEs, want %s after one", got.ID, v.mesos.Calls("SUBSCRIBE")-subscribed, stays.ID)
		}
	})
}
