package system

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// liveTogether are the most attempts of an object that were live at one moment, by the simulator's ledger.
func (v *virtual) liveTogether() (most []string) {
	var live []string
	for _, change := range v.mesos.Ledger() {
		switch change.What {
		case simulator.Started:
			live = append(live, change.TaskID)
			if len(live) > len(most) {
				most = slices.Clone(live)
			}
		case simulator.Ended:
			live = slices.DeleteFunc(live, func(id string) bool { return id == change.TaskID })
		case simulator.ProcessStarted:
		}
	}
	return most
}

// slowStart is a runner whose tasks say nothing for a while, as while an image is fetched, and end in the state that their command names.
func slowStart(after time.Duration) simulator.Runner {
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		if state, ok := mesosv1.TaskState_value[task.GetCommand().GetValue()]; ok {
			script = simulator.EndAfter(time.Second, mesosv1.TaskState(state), "Over")
		}
		script.Steps[0].After = after
		return script
	}}
}

// said is what condition Ready of a MesosTask says.
func (v *virtual) said(name string) string {
	v.Helper()
	if ready := meta.FindStatusCondition(v.get(name).Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Message
	}
	return ""
}

// TestLostBinding_duringTheLaunch: the binding and the finalizer are taken away (kubectl replace, helm upgrade --force, without the admission
// policy) after the ACCEPT was answered 202 and before the first update. The same process knows that it launched.
func TestLostBinding_duringTheLaunch(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, slowStart(3*time.Second), func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(20 * time.Second)
		v.task("job", `shell: sleep 1, restartPolicy: Always`)
		for range 400 {
			if len(v.starts()) > 0 {
				break
			}
			v.pass(10 * time.Millisecond)
		}
		v.pass(50 * time.Millisecond)
		if got := v.get("job"); got.Status.Task != nil || got.Annotations[v1alpha1.AnnotationBinding] == "" || len(v.starts()) != 1 {
			v.Fatalf("it is bound by %q with %d starts and status %+v", got.Annotations[v1alpha1.AnnotationBinding], len(v.starts()), got.Status.Task)
		}
		v.patch("job", `metadata: {annotations: null, finalizers: null}`)
		v.pass(time.Minute)
		if got := v.liveTogether(); len(got) > 1 {
			v.Errorf("%v were live at once", got)
		}
	})
}

// TestLostBinding_ofAJobDuringTheLaunch is the same with a job that is to run once.
func TestLostBinding_ofAJobDuringTheLaunch(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, slowStart(3*time.Second), func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(20 * time.Second)
		v.task("job", `shell: TASK_FINISHED, restartPolicy: Never`)
		for range 400 {
			if len(v.starts()) > 0 {
				break
			}
			v.pass(10 * time.Millisecond)
		}
		v.pass(50 * time.Millisecond)
		v.patch("job", `metadata: {annotations: null, finalizers: null}`)
		v.pass(time.Minute)
		if got := len(v.starts()); got != 1 {
			v.Errorf("it was started %d times, want once: %s", got, v.reason("job"))
		}
	})
}

// TestLaunching_onAnAgentWithALongHostName: what the operator writes as a binding it must be able to read.
func TestLaunching_onAnAgentWithALongHostName(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		for _, agent := range v.mesos.Agents() {
			agent.Partition()
		}
		v.mesos.AddAgent(simulator.AgentSpec{Hostname: strings.Repeat("h", 300), CPUs: 4, Mem: 4096, Disk: 4096, Runner: slowStart(2 * time.Second)})
		v.pass(3 * time.Minute)
		v.framework("")
		v.start()
		v.pass(20 * time.Second)
		v.task("job", `shell: sleep 1`)
		v.pass(4 * time.Second)
		if got := v.liveTogether(); len(got) != 1 {
			v.Errorf("%v were live at once, want one task; it is %s: %s", got, v.reason("job"), v.said("job"))
		}
	})
}

