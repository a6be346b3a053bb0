package mesostaskset

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mesos-operator/mesos-operator/controllers/rollout"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

var setDecisions = metrics.NewCounter(prometheus.CounterOpts{
	Name: "mesos_operator_set_decisions_total",
	Help: "Decisions about MesosTaskSets, by the rule that decided.",
}, metrics.OneOf("rule", rollout.Rules()...))
