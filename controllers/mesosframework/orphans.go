package mesosframework

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// orphansKilledAtOnce is how many orphans are killed whatever part of all tasks they are, orphanPart the part of all tasks above which more
	// are not: then the objects were lost, and not the tasks.
	orphansKilledAtOnce, orphanPart = 10, 10
	// orphanSample is how many orphans a status names.
	orphanSample = 10
	// longestMessage bounds what a status says of them (the bound of the API).
	longestMessage = 1024
)

// roll is a count of what runs, at an end mark.
type roll struct {
	// term is the subscription that it was made in, since the number of the last event before it was asked for.
	term  uint64
	since mesos.Number
	// proven says that it is of all live tasks on reachable agents; without, agents may be missing.
	proven bool
	// live counts the live tasks, orphans are those of them that no MesosTask accounts for, unwatched those of namespaces whose MesosTasks
	// nobody here can see; by task ID.
	live               int
	orphans, unwatched []mesos.Observation
}

// judgeOrphans counts, once for each end mark, the live tasks that no MesosTask accounts for, and deals with them as the framework's
// orphanPolicy says. It judges them all together: one by one, an API that has lost its objects would look like many orphans.
func (v *view) judgeOrphans(ctx context.Context) error {
	p := v.memory.passes
	counted := p.proof.Counted()
	if counted.IsZero() || counted.Equal(p.judged) && p.told != nil && p.told.proven == p.proof.Had() {
		return nil
	}
	told, err := v.callRoll(ctx, roll{term: p.term, since: p.implicitStart, proven: p.proof.Had()})
	if err != nil {
		return err
	}
	before := v.object.Status.Orphans
	p.judged = counted
	v.takeRoll(told)
	if before == nil || int(before.Count) < len(told.orphans)+len(told.unwatched) {
		v.tellOrphans(told)
	}
	doomed := slices.DeleteFunc(slices.Clone(told.orphans), func(orphan mesos.Observation) bool { return !v.memory.doomed.Has(orphan.TaskID) })
	if v.object.Spec.OrphanPolicy == v1alpha1.OrphanKill && told.mayKill() == "" && v.object.DeletionTimestamp.IsZero() {
		doomed = told.orphans
	}
	v.killOrphans(ctx, doomed)
	return nil
}

// recountOrphans leaves out of the last count what has ended or is accounted for since; of a framework that is being deleted, which has no
// MesosTasks that are bound any more, it counts anew all that lives. It returns when to look again, if what woke this has to wait.
func (v *view) recountOrphans(ctx context.Context) (again time.Time, err error) {
	p, now, deleting := v.memory.passes, v.Clock.Now(), !v.object.DeletionTimestamp.IsZero()
	if p.told == nil || p.told.term != v.subscribedTerm() {
		return time.Time{}, nil
	}
	due := p.recounted.Add(countsEvery)
	switch asked := v.object.Annotations[v1alpha1.AnnotationKillOrphans] != ""; {
	case !deleting && len(p.told.orphans)+len(p.told.unwatched) == 0:
		return time.Time{}, nil
	case !deleting && !asked && now.Before(due):
		return due, nil
	}
	told := &roll{term: p.told.term, since: p.told.since, proven: p.told.proven}
	if deleting {
		told, err = v.callRoll(ctx, *told)
	} else {
		err = v.winnow(ctx, p.told, told)
	}
	if err != nil {
		return time.Time{}, err
	}
	v.takeRoll(told)
	return time.Time{}, nil
}

// winnow takes from one count into another what still lives, and is still accounted for by nobody.
func (v *view) winnow(ctx context.Context, from, into *roll) error {
	lives := func(task mesos.Observation) bool {
		attempt, _ := v.connection.Bridge.Attempt(task.TaskID)
		said := attempt.Said()
		return said != nil && said.State.Class() == mesos.Live
	}
	into.live = from.live
	for _, task := range from.unwatched {
		if lives(task) {
			into.unwatched = append(into.unwatched, task)
		} else {
			into.live--
		}
	}
	for _, task := range from.orphans {
		if !lives(task) {
			into.live--
			continue
		}
		accounted, err := v.accountedFor(ctx, v.Client, task.TaskID)
		if err != nil {
			return err
		}
		if !accounted {
			into.orphans = append(into.orphans, task)
		}
	}
	return nil
}

