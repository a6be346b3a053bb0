package simulator

import (
	"fmt"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// reign is what one master knows from its election until it stops: agents, frameworks, tasks and
// offers. It begins with the registry alone; everything else dies with it.
type reign struct {
	cluster *Cluster
	master  *Master
	id      string // the master ID, new with every election

	recovered bool // the registry was read; until then every call is answered 503
	ended     bool

	// expected are the agents of the registry that have not registered with this master yet. An agent
	// marked gone while it was expected stays in here (MESOS-9739).
	expected map[string]bool
	slaves   map[string]*slave
	order    []*slave // registration order, which is the order of offers

	frameworks map[string]*framework
	completed  boundedSet
	offers     map[string]*offer
	inverse    map[string]*inverseOffer

	frameworkCount, agentCount, offerCount int
	nextRemoval                            time.Time // of an agent that misses its pings
}

func newReign(c *Cluster, m *Master) *reign {
	r := &reign{
		cluster:    c,
		master:     m,
		id:         newID(),
		expected:   map[string]bool{},
		slaves:     map[string]*slave{},
		frameworks: map[string]*framework{},
		completed:  boundedSet{max: c.flags.MaxCompletedFrameworks},
		offers:     map[string]*offer{},
		inverse:    map[string]*inverseOffer{},
	}
	for id := range c.registry.admitted {
		r.expected[id] = true
	}
	r.after(c.flags.OfferInterval, r.allocationCycle)
	return r
}

// after is Cluster.after for as long as this master leads.
func (r *reign) after(d time.Duration, f func()) *time.Timer {
	return r.cluster.after(d, func() {
		if !r.ended {
			f()
		}
	})
}

// finishRecovery opens the master for calls and agents, and gives the expected agents their time.
func (r *reign) finishRecovery() {
	if r.ended {
		return
	}
	r.recovered = true
	r.after(r.cluster.flags.AgentReregisterTimeout, r.giveUpExpected)
	for _, a := range r.cluster.agents {
		a.scheduleRegistration()
	}
}

// giveUpExpected marks the agents unreachable that never came back after the failover. Their tasks
// are unknown here, so frameworks hear of the agents only (Mesos master: recovered agents).
func (r *reign) giveUpExpected() {
	for _, a := range r.cluster.agents {
		if !r.expected[a.id] {
			continue
		}
		if _, gone := r.cluster.registry.gone[a.id]; gone {
			continue
		}
		delete(r.expected, a.id)
		delete(r.cluster.registry.admitted, a.id)
		r.cluster.registry.unreachable[a.id] = time.Now()
		r.toAll(failureOf(a.id))
	}
}

// abdicate ends what this master knows. Its streams are broken by the caller, not ended.
func (r *reign) abdicate() {
	r.ended = true
	r.cluster.observe(Observation{Abdicated: r.id})
	for _, f := range r.frameworks {
		f.stopTimers()
	}
	for _, s := range r.slaves {
		s.stopTimers()
	}
}

// abort is what a master does whose books contradict themselves: the process ends on the spot.
func (r *reign) abort(why string) {
	c := r.cluster
	c.ledger.disaster(why)
	c.log.Error(nil, "Check failed, the master aborts", "why", why)
	breakOff := r.master.stop()
	c.handlers.Go(breakOff) // the lock is held here
}

// toAll sends an event to every subscribed framework.
func (r *reign) toAll(e *scheduler.Event) {
	for _, f := range r.frameworks {
		r.send(f, e)
	}
}

// send queues an event for a framework, unless it is not subscribed: then it is lost, as on a real master.
func (r *reign) send(f *framework, e *scheduler.Event) {
	if f == nil || !f.connected || f.stream == nil {
		return
	}
	r.cluster.faults.deliver(r.cluster, f.stream, e)
}

// sendStatus sends an UPDATE.
func (r *reign) sendStatus(f *framework, s *mesos.TaskStatus) {
	if f == nil || !f.connected {
		return
	}
	r.send(f, &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: *s}})
}

// masterStatus is a status of the master's own making: never a uuid.
func masterStatus(taskID, agentID string, state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) *mesos.TaskStatus {
	s := &mesos.TaskStatus{
		TaskID:    mesos.TaskID{Value: taskID},
		State:     new(state),
		Source:    mesos.SOURCE_MASTER.Enum(),
		Reason:    new(reason),
		Message:   new(message),
		Timestamp: new(now()),
	}
	if agentID != "" {
		s.AgentID = &mesos.AgentID{Value: agentID}
	}
	return s
}

func failureOf(agentID string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_FAILURE, Failure: &scheduler.Event_Failure{AgentID: &mesos.AgentID{Value: agentID}}}
}

// terminal is Mesos' isTerminalState (src/common/protobuf_utils.cpp): LOST and GONE_BY_OPERATOR count.
func terminal(s mesos.TaskState) bool {
	switch s {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_ERROR, mesos.TASK_LOST,
		mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	default:
		return false
	}
}

