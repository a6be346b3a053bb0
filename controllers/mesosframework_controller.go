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

// teardownTimeout bounds the call that removes a framework from Mesos.
const teardownTimeout = 30 * time.Second

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
	// Recorder writes Events.
	Recorder *Recorder

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
	// written is the latest object that a write returned, until the cache has it.
	written *v1alpha1.MesosFramework
	// counted is when the status's counts were last written.
	counted time.Time
	// stuck is why the framework is not connected though it exists.
	stuck *lifecycle.Obstacle
}

// SetupWithManager makes the manager run the reconciler.
func (r *MesosFrameworkReconciler) SetupWithManager(manager ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(manager).
		Named("mesosframework").
		For(&v1alpha1.MesosFramework{}).
		Watches(&v1alpha1.MesosTask{}, handler.EnqueueRequestsFromMapFunc(frameworkOf), builder.WithPredicates(countsChanged)).
		WatchesRawSource(source.Func(r.Connections.frameworks.start)).
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
	framework = memory.latest(framework)
	result, err := r.serve(ctx, framework, memory)
	switch {
	case apierrors.IsInvalid(err) || apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		// The object changed since the cache saw it; it comes back with what it is now.
		memory.written = nil
		return ctrl.Result{RequeueAfter: time.Second}, nil
	case err != nil:
		return ctrl.Result{}, err
	}
	return result, nil
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
	if next.IsZero() || !again.IsZero() && again.Before(next) {
		next = again
	}
	if next.IsZero() {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(next.Sub(r.Connections.now()), time.Millisecond)}, nil
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
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byName, name)
}

// letGo handles a framework that is being deleted. It says whether the object is let go. What a duplicate names in Mesos is another
// object's.
func (r *MesosFrameworkReconciler) letGo(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, duplicate bool) (done bool, err error) {
	if !slices.Contains(framework.Finalizers, v1alpha1.FrameworkFinalizer) {
		r.forget(framework.Name)
		return true, nil
	}
	bound, err := r.boundTasks(ctx, framework.Name)
	if err != nil {
		return false, err
	}
	if len(bound) > 0 {
		memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksBound, Message: fmt.Sprintf(
			"Waiting for %d MesosTasks that are bound to it, such as %s; delete them, or set their spec.deletionPolicy to Orphan and delete them", len(bound), bound[0])}
		return false, nil
	}
	if framework.Spec.DeletionPolicy == v1alpha1.FrameworkDeletionTeardown && frameworkIDOf(framework) != "" && !duplicate {
		if done, err := r.tearDown(ctx, framework, memory); err != nil || !done {
			return false, err
		}
	}
	patch := &jsonPatch{}
	patch.test("/metadata/uid", framework.UID)
	patch.removeFinalizer(framework, v1alpha1.FrameworkFinalizer)
	if err := r.patch(ctx, framework, memory, patch, false); err != nil {
		return false, err
	}
	r.forget(framework.Name)
	return true, nil
}

