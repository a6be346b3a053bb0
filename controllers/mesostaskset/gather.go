package mesostaskset

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
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
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
)

// maintenanceLead is how long before its maintenance begins an agent is left where its framework does not say.
const maintenanceLead = time.Hour

// levelsRetry is how often it is looked whether the CRDs have levels that this release knows.
const levelsRetry = time.Minute

// view is all that one reconcile of a MesosTaskSet reads.
type view struct {
	key types.NamespacedName
	// object is the latest that this process knows.
	object *v1alpha1.MesosTaskSet
	// seen is what rollout decides on.
	seen rollout.Seen
	// behind says that the cache does not show what this process wrote.
	behind bool
	// lead is how long before its maintenance begins an agent is to be left.
	lead time.Duration
	// refused is how many of the decision's writes were refused; partly says that some of them were not made.
	refused int
	partly  bool
	// wanted is what of the set was to be written, but for creations of MesosTasks.
	wanted sets.Set[string]
	// lookAgain is when to look again though the decision asks for nothing; zero for never.
	lookAgain time.Time
}

// gather reads all that the decision rests on. It returns nil for a set of another installation.
func (r *Reconciler) gather(ctx context.Context, cached *v1alpha1.MesosTaskSet) (*view, error) {
	object, lastWrite, doubtful := r.written.Latest(cached)
	if !doubtful.IsZero() && !r.Clock.Now().Before(doubtful) {
		live := &v1alpha1.MesosTaskSet{}
		if err := r.Live.Get(ctx, client.ObjectKeyFromObject(cached), live); err != nil {
			// Its event brings the key back.
			return nil, client.IgnoreNotFound(err)
		}
		r.written.Keep(live, r.Clock.Now())
		object, lastWrite, doubtful = live, r.Clock.Now(), time.Time{}
	}
	v := &view{key: client.ObjectKeyFromObject(object), object: object, lookAgain: doubtful, lead: maintenanceLead, wanted: sets.New[string]()}
	v.seen = rollout.Seen{Now: r.Clock.Now(), Set: object, LastWrite: lastWrite}
	refused, until := r.refusals.of(v.key, object.Generation, v.seen.Now)
	v.seen.Refused, v.seen.NamesTaken = refused, r.names.of(v.key)
	v.lookAgainAt(until)
	connection, mine, err := r.gatherFramework(ctx, v)
	if err != nil || !mine {
		return nil, err
	}
	if err := r.gatherOwn(ctx, v); err != nil || v.behind {
		return v, err
	}
	v.gatherAgents(connection)
	v.gatherLive(connection)
	return v, nil
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
		v.seen.Framework.Obstacle = &rollout.Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: fmt.Sprintf("There is no MesosFramework %s: create it", name)}
		return nil, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("reading MesosFramework %s: %w", name, err)
	case framework.Spec.ControllerName != r.ControllerName || leadership.ClaimedElsewhere(r.Gate.Leadership(), framework.Status.Controller):
		return nil, false, nil
	}
	if obstacle := r.Levels.Obstacle(); obstacle != nil {
		v.seen.Framework.Obstacle = &rollout.Obstacle{Reason: obstacle.Reason, Message: obstacle.Message}
		v.lookAgainAt(v.seen.Now.Add(levelsRetry))
	} else if !framework.DeletionTimestamp.IsZero() {
		v.seen.Framework.Obstacle = &rollout.Obstacle{Reason: v1alpha1.ReasonFrameworkDeleting, Message: fmt.Sprintf("MesosFramework %s is being deleted", name)}
	}
	v.takeSpec(&framework.Spec)
	if connection = r.Connections.Get(name); connection != nil {
		v.takeStanding(framework, connection)
	}
	return connection, true, nil
}

// takeSpec takes what a framework's spec says of its tasks.
func (v *view) takeSpec(spec *v1alpha1.MesosFrameworkSpec) {
	if lead := spec.Offers.MaintenanceLeadSeconds; lead != nil {
		v.lead = time.Duration(*lead) * time.Second
	}
	if defaults := spec.TaskDefaults; defaults != nil && defaults.Unreachable != nil && defaults.Unreachable.ReplaceAfterSeconds != nil {
		v.seen.Framework.ReplaceAfter = new(time.Duration(*defaults.Unreachable.ReplaceAfterSeconds) * time.Second)
	}
}

// takeStanding takes how a framework stands. What its status says counts if it is of the present subscription, and not of one that ended.
func (v *view) takeStanding(framework *v1alpha1.MesosFramework, connection *connections.Connection) {
	state := connection.Bridge.Connection()
	present := state.Subscribed && framework.Status.ConnectedSince.Equal(&metav1.Time{Time: state.Since.Truncate(time.Second)})
	v.seen.Framework.Reconciled = present && meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionConnected) &&
		meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled)
	v.seen.Framework.Proven = connection.MayLaunch()
}

