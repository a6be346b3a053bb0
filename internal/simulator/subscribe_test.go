package simulator

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// errorOf is the text of the ERROR event that ended a subscription, "" if there was none.
func errorOf(c *client) string {
	for _, e := range c.of("ERROR") {
		return dig(e, "error", "message").(string)
	}
	return ""
}

// infoOf is the FrameworkInfo of a SUBSCRIBE.
func infoOf(call object) object { return dig(call, "subscribe", "framework_info").(object) }

// subscribeCases are the cases of SUBSCRIBE: all are answered 200, and err is the ERROR event that follows.
var subscribeCases = map[string]struct {
	flags  Flags
	before func(t *testing.T, c *Cluster) (id string) // makes the framework that is known
	change func(call object)
	err    string
}{
	"no id: a new FrameworkID": {},
	"id unknown to this master: accepted as is": {
		before: func(*testing.T, *Cluster) string { return "some-other-0042" },
	},
	"id known, disconnected": {before: knownFramework(func(cl *client) { cl.close() })},
	"id in completed": {
		before: knownFramework(func(cl *client) { cl.call(cl.simple("TEARDOWN"), http.StatusAccepted) }),
		err:    "Framework has been removed",
	},
	"roles not whitelisted": {flags: Flags{Roles: []string{"other"}}, err: "Role 'demo' is not present in the master's --roles"},
	"bad role": {
		change: func(call object) { infoOf(call)["roles"] = []any{"/x"} },
		err:    "'FrameworkInfo.roles' contains invalid role: Role '/x' cannot start with a slash",
	},
	"roles without MULTI_ROLE": {
		change: func(call object) { infoOf(call)["capabilities"] = []any{} },
		err:    "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable",
	},
	"role with MULTI_ROLE": {
		change: func(call object) { infoOf(call)["role"] = "demo" },
		err:    "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable",
	},
	"duplicate roles": {
		change: func(call object) { infoOf(call)["roles"] = []any{"a", "a"} },
		err:    "'FrameworkInfo.roles' contains duplicate items: a",
	},
	"suppressed role not in roles": {
		change: func(call object) { call["subscribe"].(object)["suppressed_roles"] = []any{"zz"} },
		err:    "Suppressed roles { zz } are not contained in the set of roles",
	},
	"failover_timeout not a Duration (overflow)": {
		change: func(call object) { infoOf(call)["failover_timeout"] = 1e30 },
		err:    "The framework failover_timeout (1e+30) is invalid: Argument out of the range that a Duration can represent",
	},
	"failover_timeout -1 is accepted": {change: func(call object) { infoOf(call)["failover_timeout"] = -1.0 }},
	"bad id chars": {
		before: func(*testing.T, *Cluster) string { return "a/b" },
		err:    "Framework ID: 'a/b' contains invalid characters",
	},
	"user root without --root_submissions": {
		flags: Flags{RefuseRoot: true}, err: "User 'root' is not allowed to run frameworks without --root_submissions set",
	},
	"principal differs from the known framework's": {
		before: knownFramework(func(*client) {}),
		change: func(call object) { infoOf(call)["principal"] = "other" },
		err:    "Changing framework's principal is not allowed.",
	},
	"user or checkpoint differ: silently kept": {
		before: knownFramework(func(*client) {}),
		change: func(call object) { infoOf(call)["user"] = "nobody"; infoOf(call)["checkpoint"] = false },
	},
}

func TestSubscribe(t *testing.T) {
	for name, tc := range subscribeCases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Flags: tc.flags}, func(in bubble) {
				t, c := in.t, in.cluster
				id := ""
				if tc.before != nil {
					id = tc.before(t, c)
				}
				call := subscribeCall(id)
				if tc.change != nil {
					tc.change(call)
				}
				cl := newClient(t, c)
				got := cl.subscribe(call)
				if got.status != http.StatusOK || cl.streamID == "" {
					t.Fatalf("got %d, want 200 and a stream id in any case", got.status)
				}
				if text := errorOf(cl); text != tc.err {
					t.Errorf("ERROR %q, want %q", text, tc.err)
				}
				if tc.err != "" {
					if cl.streamEnd() != "EOF" {
						t.Errorf("the stream ended with %q, want EOF", cl.streamEnd())
					}
					return
				}
				if diff := cmp.Diff([]string{"SUBSCRIBED", "HEARTBEAT"}, kinds(cl)); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				if id != "" && cl.frameworkID() != id {
					t.Errorf("the ID became %s, want it kept: %s", cl.frameworkID(), id)
				}
			})
		})
	}
}

// knownFramework subscribes one and does something with it.
func knownFramework(do func(*client)) func(*testing.T, *Cluster) string {
	return func(t *testing.T, c *Cluster) string {
		t.Helper()
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		id := cl.frameworkID()
		do(cl)
		synctest.Wait()
		return id
	}
}

func kinds(c *client) (out []string) {
	for _, e := range c.all() {
		out = append(out, e.body["type"].(string))
	}
	return out
}

func TestARetryAfterALostAnswerMakesASecondFramework(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.Inject(Fault{Target: CallFault, Type: "SUBSCRIBE", Action: DropAnswer})
		cl := newClient(t, c)
		b, err := jsonWire{}.call(subscribeCall(""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cl.open(b, nil); err == nil {
			t.Fatal("the answer arrived")
		}
		cl.subscribe(subscribeCall(""))
		synctest.Wait()
		if n := len(c.Frameworks()); n != 2 {
			t.Errorf("the master knows %d frameworks, want 2", n)
		}
	})
}

