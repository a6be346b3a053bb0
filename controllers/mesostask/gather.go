package mesostask

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/sets"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// view is all that one reconcile of a MesosTask reads.
type view struct {
	key types.NamespacedName
	// object is the latest that this process knows: what the cache or its own last write returned.
	object *v1alpha1.MesosTask
	// connection is the framework's; nil while there is none.
	connection *connections.Connection
	// annotation is its binding, as the decision rests on it.
	annotation string
	// task is the spec resolved, where seen.Hash is not empty.
	task mesos.Task
	// seen is what lifecycle decides on.
	seen lifecycle.Seen
	// attempt is the attempt of record, if it is not known to be over.
	attempt lifecycle.OpenAttempt
	// doubted is its Attempt.Doubted.
	doubted mesos.Number
	// lookAgain is when to look again though the decision asks for nothing; zero for never.
	lookAgain time.Time
}

// gather reads all that the decision rests on. It returns nil for a task of another installation.
func (r *Reconciler) gather(ctx context.Context, cached *v1alpha1.MesosTask) (*view, error) {
	object, lastWrite, doubtful := r.written.Latest(cached)
	if !doubtful.IsZero() && !r.Clock.Now().Before(doubtful) {
		live := &v1alpha1.MesosTask{}
		switch err := r.Live.Get(ctx, client.ObjectKeyFromObject(cached), live); {
		case apierrors.IsNotFound(err):
			// Its event brings the key back.
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("reading the MesosTask live: %w", err)
		}
		r.written.Keep(live, r.Clock.Now())
		object, lastWrite, doubtful = live, r.Clock.Now(), time.Time{}
	}
	v := &view{key: client.ObjectKeyFromObject(object), object: object, lookAgain: doubtful, seen: lifecycle.Seen{
		Now:            r.Clock.Now(),
		Namespace:      object.Namespace,
		Name:           object.Name,
		UID:            string(object.UID),
		Generation:     object.Generation,
		Created:        object.CreationTimestamp.Time,
		Deleting:       !object.DeletionTimestamp.IsZero(),
		Finalized:      lifecycle.HasFinalizer(object),
		HeldByOthers:   len(object.Finalizers) > 1,
		Spec:           object.Spec,
		Status:         object.Status,
		RestartRequest: object.Annotations[v1alpha1.AnnotationRestartedAt],
		GiveUp:         object.Annotations[v1alpha1.AnnotationGiveUp],
		Paused:         paused(object),
		LastWrite:      lastWrite,
	}}
	if v.seen.Deleting {
		v.seen.DeletedAt = r.deletions.seen(v.key, object.UID, v.seen.Now)
	}
	if annotation, ok := object.Annotations[v1alpha1.AnnotationBinding]; ok {
		v.annotation = annotation
		binding, err := lifecycle.ParseBinding(annotation, object.Namespace, object.Name)
		if err != nil {
			v.seen.BindingProblem = err.Error()
			ctrl.LoggerFrom(ctx).Info("Ignoring a binding", "reason", err.Error())
		}
		v.seen.Binding = binding
	}
	mine, err := r.gatherFramework(ctx, v)
	if err != nil || !mine {
		return nil, err
	}
	if v.connection != nil {
		v.connection.Placer.Meet(v.object)
	}
	r.gatherAttempt(v)
	if v.connection != nil {
		v.gatherEarlier()
		v.gatherOthers()
		v.gatherAbandoned()
		v.seen.Placement, v.seen.Waiting = v.connection.Placer.Look(v.key, v.task, v.seen.Hash)
	}
	return v, nil
}

// binding is the object's, as it is by now.
func (v *view) binding() *v1alpha1.Binding {
	if v.object.Annotations[v1alpha1.AnnotationBinding] == v.annotation {
		return v.seen.Binding
	}
	return lifecycle.BindingOf(v.object)
}

// lookAgainAt asks to look again at a time, if no earlier one is asked for.
func (v *view) lookAgainAt(at time.Time) {
	if v.lookAgain.IsZero() || at.Before(v.lookAgain) {
		v.lookAgain = at
	}
}

