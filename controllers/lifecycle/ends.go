package lifecycle

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// drainedWithin is how long, beyond its grace period, a task may take to end of which a draining agent already says that it is gone.
	drainedWithin = 10 * time.Second
	// failedStarts is after how many launches in a row that failed before the task began a person is told that it will not start as it is.
	failedStarts = 5
	// urisTold is how many URIs of a task a message names.
	urisTold = 3
)

// interruption is a way in which the platform ends an attempt that did not end by itself, and what there is to say of it.
type interruption struct {
	holds func(*v1alpha1.TaskAttempt) bool
	words string
}

// interruptions are tried in order. They look at nothing but the record, so that an earlier release's is judged alike. What finished was not
// interrupted, whatever else was going on.
var interruptions = []interruption{
	{hasReason(mesos.ReasonAgentDraining), "as its agent was drained"},
	{inState(mesos.TaskGoneByOperator), "as its agent was marked gone"},
	{hasReason(mesos.ReasonAgentRestarted, mesos.ReasonExecutorReregistrationTimeout), "as its agent was started anew"},
	{hasReason(mesos.ReasonContainerPreempted), "as Mesos took its resources back"},
	{inState(mesos.TaskGone), "as its agent lost it"},
	// Agents say TASK_DROPPED of what ran, too, if they lost it.
	{func(a *v1alpha1.TaskAttempt) bool { return a.State == string(mesos.TaskDropped) && mayHaveRun(a) }, "as its agent lost it"},
	// After a reboot of its host an agent has nobody who could tell how a task ended (Mesos agent: executorTerminated).
	{func(a *v1alpha1.TaskAttempt) bool {
		return a.Reason == mesos.ReasonExecutorTerminated && a.Source == mesos.SourceAgent && a.StartTime != nil && a.ExitCode == nil
	}, "as its agent lost its executor, for example in a reboot"},
	{func(a *v1alpha1.TaskAttempt) bool { return over(a) && a.State != "" && !hasEnded(a) }, "as its agent was removed"},
}

func hasReason(reasons ...string) func(*v1alpha1.TaskAttempt) bool {
	return func(attempt *v1alpha1.TaskAttempt) bool { return slices.Contains(reasons, attempt.Reason) }
}

func inState(state mesos.TaskState) func(*v1alpha1.TaskAttempt) bool {
	return func(attempt *v1alpha1.TaskAttempt) bool { return attempt.State == string(state) }
}

// hasEnded says whether Mesos says of an attempt that it ended.
func hasEnded(attempt *v1alpha1.TaskAttempt) bool {
	return mesos.TaskState(attempt.State).Class() == mesos.Ended
}

// interruptedBy says how the platform ended an attempt that did not end by itself; empty where it did, or never ran.
func interruptedBy(attempt *v1alpha1.TaskAttempt) string {
	if attempt.Outcome != "" || attempt.State == string(mesos.TaskFinished) || !mayHaveRun(attempt) {
		return ""
	}
	return interruptionOf(attempt)
}

// interruptionOf says which interruption the record of an attempt tells of; empty for none.
func interruptionOf(attempt *v1alpha1.TaskAttempt) string {
	for _, interruption := range interruptions {
		if interruption.holds(attempt) {
			return interruption.words
		}
	}
	return ""
}

// endedByItself says whether an attempt ran and came to an end of its own, which is what spec.maxRestarts counts. What was left behind did not, nor
// did what the platform or the operator ended.
func endedByItself(attempt *v1alpha1.TaskAttempt) bool {
	return mayHaveRun(attempt) && attempt.Outcome == "" && attempt.KillReason == "" && interruptedBy(attempt) == ""
}

// hasRun says whether an attempt that ended as said, after state known, may have run.
func (s *scene) hasRun(attempt *v1alpha1.TaskAttempt, said mesos.Observation, known mesos.TaskState) bool {
	reached := attempt.StartTime != nil || known == mesos.TaskStarting || known == mesos.TaskKilling
	if attempt.KillReason == v1alpha1.KillLaunchTimedOut && said.State != mesos.TaskFinished {
		return reached
	}
	switch said.State {
	case mesos.TaskDropped, mesos.TaskError:
		// Agents say TASK_DROPPED of a task that they lost, too (Mesos agent: reconciliation with the master after a restart).
		return reached
	case mesos.TaskGone:
		// An agent says it of a task that it had. The master says it of what a registered agent does not have; where its agent was away
		// or the object was restored, the task may have come and gone unseen.
		return reached || s.isRestored(attempt) || said.Source != mesos.SourceMaster || known != "" && known.Class() == mesos.FateUnknown
	case mesos.TaskFailed, mesos.TaskKilled:
		// Where the agent was out of sight meanwhile, nobody knows what the executor said then.
		return reached || known != "" && known != mesos.TaskStaging || !endsLaunch(said)
	default:
		return true
	}
}

