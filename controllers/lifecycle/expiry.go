package lifecycle

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// unprovenRetry is when a finished object is looked at again that waits for Mesos to tell all that runs.
const unprovenRetry = 30 * time.Second

// deleteFinished deletes the object once its end was recorded long enough ago. What may still live somewhere keeps it, and so does a person who asked
// to leave it alone.
func (s *scene) deleteFinished() {
	if s.Spec.TTLSecondsAfterFinished == nil || s.Deleting || s.paused() || s.current() || s.hasLeft() || len(s.Others) > 0 {
		return
	}
	recorded, decided := succeeded(&s.Status), succeeded(&s.decision.Status)
	if recorded == nil || decided == nil || recorded.Status != decided.Status || recorded.Status == metav1.ConditionUnknown {
		return
	}
	// The API keeps whole seconds; never sooner than asked.
	if !s.due(recorded.LastTransitionTime.Add(time.Second - 1 + secondsOr(s.Spec.TTLSecondsAfterFinished, 0))) {
		return
	}
	if !s.Proven && s.FrameworkID != "" {
		s.checkAt(s.Now.Add(unprovenRetry))
		return
	}
	s.step(StepDelete)
}

// succeeded is what a status says of the task's end; nil for nothing.
func succeeded(status *v1alpha1.MesosTaskStatus) *metav1.Condition {
	return meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionSucceeded)
}
