package lifecycle

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestTooOld(t *testing.T) {
	own, next := strconv.Itoa(v1alpha1.APILevel), strconv.Itoa(v1alpha1.APILevel+1)
	for name, c := range map[string]struct {
		tasks, frameworks string
		// says is in the message; empty where there is no obstacle.
		says string
	}{
		"CRDs of commits before levels":         {"", "", ""},
		"CRDs of this release":                  {own, own, ""},
		"CRDs of an earlier release":            {"0", "0", ""},
		"tasks of a later release":              {next, own, fmt.Sprintf("CRD tasks has API level %q", next)},
		"frameworks of a later release":         {own, next, fmt.Sprintf("CRD frameworks has API level %q", next)},
		"a release that counts in another way":  {own + ".1", own, fmt.Sprintf("CRD tasks has API level %q", own+".1")},
		"more than a number may be":             {"99999999999999999999", "", `level "99999999999999999999"`},
		"both of a later release, told of once": {next, next, "CRD frameworks"},
	} {
		t.Run(name, func(t *testing.T) {
			obstacle := TooOld(map[string]string{"tasks": c.tasks, "frameworks": c.frameworks})
			if c.says == "" {
				if obstacle != nil {
					t.Errorf("held by %+v", obstacle)
				}
				return
			}
			if obstacle == nil || obstacle.Reason != v1alpha1.ReasonManagerTooOld || obstacle.Stalled || !strings.Contains(obstacle.Message, c.says) {
				t.Errorf("the obstacle is %+v, want a passing one that says %q", obstacle, c.says)
			}
		})
	}
}

// TestNext_underALaterAPILevel: a manager that is older than the CRDs launches nothing, adopts nothing and replaces nothing, and goes on with all else.
func TestNext_underALaterAPILevel(t *testing.T) {
	tooOld := func(rule string, steps ...Step) summary {
		return summary{rule, "False/" + v1alpha1.ReasonManagerTooOld, steps}
	}
	const held = "nothing can be launched"
	for name, c := range map[string]struct {
		story *story
		hash  string
		want  summary
	}{
		"a new task waits": {newStory(), hashA, tooOld(held)},
		"a new task whose spec makes no sense without that field": {newStory(), "", tooOld(held)},
		"a task to launch again waits":                            {ended(mesos.TaskFailed), hashA, tooOld(held)},
		"a completed task stays completed":                        {ended(mesos.TaskFinished, onlyOnce), hashA, summary{"completed", "True/Completed", nil}},
		"a completed task with another spec waits":                {ended(mesos.TaskFinished, onlyOnce), hashB, tooOld(held)},
		"a launch that was not sent is called off":                {newStory().bind(LaunchUnsent), hashA, summary{"call off a launch that is not wanted any more", "False/Launching", []Step{StepCallOff}}},
		"a task that runs is left alone":                          {running(), hashA, summary{"let it run", "True/Running", nil}},
		"a task that runs by another spec is left alone":          {running(), hashB, tooOld("let it run")},
		"a task that is suspended is killed":                      {running().change(suspend), hashB, summary{"kill what is not wanted any more", "False/Suspending", []Step{StepKill}}},
		"a task that is deleted is killed":                        {running().change(remove), hashB, summary{"delete and kill", "False/Deleting", []Step{StepKill}}},
		"a task that was never launched is deleted":               {newStory().change(remove), hashA, summary{"delete what was never bound or is over", "False/Deleting", nil}},
	} {
		t.Run(name, func(t *testing.T) {
			c.story.Obstacle, c.story.Hash = TooOld(map[string]string{"tasks": strconv.Itoa(v1alpha1.APILevel + 1)}), c.hash
			decision := c.story.look()
			checkSummary(t, decision, c.want)
			if meta.IsStatusConditionTrue(decision.Status.Conditions, v1alpha1.ConditionStalled) {
				t.Error("it stalls, which ends whoever waits through an upgrade")
			}
		})
	}
	t.Run("what runs already is taken over by the manager that knows its spec", func(t *testing.T) {
		s := newStory()
		s.Proven, s.Others = true, []Other{{TaskID: "shop.web." + hashA + ".bbbbbbbbbb", AgentID: "agent-1", State: mesos.TaskRunning}}
		s.Obstacle = TooOld(map[string]string{"tasks": "later"})
		checkSummary(t, s.look(), tooOld(held, StepFinalize))
		s.Obstacle = nil
		if decision := s.look(); decision.Adopt == nil {
			t.Errorf("it is not taken over: %s", decision.Rule)
		}
	})
}
