package mesoscrontask

import (
	"context"
	"fmt"
	"maps"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// act takes the first step of a decision, and says whether there was one.
func (r *Reconciler) act(ctx context.Context, v *view, decision schedule.Decision) (acted bool, err error) {
	switch creation := decision.Create; {
	case (len(decision.TakeOver) > 0 || creation != nil) && !v.live:
		// One that is being deleted lets go of what is its own, and one that was written by an earlier leader knows of more.
		return true, r.readLive(ctx, v)
	case len(decision.TakeOver) > 0:
		return true, r.takeOver(ctx, v, decision.TakeOver)
	case creation != nil && creation.Alone && !v.listed:
		return true, r.listLive(ctx, v)
	case creation != nil && !creation.Lost && !v.searched:
		r.searchLost(ctx, v)
		return true, nil
	case creation != nil:
		return true, r.create(ctx, v, creation)
	case !equality.Semantic.DeepEqual(decision.Status, v.object.Status):
		return true, r.record(ctx, v, decision)
	case len(decision.Delete) > 0:
		return true, r.delete(ctx, v, decision.Delete)
	default:
		return false, nil
	}
}

// takeOver makes the cron task the controller of runs that nobody controls.
func (r *Reconciler) takeOver(ctx context.Context, v *view, runs []schedule.Run) error {
	for _, run := range runs {
		task := v.tasks[run.Name].DeepCopy()
		patch := writes.For(task)
		var before any
		if len(task.OwnerReferences) > 0 {
			before = task.OwnerReferences
		}
		patch.Change("/metadata/ownerReferences", before, append(task.OwnerReferences, ownerOf(v.object)))
		built, err := patch.Build()
		if err != nil {
			return err
		}
		if err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: "change"}, func() error { return r.Client.Patch(ctx, task, built) }); err != nil {
			return fmt.Errorf("taking over %s: %w", run.Name, err)
		}
		r.own.Wrote(v.key, task, r.Clock.Now())
		v.addRun(task)
		r.Recorder.Event(v.object, false, v1alpha1.EventTakenOver, "Scheduling", fmt.Sprintf("Took over MesosTask %s, which nobody controlled", run.Name))
	}
	return nil
}

// ownerOf is the reference by which a run is its cron task's. It does not hold up the deletion of that in the foreground.
func ownerOf(cron *v1alpha1.MesosCronTask) metav1.OwnerReference {
	owner := *metav1.NewControllerRef(cron, v1alpha1.GroupVersion.WithKind("MesosCronTask"))
	owner.BlockOwnerDeletion = nil
	return owner
}

// create creates the MesosTask of a run. One that exists already, and is the cron task's, is that run.
func (r *Reconciler) create(ctx context.Context, v *view, creation *schedule.Creation) error {
	task := runOf(v.object, creation)
	err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: "creation"}, func() error { return r.Client.Create(ctx, task) })
	switch {
	case apierrors.IsAlreadyExists(err):
		return r.findExisting(ctx, v, creation)
	case writes.Refused(err):
		v.seen.Refusals = r.refusals.note(v.key, creation.Name, v1alpha1.ReasonRunRefused, "the API server refuses its MesosTask: "+err.Error(), r.Clock.Now())
		return nil
	case err != nil:
		return fmt.Errorf("creating MesosTask %s: %w", creation.Name, err)
	}
	r.refusals.forget(v.key, creation.Name)
	r.own.Wrote(v.key, task, r.Clock.Now())
	v.addRun(task)
	countStart(creation, r.Clock.Now())
	ctrl.LoggerFrom(ctx).Info("Started a run", "mesosTask", creation.Name, "due", creation.Due)
	r.Recorder.Event(v.object, false, v1alpha1.EventRunStarted, "Scheduling", sayStarted(creation))
	return nil
}

func sayStarted(creation *schedule.Creation) string {
	switch {
	case creation.Lost:
		return fmt.Sprintf("Created MesosTask %s anew: its task lives in Mesos", creation.Name)
	case creation.Due.IsZero():
		return fmt.Sprintf("Created MesosTask %s, as annotation %s asked", creation.Name, v1alpha1.AnnotationRunRequestedAt)
	default:
		return fmt.Sprintf("Created MesosTask %s for %s", creation.Name, creation.Due.UTC().Format(time.RFC3339))
	}
}

