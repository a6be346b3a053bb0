package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// world is a cluster whose agents stand with the master in every way that there is.
type world struct {
	cluster *Cluster
	client  *client
	agents  map[string]*Agent
}

// newWorld puts a task t-<standing> on every agent. With awaiting, one agent has not come back from a
// master failover.
func newWorld(t *testing.T, c *Cluster, awaiting bool, caps ...string) *world {
	t.Helper()
	w := &world{cluster: c, agents: map[string]*Agent{}}
	for _, name := range []string{"registered", "disconnected", "draining", "unreachable", "gone", "forgotten", "unregistered", "recovered"} {
		spec := smallAgent()
		spec.Hostname = name
		w.agents[name] = c.AddAgent(spec)
	}
	cl := newClient(t, c)
	cl.subscribe(subscribeCall("", caps...))
	for _, o := range cl.offers() {
		cl.launch(o, "t-"+o["hostname"].(string))
	}
	cl.settle(time.Second)
	id := cl.frameworkID()
	w.agents["unreachable"].Partition()
	w.agents["forgotten"].Partition()
	cl.settle(2 * time.Minute)
	w.agents["forgotten"].Forget()
	w.agents["gone"].Gone()
	w.agents["unregistered"].Unregister()
	if awaiting {
		w.agents["recovered"].Stop()
		c.StopMaster(0)
		c.StartMaster(0)
		time.Sleep(5 * time.Second)
		cl = newClient(t, c)
		cl.subscribe(subscribeCall(id, caps...))
		cl.settle(time.Second)
	}
	w.agents["disconnected"].Stop()
	w.agents["draining"].Drain()
	cl.settle(time.Second)
	cl.drop()
	w.client = cl
	return w
}

// answerTo is what one question brings: "", or state, agent and extras.
type answerTo struct {
	State, Message, Agent string
	UnreachableTime       bool
}

// question is one task asked for.
type question struct {
	awaiting    bool
	task, agent string // the agent by its standing; "" none, "unknown" one that never was
	want        *answerTo
}

const (
	latest    = "Reconciliation: Latest task state"
	notThere  = "Reconciliation: Task is unknown to the agent"
	unreached = "Reconciliation: Task is unreachable"
	isGone    = "Reconciliation: Task is gone"
	isUnknown = "Reconciliation: Task is unknown"
)

// reconcileTable is the master's table of explicit reconciliation, a row each. The states are those for
// a partition aware framework.
var reconcileTable = map[string][]question{
	"1: task in framework.tasks (agent_id in the request is ignored, even if wrong)": {
		{task: "t-registered", agent: "registered", want: &answerTo{State: "TASK_RUNNING", Message: latest, Agent: "registered"}},
		{task: "t-registered", agent: "", want: &answerTo{State: "TASK_RUNNING", Message: latest, Agent: "registered"}},
		{task: "t-registered", agent: "unreachable", want: &answerTo{State: "TASK_RUNNING", Message: latest, Agent: "registered"}},
		{task: "t-disconnected", agent: "unknown", want: &answerTo{State: "TASK_RUNNING", Message: latest, Agent: "disconnected"}},
		{awaiting: true, task: "t-registered", agent: "recovered", want: &answerTo{State: "TASK_RUNNING", Message: latest, Agent: "registered"}},
	},
	"2: agent_id given and in recovered; or agent_id absent and any agent is recovered": {
		{awaiting: true, task: "t-recovered", agent: "recovered"},
		{awaiting: true, task: "never", agent: "recovered"},
		{awaiting: true, task: "t-recovered", agent: ""},
		{awaiting: true, task: "never", agent: ""},
	},
	"3: agent_id registered (even if disconnected or draining)": {
		{task: "never", agent: "registered", want: &answerTo{State: "TASK_GONE", Message: notThere, Agent: "registered"}},
		{task: "never", agent: "disconnected", want: &answerTo{State: "TASK_GONE", Message: notThere, Agent: "disconnected"}},
		{task: "never", agent: "draining", want: &answerTo{State: "TASK_GONE", Message: notThere, Agent: "draining"}},
		{task: "t-draining", agent: "draining", want: &answerTo{State: "TASK_GONE", Message: notThere, Agent: "draining"}},
		{awaiting: true, task: "never", agent: "registered", want: &answerTo{State: "TASK_GONE", Message: notThere, Agent: "registered"}},
	},
	"4: agent_id unreachable; answered even if the task never existed": {
		{task: "t-unreachable", agent: "unreachable", want: &answerTo{State: "TASK_UNREACHABLE", Message: unreached, Agent: "unreachable", UnreachableTime: true}},
		{task: "never", agent: "unreachable", want: &answerTo{State: "TASK_UNREACHABLE", Message: unreached, Agent: "unreachable", UnreachableTime: true}},
		{awaiting: true, task: "t-unreachable", agent: "unreachable", want: &answerTo{State: "TASK_UNREACHABLE", Message: unreached, Agent: "unreachable", UnreachableTime: true}},
	},
	"5: agent_id gone": {
		{task: "t-gone", agent: "gone", want: &answerTo{State: "TASK_GONE_BY_OPERATOR", Message: isGone, Agent: "gone"}},
		{task: "never", agent: "gone", want: &answerTo{State: "TASK_GONE_BY_OPERATOR", Message: isGone, Agent: "gone"}},
		{awaiting: true, task: "t-gone", agent: "gone", want: &answerTo{State: "TASK_GONE_BY_OPERATOR", Message: isGone, Agent: "gone"}},
	},
	"6: otherwise (agent_id absent, or agent unknown/GC'd/unregistered)": {
		{task: "never", agent: "", want: &answerTo{State: "TASK_UNKNOWN", Message: isUnknown}},
		{task: "t-unreachable", agent: "", want: &answerTo{State: "TASK_UNKNOWN", Message: isUnknown}},
		{task: "never", agent: "unknown", want: &answerTo{State: "TASK_UNKNOWN", Message: isUnknown, Agent: "unknown"}},
		{task: "t-forgotten", agent: "forgotten", want: &answerTo{State: "TASK_UNKNOWN", Message: isUnknown, Agent: "forgotten"}},
		{task: "t-unregistered", agent: "unregistered", want: &answerTo{State: "TASK_UNKNOWN", Message: isUnknown, Agent: "unregistered"}},
		{awaiting: true, task: "never", agent: "unknown", want: &answerTo{State: "TASK_UNKNOWN", Message: isUnknown, Agent: "unknown"}},
	},
}