// boundedSet remembers the newest max strings.
type boundedSet struct {
	max   int
	has   map[string]bool
	order []string
}

// add enters a string; the result is the one that it puts out, "" if none.
func (b *boundedSet) add(s string) (out string) {
	if b.has == nil {
		b.has = map[string]bool{}
	}
	if b.has[s] {
		return ""
	}
	b.has[s] = true
	b.order = append(b.order, s)
	if len(b.order) > b.max {
		out = b.order[0]
		delete(b.has, out)
		b.order = b.order[1:]
	}
	return out
}

func (b *boundedSet) remove(s string) {
	if !b.has[s] {
		return
	}
	delete(b.has, s)
	for i, o := range b.order {
		if o == s {
			b.order = append(b.order[:i:i], b.order[i+1:]...)
			return
		}
	}
}

// task is what the master knows of one task.
type task struct {
	id         string
	framework  *framework
	slave      *slave
	info       *mesos.TaskInfo
	role       string // to which its resources are allocated
	executorID string // only for tasks of a task group; command tasks have none at the master
	resources  []mesos.Resource
	state      mesos.TaskState // the latest that the agent reported

	// forwarded is the update that was last passed on; it answers RECONCILE, and an acknowledgement
	// must name its uuid to end the task.
	forwarded *mesos.TaskStatus
	statuses  []*mesos.TaskStatus // the latest of each state, for the operator API
}

// record keeps an update for the operator API: of several in a row that tell of one state the last.
func (t *task) record(s *mesos.TaskStatus) { t.statuses = recorded(t.statuses, s) }

func recorded(statuses []*mesos.TaskStatus, s *mesos.TaskStatus) []*mesos.TaskStatus {
	if n := len(statuses); n > 0 && statuses[n-1].GetState() == s.GetState() {
		statuses[n-1] = s
		return statuses
	}
	return append(statuses, s)
}

// toldState is the state that RECONCILE answers with.
func (t *task) toldState() mesos.TaskState {
	if t.forwarded != nil {
		return t.forwarded.GetState()
	}
	return t.state
}

// slave is what the master knows of one registered agent.
type slave struct {
	reign *reign
	id    string
	agent *Agent

	connected bool // false: the socket broke
	active    bool // false: no offers (disconnected or draining)
	since     time.Time

	free      []mesos.Resource // neither used by tasks nor offered
	tasks     map[*task]struct{}
	executors map[executorKey]*executor
	offers    map[*offer]struct{}
	inverse   map[*inverseOffer]struct{}
	answers   []inverseAnswer                  // to its inverse offers, of this schedule
	killed    map[taskKey]*scheduler.Call_Kill // kills to repeat when the agent is back

	pings, reregister *time.Timer
}

type taskKey struct{ framework, task string }

type executorKey struct{ framework, executor string }

// executor is a default executor with its own resources, at the master.
type executor struct {
	id        string
	framework *framework
	resources []mesos.Resource
}

func (s *slave) stopTimers() {
	for _, t := range []*time.Timer{s.pings, s.reregister} {
		if t != nil {
			t.Stop()
		}
	}
	s.pings, s.reregister = nil, nil
}

// release gives resources back to the pool.
func (s *slave) release(rs []mesos.Resource) { s.free = plus(s.free, rs) }

// use takes resources out of the pool; false when they are not there.
func (s *slave) use(rs []mesos.Resource) bool {
	left, ok := minus(s.free, rs)
	if ok {
		s.free = left
	}
	return ok
}

// removeTask forgets a task: acknowledged, lost with its agent, or gone with its framework.
func (r *reign) removeTask(t *task) {
	if !terminal(t.state) {
		t.releaseAll()
	}
	delete(t.slave.tasks, t)
	r.checkDrained(t.slave)
	if t.framework.tasks[t.id] == t {
		delete(t.framework.tasks, t.id)
		t.framework.completed.add(t)
	}
}

// addTask enters a task into the books. A second one of the same ID is what aborts a real master
// (framework.cpp, CHECK(!tasks.contains)).
func (r *reign) addTask(t *task) bool {
	if _, dup := t.framework.tasks[t.id]; dup {
		r.abort(fmt.Sprintf("Check failed: !tasks.contains(task->task_id()) Duplicate task %s of framework %s", t.id, t.framework.id))
		return false
	}
	t.enter()
	return true
}

// enter puts a task where it belongs in the books.
func (t *task) enter() {
	t.framework.tasks[t.id] = t
	t.slave.tasks[t] = struct{}{}
	if !terminal(t.state) {
		t.framework.allocated[t.role] += cpusOf(t.resources)
	}
}

// releaseAll gives a task's resources back.
func (t *task) releaseAll() {
	t.slave.release(t.resources)
	t.framework.allocated[t.role] -= cpusOf(t.resources)
}
