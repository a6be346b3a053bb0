package lifecycle

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// pastDeadline says whether the object is older than it may be and still have a task.
func (s *scene) pastDeadline() bool {
	return s.Spec.ActiveDeadlineSeconds != nil && s.due(s.Created.Add(secondsOr(s.Spec.ActiveDeadlineSeconds, 0)))
}

// isExpired says whether a task that has no attempt any more is to have none again, as its object is too old. One that has come to its own end by the
// spec as it is stays as it is.
func (s *scene) isExpired() bool { return !s.current() && !s.hasOwnEnd() && s.pastDeadline() }

// hasOwnEnd says whether the task has come to its own end by the spec as it is.
func (s *scene) hasOwnEnd() bool { return s.final() && s.asDeclared() }

func (s *scene) expire() {
	why := fmt.Sprintf("as the object is older than %d s (spec.activeDeadlineSeconds)", *s.Spec.ActiveDeadlineSeconds)
	if len(s.Others) > 0 {
		s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonDeadlineExceeded, reconciling: true, message: s.untilOthersEnd(why)}
		return
	}
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: v1alpha1.ReasonDeadlineExceeded, stalled: true, succeeded: metav1.ConditionFalse,
		message: "The task was never launched, and is not any more, " + why,
	}
	if s.attempt != nil {
		s.verdict.message = fmt.Sprintf("The task is not launched again, %s; last: %s", why, outcome(s.attempt))
	}
	if s.hasLeft() {
		s.verdict.message += ". It may still run where Mesos cannot tell, and is killed if it comes back"
	}
}
