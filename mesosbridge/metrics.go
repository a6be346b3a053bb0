package mesosbridge

import (
	"maps"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// result is what became of a call, as it is counted.
type result string

// The results of calls.
const (
	resultAccepted   result = "accepted"
	resultRefused    result = "refused"
	resultFailed     result = "failed"
	resultUnanswered result = "unanswered"
	resultWithheld   result = "withheld"
)

// DeclineReason says why an offer was declined.
type DeclineReason string

// The reasons of a DECLINE.
const (
	// DeclineNothingPending says that no task waits for an offer.
	DeclineNothingPending DeclineReason = "nothing_pending"
	// DeclineUnfit says that no task that waits fits the offer.
	DeclineUnfit DeclineReason = "unfit"
	// DeclineTurn says that tasks wait for their turn, which has not come: the offer is declined for a moment.
	DeclineTurn DeclineReason = "turn"
	// DeclineHeld says that nothing may be launched yet.
	DeclineHeld DeclineReason = "held"
	// DeclineWithdrawn says that what was to be launched on the offer is not to be launched any more.
	DeclineWithdrawn DeclineReason = "withdrawn"
	// DeclineRefused says that the ACCEPT of the offer was refused by the master, or could not be sent.
	DeclineRefused DeclineReason = "refused"
)

// Labels of events whose type is no name of mesos-go's.
const (
	eventUnknown     = "unknown"
	eventUndecodable = "undecodable"
)

// The metrics of all bridges of the process.
var (
	callsTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_calls_total",
		Help: "Calls to Mesos masters by what became of them: accepted; refused (4xx, or sent on where the call may not go); failed (5xx); unanswered; withheld, as this process may not act or could not send.",
	}, metrics.OneOf("type", callTypes()...), metrics.OneOf("result", resultAccepted, resultRefused, resultFailed, resultUnanswered, resultWithheld))
	eventsTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_events_total",
		Help: "Events received from Mesos masters; unknown are those whose type this version does not know, undecodable those that are no event.",
	}, metrics.OneOf("type", "subscribed", "offers", "inverse_offers", "rescind", "rescind_inverse_offer", "update", "update_operation_status",
		"message", "failure", "error", "heartbeat", eventUnknown, eventUndecodable))
	statusUpdatesTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_status_updates_total",
		Help: "Status updates of tasks and answers to RECONCILE received, by the task state that they told.",
	}, metrics.OneOf("state", append(mesos.TaskStates(), metrics.Other)...))
	ackDelay = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_status_update_ack_delay_seconds",
		Help:    "Seconds from the arrival of a status update until Mesos took its acknowledgement; most of it is the write that makes the update durable.",
		Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60},
	})
	answerLatency = metrics.NewHistogram(prometheus.HistogramOpts{
		Name:    "mesos_operator_reconciliation_answer_latency_seconds",
		Help:    "Seconds from the first RECONCILE that named a task, in one subscription, until Mesos answered for it; a master is silent about agents that have not come back.",
		Buckets: []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900},
	})
	launchesTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_task_launches_total",
		Help: "Tasks in ACCEPT calls by what became of the call: accepted; refused by the master; unanswered, which Mesos is asked about; withheld, as it could not be sent.",
	}, metrics.OneOf("result", resultAccepted, resultRefused, resultUnanswered, resultWithheld))
	offersTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_offers_received_total",
		Help: "Offers received from Mesos masters.",
	})
	declinedTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_offers_declined_total",
		Help: "Offers declined: nothing_pending, no task waits; unfit, none that waits fits; turn, tasks wait for their turn; held, nothing may be launched before Mesos has told what runs; " +
			"withdrawn, what was to be launched is not wanted any more; refused, their ACCEPT was refused or could not be sent.",
	}, metrics.OneOf("reason", DeclineNothingPending, DeclineUnfit, DeclineTurn, DeclineHeld, DeclineWithdrawn, DeclineRefused))
	subscriptionFailuresTotal = metrics.NewCounter(prometheus.CounterOpts{
		Name: "mesos_operator_subscription_failures_total",
		Help: "Subscriptions that could not be made or that ended, by the class of the problem.",
	}, metrics.OneOf("class", MasterUnreachable, TLSFailed, DetectionFailed, NoLeader, Unauthorized, Forbidden, NotAMaster, SubscriptionRefused, FrameworkRemoved,
		FailedOver, HeartbeatLost, StreamEnded, BadFrame, CallUnanswered, SubscriptionLost, Reconfigured, UpdateRefused, CredentialsWithheld, Withheld))

	subscribed = newSubscriptions()
	connected  = subscribed.gauge("mesos_operator_bridge_connected", "1 while the framework is subscribed at a Mesos master, else 0.",
		func(b *Bridge) (float64, bool) {
			if b.Connection().Subscribed {
				return 1, true
			}
			return 0, true
		})
	subscriptionAge = subscribed.gauge("mesos_operator_bridge_subscription_age_seconds",
		"Seconds since the framework's present subscription began; there is none while it is not subscribed.",
		func(b *Bridge) (float64, bool) {
			state := b.Connection()
			return time.Since(state.Since).Seconds(), state.Subscribed
		})
	unacknowledgedUpdates = subscribed.gauge("mesos_operator_unacknowledged_updates",
		"Status updates that wait for their acknowledgement, one for each task at most: Mesos sends the next update of a task only after it.",
		func(b *Bridge) (float64, bool) {
			count, _ := b.unacknowledged()
			return float64(count), true
		})
	oldestUnacknowledged = subscribed.gauge("mesos_operator_oldest_unacknowledged_update_timestamp_seconds",
		"Unix time at which the status update arrived that waits longest for its acknowledgement; there is none while no update waits.",
		func(b *Bridge) (float64, bool) {
			count, oldest := b.unacknowledged()
			return float64(oldest.UnixMilli()) / 1000, count > 0
		})
)