// tearDown removes the framework from Mesos. It says whether that is done; it waits for a connection.
func (r *MesosFrameworkReconciler) tearDown(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (done bool, err error) {
	connection := r.Connections.get(framework.Name)
	if connection == nil || !connection.bridge.Connection().Subscribed {
		memory.stuck = &lifecycle.Obstacle{
			Reason:  v1alpha1.ReasonNotConnected,
			Message: "Waiting for a connection to remove the framework from Mesos; set spec.deletionPolicy to Detach to let the object go without",
		}
		return false, nil
	}
	call, cancel := context.WithTimeout(ctx, teardownTimeout)
	defer cancel()
	if err := connection.bridge.Teardown(call); err != nil {
		return false, fmt.Errorf("removing the framework from Mesos: %w", err)
	}
	r.Recorder.event(framework, false, v1alpha1.EventTornDown, "Deleting", "Removed framework "+frameworkIDOf(framework)+" from Mesos")
	return true, nil
}

// boundTasks names the MesosTasks of a framework that hold on to it: by a live read, as what follows cannot be undone.
func (r *MesosFrameworkReconciler) boundTasks(ctx context.Context, name string) ([]string, error) {
	var tasks v1alpha1.MesosTaskList
	if err := r.Live.List(ctx, &tasks); err != nil {
		return nil, fmt.Errorf("listing MesosTasks live: %w", err)
	}
	var bound []string
	for i := range tasks.Items {
		task := &tasks.Items[i]
		if task.Spec.FrameworkRef.Name == name && hasFinalizer(task) {
			bound = append(bound, keyFor(task).String())
		}
	}
	return bound, nil
}

// connect makes sure that the framework has its connection. It returns nil where there may be none.
func (r *MesosFrameworkReconciler) connect(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (*connection, error) {
	config := configOf(framework)
	deleting := !framework.DeletionTimestamp.IsZero()
	if deleting && config.Framework.ID == "" {
		return nil, nil
	}
	if config.Framework.ID == "" && r.Connections.get(framework.Name) == nil {
		// The cache may lag, or status may have been lost: registering anew would leave tasks behind that nobody remembers (rule 4).
		live := &v1alpha1.MesosFramework{}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(framework), live); err != nil {
			return nil, fmt.Errorf("reading the MesosFramework live: %w", err)
		}
		config.Framework.ID = configOf(live).Framework.ID
		if config.Framework.ID == "" {
			lost, err := r.lostID(ctx, framework.Name)
			if err != nil {
				return nil, err
			}
			if memory.stuck = lost; lost != nil {
				return nil, nil
			}
		}
	}
	if !deleting {
		memory.stuck = nil
	}
	connection, created := r.Connections.ensure(framework.Name, config) //nolint:contextcheck // a bridge outlives the reconcile that asks for it
	if hold := framework.Spec.Reconciliation.LaunchHoldSeconds; hold != nil {
		connection.setHold(time.Duration(*hold) * time.Second)
	}
	connection.placer.setRefuse(time.Duration(framework.Spec.Offers.RefuseSeconds) * time.Second)
	if created {
		ctrl.LoggerFrom(ctx).Info("Connecting to Mesos", "masters", config.Masters, "frameworkID", config.Framework.ID)
		r.enqueueTasks(ctx, framework.Name)
	}
	return connection, nil
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

// lostID says whether tasks are bound under an ID that the framework does not name.
func (r *MesosFrameworkReconciler) lostID(ctx context.Context, name string) (*lifecycle.Obstacle, error) {
	var tasks v1alpha1.MesosTaskList
	if err := r.Live.List(ctx, &tasks); err != nil {
		return nil, fmt.Errorf("listing MesosTasks live: %w", err)
	}
	for i := range tasks.Items {
		task := &tasks.Items[i]
		annotation, bound := task.Annotations[v1alpha1.AnnotationBinding]
		if task.Spec.FrameworkRef.Name != name || !bound {
			continue
		}
		binding, err := lifecycle.ParseBinding(annotation, task.Namespace, task.Name)
		if err != nil || binding.FrameworkID == "" {
			continue
		}
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkIDLost, Stalled: true, Message: fmt.Sprintf(
			"MesosTask %s is bound under framework ID %s, which this object does not name: set spec.info.id to it, or delete the MesosTasks that are bound",
			keyFor(task), binding.FrameworkID)}, nil
	}
	return nil, nil
}

// configOf is what a bridge is told of a framework.
func configOf(framework *v1alpha1.MesosFramework) mesosbridge.Config {
	info := framework.Spec.Info
	id := frameworkIDOf(framework)
	if id == "" {
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

// storeID makes the ID that Mesos gave the framework durable, in the annotation and in status, and then tells the bridge (rule 4).
func (r *MesosFrameworkReconciler) storeID(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, connection *connection) error {
	state := connection.bridge.Connection()
	if !state.Subscribed || state.FrameworkID == "" {
		return nil
	}
	if framework.Annotations[v1alpha1.AnnotationFrameworkID] != state.FrameworkID {
		patch := &jsonPatch{}
		patch.test("/metadata/uid", framework.UID)
		patch.setAnnotation(framework, v1alpha1.AnnotationFrameworkID, state.FrameworkID)
		if err := r.patch(ctx, framework, memory, patch, false); err != nil {
			return err
		}
	}
	if framework.Status.FrameworkID != state.FrameworkID {
		registered := framework.Status.FrameworkID == ""
		patch := &jsonPatch{}
		patch.test("/metadata/uid", framework.UID)
		patch.testClaim(framework.Status.Controller)
		patch.add("/status/frameworkID", state.FrameworkID)
		if err := r.patch(ctx, framework, memory, patch, true); err != nil {
			return err
		}
		if registered {
			r.Recorder.event(framework, false, v1alpha1.EventRegistered, "Registering", "Registered with Mesos as framework "+state.FrameworkID)
		}
	}
	connection.bridge.FrameworkIDStored()
	return nil
}

// patch writes to the framework, which afterwards is what the API server returned.
func (r *MesosFrameworkReconciler) patch(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, patch *jsonPatch, status bool) error {
	built, err := patch.build()
	if err != nil {
		return err
	}
	if err := r.Connections.leadership.MayAct(); err != nil {
		return fmt.Errorf("writing the MesosFramework: %w", err)
	}
	answer := framework.DeepCopy()
	if status {
		err = r.Client.Status().Patch(ctx, answer, built)
	} else {
		err = r.Client.Patch(ctx, answer, built)
	}
	if err != nil {
		return fmt.Errorf("writing the MesosFramework: %w", err)
	}
	*framework = *answer
	memory.written = answer.DeepCopy()
	return nil
}
