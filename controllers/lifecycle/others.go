package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Other is a task of the object's identity that is not its attempt of record and counts as live (rule 12): one whose binding was lost, one that is
// being killed, or an earlier attempt that came back.
type Other struct {
	TaskID  string
	AgentID string
	// State is what Mesos last said of it; empty where this process launched it, or the status names it, and Mesos has said nothing. AgentRemoved is
	// as in mesos.Observation.
	State        mesos.TaskState
	AgentRemoved string
	// Since is when Mesos first spoke of it here, Lived when it last said that it lives; zero for never.
	Since, Lived time.Time
	// LostSince is since when Mesos cannot say whether it runs, UnknownSince since when it says TASK_UNKNOWN; zero while it does not.
	LostSince, UnknownSince time.Time
	// Outdated says that Mesos has not spoken of it in this term: it may be over, and must be asked for.
	Outdated bool
	// Dying says that it is being killed, as only this framework asks for it: it is not what goes on.
	Dying bool
	// GoneSince is since when Mesos says of it that it is gone, as a draining agent says it when it begins to kill; zero while it does not.
	GoneSince time.Time
	// KillGracePeriodSeconds is what it has between SIGTERM and SIGKILL, where the framework's status says so, as it was abandoned; else nil.
	KillGracePeriodSeconds *int32
	// Kills, FirstKill and LastKill, Asks, LastAsk, Answered and Silent are as in Seen.
	Kills               int
	FirstKill, LastKill time.Time
	Asks                int
	LastAsk             time.Time
	Answered, Silent    bool
}

// lives says whether Mesos says in this term that the other lives.
func (o Other) lives() bool { return !o.Outdated && o.State.Class() == mesos.Live }

// isVain says whether an other is a launch that may never have reached its agent: Mesos says TASK_STAGING, and no KILL has been answered for long.
func (s *scene) isVain(other Other) bool {
	return other.lives() && other.State == mesos.TaskStaging && other.Kills > 0 && s.due(other.FirstKill.Add(killsIgnoredAfter))
}

// surelyLives says whether Mesos says of an other that it lives, and nothing speaks against it.
func (s *scene) surelyLives(other Other) bool { return other.lives() && !s.isVain(other) }

// isLost says whether Mesos cannot tell whether an other runs: it says so, or was asked and is silent though all agents had their time to come back,
// or it says no more than that it is being launched, and no KILL is answered.
func (s *scene) isLost(other Other) bool {
	if attempt := s.attemptOf(other); isEndingUnseen(&attempt) {
		return false
	}
	return s.isVain(other) || !other.lives() && (other.Silent && !other.LastAsk.Before(s.SilenceCounts) || !other.Outdated && other.State != "")
}

// judgeOthers decides about the live tasks of the object's identity that are not its attempt of record (rule 12), and kills each that is to go,
// where that is due.
func (s *scene) judgeOthers() {
	for _, other := range slices.Concat(s.Others, s.vanished) {
		if !s.doomed(other) {
			continue
		}
		if (other.Kills == 0 || s.due(other.LastKill.Add(grow(firstKillRetry, lastKillRetry, other.Kills)))) && s.condemn(other) {
			s.decision.KillOthers = append(s.decision.KillOthers, other)
			s.checkAt(s.Now.Add(grow(firstKillRetry, lastKillRetry, other.Kills+1)))
		}
	}
	if len(s.decision.KillOthers) > 0 {
		s.step(StepKillOthers)
	}
	s.askForOthers()
}

// othersAskRetry is the time between two RECONCILEs of an other.
const othersAskRetry = time.Minute

