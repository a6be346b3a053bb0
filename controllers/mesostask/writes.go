package mesostask

import (
	"context"
	"encoding/json"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// writeStatus writes the whole status, provided that nobody changed the binding or wrote a status since.
func (r *Reconciler) writeStatus(ctx context.Context, view *view, status v1alpha1.MesosTaskStatus) error {
	object := view.object
	patch := writes.For(object)
	patch.TestAnnotation(object, v1alpha1.AnnotationBinding)
	patch.Test("/status/revision", revisionOrNil(object.Status.Revision))
	status.Revision = object.Status.Revision + 1
	patch.Add("/status", status)
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
func (r *Reconciler) bind(ctx context.Context, view *view) error {
	placed := view.seen.Placement
	if err := r.writeBinding(ctx, view, r.bindingTo(view, placed)); err != nil {
		// Whether it was written or not, its ACCEPT is not sent: the attempt never ran, and the task is placed anew.
		view.connection.Placer.BindFailed(view.key, *placed)
		return err
	}
	if problem := view.seen.BindingProblem; problem != "" {
		r.Recorder.Event(view.object, true, v1alpha1.ReasonInvalidBinding, "Scheduling", "Replaced a binding that was ignored: "+problem)
	}
	if !view.connection.Placer.Bound(view.key, placed.TaskID) {
		view.connection.NeverRan(*placed)
		ctrl.LoggerFrom(ctx).Info("The offer was gone before the binding was written", "taskID", placed.TaskID)
	} else {
		ctrl.LoggerFrom(ctx).Info("Bound the task", "taskID", placed.TaskID, "agentID", placed.AgentID, "hostname", placed.Hostname)
	}
	return nil
}

// bindingTo is the binding that makes a placement the object's next attempt.
func (r *Reconciler) bindingTo(view *view, placed *lifecycle.Placement) *v1alpha1.Binding {
	return &v1alpha1.Binding{
		TaskID: placed.TaskID, AgentID: placed.AgentID, Hostname: placed.Hostname, HostPorts: placed.HostPorts, Domains: placed.Domains,
		FrameworkID: view.connection.Bridge.Connection().FrameworkID, UID: string(view.object.UID), RestartedAt: view.seen.RestartRequest,
		Attempt: lifecycle.NextAttempt(view.object.Status, view.seen.Binding), Role: placed.Role, User: placed.User,
		KillGracePeriodSeconds: view.object.Spec.KillGracePeriodSeconds,
	}
}

// adopt makes a live task whose binding was lost the object's attempt: it goes on as it runs.
func (r *Reconciler) adopt(ctx context.Context, view *view, found *lifecycle.Placement) error {
	if err := r.writeBinding(ctx, view, r.bindingTo(view, found)); err != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("Adopted a task that was launched earlier", "taskID", found.TaskID, "agentID", found.AgentID)
	r.Recorder.Event(view.object, false, v1alpha1.EventAdopted, "Reconciling",
		fmt.Sprintf("Took over %s, which was launched on agent %s before its binding was lost", found.TaskID, found.AgentID))
	return nil
}

// restore writes the binding and the finalizer of the attempt of record anew: status says what was bound. Lost says that they were taken away.
func (r *Reconciler) restore(ctx context.Context, view *view, binding *v1alpha1.Binding, lost bool) error {
	if err := r.writeBinding(ctx, view, binding); err != nil || !lost {
		return err
	}
	r.Recorder.Event(view.object, true, v1alpha1.EventBindingRestored, "Reconciling",
		"Restored the binding annotation and the finalizer, which were taken away; leave both to the operator")
	return nil
}

// finalize adds the finalizer to an object that is bound without it. The binding stays as it is: it may tell that the object was restored.
func (r *Reconciler) finalize(ctx context.Context, view *view) error {
	patch := writes.For(view.object)
	patch.TestGeneration(view.object)
	patch.AddFinalizer(view.object, v1alpha1.TaskFinalizer)
	return r.write(view, "finalizer", patch, func(patch client.Patch) error { return r.Client.Patch(ctx, view.object, patch) })
}

// writeBinding writes a binding and the finalizer in one patch, provided that neither spec nor binding changed since they were read.
func (r *Reconciler) writeBinding(ctx context.Context, view *view, binding *v1alpha1.Binding) error {
	object := view.object
	value, err := json.Marshal(binding)
	if err != nil {
		return fmt.Errorf("writing a binding: %w", err)
	}
	if _, err := lifecycle.ParseBinding(string(value), object.Namespace, object.Name); err != nil {
		return fmt.Errorf("writing a binding that could not be read again: %w", err)
	}
	patch := writes.For(object)
	patch.TestGeneration(object)
	patch.SetAnnotation(object, v1alpha1.AnnotationBinding, string(value))
	patch.AddFinalizer(object, v1alpha1.TaskFinalizer)
	err = r.write(view, "binding", patch, func(patch client.Patch) error { return r.Client.Patch(ctx, view.object, patch) })
	if err != nil && !r.isBoundBy(ctx, view, string(value), err) {
		return err
	}
	r.refusals.drop(view.key)
	view.connection.EffortsFor(view.key, lifecycle.OpenAttempt{TaskID: binding.TaskID, AgentID: binding.AgentID, FrameworkID: binding.FrameworkID})
	// Nothing else brings the key back before Mesos says something.
	r.Connections.EnqueueTask(view.key)
	return nil
}

// isBoundBy says whether a write of a binding took effect though it failed, as it does where only the answer is lost. View has the object then as it is.
func (r *Reconciler) isBoundBy(ctx context.Context, view *view, binding string, failed error) bool {
	if !writes.Unanswered(failed) {
		return false
	}
	live := &v1alpha1.MesosTask{}
	if err := r.Live.Get(ctx, view.key, live); err != nil || live.UID != view.object.UID || live.Annotations[v1alpha1.AnnotationBinding] != binding {
		return false
	}
	ctrl.LoggerFrom(ctx).Info("The binding was written, and the answer was lost", "err", failed.Error())
	view.object = live
	r.written.Keep(live, r.Clock.Now())
	view.connection.Placer.Meet(live)
	return true
}

// releaseFinalizer lets a deleted object go. Where it is gone with that, what was learned of it last is told now, as it never stood in its status.
func (r *Reconciler) releaseFinalizer(ctx context.Context, view *view, decision lifecycle.Decision) error {
	before := view.object.Status
	patch := writes.For(view.object)
	if decision.Gone {
		// What an earlier leader still wrote of other attempts must have been seen.
		patch.TestAnnotation(view.object, v1alpha1.AnnotationBinding)
		patch.Test("/status/revision", revisionOrNil(view.object.Status.Revision))
	}
	patch.RemoveFinalizer(view.object, v1alpha1.TaskFinalizer)
	if err := r.write(view, "finalizer", patch, func(patch client.Patch) error { return r.Client.Patch(ctx, view.object, patch) }); err != nil {
		return err
	}
	if decision.Gone {
		if len(view.object.Finalizers) == 0 {
			r.keepReleased(view)
		}
		recordChanges(view, &before, &decision.Status)
		r.tell(view, decision)
	}
	return nil
}

// deleteFinished deletes an object whose task is over, provided that it still is what the decision rested on.
func (r *Reconciler) deleteFinished(ctx context.Context, view *view) error {
	object := view.object
	err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: "deletion"}, func() error {
		return r.Client.Delete(ctx, object, client.Preconditions{UID: &object.UID, ResourceVersion: &object.ResourceVersion})
	})
	if err != nil {
		return fmt.Errorf("deleting the MesosTask: %w", err)
	}
	ctrl.LoggerFrom(ctx).Info("Deleted the MesosTask, as spec.ttlSecondsAfterFinished asks")
	r.Recorder.Event(object, false, v1alpha1.EventExpired, "Deleting",
		fmt.Sprintf("Deleted, as its end was recorded %d s ago (spec.ttlSecondsAfterFinished)", *object.Spec.TTLSecondsAfterFinished))
	return nil
}

// write sends a patch and remembers what it returned.
func (r *Reconciler) write(view *view, what string, patch *writes.Patch, send func(client.Patch) error) error {
	built, err := patch.Build()
	if err != nil {
		return err
	}
	// The client decodes the answer into the object, which must not change if there is none.
	before := view.object
	view.object = before.DeepCopy()
	err = r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: what}, func() error { return send(built) })
	if err != nil {
		view.object = before
		return fmt.Errorf("writing the %s: %w", what, err)
	}
	r.written.Keep(view.object, r.Clock.Now())
	if view.connection != nil {
		view.connection.Placer.Meet(view.object)
	}
	return nil
}
