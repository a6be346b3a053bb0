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

// Agents returns the agents that may serve the framework, by ID, as far as Mesos told: by its list of agents and by offers in the life of this
// bridge, without those that it has given up. The list is nil where the edition that is known is the present one.
func (b *Bridge) Agents(known uint64) (agents []mesos.Agent, edition uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if known == b.present.edition {
		return nil, known
	}
	elsewhere := b.present.region != "" && !slices.Contains(b.config.Framework.Capabilities, regionAware)
	agents = make([]mesos.Agent, 0, len(b.present.agents))
	for id := range b.present.agents {
		agent, met := b.agents[id]
		if region := agent.Domain.Region; met && (!elsewhere || region == "" || region == b.present.region) {
			agents = append(agents, agent)
		}
	}
	slices.SortFunc(agents, func(a, b mesos.Agent) int { return cmp.Compare(a.ID, b.ID) })
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
