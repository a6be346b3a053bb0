package connections

import (
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// HostOf returns the host of an agent that has something of a MesosTask, as Mesos told it to this process; empty while it has not. Then the
// MesosTask is brought back once it does.
func (c *Connection) HostOf(key types.NamespacedName, agentID string) string {
	c.mu.Lock()
	if c.nameless[agentID] == nil {
		c.nameless[agentID] = sets.New[types.NamespacedName]()
	}
	c.nameless[agentID].Insert(key)
	c.mu.Unlock()
	// Not before: what is learned in between brings the task back.
	agent, known := c.Bridge.Agent(agentID)
	if !known {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.nameless[agentID].Delete(key); c.nameless[agentID].Len() == 0 {
		delete(c.nameless, agentID)
	}
	return agent.Hostname
}

// SizesFor returns what Bridge.Sizes does, for a MesosTask: it is brought back on the next news of them, unless NoteRoom says that there is room.
func (c *Connection) SizesFor(key types.NamespacedName) (sizes mesos.Sizes, asked bool) {
	c.mu.Lock()
	c.cramped.Insert(key)
	c.mu.Unlock()
	// Not before: news in between brings the task back.
	return c.Bridge.Sizes()
}

// NoteRoom notes that it does not matter to a MesosTask how large the agents are, as things are.
func (c *Connection) NoteRoom(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cramped.Delete(key)
}

// AgentsChanged implements mesosbridge.Listener.
func (c *Connection) AgentsChanged(agentIDs []string) {
	var waiting []types.NamespacedName
	c.mu.Lock()
	waiting = append(waiting, c.cramped.UnsortedList()...)
	c.cramped = sets.New[types.NamespacedName]()
	for _, id := range agentIDs {
		waiting = append(waiting, c.nameless[id].UnsortedList()...)
		delete(c.nameless, id)
	}
	c.mu.Unlock()
	c.Placer.AgentsChanged()
	c.owner.addressesChanged(c.Name, agentIDs)
	for _, key := range waiting {
		c.owner.EnqueueTask(key)
	}
}
