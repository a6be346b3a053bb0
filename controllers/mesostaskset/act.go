package mesostaskset

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// refusedAtOnce is how many writes of a decision may be refused before the others are left for later.
const refusedAtOnce = 10

// act carries the decision out, in order, up to the first write that fails. What the API server refuses holds up nothing else: it is tried again later.
func (r *Reconciler) act(ctx context.Context, view *view, decision rollout.Decision) error {
	if err := r.carryOut(ctx, view, decision); err != nil {
		return err
	}
	if !view.partly {
		r.tell(view, decision.Deeds)
	}
	if r.refusals.keepOnly(view.key, view.wanted.Insert(view.key.Name)) || view.seen.Refused.Write != "" && !view.partly {
		// The status says so still.
		view.lookAgainAt(view.seen.Now.Add(together))
	}
	if err := r.record(ctx, view, decision); err != nil {
		return err
	}
	r.refusals.taken(view.key, view.key.Name)
	return nil
}

func (r *Reconciler) carryOut(ctx context.Context, view *view, decision rollout.Decision) error {
	if revision := decision.MakeRevision; revision != nil {
		if err := r.attempt(ctx, view, revision.Name, func() error { return r.makeRevision(ctx, view, revision) }); err != nil {
			return err
		}
	}
	if err := r.takeOver(ctx, view, decision); err != nil {
		return err
	}
	for _, change := range decision.Changes {
		if err := r.attempt(ctx, view, string(change.Task.UID), func() error { return r.change(ctx, view, change) }); err != nil {
			return err
		}
	}
	for _, deletion := range decision.Deletes {
		if err := r.attempt(ctx, view, string(deletion.Task.UID), func() error { return r.delete(ctx, view, deletion) }); err != nil {
			return err
		}
	}
	if err := r.createAll(ctx, view, decision.Creates); err != nil {
		return err
	}
	for _, revision := range decision.DropRevisions {
		if err := r.attempt(ctx, view, revision.Name, func() error { return r.dropRevision(ctx, view, revision) }); err != nil {
			return err
		}
	}
	return nil
}

// attempt does a write, unless the API server refused it a while ago. That it refuses it is noted, and no error.
func (r *Reconciler) attempt(ctx context.Context, view *view, what string, write func() error) error {
	now := view.seen.Now
	view.wanted.Insert(what)
	if until := r.refusals.heldUntil(view.key, what); now.Before(until) {
		view.leave(until)
		return nil
	}
	if view.refused >= refusedAtOnce {
		view.leave(now.Add(firstRetry))
		return nil
	}
	err := write()
	switch {
	case err == nil:
		r.refusals.taken(view.key, what)
	case writes.Refused(err):
		view.refused++
		view.leave(r.refusals.note(view.key, what, err, now))
		ctrl.LoggerFrom(ctx).Info("The API server refuses a write", "reason", err.Error())
		return nil
	}
	return err
}

// createAll creates MesosTasks up to the first that the API server refuses, as a quota does: it would refuse the others, too.
func (r *Reconciler) createAll(ctx context.Context, view *view, creations []rollout.Creation) error {
	for i, creation := range creations {
		err := r.create(ctx, view, creation)
		there := len(view.seen.Tasks) + i
		switch {
		case err == nil:
			r.refusals.created(view.key, there+1, view.seen.Now)
		case writes.Refused(err):
			view.leave(r.refusals.noteCreation(view.key, there, err, view.seen.Now))
			ctrl.LoggerFrom(ctx).Info("The API server refuses a MesosTask", "mesosTask", creation.Name, "reason", err.Error())
			return nil
		default:
			return err
		}
	}
	return nil
}

func (r *Reconciler) tell(view *view, news []rollout.Event) {
	for _, one := range news {
		r.Recorder.Event(view.object, one.Warning, one.Reason, one.Action, one.Message)
	}
}