// TestAbandoned_endIsNotANewObjects: an attempt of a deleted object was abandoned and is back; a new object of that name waits
// until it is killed. The kill's end is the old object's, and not the new one's.
func TestAbandoned_endIsNotANewObjects(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = 20 * time.Second
		return script
	}}, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never, killGracePeriodSeconds: 30, unreachable: {replaceAfterSeconds: 0}`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task.ID
		agent := v.agentOf("job")
		agent.Partition()
		v.delete("job")
		v.pass(4 * time.Minute)
		if v.exists("job") || len(v.frameworkNow().Status.Abandoned) != 1 {
			v.Fatalf("exists: %t, abandoned: %v", v.exists("job"), v.frameworkNow().Status.Abandoned)
		}
		v.stop()
		v.start()
		v.pass(time.Minute)
		agent.Heal()
		v.pass(5 * time.Second)
		v.task("job", `shell: sleep 1, restartPolicy: Never, killGracePeriodSeconds: 30, unreachable: {replaceAfterSeconds: 0}`)
		v.pass(5 * time.Minute)
		task := v.get("job")
		if task.Status.Task == nil || task.Status.Task.ID == first || v.reason("job") != v1alpha1.ReasonRunning || len(v.starts()) != 2 {
			v.Errorf("the new object is %s after %d starts as %+v, want it to run as an attempt of its own, not as %s", v.reason("job"), len(v.starts()), task.Status.Task, first)
		}
	})
}

// TestAdoption_deletedBesideALiveTask: a rebuilt object finds a live task of its identity with another spec and is deleted while that is being
// killed. It stays until that is over (rule 11).
func TestAdoption_deletedBesideALiveTask(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task.ID
		v.stop()
		v.wipe("job")
		v.patch("job", `spec: {shell: sleep 2}`)
		lost := v.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Action: simulator.Drop, Type: simulator.KillTask, Count: -1})
		v.start()
		v.pass(30 * time.Second)
		if got := v.said("job"); !strings.Contains(got, "Killing "+first) {
			v.Fatalf("it says %q, want it to kill %s first", got, first)
		}
		v.delete("job")
		v.pass(10 * time.Second)
		if !v.exists("job") {
			v.Errorf("the object is gone while %v, which it knows of, is live", v.liveNow())
		}
		// The KILLs so far did not reach the agent, and nobody repeats them.
		lost.Remove()
		v.pass(time.Hour)
		if got := v.liveNow(); len(got) > 0 {
			v.Errorf("an hour later %v still runs: the framework's status has orphans %+v and abandoned %v", got, v.frameworkNow().Status.Orphans, v.frameworkNow().Status.Abandoned)
		}
	})
}

// TestAdoption_rebuiltSuspendedAndResumed: the API is rebuilt from Git, where the job is suspended. Its task, which still runs, is killed for that. Once
// it is resumed it has to run: what ended was our own kill.
func TestAdoption_rebuiltSuspendedAndResumed(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never`)
		v.pass(30 * time.Second)
		v.stop()
		v.wipe("job")
		v.patch("job", `spec: {suspend: true}`)
		v.pass(30 * time.Second)
		v.start()
		v.pass(time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonSuspended || len(v.liveNow()) > 0 {
			v.Fatalf("it is %s and %v run", got, v.liveNow())
		}
		v.patch("job", `spec: {suspend: false}`)
		v.pass(5 * time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonRunning {
			v.Errorf("resumed, it is %s: %s", got, v.said("job"))
		}
	})
}

// TestAdoption_ofAnEndAfterAKillOfAnotherProcess: as above, and the process that sent the KILL is gone before the task has ended. Nobody may take the
// end for the job's own.
func TestAdoption_ofAnEndAfterAKillOfAnotherProcess(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = 20 * time.Second
		return script
	}}, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never, killGracePeriodSeconds: 60`)
		v.pass(30 * time.Second)
		v.stop()
		v.wipe("job")
		v.patch("job", `spec: {suspend: true}`)
		v.start()
		for range 400 {
			if v.mesos.Calls("KILL") > 0 {
				break
			}
			v.pass(100 * time.Millisecond)
		}
		v.stop()
		v.patch("job", `spec: {suspend: false}`)
		v.pass(time.Minute)
		if killed := v.mesos.Calls("KILL"); killed == 0 || len(v.liveNow()) > 0 {
			v.Fatalf("%d KILLs, and %v run", killed, v.liveNow())
		}
		v.start()
		v.pass(5 * time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonRunning || len(v.starts()) != 2 {
			v.Errorf("after %d starts it is %s: %s", len(v.starts()), got, v.said("job"))
		}
	})
}

// TestAdoption_ofAKilledTaskWhoseStatusIsLost: the job is being killed as a person asked for a restart, and its binding and its status are taken away.
// The task that dies is not taken over, and its end is not the job's.
func TestAdoption_ofAKilledTaskWhoseStatusIsLost(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = 50 * time.Second
		return script
	}}, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never, killGracePeriodSeconds: 60`)
		v.pass(30 * time.Second)
		v.patch("job", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
		v.pass(5 * time.Second)
		v.stop()
		v.wipe("job")
		v.start()
		v.pass(5 * time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonRunning || len(v.starts()) != 2 {
			v.Errorf("after %d starts it is %s: %s", len(v.starts()), got, v.said("job"))
		}
	})
}

// TestCompleted_changedAndChangedBack: the spec of a job that has completed is changed, and changed back as the binding of the change is written. The job
// does not run again.
func TestCompleted_changedAndChangedBack(t *testing.T) {
	for name, restarts := range map[string]bool{"in the same process": false, "and the process ends before the ACCEPT is sent": true} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
				bindings, ended := atomic.Int32{}, make(chan struct{})
				v.watch = func(step leadership.Step, send func() error) error {
					if restarts && bindings.Load() == 2 && step.Kind == leadership.StepCall {
						return errors.New("the process is gone")
					}
					err := send()
					if step.Kind == leadership.StepWriteTask && step.What == "binding" {
						if bindings.Add(1) == 2 {
							v.patch("job", `spec: {shell: TASK_FINISHED}`)
							close(ended)
						}
					}
					return err
				}
				v.framework("")
				v.start()
				v.task("job", `shell: TASK_FINISHED, restartPolicy: Never`)
				v.pass(ranFor + time.Minute)
				if got := v.reason("job"); got != v1alpha1.ReasonCompleted {
					v.Fatalf("it is %s", got)
				}
				v.patch("job", `spec: {shell: "TASK_FINISHED "}`)
				<-ended
				if restarts {
					v.stop()
					v.watch = nil
					v.start()
				}
				v.pass(5 * time.Minute)
				if got := v.reason("job"); got != v1alpha1.ReasonCompleted || len(v.starts()) != 1 {
					v.Errorf("after %d starts it is %s: %s", len(v.starts()), got, v.said("job"))
				}
			})
		})
	}
}
