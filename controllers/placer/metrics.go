package placer

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

var matchDuration = metrics.NewHistogram(prometheus.HistogramOpts{
	Name:    "mesos_operator_offer_match_duration_seconds",
	Help:    "Seconds that one round of fitting pending tasks to offers took.",
	Buckets: []float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5},
})
