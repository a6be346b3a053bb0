package system

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// wipe takes the binding, the finalizer and the status of a MesosTask away.
func (v *virtual) wipe(name string) {
	v.Helper()
	v.patch(name, `metadata: {annotations: null, finalizers: null}`)
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}
	if err := v.client.Status().Patch(context.Background(), task, client.RawPatch("application/merge-patch+json", []byte(`{"status":null}`))); err != nil {
		v.Fatal(err)
	}
}

// frameworkNow is the test's MesosFramework as it is.
func (v *virtual) frameworkNow() *v1alpha1.MesosFramework {
	v.Helper()
	framework := &v1alpha1.MesosFramework{}
	if err := v.client.Get(context.Background(), client.ObjectKey{Name: v.namespace}, framework); err != nil {
		v.Fatal(err)
	}
	return framework
}

// liveNow are the task IDs that run, whatever anybody believes.
func (v *virtual) liveNow() (taskIDs []string) {
	for _, task := range v.mesos.Tasks() {
		taskIDs = append(taskIDs, task.TaskID)
	}
	slices.Sort(taskIDs)
	return taskIDs
}

// TestAdoption_ofAnEndThatNobodyRecorded: the task ends while nothing in the API names it any more, and its agent still holds the update.
func TestAdoption_ofAnEndThatNobodyRecorded(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: TASK_FAILED, restartPolicy: Never`)
		v.pass(ranFor / 2)
		first := v.get("job").Status.Task.ID
		v.stop()
		v.wipe("job")
		v.pass(ranFor)
		v.start()
		v.pass(time.Minute)
		task := v.get("job")
		if task.Status.Task == nil || task.Status.Task.ID != first || v.reason("job") != v1alpha1.ReasonFailed || len(v.starts()) != 1 {
			v.Errorf("it is %s after %d starts as %+v, want %s failed", v.reason("job"), len(v.starts()), task.Status.Task, first)
		}
	})
}

// TestGiveUp_ofWhatRuns: that a process has not heard of a task yet is no reason to give it up.
func TestGiveUp_ofWhatRuns(t *testing.T) {
	cases := map[string]func(v *virtual){
		"it runs on":                              func(*virtual) {},
		"it runs on under another process":        func(v *virtual) { v.stop(); v.start() },
		"it runs on though the master fails over": func(v *virtual) { v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1}) },
		"it runs on though its agent takes its time to come back after a failover": func(v *virtual) {
			v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1, AgentsAfter: 4 * time.Minute})
		},
		"it runs on under another process while Mesos is away": func(v *virtual) {
			v.mesos.StopMaster(0)
			v.stop()
			v.start()
			v.pass(5 * time.Minute)
			v.mesos.StartMaster(0)
		},
	}
	for sentence, happens := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(30 * time.Second)
				first := v.get("job").Status.Task.ID
				v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first+`}}`)
				v.pass(5 * time.Second)
				happens(v)
				v.pass(5 * time.Minute)
				if got := v.get("job").Status.Task; got == nil || got.ID != first || len(v.starts()) != 1 || v.mesos.Calls("KILL") != 0 {
					v.Errorf("runs as %+v after %d starts and %d KILLs, want %s undisturbed", got, len(v.starts()), v.mesos.Calls("KILL"), first)
				}
				// Nor is the object let go before its task is over.
				v.stop()
				v.delete("job")
				v.start()
				v.pass(time.Minute)
				if v.exists("job") || len(v.liveNow()) > 0 || len(v.frameworkNow().Status.Abandoned) > 0 {
					v.Errorf("exists: %t, live: %v, abandoned: %v, want it killed", v.exists("job"), v.liveNow(), v.frameworkNow().Status.Abandoned)
				}
			})
		})
	}
}

// TestGiveUp_whileAgentsAreAwaited: after a failover of the master it says nothing of tasks whose agents have yet to come back.
func TestGiveUp_whileAgentsAreAwaited(t *testing.T) {
	cases := map[string]func(v *virtual){
		"by the process that launched it": func(*virtual) {},
		"by another process":              func(v *virtual) { v.stop(); v.start() },
	}
	for sentence, happens := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(30 * time.Second)
				first := v.get("job").Status.Task.ID
				v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1, AgentsAfter: 9 * time.Minute})
				v.pass(time.Minute)
				v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first+`}}`)
				happens(v)
				v.pass(4 * time.Minute)
				if said := v.said("job"); !strings.Contains(said, "takes effect if Mesos is still silent after") {
					t.Errorf("it says %q", said)
				}
				v.pass(15 * time.Minute)
				if got := v.get("job").Status.Task; got == nil || got.ID != first || len(v.starts()) != 1 || v.mesos.Calls("KILL") != 0 {
					t.Errorf("runs as %+v after %d starts and %d KILLs, want %s undisturbed", got, len(v.starts()), v.mesos.Calls("KILL"), first)
				}
			})
		})
	}
}

// TestGiveUp_isSpent: what Mesos has answered to live is not given up by the same word, whoever puts it back, and by another it is.
func TestGiveUp_isSpent(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task
		v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first.ID+`}}`)
		v.pass(5 * time.Second)
		v.patch("job", `metadata: {annotations: {mesos.dev/give-up: null}}`)
		v.pass(5 * time.Second)
		v.stop()
		v.start()
		v.agentOf("job").Partition()
		v.pass(5 * time.Minute)
		v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first.ID+`}}`)
		v.pass(5 * time.Minute)
		if got := v.get("job").Status.Task; got == nil || got.ID != first.ID || v.reason("job") != v1alpha1.ReasonAgentUnreachable {
			t.Fatalf("it is %s as %+v, want %s not given up", v.reason("job"), got, first.ID)
		}
		v.patch("job", `metadata: {annotations: {mesos.dev/give-up: "`+first.ID+`,2"}}`)
		v.pass(time.Minute)
		if got := v.get("job").Status.Task; got == nil || got.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning {
			t.Errorf("it is %s as %+v, want another attempt to run", v.reason("job"), got)
		}
	})
}

// TestGiveUp_ofWhatIsSilent: after a failover of the master it says nothing of tasks whose agents do not come back.
func TestGiveUp_ofWhatIsSilent(t *testing.T) {
	inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		for _, agent := range v.mesos.Agents() {
			if agent.ID() != first.AgentID {
				agent.Heal()
			}
		}
		v.pass(time.Minute)
		v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first.ID+`}}`)
		v.pass(12 * time.Minute)
		if got := v.get("job").Status.Task; got == nil || got.ID != first.ID {
			t.Fatalf("it is %s as %+v before its agent has had its time to come back", v.reason("job"), got)
		}
		v.pass(5 * time.Minute)
		if got := v.get("job").Status.Task; got == nil || got.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning {
			v.Errorf("it is %s as %+v, want another attempt to run", v.reason("job"), got)
		}
	})
}

// TestRegistration_thatWasNeverStored: the API is away while Mesos gives the framework an ID, and Mesos forgets that ID before it is back.
func TestRegistration_thatWasNeverStored(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		away := errors.New("the API is away")
		var storing, mute atomic.Bool
		v.watch = func(step leadership.Step, send func() error) error {
			switch {
			case step.Kind == leadership.StepWriteFramework && step.What == "metadata" && !storing.Load() && v.mesos.Calls("SUBSCRIBE") > 0:
				return away
			case step.Kind == leadership.StepCall && step.What == "SUBSCRIBE" && mute.Load():
				return away
			default:
				return send()
			}
		}
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(10 * time.Second)
		if got := v.mesos.Frameworks(); len(got) != 1 || v.frameworkNow().Status.FrameworkID != "" {
			v.Fatalf("Mesos knows %v and the object names %q, want an ID that is not stored", got, v.frameworkNow().Status.FrameworkID)
		}
		mute.Store(true)
		v.mesos.CutStream(v.mesos.Frameworks()[0], 0)
		v.pass(3 * time.Minute)
		storing.Store(true)
		mute.Store(false)
		v.pass(2 * time.Minute)
		framework := v.frameworkNow()
		if !meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionConnected) || len(framework.Status.ReplacedFrameworkIDs) > 0 {
			v.Errorf("the framework is %+v, want it registered anew", framework.Status)
		}
		if got := v.reason("job"); got != v1alpha1.ReasonRunning {
			v.Errorf("the task is %s", got)
		}
	})
}

// TestAdoption_ofWhatWasLiveOnlyBefore: a live task without an object is in no pass. After a failover of the master nobody knows whether it
// runs until its agent is back: an object of its name neither takes it over unseen nor launches beside it.
func TestAdoption_ofWhatWasLiveOnlyBefore(t *testing.T) {
	inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task
		agent := v.agentOf("job")
		v.stop()
		v.patch("job", `metadata: {finalizers: null}`)
		v.delete("job")
		v.start()
		v.pass(time.Minute)
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		for _, other := range v.mesos.Agents() {
			if other != agent {
				other.Heal()
			}
		}
		v.pass(time.Minute)
		v.task("job", `shell: sleep 1`)
		v.pass(10 * time.Minute)
		if task := v.get("job"); task.Status.Task != nil || len(v.starts()) != 1 {
			v.Errorf("it is %s as %+v after %d starts, want it to wait", v.reason("job"), task.Status.Task, len(v.starts()))
		}
		agent.Heal()
		v.pass(2 * time.Minute)
		if got := v.get("job").Status.Task; got == nil || got.ID != first.ID || len(v.starts()) != 1 {
			v.Errorf("runs as %+v after %d starts, want it adopted", got, len(v.starts()))
		}
	})
}

// TestOtherFramework_ofAnEarlierObject: an object is deleted and made anew for another framework. What the first framework runs under its name is
// still the first one's to settle.
func TestOtherFramework_ofAnEarlierObject(t *testing.T) {
	cases := map[string]struct {
		policy string
		spec   string
	}{
		"what was abandoned is killed when it is back": {"Keep", `unreachable: {replaceAfterSeconds: 0}`},
		"what is an orphan is killed and acknowledged": {"Kill", `killGracePeriodSeconds: 1`},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				second := v.namespace + "-second"
				v.framework("orphanPolicy: " + tc.policy)
				v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s}, spec: {controllerName: mesos.dev/%s, masters: {urls: [%q]}}}`,
					second, v.namespace, v.mesos.Masters()[0].URL()), &v1alpha1.MesosFramework{})
				v.start()
				v.task("job", `shell: sleep 1, `+tc.spec)
				v.pass(30 * time.Second)
				first := v.get("job").Status.Task
				agent := v.agentOf("job")
				if tc.policy == "Keep" {
					agent.Partition()
					v.pass(5 * time.Minute)
					v.delete("job")
					v.pass(time.Minute)
				} else {
					v.stop()
					v.patch("job", `metadata: {finalizers: null}`)
					v.delete("job")
					v.start()
				}
				v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: job, namespace: %s}, spec: {frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, shell: sleep 1}}`,
					v.namespace, second), &v1alpha1.MesosTask{})
				v.pass(time.Minute)
				agent.Heal()
				v.pass(5 * time.Minute)
				if live := v.liveNow(); slices.Contains(live, first.ID) || len(live) != 1 {
					v.Errorf("%v run, want the second object's only, not %s", live, first.ID)
				}
				if left := v.frameworkNow().Status.Abandoned; len(left) > 0 {
					v.Errorf("%v is still remembered as abandoned", left)
				}
				acknowledged := 0
				for _, record := range v.mesos.CallLog() {
					if record.Call.GetAcknowledge().GetTaskID().Value == first.ID {
						acknowledged++
					}
				}
				// STARTING, RUNNING, KILLING and KILLED.
				if acknowledged != 4 {
					v.Errorf("%d updates of the first task were acknowledged, want all 4", acknowledged)
				}
			})
		})
	}
}

// TestOldBackup: the object is restored from a backup that knows an earlier attempt only. The one that runs is its own all the same.
func TestOldBackup(t *testing.T) {
	for _, policy := range []string{"Always", "OnFailure", "Never"} {
		t.Run(policy, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, restartPolicy: `+policy)
				v.pass(30 * time.Second)
				backup := v.get("job")
				v.patch("job", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
				v.pass(time.Minute)
				running := v.get("job").Status.Task.ID
				v.stop()
				v.patch("job", `metadata: {finalizers: null}`)
				v.delete("job")
				restored := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
					Name: "job", Namespace: v.namespace, Annotations: backup.Annotations, Finalizers: backup.Finalizers,
				}, Spec: backup.Spec}
				if err := v.client.Create(context.Background(), restored); err != nil {
					v.Fatal(err)
				}
				v.start()
				v.pass(5 * time.Minute)
				if got := v.liveNow(); !slices.Equal(got, []string{running}) || running == backup.Status.Task.ID {
					v.Errorf("%v run, want %s undisturbed", got, running)
				}
				if got := v.reason("job"); got != v1alpha1.ReasonRunning || !strings.Contains(v.get("job").Annotations[v1alpha1.AnnotationBinding], running) {
					v.Errorf("it is %s and bound by %s, want it adopted", got, v.get("job").Annotations[v1alpha1.AnnotationBinding])
				}
			})
		})
	}
}