// findExisting looks at the MesosTask that has the name of a run.
func (r *Reconciler) findExisting(ctx context.Context, v *view, creation *schedule.Creation) error {
	task := &v1alpha1.MesosTask{}
	if err := r.Live.Get(ctx, client.ObjectKey{Namespace: v.key.Namespace, Name: creation.Name}, task); err != nil {
		return fmt.Errorf("reading MesosTask %s live: %w", creation.Name, err)
	}
	if !v.addRun(task) {
		v.seen.Refusals = r.refusals.note(v.key, creation.Name, v1alpha1.ReasonNameTaken, fmt.Sprintf(
			"MesosTask %s is not of this object: delete it, or create a MesosCronTask of another name", creation.Name), r.Clock.Now())
		return nil
	}
	r.own.Wrote(v.key, task, r.Clock.Now())
	return nil
}

// record writes the whole status, provided that nobody wrote it since, and then tells the events.
func (r *Reconciler) record(ctx context.Context, v *view, decision schedule.Decision) error {
	status := decision.Status
	patch := writes.For(v.object)
	var revision any
	if v.object.Status.Revision > 0 {
		revision = v.object.Status.Revision
	}
	patch.Test("/status/revision", revision)
	status.Revision++
	patch.Add("/status", status)
	built, err := patch.Build()
	if err != nil {
		return err
	}
	object := v.object.DeepCopy()
	if err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteCron, What: "status"}, func() error { return r.Client.Status().Patch(ctx, object, built) }); err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	countMissed(&v.object.Status, &object.Status)
	r.written.Keep(object, r.Clock.Now())
	v.take(object)
	for _, news := range decision.Events {
		r.Recorder.Event(object, news.Warning, news.Reason, "Scheduling", news.Message)
	}
	return nil
}

// delete deletes runs, whose workers kill what still runs of them.
func (r *Reconciler) delete(ctx context.Context, v *view, deletions []schedule.Deletion) error {
	for _, deletion := range deletions {
		task := v.tasks[deletion.Name].DeepCopy()
		err := r.Gate.Pass(leadership.Step{Kind: leadership.StepWriteTask, What: "deletion"}, func() error {
			return r.Client.Delete(ctx, task, client.Preconditions{UID: &deletion.UID})
		})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting MesosTask %s: %w", deletion.Name, err)
		}
		r.own.Deleted(v.key, task, r.Clock.Now())
		v.setDeleting(deletion.Name)
		ctrl.LoggerFrom(ctx).Info("Deleted a run", "mesosTask", deletion.Name, "replaced", deletion.Replaced)
		if deletion.Replaced {
			r.Recorder.Event(v.object, false, v1alpha1.EventRunDeleted, "Deleting", fmt.Sprintf("Deleted MesosTask %s before it was over, as spec.concurrencyPolicy is Replace", deletion.Name))
		}
	}
	return nil
}

// setDeleting notes that a run is being deleted. Its event brings the key back.
func (v *view) setDeleting(name string) {
	for i := range v.seen.Runs {
		if v.seen.Runs[i].Name == name {
			v.seen.Runs[i].Deleting = true
		}
	}
}

// runOf is the MesosTask of a run.
func runOf(cron *v1alpha1.MesosCronTask, creation *schedule.Creation) *v1alpha1.MesosTask {
	labels, annotations := map[string]string{}, map[string]string{}
	for key, value := range cron.Spec.Template.Metadata.Labels {
		labels[key] = string(value)
	}
	for key, value := range cron.Spec.Template.Metadata.Annotations {
		annotations[key] = string(value)
	}
	maps.Copy(labels, map[string]string{v1alpha1.LabelCron: cron.Name})
	if !creation.Due.IsZero() {
		annotations[v1alpha1.AnnotationScheduledAt] = creation.Due.UTC().Format(time.RFC3339)
	}
	template := cron.Spec.Template.Spec
	return &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: cron.Namespace, Name: creation.Name, Labels: labels, Annotations: annotations, OwnerReferences: []metav1.OwnerReference{ownerOf(cron)},
		},
		Spec: v1alpha1.MesosTaskSpec{
			FrameworkRef: template.FrameworkRef, TaskTemplate: *template.TaskTemplate.DeepCopy(), RestartPolicy: template.RestartPolicy, Backoff: template.Backoff,
			MaxRestarts: template.MaxRestarts, LaunchTimeoutSeconds: template.LaunchTimeoutSeconds, AvoidFailedAgents: template.AvoidFailedAgents,
			Unreachable: template.Unreachable, ActiveDeadlineSeconds: template.ActiveDeadlineSeconds,
		},
	}
}
