package system

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwait "k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// quickToLose is a Mesos that takes an agent for unreachable at once.
var quickToLose = simulator.Flags{AgentPingTimeout: 50 * time.Millisecond, MaxAgentPingTimeouts: 2}

// removeFramework takes the test's MesosFramework away, whatever holds it. A manager that runs puts its finalizer back on what is not being deleted.
func (w *world) removeFramework() {
	w.t.Helper()
	if err := w.client.Delete(w.t.Context(), w.object()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.client.Patch(w.t.Context(), w.object(), client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))); client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	w.frameworkGone()
}

// liveBecomes waits until exactly these tasks run.
func (w *world) liveBecomes(want ...string) {
	w.t.Helper()
	slices.Sort(want)
	err := apiwait.PollUntilContextTimeout(w.t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		live := w.live()
		slices.Sort(live)
		return slices.Equal(live, want), nil
	})
	if err != nil {
		w.t.Errorf("%v run, want %v", w.live(), want)
	}
}

// asked says whether Mesos was asked about a task, or to kill it, since some number of calls.
func (w *world) asked(taskID string, since int) (types []string) {
	for _, record := range w.mesos.CallLog()[since:] {
		if record.Call.GetKill().GetTaskID().Value == taskID {
			types = append(types, record.Type)
		}
		for _, task := range record.Call.GetReconcile().GetTasks() {
			if task.TaskID.Value == taskID {
				types = append(types, record.Type)
			}
		}
	}
	return types
}

// messageOf is the message of condition Ready.
func messageOf(task *v1alpha1.MesosTask) string {
	if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Message
	}
	return ""
}

// TestOtherFrameworkID: Mesos says of a task that it never knew under this framework ID that it is gone. That is nobody's end.
func TestOtherFrameworkID(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	stop := w.startManager()
	w.task("web", `shell: sleep 1000`)
	w.task("job", `shell: sleep 1000, restartPolicy: Never`)
	running := []string{w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID, w.ready("job", v1alpha1.ReasonRunning).Status.Task.ID}
	stop()
	id := w.frameworkID()
	w.removeFramework()
	before := len(w.mesos.CallLog())
	w.framework(`info: {id: another}, reconciliation: {minBackoffSeconds: 1}`)
	w.startManager()
	for _, name := range []string{"web", "job"} {
		task := w.ready(name, v1alpha1.ReasonOtherFrameworkID)
		if !strings.Contains(messageOf(task), id) {
			t.Errorf("%s says %q, want the ID that it was launched under", name, messageOf(task))
		}
	}
	w.waitConnected()
	for _, taskID := range running {
		if calls := w.asked(taskID, before); len(calls) > 0 {
			t.Errorf("Mesos was sent %v for %s, of which it knows nothing under this ID", calls, taskID)
		}
	}
	w.liveBecomes(running...)
	// With the ID that they were launched under all is as it was.
	w.removeFramework()
	w.framework(fmt.Sprintf("info: {id: %q}", id))
	for _, name := range []string{"web", "job"} {
		w.ready(name, v1alpha1.ReasonRunning)
	}
	w.liveBecomes(running...)
	w.neverTwoLive()
}

