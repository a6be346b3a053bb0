package system

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// wipe takes away what the operator wrote to a MesosTask: what is asked for of binding, finalizer and status.
func (w *world) wipe(name string, metadata, status bool) {
	w.t.Helper()
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}
	if metadata {
		w.patch(task, `metadata: {annotations: null, finalizers: null}`)
	}
	if status {
		if err := w.client.Status().Patch(w.t.Context(), task, client.RawPatch("application/merge-patch+json", []byte(`{"status":null}`))); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestAdoption_ofWhatTheAPIForgot(t *testing.T) {
	cases := map[string]struct{ metadata, status bool }{
		"the binding is lost":                 {true, false},
		"the status is lost":                  {false, true},
		"the binding and the status are lost": {true, true},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			w.framework("")
			stop := w.startManager()
			w.task("web", `shell: sleep 1000`)
			running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
			stop()
			w.wipe("web", tc.metadata, tc.status)
			launched := w.mesos.Calls("ACCEPT")
			w.startManager()
			task := w.waitTask("web", "running as it did, and bound", func(task *v1alpha1.MesosTask) bool {
				return meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) && task.Status.Task.ID == running &&
					len(task.Finalizers) == 1 && strings.Contains(task.Annotations[v1alpha1.AnnotationBinding], running)
			})
			if got := task.Status.Restarts; got != 0 {
				t.Errorf("%d restarts, want none", got)
			}
			if diff := cmp.Diff([]string{running}, w.live()); diff != "" {
				t.Errorf("what runs (-want +got):\n%s", diff)
			}
			if got := w.mesos.Calls("ACCEPT"); got != launched {
				t.Errorf("%d ACCEPTs, want none: it was adopted", got-launched)
			}
			// It is the object's own again: it dies with it.
			w.deleteTask("web")
			w.waitGone("web")
			if live := w.live(); len(live) > 0 {
				t.Errorf("%v runs though its object is gone", live)
			}
		})
	}
}

// TestDrill_everythingIsLost is what docs/backup.md says under that heading.
func TestDrill_everythingIsLost(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	stop := w.startManager()
	names := []string{"a", "b", "c", "d", "e", "f"}
	for _, name := range names {
		w.task(name, `shell: sleep 1000`)
	}
	for _, name := range names {
		w.ready(name, v1alpha1.ReasonRunning)
	}
	id := w.frameworkID()
	before := w.live()
	stop()
	// The Kubernetes side is gone, as after the loss of its etcd.
	for _, name := range names {
		w.wipe(name, true, false)
		w.deleteTask(name)
		w.waitGone(name)
	}
	w.patch(w.object(), `metadata: {finalizers: null}`)
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	w.frameworkGone()
	launched := w.mesos.Calls("ACCEPT")

	// What Git has, with the old framework's ID. One of the tasks was changed since.
	w.framework(fmt.Sprintf("info: {id: %q}", id))
	for _, name := range names[1:] {
		w.task(name, `shell: sleep 1000`)
	}
	w.task("a", `shell: sleep 2000`)
	w.startManager()
	for _, name := range names {
		w.ready(name, v1alpha1.ReasonRunning)
	}
	after := w.live()
	kept := slices.DeleteFunc(slices.Clone(before), func(id string) bool { return !slices.Contains(after, id) })
	if len(kept) != 5 || len(after) != 6 {
		t.Errorf("of %v there are %v, want all but the one whose spec changed to run on", before, after)
	}
	if got := w.mesos.Calls("ACCEPT") - launched; got != 1 {
		t.Errorf("%d ACCEPTs, want one: for the task whose spec changed", got)
	}
	w.neverTwoLive()
}

func TestLaunching_waitsForTheProof(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	stop := w.startManager()
	w.task("web", `shell: sleep 1000`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task
	stop()
	w.wipe("web", true, true)
	// A new master leads and the task's agent has not come back: neither an explicit nor an implicit answer tells of the task.
	w.mesos.FailOver(simulator.FailOver{Down: 10 * time.Millisecond, To: 0, AgentsBack: 0})
	other := slices.DeleteFunc(w.mesos.Agents(), func(a *simulator.Agent) bool { return a.ID() == running.AgentID })[0]
	other.Heal()
	w.startManager()
	task := w.ready("web", v1alpha1.ReasonAwaitingOffer)
	if pending := task.Status.Pending; pending == nil || !cmp.Equal(pending.Message, "Nothing is launched before Mesos has told all that runs: it is still waiting for agents to come back") {
		t.Errorf("it waits with %+v, want it to say that Mesos has not told all", pending)
	}
	if got := w.mesos.LiveTasks(); got != 1 {
		t.Errorf("%d tasks run, want the first one only", got)
	}
	w.agent(running.AgentID).Heal()
	task = w.waitTask("web", "running as it did", func(task *v1alpha1.MesosTask) bool {
		return meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady)
	})
	if task.Status.Task.ID != running.ID {
		t.Errorf("runs as %s, want it adopted as %s", task.Status.Task.ID, running.ID)
	}
	w.neverTwoLive()
}

