package mesosframework

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// +kubebuilder:rbac:groups=mesos.dev,resources=mesosframeworks,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesosframeworks/status,verbs=patch

// frameworkWorkers is how many frameworks are worked on at once: one that is slow to be torn down holds up no other.
const frameworkWorkers = 4

// Reconciler keeps frameworks registered and runs the reconciliation passes over their tasks.
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
	// Scope is the namespaces whose MesosTasks it sees.
	Scope scope.Namespaces
	// Recorder writes Events.
	Recorder *events.Recorder
	// OperatorNamespace is where the Secrets are that frameworks name.
	OperatorNamespace string
	// SetsUnserved and CronTasksUnserved say that nobody serves objects of those kinds, as their CRDs are not there or may not be read.
	SetsUnserved, CronTasksUnserved bool
	// SecretsEvery is how often they are read again; zero is for half a minute.
	SecretsEvery time.Duration

	written writes.Written[*v1alpha1.MesosFramework]

	mu     sync.Mutex
	byName map[string]*memory
	// rivals are for which other framework each waits that has its framework ID.
	rivals map[string]string
	// leases are those of other installations whose claims were looked at, by namespace and name.
	leases map[string]leaseSeen
}

// SetupWithManager makes the manager run the reconciler.
func (r *Reconciler) SetupWithManager(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).
		Named("mesosframework").
		For(&v1alpha1.MesosFramework{}).
		Watches(&v1alpha1.MesosTask{}, handler.EnqueueRequestsFromMapFunc(frameworkOf), builder.WithPredicates(countsChanged)).
		WatchesRawSource(r.Connections.FrameworkSource()).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: frameworkWorkers,
			RateLimiter:             &retries{workqueue.DefaultTypedControllerRateLimiter[reconcile.Request](), r},
		}).
		Complete(r)
}

// frameworkOf names the framework of a task.
func frameworkOf(_ context.Context, object client.Object) []reconcile.Request {
	task, ok := object.(*v1alpha1.MesosTask)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: task.Spec.FrameworkRef.Name}}}
}

// countsChanged lets through the changes of tasks that change what is counted of a framework's tasks.
var countsChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosTask)
		after, also := e.ObjectNew.(*v1alpha1.MesosTask)
		return ok && also && (countOf(before) != countOf(after) || whyNotReady(before) != whyNotReady(after))
	},
}

// Reconcile brings one framework a step closer to what it should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	framework := &v1alpha1.MesosFramework{}
	if err := r.Client.Get(ctx, request.NamespacedName, framework); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.Name)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the MesosFramework: %w", err)
	}
	if framework.Spec.ControllerName != r.ControllerName {
		return ctrl.Result{}, nil
	}
	framework, _, doubtful := r.written.Latest(framework)
	if !doubtful.IsZero() && !r.Clock.Now().Before(doubtful) {
		live := &v1alpha1.MesosFramework{}
		switch err := r.Live.Get(ctx, request.NamespacedName, live); {
		case apierrors.IsNotFound(err):
			return ctrl.Result{}, nil
		case err != nil:
			return ctrl.Result{}, errors.Join(err, r.onlyAsk(ctx, framework))
		}
		r.written.Keep(live, r.Clock.Now())
		framework = live
	}
	v := &view{Reconciler: r, object: framework, memory: r.remember(framework)}
	result, err := v.serve(ctx)
	switch {
	case apierrors.IsInvalid(err) || apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		return v.refused(ctx, err)
	case err != nil:
		return ctrl.Result{}, err
	}
	return result, nil
}

// onlyAsk goes on with the reconciliation of a framework that cannot be read, where it has a connection: that rests on no write of the framework, and Mesos'
// answers are not to wait until the API server is back.
func (r *Reconciler) onlyAsk(ctx context.Context, framework *v1alpha1.MesosFramework) error {
	v := &view{Reconciler: r, object: framework, memory: r.remember(framework), connection: r.Connections.Get(framework.Name)}
	if v.connection == nil {
		return nil
	}
	_, err := v.reconcileTasks(ctx)
	return err
}

// refused handles a write that was not taken: as its tests did not hold, since the object has changed, which is quiet; or for another reason,
// which is an error that is tried again with backoff.
func (v *view) refused(ctx context.Context, refusal error) (ctrl.Result, error) {
	live := &v1alpha1.MesosFramework{}
	if err := v.Live.Get(ctx, client.ObjectKeyFromObject(v.object), live); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if apierrors.IsInvalid(refusal) && live.ResourceVersion == v.object.ResourceVersion {
		v.Recorder.Event(live, true, v1alpha1.ReasonWriteRefused, "Reconciling", refusal.Error())
		return ctrl.Result{}, fmt.Errorf("writing the MesosFramework: %w", refusal)
	}
	v.written.Keep(live, v.Clock.Now())
	return ctrl.Result{RequeueAfter: time.Second}, nil
}

