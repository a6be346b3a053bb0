package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// How agents come, go and come back: the table of agent transitions (Mesos master: master.cpp
// registerSlave, reregisterSlave, markUnreachable, removeSlave, markGone).

// scheduleRegistration lets an agent that is not registered try it, after its random backoff.
func (a *Agent) scheduleRegistration() {
	if a.registering != nil {
		a.registering.Stop()
	}
	wait := max(0, time.Until(a.notBefore)) + jitter(a.cluster.rng, a.cluster.flags.RegistrationBackoff)
	a.registering = a.cluster.after(wait, a.tryRegister)
}

func (a *Agent) tryRegister() {
	r := a.cluster.leader
	if r == nil || !r.recovered || !a.up || a.leaving || a.partitioned {
		return // whatever changes one of these schedules the next attempt
	}
	if s := r.slaves[a.id]; s != nil && s.connected && a.registered == r {
		return
	}
	r.register(a)
}

// register is REGISTER and REREGISTER of an agent.
func (r *reign) register(a *Agent) {
	c := r.cluster
	if _, gone := c.registry.gone[a.id]; gone {
		c.log.Info("Refusing the registration of an agent that was marked gone", "agentID", a.id)
		a.shutDown("it was marked gone")
		return
	}
	if c.registry.isDown(a) {
		c.log.Info("Refusing the registration of an agent on a machine that is down", "hostname", a.spec.Hostname)
		a.shutDown("its machine is down")
		return
	}
	if a.id == "" {
		a.id = agentID(r)
		c.byID[a.id] = a
		if old := r.slaves[a.predecessor]; old != nil {
			r.removeSlave(old, "a new agent registered at the same address")
		}
	}
	a.registered = r
	known := r.slaves[a.id]
	if known != nil {
		known.stopTimers()
		known.connected = true
		known.active = known.draining() == nil
	} else {
		as := r.returnOf(a)
		delete(r.expected, a.id)
		delete(c.registry.unreachable, a.id)
		c.registry.admitted[a.id] = true
		if !r.admit(a, as) {
			return // the master aborted
		}
	}
	c.log.Info("Registered agent", "agentID", a.id, "hostname", a.spec.Hostname)
	a.resume(r)
	// The master sends the agent what it knows of its frameworks; for each the agent resumes its updates again.
	for _, f := range r.frameworksOn(a) {
		if f.connected {
			a.resume(r)
		}
	}
	if known != nil {
		r.catchUp(known)
	}
	if d := r.slaves[a.id].draining(); d != nil {
		a.drain(d)
		r.checkDrained(r.slaves[a.id])
	}
	r.allocate(r.slaves[a.id])
}

// returnOf gives the text with which the master tells of the tasks that an agent brings back; "" if it does not tell,
// as it expected the agent.
func (r *reign) returnOf(a *Agent) string {
	_, unreachable := r.cluster.registry.unreachable[a.id]
	switch {
	case r.expected[a.id]:
		return ""
	case unreachable:
		return "Unreachable agent re-reregistered"
	}
	return "Unknown agent reregistered"
}

func agentID(r *reign) string {
	id := fmt.Sprintf("%s-S%d", r.id, r.agentCount)
	r.agentCount++
	return id
}

func (r *reign) frameworksOn(a *Agent) (out []*framework) {
	seen := map[string]bool{}
	for key := range a.tasks {
		if seen[key.framework] {
			continue
		}
		seen[key.framework] = true
		if f := r.frameworks[key.framework]; f != nil {
			out = append(out, f)
		}
	}
	return out
}

// admit books an agent that this master did not have, with the tasks that it brings.
func (r *reign) admit(a *Agent, tell string) bool {
	s := &slave{
		reign: r, id: a.id, agent: a, connected: true, since: time.Now(),
		free:      append([]mesos.Resource(nil), a.total...),
		tasks:     map[*task]struct{}{},
		executors: map[executorKey]*executor{},
		offers:    map[*offer]struct{}{},
		inverse:   map[*inverseOffer]struct{}{},
		killed:    map[taskKey]*scheduler.Call_Kill{},
	}
	s.active = s.draining() == nil
	r.slaves[a.id] = s
	r.order = append(r.order, s)
	r.cluster.observe(Observation{Agent: &AgentRecord{AgentID: a.id, Registered: true}})
	for _, t := range a.sortedTasks() {
		if r.completed.has[t.key.framework] {
			a.shutdownFramework(r, t.key.framework)
			continue
		}
		if t.live == nil || t.quiet {
			continue // only an update is left of it, or it is being shut down
		}
		if !r.bringTask(s, t, tell) {
			return false
		}
	}
	return true
}

