package lifecycle

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// quickly is how long a launch may take before it is worth a write of its own.
	quickly = 5 * time.Second
	// confirmWithin is how long an accepted launch may be without an update before Mesos is asked for it.
	confirmWithin = time.Minute
	// defaultGrace is the time that an agent gives a task between SIGTERM and SIGKILL unless told otherwise (Mesos command executor).
	defaultGrace = 3 * time.Second
	// killConfirmWithin is how long, past its grace period, a kill may be unconfirmed before Mesos is asked for the task.
	killConfirmWithin = 30 * time.Second
	// firstKillRetry and lastKillRetry bound the time between two KILLs of one attempt, beyond its grace period.
	firstKillRetry, lastKillRetry = 5 * time.Second, 5 * time.Minute
	// launchSlack is how long after it is due a launch may be asked for at the latest.
	launchSlack = 10 * time.Second
	// firstAskRetry and lastAskRetry bound the time between two RECONCILEs of one attempt alone.
	firstAskRetry, lastAskRetry = 5 * time.Second, time.Minute
)

// rule is one row of the decision.
type rule struct {
	name string
	when func(*scene) bool
	then func(*scene)
}

// Rules are the names of all rules, in their order.
func Rules() []string {
	names := make([]string, len(rules))
	for i := range rules {
		names[i] = rules[i].name
	}
	return names
}

// rules are tried in order; the first that matches decides. The last matches always.
var rules = []rule{
	// The object is being deleted.
	{"delete what was never bound or is over", func(s *scene) bool { return s.Deleting && !s.current() }, (*scene).release},
	{"delete and call off the launch", func(s *scene) bool { return s.Deleting && s.Launch == LaunchUnsent }, (*scene).callOffToDelete},
	{"delete and let go of what may still run", func(s *scene) bool { return s.Deleting && s.letsGo() }, (*scene).release},
	{"delete and keep the task from being killed as an orphan", func(s *scene) bool { return s.Deleting && s.orphans() && s.KillsOrphans }, (*scene).keepFromOrphanKill},
	{"delete and let the task run on", func(s *scene) bool { return s.Deleting && s.orphans() }, (*scene).detach},
	{"delete and kill", func(s *scene) bool { return s.Deleting }, (*scene).killToDelete},

	// An attempt is not known to be over. While the task is paused it is told what becomes of it, and nothing is done.
	{"hands off another framework's attempt", func(s *scene) bool { return s.current() && s.otherFramework() }, (*scene).handsOff},
	{"call off a launch that is not wanted any more", func(s *scene) bool {
		return s.current() && !s.paused() && s.Launch == LaunchUnsent && (s.unwanted() != "" || (s.stalled() || s.isBlind()) && !s.fitted())
	}, (*scene).callOff},
	{"kill what is not wanted any more", func(s *scene) bool { return s.current() && !s.paused() && s.unwanted() != "" }, (*scene).killToChange},
	{"wait for what may or may not run", (*scene).fateUnknown, (*scene).wait},
	{"let it end unseen", func(s *scene) bool { return s.current() && isEndingUnseen(s.attempt) }, (*scene).awaitUnseen},
	{"let it run", func(s *scene) bool { return s.current() && s.state() == mesos.TaskRunning }, (*scene).run},
	{"let it start", (*scene).current, (*scene).start},

	// No attempt, or the last one is over or was left behind.
	{"suspended", func(s *scene) bool { return s.Spec.Suspend }, (*scene).suspended},
	{"paused", func(s *scene) bool { return s.Paused && (!s.final() || !s.asDeclared()) }, (*scene).pause},
	{"past its deadline", (*scene).isExpired, (*scene).expire},
	{"nothing can be launched", (*scene).isHindered, (*scene).hindered},
	{"first launch", func(s *scene) bool { return s.attempt == nil }, (*scene).launch},
	{"launch the changed spec", func(s *scene) bool { return !s.asDeclared() }, (*scene).launch},
	// A request that is newer than the attempt reruns it however it ended, also if it finished while it was being killed for the request.
	{"launch as a person asked", (*scene).restartRequested, (*scene).launch},
	{"launch what was called off", (*scene).calledOff, (*scene).launch},
	{"take over what already runs", (*scene).anyMatches, (*scene).launch},
	{"Mesos refuses the spec", (*scene).isRefused, (*scene).refused},
	{"completed", (*scene).isComplete, (*scene).completed},
	{"launch after our own kill", func(s *scene) bool {
		return s.attempt.KillReason != "" && s.attempt.KillReason != v1alpha1.KillLaunchTimedOut
	}, (*scene).launch},
	{"outcome unknown after a restore", (*scene).outcomeUnknown, (*scene).askForOutcome},
	{"failed for good", (*scene).isFailed, (*scene).failed},
	{"restarts exhausted", (*scene).isExhausted, (*scene).exhausted},
	{"back off", func(s *scene) bool {
		next := s.decision.Status.NextLaunchTime
		return next != nil && s.Now.Before(next.Time)
	}, (*scene).backOff},
	{"launch again", func(*scene) bool { return true }, (*scene).launch},
}