// askForOthers sends RECONCILE for each other of which Mesos has to say something: as it has not since the connection was lost, or as nothing but an
// answer is missing for it to be over.
func (s *scene) askForOthers() {
	for _, other := range s.Others {
		attempt := s.attemptOf(other)
		since, removed := s.removalOver(&attempt)
		removed = removed && s.due(since) && !answeredAfter(other, since)
		if other.lives() || !other.Outdated && !removed {
			continue
		}
		if other.Asks == 0 || removed && other.LastAsk.Before(since) || s.due(other.LastAsk.Add(othersAskRetry)) {
			s.decision.AskOthers = append(s.decision.AskOthers, other)
			s.checkAt(s.Now.Add(othersAskRetry))
		}
	}
	if len(s.decision.AskOthers) > 0 {
		s.step(StepAskOthers)
	}
}

// answeredAfter says whether Mesos answered a RECONCILE of an other that was sent at that time or later.
func answeredAfter(other Other, at time.Time) bool {
	return other.Answered && !other.LastAsk.Before(at)
}

// condemn makes the status say that an other is being killed, before it is: whichever process learns of its end then knows that the end is not
// the task's own. It returns false where the history has no room, and the other waits until it has.
func (s *scene) condemn(other Other) bool {
	status := &s.decision.Status
	if s.leftBehind(other) {
		return true
	}
	id, err := ParseTaskID(other.TaskID)
	if err != nil || s.unsettled() >= maxHistory {
		return false
	}
	status.History = s.trimmed(append(status.History, v1alpha1.TaskAttempt{
		ID: other.TaskID, AgentID: other.AgentID, FrameworkID: s.FrameworkID, Hash: id.Hash, KillReason: v1alpha1.KillNotOfRecord,
	}))
	s.condemned = true
	return true
}

// isCondemned says whether the history holds a task as one that is being killed as it is not the attempt of record.
func isCondemned(status *v1alpha1.MesosTaskStatus, taskID string) bool {
	return slices.ContainsFunc(Condemned(status), func(attempt v1alpha1.TaskAttempt) bool { return attempt.ID == taskID })
}

// Condemned are the tasks that a status durably holds as being killed, as they are not the attempt of record, and that are neither over nor left
// behind: they count as live, whichever process saw them live.
func Condemned(status *v1alpha1.MesosTaskStatus) (condemned []v1alpha1.TaskAttempt) {
	for _, earlier := range status.History {
		if earlier.KillReason == v1alpha1.KillNotOfRecord && earlier.Outcome == "" && !over(&earlier) {
			condemned = append(condemned, earlier)
		}
	}
	return condemned
}

// settleOthers leaves out of Others what does not count as live though Mesos has told no end: what was left behind and is not back, as that it may live was
// allowed for when it was left; and what a person gives up, or whose agent was removed, which the history then holds as left behind or over.
func (s *scene) settleOthers() {
	s.Others = slices.DeleteFunc(slices.Clone(s.Others), func(other Other) bool {
		switch {
		case other.lives() && s.hasVanished(other.TaskID, other.State), s.isVain(other) && s.leftBehind(other) && !isCondemned(&s.decision.Status, other.TaskID):
			// That it may live was allowed for when it was given up or left.
			s.vanished = append(s.vanished, other)
			return true
		case s.surelyLives(other):
			return false
		case s.endsUnseenAs(other):
			// It runs yet, whatever was allowed for before.
			return !s.paused() && s.endsOther(other)
		case s.leftBehind(other) && !isCondemned(&s.decision.Status, other.TaskID):
			return true
		default:
			return !s.paused() && s.endsOther(other)
		}
	})
}

