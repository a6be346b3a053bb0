package simulator

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"
)

// checkBooks says what contradicts itself in what the leading master and the agents hold.
func checkBooks(c *Cluster) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	live := 0
	for _, a := range c.agents {
		live += len(a.orphans)
		for _, t := range a.tasks {
			if !t.ended {
				live++
			}
		}
	}
	noted := 0
	for _, l := range c.ledger.live {
		noted += len(l)
	}
	if live != noted {
		return fmt.Errorf("%d tasks are live on agents, %d in the ledger", live, noted)
	}
	if c.leader == nil {
		return nil
	}
	for _, s := range c.leader.slaves {
		if err := s.checkBooks(); err != nil {
			return fmt.Errorf("agent %s: %w", s.agent.spec.Hostname, err)
		}
	}
	for id, o := range c.leader.offers {
		_, there := o.slave.offers[o]
		if o.id != id || o.framework.offers[id] != o || !there || c.leader.slaves[o.slave.id] != o.slave {
			return fmt.Errorf("offer %s is not where it belongs", id)
		}
	}
	return nil
}

// checkBooks adds up who has what of an agent's resources.
func (s *slave) checkBooks() error {
	sum := s.free
	for o := range s.offers {
		sum = plus(sum, o.resources)
	}
	for t := range s.tasks {
		if t.framework.tasks[t.id] != t {
			return fmt.Errorf("task %s is not its framework's", t.id)
		}
		if !terminal(t.state) {
			sum = plus(sum, t.resources)
		}
	}
	for _, e := range s.executors {
		sum = plus(sum, e.resources)
	}
	if !contained(sum, s.agent.total) || !contained(s.agent.total, sum) {
		return fmt.Errorf("it has %s, but %s adds up", resourcesText(s.agent.total, ""), resourcesText(sum, ""))
	}
	return nil
}

// chaos is a cluster that anything may happen to.
type chaos struct {
	*stage
	t        *rapid.T
	agents   []*Agent
	launched int
	used     map[any]bool // offers that were answered
}

func (x *chaos) agent() *Agent {
	return x.agents[rapid.IntRange(0, len(x.agents)-1).Draw(x.t, "agent")]
}

