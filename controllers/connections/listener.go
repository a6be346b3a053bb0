package connections

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// ConnectionChanged implements mesosbridge.Listener.
func (c *Connection) ConnectionChanged() {
	c.owner.EnqueueFramework(c.Name)
	c.owner.hindranceChanged(c.Name)
	c.Placer.Wake()
}

// Observed implements mesosbridge.Listener. What says nothing new of an attempt that rests brings nobody back.
func (c *Connection) Observed(taskID string) {
	if c.hasAnswered(taskID) {
		c.owner.EnqueueFramework(c.Name)
	}
	if !c.isNoNews(taskID) {
		c.AttemptChanged(taskID)
	}
}

// AttemptChanged implements mesosbridge.Listener.
func (c *Connection) AttemptChanged(taskID string) {
	if c.isOrphan(taskID) {
		c.owner.EnqueueFramework(c.Name)
	}
	id, err := lifecycle.ParseOwnTaskID(taskID)
	if err != nil {
		c.observedForeign(taskID)
		return
	}
	key := types.NamespacedName{Namespace: id.Namespace, Name: id.Name}
	c.mu.Lock()
	c.hear(key, taskID)
	c.mu.Unlock()
	c.owner.EnqueueTask(key)
}

// observedForeign handles news of an ID that no MesosTask can account for. A mark's answer concerns what asked for it. A task whose ID was
// not made here has nobody who would ever store anything of it, and an update that nobody acknowledges keeps its agent from draining.
func (c *Connection) observedForeign(taskID string) {
	c.mu.Lock()
	mark, marked := c.marks[taskID]
	c.mu.Unlock()
	switch {
	case !marked:
	case mark.pass:
		c.owner.EnqueueFramework(c.Name)
		return
	case mark.attempt != types.NamespacedName{}:
		c.owner.EnqueueTask(mark.attempt)
		return
	default:
		return
	}
	attempt, ok := c.Bridge.Attempt(taskID)
	switch {
	case !ok:
	case attempt.Unacked != nil:
		c.Bridge.Acknowledge(taskID, attempt.Unacked.UUID)
	case attempt.Observation == nil || attempt.Observation.State.Class() != mesos.Live && attempt.Returned == nil:
		c.Bridge.Forget(taskID)
	}
}

// OffersChanged implements mesosbridge.Listener.
func (c *Connection) OffersChanged() { c.Placer.Wake() }

// AgentFailed implements mesosbridge.Listener.
func (c *Connection) AgentFailed(agentID string) { c.enqueueTasksOn(agentID) }

// MaintenanceChanged implements mesosbridge.Listener.
func (c *Connection) MaintenanceChanged(agentID string) { c.enqueueTasksOn(agentID) }

// enqueueTasksOn brings back the MesosTasks of all attempts on an agent.
func (c *Connection) enqueueTasksOn(agentID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, done := range c.attempts {
		if done.agentID == agentID {
			c.owner.EnqueueTask(done.key)
		}
	}
}
