package connections

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// standing is how one framework stands, as its tasks are told.
type standing struct {
	// kind tells it from others: a sentence that differs only in its words is not told anew.
	kind string
	// why is what the framework's controller says of why it has no connection.
	why string
	lifecycle.Hindrance
	// listeners are the MesosTasks that rest on it.
	listeners sets.Set[types.NamespacedName]
}

// Hindrance is why the tasks of a framework cannot be launched, or Mesos cannot be told anything of them. The MesosTask that asks is brought back
// when that changes, until it says that nothing of what it decided rested on it (Unhindered).
func (c *Connections) Hindrance(framework string, key types.NamespacedName) lifecycle.Hindrance {
	c.standingsMu.Lock()
	defer c.standingsMu.Unlock()
	known := c.judge(framework)
	known.listeners.Insert(key)
	return known.Hindrance
}

// Unhindered says that a MesosTask need not be brought back when what hinders its framework changes.
func (c *Connections) Unhindered(framework string, key types.NamespacedName) {
	c.standingsMu.Lock()
	defer c.standingsMu.Unlock()
	if known := c.standings[framework]; known != nil {
		known.listeners.Delete(key)
	}
}

// Gone says that a MesosTask is gone: nothing that changes concerns it any more.
func (c *Connections) Gone(key types.NamespacedName) {
	c.standingsMu.Lock()
	defer c.standingsMu.Unlock()
	for _, known := range c.standings {
		known.listeners.Delete(key)
	}
}

// Unconnected says why a framework has no connection; empty where it has one, or will have one in a moment.
func (c *Connections) Unconnected(framework, why string) {
	c.standingsMu.Lock()
	defer c.standingsMu.Unlock()
	if known := c.standings[framework]; known != nil || why != "" {
		c.standingOf(framework).why = why
		c.judge(framework)
	}
}

// hindranceChanged looks anew at how a framework stands.
func (c *Connections) hindranceChanged(framework string) {
	c.standingsMu.Lock()
	defer c.standingsMu.Unlock()
	if c.standings[framework] != nil {
		c.judge(framework)
	}
}

// standingOf returns a framework's standing, made where there is none; the caller holds the lock.
func (c *Connections) standingOf(framework string) *standing {
	known := c.standings[framework]
	if known == nil {
		known = &standing{listeners: sets.New[types.NamespacedName]()}
		known.Since = c.clock.Now()
		c.standings[framework] = known
	}
	return known
}

// judge brings a framework's standing up to date, and its listeners back if it changed; the caller holds the lock.
func (c *Connections) judge(framework string) *standing {
	known := c.standingOf(framework)
	kind, now := c.hindrance(framework, known.why)
	if kind == known.kind {
		return known
	}
	now.Since = c.clock.Now()
	known.kind, known.Hindrance = kind, now
	for key := range known.listeners {
		c.EnqueueTask(key)
	}
	known.listeners.Clear()
	return known
}

// hindrance is how a framework stands. Ordered rules, the first that matches decides.
func (c *Connections) hindrance(framework, why string) (kind string, now lifecycle.Hindrance) {
	connection := c.Get(framework)
	if connection == nil {
		if why == "" {
			return "none", lifecycle.Hindrance{Away: true, Message: fmt.Sprintf("MesosFramework %s is not connected to Mesos yet", framework)}
		}
		return "none: " + why, lifecycle.Hindrance{Away: true, Message: fmt.Sprintf("MesosFramework %s is not connected to Mesos: %s", framework, why)}
	}
	switch state := connection.Bridge.Connection(); {
	case !state.Subscribed && state.Problem != nil:
		return "away: " + string(state.Problem.Class), lifecycle.Hindrance{Away: true, Message: fmt.Sprintf("MesosFramework %s is not connected to Mesos: %s", framework, state.Problem.Message)}
	case !state.Subscribed:
		return "away", lifecycle.Hindrance{Away: true, Message: fmt.Sprintf("MesosFramework %s is not connected to Mesos yet", framework)}
	case !connection.Bridge.MayAccept() && state.Problem != nil:
		return "unregistered: " + string(state.Problem.Class), lifecycle.Hindrance{Message: fmt.Sprintf("MesosFramework %s launches nothing: %s", framework, state.Problem.Message)}
	case !connection.Bridge.MayAccept():
		return "unregistered", lifecycle.Hindrance{Message: fmt.Sprintf("MesosFramework %s has not been registered yet", framework)}
	case !connection.MayLaunch():
		return "held", lifecycle.Hindrance{Message: "Nothing is launched before Mesos has told all that runs: it is still waiting for agents to come back"}
	default:
		return "", lifecycle.Hindrance{}
	}
}