// ran says whether the attempt that is over may have run.
func (s *scene) ran() bool { return mayHaveRun(s.attempt) }

// isRefused says whether Mesos refused the spec. An attempt that was being killed is not wanted as it was, and its end says nothing of what
// follows.
func (s *scene) isRefused() bool {
	return s.state() == mesos.TaskError && s.attempt.KillReason == "" && !isUnauthorized(s.attempt) && !isUnable(s.attempt)
}

func (s *scene) isComplete() bool {
	return s.state() == mesos.TaskFinished && s.Spec.RestartPolicy != v1alpha1.RestartAlways
}

// isFailed says whether the task is not to be launched again after an attempt that ran and did not finish. Being replaced is what its object asks for,
// whatever its restart policy.
func (s *scene) isFailed() bool {
	return s.ran() && s.Spec.RestartPolicy == v1alpha1.RestartNever && s.attempt.Outcome != v1alpha1.OutcomeReplaced && s.attempt.KillReason == ""
}

func (s *scene) isExhausted() bool {
	return endedByItself(s.attempt) && s.Spec.MaxRestarts != nil && s.decision.Status.Restarts >= *s.Spec.MaxRestarts
}

// final says whether the task has come to its own end.
func (s *scene) final() bool {
	if s.attempt == nil || s.restartRequested() || s.calledOff() {
		return false
	}
	return s.isRefused() || s.isComplete() || s.attempt.KillReason == "" && (s.outcomeUnknown() || s.isFailed() || s.isExhausted())
}

// isHindered says whether an obstacle is what there is to say. A task that has come to its own end by the spec as it is stays as it is; what
// keeps the spec from being resolved hides that only if it lasts.
func (s *scene) isHindered() bool {
	switch {
	case s.Obstacle == nil || s.Obstacle.Waits:
		return false
	case s.Obstacle.Reads && s.anyMatches():
		// What runs already needs nothing to be taken over.
		return false
	case !s.final():
		return true
	case s.Hash == "":
		return s.Obstacle.Stalled
	default:
		return !s.asDeclared()
	}
}

// calledOff says whether the binding is of an attempt that the status never named and whose ACCEPT was called off, though the spec is what it was
// launched by. What that launch was for is still wanted, and the binding says nothing any more of the attempt before it.
func (s *scene) calledOff() bool {
	if !s.neverBegun() {
		return false
	}
	id, err := ParseTaskID(s.Binding.TaskID)
	return err == nil && (s.Hash == "" || s.declares(&v1alpha1.TaskAttempt{ID: s.Binding.TaskID, Hash: id.Hash, Role: s.Binding.Role}))
}

// neverBegun says whether the binding is of an attempt that the status never named and whose ACCEPT was called off.
func (s *scene) neverBegun() bool {
	return s.Launch == LaunchNeverSent && next(&s.decision.Status, s.Binding)
}

// otherFramework says whether the attempt was launched under another framework ID than the framework has now.
func (s *scene) otherFramework() bool { return s.foreign(s.attempt) }

