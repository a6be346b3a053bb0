package mesosframework

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

// replacedIDs is how many replaced framework IDs a status keeps.
const replacedIDs = 16

// storeID makes the ID that Mesos gave the framework durable, in the annotation and in status, and then tells the bridge (rule 4).
func (v *view) storeID(ctx context.Context) error {
	state := v.connection.Bridge.Connection()
	if !state.Subscribed || state.FrameworkID == "" {
		return nil
	}
	if v.object.Annotations[v1alpha1.AnnotationFrameworkID] != state.FrameworkID {
		patch := writes.For(v.object)
		patch.SetAnnotation(v.object, v1alpha1.AnnotationFrameworkID, state.FrameworkID)
		if err := v.patch(ctx, patch, false); err != nil {
			return err
		}
	}
	if v.object.Status.FrameworkID != state.FrameworkID {
		registered := v.object.Status.FrameworkID == ""
		patch := writes.For(v.object)
		testClaim(patch, v.object.Status.Controller)
		patch.Add("/status/frameworkID", state.FrameworkID)
		if err := v.patch(ctx, patch, true); err != nil {
			return err
		}
		if registered {
			v.Recorder.Event(v.object, false, v1alpha1.EventRegistered, "Registering", "Registered with Mesos as framework "+state.FrameworkID)
		}
	}
	v.connection.Bridge.FrameworkIDStored()
	return nil
}

// contradiction says whether somebody changed the ID in the status: the annotation names another one, under which tasks are bound. Subscribing with the
// one in the status would leave them behind.
func (v *view) contradiction(ctx context.Context) (*lifecycle.Obstacle, error) {
	id, annotated := v.object.Status.FrameworkID, v.object.Annotations[v1alpha1.AnnotationFrameworkID]
	if id == "" || annotated == "" || id == annotated || slices.Contains(v.object.Status.ReplacedFrameworkIDs, annotated) {
		return nil, nil
	}
	first, bound, err := v.tasksWhere(ctx, func(task *v1alpha1.MesosTask) bool {
		return slices.Contains(frameworkIDsOf(task), annotated) && v.credible(ctx, v.object, task)
	})
	if err != nil || bound == 0 {
		return nil, err
	}
	wayOut := ""
	if speakable.MatchString(annotated) {
		wayOut = fmt.Sprintf(` (kubectl patch mesosframework %s --subresource=status --type=merge -p '{"status":{"frameworkID":%q}}')`, v.object.Name, annotated)
	}
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkIDLost, Stalled: true, Message: fmt.Sprintf(
		"status.frameworkID is %s, but MesosTask %s is bound under the one that annotation %s names, %s: put that back into the status%s, or remove the annotation",
		id, client.ObjectKeyFromObject(first), v1alpha1.AnnotationFrameworkID, annotated, wayOut)}, nil
}

// lostID says whether tasks were bound under an ID that the framework, as it was read live, does not name: then a new one would leave them behind.
// It returns that ID, where there is one and can be read.
func (v *view) lostID(ctx context.Context, live *v1alpha1.MesosFramework) (id string, lost *lifecycle.Obstacle, err error) {
	known := func(id string) bool { return id == "" || slices.Contains(live.Status.ReplacedFrameworkIDs, id) }
	first, bound, err := v.tasksWhere(ctx, func(task *v1alpha1.MesosTask) bool {
		named := unreadableBinding(task) || slices.ContainsFunc(frameworkIDsOf(task), func(id string) bool { return !known(id) })
		return named && v.credible(ctx, live, task)
	})
	if err != nil || bound == 0 {
		return "", nil, err
	}
	object := client.ObjectKeyFromObject(first)
	ids := slices.DeleteFunc(frameworkIDsOf(first), known)
	if len(ids) == 0 {
		return "", &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkIDLost, Stalled: true, Message: fmt.Sprintf(
			"MesosTask %s has a binding that cannot be read, so that it may be bound under a framework ID which this object does not name: set spec.info.id to it, or set the MesosTask's spec.deletionPolicy to Orphan and delete it",
			object)}, nil
	}
	wayOut := "set the spec.deletionPolicy of the MesosTasks that are bound to Orphan and delete them"
	if speakable.MatchString(ids[0]) {
		wayOut = fmt.Sprintf("register anew and give up what was bound under it: kubectl annotate mesosframework %s --overwrite %s=%s",
			live.Name, v1alpha1.AnnotationReplaceFrameworkID, ids[0])
	}
	return ids[0], &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkIDLost, Stalled: true, Message: fmt.Sprintf(
		"MesosTask %s is bound under framework ID %s, which this object does not name: set spec.info.id to it, or %s", object, ids[0], wayOut)}, nil
}

// speakable are framework IDs that can be part of a command: what a binding names may be anybody's invention.
var speakable = regexp.MustCompile(`^[-._A-Za-z0-9]+$`)

// credible says whether what a task says of its attempts has to be believed. Whoever may write MesosTasks can invent a binding, where no admission
// policy keeps them from it, and nothing else can be told from it. But in a namespace that the framework does not take nobody could have launched
// anything by it, unless the status says that it ran.
func (v *view) credible(ctx context.Context, framework *v1alpha1.MesosFramework, task *v1alpha1.MesosTask) bool {
	began := func(attempt v1alpha1.TaskAttempt) bool { return attempt.StartTime != nil }
	if status := task.Status; status.Task != nil && began(*status.Task) || slices.ContainsFunc(status.History, began) {
		return true
	}
	namespace, err := scope.NamespaceFor(ctx, v.Client, task.Namespace, &framework.Spec)
	return err != nil || lifecycle.Takes(framework, namespace)
}