// gatherFramework reads the framework and resolves the spec with it. It returns false for another installation's.
func (r *Reconciler) gatherFramework(ctx context.Context, v *view) (mine bool, err error) {
	name := v.object.Spec.FrameworkRef.Name
	framework := &v1alpha1.MesosFramework{}
	switch err := r.Client.Get(ctx, client.ObjectKey{Name: name}, framework); {
	case apierrors.IsNotFound(err):
		if err := r.Live.Get(ctx, client.ObjectKey{Name: name}, framework); !apierrors.IsNotFound(err) {
			// The cache lags: whose it is cannot be said yet, and its event brings the key back.
			return false, client.IgnoreNotFound(err)
		}
		v.seen.Obstacle = &lifecycle.Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: fmt.Sprintf(
			"There is no MesosFramework %s: create it, or delete this object and create it anew with another spec.frameworkRef", name)}
		return true, nil
	case err != nil:
		return false, fmt.Errorf("reading MesosFramework %s: %w", name, err)
	case framework.Spec.ControllerName != r.ControllerName || leadership.ClaimedElsewhere(r.Gate.Leadership(), framework.Status.Controller):
		return false, nil
	}
	v.seen.Hindrance = r.Connections.Hindrance(name, v.key)
	v.connection = r.Connections.Get(name)
	framework, err = r.notBehind(ctx, framework, v.connection)
	if err != nil || framework == nil {
		return false, err
	}
	v.seen.FrameworkID, v.seen.ReplacedIDs = lifecycle.FrameworkIDOf(framework), framework.Status.ReplacedFrameworkIDs
	if v.connection != nil && v.connection.Bridge.Connection().FrameworkID != "" {
		// The bridge knows it first.
		v.seen.FrameworkID = v.connection.Bridge.Connection().FrameworkID
	}
	v.seen.Defaults = framework.Spec.TaskDefaults
	v.seen.GiveUps = lifecycle.GiveUpsOf(framework)
	v.seen.KillsOrphans = framework.Spec.OrphanPolicy == v1alpha1.OrphanKill
	if !framework.DeletionTimestamp.IsZero() {
		v.seen.Obstacle = &lifecycle.Obstacle{
			Reason:  v1alpha1.ReasonFrameworkDeleting,
			Message: fmt.Sprintf("MesosFramework %s is being deleted and launches nothing more", name),
		}
		return true, nil
	}
	if err := r.gatherSpec(ctx, v, lifecycle.WithDefaultTaken(framework)); err != nil {
		return false, err
	}
	if refusal, until := r.refusals.current(v.key, r.Clock.Now()); refusal != "" && v.seen.Obstacle == nil {
		v.seen.Obstacle = &lifecycle.Obstacle{Reason: v1alpha1.ReasonWriteRefused, Message: refusal}
		v.lookAgainAt(until)
	}
	return true, nil
}

// gatherSpec resolves the spec, and reads what may keep it from being launched.
func (r *Reconciler) gatherSpec(ctx context.Context, v *view, framework *v1alpha1.MesosFramework) (err error) {
	v.task, v.seen.Obstacle = lifecycle.Resolve(v.object.Namespace, v.object.Name, v.object.Spec, framework.Spec.Info)
	launchable, blind := v.seen.Obstacle == nil, r.Levels.Obstacle()
	if launchable || v.seen.Obstacle.Resolved {
		v.seen.Declared = lifecycle.Declare(v.object.Name, &v.object.Spec, v.task, framework)
		v.seen.Hash = v.seen.Declared.Hash()
	}
	switch {
	case blind != nil:
		// What else there is to say of the spec may not be so: this release does not see all of it.
		v.seen.Obstacle = blind
	case !launchable:
		return nil
	default:
		if v.seen.Obstacle, err = r.permit(ctx, v, framework); err != nil {
			return err
		}
	}
	v.gatherRoom()
	r.gatherReferences(v)
	return nil
}

// caughtUp is what a live read said of a MesosFramework, for as long as the cache may not have it.
type caughtUp struct {
	// connection is the one that the read followed; nil for one before there was any.
	connection *connections.Connection
	// live is the framework as it was read.
	live *v1alpha1.MesosFramework
}

