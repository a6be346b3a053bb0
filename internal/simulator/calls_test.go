package simulator

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// refusal is what a task of an ACCEPT hears that is not launched.
type refusal struct{ State, Reason, Message string }

func refusalsOf(c *client, task string) (out []refusal) {
	for _, s := range c.updates(task) {
		if s["uuid"] != nil || s["source"] != "SOURCE_MASTER" {
			continue
		}
		out = append(out, refusal{s["state"].(string), s["reason"].(string), s["message"].(string)})
	}
	return out
}

func invalid(message string) *refusal { return &refusal{"TASK_ERROR", "REASON_TASK_INVALID", message} }

// acceptRules are the master's checks of a task in their order (validation.cpp): each case breaks its
// rule and, where that can be, the ones after it.
var acceptRules = map[string]struct {
	change func(task object, offer object)
	want   *refusal
}{
	"a good task": {},
	"task id empty": {
		change: func(t, _ object) { t["task_id"] = value(""); t["agent_id"] = value("x") }, want: invalid("ID must not be empty"),
	},
	"task id over 255 characters": {
		change: func(t, _ object) { t["task_id"] = value(strings.Repeat("x", 256)) }, want: invalid("ID must not be greater than 255 characters"),
	},
	"task id with a backslash": {
		change: func(t, _ object) { t["task_id"] = value(`a\b`) }, want: invalid(`'a\b' contains invalid characters`),
	},
	"task id ..": {change: func(t, _ object) { t["task_id"] = value("..") }, want: invalid("'..' is disallowed")},
	"task id in use": {
		change: func(t, _ object) { t["task_id"] = value("live"); t["agent_id"] = value("x") }, want: invalid("Task has duplicate ID: live"),
	},
	"agent_id is not the offer's": {
		change: func(t, _ object) { t["agent_id"] = value("x"); t["resources"] = []any{} },
		want:   invalid("Task uses invalid agent x while agent AGENT is expected"),
	},
	"kill_policy negative": {
		change: func(t, _ object) {
			t["kill_policy"] = object{"grace_period": object{"nanoseconds": -1}}
			t["max_completion_time"] = object{"nanoseconds": -1}
		},
		want: invalid("Task's 'kill_policy.grace_period' must be non-negative"),
	},
	"max_completion_time negative": {
		change: func(t, _ object) {
			t["max_completion_time"] = object{"nanoseconds": -1}
			t["check"] = object{"type": "TCP"}
		},
		want: invalid("Task's `max_completion_time` must be non-negative"),
	},
	"check without its message": {
		change: func(t, _ object) { t["check"] = object{"type": "TCP"}; t["health_check"] = object{"type": "TCP"} },
		want:   invalid("Task uses invalid check: Expecting 'tcp' to be set for TCP check"),
	},
	"health check negative": {
		change: func(t, _ object) {
			t["health_check"] = object{"type": "COMMAND", "command": object{"value": "true"}, "delay_seconds": -1.0}
			t["resources"] = []any{}
		},
		want: invalid("Task uses invalid health check: Expecting 'delay_seconds' to be non-negative"),
	},
	"no resources": {
		change: func(t, _ object) { t["resources"] = []any{}; delete(t, "command") }, want: invalid("Task uses no resources"),
	},
	"negative resources": {
		change: func(t, _ object) { dig(t, "resources", "0", "scalar").(object)["value"] = -1.0 },
		want:   invalid("Resource 'cpus(allocated: demo):-1' is invalid: Invalid scalar resource: value <= 0"),
	},
	"resources of several roles": {
		change: func(t, _ object) { dig(t, "resources", "0").(object)["allocation_info"] = object{"role": "other"} },
		want:   invalid("Invalid task resources: The resources have multiple allocation roles ('demo' and 'other') but only one allocation role is allowed"),
	},
	"an environment variable without a value": {
		change: func(t, _ object) {
			t["command"] = object{"value": "true", "environment": object{"variables": []any{object{"name": "A"}}}}
		},
		want: invalid("Task's `CommandInfo` is invalid: Environment variable 'A' of type 'VALUE' must have a value set"),
	},
	"a volume without a source": {
		change: func(t, _ object) {
			t["container"] = object{"type": "MESOS", "volumes": []any{object{"container_path": "/a", "mode": "RW"}}}
		},
		want: invalid("Task's `ContainerInfo` is invalid: Invalid volume: Only one of them should be set: 'host_path', 'image' and 'source'"),
	},
	"a volume whose source is not there": {
		change: func(t, _ object) {
			t["container"] = object{"type": "MESOS", "volumes": []any{object{"container_path": "/a", "mode": "RW", "source": object{"type": "SANDBOX_PATH"}}}}
		},
		want: invalid("Task's `ContainerInfo` is invalid: Invalid volume: 'source.sandbox_path' is not set for SANDBOX_PATH volume"),
	},
	"a volume of an unknown source": {
		change: func(t, _ object) {
			t["container"] = object{"type": "MESOS", "volumes": []any{object{"container_path": "/a", "mode": "RW", "source": object{}}}}
		},
		want: invalid("Task's `ContainerInfo` is invalid: Invalid volume: 'source.type' is unknown"),
	},
	"Docker of which nothing is said": {
		change: func(t, _ object) { t["container"] = object{"type": "DOCKER"} },
		want:   invalid("Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"),
	},
	"a Docker container with a name": {
		change: func(t, _ object) {
			t["container"] = object{"type": "DOCKER", "docker": object{"image": "x", "parameters": []any{object{"key": "name", "value": "y"}}}}
		},
		want: invalid("Task's `ContainerInfo` is invalid: Parameter in DockerInfo must not be 'name'"),
	},
	"cgroups of its own": {
		change: func(t, _ object) {
			t["container"] = object{"type": "MESOS", "linux_info": object{"share_cgroups": false}}
		},
		want: invalid("Only tasks in a task group may have 'share_cgroups' set to 'false'"),
	},
	"neither command nor executor": {
		change: func(t, _ object) { delete(t, "command"); dig(t, "resources", "0", "scalar").(object)["value"] = 1000.0 },
		want:   invalid("Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"),
	},
	"more resources than the offer has": {
		change: func(t, _ object) { dig(t, "resources", "1", "scalar").(object)["value"] = 4096.0 },
		want: invalid("Total resources cpus(allocated: demo):0.1; mem(allocated: demo):4096 required by task and its executor is more than " +
			"available cpus(allocated: demo):1.9; mem(allocated: demo):2016; disk(allocated: demo):4096"),
	},
}

