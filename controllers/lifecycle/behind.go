package lifecycle

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// departure is a reason to leave the current attempt behind: the task goes on without it, though nobody knows that it is over.
type departure struct {
	when    func(*scene) bool
	outcome v1alpha1.AttemptOutcome
	tell    func(*scene)
}

// departures are tried in order; the first that matches moves the attempt from task to the history. A deleted object does not go on, so
// there only what ends the attempt counts; what else it takes to let such an object go is in deletion.go.
var departures = []departure{
	{func(s *scene) bool { return s.overByWord(s.attempt) && s.whyKept() == "" }, v1alpha1.OutcomeGivenUp, func(s *scene) { s.tellGivenUp(s.attempt) }},
	{func(s *scene) bool { return s.mayGiveUp() && s.agentGivenUp(s.attempt) && s.whyKept() == "" }, v1alpha1.OutcomeGivenUp, func(s *scene) { s.tellGivenUp(s.attempt) }},
	{func(s *scene) bool { return !s.Deleting && s.mayGiveUp() && s.whyKept() == "" }, v1alpha1.OutcomeGivenUp, func(s *scene) { s.tellGivenUp(s.attempt) }},
	{func(s *scene) bool { return !s.Deleting && s.isAbandoned() && s.whyKept() == "" }, v1alpha1.OutcomeGivenUp, func(s *scene) { s.tellGivenUp(s.attempt) }},
	{func(s *scene) bool { return !s.Deleting && s.stayedAway() && s.whyNotReplaced() == "" }, v1alpha1.OutcomeReplaced, (*scene).tellReplaced},
}

// leaveBehind moves the current attempt to the history, if there is a reason to.
func (s *scene) leaveBehind() {
	if !s.current() || s.paused() {
		return
	}
	for _, departure := range departures {
		if !departure.when(s) {
			continue
		}
		status := &s.decision.Status
		s.attempt.Outcome = departure.outcome
		departure.tell(s)
		if s.ignoresKills() {
			s.attempt.Ran = new(false)
		}
		if s.overByWord(s.attempt) || s.agentGivenUp(s.attempt) {
			// There is nothing to wait for any more. Should it come back all the same, it is killed.
			s.attempt.FinishTime = s.timeOf(s.Now)
		}
		until := s.Now
		if s.attempt.UnreachableTime != nil {
			until = s.attempt.UnreachableTime.Time
		}
		s.delayNext(until)
		s.remember(*status.Task)
		status.Task, s.attempt, s.left = nil, &status.History[0], true
		return
	}
}

// foreign says whether an attempt was launched under another framework ID than the framework has now, so that nobody can be asked for it.
func (s *scene) foreign(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.FrameworkID != "" && attempt.FrameworkID != s.FrameworkID && (s.FrameworkID != "" || s.idReplaced(attempt))
}

// idReplaced says whether a person replaced the framework ID that the attempt was launched under, as Mesos had removed it.
func (s *scene) idReplaced(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.FrameworkID != s.FrameworkID && slices.Contains(s.ReplacedIDs, attempt.FrameworkID)
}

// overByWord says whether an attempt is over by a person's word: it can never be asked for again, so nothing better will be known.
func (s *scene) overByWord(attempt *v1alpha1.TaskAttempt) bool {
	return s.idReplaced(attempt) || s.foreign(attempt) && s.givesUp(attempt)
}

// lost says whether Mesos has said in this subscription that it cannot tell whether the current attempt runs, or was asked and says nothing.
// That it has not spoken of it yet, as after a start of this process, is no reason to give up what may well run.
func (s *scene) lost() bool {
	return !s.live() && (s.Silent && !s.awaitsAgents() || !s.Outdated && s.Observation != nil && s.Observation.State.Class() == mesos.FateUnknown)
}

// awaitsAgents says whether Mesos was last asked for the current attempt while it still waited for agents to come back after a failover of the
// master: until then it is silent about what runs on them (Mesos master, RECONCILE of a task whose agent is recovered).
func (s *scene) awaitsAgents() bool { return s.LastAsk.Before(s.SilenceCounts) }

// mayGiveUp says whether a person gave the current attempt up and Mesos cannot tell of it, or says that it is on its way to an agent that answers no
// KILL. One whose ACCEPT is on its way is given up once that
// was answered: until then it cannot even be killed.
func (s *scene) mayGiveUp() bool {
	return s.givesUp(s.attempt) && (s.lost() || s.ignoresKills()) && s.settled()
}

// isAbandoned says whether an earlier object of this name abandoned the attempt, whose binding a restore brought back, and Mesos cannot tell of
// it.
func (s *scene) isAbandoned() bool {
	return s.Abandoned.Has(s.attempt.ID) && s.lost() && s.settled()
}

// wantsWord says whether Mesos has to be asked before the attempt can be given up, as a person or an earlier object wants.
func (s *scene) wantsWord() bool {
	return (s.givesUp(s.attempt) || s.Abandoned.Has(s.attempt.ID)) && !s.live() && !s.lost()
}

// settled says whether the attempt's ACCEPT can take no effect any more that it has not taken.
func (s *scene) settled() bool { return s.Launch != LaunchSent && s.Launch != LaunchUnsent }

// deadline is when the current attempt's fate will have been unknown for as long as spec.unreachable allows; false where there is no such time.
func (s *scene) deadline() (time.Time, bool) {
	after, _, replaces := s.replaceAfter()
	if !s.fateUnknown() || s.otherFramework() || !replaces {
		return time.Time{}, false
	}
	since := s.FateUnknownSince
	if since.IsZero() {
		if s.attempt.UnreachableTime == nil {
			return time.Time{}, false
		}
		// The API keeps whole seconds; never sooner than asked.
		since = s.attempt.UnreachableTime.Add(time.Second - 1)
	}
	return since.Add(after), true
}

