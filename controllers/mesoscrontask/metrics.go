package mesoscrontask

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

// cause is why a run was started.
type cause string

// The causes of runs.
const (
	bySchedule cause = "schedule"
	byRequest  cause = "request"
	byLoss     cause = "loss"
)

var (
	runsStarted = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_cron_runs_started_total",
		Help: "Runs of MesosCronTasks that were started: MesosTasks created as the schedule or a person asked, or anew for a task that had lost its own.",
	}, metrics.OneOf("cause", bySchedule, byRequest, byLoss))
	runsMissed = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_cron_runs_missed_total",
		Help: "Times of MesosCronTasks' schedules that passed without a run; of one outage at most 1,000 for each.",
	})
	startDelay = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_cron_start_delay_seconds",
		Help:    "Seconds from the time of a schedule until the MesosTask of its run was created.",
		Buckets: []float64{0.1, 0.5, 1, 5, 30, 60, 300, 600, 3600},
	})
)

// countStart counts a run that was started.
func countStart(creation *schedule.Creation, now time.Time) {
	switch {
	case creation.Lost:
		runsStarted.Inc(string(byLoss))
	case creation.Due.IsZero():
		runsStarted.Inc(string(byRequest))
	default:
		runsStarted.Inc(string(bySchedule))
		startDelay.Observe(max(now.Sub(creation.Due), 0).Seconds())
	}
}

// countMissed counts the runs that a status has for missed, and that before it had not.
func countMissed(before, after *v1alpha1.MesosCronTaskStatus) {
	if missed := after.MissedRuns - before.MissedRuns; missed > 0 {
		runsMissed.Add(float64(missed))
	}
}