// endsOther says whether an other that does not live by what Mesos says is ended by a word, by the removal of its agent, or by time, and makes the
// status say so.
func (s *scene) endsOther(other Other) bool {
	attempt := s.attemptOf(other)
	given := s.wordFor(&attempt)
	switch {
	case isEndingUnseen(&attempt):
		if !s.due(s.overUnseen(&attempt)) {
			return false
		}
		if !s.Abandoned.Has(other.TaskID) {
			// That one is the framework's to forget.
			s.decision.Forget = append(s.decision.Forget, other.TaskID)
		}
		return true
	case !s.isLost(other):
		return false
	case s.whyKept() != "" && !named(&s.decision.Status, other.TaskID):
		// The history could not hold that it is over.
		return false
	case given != nil && given.annotation == v1alpha1.AnnotationGiveUpAgent:
		attempt.FinishTime = s.timeOf(s.Now)
		fallthrough
	case given != nil:
		attempt.Outcome = v1alpha1.OutcomeGivenUp
		if s.isVain(other) {
			attempt.Ran = new(false)
		}
		s.tellGivenUp(&attempt)
	case s.isRemoved(&attempt, func(since time.Time) bool { return answeredAfter(other, since) }):
		attempt.FinishTime = s.timeOf(s.Now)
		s.tellRemoved(&attempt)
	case s.isForgotten(&attempt) && named(&s.decision.Status, other.TaskID):
		attempt.FinishTime = s.timeOf(s.Now)
	case s.isForgotten(&attempt):
		s.decision.Forget = append(s.decision.Forget, other.TaskID)
		return true
	default:
		return false
	}
	s.putOther(attempt)
	return true
}

// attemptOf is an other as the history holds it, or would hold it. What the history knows of it outlives the process that saw it.
func (s *scene) attemptOf(other Other) v1alpha1.TaskAttempt {
	attempt := v1alpha1.TaskAttempt{ID: other.TaskID, AgentID: other.AgentID, FrameworkID: s.FrameworkID, KillReason: v1alpha1.KillNotOfRecord}
	if id, err := ParseTaskID(other.TaskID); err == nil {
		attempt.Hash = id.Hash
	}
	history := s.decision.Status.History
	if at := slices.IndexFunc(history, func(earlier v1alpha1.TaskAttempt) bool { return earlier.ID == other.TaskID }); at >= 0 {
		attempt = history[at]
	}
	if other.State != "" {
		attempt.State = string(other.State)
	}
	// A word is for what it was given for: not for what Mesos said to live after it, but where that is all it ever says.
	known := later(other.Since, other.Lived)
	if s.isVain(other) {
		known = other.Since
	}
	if !known.IsZero() {
		attempt.BoundTime = s.timeOf(known)
	}
	setOnce(&attempt.UnreachableTime, later(other.LostSince, other.GoneSince))
	setOnce(&attempt.UnknownTime, other.UnknownSince)
	if attempt.KillGracePeriodSeconds == nil {
		attempt.KillGracePeriodSeconds = other.KillGracePeriodSeconds
	}
	if !other.GoneSince.IsZero() {
		attempt.Reason = mesos.ReasonAgentDraining
	}
	if other.AgentRemoved != "" && attempt.AgentRemovedTime == nil {
		attempt.AgentRemovedTime, attempt.Message = attempt.UnreachableTime, other.AgentRemoved
	}
	return attempt
}

