package endpoints

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Thin decides on the slices that a set left behind, as one that is deleted without what it owns: nothing is added to them, and what is no longer ready, or
// no longer there, is taken out. Nobody knows any more which of a task's ports was which of the Service's, so that one of its numbers will do. Seen has neither
// an owner nor ports.
func Thin(seen *Seen) *Plan {
	plan := &Plan{}
	tasks := map[types.UID]*v1alpha1.MesosTask{}
	for _, task := range seen.Tasks {
		tasks[task.UID] = task
	}
	for _, slice := range ownSlices(seen) {
		agents := remembered(slice)
		thinned := slice.DeepCopy()
		thinned.Endpoints = nil
		for _, endpoint := range slice.Endpoints {
			if endpoint.TargetRef == nil || len(endpoint.Addresses) != 1 {
				continue
			}
			task := tasks[endpoint.TargetRef.UID]
			if task == nil {
				continue
			}
			how := standingOf(task)
			if how.absent || !isAt(task.Status.Task, endpoint.Addresses[0], agents) || !hasPorts(task, portsIn(slice)) {
				continue
			}
			endpoint.Conditions = how.conditions()
			thinned.Endpoints = append(thinned.Endpoints, endpoint)
		}
		switch {
		case len(thinned.Endpoints) == 0:
			plan.Delete = append(plan.Delete, slice)
		case !equality.Semantic.DeepEqual(slice.Endpoints, thinned.Endpoints):
			plan.Change = append(plan.Change, thinned)
		}
	}
	return plan
}

// isAt says whether an attempt is at an address: its container's, or its agent's as a slice remembers it.
func isAt(attempt *v1alpha1.TaskAttempt, address string, agents map[string]string) bool {
	return agents[address] == attempt.AgentID || agents[address] == "" && slices.Contains(attempt.IPs, address)
}

// hasPorts says whether a task has ports of all these numbers.
func hasPorts(task *v1alpha1.MesosTask, ports ports) bool {
	return !slices.ContainsFunc(ports, func(port servedPort) bool {
		given := slices.ContainsFunc(task.Status.Task.Ports, func(p v1alpha1.AssignedPort) bool { return p.HostPort == port.number })
		return !given && !slices.ContainsFunc(task.Spec.Ports, func(p v1alpha1.Port) bool {
			return p.ContainerPort != nil && *p.ContainerPort == port.number
		})
	})
}
