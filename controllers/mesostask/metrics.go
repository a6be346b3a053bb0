package mesostask

import (
	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// stepResult is what became of a step.
type stepResult string

// The results of a step.
const (
	stepDone    stepResult = "done"
	stepRefused stepResult = "refused"
	stepFailed  stepResult = "failed"
)

const (
	// stepWriteStatus is the step that every decision may have besides its own: its status is written.
	stepWriteStatus lifecycle.Step = "WriteStatus"
	// noReason is the label of an update without a reason, which is the ordinary case.
	noReason = "none"
)

var (
	taskTransitions = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_task_transitions_total",
		Help: "Changes of a task's Mesos state that were recorded in a MesosTask, by the state and the reason that Mesos gave; states that passed before they were recorded are not counted.",
	}, metrics.OneOf("state", append(mesos.TaskStates(), metrics.Other)...), metrics.OneOf("reason", append(mesos.Reasons(), noReason, metrics.Other)...))
	launchLatency = metrics.NewHistogram(prometheus.HistogramOpts{
		Name: "mesos_operator_task_launch_latency_seconds",
		Help: "Seconds from the creation of a MesosTask until its first attempt was recorded as TASK_RUNNING, waiting for offers and suspension included; " +
			"of tasks that this process launched.",
		Buckets: []float64{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600},
	})
	rulesMatched = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_task_decisions_total",
		Help: "Decisions about MesosTasks, by the rule that decided.",
	}, metrics.OneOf("rule", lifecycle.Rules()...))
	stepsTaken = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_reconcile_steps_total",
		Help: "Steps that decisions about MesosTasks led to: done, or handed to the framework's bridge or placement; refused by the API server, mostly as the object had changed; failed.",
	}, metrics.OneOf("step", append(lifecycle.Steps(), stepWriteStatus)...), metrics.OneOf("result", stepDone, stepRefused, stepFailed))
)

// countStep counts a step by how it went.
func countStep(step lifecycle.Step, err error) {
	result := stepDone
	switch {
	case apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || apierrors.IsConflict(err):
		result = stepRefused
	case err != nil:
		result = stepFailed
	}
	stepsTaken.Inc(string(step), string(result))
}

// recordChanges counts what a status that was written says of the task's attempts and the one before it did not.
func recordChanges(view *view, before, after *v1alpha1.MesosTaskStatus) {
	known := map[string]string{}
	for _, attempt := range attemptsOf(before) {
		known[attempt.ID] = attempt.State
	}
	for _, attempt := range attemptsOf(after) {
		if attempt.State == "" || attempt.State == known[attempt.ID] {
			continue
		}
		reason := attempt.Reason
		if reason == "" {
			reason = noReason
		}
		taskTransitions.Inc(attempt.State, reason)
		ours := view.seen.Launch == lifecycle.LaunchSent || view.seen.Launch == lifecycle.LaunchAccepted
		if ours && attempt.State == string(mesos.TaskRunning) && after.Restarts == 0 && len(after.History) == 0 {
			launchLatency.Observe(max(view.seen.Now.Sub(view.object.CreationTimestamp.Time), 0).Seconds())
		}
	}
}

// attemptsOf are the attempts that a status names.
func attemptsOf(status *v1alpha1.MesosTaskStatus) []v1alpha1.TaskAttempt {
	if status.Task == nil {
		return status.History
	}
	return append([]v1alpha1.TaskAttempt{*status.Task}, status.History...)
}
