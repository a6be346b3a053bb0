package system

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// waitSet waits until a MesosTaskSet is as it should be, its status of its spec as it is.
func (w *world) waitSet(name, what string, holds func(*v1alpha1.MesosTaskSet) bool) {
	w.t.Helper()
	wait(w, &v1alpha1.MesosTaskSetList{}, client.ObjectKey{Namespace: w.namespace, Name: name}, what, func(set *v1alpha1.MesosTaskSet) bool {
		return set.Status.ObservedGeneration == set.Generation && holds(set)
	})
}

func isReady(set *v1alpha1.MesosTaskSet) bool {
	return meta.IsStatusConditionTrue(set.Status.Conditions, v1alpha1.ConditionReady)
}

// TestSet_watched: a set comes up, is scaled and rolled by what the manager's own watches tell.
func TestSet_watched(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTaskSet, metadata: {name: web, namespace: %s},
spec: {replicas: 2, template: {spec: {frameworkRef: {name: %s}, shell: serve 1, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}}}`, w.namespace, w.namespace))
	w.waitSet("web", "ready with two", func(set *v1alpha1.MesosTaskSet) bool { return isReady(set) && set.Status.AvailableReplicas == 2 })
	set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: w.namespace}}
	w.patch(set, `spec: {replicas: 3}`)
	w.waitSet("web", "ready with three", func(set *v1alpha1.MesosTaskSet) bool { return isReady(set) && set.Status.AvailableReplicas == 3 })
	w.patch(set, `spec: {template: {spec: {shell: serve 2}}}`)
	w.waitSet("web", "ready with another template", func(set *v1alpha1.MesosTaskSet) bool {
		return isReady(set) && set.Status.UpdatedReplicas == 3 && set.Status.CurrentRevision == set.Status.UpdateRevision
	})
	tasks := &v1alpha1.MesosTaskList{}
	if err := w.client.List(t.Context(), tasks, client.InNamespace(w.namespace)); err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks.Items {
		if task.DeletionTimestamp.IsZero() && task.Spec.Shell != "serve 2" {
			t.Errorf("%s runs %s", task.Name, task.Spec.Shell)
		}
	}
	w.checkTruth()
}
