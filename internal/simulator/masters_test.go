package simulator

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// finishing is a script that lets one task finish after a second; the others stay.
func finishing(id string) func(*mesos.TaskInfo) Script {
	return func(info *mesos.TaskInfo) Script {
		if info.TaskID.Value == id {
			return EndAfter(time.Second, mesos.TASK_FINISHED, "Command exited with status 0")
		}
		return Stay()
	}
}

func TestAnotherMasterLeadsWhenTheLeaderStops(t *testing.T) {
	inBubble(t, Options{Masters: 3}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		id, old := cl.frameworkID(), c.MasterID()
		c.StopMaster(1) // a follower: nothing happens
		if got := cl.streamEnd(); got != "" || c.Leader() != 0 {
			t.Errorf("the stream ended with %q as a follower stopped, and %d leads", got, c.Leader())
		}
		c.StopMaster(0)
		if c.Leader() != -1 || c.MasterID() != "" {
			t.Error("somebody leads at once")
		}
		time.Sleep(5 * time.Second)
		if c.Leader() != 2 || c.MasterID() == old {
			t.Errorf("%d leads, want 2 in a new reign", c.Leader())
		}
		c.StartMaster(0) // as a follower now
		got := request1(t, cl, c.Masters()[0].URL(), httpCase{body: "{}"})
		if got.status != http.StatusTemporaryRedirect || got.header.Get("Location") != "//master-3.sim:5050/api/v1/scheduler" {
			t.Errorf("got %d to %q", got.status, got.header.Get("Location"))
		}
		cl = newClient(t, c)
		cl.url = c.Masters()[2].URL()
		cl.subscribe(subscribeCall(id))
		cl.reconcile([2]string{"t1", a.ID()})
		if diff := cmp.Diff([]string{"TASK_RUNNING"}, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestFailOverGoesInTurnAndTheOldLeaderFollows(t *testing.T) {
	inBubble(t, Options{Masters: 2}, func(in bubble) {
		t, c := in.t, in.cluster
		for range 10 {
			c.AddAgent(smallAgent())
		}
		c.FailOver(FailOver{To: -1, Down: 10 * time.Second, AgentsBack: 0.7, AgentsAfter: time.Minute})
		time.Sleep(9 * time.Second)
		if c.Leader() != -1 {
			t.Error("somebody leads before the downtime is over")
		}
		time.Sleep(10 * time.Second)
		count := func() (out map[string]int) {
			out = map[string]int{}
			for _, a := range c.State().Agents {
				out[a.Master]++
			}
			return out
		}
		if c.Leader() != 1 || !c.State().Masters[0].Running {
			t.Errorf("%d leads, the old leader runs: %t", c.Leader(), c.State().Masters[0].Running)
		}
		if diff := cmp.Diff(map[string]int{"expected": 10}, count()); diff != "" {
			t.Errorf("agents before their time (-want +got):\n%s", diff)
		}
		time.Sleep(time.Minute)
		if diff := cmp.Diff(map[string]int{"registered": 7, "expected": 3}, count()); diff != "" {
			t.Errorf("agents after their time (-want +got):\n%s", diff)
		}
		time.Sleep(10 * time.Minute)
		if diff := cmp.Diff(map[string]int{"registered": 7, "unreachable": 3}, count()); diff != "" {
			t.Errorf("agents after agent_reregister_timeout (-want +got):\n%s", diff)
		}
		for _, a := range c.Agents() {
			a.Heal()
		}
		time.Sleep(5 * time.Second)
		if diff := cmp.Diff(map[string]int{"registered": 10}, count()); diff != "" {
			t.Errorf("agents after the partition (-want +got):\n%s", diff)
		}
	})
}

// Agents that come back over some time do so one after the other.
func TestFailOverBringsAgentsBackOverTime(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		for range 10 {
			c.AddAgent(smallAgent())
		}
		c.FailOver(FailOver{To: -1, AgentsBack: 1, AgentsOver: 10 * time.Minute})
		registered := func() (n int) {
			for _, a := range c.State().Agents {
				if a.Master == "registered" {
					n++
				}
			}
			return n
		}
		time.Sleep(10 * time.Second)
		for want := 1; want <= 10; want++ {
			if got := registered(); got != want {
				t.Errorf("%d agents are back, want %d", got, want)
			}
			time.Sleep(time.Minute)
		}
	})
}

// The same master behind a server of the caller's own.
func TestAMasterAsAHandler(t *testing.T) {
	c := New(Options{Flags: quick})
	defer c.Close()
	c.AddAgent(smallAgent())
	server := httptest.NewServer(c.Handler(0))
	defer server.Close()
	cl := &client{
		t: t, http: server.Client(), url: server.URL, wire: jsonWire{}, cancel: func() {}, real: true, changed: make(chan struct{}, 1),
	}
	defer cl.close()
	cl.subscribe(subscribeCall(""))
	cl.await("an offer", func() bool { return len(cl.offers()) > 0 })
	c.StopMaster(0)
	cl.await("the stream to break", func() bool { return cl.streamEnd() != "" })
	if _, err := cl.send([]byte("{}"), nil); err == nil {
		t.Error("the stopped master answers")
	}
	c.StartMaster(0)
	cl.await("the master", func() bool { return c.Leader() == 0 })
	resp, err := cl.http.Get(server.URL + "/health")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /health: %v", err)
	}
	_ = resp.Body.Close()
}