// takeRoll makes a count the last one.
func (v *view) takeRoll(told *roll) {
	v.memory.passes.told, v.memory.passes.recounted = told, v.Clock.Now()
	orphanTasks.Set(float64(len(told.orphans)+len(told.unwatched)), v.object.Name)
	orphans := taskIDsOf(told.orphans)
	v.connection.WatchOrphans(append(taskIDsOf(told.unwatched), orphans...))
	if told.proven {
		v.memory.orphans = v.memory.orphans.Next(told.term, orphans, newNonce)
	}
	// A word is for what was an orphan all the time since.
	for taskID := range v.memory.doomed.Difference(sets.New(orphans...)) {
		attempt, known := v.connection.Bridge.Attempt(taskID)
		said := attempt.Said()
		if !known || attempt.Over() || said != nil && said.State.Class() == mesos.Live && attempt.Last.After(told.since) {
			v.memory.doomed.Delete(taskID)
		}
	}
}

func taskIDsOf(tasks []mesos.Observation) []string {
	taskIDs := make([]string, len(tasks))
	for i := range tasks {
		taskIDs[i] = tasks[i].TaskID
	}
	return taskIDs
}

// callRoll sorts the live tasks that Mesos told of by who accounts for them.
func (v *view) callRoll(ctx context.Context, empty roll) (*roll, error) {
	told := &empty
	for _, task := range v.connection.Bridge.Live(told.since) {
		told.live++
		if v.Scope.Hides(task.TaskID) {
			if !v.connection.IsAbandoned(task.TaskID) {
				told.unwatched = append(told.unwatched, task)
			}
			continue
		}
		accounted, err := v.accountedFor(ctx, v.Client, task.TaskID)
		if err != nil {
			return nil, err
		}
		if !accounted {
			told.orphans = append(told.orphans, task)
		}
	}
	slices.SortFunc(told.orphans, byTaskID)
	slices.SortFunc(told.unwatched, byTaskID)
	return told, nil
}

func byTaskID(a, b mesos.Observation) int { return cmp.Compare(a.TaskID, b.TaskID) }

// tellOrphans writes Events of what runs and is not accounted for here.
func (v *view) tellOrphans(told *roll) {
	if len(told.orphans) > 0 {
		first := told.orphans[0]
		v.Recorder.Event(v.object, true, v1alpha1.EventOrphans, "Reconciling", fmt.Sprintf(
			"%d of %d live tasks have no MesosTask, such as %s on agent %s", len(told.orphans), told.live, first.TaskID, first.AgentID))
	}
	if len(told.unwatched) > 0 {
		v.Recorder.Event(v.object, true, v1alpha1.EventOrphans, "Reconciling", unwatched(told.unwatched)+leftAlone)
	}
}

// accountedFor says whether a live task of the framework is some MesosTask's, by its identity, or is remembered as abandoned.
func (v *view) accountedFor(ctx context.Context, reader client.Reader, taskID string) (bool, error) {
	if v.connection.IsAbandoned(taskID) {
		return true, nil
	}
	id, err := lifecycle.ParseOwnTaskID(taskID)
	if err != nil {
		return false, nil //nolint:nilerr // An ID that was not made here is no MesosTask's.
	}
	task := &v1alpha1.MesosTask{}
	switch err := reader.Get(ctx, types.NamespacedName{Namespace: id.Namespace, Name: id.Name}, task); {
	case apierrors.IsNotFound(err):
		return v.willBeTaken(ctx, reader, id)
	case err != nil:
		return false, fmt.Errorf("looking for the MesosTask of %s: %w", taskID, err)
	default:
		return task.Spec.FrameworkRef.Name == v.object.Name, nil
	}
}

// willBeTaken says whether a live task without a MesosTask bears a name of a set or a cron task that makes a MesosTask for it, which takes it over: of a set
// that does not know yet what of its own lives, or of a cron task, whose runs all are that live under its name.
func (v *view) willBeTaken(ctx context.Context, reader client.Reader, id lifecycle.TaskID) (bool, error) {
	// What cannot be read counts as there.
	if name, _, ok := v1alpha1.SetOf(id.Name); ok {
		if v.SetsUnserved {
			return true, nil
		}
		set := &v1alpha1.MesosTaskSet{}
		if err := reader.Get(ctx, types.NamespacedName{Namespace: id.Namespace, Name: name}, set); err != nil {
			return false, client.IgnoreNotFound(err)
		}
		return set.Spec.Template.Spec.FrameworkRef.Name == v.object.Name && set.Status.CurrentRevision == "" && set.DeletionTimestamp.IsZero(), nil
	}
	name, ok := schedule.CronOf(id.Name)
	if !ok {
		return false, nil
	}
	if v.CronTasksUnserved {
		return true, nil
	}
	cron := &v1alpha1.MesosCronTask{}
	if err := reader.Get(ctx, types.NamespacedName{Namespace: id.Namespace, Name: name}, cron); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	return cron.Spec.Template.Spec.FrameworkRef.Name == v.object.Name && schedule.TakesBack(cron.Name, id.Name) && cron.DeletionTimestamp.IsZero(), nil
}

