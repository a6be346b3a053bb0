package mesos

import "time"

// Reasons and sources that decisions depend on, by their v1 names (mesos.proto, TaskStatus).
const (
	SourceMaster   = "SOURCE_MASTER"
	SourceAgent    = "SOURCE_AGENT"
	SourceExecutor = "SOURCE_EXECUTOR"

	ReasonReconciliation = "REASON_RECONCILIATION"
	ReasonAgentRemoved   = "REASON_AGENT_REMOVED"
	ReasonInvalidOffers  = "REASON_INVALID_OFFERS"
	ReasonTaskInvalid    = "REASON_TASK_INVALID"
	ReasonAgentDraining  = "REASON_AGENT_DRAINING"

	ReasonAgentReregistered             = "REASON_AGENT_REREGISTERED"
	ReasonAgentRestarted                = "REASON_AGENT_RESTARTED"
	ReasonContainerLaunchFailed         = "REASON_CONTAINER_LAUNCH_FAILED"
	ReasonContainerPreempted            = "REASON_CONTAINER_PREEMPTED"
	ReasonExecutorRegistrationTimeout   = "REASON_EXECUTOR_REGISTRATION_TIMEOUT"
	ReasonExecutorReregistrationTimeout = "REASON_EXECUTOR_REREGISTRATION_TIMEOUT"
	ReasonExecutorTerminated            = "REASON_EXECUTOR_TERMINATED"
	ReasonTaskGroupUnauthorized         = "REASON_TASK_GROUP_UNAUTHORIZED"
	ReasonTaskKilledDuringLaunch        = "REASON_TASK_KILLED_DURING_LAUNCH"
	ReasonTaskUnauthorized              = "REASON_TASK_UNAUTHORIZED"
	ReasonTaskCheckStatusUpdated        = "REASON_TASK_CHECK_STATUS_UPDATED"
	ReasonTaskHealthCheckStatusUpdated  = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"
)

// Number is the place of an event in what one bridge was told: events are numbered as they come off the stream, from one in
// each term, and terms are numbered within the process. The zero Number is before every event.
type Number struct {
	// Term counts the subscriptions of this process, from one.
	Term uint64
	// Event counts the events of the term, from one.
	Event uint64
}

// After says whether n came later than m.
func (n Number) After(m Number) bool {
	return n.Term > m.Term || n.Term == m.Term && n.Event > m.Event
}

// Observation is what Mesos said of one task: one status update, or one answer to RECONCILE.
type Observation struct {
	TaskID string
	// AgentID is empty where Mesos named none (TASK_UNKNOWN of a task asked without agent).
	AgentID string
	State   TaskState
	// Reason and Source are the v1 names; empty where the update had none, which is the ordinary case for Reason.
	Reason string
	Source string
	// Message is free text from the executor, the agent or the master. It is not trusted: clean it before it is stored.
	Message string
	// Healthy is the verdict of the task's health check; nil where it has none or none has run.
	Healthy *bool
	// Check is what the task's general check last found; nil where the update tells of none.
	Check *CheckResult
	// UUID names an update that must be acknowledged; empty for everything the master says on its own.
	UUID []byte
	// Time is the update's timestamp as its source set it.
	Time time.Time
	// UnreachableTime is when the master lost the agent; zero unless the state is TASK_UNREACHABLE.
	UnreachableTime time.Time
	// ContainerID is the Mesos container that runs the task; empty where the update names none.
	ContainerID string
	// IPs are the addresses of the task's container.
	IPs []string
	// AgentRemoved is the master's sentence that the task's agent was removed, as it unregistered, its machine was put DOWN or another agent
	// registered at its address; kept while all that the master says is that it knows nothing of the task. Empty: it said none.
	AgentRemoved string
	// Number is the event that said it.
	Number Number
}

// removesAgent says whether o is how the master tells of a task whose agent it has removed (Mesos master: Master::_removeSlave).
func (o Observation) removesAgent() bool {
	return o.State == TaskLost && o.Source == SourceMaster && o.Reason == ReasonAgentRemoved
}

// After returns o as it follows on what was known: that the agent was removed is told once, and stands until the master says something of the task
// again.
func (o Observation) After(known *Observation) Observation {
	switch {
	case o.removesAgent():
		if o.AgentRemoved = o.Message; o.AgentRemoved == "" {
			o.AgentRemoved = o.Reason
		}
	case known != nil && (o.State == TaskLost || o.State == TaskUnknown):
		o.AgentRemoved = known.AgentRemoved
	}
	return o
}

// IsAnswer says whether o answers a RECONCILE (or a KILL of a task that the master does not know, which the master treats as
// one): such an answer carries a state, an agent and health, and nothing else (Mesos master: Master::reconcile).
func (o Observation) IsAnswer() bool {
	return o.Reason == ReasonReconciliation && o.Source == SourceMaster && len(o.UUID) == 0
}

// TellsNoWhy says whether a master told a state by itself, as an answer or as the task's agent registered again: it knows the state alone, and the agent's
// update that says why may be yet to come.
func TellsNoWhy(source, reason string) bool {
	return source == SourceMaster && (reason == ReasonReconciliation || reason == ReasonAgentReregistered)
}

// tellsOfCheck says whether o is a running task's update for no other reason than what a check or health check found.
func (o Observation) tellsOfCheck() bool {
	return o.State == TaskRunning && (o.Reason == ReasonTaskHealthCheckStatusUpdated || o.Reason == ReasonTaskCheckStatusUpdated)
}

// TellsOfState says whether o brings news of why a task is in its state, which was known to be another one or the same.
func (o Observation) TellsOfState(known TaskState) bool {
	return o.State != known || !o.IsAnswer() && !o.tellsOfCheck()
}

// ReasonOfState is the reason for the task's state; empty where the update's is another one.
func (o Observation) ReasonOfState() string {
	if o.tellsOfCheck() {
		return ""
	}
	return o.Reason
}

// FollowsKill says whether o tells of the dying or the end of a task that a KILL brought about, which only its own framework sends. Nothing else
// kills a task with these states but its health check, which says so, and a drain of its agent, which has a reason (Mesos command executor and
// agent: kill; the transcripts "checks" and "drain").
func (o Observation) FollowsKill() bool {
	return (o.State == TaskKilling || o.State == TaskKilled) && o.Reason != ReasonAgentDraining && (o.Healthy == nil || *o.Healthy)
}

// EndsUnseen says whether it is what an agent that is drained to be marked gone says of a task as it begins to kill it: nobody tells more of it.
func (o Observation) EndsUnseen() bool {
	return o.State == TaskGoneByOperator && o.Reason == ReasonAgentDraining
}

// SpeaksOfAnother says whether o is the master's refusal of a launch whose ID is that of a live or unreachable task: it comes
// under that task's ID and says nothing of it (Mesos master: validation of unique task IDs).
func (o Observation) SpeaksOfAnother() bool {
	return o.State == TaskError && o.Reason == ReasonTaskInvalid && o.Source == SourceMaster && isDuplicateID(o.Message)
}