// TestRestore_withoutFinalizer: a backup may keep annotations and leave finalizers out. Adding the finalizer must not make the binding look
// like this object's own, or an attempt whose outcome nobody knows would be launched again.
func TestRestore_withoutFinalizer(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	stop := w.startManager()
	w.task("job", `shell: sleep 1000, restartPolicy: Never`)
	backup := w.ready("job", v1alpha1.ReasonRunning)
	w.deleteTask("job")
	w.waitGone("job")
	w.acknowledgedAll(backup.Status.Task.ID, 4)
	stop()
	restored := &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{Name: "job", Namespace: w.namespace, Annotations: backup.Annotations}, Spec: backup.Spec,
	}
	if err := w.client.Create(t.Context(), restored); err != nil {
		t.Fatal(err)
	}
	launched := w.mesos.Calls("ACCEPT")
	w.startManager()
	task := w.ready("job", v1alpha1.ReasonOutcomeUnknown)
	if got, want := task.Annotations[v1alpha1.AnnotationBinding], backup.Annotations[v1alpha1.AnnotationBinding]; got != want {
		t.Errorf("the binding is %s, want it as it was restored: %s", got, want)
	}
	w.patch(w.object(), `metadata: {annotations: {mesos.dev/reconcile-requested-at: again}}`)
	w.waitFramework("reconciled again", func(f *v1alpha1.MesosFramework) bool {
		return f.Status.Reconciliation.LastHandledReconcileAt == "again"
	})
	w.ready("job", v1alpha1.ReasonOutcomeUnknown)
	if got := w.mesos.Calls("ACCEPT") - launched; got != 0 {
		t.Errorf("%d ACCEPTs, want none: the task may have run to its end", got)
	}
}

func TestMesosFramework_lostIDIsFoundWhereverItIsNamed(t *testing.T) {
	cases := map[string]func(w *world){
		"in the binding": func(w *world) { w.wipe("web", false, true) },
		"in the status":  func(w *world) { w.wipe("web", true, false) },
		"in a binding that cannot be read": func(w *world) {
			w.wipe("web", false, true)
			w.patchTask("web", `metadata: {annotations: {mesos.dev/binding: "{"}}`)
		},
	}
	for sentence, lose := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			w.framework("")
			stop := w.startManager()
			w.task("web", `shell: sleep 1000`)
			w.ready("web", v1alpha1.ReasonRunning)
			w.waitConnected()
			stop()
			w.removeFramework()
			lose(w)
			w.framework("")
			w.startManager()
			w.connected(v1alpha1.ReasonFrameworkIDLost)
			if known := w.mesos.Frameworks(); len(known) != 1 {
				t.Errorf("Mesos knows the frameworks %v, want only the first", known)
			}
		})
	}
}

// TestTeardown_neverKillsWhatNoObjectAccountsFor: removing a framework from Mesos kills all that runs under it.
func TestTeardown_neverKillsWhatNoObjectAccountsFor(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("deletionPolicy: Teardown")
	w.startManager()
	w.task("web", `shell: sleep 1000, deletionPolicy: Orphan`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.deleteTask("web")
	w.waitGone("web")
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	framework := w.waitFramework("waiting for the live task", func(f *v1alpha1.MesosFramework) bool {
		ready := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == v1alpha1.ReasonTasksLive && strings.Contains(ready.Message, running)
	})
	if len(framework.Finalizers) == 0 || w.mesos.Calls("TEARDOWN") != 0 {
		t.Errorf("finalizers %v and %d TEARDOWN calls, want it to wait", framework.Finalizers, w.mesos.Calls("TEARDOWN"))
	}
	w.patch(w.object(), `spec: {deletionPolicy: Detach}`)
	w.frameworkGone()
	w.liveBecomes(running)
}

// TestTeardown_whoseAnswerWasLost: the framework is gone from Mesos, and the object must not wait for what cannot come.
func TestTeardown_whoseAnswerWasLost(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("deletionPolicy: Teardown")
	w.startManager()
	w.waitConnected()
	injected := w.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "TEARDOWN", Action: simulator.DropAnswer})
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	w.frameworkGone()
	if injected.Hits() != 1 {
		t.Errorf("the fault struck %d times, want once", injected.Hits())
	}
}

// orphan leaves live tasks behind that no MesosTask accounts for, and takes the manager away.
func (w *world) orphan(names ...string) (taskIDs []string) {
	w.t.Helper()
	stop := w.startManager()
	for _, name := range names {
		w.task(name, `shell: sleep 1000, resources: {requests: {cpus: "0.1", memory: 16Mi}}`)
	}
	for _, name := range names {
		taskIDs = append(taskIDs, w.ready(name, v1alpha1.ReasonRunning).Status.Task.ID)
	}
	stop()
	for _, name := range names {
		w.patchTask(name, `metadata: {finalizers: null}`)
		w.deleteTask(name)
		w.waitGone(name)
	}
	slices.Sort(taskIDs)
	return taskIDs
}

