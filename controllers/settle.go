package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// settleOthers acknowledges what Mesos says of the object's other attempts, and forgets those that are over (rule 3).
func (r *MesosTaskReconciler) settleOthers(ctx context.Context, view *view) error {
	if view.connection == nil {
		return nil
	}
	// A step may just have written another binding than the decision rested on.
	current, _, _ := lifecycle.Open(view.object.Status, bindingOf(view.object))
	for _, taskID := range view.connection.known(view.key) {
		if taskID == current || view.object.Status.Task != nil && view.object.Status.Task.ID == taskID && view.object.Status.Task.FinishTime == nil {
			continue
		}
		recorded := endRecorded(view.object.Status, taskID)
		if !recorded && terminalWaits(view.connection, taskID) {
			// The object may be older than what the API server has: somebody may account for it there.
			live := &v1alpha1.MesosTask{}
			if err := r.Live.Get(ctx, view.key, live); err != nil {
				return fmt.Errorf("reading the MesosTask live: %w", err)
			}
			if accountsFor(live, taskID) {
				r.written.keep(live, r.Connections.now())
				r.Connections.tasks.add(view.key)
				return nil
			}
		}
		r.settle(ctx, view.connection, view.key, taskID)
	}
	return nil
}

// endRecorded says whether a status durably says that an attempt is over.
func endRecorded(status v1alpha1.MesosTaskStatus, taskID string) bool {
	if task := status.Task; task != nil && task.ID == taskID {
		return task.FinishTime != nil
	}
	return slices.ContainsFunc(status.History, func(earlier v1alpha1.TaskAttempt) bool {
		return earlier.ID == taskID && earlier.FinishTime != nil
	})
}

// terminalWaits says whether a terminal update of an attempt waits for its acknowledgement.
func terminalWaits(connection *connection, taskID string) bool {
	attempt, ok := connection.bridge.Attempt(taskID)
	return ok && attempt.Unacked != nil && attempt.Unacked.State.Class() == mesos.Ended
}

// accountsFor says whether an object has an attempt as one that is not known to be over.
func accountsFor(object *v1alpha1.MesosTask, taskID string) bool {
	for _, open := range openAttemptsOf(object) {
		if open.TaskID == taskID {
			return true
		}
	}
	return false
}

// settle acknowledges what waits of an attempt that nobody will record anything more of, and forgets it once it is over. An abandoned one is
// the framework's, until its status has dropped it.
func (r *MesosTaskReconciler) settle(ctx context.Context, connection *connection, key types.NamespacedName, taskID string) {
	attempt, ok := connection.bridge.Attempt(taskID)
	over := isOver(attempt.Observation, attempt.Returned)
	switch launch := launchOf(attempt); {
	case !ok:
		connection.forget(key, taskID)
	case over && connection.isAbandoned(taskID):
		r.Connections.frameworks.add(frameworkKey(connection.name))
	case attempt.Unacked != nil:
		// Its acceptance brings the key back.
		connection.bridge.Acknowledge(taskID, attempt.Unacked.UUID)
	case over || launch == lifecycle.LaunchNeverSent || launch == lifecycle.LaunchRefused:
		connection.forget(key, taskID)
	default:
		ctrl.LoggerFrom(ctx).V(1).Info("Mesos speaks of a task that is not the object's current attempt", "taskID", taskID)
	}
}

// gone handles a key whose object is not in the cache: once a live read says the same, nobody accounts for its attempts but the framework,
// for those that it remembers as abandoned.
func (r *MesosTaskReconciler) gone(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	r.written.drop(key)
	r.refusals.drop(key)
	var next time.Time
	for _, connection := range r.Connections.all() {
		connection.placer.forget(key)
		known := connection.known(key)
		if len(known) == 0 {
			continue
		}
		switch err := r.Live.Get(ctx, key, &v1alpha1.MesosTask{}); {
		case err == nil:
			// The cache lags; its event brings the key back.
			return ctrl.Result{}, nil
		case !apierrors.IsNotFound(err):
			return ctrl.Result{}, fmt.Errorf("reading the MesosTask live: %w", err)
		}
		for _, taskID := range known {
			if connection.isAbandoned(taskID) {
				if at := r.settleAbandoned(ctx, connection, key, taskID); next.IsZero() || !at.IsZero() && at.Before(next) {
					next = at
				}
			}
			r.settle(ctx, connection, key, taskID)
		}
	}
	if next.IsZero() {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(next.Sub(r.Connections.now()), time.Millisecond)}, nil
}

// adoptEnd makes an attempt the object's own that has ended while nothing names it: its binding and its status were taken away, and without its
// end a task that ran to completion would run again. It says whether there was one. An end from before the object existed is an earlier object's.
func (r *MesosTaskReconciler) adoptEnd(ctx context.Context, view *view) (tried bool, err error) {
	blank := view.object.Status.Task == nil && len(view.object.Status.History) == 0 && view.object.Annotations[v1alpha1.AnnotationBinding] == ""
	if !blank || view.connection == nil || view.seen.Deleting || view.seen.Hash == "" || len(view.seen.Others) > 0 {
		return false, nil
	}
	for _, taskID := range view.connection.known(view.key) {
		attempt, _ := view.connection.bridge.Attempt(taskID)
		id, err := lifecycle.ParseTaskID(taskID)
		if err != nil || !ownEnd(attempt, view.object.CreationTimestamp.Time) || !lifecycle.SameHash(id.Hash, view.seen.Hash) || view.connection.isAbandoned(taskID) {
			continue
		}
		view.connection.placer.unwant(view.key)
		return true, r.adopt(ctx, view, &lifecycle.Placement{TaskID: taskID, AgentID: attempt.Unacked.AgentID})
	}
	return false, nil
}

// ownEnd says whether what waits for its acknowledgement is the end of an attempt that ended after its object was created, by the agent's word.
func ownEnd(attempt mesosbridge.Attempt, created time.Time) bool {
	return attempt.Unacked != nil && attempt.Unacked.State.Class() == mesos.Ended && attempt.Returned == nil &&
		attempt.Accept == "" && attempt.Unacked.Time.After(created)
}
