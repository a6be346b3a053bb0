package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// abandonRetry is when an object whose task is to be abandoned is looked at again if nothing wakes it.
const abandonRetry = 5 * time.Second

// orphans says whether the object's task is to be left running.
func (s *scene) orphans() bool { return s.Spec.DeletionPolicy == v1alpha1.TaskDeletionOrphan }

// letsGo says whether the deleted object need not wait for its current attempt any more: the framework's status remembers it, a person gave it
// up, or its fate has been unknown for as long as spec.unreachable allows. What Mesos says to be live is killed and waited for.
func (s *scene) letsGo() bool {
	if s.live() && !s.ignoresKills() || s.otherFramework() || !s.settled() {
		return false
	}
	return s.Abandoned.Has(s.attempt.ID) || s.mayGiveUp() || !s.orphans() && s.stayedAway()
}

// release lets the object go once nothing of it lives that is to end, and the framework's status remembers what may live.
func (s *scene) release() {
	if s.bindingAhead() {
		s.deleting(fmt.Sprintf("Taking up %s, to which the object is bound", s.Binding.TaskID))
		s.checkAt(s.Now.Add(time.Second))
		return
	}
	if s.awaitOthers() {
		return
	}
	message := "No task is left"
	if remembered := s.remembered(); len(remembered) > 0 {
		message = fmt.Sprintf("Let go of %s, which may still run and is killed if it comes back", strings.Join(remembered, ", "))
		s.tellOnce(message, Event{Warning: true, Reason: v1alpha1.EventAbandoned, Action: actionDeleting, Message: message})
	}
	s.deleting(message)
	s.letGo()
}

// letGo takes the finalizer away. Where that is the last one the object is gone with it, so that its status is not worth a write: what must be
// remembered of it stands elsewhere (rule 3, second half).
func (s *scene) letGo() {
	if !s.Finalized {
		return
	}
	s.step(StepRelease)
	s.decision.Gone = !s.HeldByOthers
}

func (s *scene) detach() {
	if s.awaitOthers() {
		return
	}
	message := "The task is left running, as spec.deletionPolicy says"
	s.tellOnce(message, Event{Reason: v1alpha1.EventDetached, Action: actionDeleting, Message: fmt.Sprintf("Left %s running on %s", s.attempt.ID, s.where())})
	s.deleting(message)
	s.letGo()
}

// awaitOthers says whether the deleted object has to wait for anything besides its current attempt (rule 11).
func (s *scene) awaitOthers() bool {
	doomed := slices.DeleteFunc(slices.Clone(s.Others), func(other Other) bool { return s.orphans() && !s.leftBehind(other) })
	unremembered := s.unremembered()
	switch lost := s.foreignEarlier(); {
	case len(doomed) > 0:
		message := fmt.Sprintf("Waiting for %s to end", namesOf(doomed))
		if lost := s.lostOthers(); len(lost) > 0 {
			message += ". " + s.tellLost(lost) + s.waysToGiveUp(lost[0].TaskID, lost[0].AgentID)
		}
		s.deleting(message)
	case len(s.Others) > 0 && s.KillsOrphans:
		s.keepFromOrphanKill()
	case lost != nil && !s.orphans():
		s.deleting(fmt.Sprintf("Waiting for %s on agent %s, which was launched under framework ID %s; nobody can be asked for it%s",
			lost.ID, lost.AgentID, lost.FrameworkID, s.waysOut(lost.ID)))
	case len(unremembered) == 0:
		return false
	case s.AbandonedFull:
		s.deleting(fmt.Sprintf("Waiting to let go of %s, which may still run: MesosFramework %s remembers as many abandoned tasks as it can, until some of them are known to be over",
			namesOf(unremembered), s.Spec.FrameworkRef.Name))
	default:
		message := fmt.Sprintf("Letting go of %s, which may still run: MesosFramework %s is to remember it", namesOf(unremembered), s.Spec.FrameworkRef.Name)
		if s.FrameworkID == "" {
			message = fmt.Sprintf("Waiting to let go of %s, which may still run: MesosFramework %s has no framework ID, so that nobody can be asked for it and giving it up does nothing%s",
				namesOf(unremembered), s.Spec.FrameworkRef.Name, s.waysOut(""))
		}
		s.deleting(message)
		for _, other := range unremembered {
			s.decision.Abandon = append(s.decision.Abandon, v1alpha1.AbandonedAttempt{
				TaskID: other.TaskID, AgentID: other.AgentID, KillGracePeriodSeconds: other.KillGracePeriodSeconds,
			})
		}
		s.step(StepAbandon)
		s.checkAt(s.Now.Add(abandonRetry))
	}
	return true
}

// unremembered are the attempts that may still run when the object goes and that the framework's status does not remember yet. Where there is no
// framework nobody can remember them, and spec.deletionPolicy Orphan lets them go.
func (s *scene) unremembered() (attempts []Other) {
	if s.orphans() && s.FrameworkID == "" {
		return nil
	}
	for _, attempt := range s.mayRun() {
		if !s.Abandoned.Has(attempt.ID) {
			grace := int32(s.graceOf(attempt).Seconds())
			attempts = append(attempts, Other{TaskID: attempt.ID, AgentID: attempt.AgentID, KillGracePeriodSeconds: &grace})
		}
	}
	return attempts
}

// remembered are the task IDs of those that it does remember.
func (s *scene) remembered() (taskIDs []string) {
	for _, attempt := range s.mayRun() {
		if s.Abandoned.Has(attempt.ID) {
			taskIDs = append(taskIDs, attempt.ID)
		}
	}
	return taskIDs
}