func TestOrphans(t *testing.T) {
	many := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}
	cases := map[string]struct {
		policy  string
		orphans []string
		// killed says whether they end, message what status says of them if they do not.
		killed  bool
		message string
	}{
		"Keep reports them": {"Keep", []string{"a", "b"}, false, ""},
		"Kill kills them":   {"Kill", []string{"a", "b"}, true, ""},
		"Kill leaves many alone: the API has lost them": {"Kill", many, false, "They are not killed, as 11 of 11 live tasks are many"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			w.framework("orphanPolicy: " + tc.policy)
			orphans := w.orphan(tc.orphans...)
			w.startManager()
			if tc.killed {
				w.liveBecomes()
				return
			}
			status := w.waitFramework("reporting its orphans", func(f *v1alpha1.MesosFramework) bool { return f.Status.Orphans != nil }).Status.Orphans
			if int(status.Count) != len(orphans) || status.Sample[0].TaskID != orphans[0] || !strings.HasPrefix(status.Message, tc.message) || (tc.message == "") != (status.Message == "") {
				t.Errorf("status says %+v, want %v and %q", status, orphans, tc.message)
			}
			w.liveBecomes(orphans...)
			if got := w.mesos.Calls("KILL"); got != 0 {
				t.Errorf("%d KILLs, want none", got)
			}
			// An object of that identity makes the task its own again.
			w.task("a", `shell: sleep 1000, resources: {requests: {cpus: "0.1", memory: 16Mi}}`)
			if task := w.ready("a", v1alpha1.ReasonRunning); !slices.Contains(orphans, task.Status.Task.ID) {
				t.Errorf("runs as %s, want it adopted", task.Status.Task.ID)
			}
		})
	}
}

