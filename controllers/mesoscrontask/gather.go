package mesoscrontask

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
)

// view is all that one reconcile of a MesosCronTask reads.
type view struct {
	key types.NamespacedName
	// object is the latest that this process knows; live says that it was read live in this reconcile, listed that the runs were.
	object       *v1alpha1.MesosCronTask
	live, listed bool
	// connection is that of the framework; nil for none. searched says that it was looked for lost runs in this reconcile.
	connection *connections.Connection
	searched   bool
	// seen is what schedule decides on, tasks are the runs by their names.
	seen  schedule.Seen
	tasks map[string]*v1alpha1.MesosTask
	// behind says that the cache does not show what this process wrote.
	behind bool
	// lookAgain is when to look again though the decision asks for nothing; zero for never.
	lookAgain time.Time
}

// gather reads all that the decision rests on. It returns nil for a cron task of another installation.
func (r *Reconciler) gather(ctx context.Context, cached *v1alpha1.MesosCronTask) (*view, error) {
	object, _, doubtful := r.written.Latest(cached)
	v := &view{key: client.ObjectKeyFromObject(object), lookAgain: doubtful}
	v.take(object)
	v.seen.Now = r.Clock.Now()
	if !doubtful.IsZero() && !v.seen.Now.Before(doubtful) {
		v.lookAgain = time.Time{}
		if err := r.readLive(ctx, v); err != nil {
			// What is gone its event tells.
			return nil, client.IgnoreNotFound(err)
		}
	}
	v.seen.Zone = zoneOf(ctx, &object.Spec)
	v.seen.Refusals = r.refusals.of(v.key, v.seen.Now)
	connection, mine, err := r.gatherFramework(ctx, v)
	if err != nil || !mine {
		return nil, err
	}
	if err := r.gatherRuns(ctx, v); err != nil || v.behind {
		return v, err
	}
	v.connection = connection
	r.gatherLost(ctx, v)
	return v, nil
}

// take makes an object the latest that is known.
func (v *view) take(object *v1alpha1.MesosCronTask) {
	v.object = object
	v.seen.Name, v.seen.Created, v.seen.Generation = object.Name, object.CreationTimestamp.Time, object.Generation
	v.seen.Deleting, v.seen.Spec, v.seen.Status = !object.DeletionTimestamp.IsZero(), object.Spec, object.Status
	v.seen.Request = object.Annotations[v1alpha1.AnnotationRunRequestedAt]
}

// readLive reads the cron task from the API server.
func (r *Reconciler) readLive(ctx context.Context, v *view) error {
	live := &v1alpha1.MesosCronTask{}
	if err := r.Live.Get(ctx, v.key, live); err != nil {
		return fmt.Errorf("reading the MesosCronTask live: %w", err)
	}
	r.written.Keep(live, r.Clock.Now())
	if live.UID != v.object.UID {
		return errChanged
	}
	v.take(live)
	v.seen.Zone = zoneOf(ctx, &live.Spec)
	v.live = true
	return nil
}

// zoneOf is the time zone that a spec names; nil for one that is not known.
func zoneOf(ctx context.Context, spec *v1alpha1.MesosCronTaskSpec) *time.Location {
	if spec.TimeZone == "Local" {
		return nil
	}
	// An empty name is UTC.
	zone, err := time.LoadLocation(spec.TimeZone)
	if err != nil {
		ctrl.LoggerFrom(ctx).V(1).Info("There is no such time zone", "timeZone", spec.TimeZone, "reason", err.Error())
		return nil
	}
	return zone
}

// gatherFramework reads how the framework stands. It returns false for another installation's.
func (r *Reconciler) gatherFramework(ctx context.Context, v *view) (connection *connections.Connection, mine bool, err error) {
	name := v.object.Spec.Template.Spec.FrameworkRef.Name
	framework := &v1alpha1.MesosFramework{}
	switch err := r.Client.Get(ctx, client.ObjectKey{Name: name}, framework); {
	case apierrors.IsNotFound(err):
		if err := r.Live.Get(ctx, client.ObjectKey{Name: name}, framework); !apierrors.IsNotFound(err) {
			// The cache lags: whose it is cannot be said yet, and its event brings the key back.
			return nil, false, client.IgnoreNotFound(err)
		}
		v.seen.Obstacle = &schedule.Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: fmt.Sprintf("There is no MesosFramework %s: create it", name)}
		return nil, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading MesosFramework %s: %w", name, err)
	case framework.Spec.ControllerName != r.ControllerName || leadership.ClaimedElsewhere(r.Gate.Leadership(), framework.Status.Controller):
		return nil, false, nil
	}
	if obstacle := r.Levels.Obstacle(); obstacle != nil {
		v.seen.Obstacle = &schedule.Obstacle{Reason: obstacle.Reason, Message: obstacle.Message}
	} else if !framework.DeletionTimestamp.IsZero() {
		v.seen.Obstacle = &schedule.Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: fmt.Sprintf("MesosFramework %s is being deleted", name)}
	}
	if connection = r.Connections.Get(name); connection != nil {
		v.seen.Proven = connection.MayLaunch()
	}
	return connection, true, nil
}

