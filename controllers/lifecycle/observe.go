package lifecycle

import (
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
	// historyLength is how many earlier attempts a status keeps, besides those not known to be over.
	historyLength = 5
	// stableAfter is how long a task must have run for its backoff to start anew.
	stableAfter = 10 * time.Minute
)

// observe brings the status's record of the current attempt up to what is known.
func (s *scene) observe() {
	s.attempt = s.decision.Status.Task
	if s.Binding != nil && s.newAttempt() {
		s.begin()
	}
	if !s.current() {
		s.learnMoreOfEnd()
		return
	}
	if why, never := s.neverRan(); never {
		s.attempt.Message = why
		s.end(s.Now, false)
		return
	}
	if s.Observation != nil && !s.Observation.State.Regresses(s.state()) && !s.Observation.SpeaksOfAnother() {
		s.record(*s.Observation)
	}
}

// newAttempt says whether the binding is of an attempt that the status does not know yet. While the status names an attempt that
// is not over, that one is the attempt of record. A binding whose ACCEPT was called off is forgotten: it never was an attempt. So is
// one that the history names, as in an old manifest applied again: nothing follows an end.
func (s *scene) newAttempt() bool {
	if s.Launch == LaunchNeverSent {
		return false
	}
	return (s.attempt == nil || over(s.attempt)) && !named(&s.decision.Status, s.Binding.TaskID)
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
		status.History = slices.Insert(status.History, 0, *last)
		status.History = status.History[:min(len(status.History), historyLength)]
		switch {
		case !SameHash(last.Hash, id.Hash):
			status.Restarts, status.Relaunches = 0, 0
		case last.KillReason != "":
			status.Relaunches = 0
		default:
			status.Relaunches++
			if last.Ran == nil || *last.Ran {
				status.Restarts++
			}
		}
	}
	status.NextLaunchTime = nil
	s.attempt = &v1alpha1.TaskAttempt{
		ID: s.Binding.TaskID, AgentID: s.Binding.AgentID, Hostname: s.Binding.Hostname, FrameworkID: s.Binding.FrameworkID, Hash: id.Hash,
	}
	if !s.BoundSince.IsZero() {
		s.attempt.BoundTime = &metav1.Time{Time: s.BoundSince.Truncate(time.Second)}
	}
	for i, port := range s.Spec.Ports {
		if i < len(s.Binding.HostPorts) {
			s.attempt.Ports = append(s.attempt.Ports, v1alpha1.AssignedPort{Name: port.Name, HostPort: s.Binding.HostPorts[i]})
		}
	}
	status.Task = s.attempt
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

// record takes over what Mesos said of the current attempt.
func (s *scene) record(said mesos.Observation) {
	if s.unproven(said) {
		return
	}
	attempt, known := s.attempt, s.state()
	if said.AgentID != "" {
		attempt.AgentID = said.AgentID
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
	// An answer to RECONCILE that tells nothing new must not wipe what the executor said.
	if !said.IsAnswer() || said.State != known {
		attempt.Reason, attempt.Source, attempt.Message = said.Reason, said.Source, said.Message
	}
	attempt.State = string(said.State)
	switch said.State.Class() {
	case mesos.Live:
		attempt.UnreachableTime = nil
		if said.State == mesos.TaskRunning && attempt.StartTime == nil {
			attempt.StartTime = s.timeOf(said.Time)
		}
	case mesos.FateUnknown:
		if attempt.UnreachableTime == nil {
			attempt.UnreachableTime = s.timeOf(said.UnreachableTime)
		}
	case mesos.Ended:
		s.recordEnd(said, known)
	}
}

// unproven says whether said is a TASK_DROPPED from the master that the master has not been asked about: the launch that it speaks of
// may be a second copy of one that took effect.
func (s *scene) unproven(said mesos.Observation) bool {
	return said.State == mesos.TaskDropped && said.Source == mesos.SourceMaster && s.Doubted
}

// recordEnd takes over an end.
func (s *scene) recordEnd(said mesos.Observation, known mesos.TaskState) {
	s.recordExitCode(said)
	s.end(said.Time, s.mayHaveRun(said, known))
}

// learnMoreOfEnd takes over what the executor or the agent says of an end that so far only an answer to RECONCILE told of: after an
// outage of the operator the answer comes first, and only the update says why. The end itself does not change.
func (s *scene) learnMoreOfEnd() {
	said := s.Observation
	if s.attempt == nil || said == nil || said.TaskID != s.attempt.ID || said.IsAnswer() ||
		s.attempt.Reason != mesos.ReasonReconciliation || s.attempt.State != string(said.State) {
		return
	}
	s.attempt.Reason, s.attempt.Source, s.attempt.Message = said.Reason, said.Source, said.Message
	s.recordExitCode(*said)
	s.learned = true
}

// recordExitCode takes the exit code out of what the executor says.
func (s *scene) recordExitCode(said mesos.Observation) {
	match := exited.FindStringSubmatch(said.Message)
	if match == nil || said.IsAnswer() {
		return
	}
	if code, err := strconv.ParseInt(match[1], 10, 32); err == nil {
		code := int32(code)
		s.attempt.ExitCode = &code
	}
}

// mayHaveRun says whether an attempt that ended as said, after state known, may have run.
func (s *scene) mayHaveRun(said mesos.Observation, known mesos.TaskState) bool {
	reached := s.attempt.StartTime != nil || known == mesos.TaskStarting || known == mesos.TaskKilling
	switch said.State {
	case mesos.TaskDropped, mesos.TaskError:
		// Agents say TASK_DROPPED of a task that they lost, too (Mesos agent: reconciliation with the master after a restart).
		return reached
	case mesos.TaskGone:
		// An agent says it of a task that it had. The master says it of what a registered agent does not have; where its agent was away
		// or the object was restored, the task may have come and gone unseen.
		restored := s.Binding != nil && s.Binding.TaskID == s.attempt.ID && s.Binding.UID != s.UID
		return reached || restored || said.Source != mesos.SourceMaster || known != "" && known.Class() == mesos.FateUnknown
	default:
		return true
	}
}

// exited is how the command executor tells of an exit code; there is no field for it (Mesos: WSTRINGIFY).
var exited = regexp.MustCompile(`^Command exited with status (\d{1,10})$`)

// end makes the attempt over and sets when it may be launched again.
func (s *scene) end(at time.Time, ran bool) {
	status := &s.decision.Status
	s.ended = true
	s.attempt.FinishTime = s.timeOf(at)
	s.attempt.Ran = &ran
	s.attempt.UnreachableTime = nil
	if start := s.attempt.StartTime; start != nil && s.attempt.FinishTime.Sub(start.Time) >= stableAfter {
		status.Relaunches = 0
	}
	if delay := backoff(s.Spec.Backoff, status.Relaunches); delay > 0 {
		// Whole seconds are what the API keeps; never sooner than asked.
		status.NextLaunchTime = &metav1.Time{Time: s.Now.Add(delay + time.Second - 1).Truncate(time.Second)}
	}
}

// backoff is the wait before a launch that follows so many relaunches in a row: none at first, then doubling.
func backoff(spec v1alpha1.Backoff, relaunches int32) time.Duration {
	if relaunches == 0 {
		return 0
	}
	longest := time.Duration(spec.MaxSeconds) * time.Second
	delay := time.Duration(spec.InitialSeconds) * time.Second
	for range relaunches - 1 {
		if delay *= 2; delay >= longest {
			break
		}
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

// outcome says in a few words how the attempt ended.
func outcome(attempt *v1alpha1.TaskAttempt) string {
	switch {
	case attempt.State == "":
		return attempt.Message
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
