package mesosbridge

import (
	"cmp"
	"encoding/json"
	"io"
	"net/netip"
	"reflect"
	"strings"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	getAgents = "GET_AGENTS"
	// agentsEvery is the time between two asks for all agents, agentsRetry after one that had no answer.
	agentsEvery, agentsRetry = time.Hour, 5 * time.Minute
	// agentsNone is the least time between two asks while there are none.
	agentsNone = 30 * time.Second
	// agentsAstray is the time after an ask that did not come to the master which has the subscription: that passes, as an election does.
	agentsAstray = 15 * time.Second
	// maxAgents is how many agents are remembered, and maxAgentsAnswer how much is read of what a master says of them.
	maxAgents, maxAgentsAnswer = 100_000, 1 << 30
)

// Agent returns what Mesos told of an agent in the life of this bridge: by an offer, or by the master's list of agents. It is what is known of
// agents on which something runs that this process did not launch.
func (b *Bridge) Agent(id string) (mesos.Agent, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	agent, known := b.agents[id]
	return agent, known
}

// Sizes returns how large the agents are, as the master said when it was asked last and as offers have shown since; nil where it does not say.
// Asked says whether the first ask in the life of this bridge is over, whatever came of it.
func (b *Bridge) Sizes() (sizes mesos.Sizes, asked bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sizes, b.sizesAsked
}

// WantSizes has the master asked for its agents again soon, as something waits for a larger one, or for any.
func (b *Bridge) WantSizes() {
	select {
	case b.sizesWanted <- struct{}{}:
	default:
	}
}

// noteSizes records what came of an ask for the agents; no sizes where the master does not tell them. No answer changes nothing. The caller
// tells the Listener if there is news.
func (b *Bridge) noteSizes(t *term, told mesos.Sizes, o outcome) (news bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.current {
		return false
	}
	news = !b.sizesAsked
	b.sizesAsked = true
	if !o.accepted() && !o.refused() {
		return news
	}
	if told != nil {
		// An agent may have come since the master answered.
		for _, held := range b.offers {
			told = told.With(held.Size())
		}
	}
	news = news || !reflect.DeepEqual(told, b.sizes)
	b.sizes = told
	return news
}

// noteListed records which agents the master has.
func (b *Bridge) noteListed(t *term, agents []mesos.Agent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t == b.current {
		b.list(agents)
		t.agentsTold = true
	}
}

// growSizes takes what offers show into what the master said. The caller holds b.mu.
func (b *Bridge) growSizes(offers []*offer) (news bool) {
	if b.sizes == nil {
		return false
	}
	before := b.sizes
	for _, o := range offers {
		b.sizes = b.sizes.With(o.Size())
	}
	return !reflect.DeepEqual(before, b.sizes)
}

// meet remembers agents, and tells the Listener if there is news of them, or of how large they are.
func (b *Bridge) meet(agents []mesos.Agent, grown bool) {
	var news []string
	b.mu.Lock()
	for _, agent := range agents {
		known, met := b.agents[agent.ID]
		// Of an agent that is expected back the master tells no address.
		agent.Address = cmp.Or(agent.Address, known.Address)
		switch {
		case agent.ID == "" || agent.Hostname == "" || met && known.Equal(&agent):
		case !met && len(b.agents) >= maxAgents:
		default:
			b.agents[agent.ID] = agent
			b.present.edition++
			news = append(news, agent.ID)
		}
	}
	b.mu.Unlock()
	if grown || len(news) > 0 {
		b.listener.AgentsChanged(news)
	}
}

// agentsOf are the agents that offers speak of.
func agentsOf(offers []mesospb.Offer) []mesos.Agent {
	agents := make([]mesos.Agent, len(offers))
	for i := range offers {
		agents[i] = mesos.Agent{
			ID: offers[i].AgentID.Value, Hostname: hostname(offers[i].Hostname), Address: addressOf(offers[i].URL),
			Attributes: attributesOf(offers[i].Attributes), Domain: domainOf(offers[i].Domain),
		}
	}
	return agents
}

// addressOf is the address of an agent's URL, as its offers bear it; empty where that has none.
func addressOf(url *mesospb.URL) string {
	if url == nil {
		return ""
	}
	address, err := netip.ParseAddr(url.Address.GetIP())
	if err != nil {
		return ""
	}
	return address.Unmap().WithZone("").String()
}

// addressIn is the address in an agent's PID (slave(1)@10.0.0.2:5051), as a master's list of agents bears it; empty where that has none.
func addressIn(pid string) string {
	address, err := netip.ParseAddrPort(pid[strings.LastIndexByte(pid, '@')+1:])
	if err != nil {
		return ""
	}
	return address.Addr().Unmap().WithZone("").String()
}

// keepAgents asks the master for its agents at the beginning of the term and every hour, and sooner while something waits for a larger one, or
// for any. A master may not let the framework ask: then offers are all that tells of them.
func (b *Bridge) keepAgents(t *term) {
	for astray := 1; ; astray++ {
		said, o := b.askAgents(t)
		if (o.redirected() || o.unreached) && astray < mostAstray {
			// Nobody was asked.
			if !await(t, agentsAstray) {
				return
			}
			continue
		}
		astray = 0
		next := agentsEvery
		if !o.accepted() && !o.refused() {
			next = agentsRetry
		}
		b.noteGPUAgents(said.withGPUs)
		if o.accepted() {
			b.noteListed(t, said.agents)
		}
		b.meet(said.agents, b.noteSizes(t, said.sizes, o))
		b.noteAgents(t, o)
		least := agentsRetry
		if o.accepted() && len(said.agents) == 0 {
			least = agentsNone
		}
		if !b.awaitAsk(t, least, next) {
			return
		}
	}
}