// record writes the status if it is new and due, and tells the events.
func (r *Reconciler) record(ctx context.Context, view *view, decision rollout.Decision) error {
	due := !view.seen.Now.Before(decision.WriteAt) && !equality.Semantic.DeepEqual(decision.Status, view.object.Status)
	if due {
		if err := r.writeStatus(ctx, view, decision.Status); err != nil {
			return err
		}
	}
	r.tell(view, decision.Events)
	return nil
}

// writeStatus writes the whole status, provided that nobody wrote the set since.
func (r *Reconciler) writeStatus(ctx context.Context, view *view, status v1alpha1.MesosTaskSetStatus) error {
	patch := writes.For(view.object)
	patch.Test("/metadata/resourceVersion", view.object.ResourceVersion)
	patch.Add("/status", status)
	built, err := patch.Build()
	if err != nil {
		return err
	}
	object := view.object.DeepCopy()
	err = r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteSet, What: "status"}, func() error { return r.Client.Status().Patch(ctx, object, built) })
	if err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	view.object = object
	r.written.Keep(object, r.Clock.Now())
	return nil
}

// makeRevision creates the ControllerRevision of the template.
func (r *Reconciler) makeRevision(ctx context.Context, view *view, revision *rollout.Revision) error {
	data, err := json.Marshal(revision.Content)
	if err != nil {
		return fmt.Errorf("writing a revision: %w", err)
	}
	object := &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: view.key.Namespace, Name: revision.Name,
			Labels:          map[string]string{v1alpha1.LabelSet: view.key.Name, v1alpha1.LabelRevision: revision.Label},
			OwnerReferences: []metav1.OwnerReference{rollout.OwnerOf(view.object)},
		},
		Data: runtime.RawExtension{Raw: data}, Revision: revision.Number,
	}
	err = r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteSet, What: "revision"}, func() error { return r.Client.Create(ctx, object) })
	if apierrors.IsAlreadyExists(err) {
		return r.settleRevision(ctx, view, revision)
	}
	if err != nil {
		return fmt.Errorf("creating ControllerRevision %s: %w", revision.Name, err)
	}
	r.own.Wrote(view.key, object, r.Clock.Now())
	return nil
}

// settleRevision finds out what has the name of a revision that is to be made. The set's own, which the cache does not show or whose labels somebody took
// away, it takes; anything else keeps the name, and the revision takes another.
func (r *Reconciler) settleRevision(ctx context.Context, view *view, revision *rollout.Revision) error {
	live, err := r.liveRevision(ctx, client.ObjectKey{Namespace: view.key.Namespace, Name: revision.Name})
	if err != nil {
		return err
	}
	owner := metav1.GetControllerOf(live)
	if mine := (owner == nil || owner.UID == view.object.UID) && live.DeletionTimestamp.IsZero(); !mine || !keeps(live, &revision.Content) {
		ctrl.LoggerFrom(ctx).Info("A ControllerRevision that is not the set's has the name of its revision, which takes another", "controllerRevision", live.Name)
		r.names.take(view.key, live.Name)
		view.leave(view.seen.Now)
		return nil
	}
	patch, labels := writes.For(live), map[string]rollout.Value{}
	for key, value := range map[string]string{v1alpha1.LabelSet: view.key.Name, v1alpha1.LabelRevision: revision.Label} {
		if before, ok := live.Labels[key]; !ok {
			labels[key] = rollout.Value{After: value}
		} else if before != value {
			labels[key] = rollout.Value{Before: before, After: value}
		}
	}
	entries(patch, "/metadata/labels", live.Labels, labels)
	if owner == nil {
		patch.Change("/metadata/ownerReferences", referencesOf(live), append(live.OwnerReferences, rollout.OwnerOf(view.object)))
	}
	if owner != nil && len(labels) == 0 {
		r.own.Wrote(view.key, live, r.Clock.Now())
		return nil
	}
	return r.patch(ctx, view, leadership.Step{Kind: leadership.StepWriteSet, What: "revision"}, live, patch)
}

