package mesostask

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
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
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// +kubebuilder:rbac:groups=mesos.dev,resources=mesostasks,verbs=get;list;watch;patch;delete
// +kubebuilder:rbac:groups=mesos.dev,resources=mesostasks/status,verbs=patch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesosframeworks,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// staleRetry is how soon a write is tried again whose tests did not hold, cacheRetry how soon an object is looked at again that the cache does
// not have as the API server does.
const staleRetry, cacheRetry = 50 * time.Millisecond, time.Second

// taskWorkers is how many MesosTasks are worked on at once: more writes in flight only add latency at the API server.
const taskWorkers = 16

// Reconciler is the one writer of MesosTasks: it gathers what is known of one, lets lifecycle decide, records and acts.
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
	// Scope is the namespaces whose MesosTasks it works on.
	Scope scope.Namespaces
	// Levels are those of the CRDs; nil where nothing is known of them.
	Levels *apilevel.Levels
	// Recorder writes Events.
	Recorder *events.Recorder

	// queue is the workqueue; nil before it is made.
	queue     taskQueue
	written   writes.Written[*v1alpha1.MesosTask]
	refusals  refusals
	deletions deletions
	// released are the objects that are gone since their finalizer was taken away, by name; the cache may still have them.
	released sync.Map
	minor    minor
	sources  sources
	// frameworks has a caughtUp for each MesosFramework's name.
	frameworks sync.Map
}

// minorPerSecond and minorAtOnce bound the writes that only take back what was said of a task's waiting: after an outage they are of all tasks that
// wait, which are rather launched. Those that have to wait do so for minorLater, and up to as long again.
const (
	minorPerSecond, minorAtOnce = 50, 200
	minorLater                  = 15 * time.Second
)

// busyAt is how many keys wait for a worker where the API server does not keep up, and passesWithin how long what a task passes through is left
// unwritten then, looked at every passesAgain: a queue that grows is a reason to write less.
const (
	busyAt       = 2 * taskWorkers
	passesWithin = time.Minute
	passesAgain  = 5 * time.Second
)

// minor is the budget of such writes; its zero value is full.
type minor struct {
	once   sync.Once
	budget *rate.Limiter
}

// allow says whether one more may be made now.
func (m *minor) allow() bool {
	m.once.Do(func() { m.budget = rate.NewLimiter(minorPerSecond, minorAtOnce) })
	return m.budget.Allow()
}

// SetupWithManager makes the manager run the reconciler.
func (r *Reconciler) SetupWithManager(ctx context.Context, manager ctrl.Manager) error {
	if err := scope.Index(ctx, manager.GetFieldIndexer()); err != nil {
		return err
	}
	r.Levels.OnChange(func(ctx context.Context) {
		for _, request := range r.requests(ctx, &client.ListOptions{}) {
			r.Connections.EnqueueTask(request.NamespacedName)
		}
	})
	return ctrl.NewControllerManagedBy(manager).
		Named("mesostask").
		For(&v1alpha1.MesosTask{}).
		Watches(&v1alpha1.MesosFramework{}, handler.EnqueueRequestsFromMapFunc(r.tasksOf), builder.WithPredicates(FrameworkChanged)).
		WatchesMetadata(scope.NewNamespace(), handler.EnqueueRequestsFromMapFunc(r.tasksIn), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(r.Connections.TaskSource()).
		WithOptions(controller.Options{MaxConcurrentReconciles: taskWorkers, NewQueue: r.newQueue}).
		Complete(r)
}

// FrameworkChanged lets through what a task may depend on: a framework's spec, its ID, its roles, who serves it, what a person gave up by it, its coming and
// going.
var FrameworkChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosFramework)
		after, also := e.ObjectNew.(*v1alpha1.MesosFramework)
		return ok && also && (before.Generation != after.Generation || before.Status.FrameworkID != after.Status.FrameworkID ||
			!slices.Equal(before.Status.Roles, after.Status.Roles) ||
			!slices.Equal(before.Status.ReplacedFrameworkIDs, after.Status.ReplacedFrameworkIDs) ||
			!reflect.DeepEqual(before.Status.HandledAnnotations, after.Status.HandledAnnotations) ||
			!reflect.DeepEqual(before.Status.Controller, after.Status.Controller))
	},
}

