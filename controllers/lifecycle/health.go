package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// checkedEvery is the least time between two writes that tell no more than what checks found, which may change with each of them; foundEvery that
// where the task is as ready as it was.
const checkedEvery, foundEvery = 10 * time.Second, 30 * time.Second

// ailment is why a task that runs is not Ready.
type ailment struct {
	reason string
	holds  func(*scene) bool
	words  func(*scene) string
}

// ailments are tried in order; the first that holds is what condition Ready says.
var ailments = []ailment{
	{v1alpha1.ReasonUnhealthy, func(s *scene) bool { return isUnhealthy(s.attempt) }, (*scene).tellUnhealthy},
	{v1alpha1.ReasonNotReady, (*scene).awaitsHealth, func(s *scene) string { return "its health check has not passed yet" + s.ofCheck() }},
	{v1alpha1.ReasonNotReady, (*scene).isNotReady, (*scene).tellNotReady},
}

// runs is the verdict on an attempt that runs.
func (s *scene) runs() verdict {
	at := slices.IndexFunc(ailments, func(a ailment) bool { return a.holds(s) })
	if at < 0 {
		return verdict{ready: metav1.ConditionTrue, reason: v1alpha1.ReasonRunning, message: "Running on " + s.where()}
	}
	return verdict{
		ready: metav1.ConditionFalse, reason: ailments[at].reason, reconciling: true,
		message: fmt.Sprintf("Running on %s, but %s", s.where(), ailments[at].words(s)),
	}
}

// isUnhealthy says whether the health check of an attempt failed when it was last run.
func isUnhealthy(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.Healthy != nil && !*attempt.Healthy
}

// awaitsHealth says whether the attempt has a health check that has neither passed nor failed yet: Mesos says nothing of it then, and within its
// grace period nothing of failures either.
func (s *scene) awaitsHealth() bool {
	return s.Spec.HealthCheck != nil && s.attempt.Healthy == nil && s.asDeclared()
}

// endedUnhealthy says whether the health check of an attempt ended it. The kill that it brings about alone says so (Mesos executors: reaped; recording
// "checks"), and a kill of ours, once begun, stays one.
func endedUnhealthy(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.State == string(mesos.TaskKilled) && attempt.KillReason == "" && isUnhealthy(attempt)
}

// tellUnhealthy says what fails and what follows. Mesos tells no more of a health check than that it failed.
func (s *scene) tellUnhealthy() string {
	words := "its health check fails" + s.ofCheck()
	if check := s.Spec.HealthCheck; check != nil && check.FailureThreshold != nil && s.asDeclared() {
		words += fmt.Sprintf("; it is killed once that has failed %d times in a row", *check.FailureThreshold)
	}
	return words + ". What it found stands in stderr of the task's sandbox"
}

// ofCheck says what the health check is, if the attempt has the one of the spec.
func (s *scene) ofCheck() string {
	check := s.Spec.HealthCheck
	switch {
	case check == nil || !s.asDeclared():
		return ""
	case check.HTTP != nil:
		return fmt.Sprintf(" (%s GET %s at port %s)", check.HTTP.Scheme, cut(check.HTTP.Path, 128), check.HTTP.Port.String())
	case check.TCP != nil:
		return fmt.Sprintf(" (TCP to port %s)", check.TCP.Port.String())
	default:
		return " (its command)"
	}
}

// holdBackChecks leaves unwritten for a while what tells no more than what checks found, so that one that flaps costs little. The first word of each
// is not held back, nor is that the attempt is ready for the first time.
func (s *scene) holdBackChecks() {
	if !s.current() || !s.onlyChecked() {
		return
	}
	s.checked = true
	every := checkedEvery
	if was, is := s.Status.Task, s.decision.Status.Task; same(was.Healthy, is.Healthy) && same(was.Ready, is.Ready) {
		every = foundEvery
	}
	s.decision.WriteAt = s.LastWrite.Add(every)
}

// onlyChecked says whether what checks found, and where the container is, is all that the status newly says.
func (s *scene) onlyChecked() bool {
	was, is := s.Status.Task, s.decision.Status.Task
	if was == nil || was.ID != is.ID || was.State != is.State || is.State != string(mesos.TaskRunning) {
		return false
	}
	firstWord := was.Healthy == nil && is.Healthy != nil || was.ReadinessResult == "" && is.ReadinessResult != ""
	if firstWord || s.firstReady() || foundAlike(was, is) {
		return false
	}
	return equality.Semantic.DeepEqual(withoutFindings(&s.Status), withoutFindings(&s.decision.Status))
}

// firstReady says whether the attempt, which runs, newly is Ready, and was not before.
func (s *scene) firstReady() bool {
	was := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if s.verdict.ready != metav1.ConditionTrue || was != nil && was.Status == metav1.ConditionTrue {
		return false
	}
	return was == nil || s.attempt.StartTime != nil && !was.LastTransitionTime.After(s.attempt.StartTime.Time)
}

// foundAlike says whether what may change of an attempt while it runs is as it was.
func foundAlike(was, is *v1alpha1.TaskAttempt) bool {
	return same(was.Healthy, is.Healthy) && same(was.Ready, is.Ready) && was.ReadinessResult == is.ReadinessResult &&
		was.ContainerID == is.ContainerID && slices.Equal(was.IPs, is.IPs)
}

func same(a, b *bool) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

// withoutFindings is a status without that, and without the conditions that follow from them.
func withoutFindings(status *v1alpha1.MesosTaskStatus) *v1alpha1.MesosTaskStatus {
	without := status.DeepCopy()
	without.Task.Healthy, without.Task.Ready, without.Task.ReadinessResult, without.Task.ContainerID, without.Task.IPs = nil, nil, "", "", nil
	for _, condition := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionSucceeded} {
		meta.RemoveStatusCondition(&without.Conditions, condition)
	}
	return without
}