// notBehind returns a framework that is no older than what its tasks were launched by, as a spec that is too old says of every task that it was
// changed: good ones would be killed, and ones that ran to completion run again. What an earlier leader launched by, a live read has once the
// framework is claimed, as it is wherever it has a connection; what this process launched by, its cache has. It returns nil if the framework is
// gone, which its event tells.
func (r *Reconciler) notBehind(ctx context.Context, cached *v1alpha1.MesosFramework, connection *connections.Connection) (*v1alpha1.MesosFramework, error) {
	known, ok := r.frameworks.Load(cached.Name)
	read, isRead := known.(caughtUp)
	if !ok || !isRead || read.connection != connection {
		read = caughtUp{connection: connection, live: &v1alpha1.MesosFramework{}}
		if err := r.Live.Get(ctx, client.ObjectKey{Name: cached.Name}, read.live); err != nil {
			if apierrors.IsNotFound(err) {
				return nil, nil
			}
			return nil, fmt.Errorf("reading MesosFramework %s live: %w", cached.Name, err)
		}
		r.frameworks.Store(cached.Name, read)
	}
	if order, err := resourceversion.CompareResourceVersion(cached.ResourceVersion, read.live.ResourceVersion); err == nil && order < 0 {
		return read.live.DeepCopy(), nil
	}
	return cached, nil
}

// permit says why the framework does not let the task be launched; nil if it does, or if the object is being deleted.
func (r *Reconciler) permit(ctx context.Context, v *view, framework *v1alpha1.MesosFramework) (*lifecycle.Obstacle, error) {
	if v.seen.Deleting {
		return nil, nil
	}
	namespace, err := scope.NamespaceFor(ctx, r.Client, v.key.Namespace, &framework.Spec)
	if err != nil {
		return nil, err
	}
	return lifecycle.Permit(framework, namespace, v.task), nil
}

// askForRoom is how often the master is asked for its agents while none could hold a task.
const askForRoom = 5 * time.Minute

// gatherRoom reads whether Mesos has an agent that could hold what the spec asks for.
func (v *view) gatherRoom() {
	switch {
	case v.connection == nil:
		v.seen.AgentsAwaited = true
		return
	case v.seen.Obstacle != nil || v.seen.Deleting || v.seen.Spec.Suspend:
		v.connection.NoteRoom(v.key)
		return
	}
	sizes, asked := v.connection.SizesFor(v.key)
	v.seen.AgentCount = v.connection.Bridge.AgentCount()
	v.seen.AgentsAwaited = !asked
	v.seen.Obstacle = lifecycle.TooLarge(&v.task, sizes)
	if v.seen.Obstacle != nil {
		v.connection.Bridge.WantSizes()
		v.lookAgainAt(v.seen.Now.Add(askForRoom))
	} else if asked || !v.launchesSoon() {
		v.connection.NoteRoom(v.key)
	}
}

// launchesSoon says whether the task may have to be launched at any moment: it has no attempt, one that may have been launched by another spec than the
// object has now, or one that may have to be replaced.
func (v *view) launchesSoon() bool {
	task := v.object.Status.Task
	return task == nil || task.Hash != v.seen.Hash || task.UnreachableTime != nil
}

// gatherAttempt reads what the bridge knows of the attempt of record, and what this process did for it.
func (r *Reconciler) gatherAttempt(v *view) {
	if v.connection == nil {
		return
	}
	open := v.gatherOpen()
	if !open {
		v.gatherEnd()
		return
	}
	seen := &v.seen
	attempt, known := v.connection.Bridge.Attempt(v.attempt.TaskID)
	done := v.connection.EffortsFor(v.key, v.attempt)
	seen.BoundSince = done.BoundSince
	seen.Kills, seen.FirstKill, seen.LastKill = done.Kills, done.FirstKill, done.LastKill
	seen.Asks, seen.LastAsk = done.Asks, done.LastAsk
	seen.Answered, seen.Silent = v.connection.Answered(done, attempt.Last)
	seen.Silent = seen.Silent && v.connection.Bridge.Connection().Subscribed
	v.gatherMaintenance()
	if known {
		seen.Outdated = attempt.Last.Term != v.connection.Bridge.Connection().Term
		seen.Launch, seen.RefusedWith, seen.AcceptedAt = connections.LaunchOf(attempt), attempt.RefusedWith, attempt.AcceptedAt
		seen.Observation = attempt.Observation
		if attempt.Unacked != nil {
			seen.Unacknowledged = attempt.Unacked.UUID
		}
		v.doubted = attempt.Doubted
		doubted := attempt.Doubted != mesos.Number{} && !attempt.Last.After(attempt.Doubted)
		seen.Doubted = doubted || v.agentFailed(attempt.Last)
	}
	switch seen.Launch {
	case lifecycle.LaunchRefused:
		v.connection.Placer.Outcome(v.key, true)
	case lifecycle.LaunchAccepted:
		v.connection.Placer.Outcome(v.key, false)
	default:
	}
	seen.FateUnknownSince = v.gatherFate()
	agentID := v.attempt.AgentID
	if seen.Observation != nil && seen.Observation.AgentID != "" {
		agentID = seen.Observation.AgentID
	}
	seen.AgentHost = v.connection.HostOf(v.key, agentID)
	if lifecycle.LacksPorts(&v.object.Spec, &v.object.Status, v.attempt.TaskID) {
		seen.HostPorts = v.connection.Bridge.HostPorts(v.attempt.TaskID)
	}
	seen.AgentDomains = v.connection.Placer.DomainsOf(v.key.Namespace, agentID)
}

