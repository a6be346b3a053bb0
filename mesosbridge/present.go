package mesosbridge

import (
	"cmp"
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// regionAware is the capability of a framework that is offered agents of other regions than the master's (mesos.proto, FrameworkInfo.Capability).
const regionAware = "REGION_AWARE"

// presence is which agents may serve the framework, as far as Mesos told: those that the master listed last and those of offers since, without
// those that it has given up.
type presence struct {
	agents map[string]struct{}
	// region is the master's; empty where it has none. An agent of another is not offered to a framework that is not aware of regions.
	region string
	// edition counts the changes of which agents there are and of what is told of them.
	edition uint64
}

// Agents returns the agents of which Mesos told in the life of this bridge, by its list of agents and by offers, in the order of their IDs; none
// where the edition that is known is the present one.
func (b *Bridge) Agents(known uint64) (agents mesos.Agents, edition uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known == b.present.edition {
		return mesos.Agents{}, known
	}
	elsewhere := b.present.region != "" && !slices.Contains(b.config.Framework.Capabilities, regionAware)
	for id, agent := range b.agents {
		_, present := b.present.agents[id]
		if region := agent.Domain.Region; present && (!elsewhere || region == "" || region == b.present.region) {
			agents.Serving = append(agents.Serving, agent)
		} else {
			agents.Others = append(agents.Others, agent)
		}
	}
	byID := func(a, b mesos.Agent) int { return cmp.Compare(a.ID, b.ID) }
	slices.SortFunc(agents.Serving, byID)
	slices.SortFunc(agents.Others, byID)
	return agents, b.present.edition
}

// AgentCount is how many agents there are, as far as Mesos told.
func (b *Bridge) AgentCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.present.agents)
}

// arrived notes that an agent is there. The caller holds b.mu.
func (b *Bridge) arrived(agentID string) {
	if _, present := b.present.agents[agentID]; !present {
		b.present.agents[agentID] = struct{}{}
		b.present.edition++
	}
}

// departed notes that the master has given an agent up. The caller holds b.mu.
func (b *Bridge) departed(agentID string) {
	if _, present := b.present.agents[agentID]; present {
		delete(b.present.agents, agentID)
		b.present.edition++
	}
}

// list notes that the master has these agents and no others, but for those of offers that it made since it was asked. The caller holds b.mu.
func (b *Bridge) list(agents []mesos.Agent) {
	clear(b.present.agents)
	for _, agent := range agents {
		b.present.agents[agent.ID] = struct{}{}
	}
	for _, offer := range b.offers {
		b.present.agents[offer.AgentID] = struct{}{}
	}
	b.present.edition++
}
