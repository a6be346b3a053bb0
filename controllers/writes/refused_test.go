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

// TestRefused: what is refused for what it is, what may well go through the next time, and what may have gone through though it failed.
func TestRefused(t *testing.T) {
	tasks := schema.GroupResource{Group: "mesos.dev", Resource: "mesostasks"}
	// denied is what the API server makes of a webhook's denial.
	denied := func(code int32, reason metav1.StatusReason) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: "admission webhook denied the request"}}
	}
	for sentence, tc := range map[string]struct {
		err                 error
		refused, unanswered bool
	}{
		"nothing":                            {nil, false, false},
		"forbidden":                          {apierrors.NewForbidden(tasks, "web", errors.New("exceeded quota")), true, false},
		"invalid":                            {apierrors.NewInvalid(schema.GroupKind{}, "web", nil), true, false},
		"a webhook's denial without a code":  {denied(http.StatusBadRequest, ""), true, false},
		"a webhook's denial in its own word": {denied(http.StatusBadRequest, "NotOnFridays"), true, false},
		"a bad request":                      {apierrors.NewBadRequest("no"), true, false},
		"too large":                          {apierrors.NewRequestEntityTooLargeError("2 MiB"), true, false},
		"wrapped":                            {fmt.Errorf("creating: %w", denied(http.StatusBadRequest, "")), true, false},
		"a conflict":                         {apierrors.NewConflict(tasks, "web", errors.New("changed")), false, false},
		"not now":                            {apierrors.NewTooManyRequests("later", 1), false, false},
		"a webhook that does not answer":     {apierrors.NewInternalError(errors.New("no endpoints")), false, true},
		"no answer":                          {errors.New("connection refused"), false, true},
	} {
		if refused, unanswered := Refused(tc.err), Unanswered(tc.err); refused != tc.refused || unanswered != tc.unanswered {
			t.Errorf("%s is refused: %t, want %t, and unanswered: %t, want %t", sentence, refused, tc.refused, unanswered, tc.unanswered)
		}
	}
}
