package controllers

import (
	"context"
	"fmt"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

// replacedIDs is how many replaced framework IDs a status keeps.
const replacedIDs = 16

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

// lostID says whether tasks were bound under an ID that the framework does not name: then a new one would leave them behind.
func (r *MesosFrameworkReconciler) lostID(ctx context.Context, framework *v1alpha1.MesosFramework) (*lifecycle.Obstacle, error) {
	known := func(id string) bool { return id == "" || slices.Contains(framework.Status.ReplacedFrameworkIDs, id) }
	first, bound, err := r.tasksWhere(ctx, framework.Name, func(task *v1alpha1.MesosTask) bool {
		return unreadableBinding(task) || slices.ContainsFunc(frameworkIDsOf(task), func(id string) bool { return !known(id) })
	})
	if err != nil || bound == 0 {
		return nil, err
	}
	ids := slices.DeleteFunc(frameworkIDsOf(first), known)
	if len(ids) == 0 {
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkIDLost, Stalled: true, Message: fmt.Sprintf(
			"MesosTask %s has a binding that cannot be read, so that it may be bound under a framework ID which this object does not name: set spec.info.id to it, or set the MesosTask's spec.deletionPolicy to Orphan and delete it",
			keyFor(first))}, nil
	}
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkIDLost, Stalled: true, Message: fmt.Sprintf(
		"MesosTask %s is bound under framework ID %s, which this object does not name: set spec.info.id to it, or set the spec.deletionPolicy of the MesosTasks that are bound to Orphan and delete them",
		keyFor(first), ids[0])}, nil
}

// frameworkIDsOf are the framework IDs that a task says it was bound under.
func frameworkIDsOf(task *v1alpha1.MesosTask) []string {
	var ids []string
	if binding := bindingOf(task); binding != nil {
		ids = append(ids, binding.FrameworkID)
	}
	if task.Status.Task != nil {
		ids = append(ids, task.Status.Task.FrameworkID)
	}
	for _, earlier := range task.Status.History {
		ids = append(ids, earlier.FrameworkID)
	}
	return ids
}

// unreadableBinding says whether a task has a binding of which nobody can tell what it says.
func unreadableBinding(task *v1alpha1.MesosTask) bool {
	return task.Annotations[v1alpha1.AnnotationBinding] != "" && bindingOf(task) == nil
}

// replaceRemoved deals with a framework that Mesos has removed: its ID is dead and its tasks are killed. A new ID is taken if nothing is bound
// under the old one, or if a person says so, once; what was bound counts as given up then.
func (r *MesosFrameworkReconciler) replaceRemoved(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, connection *connection, problem *mesosbridge.Problem) (*connection, error) {
	dead := connection.bridge.Connection().FrameworkID
	if dead == "" || configOf(framework).Framework.ID != dead {
		// An ID that was never stored: Mesos has removed it in time, and the object names another or none.
		r.Connections.remove(framework.Name)
		memory.passes = newPasses()
		r.Connections.frameworks.add(frameworkKey(framework.Name))
		return nil, nil
	}
	asked := framework.Annotations[v1alpha1.AnnotationReplaceFrameworkID] == dead
	if !asked {
		first, bound, err := r.tasksWhere(ctx, framework.Name, func(task *v1alpha1.MesosTask) bool {
			return unreadableBinding(task) || slices.Contains(frameworkIDsOf(task), dead)
		})
		if err != nil {
			return nil, err
		}
		if bound > 0 {
			memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkRemoved, Stalled: true, Message: fmt.Sprintf(
				"%s %d MesosTasks were bound under it, such as %s. To register anew and launch them again: kubectl annotate mesosframework %s --overwrite %s=%s",
				problem.Message, bound, keyFor(first), framework.Name, v1alpha1.AnnotationReplaceFrameworkID, dead)}
			return connection, nil
		}
		if r.Scope.mayHideTasks(framework.Status) {
			memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkRemoved, Stalled: true, Message: fmt.Sprintf(
				"%s Tasks of namespaces that this installation does not watch ran under it. To register anew and launch them again: kubectl annotate mesosframework %s --overwrite %s=%s",
				problem.Message, framework.Name, v1alpha1.AnnotationReplaceFrameworkID, dead)}
			return connection, nil
		}
	}
	status := framework.Status.DeepCopy()
	status.FrameworkID, status.Abandoned, status.Orphans = "", nil, nil
	status.ReplacedFrameworkIDs = append([]string{dead}, status.ReplacedFrameworkIDs...)
	status.ReplacedFrameworkIDs = status.ReplacedFrameworkIDs[:min(len(status.ReplacedFrameworkIDs), replacedIDs)]
	patch := &jsonPatch{}
	patch.test("/metadata/uid", framework.UID)
	patch.testClaim(framework.Status.Controller)
	patch.add("/status", status)
	if err := r.patch(ctx, framework, memory, patch, true); err != nil {
		return nil, err
	}
	ctrl.LoggerFrom(ctx).Info("Registering the framework anew, as Mesos has removed it", "frameworkID", dead, "asked", asked)
	r.Recorder.event(framework, true, v1alpha1.EventFrameworkIDReplaced, "Registering", "Registering anew: Mesos has removed framework "+dead)
	// The bridge of the dead ID goes; what is left to do comes with a new one.
	r.Connections.remove(framework.Name)
	memory.passes = newPasses()
	r.Connections.frameworks.add(frameworkKey(framework.Name))
	return nil, nil
}
