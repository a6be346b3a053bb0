package connections

import "time"

// SetHold sets how long launching waits for the proof, counted from the first subscription in this leadership.
func (c *Connection) SetHold(hold time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = hold
}

// agentsBackLeast is how long a master waits at least for agents to come back after a failover (Mesos flag agent_reregister_timeout).
const agentsBackLeast = 10 * time.Minute

// AgentsBackBy is when every agent that was expected back as the present subscription began has come back, or is known to be unreachable: then, if
// the proof was had in it, as its fence is answered only when none is awaited; else once they have had their time.
func (c *Connection) AgentsBackBy() time.Time {
	state := c.Bridge.Connection()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provenTerm == state.Term {
		return state.Since
	}
	return state.Since.Add(max(c.hold, agentsBackLeast))
}

// MayLaunch is what rule 12 says of the framework as a whole: nothing is launched under a framework ID before learned let it, once in this
// leadership.
func (c *Connection) MayLaunch() bool {
	id := c.Bridge.Connection().FrameworkID
	c.mu.Lock()
	defer c.mu.Unlock()
	return id != "" && c.provenID == id
}

// Learned records what a proof in a term, under a framework ID, has come to: whether it was had, and when the implicit RECONCILE was asked whose
// end mark was answered last.
// Without the proof, launching waits until all that the master knew when the hold ran out has been told, with agents still missing. What
// waited is looked at again. It says whether launching just began without the proof.
func (c *Connection) Learned(frameworkID string, term uint64, had bool, counted time.Time) (unproven bool) {
	state := c.Bridge.Connection()
	if state.FrameworkID != frameworkID {
		return false
	}
	c.mu.Lock()
	heldOut := !counted.IsZero() && !state.FirstSubscribed.IsZero() && !counted.Before(state.FirstSubscribed.Add(c.hold))
	if had {
		c.provenTerm = term
	}
	news := (had || heldOut) && c.provenID != frameworkID
	if news {
		c.provenID = frameworkID
		for key := range c.heardOf {
			c.owner.EnqueueTask(key)
		}
	}
	c.mu.Unlock()
	if news {
		c.owner.hindranceChanged(c.Name)
		c.Placer.Wake()
	}
	return news && !had
}