// gatherOwn reads the set's MesosTasks and revisions, and says so where the cache does not show this process' own last writes.
func (r *Reconciler) gatherOwn(ctx context.Context, v *view) error {
	tasks, revisions := &v1alpha1.MesosTaskList{}, &appsv1.ControllerRevisionList{}
	// What the cache has is only looked at.
	if err := r.Client.List(ctx, tasks, client.InNamespace(v.key.Namespace), client.MatchingFields{BySet: v.key.Name}, client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("listing the set's MesosTasks: %w", err)
	}
	if err := r.Client.List(ctx, revisions, client.InNamespace(v.key.Namespace), client.MatchingLabels{v1alpha1.LabelSet: v.key.Name}); err != nil {
		return fmt.Errorf("listing the set's ControllerRevisions: %w", err)
	}
	var cached []client.Object
	for i := range tasks.Items {
		v.seen.Tasks = append(v.seen.Tasks, &tasks.Items[i])
		cached = append(cached, &tasks.Items[i])
	}
	for i := range revisions.Items {
		cached = append(cached, &revisions.Items[i])
		v.addRevision(ctx, &revisions.Items[i])
	}
	missing, doubtful := r.own.Missing(v.key, cached, v.seen.Now)
	v.behind = len(missing) > 0
	r.changes.forget(v.object, v.seen.Tasks)
	return r.resolve(ctx, v, doubtful)
}

// addRevision takes a ControllerRevision for one of the set's, if no other object controls it and it can be read.
func (v *view) addRevision(ctx context.Context, object *appsv1.ControllerRevision) {
	owner := metav1.GetControllerOf(object)
	if owner != nil && owner.UID != v.object.UID || !object.DeletionTimestamp.IsZero() {
		return
	}
	revision := rollout.Revision{
		Name: object.Name, UID: object.UID, Label: object.Labels[v1alpha1.LabelRevision], Number: object.Revision,
		Created: object.CreationTimestamp.Time, Orphan: owner == nil,
	}
	if err := json.Unmarshal(object.Data.Raw, &revision.Content); err != nil || revision.Label == "" {
		ctrl.LoggerFrom(ctx).Info("Ignoring a ControllerRevision that cannot be read", "controllerRevision", object.Name, "reason", fmt.Sprint(err))
		return
	}
	v.seen.Revisions = append(v.seen.Revisions, revision)
}

// resolve reads live what the cache should have shown by now: what is gone, or what is not there as it was written, as after a restore of the API
// server, is not waited for.
func (r *Reconciler) resolve(ctx context.Context, v *view, doubtful []client.Object) error {
	for _, object := range doubtful {
		switch live, err := r.readLive(ctx, object); {
		case apierrors.IsNotFound(err):
			r.own.Forget(v.key, object.GetUID())
		case err != nil:
			return err
		case live.GetUID() != object.GetUID():
			r.own.Forget(v.key, object.GetUID())
		default:
			r.own.Forget(v.key, object.GetUID())
			r.own.Wrote(v.key, live, v.seen.Now)
		}
	}
	return nil
}

// readLive reads one of a set's MesosTasks or ControllerRevisions from the API server.
func (r *Reconciler) readLive(ctx context.Context, object client.Object) (client.Object, error) {
	key := client.ObjectKeyFromObject(object)
	if _, isRevision := object.(*appsv1.ControllerRevision); isRevision {
		return r.liveRevision(ctx, key)
	}
	live := &v1alpha1.MesosTask{}
	if err := r.Live.Get(ctx, key, live); err != nil {
		return nil, fmt.Errorf("reading MesosTask %s live: %w", key.Name, err)
	}
	return live, nil
}

// gatherAgents finds which agents of the set's tasks are being, or about to be, maintained.
func (v *view) gatherAgents(connection *connections.Connection) {
	if connection == nil {
		return
	}
	v.seen.Maintained = sets.New[string]()
	asked := sets.New[string]()
	for _, task := range v.seen.Tasks {
		if task.Status.Task == nil || asked.Has(task.Status.Task.AgentID) || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentMaintenance) {
			continue
		}
		agent := task.Status.Task.AgentID
		asked.Insert(agent)
		window, until := connection.Bridge.Maintenance(agent)
		lead := v.lead
		switch {
		case window.Near(v.seen.Now, lead):
			v.seen.Maintained.Insert(agent)
		case window.Planned(v.seen.Now):
			v.lookAgainAt(window.From.Add(-lead))
		}
		v.lookAgainAt(until)
	}
}

// leave leaves a write for later.
func (v *view) leave(until time.Time) {
	v.partly = true
	v.lookAgainAt(until)
}

func (v *view) lookAgainAt(at time.Time) {
	if !at.IsZero() && (v.lookAgain.IsZero() || at.Before(v.lookAgain)) {
		v.lookAgain = at
	}
}

// gatherLive finds the live Mesos tasks under the set's names that no MesosTask accounts for, until the set was complete once: whatever shows up
// later is not its own.
func (v *view) gatherLive(connection *connections.Connection) {
	if connection == nil || !v.seen.Framework.Proven || v.object.Status.CurrentRevision != "" {
		return
	}
	named, there := sets.New[string](), int32(0)
	for _, task := range v.seen.Tasks {
		named.Insert(task.Name)
		if metav1.IsControlledBy(task, v.object) && task.DeletionTimestamp.IsZero() {
			there++
		}
	}
	if replicas := v.object.Spec.Replicas; replicas != nil && there >= *replicas {
		// All that it looks at would be looked at for nothing.
		return
	}
	v.seen.Framework.Live = connection.LiveNames(v.key.Namespace, func(name string) bool {
		set, _, ok := v1alpha1.SetOf(name)
		return ok && set == v.key.Name && !named.Has(name)
	})
}
