package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// brief is an event in one line: type, and of updates what matters.
func brief(e object) string {
	switch e["type"] {
	case "UPDATE":
		s := dig(e, "update", "status").(object)
		parts := []string{"UPDATE", s["state"].(string)}
		for _, k := range []string{"source", "reason"} {
			if v, ok := s[k].(string); ok {
				parts = append(parts, v)
			}
		}
		if s["uuid"] != nil {
			parts = append(parts, "uuid")
		}
		if s["unreachable_time"] != nil {
			parts = append(parts, "unreachable_time")
		}
		return strings.Join(parts, " ")
	case "FAILURE":
		if id := dig(e, "failure", "executor_id", "value"); id != nil {
			return fmt.Sprint("FAILURE of executor ", id)
		}
	}
	return e["type"].(string)
}

// briefs are the events that came, without heartbeats, in one line each.
func (c *client) briefs() (out []string) {
	for _, e := range c.all() {
		if e.body["type"] != "HEARTBEAT" {
			out = append(out, brief(e.body))
		}
	}
	return out
}

// transition is one row of the table of agent transitions: what is done, and what the framework hears.
type transition struct {
	before func(*scene) // what leads up to it
	do     func(*scene)
	aware  []string // what a partition aware framework hears, in any order
	legacy []string // what any other hears; nil: the same
}

// scene is one agent with one running task (id t1), and one outstanding offer.
type scene struct {
	t       *testing.T
	cluster *Cluster
	agent   *Agent
	client  *client
	caps    []string
	group   bool
}

func (s *scene) wait(d time.Duration) { s.client.settle(d) }

// failOver restarts the master while the agent is stopped; the framework subscribes again.
func (s *scene) failOver() {
	s.agent.Stop()
	s.cluster.StopMaster(0)
	s.cluster.StartMaster(0)
	time.Sleep(2 * time.Second)
	id := s.client.frameworkID()
	s.client = newClient(s.t, s.cluster)
	s.client.subscribe(subscribeCall(id, s.caps...))
	s.wait(time.Second)
}

// becomeUnreachable partitions the agent until it is given up.
func (s *scene) becomeUnreachable() {
	s.agent.Partition()
	s.wait(2 * time.Minute)
}

const (
	masterRemoved   = " SOURCE_MASTER REASON_AGENT_REMOVED"
	masterReturned  = " SOURCE_MASTER REASON_AGENT_REREGISTERED"
	masterGone      = " SOURCE_MASTER REASON_AGENT_REMOVED_BY_OPERATOR"
	unreachableTime = " unreachable_time"
)

