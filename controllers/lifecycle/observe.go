package lifecycle

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// historyLength is how many attempts that are over a status keeps, besides those not known to be over.
	historyLength = 5
	// maxHistory is how many attempts a status can hold besides the current one (the API's bound).
	maxHistory = 10
	// stableAfter is how long a task must have run for its backoff to start anew.
	stableAfter = 10 * time.Minute
)

// observe brings the status's record of the attempts up to what is known.
func (s *scene) observe() {
	s.observeEarlier()
	s.attempt = latest(&s.decision.Status)
	if s.newAttempt() {
		s.begin()
	}
	// One that ended before it was ever seen to live was somewhere, too.
	s.locate()
	s.observeCurrent()
	s.date()
	s.findPorts()
	s.leaveBehind()
	s.overlook()
}

// date records since when the attempt has been bound, as far as this process knows, where whoever recorded it could not. A word on its agent needs
// that, and is given of nothing that runs.
func (s *scene) date() {
	if s.current() && s.attempt.BoundTime == nil && !s.BoundSince.IsZero() && s.state() != mesos.TaskRunning {
		s.attempt.BoundTime = &metav1.Time{Time: s.BoundSince.Truncate(time.Second)}
	}
}

// locate records the host of the attempt's agent. The binding has it too, and is not believed: a tenant may have written it.
func (s *scene) locate() {
	if s.current() && s.AgentHost != "" {
		s.attempt.Hostname = s.AgentHost
		if len(s.AgentDomains) > 0 {
			s.attempt.Domains = s.AgentDomains
		}
	}
}

// overlook looks past attempts that never ran and were launched by a spec that was taken back: what counts is the attempt that ran by the spec as it
// is again. A task that had come to its end by it has come to its end.
func (s *scene) overlook() {
	status := &s.decision.Status
	if s.current() || status.Task == nil || s.Hash == "" || s.bindingAhead() || !s.takenBack(status.Task) {
		return
	}
	for i := range status.History {
		switch earlier := &status.History[i]; {
		case earlier.KillReason == v1alpha1.KillNotOfRecord, s.takenBack(earlier):
		case s.declares(earlier) && mayHaveRun(earlier) && (over(earlier) || earlier.Outcome != ""):
			s.attempt = earlier
			return
		default:
			return
		}
	}
}

// takenBack says whether an attempt never ran and was launched by another spec than the object has now.
func (s *scene) takenBack(attempt *v1alpha1.TaskAttempt) bool {
	return over(attempt) && !mayHaveRun(attempt) && !s.declares(attempt)
}

// mayHaveRun says whether an attempt that is over or was left behind may have run.
func mayHaveRun(attempt *v1alpha1.TaskAttempt) bool { return attempt.Ran == nil || *attempt.Ran }

// latest is the attempt in task or, where that was left behind and none has followed, the first of the history.
func latest(status *v1alpha1.MesosTaskStatus) *v1alpha1.TaskAttempt {
	if status.Task == nil && len(status.History) > 0 && status.History[0].Outcome != "" && status.History[0].KillReason != v1alpha1.KillNotOfRecord {
		return &status.History[0]
	}
	return status.Task
}

// observeCurrent brings the record of the current attempt up to what is known. What a master says of an attempt of another framework ID
// says nothing: it may never have known it.
func (s *scene) observeCurrent() {
	if !s.current() {
		if s.attempt != nil && over(s.attempt) {
			s.learnMoreOfEnd(s.attempt, s.Observation)
		}
		return
	}
	if why, never := s.neverRan(); never {
		s.attempt.Message = why
		s.end(s.Now, false)
		return
	}
	defer s.endUnseen()
	if said := s.Observation; said != nil && !s.otherFramework() && !said.State.Regresses(s.state()) && !said.SpeaksOfAnother() && !s.unproven(*said) {
		if s.record(s.attempt, *said) {
			s.end(said.Time, *s.attempt.Ran)
			return
		}
	}
	if !s.paused() && !s.otherFramework() && s.settled() && s.isRemoved(s.attempt, s.answeredSince) {
		s.end(s.Now, true)
	}
}

// endUnseen ends an attempt whose end nobody tells of once its time is up.
func (s *scene) endUnseen() {
	if s.current() && isEndingUnseen(s.attempt) && s.due(s.overUnseen(s.attempt)) {
		s.end(s.Now, mayHaveRun(s.attempt))
	}
}