func TestTheLastSubscriberWins(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		a, b := newClient(t, c), newClient(t, c)
		a.subscribe(subscribeCall(""))
		offer := a.offers()[0]
		id := a.frameworkID()
		a.drop()
		b.subscribe(subscribeCall(id))
		// No RESCIND: the old offers are silently invalid.
		if diff := cmp.Diff([]string{"ERROR"}, kinds(a)); diff != "" {
			t.Errorf("events of the old stream (-want +got):\n%s", diff)
		}
		if errorOf(a) != "Framework failed over" || a.streamEnd() != "EOF" {
			t.Errorf("the old stream says %q and ends with %q", errorOf(a), a.streamEnd())
		}
		a.call(a.simple("REVIVE"), http.StatusBadRequest)
		b.launch(offer, "t1")
		if diff := cmp.Diff([]string{"TASK_DROPPED"}, b.states("t1")); diff != "" {
			t.Errorf("launch with an offer of the old stream (-want +got):\n%s", diff)
		}
	})
}

func TestSuppressedRolesAreSetToExactlyTheListSent(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		call := subscribeCall("")
		call["subscribe"].(object)["suppressed_roles"] = []any{"demo"}
		cl := newClient(t, c)
		cl.subscribe(call)
		time.Sleep(5 * time.Second)
		if n := len(cl.offers()); n != 0 {
			t.Errorf("got %d offers while suppressed, want none", n)
		}
		id := cl.frameworkID()
		cl.close()
		synctest.Wait()
		cl.subscribe(subscribeCall(id))
		if n := len(cl.offers()); n != 1 {
			t.Errorf("got %d offers, want 1: leaving the list out lifts the suppression", n)
		}
	})
}

func TestFailoverTimeout(t *testing.T) {
	cases := map[string]struct {
		timeout float64
		away    time.Duration
		raise   bool
		removed bool
	}{
		"back in time":                         {timeout: 10, away: 9 * time.Second},
		"back too late":                        {timeout: 10, away: 11 * time.Second, removed: true},
		"default 0: at once":                   {timeout: 0, away: time.Second, removed: true},
		"raised by UPDATE_FRAMEWORK meanwhile": {timeout: 10, away: 60 * time.Second, raise: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				c.AddAgent(smallAgent())
				call := subscribeCall("")
				infoOf(call)["failover_timeout"] = tc.timeout
				cl := newClient(t, c)
				cl.subscribe(call)
				cl.launch(cl.offers()[0], "t1")
				cl.settle(time.Second)
				id := cl.frameworkID()
				if tc.raise {
					info := infoOf(subscribeCall(id))
					update := cl.simple("UPDATE_FRAMEWORK")
					update["update_framework"] = object{"framework_info": info}
					if got := cl.call(update, http.StatusOK); got.body != "" {
						t.Errorf("UPDATE_FRAMEWORK answered %q, want nothing", got.body)
					}
				}
				cl.close()
				time.Sleep(tc.away)
				cl.subscribe(subscribeCall(id))
				if got := errorOf(cl) == "Framework has been removed"; got != tc.removed {
					t.Errorf("removed: %t, want %t", got, tc.removed)
				}
				if live := c.LiveTasks() == 1; live == tc.removed {
					t.Errorf("the task lives: %t", live)
				}
			})
		})
	}
}

// A framework that never subscribes to the new master has no timer: its tasks run for ever.
func TestARecoveredFrameworkIsNeverRemoved(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		_, cl := launched(t, c, smallAgent())
		c.StopMaster(0)
		c.StartMaster(0)
		time.Sleep(24 * time.Hour)
		if c.LiveTasks() != 1 {
			t.Error("the task ended")
		}
		call, err := jsonWire{}.call(cl.simple("REVIVE"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cl.send(call, nil); err != nil || got.status != 403 || got.body != "Framework is not subscribed" {
			t.Errorf("got %v %v, want 403: the framework is known from its task", got, err)
		}
	})
}

func TestACompletedFrameworkIsForgottenAfterFiftyMoreOrAFailover(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		removed := func() string {
			cl := newClient(t, c)
			defer cl.close()
			cl.subscribe(subscribeCall(""))
			id := cl.frameworkID()
			cl.call(cl.simple("TEARDOWN"), http.StatusAccepted)
			return id
		}
		refused := func(id string) bool {
			cl := newClient(t, c)
			defer cl.close()
			cl.subscribe(subscribeCall(id))
			return errorOf(cl) != ""
		}
		first := removed()
		for range 50 {
			if !refused(first) {
				t.Fatal("forgotten too early")
			}
			removed()
		}
		if refused(first) {
			t.Error("remembered beyond 50 newer ones")
		}
		last := removed()
		c.StopMaster(0)
		c.StartMaster(0)
		time.Sleep(time.Second)
		if refused(last) {
			t.Error("remembered beyond a master failover")
		}
	})
}

func TestHeartbeatsGoOnWhateverElseIsSent(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		for range 60 {
			time.Sleep(time.Second)
			cl.reconcile([2]string{"x", ""})
		}
		if n := len(cl.of("HEARTBEAT")); n != 5 {
			t.Errorf("got %d heartbeats in 60 s, want 5", n)
		}
	})
}
