package lifecycle

import (
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestNext_resolvedAndNotLaunchable: what runs by a spec that cannot be launched any more, as a later release refuses it, is Ready, and what completed by it
// has completed.
func TestNext_resolvedAndNotLaunchable(t *testing.T) {
	refuse := func(s *story) {
		s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Resolved: true, Message: "No"}
	}
	for sentence, c := range map[string]struct {
		story *story
		want  summary
	}{
		"it runs":               {running(), summary{"let it run", "True/Running", nil}},
		"it has completed":      {ended(mesos.TaskFinished, onlyOnce), summary{"completed", "True/Completed", nil}},
		"it was never launched": {newStory(), summary{"nothing can be launched", "False/InvalidSpec", nil}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c.story.look()
			c.story.change(refuse)
			checkSummary(t, c.story.look(), c.want)
		})
	}
}
