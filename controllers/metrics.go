package controllers

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func init() {
	for _, metric := range Metrics() {
		registry.Registry.MustRegister(metric)
	}
}

// Metrics are all metrics of the operator, those of the bridges included. They are registered with controller-runtime's own.
func Metrics() []metrics.Metric {
	return append([]metrics.Metric{
		buildInfo, tasksByState, taskTransitions, launchLatency, rulesMatched, stepsTaken, matchDuration, passDuration, orphanTasks, eventsDropped,
	}, mesosbridge.Metrics()...)
}

// taskSum is the state under which a task is counted. It sums the Mesos states up, so that every task has one.
type taskSum string

// The states under which tasks are counted.
const (
	sumPending     taskSum = "pending"
	sumChanging    taskSum = "changing"
	sumRunning     taskSum = "running"
	sumUnreachable taskSum = "unreachable"
	sumEnded       taskSum = "ended"
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
	buildInfo = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_build_info",
		Help: "Always 1; its labels say what was built.",
	}, metrics.Label{Name: "version", Meaning: "the manager's version"}, metrics.Label{Name: "goversion", Meaning: "the version of Go"})
	tasksByState = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_tasks",
		Help: "MesosTasks of the framework, at most five seconds ago: pending wait for an offer; changing are being launched or killed; running; unreachable are those of which " +
			"Mesos cannot say whether they run; ended are those of which nothing runs or waits.",
	}, mesosbridge.Frameworks(), metrics.OneOf("state", sumPending, sumChanging, sumRunning, sumUnreachable, sumEnded))
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
	matchDuration = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_offer_match_duration_seconds",
		Help:    "Seconds that one round of fitting pending tasks to offers took.",
		Buckets: []float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5},
	})
	passDuration = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_reconciliation_pass_duration_seconds",
		Help:    "Seconds from the beginning of a reconciliation pass until Mesos had answered for every task, by why the pass ran; of passes that another superseded there is none.",
		Buckets: []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600},
	}, metrics.OneOf("reason", v1alpha1.PassSubscribed, v1alpha1.PassInterval, v1alpha1.PassRequested))
	orphanTasks = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_orphans",
		Help: "Live Mesos tasks of the framework that no MesosTask accounts for, as the last end mark showed them.",
	}, mesosbridge.Frameworks())
	eventsDropped = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_kubernetes_events_dropped_total",
		Help: "Kubernetes Events that were not written, as the budget of about ten a second was used up.",
	})
)

// RecordBuild says in the metrics what was built.
func RecordBuild(version string) { buildInfo.Set(1, version, runtime.Version()) }

// forgetFramework drops the series of a framework that this process does not serve any more.
func forgetFramework(name string) {
	for _, gauge := range []*metrics.Gauge{tasksByState, orphanTasks} {
		gauge.Forget(mesosbridge.Frameworks().Name, name)
	}
}

// recordCounts says in the metrics how many of a framework's tasks are in which state. All is how many there are.
func recordCounts(framework string, counts v1alpha1.TaskCounts, all int) {
	for state, count := range map[taskSum]int32{
		sumPending: counts.Pending, sumRunning: counts.Running, sumUnreachable: counts.Unreachable,
		sumChanging: counts.Bound - counts.Running - counts.Unreachable,
		sumEnded:    int32(all) - counts.Bound - counts.Pending,
	} {
		tasksByState.Set(float64(count), framework, string(state))
	}
}

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