// setOnce sets a time of the API that is not set yet, where the other is known.
func setOnce(kept **metav1.Time, known time.Time) {
	if *kept == nil && !known.IsZero() {
		*kept = &metav1.Time{Time: known.Truncate(time.Second)}
	}
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// putOther puts an other into the history, in place of what stands there of it, which must be durable before anything follows.
func (s *scene) putOther(attempt v1alpha1.TaskAttempt) {
	status := &s.decision.Status
	if over(&attempt) {
		s.endedEarlier.Insert(attempt.ID)
	}
	// The attempt that counts may be in the old one.
	history := slices.DeleteFunc(slices.Clone(status.History), func(earlier v1alpha1.TaskAttempt) bool { return earlier.ID == attempt.ID })
	status.History = s.trimmed(append(history, attempt))
	s.settledOther = true
	if over(&attempt) {
		s.decision.Forget = append(s.decision.Forget, attempt.ID)
	}
}

// doomed says whether an other is to be killed. What was left behind always is, and so is each where the object is to have none. While the fate of
// the attempt of record is unknown no other is touched: it may be the one that goes on.
func (s *scene) doomed(other Other) bool {
	switch {
	case s.paused() || !other.lives():
		return false
	case s.leftBehind(other):
		return true
	case s.Deleting && s.orphans():
		return false
	case s.Deleting || s.mayHaveNone():
		return true
	case s.current():
		return s.live()
	case !s.mayDecide() || s.undecided(other):
		return false
	case s.decision.Adopt != nil:
		return other.TaskID != s.decision.Adopt.TaskID
	default:
		// What waits for its next launch may yet be what that would start.
		return s.verdict.reason != v1alpha1.ReasonBackOff
	}
}

// mayDecide says whether it can be known yet which of several tasks goes on, and that what would follow on the rest can be launched.
func (s *scene) mayDecide() bool {
	return s.Proven && s.Obstacle == nil && !s.AgentsAwaited && !s.left && !s.settledOther && !s.bindingAhead()
}

// undecided says whether an other may be the one that goes on: which of those that match does is decided once all have been told of.
func (s *scene) undecided(other Other) bool {
	return s.matches(other) && slices.ContainsFunc(s.Others, s.isAwaited)
}

// isAwaited says whether Mesos may yet say of an other what became of it, without anybody doing anything.
func (s *scene) isAwaited(other Other) bool {
	return other.Outdated && !s.isLost(other) && !s.endsUnseenAs(other)
}

// endsUnseenAs says whether an other is about to end where nobody can see it.
func (s *scene) endsUnseenAs(other Other) bool {
	attempt := s.attemptOf(other)
	return isEndingUnseen(&attempt)
}

// lostOthers are those of which Mesos cannot tell whether they run.
func (s *scene) lostOthers() []Other {
	return slices.DeleteFunc(slices.Clone(s.Others), func(other Other) bool { return !s.isLost(other) })
}

// takeOver decides about a task that would be launched while others of its identity live: the oldest that matches the spec goes on as its
// attempt, and nothing is launched before the rest is over.
func (s *scene) takeOver() {
	others := slices.SortedFunc(slices.Values(s.Others), func(a, b Other) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.TaskID, b.TaskID))
	})
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonLaunching, reconciling: true}
	s.decision.WriteAt = others[0].Since.Add(quickly)
	if !s.Proven {
		s.verdict.message = fmt.Sprintf("Mesos already runs %s; waiting until it has told all that runs", namesOf(s.Others))
		return
	}
	if awaited := slices.DeleteFunc(slices.Clone(others), func(other Other) bool { return !s.isAwaited(other) }); len(awaited) > 0 {
		s.verdict.message = fmt.Sprintf("Mesos has not said yet what became of %s; waiting until it does", namesOf(awaited))
		if others[0].Silent {
			s.verdict.message += fmt.Sprintf(". Should it still be silent after %s, annotation %s ends that", s.SilenceCounts.UTC().Format(time.RFC3339), v1alpha1.AnnotationGiveUp)
		}
		return
	}
	for _, other := range others {
		if (other.lives() || s.endsUnseenAs(other)) && s.matches(other) {
			s.verdict.message = fmt.Sprintf("Taking over %s, which already runs on agent %s", other.TaskID, other.AgentID)
			if s.left || s.settledOther {
				s.checkAt(s.Now.Add(time.Millisecond))
				return
			}
			s.decision.Adopt = &Placement{TaskID: other.TaskID, AgentID: other.AgentID}
			s.step(StepAdopt)
			return
		}
	}
	if lost := s.lostOthers(); len(lost) > 0 {
		s.verdict = verdict{
			ready: metav1.ConditionUnknown, reason: v1alpha1.ReasonFateUnknown, unreachable: v1alpha1.ReasonFateUnknown, reconciling: true,
			message: s.tellLost(lost) + ", so nothing is launched beside it" + s.waysToGiveUp(lost[0].TaskID, lost[0].AgentID),
		}
		s.decision.WriteAt = time.Time{}
		return
	}
	s.awaitTheRest()
}