func TestLaunching_waitsNoLongerThanTheHold(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("reconciliation: {launchHoldSeconds: 2}")
	stop := w.startManager()
	w.waitConnected()
	stop()
	w.mesos.FailOver(simulator.FailOver{Down: 10 * time.Millisecond, To: 0, AgentsBack: 0.5})
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	w.ready("web", v1alpha1.ReasonRunning)
}

func TestRestore_ofAnObjectWhoseTaskIsGone(t *testing.T) {
	cases := map[string]struct{ policy, reason string }{
		"Always is launched again":             {"Always", v1alpha1.ReasonRunning},
		"OnFailure is not, as nobody can tell": {"OnFailure", v1alpha1.ReasonOutcomeUnknown},
		"Never is not, as nobody can tell":     {"Never", v1alpha1.ReasonOutcomeUnknown},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			w.framework("")
			stop := w.startManager()
			w.task("web", `shell: sleep 1000, restartPolicy: `+tc.policy)
			backup := w.ready("web", v1alpha1.ReasonRunning)
			w.deleteTask("web")
			w.waitGone("web")
			// Mesos has forgotten it once it knows that its end was heard: after STARTING, RUNNING and KILLING.
			w.acknowledgedAll(backup.Status.Task.ID, 4)
			stop()
			// A restore keeps annotations and finalizers, wipes the status and makes another UID.
			restored := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{
				Name: "web", Namespace: w.namespace, Annotations: backup.Annotations, Finalizers: backup.Finalizers,
			}, Spec: backup.Spec}
			if err := w.client.Create(t.Context(), restored); err != nil {
				t.Fatal(err)
			}
			w.startManager()
			w.ready("web", tc.reason)
			if tc.reason == v1alpha1.ReasonOutcomeUnknown {
				w.patchTask("web", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
				w.ready("web", v1alpha1.ReasonRunning)
			}
			w.neverTwoLive()
		})
	}
}

// TestAdoption_whereItRuns: what is taken over has its host and its ports, though no offer of its agent comes; what a binding says of its host counts
// for nothing. A master that does not say the ports leaves them unknown, which the task says.
func TestAdoption_whereItRuns(t *testing.T) {
	for sentence, refused := range map[string]bool{"the master tells its tasks": false, "the master does not tell its tasks": true} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, slowStart(time.Second), func(v *virtual) {
				if refused {
					v.mesos.Inject(simulator.Fault{Target: simulator.OperatorFault, Type: "GET_TASKS", Action: simulator.Answer, Status: http.StatusForbidden, Count: -1})
				}
				v.framework("")
				v.start()
				v.pass(20 * time.Second)
				v.task("web", `shell: sleep 1000, ports: [{name: http}, {name: admin}]`)
				v.task("bound", `shell: sleep 1000`)
				v.pass(20 * time.Second)
				before, bound := v.get("web").Status.Task, v.get("bound")
				if len(before.Ports) != 2 || before.Hostname == "" {
					v.Fatalf("it was launched as %+v", before)
				}
				v.stop()
				v.wipe("web")
				forged := strings.Replace(bound.Annotations[v1alpha1.AnnotationBinding], bound.Status.Task.Hostname, "elsewhere", 1)
				v.wipe("bound")
				v.patch("bound", "metadata: {annotations: {mesos.dev/binding: '"+forged+"'}}")
				v.start()
				v.pass(time.Minute)
				ports := before.Ports
				if refused {
					ports = nil
				}
				now := v.get("web")
				if now.Status.Task == nil || now.Status.Task.ID != before.ID || now.Status.Task.Hostname != before.Hostname || !slices.Equal(now.Status.Task.Ports, ports) {
					v.Errorf("it is %+v, want it as it was launched: %+v", now.Status.Task, before)
				}
				if said := v.said("web"); !strings.Contains(said, before.Hostname) || strings.Contains(said, "host ports are not known") != refused {
					v.Errorf("it says %q", said)
				}
				if binding := now.Annotations[v1alpha1.AnnotationBinding]; strings.Contains(binding, "hostPorts") == refused {
					v.Errorf("its binding is %s", binding)
				}
				if now := v.get("bound").Status.Task; now.Hostname != bound.Status.Task.Hostname {
					v.Errorf("with a forged binding it is %+v, want it on %s", now, bound.Status.Task.Hostname)
				}
				if asked := v.mesos.OperatorCalls("GET_TASKS"); asked != 1 {
					v.Errorf("the master was asked %d times for its tasks, want once", asked)
				}
			})
		})
	}
}