// tasksOf names the tasks of a framework.
func (r *Reconciler) tasksOf(ctx context.Context, framework client.Object) []reconcile.Request {
	return r.requests(ctx, scope.OfFramework(framework.GetName()))
}

// tasksIn names the tasks of a namespace.
func (r *Reconciler) tasksIn(ctx context.Context, namespace client.Object) []reconcile.Request {
	return r.requests(ctx, client.InNamespace(namespace.GetName()))
}

// requests names the tasks that a list of the cache has.
func (r *Reconciler) requests(ctx context.Context, which client.ListOption) []reconcile.Request {
	var tasks v1alpha1.MesosTaskList
	if err := r.Client.List(ctx, &tasks, which, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing MesosTasks from the cache")
		return nil
	}
	requests := make([]reconcile.Request, len(tasks.Items))
	for i := range tasks.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&tasks.Items[i])
	}
	return requests
}

// Reconcile brings one MesosTask a step closer to what it should be.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	if !r.Scope.Watches(request.Namespace) {
		return r.lookAgain(r.settleUnwatched(ctx, request.NamespacedName)), nil
	}
	cached := &v1alpha1.MesosTask{}
	if err := r.Client.Get(ctx, request.NamespacedName, cached); err != nil {
		if apierrors.IsNotFound(err) {
			return r.gone(ctx, request.NamespacedName)
		}
		return ctrl.Result{}, fmt.Errorf("reading the MesosTask: %w", err)
	}
	if until := r.releasedUntil(cached); !until.IsZero() {
		return r.lookAgain(until), nil
	}
	elsewhere, err := r.settleElsewhere(ctx, request.NamespacedName, cached.Spec.FrameworkRef.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	view, err := r.gather(ctx, cached)
	if err != nil {
		return ctrl.Result{}, err
	}
	if view == nil {
		r.references().Forget(request.NamespacedName)
		return r.lookAgain(elsewhere), nil
	}
	if tried, err := r.adoptEnd(ctx, view); tried {
		return r.outcome(ctx, view, err)
	}
	return r.carryOut(ctx, view, elsewhere)
}

// carryOut decides about a task and does what follows. Elsewhere is when to look again for what other frameworks' masters say.
func (r *Reconciler) carryOut(ctx context.Context, view *view, elsewhere time.Time) (ctrl.Result, error) {
	decision := lifecycle.Next(view.seen)
	if !decision.Hindered {
		r.Connections.Unhindered(view.object.Spec.FrameworkRef.Name, view.key)
	}
	rulesMatched.Inc(decision.Rule)
	if attempt := decision.Status.Task; attempt != nil && attempt.FinishTime == nil && len(decision.Steps) > 0 {
		ctx = ctrl.LoggerInto(ctx, ctrl.LoggerFrom(ctx).WithValues("taskID", attempt.ID))
	}
	ctrl.LoggerFrom(ctx).V(1).Info("Decided", "rule", decision.Rule, "steps", decision.Steps)
	if !decision.Rests {
		view.tellRest(nil)
	}
	if err := r.act(ctx, view, decision); err != nil {
		return r.outcome(ctx, view, err)
	}
	if decision.Rests && !view.seen.Now.Before(decision.WriteAt) {
		view.tellRest(view.seen.Observation)
	}
	return r.lookAgain(soonest(elsewhere, soonest(decision.Check, view.lookAgain))), nil
}

// lookAgain brings the key back at a time; never if that is zero.
func (r *Reconciler) lookAgain(at time.Time) ctrl.Result {
	if at.IsZero() {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: max(at.Sub(r.Clock.Now()), time.Millisecond)}
}

// outcome says what follows from a write that failed.
func (r *Reconciler) outcome(ctx context.Context, view *view, err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsInvalid(err) || apierrors.IsForbidden(err):
		return r.refused(ctx, view, err)
	case apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		// The object changed or went away; its event brings the key back.
		return ctrl.Result{RequeueAfter: time.Second}, nil
	default:
		return ctrl.Result{}, err
	}
}

// withoutMesos are the steps that need no connection.
var withoutMesos = []lifecycle.Step{lifecycle.StepRelease, lifecycle.StepFinalize, lifecycle.StepDelete}