func TestOrphans_areNotMadeUnderPolicyKill(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("orphanPolicy: Kill")
	w.startManager()
	w.task("web", `shell: sleep 1000, deletionPolicy: Orphan`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.deleteTask("web")
	task := w.waitTask("web", "waiting", func(task *v1alpha1.MesosTask) bool { return strings.Contains(messageOf(task), "orphanPolicy") })
	if task.DeletionTimestamp == nil {
		t.Error("the object is not being deleted")
	}
	w.liveBecomes(running)
	w.patch(w.object(), `spec: {orphanPolicy: Keep}`)
	w.waitGone("web")
	w.liveBecomes(running)
}

// TestUnreachable_waitsWithoutTheUsersWord: nothing is launched beside what may run.
func TestUnreachable_waitsWithoutTheUsersWord(t *testing.T) {
	w := newWorld(t, quickToLose, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task
	launched := w.mesos.Calls("ACCEPT")
	w.agent(first.AgentID).Partition()
	w.ready("web", v1alpha1.ReasonAgentUnreachable)
	w.patch(w.object(), `metadata: {annotations: {mesos.dev/reconcile-requested-at: now}}`)
	w.waitFramework("reconciled", func(f *v1alpha1.MesosFramework) bool { return f.Status.Reconciliation.LastHandledReconcileAt == "now" })
	w.ready("web", v1alpha1.ReasonAgentUnreachable)
	if got := w.mesos.Calls("ACCEPT") - launched; got != 0 {
		t.Errorf("%d ACCEPTs, want none", got)
	}
}

// TestDeletion_ofWhatIsUnreachable waits and says how to let it go, is abandoned when it may be, and is killed when it is back.
func TestDeletion_ofWhatIsUnreachable(t *testing.T) {
	cases := map[string]struct {
		spec   string
		giveUp bool
	}{
		"past replaceAfterSeconds": {`unreachable: {replaceAfterSeconds: 1}`, false},
		"given up by a person":     {`restartPolicy: Always`, true},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, quickToLose, nil)
			w.framework("")
			w.startManager()
			w.task("web", `shell: sleep 1000, `+tc.spec)
			// It has an earlier attempt, which is over and must not be abandoned.
			w.ready("web", v1alpha1.ReasonRunning)
			w.patchTask("web", `spec: {suspend: true}`)
			w.ready("web", v1alpha1.ReasonSuspended)
			w.patchTask("web", `spec: {suspend: false}`)
			first := w.ready("web", v1alpha1.ReasonRunning).Status.Task
			w.agent(first.AgentID).Partition()
			if tc.giveUp {
				w.ready("web", v1alpha1.ReasonAgentUnreachable)
				w.deleteTask("web")
				w.waitTask("web", "waiting, and saying what would let it go", func(task *v1alpha1.MesosTask) bool {
					message := messageOf(task)
					return strings.Contains(message, first.AgentID) && strings.Contains(message, "mesos.dev/give-up="+first.ID)
				})
				w.patchTask("web", `metadata: {annotations: {mesos.dev/give-up: `+first.ID+`}}`)
			} else {
				w.deleteTask("web")
			}
			w.waitGone("web")
			framework := w.waitFramework("remembering the abandoned attempt", func(f *v1alpha1.MesosFramework) bool { return len(f.Status.Abandoned) == 1 })
			if got := framework.Status.Abandoned[0]; got.TaskID != first.ID || got.AgentID != first.AgentID || got.Since.IsZero() {
				t.Errorf("it remembers %+v, want %s on %s", got, first.ID, first.AgentID)
			}
			w.liveBecomes(first.ID)
			w.agent(first.AgentID).Heal()
			w.liveBecomes()
			w.waitFramework("with nothing abandoned", func(f *v1alpha1.MesosFramework) bool { return len(f.Status.Abandoned) == 0 })
			w.neverTwoLive()
		})
	}
}

// TestAbandoned_isNeverAdopted: an object of the same name and spec does not take over what was let go before.
func TestAbandoned_isNeverAdopted(t *testing.T) {
	w := newWorld(t, quickToLose, nil)
	w.framework("")
	stop := w.startManager()
	w.task("web", `shell: sleep 1000, unreachable: {replaceAfterSeconds: 0}`)
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task
	w.agent(first.AgentID).Partition()
	w.deleteTask("web")
	w.waitGone("web")
	// Another manager knows of it by the framework's status only.
	stop()
	w.startManager()
	w.task("web", `shell: sleep 1000, unreachable: {replaceAfterSeconds: 0}`)
	second := w.ready("web", v1alpha1.ReasonRunning).Status.Task
	w.agent(first.AgentID).Heal()
	w.liveBecomes(second.ID)
	w.waitFramework("with nothing abandoned", func(f *v1alpha1.MesosFramework) bool { return len(f.Status.Abandoned) == 0 })
	if task := w.ready("web", v1alpha1.ReasonRunning); task.Status.Task.ID != second.ID || second.ID == first.ID {
		t.Errorf("runs as %s, want %s undisturbed", task.Status.Task.ID, second.ID)
	}
}

func TestPaused_keepsItsHandsOff(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.patchTask("web", `{metadata: {annotations: {mesos.dev/paused: "true"}}, spec: {shell: sleep 2000}}`)
	task := w.waitTask("web", "paused", func(task *v1alpha1.MesosTask) bool {
		return strings.Contains(messageOf(task), "paused") && task.Status.ObservedGeneration == task.Generation
	})
	if task.Status.Task.ID != running || w.mesos.Calls("KILL") != 0 {
		t.Errorf("runs as %s after %d KILLs, want it left alone", task.Status.Task.ID, w.mesos.Calls("KILL"))
	}
	w.patchTask("web", `metadata: {annotations: {mesos.dev/paused: null}}`)
	w.waitTask("web", "running anew", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task != nil && task.Status.Task.ID != running && task.Status.Task.State == "TASK_RUNNING"
	})
	w.patchTask("web", `metadata: {annotations: {mesos.dev/paused: ""}}`)
	w.deleteTask("web")
	w.waitGone("web")
	w.liveBecomes()
	w.neverTwoLive()
}