// stayedAway says whether that time has passed, and Mesos was asked since and cannot tell yet (rule 16).
func (s *scene) stayedAway() bool {
	deadline, ok := s.deadline()
	return ok && s.settled() && !s.Now.Before(deadline) && s.answeredSince(deadline)
}

// answeredSince says whether Mesos answered a RECONCILE sent at that time or later, and cannot tell the attempt's fate.
func (s *scene) answeredSince(at time.Time) bool {
	return s.Answered && !s.LastAsk.Before(at) && s.Observation != nil && s.Observation.State.Class() == mesos.FateUnknown
}

// needsAnswer says whether an answer is all that the attempt's departure or its end waits for, and since when that has to be asked for.
func (s *scene) needsAnswer() (since time.Time, needed bool) {
	for _, at := range s.deadlines() {
		if s.due(at) && !s.answeredSince(at) && !at.Before(since) {
			since, needed = at, true
		}
	}
	return since, needed
}

// deadlines are when what Mesos says of the attempt then will decide.
func (s *scene) deadlines() (all []time.Time) {
	if s.paused() {
		return nil
	}
	deadline, ok := s.deadline()
	if ok && (s.Deleting || s.whyNotReplaced() == "") && (!s.Deleting || s.Spec.DeletionPolicy != v1alpha1.TaskDeletionOrphan) {
		all = append(all, deadline)
	}
	if since, removed := s.removalOver(s.attempt); removed {
		all = append(all, since)
	}
	return all
}

// whyNotReplaced says why an attempt is not replaced though its time has come; empty where nothing hinders.
func (s *scene) whyNotReplaced() string {
	switch {
	case s.Spec.Suspend:
		return "spec.suspend asks for nothing in its place"
	case s.pastDeadline():
		return "nothing is launched in its place, " + s.tooOld()
	case s.Obstacle != nil:
		return "nothing can be launched in its place: " + s.Obstacle.Message
	case s.whyKept() != "":
		return s.whyKept()
	case s.AgentsAwaited:
		return "the master has not been asked yet whether it has an agent that is large enough for what would be launched in its place"
	default:
		return ""
	}
}

// whyKept says why no attempt can be left behind; empty where nothing hinders.
func (s *scene) whyKept() string {
	if s.unsettled() < maxHistory {
		return ""
	}
	return fmt.Sprintf("status.history already holds %d attempts that are not known to be over", maxHistory)
}

// hasLeft says whether the history has an attempt that is not known to be over.
func (s *scene) hasLeft() bool {
	return slices.ContainsFunc(s.decision.Status.History, func(earlier v1alpha1.TaskAttempt) bool { return !over(&earlier) })
}

// unsettled counts the attempts that have to stay in the history.
func (s *scene) unsettled() (n int) {
	for i := range s.decision.Status.History {
		if s.stays(&s.decision.Status.History[i]) {
			n++
		}
	}
	return n
}

// leftBehind says whether a live task is an attempt that was over, replaced, given up or abandoned: it is never taken over, but killed.
func (s *scene) leftBehind(other Other) bool {
	return named(&s.decision.Status, other.TaskID) || s.Abandoned.Has(other.TaskID)
}

func (s *scene) tellGivenUp(attempt *v1alpha1.TaskAttempt) {
	reason, why := v1alpha1.EventGivenUp, ""
	switch given := s.wordFor(attempt); {
	case s.idReplaced(attempt):
		why = fmt.Sprintf("its framework ID %s was replaced", attempt.FrameworkID)
	case given == nil:
		why = "an object of this name abandoned it before; it is killed if it comes back"
	case given.annotation == v1alpha1.AnnotationGiveUp:
		why = fmt.Sprintf("annotation %s asks; it is killed if it comes back", given.annotation)
		if s.current() && s.attempt == attempt && s.ignoresKills() {
			why = fmt.Sprintf("annotation %s asks, though Mesos says TASK_STAGING; it is killed if it shows itself", given.annotation)
		}
	default:
		if reason = v1alpha1.EventUnknownGivenUp; given.annotation == v1alpha1.AnnotationGiveUpAgent {
			reason = v1alpha1.EventAgentGivenUp
		}
		why = fmt.Sprintf("annotation %s of MesosFramework %s asks; it is killed if it comes back", given.annotation, s.Spec.FrameworkRef.Name)
	}
	s.tell(Event{Reason: reason, Action: actionReconciling, Message: fmt.Sprintf("Gave up %s on agent %s, as %s", attempt.ID, attempt.AgentID, why)})
}

func (s *scene) tellReplaced() {
	s.tell(Event{Warning: true, Reason: v1alpha1.EventReplaced, Action: actionReconciling, Message: fmt.Sprintf(
		"Replacing %s on %s, of which Mesos says %s since %s; it is killed if it comes back", s.attempt.ID, s.where(), s.state(), since(s.attempt.UnreachableTime))})
}

// since is a time of the API for a person.
func since(at *metav1.Time) string {
	if at == nil {
		return "some time"
	}
	return at.UTC().Format(time.RFC3339)
}

// noteStale says that the binding is an old one. While an attempt is current its binding is restored instead.
func (s *scene) noteStale() {
	if s.Deleting || s.current() || !stale(&s.decision.Status, s.Binding) {
		return
	}
	text := fmt.Sprintf("Annotation %s is of %s, an old attempt, and is ignored", v1alpha1.AnnotationBinding, s.Binding.TaskID)
	s.noteAndTell(text, Event{Warning: true, Reason: v1alpha1.EventStaleBinding, Action: actionReconciling, Message: text})
}