// gatherRuns reads the runs from the cache, and says so where that does not show this process' own last writes.
func (r *Reconciler) gatherRuns(ctx context.Context, v *view) error {
	tasks := &v1alpha1.MesosTaskList{}
	// What the cache has is only looked at.
	if err := r.Client.List(ctx, tasks, client.InNamespace(v.key.Namespace), client.MatchingFields{ByCron: v.key.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the runs: %w", err)
	}
	cached := make([]client.Object, len(tasks.Items))
	for i := range tasks.Items {
		cached[i] = &tasks.Items[i]
	}
	missing, doubtful := r.own.Missing(v.key, cached, v.seen.Now)
	v.behind = len(missing) > 0
	v.setRuns(tasks)
	for _, object := range doubtful {
		live := &v1alpha1.MesosTask{}
		switch err := r.Live.Get(ctx, client.ObjectKeyFromObject(object), live); {
		case err == nil && live.UID == object.GetUID():
			r.own.Forget(v.key, object.GetUID())
			r.own.Wrote(v.key, live, v.seen.Now)
		case err == nil || apierrors.IsNotFound(err):
			r.own.Forget(v.key, object.GetUID())
		default:
			return fmt.Errorf("reading %s live: %w", object.GetName(), err)
		}
	}
	return nil
}

// listLive reads the runs from the API server.
func (r *Reconciler) listLive(ctx context.Context, v *view) error {
	tasks := &v1alpha1.MesosTaskList{}
	if err := r.Live.List(ctx, tasks, client.InNamespace(v.key.Namespace), client.MatchingLabels{v1alpha1.LabelCron: v.key.Name}); err != nil {
		return fmt.Errorf("listing the runs live: %w", err)
	}
	v.setRuns(tasks)
	// What the cache had and the API server has not may be lost.
	v.listed, v.searched = true, false
	return nil
}

func (v *view) setRuns(tasks *v1alpha1.MesosTaskList) {
	v.seen.Runs, v.tasks = nil, map[string]*v1alpha1.MesosTask{}
	for i := range tasks.Items {
		v.addRun(&tasks.Items[i])
	}
}

// addRun takes a MesosTask for a run, or what is known of one anew. It says whether it is one: it has the label and a name of the cron task's, and nobody
// else controls it.
func (v *view) addRun(task *v1alpha1.MesosTask) bool {
	due, _, ok := schedule.ParseRunName(v.key.Name, task.Name)
	owner := metav1.GetControllerOf(task)
	if !ok || task.Labels[v1alpha1.LabelCron] != v.key.Name || owner != nil && owner.UID != v.object.UID {
		return false
	}
	// The name has the minute. An interval may be due at any second of it.
	if exact, err := time.Parse(time.RFC3339, task.Annotations[v1alpha1.AnnotationScheduledAt]); err == nil && exact.Truncate(time.Minute).Equal(due) {
		due = exact
	}
	run := schedule.Run{Name: task.Name, UID: task.UID, Due: due, Owned: owner != nil, Deleting: !task.DeletionTimestamp.IsZero(), Paused: paused(task)}
	if end := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionSucceeded); end != nil && end.Status != metav1.ConditionUnknown {
		run.Over, run.Succeeded, run.Ended = true, end.Status == metav1.ConditionTrue, end.LastTransitionTime.Time
	}
	v.tasks[task.Name] = task
	for i := range v.seen.Runs {
		if v.seen.Runs[i].Name == run.Name {
			v.seen.Runs[i] = run
			return true
		}
	}
	v.seen.Runs = append(v.seen.Runs, run)
	return true
}

// paused says whether a person wants the operator's hands off a MesosTask.
func paused(task *v1alpha1.MesosTask) bool {
	value, ok := task.Annotations[v1alpha1.AnnotationPaused]
	return ok && value != "false"
}

// searchEvery is how often it is looked for runs without a MesosTask once the schedule counts.
const searchEvery = 5 * time.Minute

// gatherLost finds the live Mesos tasks under the cron task's names that no MesosTask accounts for: before the schedule begins to count, and every few minutes
// then, as the API server may have been restored to an earlier state. (Before each run that is created, searchLost does.)
func (r *Reconciler) gatherLost(ctx context.Context, v *view) {
	if v.seen.Status.LastConsideredTime != nil && r.searched.since(v.key, v.object.UID, v.seen.Now.Add(-searchEvery)) {
		return
	}
	r.searchLost(ctx, v)
}

// searchLost finds them now.
func (r *Reconciler) searchLost(ctx context.Context, v *view) {
	if v.searched = true; v.connection == nil || !v.seen.Proven {
		return
	}
	named := sets.KeySet(v.tasks)
	live := v.connection.LiveNames(v.key.Namespace, func(name string) bool {
		return schedule.TakesBack(v.key.Name, name) && !named.Has(name)
	})
	v.seen.Lost = slices.DeleteFunc(live, func(name string) bool {
		// What has a MesosTask is somebody else's.
		err := r.Client.Get(ctx, types.NamespacedName{Namespace: v.key.Namespace, Name: name}, &v1alpha1.MesosTask{})
		return !apierrors.IsNotFound(err)
	})
	if len(v.seen.Lost) == 0 {
		r.searched.note(v.key, v.object.UID, v.seen.Now)
	}
}

// searched is when it was found of each cron task that no run of it lives without a MesosTask. Its zero value is empty.
type searched struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]search
}

type search struct {
	uid types.UID
	at  time.Time
}

// since says whether that was found of a cron task after a time.
func (s *searched) since(key types.NamespacedName, uid types.UID, earliest time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.byKey[key]
	return last.uid == uid && last.at.After(earliest)
}

func (s *searched) note(key types.NamespacedName, uid types.UID, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey == nil {
		s.byKey = map[types.NamespacedName]search{}
	}
	s.byKey[key] = search{uid, at}
}

func (s *searched) drop(key types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byKey, key)
}