// unwanted says why the attempt must end though its object stays; empty if it need not. A kill once begun is not withdrawn.
func (s *scene) unwanted() v1alpha1.KillReason {
	switch {
	case s.attempt.KillReason != "":
		return s.attempt.KillReason
	case s.Spec.Suspend:
		return v1alpha1.KillSuspended
	case s.pastDeadline():
		return v1alpha1.KillDeadlineExceeded
	case s.Obstacle != nil:
		// What could not be launched again is not killed for that.
		return ""
	case s.mayOutgrow():
		// Nor is what may turn out to be so.
		return ""
	case s.Unread && s.relaunches():
		// Nor for what may not be there.
		return ""
	case !s.asDeclared():
		return v1alpha1.KillSpecChanged
	case s.restartRequested():
		return v1alpha1.KillRestartRequested
	case s.launchTimedOut():
		return v1alpha1.KillLaunchTimedOut
	default:
		return ""
	}
}

func (s *scene) handsOff() {
	s.verdict = verdict{ready: metav1.ConditionUnknown, reason: v1alpha1.ReasonOtherFrameworkID, stalled: true, message: fmt.Sprintf(
		"%s was launched under framework ID %s, but MesosFramework %s has %s: what became of it cannot be asked, so nothing is launched. Set the framework's spec.info.id back, or delete this object and create it anew.",
		s.attempt.ID, s.attempt.FrameworkID, s.Spec.FrameworkRef.Name, s.FrameworkID)}
}

func (s *scene) callOff() {
	s.step(StepCallOff)
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonLaunching, message: "The launch is being called off", reconciling: true}
	s.holdBack()
}

// killings are the reason of condition Ready, and what the kill is for, while an attempt is being killed that its object has no use for.
var killings = map[v1alpha1.KillReason]struct{ reason, purpose string }{
	v1alpha1.KillSpecChanged:      {v1alpha1.ReasonRestarting, " to launch it with the changed spec"},
	v1alpha1.KillRestartRequested: {v1alpha1.ReasonRestarting, " to launch it anew, as annotation " + v1alpha1.AnnotationRestartedAt + " asks"},
	v1alpha1.KillSuspended:        {v1alpha1.ReasonSuspending, ", as spec.suspend asks"},
	v1alpha1.KillLaunchTimedOut:   {v1alpha1.ReasonRestarting, ", as it did not run in time (launchTimeoutSeconds), to launch it anew"},
	v1alpha1.KillDeadlineExceeded: {v1alpha1.ReasonDeadlineExceeded, ", as the object is older than spec.activeDeadlineSeconds allows"},
	v1alpha1.KillNotOfRecord:      {v1alpha1.ReasonRestarting, ", as it is not this object's attempt"},
}

func (s *scene) killToChange() {
	s.attempt.KillReason = s.unwanted()
	why := killings[s.attempt.KillReason]
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: why.reason, reconciling: true,
		message: fmt.Sprintf("Killing %s on %s%s", s.attempt.ID, s.where(), why.purpose),
	}
	if s.fateUnknown() {
		s.verdict.message += fmt.Sprintf(". Mesos says %s of it: it may still run, and is killed if it comes back", s.state())
		s.sayHowToGiveUp()
	}
	s.markUnreachable()
	s.noteIgnored()
	s.kill()
}

func (s *scene) wait() {
	s.verdict = verdict{
		ready: metav1.ConditionUnknown, reason: v1alpha1.ReasonFateUnknown, reconciling: true,
		message: fmt.Sprintf("Mesos says %s of %s on %s: it may still run, so it is not launched again", s.state(), s.attempt.ID, s.where()),
	}
	if over, removed := s.removalOver(s.attempt); removed {
		s.verdict.message = fmt.Sprintf("Mesos removed the agent of %s (%s): it counts as over at %s, unless Mesos speaks of it before",
			s.attempt.ID, s.attempt.Message, over.UTC().Format(time.RFC3339))
	}
	if deadline, ok := s.deadline(); ok {
		after, by, _ := s.replaceAfter()
		why := s.whyNotReplaced()
		if s.due(deadline) && why != "" {
			s.verdict.message += fmt.Sprintf(". Its time is up by %s, and yet it is not replaced: %s", by, why)
		} else {
			s.verdict.message += fmt.Sprintf(" unless that lasts for %d s", int(after.Seconds()))
		}
	}
	if s.state() == mesos.TaskUnreachable {
		s.verdict.reason = v1alpha1.ReasonAgentUnreachable
	}
	s.sayHowToGiveUp()
	s.markUnreachable()
	// A plain TASK_LOST says nothing of what became of it: what does is another word, and that has to be asked for.
	s.askIf(s.Doubted || s.isPlainlyLost())
}

