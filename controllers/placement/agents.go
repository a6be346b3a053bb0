package placement

import (
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Agents are all that is known of agents, whether they have an offer or not. It is not safe for concurrent use.
type Agents struct {
	serving []mesos.Agent
	byID    map[string]*mesos.Agent
	// known says of keys whether any agent has something under them.
	known map[mesos.Key]bool
	// every are the values of agents under a key, by the rules that admit them.
	every map[everyKey][]string
}

type everyKey struct {
	rules *Rules
	by    mesos.Key
}

// NewAgents returns what is known of agents. It keeps the lists, which nobody may change.
func NewAgents(told mesos.Agents) *Agents {
	a := &Agents{serving: told.Serving, byID: map[string]*mesos.Agent{}, known: map[mesos.Key]bool{}, every: map[everyKey][]string{}}
	for _, list := range [][]mesos.Agent{told.Serving, told.Others} {
		for i := range list {
			a.byID[list[i].ID] = &list[i]
		}
	}
	return a
}

// agent returns what is known of one, whether it may serve or not.
func (a *Agents) agent(id string) (*mesos.Agent, bool) {
	if a == nil {
		return nil, false
	}
	agent, known := a.byID[id]
	return agent, known
}

// have says whether any agent that may serve has something under a key.
func (a *Agents) have(key mesos.Key) bool {
	if a == nil {
		return false
	}
	known, asked := a.known[key]
	if !asked {
		known = slices.ContainsFunc(a.serving, func(agent mesos.Agent) bool { return len(agent.Values(key)) > 0 })
		a.known[key] = known
	}
	return known
}

// values are the values under a key of the agents that may serve and that the constraints of rules admit.
func (a *Agents) values(rules *Rules, by mesos.Key) []string {
	if a == nil {
		return nil
	}
	key := everyKey{rules, by}
	values, asked := a.every[key]
	if asked {
		return values
	}
	seen := map[string]struct{}{}
	for i := range a.serving {
		value, has := valueOf(&a.serving[i], by)
		if _, again := seen[value]; has && !again && rules.admit(&a.serving[i]) {
			seen[value] = struct{}{}
			values = append(values, value)
		}
	}
	a.every[key] = values
	return values
}
