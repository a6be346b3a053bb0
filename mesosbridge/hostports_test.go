package mesosbridge

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestDecodePorts(t *testing.T) {
	task := func(id, framework, discovery string) string {
		return `{"name":"web","task_id":{"value":"` + id + `"},"statuses":[{"message":"[{"}],"framework_id":{"value":"` + framework + `"}` + discovery + `}`
	}
	ports := func(numbers ...string) string {
		return `,"discovery":{"visibility":"FRAMEWORK","ports":{"ports":[{"name":"a","number":` + strings.Join(numbers, `},{"number":`) + `}]}}`
	}
	many := slices.Repeat([]string{"31000"}, maxHostPorts+1)
	for sentence, c := range map[string]struct {
		tasks, unreachable string
		want               map[string][]int32
		failed             bool
	}{
		"in the order of the spec":                   {tasks: task("a", "F", ports("31007", "31002")) + "," + task("b", "F", ports("31009")), want: map[string][]int32{"a": {31007, 31002}, "b": {31009}}},
		"another framework's of the same ID":         {tasks: task("a", "G", ports("31001")), want: map[string][]int32{}},
		"what nobody wants":                          {tasks: task("c", "F", ports("31001")), want: map[string][]int32{}},
		"one on an agent that cannot be reached":     {unreachable: task("a", "F", ports("31001")), want: map[string][]int32{"a": {31001}}},
		"one that says no ports":                     {tasks: task("a", "F", `,"discovery":{"visibility":"FRAMEWORK"}`) + "," + task("b", "F", ""), want: map[string][]int32{"a": nil, "b": nil}},
		"numbers that are none of a port":            {tasks: task("a", "F", ports("31001", "70000")) + "," + task("b", "F", ports("0")), want: map[string][]int32{"a": nil, "b": nil}},
		"half a port":                                {tasks: task("a", "F", ports("31001.5")), want: map[string][]int32{"a": nil}},
		"more than a spec can have":                  {tasks: task("a", "F", ports(many...)), want: map[string][]int32{"a": nil}},
		"a text where a number should be":            {tasks: task("b", "F", ports("31001")) + "," + task("a", "F", ports(`"x"`)), want: map[string][]int32{"b": {31001}}, failed: true},
		"a list that breaks off":                     {tasks: task("a", "F", ports("31001")) + `,{"task_id":`, want: map[string][]int32{"a": {31001}}, failed: true},
		"nothing is read behind what was wanted":     {tasks: task("a", "F", ports("31001")) + "," + task("b", "F", ports("31002")) + `,{"task_id":`, want: map[string][]int32{"a": {31001}, "b": {31002}}},
		"a task of a framework that is not said yet": {tasks: `{"task_id":{"value":"a"}}`, want: map[string][]int32{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			body := `{"type":"GET_TASKS","get_tasks":{"pending_tasks":[{"task_id":{"value":"p"}}],"tasks":[` + c.tasks + `],"unreachable_tasks":[` + c.unreachable + `]}}`
			got, err := decodePorts(strings.NewReader(body), "F", map[string]struct{}{"a": {}, "b": {}})
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.failed {
				t.Errorf("error %v, want one: %t; the ports (-want +got):\n%s", err, c.failed, diff)
			}
		})
	}
}

// withPorts launches a task with two host ports, and runs a bridge anew that knows nothing of it but what Mesos says.
func withPorts(h *harness, run func(h *harness), test func()) {
	h.Helper()
	run(h)
	h.subscribed()
	offer, web := h.offer(), small("ns.web.hash.nonce")
	web.Ports, web.HostPorts = []mesos.Port{{Name: "http"}, {Name: "admin"}}, []uint32{31007, 31002}
	h.bridge.Reserve(web.ID, offer.AgentID)
	h.bridge.Accept(offer.ID, []mesos.Task{web}, 0, nil)
	h.pass(5 * time.Second)
	h.stop()
	config := h.bridge.config
	config.Framework.ID = h.bridge.Connection().FrameworkID
	h.bridge = New(config, h.bridge.options)
	h.run()
	defer h.stop()
	h.subscribed()
	h.bridge.Reconcile(asking(web.ID), func(error) {})
	h.pass(time.Second)
	if h.state(web.ID).Class() != mesos.Live {
		h.Fatalf("the task is %q", h.state(web.ID))
	}
	test()
}