// isRestored says whether an attempt is that of an object which was restored from a backup since it was bound.
func (s *scene) isRestored(attempt *v1alpha1.TaskAttempt) bool {
	return s.Binding != nil && s.Binding.TaskID == attempt.ID && s.Binding.UID != s.UID
}

// endsLaunch says whether an end is that of a launch whose executor never was told to start the task, provided that it told nothing of it (Mesos
// agent: registerExecutorTimeout, executorLaunched, killTask).
func endsLaunch(said mesos.Observation) bool {
	if said.Source != mesos.SourceAgent {
		return false
	}
	switch said.Reason {
	case mesos.ReasonExecutorRegistrationTimeout, mesos.ReasonContainerLaunchFailed:
		return said.State == mesos.TaskFailed
	case mesos.ReasonTaskKilledDuringLaunch:
		return said.State == mesos.TaskKilled
	default:
		return false
	}
}

// endsUnseen says whether what Mesos says of an attempt is that of a draining agent which is to be marked gone: such an agent says
// TASK_GONE_BY_OPERATOR as it begins to kill, and no more (Mesos agent: statusUpdate; recording "drain"). It notes since when.
func (s *scene) endsUnseen(attempt *v1alpha1.TaskAttempt) bool {
	if attempt.State != string(mesos.TaskGoneByOperator) || attempt.Reason != mesos.ReasonAgentDraining {
		return false
	}
	attempt.UnreachableTime = s.timeOf(s.Now)
	return true
}

// IsEndingUnseen says so of an attempt that is not over yet, as a status durably has it.
func IsEndingUnseen(attempt *v1alpha1.TaskAttempt) bool { return isEndingUnseen(attempt) }

func isEndingUnseen(attempt *v1alpha1.TaskAttempt) bool {
	return !over(attempt) && attempt.State == string(mesos.TaskGoneByOperator) && attempt.UnreachableTime != nil
}

// overUnseen is when such an attempt is over.
func (s *scene) overUnseen(attempt *v1alpha1.TaskAttempt) time.Time {
	return overUnseen(*attempt.UnreachableTime, s.graceOf(attempt))
}

func overUnseen(since metav1.Time, grace time.Duration) time.Time {
	// The API keeps whole seconds; never sooner than said.
	return since.Add(time.Second - 1 + grace + drainedWithin)
}

// awaitUnseen is the verdict on an attempt that is about to end where nobody can see it.
func (s *scene) awaitUnseen() {
	s.verdict = verdict{
		ready: metav1.ConditionUnknown, reason: v1alpha1.ReasonAgentDraining, reconciling: true,
		message: fmt.Sprintf("%s on %s is being killed, as its agent is drained to be marked gone. Mesos tells no more of it: it counts as over at %s",
			s.attempt.ID, s.where(), s.overUnseen(s.attempt).UTC().Format(time.RFC3339)),
	}
}

// isUnauthorized says whether Mesos may not run an attempt as it is for this framework, which is not for its author to change.
func isUnauthorized(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.State == string(mesos.TaskError) && hasReason(mesos.ReasonTaskUnauthorized, mesos.ReasonTaskGroupUnauthorized)(attempt)
}

// isUnable says whether it was the agent, and not the spec, that made Mesos refuse an attempt (Mesos master: validateResourceLimits).
func isUnable(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.State == string(mesos.TaskError) && strings.Contains(attempt.Message, "is not capable of handling")
}

// didNotStart says whether an attempt never ran as its launch failed on the agent. A launch that got lost on its way says nothing of the task.
func didNotStart(attempt *v1alpha1.TaskAttempt) bool {
	switch {
	case !over(attempt) || mayHaveRun(attempt):
		return false
	case attempt.KillReason != "":
		return attempt.KillReason == v1alpha1.KillLaunchTimedOut
	default:
		failed := attempt.State == string(mesos.TaskFailed) || attempt.State == string(mesos.TaskDropped)
		return isUnable(attempt) || failed && attempt.Source == mesos.SourceAgent && attempt.Reason != mesos.ReasonReconciliation
	}
}

