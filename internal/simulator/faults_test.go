package simulator

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// quick makes everything happen within fractions of a second, so that it can be waited for in real time.
var quick = Flags{
	AgentPingTimeout: 50 * time.Millisecond, MaxAgentPingTimeouts: 2, AgentReregisterTimeout: 3 * time.Second,
	OfferInterval: 50 * time.Millisecond, HeartbeatInterval: 100 * time.Millisecond, RegistrationBackoff: 20 * time.Millisecond,
	ElectionDelay: 50 * time.Millisecond, RecoveryDelay: 20 * time.Millisecond, StatusUpdateRetryMin: 200 * time.Millisecond,
}

// stage is a cluster with two agents and a subscribed framework, where faults are switched on by
// code or over the control page, in virtual or in real time.
type stage struct {
	*client
	cluster *Cluster
	a, b    *Agent
	page    bool
}

// inject switches a fault on.
func (s *stage) inject(f Fault) {
	s.t.Helper()
	if !s.page {
		s.cluster.Inject(f)
		return
	}
	q := url.Values{
		"type": {f.Type}, "task": {f.Task}, "state": {f.State}, "agent": {f.Agent},
		"skip": {strconv.Itoa(f.Skip)}, "count": {strconv.Itoa(orDefault(f.Count, 1))}, "delay": {f.Delay.String()},
		"status": {strconv.Itoa(orDefault(f.Status, 503))}, "text": {f.Text}, "after": {strconv.FormatBool(f.AfterEffect)},
		"raw": {string(f.Raw)}, "bytes": {strconv.FormatInt(f.Bytes, 10)},
	}
	s.control(fmt.Sprintf("/%s/%s?%s", f.Target, f.Action, q.Encode()))
}

func (s *stage) control(path string) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.cluster.Control().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
	if w.Code != http.StatusOK {
		s.t.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
	}
}

// act does something by code, or over the page.
func (s *stage) act(byCode func(), path string) {
	s.t.Helper()
	if s.page {
		s.control(path)
		return
	}
	byCode()
}

func (s *stage) agentPath(a *Agent, action string) string { return "/agents/" + a.ID() + "/" + action }

// marker asks for a task that nobody knows, and waits for the answer: whatever was sent before has
// come by then, or never will.
func (s *stage) marker() {
	s.t.Helper()
	id := "marker-" + newID()
	s.reconcile([2]string{id, "nowhere"})
	s.await("the marker", func() bool { return len(s.updates(id)) > 0 })
}

// running launches a task and waits until it runs.
func (s *stage) running(id string) {
	s.t.Helper()
	s.launch(s.offerOf(s.a), id)
	s.acknowledged(id, "TASK_RUNNING")
}

func (s *stage) offerOf(a *Agent) (offer object) {
	s.t.Helper()
	s.await("an offer", func() bool {
		rescinded := map[any]bool{}
		for _, e := range s.of("RESCIND") {
			rescinded[dig(e, "rescind", "offer_id", "value")] = true
		}
		for _, o := range s.offers() {
			if dig(o, "agent_id", "value") == a.ID() && !rescinded[dig(o, "id", "value")] {
				offer = o
			}
		}
		return offer != nil
	})
	return offer
}

// acknowledged acknowledges a task's updates until this one came.
func (s *stage) acknowledged(id, state string) {
	s.t.Helper()
	done, reached := 0, false
	s.await(id+" "+state, func() bool {
		for _, u := range s.updates(id)[done:] {
			s.acknowledge(u)
			done++
			reached = reached || u["state"] == state
		}
		return reached
	})
}

// fails sends a call that gets no answer.
func (s *stage) fails(call object) {
	s.t.Helper()
	b, err := s.wire.call(call)
	if err != nil {
		s.t.Fatal(err)
	}
	if got, err := s.send(b, nil); err == nil {
		s.t.Errorf("%v: got %d, want a broken connection", call["type"], got.status)
	}
}

func (s *stage) ask(id string) object {
	call := s.simple("RECONCILE")
	call["reconcile"] = object{"tasks": []any{object{"task_id": value(id)}}}
	return call
}

