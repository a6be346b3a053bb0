package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Scope is the namespaces whose MesosTasks this installation works on and may read; empty for all. MesosFrameworks belong to none.
//
// Of other namespaces nothing is known. A Mesos task that carries one in its ID counts as somebody's: it is reported, and never killed,
// acknowledged or launched anew.
type Scope []string

// CacheNamespaces is what a manager's cache watches of namespaced kinds; nil is for all.
func (s Scope) CacheNamespaces() map[string]cache.Config {
	if len(s) == 0 {
		return nil
	}
	namespaces := make(map[string]cache.Config, len(s))
	for _, namespace := range s {
		namespaces[namespace] = cache.Config{}
	}
	return namespaces
}

// watches says whether MesosTasks of a namespace are worked on.
func (s Scope) watches(namespace string) bool { return len(s) == 0 || slices.Contains(s, namespace) }

// hides says whether a Mesos task, by its ID, is of an object that this installation cannot see.
func (s Scope) hides(taskID string) bool {
	id, err := lifecycle.ParseTaskID(taskID)
	return err == nil && !s.watches(id.Namespace)
}

// listTasks lists all MesosTasks that may be read. Where that is not all there are, each namespace is asked for by itself: the manager has
// no grant for more.
func (s Scope) listTasks(ctx context.Context, reader client.Reader) ([]v1alpha1.MesosTask, error) {
	var all []v1alpha1.MesosTask
	namespaces := []string(s)
	if len(s) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		var tasks v1alpha1.MesosTaskList
		if err := reader.List(ctx, &tasks, client.InNamespace(namespace)); err != nil {
			return nil, fmt.Errorf("listing MesosTasks live: %w", err)
		}
		all = append(all, tasks.Items...)
	}
	return all, nil
}

// unwatched says of tasks, of which the first is named, that nobody here can see their objects, and what a person can do.
func (s Scope) unwatched(tasks []mesos.Observation) string {
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

// unseen is why a framework that is being deleted must wait for tasks which this installation cannot see: their objects are bound to it, and
// without it nobody would ever end the tasks or complete the deletion of the objects. What runs is known from Mesos alone; nil if nothing does.
func (r *MesosFrameworkReconciler) unseen(framework *v1alpha1.MesosFramework, memory *frameworkMemory) *lifecycle.Obstacle {
	if len(r.Scope) == 0 || configOf(framework).Framework.ID == "" {
		return nil
	}
	connection, state := r.Connections.get(framework.Name), r.connectionState(framework.Name)
	if state.Problem != nil && state.Problem.Class == mesosbridge.FrameworkRemoved {
		return nil
	}
	if connection == nil || !state.Subscribed {
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonNotConnected, Message: "Waiting for a connection to learn from Mesos whether tasks run under the framework " +
			"that are of namespaces which this installation does not watch; an installation that watches all namespaces does not need to ask"}
	}
	live, proven := memory.passes.liveNow(connection)
	if !proven {
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Message: "Waiting until Mesos has told all that runs under the framework, " +
			"as tasks may be of namespaces which this installation does not watch; an installation that watches all namespaces does not need to ask"}
	}
	hidden := slices.DeleteFunc(live, func(task mesos.Observation) bool {
		return !r.Scope.hides(task.TaskID) || connection.isAbandoned(task.TaskID)
	})
	if len(hidden) == 0 {
		return nil
	}
	slices.SortFunc(hidden, byTaskID)
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonTasksLive, Stalled: true, Message: r.Scope.unwatched(hidden) +
		": watch these namespaces and delete their MesosTasks, or end the tasks in Mesos"}
}

// mayHideTasks says whether MesosTasks that this installation cannot see may be bound to a framework, as far as its status tells: it named
// live tasks of theirs, or more tasks than it has room for.
func (s Scope) mayHideTasks(status v1alpha1.MesosFrameworkStatus) bool {
	orphans := status.Orphans
	return len(s) > 0 && orphans != nil && (int(orphans.Count) > len(orphans.Sample) ||
		slices.ContainsFunc(orphans.Sample, func(task v1alpha1.OrphanTask) bool { return s.hides(task.TaskID) }))
}