// observeEarlier does the same for the attempts that were left behind, or are being killed. A master's own TASK_DROPPED is no end of theirs: it
// speaks of a launch, and theirs is long past.
func (s *scene) observeEarlier() {
	for i := range s.decision.Status.History {
		earlier := &s.decision.Status.History[i]
		if over(earlier) {
			if said, ok := s.Earlier[earlier.ID]; ok {
				s.learnMoreOfEnd(earlier, &said)
			}
			continue
		}
		if s.overByWord(earlier) || s.agentGivenUp(earlier) && !s.isBack(earlier) {
			earlier.Outcome, earlier.FinishTime = v1alpha1.OutcomeGivenUp, s.timeOf(s.Now)
			s.endedEarlier.Insert(earlier.ID)
			s.tellGivenUp(earlier)
			continue
		}
		if isEndingUnseen(earlier) {
			if s.due(s.overUnseen(earlier)) {
				s.endEarlier(earlier, s.Now)
			}
			continue
		}
		said, ok := s.Earlier[earlier.ID]
		if !ok || !s.tellsOf(earlier, said) {
			continue
		}
		switch {
		case s.record(earlier, said):
			s.endEarlier(earlier, said.Time)
		case isEndingUnseen(earlier):
			s.learned = true
			s.checkAt(s.overUnseen(earlier))
		case earlier.Outcome != "" && s.isRemoved(earlier, func(time.Time) bool { return true }):
			// Nothing waits for its end, so that what Mesos last said will do.
			earlier.FinishTime = s.timeOf(s.Now)
			s.endedEarlier.Insert(earlier.ID)
			s.tellRemoved(earlier)
		}
	}
	s.forgetEarlier()
}

// endEarlier makes an attempt of the history over.
func (s *scene) endEarlier(earlier *v1alpha1.TaskAttempt, at time.Time) {
	earlier.FinishTime, earlier.UnreachableTime = s.timeOf(at), nil
	s.endedEarlier.Insert(earlier.ID)
	s.tellEarlierEnd(earlier)
}

// tellsOf says whether what Mesos said is about an attempt of the history, and newer than what is known of it.
func (s *scene) tellsOf(earlier *v1alpha1.TaskAttempt, said mesos.Observation) bool {
	dropped := said.State == mesos.TaskDropped && said.Source == mesos.SourceMaster
	return !dropped && !s.foreign(earlier) && !said.State.Regresses(mesos.TaskState(earlier.State)) && !said.SpeaksOfAnother()
}

// isBack says whether Mesos says that an attempt of the history lives.
func (s *scene) isBack(earlier *v1alpha1.TaskAttempt) bool {
	return !s.hasOther(earlier.ID, s.isVain) && (s.Earlier[earlier.ID].State.Class() == mesos.Live || s.hasOther(earlier.ID, Other.lives))
}

// tellEarlierEnd adds the event of the end of an attempt of the history.
func (s *scene) tellEarlierEnd(earlier *v1alpha1.TaskAttempt) {
	was := "left behind"
	if earlier.KillReason == v1alpha1.KillNotOfRecord {
		was = "not this object's attempt"
	}
	s.tell(Event{Reason: v1alpha1.EventEnded, Action: actionReconciling, Message: fmt.Sprintf("%s, which was %s, ended with %s", earlier.ID, was, outcome(earlier))})
}

// forgetEarlier makes attempts left behind over that nobody expects back any more. They stay in the history for as long as any that are over: what
// the object does next may rest on one of them. Should one return, it is killed as what was over is.
func (s *scene) forgetEarlier() {
	for i := range s.decision.Status.History {
		earlier := &s.decision.Status.History[i]
		if earlier.Outcome == "" || !s.isForgotten(earlier) {
			continue
		}
		earlier.FinishTime = s.timeOf(s.Now)
		s.endedEarlier.Insert(earlier.ID)
		s.decision.Forget = append(s.decision.Forget, earlier.ID)
	}
}

