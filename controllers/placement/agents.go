package placement

import (
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Agents are all that is known of the agents that may serve a framework, whether they have an offer or not. It is not safe for concurrent use.
type Agents struct {
	all []mesos.Agent
	// known says of keys whether any agent has something under them.
	known map[mesos.Key]bool
}

// NewAgents returns what is known of agents. It keeps the list, which nobody may change.
func NewAgents(all []mesos.Agent) *Agents {
	return &Agents{all: all, known: map[mesos.Key]bool{}}
}

// have says whether any agent has something under a key.
func (a *Agents) have(key mesos.Key) bool {
	if a == nil {
		return false
	}
	known, asked := a.known[key]
	if !asked {
		known = slices.ContainsFunc(a.all, func(agent mesos.Agent) bool { return len(agent.Values(key)) > 0 })
		a.known[key] = known
	}
	return known
}