func TestEventsOfTheTestsOwnMaking(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		n := c.SendEvent(cl.frameworkID(), &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: "Made up"}})
		if n != 1 || errorOf(cl) != "Made up" {
			t.Errorf("%d streams got it; the client has %q", n, errorOf(cl))
		}
		c.Inject(Fault{Target: CallFault, Action: Drop, Count: -1})
		c.ClearFaults()
		cl.reconcile([2]string{"x", ""})
		if len(cl.states("x")) != 1 {
			t.Error("the cleared fault struck")
		}
	})
}

func TestTheMasterForgetsUnreachableTasksBeyondItsLimit(t *testing.T) {
	inBubble(t, Options{Flags: Flags{MaxUnreachableTasks: 2}}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1", "t2", "t3")
		cl.settle(time.Second)
		a.Partition()
		cl.settle(2 * time.Minute)
		c.AddAgent(smallAgent())
		cl.settle(time.Second)
		cl.drop()
		a.Gone()
		var got []string
		for _, u := range cl.updates("") {
			got = append(got, dig(u, "task_id", "value").(string))
		}
		if diff := cmp.Diff([]string{"t2", "t3"}, got); diff != "" {
			t.Errorf("tasks told gone (-want +got):\n%s", diff)
		}
	})
}

// A framework of the old kind: one role, no MULTI_ROLE, no reservation refinement.
func TestAFrameworkWithoutCapabilities(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Reserved = []Reservation{{Role: "demo", CPUs: 1}}
		c.AddAgent(spec)
		call := subscribeCall("")
		delete(infoOf(call), "roles")
		delete(infoOf(call), "capabilities")
		infoOf(call)["role"] = "demo"
		cl := newClient(t, c)
		cl.subscribe(call)
		offer := cl.offers()[0]
		var got []string
		for _, r := range dig(offer, "resources").([]any) {
			got = append(got, fmt.Sprint(dig(r, "name"), " ", dig(r, "role"), " ", dig(r, "allocation_info"), " ", dig(r, "reservations")))
		}
		want := []string{"cpus demo <nil> <nil>", "cpus * <nil> <nil>", "mem * <nil> <nil>", "disk * <nil> <nil>"}
		if diff := cmp.Diff(want, got); diff != "" || offer["allocation_info"] != nil {
			t.Errorf("resources (-want +got):\n%s", diff)
		}
		task := taskFor("t1", offer)
		task["resources"] = []any{
			object{"name": "cpus", "type": "SCALAR", "scalar": object{"value": 1}, "role": "demo"},
			object{"name": "cpus", "type": "SCALAR", "scalar": object{"value": 0.5}, "role": "*"},
		}
		cl.call(cl.acceptCall(offer, task), http.StatusAccepted)
		cl.settle(time.Second)
		cl.kill("t1", "")
		cl.settle(time.Second)
		if diff := cmp.Diff([]string{"TASK_STARTING", "TASK_RUNNING", "TASK_KILLED"}, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestRoles(t *testing.T) {
	for role, want := range map[string]string{
		"*": "", "a": "", "a/b": "", "": "Empty role name is invalid",
		"/a": "Role '/a' cannot start with a slash", "a/": "Role 'a/' cannot end with a slash",
		"a//b": "Role 'a//b' cannot contain two adjacent slashes", "a/..": "Role 'a/..' cannot include '..' as a component",
		"-a":  "Role component '-a' is invalid because it begins with a dash",
		"a b": "Role component 'a b' is invalid because it contains backspace or whitespace",
	} {
		t.Run("role "+role, func(t *testing.T) {
			if got := validateRole(role); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestUpdateFrameworkRescindsOffersOfRolesGivenUp(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		info := infoOf(subscribeCall(cl.frameworkID()))
		info["roles"] = []any{"other"}
		call := cl.simple("UPDATE_FRAMEWORK")
		call["update_framework"] = object{"framework_info": info}
		cl.call(call, http.StatusOK)
		time.Sleep(time.Second)
		if diff := cmp.Diff([]string{"SUBSCRIBED", "OFFERS", "RESCIND", "OFFERS"}, cl.briefs()); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if role := dig(cl.offers()[1], "allocation_info", "role"); role != "other" {
			t.Errorf("offered to %v", role)
		}
	})
}

func TestOperatorCalls(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		post := func(body string) result {
			req, err := http.NewRequest(http.MethodPost, cl.url+operatorPath, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", typeJSON)
			got, err := cl.do(req)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		for body, want := range map[string]int{
			`{"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": "none"}}}`: 404,
			`{"type": "MARK_AGENT_GONE"}`: 400,
			`{"type": "DRAIN_AGENT", "drain_agent": {"agent_id": {"value": "none"}}}`:           400,
			`{"type": "REACTIVATE_AGENT", "reactivate_agent": {"agent_id": {"value": "none"}}}`: 400,
			`{"type": "TEARDOWN", "teardown": {"framework_id": {"value": "none"}}}`:             400,
			`{"type": "GET_STATE"}`: 501,
			`x`:                     400,
		} {
			if got := post(body); got.status != want || got.body == "" {
				t.Errorf("%s: got %d %q, want %d and a sentence", body, got.status, got.body, want)
			}
		}
		if got := post(fmt.Sprintf(`{"type": "TEARDOWN", "teardown": {"framework_id": {"value": %q}}}`, cl.frameworkID())); got.status != 200 {
			t.Errorf("TEARDOWN: got %d %q", got.status, got.body)
		}
		if cl.streamEnd() != "EOF" || errorOf(cl) != "" {
			t.Errorf("the stream ended with %q and ERROR %q, want EOF alone", cl.streamEnd(), errorOf(cl))
		}
	})
}