// newAttempt says whether the binding is of an attempt that the status does not know yet. While the status names an attempt that
// is not over, that one is the attempt of record. A binding whose ACCEPT was called off is forgotten: it never was an attempt. So is
// one that the history names or that is older, as in an old manifest applied again: nothing follows an end.
func (s *scene) newAttempt() bool {
	return s.Launch != LaunchNeverSent && !s.current() && next(&s.decision.Status, s.Binding)
}

// begin makes the binding the current attempt and moves the last one to the history.
func (s *scene) begin() {
	status := &s.decision.Status
	// A task ID of record has been parsed before; its hash is part of it.
	id, err := ParseTaskID(s.Binding.TaskID)
	if err != nil {
		return
	}
	if last := s.attempt; last != nil {
		s.count(last, id.Hash)
	}
	if status.Task != nil {
		s.remember(*status.Task)
	}
	status.NextLaunchTime = nil
	if status.Attempts = max(s.Binding.Attempt, status.Attempts); s.Binding.Attempt == 0 && status.Attempts < maxAttempts {
		status.Attempts++
	}
	s.attempt = &v1alpha1.TaskAttempt{
		ID: s.Binding.TaskID, AgentID: s.Binding.AgentID, FrameworkID: s.Binding.FrameworkID, Hash: id.Hash,
		Role: s.Binding.Role, KillGracePeriodSeconds: s.Binding.KillGracePeriodSeconds, Ports: s.namePorts(id.Hash, s.Binding.HostPorts),
	}
	if !s.BoundSince.IsZero() {
		s.attempt.BoundTime = &metav1.Time{Time: s.BoundSince.Truncate(time.Second)}
	}
	status.Task = s.attempt
}

// count counts the launch that follows on an attempt.
func (s *scene) count(last *v1alpha1.TaskAttempt, next string) {
	status := &s.decision.Status
	switch {
	case !s.sameSpec(last, next), s.isExhausted():
		// What has no restarts left is launched by a person's word alone, and begins anew with it.
		status.Restarts, status.Relaunches = 0, 0
	case last.KillReason != "" && last.KillReason != v1alpha1.KillLaunchTimedOut:
		status.Relaunches = 0
	default:
		status.Relaunches++
		if endedByItself(last) {
			status.Restarts++
		}
	}
}

// sameSpec says whether a launch with a hash is of the spec that the last attempt was launched by. Hashes of two versions tell that if both are of
// the spec as it is now.
func (s *scene) sameSpec(last *v1alpha1.TaskAttempt, next string) bool {
	if last.Hash == next {
		return !s.otherRole(last)
	}
	return s.declares(last) && s.Launched(next, s.Binding.User)
}

// remember puts an attempt at the head of the history, and drops the oldest of those whose end is durable: five of them stay, or as many as
// there is room for.
func (s *scene) remember(attempt v1alpha1.TaskAttempt) {
	status := &s.decision.Status
	attempt.Domains = nil
	status.History = s.trimmed(slices.Insert(status.History, 0, attempt))
}

// trimmed is a history without the oldest of those that are over.
func (s *scene) trimmed(history []v1alpha1.TaskAttempt) []v1alpha1.TaskAttempt {
	spare := 0
	for i := range history {
		if s.stays(&history[i]) {
			spare++
		}
	}
	room := min(historyLength, maxHistory-spare)
	// The attempt that counts may be in the old one.
	return slices.DeleteFunc(slices.Clone(history), func(earlier v1alpha1.TaskAttempt) bool {
		if s.stays(&earlier) {
			return false
		}
		room--
		return room < 0
	})
}

// stays says whether an attempt of the history has to stay there: it is not durably over, or it is the one that counts though it is not in task.
func (s *scene) stays(earlier *v1alpha1.TaskAttempt) bool {
	counts := s.attempt != nil && s.attempt != s.decision.Status.Task && s.attempt.ID == earlier.ID
	return counts || !over(earlier) || s.endedEarlier.Has(earlier.ID)
}

// neverRan says whether this process knows that the attempt's launch never took effect, and why.
func (s *scene) neverRan() (why string, never bool) {
	switch s.Launch {
	case LaunchNeverSent:
		return "The launch was called off before it was sent", true
	case LaunchRefused:
		return cut(withDetail("Mesos refused the launch", s.RefusedWith), 1024), true
	default:
		return "", false
	}
}

