package lifecycle

import (
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// givenAt is a framework whose status holds a word.
func givenAt(at time.Time, annotation, value string) *v1alpha1.MesosFramework {
	framework := &v1alpha1.MesosFramework{}
	framework.Status.HandledAnnotations = []v1alpha1.HandledAnnotation{{Name: annotation, Value: value, Time: &metav1.Time{Time: at}}}
	return framework
}

// TestNext_givesUpByTheHundred: what a word on the framework means for one of the attempts that it may be about.
func TestNext_givesUpByTheHundred(t *testing.T) {
	const minute = time.Minute
	lostOne := func(state mesos.TaskState) func(*story) { return func(s *story) { s.lost(state, 0) } }
	silent := func(s *story) { s.Observation, s.Launch, s.Silent = nil, LaunchUnknown, true }
	agent := func(value string) []string { return []string{v1alpha1.AnnotationGiveUpAgent, value} }
	unknown := []string{v1alpha1.AnnotationGiveUpUnknown, "1-aaaa"}
	for name, c := range map[string]struct {
		word  []string
		given time.Duration
		// then comes before the word, later after it and its first answer.
		then, later func(*story)
		left, over  bool
		told        []string
	}{
		"what the agent had, as Mesos lost it":               {agent("agent-1"), minute, lostOne(mesos.TaskUnreachable), nil, true, true, []string{"Normal AgentGivenUp"}},
		"what one of several had":                            {agent("agent-0, agent-1"), minute, lostOne(mesos.TaskUnknown), nil, true, true, []string{"Normal AgentGivenUp"}},
		"what the agent had and is silent about":             {agent("agent-1"), minute, silent, nil, true, true, []string{"Normal AgentGivenUp"}},
		"not before Mesos was asked":                         {agent("agent-1"), minute, func(s *story) { s.Observation, s.Launch = nil, LaunchUnknown }, nil, false, false, nil},
		"not what another had":                               {agent("agent-10"), minute, lostOne(mesos.TaskUnreachable), nil, false, false, nil},
		"not what was bound after the word":                  {agent("agent-1"), -minute, lostOne(mesos.TaskUnreachable), nil, false, false, nil},
		"not what was bound in the same second":              {agent("agent-1"), 0, lostOne(mesos.TaskUnreachable), nil, false, false, nil},
		"not what lives":                                     {agent("agent-1"), minute, func(*story) {}, nil, false, false, []string{"Warning GiveUpIgnored"}},
		"not what lived then, though it is lost now":         {agent("agent-1"), minute, func(*story) {}, lostOne(mesos.TaskUnreachable), false, false, nil},
		"what was launched under another framework ID there": {agent("agent-1"), minute, func(s *story) { s.FrameworkID = "framework-2" }, nil, true, true, []string{"Normal AgentGivenUp"}},
		"what Mesos does not know":                           {unknown, minute, lostOne(mesos.TaskUnknown), nil, true, false, []string{"Normal UnknownGivenUp"}},
		"not what Mesos knows to be unreachable":             {unknown, minute, lostOne(mesos.TaskUnreachable), nil, false, false, nil},
		"not what Mesos came not to know only later":         {unknown, -minute, lostOne(mesos.TaskUnknown), nil, false, false, nil},
		"not what was unreachable then":                      {unknown, minute, lostOne(mesos.TaskUnreachable), func(s *story) { s.later(2 * minute).answers(mesos.TaskUnknown) }, false, false, nil},
		"not what came back meanwhile": {unknown, minute, func(s *story) { s.lost(mesos.TaskUnknown, 0).answers(mesos.TaskRunning) }, func(s *story) {
			s.later(2 * minute).answers(mesos.TaskUnknown)
		}, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := running()
			c.then(s)
			s.GiveUps = GiveUpsOf(givenAt(epoch.Add(c.given), c.word[0], c.word[1]))
			s.told = nil
			s.look()
			if c.later != nil {
				c.later(s)
				s.look()
			}
			if left := s.Status.Task == nil; left != c.left {
				t.Fatalf("it goes on with %+v", s.Status.Task)
			}
			if told := slices.DeleteFunc(s.told, func(event string) bool { return !strings.Contains(event, "Give") && !strings.Contains(event, "Given") }); !slices.Equal(c.told, told) {
				t.Errorf("events %v, want %v", told, c.told)
			}
			if c.left && (s.Status.History[0].Outcome != v1alpha1.OutcomeGivenUp || over(&s.Status.History[0]) != c.over) {
				t.Errorf("the history is %+v", s.Status.History)
			}
		})
	}
	t.Run("what was left behind on the agent need not be remembered any more", func(t *testing.T) {
		s := replaced()
		s.GiveUps = GiveUpsOf(givenAt(s.Now, v1alpha1.AnnotationGiveUpAgent, "agent-1"))
		if s.look(); !over(&s.Status.History[0]) {
			t.Errorf("the history is %+v", s.Status.History)
		}
	})
	t.Run("unless it is back, which is killed first", func(t *testing.T) {
		s := replaced()
		comesBack(s)
		s.GiveUps = GiveUpsOf(givenAt(s.Now, v1alpha1.AnnotationGiveUpAgent, "agent-1"))
		if decision := s.look(); over(&s.Status.History[0]) || len(decision.KillOthers) != 1 {
			t.Errorf("the history is %+v, killed are %v", s.Status.History, decision.KillOthers)
		}
	})
	t.Run("a deleted object goes, and the framework need not remember what its agent had", func(t *testing.T) {
		s := running()
		s.lost(mesos.TaskUnreachable, 0).change(remove)
		s.GiveUps = GiveUpsOf(givenAt(s.Now.Add(minute), v1alpha1.AnnotationGiveUpAgent, "agent-1"))
		if decision := s.look(); !has(decision, StepRelease) || has(decision, StepAbandon) {
			t.Errorf("rule %q, steps %v", decision.Rule, decision.Steps)
		}
	})
}

