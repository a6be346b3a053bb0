package system

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// elsewhere is the same world seen from another namespace, whose tasks name the same framework.
func (w *world) elsewhere() *elsewhere {
	w.t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "elsewhere-"}}
	if err := w.client.Create(w.t.Context(), namespace); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { removeTasks(w.t, w.client, namespace.Name) })
	// A write whose answer a manager does not wait for as it ends may take effect all the same: only a watch tells of it.
	watchAll(w.t, w.history, namespace.Name)
	other := *w
	other.namespace = namespace.Name
	return &elsewhere{world: &other, framework: w.namespace}
}

type elsewhere struct {
	*world
	framework string
}

// task creates a MesosTask of the framework.
func (e *elsewhere) task(name, spec string) {
	e.t.Helper()
	e.world.task(name, spec+`, frameworkRef: {name: `+e.framework+`}`)
}

// get reads a task.
func (e *elsewhere) get(name string) *v1alpha1.MesosTask {
	e.t.Helper()
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: name}}
	if err := e.client.Get(e.t.Context(), client.ObjectKeyFromObject(task), task); err != nil {
		e.t.Fatal(err)
	}
	return task
}

// acknowledgements counts what Mesos was told of a task's updates.
func (w *world) acknowledgements(taskID string) (count int) {
	for _, call := range w.mesos.CallLog() {
		if call.Type == "ACKNOWLEDGE" && call.Call.GetAcknowledge().GetTaskID().Value == taskID {
			count++
		}
	}
	return count
}

// reportsUnwatched waits until the framework's status names a live task of a namespace that is not watched.
func (w *world) reportsUnwatched(namespace, taskID string) {
	w.t.Helper()
	w.waitFramework("reporting "+taskID, func(f *v1alpha1.MesosFramework) bool {
		orphans := f.Status.Orphans
		return orphans != nil && orphans.Sample[0].TaskID == taskID && strings.HasPrefix(orphans.Message, "1 live tasks, such as "+taskID) &&
			strings.Contains(orphans.Message, "does not watch ("+namespace+"): they run on")
	})
}

func TestScope_leavesOtherNamespacesAlone(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	second, third := w.elsewhere(), w.elsewhere()
	w.scope = scope.Namespaces{w.namespace, second.namespace}
	w.framework("")
	third.task("web", `shell: sleep 1000`)
	before := third.get("web")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	second.task("web", `shell: sleep 1000`)
	running := []string{w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID, second.ready("web", v1alpha1.ReasonRunning).Status.Task.ID}
	w.liveBecomes(running...)
	if diff := cmp.Diff(before, third.get("web")); diff != "" {
		t.Errorf("the task that is not watched was changed (-before +after):\n%s", diff)
	}
	framework := w.waitFramework("counting", func(f *v1alpha1.MesosFramework) bool { return f.Status.Tasks.Running == 2 })
	if framework.Status.Orphans != nil {
		t.Errorf("the status reports %+v, want no orphans", framework.Status.Orphans)
	}
}

// TestScope_narrowedAndWidened: tasks of a namespace that is dropped run on, whatever the policy for orphans, nothing of them is
// acknowledged, and they are taken up again as they are.
func TestScope_narrowedAndWidened(t *testing.T) {
	ends := make(chan struct{})
	runner := simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script { return simulator.Stay() }}
	w := newWorld(t, simulator.Flags{StatusUpdateRetryMin: 100 * time.Millisecond}, untilClosed{runner, ends})
	other := w.elsewhere()
	w.framework("orphanPolicy: Kill")
	stop := w.startManager()
	other.task("job", `shell: anything, restartPolicy: Never`)
	running := other.ready("job", v1alpha1.ReasonRunning).Status.Task.ID
	other.acknowledged(running)
	stop()
	acknowledged := w.acknowledgements(running)

	w.scope = scope.Namespaces{w.namespace}
	before := other.get("job")
	stop = w.startManager()
	w.waitConnected()
	w.reportsUnwatched(other.namespace, running)
	w.liveBecomes(running)
	close(ends)
	w.liveBecomes()
	// What Mesos answers comes after the update of the end.
	w.patch(w.object(), `metadata: {annotations: {mesos.dev/reconcile-requested-at: now}}`)
	w.waitFramework("reconciled anew", func(f *v1alpha1.MesosFramework) bool {
		return f.Status.Reconciliation.LastHandledReconcileAt == "now" && f.Status.Orphans == nil
	})
	stop()
	if got := w.acknowledgements(running); got != acknowledged {
		t.Errorf("%d acknowledgements of %s while it was not watched, want none", got-acknowledged, running)
	}
	if diff := cmp.Diff(before, other.get("job")); diff != "" {
		t.Errorf("the task that is not watched was changed (-before +after):\n%s", diff)
	}
	if got := w.mesos.Calls("KILL"); got != 0 {
		t.Errorf("%d KILLs, want none", got)
	}

	w.scope = nil
	w.startManager()
	task := other.ready("job", v1alpha1.ReasonFailed)
	if task.Status.Task.ID != running || task.Status.Task.Message != "Command exited with status 7" {
		t.Errorf("the attempt is %+v, want %s with what the executor said", task.Status.Task, running)
	}
	w.waitFramework("without orphans", func(f *v1alpha1.MesosFramework) bool { return f.Status.Orphans == nil })
	w.checkTruth()
}

