package mesosframework

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// count counts the framework's tasks, as the cache has them, for its status and the metrics.
func (v *view) count(ctx context.Context) (v1alpha1.TaskCounts, error) {
	tasks, err := v.listTasks(ctx)
	if err != nil {
		return v1alpha1.TaskCounts{}, err
	}
	var sum v1alpha1.TaskCounts
	for i := range tasks {
		counted := countOf(&tasks[i])
		sum.Bound += counted.Bound
		sum.Running += counted.Running
		sum.Pending += counted.Pending
		sum.Unreachable += counted.Unreachable
	}
	recordCounts(v.object.Name, sum, len(tasks))
	return sum, nil
}

// countOf is what one task adds to its framework's counts.
func countOf(task *v1alpha1.MesosTask) v1alpha1.TaskCounts {
	var counts v1alpha1.TaskCounts
	open := lifecycle.HasOpen(task)
	state := mesos.TaskState("")
	if task.Status.Task != nil {
		state = mesos.TaskState(task.Status.Task.State)
	}
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !open:
		if ready == nil || ready.Reason == v1alpha1.ReasonAwaitingOffer || ready.Reason == v1alpha1.ReasonNoAgentLargeEnough {
			counts.Pending = 1
		}
		return counts
	case state == mesos.TaskRunning:
		counts.Running = 1
	case state != "" && state.Class() == mesos.FateUnknown:
		counts.Unreachable = 1
	}
	counts.Bound = 1
	return counts
}
