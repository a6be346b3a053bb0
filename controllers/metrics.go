package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

func init() { metrics.Registry.MustRegister(mesosbridge.Collectors()...) }

var (
	eventsDropped = promauto.With(metrics.Registry).NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_events_dropped_total",
		Help: "Events that were not written as the budget was used up.",
	})
	taskWrites = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "mesos_operator_task_writes_total",
		Help: "Writes to MesosTasks, by what was written (binding, status, finalizer) and how it went (ok, stale, error).",
	}, []string{"write", "result"})
	orphanTasks = promauto.With(metrics.Registry).NewGaugeVec(prometheus.GaugeOpts{
		Name: "mesos_operator_orphan_tasks",
		Help: "Live Mesos tasks of a framework that no MesosTask accounts for, as the last end mark showed them.",
	}, []string{"framework"})
	rulesMatched = promauto.With(metrics.Registry).NewCounterVec(prometheus.CounterOpts{
		Name: "mesos_operator_task_decisions_total",
		Help: "Decisions about MesosTasks, by the rule that decided.",
	}, []string{"rule"})
)