// sortedTasks are the agent's tasks in the order in which they came.
func (a *Agent) sortedTasks() []*agentTask {
	out := make([]*agentTask, 0, len(a.tasks))
	for _, t := range a.tasks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(x, y *agentTask) int { return x.order() - y.order() })
	return out
}

func (t *agentTask) order() int {
	if t.live == nil {
		return 0
	}
	return t.live.number
}

// bringTask books a task that an agent reports as it registers. An agent that was unreachable, or not
// known at all, makes the master tell of every task it brings; one that was expected does not.
func (r *reign) bringTask(s *slave, t *agentTask, tell string) bool {
	f := r.frameworks[t.key.framework]
	if f == nil {
		f = r.newFramework(t.key.framework, t.framework, t.framework.GetPrincipal())
	}
	f.unreachable.remove(t.key.task)
	mt := &task{
		id: t.key.task, framework: f, slave: s, info: t.info, role: roleOf(t.info, f),
		resources: normalized(t.info.Resources), state: t.state, forwarded: t.sent,
	}
	if e := t.executor; e != nil {
		mt.executorID = e.key.executor
		if s.executors[e.key] == nil {
			own := normalized(e.info.Resources)
			s.use(own)
			s.executors[e.key] = &executor{id: e.key.executor, framework: f, resources: own}
		}
	}
	if tell != "" {
		st := masterStatus(t.key.task, s.id, t.state, mesos.REASON_AGENT_REREGISTERED, tell)
		mt.describe(st)
		r.sendStatus(f, st)
	}
	if !r.addTask(mt) {
		return false
	}
	if !terminal(mt.state) {
		s.use(mt.resources)
	}
	return true
}

// catchUp makes up for what an agent missed whose socket had broken but which was never given up:
// tasks that never reached it, and kills.
func (r *reign) catchUp(s *slave) {
	for t := range s.tasks {
		if s.agent.tasks[taskKey{t.framework.id, t.id}] == nil {
			s.agent.disown(t)
		}
	}
	for key, call := range s.killed {
		if f := r.frameworks[key.framework]; f != nil && f.tasks[key.task] != nil {
			r.forwardKill(s, key.framework, call)
		}
	}
}

// disown makes an agent say of a task that the master ascribes to it that it does not have it.
func (a *Agent) disown(mt *task) {
	t := a.onlyUpdates(taskKey{mt.framework.id, mt.id}, mt.framework.info)
	a.queueUpdate(t, a.agentStatus(t, mt.framework.caps.lostOr(mesos.TASK_DROPPED),
		mesos.REASON_RECONCILIATION, "Reconciliation: task unknown to the agent"))
}

// agentStatus is a status of the agent's own making.
func (a *Agent) agentStatus(t *agentTask, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) *mesos.TaskStatus {
	s := masterStatus(t.key.task, a.id, state, reason, message)
	s.Source = mesos.SOURCE_AGENT.Enum()
	s.UUID = newUUID()
	return s
}

// socketBroke is what the master notices of an agent process that ends: no more offers, and the wait
// for its return. Tasks of frameworks without checkpointing are lost at once.
func (r *reign) socketBroke(s *slave) {
	if !s.connected {
		return
	}
	s.connected, s.active = false, false
	for _, t := range tasksOfSlave(s) {
		if t.framework.checkpoint() {
			continue
		}
		r.sendStatus(t.framework, masterStatus(t.id, s.id, mesos.TASK_LOST, mesos.REASON_AGENT_DISCONNECTED,
			"Agent "+s.agent.spec.Hostname+" disconnected"))
		r.removeTask(t)
	}
	r.rescindAll(s)
	s.reregister = r.after(r.cluster.flags.AgentReregisterTimeout, func() {
		r.markUnreachable(s, "agent did not re-register within agent_reregister_timeout")
	})
}