// offer is one that was not answered yet; it may have been rescinded meanwhile.
func (x *chaos) offer() object {
	var open []object
	for _, o := range x.offers() {
		if !x.used[dig(o, "id", "value")] {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return nil
	}
	o := open[rapid.IntRange(0, len(open)-1).Draw(x.t, "offer")]
	x.used[dig(o, "id", "value")] = true
	return o
}

func (x *chaos) taskID() string {
	x.launched++
	return fmt.Sprintf("t%d", x.launched)
}

func (x *chaos) someTask() string {
	return fmt.Sprintf("t%d", rapid.IntRange(1, max(1, x.launched)).Draw(x.t, "task"))
}

// try sends a call that the master may refuse, as the stream may be gone.
func (x *chaos) try(call object) {
	b, err := x.wire.call(call)
	if err != nil {
		x.t.Fatal(err)
	}
	got, err := x.send(b, nil)
	if err == nil && got.status >= 500 && got.status != http.StatusServiceUnavailable {
		x.t.Fatalf("%v: %d %s", call["type"], got.status, got.body)
	}
}

func (x *chaos) actions() map[string]func(*rapid.T) {
	act := func(do func()) func(*rapid.T) {
		return func(t *rapid.T) {
			x.t = t
			do()
		}
	}
	return map[string]func(*rapid.T){
		"launch": act(func() {
			if o := x.offer(); o != nil {
				x.try(x.acceptCall(o, taskFor(x.taskID(), o), taskFor(x.taskID(), o)))
			}
		}),
		"launch a group": act(func() {
			o := x.offer()
			if o == nil {
				return
			}
			call := x.acceptCall(o)
			call["accept"].(object)["operations"] = []any{object{"type": "LAUNCH_GROUP", "launch_group": object{
				"executor":   object{"type": "DEFAULT", "executor_id": value("ex" + x.taskID()), "resources": taskFor("", o)["resources"]},
				"task_group": object{"tasks": []any{taskFor(x.taskID(), o), taskFor(x.taskID(), o)}},
			}}}
			x.try(call)
		}),
		"decline": act(func() {
			if o := x.offer(); o != nil {
				x.try(x.declineCall(o, float64(rapid.IntRange(0, 20).Draw(x.t, "refuse"))))
			}
		}),
		"kill": act(func() {
			call := x.simple("KILL")
			call["kill"] = object{"task_id": value(x.someTask())}
			x.try(call)
		}),
		"reconcile":       act(func() { x.try(x.ask(x.someTask())) }),
		"revive":          act(func() { x.try(x.simple("REVIVE")) }),
		"suppress":        act(func() { x.try(x.simple("SUPPRESS")) }),
		"acknowledge":     act(func() { x.acknowledgeAll() }),
		"partition":       act(func() { x.agent().Partition() }),
		"heal":            act(func() { x.agent().Heal() }),
		"stop":            act(func() { x.agent().Stop() }),
		"start":           act(func() { x.agent().Start() }),
		"reboot":          act(func() { x.agent().Reboot(time.Second) }),
		"drain":           act(func() { x.agent().Drain() }),
		"drain, in haste": act(func() { x.agent().DrainWithin(time.Second, false) }),
		"unregister":      act(func() { x.agent().Unregister() }),
		"replace":         act(func() { x.agent().Replace(time.Second) }),
		"machine down":    act(func() { x.agent().MachineDown() }),
		"machine up":      act(func() { x.agent().MachineUp() }),
		"reactivate":      act(func() { x.agent().Reactivate() }),
		"fail over":       act(func() { x.cluster.StopMaster(0); x.cluster.StartMaster(0) }),
		"subscribe": act(func() {
			time.Sleep(time.Second)
			x.resubscribe()
		}),
		"tear down, and register anew": act(func() {
			time.Sleep(time.Second)
			x.try(x.simple("TEARDOWN"))
			x.cancel()
			x.mu.Lock()
			x.events, x.subscribedID = nil, ""
			x.mu.Unlock()
			x.subscribe(subscribeCall(""))
			x.frameworkID()
		}),
		"lose something": act(func() {
			x.cluster.Inject(Fault{Target: MessageFault, Action: Drop, Type: rapid.SampledFrom([]string{
				RunTask, KillTask, AcknowledgeUpdate, StatusUpdateMessage,
			}).Draw(x.t, "message")})
		}),
		"wait":      act(func() { time.Sleep(time.Duration(rapid.IntRange(1, 5000).Draw(x.t, "ms")) * time.Millisecond) }),
		"wait long": act(func() { time.Sleep(2 * time.Minute) }),
		"": func(*rapid.T) {
			synctest.Wait()
			if err := checkBooks(x.cluster); err != nil {
				x.t.Fatal(err)
			}
		},
	}
}

func (x *chaos) acknowledgeAll() {
	for _, s := range x.updates("") {
		if s["uuid"] == nil {
			continue
		}
		call := x.simple("ACKNOWLEDGE")
		call["acknowledge"] = object{"agent_id": s["agent_id"], "task_id": s["task_id"], "uuid": s["uuid"]}
		x.try(call)
	}
}

// Whatever happens, in whatever order: no resource is lost or given away twice, offers are where they
// belong, the ledger agrees with the agents, and task IDs that are used once never bring a disaster.
func TestTheBooksBalanceWhateverHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(struct{ rapid.TB }{t}, func(rt *rapid.T) { // without its deadline, which is real time
			c := New(Options{})
			defer c.Close()
			cl := newClient(t, c)
			defer cl.close()
			x := &chaos{stage: &stage{client: cl, cluster: c}, t: rt, used: map[any]bool{}}
			for range 3 {
				spec := smallAgent()
				spec.Runner = ScriptRunner{Script: func(info *mesos.TaskInfo) Script {
					if len(info.TaskID.Value)%2 == 0 {
						return EndAfter(3*time.Second, mesos.TASK_FAILED, "Command exited with status 1")
					}
					return Stay()
				}}
				x.agents = append(x.agents, c.AddAgent(spec))
			}
			cl.subscribe(subscribeCall(""))
			cl.frameworkID()
			rt.Repeat(x.actions())
			if d := c.Disasters(); len(d) > 0 {
				rt.Fatalf("disasters: %v", d)
			}
		})
	})
}