// act records the decision and takes its steps, in order, up to the first that fails.
func (r *Reconciler) act(ctx context.Context, view *view, decision lifecycle.Decision) error {
	due := !view.seen.Now.Before(decision.WriteAt) && !equality.Semantic.DeepEqual(decision.Status, view.object.Status)
	if due && decision.Minor && !r.minor.allow() {
		due = false
		view.lookAgainAt(view.seen.Now.Add(wait.Jitter(minorLater, 1)))
	}
	if due && decision.Passes && r.isBusy() && view.seen.Now.Before(decision.WriteAt.Add(passesWithin)) {
		due = false
		view.lookAgainAt(view.seen.Now.Add(wait.Jitter(passesAgain, 1)))
	}
	if due {
		if err := r.put(ctx, view, decision); err != nil {
			return err
		}
	}
	view.tellPlacer(decision)
	r.tellReferences(ctx, view, decision)
	for _, step := range decision.Steps {
		if view.connection == nil && !slices.Contains(withoutMesos, step) {
			continue
		}
		err := r.take(ctx, view, decision, step)
		countStep(step, err)
		if err != nil {
			return err
		}
	}
	return r.settleOthers(ctx, view)
}

// isBusy says whether keys wait for a worker, as the API server does not keep up.
func (r *Reconciler) isBusy() bool { return r.queue != nil && r.queue.Len() >= busyAt }

// put writes the decision's status, and then its events.
func (r *Reconciler) put(ctx context.Context, view *view, decision lifecycle.Decision) error {
	err := r.writeStatus(ctx, view, decision.Status)
	countStep(stepWriteStatus, err)
	if err != nil {
		return err
	}
	r.tell(view, decision)
	return nil
}

// tell writes the decision's events.
func (r *Reconciler) tell(view *view, decision lifecycle.Decision) {
	for _, news := range decision.Events {
		r.Recorder.Event(view.object, news.Warning, news.Reason, news.Action, news.Message)
	}
}

// tellRest says what Mesos said of an attempt that rests; nil where any news of it counts.
func (v *view) tellRest(said *mesos.Observation) {
	if v.connection != nil && v.attempt.TaskID != "" {
		v.connection.Rest(v.key, v.attempt, said, v.doubted)
	}
}

// tellPlacer says whether the task waits for an offer, or will soon.
func (v *view) tellPlacer(decision lifecycle.Decision) {
	if v.connection == nil {
		return
	}
	if !slices.Contains(decision.Steps, lifecycle.StepPlace) && !slices.Contains(decision.Steps, lifecycle.StepBind) {
		v.connection.Placer.Unwant(v.key)
	}
	v.connection.Placer.Expect(v.key, v.task.Roles(), decision.Soon)
}

// take takes one step. Those that need Mesos have a connection.
func (r *Reconciler) take(ctx context.Context, view *view, decision lifecycle.Decision, step lifecycle.Step) error {
	connection, attempt := view.connection, decision.Status.Task
	switch step {
	case lifecycle.StepRelease, lifecycle.StepFinalize, lifecycle.StepDelete:
		return r.takeAlone(ctx, view, decision, step)
	case lifecycle.StepAcknowledge:
		connection.Bridge.Acknowledge(attempt.ID, view.seen.Unacknowledged)
	case lifecycle.StepCallOff:
		connection.Placer.CallOff(attempt.ID)
	case lifecycle.StepKill:
		ctrl.LoggerFrom(ctx).Info("Killing the task", "agentID", attempt.AgentID, "reason", decision.Rule)
		connection.Kill(view.key, lifecycle.OpenAttemptOf(attempt), graceOf(view.object))
	case lifecycle.StepAsk:
		connection.Ask(view.key, lifecycle.OpenAttemptOf(attempt))
	case lifecycle.StepAbandon:
		connection.Abandon(decision.Abandon)
	case lifecycle.StepPlace:
		connection.Placer.Want(view.key, view.task, view.seen.Hash, decision.Ended, decision.Avoid)
	case lifecycle.StepBind:
		return r.bind(ctx, view)
	case lifecycle.StepRestore, lifecycle.StepKeepPorts:
		return r.restore(ctx, view, decision.Restore, step == lifecycle.StepRestore)
	case lifecycle.StepAdopt:
		return r.adopt(ctx, view, decision.Adopt)
	case lifecycle.StepKillOthers:
		return r.killOthers(ctx, view, decision.KillOthers)
	case lifecycle.StepAskOthers:
		view.askOthers(decision.AskOthers)
	case lifecycle.StepForget:
		view.forget(decision.Forget)
	default:
	}
	return nil
}