// mayRun are the attempts that may still run when the object goes: the current one, if it need not be waited for, and those left behind.
func (s *scene) mayRun() (attempts []*v1alpha1.TaskAttempt) {
	if s.current() && s.letsGo() {
		attempts = append(attempts, s.attempt)
	}
	for i := range s.decision.Status.History {
		if earlier := &s.decision.Status.History[i]; !over(earlier) && !s.foreign(earlier) {
			attempts = append(attempts, earlier)
		}
	}
	return attempts
}

// foreignEarlier is an attempt left behind under another framework ID; nil where there is none.
func (s *scene) foreignEarlier() *v1alpha1.TaskAttempt {
	for i := range s.decision.Status.History {
		if earlier := &s.decision.Status.History[i]; !over(earlier) && s.foreign(earlier) {
			return earlier
		}
	}
	return nil
}

func (s *scene) callOffToDelete() {
	s.step(StepCallOff)
	s.deleting("The launch is being called off")
	s.holdBackDeletion()
}

// keepFromOrphanKill is the verdict where the object's two policies contradict each other: what it would leave running, the framework would kill.
func (s *scene) keepFromOrphanKill() {
	what := namesOf(s.Others)
	if s.current() {
		what = fmt.Sprintf("%s on %s", s.attempt.ID, s.where())
	}
	s.deleting(fmt.Sprintf(
		"spec.deletionPolicy Orphan would leave %s running, but MesosFramework %s kills what no object accounts for. Set its spec.orphanPolicy to Keep, or let the task be killed: kubectl patch mesostask %s -n %s --type merge -p '{\"spec\":{\"deletionPolicy\":\"Kill\"}}'",
		what, s.Spec.FrameworkRef.Name, s.Name, s.Namespace))
	s.verdict.reconciling, s.verdict.stalled = false, true
}

func (s *scene) killToDelete() {
	message := fmt.Sprintf("Waiting for %s on %s to end", s.attempt.ID, s.where())
	if s.attempt.UnreachableTime != nil {
		message = fmt.Sprintf("%s; Mesos has not been able to say whether it runs since %s", message, since(s.attempt.UnreachableTime))
	}
	if _, ok := s.deadline(); ok {
		after, _, _ := s.replaceAfter()
		message += fmt.Sprintf(", and it is let go after %d s", int(after.Seconds()))
	}
	if s.otherFramework() {
		message += fmt.Sprintf("; it was launched under framework ID %s, which is not the framework's any more", s.attempt.FrameworkID)
	}
	giveUp := s.attempt.ID
	switch {
	case s.ignoresKills():
	case s.live():
		giveUp = ""
	case s.FrameworkID == "" && !s.otherFramework():
		giveUp = ""
		message += fmt.Sprintf("; MesosFramework %s has no framework ID, so that nobody can be asked for it and giving it up does nothing", s.Spec.FrameworkRef.Name)
	case !s.otherFramework() && !s.lost():
		message += fmt.Sprintf("; annotation %s takes effect only once Mesos was asked for it and cannot tell", v1alpha1.AnnotationGiveUp)
	}
	if s.ignoresKills() {
		message += fmt.Sprintf("; no KILL has been answered since %s, and Mesos still says TASK_STAGING: the launch may never have reached its agent", s.FirstKill.UTC().Format(time.RFC3339))
	}
	s.deleting(message + s.waysOut(giveUp))
	s.kill()
	if s.sure() {
		s.holdBackDeletion()
	}
}

// sure says whether there is somebody to ask, and nobody ever said, nor says now, that it cannot be told whether the attempt runs, or that its end will
// not be.
func (s *scene) sure() bool {
	durable := mesos.TaskState(s.durableState())
	return s.FrameworkID != "" && !s.fateUnknown() && !isEndingUnseen(s.attempt) && !s.otherFramework() && (durable == "" || durable.Class() != mesos.FateUnknown)
}

// holdBackDeletion leaves unwritten that the object waits for its task's end, while that comes quickly: most do once the KILL is sent, and then the
// status goes with the object.
func (s *scene) holdBackDeletion() {
	since := s.DeletedAt
	if s.Kills > 0 {
		since = later(since, s.FirstKill)
	}
	s.decision.WriteAt, s.decision.Passes = since.Add(quickly), true
}

// waysOut are the commands that let the object go without waiting. Giving an attempt up does nothing while Mesos says that it lives.
func (s *scene) waysOut(giveUp string) string {
	var ways strings.Builder
	if giveUp != "" {
		fmt.Fprintf(&ways, ". To let it go without waiting, and have it killed if it comes back: kubectl annotate mesostask %s -n %s --overwrite %s=%s",
			s.Name, s.Namespace, v1alpha1.AnnotationGiveUp, s.nextGiveUp(giveUp))
	}
	if !s.KillsOrphans {
		fmt.Fprintf(&ways, `. To let it go and run on: kubectl patch mesostask %s -n %s --type merge -p '{"spec":{"deletionPolicy":"Orphan"}}'`,
			s.Name, s.Namespace)
	}
	return ways.String()
}

// deleting is the verdict on an object that waits for its task.
func (s *scene) deleting(message string) {
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonDeleting, message: message, reconciling: true}
	s.markUnreachable()
}

// tellOnce tells an event that goes with what condition Ready newly says.
func (s *scene) tellOnce(message string, event Event) {
	if before := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); before == nil || !strings.HasPrefix(before.Message, cut(message, messageLength)) {
		s.tell(event)
	}
}
