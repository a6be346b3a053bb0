package simulator

import (
	"sync"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Runner acts tasks out on an agent.
type Runner interface {
	// Run starts a task and returns at once. What becomes of it goes to report, from any goroutine, but
	// neither from within Run nor from within the Execution's methods: they are called under the
	// cluster's lock. Reports after a terminal one are ignored.
	Run(t Launch, report func(Report)) Execution
}

// Limited is a Runner that cannot act everything out. An ACCEPT that asks it for more is refused.
type Limited interface {
	Runner
	// Unsupported names what of a task the runner cannot do, "" if nothing.
	Unsupported(*mesos.TaskInfo) string
}

// Execution is one running task.
type Execution interface {
	// Kill asks the task to end, and ends it by force after the grace period. The end is reported.
	Kill(grace time.Duration)
	// Destroy ends the task at once; nothing need be reported. The result waits until nothing of it is
	// left, and is called without the lock.
	Destroy() (wait func())
}

// Launch is a task as an agent gets it to run.
type Launch struct {
	Task        *mesos.TaskInfo
	Executor    *mesos.ExecutorInfo // of a task group, else nil
	Framework   *mesos.FrameworkInfo
	AgentID     string
	Hostname    string
	ContainerID string
}

// Report is something that happened to a task.
type Report struct {
	State   mesos.TaskState
	Message string
	Reason  *mesos.TaskStatus_Reason
	Healthy *bool
	Check   *mesos.CheckStatusInfo
	// PID is the process ID of the task, once it has one.
	PID int
	// ByAgent says that the agent itself tells it, as the launch failed before the executor had the task.
	ByAgent bool

	unlaunched bool // with ByAgent: there was no executor yet that could be named
}

// Step is one thing that happens to a scripted task.
type Step struct {
	// After counts from the step before, for the first one from the launch.
	After time.Duration
	Report
}

// Script is the life of a scripted task. The zero value never says anything and dies when killed.
type Script struct {
	Steps []Step
	// KillAfter is how long the task takes to die of SIGTERM. Longer than its grace period, and SIGKILL ends it.
	KillAfter time.Duration
	// KillMessage is what the executor says of a task that SIGTERM ended; default "Command terminated with signal
	// Terminated".
	KillMessage string
	// IgnoreKill makes the task survive every kill.
	IgnoreKill bool
	// Probe says what the task's checks find; nil for a task that passes them all.
	Probe func(Probe) Found
	// Files are what is in the task's sandbox from the launch on: texts by their paths in it. There is always a stdout and a stderr, empty unless these say.
	Files map[string]string
	// Unchecked leaves the checks of the task out: Steps tell what they find.
	Unchecked bool
}

// Default times of a scripted task: how long after the launch it says STARTING and, after that, RUNNING,
// and how long it takes to die. Real agents need 0.2 s and more for the first.
const (
	StartingAfter = 100 * time.Millisecond
	RunningAfter  = 10 * time.Millisecond
	KilledAfter   = 50 * time.Millisecond
)

// probeTakes is how long a check of a scripted task takes.
const probeTakes = 10 * time.Millisecond

// killSlack is how long SIGKILL follows SIGTERM at the soonest: a task that does not handle SIGTERM dies of that.
const killSlack = 2 * KilledAfter

// Stay is the script of a task that runs until it is killed.
func Stay() Script {
	return Script{
		Steps: []Step{
			{After: StartingAfter, Report: Report{State: mesos.TASK_STARTING}},
			{After: RunningAfter, Report: Report{State: mesos.TASK_RUNNING}},
		},
		KillAfter: KilledAfter,
	}
}

// EndAfter is the script of a task that runs for d and then ends in the state given, with the message.
func EndAfter(d time.Duration, state mesos.TaskState, message string) Script {
	s := Stay()
	s.Steps = append(s.Steps, Step{After: d, Report: Report{State: state, Message: message}})
	return s
}

// ScriptRunner acts tasks out by scripts, without any process.
type ScriptRunner struct {
	// Script chooses the script of a task. Nil means that all of them Stay.
	Script func(*mesos.TaskInfo) Script
}

// Run implements Runner.
func (r ScriptRunner) Run(t Launch, report func(Report)) Execution {
	script := Stay()
	if r.Script != nil {
		script = r.Script(t.Task)
	}
	e := &scripted{script: script, report: report, began: time.Now()}
	e.next(0)
	return e
}

// scripted is a task that follows its script.
type scripted struct {
	script Script
	report func(Report)
	began  time.Time

	mu     sync.Mutex
	ended  bool
	timer  *time.Timer // the next step
	killer *time.Timer // the end, once killed
}

func (e *scripted) next(i int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i >= len(e.script.Steps) || e.ended {
		return
	}
	step := e.script.Steps[i]
	e.timer = time.AfterFunc(step.After, func() {
		e.report(step.Report)
		e.next(i + 1)
	})
}

// Probe implements Prober.
func (e *scripted) Probe(probe Probe, tell func(Found)) {
	if e.script.Unchecked {
		return
	}
	time.AfterFunc(probeTakes, func() {
		if e.script.Probe == nil {
			tell(passing(probe.Check))
			return
		}
		tell(e.script.Probe(probe))
	})
}

// files are those that the script tells of.
func (e *scripted) files() sandbox { return scriptedSandbox(e.script.Files, e.began) }

// Kill implements Execution.
func (e *scripted) Kill(grace time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.script.IgnoreKill || e.killer != nil || e.ended {
		return
	}
	after, message := e.script.KillAfter, orDefault(e.script.KillMessage, "Command terminated with signal Terminated")
	if after > max(grace, killSlack) {
		after, message = grace, "Command terminated with signal Killed"
	}
	e.killer = time.AfterFunc(after, func() { e.report(Report{State: mesos.TASK_KILLED, Message: message}) })
}

// Destroy implements Execution.
func (e *scripted) Destroy() func() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = true
	for _, t := range []*time.Timer{e.timer, e.killer} {
		if t != nil {
			t.Stop()
		}
	}
	return func() {}
}
