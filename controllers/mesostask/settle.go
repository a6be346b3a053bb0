package mesostask

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// settleOthers acknowledges what Mesos says of the object's other attempts, and forgets those that are over (rule 3).
func (r *Reconciler) settleOthers(ctx context.Context, view *view) error {
	if view.connection == nil {
		return nil
	}
	// A step may just have written another binding than the decision rested on.
	current, _, _ := lifecycle.Open(view.object.Status, view.binding())
	for _, taskID := range view.connection.Known(view.key) {
		if taskID == current || view.object.Status.Task != nil && view.object.Status.Task.ID == taskID && view.object.Status.Task.FinishTime == nil {
			continue
		}
		if attempt, _ := view.connection.Bridge.Attempt(taskID); attempt.EndsUnseen() && view.countsAsLive(taskID) && !view.connection.IsAbandoned(taskID) {
			// It is not over yet. Whose end it will be is for a later decision to say, but where it is the framework's.
			continue
		}
		may, err := r.maySettle(ctx, view, taskID)
		if err != nil {
			return err
		}
		if !may {
			continue
		}
		r.settle(ctx, view.connection, view.key, taskID)
		if endRecorded(view.object.Status, taskID) && fateUnknown(view.connection, taskID) {
			// It is over by what the status says: by the word of a person, or as its agent was removed.
			view.connection.Forget(view.key, taskID)
		}
	}
	return nil
}

// fateUnknown says whether Mesos cannot tell whether an attempt runs, and nothing of it waits for its acknowledgement.
func fateUnknown(connection *connections.Connection, taskID string) bool {
	attempt, _ := connection.Bridge.Attempt(taskID)
	said := attempt.Said()
	return said != nil && said.State.Class() == mesos.FateUnknown && attempt.Unacked == nil
}

// maySettle says whether an update of an attempt that is not the object's current one need not be stored any more (rule 3).
func (r *Reconciler) maySettle(ctx context.Context, view *view, taskID string) (bool, error) {
	known := named(view.object.Status, taskID)
	switch waits := waiting(view.connection, taskID); {
	case waits == waitsForNothing || known && waits == waitsForRecord:
		return true, nil
	case known:
		// Else the next decision records it.
		return endRecorded(view.object.Status, taskID), nil
	}
	// The object may be older than what the API server has: somebody may account for the attempt there.
	live := &v1alpha1.MesosTask{}
	switch err := r.Live.Get(ctx, view.key, live); {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("reading the MesosTask live: %w", err)
	case accountsFor(live, taskID):
		r.written.Keep(live, r.Clock.Now())
		view.lookAgainAt(r.Clock.Now().Add(cacheRetry))
		return false, nil
	default:
		return true, nil
	}
}

// settleElsewhere deals with what other frameworks' masters say of tasks with an object's identity: an object of that name was theirs before,
// and this one, which names another framework for good, accounts for none of them.
func (r *Reconciler) settleElsewhere(ctx context.Context, key types.NamespacedName, framework string) (time.Time, error) {
	var next time.Time
	for _, connection := range r.Connections.All() {
		if connection.Name == framework || len(connection.Known(key)) == 0 {
			continue
		}
		live := &v1alpha1.MesosTask{}
		switch err := r.Live.Get(ctx, key, live); {
		case err != nil && !apierrors.IsNotFound(err):
			return time.Time{}, fmt.Errorf("reading the MesosTask live: %w", err)
		case err == nil && live.Spec.FrameworkRef.Name == connection.Name:
			continue
		}
		next = soonest(next, r.settleUnaccounted(ctx, connection, key))
	}
	return next, nil
}

// settleUnaccounted deals with what a framework's master says of tasks of an identity for which no object accounts but the framework's, which
// remembers those that are abandoned. It returns when to look again; zero for never.
func (r *Reconciler) settleUnaccounted(ctx context.Context, connection *connections.Connection, key types.NamespacedName) (next time.Time) {
	connection.Placer.Forget(key)
	for _, taskID := range connection.Known(key) {
		if connection.IsAbandoned(taskID) {
			next = soonest(next, r.settleAbandoned(ctx, connection, key, taskID))
		}
		r.settle(ctx, connection, key, taskID)
	}
	return next
}

