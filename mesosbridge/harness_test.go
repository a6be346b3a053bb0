package mesosbridge

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// week is the failover timeout of the tests' framework.
const week = 7 * 24 * time.Hour

// notes is a Listener that remembers what it was told.
type notes struct {
	mu   sync.Mutex
	told map[string]int
}

func (n *notes) note(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told == nil {
		n.told = make(map[string]int)
	}
	n.told[what]++
}

// times returns how often the listener was told so.
func (n *notes) times(what string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.told[what]
}

func (n *notes) ConnectionChanged()           { n.note("connection") }
func (n *notes) Observed(id string)           { n.note("observed " + id) }
func (n *notes) AttemptChanged(id string)     { n.note("attempt " + id) }
func (n *notes) OffersChanged()               { n.note("offers") }
func (n *notes) AgentFailed(id string)        { n.note("failed " + id) }
func (n *notes) MaintenanceChanged(id string) { n.note("maintenance " + id) }

func (n *notes) AgentsChanged([]string) {}

// harness is a bridge with a simulated cluster, in virtual time.
type harness struct {
	*testing.T
	cluster *simulator.Cluster
	bridge  *Bridge
	notes   *notes
	stop    func()
}

// setup is what a test varies.
type setup struct {
	cluster simulator.Options
	agents  int
	runner  simulator.Runner
	config  func(*Config)
	options func(*Options)
	// idle leaves the bridge to be run by the test.
	idle bool
}

// inVirtualTime runs a test of a bridge against a cluster in a bubble of virtual time.
func inVirtualTime(t *testing.T, s setup, test func(h *harness)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cluster := simulator.New(s.cluster)
		defer cluster.Close()
		for i := range s.agents {
			cluster.AddAgent(simulator.AgentSpec{
				Hostname: fmt.Sprintf("agent-%d", i+1),
				CPUs:     4, Mem: 4096, Disk: 10240,
				Ports:  []mesospb.Value_Range{{Begin: 31000, End: 31009}},
				Runner: s.runner,
			})
		}
		h := &harness{T: t, cluster: cluster, notes: &notes{}}
		config := Config{Framework: framework()}
		for _, master := range cluster.Masters() {
			config.Masters = append(config.Masters, master.URL())
		}
		if s.config != nil {
			s.config(&config)
		}
		options := Options{Name: "test", Listener: h.notes, DialContext: cluster.DialContext}
		if s.options != nil {
			s.options(&options)
		}
		h.bridge = New(config, options)
		if !s.idle {
			h.run()
			defer h.stop()
		}
		test(h)
	})
}

// framework is the tests' framework, which has never registered.
func framework() mesos.Framework {
	return mesos.Framework{Name: "test", User: "nobody", Roles: []string{"prod"}, FailoverTimeout: week}
}

// run starts the bridge; h.stop ends it.
func (h *harness) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.bridge.Run(ctx)
	}()
	h.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
}

// pass lets virtual time pass, and then all that is due be done.
func (h *harness) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// subscribed waits for the subscription, stores the framework ID and has Mesos confirm it.
func (h *harness) subscribed() {
	h.Helper()
	h.pass(time.Second)
	h.bridge.FrameworkIDStored()
	h.pass(time.Second)
	if c := h.bridge.Connection(); !c.Subscribed || !h.bridge.MayAccept() {
		h.Fatalf("the bridge is not ready for launches: %+v", c)
	}
}

// offer returns the first open offer, which must exist.
func (h *harness) offer() mesos.Offer {
	h.Helper()
	offers := h.bridge.Offers()
	if len(offers) == 0 {
		h.Fatal("there is no offer")
	}
	return offers[0]
}

// attempt returns the record of a task, which must exist.
func (h *harness) attempt(taskID string) Attempt {
	h.Helper()
	a, known := h.bridge.Attempt(taskID)
	if !known {
		h.Fatalf("nothing is known of %s", taskID)
	}
	return a
}

// state returns the observed state of a task; empty if nothing was observed.
func (h *harness) state(taskID string) mesos.TaskState {
	a, _ := h.bridge.Attempt(taskID)
	if a.Observation == nil {
		return ""
	}
	return a.Observation.State
}

// acknowledge acknowledges what waits of the task.
func (h *harness) acknowledge(taskID string) {
	h.Helper()
	a := h.attempt(taskID)
	if a.Unacked == nil {
		h.Fatalf("no update of %s waits", taskID)
	}
	h.bridge.Acknowledge(taskID, a.Unacked.UUID)
	synctest.Wait()
}

// launch launches tasks on the first offer.
func (h *harness) launch(taskIDs ...string) {
	h.Helper()
	offer := h.offer()
	tasks := make([]mesos.Task, len(taskIDs))
	for i, id := range taskIDs {
		tasks[i] = small(id)
		h.bridge.Reserve(id, offer.AgentID)
	}
	h.bridge.Accept(offer.ID, tasks, 0, nil)
	synctest.Wait()
}

// occupy holds up as many calls of a type as are sent at a time, so that the next ones wait. ACCEPT takes an offer for each.
func (h *harness) occupy(callType string, delay time.Duration) {
	h.Helper()
	fault := simulator.Fault{Target: simulator.CallFault, Type: callType, Action: simulator.Delay, Delay: delay, Count: sideBySide}
	switch callType {
	case "ACCEPT":
		h.cluster.Inject(fault)
		for i, offer := range h.bridge.Offers()[:sideBySide] {
			h.bridge.Accept(offer.ID, []mesos.Task{small(fmt.Sprintf("on-the-way-%d", i))}, 0, nil)
		}
	case "KILL":
		h.cluster.Inject(fault)
		for i := range sideBySide {
			h.bridge.Kill(fmt.Sprintf("nobody-%d", i), "", nil)
		}
	case "RECONCILE":
		fault.Count = 1
		h.cluster.Inject(fault)
		h.bridge.Reconcile(asking("nobody"), func(error) {})
	}
	synctest.Wait()
}

// small is a task that fits anywhere.
func small(id string) mesos.Task {
	return mesos.Task{ID: id, Name: "web", Role: "prod", Shell: "sleep 100", Scalars: mesos.Scalars{CPUs: 100, Memory: 32_000}}
}

// running launches tasks and brings them to RUNNING, with all updates acknowledged.
func (h *harness) running(taskIDs ...string) {
	h.Helper()
	h.launch(taskIDs...)
	for range 2 {
		h.pass(time.Second)
		for _, id := range taskIDs {
			h.acknowledge(id)
		}
	}
	for _, id := range taskIDs {
		if h.state(id) != mesos.TaskRunning {
			h.Fatalf("%s is %q, not running", id, h.state(id))
		}
	}
}

// calls returns the types of the calls that masters received, in order.
func (h *harness) calls() []string {
	var types []string
	for _, call := range h.cluster.CallLog() {
		types = append(types, call.Type)
	}
	return types
}

// count returns how many calls of the type masters received.
func (h *harness) count(callType string) int {
	n := 0
	for _, t := range h.calls() {
		if t == callType {
			n++
		}
	}
	return n
}

// expect fails the test unless the types of the calls, without SUBSCRIBE, are these.
func (h *harness) expect(types ...string) {
	h.Helper()
	got := slices.DeleteFunc(h.calls(), func(t string) bool { return t == "SUBSCRIBE" })
	if !slices.Equal(got, types) {
		h.Errorf("the master received %v, want %v", got, types)
	}
}
