package simulator

import (
	"fmt"
	"maps"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// LiveTask is a task that runs on an agent, whatever any master or framework believes.
type LiveTask struct {
	TaskID      string
	FrameworkID string
	AgentID     string
	Hostname    string
	State       mesos.TaskState // the latest that its executor said
	PID         int             // of a real process, else 0
	Started     time.Time       // when the agent got it
	ContainerID string

	number int
	agent  *Agent
	task   *agentTask
}

// Change is one entry of the ledger.
type Change struct {
	Time        time.Time
	TaskID      string
	FrameworkID string
	AgentID     string
	What        ChangeKind
	State       mesos.TaskState // of Ended
	PID         int             // of ProcessStarted
}

// ChangeKind is what happened to a task on its agent.
type ChangeKind string

// The kinds of changes.
const (
	Started        ChangeKind = "started"         // an agent got it to run
	ProcessStarted ChangeKind = "process started" // it has a process
	Ended          ChangeKind = "ended"           // it is over
)

// ledger is the truth about tasks. Guarded by the cluster's lock.
type ledger struct {
	live      map[taskKey][]*LiveTask
	count     int
	history   []Change
	disasters []string
	started   map[taskKey]int
	// tell is called with each change.
	tell func(Change)
}

func newLedger(tell func(Change)) ledger {
	return ledger{live: map[taskKey][]*LiveTask{}, started: map[taskKey]int{}, tell: tell}
}

func (l *ledger) start(a *Agent, t *agentTask) *LiveTask {
	live := &LiveTask{
		TaskID: t.key.task, FrameworkID: t.key.framework, AgentID: a.id, Hostname: a.spec.Hostname,
		State: t.state, Started: time.Now(), ContainerID: t.container, number: l.count, agent: a, task: t,
	}
	l.count++
	if others := l.live[t.key]; len(others) > 0 {
		l.disaster(fmt.Sprintf("task %s of framework %s was launched on agent %s while it is live on agent %s",
			t.key.task, t.key.framework, a.id, others[0].AgentID))
	}
	l.live[t.key] = append(l.live[t.key], live)
	l.started[t.key]++
	l.note(live, Started, t.state, 0)
	return live
}

func (l *ledger) note(live *LiveTask, what ChangeKind, state mesos.TaskState, pid int) {
	change := Change{
		Time: time.Now(), TaskID: live.TaskID, FrameworkID: live.FrameworkID, AgentID: live.AgentID,
		What: what, State: state, PID: pid,
	}
	l.history = append(l.history, change)
	l.tell(change)
}

func (l *ledger) process(live *LiveTask, pid int) {
	if live != nil && live.PID != pid {
		live.PID = pid
		l.note(live, ProcessStarted, live.State, pid)
	}
}

func (l *ledger) end(live *LiveTask, state mesos.TaskState) {
	if live == nil {
		return
	}
	key := taskKey{live.FrameworkID, live.TaskID}
	l.live[key] = slices.DeleteFunc(l.live[key], func(o *LiveTask) bool { return o == live })
	if len(l.live[key]) == 0 {
		delete(l.live, key)
	}
	l.note(live, Ended, state, 0)
}

func (l *ledger) disaster(what string) { l.disasters = append(l.disasters, what) }

// Tasks lists every task that is live on some agent, in the order in which they started.
func (c *Cluster) Tasks() []LiveTask {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []LiveTask
	for _, tasks := range c.ledger.live {
		for _, t := range tasks {
			out = append(out, *t)
			if t.task != nil {
				out[len(out)-1].State = t.task.state
			}
		}
	}
	slices.SortFunc(out, func(a, b LiveTask) int { return a.number - b.number })
	return out
}

// LiveTasks counts the tasks that are live on some agent.
func (c *Cluster) LiveTasks() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, tasks := range c.ledger.live {
		n += len(tasks)
	}
	return n
}

// Ledger lists everything that happened to tasks on agents, in order.
func (c *Cluster) Ledger() []Change {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ledger.history)
}

// Launches counts, by task ID, how often agents got a task of the framework to run.
func (c *Cluster) Launches(frameworkID string) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for key, n := range c.ledger.started {
		if key.framework == frameworkID {
			out[key.task] = n
		}
	}
	return out
}

// Disasters lists what no framework may ever cause: a task ID launched while it is live, and the
// masters that aborted over it.
func (c *Cluster) Disasters() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ledger.disasters)
}

// Frameworks lists the IDs of the frameworks that the leading master knows.
func (c *Cluster) Frameworks() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(c.leader.frameworks))
}