func TestReconcileTable(t *testing.T) {
	for row, questions := range reconcileTable {
		t.Run(row, func(t *testing.T) {
			for _, awaiting := range []bool{false, true} {
				askAll(t, questions, awaiting, true)
				askAll(t, questions, awaiting, false, "MULTI_ROLE", "RESERVATION_REFINEMENT")
			}
		})
	}
}

// askAll asks the questions of one kind of world in one call: the answers come in the order of the call.
func askAll(t *testing.T, questions []question, awaiting, partitionAware bool, caps ...string) {
	t.Helper()
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		w := newWorld(t, c, awaiting, caps...)
		var pairs [][2]string
		var want []answerTo
		for _, q := range questions {
			if q.awaiting != awaiting {
				continue
			}
			agent := q.agent
			if a := w.agents[agent]; a != nil {
				agent = a.ID()
			}
			pairs = append(pairs, [2]string{q.task, agent})
			if q.want != nil {
				one := *q.want
				if !partitionAware && one.Message != latest {
					one.State = "TASK_LOST"
				}
				want = append(want, one)
			}
		}
		if len(pairs) == 0 {
			return
		}
		w.client.reconcile(pairs...)
		var got []answerTo
		for _, s := range w.client.updates("") {
			got = append(got, w.answer(t, s))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("awaiting %t, partition aware %t (-want +got):\n%s", awaiting, partitionAware, diff)
		}
	})
}

func (w *world) answer(t *testing.T, s object) answerTo {
	t.Helper()
	if s["source"] != "SOURCE_MASTER" || s["reason"] != "REASON_RECONCILIATION" || s["uuid"] != nil || s["timestamp"] == nil {
		t.Errorf("not an answer to RECONCILE: %v", s)
	}
	a := answerTo{State: s["state"].(string), Message: s["message"].(string), UnreachableTime: s["unreachable_time"] != nil}
	if id, ok := dig(s, "agent_id", "value").(string); ok {
		a.Agent = id
		for name, agent := range w.agents {
			if agent.ID() == id {
				a.Agent = name
			}
		}
	}
	return a
}

func TestImplicitReconciliation(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		w := newWorld(t, c, true)
		w.client.reconcile()
		got := map[string]string{}
		for _, s := range w.client.updates("") {
			got[dig(s, "task_id", "value").(string)] = s["state"].(string)
		}
		// Neither unreachable and completed tasks nor those of agents that are awaited.
		want := map[string]string{"t-registered": "TASK_RUNNING", "t-disconnected": "TASK_RUNNING"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestATaskNamedTwiceIsAnsweredTwice(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.reconcile([2]string{"x", ""}, [2]string{"y", ""}, [2]string{"x", ""})
		var got []string
		for _, s := range cl.updates("") {
			got = append(got, dig(s, "task_id", "value").(string))
		}
		if diff := cmp.Diff([]string{"x", "y", "x"}, got); diff != "" {
			t.Errorf("tasks (-want +got):\n%s", diff)
		}
	})
}

func TestReconcileAnswersWithTheUpdateLastForwarded(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Runner = ScriptRunner{Script: func(*mesos.TaskInfo) Script {
			return EndAfter(time.Second, mesos.TASK_FINISHED, "Command exited with status 0")
		}}
		a := c.AddAgent(spec)
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		time.Sleep(500 * time.Millisecond) // STARTING is not acknowledged, so RUNNING waits
		cl.reconcile([2]string{"t1", a.ID()})
		starting := cl.updates("t1")[0]
		cl.acknowledge(starting)
		time.Sleep(2 * time.Second) // RUNNING is not acknowledged, FINISHED waits
		cl.reconcile([2]string{"t1", a.ID()})
		want := []string{"TASK_STARTING", "TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING"}
		if diff := cmp.Diff(want, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestAnAgentMarkedGoneWhileAwaitedStaysSilentUntilTheNextFailover(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		w := newWorld(t, c, true)
		a := w.agents["recovered"]
		a.Gone()
		w.client.settle(11 * time.Minute) // agent_reregister_timeout
		w.client.drop()
		w.client.reconcile([2]string{"t-recovered", a.ID()})
		if got := w.client.updates(""); len(got) != 0 {
			t.Errorf("got %v, want silence (MESOS-9739)", got)
		}
		c.StopMaster(0)
		c.StartMaster(0)
		time.Sleep(5 * time.Second)
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(w.client.frameworkID()))
		synctest.Wait()
		cl.reconcile([2]string{"t-recovered", a.ID()})
		if diff := cmp.Diff([]string{"TASK_GONE_BY_OPERATOR"}, cl.states("t-recovered")); diff != "" {
			t.Errorf("states after the failover (-want +got):\n%s", diff)
		}
	})
}
