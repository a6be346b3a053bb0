package simulator

import (
	"maps"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// The agent's side of a task: from RunTask to the acknowledgement of its last update (Mesos agent:
// slave.cpp, task_status_update_manager.cpp).

// agentTask is one task on its agent: what it does, and the updates that are not acknowledged yet.
type agentTask struct {
	key       taskKey
	framework *mesos.FrameworkInfo
	info      *mesos.TaskInfo
	executor  *agentExecutor // of a task group, else nil
	execution Execution
	container string
	live      *LiveTask // nil for a task that never was here: only its update is

	state     mesos.TaskState
	healthy   *bool                  // the last result of its health check
	check     *mesos.CheckStatusInfo // the last result of its check
	failures  uint32                 // of its health check, in a row
	checked   bool                   // its checks have begun
	unhealthy bool                   // its health check failed too often: it is killed for that
	pid       int
	killing   bool
	killedBy  *mesos.TaskStatus_Reason // why the agent itself killed it
	failedBy  bool                     // the kill counts as a failure (max_completion_time)
	ended     bool
	told      bool // a terminal update was acknowledged, although it has not ended
	quiet     bool // nobody is told what becomes of it: its agent shuts it down, or has none
	completed *time.Timer

	statuses []*mesos.TaskStatus // the latest of each state, for the operator API

	queue []*mesos.TaskStatus // the first is forwarded until it is acknowledged
	sent  *mesos.TaskStatus   // the one forwarded last
	retry *time.Timer
	wait  time.Duration
}

// agentExecutor is a default executor, which runs the tasks of a group.
type agentExecutor struct {
	key       executorKey
	info      *mesos.ExecutorInfo
	container string
	tasks     map[*agentTask]struct{}
	failing   bool
}

// runTasks is RunTask or RunTaskGroup from the master.
func (a *Agent) runTasks(r *reign, framework *mesos.FrameworkInfo, executor *mesos.ExecutorInfo, infos []*mesos.TaskInfo) {
	a.cluster.faults.toAgent(a.cluster, RunTask, a, infos[0].TaskID.Value, func() {
		if !a.linked(r) {
			return
		}
		var e *agentExecutor
		if executor != nil {
			e = a.executorFor(framework, executor)
		}
		fault := a.launchFault(infos)
		for _, info := range infos {
			a.start(framework, e, info, fault)
		}
	})
}

func (a *Agent) executorFor(framework *mesos.FrameworkInfo, info *mesos.ExecutorInfo) *agentExecutor {
	key := executorKey{framework.ID.Value, info.ExecutorID.Value}
	e := a.executors[key]
	if e == nil {
		e = &agentExecutor{key: key, info: info, container: newID(), tasks: map[*agentTask]struct{}{}}
		a.executors[key] = e
	}
	return e
}

func (a *Agent) start(framework *mesos.FrameworkInfo, e *agentExecutor, info *mesos.TaskInfo, fault *Fault) {
	key := taskKey{framework.ID.Value, info.TaskID.Value}
	t := &agentTask{
		key: key, framework: framework, info: info, executor: e,
		container: newID(), state: mesos.TASK_STAGING,
	}
	if e != nil {
		e.tasks[t] = struct{}{}
	}
	a.tasks[key] = t
	t.live = a.cluster.ledger.start(a, t)
	if fault != nil {
		a.failLaunch(t, fault)
		return
	}
	launch := Launch{
		Task: info, Framework: framework, AgentID: a.id, Hostname: a.spec.Hostname, ContainerID: t.container,
	}
	if e != nil {
		launch.Executor = e.info
	}
	t.execution = a.spec.Runner.Run(launch, a.reporter(t))
	if e == nil {
		a.runs.start(a.id, t)
	}
}

// reporter is how a runner reports on a task.
func (a *Agent) reporter(t *agentTask) func(Report) {
	return func(rep Report) {
		a.cluster.mu.Lock()
		defer a.cluster.mu.Unlock()
		if !a.cluster.closed {
			a.report(t, rep)
		}
	}
}

// report takes in what a runner says of a task.
func (a *Agent) report(t *agentTask, rep Report) {
	if t.ended {
		return
	}
	if rep.PID != 0 {
		t.pid = rep.PID
		a.cluster.ledger.process(t.live, rep.PID)
	}
	if rep.State == mesos.TASK_RUNNING && t.completed == nil {
		a.limitCompletion(t)
	}
	if rep.State == mesos.TASK_RUNNING {
		defer a.startChecks(t)
	}
	if t.killing && rep.tellsOfCheck() {
		return // the executor checks no more
	}
	t.remember(&rep)
	if terminal(rep.State) {
		a.finish(t, &rep)
	}
	if t.quiet {
		t.state = rep.State
		if t.ended {
			a.endedQuietly(t)
		}
		return
	}
	a.queueUpdate(t, a.statusOf(t, rep))
	if rep.tellsOfCheck() {
		a.killUnhealthy(t)
	}
	if t.ended && t.executor != nil {
		a.taskOfGroupEnded(t, rep.State)
	}
}

// finish books the end of a task, and lets the reason for which the agent killed it decide the state. A command that
// was killed is KILLED even if it exits with status 0.
func (a *Agent) finish(t *agentTask, rep *Report) {
	if t.killing && (rep.State == mesos.TASK_FAILED || rep.State == mesos.TASK_FINISHED && t.executor == nil) {
		rep.State = mesos.TASK_KILLED
	}
	if t.killedBy != nil {
		rep.Reason = t.killedBy
		if t.failedBy {
			rep.State = mesos.TASK_FAILED
		}
	}
	if t.unhealthy {
		rep.Healthy = new(false)
	}
	t.ended = true
	if t.completed != nil {
		t.completed.Stop()
	}
	a.cluster.ledger.end(t.live, rep.State)
}

// limitCompletion ends a task that runs longer than its max_completion_time: by SIGTERM and, without any grace, SIGKILL.
func (a *Agent) limitCompletion(t *agentTask) {
	if t.info.MaxCompletionTime == nil {
		return
	}
	t.completed = a.cluster.after(time.Duration(t.info.MaxCompletionTime.Nanoseconds), func() {
		if t.ended || t.killing {
			return
		}
		t.killedBy, t.failedBy = mesos.REASON_MAX_COMPLETION_TIME_REACHED.Enum(), true
		t.execution.Kill(0)
	})
}

// statusOf is the update that tells of a report.
func (a *Agent) statusOf(t *agentTask, rep Report) *mesos.TaskStatus {
	if !rep.ByAgent {
		return a.executorStatus(t, rep)
	}
	s := a.agentStatus(t, rep.State, *rep.Reason, rep.Message)
	if rep.State == mesos.TASK_DROPPED {
		s.State = new(capabilitiesOf(t.framework).lostOr(rep.State))
	}
	if !rep.unlaunched {
		s.ExecutorID = &mesos.ExecutorID{Value: t.executorID()}
	}
	return s
}

// executorID is the ID of a task's executor; that of a command is named after its task.
func (t *agentTask) executorID() string {
	if t.executor != nil {
		return t.executor.key.executor
	}
	return t.key.task
}

// executorStatus is a status as the built-in executors send it.
func (a *Agent) executorStatus(t *agentTask, rep Report) *mesos.TaskStatus {
	s := &mesos.TaskStatus{
		TaskID:     mesos.TaskID{Value: t.key.task},
		State:      new(rep.State),
		Source:     mesos.SOURCE_EXECUTOR.Enum(),
		Reason:     rep.Reason,
		AgentID:    &mesos.AgentID{Value: a.id},
		ExecutorID: &mesos.ExecutorID{Value: t.executorID()},
		Timestamp:  new(now()),
		UUID:       newUUID(),
		Healthy:    rep.Healthy,
	}
	if rep.Message != "" {
		s.Message = new(rep.Message)
	}
	s.CheckStatus = rep.Check
	if s.CheckStatus == nil && t.info.Check != nil {
		s.CheckStatus = unchecked(t.info.Check)
	}
	network := []mesos.NetworkInfo{{IPAddresses: []mesos.NetworkInfo_IPAddress{{
		Protocol: mesos.IPv4.Enum(), IPAddress: new(a.spec.IP),
	}}}}
	s.ContainerStatus = &mesos.ContainerStatus{ContainerID: &mesos.ContainerID{Value: t.container}}
	if t.executor != nil {
		s.ContainerStatus.ContainerID.Parent = &mesos.ContainerID{Value: t.executor.container}
		if rep.State == mesos.TASK_STARTING || terminal(rep.State) {
			return s // the default executor's containers have no network yet, or no longer
		}
	}
	s.ContainerStatus.NetworkInfos = network
	s.ContainerStatus.ExecutorPID = new(a.pidOf(t))
	return s
}

// pidOf is the process ID that the agent says of a task's executor.
func (a *Agent) pidOf(t *agentTask) uint32 { return uint32(orDefault(t.pid, 10_000+a.number)) }

// unchecked is the check status of a task whose check has not run yet.
func unchecked(c *mesos.CheckInfo) *mesos.CheckStatusInfo {
	s := &mesos.CheckStatusInfo{Type: new(c.Type)}
	switch c.Type {
	case mesos.CheckInfo_COMMAND:
		s.Command = &mesos.CheckStatusInfo_Command{}
	case mesos.CheckInfo_HTTP:
		s.HTTP = &mesos.CheckStatusInfo_Http{}
	case mesos.CheckInfo_TCP:
		s.TCP = &mesos.CheckStatusInfo_Tcp{}
	default:
	}
	return s
}

// taskOfGroupEnded is the default executor's policy: one task that did not finish takes the others
// with it, and the executor exits with the last one.
func (a *Agent) taskOfGroupEnded(t *agentTask, state mesos.TaskState) {
	e := t.executor
	delete(e.tasks, t)
	if state != mesos.TASK_FINISHED && !e.failing {
		e.failing = true
		for other := range e.tasks {
			a.killOne(other, graceOf(other.info.KillPolicy))
		}
	}
	if len(e.tasks) > 0 {
		return
	}
	delete(a.executors, e.key)
	a.cluster.after(executorExitAfter, func() {
		if r := a.registered; r != nil && a.linked(r) {
			r.executorExited(a, e.key.framework, e.key.executor, 0)
		}
	})
}

// executorExitAfter is how long a default executor outlives its last task.
const executorExitAfter = 50 * time.Millisecond

// defaultGrace is the command executor's grace period between SIGTERM and SIGKILL.
const defaultGrace = 3 * time.Second

func graceOf(p *mesos.KillPolicy) time.Duration {
	if p == nil || p.GracePeriod == nil {
		return defaultGrace
	}
	return time.Duration(p.GracePeriod.Nanoseconds)
}

// killTask is KillTask from the master.
func (a *Agent) killTask(r *reign, frameworkID string, call *scheduler.Call_Kill) {
	if !a.linked(r) {
		return
	}
	t := a.tasks[taskKey{frameworkID, call.TaskID.Value}]
	switch {
	case t == nil:
		a.killUnknown(frameworkID, call.TaskID.Value)
		return
	case t.ended:
		return
	case t.state == mesos.TASK_STAGING:
		a.killQueued(t)
		return
	}
	grace := graceOf(t.info.KillPolicy)
	if call.KillPolicy != nil {
		grace = a.graceFor(t, graceOf(call.KillPolicy))
	}
	a.killOne(t, grace)
}

// killUnknown answers a kill of a task that never reached this agent: silence, unless the agent runs
// other tasks of the framework (Mesos agent: slave.cpp killTask).
func (a *Agent) killUnknown(frameworkID, taskID string) {
	for key, other := range a.tasks {
		if key.framework != frameworkID || other.live == nil || other.quiet {
			continue
		}
		t := a.onlyUpdates(taskKey{frameworkID, taskID}, other.framework)
		state := capabilitiesOf(other.framework).lostOr(mesos.TASK_DROPPED)
		a.queueUpdate(t, a.agentStatus(t, state, mesos.REASON_EXECUTOR_TERMINATED, "Cannot find executor"))
		return
	}
}

// killQueued kills a task before its executor has it. Of a task group all go with it.
func (a *Agent) killQueued(t *agentTask) {
	group := map[*agentTask]struct{}{t: {}}
	if e := t.executor; e != nil {
		group = maps.Clone(e.tasks)
		e.failing = true // they are all killed here, in the agent's own words
		defer func() { e.failing = false }()
	}
	for one := range group {
		if one.ended || one.state != mesos.TASK_STAGING {
			continue
		}
		one.ended = true
		a.cluster.handlers.Go(one.execution.Destroy())
		a.cluster.ledger.end(one.live, mesos.TASK_KILLED)
		a.queueUpdate(one, a.statusOf(one, Report{
			State: mesos.TASK_KILLED, Reason: mesos.REASON_TASK_KILLED_DURING_LAUNCH.Enum(),
			Message: "Killed before delivery to the executor", ByAgent: true,
		}))
		if one.executor != nil {
			a.taskOfGroupEnded(one, mesos.TASK_KILLED)
		}
	}
}

// onlyUpdates makes a task that is not here, for the update that says so.
func (a *Agent) onlyUpdates(key taskKey, framework *mesos.FrameworkInfo) *agentTask {
	t := &agentTask{
		key: key, framework: framework, info: &mesos.TaskInfo{TaskID: mesos.TaskID{Value: key.task}},
		ended: true, state: mesos.TASK_STAGING,
	}
	a.tasks[key] = t
	return t
}

func (a *Agent) killOne(t *agentTask, grace time.Duration) {
	if t.ended || t.execution == nil {
		return
	}
	if !t.killing {
		t.killing = true
		if capabilitiesOf(t.framework).taskKilling {
			a.queueUpdate(t, a.executorStatus(t, Report{State: mesos.TASK_KILLING, Reason: t.killedBy}))
		}
	}
	t.execution.Kill(grace)
}

// queueUpdate appends an update; the first of the queue is forwarded at once.
func (a *Agent) queueUpdate(t *agentTask, s *mesos.TaskStatus) {
	a.tellDraining(s)
	if !terminal(t.state) {
		t.state = s.GetState()
	}
	t.statuses = recorded(t.statuses, s)
	t.queue = append(t.queue, s)
	if len(t.queue) == 1 {
		t.wait = 0
		a.forward(t)
	}
}

// forward sends the head of a task's queue, again and again until it is acknowledged
// (slave/task_status_update_manager.cpp).
func (a *Agent) forward(t *agentTask) {
	if t.retry != nil {
		t.retry.Stop()
	}
	if len(t.queue) == 0 {
		return
	}
	flags := a.cluster.flags
	t.wait = min(max(2*t.wait, flags.StatusUpdateRetryMin), flags.StatusUpdateRetryMax)
	t.retry = a.cluster.after(t.wait, func() { a.forward(t) })
	r := a.registered
	if r == nil || !a.linked(r) {
		return
	}
	head := t.queue[0]
	t.sent = head
	a.cluster.faults.toAgent(a.cluster, StatusUpdateMessage, a, t.key.task, func() {
		r.statusUpdate(a, t.key.framework, head, t.state)
	})
}

// acknowledge is an acknowledgement that the master passed on. A wrong or old uuid is ignored.
func (a *Agent) acknowledge(r *reign, frameworkID, taskID string, uuid []byte) {
	t := a.tasks[taskKey{frameworkID, taskID}]
	if !a.linked(r) || t == nil || len(t.queue) == 0 || string(t.queue[0].UUID) != string(uuid) {
		return
	}
	head := t.queue[0]
	t.queue = t.queue[1:]
	t.wait = 0
	if !terminal(head.GetState()) {
		a.forward(t)
		return
	}
	if t.live == nil || t.ended {
		a.forget(t)
		return
	}
	t.queue, t.told, t.quiet = nil, true, true
	if t.retry != nil {
		t.retry.Stop()
	}
}

func (a *Agent) forget(t *agentTask) {
	if t.retry != nil {
		t.retry.Stop()
	}
	if a.tasks[t.key] == t {
		delete(a.tasks, t.key)
	}
	delete(a.orphans, t)
	a.runs.complete(t)
}

// resume forwards all that is unacknowledged, with the retries beginning anew.
func (a *Agent) resume(r *reign) {
	if !a.linked(r) {
		return
	}
	for _, t := range a.tasks {
		if len(t.queue) > 0 {
			t.wait = 0
			a.forward(t)
		}
	}
}

// shutdownFramework ends a removed framework's tasks; nobody wants to hear of them any more.
func (a *Agent) shutdownFramework(r *reign, frameworkID string) {
	if !a.linked(r) {
		return
	}
	for _, t := range a.sortedTasks() {
		if t.key.framework == frameworkID && !t.quiet {
			a.endQuietly(t)
		}
	}
}

// destroy ends a task without any update.
func (a *Agent) destroy(t *agentTask) (wait func()) {
	wait = func() {}
	if !t.ended {
		t.ended = true
		if t.execution != nil {
			wait = t.execution.Destroy()
		}
		a.cluster.ledger.end(t.live, mesos.TASK_KILLED)
	}
	if t.completed != nil {
		t.completed.Stop()
	}
	if e := t.executor; e != nil {
		delete(e.tasks, t)
		if len(e.tasks) == 0 {
			delete(a.executors, e.key)
		}
	}
	a.forget(t)
	return wait
}

// destroyTasks ends all of an agent's tasks without any update.
func (a *Agent) destroyTasks(why string) (waits []func()) {
	if len(a.tasks) > 0 {
		a.cluster.log.V(1).Info("Destroying the agent's tasks", "agentID", a.id, "why", why, "tasks", len(a.tasks))
	}
	for _, t := range a.tasks {
		waits = append(waits, a.destroy(t))
	}
	for t := range a.orphans {
		waits = append(waits, a.destroy(t))
	}
	return waits
}
