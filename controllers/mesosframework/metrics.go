package mesosframework

import (
	"github.com/prometheus/client_golang/prometheus"

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

var (
	tasksByState = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_tasks",
		Help: "MesosTasks of the framework, at most five seconds ago: pending wait for an offer; changing are being launched or killed; running; unreachable are those of which " +
			"Mesos cannot say whether they run; ended are those of which nothing runs or waits.",
	}, mesosbridge.Frameworks(), metrics.OneOf("state", sumPending, sumChanging, sumRunning, sumUnreachable, sumEnded))
	passDuration = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_reconciliation_pass_duration_seconds",
		Help:    "Seconds from the beginning of a reconciliation pass until Mesos had answered for every task, by why the pass ran; of passes that another superseded there is none.",
		Buckets: []float64{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600},
	}, metrics.OneOf("reason", v1alpha1.PassSubscribed, v1alpha1.PassInterval, v1alpha1.PassRequested))
	orphanTasks = metrics.NewGauge(prometheus.GaugeOpts{
		Name: "mesos_operator_orphans",
		Help: "Live Mesos tasks of the framework that no MesosTask accounts for, as the last end mark showed them, without those that have ended or got a MesosTask since.",
	}, mesosbridge.Frameworks())
)

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