var transitions = map[string]transition{
	"registered -> unreachable (75 s pings)": {
		do:     func(s *scene) { s.becomeUnreachable() },
		aware:  []string{"UPDATE TASK_UNREACHABLE" + masterRemoved + unreachableTime, "RESCIND", "FAILURE"},
		legacy: []string{"UPDATE TASK_LOST" + masterRemoved + unreachableTime, "RESCIND", "FAILURE"},
	},
	"recovered -> unreachable (10 min after master failover)": {
		before: (*scene).failOver,
		do:     func(s *scene) { s.wait(11 * time.Minute) },
		aware:  []string{"FAILURE"},
	},
	"registered -> gone": {
		do:     func(s *scene) { s.agent.Gone() },
		aware:  []string{"UPDATE TASK_GONE_BY_OPERATOR" + masterGone, "RESCIND", "FAILURE"},
		legacy: []string{"UPDATE TASK_LOST" + masterRemoved, "RESCIND", "FAILURE"},
	},
	"unreachable -> gone": {
		before: (*scene).becomeUnreachable,
		do:     func(s *scene) { s.agent.Gone() },
		aware:  []string{"UPDATE TASK_GONE_BY_OPERATOR" + masterGone},
		legacy: []string{"UPDATE TASK_LOST" + masterRemoved},
	},
	"recovered -> gone": {
		before: (*scene).failOver,
		do:     func(s *scene) { s.agent.Gone() },
	},
	"agent unregisters (clean shutdown)": {
		do:    func(s *scene) { s.agent.Unregister() },
		aware: []string{"UPDATE TASK_LOST" + masterRemoved, "RESCIND", "FAILURE"},
	},
	"socket break, checkpointing framework": {
		do:    func(s *scene) { s.agent.Stop() },
		aware: []string{"RESCIND"},
	},
	"disconnected -> re-registers": {
		before: func(s *scene) { s.agent.Stop(); s.wait(time.Second) },
		do:     func(s *scene) { s.agent.Start(); s.wait(2 * time.Second) },
		aware:  []string{"OFFERS"},
	},
	"unreachable/unknown -> re-registers": {
		before: (*scene).becomeUnreachable,
		do:     func(s *scene) { s.agent.Heal(); s.wait(2 * time.Second) },
		aware:  []string{"UPDATE TASK_RUNNING" + masterReturned, "OFFERS"},
	},
	"recovered -> re-registers": {
		before: (*scene).failOver,
		do:     func(s *scene) { s.agent.Start(); s.wait(2 * time.Second) },
		aware:  []string{"OFFERS"},
	},
	"executor exits": {
		before: func(s *scene) { s.group = true; s.launchGroup("g1", "g2") },
		do:     func(s *scene) { s.client.kill("g1", ""); s.wait(time.Second) },
		aware: []string{
			"UPDATE TASK_KILLING SOURCE_EXECUTOR uuid", "UPDATE TASK_KILLED SOURCE_EXECUTOR uuid",
			"UPDATE TASK_KILLING SOURCE_EXECUTOR uuid", "UPDATE TASK_KILLED SOURCE_EXECUTOR uuid",
			"FAILURE of executor ex", "OFFERS",
		},
		legacy: []string{
			"UPDATE TASK_KILLED SOURCE_EXECUTOR uuid", "UPDATE TASK_KILLED SOURCE_EXECUTOR uuid", "FAILURE of executor ex", "OFFERS",
		},
	},
	"agent restarted on rebooted host, executor not reconnected (command executor)": {
		do: func(s *scene) { s.agent.Reboot(5 * time.Second); s.wait(8 * time.Second) },
		// The update comes twice: as the agent resumes, and as it hears of the framework.
		aware: []string{
			"RESCIND", "OFFERS",
			"UPDATE TASK_FAILED SOURCE_AGENT REASON_EXECUTOR_TERMINATED uuid", "UPDATE TASK_FAILED SOURCE_AGENT REASON_EXECUTOR_TERMINATED uuid",
		},
	},
	"agent restarted on rebooted host, executor not reconnected (default executor)": {
		before: func(s *scene) { s.launchGroup("g1"); s.client.kill("t1", ""); s.wait(2 * time.Second) },
		do:     func(s *scene) { s.agent.Reboot(5 * time.Second); s.wait(8 * time.Second) },
		aware: []string{
			"RESCIND", "RESCIND", "OFFERS",
			"UPDATE TASK_GONE SOURCE_AGENT REASON_EXECUTOR_REREGISTRATION_TIMEOUT uuid", "UPDATE TASK_GONE SOURCE_AGENT REASON_EXECUTOR_REREGISTRATION_TIMEOUT uuid",
		},
		legacy: []string{
			"RESCIND", "RESCIND", "OFFERS",
			"UPDATE TASK_LOST SOURCE_AGENT REASON_EXECUTOR_REREGISTRATION_TIMEOUT uuid", "UPDATE TASK_LOST SOURCE_AGENT REASON_EXECUTOR_REREGISTRATION_TIMEOUT uuid",
		},
	},
}

func (s *scene) launchGroup(ids ...string) {
	s.t.Helper()
	offers := s.client.offers()
	offer := offers[len(offers)-1]
	var tasks []any
	for _, id := range ids {
		tasks = append(tasks, taskFor(id, offer))
	}
	call := s.client.acceptCall(offer)
	call["accept"].(object)["operations"] = []any{object{"type": "LAUNCH_GROUP", "launch_group": object{
		"executor": object{
			"type": "DEFAULT", "executor_id": value("ex"), "framework_id": value(s.client.frameworkID()),
			"resources": taskFor("", offer)["resources"],
		},
		"task_group": object{"tasks": tasks},
	}}}
	s.client.call(call, http.StatusAccepted)
	s.wait(2 * time.Second)
}

func TestAgentTransitions(t *testing.T) {
	for row, tr := range transitions {
		t.Run(row, func(t *testing.T) {
			legacy := tr.legacy
			if legacy == nil {
				legacy = tr.aware
			}
			playTransition(t, tr, tr.aware)
			playTransition(t, tr, legacy, "MULTI_ROLE", "RESERVATION_REFINEMENT")
		})
	}
}

func playTransition(t *testing.T, tr transition, want []string, caps ...string) {
	t.Helper()
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		s := &scene{t: t, cluster: c, agent: c.AddAgent(smallAgent()), client: newClient(t, c), caps: caps}
		s.client.subscribe(subscribeCall("", caps...))
		s.client.launch(s.client.offers()[0], "t1")
		s.wait(3 * time.Second) // the task runs, and what is left of the agent is offered
		if tr.before != nil {
			tr.before(s)
		}
		s.client.drop()
		tr.do(s)
		got := s.client.briefs()
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("capabilities %v (-want +got):\n%s", caps, diff)
		}
	})
}

func TestWithoutCheckpointingTheTasksAreLostAsTheSocketBreaks(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		call := subscribeCall("")
		dig(call, "subscribe", "framework_info").(object)["checkpoint"] = false
		cl.subscribe(call)
		cl.launch(cl.offers()[0], "t1")
		cl.settle(time.Second)
		cl.drop()
		a.Stop()
		want := []string{"UPDATE TASK_LOST SOURCE_MASTER REASON_AGENT_DISCONNECTED", "RESCIND"}
		if diff := cmp.Diff(want, cl.briefs()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	})
}