func TestAcceptChecksEachTask(t *testing.T) {
	for name, tc := range acceptRules {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				a := c.AddAgent(smallAgent())
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				cl.launch(cl.offers()[0], "live")
				cl.settle(2 * time.Second)
				offer := cl.offers()[1]
				cl.drop()
				task := taskFor("new", offer)
				if tc.change != nil {
					tc.change(task, offer)
				}
				id := dig(task, "task_id", "value").(string)
				cl.call(cl.acceptCall(offer, task), http.StatusAccepted)
				var want []refusal
				if tc.want != nil {
					one := *tc.want
					one.Message = strings.ReplaceAll(one.Message, "AGENT", a.ID())
					want = append(want, one)
				}
				if diff := cmp.Diff(want, refusalsOf(cl, id)); diff != "" {
					t.Errorf("refusal (-want +got):\n%s", diff)
				}
				cl.settle(2 * time.Second)
				if n := len(cl.offers()); n != 1 {
					t.Errorf("what was left came back in %d offers, want 1", n)
				}
				live := 1
				if tc.want == nil {
					live = 2
				}
				if n := c.LiveTasks(); n != live {
					t.Errorf("%d tasks are live, want %d", n, live)
				}
			})
		})
	}
}

func TestAcceptRefusesTheIDOfAnUnreachableTask(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		a.Partition()
		cl.settle(2 * time.Minute)
		c.AddAgent(smallAgent())
		offers := cl.offers()
		cl.drop()
		cl.launch(offers[len(offers)-1], "t1")
		want := []refusal{*invalid("Task reuses the ID of an unreachable task: t1")}
		if diff := cmp.Diff(want, refusalsOf(cl, "t1")); diff != "" {
			t.Errorf("refusal (-want +got):\n%s", diff)
		}
	})
}

