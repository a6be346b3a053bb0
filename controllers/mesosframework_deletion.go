package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

const (
	// teardownTimeout bounds the call that removes a framework from Mesos.
	teardownTimeout = 30 * time.Second
	// deletionRecheck is how often a framework that waits to be let go looks whether it may.
	deletionRecheck = 10 * time.Second
)

// letGo handles a framework that is being deleted. It says whether the object is let go. What a duplicate names in Mesos is another
// object's.
func (r *MesosFrameworkReconciler) letGo(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, duplicate bool) (done bool, err error) {
	if !slices.Contains(framework.Finalizers, v1alpha1.FrameworkFinalizer) {
		r.forget(framework.Name)
		return true, nil
	}
	first, bound, err := r.tasksWhere(ctx, framework.Name, func(task *v1alpha1.MesosTask) bool {
		return hasFinalizer(task) || len(openAttemptsOf(task)) > 0
	})
	if err != nil {
		return false, err
	}
	if bound > 0 {
		memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksBound, Message: fmt.Sprintf(
			"Waiting for %d MesosTasks that are bound to it, such as %s; delete them, or set their spec.deletionPolicy to Orphan and delete them",
			bound, keyFor(first))}
		return false, nil
	}
	if !duplicate {
		if memory.stuck = r.unseen(framework, memory); memory.stuck != nil {
			return false, nil
		}
	}
	if framework.Spec.DeletionPolicy == v1alpha1.FrameworkDeletionTeardown && configOf(framework).Framework.ID != "" && !duplicate {
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

// tearDown removes the framework from Mesos, which kills all that runs under it: only once Mesos has told, in this subscription, that nothing
// does. It says whether that is done.
func (r *MesosFrameworkReconciler) tearDown(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (done bool, err error) {
	connection, state := r.Connections.get(framework.Name), mesosbridge.Connection{}
	if connection != nil {
		state = connection.bridge.Connection()
	}
	switch {
	case state.Problem != nil && state.Problem.Class == mesosbridge.FrameworkRemoved:
		// An earlier try got through, though its answer or the finalizer's removal did not.
		return true, nil
	case !state.Subscribed:
		memory.stuck = &lifecycle.Obstacle{
			Reason:  v1alpha1.ReasonNotConnected,
			Message: "Waiting for a connection to remove the framework from Mesos; set spec.deletionPolicy to Detach to let the object go without",
		}
		return false, nil
	}
	live, proven := memory.passes.liveNow(connection)
	switch {
	case !proven:
		memory.stuck = &lifecycle.Obstacle{
			Reason: v1alpha1.ReasonTasksLive,
			Message: "Waiting until Mesos has told all that runs under the framework, as removing it would kill that; " +
				"set spec.deletionPolicy to Detach to let the object go without",
		}
		return false, nil
	case len(live) > 0:
		memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Stalled: true, Message: fmt.Sprintf(
			"Removing the framework would kill %d live tasks that no MesosTask accounts for, such as %s on agent %s: end them first, or set spec.deletionPolicy to Detach",
			len(live), live[0].TaskID, live[0].AgentID)}
		return false, nil
	}
	call, cancel := context.WithTimeout(ctx, teardownTimeout)
	defer cancel()
	if err := connection.bridge.Teardown(call); err != nil {
		return false, fmt.Errorf("removing the framework from Mesos: %w", err)
	}
	ctrl.LoggerFrom(ctx).Info("Removed the framework from Mesos", "frameworkID", state.FrameworkID)
	r.Recorder.event(framework, false, v1alpha1.EventTornDown, "Deleting", "Removed framework "+state.FrameworkID+" from Mesos")
	return true, nil
}

// tasksWhere counts those of a framework's MesosTasks for which holds says so, and returns one of them. What the cache has is enough to find some; that there are none
// is said by a live read only, as what follows cannot be undone. Both are of the namespaces that are watched.
func (r *MesosFrameworkReconciler) tasksWhere(ctx context.Context, name string, holds func(*v1alpha1.MesosTask) bool) (first *v1alpha1.MesosTask, count int, err error) {
	var cached v1alpha1.MesosTaskList
	if err := r.Client.List(ctx, &cached, client.MatchingFields{indexByFramework: name}, client.UnsafeDisableDeepCopy); err != nil {
		return nil, 0, fmt.Errorf("listing the framework's tasks: %w", err)
	}
	if first, count = countTasks(cached.Items, name, holds); count > 0 {
		return first, count, nil
	}
	live, err := r.Scope.listTasks(ctx, r.Live)
	if err != nil {
		return nil, 0, err
	}
	first, count = countTasks(live, name, holds)
	return first, count, nil
}

func countTasks(tasks []v1alpha1.MesosTask, framework string, holds func(*v1alpha1.MesosTask) bool) (first *v1alpha1.MesosTask, count int) {
	for i := range tasks {
		if tasks[i].Spec.FrameworkRef.Name != framework || !holds(&tasks[i]) {
			continue
		}
		if count++; first == nil {
			first = &tasks[i]
		}
	}
	return first, count
}
