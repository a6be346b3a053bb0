package rollout

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const (
	// messageLength is how much a condition says.
	messageLength = 1024
	// countsEvery is how often a status is written that only counts otherwise.
	countsEvery = 5 * time.Second
)

// Actions of events, as the API wants one of each.
const (
	actionRolling = "RollingOut"
	actionScaling = "Scaling"
)

// verdict is what a standing says of the set; the conditions follow from it.
type verdict struct {
	ready, reconciling, stalled bool
	reason, message             string
}

// standing is one row of how a set may stand.
type standing struct {
	when func(*scene) bool
	say  func(*scene) verdict
}

// standings are tried in order; the first that matches is what the conditions say. The last matches always.
var standings = []standing{
	{func(s *scene) bool { return s.Framework.Obstacle != nil && !s.complete() }, (*scene).hindered},
	{func(s *scene) bool { return s.Refused.Write != "" }, (*scene).refused},
	{(*scene).complete, (*scene).done},
	{func(s *scene) bool { return !s.Framework.Reconciled }, (*scene).awaiting},
	{(*scene).isFull, (*scene).full},
	{func(s *scene) bool { return s.stuck() != nil }, (*scene).taskStalled},
	{func(s *scene) bool { return s.undecided }, (*scene).waiting},
	{(*scene).isLate, (*scene).late},
	{(*scene).isRolling, (*scene).rolling},
	{func(s *scene) bool { return len(s.pick(anyMember)) != s.replicas }, (*scene).scaling},
	{func(*scene) bool { return true }, (*scene).incomplete},
}

func (s *scene) hindered() verdict {
	return verdict{stalled: true, reason: s.Framework.Obstacle.Reason, message: s.Framework.Obstacle.Message}
}

func (s *scene) refused() verdict {
	return verdict{stalled: true, reason: v1alpha1.ReasonWriteRefused, message: s.counts() + ". The API server refuses what the set would write. It is tried again: " + s.Refused.Write}
}

// isFull says whether nothing goes on until the API server lets the set have more MesosTasks.
func (s *scene) isFull() bool {
	active := s.pick(anyMember)
	waits := s.room > 0 || len(active) < len(s.members) || len(s.decision.Deletes) > 0 || len(active) >= s.replicas && count(active, func(m *member) bool { return m.updated && !m.available }) > 0
	return s.Refused.Creation != "" && s.withheld > 0 && !waits
}

func (s *scene) full() verdict {
	return verdict{stalled: true, reason: v1alpha1.ReasonWriteRefused, message: s.counts() + s.refusal()}
}

// refusal says that the API server refuses more MesosTasks; empty where it does not, or none are needed.
func (s *scene) refusal() string {
	if s.Refused.Creation == "" || s.withheld == 0 {
		return ""
	}
	return ". The API server refuses more MesosTasks than there are. It is tried again: " + s.Refused.Creation
}

func (s *scene) done() verdict {
	switch {
	case s.spec.Suspend:
		return verdict{ready: true, reason: v1alpha1.ReasonSuspended, message: "spec.suspend keeps all tasks from running"}
	case s.older() > 0:
		return verdict{ready: true, reason: v1alpha1.ReasonAvailable, message: fmt.Sprintf("%s, %d of them of an older revision, as %s asks", s.counts(), s.older(), s.holding())}
	default:
		return verdict{ready: true, reason: v1alpha1.ReasonAvailable, message: s.counts()}
	}
}

// holding is the field that keeps tasks of an older revision.
func (s *scene) holding() string {
	switch {
	case s.spec.Paused:
		return "spec.paused"
	case s.strategy() == v1alpha1.UpdateOnDelete:
		return "spec.updateStrategy.type OnDelete"
	default:
		return "spec.updateStrategy.rollingUpdate.partition"
	}
}

func (s *scene) awaiting() verdict {
	return verdict{reconciling: true, reason: v1alpha1.ReasonAwaitingFramework, message: fmt.Sprintf(
		"%s. Nothing is made or deleted until MesosFramework %s is connected and has reconciled its tasks", s.counts(), s.spec.Template.Spec.FrameworkRef.Name)}
}