// Offers are valid together or not at all.
func TestAcceptChecksItsOffersAsOne(t *testing.T) {
	cases := map[string]struct {
		ids     func(offers []object) []any
		message string
	}{
		"one is no longer there": {func(o []object) []any { return []any{o[0]["id"], value("old-O9")} }, "Offer old-O9 is no longer valid"},
		"one is named twice":     {func(o []object) []any { return []any{o[0]["id"], o[0]["id"]} }, "Duplicate offer O0 in offer list"},
		"they are of two agents": {func(o []object) []any { return []any{o[0]["id"], o[1]["id"]} }, "Aggregated offers must belong to one single agent. Offer O1 uses agent S1 and agent S0"},
		"none is named":          {func([]object) []any { return []any{} }, "No offers specified"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			for _, partitionAware := range []bool{true, false} {
				acceptWithBadOffers(t, partitionAware, tc.ids, tc.message)
			}
		})
	}
}

func acceptWithBadOffers(t *testing.T, partitionAware bool, ids func([]object) []any, message string) {
	t.Helper()
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		first, second := c.AddAgent(smallAgent()), c.AddAgent(smallAgent())
		cl := newClient(t, c)
		want := refusal{"TASK_DROPPED", "REASON_INVALID_OFFERS", ""}
		if partitionAware {
			cl.subscribe(subscribeCall(""))
		} else {
			cl.subscribe(subscribeCall("", "MULTI_ROLE"))
			want.State = "TASK_LOST"
		}
		offers := cl.offers()
		call := cl.acceptCall(offers[0], taskFor("t1", offers[0]), taskFor("t2", offers[0]))
		named := ids(offers)
		call["accept"].(object)["offer_ids"] = named
		cl.call(call, http.StatusAccepted)
		want.Message = "Task launched with invalid offers: " + strings.NewReplacer(
			"O0", dig(offers[0], "id", "value").(string), "O1 ", dig(offers[1], "id", "value").(string)+" ", "S0", first.ID(), "S1", second.ID(),
		).Replace(message)
		for _, task := range []string{"t1", "t2"} {
			if diff := cmp.Diff([]refusal{want}, refusalsOf(cl, task)); diff != "" {
				t.Errorf("partition aware %t, %s (-want +got):\n%s", partitionAware, task, diff)
			}
		}
		// What was still valid goes back to the allocator: no filter, no RESCIND.
		cl.settle(1100 * time.Millisecond)
		valid := map[any]bool{}
		for _, id := range named {
			for _, o := range offers {
				if dig(id, "value") == dig(o, "id", "value") {
					valid[dig(id, "value")] = true
				}
			}
		}
		if n := len(cl.offers()) - len(offers); n != len(valid) || len(cl.of("RESCIND")) != 0 {
			t.Errorf("%d offers came anew and %d were rescinded, want %d and none", n, len(cl.of("RESCIND")), len(valid))
		}
	})
}

