package mesosframework

import (
	"context"
	"fmt"
	"slices"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
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
func (v *view) letGo(ctx context.Context, duplicate bool) (done bool, err error) {
	if !slices.Contains(v.object.Finalizers, v1alpha1.FrameworkFinalizer) {
		v.forget(v.object.Name)
		return true, nil
	}
	first, bound, err := v.tasksWhere(ctx, func(task *v1alpha1.MesosTask) bool {
		return lifecycle.HasFinalizer(task) || len(lifecycle.OpenAttemptsOf(task)) > 0
	})
	if err != nil {
		return false, err
	}
	if bound > 0 {
		v.memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksBound, Message: fmt.Sprintf(
			"Waiting for %d MesosTasks that are bound to it, such as %s; delete them, or set their spec.deletionPolicy to Orphan and delete them",
			bound, client.ObjectKeyFromObject(first))}
		return false, nil
	}
	if !duplicate {
		if v.memory.stuck = v.unseen(); v.memory.stuck != nil {
			return false, nil
		}
	}
	if v.object.Spec.DeletionPolicy == v1alpha1.FrameworkDeletionTeardown && configOf(v.object).Framework.ID != "" && !duplicate {
		if done, err := v.tearDown(ctx); err != nil || !done {
			return false, err
		}
	}
	patch := writes.For(v.object)
	patch.RemoveFinalizer(v.object, v1alpha1.FrameworkFinalizer)
	if err := v.patch(ctx, patch, false); err != nil {
		return false, err
	}
	v.forget(v.object.Name)
	return true, nil
}

// tearDown removes the framework from Mesos, which kills all that runs under it: only once Mesos has told, in this subscription, that nothing
// does. It says whether that is done.
func (v *view) tearDown(ctx context.Context) (done bool, err error) {
	connection, state := v.Connections.Get(v.object.Name), v.subscription()
	switch {
	case state.Problem != nil && state.Problem.Class == mesosbridge.FrameworkRemoved:
		// An earlier try got through, though its answer or the finalizer's removal did not.
		return true, nil
	case !state.Subscribed:
		v.memory.stuck = &lifecycle.Obstacle{
			Reason:  v1alpha1.ReasonNotConnected,
			Message: "Waiting for a connection to remove the framework from Mesos; set spec.deletionPolicy to Detach to let the object go without",
		}
		return false, nil
	}
	live, proven := v.memory.passes.liveNow(connection)
	switch {
	case !proven:
		v.memory.stuck = &lifecycle.Obstacle{
			Reason: v1alpha1.ReasonTasksLive,
			Message: "Waiting until Mesos has told all that runs under the framework, as removing it would kill that; " +
				"set spec.deletionPolicy to Detach to let the object go without",
		}
		return false, nil
	case len(live) > 0:
		v.memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Stalled: true, Message: fmt.Sprintf(
			"Removing the framework would kill %d live tasks that no MesosTask accounts for, such as %s on agent %s: end them first, or set spec.deletionPolicy to Detach",
			len(live), live[0].TaskID, live[0].AgentID)}
		return false, nil
	}
	call, cancel := context.WithTimeout(ctx, teardownTimeout)
	defer cancel()
	if err := connection.Bridge.Teardown(call); err != nil {
		return false, fmt.Errorf("removing the framework from Mesos: %w", err)
	}
	ctrl.LoggerFrom(ctx).Info("Removed the framework from Mesos", "frameworkID", state.FrameworkID)
	v.Recorder.Event(v.object, false, v1alpha1.EventTornDown, "Deleting", "Removed framework "+state.FrameworkID+" from Mesos")
	return true, nil
}
