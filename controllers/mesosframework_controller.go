package controllers

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// +kubebuilder:rbac:groups=mesos.dev,resources=mesosframeworks,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=mesos.dev,resources=mesosframeworks/status,verbs=patch

// frameworkWorkers is how many frameworks are worked on at once: one that is slow to be torn down holds up no other.
const frameworkWorkers = 4

// MesosFrameworkReconciler keeps frameworks registered and runs the reconciliation passes over their tasks.
type MesosFrameworkReconciler struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Connections reach Mesos.
	Connections *Connections
	// ControllerName is the installation; frameworks of others are left alone.
	ControllerName string
	// Scope is the namespaces whose MesosTasks it sees.
	Scope Scope
	// Recorder writes Events.
	Recorder *Recorder
	// OperatorNamespace is where the Secrets are that frameworks name.
	OperatorNamespace string
	// SecretsEvery is how often they are read again; zero is for half a minute.
	SecretsEvery time.Duration

	mu     sync.Mutex
	byName map[string]*frameworkMemory
	// leases are those of other installations whose claims were looked at, by namespace and name.
	leases map[string]leaseSeen
}

// frameworkMemory is what this process remembers of one framework between two reconciles, which never run at once.
type frameworkMemory struct {
	uid    string
	passes *passes
	// claimed says that this process has found or made its installation's claim.
	claimed bool
	// written is the latest object that a write or a live read returned, until the cache has it, and writtenAt when it did.
	written   *v1alpha1.MesosFramework
	writtenAt time.Time
	// counted is when the status's counts were last written.
	counted time.Time
	// stuck is why the framework is not connected though it exists.
	stuck *lifecycle.Obstacle
	// secrets is what was read of the Secrets that the spec names.
	secrets secretsMemory
}

// SetupWithManager makes the manager run the reconciler.
func (r *MesosFrameworkReconciler) SetupWithManager(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).
		Named("mesosframework").
		For(&v1alpha1.MesosFramework{}).
		Watches(&v1alpha1.MesosTask{}, handler.EnqueueRequestsFromMapFunc(frameworkOf), builder.WithPredicates(countsChanged)).
		WatchesRawSource(source.Func(r.Connections.frameworks.start)).
		WithOptions(controller.Options{MaxConcurrentReconciles: frameworkWorkers}).
		Complete(r)
}

// frameworkOf names the framework of a task.
func frameworkOf(_ context.Context, object client.Object) []reconcile.Request {
	task, ok := object.(*v1alpha1.MesosTask)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: frameworkKey(task.Spec.FrameworkRef.Name)}}
}

// countsChanged lets through the changes of tasks that change what a framework's status counts.
var countsChanged = predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.MesosTask)
		after, also := e.ObjectNew.(*v1alpha1.MesosTask)
		return ok && also && countOf(before) != countOf(after)
	},
}

// Reconcile brings one framework a step closer to what it should be.
func (r *MesosFrameworkReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
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
	memory := r.remember(framework)
	if framework = memory.latest(framework); memory.written != nil && !r.Connections.now().Before(memory.writtenAt.Add(cacheWithin)) {
		if err := r.Live.Get(ctx, request.NamespacedName, framework); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(err)
		}
		memory.written, memory.writtenAt = framework.DeepCopy(), r.Connections.now()
	}
	result, err := r.serve(ctx, framework, memory)
	switch {
	case apierrors.IsInvalid(err) || apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		return r.refused(ctx, framework, memory, err)
	case err != nil:
		return ctrl.Result{}, err
	}
	return result, nil
}

// refused handles a write that was not taken: as its tests did not hold, since the object has changed, which is quiet; or for another reason,
// which is an error that is tried again with backoff.
func (r *MesosFrameworkReconciler) refused(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, refusal error) (ctrl.Result, error) {
	live := &v1alpha1.MesosFramework{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(framework), live); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if apierrors.IsInvalid(refusal) && live.ResourceVersion == framework.ResourceVersion {
		r.Recorder.event(live, true, v1alpha1.ReasonWriteRefused, "Reconciling", refusal.Error())
		return ctrl.Result{}, fmt.Errorf("writing the MesosFramework: %w", refusal)
	}
	memory.written, memory.writtenAt = live, r.Connections.now()
	return ctrl.Result{RequeueAfter: time.Second}, nil
}

