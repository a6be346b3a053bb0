package lifecycle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// handledLength is how long a give-up of one attempt can be.
const handledLength = 320

// word is a person's word that gives an attempt up: an annotation, and the value that the status remembers once the word was answered.
type word struct{ annotation, value string }

// GiveUp is a person's word on the MesosFramework that gives many attempts up, as its status durably holds it.
type GiveUp struct {
	// Annotation is the one that it was given in.
	Annotation string
	// Agents are those that it names; none where it is about all of which Mesos says TASK_UNKNOWN.
	Agents []string
	// At is when it was first seen.
	At time.Time
}

// GiveUpsOf are the give-ups that a framework's status holds.
func GiveUpsOf(framework *v1alpha1.MesosFramework) []GiveUp {
	var words []GiveUp
	for _, handled := range framework.Status.HandledAnnotations {
		switch {
		case handled.Time == nil:
		case handled.Name == v1alpha1.AnnotationGiveUpAgent:
			words = append(words, GiveUp{Annotation: handled.Name, Agents: requests.List(handled.Value), At: handled.Time.Time})
		case handled.Name == v1alpha1.AnnotationGiveUpUnknown:
			words = append(words, GiveUp{Annotation: handled.Name, At: handled.Time.Time})
		}
	}
	return words
}

// IsUnknown says whether an attempt is one of which Mesos says that it knows nothing, and that nothing but a person ends.
func IsUnknown(attempt *v1alpha1.TaskAttempt) bool {
	return !over(attempt) && mesos.TaskState(attempt.State) == mesos.TaskUnknown && attempt.UnknownTime != nil && attempt.AgentRemovedTime == nil
}

// giveUpOf is the task ID that a give-up of one attempt names: what stands before a comma, behind which any text makes it another word of the
// person's. It is empty for one that names none, or is too long to be remembered.
func giveUpOf(value string) string {
	if len(value) > handledLength {
		return ""
	}
	taskID, _, _ := strings.Cut(value, ",")
	return taskID
}

// wordFor is a person's word that gives an attempt up, that was not answered yet and whose answer there is room for; nil where there is none. That its
// agent never comes back says most, and goes first.
func (s *scene) wordFor(attempt *v1alpha1.TaskAttempt) *word {
	if s.isFull() {
		return nil
	}
	words := make([]word, 0, len(s.GiveUps)+1)
	for _, giveUp := range s.GiveUps {
		if s.concerns(giveUp, attempt) {
			words = append(words, giveUp.wordOn(attempt))
		}
	}
	if giveUpOf(s.GiveUp) == attempt.ID {
		words = append(words, word{v1alpha1.AnnotationGiveUp, s.GiveUp})
	}
	words = slices.DeleteFunc(words, s.isSpent)
	if len(words) == 0 {
		return nil
	}
	if first := slices.IndexFunc(words, func(given word) bool { return given.annotation == v1alpha1.AnnotationGiveUpAgent }); first >= 0 {
		return &words[first]
	}
	return &words[len(words)-1]
}

// wordOn is what a give-up says of one attempt.
func (g GiveUp) wordOn(attempt *v1alpha1.TaskAttempt) word {
	return word{g.Annotation, fmt.Sprintf("%s,%s", attempt.ID, g.At.UTC().Format(time.RFC3339))}
}

// concerns says whether a give-up is about an attempt: that was bound to an agent, or of which Mesos said TASK_UNKNOWN, before it was given. What
// comes later takes another word: an agent that came back all the same may be lost again.
func (s *scene) concerns(giveUp GiveUp, attempt *v1alpha1.TaskAttempt) bool {
	if giveUp.Annotation == v1alpha1.AnnotationGiveUpUnknown {
		return IsUnknown(attempt) && !attempt.UnknownTime.After(giveUp.At)
	}
	return slices.Contains(giveUp.Agents, attempt.AgentID) && attempt.BoundTime != nil && attempt.BoundTime.Time.Before(giveUp.At)
}

// givesUp says whether a person gives an attempt up.
func (s *scene) givesUp(attempt *v1alpha1.TaskAttempt) bool { return s.wordFor(attempt) != nil }

// agentGivenUp says whether a person says that an attempt's agent never comes back.
func (s *scene) agentGivenUp(attempt *v1alpha1.TaskAttempt) bool {
	given := s.wordFor(attempt)
	return given != nil && given.annotation == v1alpha1.AnnotationGiveUpAgent
}

// isSpent says whether a word was answered: Mesos said that the attempt lived. It does nothing any more, whatever becomes of the attempt and
// whoever puts the annotation back.
func (s *scene) isSpent(given word) bool {
	return requests.IsHandled(s.decision.Status.HandledAnnotations, given.annotation, given.value)
}

// spent says so of a give-up of one attempt.
func (s *scene) spent(value string) bool { return s.isSpent(word{v1alpha1.AnnotationGiveUp, value}) }