// callTypes are the names of the calls that a bridge sends.
func callTypes() []string {
	types := []scheduler.Call_Type{
		scheduler.Call_SUBSCRIBE, scheduler.Call_ACCEPT, scheduler.Call_DECLINE, scheduler.Call_REVIVE, scheduler.Call_SUPPRESS, scheduler.Call_KILL,
		scheduler.Call_ACKNOWLEDGE, scheduler.Call_RECONCILE, scheduler.Call_UPDATE_FRAMEWORK, scheduler.Call_TEARDOWN,
	}
	names := make([]string, len(types))
	for i, one := range types {
		names[i] = one.String()
	}
	return names
}

// Frameworks is the label of what is counted for each framework.
func Frameworks() metrics.Label {
	return metrics.Label{Name: "framework", Meaning: "the names of the MesosFrameworks that the process serves"}
}

// subscriptions are the bridges that run, by the names of their frameworks.
type subscriptions struct {
	mu     sync.Mutex
	byName map[string]*Bridge
}

func newSubscriptions() *subscriptions { return &subscriptions{byName: map[string]*Bridge{}} }

func (s *subscriptions) add(b *Bridge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byName[b.options.Name] = b
}

// remove drops a bridge, unless another has taken its place: one that ends may do so after its successor has begun.
func (s *subscriptions) remove(b *Bridge) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[b.options.Name] == b {
		delete(s.byName, b.options.Name)
	}
}

// all are the bridges as they are now.
func (s *subscriptions) all() map[string]*Bridge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.byName)
}

// gauge is a metric of each subscription, computed when it is asked for; where value returns false there is none.
func (s *subscriptions) gauge(name, help string, value func(*Bridge) (float64, bool)) metrics.Metric {
	labels := []metrics.Label{Frameworks()}
	return metrics.NewComputed(&subscriptionGauge{
		of: s, value: value, description: prometheus.NewDesc(name, help, []string{labels[0].Name}, nil),
	}, metrics.Family{Name: name, Help: help, Type: "gauge", Labels: labels})
}

// subscriptionGauge implements prometheus.Collector.
type subscriptionGauge struct {
	of          *subscriptions
	description *prometheus.Desc
	value       func(*Bridge) (float64, bool)
}

func (g *subscriptionGauge) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- g.description
}

func (g *subscriptionGauge) Collect(collected chan<- prometheus.Metric) {
	for name, bridge := range g.of.all() {
		if value, ok := g.value(bridge); ok {
			metric, err := prometheus.NewConstMetric(g.description, prometheus.GaugeValue, value, name)
			if err != nil {
				metric = prometheus.NewInvalidMetric(g.description, err)
			}
			collected <- metric
		}
	}
}