// frameworkIDsOf are the framework IDs that a task says it was bound under.
func frameworkIDsOf(task *v1alpha1.MesosTask) []string {
	var ids []string
	if binding := lifecycle.BindingOf(task); binding != nil {
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
	return task.Annotations[v1alpha1.AnnotationBinding] != "" && lifecycle.BindingOf(task) == nil
}

// replaceRemoved deals with a framework that Mesos has removed: its ID is dead and its tasks are killed. A new ID is taken if nothing is bound
// under the old one, or if a person says so, once; what was bound counts as given up then.
func (v *view) replaceRemoved(ctx context.Context, problem *mesosbridge.Problem) error {
	dead := v.connection.Bridge.Connection().FrameworkID
	if dead == "" || configOf(v.object).Framework.ID != dead {
		// An ID that was never stored: Mesos has removed it in time, and the object names another or none.
		v.disconnect()
		v.Connections.EnqueueFramework(v.object.Name)
		return nil
	}
	asked := v.object.Annotations[v1alpha1.AnnotationReplaceFrameworkID] == dead
	if !asked {
		first, bound, err := v.tasksWhere(ctx, func(task *v1alpha1.MesosTask) bool {
			return (unreadableBinding(task) || slices.Contains(frameworkIDsOf(task), dead)) && v.credible(ctx, v.object, task)
		})
		if err != nil {
			return err
		}
		if bound > 0 {
			v.memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkRemoved, Stalled: true, Message: fmt.Sprintf(
				"%s %d MesosTasks were bound under it, such as %s. To register anew and launch them again: kubectl annotate mesosframework %s --overwrite %s=%s",
				problem.Message, bound, client.ObjectKeyFromObject(first), v.object.Name, v1alpha1.AnnotationReplaceFrameworkID, dead)}
			return nil
		}
		if v.mayHideTasks() {
			v.memory.stuck = &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkRemoved, Stalled: true, Message: fmt.Sprintf(
				"%s Tasks of namespaces that this installation does not watch ran under it. To register anew and launch them again: kubectl annotate mesosframework %s --overwrite %s=%s",
				problem.Message, v.object.Name, v1alpha1.AnnotationReplaceFrameworkID, dead)}
			return nil
		}
	}
	status := v.object.Status.DeepCopy()
	status.FrameworkID, status.Abandoned, status.Orphans = "", nil, nil
	status.ReplacedFrameworkIDs = append([]string{dead}, status.ReplacedFrameworkIDs...)
	status.ReplacedFrameworkIDs = status.ReplacedFrameworkIDs[:min(len(status.ReplacedFrameworkIDs), replacedIDs)]
	patch := writes.For(v.object)
	testClaim(patch, v.object.Status.Controller)
	patch.Add("/status", status)
	if err := v.patch(ctx, patch, true); err != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("Registering the framework anew, as Mesos has removed it", "frameworkID", dead, "asked", asked)
	v.Recorder.Event(v.object, true, v1alpha1.EventFrameworkIDReplaced, "Registering", "Registering anew: Mesos has removed framework "+dead)
	// The bridge of the dead ID goes; what is left to do comes with a new one.
	v.disconnect()
	v.Connections.EnqueueFramework(v.object.Name)
	return nil
}

// liveID returns the ID of a framework that has none in the cache, empty if it may register anew, or that its ID is lost. The cache may lag, or
// status may have been lost: registering anew would then leave tasks behind that nobody remembers (rule 4).
func (v *view) liveID(ctx context.Context) (id string, lost *lifecycle.Obstacle, err error) {
	live := &v1alpha1.MesosFramework{}
	if err := v.Live.Get(ctx, client.ObjectKeyFromObject(v.object), live); err != nil {
		return "", nil, fmt.Errorf("reading the MesosFramework live: %w", err)
	}
	if id := configOf(live).Framework.ID; id != "" {
		return id, nil, nil
	}
	lostID, lost, err := v.lostID(ctx, live)
	if err != nil || lostID == "" || live.Annotations[v1alpha1.AnnotationReplaceFrameworkID] != lostID {
		return "", lost, err
	}
	return "", lost, v.giveUpID(ctx, live, lostID)
}

// giveUpID makes durable that a person gave up what was bound under an ID that the framework has lost. What is left to do comes with the next
// reconcile.
func (v *view) giveUpID(ctx context.Context, live *v1alpha1.MesosFramework, lost string) error {
	ids := append([]string{lost}, live.Status.ReplacedFrameworkIDs...)
	patch := writes.For(v.object)
	testClaim(patch, v.object.Status.Controller)
	patch.Add("/status/replacedFrameworkIDs", ids[:min(len(ids), replacedIDs)])
	if err := v.patch(ctx, patch, true); err != nil {
		return err
	}
	ctrl.LoggerFrom(ctx).Info("Giving up what was bound under a framework ID that was lost", "frameworkID", lost)
	v.Recorder.Event(v.object, true, v1alpha1.EventFrameworkIDReplaced, "Registering", "Registering anew: a person gave up what was bound under framework "+lost)
	v.Connections.EnqueueFramework(v.object.Name)
	return nil
}
