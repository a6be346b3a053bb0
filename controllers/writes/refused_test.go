package writes

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestRefused: what is refused for what it is, and what may well go through the next time.
func TestRefused(t *testing.T) {
	tasks := schema.GroupResource{Group: "mesos.dev", Resource: "mesostasks"}
	// denied is what the API server makes of a webhook's denial.
	denied := func(code int32, reason metav1.StatusReason) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: "admission webhook denied the request"}}
	}
	for sentence, tc := range map[string]struct {
		err  error
		want bool
	}{
		"nothing":                            {nil, false},
		"forbidden":                          {apierrors.NewForbidden(tasks, "web", errors.New("exceeded quota")), true},
		"invalid":                            {apierrors.NewInvalid(schema.GroupKind{}, "web", nil), true},
		"a webhook's denial without a code":  {denied(http.StatusBadRequest, ""), true},
		"a webhook's denial in its own word": {denied(http.StatusBadRequest, "NotOnFridays"), true},
		"a bad request":                      {apierrors.NewBadRequest("no"), true},
		"too large":                          {apierrors.NewRequestEntityTooLargeError("2 MiB"), true},
		"wrapped":                            {fmt.Errorf("creating: %w", denied(http.StatusBadRequest, "")), true},
		"a conflict":                         {apierrors.NewConflict(tasks, "web", errors.New("changed")), false},
		"not now":                            {apierrors.NewTooManyRequests("later", 1), false},
		"a webhook that does not answer":     {apierrors.NewInternalError(errors.New("no endpoints")), false},
		"no answer":                          {errors.New("connection refused"), false},
	} {
		if got := Refused(tc.err); got != tc.want {
			t.Errorf("%s is refused: %t, want %t", sentence, got, tc.want)
		}
	}
}
