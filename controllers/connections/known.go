package connections

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// hear notes that a task ID is of an object; the caller holds the lock.
func (c *Connection) hear(key types.NamespacedName, taskID string) {
	if c.heardOf[key] == nil {
		c.heardOf[key] = sets.New[string]()
	}
	c.heardOf[key].Insert(taskID)
}

// Known returns the task IDs of the object that this process knows anything of.
func (c *Connection) Known(key types.NamespacedName) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sets.List(c.heardOf[key])
}

// Other is a task of an object's identity that lives, or may.
type Other struct {
	mesos.Observation
	// Outdated says that Mesos has not spoken of it in this term: it may be over.
	Outdated bool
}

// Others are the live tasks of an object's identity that Mesos spoke of, besides one, as it last spoke of them; and those that this process
// launched and of which Mesos has said nothing yet: an object that lost its binding in that moment does not know of them any more.
func (c *Connection) Others(key types.NamespacedName, but string) []Other {
	term := c.Bridge.Connection().Term
	var live []Other
	for _, taskID := range c.Known(key) {
		attempt, _ := c.Bridge.Attempt(taskID)
		said := attempt.Said()
		switch {
		case taskID == but:
		case said == nil && attempt.Accept.MayRun():
			live = append(live, Other{Observation: mesos.Observation{TaskID: taskID, AgentID: attempt.AgentID}, Outdated: true})
		case said != nil && said.State.Class() == mesos.Live:
			live = append(live, Other{Observation: *said, Outdated: attempt.Last.Term != term})
		}
	}
	return live
}

// OthersLive says whether a live task of the same identity as an attempt's is known (rule 12). Of one that only an earlier term called live the
// binding has taken account.
func (c *Connection) OthersLive(taskID string) bool {
	id, err := lifecycle.ParseTaskID(taskID)
	if err != nil {
		return true
	}
	others := c.Others(types.NamespacedName{Namespace: id.Namespace, Name: id.Name}, taskID)
	return slices.ContainsFunc(others, func(other Other) bool { return !other.Outdated })
}

// NeverSent records that the ACCEPT of an attempt is not sent any more, and brings its object back.
func (c *Connection) NeverSent(taskID string) {
	c.Bridge.AcceptNeverSent(taskID)
	c.Observed(taskID)
}

// NeverRan records of an attempt whose binding may be durable that its ACCEPT is never sent. The record of its reservation may have been
// dropped meanwhile, as nothing named the attempt yet.
func (c *Connection) NeverRan(placed lifecycle.Placement) {
	c.Bridge.Reserve(placed.TaskID, placed.AgentID)
	c.NeverSent(placed.TaskID)
}

// Forget drops all that is known of an attempt that is over and whose end is recorded, or that was never sent.
func (c *Connection) Forget(key types.NamespacedName, taskID string) {
	c.Bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.attempts[taskID]; done != nil {
		c.dropMarks(done)
	}
	delete(c.attempts, taskID)
	if c.over != nil {
		c.over.Insert(taskID)
	}
	if ids := c.heardOf[key]; ids != nil {
		if ids.Delete(taskID); ids.Len() == 0 {
			delete(c.heardOf, key)
		}
	}
}

// PassBegins makes the connection remember which attempts are over, as long as the pass runs.
func (c *Connection) PassBegins() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = sets.New[string]()
}

// PassEnds ends what passBegins began.
func (c *Connection) PassEnds() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = nil
}

// OverSince says whether an attempt was forgotten, as it is over, since the pass that runs began.
func (c *Connection) OverSince(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over.Has(taskID)
}

// Enqueue brings a MesosTask back.
func (c *Connection) Enqueue(key types.NamespacedName) { c.owner.EnqueueTask(key) }

// LaunchOf says what is known of an attempt's ACCEPT.
func LaunchOf(attempt mesosbridge.Attempt) lifecycle.Launch {
	switch attempt.Accept {
	case mesosbridge.AcceptUnsent:
		return lifecycle.LaunchUnsent
	case mesosbridge.AcceptSent:
		return lifecycle.LaunchSent
	case mesosbridge.AcceptAccepted:
		return lifecycle.LaunchAccepted
	case mesosbridge.AcceptNeverSent:
		return lifecycle.LaunchNeverSent
	case mesosbridge.AcceptRefused:
		return lifecycle.LaunchRefused
	default:
		return lifecycle.LaunchUnknown
	}
}
