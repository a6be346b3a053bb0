package mesostaskset

import (
	"context"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// evictions tells of annotations mesos.dev/evict that do nothing, as they are set. It brings nothing back.
func (r *Reconciler) evictions() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			r.tellOfEvict(ctx, "", e.Object)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, _ workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			r.tellOfEvict(ctx, e.ObjectOld.GetAnnotations()[v1alpha1.AnnotationEvict], e.ObjectNew)
		},
	}
}

// tellOfEvict tells of the annotation on a MesosTask of this installation, unless it was there before with that value.
func (r *Reconciler) tellOfEvict(ctx context.Context, before string, object client.Object) {
	task, ok := object.(*v1alpha1.MesosTask)
	if !ok || task.Annotations[v1alpha1.AnnotationEvict] == before || !r.Scope.Watches(task.Namespace) {
		return
	}
	ignored := evictIgnored(task)
	if ignored == "" {
		return
	}
	framework := &v1alpha1.MesosFramework{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: task.Spec.FrameworkRef.Name}, framework); err != nil ||
		framework.Spec.ControllerName != r.ControllerName || leadership.ClaimedElsewhere(r.Gate.Leadership(), framework.Status.Controller) {
		return
	}
	r.Recorder.Event(task, true, v1alpha1.EventEvictIgnored, "Evicting", ignored)
}

// evictIgnored says why the annotation does nothing to a MesosTask; empty where it does what it asks for, or asks for nothing.
func evictIgnored(task *v1alpha1.MesosTask) string {
	value, ok := task.Annotations[v1alpha1.AnnotationEvict]
	if !ok {
		return ""
	}
	asks, err := strconv.ParseBool(value)
	owner := metav1.GetControllerOf(task)
	switch {
	case err != nil:
		return fmt.Sprintf(`Annotation %s is %q and does nothing: set it to "true"`, v1alpha1.AnnotationEvict, value)
	case asks && (owner == nil || owner.Kind != "MesosTaskSet") && task.Labels[v1alpha1.LabelSet] == "":
		return fmt.Sprintf("Annotation %s does nothing to a MesosTask that is no MesosTaskSet's, as nothing takes its place: to have its task started anew, set %s",
			v1alpha1.AnnotationEvict, v1alpha1.AnnotationRestartedAt)
	default:
		return ""
	}
}
