package simulator

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/uuid"
)

// Cluster is a set of masters, of which at most one leads, with their agents.
//
// One lock guards all of it and is never held while anything is written to a connection. All waiting
// is by time.AfterFunc, so inside a testing/synctest bubble a Cluster runs in virtual time.
type Cluster struct {
	flags Flags
	log   logr.Logger

	mu       sync.Mutex
	closed   bool
	masters  []*Master
	leader   *reign // nil while no master leads
	registry registry
	agents   []*Agent
	byID     map[string]*Agent
	rng      *rand.Rand
	ledger   ledger
	faults   faultSet
	calls    callLog
	observer func(Observation) // nil: nobody looks
	refused  map[string]int    // calls that need what is not simulated, by what they need

	// heartbeatsStopped silences heartbeats, as if the path from the master had died.
	heartbeatsStopped bool
	// eventsPerSecond is how fast subscriptions that begin now are written; 0 is no cap.
	eventsPerSecond int

	handlers     sync.WaitGroup // running HTTP handlers and servers
	agentServers []*http.Server // of agents that are on sockets
}

// registry is what masters persist, and so what survives them: the agents, nothing of tasks,
// frameworks or offers.
type registry struct {
	admitted    map[string]bool
	unreachable map[string]time.Time
	gone        map[string]time.Time
	drains      map[string]*drainInfo  // by agent ID
	quotas      map[string]quotaConfig // by role
	windows     []window               // the maintenance schedule
	down        map[machine]bool
}

// New starts a cluster whose first master leads. It has no agents yet.
func New(o Options) *Cluster {
	c := &Cluster{
		flags: o.Flags.withDefaults(),
		log:   o.Logger,
		registry: registry{
			admitted:    map[string]bool{},
			unreachable: map[string]time.Time{},
			gone:        map[string]time.Time{},
			drains:      map[string]*drainInfo{},
			down:        map[machine]bool{},
			quotas:      map[string]quotaConfig{},
		},
		byID:     map[string]*Agent{},
		rng:      rand.New(rand.NewPCG(o.Seed, 1)), //nolint:gosec // delays, no secrets
		observer: o.Observe,
		calls:    callLog{size: orDefault(o.CallLogSize, 200_000), byType: map[string]int{}, byOperator: map[string]int{}},
		refused:  map[string]int{},
	}
	c.eventsPerSecond = c.flags.EventsPerSecond
	c.ledger = newLedger(func(change Change) { c.observe(Observation{Change: &change}) })
	c.faults.tell = func(what string) { c.observe(Observation{Fault: what}) }
	if c.log.GetSink() == nil {
		c.log = logr.Discard()
	}
	for i := range max(1, o.Masters) {
		c.masters = append(c.masters, newMaster(c, i))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lead(c.masters[0]).recovered = true
	return c
}

// Close stops everything: connections, timers, and every process that an agent runs. It returns
// when no goroutine of the cluster is left that serves a connection.
func (c *Cluster) Close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	if c.leader != nil {
		c.leader.abdicate()
		c.leader = nil
	}
	var waits []func()
	for _, a := range c.agents {
		waits = append(waits, a.destroyTasks("the cluster was closed")...)
	}
	for _, m := range c.masters {
		m.running = false
	}
	servers := c.agentServers
	c.mu.Unlock()
	for _, server := range servers {
		_ = server.Close() // the listener's own error is of no use to anybody here
	}
	for _, m := range c.masters {
		m.closeServers()
	}
	for _, wait := range waits {
		wait()
	}
	c.handlers.Wait()
}

// after runs f under the lock once d has passed, unless the cluster is closed by then.
func (c *Cluster) after(d time.Duration, f func()) *time.Timer {
	return time.AfterFunc(d, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closed {
			f()
		}
	})
}

// newID is a random version 4 UUID, as Mesos uses them everywhere.
func newID() string { return uuid.NewString() }

func newUUID() []byte {
	id := uuid.New()
	return id[:]
}

// now is the time as a status carries it: seconds since the epoch.
func now() float64 { return float64(time.Now().UnixMicro()) / 1e6 }