// recordWhere takes over where an attempt is, and how it is there. What is not said stays as it is known.
func recordWhere(attempt *v1alpha1.TaskAttempt, said mesos.Observation) {
	if said.AgentID != "" && said.AgentID != attempt.AgentID {
		attempt.AgentID, attempt.Hostname, attempt.Domains = said.AgentID, "", nil
	}
	if said.Healthy != nil {
		attempt.Healthy = said.Healthy
	}
	if said.ContainerID != "" {
		attempt.ContainerID = said.ContainerID
	}
	if len(said.IPs) > 0 {
		attempt.IPs = said.IPs
	}
}

// record takes over what Mesos said of an attempt that is not over, and says whether it is over now.
func (s *scene) record(attempt *v1alpha1.TaskAttempt, said mesos.Observation) (ended bool) {
	known := mesos.TaskState(attempt.State)
	recordWhere(attempt, said)
	s.recordReadiness(attempt, said.Check)
	// An answer to RECONCILE that tells nothing new must not wipe what the executor said, or what became of the agent.
	s.recordRemoval(attempt, said)
	if attempt.AgentRemovedTime == nil && said.TellsOfState(known) {
		attempt.Reason, attempt.Source, attempt.Message = said.ReasonOfState(), said.Source, said.Message
	}
	attempt.State = string(said.State)
	if said.State != mesos.TaskUnknown {
		attempt.UnknownTime = nil
	} else if attempt.UnknownTime == nil {
		attempt.UnknownTime = s.timeOf(s.Now)
	}
	switch said.State.Class() {
	case mesos.Live:
		attempt.UnreachableTime = nil
		if said.State == mesos.TaskRunning && attempt.StartTime == nil {
			attempt.StartTime = s.timeOf(said.Time)
		}
	case mesos.FateUnknown:
		// By the clock here, as timers run on it: the master's may differ, and it may have lost the agent long before it said so (rule 16).
		if attempt.UnreachableTime == nil {
			attempt.UnreachableTime = s.timeOf(s.Now)
		}
	case mesos.Ended:
		recordExitCode(attempt, said)
		attempt.Healthy, attempt.Ready, attempt.ReadinessResult = said.Healthy, nil, ""
		ran := s.hasRun(attempt, said, known)
		attempt.Ran = &ran
		return !s.endsUnseen(attempt)
	}
	return false
}

// unproven says whether said is a TASK_DROPPED from the master that the master has not been asked about: the launch that it speaks of
// may be a second copy of one that took effect.
func (s *scene) unproven(said mesos.Observation) bool {
	return said.State == mesos.TaskDropped && said.Source == mesos.SourceMaster && s.Doubted
}

// learnMoreOfEnd takes over what the executor or the agent says of an end that so far only the master told of: after an outage of the operator, or of the
// agent, its word comes first, and only the update says why. The end itself does not change.
func (s *scene) learnMoreOfEnd(attempt *v1alpha1.TaskAttempt, said *mesos.Observation) {
	if said == nil || said.TaskID != attempt.ID || mesos.TellsNoWhy(said.Source, said.Reason) || said.State.Class() != mesos.Ended ||
		!mesos.TellsNoWhy(attempt.Source, attempt.Reason) || attempt.State != string(said.State) {
		return
	}
	attempt.Reason, attempt.Source, attempt.Message = said.Reason, said.Source, said.Message
	recordExitCode(attempt, *said)
	attempt.Healthy = said.Healthy
	s.learned = true
}

// recordExitCode takes the exit code, or the signal, out of what the executor says of an end.
func recordExitCode(attempt *v1alpha1.TaskAttempt, said mesos.Observation) {
	if said.IsAnswer() || said.State.Class() != mesos.Ended {
		return
	}
	if match := exited.FindStringSubmatch(said.Message); match != nil {
		if code, err := strconv.ParseInt(match[1], 10, 32); err == nil {
			code := int32(code)
			attempt.ExitCode = &code
		}
	}
	if match := signalled.FindStringSubmatch(said.Message); match != nil {
		attempt.Signal = match[1]
	}
}

// exited and signalled are how the executors of both containerizers tell of an exit code and of a signal; there are no fields for them (Mesos: WSTRINGIFY).
var (
	exited    = regexp.MustCompile(`^(?:Command|Container) exited with status (\d{1,10})$`)
	signalled = regexp.MustCompile(`^(?:Command|Container) terminated with signal ([A-Z][ -~]{0,62}?)(?: \(core dumped\))?$`)
)

