package simulator

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Target is what a fault befalls.
type Target string

// The targets of faults.
const (
	CallFault    Target = "calls"    // calls from schedulers to the master
	EventFault   Target = "events"   // events from the master to schedulers
	MessageFault Target = "messages" // messages between master and agents
	LaunchFault  Target = "launches" // tasks that an agent got to run, before their executors have them
	// OperatorFault is for calls to the master's operator API.
	OperatorFault Target = "operator-calls"
)

// Action is what a fault does.
type Action string

// The actions. Not every one makes sense for every target: Inject says which.
const (
	Drop        Action = "drop"        // a call breaks its connection before it takes effect; events and messages vanish
	DropAnswer  Action = "drop-answer" // a call takes effect, but its connection breaks before the answer
	Delay       Action = "delay"       // held up before it takes effect
	DelayAnswer Action = "delay-answer"
	Late        Action = "late"      // a call breaks its connection, and takes effect a while later all the same; SUBSCRIBE never does
	Duplicate   Action = "duplicate" // takes effect, or is sent, twice
	Reorder     Action = "reorder"   // held up until the next one has passed it
	// ReorderAnswer lets the call take effect, but holds its answer up until the next call has taken effect.
	ReorderAnswer Action = "reorder-answer"
	Answer        Action = "answer"    // the call is answered Status and Text, before or AfterEffect
	Malformed     Action = "malformed" // Raw is written in place of the event
	Cut           Action = "cut"       // the stream breaks after Bytes more bytes, counted from this event's first
)

// The actions of launches. The agent tells of each in its own name, and no process of the task ever runs. With Delay
// it takes that long, without as long as it took a real agent.
const (
	FetchFails      Action = "fetch-fails"       // a URI cannot be fetched: FAILED, CONTAINER_LAUNCH_FAILED
	NoSuchUser      Action = "no-such-user"      // the task's user is not on the agent: DROPPED, EXECUTOR_TERMINATED
	NoIsolator      Action = "no-isolator"       // the agent cannot limit: DROPPED, GC_ERROR
	NoImageProvider Action = "no-image-provider" // FAILED, CONTAINER_LAUNCH_FAILED
	NoContainerizer Action = "no-containerizer"  // FAILED, EXECUTOR_TERMINATED
	ExecutorExits   Action = "executor-exits"    // the executor cannot start: FAILED, EXECUTOR_TERMINATED
	// ExecutorSilent is an executor that never registers: FAILED, EXECUTOR_REGISTRATION_TIMEOUT after the flag of that name.
	ExecutorSilent Action = "executor-silent"
)

// The messages between master and agents that faults can meet.
const (
	RunTask             = "RunTask"
	KillTask            = "KillTask"
	AcknowledgeUpdate   = "AcknowledgeUpdate"
	StatusUpdateMessage = "StatusUpdate"
)

// Fault is something that goes wrong, as often as Count says.
type Fault struct {
	Target Target
	Action Action
	// Type is the call or event type ("KILL", "UPDATE") or the message (RunTask); "" is any.
	Type string
	// Task confines the fault to calls, events and messages about this task ID; State an event to this task state.
	Task, State string
	// Agent confines a message or launch to one agent, by agent ID.
	Agent string
	// Skip lets that many pass first. Count is how many are met then: 0 means one, negative all.
	Skip, Count int

	Delay       time.Duration // of Delay, DelayAnswer, Late; for Reorder and ReorderAnswer the longest wait (default 1 min)
	Status      int           // of Answer
	Text        string        // of Answer
	AfterEffect bool          // of Answer: the call has taken effect
	Raw         []byte        // of Malformed
	Bytes       int64         // of Cut
}

// Injected is a fault that was switched on.
type Injected struct {
	Fault
	cluster *Cluster
	left    int
	skip    int
	hits    int
}

// Hits is how often the fault has struck.
func (i *Injected) Hits() int {
	i.cluster.mu.Lock()
	defer i.cluster.mu.Unlock()
	return i.hits
}

// Remove switches the fault off. Hits stays.
func (i *Injected) Remove() {
	i.cluster.mu.Lock()
	defer i.cluster.mu.Unlock()
	i.left = 0
}

// faultSet are the faults of a cluster, oldest first; the first that matches strikes. Guarded by the
// cluster's lock.
type faultSet struct {
	all    []*Injected
	held   map[*stream][]held // events that wait for the next one
	counts map[string]int
	tell   func(what string) // is called with each
}

// count notes that something went wrong on purpose. The lock is held.
func (s *faultSet) count(what string) {
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[what]++
	if s.tell != nil {
		s.tell(what)
	}
}

// FaultCounts counts everything that went wrong on purpose: what struck of the injected faults, as
// "calls drop", and what was done to masters, agents and streams, as "master stop".
func (c *Cluster) FaultCounts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.faults.counts)
}

type held struct {
	event *scheduler.Event
	timer *time.Timer
}

// Inject switches a fault on. Calls can meet every action but Malformed and Cut; events can meet Drop,
// Delay, Duplicate, Reorder, Malformed and Cut; messages Drop, Delay and Duplicate; calls of the operator API Drop,
// DropAnswer, Delay, DelayAnswer and Answer; launches what is named after what they lack. An action that its target cannot meet never strikes.
func (c *Cluster) Inject(f Fault) *Injected {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := &Injected{Fault: f, cluster: c, left: orDefault(f.Count, 1), skip: f.Skip}
	c.faults.all = append(c.faults.all, i)
	return i
}

// Faults lists the faults that were ever switched on, oldest first.
func (c *Cluster) Faults() []*Injected {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Injected(nil), c.faults.all...)
}

