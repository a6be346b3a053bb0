package services

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/endpoints"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// The rights on Services and EndpointSlices are a grant of their own: config/service-discovery, and serviceDiscovery.enabled of the chart.

const (
	// staleRetry is how soon a write is tried again that the cache was too old for.
	staleRetry = 50 * time.Millisecond
	// refusedRetry is how soon what the API server refused is tried again, and whether a Service is still another's: of that there is no news.
	refusedRetry = time.Minute
	// workers is how many sets are worked on at once.
	workers = 4
)

// Reconciler keeps the Services and EndpointSlices of MesosTaskSets.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Connections know where agents are.
	Connections *connections.Connections
	// Gate is what every write passes.
	Gate *leadership.Gate
	// Clock is the time.
	Clock clock.PassiveClock
	// ControllerName is the installation; sets under frameworks of others are left alone.
	ControllerName string
	// Scope is the namespaces whose sets it works on.
	Scope scope.Namespaces
	// Recorder writes Events.
	Recorder *events.Recorder
	// Forbidden says that Services and EndpointSlices may not be written, or not be read: sets that ask for them are told so.
	Forbidden bool

	gathering gathering
}

// SetupWithManager makes the manager run the reconciler. MesosTasks are indexed (scope.Index), and the cache has of Services and EndpointSlices no more than
// those that are kept here: a cluster has many others.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager) error {
	built := ctrl.NewControllerManagedBy(manager).
		Named("services").
		For(&v1alpha1.MesosTaskSet{}, builder.WithPredicates(setChanged)).
		Watches(&v1alpha1.MesosTask{}, handler.EnqueueRequestsFromMapFunc(setsOfTask), builder.WithPredicates(taskChanged)).
		Watches(&v1alpha1.MesosFramework{}, handler.EnqueueRequestsFromMapFunc(scope.UnderFramework(r.Client, &v1alpha1.MesosTaskSetList{})), builder.WithPredicates(frameworkChanged)).
		WatchesRawSource(r.Connections.ServiceSource()).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers})
	if !r.Forbidden {
		built = built.
			Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(setOfService)).
			Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(setOfSlice))
	}
	return built.Complete(r)
}

// setChanged lets through what the Service of a set depends on, and what the condition: what is of the template as it is, and what somebody did to it.
var setChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosTaskSet)
		after, also := e.ObjectNew.(*v1alpha1.MesosTaskSet)
		return ok && also && (before.Generation != after.Generation || before.Status.UpdateRevision != after.Status.UpdateRevision ||
			!reflect.DeepEqual(conditionOf(before), conditionOf(after)))
	},
}

// taskChanged lets through what it depends on where a task is found, and whose it is.
var taskChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosTask)
		after, also := e.ObjectNew.(*v1alpha1.MesosTask)
		return ok && also && (endpoints.Concerns(before, after) || !reflect.DeepEqual(scope.SetsOf(before), scope.SetsOf(after)))
	},
}

// frameworkChanged lets through what addresses may be published, and whose the framework is.
var frameworkChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosFramework)
		after, also := e.ObjectNew.(*v1alpha1.MesosFramework)
		return ok && also && (!reflect.DeepEqual(before.Spec.Endpoints, after.Spec.Endpoints) || !reflect.DeepEqual(before.Status.Controller, after.Status.Controller))
	},
}

func conditionOf(set *v1alpha1.MesosTaskSet) *metav1.Condition {
	return meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionServicePublished)
}

// setsOfTask names the sets that a task may be of.
func setsOfTask(_ context.Context, task client.Object) []reconcile.Request {
	return requests(task.GetNamespace(), scope.SetsOf(task)...)
}

// setOfService names the set of a Service that was made for one.
func setOfService(_ context.Context, service client.Object) []reconcile.Request {
	return requests(service.GetNamespace(), service.GetName())
}

// setOfSlice names the set of a slice.
func setOfSlice(_ context.Context, slice client.Object) []reconcile.Request {
	return requests(slice.GetNamespace(), slice.GetLabels()[discoveryv1.LabelServiceName])
}

func requests(namespace string, names ...string) []reconcile.Request {
	all := make([]reconcile.Request, len(names))
	for i, name := range names {
		all[i].NamespacedName = types.NamespacedName{Namespace: namespace, Name: name}
	}
	return all
}

// Reconcile brings the Service and the slices of one set a step closer to what they should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if !r.Scope.Watches(request.Namespace) {
		return ctrl.Result{}, nil
	}
	set := &v1alpha1.MesosTaskSet{}
	if err := r.Client.Get(ctx, request.NamespacedName, set); err != nil {
		if !apierrors.IsNotFound(err) {
			return ctrl.Result{}, fmt.Errorf("reading the MesosTaskSet: %w", err)
		}
		r.Connections.Unsought(request.NamespacedName)
		r.gathering.end(request.NamespacedName)
		return (&view{Reconciler: r, key: request.NamespacedName}).thin(ctx)
	}
	framework := &v1alpha1.MesosFramework{}
	if err := r.Client.Get(ctx, types.NamespacedName{Name: set.Spec.Template.Spec.FrameworkRef.Name}, framework); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if set.DeletionTimestamp != nil || framework.Spec.ControllerName != r.ControllerName || leadership.ClaimedElsewhere(r.Gate.Leadership(), framework.Status.Controller) {
		// What it owns is deleted with it, by Kubernetes. Sets of others are theirs.
		return ctrl.Result{}, nil
	}
	v := &view{Reconciler: r, key: request.NamespacedName, set: set, framework: framework}
	return v.outcome(ctx, v.keep(ctx))
}

// thin takes out of slices that a set left behind what may no longer be in them.
func (v *view) thin(ctx context.Context) (ctrl.Result, error) {
	if v.Forbidden {
		return ctrl.Result{}, nil
	}
	slices, err := v.slices(ctx)
	if err != nil || len(slices) == 0 {
		return ctrl.Result{}, err
	}
	seen := &endpoints.Seen{Namespace: v.key.Namespace, Name: v.key.Name, Slices: slices}
	if seen.Tasks, err = v.tasks(ctx); err != nil {
		return ctrl.Result{}, err
	}
	err = v.carryOut(ctx, seen, endpoints.Thin(seen))
	if stale(err) {
		return ctrl.Result{RequeueAfter: staleRetry}, nil
	}
	return ctrl.Result{}, err
}

// outcome says what follows from what was done, or not.
func (v *view) outcome(ctx context.Context, err error) (ctrl.Result, error) {
	result := ctrl.Result{RequeueAfter: v.again}
	switch {
	case errors.Is(err, errGathering):
		return result, nil
	case err == nil:
		err = v.say(ctx)
	}
	if stale(err) {
		return ctrl.Result{RequeueAfter: staleRetry}, nil
	}
	return result, err
}