// sayHowToGiveUp says how a person ends an attempt whose fate is unknown.
func (s *scene) sayHowToGiveUp() {
	if s.attempt.AgentRemovedTime == nil {
		s.verdict.message += s.waysToGiveUp(s.attempt.ID, s.attempt.AgentID)
	}
	if IsUnknown(s.attempt) {
		s.verdict.message += "; or, if Mesos was rebuilt, all that it does not know: see status.unknown of MesosFramework " + s.Spec.FrameworkRef.Name
	}
}

// isPlainlyLost says whether Mesos said TASK_LOST of the current attempt, not that its agent was removed, and has not been asked since.
func (s *scene) isPlainlyLost() bool {
	return s.state() == mesos.TaskLost && s.attempt.AgentRemovedTime == nil && s.Observation != nil && !s.Observation.IsAnswer() && !s.Answered
}

func (s *scene) run() {
	s.verdict = s.runs()
	if s.stalled() || s.lacks() || s.isBlind() && s.outgrown() {
		s.runOutgrown()
	}
	if s.Obstacle == nil && s.mayOutgrow() {
		s.note("Its spec has changed, and it is replaced once the master has been asked whether an agent is large enough")
	}
	if lacksPorts(&s.Spec, s.attempt) {
		s.note("Its host ports are not known, as it was taken over as it runs and the master has not told them (GET_TASKS): find them at its agent, or have it launched anew by annotation " + v1alpha1.AnnotationRestartedAt)
	}
	if s.Spec.RestartPolicy != v1alpha1.RestartAlways {
		s.verdict.succeeded = metav1.ConditionUnknown
	}
	s.mayEndSoon()
	s.askIf(s.Doubted)
}

// runOutgrown says of a running task what keeps it from being launched again. Where that is a spec other than the one it runs by, the spec
// is not fulfilled.
func (s *scene) runOutgrown() {
	if !s.outgrown() {
		s.note("It could not be launched again: " + s.Obstacle.Message)
		return
	}
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: s.Obstacle.Reason, stalled: s.Obstacle.Stalled, reconciling: !s.Obstacle.Stalled,
		message: fmt.Sprintf("Still running on %s as it was launched before: %s", s.where(), s.Obstacle.Message),
	}
}

// outgrown says whether the attempt was launched by another spec than the object has now, as far as that can be resolved.
func (s *scene) outgrown() bool { return s.Hash == "" || !s.asDeclared() }

// stalled says whether nothing may be launched until a person changes something.
func (s *scene) stalled() bool { return s.Obstacle != nil && s.Obstacle.Stalled }

// mayOutgrow says whether nobody knows yet if an agent could hold what the spec asks for, which is not what the attempt was launched by.
func (s *scene) mayOutgrow() bool { return s.AgentsAwaited && !s.asDeclared() }

// fitted says whether an offer had room for the attempt, which is what the spec asks for, whatever is said of agents.
func (s *scene) fitted() bool { return s.Obstacle.Waits && s.asDeclared() }

func (s *scene) start() {
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: v1alpha1.ReasonLaunching, reconciling: true,
		message: fmt.Sprintf("Launching %s on %s", s.attempt.ID, s.where()),
	}
	if s.state() == mesos.TaskKilling {
		s.verdict.message = fmt.Sprintf("%s on %s is being killed", s.attempt.ID, s.where())
		switch {
		case s.attempt.Reason == mesos.ReasonAgentDraining:
			s.verdict.reason = v1alpha1.ReasonAgentDraining
			s.verdict.message += ", as its agent is drained"
		case isUnhealthy(s.attempt):
			s.verdict.reason = v1alpha1.ReasonUnhealthy
			s.verdict.message += ", as its health check failed"
		}
	} else {
		s.holdBack()
	}
	s.mayEndSoon()
	s.askIf(s.Doubted || s.launchedInSilence() || s.launchOverdue() && !s.isLaunching())
}