// liveRevision reads a ControllerRevision from the API server.
func (r *Reconciler) liveRevision(ctx context.Context, key client.ObjectKey) (*appsv1.ControllerRevision, error) {
	// A list of one needs no right beyond the one to list.
	found := &appsv1.ControllerRevisionList{}
	err := r.Live.List(ctx, found, client.InNamespace(key.Namespace), client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", key.Name)})
	if err == nil && len(found.Items) == 0 {
		err = apierrors.NewNotFound(appsv1.Resource("controllerrevisions"), key.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading ControllerRevision %s live: %w", key.Name, err)
	}
	return &found.Items[0], nil
}

// keeps says whether a ControllerRevision keeps a content.
func keeps(object *appsv1.ControllerRevision, content *rollout.Content) bool {
	kept := rollout.Content{}
	return json.Unmarshal(object.Data.Raw, &kept) == nil && kept.Same(content)
}

// dropRevision deletes a ControllerRevision that is not needed any more.
func (r *Reconciler) dropRevision(ctx context.Context, view *view, revision rollout.Revision) error {
	object := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: view.key.Namespace, Name: revision.Name, UID: revision.UID}}
	err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteSet, What: "revision"}, func() error {
		return r.Client.Delete(ctx, object, client.Preconditions{UID: &revision.UID})
	})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting ControllerRevision %s: %w", revision.Name, err)
	}
	r.own.Deleted(view.key, object, r.Clock.Now())
	return nil
}

// takeOver takes control of the revisions that nobody controls. Before anything is taken over, a live read says that the set is what it was taken for:
// one that is being deleted lets go of what is its own.
func (r *Reconciler) takeOver(ctx context.Context, view *view, decision rollout.Decision) error {
	takes := len(decision.TakeRevisions) > 0 || slices.ContainsFunc(decision.Changes, func(change rollout.Change) bool { return change.Own })
	if !takes {
		return nil
	}
	live := &v1alpha1.MesosTaskSet{}
	if err := r.Live.Get(ctx, view.key, live); err != nil {
		return fmt.Errorf("reading the MesosTaskSet live: %w", err)
	}
	if live.UID != view.object.UID || !live.DeletionTimestamp.IsZero() {
		r.written.Keep(live, r.Clock.Now())
		return errChanged
	}
	for _, revision := range decision.TakeRevisions {
		if err := r.attempt(ctx, view, string(revision.UID), func() error { return r.takeRevision(ctx, view, revision) }); err != nil {
			return err
		}
	}
	return nil
}

// takeRevision takes control of a ControllerRevision that nobody controls.
func (r *Reconciler) takeRevision(ctx context.Context, view *view, revision rollout.Revision) error {
	object := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: view.key.Namespace, Name: revision.Name, UID: revision.UID}}
	patch := writes.For(object)
	patch.Change("/metadata/ownerReferences", nil, []metav1.OwnerReference{rollout.OwnerOf(view.object)})
	return r.patch(ctx, view, leadership.Step{Kind: leadership.StepWriteSet, What: "revision"}, object, patch)
}

// change changes a MesosTask, provided that what is replaced is still there.
func (r *Reconciler) change(ctx context.Context, view *view, change rollout.Change) error {
	task := change.Task.DeepCopy()
	patch := writes.For(task)
	if change.Own {
		patch.Change("/metadata/ownerReferences", referencesOf(task), append(task.OwnerReferences, rollout.OwnerOf(view.object)))
	}
	entries(patch, "/metadata/labels", task.Labels, change.Labels)
	entries(patch, "/metadata/annotations", task.Annotations, change.Annotations)
	if len(change.Spec) > 0 {
		// It stands for the tests of each field: they compare text, and one amount may be written in two ways.
		patch.TestGeneration(task)
	}
	for _, name := range slices.Sorted(maps.Keys(change.Spec)) {
		if after := change.Spec[name].After; after != nil {
			patch.Add("/spec/"+name, after)
		} else {
			patch.Remove("/spec/" + name)
		}
	}
	if r.changes.doesNotStay(view.object, change) {
		r.leaveChanged(ctx, view, change)
		return nil
	}
	if err := r.patch(ctx, view, leadership.Step{Kind: leadership.StepWriteTask, What: "change"}, task, patch); err != nil {
		return err
	}
	r.changes.made(view.object, change, task)
	if change.PutBack {
		r.Recorder.Event(view.object, true, v1alpha1.EventPutBack, "PuttingBack", task.Name+" was changed by hand: it is put back, which restarts it")
	}
	return nil
}

