package mesosframework

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

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

// notJudged stands in for the reason of a task of which nothing was written yet.
const notJudged = "none"

// unreadyReasons are those that condition Ready of a MesosTask of an existing framework has while it is not True.
var unreadyReasons = []string{
	v1alpha1.ReasonAwaitingOffer, v1alpha1.ReasonLaunching, v1alpha1.ReasonUnhealthy, v1alpha1.ReasonNotReady, v1alpha1.ReasonRestarting,
	v1alpha1.ReasonBackOff, v1alpha1.ReasonFailed, v1alpha1.ReasonInterrupted, v1alpha1.ReasonNeverStarts, v1alpha1.ReasonTaskUnauthorized,
	v1alpha1.ReasonAgentDraining, v1alpha1.ReasonRestartsExhausted, v1alpha1.ReasonDeadlineExceeded, v1alpha1.ReasonRefused,
	v1alpha1.ReasonOutcomeUnknown, v1alpha1.ReasonSuspending, v1alpha1.ReasonDeleting, v1alpha1.ReasonFrameworkDeleting,
	v1alpha1.ReasonManagerTooOld, v1alpha1.ReasonNamespaceNotAllowed, v1alpha1.ReasonRoleNotAllowed, v1alpha1.ReasonUserNotAllowed,
	v1alpha1.ReasonLabelNotAllowed, v1alpha1.ReasonDiscoveryNotAllowed, v1alpha1.ReasonContainerNotAllowed,
	v1alpha1.ReasonRevocableNotAllowed, v1alpha1.ReasonOtherFrameworkID, v1alpha1.ReasonInvalidBinding, v1alpha1.ReasonNoAgentLargeEnough,
	v1alpha1.ReasonConfigMapNotFound, v1alpha1.ReasonConfigMapInvalid, v1alpha1.ReasonSecretsNotAllowed, v1alpha1.ReasonReferenceUnread,
	v1alpha1.ReasonInvalidSpec, v1alpha1.ReasonAgentUnreachable, v1alpha1.ReasonFateUnknown, v1alpha1.ReasonPaused,
	v1alpha1.ReasonWriteRefused, v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonSecretInvalid,
	notJudged, metrics.Other,
}

var (
	tasksByState = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_tasks",
		Help: "MesosTasks of the framework, at most five seconds ago: pending wait for an offer; changing are being launched or killed; running; unreachable are those of which " +
			"Mesos cannot say whether they run; ended are those of which nothing runs or waits.",
	}, mesosbridge.Frameworks(), metrics.OneOf("state", sumPending, sumChanging, sumRunning, sumUnreachable, sumEnded))
	tasksNotReady = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_tasks_not_ready",
		Help: "MesosTasks of the framework whose condition Ready is not True, by its reason, at most five seconds ago; none are those of which nothing was written yet.",
	}, mesosbridge.Frameworks(), metrics.OneOf("reason", unreadyReasons...))
	oldestPending = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_oldest_pending_task_timestamp_seconds",
		Help: "Unix time since which that task of the framework waits which has waited longest for an offer; there is none while no task waits.",
	}, mesosbridge.Frameworks())
	passDuration = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_reconciliation_pass_duration_seconds",
		Help:    "Seconds from the beginning of a reconciliation pass until Mesos had answered for every task, by why the pass ran; of passes that another superseded there is none.",
		Buckets: []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600},
	}, metrics.OneOf("reason", v1alpha1.PassSubscribed, v1alpha1.PassInterval, v1alpha1.PassRequested))
	unansweredTasks = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_reconciliation_unanswered_tasks",
		Help: "Tasks of the reconciliation pass that runs for which Mesos has not answered; zero while none runs. A master is silent about agents that have not come back.",
	}, mesosbridge.Frameworks())
	lastPass = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_reconciliation_last_pass_timestamp_seconds",
		Help: "Unix time at which the last reconciliation pass ended that had an answer for every task; there is none before the first.",
	}, mesosbridge.Frameworks())
	disconnected = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_framework_disconnected_timestamp_seconds",
		Help: "Unix time since which the framework has had no subscription, as its condition Connected has it; there is none while it is subscribed.",
	}, mesosbridge.Frameworks())
	failoverTimeout = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_framework_failover_timeout_seconds",
		Help: "Seconds without a subscription after which Mesos removes the framework and kills its tasks (spec.info.failoverTimeoutSeconds); of frameworks that Mesos knows.",
	}, mesosbridge.Frameworks())
	orphanTasks = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_orphans",
		Help: "Live Mesos tasks of the framework that no MesosTask accounts for, as the last end mark showed them, without those that have ended or got a MesosTask since.",
	}, mesosbridge.Frameworks())
)

// forgetFramework drops the series of a framework that this process does not serve any more.
func forgetFramework(name string) {
	for _, gauge := range []*metrics.Gauge{tasksByState, tasksNotReady, oldestPending, unansweredTasks, lastPass, disconnected, failoverTimeout, orphanTasks} {
		gauge.Forget(mesosbridge.Frameworks().Name, name)
	}
}

// recordCensus says in the metrics how many of a framework's tasks there are of each kind.
func recordCensus(framework string, counted census) {
	counts := counted.counts
	for state, count := range map[taskSum]int32{
		sumPending: counts.Pending, sumRunning: counts.Running, sumUnreachable: counts.Unreachable,
		sumChanging: counts.Bound - counts.Running - counts.Unreachable,
		sumEnded:    int32(counted.all) - counts.Bound - counts.Pending,
	} {
		tasksByState.Set(float64(count), framework, string(state))
	}
	other := 0
	for reason, count := range counted.notReady {
		if !slices.Contains(unreadyReasons, reason) {
			other += count
		}
	}
	// Of those that there are none of too, so that no series stays at what it was.
	for _, reason := range unreadyReasons {
		tasksNotReady.Set(float64(counted.notReady[reason]), framework, reason)
	}
	tasksNotReady.Set(float64(other), framework, metrics.Other)
	setTime(oldestPending, counted.waiting, framework)
}

// recordState says in the metrics what a status says of the framework's subscription and its passes.
func recordState(framework *v1alpha1.MesosFramework, status *v1alpha1.MesosFrameworkStatus, unanswered int) {
	unansweredTasks.Set(float64(unanswered), framework.Name)
	ended := time.Time{}
	if last := status.Reconciliation.Last; last != nil && last.CompletionTime != nil {
		ended = last.CompletionTime.Time
	}
	setTime(lastPass, ended, framework.Name)
	away := time.Time{}
	if connected := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionConnected); connected.Status != metav1.ConditionTrue {
		away = connected.LastTransitionTime.Time
	}
	setTime(disconnected, away, framework.Name)
	if status.FrameworkID != "" {
		failoverTimeout.Set(float64(framework.Spec.Info.FailoverTimeoutSeconds), framework.Name)
	} else {
		failoverTimeout.Forget(mesosbridge.Frameworks().Name, framework.Name)
	}
}

// setTime sets a gauge of a framework to a time; where that is zero there is no series.
func setTime(gauge *metrics.Gauge, at time.Time, framework string) {
	if at.IsZero() {
		gauge.Forget(mesosbridge.Frameworks().Name, framework)
		return
	}
	gauge.Set(float64(at.Unix()), framework)
}
