package schedule

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// messageLength is how much a condition says.
const messageLength = 1024

// verdict is why the schedule is not kept; its zero value says that it is.
type verdict struct {
	reason, message string
	// stalled says that nothing comes of it until a person changes something.
	stalled bool
}

func stalled(reason, message string) verdict {
	return verdict{reason: reason, message: message, stalled: true}
}

// await says that the schedule does not count before it is known what runs under the cron task's name.
func (s *scene) await() {
	if s.Obstacle == nil {
		s.verdict = verdict{
			reason:  v1alpha1.ReasonAwaitingFramework,
			message: "The framework has not told yet what of this object's runs lives, as after it was lost and created anew: no run is started before",
		}
	}
}

// judge finishes the verdict with what holds a run back that only a person, or the API server, can change.
func (s *scene) judge() {
	if s.verdict.reason == "" && s.held != nil {
		switch s.held.reason {
		case v1alpha1.ReasonNameTaken:
			s.verdict = stalled(s.held.reason, s.held.message)
		case v1alpha1.ReasonRunRefused, v1alpha1.ReasonAwaitingFramework:
			s.verdict = verdict{reason: s.held.reason, message: s.held.message}
		default:
		}
	}
}

// setConditions says how the schedule is kept.
func (s *scene) setConditions() {
	s.judge()
	ready, reason, message := metav1.ConditionTrue, v1alpha1.ReasonScheduled, fmt.Sprintf("Runs are started by %s (%s)", s.Spec.Schedule, zoneName(s.Spec.TimeZone))
	switch {
	case s.verdict.reason != "":
		ready, reason, message = metav1.ConditionFalse, s.verdict.reason, s.verdict.message
	case s.Spec.Suspend:
		reason, message = v1alpha1.ReasonSuspended, "spec.suspend keeps the schedule from starting runs"
	default:
	}
	s.set(v1alpha1.ConditionReady, ready, reason, message)
	s.setIf(s.verdict.reason != "" && !s.verdict.stalled, v1alpha1.ConditionReconciling, reason, message)
	s.setIf(s.verdict.stalled, v1alpha1.ConditionStalled, reason, message)
	s.setIf(s.Spec.Suspend, v1alpha1.ConditionSuspended, v1alpha1.ReasonSuspended, "spec.suspend keeps the schedule from starting runs")
	s.setBehind()
}

// setBehind says that a run is held back, or that some were missed since one was last started.
func (s *scene) setBehind() {
	reason, missed := v1alpha1.ReasonRunMissed, ""
	if s.missed > 0 {
		if s.held != nil && s.held.reason == v1alpha1.ReasonRunActive || s.wasBehind(v1alpha1.ReasonRunActive) && !s.started {
			reason = v1alpha1.ReasonRunActive
		}
		missed = s.sayMissed(reason)
		s.event(true, v1alpha1.ReasonRunMissed, missed)
	}
	switch {
	case s.held != nil:
		message := s.held.message
		if s.status().MissedRuns > 0 {
			message += "; " + sayCount(s.status().MissedRuns, "missed so far")
		}
		s.set(v1alpha1.ConditionBehind, metav1.ConditionTrue, s.held.reason, message)
	case s.started || s.decision.Create != nil || s.Spec.Suspend:
		meta.RemoveStatusCondition(&s.status().Conditions, v1alpha1.ConditionBehind)
	case s.missed > 0:
		s.set(v1alpha1.ConditionBehind, metav1.ConditionTrue, reason, missed)
	case !s.wasBehind(v1alpha1.ReasonRunMissed) && !s.wasBehind(v1alpha1.ReasonRunActive):
		// Nothing is due any more, and nothing was missed: the schedule was changed, or the run that was asked for is not wanted any more.
		meta.RemoveStatusCondition(&s.status().Conditions, v1alpha1.ConditionBehind)
	default:
	}
}

// wasBehind says whether what is recorded is behind for a reason.
func (s *scene) wasBehind(reason string) bool {
	behind := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionBehind)
	return behind != nil && behind.Reason == reason
}

// sayMissed tells of the runs that were missed, in one sentence that a person understands a month later.
func (s *scene) sayMissed(reason string) string {
	why := fmt.Sprintf("as nothing started them within %s of their time (spec.startingDeadlineSeconds), or before the next was due", s.deadline())
	if reason == v1alpha1.ReasonRunActive {
		why = "as an earlier run was not over and spec.concurrencyPolicy is Forbid"
	}
	return fmt.Sprintf("%s, the last one that of %s, %s", sayCount(int64(s.missed), "missed"), say(s.lastMissed), why)
}

// sayCount counts runs; what was not counted to its end it says so.
func sayCount(n int64, what string) string {
	switch {
	case n == 1:
		return "1 run was " + what
	case n >= mostMissed:
		return fmt.Sprintf("at least %d runs were %s", n, what)
	default:
		return fmt.Sprintf("%d runs were %s", n, what)
	}
}

func (s *scene) setIf(holds bool, condition, reason, message string) {
	if holds {
		s.set(condition, metav1.ConditionTrue, reason, message)
	} else {
		meta.RemoveStatusCondition(&s.status().Conditions, condition)
	}
}

func (s *scene) set(condition string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&s.status().Conditions, metav1.Condition{
		Type: condition, Status: status, Reason: reason, Message: strings.ToValidUTF8(message[:min(len(message), messageLength)], ""),
		ObservedGeneration: s.Generation, LastTransitionTime: metav1.NewTime(s.Now.Truncate(time.Second)),
	})
}