// serve does what there is to do for one framework, if this installation is the one that serves it.
func (v *view) serve(ctx context.Context) (ctrl.Result, error) {
	switch refused, err := v.claim(ctx); {
	case err != nil:
		return ctrl.Result{}, err
	case refused > 0:
		if err := v.standDown(ctx); err != nil {
			return ctrl.Result{}, err
		}
		return ctrl.Result{RequeueAfter: refused}, nil
	}
	duplicate, err := v.duplicate(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	v.memory.notes = nil
	v.countAbandoned()
	if err := v.heedRequests(ctx, requestedAnyway); err != nil {
		return ctrl.Result{}, err
	}
	if done, err := v.hold(ctx, duplicate != nil); err != nil || done {
		return ctrl.Result{}, err
	}
	var next time.Time
	if duplicate != nil {
		v.disconnect()
		// They are read again before it connects, and not until then.
		v.memory.secrets = secretsMemory{}
		next = v.Clock.Now().Add(recheckDuplicate)
		if v.object.DeletionTimestamp.IsZero() {
			v.memory.stuck = duplicate
		}
	} else if next, err = v.keep(ctx); err != nil {
		return ctrl.Result{}, err
	}
	v.Connections.Unconnected(v.object.Name, v.whyUnconnected())
	again, err := v.writeStatus(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	recheck := time.Time{}
	if !v.object.DeletionTimestamp.IsZero() {
		recheck = v.Clock.Now().Add(deletionRecheck)
	}
	return v.lookAgain(next, again, recheck, v.memory.secrets.due, v.abandonedUntil()), nil
}

// whyUnconnected says why the framework has no connection; empty where it has one.
func (v *view) whyUnconnected() string {
	if v.memory.stuck == nil || v.Connections.Get(v.object.Name) != nil {
		return ""
	}
	return v.memory.stuck.Message
}

// lookAgain brings the key back at the earliest of times; those that are zero do not count.
func (r *Reconciler) lookAgain(times ...time.Time) ctrl.Result {
	times = slices.DeleteFunc(times, time.Time.IsZero)
	if len(times) == 0 {
		return ctrl.Result{}
	}
	first := slices.MinFunc(times, time.Time.Compare)
	return ctrl.Result{RequeueAfter: max(first.Sub(r.Clock.Now()), time.Millisecond)}
}

// hold keeps the object until it may go, and lets it go then. It says whether that is done.
func (v *view) hold(ctx context.Context, duplicate bool) (done bool, err error) {
	switch {
	case !v.object.DeletionTimestamp.IsZero():
		return v.letGo(ctx, duplicate)
	case slices.Contains(v.object.Finalizers, v1alpha1.FrameworkFinalizer):
		return false, nil
	}
	patch := writes.For(v.object)
	patch.AddFinalizer(v.object, v1alpha1.FrameworkFinalizer)
	return false, v.patch(ctx, patch, false)
}

// keep keeps the framework connected, where it may be, and its tasks reconciled. It returns when to look again.
func (v *view) keep(ctx context.Context) (time.Time, error) {
	if err := v.connect(ctx); err != nil || v.connection == nil {
		return time.Time{}, err
	}
	if err := v.storeID(ctx); err != nil {
		return time.Time{}, err
	}
	next, err := v.reconcileTasks(ctx)
	if err != nil {
		return time.Time{}, err
	}
	recount, err := v.recountOrphans(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if next.IsZero() || !recount.IsZero() && recount.Before(next) {
		next = recount
	}
	if err := v.countUnknown(ctx); err != nil {
		return time.Time{}, err
	}
	return next, v.heedRequests(ctx, requested)
}

// remember returns what this process remembers of a framework; nothing, if another object had its name.
func (r *Reconciler) remember(framework *v1alpha1.MesosFramework) *memory {
	r.mu.Lock()
	known := r.byName[framework.Name]
	r.mu.Unlock()
	if known != nil && known.uid == string(framework.UID) {
		return known
	}
	if known != nil {
		// Not under the lock: it may take a while.
		r.Connections.Remove(framework.Name)
		forgetFramework(framework.Name)
	}
	known = &memory{uid: string(framework.UID), passes: newPasses()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName = map[string]*memory{}
	}
	r.byName[framework.Name] = known
	return known
}

// forget drops a framework that is gone.
func (r *Reconciler) forget(name string) {
	r.Connections.Remove(name)
	forgetFramework(name)
	r.written.Drop(client.ObjectKey{Name: name})
	r.wakeRivals(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
	delete(r.rivals, name)
}