// isFull says whether no further answer can be remembered, so that none is given: a word that is forgotten would be a new one.
func (s *scene) isFull() bool {
	return len(s.decision.Status.HandledAnnotations) >= requests.HandledAtMost
}

// waysToGiveUp are the commands by which a person says that a task, or all that its agent had, is over.
func (s *scene) waysToGiveUp(taskID, agentID string) string {
	ways := fmt.Sprintf(". If you know that it is over: kubectl annotate mesostask %s -n %s --overwrite %s=%s",
		s.Name, s.Namespace, v1alpha1.AnnotationGiveUp, s.nextGiveUp(taskID))
	if agentID != "" {
		ways += fmt.Sprintf("; or of all that its agent had: kubectl annotate mesosframework %s --overwrite %s=%s", s.Spec.FrameworkRef.Name, v1alpha1.AnnotationGiveUpAgent, s.nextAgentWord(agentID))
	}
	return ways
}

// nextAgentWord is a word on an agent that was not given before: each is heeded once. What stands behind the comma names no agent.
func (s *scene) nextAgentWord(agentID string) string {
	value := agentID
	for n := 2; slices.ContainsFunc(s.GiveUps, func(given GiveUp) bool {
		return given.Annotation == v1alpha1.AnnotationGiveUpAgent && strings.Join(given.Agents, ",") == value
	}); n++ {
		value = fmt.Sprintf("%s,%d", agentID, n)
	}
	return value
}

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
	defer s.answerAgentWords()
	taskID := giveUpOf(s.GiveUp)
	isCurrent := s.current() && taskID == s.attempt.ID
	switch {
	case taskID == "":
	case s.spent(s.GiveUp):
		s.note(s.answerTo(taskID))
	case isCurrent && s.live() && !s.ignoresKills(), s.Earlier[taskID].State.Class() == mesos.Live && !s.hasVanished(taskID, s.Earlier[taskID].State) && !s.hasOther(taskID, s.isVain), s.hasOther(taskID, s.surelyLives):
		s.answer(taskID)
	case isCurrent:
		if why := s.whyNotGivenUp(); why != "" {
			s.note(fmt.Sprintf("Annotation %s %s", v1alpha1.AnnotationGiveUp, why))
		}
	case s.hasOther(taskID, s.isLost):
		if why := s.whyKept(); why != "" {
			s.note(fmt.Sprintf("Annotation %s cannot be followed: %s", v1alpha1.AnnotationGiveUp, why))
		}
	}
}

// hasOther says whether an other is a task, and as it should be.
func (s *scene) hasOther(taskID string, is func(Other) bool) bool {
	return slices.ContainsFunc(s.Others, func(other Other) bool { return other.TaskID == taskID && is(other) })
}

// answerAgentWords answers the words that the current attempt's agent never comes back, where Mesos says that the attempt lives.
func (s *scene) answerAgentWords() {
	if !s.current() || !s.live() || !s.agentGivenUp(s.attempt) {
		return
	}
	for s.agentGivenUp(s.attempt) {
		s.remind(*s.wordFor(s.attempt))
	}
	s.tell(Event{Warning: true, Reason: v1alpha1.EventGiveUpIgnored, Action: actionReconciling, Message: fmt.Sprintf(
		"%s is not given up, as annotation %s of MesosFramework %s asks: Mesos says that it lives on agent %s", s.attempt.ID, v1alpha1.AnnotationGiveUpAgent, s.Spec.FrameworkRef.Name, s.attempt.AgentID)})
}

// remind makes the status remember that a word was answered.
func (s *scene) remind(given word) {
	status := &s.decision.Status
	status.HandledAnnotations = append(slices.Clip(status.HandledAnnotations), v1alpha1.HandledAnnotation{Name: given.annotation, Value: given.value})
	s.answered = true
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
	kept, answered := s.decision.Status.HandledAnnotations, s.answered
	if !s.isFull() {
		s.remind(word{v1alpha1.AnnotationGiveUp, s.GiveUp})
	}
	text := s.answerTo(taskID)
	if before := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady); before != nil && strings.Contains(before.Message, text) {
		s.decision.Status.HandledAnnotations, s.answered = kept, answered
	} else {
		s.answered = true
		s.tell(Event{
			Warning: true, Reason: v1alpha1.EventGiveUpIgnored, Action: actionReconciling, Message: taskID + " is not given up: Mesos says that it lives",
		})
	}
	s.note(text)
}

// dropHandled forgets the answers about tasks that the status does not name any more, and that are no others: nothing can be given up of them.
func (s *scene) dropHandled() {
	status := &s.decision.Status
	status.HandledAnnotations = slices.DeleteFunc(status.HandledAnnotations, func(annotation v1alpha1.HandledAnnotation) bool {
		taskID := giveUpOf(annotation.Value)
		return !named(status, taskID) && !s.hasOther(taskID, func(Other) bool { return true })
	})
	if len(status.HandledAnnotations) == 0 {
		status.HandledAnnotations = nil
	}
}