// awaitTheRest is the verdict on a task that would be launched once others are over, which all live or are about to end.
func (s *scene) awaitTheRest() {
	ending := slices.DeleteFunc(slices.Clone(s.Others), func(other Other) bool { return !s.endsUnseenAs(other) })
	spared := slices.DeleteFunc(slices.Clone(s.Others), func(other Other) bool { return s.leftBehind(other) || s.endsUnseenAs(other) })
	switch {
	case len(ending) > 0:
		s.decision.WriteAt = time.Time{}
		s.verdict = verdict{ready: metav1.ConditionUnknown, reason: v1alpha1.ReasonAgentDraining, reconciling: true, message: fmt.Sprintf(
			"%s is being killed, as its agent is drained to be marked gone. Mesos tells no more of it: it counts as over once its grace period and %d s have passed, and nothing is launched before",
			namesOf(ending), int(drainedWithin.Seconds()))}
	case len(spared) > 0 && s.Obstacle != nil:
		s.hindered()
		s.verdict.message = fmt.Sprintf("%s. Until then %s is left alone, which bears this object's name and runs with another spec", strings.TrimSuffix(s.Obstacle.Message, "."), namesOf(spared))
	case len(spared) > 0 && s.AgentsAwaited:
		s.verdict.message = fmt.Sprintf("Mesos runs %s with another spec, and kills it once the master has been asked whether an agent is large enough for what would follow", namesOf(spared))
	default:
		s.verdict.reason = v1alpha1.ReasonRestarting
		s.verdict.message = fmt.Sprintf("Killing %s, which runs with another spec or was given up, before anything is launched", namesOf(s.Others))
	}
}

// matches says whether an other can go on as the object's attempt: it was launched as the spec is now, nobody is killing it, and it is none of the
// object's earlier attempts.
func (s *scene) matches(other Other) bool {
	id, err := ParseTaskID(other.TaskID)
	old := stale(&s.decision.Status, s.Binding) && s.Binding.TaskID == other.TaskID
	return err == nil && s.Launched(id.Hash, "") && !s.leftBehind(other) && !old && !other.Dying
}

// anyMatches says whether some other can go on as the object's attempt, once Mesos has told all that runs: whatever became of the attempt that
// the status knows, what runs and is wanted is not killed.
func (s *scene) anyMatches() bool {
	return s.Proven && (s.Obstacle == nil || s.Obstacle.Waits || s.Obstacle.Reads) && !s.paused() && slices.ContainsFunc(s.Others, func(other Other) bool {
		return s.matches(other) && !s.isLost(other)
	})
}

// untilOthersEnd says what is waited for where all others are to end, and why they are.
func (s *scene) untilOthersEnd(why string) string {
	message := fmt.Sprintf("Waiting for %s to end, %s", namesOf(s.Others), why)
	if lost := s.lostOthers(); len(lost) > 0 {
		message += ". " + s.tellLost(lost) + s.waysToGiveUp(lost[0].TaskID, lost[0].AgentID)
	}
	return message
}

// tellLost says of others what Mesos cannot tell.
func (s *scene) tellLost(lost []Other) string {
	first := lost[0]
	more := ""
	if len(lost) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(lost)-1)
	}
	if s.isVain(first) {
		return fmt.Sprintf("No KILL of %s on agent %s%s has been answered since %s, and Mesos still says TASK_STAGING: the launch may never have reached its agent, or may still run",
			first.TaskID, first.AgentID, more, first.FirstKill.UTC().Format(time.RFC3339))
	}
	says := "says nothing"
	if !first.Outdated {
		says = "says " + string(first.State)
	}
	return fmt.Sprintf("Mesos %s of %s on agent %s%s, which bears this object's name and may still run", says, first.TaskID, first.AgentID, more)
}

// namesOf lists tasks for a person.
func namesOf(others []Other) string {
	names := make([]string, len(others))
	for i, other := range others {
		names[i] = fmt.Sprintf("%s on agent %s", other.TaskID, other.AgentID)
	}
	slices.Sort(names)
	return listed(names)
}