func (s *scene) taskStalled() verdict {
	return verdict{stalled: true, reason: v1alpha1.ReasonTaskStalled, message: fmt.Sprintf("%s. %s", s.counts(), blame(s.stuck().task))}
}

func (s *scene) waiting() verdict {
	return verdict{reconciling: true, reason: v1alpha1.ReasonRollingOut, message: fmt.Sprintf(
		"%s. Which of the %d of an older revision stay, as %s asks, is decided once one of them is available, or after %d seconds without progress; until then none is made or deleted%s",
		s.counts(), s.older(), s.holding(), s.spec.ProgressDeadlineSeconds, s.worst())}
}

func (s *scene) late() verdict {
	older := ""
	if s.older() > 0 {
		older = "; what runs of the older one stays"
	}
	return verdict{stalled: true, reason: v1alpha1.ReasonProgressDeadlineExceeded, message: fmt.Sprintf(
		"%s. Revision %s has made no progress for %d seconds%s%s%s%s", s.counts(), s.update.Label, s.spec.ProgressDeadlineSeconds, older, s.holder(), s.worst(), s.refusal())}
}

func (s *scene) rolling() verdict {
	return verdict{reconciling: true, reason: v1alpha1.ReasonRollingOut, message: fmt.Sprintf(
		"%s, %d of revision %s and %d older%s%s%s", s.counts(), len(s.pick(isUpdated)), s.update.Label, s.older(), s.holder(), s.worst(), s.refusal())}
}

// holder says that the rollout is held as its Service does not find the tasks; empty where it is not.
func (s *scene) holder() string {
	if !s.held {
		return ""
	}
	published := s.unpublished()
	return fmt.Sprintf(". It is held until the set's Service finds what is ready (%s): %s", v1alpha1.ConditionServicePublished, said(published.Reason, published.Message))
}

// isRolling says whether tasks of an older revision are to be replaced, or those that replaced them are not all available yet.
func (s *scene) isRolling() bool {
	unfinished := s.partition == 0 && s.current != nil && s.current != s.update
	return s.rolls() && (s.toReplace() > 0 || unfinished)
}

func (s *scene) scaling() verdict {
	return verdict{reconciling: true, reason: v1alpha1.ReasonScaling, message: fmt.Sprintf("%s, and there are %d%s%s", s.counts(), len(s.pick(anyMember)), s.worst(), s.refusal())}
}

func (s *scene) incomplete() verdict {
	return verdict{reconciling: true, reason: v1alpha1.ReasonUnavailable, message: s.counts() + s.worst()}
}

// counts are the numbers, in words.
func (s *scene) counts() string {
	return fmt.Sprintf("%d of %d are available", len(s.pick(isAvailable)), s.replicas)
}

func isUpdated(m *member) bool { return m.updated }

// older is how many there are of an older revision.
func (s *scene) older() int { return len(s.pick(func(m *member) bool { return !m.updated })) }

// complete says whether all is as it should be.
func (s *scene) complete() bool {
	active := s.pick(anyMember)
	available := isAvailable
	if s.spec.Suspend {
		available = isSuspended
	}
	return len(active) == s.replicas && count(active, available) == s.replicas && (!s.rolls() || s.toReplace() == 0)
}

// isSuspended says whether a member's task is kept from running, and is over.
func isSuspended(m *member) bool {
	ready := meta.FindStatusCondition(m.task.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonSuspended
}

// stuck is a member of which nothing will come until a person changes something; nil for none.
func (s *scene) stuck() *member {
	for _, m := range s.members {
		if !m.deleting && !m.available && (m.updated || !s.rolls()) && meta.IsStatusConditionTrue(m.task.Status.Conditions, v1alpha1.ConditionStalled) {
			return m
		}
	}
	return nil
}

// worst says which member is not ready, where and why, or else which that is being deleted keeps others from being made; empty where none is.
func (s *scene) worst() string {
	var worst *member
	for _, m := range s.members {
		if !m.deleting && !m.ready && (worst == nil || m.updated && !worst.updated || m.updated == worst.updated && m.launched && !worst.launched) {
			worst = m
		}
	}
	switch {
	case worst != nil:
		return ". " + blame(worst.task)
	case s.ending != nil && len(s.pick(anyMember)) < s.replicas && (s.recreates() || s.replicas+s.surge <= s.alive):
		return ". No more are made until one that is deleted is gone: " + blame(s.ending)
	default:
		return ""
	}
}

// blame says which task it is, where and why.
func blame(task *v1alpha1.MesosTask) string {
	where := ""
	if attempt := task.Status.Task; attempt != nil && attempt.Hostname != "" {
		where = " on " + attempt.Hostname
	}
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return task.Name + where + " has not been looked at yet"
	}
	return task.Name + where + " is " + said(ready.Reason, ready.Message)
}

