package simulator

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// reconcile is RECONCILE (Mesos master: master.cpp reconcile). No tasks named means all.
func (r *reign) reconcile(f *framework, call *scheduler.Call_Reconcile) {
	if len(call.Tasks) == 0 {
		for _, t := range f.tasks {
			r.sendStatus(f, latestOf(t))
		}
		return
	}
	for _, one := range call.Tasks {
		r.reconcileTask(f, one.TaskID.Value, one.AgentID)
	}
}

// standing is where an agent ID stands with the master; the rows of the table below ask for it.
type standing struct {
	task        *task
	given       bool // an agent ID was given
	awaited     bool // that agent, or with none given any, has not registered since the failover
	registered  bool
	unreachable bool
	since       time.Time
	gone        bool
}

func (r *reign) standingOf(f *framework, taskID string, agent *mesos.AgentID) standing {
	id := agent.GetValue()
	s := standing{task: f.tasks[taskID], given: agent != nil}
	s.awaited = s.given && r.expected[id] || !s.given && len(r.expected) > 0
	s.registered = s.given && r.slaves[id] != nil
	s.since, s.unreachable = r.cluster.registry.unreachable[id]
	_, s.gone = r.cluster.registry.gone[id]
	return s
}

// reconcileRow is one row of the explicit reconciliation: the first that applies answers.
type reconcileRow struct {
	name    string
	applies func(standing) bool
	silent  bool
	state   mesos.TaskState
	message string
}

var reconcileRows = []reconcileRow{
	{
		name:    "the agent, or any agent if none is named, is awaited after a master failover",
		applies: func(s standing) bool { return s.awaited }, silent: true,
	},
	{
		name:    "the agent is registered, and does not have the task",
		applies: func(s standing) bool { return s.registered },
		state:   mesos.TASK_GONE, message: "Reconciliation: Task is unknown to the agent",
	},
	{
		name:    "the agent is unreachable",
		applies: func(s standing) bool { return s.unreachable },
		state:   mesos.TASK_UNREACHABLE, message: "Reconciliation: Task is unreachable",
	},
	{
		name:    "the agent is gone",
		applies: func(s standing) bool { return s.gone },
		state:   mesos.TASK_GONE_BY_OPERATOR, message: "Reconciliation: Task is gone",
	},
	{
		name:    "otherwise",
		applies: func(standing) bool { return true },
		state:   mesos.TASK_UNKNOWN, message: "Reconciliation: Task is unknown",
	},
}

func (r *reign) reconcileTask(f *framework, taskID string, agent *mesos.AgentID) {
	s := r.standingOf(f, taskID, agent)
	if s.task != nil {
		r.sendStatus(f, latestOf(s.task))
		return
	}
	for _, row := range reconcileRows {
		if !row.applies(s) {
			continue
		}
		if row.silent {
			return
		}
		st := masterStatus(taskID, agent.GetValue(), f.caps.lostOr(row.state), mesos.REASON_RECONCILIATION, row.message)
		if row.state == mesos.TASK_UNREACHABLE {
			st.UnreachableTime = timeInfo(s.since)
		}
		r.sendStatus(f, st)
		return
	}
}

func timeInfo(t time.Time) *mesos.TimeInfo { return &mesos.TimeInfo{Nanoseconds: t.UnixNano()} }

// latestOf is the answer for a task that the master knows.
func latestOf(t *task) *mesos.TaskStatus {
	s := masterStatus(t.id, t.slave.id, t.toldState(), mesos.REASON_RECONCILIATION, "Reconciliation: Latest task state")
	t.describe(s)
	return s
}

// describe adds what the master remembers of the task's last update.
func (t *task) describe(s *mesos.TaskStatus) {
	if t.executorID != "" {
		s.ExecutorID = &mesos.ExecutorID{Value: t.executorID}
	}
	if u := t.forwarded; u != nil {
		s.Healthy, s.CheckStatus, s.ContainerStatus = u.Healthy, u.CheckStatus, u.ContainerStatus
	}
}

// kill is KILL (Mesos master: master.cpp kill).
func (r *reign) kill(f *framework, call *scheduler.Call_Kill) {
	t := f.tasks[call.TaskID.Value]
	if t == nil {
		r.reconcileTask(f, call.TaskID.Value, call.AgentID)
		return
	}
	if call.AgentID != nil && call.AgentID.Value != t.slave.id {
		return // dropped without a word
	}
	t.slave.killed[taskKey{f.id, t.id}] = call
	if t.slave.connected {
		r.forwardKill(t.slave, f.id, call)
	}
}

func (r *reign) forwardKill(s *slave, frameworkID string, call *scheduler.Call_Kill) {
	r.cluster.faults.toAgent(r.cluster, KillTask, s.agent, call.TaskID.Value, func() {
		s.agent.killTask(r, frameworkID, call)
	})
}

// acknowledge is ACKNOWLEDGE (Mesos master: master.cpp acknowledge).
func (r *reign) acknowledge(f *framework, call *scheduler.Call_Acknowledge) {
	s := r.slaves[call.AgentID.Value]
	if s == nil || !s.connected {
		return
	}
	if t := f.tasks[call.TaskID.Value]; t != nil && t.slave == s {
		if t.forwarded == nil {
			return
		}
		if terminal(t.forwarded.GetState()) && string(t.forwarded.UUID) == string(call.UUID) {
			r.removeTask(t)
		}
	}
	id, uuid := call.TaskID.Value, call.UUID
	r.cluster.faults.toAgent(r.cluster, AcknowledgeUpdate, s.agent, id, func() {
		s.agent.acknowledge(r, f.id, id, uuid)
	})
}

// statusUpdate is an update that came from an agent: noted, and passed on if the framework is there.
// If not, the agent repeats it.
func (r *reign) statusUpdate(a *Agent, frameworkID string, u *mesos.TaskStatus, latest mesos.TaskState) {
	s := r.slaves[a.id]
	f := r.frameworks[frameworkID]
	if r.ended || s == nil || s.agent != a || f == nil {
		return
	}
	if t := f.tasks[u.TaskID.Value]; t != nil && t.slave == s {
		was := terminal(t.state)
		t.forwarded = u
		t.record(u)
		if !was {
			t.state = latest
			if terminal(latest) {
				t.releaseAll()
				delete(s.killed, taskKey{f.id, t.id})
			}
		}
	}
	r.sendStatus(f, u)
}

// executorExited is what an agent reports when an executor of several tasks has ended.
func (r *reign) executorExited(a *Agent, frameworkID, executorID string, status int32) {
	s := r.slaves[a.id]
	if r.ended || s == nil {
		return
	}
	key := executorKey{frameworkID, executorID}
	if e := s.executors[key]; e != nil {
		s.release(e.resources)
		delete(s.executors, key)
	}
	r.send(r.frameworks[frameworkID], &scheduler.Event{
		Type: scheduler.Event_FAILURE,
		Failure: &scheduler.Event_Failure{
			AgentID:    &mesos.AgentID{Value: a.id},
			ExecutorID: &mesos.ExecutorID{Value: executorID},
			Status:     &status,
		},
	})
}

// roleOf is the role that a task's resources are allocated to.
func roleOf(info *mesos.TaskInfo, f *framework) string {
	for i := range info.Resources {
		if ai := info.Resources[i].AllocationInfo; ai != nil {
			return ai.GetRole()
		}
	}
	if roles := f.roles(); len(roles) > 0 {
		return roles[0]
	}
	return "*"
}
