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
	if v.memory.stuck, err = v.whyKept(ctx, duplicate); err != nil || v.memory.stuck != nil {
		return false, err
	}
	if v.tearsDown(duplicate) {
		if err := v.tearDown(ctx); err != nil {
			return false, err
		}
	}
	// First, so that whoever takes up the framework's ID once the object is gone subscribes after this.
	v.disconnect()
	patch := writes.For(v.object)
	patch.RemoveFinalizer(v.object, v1alpha1.FrameworkFinalizer)
	if err := v.patch(ctx, patch, false); err != nil {
		return false, err
	}
	v.forget(v.object.Name)
	return true, nil
}

// whyKept says why the deleted object cannot be let go yet; nil if it can. The live read of all MesosTasks comes last, where nothing else is left
// to wait for.
func (v *view) whyKept(ctx context.Context, duplicate bool) (*lifecycle.Obstacle, error) {
	first, bound, err := v.cachedWhere(ctx, holdsFramework)
	if err != nil {
		return nil, err
	}
	if bound == 0 {
		if !duplicate {
			if obstacle := v.unseen(); obstacle != nil {
				return obstacle, nil
			}
		}
		if v.tearsDown(duplicate) {
			if obstacle := v.whyNotTornDown(); obstacle != nil {
				return obstacle, nil
			}
		} else if obstacle := v.whyRemembered(duplicate); obstacle != nil {
			return obstacle, nil
		}
		if first, bound, err = v.liveWhere(ctx, holdsFramework); err != nil || bound == 0 {
			return nil, err
		}
	}
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksBound, Message: fmt.Sprintf(
		"Waiting for %d MesosTasks that are bound to it, such as %s; delete them, or set their spec.deletionPolicy to Orphan and delete them",
		bound, client.ObjectKeyFromObject(first))}, nil
}

// holdsFramework says whether a task is bound to its framework.
func holdsFramework(task *v1alpha1.MesosTask) bool {
	return lifecycle.HasFinalizer(task) || len(lifecycle.OpenAttemptsOf(task)) > 0
}

// tearsDown says whether the framework is to be removed from Mesos, too.
func (v *view) tearsDown(duplicate bool) bool {
	return v.object.Spec.DeletionPolicy == v1alpha1.FrameworkDeletionTeardown && configOf(v.object).Framework.ID != "" && !duplicate
}

// isRemoved says whether Mesos has removed the framework.
func isRemoved(state mesosbridge.Connection) bool {
	return state.Problem != nil && state.Problem.Class == mesosbridge.FrameworkRemoved
}

// whyNotTornDown says why the framework cannot be removed from Mesos yet, which kills all that runs under it: only once Mesos has told, in this
// subscription, that nothing does.
func (v *view) whyNotTornDown() *lifecycle.Obstacle {
	connection, state := v.Connections.Get(v.object.Name), v.subscription()
	switch {
	case isRemoved(state):
		return nil
	case !state.Subscribed:
		return &lifecycle.Obstacle{
			Reason:  v1alpha1.ReasonNotConnected,
			Message: "Waiting for a connection to remove the framework from Mesos; set spec.deletionPolicy to Detach to let the object go without",
		}
	}
	live, proven := v.memory.passes.liveNow(connection)
	switch {
	case !proven:
		return &lifecycle.Obstacle{
			Reason: v1alpha1.ReasonTasksLive,
			Message: "Waiting until Mesos has told all that runs under the framework, as removing it would kill that; " +
				"set spec.deletionPolicy to Detach to let the object go without",
		}
	case len(live) > 0:
		first, command := slices.MinFunc(live, byTaskID), ""
		if token := v.orphanToken(); token != "" {
			command = fmt.Sprintf(" (kubectl annotate mesosframework %s --overwrite %s=%s)", v.object.Name, v1alpha1.AnnotationKillOrphans, token)
		}
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Stalled: true, Message: fmt.Sprintf(
			"Removing the framework would kill %d live tasks that no MesosTask accounts for, such as %s on agent %s: end them first%s, or set spec.deletionPolicy to Detach",
			len(live), first.TaskID, first.AgentID, command)}
	default:
		return nil
	}
}

// tearDown removes the framework from Mesos, unless an earlier try got through though its answer or the finalizer's removal did not.
func (v *view) tearDown(ctx context.Context) error {
	state := v.subscription()
	if isRemoved(state) {
		return nil
	}
	call, cancel := context.WithTimeout(ctx, teardownTimeout)
	defer cancel()
	if err := v.Connections.Get(v.object.Name).Bridge.Teardown(call); err != nil {
		return fmt.Errorf("removing the framework from Mesos: %w", err)
	}
	ctrl.LoggerFrom(ctx).Info("Removed the framework from Mesos", "frameworkID", state.FrameworkID)
	v.Recorder.Event(v.object, false, v1alpha1.EventTornDown, "Deleting", "Removed framework "+state.FrameworkID+" from Mesos")
	return nil
}