// lead makes a master the leader: it starts with the registry and nothing else.
func (c *Cluster) lead(m *Master) *reign {
	r := newReign(c, m)
	c.leader = r
	c.observe(Observation{Elected: r.id})
	c.log.Info("Elected as the leading master", "master", m.url, "masterID", r.id)
	return r
}

// elect lets a running master lead after d, unless one leads by then.
func (c *Cluster) elect(preferred *Master, d time.Duration) {
	c.after(d, func() {
		if c.leader != nil {
			return
		}
		m := preferred
		if m == nil || !m.running {
			m = c.firstRunning()
		}
		if m == nil {
			return
		}
		r := c.lead(m)
		c.after(c.flags.RecoveryDelay, r.finishRecovery)
	})
}

func (c *Cluster) firstRunning() *Master {
	for _, m := range c.masters {
		if m.running {
			return m
		}
	}
	return nil
}

// StopMaster ends a master's process: its connections break, new ones are refused. If it led, another
// running master leads after Flags.ElectionDelay. Agents and their tasks go on.
func (c *Cluster) StopMaster(i int) {
	c.mu.Lock()
	c.faults.count("master stop")
	breakOff := c.masters[i].stop()
	c.mu.Unlock()
	breakOff()
}

// StartMaster starts a stopped master again, with the registry as all it knows.
func (c *Cluster) StartMaster(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.masters[i]
	if m.running || c.closed {
		return
	}
	c.faults.count("master start")
	m.running = true
	if c.leader == nil {
		c.elect(m, 0)
	}
}

// FailOver describes a change of the leading master.
type FailOver struct {
	// Down is how long nobody leads; 0 means Flags.ElectionDelay.
	Down time.Duration
	// To is the index of the master that leads next; it is the next one in turn when negative, or
	// when it is the one that leads. With a single master that one restarts.
	To int
	// AgentsBack is the share of the agents, 0 to 1, that register with the new master after AgentsAfter
	// (plus their random backoff). The others stay away until Agent.Heal.
	AgentsBack float64
	// AgentsAfter counts from the moment that the new master has recovered.
	AgentsAfter time.Duration
	// AgentsOver is the time over which they come back, one after the other; 0 means all at once.
	AgentsOver time.Duration
}

// FailOver makes another master lead. The old leader's process ends and, when another takes over,
// starts again as a follower.
func (c *Cluster) FailOver(f FailOver) {
	c.mu.Lock()
	c.faults.count("master failover")
	old := 0
	if c.leader != nil {
		old = c.leader.master.index
	}
	next := f.To
	if next < 0 || next >= len(c.masters) || next == old {
		next = (old + 1) % len(c.masters)
	}
	back := int(math.Round(f.AgentsBack * float64(len(c.agents))))
	until := orDefault(f.Down, c.flags.ElectionDelay)
	for i, a := range c.agents {
		if i < back {
			a.notBefore = time.Now().Add(until + c.flags.RecoveryDelay + f.AgentsAfter + f.AgentsOver*time.Duration(i)/time.Duration(back))
			continue
		}
		a.partitioned = true
	}
	breakOff := c.masters[old].stopWithoutElection()
	c.after(until, func() {
		c.masters[old].running = true
		c.masters[next].running = true
		c.elect(c.masters[next], 0)
	})
	c.mu.Unlock()
	breakOff()
}

// Masters lists the masters.
func (c *Cluster) Masters() []*Master { return c.masters }

// Leader is the index of the leading master, or -1.
func (c *Cluster) Leader() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil {
		return -1
	}
	return c.leader.master.index
}

// MasterID is the ID of the leading master's reign, or "". Every election makes a new one.
func (c *Cluster) MasterID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leader == nil {
		return ""
	}
	return c.leader.id
}

// NotSimulated counts the calls that were refused because they need what the package does not
// simulate, by what that is. A test that expects none should say so.
func (c *Cluster) NotSimulated() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.refused)
}

// masterName is the host name of the n-th master.
func masterName(i int) string { return fmt.Sprintf("master-%d.sim", i+1) }
