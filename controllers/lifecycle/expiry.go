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
	if s.Spec.TTLSecondsAfterFinished == nil || s.Deleting || s.paused() || s.mayLive() {
		return
	}
	recorded, decided := succeeded(&s.Status), succeeded(&s.decision.Status)
	if recorded != nil && !s.due(s.Created) {
		// The clock here is behind the API server's. Until it is not, no end that is recorded passes for this object's.
		return
	}
	if recorded == nil || decided == nil || recorded.Status == metav1.ConditionUnknown || s.isAnotherEnd(recorded, decided) {
		return
	}
	// The API keeps whole seconds; never sooner than asked.
	if !s.due(recorded.LastTransitionTime.Add(time.Second - 1 + secondsOr(s.Spec.TTLSecondsAfterFinished, 0))) {
		return
	}
	if !s.Proven && !s.isAloneOver() {
		s.checkAt(s.Now.Add(unprovenRetry))
		return
	}
	s.step(StepDelete)
}

// mayLive says whether anything of the object may still live somewhere.
func (s *scene) mayLive() bool { return s.current() || s.hasLeft() || len(s.Others) > 0 }

// isAloneOver says whether the object's task is recorded as over, and there is no framework to ask whether anything else of its name runs. Of what was
// never launched, or came from a backup, no record tells.
func (s *scene) isAloneOver() bool {
	recorded := s.Status.Task
	return s.FrameworkID == "" && recorded != nil && over(recorded) && s.Binding != nil && s.Binding.TaskID == recorded.ID && s.Binding.UID == s.UID
}

// isAnotherEnd says whether the end that is recorded is not the one that is decided: it was by another spec, for another reason, or of an earlier object
// whose status a backup brought back.
func (s *scene) isAnotherEnd(recorded, decided *metav1.Condition) bool {
	return recorded.Status != decided.Status || recorded.Reason != decided.Reason || recorded.ObservedGeneration != s.Generation ||
		recorded.LastTransitionTime.Time.Before(s.Created)
}

// dateEnd makes condition Succeeded count from now where it is about another end, though its status is the same: the TTL is the end's.
func (s *scene) dateEnd(decided *metav1.Condition) {
	recorded := succeeded(&s.decision.Status)
	if recorded != nil && s.isAnotherEnd(recorded, decided) && !s.Now.Before(s.Created) {
		recorded.LastTransitionTime = decided.LastTransitionTime
	}
}

// succeeded is what a status says of the task's end; nil for nothing.
func succeeded(status *v1alpha1.MesosTaskStatus) *metav1.Condition {
	return meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionSucceeded)
}
