package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

func hasFinalizer(task *v1alpha1.MesosTask) bool {
	return slices.Contains(task.Finalizers, v1alpha1.TaskFinalizer)
}

// writeStatus writes the whole status, provided that nobody changed the binding or wrote a status since.
func (r *MesosTaskReconciler) writeStatus(ctx context.Context, view *view, status v1alpha1.MesosTaskStatus) error {
	object := view.object
	patch := &jsonPatch{}
	patch.test("/metadata/uid", object.UID)
	if object.Annotations == nil {
		patch.test("/metadata/annotations", nil)
	} else {
		patch.test(annotationPath(v1alpha1.AnnotationBinding), orNil(object.Annotations, v1alpha1.AnnotationBinding))
	}
	patch.test("/status/revision", revisionOrNil(object.Status.Revision))
	status.Revision = object.Status.Revision + 1
	patch.add("/status", status)
	err := r.write(view, "status", patch, func(patch client.Patch) error {
		return r.Client.Status().Patch(ctx, view.object, patch)
	})
	if err == nil {
		recordChanges(view, &object.Status, &status)
	}
	return err
}

// revisionOrNil is the revision as the API has it: a zero is left out.
func revisionOrNil(revision int64) any {
	if revision == 0 {
		return nil
	}
	return revision
}

// bind makes the placement durable, and with it the finalizer, before Mesos hears of it (rule 2).
func (r *MesosTaskReconciler) bind(ctx context.Context, view *view) error {
	placed := view.seen.Placement
	if err := r.writeBinding(ctx, view, r.bindingTo(view, placed)); err != nil {
		// Whether it was written or not, its ACCEPT is not sent: the attempt never ran, and the task is placed anew.
		view.connection.placer.bindFailed(view.key, *placed)
		return err
	}
	if problem := view.seen.BindingProblem; problem != "" {
		r.Recorder.event(view.object, true, v1alpha1.ReasonInvalidBinding, "Scheduling", "Replaced a binding that was ignored: "+problem)
	}
	if !view.connection.placer.bound(view.key, placed.TaskID) {
		view.connection.neverRan(*placed)
		ctrl.LoggerFrom(ctx).Info("The offer was gone before the binding was written", "taskID", placed.TaskID)
	} else {
		ctrl.LoggerFrom(ctx).Info("Bound the task", "taskID", placed.TaskID, "agentID", placed.AgentID, "hostname", placed.Hostname)
	}
	return nil
}

// bindingTo is the binding that makes a placement the object's next attempt.
func (r *MesosTaskReconciler) bindingTo(view *view, placed *lifecycle.Placement) *v1alpha1.Binding {
	return &v1alpha1.Binding{
		TaskID: placed.TaskID, AgentID: placed.AgentID, Hostname: placed.Hostname, HostPorts: placed.HostPorts,
		FrameworkID: view.connection.bridge.Connection().FrameworkID, UID: string(view.object.UID), RestartedAt: view.seen.RestartRequest,
		Attempt: lifecycle.NextAttempt(view.object.Status, view.seen.Binding),
	}
}

// adopt makes a live task whose binding was lost the object's attempt: it goes on as it runs.
func (r *MesosTaskReconciler) adopt(ctx context.Context, view *view, found *lifecycle.Placement) error {
	if err := r.writeBinding(ctx, view, r.bindingTo(view, found)); err != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("Adopted a task that was launched earlier", "taskID", found.TaskID, "agentID", found.AgentID)
	r.Recorder.event(view.object, false, v1alpha1.EventAdopted, "Reconciling",
		fmt.Sprintf("Took over %s, which was launched on agent %s before its binding was lost", found.TaskID, found.AgentID))
	return nil
}

// restore writes the binding and the finalizer of the attempt of record anew: status says what was bound.
func (r *MesosTaskReconciler) restore(ctx context.Context, view *view, binding *v1alpha1.Binding) error {
	if err := r.writeBinding(ctx, view, binding); err != nil {
		return err
	}
	r.Recorder.event(view.object, true, v1alpha1.EventBindingRestored, "Reconciling",
		"Restored the binding annotation and the finalizer, which were taken away; leave both to the operator")
	return nil
}

// finalize adds the finalizer to an object that is bound without it. The binding stays as it is: it may tell that the object was restored.
func (r *MesosTaskReconciler) finalize(ctx context.Context, view *view) error {
	patch := &jsonPatch{}
	patch.test("/metadata/uid", view.object.UID)
	patch.test("/metadata/generation", view.object.Generation)
	patch.addFinalizer(view.object, v1alpha1.TaskFinalizer)
	return r.write(view, "finalizer", patch, func(patch client.Patch) error { return r.Client.Patch(ctx, view.object, patch) })
}

// writeBinding writes a binding and the finalizer in one patch, provided that neither spec nor binding changed since they were read.
func (r *MesosTaskReconciler) writeBinding(ctx context.Context, view *view, binding *v1alpha1.Binding) error {
	object := view.object
	value, err := json.Marshal(binding)
	if err != nil {
		return fmt.Errorf("writing a binding: %w", err)
	}
	if _, err := lifecycle.ParseBinding(string(value), object.Namespace, object.Name); err != nil {
		return fmt.Errorf("writing a binding that could not be read again: %w", err)
	}
	patch := &jsonPatch{}
	patch.test("/metadata/uid", object.UID)
	patch.test("/metadata/generation", object.Generation)
	patch.setAnnotation(object, v1alpha1.AnnotationBinding, string(value))
	patch.addFinalizer(object, v1alpha1.TaskFinalizer)
	if err := r.write(view, "binding", patch, func(patch client.Patch) error { return r.Client.Patch(ctx, view.object, patch) }); err != nil {
		return err
	}
	r.refusals.drop(view.key)
	view.connection.effortsFor(view.key, lifecycle.OpenAttempt{TaskID: binding.TaskID, AgentID: binding.AgentID, FrameworkID: binding.FrameworkID})
	// Nothing else brings the key back before Mesos says something.
	r.Connections.tasks.add(view.key)
	return nil
}

// releaseFinalizer lets a deleted object go.
func (r *MesosTaskReconciler) releaseFinalizer(ctx context.Context, view *view) error {
	patch := &jsonPatch{}
	patch.test("/metadata/uid", view.object.UID)
	patch.removeFinalizer(view.object, v1alpha1.TaskFinalizer)
	return r.write(view, "finalizer", patch, func(patch client.Patch) error { return r.Client.Patch(ctx, view.object, patch) })
}

// write sends a patch and remembers what it returned.
func (r *MesosTaskReconciler) write(view *view, what string, patch *jsonPatch, send func(client.Patch) error) error {
	built, err := patch.build()
	if err != nil {
		return err
	}
	// The client decodes the answer into the object, which must not change if there is none.
	before := view.object
	view.object = before.DeepCopy()
	err = r.Connections.gate.pass(Step{Kind: StepWriteTask, What: what}, func() error { return send(built) })
	if err != nil {
		view.object = before
		return fmt.Errorf("writing the %s: %w", what, err)
	}
	r.written.keep(view.object, r.Connections.now())
	return nil
}
