package simulator

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// grouped is a scene with a task group g1, g2 that runs, beside the task t1.
func grouped(t *testing.T, c *Cluster) *scene {
	t.Helper()
	s := &scene{t: t, cluster: c, agent: c.AddAgent(smallAgent()), client: newClient(t, c)}
	s.client.subscribe(subscribeCall(""))
	s.client.launch(s.client.offers()[0], "t1")
	s.wait(3 * time.Second)
	s.launchGroup("g1", "g2")
	return s
}

// cpusOffered is what the last offer holds.
func cpusOffered(c *client) float64 {
	offers := c.offers()
	return number(dig(offers[len(offers)-1], "resources", "0", "scalar", "value"))
}

// unusedMillicpus is what of an agent's cpus the master has free or offered.
func unusedMillicpus(c *Cluster, a *Agent) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.leader.slaves[a.id]
	n := cpusOf(s.free)
	for o := range s.offers {
		n += cpusOf(o.resources)
	}
	return n
}

func TestATaskGroupSurvivesAMasterFailover(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		s := grouped(in.t, in.cluster)
		s.failOver()
		s.agent.Start()
		s.wait(3 * time.Second)
		// The executor's own share is still in use: 2 less t1, g1, g2 and the executor with 0.1 each.
		if got := cpusOffered(s.client); got != 1.6 {
			in.t.Errorf("%v cpus are offered, want 1.6", got)
		}
		s.client.reconcile([2]string{"g1", ""})
		u := s.client.updates("g1")
		if last := u[len(u)-1]; last["state"] != "TASK_RUNNING" || dig(last, "executor_id", "value") != "ex" {
			in.t.Errorf("got %v, want it RUNNING in its executor", last)
		}
		s.client.call(s.client.simple("TEARDOWN"), http.StatusAccepted)
		time.Sleep(time.Second) // they have a grace period
		if n := in.cluster.LiveTasks(); n != 0 {
			in.t.Errorf("%d tasks are live after the teardown, want none", n)
		}
		cl := newClient(in.t, in.cluster)
		cl.subscribe(subscribeCall(""))
		if got := cpusOffered(cl); got != 2 {
			in.t.Errorf("%v cpus are offered after the teardown, want all 2", got)
		}
	})
}

func TestAKillWhileAGroupIsQueuedKillsAllOfIt(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		s := grouped(in.t, in.cluster)
		s.client.kill("g1", "")
		s.wait(5 * time.Second)
		offers := s.client.offers()
		offer := offers[len(offers)-1]
		call := s.client.acceptCall(offer)
		call["accept"].(object)["operations"] = []any{object{"type": "LAUNCH_GROUP", "launch_group": object{
			"executor":   object{"type": "DEFAULT", "executor_id": value("ex2"), "resources": taskFor("", offer)["resources"]},
			"task_group": object{"tasks": []any{taskFor("q1", offer), taskFor("q2", offer)}},
		}}}
		s.client.call(call, http.StatusAccepted)
		s.client.kill("q1", "")
		s.wait(5 * time.Second)
		for _, id := range []string{"q1", "q2"} {
			if diff := cmp.Diff([]string{"TASK_KILLED"}, s.client.states(id)); diff != "" {
				in.t.Errorf("%s (-want +got):\n%s", id, diff)
			}
		}
		if n := in.cluster.LiveTasks(); n != 1 {
			in.t.Errorf("%d tasks are live, want t1 alone", n)
		}
		if got := unusedMillicpus(in.cluster, s.agent); got != 1900 {
			in.t.Errorf("%d millicpus are unused, want all but those of t1", got)
		}
	})
}

func TestAGroupThatDoesNotFitIsRefusedWhole(t *testing.T) {
	cases := map[string]struct {
		change func(op object)
		want   string
	}{
		"more than the offer has": {
			func(op object) {
				dig(op, "launch_group", "executor", "resources", "0", "scalar").(object)["value"] = 100.0
			},
			"Total resources cpus(allocated: demo):100.2; mem(allocated: demo):96 required by task group and its executor are more than " +
				"available cpus(allocated: demo):2; mem(allocated: demo):2048; disk(allocated: demo):4096",
		},
		"one of them twice": {
			func(op object) {
				dig(op, "launch_group", "task_group", "tasks", "1").(object)["task_id"] = value("a")
			},
			"Task 'a' is invalid: Task has duplicate ID: a",
		},
		"one without a command": {
			func(op object) { delete(dig(op, "launch_group", "task_group", "tasks", "1").(object), "command") },
			"Task 'b' is invalid: 'TaskInfo.command' must be set",
		},
		"an operation ID": {
			func(op object) { op["id"] = value("op") }, "The `id` field cannot be set on LAUNCH_GROUP operations",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				c.AddAgent(smallAgent())
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				offer := cl.offers()[0]
				op := object{"type": "LAUNCH_GROUP", "launch_group": object{
					"executor":   object{"type": "DEFAULT", "executor_id": value("ex"), "resources": taskFor("", offer)["resources"]},
					"task_group": object{"tasks": []any{taskFor("a", offer), taskFor("b", offer)}},
				}}
				tc.change(op)
				call := cl.acceptCall(offer)
				call["accept"].(object)["operations"] = []any{op}
				cl.call(call, http.StatusAccepted)
				var got []refusal
				for _, id := range []string{"a", "b"} {
					got = append(got, refusalsOf(cl, id)...)
				}
				want := refusal{"TASK_ERROR", "REASON_TASK_GROUP_INVALID", tc.want}
				if diff := cmp.Diff([]refusal{want, want}, got); diff != "" {
					t.Errorf("refusals (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestATaskThatFinishesLeavesItsGroupAlone(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Runner = ScriptRunner{Script: finishing("g1")}
		s := &scene{t: t, cluster: c, agent: c.AddAgent(spec), client: newClient(t, c)}
		s.client.subscribe(subscribeCall(""))
		s.launchGroup("g1", "g2")
		s.wait(time.Minute)
		if got := s.client.states("g1"); !slices.Contains(got, "TASK_FINISHED") {
			t.Errorf("g1: %v", got)
		}
		if diff := cmp.Diff([]string{"TASK_STARTING", "TASK_RUNNING"}, s.client.states("g2")); diff != "" {
			t.Errorf("g2 (-want +got):\n%s", diff)
		}
	})
}