func TestAnAcceptedTaskIsStagingAtOnce(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		if got := cl.states("t1"); len(got) != 0 {
			t.Errorf("got %v, want no update for STAGING", got)
		}
		cl.reconcile([2]string{"t1", ""})
		if diff := cmp.Diff([]string{"TASK_STAGING"}, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestALostRunTaskComesOutAsTheAgentRegistersAgain(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		lost := c.Inject(Fault{Target: MessageFault, Type: RunTask, Action: Drop})
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		cl.settle(time.Hour)
		cl.reconcile([2]string{"t1", a.ID()})
		a.Restart(time.Second)
		time.Sleep(5 * time.Second) // unacknowledged for now
		s := cl.updates("t1")[1]
		want := object{"state": "TASK_DROPPED", "source": "SOURCE_AGENT", "reason": "REASON_RECONCILIATION"}
		for k, v := range want {
			if s[k] != v {
				t.Errorf("%s is %v, want %v", k, s[k], v)
			}
		}
		if s["uuid"] == nil {
			t.Error("the update has no uuid")
		}
		cl.settle(time.Minute)
		cl.drop()
		cl.settle(time.Hour)
		if got := cl.states("t1"); len(got) != 0 || lost.Hits() != 1 {
			t.Errorf("after the acknowledgement came %v; the fault struck %d times", got, lost.Hits())
		}
	})
}

// offerOn is the latest offer of an agent.
func offerOn(cl *client, a *Agent) (last object) {
	for _, o := range cl.offers() {
		if dig(o, "agent_id", "value") == a.ID() {
			last = o
		}
	}
	return last
}

func TestAKillDuringTheLaunchSaysSo(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		cl.kill("t1", "")
		cl.settle(time.Minute)
		want := []string{"UPDATE TASK_KILLED SOURCE_AGENT REASON_TASK_KILLED_DURING_LAUNCH uuid"}
		got := slices.DeleteFunc(cl.briefs(), func(s string) bool { return !strings.HasPrefix(s, "UPDATE") })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("updates (-want +got):\n%s", diff)
		}
	})
}

// outcome is what a kill brings: states beyond STARTING and RUNNING, and how many tasks live on.
type outcome struct {
	States []string // beyond STARTING and RUNNING
	Live   int
}

var killed = []string{"TASK_KILLING", "TASK_KILLED"}

// killRules are the rules of KILL, by their condition.
var killRules = map[string]struct {
	caps   []string
	script func() Script
	do     func(cl *client, a *Agent, c *Cluster)
	want   outcome
}{
	"known, with its agent": {
		do: func(cl *client, a *Agent, _ *Cluster) { cl.kill("t1", a.ID()) }, want: outcome{States: killed},
	},
	"known, without agent": {do: func(cl *client, _ *Agent, _ *Cluster) { cl.kill("t1", "") }, want: outcome{States: killed}},
	"agent_id given and wrong: dropped silently": {
		do: func(cl *client, _ *Agent, _ *Cluster) { cl.kill("t1", "other") }, want: outcome{Live: 1},
	},
	"no TASK_KILLING without TASK_KILLING_STATE": {
		caps: []string{"PARTITION_AWARE", "MULTI_ROLE"},
		do:   func(cl *client, _ *Agent, _ *Cluster) { cl.kill("t1", "") }, want: outcome{States: []string{"TASK_KILLED"}},
	},
	"repeated: forwarded each time, killed once": {
		do: func(cl *client, a *Agent, _ *Cluster) {
			for range 5 {
				cl.kill("t1", a.ID())
			}
		},
		want: outcome{States: killed},
	},
	"ends as killed, even with exit status 0": {
		script: func() Script {
			s := EndAfter(2*time.Second, mesos.TASK_FINISHED, "Command exited with status 0")
			s.KillAfter = time.Minute
			return s
		},
		do:   func(cl *client, _ *Agent, _ *Cluster) { cl.kill("t1", "") },
		want: outcome{States: killed},
	},
	"disconnected: resent when the agent re-registers": {
		do: func(cl *client, a *Agent, _ *Cluster) {
			a.Stop()
			cl.kill("t1", a.ID())
			a.Start()
		},
		want: outcome{States: killed},
	},
	"unreachable: reconciled, and not remembered": {
		do: func(cl *client, a *Agent, _ *Cluster) {
			a.Partition()
			cl.settle(2 * time.Minute)
			cl.kill("t1", a.ID())
			a.Heal()
		},
		want: outcome{States: []string{"TASK_UNREACHABLE", "TASK_UNREACHABLE", "TASK_RUNNING"}, Live: 1},
	},
	"the agent never got the task and nothing else of the framework: silence": {
		do: func(cl *client, _ *Agent, c *Cluster) {
			c.Inject(Fault{Target: MessageFault, Type: RunTask, Action: Drop})
			second := c.AddAgent(smallAgent())
			cl.launch(offerOn(cl, second), "t2")
			cl.kill("t2", second.ID())
		},
		want: outcome{Live: 1},
	},
	"the agent never got the task: cannot find executor": {
		do: func(cl *client, a *Agent, c *Cluster) {
			cl.settle(2 * time.Second)
			c.Inject(Fault{Target: MessageFault, Type: RunTask, Action: Drop})
			cl.launch(offerOn(cl, a), "t2")
			cl.kill("t2", a.ID())
		},
		want: outcome{States: []string{"TASK_DROPPED"}, Live: 1},
	},
	"queued: killed during launch": {
		do: func(cl *client, a *Agent, _ *Cluster) {
			cl.settle(2 * time.Second)
			cl.launch(offerOn(cl, a), "t2")
			cl.kill("t2", a.ID())
		},
		want: outcome{States: []string{"TASK_KILLED"}, Live: 1},
	},
	"lost on the way to the agent": {
		do: func(cl *client, _ *Agent, c *Cluster) {
			c.Inject(Fault{Target: MessageFault, Type: KillTask, Action: Drop})
			cl.kill("t1", "")
		},
		want: outcome{Live: 1},
	},
	"lost on the way to the agent, then repeated": {
		do: func(cl *client, _ *Agent, c *Cluster) {
			c.Inject(Fault{Target: MessageFault, Type: KillTask, Action: Drop})
			cl.kill("t1", "")
			cl.kill("t1", "")
		},
		want: outcome{States: killed},
	},
}

