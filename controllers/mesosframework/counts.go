package mesosframework

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// census is what is counted of a framework's tasks.
type census struct {
	// counts are for the framework's status, all is how many tasks there are.
	counts v1alpha1.TaskCounts
	all    int
	// notReady counts those whose condition Ready is not True, by its reason.
	notReady map[string]int
	// waiting is since when the task waits that has waited longest for an offer; zero where none does.
	waiting time.Time
}

// count counts the framework's tasks, as the cache has them, for its status and the metrics.
func (v *view) count(ctx context.Context) (v1alpha1.TaskCounts, error) {
	tasks, err := v.listTasks(ctx)
	if err != nil {
		return v1alpha1.TaskCounts{}, err
	}
	counted := censusOf(tasks)
	recordCensus(v.object.Name, counted)
	return counted.counts, nil
}

// censusOf counts tasks.
func censusOf(tasks []v1alpha1.MesosTask) census {
	sum := census{all: len(tasks), notReady: map[string]int{}}
	for i := range tasks {
		task := &tasks[i]
		counted := countOf(task)
		sum.counts.Bound += counted.Bound
		sum.counts.Running += counted.Running
		sum.counts.Pending += counted.Pending
		sum.counts.Unreachable += counted.Unreachable
		if reason := whyNotReady(task); reason != "" {
			sum.notReady[reason]++
		}
		if since := waitsSince(task); counted.Pending > 0 && (sum.waiting.IsZero() || since.Before(sum.waiting)) {
			sum.waiting = since
		}
	}
	return sum
}

// whyNotReady is the reason of condition Ready; empty where it is True.
func whyNotReady(task *v1alpha1.MesosTask) string {
	switch ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); {
	case ready == nil:
		return notJudged
	case ready.Status == metav1.ConditionTrue:
		return ""
	default:
		return ready.Reason
	}
}

// waitsSince is when a task that is pending began to wait.
func waitsSince(task *v1alpha1.MesosTask) time.Time {
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case task.Status.Pending != nil:
		return task.Status.Pending.Since.Time
	case ready != nil:
		return ready.LastTransitionTime.Time
	default:
		return task.CreationTimestamp.Time
	}
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