// TestBridge_HostPorts: the master that leads is asked once for all tasks whose ports are wanted, and not before some are.
func TestBridge_HostPorts(t *testing.T) {
	const web = "ns.web.hash.nonce"
	want := []int32{31007, 31002}
	inVirtualTime(t, setup{agents: 1, idle: true}, func(h *harness) {
		asked := func() int { return h.cluster.OperatorCalls(getTasks) }
		withPorts(h, (*harness).run, func() {
			h.pass(2 * time.Hour)
			if asked() != 0 {
				h.Errorf("the master was asked %d times for what nobody wants", asked())
			}
			if got := h.bridge.HostPorts("nobody"); got != nil {
				h.Errorf("a task of which Mesos did not speak has %v", got)
			}
			before := h.notes.times("attempt " + web)
			for range 3 {
				if got := h.bridge.HostPorts(web); got != nil {
					h.Errorf("before the master was asked it has %v", got)
				}
			}
			h.pass(2 * portsGather)
			if got := h.bridge.HostPorts(web); !slices.Equal(got, want) || h.notes.times("attempt "+web) != before+1 {
				h.Errorf("it has %v, want %v; told %d times", got, want, h.notes.times("attempt "+web)-before)
			}
			h.pass(2 * time.Hour)
			if got := h.bridge.HostPorts(web); !slices.Equal(got, want) || asked() != 1 {
				h.Errorf("later it has %v, and the master was asked %d times", got, asked())
			}
		})
	})
}

// TestBridge_HostPorts_refused: what may not be asked stays unknown, and is asked for again an hour later at the earliest.
func TestBridge_HostPorts_refused(t *testing.T) {
	const web = "ns.web.hash.nonce"
	inVirtualTime(t, setup{agents: 1, idle: true}, func(h *harness) {
		h.cluster.Inject(simulator.Fault{Target: simulator.OperatorFault, Type: getTasks, Action: simulator.Answer, Status: http.StatusForbidden, Count: 1})
		withPorts(h, (*harness).run, func() {
			before := h.notes.times("attempt " + web)
			h.bridge.HostPorts(web)
			for passed := time.Duration(0); passed < portsRetry-time.Minute; passed += time.Minute {
				h.pass(time.Minute)
				if got := h.bridge.HostPorts(web); got != nil {
					h.Fatalf("after %s it has %v", passed, got)
				}
			}
			if h.notes.times("attempt "+web) != before || !h.bridge.Connection().Subscribed {
				h.Error("a refusal brings news, or ends the subscription")
			}
			h.pass(2 * time.Minute)
			if got := h.bridge.HostPorts(web); len(got) != 2 {
				h.Errorf("once it may be asked it has %v", got)
			}
		})
	})
}

// TestBridge_HostPorts_behindOneName: an ask that comes to a master which does not lead goes on to the one that does, and one that reaches none is
// repeated soon.
func TestBridge_HostPorts_behindOneName(t *testing.T) {
	const web = "ns.web.hash.nonce"
	for sentence, c := range map[string]struct {
		order []int
		down  bool
		wait  time.Duration
	}{
		"a follower":       {order: []int{1, 0}, wait: 2 * portsGather},
		"one that is down": {order: []int{2, 2, 2, 0}, down: true, wait: 2*portsGather + 2*agentsAstray},
	} {
		t.Run(sentence, func(t *testing.T) {
			s, chosen, run := behindOneName()
			inVirtualTime(t, s, func(h *harness) {
				withPorts(h, run, func() {
					if c.down {
						h.cluster.StopMaster(2)
					}
					h.bridge.hangUp(h.bridge.current)
					chosen.turn(c.order...)
					h.bridge.HostPorts(web)
					h.pass(c.wait)
					if got := h.bridge.HostPorts(web); len(got) != 2 || h.bridge.Connection().Term != 1 {
						h.Errorf("it has %v in term %d", got, h.bridge.Connection().Term)
					}
				})
			})
		})
	}
}

