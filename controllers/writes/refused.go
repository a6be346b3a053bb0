package writes

import (
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Refused says whether the API server refused a write for what it is, so that it would refuse it again: by a rule of the kind, a quota, a grant, a size, or
// an admission webhook, whose denial without a code of its own is a bad request.
func Refused(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err)
}

// Unanswered says whether a write that failed may have taken effect all the same: nothing came back of it, or no more than that the API server failed.
func Unanswered(err error) bool {
	var answer apierrors.APIStatus
	return err != nil && (!errors.As(err, &answer) || answer.Status().Code >= http.StatusInternalServerError)
}
