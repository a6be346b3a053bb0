package events

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

const (
	// eventsPerSecond and eventBurst are the budget of the whole manager: launching 100,000 tasks must not become 100,000 Events.
	eventsPerSecond, eventBurst = 10, 100
	// eventsForWarnings is the part of the burst that only warnings may use.
	eventsForWarnings = 30
	// noteLength is how many bytes the note of an Event may have (Kubernetes API, events.k8s.io/v1).
	noteLength = 1024
)

var dropped = metrics.NewCounter(prometheus.CounterOpts{
	Name: "mesos_operator_kubernetes_events_dropped_total",
	Help: "Kubernetes Events that were not written, as the budget of about ten a second was used up.",
})

// Recorder writes Events within a budget, warnings first. What is over the budget is dropped and counted.
type Recorder struct {
	recorder events.EventRecorder
	budget   *rate.Limiter
}

// NewRecorder returns a recorder with the manager's budget.
func NewRecorder(recorder events.EventRecorder) *Recorder {
	return &Recorder{recorder: recorder, budget: rate.NewLimiter(eventsPerSecond, eventBurst)}
}

// Event writes one Event about an object, if the budget allows.
func (r *Recorder) Event(object runtime.Object, warning bool, reason, action, message string) {
	if !warning && r.budget.Tokens() < eventsForWarnings || !r.budget.Allow() {
		dropped.Inc()
		return
	}
	eventType := corev1.EventTypeNormal
	if warning {
		eventType = corev1.EventTypeWarning
	}
	// What the API refuses nobody reads.
	r.recorder.Eventf(object, nil, eventType, reason, action, "%s", strings.ToValidUTF8(message[:min(len(message), noteLength)], ""))
}