// resubscribe opens a new stream for the same framework.
func (s *stage) resubscribe() {
	s.t.Helper()
	id := s.frameworkID()
	s.cancel()
	s.mu.Lock()
	s.events, s.ended = nil, ""
	s.mu.Unlock()
	s.subscribe(subscribeCall(id))
	s.await("SUBSCRIBED", func() bool { return len(s.of("SUBSCRIBED")) > 0 })
}

func (s *stage) count(what string) func() bool {
	return func() bool { return s.cluster.FaultCounts()[what] > 0 }
}

// faultCase is one fault with the proof that it struck; counted is its name in FaultCounts.
type faultCase struct {
	counted string
	play    func(s *stage)
}

var faultCases = map[string]faultCase{
	"drop a call before it takes effect": {"calls drop", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Drop, Type: "RECONCILE"})
		s.fails(s.ask("x"))
		s.marker()
		if got := s.states("x"); len(got) != 0 {
			s.t.Errorf("got %v, want no effect", got)
		}
	}},
	"drop a call's answer after it took effect": {"calls drop-answer", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: DropAnswer, Type: "RECONCILE"})
		s.fails(s.ask("x"))
		s.await("the effect", func() bool { return len(s.states("x")) == 1 })
	}},
	"delay a call": {"calls delay", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Delay, Type: "RECONCILE", Delay: 200 * time.Millisecond})
		began := time.Now()
		s.call(s.ask("x"), http.StatusAccepted)
		s.await("the effect", func() bool { return len(s.states("x")) == 1 })
		s.atLeast(began, "x", 200*time.Millisecond)
	}},
	"delay a call's answer": {"calls delay-answer", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: DelayAnswer, Type: "RECONCILE", Delay: 200 * time.Millisecond})
		began := time.Now()
		s.call(s.ask("x"), http.StatusAccepted)
		if d := time.Since(began); d < 200*time.Millisecond {
			s.t.Errorf("answered after %v", d)
		}
	}},
	"duplicate a call": {"calls duplicate", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Duplicate, Type: "RECONCILE"})
		s.call(s.ask("x"), http.StatusAccepted)
		s.marker()
		if got := s.states("x"); len(got) != 2 {
			s.t.Errorf("got %v, want two effects", got)
		}
	}},
	"let a call take effect after its connection broke": {"calls late", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Late, Type: "RECONCILE", Delay: 20 * time.Millisecond})
		s.fails(s.ask("x"))
		s.await("its effect", func() bool { return len(s.states("x")) == 1 })
	}},
	"reorder calls": {"calls reorder", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Reorder, Type: "RECONCILE"})
		first := make(chan struct{})
		before := s.cluster.Calls("RECONCILE")
		b, err := s.wire.call(s.ask("first"))
		if err != nil {
			s.t.Fatal(err)
		}
		go func() {
			defer close(first)
			if got, err := s.send(b, nil); err != nil || got.status != http.StatusAccepted {
				s.t.Errorf("the call that was held back got %v %v", got, err)
			}
		}()
		s.await("the first call", func() bool { return s.cluster.Calls("RECONCILE") > before })
		s.call(s.ask("second"), http.StatusAccepted)
		<-first
		s.await("both effects", func() bool { return len(s.states("first"))+len(s.states("second")) == 2 })
		if got := dig(s.updates("")[0], "task_id", "value"); got != "second" {
			s.t.Errorf("%v came first", got)
		}
	}},
	"reorder answers": {"calls reorder-answer", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: ReorderAnswer, Type: "RECONCILE"})
		answered := make(chan time.Time, 1)
		b, err := s.wire.call(s.ask("first"))
		if err != nil {
			s.t.Fatal(err)
		}
		go func() {
			if got, err := s.send(b, nil); err != nil || got.status != http.StatusAccepted {
				s.t.Errorf("the call whose answer was held back got %v %v", got, err)
			}
			answered <- time.Now()
		}()
		s.await("the first effect", func() bool { return len(s.states("first")) == 1 })
		select {
		case <-answered:
			s.t.Error("the answer came before the next call")
		default:
		}
		s.call(s.ask("second"), http.StatusAccepted)
		<-answered
	}},
	"answer any HTTP status instead of carrying the call out": {"calls answer", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Answer, Type: "RECONCILE", Status: 500, Text: "Something broke"})
		if got := s.call(s.ask("x"), 500); got.body != "Something broke" {
			s.t.Errorf("got %q", got.body)
		}
		s.marker()
		if got := s.states("x"); len(got) != 0 {
			s.t.Errorf("got %v, want no effect", got)
		}
	}},
	"answer any HTTP status after the call took effect": {"calls answer", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Answer, Type: "RECONCILE", Status: 503, AfterEffect: true})
		s.call(s.ask("x"), 503)
		s.await("the effect", func() bool { return len(s.states("x")) == 1 })
	}},
	"answer SUBSCRIBE with any HTTP status": {"calls answer", func(s *stage) {
		s.inject(Fault{Target: CallFault, Action: Answer, Type: "SUBSCRIBE", Status: 429})
		cl := &client{t: s.t, http: s.http, url: s.url, wire: s.wire, cancel: func() {}, real: s.real, changed: make(chan struct{}, 1)}
		defer cl.close()
		if got := cl.subscribe(subscribeCall("")); got.status != 429 {
			s.t.Errorf("got %d, want 429", got.status)
		}
	}},
	"drop an event": {"events drop", func(s *stage) {
		s.inject(Fault{Target: EventFault, Action: Drop, Type: "UPDATE", Task: "x", State: "TASK_UNKNOWN"})
		s.call(s.ask("x"), http.StatusAccepted)
		s.marker()
		if got := s.states("x"); len(got) != 0 {
			s.t.Errorf("got %v, want nothing", got)
		}
	}},
	"delay an event": {"events delay", func(s *stage) {
		s.inject(Fault{Target: EventFault, Action: Delay, Type: "UPDATE", Delay: 200 * time.Millisecond})
		began := time.Now()
		s.call(s.ask("x"), http.StatusAccepted)
		s.await("the event", func() bool { return len(s.states("x")) == 1 })
		s.atLeast(began, "x", 200*time.Millisecond)
	}},
	"duplicate an event": {"events duplicate", func(s *stage) {
		s.inject(Fault{Target: EventFault, Action: Duplicate, Type: "UPDATE"})
		s.call(s.ask("x"), http.StatusAccepted)
		s.marker()
		if got := s.states("x"); len(got) != 2 {
			s.t.Errorf("got %v, want it twice", got)
		}
	}},
	"reorder events": {"events reorder", func(s *stage) {
		s.inject(Fault{Target: EventFault, Action: Reorder, Type: "UPDATE"})
		s.reconcile([2]string{"first", ""}, [2]string{"second", ""})
		s.await("both", func() bool { return len(s.updates("")) == 2 })
		if got := dig(s.updates("")[0], "task_id", "value"); got != "second" {
			s.t.Errorf("%v came first", got)
		}
	}},
	"send a malformed frame": {"events malformed", func(s *stage) {
		s.inject(Fault{Target: EventFault, Action: Malformed, Type: "UPDATE", Raw: []byte("no number\n{}")})
		s.call(s.ask("x"), http.StatusAccepted)
		s.await("the stream to fail", func() bool { return s.streamEnd() != "" })
	}},
	"send raw bytes": {"stream raw", func(s *stage) {
		s.act(func() { s.cluster.SendRaw(s.frameworkID(), []byte("3\nx{}")) }, "/stream/raw?raw="+url.QueryEscape("3\nx{}"))
		s.await("the frame", func() bool { return slices.Contains(kinds(s.client), "undecodable") })
	}},
	"cut the stream within an event": {"events cut", func(s *stage) {
		s.inject(Fault{Target: EventFault, Action: Cut, Type: "UPDATE", Bytes: 20})
		s.call(s.ask("x"), http.StatusAccepted)
		s.await("the stream to break", func() bool { return s.streamEnd() != "" })
		if s.streamEnd() == "EOF" || len(s.states("x")) != 0 {
			s.t.Errorf("it ended with %q after %v", s.streamEnd(), s.states("x"))
		}
	}},
	"cut the stream after some bytes": {"stream cut", func(s *stage) {
		s.act(func() { s.cluster.CutStream("", 1000) }, "/stream/cut?bytes=1000")
		for range 20 {
			if s.streamEnd() != "" {
				break
			}
			b, err := s.wire.call(s.ask("x"))
			if err != nil {
				s.t.Fatal(err)
			}
			if _, err := s.send(b, nil); err != nil {
				s.t.Fatal(err)
			}
		}
		s.await("the stream to break", func() bool { return s.streamEnd() != "" })
	}},
	"stop heartbeats": {"stream heartbeats", func(s *stage) {
		s.await("heartbeats", func() bool { return len(s.of("HEARTBEAT")) > 1 })
		s.act(func() { s.cluster.StopHeartbeats(true) }, "/stream/heartbeats?stop=true")
		s.marker()
		before := len(s.of("HEARTBEAT"))
		<-time.After(3 * quick.HeartbeatInterval)
		s.marker()
		if after := len(s.of("HEARTBEAT")); after != before {
			s.t.Errorf("%d heartbeats came after the stop", after-before)
		}
		s.act(func() { s.cluster.StopHeartbeats(false) }, "/stream/heartbeats?stop=false")
		s.await("heartbeats again", func() bool { return len(s.of("HEARTBEAT")) > before })
	}},
	"stop the master for a while": {"master stop", func(s *stage) {
		s.running("t1")
		s.act(func() {
			s.cluster.StopMaster(0)
			time.AfterFunc(200*time.Millisecond, func() { s.cluster.StartMaster(0) })
		}, "/master/stop?index=0&for=200ms")
		s.await("the stream to break", func() bool { return s.streamEnd() != "" })
		s.fails(s.simple("REVIVE"))
		s.await("the master", func() bool { return s.cluster.Leader() == 0 && s.cluster.State().Agents[0].Master == "registered" })
		s.resubscribe()
		s.call(s.ask("t1"), http.StatusAccepted)
		s.await("the task", func() bool { return slices.Contains(s.states("t1"), "TASK_RUNNING") })
		if n := s.cluster.LiveTasks(); n != 1 {
			s.t.Errorf("%d tasks are live, want 1", n)
		}
	}},
	"fail over with a share of the agents back after a time": {"master failover", func(s *stage) {
		before := s.cluster.MasterID()
		s.act(func() { s.cluster.FailOver(FailOver{To: -1, AgentsBack: 0.5, AgentsAfter: 100 * time.Millisecond}) },
			"/master/failover?back=0.5&after=100ms")
		s.await("one agent back", func() bool { return s.cluster.State().Agents[0].Master == "registered" })
		if id := s.cluster.MasterID(); id == before {
			s.t.Error("the master's ID is the old one")
		}
		if got := s.cluster.State().Agents[1].Master; got != "expected" {
			s.t.Errorf("the other agent is %s, want expected", got)
		}
		s.await("the other one given up", func() bool { return s.cluster.State().Agents[1].Master == "unreachable" })
	}},
	"partition an agent, and let it return": {"agent partition", func(s *stage) {
		s.running("t1")
		s.act(s.a.Partition, s.agentPath(s.a, "partition"))
		s.await("UNREACHABLE", func() bool { return slices.Contains(s.states("t1"), "TASK_UNREACHABLE") })
		s.act(s.a.Heal, s.agentPath(s.a, "heal"))
		s.await("RUNNING again", func() bool { return s.states("t1")[len(s.states("t1"))-1] == "TASK_RUNNING" })
	}},
	"stop an agent's process and start it again": {"agent restart", func(s *stage) {
		s.running("t1")
		s.offerOf(s.a)
		s.act(func() { s.a.Restart(time.Millisecond) }, s.agentPath(s.a, "restart?for=1ms"))
		s.await("RESCIND", func() bool { return len(s.of("RESCIND")) > 0 })
		s.await("the agent", func() bool { return s.cluster.State().Agents[0].Master == "registered" })
		if n := s.cluster.LiveTasks(); n != 1 {
			s.t.Errorf("%d tasks are live, want 1", n)
		}
	}},
	"reboot an agent": {"agent reboot", func(s *stage) {
		s.running("t1")
		s.act(func() { s.a.Reboot(20 * time.Millisecond) }, s.agentPath(s.a, "reboot?for=20ms"))
		s.acknowledged("t1", "TASK_FAILED")
		if n := s.cluster.LiveTasks(); n != 0 {
			s.t.Errorf("%d tasks are live, want none", n)
		}
	}},
	"drain an agent and mark it gone": {"agent drain", func(s *stage) {
		s.running("t1")
		s.act(func() { s.a.DrainWithin(time.Second, true) }, s.agentPath(s.a, "drain?grace=1s&gone=true"))
		s.acknowledged("t1", "TASK_GONE_BY_OPERATOR")
		s.await("its end", func() bool { return s.cluster.State().Agents[0].Master == "gone" })
	}},
	"mark an agent gone": {"agent gone", func(s *stage) {
		s.running("t1")
		s.act(s.a.Gone, s.agentPath(s.a, "gone"))
		s.await("GONE_BY_OPERATOR", func() bool { return slices.Contains(s.states("t1"), "TASK_GONE_BY_OPERATOR") })
	}},
	"unregister an agent": {"agent unregister", func(s *stage) {
		s.running("t1")
		s.act(s.a.Unregister, s.agentPath(s.a, "unregister"))
		s.await("LOST", func() bool { return slices.Contains(s.states("t1"), "TASK_LOST") })
	}},
	"replace an agent, and kill the task that it left behind": {"agent replace", func(s *stage) {
		s.running("t1")
		s.act(func() { s.a.Replace(time.Millisecond) }, s.agentPath(s.a, "replace?for=1ms"))
		s.await("LOST", func() bool { return slices.Contains(s.states("t1"), "TASK_LOST") })
		if n := s.cluster.LiveTasks(); n != 1 {
			s.t.Errorf("%d tasks are live, want the orphan", n)
		}
		s.act(func() { s.cluster.KillProcess("t1") }, "/tasks/t1/kill")
		if n := s.cluster.LiveTasks(); n != 0 {
			s.t.Errorf("%d tasks are live, want none", n)
		}
	}},
	"kill a task's process": {"task kill", func(s *stage) {
		s.running("t1")
		s.act(func() { s.cluster.KillProcess("t1") }, "/tasks/t1/kill")
		s.acknowledged("t1", "TASK_FAILED")
	}},
	"plan maintenance, and cancel it": {"agent maintenance", func(s *stage) {
		s.running("t1")
		s.act(func() { s.a.ScheduleMaintenance(time.Minute, time.Hour) }, s.agentPath(s.a, "maintenance?in=1m&for=1h"))
		s.await("the inverse offer", func() bool { return len(s.of("INVERSE_OFFERS")) > 0 })
		s.act(s.a.CancelMaintenance, s.agentPath(s.a, "cancel-maintenance"))
		s.await("its end", func() bool { return len(s.of("RESCIND_INVERSE_OFFER")) > 0 })
	}},
	"take a machine down, and up again": {"agent machine-down", func(s *stage) {
		s.running("t1")
		s.act(s.a.MachineDown, s.agentPath(s.a, "machine-down"))
		s.await("LOST", func() bool { return slices.Contains(s.states("t1"), "TASK_LOST") })
		s.await("the end of its process", func() bool { return s.cluster.LiveTasks() == 0 })
		s.await("the end of the agent", func() bool { return !s.cluster.State().Agents[0].Up })
		s.act(s.a.MachineUp, s.agentPath(s.a, "machine-up"))
		s.act(s.a.Start, s.agentPath(s.a, "start"))
		s.await("the agent", func() bool { return s.cluster.State().Agents[0].Master == "registered" })
	}},
	"drain an agent": {"agent drain", func(s *stage) {
		s.running("t1")
		s.act(s.a.Drain, s.agentPath(s.a, "drain"))
		s.acknowledged("t1", "TASK_KILLED")
	}},
	"lose RunTask between master and agent": {"messages drop", func(s *stage) {
		s.inject(Fault{Target: MessageFault, Action: Drop, Type: RunTask, Task: "t1"})
		s.launch(s.offerOf(s.a), "t1")
		s.call(s.ask("t1"), http.StatusAccepted)
		s.await("STAGING", func() bool { return slices.Equal(s.states("t1"), []string{"TASK_STAGING"}) })
		if n := s.cluster.LiveTasks(); n != 0 {
			s.t.Errorf("%d tasks are live, want none", n)
		}
	}},
	"fail a launch": {"launches fetch-fails", func(s *stage) {
		s.inject(Fault{Target: LaunchFault, Action: FetchFails, Task: "t1"})
		s.launch(s.offerOf(s.a), "t1")
		s.acknowledged("t1", "TASK_FAILED")
		if diff := cmp.Diff([]string{"TASK_FAILED"}, s.states("t1")); diff != "" {
			s.t.Errorf("states (-want +got):\n%s", diff)
		}
	}},
	"lose KillTask between master and agent": {"messages drop", func(s *stage) {
		s.running("t1")
		s.inject(Fault{Target: MessageFault, Action: Drop, Type: KillTask, Agent: s.a.ID()})
		s.kill("t1", "")
		s.marker()
		if got := s.states("t1"); got[len(got)-1] != "TASK_RUNNING" {
			s.t.Errorf("got %v", got)
		}
		s.kill("t1", "")
		s.acknowledged("t1", "TASK_KILLED")
	}},
	"lose an acknowledgement between master and agent": {"messages drop", func(s *stage) {
		s.inject(Fault{Target: MessageFault, Action: Drop, Type: AcknowledgeUpdate})
		s.launch(s.offerOf(s.a), "t1")
		s.acknowledged("t1", "TASK_RUNNING")
		if diff := cmp.Diff([]string{"TASK_STARTING", "TASK_STARTING", "TASK_RUNNING"}, s.states("t1")); diff != "" {
			s.t.Errorf("states (-want +got):\n%s", diff)
		}
	}},
	"delay a status update between agent and master": {"messages delay", func(s *stage) {
		s.inject(Fault{Target: MessageFault, Action: Delay, Type: StatusUpdateMessage, Delay: 100 * time.Millisecond})
		began := time.Now()
		s.launch(s.offerOf(s.a), "t1")
		s.await("STARTING", func() bool { return len(s.states("t1")) > 0 })
		s.atLeast(began, "t1", StartingAfter+100*time.Millisecond)
	}},
	"a second subscriber": {"stream steal", func(s *stage) {
		id := s.frameworkID()
		s.act(func() {
			if err := s.cluster.Steal(id); err != nil {
				s.t.Fatal(err)
			}
		}, "/stream/steal?framework="+id)
		s.await("the end of the stream", func() bool { return s.streamEnd() == "EOF" })
		if got := errorOf(s.client); got != "Framework failed over" {
			s.t.Errorf("ERROR %q", got)
		}
		s.resubscribe()
		s.marker()
	}},
}