// endless is an answer that goes on without end: a beginning, and then the same again and again.
type endless struct {
	beginning, again string
	read             int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		rest := e.again
		if e.read < len(e.beginning) {
			rest = e.beginning[e.read:]
		} else {
			rest = rest[(e.read-len(e.beginning))%len(rest):]
		}
		more := copy(p[n:], rest)
		n, e.read = n+more, e.read+more
	}
	return n, nil
}

// TestDecodePorts_endless: of an answer without end no more is read than the limit, and what it said by then is kept.
func TestDecodePorts_endless(t *testing.T) {
	const limit = 1 << 20
	task := func(id string) string {
		return `{"task_id":{"value":"` + id + `"},"framework_id":{"value":"F"},"discovery":{"ports":{"ports":[{"number":31001}]}}}`
	}
	for sentence, again := range map[string]string{
		"tasks that nobody wants": "," + task("c"), "blanks": " ", "a text": `,{"name":"` + strings.Repeat("x", limit), "lists in lists": ",[",
	} {
		body := &endless{beginning: `{"get_tasks":{"tasks":[` + task("a"), again: again}
		got, err := decodePorts(io.LimitReader(body, limit), "F", map[string]struct{}{"a": {}, "b": {}})
		if diff := cmp.Diff(map[string][]int32{"a": {31001}}, got); diff != "" || err == nil || body.read > limit {
			t.Errorf("%s: error %v after %d bytes; the ports (-want +got):\n%s", sentence, err, body.read, diff)
		}
	}
}

// TestBridge_HostPorts_ofWhatIsNoMore: a task that ended keeps no other's ports from being asked for, and one that no master lists is asked for a few
// times only.
func TestBridge_HostPorts_ofWhatIsNoMore(t *testing.T) {
	const web, lost = "ns.web.hash.nonce", "ns.lost.hash.nonce"
	for sentence, c := range map[string]struct {
		ends bool
		asks int
	}{"it ended": {true, 1}, "it is unknown": {false, portsTries}} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 2, idle: true}, func(h *harness) {
				asked := func() int { return h.cluster.OperatorCalls(getTasks) }
				withPorts(h, (*harness).run, func() {
					gone := web
					if !c.ends {
						gone = lost
						h.bridge.Reconcile(asking(lost), func(error) {})
						h.pass(time.Second)
					}
					if c.ends {
						h.bridge.Kill(web, h.attempt(web).Said().AgentID, nil)
						h.pass(2 * time.Second)
					}
					h.bridge.HostPorts(gone)
					for range 4 {
						h.pass(time.Second)
						if h.attempt(gone).Unacked != nil {
							h.acknowledge(gone)
						}
					}
					h.pass(time.Minute)
					other := small("ns.other.hash.nonce")
					other.Ports, other.HostPorts = []mesos.Port{{Name: "http"}}, []uint32{31009}
					offer := h.offer()
					h.bridge.Reserve(other.ID, offer.AgentID)
					h.bridge.Accept(offer.ID, []mesos.Task{other}, 0, nil)
					h.pass(time.Second)
					h.acknowledge(other.ID)
					h.bridge.HostPorts(other.ID)
					h.pass(portsEvery + 2*portsGather)
					if got := h.bridge.HostPorts(other.ID); !slices.Equal(got, []int32{31009}) {
						h.Errorf("another has %v; the master was asked %d times", got, asked())
					}
					h.pass(24 * time.Hour)
					if asked() != c.asks {
						h.Errorf("within a day the master was asked %d times, want %d; %s is %s", asked(), c.asks, gone, h.state(gone))
					}
				})
			})
		})
	}
}