// mayKill says why the orphans must not be killed, whatever the policy; empty if they may.
func (t *roll) mayKill() string {
	// Tasks that nobody here can see do not speak for the objects of the others.
	seen := t.live - len(t.unwatched)
	switch {
	case !t.proven:
		return "They are not killed before Mesos has told all that runs: it is still waiting for agents to come back"
	case len(t.orphans) > orphansKilledAtOnce && len(t.orphans)*orphanPart > seen:
		return fmt.Sprintf("They are not killed, as %d of %d live tasks are many: MesosTasks seem to have been lost. Create them anew and the tasks are theirs again; "+
			"if nobody needs them, condition TasksReconciled has the command that kills them", len(t.orphans), seen)
	default:
		return ""
	}
}

// killOrphans kills tasks of which a live read says that no MesosTask accounts for them. One that cannot be read counts as there.
func (v *view) killOrphans(ctx context.Context, orphans []mesos.Observation) {
	var killed []mesos.Observation
	for _, orphan := range orphans {
		accounted, err := v.accountedFor(ctx, v.Live, orphan.TaskID)
		if err != nil {
			ctrl.LoggerFrom(ctx).Info("Leaving an orphan alone, as its object could not be looked for", "taskID", orphan.TaskID, "err", err.Error())
		}
		if accounted || err != nil {
			continue
		}
		ctrl.LoggerFrom(ctx).Info("Killing an orphan", "taskID", orphan.TaskID, "agentID", orphan.AgentID)
		v.connection.Bridge.Kill(orphan.TaskID, orphan.AgentID, nil)
		killed = append(killed, orphan)
	}
	if len(killed) > orphanSample {
		v.Recorder.Event(v.object, true, v1alpha1.EventKillingOrphan, "Killing", fmt.Sprintf(
			"Killing %d tasks, such as %s on agent %s: no MesosTask accounts for them", len(killed), killed[0].TaskID, killed[0].AgentID))
		return
	}
	for _, orphan := range killed {
		v.Recorder.Event(v.object, true, v1alpha1.EventKillingOrphan, "Killing",
			fmt.Sprintf("Killing %s on agent %s: no MesosTask accounts for it", orphan.TaskID, orphan.AgentID))
	}
}

// status is what the framework's status says of orphans, and of what may be some, as it is not watched; nil while there are none.
func (t *roll) status(policy v1alpha1.OrphanPolicy) *v1alpha1.Orphans {
	if len(t.orphans)+len(t.unwatched) == 0 {
		return nil
	}
	all := slices.SortedFunc(slices.Values(slices.Concat(t.orphans, t.unwatched)), byTaskID)
	orphans := &v1alpha1.Orphans{Count: int32(len(all))}
	if policy == v1alpha1.OrphanKill && len(t.orphans) > 0 {
		orphans.Message = t.mayKill()
	}
	if len(t.unwatched) > 0 {
		orphans.Message = strings.TrimPrefix(orphans.Message+". "+unwatched(t.unwatched)+leftAlone, ". ")
	}
	// Task IDs may be long.
	orphans.Message = strings.ToValidUTF8(orphans.Message[:min(len(orphans.Message), longestMessage)], "")
	for _, orphan := range all[:min(len(all), orphanSample)] {
		orphans.Sample = append(orphans.Sample, v1alpha1.OrphanTask{TaskID: orphan.TaskID, AgentID: orphan.AgentID})
	}
	return orphans
}

// liveNow says which tasks Mesos says are live since the last count in the present term, as far as there was one that missed no agent.
func (p *passes) liveNow(connection *connections.Connection) (live []mesos.Observation, proven bool) {
	if p.told == nil || !p.told.proven || p.told.term != connection.Bridge.Connection().Term {
		return nil, false
	}
	return connection.Bridge.Live(p.told.since), true
}