// TestNext_agentWords: the word on an agent that a condition names does what it says, whatever was given before and whoever recorded the attempt.
func TestNext_agentWords(t *testing.T) {
	lost := func(s *story) string {
		s.later(time.Hour).confirms(mesos.TaskUnknown).look()
		s.Answered, s.LastAsk, s.Asks = true, s.Now, 1
		_, command, _ := strings.Cut(meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady).Message, v1alpha1.AnnotationGiveUpAgent+"=")
		value, _, _ := strings.Cut(command, ";")
		return value
	}
	t.Run("recorded before there was a connection", func(t *testing.T) {
		s := newStory().bind(LaunchUnknown)
		s.BoundSince = time.Time{}
		s.look()
		s.BoundSince = s.Now.Add(time.Second)
		s.later(time.Minute).says(mesos.TaskRunning).look()
		s.GiveUps = GiveUpsOf(givenAt(s.Now.Add(2*time.Hour), v1alpha1.AnnotationGiveUpAgent, lost(s)))
		if s.later(2 * time.Hour).look(); s.Status.Task != nil {
			t.Errorf("it is %+v", s.Status.Task)
		}
	})
	t.Run("given before", func(t *testing.T) {
		s := newStory()
		s.GiveUps = GiveUpsOf(givenAt(epoch, v1alpha1.AnnotationGiveUpAgent, "agent-1"))
		s.later(time.Hour).bind(LaunchAccepted).says(mesos.TaskRunning).look()
		value := lost(s)
		if value != "agent-1,2" {
			t.Fatalf("it says %q", value)
		}
		s.GiveUps = append(s.GiveUps, GiveUpsOf(givenAt(s.Now.Add(time.Minute), v1alpha1.AnnotationGiveUpAgent, value))...)
		if s.later(time.Minute).look(); s.Status.Task != nil {
			t.Errorf("it is %+v", s.Status.Task)
		}
	})
}
