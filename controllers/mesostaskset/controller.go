package mesostaskset

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
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
	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// +kubebuilder:rbac:groups=mesos.dev,resources=mesostasksets,verbs=get;list;watch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesostasksets/status,verbs=patch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesostasks,verbs=create;patch;delete
// +kubebuilder:rbac:groups=apps,resources=controllerrevisions,verbs=list;watch;create;patch;delete

const (
	// workers is how many sets are worked on at once.
	workers = 4
	// together is how long what happens to the tasks of a set is gathered before it is decided on.
	together = 100 * time.Millisecond
	// cacheRetry is how soon a set is looked at again whose own last writes the cache does not show: what it shows brings the set back before.
	cacheRetry = time.Second
)

// Reconciler keeps the MesosTasks of sets as rollout decides.
type Reconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Connections reach Mesos.
	Connections *connections.Connections
	// Gate is what every write passes.
	Gate *leadership.Gate
	// Clock is the time.
	Clock clock.PassiveClock
	// ControllerName is the installation; frameworks of others are left alone.
	ControllerName string
	// Scope is the namespaces whose sets it works on.
	Scope scope.Namespaces
	// Levels are those of the CRDs; nil where nothing is known of them.
	Levels *apilevel.Levels
	// Recorder writes Events.
	Recorder *events.Recorder

	written  writes.Written[*v1alpha1.MesosTaskSet]
	own      writes.Own
	refusals refusals
	changes  changes
	names    names
	// confirmed are the sets of which the cache is known to have shown what they have.
	confirmed confirmed
}

// BySet is the index of MesosTasks by the set whose they could be, by their names.
const BySet = "mesostaskset"

// SetupWithManager makes the manager run the reconciler.
func (r *Reconciler) SetupWithManager(ctx context.Context, manager ctrl.Manager) error {
	if err := manager.GetFieldIndexer().IndexField(ctx, &v1alpha1.MesosTask{}, BySet, IndexBySet); err != nil {
		return fmt.Errorf("indexing MesosTasks by their sets: %w", err)
	}
	return ctrl.NewControllerManagedBy(manager).
		Named("mesostaskset").
		For(&v1alpha1.MesosTaskSet{}).
		Watches(&v1alpha1.MesosTask{}, gathering(setOfTask)).
		Watches(&v1alpha1.MesosTask{}, r.evictions()).
		Watches(&appsv1.ControllerRevision{}, gathering(setOfRevision)).
		Watches(&v1alpha1.MesosFramework{}, handler.EnqueueRequestsFromMapFunc(scope.UnderFramework(r.Client, &v1alpha1.MesosTaskSetList{})), builder.WithPredicates(frameworkChanged)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
}

// IndexBySet is the value of a MesosTask in the index.
func IndexBySet(object client.Object) []string {
	if set, _, ok := v1alpha1.SetOf(object.GetName()); ok {
		return []string{set}
	}
	return nil
}

func setOfTask(object client.Object) string {
	set, _, _ := v1alpha1.SetOf(object.GetName())
	return set
}

func setOfRevision(object client.Object) string { return object.GetLabels()[v1alpha1.LabelSet] }

// gathering brings a set back a moment after something happened to what is its own, so that what happens to many at once is decided on once.
func gathering(setOf func(client.Object) string) handler.EventHandler {
	enqueue := func(queue workqueue.TypedRateLimitingInterface[reconcile.Request], object client.Object) {
		if set := setOf(object); set != "" {
			queue.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: set}}, together)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(queue, e.Object)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(queue, e.ObjectNew)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(queue, e.Object)
		},
	}
}

// frameworkChanged lets through what a set may depend on: a framework's spec, its conditions, its subscription and its proof.
var frameworkChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosFramework)
		after, also := e.ObjectNew.(*v1alpha1.MesosFramework)
		return ok && also && (before.Generation != after.Generation || !equality.Semantic.DeepEqual(before.Status.Conditions, after.Status.Conditions) ||
			!before.Status.ConnectedSince.Equal(after.Status.ConnectedSince) || !equality.Semantic.DeepEqual(before.Status.Controller, after.Status.Controller) ||
			!equality.Semantic.DeepEqual(before.Status.Reconciliation, after.Status.Reconciliation))
	},
}

// Reconcile brings one MesosTaskSet a step closer to what it should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if !r.Scope.Watches(request.Namespace) {
		return ctrl.Result{}, nil
	}
	cached := &v1alpha1.MesosTaskSet{}
	if err := r.Client.Get(ctx, request.NamespacedName, cached); err != nil {
		if apierrors.IsNotFound(err) {
			r.drop(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the MesosTaskSet: %w", err)
	}
	view, err := r.gather(ctx, cached)
	if err != nil || view == nil {
		return ctrl.Result{}, err
	}
	if view.behind {
		return ctrl.Result{RequeueAfter: cacheRetry}, nil
	}
	decision := rollout.Next(view.seen)
	if len(decision.Deletes) > 0 && !r.confirmed.has(view.object) {
		if err := r.confirm(ctx, view); err != nil {
			return r.outcome(ctx, view, err)
		}
		decision = rollout.Next(view.seen)
	}
	setDecisions.Inc(decision.Rule)
	ctrl.LoggerFrom(ctx).V(1).Info("Decided", "rule", decision.Rule, "creates", len(decision.Creates), "deletes", len(decision.Deletes), "changes", len(decision.Changes))
	if err := r.act(ctx, view, decision); err != nil {
		return r.outcome(ctx, view, err)
	}
	return r.lookAgain(decision.Check, view.lookAgain), nil
}

func (r *Reconciler) drop(key types.NamespacedName) {
	r.written.Drop(key)
	r.own.Drop(key)
	r.refusals.drop(key)
	r.names.drop(key)
	r.changes.drop(key)
	r.confirmed.drop(key)
}

// lookAgain brings the key back at the earliest of some times; never if all are zero.
func (r *Reconciler) lookAgain(times ...time.Time) ctrl.Result {
	var soonest time.Time
	for _, at := range times {
		if !at.IsZero() && (soonest.IsZero() || at.Before(soonest)) {
			soonest = at
		}
	}
	if soonest.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: max(soonest.Sub(r.Clock.Now()), time.Millisecond)}
}

// outcome says what follows from a write that failed. One whose tests did not hold is made anew once the cache shows why; what the API server
// refuses for another reason a person must learn of.
func (r *Reconciler) outcome(ctx context.Context, view *view, err error) (ctrl.Result, error) {
	switch {
	case errors.Is(err, errChanged) || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err):
		return ctrl.Result{RequeueAfter: cacheRetry}, nil
	case writes.Refused(err):
		// It is the status.
		ctrl.LoggerFrom(ctx).Info("The API server refuses a write", "reason", err.Error())
		return r.lookAgain(r.refusals.note(view.key, view.key.Name, err, r.Clock.Now()).Add(cacheRetry)), nil
	default:
		return ctrl.Result{}, err
	}
}

// errChanged says that the set is not any more what it was taken for.
var errChanged = errors.New("the set was deleted or changed, or another has its name")