// end makes the current attempt over and sets when it may be launched again.
func (s *scene) end(at time.Time, ran bool) {
	s.ended = true
	s.attempt.FinishTime = s.timeOf(s.plausible(at))
	s.attempt.Ran = &ran
	s.attempt.UnreachableTime, s.attempt.UnknownTime = nil, nil
	s.delayNext(s.attempt.FinishTime.Time)
}

// plausible is when the current attempt ended that somebody says ended at a time. Of what never began to run no duration is taken, and what follows
// it is timed by the clock here: a clock elsewhere may be hours off.
func (s *scene) plausible(at time.Time) time.Time {
	bound := s.attempt.BoundTime
	switch {
	case s.attempt.StartTime != nil || at.IsZero():
		return at
	case at.After(s.Now):
		return s.Now
	case bound != nil && at.Before(bound.Time):
		return bound.Time
	default:
		return at
	}
}

// delayNext sets when the next launch may follow on the attempt, which ran until then.
func (s *scene) delayNext(until time.Time) {
	status := &s.decision.Status
	if start := s.attempt.StartTime; start != nil && until.Sub(start.Time) >= stableAfter {
		status.Relaunches = 0
	}
	delay := backoff(s.Spec.Backoff, status.Relaunches)
	if s.hardship() != nil {
		delay = time.Duration(s.Spec.Backoff.MaxSeconds) * time.Second
	}
	if delay > 0 {
		// Whole seconds are what the API keeps; never sooner than asked.
		status.NextLaunchTime = &metav1.Time{Time: s.Now.Add(delay + time.Second - 1).Truncate(time.Second)}
	}
}

// defaultFactor is what a wait grows by, in thousandths, and maxFactor the most that it may.
const defaultFactor, maxFactor = 2000, 10_000

// backoff is the wait before a launch that follows so many relaunches in a row: none at first, then growing by the factor.
func backoff(spec v1alpha1.Backoff, relaunches int32) time.Duration {
	if relaunches == 0 {
		return 0
	}
	factor := int64(defaultFactor)
	if spec.Factor != nil {
		factor = min(max(spec.Factor.MilliValue(), 1000), maxFactor)
	}
	longest := time.Duration(spec.MaxSeconds) * time.Second
	delay := time.Duration(spec.InitialSeconds) * time.Second
	for range relaunches - 1 {
		if delay >= longest || factor == 1000 {
			break
		}
		delay = time.Duration(delay.Microseconds() * factor)
	}
	return min(delay, longest)
}

// timeOf is at as the API keeps it; the time of the decision where Mesos gave none.
func (s *scene) timeOf(at time.Time) *metav1.Time {
	if at.IsZero() {
		at = s.Now
	}
	return &metav1.Time{Time: at.Truncate(time.Second)}
}

// outcome says in a few words how the attempt ended, or why it was left behind.
func outcome(attempt *v1alpha1.TaskAttempt) string {
	ended := mesos.TaskState(attempt.State).Class() == mesos.Ended
	switch {
	case attempt.Outcome == v1alpha1.OutcomeGivenUp && !ended:
		return strings.TrimSpace(attempt.State + " (given up)")
	case attempt.Outcome == v1alpha1.OutcomeReplaced && !ended:
		return strings.TrimSpace(attempt.State + " (replaced)")
	case attempt.State == "":
		return cmp.Or(attempt.Message, "it is over, and nobody said how")
	case interruptedBy(attempt) != "":
		return withDetail(fmt.Sprintf("%s, %s", attempt.State, interruptedBy(attempt)), attempt.Message)
	case endedUnhealthy(attempt):
		return withDetail(attempt.State+", as its health check failed", attempt.Message)
	case attempt.Message != "":
		return withDetail(attempt.State, attempt.Message)
	case attempt.Reason != "":
		return fmt.Sprintf("%s (%s)", attempt.State, attempt.Reason)
	default:
		return attempt.State
	}
}

// withDetail joins a statement and what was said of it.
func withDetail(statement, detail string) string {
	if detail = strings.TrimSpace(detail); detail == "" {
		return statement
	}
	return statement + ": " + detail
}