// updatesFirst is how long after an agent's failure Mesos is asked for its attempts: what it has to say of each by itself comes first, and says more.
const updatesFirst = 2 * time.Second

// agentFailed says whether the agent of the attempt of record has failed, and Mesos has had its time to say more and has not.
func (v *view) agentFailed(last mesos.Number) bool {
	failed, at := v.connection.Bridge.AgentFailedAt(v.attempt.AgentID)
	if !failed.After(last) {
		return false
	}
	if at = at.Add(updatesFirst); v.seen.Now.Before(at) {
		v.lookAgainAt(at)
		return false
	}
	return true
}

// gatherMaintenance reads whether the agent of the attempt of record is to be maintained.
func (v *view) gatherMaintenance() {
	window, until := v.connection.Bridge.Maintenance(v.attempt.AgentID)
	v.seen.Maintenance = window
	if !until.IsZero() {
		v.lookAgainAt(until)
	}
}

// gatherOpen finds the attempt of record, and says whether there is one that is not known to be over.
func (v *view) gatherOpen() bool {
	taskID, _, open := lifecycle.Open(v.object.Status, v.seen.Binding)
	if !open {
		return false
	}
	for _, attempt := range lifecycle.OpenAttempts(v.object.Status, v.seen.Binding) {
		if attempt.TaskID == taskID {
			v.attempt = attempt
		}
	}
	return true
}

// gatherFate says since when the fate of the attempt of record is unknown; zero while it is known.
func (v *view) gatherFate() time.Time {
	state, recorded := mesos.TaskState(""), time.Time{}
	if task := v.object.Status.Task; task != nil && task.ID == v.attempt.TaskID {
		state = mesos.TaskState(task.State)
		if task.UnreachableTime != nil {
			recorded = task.UnreachableTime.Time
		}
	}
	if v.seen.Observation != nil {
		state = v.seen.Observation.State
	}
	return v.connection.NoteFate(v.key, v.attempt, state, recorded).FateUnknown
}

// gatherEarlier reads what Mesos said of earlier attempts that are not known to be over, or of whose end the master told before the update that says why.
func (v *view) gatherEarlier() {
	v.seen.Earlier = map[string]mesos.Observation{}
	for _, earlier := range v.object.Status.History {
		if lifecycle.LaunchVanished(&earlier) {
			v.connection.Discount(v.key, lifecycle.OpenAttemptOf(&earlier))
		}
		attempt, _ := v.connection.Bridge.Attempt(earlier.ID)
		said := attempt.Said()
		switch {
		case said == nil:
		case earlier.FinishTime != nil && attempt.Over() && mesos.TellsNoWhy(earlier.Source, earlier.Reason) && !mesos.TellsNoWhy(said.Source, said.Reason):
			v.seen.Earlier[earlier.ID] = *said
		case earlier.FinishTime == nil:
			v.seen.Earlier[earlier.ID] = *said
			v.connection.NoteFate(v.key, lifecycle.OpenAttemptOf(&earlier), said.State, time.Time{})
		}
	}
}

