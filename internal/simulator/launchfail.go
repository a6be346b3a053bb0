package simulator

import (
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// How launches fail on an agent, before the executor has the task (Mesos agent: slave.cpp run, _run, executorLaunched,
// executorTerminated, registerExecutorTimeout). Every one is an update of the agent's own.

// launchFailure is what the agent says of a launch that failed.
type launchFailure struct {
	after   time.Duration // from RunTask
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message func(*Agent, *agentTask) string
	// unlaunched says that there was no executor yet that the update could name.
	unlaunched bool
}

func saying(text string) func(*Agent, *agentTask) string {
	return func(*Agent, *agentTask) string { return text }
}

var launchFailures = map[Action]launchFailure{
	FetchFails: {
		after: 400 * time.Millisecond, state: mesos.TASK_FAILED, reason: mesos.REASON_CONTAINER_LAUNCH_FAILED,
		message: func(_ *Agent, t *agentTask) string {
			return fmt.Sprintf("Failed to launch container: Failed to fetch all URIs for container '%s': exited with status 1", t.container)
		},
	},
	NoSuchUser: {
		after: 10 * time.Millisecond, state: mesos.TASK_DROPPED, reason: mesos.REASON_EXECUTOR_TERMINATED,
		message: func(a *Agent, t *agentTask) string {
			return noSuchUser(a.sandbox(t), orDefault(t.info.Command.GetUser(), t.framework.User))
		},
	},
	NoIsolator: {
		after: 10 * time.Millisecond, state: mesos.TASK_DROPPED, reason: mesos.REASON_GC_ERROR, unlaunched: true,
		message: func(a *Agent, t *agentTask) string {
			what, isolator := a.unbound(t.info)
			if _, limited := t.info.Limits["cpus"]; what == "" && !limited && len(t.info.Limits) > 0 {
				what, isolator = "Memory", IsolatorMemory
			} else if what == "" {
				what, isolator = "CPU", IsolatorCPU
			}
			return fmt.Sprintf("%s limits can only be set on tasks launched in Mesos containers when the agent has loaded the '%s' isolator", what, isolator)
		},
	},
	NoImageProvider: {
		after: 25 * time.Millisecond, state: mesos.TASK_FAILED, reason: mesos.REASON_CONTAINER_LAUNCH_FAILED,
		message: saying("Failed to launch container: Unsupported container image type: DOCKER"),
	},
	NoContainerizer: {
		after: 25 * time.Millisecond, state: mesos.TASK_FAILED, reason: mesos.REASON_EXECUTOR_TERMINATED,
		message: saying("Abnormal executor termination: unknown container"),
	},
	ExecutorExits: {
		after: 200 * time.Millisecond, state: mesos.TASK_FAILED, reason: mesos.REASON_EXECUTOR_TERMINATED,
		message: saying("Executor terminated"),
	},
	ExecutorSilent: {
		state: mesos.TASK_FAILED, reason: mesos.REASON_EXECUTOR_REGISTRATION_TIMEOUT,
		message: func(a *Agent, _ *agentTask) string {
			return "Executor did not register within " + durationText(a.cluster.flags.ExecutorRegistrationTimeout)
		},
	},
}

// noSuchUser is the message of an agent that cannot give a sandbox to a task's user.
func noSuchUser(sandbox, user string) string {
	return fmt.Sprintf("Failed to create executor directory '%s': Failed to chown directory to '%s': No such user '%s'", sandbox, user, user)
}

// sandbox is where an agent would put a task's files.
func (a *Agent) sandbox(t *agentTask) string {
	return a.sandboxOf(a.id, t)
}

// sandboxOf is the same where the agent had another ID as the task came.
func (a *Agent) sandboxOf(agentID string, t *agentTask) string {
	return a.runPath(agentID, t.executorKey(), t.container)
}

func (a *Agent) runPath(agentID string, key executorKey, container string) string {
	return fmt.Sprintf("%s/slaves/%s/frameworks/%s/executors/%s/runs/%s", a.spec.WorkDir, agentID, key.framework, key.executor, container)
}

// durationText writes a duration as Mesos does.
func durationText(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%dmins", d/time.Minute)
	}
	return fmt.Sprintf("%gsecs", d.Seconds())
}

// launchFault is the fault that meets a launch, nil if none does: one that was injected, or what the agent cannot run. What befalls one task of a group
// befalls its executor.
func (a *Agent) launchFault(infos []*mesos.TaskInfo) *Fault {
	for _, info := range infos {
		if action := a.lacking(info); action != "" {
			return &Fault{Target: LaunchFault, Action: action}
		}
		if f := a.cluster.faults.match(LaunchFault, RunTask, subject{task: info.TaskID.Value, agent: a.id}); f != nil {
			return f
		}
	}
	return nil
}

// failLaunch makes a launch fail in its time. Until then the task can be killed, and no process of it exists.
func (a *Agent) failLaunch(t *agentTask, f *Fault) {
	failure := launchFailures[f.Action]
	after := orDefault(f.Delay, failure.after)
	if f.Action == ExecutorSilent {
		after = a.cluster.flags.ExecutorRegistrationTimeout
	}
	t.execution = &scripted{}
	a.cluster.after(after, func() {
		if t.ended {
			return
		}
		a.report(t, Report{
			State: failure.state, Reason: failure.reason.Enum(), Message: failure.message(a, t), ByAgent: true, unlaunched: failure.unlaunched,
		})
	})
}
