package placer

import (
	"encoding/json"

	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// rules are placements that were made ready for use, so that tasks with the same share them. Its zero value has none.
type rules struct {
	made map[string]*placement.Rules
}

// keptRules is how many are kept.
const keptRules = 10_000

// of makes a placement ready for use.
func (r *rules) of(words *mesos.Placement) *placement.Rules {
	if words == nil {
		return nil
	}
	key, err := json.Marshal(words)
	if err != nil {
		return placement.Compile(words)
	}
	known, ok := r.made[string(key)]
	if !ok {
		if len(r.made) >= keptRules || r.made == nil {
			r.made = map[string]*placement.Rules{}
		}
		known = placement.Compile(words)
		r.made[string(key)] = known
	}
	return known
}

// known is what the bridge knows of the agents.
func (p *Placer) known() *placement.Agents {
	if agents, edition := p.bridge.Agents(p.edition); edition != p.edition || p.agents == nil {
		p.agents, p.edition = placement.NewAgents(agents), edition
	}
	return p.agents
}