func TestKill(t *testing.T) {
	for name, tc := range killRules {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				spec := smallAgent()
				if tc.script != nil {
					spec.Runner = ScriptRunner{Script: func(*mesos.TaskInfo) Script { return tc.script() }}
				}
				a := c.AddAgent(spec)
				cl := newClient(t, c)
				cl.subscribe(subscribeCall("", tc.caps...))
				cl.launch(cl.offers()[0], "t1")
				cl.settle(time.Second)
				before := len(cl.states(""))
				tc.do(cl, a, c)
				cl.settle(8 * time.Second)
				got := outcome{cl.states("")[before:], c.LiveTasks()}
				if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAKillIsForcedAfterTheGracePeriod(t *testing.T) {
	cases := map[string]struct {
		policy object
		after  time.Duration
	}{
		"default": {nil, 3 * time.Second},
		"policy":  {object{"grace_period": object{"nanoseconds": 500_000_000}}, 500 * time.Millisecond},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				spec := smallAgent()
				spec.Runner = ScriptRunner{Script: func(*mesos.TaskInfo) Script {
					s := Stay()
					s.KillAfter = time.Hour
					return s
				}}
				c.AddAgent(spec)
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				offer := cl.offers()[0]
				task := taskFor("t1", offer)
				if tc.policy != nil {
					task["kill_policy"] = tc.policy
				}
				cl.call(cl.acceptCall(offer, task), http.StatusAccepted)
				cl.settle(time.Second)
				began := time.Now()
				cl.kill("t1", "")
				cl.settle(10 * time.Second)
				for _, e := range cl.all() {
					if dig(e.body, "update", "status", "state") != "TASK_KILLED" {
						continue
					}
					if d := e.at.Sub(began); d < tc.after || d > tc.after+50*time.Millisecond {
						t.Errorf("killed after %v, want %v", d, tc.after)
					}
					if m := dig(e.body, "update", "status", "message"); m != "Command terminated with signal Killed" {
						t.Errorf("the message is %v", m)
					}
					return
				}
				t.Error("the task was not killed")
			})
		})
	}
}