// await waits for a while; false once the term is over.
func await(t *term, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-t.ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// awaitAsk waits until the master is to be asked again, after the least time if that is wanted; false once the term is over.
func (b *Bridge) awaitAsk(t *term, least, next time.Duration) bool {
	late := time.NewTimer(next)
	defer late.Stop()
	if !await(t, least) {
		return false
	}
	select {
	case <-t.ctx.Done():
		return false
	case <-late.C:
	case <-b.sizesWanted:
	}
	return true
}

// noteAgents records whether the master tells of its agents. No answer says nothing of that.
func (b *Bridge) noteAgents(t *term, o outcome) {
	said := ""
	if err := o.problem(); err != nil {
		said = err.Error()
		b.log.Info("The master did not say which agents it has", "term", t.number, "err", said)
	}
	if o.status == 0 {
		return
	}
	b.mu.Lock()
	changed := t == b.current && b.connection.AgentsRefused != said
	if changed {
		b.connection.AgentsRefused = said
	}
	b.mu.Unlock()
	if changed {
		b.listener.ConnectionChanged()
	}
}

// fleet is what a master says of its agents.
type fleet struct {
	agents []mesos.Agent
	// sizes are how large they are; nil unless that is known of each.
	sizes mesos.Sizes
	// withGPUs are the IDs of those that have GPUs, whether something uses them or not.
	withGPUs []string
}

// noteGPUAgents remembers which agents have GPUs: offers of an agent all of whose GPUs are in use show none.
func (b *Bridge) noteGPUAgents(agentIDs []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range agentIDs {
		b.gpuAgents[id] = struct{}{}
	}
	for _, o := range b.offers {
		_, o.OnGPUAgent = b.gpuAgents[o.AgentID]
	}
}

// askAgents asks the master that has the subscription for its agents.
func (b *Bridge) askAgents(t *term) (said fleet, o outcome) {
	b.mu.Lock()
	labels := b.config.ReservationLabels
	b.mu.Unlock()
	o = b.askMaster(t, operatorCall(getAgents), func(body io.Reader) (err error) {
		said, err = decodeAgents(io.LimitReader(body, maxAgentsAnswer), labels)
		return err
	})
	if !o.accepted() {
		said = fleet{}
	}
	return said, o
}

// agentInfo is what is read of an AgentInfo (mesos.proto).
type agentInfo struct {
	ID       struct{ Value string } `json:"id"`
	Hostname string                 `json:"hostname"`
	// Resources are what the agent was started with.
	Resources  json.RawMessage `json:"resources"`
	Attributes json.RawMessage `json:"attributes"`
	Domain     json.RawMessage `json:"domain"`
	// pid is not of an AgentInfo, but stands beside it.
	pid string
}

// add takes in one agent with the resources that it was started with. An agent of which they cannot be read leaves all sizes unknown.
func (f *fleet) add(info agentInfo, resources json.RawMessage, labels []mesos.Label) (sized bool) {
	attributes, domain := traitsOf(info)
	f.agents = append(f.agents, mesos.Agent{ID: info.ID.Value, Hostname: hostname(info.Hostname), Address: addressIn(info.pid), Attributes: attributes, Domain: domain})
	var all []mesospb.Resource
	if len(resources) == 0 || json.Unmarshal(resources, &all) != nil {
		return false
	}
	if holdsGPUs(all) {
		f.withGPUs = append(f.withGPUs, info.ID.Value)
	}
	held := stockOf(all, labels)
	f.sizes = f.sizes.With(mesos.Size{Scalars: held.scalars(), Ports: held.ports(), Others: held.others(), Lent: mesos.LentOf(held.revocable())})
	return true
}

// decodeAgents reads what a master says of its agents, one after the other, as a fleet's answer is large: those that are registered, and those that
// are expected back after a failover of the master (v1/master.proto, Response.GetAgents).
func decodeAgents(body io.Reader, labels []mesos.Label) (said fleet, err error) {
	decoder := json.NewDecoder(body)
	sized := true
	add := func(info agentInfo, resources json.RawMessage, err error) error {
		if err == nil {
			sized = said.add(info, resources, labels) && sized
		}
		return err
	}
	err = eachField(decoder, func(name string) error {
		if name != "get_agents" {
			return skip(decoder)
		}
		return eachField(decoder, func(name string) error {
			switch name {
			case "agents":
				return eachElement(decoder, func() error {
					var agent struct {
						Info  agentInfo       `json:"agent_info"`
						PID   string          `json:"pid"`
						Total json.RawMessage `json:"total_resources"`
					}
					err := decoder.Decode(&agent)
					agent.Info.pid = agent.PID
					return add(agent.Info, agent.Total, err)
				})
			case "recovered_agents":
				return eachElement(decoder, func() error {
					var info agentInfo
					err := decoder.Decode(&info)
					return add(info, info.Resources, err)
				})
			default:
				return skip(decoder)
			}
		})
	})
	if !sized || err != nil {
		said.sizes = nil
	}
	return said, err
}