func TestAnAgentIsUnreachableAfterFiveMissedPings(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		time.Sleep(100 * time.Second)
		a.Partition()
		began := time.Now()
		time.Sleep(3 * time.Minute)
		for _, e := range cl.all() {
			if e.body["type"] == "FAILURE" {
				// The last ping that was answered is up to 15 s old as the partition begins.
				if d := e.at.Sub(began); d < 75*time.Second || d > 90*time.Second {
					t.Errorf("unreachable after %v, want 75 s to 90 s", d)
				}
				return
			}
		}
		t.Error("the agent never became unreachable")
	})
}

func TestAPartitionThatHealsInTimeGoesUnnoticed(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		cl.settle(3 * time.Second)
		cl.drop()
		a.Partition()
		cl.settle(time.Minute)
		a.Heal()
		cl.settle(5 * time.Minute)
		if got := cl.briefs(); len(got) != 0 {
			t.Errorf("got %v, want nothing", got)
		}
	})
}

func TestATaskThatEndsWhileItsAgentIsUnreachableIsToldWhenItReturns(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Runner = ScriptRunner{Script: func(*mesos.TaskInfo) Script {
			return EndAfter(time.Minute, mesos.TASK_FINISHED, "Command exited with status 0")
		}}
		a, cl := launched(t, c, spec)
		a.Partition()
		cl.settle(3 * time.Minute)
		a.Heal()
		cl.settle(5 * time.Second)
		// The end comes from the master as the agent registers, and then from the agent: once as it
		// resumes, once more as it hears of the framework.
		want := []string{
			"TASK_STARTING", "TASK_RUNNING", "TASK_UNREACHABLE", "TASK_FINISHED", "TASK_FINISHED", "TASK_FINISHED",
		}
		if diff := cmp.Diff(want, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestAnAgentMarkedGoneIsRefusedAndEndsItsTasks(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		a.Partition()
		cl.settle(2 * time.Minute)
		a.Gone()
		if c.LiveTasks() != 1 {
			t.Error("the task ended, although its agent cannot know that it is gone")
		}
		a.Heal()
		cl.settle(5 * time.Second)
		if c.LiveTasks() != 0 {
			t.Error("the task lives on, although its agent was refused")
		}
	})
}

func TestTasksOfARemovedFrameworkEndWhenTheirPartitionedAgentReturns(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		a.Partition()
		cl.settle(2 * time.Minute)
		cl.call(cl.simple("TEARDOWN"), http.StatusAccepted)
		if c.LiveTasks() != 1 {
			t.Error("the task ended, although its agent cannot know of the teardown")
		}
		a.Heal()
		time.Sleep(5 * time.Second)
		if c.LiveTasks() != 0 {
			t.Error("the task lives on, although its framework is removed")
		}
	})
}

// The accident that must never happen (Mesos master: CHECK(!tasks.contains)).
func TestATaskIDLaunchedAgainWhileItsAgentIsAwayTakesTheMasterDown(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "q1")
		cl.settle(time.Second)
		id := cl.frameworkID()
		a.Stop()
		c.StopMaster(0)
		c.StartMaster(0)
		c.AddAgent(smallAgent())
		time.Sleep(2 * time.Second)
		cl = newClient(t, c)
		cl.subscribe(subscribeCall(id))
		cl.launch(cl.offers()[0], "q1")
		cl.settle(time.Second)
		if n := len(c.Disasters()); n != 1 {
			t.Errorf("%d disasters were recorded at the launch, want 1: %v", n, c.Disasters())
		}
		a.Start()
		time.Sleep(2 * time.Second)
		if end := cl.streamEnd(); end == "" || end == "EOF" {
			t.Errorf("the stream ended with %q, want it broken: the master must have aborted", end)
		}
		if d := c.Disasters(); len(d) != 2 || !strings.Contains(d[1], "Duplicate task q1") {
			t.Errorf("got %v, want the master's abort recorded", d)
		}
		c.StartMaster(0)
		time.Sleep(5 * time.Second)
		if c.Leader() != -1 {
			t.Error("the master stays up, although both agents are there")
		}
	})
}

func TestAgentsAreRemovedNoFasterThanTheRateLimit(t *testing.T) {
	inBubble(t, Options{Flags: Flags{AgentRemovalInterval: time.Minute}}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		for range 3 {
			c.AddAgent(smallAgent()).Partition()
		}
		time.Sleep(10 * time.Minute)
		var gaps []time.Duration
		var last time.Time
		for _, e := range cl.all() {
			if e.body["type"] != "FAILURE" {
				continue
			}
			if !last.IsZero() {
				gaps = append(gaps, e.at.Sub(last))
			}
			last = e.at
		}
		if diff := cmp.Diff([]time.Duration{time.Minute, time.Minute}, gaps); diff != "" {
			t.Errorf("time between removals (-want +got):\n%s", diff)
		}
	})
}