// serve does what there is to do for one framework, if this installation is the one that serves it.
func (r *MesosFrameworkReconciler) serve(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (ctrl.Result, error) {
	switch refused, err := r.claim(ctx, framework, memory); {
	case err != nil:
		return ctrl.Result{}, err
	case refused > 0:
		if err := r.standDown(ctx, framework, memory); err != nil {
			return ctrl.Result{}, err
		}
		return ctrl.Result{RequeueAfter: refused}, nil
	}
	duplicate, err := r.duplicate(ctx, framework)
	if err != nil {
		return ctrl.Result{}, err
	}
	if done, err := r.hold(ctx, framework, memory, duplicate != nil); err != nil || done {
		return ctrl.Result{}, err
	}
	var next time.Time
	var connection *connection
	if duplicate != nil {
		r.Connections.remove(framework.Name)
		memory.passes, memory.stuck, next = newPasses(), duplicate, r.Connections.now().Add(recheckDuplicate)
	} else if connection, next, err = r.keep(ctx, framework, memory); err != nil {
		return ctrl.Result{}, err
	}
	again, err := r.writeStatus(ctx, framework, memory, connection)
	if err != nil {
		return ctrl.Result{}, err
	}
	recheck := time.Time{}
	if !framework.DeletionTimestamp.IsZero() {
		recheck = r.Connections.now().Add(deletionRecheck)
	}
	return r.lookAgain(next, again, recheck, memory.secrets.due), nil
}

// lookAgain brings the key back at the earliest of times; those that are zero do not count.
func (r *MesosFrameworkReconciler) lookAgain(times ...time.Time) ctrl.Result {
	times = slices.DeleteFunc(times, time.Time.IsZero)
	if len(times) == 0 {
		return ctrl.Result{}
	}
	first := slices.MinFunc(times, time.Time.Compare)
	return ctrl.Result{RequeueAfter: max(first.Sub(r.Connections.now()), time.Millisecond)}
}

// hold keeps the object until it may go, and lets it go then. It says whether that is done.
func (r *MesosFrameworkReconciler) hold(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, duplicate bool) (done bool, err error) {
	switch {
	case !framework.DeletionTimestamp.IsZero():
		return r.letGo(ctx, framework, memory, duplicate)
	case slices.Contains(framework.Finalizers, v1alpha1.FrameworkFinalizer):
		return false, nil
	}
	patch := &jsonPatch{}
	patch.test("/metadata/uid", framework.UID)
	patch.addFinalizer(framework, v1alpha1.FrameworkFinalizer)
	return false, r.patch(ctx, framework, memory, patch, false)
}

// keep keeps the framework connected and its tasks reconciled. It returns the connection, nil where there may be none, and when to look
// again.
func (r *MesosFrameworkReconciler) keep(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (*connection, time.Time, error) {
	connection, err := r.connect(ctx, framework, memory)
	if err != nil || connection == nil {
		return nil, time.Time{}, err
	}
	if err := r.storeID(ctx, framework, memory, connection); err != nil {
		return nil, time.Time{}, err
	}
	next, err := r.reconcileTasks(ctx, framework, memory.passes, connection)
	return connection, next, err
}

// remember returns what this process remembers of the framework; nothing, if another object had its name.
func (r *MesosFrameworkReconciler) remember(framework *v1alpha1.MesosFramework) *frameworkMemory {
	r.mu.Lock()
	defer r.mu.Unlock()
	memory := r.byName[framework.Name]
	if memory == nil || memory.uid != string(framework.UID) {
		if memory != nil {
			r.Connections.remove(framework.Name)
			forgetFramework(framework.Name)
		}
		memory = &frameworkMemory{uid: string(framework.UID), passes: newPasses()}
		if r.byName == nil {
			r.byName = map[string]*frameworkMemory{}
		}
		r.byName[framework.Name] = memory
	}
	return memory
}

// forget drops a framework that is gone.
func (r *MesosFrameworkReconciler) forget(name string) {
	r.Connections.remove(name)
	forgetFramework(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
}

// connect makes sure that the framework has its connection. It returns nil where there may be none.
func (r *MesosFrameworkReconciler) connect(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (*connection, error) {
	if usable, err := r.readSecrets(ctx, framework, memory); err != nil || !usable {
		return nil, err
	}
	config := configOf(framework)
	memory.secrets.addTo(&config)
	deleting := !framework.DeletionTimestamp.IsZero()
	if deleting && config.Framework.ID == "" {
		return nil, nil
	}
	if config.Framework.ID == "" && r.Connections.get(framework.Name) == nil {
		id, lost, err := r.liveID(ctx, framework)
		if err != nil {
			return nil, err
		}
		if config.Framework.ID = id; lost != nil {
			memory.stuck = lost
			return nil, nil
		}
	}
	if !deleting {
		memory.stuck = memory.secrets.missing
	}
	before := r.connectionState(framework.Name)
	connection, created := r.Connections.ensure(framework.Name, config) //nolint:contextcheck // a bridge outlives the reconcile that asks for it
	connection.setLaunching(&framework.Spec)
	if created {
		connection.abandonedStored(framework.Status.Abandoned)
		ctrl.LoggerFrom(ctx).Info("Connecting to Mesos", "masters", framework.Spec.Masters, "frameworkID", config.Framework.ID)
		r.enqueueTasks(ctx, framework.Name)
	}
	// A problem of another ID than the one that the bridge has by now says nothing of this one.
	if problem := before.Problem; problem != nil && problem.Class == mesosbridge.FrameworkRemoved && !deleting &&
		before.FrameworkID == connection.bridge.Connection().FrameworkID {
		return r.replaceRemoved(ctx, framework, memory, connection, problem)
	}
	return connection, nil
}

// connectionState is what is known of a framework's subscription; nothing where it has no connection.
func (r *MesosFrameworkReconciler) connectionState(name string) mesosbridge.Connection {
	if connection := r.Connections.get(name); connection != nil {
		return connection.bridge.Connection()
	}
	return mesosbridge.Connection{}
}

// setLaunching gives the connection what the spec says of launching and offers.
func (c *connection) setLaunching(spec *v1alpha1.MesosFrameworkSpec) {
	if hold := spec.Reconciliation.LaunchHoldSeconds; hold != nil {
		c.setHold(time.Duration(*hold) * time.Second)
	}
	c.placer.setRefuse(time.Duration(spec.Offers.RefuseSeconds) * time.Second)
}

// liveID returns the ID of a framework that has none in the cache, empty if it may register anew, or that its ID is lost. The cache may lag, or
// status may have been lost: registering anew would then leave tasks behind that nobody remembers (rule 4).
func (r *MesosFrameworkReconciler) liveID(ctx context.Context, framework *v1alpha1.MesosFramework) (id string, lost *lifecycle.Obstacle, err error) {
	live := &v1alpha1.MesosFramework{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(framework), live); err != nil {
		return "", nil, fmt.Errorf("reading the MesosFramework live: %w", err)
	}
	if id := configOf(live).Framework.ID; id != "" {
		return id, nil, nil
	}
	lost, err = r.lostID(ctx, live)
	return "", lost, err
}

// enqueueTasks brings back the tasks of a framework that has just got a connection.
func (r *MesosFrameworkReconciler) enqueueTasks(ctx context.Context, name string) {
	var tasks v1alpha1.MesosTaskList
	if err := r.Client.List(ctx, &tasks, client.MatchingFields{indexByFramework: name}, client.UnsafeDisableDeepCopy); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Listing the tasks of the framework")
		return
	}
	for i := range tasks.Items {
		r.Connections.tasks.add(keyFor(&tasks.Items[i]))
	}
}

// configOf is what a bridge is told of a framework.
func configOf(framework *v1alpha1.MesosFramework) mesosbridge.Config {
	info := framework.Spec.Info
	id := frameworkIDOf(framework)
	if id == "" && !slices.Contains(framework.Status.ReplacedFrameworkIDs, info.ID) {
		id = info.ID
	}
	config := mesosbridge.Config{
		Masters: framework.Spec.Masters.URLs,
		Framework: mesos.Framework{
			ID: id, Name: info.Name, User: info.User, Roles: info.Roles, WebUIURL: info.WebUIURL,
			FailoverTimeout: time.Duration(info.FailoverTimeoutSeconds) * time.Second,
		},
	}
	for _, capability := range info.Capabilities {
		config.Framework.Capabilities = append(config.Framework.Capabilities, string(capability))
	}
	return config
}

// patch writes to the framework, which afterwards is what the API server returned.
func (r *MesosFrameworkReconciler) patch(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, patch *jsonPatch, status bool) error {
	built, err := patch.build()
	if err != nil {
		return err
	}
	answer, what := framework.DeepCopy(), "metadata"
	send := func() error { return r.Client.Patch(ctx, answer, built) }
	if status {
		what, send = "status", func() error { return r.Client.Status().Patch(ctx, answer, built) }
	}
	if err := r.Connections.gate.pass(Step{Kind: StepWriteFramework, What: what}, send); err != nil {
		return fmt.Errorf("writing the MesosFramework: %w", err)
	}
	*framework = *answer
	memory.written, memory.writtenAt = answer.DeepCopy(), r.Connections.now()
	return nil
}
