package mesoscrontask

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// +kubebuilder:rbac:groups=mesos.dev,resources=mesoscrontasks,verbs=get;list;watch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesoscrontasks/status,verbs=patch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesostasks,verbs=get;list;watch;create;patch;delete

const (
	// workers is how many cron tasks are worked on at once.
	workers = 4
	// cacheRetry is how soon a cron task is looked at again whose own last writes the cache does not show: what it shows brings it back before.
	cacheRetry = time.Second
	// steps is how many are taken for one before others have their turn.
	steps = 10
)

// Reconciler starts the runs of cron tasks as schedule decides.
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
	// Scope is the namespaces whose cron tasks it works on.
	Scope scope.Namespaces
	// Levels are those of the CRDs; nil where nothing is known of them.
	Levels *apilevel.Levels
	// Recorder writes Events.
	Recorder *events.Recorder

	written  writes.Written[*v1alpha1.MesosCronTask]
	own      writes.Own
	refusals refusals
	searched searched
}

// ByCron is the index of MesosTasks by the cron task whose run they are, by their label and their names.
const ByCron = "mesoscrontask"

// SetupWithManager makes the manager run the reconciler.
func (r *Reconciler) SetupWithManager(ctx context.Context, manager ctrl.Manager) error {
	if err := manager.GetFieldIndexer().IndexField(ctx, &v1alpha1.MesosTask{}, ByCron, IndexByCron); err != nil {
		return fmt.Errorf("indexing MesosTasks by their cron tasks: %w", err)
	}
	return ctrl.NewControllerManagedBy(manager).
		Named("mesoscrontask").
		For(&v1alpha1.MesosCronTask{}).
		Watches(&v1alpha1.MesosTask{}, handler.EnqueueRequestsFromMapFunc(cronOf)).
		Watches(&v1alpha1.MesosFramework{}, handler.EnqueueRequestsFromMapFunc(scope.UnderFramework(r.Client, &v1alpha1.MesosCronTaskList{})), builder.WithPredicates(frameworkChanged)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
}

// IndexByCron is the value of a MesosTask in the index.
func IndexByCron(object client.Object) []string {
	cron := object.GetLabels()[v1alpha1.LabelCron]
	if _, _, ok := schedule.ParseRunName(cron, object.GetName()); !ok {
		return nil
	}
	return []string{cron}
}

// cronOf names the cron task whose run a MesosTask is.
func cronOf(_ context.Context, task client.Object) []reconcile.Request {
	var requests []reconcile.Request
	for _, cron := range IndexByCron(task) {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: task.GetNamespace(), Name: cron}})
	}
	return requests
}

// frameworkChanged lets through what a cron task may depend on: a framework's coming and going, its spec, who serves it, and its proof.
var frameworkChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosFramework)
		after, also := e.ObjectNew.(*v1alpha1.MesosFramework)
		return ok && also && (before.Generation != after.Generation || !equality.Semantic.DeepEqual(before.Status.Controller, after.Status.Controller) ||
			!equality.Semantic.DeepEqual(before.Status.Reconciliation, after.Status.Reconciliation))
	},
}

// Reconcile starts what is due of one MesosCronTask.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if !r.Scope.Watches(request.Namespace) {
		return ctrl.Result{}, nil
	}
	cached := &v1alpha1.MesosCronTask{}
	if err := r.Client.Get(ctx, request.NamespacedName, cached); err != nil {
		if apierrors.IsNotFound(err) {
			r.drop(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the MesosCronTask: %w", err)
	}
	view, err := r.gather(ctx, cached)
	if err != nil || view == nil {
		return ctrl.Result{}, err
	}
	if view.behind {
		return ctrl.Result{RequeueAfter: cacheRetry}, nil
	}
	return r.work(ctx, view)
}

// work decides and takes a step, until nothing is left to do.
func (r *Reconciler) work(ctx context.Context, view *view) (ctrl.Result, error) {
	for range steps {
		decision := schedule.Next(view.seen)
		acted, err := r.act(ctx, view, decision)
		switch {
		case err != nil:
			return r.outcome(ctx, err)
		case !acted:
			return r.lookAgain(decision.Check, view.lookAgain), nil
		}
	}
	return ctrl.Result{RequeueAfter: time.Millisecond}, nil
}

func (r *Reconciler) drop(key types.NamespacedName) {
	r.written.Drop(key)
	r.own.Drop(key)
	r.refusals.drop(key)
	r.searched.drop(key)
}

// lookAgain brings the key back at the earlier of two times; never if both are zero.
func (r *Reconciler) lookAgain(one, other time.Time) ctrl.Result {
	if one.IsZero() || !other.IsZero() && other.Before(one) {
		one = other
	}
	if one.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: max(one.Sub(r.Clock.Now()), time.Millisecond)}
}

// errChanged says that the cron task is not any more what it was taken for.
var errChanged = errors.New("the cron task was deleted, or another has its name")

// outcome says what follows from a write that failed. One whose tests did not hold is made anew once the cache shows why.
func (r *Reconciler) outcome(ctx context.Context, err error) (ctrl.Result, error) {
	switch {
	case errors.Is(err, errChanged) || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || apierrors.IsInvalid(err):
		ctrl.LoggerFrom(ctx).Info("Looking again, as a write was refused", "reason", err.Error())
		return ctrl.Result{RequeueAfter: cacheRetry}, nil
	default:
		return ctrl.Result{}, err
	}
}