// TestScope_orphansAmongTheUnwatched: an orphan is killed, a task that may be somebody's is not.
func TestScope_orphansAmongTheUnwatched(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	other := w.elsewhere()
	w.framework("orphanPolicy: Kill")
	stop := w.startManager()
	other.task("web", `shell: sleep 1000`)
	running := other.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	stop()
	w.orphan("lost")
	w.scope = scope.Namespaces{w.namespace}
	stop = w.startManager()
	w.liveBecomes(running)
	w.reportsUnwatched(other.namespace, running)
	stop()
	w.scope = scope.Namespaces{w.namespace, other.namespace}
	w.startManager()
	w.waitFramework("without orphans", func(f *v1alpha1.MesosFramework) bool { return f.Status.Orphans == nil })
	if task := other.ready("web", v1alpha1.ReasonRunning); task.Status.Task.ID != running || task.Status.Restarts != 0 {
		t.Errorf("runs as %+v, want %s undisturbed", task.Status, running)
	}
}

// TestScope_frameworkStaysWhileUnseenTasksRun: without the framework nobody would end the tasks or let their objects go.
func TestScope_frameworkStaysWhileUnseenTasksRun(t *testing.T) {
	for _, policy := range []v1alpha1.FrameworkDeletionPolicy{v1alpha1.FrameworkDeletionDetach, v1alpha1.FrameworkDeletionTeardown} {
		t.Run(string(policy), func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			other := w.elsewhere()
			w.framework("deletionPolicy: " + string(policy))
			stop := w.startManager()
			other.task("web", `shell: sleep 1000`)
			running := other.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
			stop()
			if err := w.client.Delete(t.Context(), w.object()); err != nil {
				t.Fatal(err)
			}
			w.scope = scope.Namespaces{w.namespace}
			stop = w.startManager()
			w.waitFramework("waiting for the live task", func(f *v1alpha1.MesosFramework) bool {
				ready := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionReady)
				return ready != nil && ready.Reason == v1alpha1.ReasonTasksLive && strings.Contains(ready.Message, running) &&
					strings.Contains(ready.Message, "watch these namespaces and delete their MesosTasks")
			})
			if got := w.mesos.Calls("TEARDOWN"); got != 0 {
				t.Errorf("%d TEARDOWN calls, want none", got)
			}
			w.liveBecomes(running)
			stop()
			w.scope = nil
			w.startManager()
			other.deleteTask("web")
			other.waitGone("web")
			w.frameworkGone()
		})
	}
}

// TestScope_removedFrameworkWithUnseenTasksWaitsForAPerson: their objects are bound under the ID that a new one would replace. A manager that
// has not counted yet knows it from the status.
func TestScope_removedFrameworkWithUnseenTasksWaitsForAPerson(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	other := w.elsewhere()
	w.framework("")
	stop := w.startManager()
	other.task("web", `shell: sleep 1000`)
	running := other.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	stop()
	w.scope = scope.Namespaces{w.namespace}
	stop = w.startManager()
	w.reportsUnwatched(other.namespace, running)
	stop()
	id := w.frameworkID()
	w.tearDownInMesos(id)
	w.startManager()
	w.says(v1alpha1.ReasonFrameworkRemoved, "does not watch ran under it", v1alpha1.AnnotationReplaceFrameworkID+"="+id)
	if known := w.mesos.Frameworks(); len(known) > 1 {
		t.Errorf("Mesos knows the frameworks %v, want no new one", known)
	}
}

// TestScope_lostIDIsLookedForInEachNamespace: the live reads are one for each.
func TestScope_lostIDIsLookedForInEachNamespace(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	other := w.elsewhere()
	w.scope = scope.Namespaces{w.namespace, other.namespace}
	w.framework("")
	stop := w.startManager()
	other.task("web", `shell: sleep 1000`)
	other.ready("web", v1alpha1.ReasonRunning)
	w.waitConnected()
	stop()
	w.removeFramework()
	w.framework("")
	w.startManager()
	if condition := w.connected(v1alpha1.ReasonFrameworkIDLost); !strings.Contains(condition.Message, other.namespace+"/web") {
		t.Errorf("it says %q, want it to name %s/web", condition.Message, other.namespace)
	}
	if known := w.mesos.Frameworks(); len(known) != 1 {
		t.Errorf("Mesos knows the frameworks %v, want only the first", known)
	}
}

// TestScope_frameworkStaysUntilMesosHasTold: what runs for objects that nobody here can see is known from Mesos alone.
func TestScope_frameworkStaysUntilMesosHasTold(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.scope = scope.Namespaces{w.namespace}
	w.framework("")
	stop := w.startManager()
	w.waitConnected()
	stop()
	w.mesos.StopMaster(0)
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	w.startManager()
	w.waitFramework("waiting for Mesos", func(f *v1alpha1.MesosFramework) bool {
		ready := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == v1alpha1.ReasonNotConnected && strings.Contains(ready.Message, "which this installation does not watch")
	})
	w.mesos.StartMaster(0)
	w.frameworkGone()
}
