package lifecycle

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// messageLength is how much a condition says.
const messageLength = 1024

// never is a time that a decision does not live to see.
var never = time.Unix(1<<40, 0)

// verdict is what a rule says of the task; the conditions follow from it.
type verdict struct {
	ready           metav1.ConditionStatus
	reason, message string
	// reconciling, stalled and suspended make the condition of that name True; it is absent otherwise.
	reconciling, stalled, suspended bool
	// waits says that status.nextLaunchTime is what the task waits for.
	waits bool
	// succeeded is the status of condition Succeeded; empty for none.
	succeeded metav1.ConditionStatus
	// end is what is to be said of the task's own end, where the rest of the verdict does not speak of it; nil for nothing.
	end *verdict
	// unreachable is the reason of condition AgentUnreachable; empty for none.
	unreachable string
}

// markUnreachable raises condition AgentUnreachable while Mesos cannot say whether the attempt runs.
func (s *scene) markUnreachable() {
	switch {
	case !s.fateUnknown():
	case s.state() == mesos.TaskUnreachable:
		s.verdict.unreachable = v1alpha1.ReasonAgentUnreachable
	default:
		s.verdict.unreachable = v1alpha1.ReasonFateUnknown
	}
}

// settle turns the verdict into conditions and events, and adds what every decision has.
func (s *scene) settle() {
	status := &s.decision.Status
	s.judgeOthers()
	s.readAhead()
	s.mend()
	s.keepStalled()
	s.noteAway()
	s.annotate()
	s.setConditions()
	if s.verdict.reason != v1alpha1.ReasonAwaitingOffer {
		status.Pending = nil
	}
	if !s.verdict.waits {
		status.NextLaunchTime = nil
	}
	status.ObservedGeneration = s.Generation
	s.holdBackChecks()
	switch {
	case s.decision.Gone:
		s.decision.WriteAt = never
	case s.mustWrite():
		s.decision.WriteAt, s.decision.Passes = time.Time{}, false
	case s.Now.Before(s.decision.WriteAt) && s.decision.WriteAt != never:
		s.checkAt(s.decision.WriteAt)
	}
	s.deleteFinished()
	switch {
	case !s.mayAcknowledge():
	case s.decision.Gone:
		s.step(StepAcknowledge)
	default:
		s.decision.Steps = slices.Insert(s.decision.Steps, 0, StepAcknowledge)
	}
	s.tellChanges()
	s.decision.Rests = s.rests()
}

// rests says whether nothing is on its way for an attempt that runs, and nobody waits for a word on it or on any other.
func (s *scene) rests() bool {
	return s.live() && s.state() == mesos.TaskRunning && s.Observation.State == mesos.TaskRunning && s.unwanted() == "" && !s.Deleting && !s.Paused &&
		!s.Doubted && s.wordFor(s.attempt) == nil && len(s.Others) == 0 && !s.hasLeft() && len(s.decision.Steps) == 0
}

// mayAcknowledge says whether an update waits whose news is durable by the time that the steps are taken, or need not be (rule 3).
func (s *scene) mayAcknowledge() bool {
	task := s.decision.Status.Task
	if len(s.Unacknowledged) == 0 || task == nil || s.Observation == nil || s.Observation.TaskID != task.ID || s.foreign(task) {
		return false
	}
	state := s.Observation.State
	passing := state == mesos.TaskStaging || state == mesos.TaskStarting || s.Deleting && state.Class() != mesos.Ended
	return passing || s.decision.Gone || !s.decision.Passes && !s.Now.Before(s.decision.WriteAt) || s.durableState() == string(state)
}

// mustWrite says whether the status has something that may not wait: an end, or an earlier verdict that no longer holds. That the verdicts on an
// object hold no longer its deletion timestamp says (kstatus: Terminating).
func (s *scene) mustWrite() bool {
	news := s.ended || s.learned || s.answered || s.left || s.settledOther || s.condemned || len(s.endedEarlier) > 0
	if news || s.Deleting {
		return news
	}
	ready := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	withdrawn := meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionStalled) && !s.verdict.stalled
	return withdrawn || ready != nil && (ready.Status == metav1.ConditionTrue && !s.checked || ready.ObservedGeneration != s.Generation)
}

func (s *scene) setConditions() {
	v := s.verdict
	end := v
	if v.end != nil {
		end = *v.end
	}
	maintained, maintenance, window := s.maintenance()
	conditions := []struct {
		name    string
		status  metav1.ConditionStatus
		reason  string
		message string
	}{
		{v1alpha1.ConditionReady, v.ready, v.reason, v.message},
		{v1alpha1.ConditionSucceeded, end.succeeded, end.reason, end.message},
		{v1alpha1.ConditionReconciling, trueIf(v.reconciling), v.reason, v.message},
		{v1alpha1.ConditionStalled, trueIf(v.stalled), v.reason, v.message},
		{v1alpha1.ConditionSuspended, trueIf(v.suspended), v.reason, v.message},
		{v1alpha1.ConditionAgentUnreachable, trueIf(v.unreachable != ""), v.unreachable, v.message},
		{v1alpha1.ConditionAgentMaintenance, trueIf(maintained), maintenance, window},
	}
	for _, condition := range conditions {
		if condition.status == "" {
			meta.RemoveStatusCondition(&s.decision.Status.Conditions, condition.name)
			continue
		}
		decided := metav1.Condition{
			Type: condition.name, Status: condition.status, Reason: condition.reason, Message: cut(condition.message, messageLength),
			ObservedGeneration: s.Generation, LastTransitionTime: metav1.Time{Time: s.Now.Truncate(time.Second)},
		}
		if condition.name == v1alpha1.ConditionSucceeded {
			s.dateEnd(&decided)
		}
		meta.SetStatusCondition(&s.decision.Status.Conditions, decided)
	}
}

// annotate adds the sentences that hold whatever the verdict.
func (s *scene) annotate() {
	earlier := s.notes
	s.notes = nil
	s.heedGiveUp()
	s.noteStale()
	if s.paused() {
		s.note("Paused by annotation " + v1alpha1.AnnotationPaused)
	}
	// What is told once, as a condition does not say it yet, goes first: it must not be cut off.
	if s.notes = append(s.notes, earlier...); len(s.notes) == 0 {
		return
	}
	// Half of it is the verdict's, if it needs that.
	notes := cut(". "+strings.Join(s.notes, ". "), max(messageLength/2, messageLength-len(s.verdict.message)))
	s.verdict.message = strings.TrimSuffix(cut(s.verdict.message, messageLength-len(notes)), ".") + notes
}

// note adds a sentence to what condition Ready says.
func (s *scene) note(text string) { s.notes = append(s.notes, text) }

// noteAndTell does so and tells an event the first time.
func (s *scene) noteAndTell(text string, event Event) {
	s.note(text)
	if before := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); before == nil || !strings.Contains(before.Message, text) {
		s.tell(event)
	}
}

// trueIf is True, or no condition at all.
func trueIf(holds bool) metav1.ConditionStatus {
	if holds {
		return metav1.ConditionTrue
	}
	return ""
}

// cut shortens text to so many bytes, between two characters.
func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	for length > 0 && !utf8.RuneStart(text[length]) {
		length--
	}
	return text[:length]
}
