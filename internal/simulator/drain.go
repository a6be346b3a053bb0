package simulator

import (
	"net/http"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// drainInfo is an operator's wish to empty an agent. The registry keeps it, the agent is told (Mesos master: http.cpp
// _drainAgent, master.cpp checkAndTransitionDrainingAgent; Mesos agent: slave.cpp drain).
type drainInfo struct {
	maxGrace *time.Duration // caps the tasks' grace periods where the executor lets it
	markGone bool
	drained  bool
	started  time.Time
}

// drainedAfter is how long the master takes to note that the last task of a draining agent is gone.
const drainedAfter = 50 * time.Millisecond

// drain is DRAIN_AGENT: no more offers, and all tasks are killed.
func (r *reign) drain(s *slave, d drainInfo) {
	d.started = time.Now()
	r.cluster.registry.drains[s.id] = &d
	s.active = false
	r.rescindAll(s)
	if a := s.agent; a.linked(r) {
		a.drain(&d)
	}
	r.checkDrained(s)
}

// draining is what an agent is drained for, nil if it is not.
func (s *slave) draining() *drainInfo { return s.reign.cluster.registry.drains[s.id] }

// checkDrained ends a drain once the master knows of no task any more, not even of one whose end is unacknowledged.
func (r *reign) checkDrained(s *slave) {
	d := s.draining()
	if d == nil || d.drained || len(s.tasks) > 0 {
		return
	}
	r.after(drainedAfter, func() {
		switch {
		case r.slaves[s.id] != s || s.draining() != d || len(s.tasks) > 0:
		case d.markGone:
			r.markGone(s.id)
		default:
			d.drained = true
		}
	})
}

// reactivate is REACTIVATE_AGENT. A text is the reason of a 400.
func (r *reign) reactivate(agentID string) string {
	drains := r.cluster.registry.drains
	d, s := drains[agentID], r.slaves[agentID]
	switch {
	case d != nil && !d.drained:
		return "Agent is still in the DRAINING state"
	case s == nil:
		return "Failed to reactivate the agent: it is not registered"
	}
	delete(drains, agentID)
	s.agent.drained = nil
	s.active = s.connected
	r.allocate(s)
	return ""
}

// drain is DrainSlaveMessage from the master.
func (a *Agent) drain(d *drainInfo) {
	a.drained = d
	for _, t := range a.sortedTasks() {
		switch {
		case t.ended || t.quiet:
		case t.state == mesos.TASK_STAGING:
			a.killQueued(t)
		default:
			grace := graceOf(t.info.KillPolicy)
			if d.maxGrace != nil {
				grace = min(grace, *d.maxGrace)
			}
			a.killOne(t, a.graceFor(t, grace))
		}
	}
}

// graceFor is the grace period of a kill that asks for one of its own: the command executor keeps to the task's,
// unless it is the one that speaks HTTP.
func (a *Agent) graceFor(t *agentTask, asked time.Duration) time.Duration {
	if t.executor == nil && !a.spec.HTTPCommandExecutor {
		return graceOf(t.info.KillPolicy)
	}
	return asked
}

// tellDraining makes an update say that its task goes because the agent is drained. If that ends in marking it gone,
// the state is GONE_BY_OPERATOR already as the task is asked to end (slave.cpp statusUpdate).
func (a *Agent) tellDraining(s *mesos.TaskStatus) {
	if a.drained == nil || s.GetState() != mesos.TASK_KILLING && s.GetState() != mesos.TASK_KILLED {
		return
	}
	s.Reason = mesos.REASON_AGENT_DRAINING.Enum()
	if a.drained.markGone {
		s.State, s.Message = mesos.TASK_GONE_BY_OPERATOR.Enum(), nil
	}
}

// Drain is an operator's DRAIN_AGENT: no more offers, and the tasks are killed with their grace periods.
func (a *Agent) Drain() { a.DrainWithin(0, false) }

// DrainWithin is DRAIN_AGENT with a maximal grace period (0: none), which old command executors ignore
// (AgentSpec.HTTPCommandExecutor). With markGone the tasks are told gone as they are asked to end, and the agent is
// marked gone as soon as that is acknowledged, while their processes go on.
func (a *Agent) DrainWithin(maxGrace time.Duration, markGone bool) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent drain")
	d := drainInfo{markGone: markGone}
	if maxGrace > 0 {
		d.maxGrace = &maxGrace
	}
	if r, s := a.slaveOf(); s != nil {
		r.drain(s, d)
	}
}

// Reactivate is an operator's REACTIVATE_AGENT. It does nothing while a task is left of those that were drained.
func (a *Agent) Reactivate() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent reactivate")
	if r, s := a.slaveOf(); s != nil {
		_ = r.reactivate(s.id) // refused while it drains
	}
}

func (r *reign) operateDrain(c *operatorCall) answer {
	s := r.slaves[c.DrainAgent.AgentID.Value]
	if s == nil {
		return badRequest("Failed to drain the agent: it is not registered")
	}
	d := drainInfo{markGone: c.DrainAgent.MarkGone}
	if g := c.DrainAgent.MaxGrace; g != nil {
		d.maxGrace = new(time.Duration(g.Seconds)*time.Second + time.Duration(g.Nanos))
	}
	r.drain(s, d)
	return answer{status: http.StatusOK}
}

func (r *reign) operateReactivate(c *operatorCall) answer {
	return orRefuse(r.reactivate(c.ReactivateAgent.AgentID.Value))
}