// missPings starts the count of unanswered pings: the first missed one is the next that is due.
func (r *reign) missPings(s *slave) {
	if s.pings != nil {
		return
	}
	every := r.cluster.flags.AgentPingTimeout
	due := every - time.Since(s.since)%every
	s.pings = r.after(due+time.Duration(r.cluster.flags.MaxAgentPingTimeouts)*every, func() {
		turn := time.Now()
		if turn.Before(r.nextRemoval) {
			turn = r.nextRemoval
		}
		r.nextRemoval = turn.Add(r.cluster.flags.AgentRemovalInterval)
		s.pings = r.after(time.Until(turn), func() { r.markUnreachable(s, "health check timed out") })
	})
}

func tasksOfSlave(s *slave) []*task {
	out := make([]*task, 0, len(s.tasks))
	for t := range s.tasks {
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b *task) int { return strings.Compare(a.id, b.id) })
	return out
}

// markUnreachable gives an agent up: its tasks become unreachable, or lost for frameworks that are
// not partition aware.
func (r *reign) markUnreachable(s *slave, message string) {
	at := time.Now()
	delete(r.cluster.registry.admitted, s.id)
	r.cluster.registry.unreachable[s.id] = at
	r.cluster.log.Info("Marked agent unreachable", "agentID", s.id, "why", message)
	for _, t := range r.lose(s, func(t *task) *mesos.TaskStatus {
		st := masterStatus(t.id, s.id, t.framework.caps.lostOr(mesos.TASK_UNREACHABLE), mesos.REASON_AGENT_REMOVED, message)
		st.UnreachableTime = timeInfo(at)
		return st
	}) {
		t.framework.completed.remove(t.id)
		t.framework.unreachable.add(t)
	}
}

// lose takes an agent and its tasks off the books, with an update for each task (nil: none), then the rescinds and
// the FAILURE. The result is the tasks that it had.
func (r *reign) lose(s *slave, tell func(*task) *mesos.TaskStatus) []*task {
	r.cluster.observe(Observation{Agent: &AgentRecord{AgentID: s.id}})
	s.stopTimers()
	s.connected, s.active = false, false
	tasks := tasksOfSlave(s)
	for _, t := range tasks {
		last := tell(t)
		if last != nil {
			r.sendStatus(t.framework, last)
		}
		r.removeTask(t)
		if last != nil && !terminal(t.state) {
			t.state = last.GetState()
			t.record(last)
		}
	}
	r.rescindAll(s)
	delete(r.slaves, s.id)
	r.order = slices.DeleteFunc(r.order, func(o *slave) bool { return o == s })
	r.toAll(failureOf(s.id))
	return tasks
}

// markGone is MARK_AGENT_GONE for an agent of the registry. False: there is no such agent.
func (r *reign) markGone(id string) bool {
	reg := &r.cluster.registry
	s := r.slaves[id]
	_, unreachable := reg.unreachable[id]
	if s == nil && !r.expected[id] && !unreachable {
		_, already := reg.gone[id]
		return already
	}
	reg.gone[id] = time.Now()
	delete(reg.admitted, id)
	delete(reg.unreachable, id)
	const message = "Agent has been marked gone"
	switch {
	case s != nil:
		a := s.agent
		r.lose(s, func(t *task) *mesos.TaskStatus { return goneStatus(t.framework, t.id, id, message) })
		if a.linked(r) {
			a.shutDown("it was marked gone")
		}
	case unreachable:
		for _, f := range r.frameworks {
			for _, taskID := range f.unreachable.on(id) {
				f.unreachable.remove(taskID)
				r.sendStatus(f, goneStatus(f, taskID, id, message))
			}
		}
	}
	return true
}

func goneStatus(f *framework, taskID, agentID, message string) *mesos.TaskStatus {
	if f.caps.partitionAware {
		return masterStatus(taskID, agentID, mesos.TASK_GONE_BY_OPERATOR, mesos.REASON_AGENT_REMOVED_BY_OPERATOR, message)
	}
	return masterStatus(taskID, agentID, mesos.TASK_LOST, mesos.REASON_AGENT_REMOVED, message)
}

