package mesosframework

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// unseen is why a framework that is being deleted must wait for tasks which this installation cannot see: their objects are bound to it, and
// without it nobody would ever end the tasks or complete the deletion of the objects. What runs is known from Mesos alone; nil if nothing does.
func (v *view) unseen() *lifecycle.Obstacle {
	if len(v.Scope) == 0 || configOf(v.object).Framework.ID == "" {
		return nil
	}
	connection, state := v.Connections.Get(v.object.Name), v.subscription()
	if isRemoved(state) {
		return nil
	}
	if connection == nil || !state.Subscribed {
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonNotConnected, Message: "Waiting for a connection to learn from Mesos whether tasks run under the framework " +
			"that are of namespaces which this installation does not watch; an installation that watches all namespaces does not need to ask"}
	}
	live, proven := v.memory.passes.liveNow(connection)
	if !proven {
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Message: "Waiting until Mesos has told all that runs under the framework, " +
			"as tasks may be of namespaces which this installation does not watch; an installation that watches all namespaces does not need to ask"}
	}
	hidden := slices.DeleteFunc(live, func(task mesos.Observation) bool {
		return !v.Scope.Hides(task.TaskID) || connection.IsAbandoned(task.TaskID)
	})
	if len(hidden) == 0 {
		return nil
	}
	slices.SortFunc(hidden, byTaskID)
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Stalled: true, Message: unwatched(hidden) +
		": watch these namespaces and delete their MesosTasks, or end the tasks in Mesos"}
}

// unwatched says of tasks, of which the first is named, that nobody here can see their objects, and what a person can do.
func unwatched(tasks []mesos.Observation) string {
	var namespaces []string
	for _, task := range tasks {
		if id, err := lifecycle.ParseTaskID(task.TaskID); err == nil && !slices.Contains(namespaces, id.Namespace) {
			namespaces = append(namespaces, id.Namespace)
		}
	}
	slices.Sort(namespaces)
	named, more := namespaces[:min(len(namespaces), namespaceSample)], ""
	if len(namespaces) > len(named) {
		more = fmt.Sprintf(" and %d more", len(namespaces)-len(named))
	}
	return fmt.Sprintf("%d live tasks, such as %s on agent %s, are of namespaces that this installation does not watch (%s%s)",
		len(tasks), tasks[0].TaskID, tasks[0].AgentID, strings.Join(named, ", "), more)
}

// namespaceSample is how many namespaces a message names, so that it fits into a condition.
const namespaceSample = 3

// leftAlone is what follows for such tasks.
const leftAlone = ": they run on and are left alone until their namespace is watched or they end"

// mayHideTasks says whether MesosTasks that this installation cannot see may be bound to the framework, as far as its status tells: it named live
// tasks of theirs, or more tasks than it has room for.
func (v *view) mayHideTasks() bool {
	orphans := v.object.Status.Orphans
	return len(v.Scope) > 0 && orphans != nil && (int(orphans.Count) > len(orphans.Sample) ||
		slices.ContainsFunc(orphans.Sample, func(task v1alpha1.OrphanTask) bool { return v.Scope.Hides(task.TaskID) }))
}
