package events

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	eventsclient "k8s.io/client-go/kubernetes/typed/events/v1"
	"k8s.io/client-go/tools/events"
)

// NewBroadcaster returns what sends Events to an API server. Its caller starts it and shuts it down.
func NewBroadcaster(client eventsclient.EventsV1Interface) events.EventBroadcaster {
	return events.NewBroadcaster(sink{&events.EventSinkImpl{Interface: client}})
}

// sink takes it calmly that a namespace which is on its way out refuses new Events, as it does while what it holds is deleted: nobody could read
// them there. client-go would log an error for each.
type sink struct{ events.EventSink }

// Create implements events.EventSink.
func (s sink) Create(ctx context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	created, err := s.EventSink.Create(ctx, event)
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) || apierrors.IsNotFound(err) {
		return event, nil
	}
	return created, err
}
