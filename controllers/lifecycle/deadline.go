package lifecycle

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
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

// mayHaveNone says whether the object is to have no task: neither its attempt of record nor another.
func (s *scene) mayHaveNone() bool {
	return s.Spec.Suspend || s.pastDeadline() && (s.current() || !s.hasOwnEnd())
}

// keepsEnd says whether the task had come to its own end when its object became too old, though by an earlier spec or before a person asked for a
// restart: nothing follows on that end any more, so that it stays. Where the status had withdrawn it by then, what was to follow ran out of time.
func (s *scene) keepsEnd() bool {
	if !s.isExpired() || s.attempt == nil || !over(s.attempt) {
		return false
	}
	recorded, kill := succeeded(&s.Status), s.attempt.KillReason
	switch {
	case s.endedOfItself(kill):
	case recorded == nil || recorded.Status == metav1.ConditionUnknown || recorded.Reason == v1alpha1.ReasonDeadlineExceeded:
		return false
	case recorded.Status == metav1.ConditionTrue:
		// It has completed, whatever spec.restartPolicy is by now.
		return s.state() == mesos.TaskFinished
	}
	return s.isRefused() && s.asDeclared() || s.isComplete() || kill == "" && (s.isFailed() || s.isExhausted())
}

// endedOfItself says whether it is news that the attempt is over, and nobody else's kill ended it than the deadline's.
func (s *scene) endedOfItself(kill v1alpha1.KillReason) bool {
	return s.ended && (kill == "" || kill == v1alpha1.KillDeadlineExceeded)
}

// isProvenOver says whether it is known that nothing of the object runs: its record says so, or Mesos has told all that runs. The record of another
// object, which a backup brought back, knows nothing of what followed.
func (s *scene) isProvenOver() bool {
	return s.Proven || s.attempt != nil && (s.Binding == nil || s.Binding.UID == s.UID)
}

// isConcluded says whether a task that is to have no attempt again, as its object is too old, has failed for that: not while anything of its name may
// run, nor while it is paused, if it had not by then.
func (s *scene) isConcluded() bool {
	if !s.isProvenOver() {
		s.checkAt(s.Now.Add(unprovenRetry))
		return false
	}
	recorded := succeeded(&s.Status)
	return len(s.Others) == 0 && (!s.Paused || recorded != nil && recorded.Reason == v1alpha1.ReasonDeadlineExceeded)
}

// tooOld says why nothing is launched.
func (s *scene) tooOld() string {
	return fmt.Sprintf("as the object is older than %d s (spec.activeDeadlineSeconds)", *s.Spec.ActiveDeadlineSeconds)
}

func (s *scene) expire() {
	end := s.endVerdict()
	switch {
	case len(s.Others) > 0:
		s.verdict = verdict{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonDeadlineExceeded, reconciling: true, message: s.untilOthersEnd(s.tooOld()), end: end,
		}
	case end == nil:
		s.verdict = verdict{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonDeadlineExceeded, reconciling: true,
			message: fmt.Sprintf("Nothing is launched, %s. Whether a task of its name runs is not known before Mesos has told all that runs", s.tooOld()),
		}
		if s.Obstacle != nil {
			s.verdict.message += ". " + s.Obstacle.Message
		}
	default:
		s.verdict = *end
	}
}

// timedOut is the verdict on a task that did not come to its own end in time.
func (s *scene) timedOut() {
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: v1alpha1.ReasonDeadlineExceeded, stalled: true, succeeded: metav1.ConditionFalse,
		message: "The task was never launched, and is not any more, " + s.tooOld(),
	}
	last := s.attempt
	if history := s.decision.Status.History; last == nil && len(history) > 0 {
		last = &history[0]
	}
	if last != nil {
		s.verdict.message = fmt.Sprintf("The task is not launched again, %s; last: %s", s.tooOld(), outcome(last))
	}
	if s.hasLeft() {
		s.verdict.message += ". It may still run where Mesos cannot tell, and is killed if it comes back"
	}
}