// on lists the IDs of the tasks of one agent, oldest first.
func (b *boundedTasks) on(agentID string) (ids []string) {
	for _, t := range b.inOrder() {
		if t.slave.id == agentID {
			ids = append(ids, t.id)
		}
	}
	return ids
}

// slaveOf is the agent in the leading master's books, nil if it is not there.
func (a *Agent) slaveOf() (*reign, *slave) {
	r := a.cluster.leader
	if r == nil {
		return nil, nil
	}
	return r, r.slaves[a.id]
}

// Partition cuts the agent off: nothing passes between it and any master, while its tasks go on. The
// master notices after its ping timeouts, and until then goes on offering its resources.
func (a *Agent) Partition() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent partition")
	a.partitioned = true
	if r, s := a.slaveOf(); s != nil {
		r.missPings(s)
	}
}

// Heal ends a partition. An agent that the master has given up registers again, within
// Flags.RegistrationBackoff.
func (a *Agent) Heal() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent heal")
	if !a.partitioned {
		return
	}
	a.partitioned = false
	_, s := a.slaveOf()
	if s != nil && s.connected && s.pings != nil {
		s.pings.Stop()
		s.pings = nil
	}
	a.scheduleRegistration()
}

// Stop ends the agent's process; its executors and tasks go on. The master sees the socket break.
func (a *Agent) Stop() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent stop")
	a.stop()
}

func (a *Agent) stop() {
	if !a.up {
		return
	}
	a.up, a.leaving = false, false
	a.lives++
	for _, t := range a.tasks {
		t.quiet = t.told // what still ends, an agent that is started again will hear of
	}
	if r, s := a.slaveOf(); s != nil {
		r.missPings(s)
		if !a.partitioned {
			r.socketBroke(s)
		}
	}
}

// Start starts a stopped agent's process, which finds its tasks again and registers.
func (a *Agent) Start() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent start")
	a.startUp()
}

func (a *Agent) startUp() {
	if a.up {
		return
	}
	a.up = true
	a.registered = nil
	a.scheduleRegistration()
}

// Restart stops the agent's process and starts it again after d.
func (a *Agent) Restart(d time.Duration) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent restart")
	a.stop()
	a.cluster.after(d, a.startUp)
}

// Reboot ends the agent with all its tasks, and starts it again after d. It comes back under its ID
// and reports that its tasks are over.
func (a *Agent) Reboot(d time.Duration) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent reboot")
	a.stop()
	for _, t := range a.sortedTasks() {
		a.diedInReboot(t)
	}
	for t := range a.orphans {
		a.cluster.handlers.Go(a.destroy(t))
	}
	a.cluster.after(d, a.startUp)
}

// diedInReboot queues what the agent will say of a task whose executor never came back: FAILED for a
// command task, GONE or LOST for one of a task group (Mesos agent: slave.cpp sendExecutorTerminatedStatusUpdate).
func (a *Agent) diedInReboot(t *agentTask) {
	if t.ended {
		return
	}
	t.ended = true
	a.cluster.handlers.Go(t.execution.Destroy())
	state, reason, message := mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"
	if t.executor != nil {
		state = capabilitiesOf(t.framework).lostOr(mesos.TASK_GONE)
		reason, message = mesos.REASON_EXECUTOR_REREGISTRATION_TIMEOUT, "Executor did not reregister within 2secs"
		delete(a.executors, t.executor.key)
	}
	a.cluster.ledger.end(t.live, state)
	a.queueUpdate(t, a.agentStatus(t, state, reason, message))
}

// Gone is an operator's MARK_AGENT_GONE for this agent.
func (a *Agent) Gone() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent gone")
	if r := a.cluster.leader; r != nil && r.recovered {
		r.markGone(a.id)
	}
}

// Forget makes the master forget an unreachable or gone agent, as its registry's garbage collection
// does in time.
func (a *Agent) Forget() {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	a.cluster.faults.count("agent forget")
	delete(a.cluster.registry.unreachable, a.id)
	delete(a.cluster.registry.gone, a.id)
}
