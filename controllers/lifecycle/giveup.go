package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// handledAtMost is how many handled annotations a status keeps, handledLength how long their values can be (the bounds of the API).
	handledAtMost, handledLength = 16, 1024
	// giveUpSpent is what there is to say of a give-up that was answered.
	giveUpSpent = "Annotation " + v1alpha1.AnnotationGiveUp + " does nothing: Mesos said that the task lived"
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

// givesUp says whether a person gives an attempt up, by a word that was not answered yet.
func (s *scene) givesUp(attempt *v1alpha1.TaskAttempt) bool {
	return giveUpOf(s.GiveUp) == attempt.ID && !s.spent(s.GiveUp)
}

// spent says whether a give-up was answered: Mesos said that the attempt lived. It does nothing any more, whatever becomes of the attempt and
// whoever puts the annotation back.
func (s *scene) spent(value string) bool {
	return slices.Contains(s.decision.Status.HandledAnnotations, v1alpha1.HandledAnnotation{Name: v1alpha1.AnnotationGiveUp, Value: value})
}

// nextGiveUp is a give-up of an attempt that is not spent.
func (s *scene) nextGiveUp(taskID string) string {
	value := taskID
	for n := 2; s.spent(value); n++ {
		value = fmt.Sprintf("%s,%d", taskID, n)
	}
	return value
}

// heedGiveUp notes what becomes of a give-up that cannot be followed, and that it is answered if Mesos says that the attempt lives.
func (s *scene) heedGiveUp() {
	s.dropHandled()
	taskID := giveUpOf(s.GiveUp)
	named := s.current() && taskID == s.attempt.ID
	switch {
	case taskID == "":
	case s.spent(s.GiveUp):
		s.note(giveUpSpent)
	case named && s.live(), s.Earlier[taskID].State.Class() == mesos.Live:
		s.handled(s.GiveUp)
		s.note(giveUpSpent)
		s.tell(Event{
			Warning: true, Reason: v1alpha1.EventGiveUpIgnored, Action: actionReconciling, Message: taskID + " is not given up: Mesos says that it lives",
		})
	case named && s.Silent && s.awaitsAgents():
		s.note(fmt.Sprintf("Annotation %s takes effect if Mesos is still silent after %s: until then its agent may come back", v1alpha1.AnnotationGiveUp,
			s.SilenceCounts.UTC().Format(time.RFC3339)))
	case !s.Deleting && named && s.mayGiveUp() && s.whyKept() != "":
		s.note(fmt.Sprintf("Annotation %s cannot be followed: %s", v1alpha1.AnnotationGiveUp, s.whyKept()))
	}
}

// handled records that a give-up was answered.
func (s *scene) handled(value string) {
	status := &s.decision.Status
	status.HandledAnnotations = append(status.HandledAnnotations, v1alpha1.HandledAnnotation{Name: v1alpha1.AnnotationGiveUp, Value: value})
	status.HandledAnnotations = status.HandledAnnotations[max(0, len(status.HandledAnnotations)-handledAtMost):]
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