// takeAlone takes a step that needs no connection.
func (r *Reconciler) takeAlone(ctx context.Context, view *view, decision lifecycle.Decision, step lifecycle.Step) error {
	switch step {
	case lifecycle.StepRelease:
		return r.releaseFinalizer(ctx, view, decision)
	case lifecycle.StepFinalize:
		return r.finalize(ctx, view)
	default:
		return r.deleteFinished(ctx, view)
	}
}

// askOthers asks Mesos for tasks of the object's identity that are not its attempt.
func (v *view) askOthers(others []lifecycle.Other) {
	for _, other := range others {
		v.connection.Ask(v.key, lifecycle.OpenAttempt{TaskID: other.TaskID, AgentID: other.AgentID, FrameworkID: v.connection.Bridge.Connection().FrameworkID})
	}
}

// forget drops what this process remembers of tasks that are over.
func (v *view) forget(taskIDs []string) {
	for _, taskID := range taskIDs {
		v.connection.Forget(v.key, taskID)
	}
}

// killOthers kills live tasks of the object's identity that are not its attempt, once a live read has said that the object is what it was
// taken for.
func (r *Reconciler) killOthers(ctx context.Context, view *view, others []lifecycle.Other) error {
	live := &v1alpha1.MesosTask{}
	if err := r.Live.Get(ctx, view.key, live); err != nil {
		return fmt.Errorf("reading the MesosTask live: %w", err)
	}
	if live.UID != view.object.UID || live.Generation != view.object.Generation ||
		live.Annotations[v1alpha1.AnnotationBinding] != view.object.Annotations[v1alpha1.AnnotationBinding] {
		r.written.Keep(live, r.Clock.Now())
		view.lookAgainAt(r.Clock.Now().Add(cacheRetry))
		return nil
	}
	for _, other := range others {
		ctrl.LoggerFrom(ctx).Info("Killing a task of this object that is not its attempt", "taskID", other.TaskID, "agentID", other.AgentID)
		if other.Kills == 0 {
			r.Recorder.Event(view.object, true, v1alpha1.EventKillingOther, "Killing",
				fmt.Sprintf("Killing %s on agent %s: it is not this object's attempt", other.TaskID, other.AgentID))
		}
		view.connection.Kill(view.key, lifecycle.OpenAttempt{
			TaskID: other.TaskID, AgentID: other.AgentID, FrameworkID: view.connection.Bridge.Connection().FrameworkID,
		}, graceOf(view.object))
	}
	return nil
}

// graceOf is the time that a task has between SIGTERM and SIGKILL by the spec as it is now; nil leaves it to what it was launched with.
func graceOf(task *v1alpha1.MesosTask) *time.Duration {
	if task.Spec.KillGracePeriodSeconds == nil {
		return nil
	}
	grace := time.Duration(*task.Spec.KillGracePeriodSeconds) * time.Second
	return &grace
}

// refused handles a write that the API server refused as its tests did not hold, which is quiet; or for another reason, which a person
// must learn of.
func (r *Reconciler) refused(ctx context.Context, view *view, refusal error) (ctrl.Result, error) {
	live := &v1alpha1.MesosTask{}
	if err := r.Live.Get(ctx, view.key, live); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	same := live.UID == view.object.UID && live.Generation == view.object.Generation && live.Status.Revision == view.object.Status.Revision &&
		live.Annotations[v1alpha1.AnnotationBinding] == view.object.Annotations[v1alpha1.AnnotationBinding] &&
		slices.Equal(live.Finalizers, view.object.Finalizers) && (live.Annotations == nil) == (view.object.Annotations == nil)
	if same {
		r.Recorder.Event(live, true, v1alpha1.ReasonWriteRefused, "Reconciling", refusal.Error())
		r.refusals.add(view.key, refusal.Error(), r.Clock.Now())
		return ctrl.Result{}, fmt.Errorf("writing the MesosTask: %w", refusal)
	}
	r.written.Keep(live, r.Clock.Now())
	return ctrl.Result{RequeueAfter: staleRetry}, nil
}
