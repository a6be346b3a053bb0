package scope

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// frameworkOf is the MesosFramework that an object names; empty for one of another kind.
func frameworkOf(object runtime.Object) string {
	switch object := object.(type) {
	case *v1alpha1.MesosTask:
		return object.Spec.FrameworkRef.Name
	case *v1alpha1.MesosTaskSet:
		return object.Spec.Template.Spec.FrameworkRef.Name
	case *v1alpha1.MesosCronTask:
		return object.Spec.Template.Spec.FrameworkRef.Name
	default:
		return ""
	}
}

// UnderFramework maps a MesosFramework to the objects of a kind in a cache that name it. The kind is that of an empty list.
func UnderFramework(cache client.Reader, kind client.ObjectList) handler.MapFunc {
	return func(ctx context.Context, framework client.Object) (requests []reconcile.Request) {
		list, _ := kind.DeepCopyObject().(client.ObjectList)
		err := cache.List(ctx, list, client.UnsafeDisableDeepCopy)
		if err == nil {
			// What the cache has is only looked at.
			err = meta.EachListItem(list, func(item runtime.Object) error {
				if object, ok := item.(client.Object); ok && frameworkOf(object) == framework.GetName() {
					requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(object)})
				}
				return nil
			})
		}
		if err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "Listing what is under a MesosFramework from the cache")
		}
		return requests
	}
}