// noteProgress keeps since when a rollout makes none: it is under way from when the set is new, or the template has a revision that not all are of, until
// the set is complete.
func (s *scene) noteProgress() {
	status, before := &s.decision.Status, &s.Set.Status
	underWay := status.CurrentRevision != status.UpdateRevision || before.ObservedGeneration == 0 || before.LastProgressTime != nil
	if !underWay || !s.rolls() || s.complete() || s.spec.Suspend {
		status.LastProgressTime = nil
		return
	}
	if s.isCloser(before, status) || s.Framework.Reconciled && s.waited() {
		status.LastProgressTime = &metav1.Time{Time: s.Now.Truncate(time.Second)}
	}
	if at := s.deadline(); s.Now.Before(at) {
		s.checkAt(at)
	}
}

// isCloser says whether a rollout came closer to its end. One that has failed does so by what is made of the newer revision alone.
func (s *scene) isCloser(before, now *v1alpha1.MesosTaskSetStatus) bool {
	if before.LastProgressTime == nil || before.UpdateRevision != now.UpdateRevision || now.UpdatedReplicas > before.UpdatedReplicas {
		return true
	}
	return !s.failed && (before.ObservedGeneration != s.Set.Generation || now.AvailableReplicas > before.AvailableReplicas ||
		now.Replicas-now.UpdatedReplicas < before.Replicas-before.UpdatedReplicas)
}

// wasLate says whether the rollout to the template's revision had made no progress for too long, as far as the status knows.
func (s *scene) wasLate() bool {
	before := &s.Set.Status
	return s.rolls() && before.UpdateRevision == s.update.Label && before.LastProgressTime != nil &&
		!s.Now.Before(before.LastProgressTime.Add(time.Duration(s.spec.ProgressDeadlineSeconds)*time.Second))
}

// hasFailed says whether the rollout was late, and what it has made so far is not all available: it is held then, and what is added is of the revision
// that was there before.
func (s *scene) hasFailed() bool {
	return s.wasLate() && s.strategy() == v1alpha1.UpdateRolling && s.current != nil && s.current != s.update &&
		len(s.pick(func(m *member) bool { return m.updated && !m.available })) > 0
}