// tearDownInMesos removes the test's framework as an operator of Mesos does.
func (w *world) tearDownInMesos(id string) {
	w.t.Helper()
	tearDownAt(w.t, w.mesos, id)
}

// tearDownAt removes a framework from a Mesos as an operator of that does.
func tearDownAt(t *testing.T, mesos *simulator.Cluster, id string) {
	t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"type": "TEARDOWN", "teardown": {"framework_id": {"value": %q}}}`, id))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, mesos.Masters()[0].URL()+"/api/v1", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := mesos.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("tearing framework %s down: %s, %v", id, response.Status, err)
	}
}

func TestRemovedFramework_withoutTasksRegistersAnew(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	id := w.frameworkID()
	w.tearDownInMesos(id)
	framework := w.waitFramework("registered anew", func(f *v1alpha1.MesosFramework) bool {
		return f.Status.FrameworkID != "" && f.Status.FrameworkID != id && f.Annotations[v1alpha1.AnnotationFrameworkID] == f.Status.FrameworkID
	})
	if diff := cmp.Diff([]string{id}, framework.Status.ReplacedFrameworkIDs); diff != "" {
		t.Errorf("the replaced IDs (-want +got):\n%s", diff)
	}
	w.task("web", `shell: sleep 1000`)
	w.ready("web", v1alpha1.ReasonRunning)
}

// TestFault49_frameworkHasBeenRemoved is row 49 of the fault matrix: `ERROR "Framework has been removed"`. The operator takes no new ID by itself, which would make it forget what was bound
// under the old one: a person says so, once, and only then the attempts count as over.
func TestFault49_frameworkHasBeenRemoved(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	w.task("job", `shell: sleep 1000, restartPolicy: Never`)
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.ready("job", v1alpha1.ReasonRunning)
	id := w.frameworkID()
	w.tearDownInMesos(id)
	launched := w.mesos.Calls("ACCEPT")
	w.says(v1alpha1.ReasonFrameworkRemoved, v1alpha1.AnnotationReplaceFrameworkID+"="+id)
	if known := w.mesos.Frameworks(); len(known) > 1 {
		t.Errorf("Mesos knows the frameworks %v, want no new one", known)
	}
	for _, name := range []string{"web", "job"} {
		if task := w.waitTask(name, "there", func(*v1alpha1.MesosTask) bool { return true }).Status.Task; task.FinishTime != nil {
			t.Errorf("%s counts as over before a person has said so: %+v", name, task)
		}
	}
	if got := w.mesos.Calls("ACCEPT") - launched; got != 0 || w.mesos.Calls("KILL") > 0 {
		t.Errorf("%d ACCEPTs and %d KILLs, want none", got, w.mesos.Calls("KILL"))
	}
	w.patch(w.object(), `metadata: {annotations: {mesos.dev/replace-framework-id: `+id+`}}`)
	task := w.waitTask("web", "running anew", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task != nil && task.Status.Task.ID != first && task.Status.Task.State == "TASK_RUNNING"
	})
	if earlier := task.Status.History[0]; earlier.ID != first || earlier.Outcome != v1alpha1.OutcomeGivenUp || earlier.FinishTime == nil {
		t.Errorf("the history says %+v, want the first attempt given up", earlier)
	}
	// A task that is not to run twice is not launched again.
	w.ready("job", v1alpha1.ReasonFailed)
	// The remedy works once: the annotation names the old ID.
	second := w.frameworkID()
	w.tearDownInMesos(second)
	w.connected(v1alpha1.ReasonFrameworkRemoved)
	w.neverTwoLive()
}
