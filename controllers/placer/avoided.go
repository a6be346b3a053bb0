package placer

import (
	"time"

	"github.com/mesos-operator/mesos-operator/controllers/placement"
)

// avoided are the agents that a task avoids, as placement takes them.
func (w *wanted) avoided() []placement.AvoidedAgent {
	if len(w.avoid.Agents) == 0 {
		return nil
	}
	agents := make([]placement.AvoidedAgent, len(w.avoid.Agents))
	for i, agent := range w.avoid.Agents {
		agents[i] = placement.AvoidedAgent(agent)
	}
	return agents
}

// seeksElsewhere says whether a task leaves alone the agent on which its last attempts all failed until offers of others that were declined have been
// asked for. That is done once, if it can be done soon, and not if it was done for any task just now; and whoever was given nothing for longer takes
// what there is.
func (p *Placer) seeksElsewhere(task *wanted, now time.Time) bool {
	until := task.since.Add(ownFirst)
	return task.avoid.Elsewhere && task.asked.IsZero() && now.Before(until) && p.lastRevive.Add(p.reviveEvery()).Before(until) &&
		!now.Before(p.lastElsewhere.Add(elsewhereEvery))
}
