package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// handledAtMost is how many handled annotations a status keeps (the bound of the API), handledLength how long a give-up can be.
	handledAtMost, handledLength = 16, 320
)

// giveUpOf is the task ID that a give-up names: what stands before a comma, behind which any text makes it another word of the person's. It is
// empty for one that names none, or is too long to be remembered.
func giveUpOf(value string) string {
	if len(value) > handledLength {
		return ""
	}
	taskID, _, _ := strings.Cut(value, ",")
	return taskID
}

// givesUp says whether a person gives an attempt up, by a word that was not answered yet and whose answer there is room for.
func (s *scene) givesUp(attempt *v1alpha1.TaskAttempt) bool {
	return giveUpOf(s.GiveUp) == attempt.ID && !s.spent(s.GiveUp) && !s.isFull()
}

// spent says whether a give-up was answered: Mesos said that the attempt lived. It does nothing any more, whatever becomes of the attempt and
// whoever puts the annotation back.
func (s *scene) spent(value string) bool {
	return slices.Contains(s.decision.Status.HandledAnnotations, v1alpha1.HandledAnnotation{Name: v1alpha1.AnnotationGiveUp, Value: value})
}

// isFull says whether no further answer can be remembered, so that none is given: a word that is forgotten would be a new one.
func (s *scene) isFull() bool { return len(s.decision.Status.HandledAnnotations) >= handledAtMost }

// nextGiveUp is a give-up of an attempt that is not spent.
func (s *scene) nextGiveUp(taskID string) string {
	value := taskID
	for n := 2; s.spent(value); n++ {
		value = fmt.Sprintf("%s,%d", taskID, n)
	}
	return value
}

// heedGiveUp answers a give-up of an attempt that Mesos says is live, and notes what becomes of any other that cannot be followed.
func (s *scene) heedGiveUp() {
	s.dropHandled()
	taskID := giveUpOf(s.GiveUp)
	isCurrent := s.current() && taskID == s.attempt.ID
	switch {
	case taskID == "":
	case s.spent(s.GiveUp):
		s.note(s.answerTo(taskID))
	case isCurrent && s.live(), s.Earlier[taskID].State.Class() == mesos.Live:
		s.answer(taskID)
	case isCurrent:
		if why := s.whyNotGivenUp(); why != "" {
			s.note(fmt.Sprintf("Annotation %s %s", v1alpha1.AnnotationGiveUp, why))
		}
	}
}

// whyNotGivenUp is what a give-up of the current attempt, of which Mesos does not say that it lives, waits for; empty where that shows elsewhere.
func (s *scene) whyNotGivenUp() string {
	switch {
	case s.isFull():
		return "is not followed, as status.handledAnnotations has no room for an answer"
	case s.paused():
		return ""
	case s.Silent && s.awaitsAgents():
		return fmt.Sprintf("takes effect if Mesos is still silent after %s: until then its agent may come back", s.SilenceCounts.UTC().Format(time.RFC3339))
	case !s.Deleting && s.mayGiveUp():
		if why := s.whyKept(); why != "" {
			return "cannot be followed: " + why
		}
	}
	return ""
}

// answerTo is what there is to say of a give-up that was answered.
func (s *scene) answerTo(taskID string) string {
	return fmt.Sprintf("Annotation %s=%s does nothing: Mesos said that the task lived. Should Mesos lose sight of it, %s is another word",
		v1alpha1.AnnotationGiveUp, s.GiveUp, s.nextGiveUp(taskID))
}

// answer answers a give-up of an attempt that lives, once. That it was answered is kept in status; where the API drops it, as a CRD of an earlier
// release does, the condition still says so, and it is not told again.
func (s *scene) answer(taskID string) {
	status := &s.decision.Status
	kept := status.HandledAnnotations
	if !s.isFull() {
		status.HandledAnnotations = append(slices.Clip(kept), v1alpha1.HandledAnnotation{Name: v1alpha1.AnnotationGiveUp, Value: s.GiveUp})
	}
	text := s.answerTo(taskID)
	if before := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); before != nil && strings.Contains(before.Message, text) {
		status.HandledAnnotations = kept
	} else {
		s.answered = true
		s.tell(Event{
			Warning: true, Reason: v1alpha1.EventGiveUpIgnored, Action: actionReconciling, Message: taskID + " is not given up: Mesos says that it lives",
		})
	}
	s.note(text)
}

// dropHandled forgets the answers about attempts that the status does not name any more: nothing can be given up of them.
func (s *scene) dropHandled() {
	status := &s.decision.Status
	status.HandledAnnotations = slices.DeleteFunc(status.HandledAnnotations, func(annotation v1alpha1.HandledAnnotation) bool {
		return !named(status, giveUpOf(annotation.Value))
	})
	if len(status.HandledAnnotations) == 0 {
		status.HandledAnnotations = nil
	}
}
