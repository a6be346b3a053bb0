package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// end is one way in which an attempt ends.
type end struct {
	name string
	when func(*v1alpha1.TaskAttempt) bool
	// words go on after "Its last attempt". Message says that Mesos' own message says more.
	words   func(*v1alpha1.TaskAttempt, *v1alpha1.MesosTaskSpec) string
	message bool
}

func reason(reasons ...string) func(*v1alpha1.TaskAttempt) bool {
	return func(a *v1alpha1.TaskAttempt) bool {
		return slices.Contains(reasons, a.Reason)
	}
}

func state(state string) func(*v1alpha1.TaskAttempt) bool {
	return func(a *v1alpha1.TaskAttempt) bool { return a.State == state }
}

func say(text string) func(*v1alpha1.TaskAttempt, *v1alpha1.MesosTaskSpec) string {
	return func(*v1alpha1.TaskAttempt, *v1alpha1.MesosTaskSpec) string { return text }
}

// ends are the ways in which attempts end; the first that matches says it.
var ends = []end{
	{"NeverRan", func(a *v1alpha1.TaskAttempt) bool { return a.Ran != nil && !*a.Ran }, say("never ran"), true},
	{"Unhealthy", func(a *v1alpha1.TaskAttempt) bool { return a.Healthy != nil && !*a.Healthy }, say("was killed by its agent, as its health check failed"), false},
	{"KilledByOperator", func(a *v1alpha1.TaskAttempt) bool { return a.KillReason != "" }, killed, false},
	{"Memory", reason("REASON_CONTAINER_LIMITATION_MEMORY"), func(_ *v1alpha1.TaskAttempt, spec *v1alpha1.MesosTaskSpec) string {
		return fmt.Sprintf("took more memory than it may (%s) and was killed by its agent: give it more, or have it take less", memoryOf(spec))
	}, false},
	{"Disk", reason("REASON_CONTAINER_LIMITATION_DISK"), say("wrote more to its sandbox than spec.resources.requests.disk lets it and was killed by its agent"), true},
	{"MaxRun", reason("REASON_MAX_COMPLETION_TIME_REACHED"), say("ran for as long as spec.maxRunSeconds lets it and was killed by its agent"), false},
	{"LaunchFailed", reason("REASON_CONTAINER_LAUNCH_FAILED", "REASON_EXECUTOR_REGISTRATION_TIMEOUT"), say("was not started by its agent"), true},
	{"Preempted", reason("REASON_CONTAINER_PREEMPTED"), say("was ended by its agent, which wanted its revocable resources back"), true},
	{"Drained", reason("REASON_AGENT_DRAINING", "REASON_SLAVE_DRAINING"), say("was ended by the drain of its agent"), false},
	{"Gone", state("TASK_GONE_BY_OPERATOR"), say("counts as over, as an operator of Mesos marked its agent as gone"), false},
	{"AgentRemoved", func(a *v1alpha1.TaskAttempt) bool { return a.AgentRemovedTime != nil }, say("counts as over, as Mesos removed its agent"), false},
	{"Refused", state("TASK_ERROR"), say("was refused by Mesos as it is described"), true},
	{"Lost", state("TASK_LOST"), say("was lost with its agent"), true},
	{"AgentForgot", state("TASK_GONE"), say("is unknown to its agent, which was restarted or rebooted"), true},
	{"Dropped", state("TASK_DROPPED"), say("was dropped before it ran"), true},
	{"SignalKilled", func(a *v1alpha1.TaskAttempt) bool { return a.Signal == "Killed" }, say(
		"was ended by signal Killed: by somebody on the agent, or by the kernel where memory ran out there"), false},
	{"Signal", func(a *v1alpha1.TaskAttempt) bool { return a.Signal != "" }, func(a *v1alpha1.TaskAttempt, _ *v1alpha1.MesosTaskSpec) string {
		return "was ended by signal " + a.Signal
	}, false},
	{"ExitCode", func(a *v1alpha1.TaskAttempt) bool { return a.ExitCode != nil && *a.ExitCode != 0 }, exited, false},
	{"Finished", state("TASK_FINISHED"), say("finished (exit code 0)"), false},
	{"Other", func(*v1alpha1.TaskAttempt) bool { return true }, func(a *v1alpha1.TaskAttempt, _ *v1alpha1.MesosTaskSpec) string {
		if a.State == "" {
			return "ended, and Mesos did not say how"
		}
		return "ended with " + a.State
	}, true},
}

// killWords say for what an attempt was killed by the operator.
var killWords = map[v1alpha1.KillReason]string{
	v1alpha1.KillSpecChanged:      "as its spec changed",
	v1alpha1.KillRestartRequested: "as a restart was asked for",
	v1alpha1.KillSuspended:        "as it was suspended",
	v1alpha1.KillLaunchTimedOut:   "as it did not run within spec.launchTimeoutSeconds",
	v1alpha1.KillDeadlineExceeded: "as spec.activeDeadlineSeconds were over",
	v1alpha1.KillNotOfRecord:      "as it bore the object's name and was not its attempt",
}

func killed(a *v1alpha1.TaskAttempt, _ *v1alpha1.MesosTaskSpec) string {
	words := killWords[a.KillReason]
	if words == "" {
		words = string(a.KillReason)
	}
	return "was killed by the operator, " + words
}

// codes are exit codes that shells give a meaning.
var codes = map[int32]string{
	126: ": what it is to run is no program, or may not be run",
	127: ": there is no program of the name on its agent, or in its image",
	137: " (128 and signal 9, Killed): by somebody on the agent, or by the kernel where memory ran out there",
	139: " (128 and signal 11, Segmentation fault)",
	143: " (128 and signal 15, Terminated)",
}

func exited(a *v1alpha1.TaskAttempt, _ *v1alpha1.MesosTaskSpec) string {
	return fmt.Sprintf("ended by itself with exit code %d%s", *a.ExitCode, codes[*a.ExitCode])
}

func memoryOf(spec *v1alpha1.MesosTaskSpec) string {
	if limits := spec.Resources.Limits; limits != nil && limits.Memory != "" {
		return "spec.resources.limits.memory: " + string(limits.Memory)
	}
	return "spec.resources.requests.memory: " + spec.Resources.Requests.Memory.String()
}

// HowItEnded says how an attempt ended, as the end of a sentence that begins with "it": "ended by itself with exit code 7".
func HowItEnded(attempt *v1alpha1.TaskAttempt, spec *v1alpha1.MesosTaskSpec) string {
	for _, one := range ends {
		if !one.when(attempt) {
			continue
		}
		words := one.words(attempt, spec)
		if detail := strings.TrimSpace(attempt.Message); one.message && detail != "" {
			words += ": " + strings.TrimSuffix(detail, ".")
		} else if one.message && attempt.Reason != "" {
			words += " (" + attempt.Reason + ")"
		}
		return words
	}
	return "ended"
}