// Rules of section 7: who gets which update, when, and what an acknowledgement does.
func TestAcknowledge(t *testing.T) {
	other := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))
	cases := map[string]struct {
		change func(ack object)
		do     func(c *Cluster, a *Agent)
		next   bool // the next update comes
	}{
		"agent_id, task_id and uuid right: the next goes out": {next: true},
		"wrong uuid is ignored":                               {change: func(ack object) { ack["uuid"] = other }},
		"unknown task is ignored":                             {change: func(ack object) { ack["task_id"] = value("nobody") }},
		"agent not registered: dropped with 202":              {change: func(ack object) { ack["agent_id"] = value("nobody") }},
		"agent disconnected: dropped with 202":                {do: func(_ *Cluster, a *Agent) { a.Stop() }},
		"lost between master and agent": {do: func(c *Cluster, _ *Agent) {
			c.Inject(Fault{Target: MessageFault, Type: AcknowledgeUpdate, Action: Drop})
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				a := c.AddAgent(smallAgent())
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				cl.launch(cl.offers()[0], "t1")
				time.Sleep(time.Second)
				s := cl.updates("t1")[0]
				if tc.do != nil {
					tc.do(c, a)
				}
				ack := object{"agent_id": s["agent_id"], "task_id": s["task_id"], "uuid": s["uuid"]}
				if tc.change != nil {
					tc.change(ack)
				}
				call := cl.simple("ACKNOWLEDGE")
				call["acknowledge"] = ack
				cl.call(call, http.StatusAccepted)
				time.Sleep(time.Second)
				want := []string{"TASK_STARTING"}
				if tc.next {
					want = append(want, "TASK_RUNNING")
				}
				if diff := cmp.Diff(want, cl.states("t1")); diff != "" {
					t.Errorf("states (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestAnUnacknowledgedUpdateIsRepeatedAfterTenSecondsDoubling(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		time.Sleep(time.Hour)
		var gaps []time.Duration
		var last time.Time
		uuids := map[any]bool{}
		for _, e := range cl.all() {
			if e.body["type"] != "UPDATE" {
				continue
			}
			uuids[dig(e.body, "update", "status", "uuid")] = true
			if !last.IsZero() {
				gaps = append(gaps, e.at.Sub(last))
			}
			last = e.at
		}
		want := []time.Duration{10, 20, 40, 80, 160, 320, 600, 600, 600, 600}
		for i, s := range want {
			want[i] = s * time.Second //nolint:durationcheck // they are plain seconds so far
		}
		if diff := cmp.Diff(want, gaps); diff != "" || len(uuids) != 1 {
			t.Errorf("gaps (-want +got):\n%s%d uuids, want 1", diff, len(uuids))
		}
	})
}

func TestATerminalTaskStaysUntilItIsAcknowledged(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Runner = ScriptRunner{Script: func(*mesos.TaskInfo) Script {
			return Script{Steps: []Step{{Report: Report{State: mesos.TASK_FAILED, Message: "Command exited with status 1"}}}}
		}}
		a := c.AddAgent(spec)
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		time.Sleep(1500 * time.Millisecond)
		cl.reconcile([2]string{"t1", a.ID()})
		// It holds no resources, but keeps its ID busy.
		offers := cl.offers()
		if cpus := dig(offers[len(offers)-1], "resources", "0", "scalar", "value"); number(cpus) != 2 {
			t.Errorf("%v cpus are offered, want all 2", cpus)
		}
		cl.launch(offers[len(offers)-1], "t1")
		cl.acknowledge(cl.updates("t1")[0])
		cl.reconcile([2]string{"t1", a.ID()})
		want := []string{"TASK_FAILED", "TASK_FAILED", "TASK_ERROR", "TASK_GONE"}
		if diff := cmp.Diff(want, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}
