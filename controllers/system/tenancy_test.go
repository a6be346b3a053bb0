package system

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// label changes the labels of the test's namespace.
func (w *world) label(labels string) {
	w.t.Helper()
	w.patch(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, `metadata: {labels: `+labels+`}`)
}

// configure changes the spec of the test's MesosFramework.
func (w *world) configure(spec string) {
	w.t.Helper()
	w.patch(&v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, `spec: {`+spec+`}`)
}

// refused waits until a MesosTask is stalled for a reason, and checks that it says so and who may change that.
func (w *world) refused(name, reason string, says ...string) *v1alpha1.MesosTask {
	w.t.Helper()
	task := w.ready(name, reason)
	stalled := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil {
		w.t.Fatalf("%s is not stalled: %+v", name, task.Status.Conditions)
	}
	for _, want := range append(says, "whoever may change MesosFramework "+w.namespace) {
		if !strings.Contains(stalled.Message, want) {
			w.t.Errorf("%s says %q, want %q in it", name, stalled.Message, want)
		}
	}
	return task
}

// TestTenancy_namespaces: the labels of a namespace decide, from the moment on that they change. What runs when the namespace is no longer let in
// runs on, also if its spec changes then.
func TestTenancy_namespaces(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework(`allowedNamespaces: {from: Selector, selector: {matchLabels: {team: a}}}`)
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	task := w.refused("web", v1alpha1.ReasonNamespaceNotAllowed, "namespace "+w.namespace, "spec.allowedNamespaces")
	if len(task.Finalizers) > 0 || task.Annotations[v1alpha1.AnnotationBinding] != "" {
		t.Errorf("a task that is not let in was bound: %+v", task.ObjectMeta)
	}

	w.label(`{team: a}`)
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task
	w.label(`{team: b}`)
	w.waitTask("web", "running and told that it could not be launched again", func(task *v1alpha1.MesosTask) bool {
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		return ready.Status == metav1.ConditionTrue && strings.Contains(ready.Message, "It could not be launched again: ")
	})
	w.patchTask("web", `spec: {shell: sleep 2000}`)
	w.refused("web", v1alpha1.ReasonNamespaceNotAllowed, "Still running on ")
	w.patchTask("web", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
	w.task("new", `shell: sleep 1000`)
	w.refused("new", v1alpha1.ReasonNamespaceNotAllowed)
	if diff := cmp.Diff([]string{first.ID}, w.live()); diff != "" {
		t.Errorf("what runs (-want +got):\n%s", diff)
	}

	w.label(`{team: a}`)
	w.waitTask("web", "running by its new spec", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task.ID != first.ID && task.Status.Task.State == "TASK_RUNNING"
	})
	w.ready("new", v1alpha1.ReasonRunning)
	w.label(`{team: null}`)
	// Deletion asks for no permission.
	w.deleteTask("web")
	w.waitGone("web")
	w.neverTwoLive()
}

func TestTenancy_users(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework(``)
	w.startManager()
	w.task("default", `shell: sleep 1000`)
	w.task("batch", `shell: sleep 1000, user: batch`)
	w.task("root", `shell: sleep 1000, user: root`)
	w.ready("default", v1alpha1.ReasonRunning)
	w.refused("batch", v1alpha1.ReasonUserNotAllowed, `user "batch"`, "spec.allowedUsers")
	w.refused("root", v1alpha1.ReasonUserNotAllowed, `user "root"`)
	w.configure(`allowedUsers: ["*"]`)
	w.ready("batch", v1alpha1.ReasonRunning)
	w.waitTask("root", "told that any user but root is allowed", func(task *v1alpha1.MesosTask) bool {
		return strings.Contains(meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady).Message, "any user but root")
	})
	if n := len(w.live()); n != 2 {
		t.Errorf("%d tasks run, want two", n)
	}
	w.configure(`allowedUsers: ["root"]`)
	w.ready("root", v1alpha1.ReasonRunning)
	w.waitTask("batch", "running on though its user is no longer allowed", func(task *v1alpha1.MesosTask) bool {
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		return ready.Status == metav1.ConditionTrue && strings.Contains(ready.Message, "could not be launched again")
	})
}

func TestTenancy_roles(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework(`info: {roles: ["*", prod, ops]}, allowedRoles: [{role: "*", namespaces: {from: All}}, {role: prod, namespaces: {from: Selector, selector: {matchLabels: {stage: prod}}}}]`)
	w.startManager()
	w.task("any", `shell: sleep 1000`)
	w.task("prod", `shell: sleep 1000, role: prod`)
	w.task("ops", `shell: sleep 1000, role: ops`)
	w.ready("any", v1alpha1.ReasonRunning)
	w.refused("prod", v1alpha1.ReasonRoleNotAllowed, `Role "prod"`, "namespace "+w.namespace)
	w.refused("ops", v1alpha1.ReasonRoleNotAllowed, `Role "ops"`, "open to no namespace")
	w.label(`{stage: prod}`)
	w.ready("prod", v1alpha1.ReasonRunning)
	w.configure(`allowedRoles: null`)
	w.ready("ops", v1alpha1.ReasonRunning)
}