// atLeast checks that a task's first update took that long.
func (s *stage) atLeast(began time.Time, task string, d time.Duration) {
	s.t.Helper()
	for _, e := range s.all() {
		if dig(e.body, "update", "status", "task_id", "value") == task {
			if got := e.at.Sub(began); got < d {
				s.t.Errorf("the update came after %v, want at least %v", got, d)
			}
			return
		}
	}
	s.t.Error("no update came")
}

func playFault(t *testing.T, c *Cluster, cl *client, page bool, fc faultCase) {
	t.Helper()
	s := &stage{client: cl, cluster: c, page: page}
	s.a, s.b = c.AddAgent(smallAgent()), c.AddAgent(smallAgent())
	cl.subscribe(subscribeCall(""))
	cl.await("SUBSCRIBED", func() bool { return len(cl.of("SUBSCRIBED")) > 0 })
	fc.play(s)
	if !s.count(fc.counted)() {
		t.Errorf("not counted as %q: %v", fc.counted, c.FaultCounts())
	}
}

func TestFaultsInVirtualTime(t *testing.T) {
	for name, fc := range faultCases {
		for how, page := range map[string]bool{"by code": false, "over the page": true} {
			t.Run(name+", "+how, func(t *testing.T) {
				inBubble(t, Options{Flags: quick}, func(in bubble) {
					t, c := in.t, in.cluster
					cl := newClient(t, c)
					defer cl.close()
					playFault(t, c, cl, page, fc)
				})
			})
		}
	}
}