// paused says whether a person asked the operator to keep its hands off the object's task.
func paused(object *v1alpha1.MesosTask) bool {
	value, ok := object.Annotations[v1alpha1.AnnotationPaused]
	return ok && value != "false"
}

// gatherEnd reads what Mesos says of an attempt that is over: its end may have been told by an answer, before the update that says why.
func (v *view) gatherEnd() {
	if v.object.Status.Task == nil {
		return
	}
	attempt, _ := v.connection.Bridge.Attempt(v.object.Status.Task.ID)
	if attempt.Unacked == nil {
		return
	}
	v.seen.Observation, v.seen.Unacknowledged = attempt.Observation, attempt.Unacked.UUID
}

// gatherOthers reads what Mesos said of tasks of the object's identity that are not its attempt of record, and count as live.
func (v *view) gatherOthers() {
	v.seen.Proven, v.seen.SilenceCounts = v.connection.MayLaunch(), v.connection.AgentsBackBy()
	state := v.connection.Bridge.Connection()
	others := v.connection.Others(v.key, v.attempt.TaskID)
	for _, condemned := range lifecycle.Condemned(&v.object.Status) {
		if !slices.ContainsFunc(others, func(other connections.Other) bool { return other.TaskID == condemned.ID }) && (lifecycle.IsEndingUnseen(&condemned) || !v.isOver(condemned.ID)) {
			other := v.connection.Other(condemned.ID)
			other.AgentID = cmp.Or(other.AgentID, condemned.AgentID)
			others = append(others, other)
		}
	}
	for _, other := range others {
		open := lifecycle.OpenAttempt{TaskID: other.TaskID, AgentID: other.AgentID, FrameworkID: state.FrameworkID}
		done := v.connection.NoteFate(v.key, open, other.State, time.Time{})
		answered, silent := v.connection.Answered(done, other.Last)
		gone := time.Time{}
		if other.EndsUnseen {
			gone = done.Gone
		}
		v.seen.Others = append(v.seen.Others, lifecycle.Other{
			TaskID: other.TaskID, AgentID: other.AgentID, State: other.State, AgentRemoved: other.AgentRemoved, Outdated: other.Outdated, Dying: other.FollowsKill(),
			Since: done.BoundSince, Lived: done.Lived, LostSince: done.FateUnknown, UnknownSince: done.Unknown, GoneSince: gone,
			Kills: done.Kills, FirstKill: done.FirstKill, LastKill: done.LastKill, Asks: done.Asks, LastAsk: done.LastAsk, Answered: answered, Silent: silent && state.Subscribed,
		})
	}
}

// gatherAbandoned reads which attempts of the object's identity are abandoned. One that ends unseen counts as live, whichever process heard of that.
func (v *view) gatherAbandoned() {
	abandoned, full := v.connection.AbandonedOf(v.key, v.seen.Deleting)
	v.seen.Abandoned, v.seen.AbandonedFull = sets.New[string](), full
	for _, attempt := range abandoned {
		v.seen.Abandoned.Insert(attempt.TaskID)
		if attempt.GoneTime == nil || attempt.TaskID == v.attempt.TaskID {
			continue
		}
		ending := lifecycle.Other{
			TaskID: attempt.TaskID, AgentID: attempt.AgentID, State: mesos.TaskGoneByOperator, Since: attempt.Since.Time, GoneSince: attempt.GoneTime.Time,
			KillGracePeriodSeconds: new(lifecycle.GraceOfAbandoned(&attempt)),
		}
		at := slices.IndexFunc(v.seen.Others, func(other lifecycle.Other) bool { return other.TaskID == attempt.TaskID })
		switch {
		case at < 0:
			v.seen.Others = append(v.seen.Others, ending)
		case !v.seen.Others[at].GoneSince.IsZero():
			v.seen.Others[at] = ending
		}
	}
}

// countsAsLive says whether a task is one of those that the decision took for live.
func (v *view) countsAsLive(taskID string) bool {
	return slices.ContainsFunc(v.seen.Others, func(other lifecycle.Other) bool { return other.TaskID == taskID })
}

// isOver says whether Mesos told the end of a task that the status holds as one which is being killed.
func (v *view) isOver(taskID string) bool {
	attempt, _ := v.connection.Bridge.Attempt(taskID)
	return attempt.Over() && !attempt.EndsUnseen()
}