// launchedInSilence says whether nothing was heard of the attempt for long enough since it was launched.
func (s *scene) launchedInSilence() bool {
	return s.Observation == nil && (s.Launch == LaunchAccepted && s.due(s.AcceptedAt.Add(confirmWithin)) ||
		s.Launch == LaunchUnknown && !s.BoundSince.IsZero() && s.due(s.BoundSince.Add(confirmWithin)))
}

// holdBack leaves what a launch passes through unwritten while it passes quickly.
func (s *scene) holdBack() {
	if !s.BoundSince.IsZero() {
		s.decision.WriteAt, s.decision.Passes = later(s.BoundSince, s.AcceptedAt).Add(quickly), true
	}
}

func (s *scene) suspended() {
	s.verdict = verdict{
		ready: metav1.ConditionTrue, reason: v1alpha1.ReasonSuspended, suspended: true,
		message: "Nothing runs, as spec.suspend asks",
	}
	if s.hasLeft() {
		s.verdict.message += ", unless it does where Mesos cannot tell; that is killed if it comes back"
	}
	if len(s.Others) > 0 {
		s.verdict = verdict{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonSuspending, reconciling: true, message: s.untilOthersEnd("as spec.suspend asks"),
		}
	}
	s.verdict.end = s.endVerdict()
}

// endVerdict is what was said of the task's own end; nil where it has come to none. It stays true while the task is suspended.
func (s *scene) endVerdict() *verdict {
	said := &scene{Seen: s.Seen, decision: s.decision, attempt: s.attempt}
	keeps := s.keepsEnd()
	switch {
	case s.isExpired() && !keeps:
		if !s.isConcluded() {
			return nil
		}
		said.timedOut()
	case !keeps && !s.hasOwnEnd():
		return nil
	case s.isRefused():
		said.refused()
	case s.isComplete(), s.state() == mesos.TaskFinished:
		said.completed()
	case s.outcomeUnknown():
		return nil
	case s.isFailed():
		said.failed()
	default:
		said.exhausted()
	}
	if keeps {
		said.verdict.message += ". Nothing is launched anew, " + s.tooOld()
	}
	return &said.verdict
}

// pause is neither progress nor failure: it is for a person to end, and whoever waits for the task waits on.
func (s *scene) pause() {
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonPaused, message: "Nothing is launched", end: s.endVerdict()}
}

func (s *scene) hindered() {
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: s.Obstacle.Reason, message: s.Obstacle.Message,
		stalled: s.Obstacle.Stalled, reconciling: !s.Obstacle.Stalled,
	}
	if s.lacks() {
		s.step(StepRead)
	}
}

func (s *scene) launch() {
	switch {
	case s.bindingAhead():
		s.verdict = verdict{
			ready: metav1.ConditionFalse, reason: v1alpha1.ReasonLaunching, reconciling: true,
			message: fmt.Sprintf("Taking up %s, to which the object is bound", s.Binding.TaskID),
		}
		s.checkAt(s.Now.Add(time.Second))
		return
	case len(s.Others) > 0:
		s.takeOver()
		return
	}
	s.awaitOffer()
	switch {
	case s.left || s.settledOther:
		// That it was left behind must be durable before anything takes its place.
		s.checkAt(s.Now.Add(time.Millisecond))
	case s.Unread:
		s.step(StepRead)
	case s.Placement != nil:
		s.step(StepBind)
	default:
		s.decision.Avoid = s.avoidance()
		s.decision.Ended = s.endedByItself() && !s.decision.Avoid.bars(s.attempt.AgentID, s.Now)
		s.step(StepPlace)
	}
}

// endedByItself says whether the last attempt was as the spec asks and came to an end of its own on its agent, which may take the next one.
func (s *scene) endedByItself() bool {
	last := s.attempt
	if last == nil || !over(last) || !s.asDeclared() || s.restartRequested() || last.KillReason != "" || last.Source == mesos.SourceMaster {
		return false
	}
	switch s.state() {
	case mesos.TaskFinished, mesos.TaskFailed, mesos.TaskKilled, mesos.TaskDropped:
		return last.Reason != mesos.ReasonAgentDraining
	default:
		return false
	}
}