func TestFaultsInRealTime(t *testing.T) {
	for name, fc := range faultCases {
		for how, page := range map[string]bool{"by code": false, "over the page": true} {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				c := New(Options{Flags: quick})
				defer c.Close()
				l, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				served := make(chan error, 1)
				serve := c.Listen(l, 0)
				go func() { served <- serve() }()
				cl := &client{
					t: t, http: &http.Client{Transport: &http.Transport{}}, url: "http://" + l.Addr().String(), wire: jsonWire{},
					cancel: func() {}, real: true, changed: make(chan struct{}, 1),
				}
				defer func() {
					cl.close()
					c.Close()
					if err := <-served; err != nil {
						t.Error(err)
					}
				}()
				playFault(t, c, cl, page, fc)
			})
		}
	}
}

func TestTheControlPageShowsTheCluster(t *testing.T) {
	inBubble(t, Options{Masters: 2}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		get := func(path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			c.Control().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
			if w.Code != http.StatusOK {
				t.Fatalf("GET %s: %d", path, w.Code)
			}
			return w
		}
		var st State
		if err := json.Unmarshal(get("/state").Body.Bytes(), &st); err != nil {
			t.Fatal(err)
		}
		want := TaskState{ID: "t1", State: "TASK_RUNNING", Agent: a.ID(), Hostname: a.Hostname(), Framework: cl.frameworkID()}
		if len(st.Tasks) != 1 || len(st.Masters) != 2 || len(st.Agents) != 1 || len(st.Frameworks) != 1 || st.Calls["ACCEPT"] != 1 {
			t.Fatalf("got %+v", st)
		}
		want.Started = st.Tasks[0].Started
		if diff := cmp.Diff(want, st.Tasks[0]); diff != "" {
			t.Errorf("task (-want +got):\n%s", diff)
		}
		html := get("/").Body.String()
		for _, part := range []string{"t1", a.ID(), cl.frameworkID(), "master-2.sim", "/agents/1/partition"} {
			if !strings.Contains(html, part) {
				t.Errorf("the page lacks %q", part)
			}
		}
	})
}

