package lifecycle

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const (
	// sayWithin is how long what hinders a framework lasts before its tasks say so.
	sayWithin = 2 * time.Second
	// clearWithin is how long a sentence stands that holds no more: placement may have another one by then (after two seconds without an offer).
	clearWithin = 3 * time.Second
	// pendingEvery is the least time between two writes of what offers lack, which changes with every round; pendingAnew is that where the last
	// one spoke of something else.
	pendingEvery, pendingAnew = 30 * time.Second, 5 * time.Second
)

// Hindrance is why nothing of a framework can be launched, whatever Mesos offers.
type Hindrance struct {
	// Since is when that began or, where nothing hinders, ended.
	Since time.Time
	// Message says what it is; empty where nothing hinders.
	Message string
	// Away says that Mesos cannot be told anything at all.
	Away bool
}

// frameworkHindered says whether something has hindered the framework for long enough to be worth a word. If it begins to, ends or changes, the task is
// looked at again.
func (s *scene) frameworkHindered() bool {
	s.decision.Hindered = true
	return s.Hindrance.Message != "" && s.due(s.Hindrance.Since.Add(sayWithin))
}

// sayWaiting says why a task waits that is to be launched: what hinders its framework, or what offers lack. One that only waits for its turn says
// nothing, but that what was said before holds no more.
func (s *scene) sayWaiting() {
	status, last := &s.decision.Status, s.Status.Pending
	s.decision.WriteAt = never
	switch hindered := s.frameworkHindered(); {
	case hindered:
		s.sayPending(v1alpha1.Pending{Since: metav1.Time{Time: s.Now.Truncate(time.Second)}, Message: s.Hindrance.Message}, pendingAnew)
	case s.Hindrance.Message != "":
		// It may be over in a moment.
	case s.Waiting != nil && last != nil && !ofMesos(last.Message):
		s.sayPending(*s.Waiting, pendingEvery)
	case s.Waiting != nil:
		s.sayPending(*s.Waiting, pendingAnew)
	case last != nil:
		status.Pending, s.decision.Minor = nil, true
		s.decision.WriteAt = later(s.Hindrance.Since.Add(clearWithin), s.LastWrite.Add(pendingAnew))
	}
}

// sayPending says what a task waits for, if the last was said long enough ago.
func (s *scene) sayPending(waiting v1alpha1.Pending, every time.Duration) {
	waiting.Message = cut(waiting.Message, messageLength)
	s.verdict.message, s.decision.WriteAt = waiting.Message, s.Now
	if last := s.Status.Pending; last != nil {
		waiting.Since = last.Since
		s.decision.WriteAt = s.LastWrite.Add(every)
	}
	s.decision.Status.Pending = &waiting
}

// ofMesos says whether a sentence of why a task waits speaks of its framework or of Mesos, rather than of what offers lack.
func ofMesos(message string) bool {
	return strings.HasPrefix(message, "Mesos") || strings.HasPrefix(message, "Nothing is launched")
}

// noteAway says of a task that something is to be done with, or to be known of, that Mesos is away.
func (s *scene) noteAway() {
	switch s.verdict.reason {
	case v1alpha1.ReasonDeleting, v1alpha1.ReasonRestarting, v1alpha1.ReasonSuspending:
	default:
		return
	}
	if s.frameworkHindered() && s.Hindrance.Away && (s.current() || len(s.Others) > 0 || s.hasLeft()) {
		s.note(strings.TrimSuffix(s.Hindrance.Message, ".") + ". This goes on by itself once it is")
	}
}