// ClearFaults switches all faults off.
func (c *Cluster) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range c.faults.all {
		i.left = 0
	}
	c.heartbeatsStopped = false
}

// subject is what a call, event or message is about.
type subject struct{ task, state, agent string }

func (s *faultSet) match(t Target, kind string, about subject) *Fault {
	for _, i := range s.all {
		switch {
		case i.left == 0, i.Target != t,
			i.Type != "" && !strings.EqualFold(i.Type, kind),
			i.Task != "" && i.Task != about.task,
			i.State != "" && i.State != about.state,
			i.Agent != "" && i.Agent != about.agent:
			continue
		case i.skip > 0:
			i.skip--
			continue
		}
		if i.left > 0 {
			i.left--
		}
		i.hits++
		s.count(string(i.Target) + " " + string(i.Action))
		return &i.Fault
	}
	return nil
}

// deliver queues an event on a stream, through the faults.
func (s *faultSet) deliver(c *Cluster, st *stream, e *scheduler.Event) {
	c.calls.traffic.event(e)
	fault := s.match(EventFault, e.Type.String(), subject{task: taskOfEvent(e), state: stateOfEvent(e)})
	if fault == nil {
		st.push(frame{event: e})
		s.release(st)
		return
	}
	switch fault.Action {
	case Drop:
	case Delay:
		c.after(fault.Delay, func() { st.push(frame{event: e}) })
	case Duplicate:
		st.push(frame{event: e})
		st.push(frame{event: e})
	case Reorder:
		s.hold(c, st, e, orDefault(fault.Delay, time.Minute))
	case Malformed:
		st.push(frame{raw: fault.Raw})
	case Cut:
		st.push(frame{event: e, cut: true, cutAfter: fault.Bytes})
	default:
		st.push(frame{event: e})
	}
}

// hold keeps an event back until the next one passes, or the wait is over.
func (s *faultSet) hold(c *Cluster, st *stream, e *scheduler.Event, wait time.Duration) {
	if s.held == nil {
		s.held = map[*stream][]held{}
	}
	t := c.after(wait, func() { s.release(st) })
	s.held[st] = append(s.held[st], held{e, t})
}

func (s *faultSet) release(st *stream) {
	for _, h := range s.held[st] {
		h.timer.Stop()
		st.push(frame{event: h.event})
	}
	delete(s.held, st)
}

// toAgent carries a message between master and agent, through the faults. It is called under the
// lock, and carry is too.
func (s *faultSet) toAgent(c *Cluster, kind string, a *Agent, taskID string, carry func()) {
	fault := s.match(MessageFault, kind, subject{task: taskID, agent: a.id})
	if fault == nil {
		carry()
		return
	}
	switch fault.Action {
	case Drop:
	case Delay:
		// What is on its way to a process is gone with its connection.
		life := a.lives
		c.after(fault.Delay, func() {
			if a.lives == life {
				carry()
			}
		})
	case Duplicate:
		carry()
		carry()
	default:
		carry()
	}
}

func taskOfEvent(e *scheduler.Event) string {
	if e.Update == nil {
		return ""
	}
	return e.Update.Status.TaskID.Value
}

func stateOfEvent(e *scheduler.Event) string {
	if e.Update == nil {
		return ""
	}
	return e.Update.Status.GetState().String()
}

// StopHeartbeats silences all heartbeats, or lets them sound again, while everything else goes on.
func (c *Cluster) StopHeartbeats(stop bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heartbeatsStopped = stop
	if stop {
		c.faults.count("stream heartbeats")
	}
}

// streamsOf picks the streams of a framework, or of all if the ID is "".
func (c *Cluster) streamsOf(frameworkID string) (out []*stream) {
	if c.leader == nil {
		return nil
	}
	for id, f := range c.leader.frameworks {
		if f.stream != nil && (frameworkID == "" || frameworkID == id) {
			out = append(out, f.stream)
		}
	}
	return out
}

// CutStream breaks the subscription stream of a framework ("" for all) once n more bytes of it are
// written; 0 breaks it at once. It returns how many streams that befell.
func (c *Cluster) CutStream(frameworkID string, n int64) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	streams := c.streamsOf(frameworkID)
	for _, s := range streams {
		c.faults.count("stream cut")
		s.cutAfter(n)
	}
	return len(streams)
}

// SendRaw writes bytes into the subscription stream of a framework ("" for all), between its events.
// It returns how many streams that befell.
func (c *Cluster) SendRaw(frameworkID string, raw []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	streams := c.streamsOf(frameworkID)
	for _, s := range streams {
		c.faults.count("stream raw")
		s.push(frame{raw: raw})
	}
	return len(streams)
}

// SendEvent sends a framework ("" for all) an event of the caller's making.
func (c *Cluster) SendEvent(frameworkID string, e *scheduler.Event) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	streams := c.streamsOf(frameworkID)
	for _, s := range streams {
		c.faults.count("stream event")
		s.push(frame{event: e})
	}
	return len(streams)
}

// Steal makes a second subscriber take a framework's stream over, as another scheduler with the same
// framework ID would. That subscriber reads nothing and leaves again with the next SUBSCRIBE.
func (c *Cluster) Steal(frameworkID string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil || c.leader.frameworks[frameworkID] == nil {
		return fmt.Errorf("stealing a stream: there is no framework %q", frameworkID)
	}
	f := c.leader.frameworks[frameworkID]
	call := &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE, FrameworkID: f.info.ID, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: f.info},
	}
	c.faults.count("stream steal")
	s := newStream(newID(), protobufCodec{})
	s.abort() // nobody reads it
	c.leader.subscribe(call, f.principal, s)
	return nil
}