func TestTheControlPageRefusesNonsense(t *testing.T) {
	c := New(Options{})
	defer c.Close()
	c.AddAgent(smallAgent())
	for name, path := range map[string]string{
		"an unknown agent":             "/agents/none/partition",
		"an unknown agent action":      "/agents/1/dance",
		"an unknown master":            "/master/stop?index=7",
		"an unknown master action":     "/master/dance",
		"a duration without unit":      "/master/stop?for=5",
		"a call cannot be malformed":   "/calls/malformed",
		"a message cannot be answered": "/messages/answer",
		"a count that is no number":    "/calls/drop?count=many",
		"a stream that nobody has":     "/stream/steal?framework=none",
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			c.Control().ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
			if w.Code != http.StatusBadRequest || w.Body.Len() < 10 {
				t.Errorf("got %d %q, want 400 and a sentence", w.Code, w.Body)
			}
		})
	}
	if n := len(c.FaultCounts()); n != 0 {
		t.Errorf("something was done all the same: %v", c.FaultCounts())
	}
}

func TestFaultsSkipAndCount(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		f := c.Inject(Fault{Target: EventFault, Action: Drop, Type: "UPDATE", Skip: 1, Count: 2})
		for range 5 {
			cl.reconcile([2]string{"x", ""})
		}
		synctest.Wait()
		if n := len(cl.updates("x")); n != 3 || f.Hits() != 2 {
			t.Errorf("%d updates came and %d were dropped, want 3 and 2", n, f.Hits())
		}
		g := c.Inject(Fault{Target: EventFault, Action: Drop, Count: -1})
		cl.reconcile([2]string{"y", ""})
		g.Remove()
		cl.reconcile([2]string{"z", ""})
		if len(cl.updates("y")) != 0 || len(cl.updates("z")) != 1 || len(c.Faults()) != 2 {
			t.Errorf("got %v", cl.briefs())
		}
		log := c.CallLog()
		if len(log) != 8 || log[0].Type != "SUBSCRIBE" || log[7].Status != http.StatusAccepted || c.Calls("RECONCILE") != 7 || c.Calls("") != 8 {
			t.Errorf("the log of calls is %+v", log)
		}
	})
}