// settleUnwatched deals with what Mesos says of tasks of a namespace that is not watched. Whether an object accounts for them nobody can know
// here, so that nothing is acknowledged: Mesos repeats it until somebody who can see the object has stored it. What a framework's status
// remembers as abandoned is the framework's.
func (r *Reconciler) settleUnwatched(ctx context.Context, key types.NamespacedName) (next time.Time) {
	for _, connection := range r.Connections.All() {
		for _, taskID := range connection.Known(key) {
			if connection.IsAbandoned(taskID) {
				next = soonest(next, r.settleAbandoned(ctx, connection, key, taskID))
				r.settle(ctx, connection, key, taskID)
			}
		}
	}
	return next
}

// soonest is the earlier of two times; a zero one does not count.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
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

// named says whether a status names an attempt, as the current one or as an earlier one.
func named(status v1alpha1.MesosTaskStatus, taskID string) bool {
	return status.Task != nil && status.Task.ID == taskID ||
		slices.ContainsFunc(status.History, func(earlier v1alpha1.TaskAttempt) bool { return earlier.ID == taskID })
}

// storing is what an update that waits for its acknowledgement must wait for, if anybody accounts for its attempt (rule 3).
type storing int

const (
	// waitsForNothing is no update, or one that may be acknowledged on receipt.
	waitsForNothing storing = iota
	// waitsForRecord is one that is stored first while the attempt is the current one.
	waitsForRecord
	// waitsForEnd is one that is stored first whichever attempt it is of.
	waitsForEnd
)

// waiting says what the update of an attempt waits for.
func waiting(connection *connections.Connection, taskID string) storing {
	attempt, ok := connection.Bridge.Attempt(taskID)
	switch {
	case !ok || attempt.Unacked == nil || attempt.Unacked.State == mesos.TaskStaging || attempt.Unacked.State == mesos.TaskStarting:
		return waitsForNothing
	case attempt.Unacked.State.Class() == mesos.Ended:
		return waitsForEnd
	default:
		return waitsForRecord
	}
}

// accountsFor says whether an object has an attempt as one that is not known to be over.
func accountsFor(object *v1alpha1.MesosTask, taskID string) bool {
	for _, open := range lifecycle.OpenAttemptsOf(object) {
		if open.TaskID == taskID {
			return true
		}
	}
	return false
}

// settle acknowledges what waits of an attempt that nobody will record anything more of, and forgets it once it is over. An abandoned one is
// the framework's, until its status has dropped it.
func (r *Reconciler) settle(ctx context.Context, connection *connections.Connection, key types.NamespacedName, taskID string) {
	attempt, ok := connection.Bridge.Attempt(taskID)
	over, abandoned := attempt.Over(), connection.IsAbandoned(taskID)
	switch launch := connections.LaunchOf(attempt); {
	case !ok:
		connection.Forget(key, taskID)
	case abandoned && (attempt.EndSeen() || attempt.EndsUnseen() && !connection.AbandonedEnds(taskID)):
		r.Connections.EnqueueFramework(connection.Name)
	case attempt.Unacked != nil:
		// Its acceptance brings the key back.
		connection.Bridge.Acknowledge(taskID, attempt.Unacked.UUID)
	case abandoned && over:
		// It stays remembered, as an operator's word is all that its end rests on.
	case over || launch == lifecycle.LaunchNeverSent || launch == lifecycle.LaunchRefused:
		connection.Forget(key, taskID)
	default:
		ctrl.LoggerFrom(ctx).V(1).Info("Mesos speaks of a task that is not the object's current attempt", "taskID", taskID)
	}
}

// released is an object that the API server has let go.
type released struct {
	// uid is its own, and until is how long the cache may take to learn that it is gone.
	uid   types.UID
	until time.Time
	// over are the IDs of its tasks that were over: nobody accounts for them any more.
	over sets.Set[string]
}

// releasedWithin is how long the cache may take to learn that an object is gone. After that it is believed: the API server may have been restored to
// an earlier state.
const releasedWithin = 10 * time.Second

// keepReleased remembers that the object of a view is gone.
func (r *Reconciler) keepReleased(view *view) {
	gone := released{uid: view.object.UID, until: r.Clock.Now().Add(releasedWithin), over: sets.New[string]()}
	if view.connection != nil {
		for _, taskID := range view.connection.Known(view.key) {
			if attempt, _ := view.connection.Bridge.Attempt(taskID); attempt.Over() && !attempt.EndsUnseen() {
				gone.over.Insert(taskID)
			}
		}
	}
	r.released.Store(view.key, gone)
}