// leaveChanged says that something changes what the set writes, and leaves it so.
func (r *Reconciler) leaveChanged(ctx context.Context, view *view, change rollout.Change) {
	view.partly = true
	if !r.changes.saySo(view.object, change) {
		return
	}
	what := strings.Join(change.Fields(), ", ")
	ctrl.LoggerFrom(ctx).Info("What the set writes does not stay", "mesosTask", change.Task.Name, "fields", what)
	// Of Events of one reason and action, only the first note is told for some minutes.
	r.Recorder.Event(view.object, true, v1alpha1.EventPutBack, "LeavingChanged", fmt.Sprintf(
		"What the set writes into %s does not stay (%s): see which admission webhook changes it. It is left so until the set changes", change.Task.Name, what))
}

// referencesOf is what a test of an object's owner references wants; nil for none.
func referencesOf(object client.Object) any {
	if references := object.GetOwnerReferences(); len(references) > 0 {
		return references
	}
	return nil
}

// entries changes entries of a map of strings.
func entries(patch *writes.Patch, path string, has map[string]string, values map[string]rollout.Value) {
	empty := len(has) == 0
	for _, key := range slices.Sorted(maps.Keys(values)) {
		patch.ChangeEntry(path, key, values[key].Before, values[key].After, empty)
		empty = false
	}
}

// patch sends a patch and remembers what it returned.
func (r *Reconciler) patch(ctx context.Context, view *view, step leadership.Step, object client.Object, patch *writes.Patch) error {
	built, err := patch.Build()
	if err != nil {
		return err
	}
	if err := r.Gate.Pass(step, func() error { return r.Client.Patch(ctx, object, built) }); err != nil {
		return fmt.Errorf("changing %s: %w", object.GetName(), err)
	}
	r.own.Wrote(view.key, object, r.Clock.Now())
	return nil
}

// create creates a MesosTask.
func (r *Reconciler) create(ctx context.Context, view *view, creation rollout.Creation) error {
	task := &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: view.key.Namespace, Name: creation.Name, Labels: creation.Labels, Annotations: creation.Annotations,
			OwnerReferences: []metav1.OwnerReference{rollout.OwnerOf(view.object)},
		},
		Spec: creation.Spec,
	}
	err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: "creation"}, func() error { return r.Client.Create(ctx, task) })
	if err != nil {
		return fmt.Errorf("creating MesosTask %s: %w", creation.Name, err)
	}
	r.own.Wrote(view.key, task, r.Clock.Now())
	return nil
}

// delete deletes a MesosTask, whose worker kills its task.
func (r *Reconciler) delete(ctx context.Context, view *view, deletion rollout.Deletion) error {
	task := deletion.Task.DeepCopy()
	err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: "deletion"}, func() error {
		return r.Client.Delete(ctx, task, client.Preconditions{UID: &task.UID})
	})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting MesosTask %s: %w", task.Name, err)
	}
	r.own.Deleted(view.key, task, r.Clock.Now())
	ctrl.LoggerFrom(ctx).Info("Deleted a MesosTask of the set", "mesosTask", task.Name, "reason", deletion.Why)
	r.Recorder.Event(view.object, false, v1alpha1.EventTaskDeleted, "Deleting", fmt.Sprintf("Deleted %s, %s", task.Name, deletion.Why))
	return nil
}