// waited says whether the set waited for its framework until now.
func (s *scene) waited() bool {
	ready := meta.FindStatusCondition(s.Set.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonAwaitingFramework
}

func (s *scene) deadline() time.Time {
	return s.decision.Status.LastProgressTime.Add(time.Duration(s.spec.ProgressDeadlineSeconds) * time.Second)
}

func (s *scene) isLate() bool {
	return s.decision.Status.LastProgressTime != nil && !s.Now.Before(s.deadline())
}

// settle says how the set stands, and when that is worth a write.
func (s *scene) settle() {
	status := &s.decision.Status
	status.ObservedGeneration = s.Set.Generation
	status.Selector = v1alpha1.LabelSet + "=" + s.Set.Name
	status.UpdateRevision = s.update.Label
	active := s.pick(anyMember)
	status.Replicas = number(len(active))
	status.TerminatingReplicas = number(len(s.members) - len(active))
	status.ReadyReplicas = number(count(active, func(m *member) bool { return m.ready }))
	status.AvailableReplicas = number(count(active, isAvailable))
	status.UpdatedReplicas = number(count(active, isUpdated))
	status.UnreachableReplicas = number(count(active, func(m *member) bool { return m.unreachable }))
	if s.complete() && s.replicas > 0 && s.older() == 0 && !s.spec.Suspend && status.CurrentRevision != status.UpdateRevision {
		status.CurrentRevision = status.UpdateRevision
		s.tell(Event{Reason: v1alpha1.EventRolledOut, Action: actionRolling, Message: "All are available and of revision " + s.update.Label})
	}
	s.keepCurrent()
	s.noteProgress()
	for _, row := range standings {
		if row.when(s) {
			s.setConditions(row.say(s))
			break
		}
	}
	s.pace()
}

// number is a count as the API has it; there are never so many that it would not fit.
func number(n int) int32 { return int32(min(n, 1<<30)) }

// aside says what bears the set's label and is left alone all the same; empty for nothing.
func (s *scene) aside() string {
	if len(s.strangers) == 0 {
		return ""
	}
	first := s.strangers[0]
	return fmt.Sprintf(". %d MesosTasks with the set's label are of another MesosFramework (%s of %s) and are left as they run: delete them once they are not needed any more",
		len(s.strangers), first.Name, first.Spec.FrameworkRef.Name)
}

func (s *scene) setConditions(v verdict) {
	v.message += s.aside()
	v.message = cut(v.message, messageLength)
	conditions := &s.decision.Status.Conditions
	before := meta.FindStatusCondition(*conditions, v1alpha1.ConditionStalled)
	if v.stalled && (before == nil || before.Reason != v.reason) {
		s.tell(Event{Warning: true, Reason: v.reason, Action: actionRolling, Message: v.message})
	}
	for _, one := range []struct {
		name  string
		shown bool
	}{{v1alpha1.ConditionReady, true}, {v1alpha1.ConditionReconciling, v.reconciling}, {v1alpha1.ConditionStalled, v.stalled}} {
		if !one.shown {
			meta.RemoveStatusCondition(conditions, one.name)
			continue
		}
		holds := metav1.ConditionTrue
		if one.name == v1alpha1.ConditionReady && !v.ready {
			holds = metav1.ConditionFalse
		}
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type: one.name, Status: holds, Reason: v.reason, Message: v.message,
			ObservedGeneration: s.Set.Generation, LastTransitionTime: metav1.Time{Time: s.Now.Truncate(time.Second)},
		})
	}
}

// pace holds a status back that only counts otherwise than the one that was just written. A status with another verdict goes out at once.
func (s *scene) pace() {
	if equality.Semantic.DeepEqual(s.verdictOf(&s.decision.Status), s.verdictOf(&s.Set.Status)) && !s.LastWrite.IsZero() {
		s.decision.WriteAt = s.LastWrite.Add(countsEvery)
	}
	if s.Now.Before(s.decision.WriteAt) && !equality.Semantic.DeepEqual(s.decision.Status, s.Set.Status) {
		s.checkAt(s.decision.WriteAt)
	}
}

// verdictOf is what of a status goes out at once.
func (s *scene) verdictOf(status *v1alpha1.MesosTaskSetStatus) v1alpha1.MesosTaskSetStatus {
	verdict := v1alpha1.MesosTaskSetStatus{
		ObservedGeneration: status.ObservedGeneration, CurrentRevision: status.CurrentRevision, UpdateRevision: status.UpdateRevision, Selector: status.Selector,
	}
	for _, condition := range status.Conditions {
		// While things move, which of the reasons holds is but another count.
		if condition.Message = ""; condition.Type == v1alpha1.ConditionReconciling || condition.Status == metav1.ConditionFalse {
			condition.Reason = ""
		}
		condition.LastTransitionTime = metav1.Time{}
		verdict.Conditions = append(verdict.Conditions, condition)
	}
	// Once all that stay are as they should be, what is left is to wait for the last of those that go.
	if meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) {
		verdict.TerminatingReplicas = min(status.TerminatingReplicas, 1)
	}
	return verdict
}

// cut shortens text to so many bytes, between two characters.
func cut(text string, length int) string {
	if len(text) <= length {
		return text
	}
	for length > 0 && !utf8.RuneStart(text[length]) {
		length--
	}
	return strings.TrimSpace(text[:length])
}
