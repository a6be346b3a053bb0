package lifecycle

import (
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestNext_soon: what a task may want soon keeps offers asked for; one that has run for ten minutes wants none.
func TestNext_soon(t *testing.T) {
	running := func(d time.Duration) *story {
		s := newStory()
		s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
		return s.later(d)
	}
	backsOff := func() *story {
		s := newStory()
		s.fails(0)
		s.fails(0)
		return s
	}
	for name, c := range map[string]struct {
		s    *story
		wait time.Duration
		rest bool
	}{
		"it waits for an offer":           {newStory(), 0, false},
		"it is being launched":            {newStory().bind(LaunchAccepted), stableAfter, false},
		"it has run for a minute":         {running(time.Minute), stableAfter - time.Minute, false},
		"it has run for ten minutes":      {running(stableAfter), 0, false},
		"it waits to be launched again":   {backsOff(), time.Second + launchSlack, true},
		"it waits, and is suspended then": {backsOff().change(suspend), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := c.s.look().Soon
			if wait := got.Until.Sub(c.s.Now); c.wait == 0 != got.Until.IsZero() || c.wait > 0 && (wait < c.wait-time.Second || wait > c.wait+time.Second) {
				t.Errorf("an offer may be wanted until %v, want in %v", got.Until, c.wait)
			}
			if c.rest != (got.Rest.AgentID != "") || c.rest && !got.Rest.Until.Equal(got.Until.Add(-launchSlack)) {
				t.Errorf("it waits for %+v", got.Rest)
			}
		})
	}
}

// TestNext_endedByItself: such a task has back what it had, without asking for what others were given.
func TestNext_endedByItself(t *testing.T) {
	for name, c := range map[string]struct {
		s    *story
		want bool
	}{
		"it failed":                       {ended(mesos.TaskFailed), true},
		"it finished":                     {ended(mesos.TaskFinished), true},
		"its agent has lost it":           {ended(mesos.TaskGone), false},
		"it never ran before":             {newStory(), false},
		"Mesos refused the launch":        {newStory().bind(LaunchRefused), false},
		"its spec has changed since":      {ended(mesos.TaskFailed).change(changeHash), false},
		"the launch was called off again": {newStory().bind(LaunchNeverSent), false},
	} {
		t.Run(name, func(t *testing.T) {
			if decision := c.s.look(); decision.Ended != c.want {
				t.Errorf("ended by itself: %t (rule %q), want %t", decision.Ended, decision.Rule, c.want)
			}
		})
	}
}
