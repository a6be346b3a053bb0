package system

import (
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// slowEnd is a runner whose tasks run until they are killed, and take their time to die.
func slowEnd(after time.Duration) simulator.Runner {
	return simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = after
		return script
	}}
}

// TestDrain_markedGone: an agent that is drained to be marked gone says so as it begins to kill. Nothing is launched in a task's place before that has
// had its grace period to end.
func TestDrain_markedGone(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, slowEnd(7*time.Second), func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, killGracePeriodSeconds: 10, maxRestarts: 0`)
		v.task("once", `shell: sleep 1, killGracePeriodSeconds: 10, restartPolicy: Never`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task
		v.agentOf("job").DrainWithin(0, true)
		v.pass(3 * time.Second)
		if got := v.reason("job"); got != v1alpha1.ReasonAgentDraining {
			v.Errorf("while it is killed it is %s: %s", got, v.said("job"))
		}
		v.pass(time.Minute)
		task := v.get("job")
		if task.Status.Task == nil || task.Status.Task.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning || task.Status.Restarts != 0 {
			v.Errorf("drained, it is %s after %d restarts: %s", v.reason("job"), task.Status.Restarts, v.said("job"))
		}
		v.neverBeside("job")
	})
}

// neverBeside fails the test if a process of a task's identity was started while another one lived.
func (v *virtual) neverBeside(name string) {
	v.Helper()
	seen := map[string]bool{}
	for _, change := range v.mesos.Ledger() {
		switch {
		case !strings.Contains(change.TaskID, "."+name+"."):
		case change.What == simulator.Started:
			for id := range seen {
				v.Errorf("%s is started while %s lives", change.TaskID, id)
			}
			seen[change.TaskID] = true
		case change.What == simulator.Ended:
			delete(seen, change.TaskID)
		}
	}
}

// TestDrain_ofAJobThatRunsOnce: it says that it did not fail by itself.
func TestDrain_ofAJobThatRunsOnce(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never`)
		v.pass(30 * time.Second)
		v.agentOf("job").Drain()
		v.pass(time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonInterrupted || !strings.Contains(v.said("job"), "agent was drained") {
			v.Errorf("it is %s: %s", got, v.said("job"))
		}
	})
}

// TestLaunch_failsOnce: a download that failed once ends no job, however often it may be restarted.
func TestLaunch_failsOnce(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
		v.mesos.Inject(simulator.Fault{Target: simulator.LaunchFault, Action: simulator.FetchFails, Count: 2})
		v.framework("")
		v.start()
		v.task("job", `shell: TASK_FINISHED, restartPolicy: Never, maxRestarts: 0, uris: [{value: "http://files.example/app.tgz"}]`)
		v.pass(time.Minute + ranFor)
		task := v.get("job")
		if v.reason("job") != v1alpha1.ReasonCompleted || task.Status.Restarts != 0 || len(task.Status.History) != 2 {
			v.Errorf("it is %s after %d restarts, with %d before it: %s", v.reason("job"), task.Status.Restarts, len(task.Status.History), v.said("job"))
		}
	})
}

// TestFault33_RunTaskLostSTAGINGForEver is row 33: RunTask gets lost between master and agent, and the master says TASK_STAGING for ever. The launch is killed
// in time, which an agent ignores that never heard of the framework; a person can go on without it, and one task runs.
func TestFault33_RunTaskLostSTAGINGForEver(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Type: simulator.RunTask, Action: simulator.Drop})
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never, launchTimeoutSeconds: 600`)
		v.pass(9 * time.Minute)
		first := v.get("job").Status.Task
		if got := v.reason("job"); got != v1alpha1.ReasonLaunching || v.mesos.Calls("KILL") > 0 {
			v.Fatalf("before its time it is %s after %d KILLs", got, v.mesos.Calls("KILL"))
		}
		v.pass(2 * time.Minute)
		if task := v.get("job").Status.Task; task == nil || task.KillReason != v1alpha1.KillLaunchTimedOut || v.mesos.Calls("KILL") == 0 {
			v.Fatalf("past its time it is %+v after %d KILLs", task, v.mesos.Calls("KILL"))
		}
		v.pass(11 * time.Minute)
		if got := v.said("job"); !strings.Contains(got, "may never have reached its agent") {
			v.Fatalf("it says %q", got)
		}
		v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first.ID+`}}`)
		v.pass(time.Minute)
		if got := v.reason("job"); got != v1alpha1.ReasonRunning || len(v.starts()) != 1 {
			v.Errorf("given up, it is %s after %d starts: %s", got, len(v.starts()), v.said("job"))
		}
		v.pass(time.Hour)
		if got := v.liveTogether(); len(got) != 1 {
			v.Errorf("%v were live at once", got)
		}
	})
}
