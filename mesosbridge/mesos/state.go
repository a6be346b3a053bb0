package mesos

// TaskState is the state of a task by its Mesos v1 name (mesos.proto, TaskState). A state that this package does not list is
// one that Mesos added later: it counts as neither live nor ended.
type TaskState string

// The task states of the Mesos v1 API, as a PARTITION_AWARE framework with TASK_KILLING_STATE sees them.
const (
	// TaskStaging is a task that the master knows and no executor has reported on.
	TaskStaging TaskState = "TASK_STAGING"
	// TaskStarting is a task whose executor has it and has not started it.
	TaskStarting TaskState = "TASK_STARTING"
	// TaskRunning is a task that runs.
	TaskRunning TaskState = "TASK_RUNNING"
	// TaskKilling is a task that got its SIGTERM and is within its grace period.
	TaskKilling TaskState = "TASK_KILLING"

	// TaskFinished is a task that ended with success.
	TaskFinished TaskState = "TASK_FINISHED"
	// TaskFailed is a task that ended without success.
	TaskFailed TaskState = "TASK_FAILED"
	// TaskKilled is a task that was killed.
	TaskKilled TaskState = "TASK_KILLED"
	// TaskError is a task whose description Mesos refused.
	TaskError TaskState = "TASK_ERROR"
	// TaskDropped is a launch that never reached an executor.
	TaskDropped TaskState = "TASK_DROPPED"
	// TaskGone is a task that its registered agent does not have.
	TaskGone TaskState = "TASK_GONE"
	// TaskGoneByOperator is a task whose agent an operator marked gone.
	TaskGoneByOperator TaskState = "TASK_GONE_BY_OPERATOR"

	// TaskUnreachable is a task on an agent that the master lost contact with.
	TaskUnreachable TaskState = "TASK_UNREACHABLE"
	// TaskLost is a task that the master gave up on; it may still run and come back, even for partition-aware frameworks.
	TaskLost TaskState = "TASK_LOST"
	// TaskUnknown is a task that the master knows nothing of.
	TaskUnknown TaskState = "TASK_UNKNOWN"
)

// TaskStates are all states that this package lists.
func TaskStates() []TaskState {
	return []TaskState{
		TaskStaging, TaskStarting, TaskRunning, TaskKilling,
		TaskFinished, TaskFailed, TaskKilled, TaskError, TaskDropped, TaskGone, TaskGoneByOperator,
		TaskUnreachable, TaskLost, TaskUnknown,
	}
}

// Class sorts the task states by what they say of the task's life.
type Class int

// The classes of task states.
const (
	// FateUnknown says that the task may or may not be running.
	FateUnknown Class = iota
	// Live says that the task is on its way to run, runs or is being killed.
	Live
	// Ended says that the task does not run and will not run again under its ID. TASK_GONE_BY_OPERATOR counts by the operator's
	// word.
	Ended
)

// Class returns what s says of the task's life.
func (s TaskState) Class() Class {
	switch s {
	case TaskStaging, TaskStarting, TaskRunning, TaskKilling:
		return Live
	case TaskFinished, TaskFailed, TaskKilled, TaskError, TaskDropped, TaskGone, TaskGoneByOperator:
		return Ended
	default:
		return FateUnknown
	}
}

// progress orders the live states of one attempt; it is zero for every other state.
func (s TaskState) progress() int {
	switch s {
	case TaskStaging:
		return 1
	case TaskStarting:
		return 2
	case TaskRunning:
		return 3
	case TaskKilling:
		return 4
	default:
		return 0
	}
}

// Regresses says whether an attempt known to be in state known would be taken backwards by news of state s: nothing follows
// an ended attempt, and a live state never follows a later one. Answers to RECONCILE lag behind the stream, as the master tells
// the state of the update it forwarded last (Mesos master: Master::reconcile).
func (s TaskState) Regresses(known TaskState) bool {
	if known.Class() == Ended {
		return true
	}
	return s.Class() == Live && known.Class() == Live && s.progress() < known.progress()
}
