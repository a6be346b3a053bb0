package simulator

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// How agents take leave while their tasks' processes live on: for the grace period, or as orphans without end (Mesos
// agent: slave.cpp shutdown, executorShutdownTimeout; Mesos executor: executor.cpp disconnected).

// Times of an agent that shuts down.
const (
	// shutdownSlack is what the agent grants beyond a task's grace period before it destroys the container.
	shutdownSlack = 2 * time.Second
	// agentExitAfter is how long the agent's process outlives its last task.
	agentExitAfter = time.Second
)

// removeSlave is the end of an agent that the master will not know any more: its tasks are lost, also for partition
// aware frameworks, whatever their processes do.
func (r *reign) removeSlave(s *slave, why string) {
	delete(r.cluster.registry.admitted, s.id)
	message := "Agent " + s.agent.spec.Hostname + " removed: " + why
	r.lose(s, func(t *task) *mesos.TaskStatus {
		if terminal(t.state) {
			return nil
		}
		return masterStatus(t.id, s.id, mesos.TASK_LOST, mesos.REASON_AGENT_REMOVED, message)
	})
}

// Unregister is SIGUSR1 to the agent: it takes leave of the master, which tells TASK_LOST at once, and only then ends
// its tasks, with their grace periods. Its process ends after the last of them. Start starts it again, with its ID.
func (a *Agent) Unregister() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent unregister")
	if r, s := a.slaveOf(); s != nil && a.linked(r) {
		r.removeSlave(s, "the agent unregistered")
	}
	a.shutDown("it unregistered")
}

// shutDown ends an agent's process in good order: its tasks are told to end, and it ends with the last of them. What
// becomes of the tasks nobody hears.
func (a *Agent) shutDown(why string) {
	if !a.up || a.leaving {
		return
	}
	a.cluster.log.V(1).Info("Shutting the agent down", "agentID", a.id, "why", why, "tasks", len(a.tasks))
	a.leaving = true
	a.registered = nil
	for _, t := range a.sortedTasks() {
		a.endQuietly(t)
	}
	a.exitWhenEmpty()
}

// exitWhenEmpty ends the process of an agent that is leaving, if no task is left.
func (a *Agent) exitWhenEmpty() {
	if !a.leaving || len(a.tasks) > 0 {
		return
	}
	a.cluster.after(agentExitAfter, func() {
		if a.leaving && len(a.tasks) == 0 {
			a.up, a.leaving = false, false
		}
	})
}

// endQuietly tells a task's executor to shut down: SIGTERM, and SIGKILL after the task's own grace period. Nobody is
// told of its end.
func (a *Agent) endQuietly(t *agentTask) {
	t.quiet = true
	if t.ended {
		a.forget(t)
		return
	}
	grace := graceOf(t.info.KillPolicy)
	t.execution.Kill(grace)
	a.cluster.after(grace+shutdownSlack, func() {
		if t.quiet && !t.ended {
			a.cluster.handlers.Go(a.destroy(t))
			a.exitWhenEmpty()
		}
	})
}

// endedQuietly takes a task off the books whose end nobody is told.
func (a *Agent) endedQuietly(t *agentTask) {
	if e := t.executor; e != nil {
		delete(e.tasks, t)
		if len(e.tasks) == 0 && a.executors[e.key] == e {
			delete(a.executors, e.key)
		}
	}
	a.forget(t)
	a.exitWhenEmpty()
}

// Replace kills the agent's process, wipes its directories, and starts it again at the same address after d: as an
// agent with a new ID. Its tasks live on as orphans, of which no agent knows, until their executors give up
// (Flags.ExecutorRecoveryTimeout) or Cluster.KillProcess ends them. As the new agent registers, the master tells
// TASK_LOST, unless it has given the old one up before that.
func (a *Agent) Replace(d time.Duration) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent replace")
	a.stop()
	for _, t := range a.sortedTasks() {
		a.orphan(t)
	}
	a.runs = newRuns()
	if a.id != "" {
		a.predecessor, a.id = a.id, ""
	}
	a.total = a.spec.resources() // what was reserved meanwhile is forgotten
	a.cluster.after(d, a.startUp)
}

// orphan leaves a task to itself.
func (a *Agent) orphan(t *agentTask) {
	a.forget(t)
	if e := t.executor; e != nil {
		delete(a.executors, e.key)
	}
	if t.ended {
		return
	}
	t.quiet = true
	a.orphans[t] = struct{}{}
	a.cluster.after(a.cluster.flags.ExecutorRecoveryTimeout, func() {
		if !t.ended {
			a.endQuietly(t)
		}
	})
}

// KillProcess kills the processes of a task from outside Mesos, as a person on the host would: SIGKILL. Where an agent
// knows of the task, it fails. The result counts what was live of it.
func (c *Cluster) KillProcess(taskID string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []*LiveTask
	for key, tasks := range c.ledger.live {
		if key.task == taskID {
			found = append(found, tasks...)
		}
	}
	for _, live := range found {
		c.faults.count("task kill")
		live.agent.slay(live.task)
	}
	return len(found)
}

// slay ends a task by SIGKILL, and its executor says so.
func (a *Agent) slay(t *agentTask) {
	a.cluster.handlers.Go(t.execution.Destroy())
	a.report(t, Report{State: mesos.TASK_FAILED, Message: "Command terminated with signal Killed"})
}