// awaitOffer is the verdict on a task that is to be launched.
func (s *scene) awaitOffer() {
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonAwaitingOffer, reconciling: true, message: "Waiting for an offer"}
	if s.attempt != nil {
		s.verdict.message = "Waiting for an offer to launch it again after " + s.outcomeOf(s.attempt)
	}
	if s.Obstacle != nil {
		s.hindered()
		return
	}
	s.sayWaiting()
}

func (s *scene) refused() {
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: v1alpha1.ReasonRefused, stalled: true, succeeded: metav1.ConditionFalse,
		message: withDetail("Mesos refuses the task as it is described; change the spec to try again", s.attempt.Message),
	}
}

func (s *scene) completed() {
	s.verdict = verdict{ready: metav1.ConditionTrue, reason: v1alpha1.ReasonCompleted, succeeded: metav1.ConditionTrue, message: outcome(s.attempt)}
}

// outcomeUnknown says whether the object was restored from a backup and Mesos no longer has its attempt: it may have run to its end.
func (s *scene) outcomeUnknown() bool {
	restored := s.Binding != nil && s.Binding.TaskID == s.attempt.ID && s.Binding.UID != s.UID && s.attempt.Outcome == ""
	return restored && s.state() == mesos.TaskGone && s.Spec.RestartPolicy != v1alpha1.RestartAlways
}

func (s *scene) askForOutcome() {
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonOutcomeUnknown, stalled: true, message: fmt.Sprintf(
		"The object was restored from a backup and Mesos no longer has %s: it may have finished or failed. To run it again: kubectl annotate mesostask %s -n %s --overwrite %s=\"$(date)\"",
		s.attempt.ID, s.Name, s.Namespace, v1alpha1.AnnotationRestartedAt)}
}

func (s *scene) failed() {
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonFailed, stalled: true, succeeded: metav1.ConditionFalse, message: outcome(s.attempt)}
	if interruptedBy(s.attempt) != "" {
		s.verdict.reason = v1alpha1.ReasonInterrupted
		s.verdict.message = "The task did not fail by itself, and is not launched again, as spec.restartPolicy is Never: " + outcome(s.attempt)
	}
}

func (s *scene) exhausted() {
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: v1alpha1.ReasonRestartsExhausted, stalled: true, succeeded: metav1.ConditionFalse,
		message: fmt.Sprintf("Restarted %d times, which is what spec.maxRestarts allows; last: %s", s.decision.Status.Restarts, outcome(s.attempt)),
	}
}

func (s *scene) backOff() {
	if latest := s.Now.Add(time.Duration(s.Spec.Backoff.MaxSeconds)*time.Second + time.Second); s.decision.Status.NextLaunchTime.After(latest) {
		// The clock was set back since, or the spec asks for less now.
		s.decision.Status.NextLaunchTime = &metav1.Time{Time: latest.Truncate(time.Second)}
	}
	s.verdict = verdict{
		ready: metav1.ConditionFalse, reason: v1alpha1.ReasonBackOff, reconciling: true,
		message: fmt.Sprintf("Launching again at %s after %s", s.decision.Status.NextLaunchTime.UTC().Format(time.RFC3339), s.outcomeOf(s.attempt)),
	}
	s.verdict.waits = true
	if hard := s.hardship(); hard != nil {
		s.verdict.reason, s.verdict.stalled, s.verdict.reconciling = hard.reason, true, false
		s.verdict.message = fmt.Sprintf("%s. It is tried again at %s", hard.message, s.decision.Status.NextLaunchTime.UTC().Format(time.RFC3339))
		s.awaitSuccess()
	}
	s.noteSameAgent()
	due := s.decision.Status.NextLaunchTime.Time
	s.decision.Soon.Until = due.Add(launchSlack)
	if avoid := s.avoidance(); s.endedByItself() && !avoid.bars(s.attempt.AgentID, due) {
		s.decision.Soon.Rest = Rest{AgentID: s.attempt.AgentID, Until: due}
	}
	s.checkAt(due)
}

