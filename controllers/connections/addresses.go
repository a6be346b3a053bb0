package connections

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// ServiceSource is what brings keys of MesosTaskSets back to who keeps their Services.
func (c *Connections) ServiceSource() source.Source { return source.Func(c.services.start) }

// EnqueueService brings a MesosTaskSet back to who keeps its Service.
func (c *Connections) EnqueueService(set types.NamespacedName) { c.services.add(set) }

// seekers are the MesosTaskSets that rest on where agents are, by their framework.
type seekers struct {
	mu          sync.Mutex
	byFramework map[string]map[types.NamespacedName]seeker
}

// seeker is what one set rests on.
type seeker struct {
	agentIDs sets.Set[string]
	// hurried says that it was told nothing of some as nobody had been asked yet.
	hurried bool
}

// AddressesOf returns where agents of a framework are, for a MesosTaskSet: their IP addresses by their IDs, as Mesos told them to this process. Asked says
// that the master has been asked for all, whatever came of it. The set is brought back when any of that changes, until it asks for others.
func (c *Connections) AddressesOf(framework string, set types.NamespacedName, agentIDs sets.Set[string]) (addresses map[string]string, asked bool) {
	// Noted before it is read: news in between bring the set back.
	c.seekers.note(framework, set, seeker{agentIDs, true})
	connection := c.Get(framework)
	if connection == nil {
		return nil, false
	}
	addresses = map[string]string{}
	for agentID := range agentIDs {
		if agent, known := connection.Bridge.Agent(agentID); known && agent.Address != "" {
			addresses[agentID] = agent.Address
		}
	}
	if _, asked = connection.Bridge.Sizes(); asked {
		c.seekers.note(framework, set, seeker{agentIDs, false})
	}
	return addresses, asked
}

// Unsought says that a MesosTaskSet does not rest on where agents are any more.
func (c *Connections) Unsought(set types.NamespacedName) {
	c.seekers.mu.Lock()
	defer c.seekers.mu.Unlock()
	for _, of := range c.seekers.byFramework {
		delete(of, set)
	}
}

func (s *seekers) note(framework string, set types.NamespacedName, sought seeker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byFramework[framework] == nil {
		s.byFramework[framework] = map[types.NamespacedName]seeker{}
	}
	s.byFramework[framework][set] = sought
}

// addressesChanged brings back the sets that rest on agents of which there is news.
func (c *Connections) addressesChanged(framework string, agentIDs []string) {
	c.seekers.mu.Lock()
	defer c.seekers.mu.Unlock()
	for set, sought := range c.seekers.byFramework[framework] {
		if sought.hurried || sought.agentIDs.HasAny(agentIDs...) {
			c.EnqueueService(set)
		}
	}
}
