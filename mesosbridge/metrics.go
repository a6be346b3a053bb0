package mesosbridge

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// The metrics of all bridges of the process. Every label has a bounded set of values: names of calls, events, states and problems, and
// the frameworks that the process serves.
var (
	callsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mesos_operator_calls_total",
		Help: "Calls to Mesos masters by type and result (accepted, refused, failed, unanswered, withheld).",
	}, []string{"type", "result"})
	eventsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mesos_operator_events_total",
		Help: "Events from Mesos masters by type; unknown counts those whose type this version does not know, undecodable those that are no event.",
	}, []string{"type"})
	statusUpdatesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mesos_operator_status_updates_total",
		Help: "Task status updates and answers to RECONCILE by task state.",
	}, []string{"state"})
	offersTotal = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_offers_received_total",
		Help: "Offers received from Mesos.",
	})
	subscriptionEndsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mesos_operator_subscription_failures_total",
		Help: "Subscriptions that could not be made or ended, by the class of the problem.",
	}, []string{"class"})
	connected = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "mesos_operator_bridge_connected",
		Help: "1 while the framework is subscribed, else 0.",
	}, []string{"framework"})
)

// Collectors returns the metrics of all bridges, to be registered once.
func Collectors() []prometheus.Collector {
	return []prometheus.Collector{callsTotal, eventsTotal, statusUpdatesTotal, offersTotal, subscriptionEndsTotal, connected}
}

// The labels of events that have no type.
const (
	eventUnknown     = "unknown"
	eventUndecodable = "undecodable"
)

// stateLabel is the label of a task state: unknown numbers from a newer Mesos share one.
func stateLabel(state mesos.TaskState) string {
	if state.Class() == mesos.FateUnknown {
		switch state {
		case mesos.TaskUnreachable, mesos.TaskLost, mesos.TaskUnknown:
		default:
			return "other"
		}
	}
	return string(state)
}