// mayEndSoon notes that an attempt which has not run for long may have to be launched again at any moment.
func (s *scene) mayEndSoon() {
	began := s.Now
	if start := s.attempt.StartTime; start != nil {
		began = start.Time
	}
	if until := began.Add(stableAfter); until.After(s.Now) {
		s.decision.Soon.Until = until
	}
}

// kill sends KILL when it is due: at once, then with growing gaps, and at once again when a task comes back whose kill Mesos will
// have forgotten (Mesos master: KILL of an unreachable task is not remembered).
func (s *scene) kill() {
	if !s.settled() || s.otherFramework() {
		return
	}
	s.noteShorterGrace()
	grace := s.graceOf(s.attempt)
	cameBack := s.state().Class() == mesos.Live && mesos.TaskState(s.durableState()).Class() == mesos.FateUnknown && s.durableState() != ""
	if s.Kills == 0 || cameBack || s.due(s.LastKill.Add(grace+grow(firstKillRetry, lastKillRetry, s.Kills))) {
		s.step(StepKill)
		s.checkAt(s.Now.Add(grace + grow(firstKillRetry, lastKillRetry, s.Kills+1)))
	}
	// A launch may have got lost before its KILL: what becomes of that is not to wait for the grace period, which may be long.
	s.askIf(s.Doubted || s.launchedInSilence() || s.Kills > 0 && s.due(s.FirstKill.Add(grace+killConfirmWithin)))
}

// graceOf is how long an attempt may have between SIGTERM and SIGKILL: by the spec, or by what it was launched with where that is longer, as its
// executor may keep to it (recording "drain").
func (s *scene) graceOf(attempt *v1alpha1.TaskAttempt) time.Duration {
	return max(secondsOr(s.Spec.KillGracePeriodSeconds, defaultGrace), secondsOr(attempt.KillGracePeriodSeconds, 0))
}

// noteShorterGrace says what it is worth that the grace period was lowered since the attempt was launched: the command executor ignores a shorter one
// in a KILL and in whatever follows it, and no update tells which agent's does (recording "drain").
func (s *scene) noteShorterGrace() {
	now, launched := s.Spec.KillGracePeriodSeconds, s.attempt.KillGracePeriodSeconds
	if now == nil || launched == nil || *now >= *launched {
		return
	}
	s.note(fmt.Sprintf("spec.killGracePeriodSeconds is %d by now: an agent without --http_command_executor ignores that and waits for the %d s that this attempt was launched with, "+
		"and no agent confirms a KILL, so that only the end tells", *now, *launched))
}

func secondsOr(seconds *int32, fallback time.Duration) time.Duration {
	if seconds == nil {
		return fallback
	}
	return time.Duration(*seconds) * time.Second
}

// durableState is the attempt's state as the API server has it.
func (s *scene) durableState() string {
	if s.Status.Task == nil || s.attempt == nil || s.Status.Task.ID != s.attempt.ID {
		return ""
	}
	return s.Status.Task.State
}

// askIf sends RECONCILE for the attempt alone, with a backoff of its own, if there is a reason to.
func (s *scene) askIf(reason bool) {
	since, departing := s.needsAnswer()
	if !reason && !departing && !s.wantsWord() || !s.settled() || s.otherFramework() {
		return
	}
	if s.Asks == 0 || departing && s.LastAsk.Before(since) || s.due(s.LastAsk.Add(grow(firstAskRetry, lastAskRetry, s.Asks))) {
		s.step(StepAsk)
		s.checkAt(s.Now.Add(grow(firstAskRetry, lastAskRetry, s.Asks+1)))
	}
}

// grow is first, doubled with each of n tries after the first, and at most last.
func grow(first, last time.Duration, n int) time.Duration {
	delay := first
	for range n - 1 {
		if delay *= 2; delay >= last {
			return last
		}
	}
	return delay
}

// where names the attempt's agent for a person.
func (s *scene) where() string { return whereOf(s.attempt) }

// whereOf names an attempt's agent for a person.
func whereOf(attempt *v1alpha1.TaskAttempt) string {
	if attempt.Hostname == "" {
		return "agent " + attempt.AgentID
	}
	return fmt.Sprintf("%s (agent %s)", attempt.Hostname, attempt.AgentID)
}
