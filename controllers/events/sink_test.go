package events

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/events"
)

// answering is a sink that answers with an error.
type answering struct {
	events.EventSink
	err error
}

func (a answering) Create(_ context.Context, event *eventsv1.Event) (*eventsv1.Event, error) {
	return event, a.err
}

func TestSink(t *testing.T) {
	resource := schema.GroupResource{Group: "events.k8s.io", Resource: "events"}
	terminating := apierrors.NewForbidden(resource, "web", errors.New("unable to create new content in namespace shop because it is being terminated"))
	terminating.ErrStatus.Details.Causes = append(terminating.ErrStatus.Details.Causes, metav1.StatusCause{Type: corev1.NamespaceTerminatingCause})
	for sentence, tc := range map[string]struct {
		err  error
		fail bool
	}{
		"written":                        {nil, false},
		"the namespace is being deleted": {terminating, false},
		"the namespace is gone":          {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "shop"), false},
		"it may not write there":         {apierrors.NewForbidden(resource, "web", errors.New("no")), true},
		"nobody answers":                 {errors.New("refused"), true},
	} {
		t.Run(sentence, func(t *testing.T) {
			if _, err := (sink{answering{err: tc.err}}).Create(t.Context(), &eventsv1.Event{}); (err != nil) != tc.fail {
				t.Errorf("it fails with %v", err)
			}
		})
	}
}