// hardship is what keeps a task from starting that is tried again all the same, slowly.
type hardship struct{ reason, message string }

// hardship says what has kept the task from starting, by its last attempts that are over; nil for nothing lasting.
func (s *scene) hardship() *hardship {
	ended := s.lastEnded()
	if len(ended) == 0 || !s.declares(ended[0]) {
		return nil
	}
	if last := ended[0]; isUnauthorized(last) {
		return &hardship{v1alpha1.ReasonTaskUnauthorized, fmt.Sprintf(
			"Mesos does not let MesosFramework %s run this task: ask whoever runs Mesos to allow it in the master's ACLs (run_tasks), or set another spec.user: %s",
			s.Spec.FrameworkRef.Name, last.Message)}
	}
	failed := slices.IndexFunc(append(ended, nil), func(a *v1alpha1.TaskAttempt) bool {
		return a == nil || !didNotStart(a) || !s.declares(a)
	})
	if failed < failedStarts {
		return nil
	}
	return &hardship{v1alpha1.ReasonNeverStarts, fmt.Sprintf("The last %d launches failed before the task began; change the spec, or mend what it needs: %s", failed, s.outcomeOf(ended[0]))}
}

// lastEnded are the object's last attempts, without one that has not begun to run yet.
func (s *scene) lastEnded() (ended []*v1alpha1.TaskAttempt) {
	status := &s.decision.Status
	if task := status.Task; task != nil && over(task) {
		ended = append(ended, task)
	} else if task != nil && task.State != "" && task.State != string(mesos.TaskStaging) {
		return nil
	}
	for i := range status.History {
		if status.History[i].KillReason != v1alpha1.KillNotOfRecord {
			ended = append(ended, &status.History[i])
		}
	}
	return ended
}

// keepStalled keeps a task that cannot start from seeming to make progress each time that it is tried.
func (s *scene) keepStalled() {
	if s.verdict.reason != v1alpha1.ReasonAwaitingOffer && s.verdict.reason != v1alpha1.ReasonLaunching {
		return
	}
	if hard := s.hardship(); hard != nil {
		s.verdict.stalled, s.verdict.reconciling = true, false
		s.verdict.message += ". " + hard.message
		s.awaitSuccess()
	}
}

// awaitSuccess says that nobody can tell yet how a task that is not always launched again will end.
func (s *scene) awaitSuccess() {
	if s.Spec.RestartPolicy != v1alpha1.RestartAlways {
		s.verdict.succeeded = metav1.ConditionUnknown
	}
}

// outcomeOf is how an attempt ended, with what the spec has to do with it and Mesos does not say.
func (s *scene) outcomeOf(attempt *v1alpha1.TaskAttempt) string {
	text := outcome(attempt)
	fetched := attempt.Reason == mesos.ReasonExecutorRegistrationTimeout || attempt.Reason == mesos.ReasonContainerLaunchFailed && strings.Contains(attempt.Message, "fetch")
	if mayHaveRun(attempt) || !fetched || len(s.Spec.URIs) == 0 {
		return text
	}
	told := make([]string, 0, urisTold+1)
	for _, uri := range s.Spec.URIs[:min(len(s.Spec.URIs), urisTold)] {
		told = append(told, harmless(uri.Value))
	}
	if more := len(s.Spec.URIs) - len(told); more > 0 {
		told = append(told, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%s (spec.uris: %s)", text, strings.Join(told, ", "))
}

// schemes are what may stand before the :// of a URI.
var schemes = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]{0,31}$`)

// harmless is a URI without what may be a secret in it.
func harmless(uri string) string {
	parsed, err := url.Parse(uri)
	if err != nil || strings.Contains(parsed.Opaque+parsed.Path+parsed.RawQuery+parsed.Fragment, "@") {
		// What cannot be parsed may have anything anywhere, and what has an @ further on was perhaps meant as a password.
		scheme, _, ok := strings.Cut(uri, "://")
		if !ok || !schemes.MatchString(scheme) {
			return "one that cannot be shown"
		}
		return scheme + "://..."
	}
	parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
	return cut(parsed.String(), 256)
}