// releasedAt is what was let go last under a name.
func (r *Reconciler) releasedAt(key types.NamespacedName) released {
	known, _ := r.released.Load(key)
	gone, _ := known.(released)
	return gone
}

// releasedUntil is until when an object that the cache shows counts as one that was let go here; zero where it does not.
func (r *Reconciler) releasedUntil(cached *v1alpha1.MesosTask) time.Time {
	key := client.ObjectKeyFromObject(cached)
	last := r.releasedAt(key)
	if last.uid != cached.UID {
		return time.Time{}
	}
	if !r.Clock.Now().Before(last.until) {
		r.released.Delete(key)
		return time.Time{}
	}
	return last.until
}

// gone handles a key whose object is not in the cache: once a live read says the same, nobody accounts for its attempts but the framework,
// for those that it remembers as abandoned.
func (r *Reconciler) gone(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	r.written.Drop(key)
	r.refusals.drop(key)
	r.deletions.drop(key)
	r.references().Forget(key)
	r.Connections.Gone(key)
	var next time.Time
	last, known := r.releasedAt(key), false
	defer func() {
		if !known {
			r.released.Delete(key)
		}
	}()
	for _, connection := range r.Connections.All() {
		taskIDs := connection.Known(key)
		if len(taskIDs) == 0 {
			connection.Placer.Forget(key)
			continue
		}
		if last.over.HasAll(taskIDs...) {
			// No live read could say more.
			next = soonest(next, r.settleUnaccounted(ctx, connection, key))
			known = known || len(connection.Known(key)) > 0
			continue
		}
		switch err := r.Live.Get(ctx, key, &v1alpha1.MesosTask{}); {
		case err == nil:
			// The cache lags; its event brings the key back.
			return ctrl.Result{}, nil
		case !apierrors.IsNotFound(err):
			return ctrl.Result{}, fmt.Errorf("reading the MesosTask live: %w", err)
		}
		next = soonest(next, r.settleUnaccounted(ctx, connection, key))
	}
	return r.lookAgain(next), nil
}

// adoptEnd makes an attempt the object's own that has ended while nothing names it: its binding and its status were taken away, and without its
// end a task that ran to completion would run again. It says whether there was one. An end from before the object existed is an earlier object's,
// and one that a KILL brought about, by whichever process, says nothing of how the task would have ended.
func (r *Reconciler) adoptEnd(ctx context.Context, view *view) (tried bool, err error) {
	blank := view.object.Status.Task == nil && len(view.object.Status.History) == 0 && view.object.Annotations[v1alpha1.AnnotationBinding] == ""
	if !blank || view.connection == nil || view.seen.Deleting || view.seen.Hash == "" || len(view.seen.Others) > 0 {
		return false, nil
	}
	for _, taskID := range view.connection.Known(view.key) {
		attempt, _ := view.connection.Bridge.Attempt(taskID)
		id, err := lifecycle.ParseTaskID(taskID)
		if err != nil || !ownEnd(attempt, view.object.CreationTimestamp.Time) || !view.seen.Launched(id.Hash, "") || view.connection.IsAbandoned(taskID) || view.connection.Killed(taskID) {
			continue
		}
		view.connection.Placer.Unwant(view.key)
		err = r.adopt(ctx, view, &lifecycle.Placement{TaskID: taskID, AgentID: attempt.Unacked.AgentID})
		countStep(lifecycle.StepAdopt, err)
		return true, err
	}
	return false, nil
}

// ownEnd says whether what waits for its acknowledgement is the end of an attempt that ended after its object was created, by the agent's clock
// and the API server's, which keeps whole seconds. Where the agent's is ahead, an earlier object's end may pass for this one's.
func ownEnd(attempt mesosbridge.Attempt, created time.Time) bool {
	return attempt.Unacked != nil && attempt.Unacked.State.Class() == mesos.Ended && attempt.Returned == nil && !attempt.Unacked.FollowsKill() &&
		(attempt.Accept == "" || attempt.Accept.MayRun()) && attempt.Unacked.Time.After(created.Add(time.Second))
}