// TestDrill_restoredFromASnapshot is what docs/backup.md says under that heading: the API server's data are those of an earlier day, with the
// object's own UID, its binding and its status.
func TestDrill_restoredFromASnapshot(t *testing.T) {
	for _, policy := range []string{"Always", "Never"} {
		t.Run(policy, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, restartPolicy: `+policy)
				v.pass(30 * time.Second)
				snapshot := v.get("job")
				v.patch("job", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
				v.pass(time.Minute)
				running := v.get("job").Status.Task.ID
				launches, kills := len(v.starts()), v.mesos.Calls("KILL")
				v.stop()
				v.patch("job", fmt.Sprintf(`metadata: {annotations: {mesos.dev/restarted-at: null, mesos.dev/binding: %q}}`, snapshot.Annotations[v1alpha1.AnnotationBinding]))
				now := v.get("job")
				now.Status = snapshot.Status
				if err := v.client.Status().Update(context.Background(), now); err != nil {
					v.Fatal(err)
				}
				v.start()
				v.pass(5 * time.Minute)
				if got := v.liveNow(); !slices.Equal(got, []string{running}) || len(v.starts()) != launches || v.mesos.Calls("KILL") != kills {
					v.Errorf("%v run after %d more starts and %d more KILLs, want %s undisturbed", got, len(v.starts())-launches, v.mesos.Calls("KILL")-kills, running)
				}
				if got := v.reason("job"); got != v1alpha1.ReasonRunning || v.get("job").Status.Task.ID != running {
					v.Errorf("it is %s as %+v, want %s", got, v.get("job").Status.Task, running)
				}
			})
		})
	}
}
