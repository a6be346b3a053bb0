package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// setting is what a recording takes for granted: flags, what was there before, and what its notes do.
type setting struct {
	flags Flags
	// phase is when in each second the recorded master's allocation cycle ran.
	phase float64
	// agentAfter is when the first agent registers: the master's pings keep that rhythm.
	agentAfter time.Duration
	// killAfter is how long the recorded tasks took to die.
	killAfter time.Duration
	// leaves are the connections that the client itself drops where the recording says that they ended.
	leaves string
	notes  map[string]func(*replay)
	before func(*replay)
}

var quickPings = Flags{AgentPingTimeout: 2 * time.Second, MaxAgentPingTimeouts: 3}

var settings = map[string]setting{
	"agent_gone": {flags: quickPings},
	"agent_replaced_at_address": {flags: quickPings, phase: .17, notes: map[string]func(*replay){
		"kill -9 of the agent; its directories are wiped; it starts again at the same address while the executor of r-1 still runs": func(r *replay) {
			r.agent.Replace(time.Second)
		},
		"the task's process is killed by hand: does anybody hear of its end?": func(r *replay) { r.cluster.KillProcess("r-1") },
	}},
	"agent_unregisters": {flags: quickPings, phase: .14, notes: map[string]func(*replay){
		"SIGUSR1 to the agent: it unregisters and shuts down. u-1 goes on after SIGTERM; its kill grace period is 5 s": func(r *replay) { r.agent.Unregister() },
		"the agent is started again, its directories as they were":                                                     func(r *replay) { r.agent.Start() },
	}},
	"agent_restart": {flags: quickPings, phase: .55, notes: map[string]func(*replay){
		// The real agent needed that long: it waited for its executors to come back to it.
		"the agent is restarted at once; ends-1 ends while it is down": func(r *replay) { r.agent.Restart(7500 * time.Millisecond) },
	}},
	"agent_unreachable_and_back": {flags: quickPings, phase: .0, notes: map[string]func(*replay){
		"the agent process is stopped; its executor keeps running; the master's ping times out": func(r *replay) { r.agent.Stop() },
		"the agent comes back": func(r *replay) { time.AfterFunc(2500*time.Millisecond, r.agent.Start) },
	}},
	"authentication": {flags: Flags{AuthenticateFrameworks: true, Credentials: map[string]string{"alice": "s3cret"}}},
	"bad_calls":      {phase: .855, notes: map[string]func(*replay){"GET on the endpoint": func(r *replay) { r.method = http.MethodGet }}},
	"checks":         {flags: quickPings, phase: .8},
	"drain": {flags: quickPings, phase: .2, notes: map[string]func(*replay){
		"an agent with --http_command_executor=true: KILL with a kill_policy of 2 s for h-1, then a drain with max_grace_period 3 s for h-2, both as d-1": func(r *replay) {
			r.addAgent(func(spec *AgentSpec) { spec.HTTPCommandExecutor = true })
		},
	}},
	"failover_timeout": {leaves: "AC"},
	"health_and_checks": {
		phase: .545,
	},
	"launch_fails": {
		flags: Flags{AgentPingTimeout: 2 * time.Second, MaxAgentPingTimeouts: 3, ExecutorRegistrationTimeout: 5 * time.Second},
		phase: .2, agentAfter: 1300 * time.Millisecond,
		before: func(r *replay) {
			for task, action := range map[string]Action{
				"uri-1": FetchFails, "user-1": NoSuchUser, "limits-1": NoIsolator, "limits-2": NoIsolator, "image-1": NoImageProvider,
				"docker-1": NoContainerizer, "noexec-1": ExecutorExits, "noreg-1": ExecutorSilent, "early-1": ExecutorSilent,
			} {
				r.cluster.Inject(Fault{Target: LaunchFault, Action: action, Task: task})
			}
		},
		notes: map[string]func(*replay){
			"a second agent whose executors cannot be started (no mesos-executor), --executor_registration_timeout=5secs; it tries twice": func(r *replay) {
				r.agent.Stop()
				time.AfterFunc(time.Second, func() { r.addAgent() })
			},
		},
	},
	"lost_run_task": {flags: quickPings, phase: .2, notes: map[string]func(*replay){
		"the agent is stopped (SIGSTOP), a task is launched, the agent is killed and started again: RunTask is lost": func(r *replay) {
			r.agent.Partition()
			time.AfterFunc(500*time.Millisecond, func() {
				r.agent.Heal()
				r.agent.Restart(500 * time.Millisecond)
			})
		},
	}},
	"machine_down": {flags: quickPings, phase: .15, notes: map[string]func(*replay){
		"the agent is started while its machine is DOWN": func(r *replay) { r.agent.Start() },
		"the agent is started again":                     func(r *replay) { r.agent.Start() },
	}},
	"maintenance": {flags: quickPings, phase: .44},
	"master_failover": {flags: quickPings, phase: .576, notes: map[string]func(*replay){
		"the agent and then the master are stopped; the master comes back, the agent does not yet": func(r *replay) {
			r.agent.Stop()
			time.AfterFunc(time.Second, func() { r.cluster.StopMaster(0) })
			time.AfterFunc(3500*time.Millisecond, func() { r.cluster.StartMaster(0) })
		},
		"the agent comes back": func(r *replay) { time.AfterFunc(2500*time.Millisecond, r.agent.Start) },
	}},
	"offers":       {phase: .055},
	"reconcile":    {phase: .17},
	"operator_api": {flags: quickPings, phase: .2},
	"refused_launches": {phase: .2, flags: Flags{
		AgentPingTimeout: 2 * time.Second, MaxAgentPingTimeouts: 3, ForbiddenUsers: []string{"nobody"},
	}},
	"resubscribe":            {phase: .086, leaves: "A"},
	"roles_and_reservations": {flags: quickPings, phase: .2},
	"same_framework_id":      {flags: quickPings, phase: .17, leaves: "ABCDFGHIJ"},
	"subscribe_and_offers":   {before: func(r *replay) { r.removeFramework("never-seen-0000") }},
	"task_group":             {killAfter: 150 * time.Millisecond},
	"task_lifecycle":         {phase: .985},
}

// TestRecordedConversations replays what was recorded from a real Mesos 1.12 master, in virtual time:
// the same calls must bring the same answers and events.
func TestRecordedConversations(t *testing.T) {
	for name := range settings {
		t.Run(name, func(t *testing.T) { runRecording(t, name, jsonWire{}) })
	}
}

// TestRecordedConversationsInProtobuf does the same with the calls in protobuf, through mesos-go's types.
func TestRecordedConversationsInProtobuf(t *testing.T) {
	for name := range settings {
		t.Run(name, func(t *testing.T) { runRecording(t, name, protobufWire{}) })
	}
}

func runRecording(t *testing.T, name string, w wire) {
	t.Helper()
	rec := readRecording(t, name)
	set := settings[name]
	inBubble(t, Options{Flags: set.flags}, func(in bubble) {
		t, c := in.t, in.cluster
		r := &replay{
			t: t, cluster: c, rec: rec, set: set, wire: w, clients: map[string]*client{},
			ids: newSubstitution(), method: http.MethodPost,
		}
		defer r.close()
		r.prepare()
		r.run()
		r.compareStreams()
		if n := c.NotSimulated(); len(n) > 0 {
			t.Errorf("needs what is not simulated: %v", n)
		}
	})
}

// protobufWire speaks protobuf, and shows events as JSON does.
type protobufWire struct{}

func (protobufWire) contentType() string { return typeProtobuf }

func (protobufWire) call(body any) ([]byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	call, err := jsonCodec{}.decodeCall(b)
	if err != nil {
		return nil, err
	}
	return call.Marshal()
}

func (protobufWire) event(b []byte) (object, error) {
	var e scheduler.Event
	if err := e.Unmarshal(b); err != nil {
		return nil, err
	}
	text, err := jsonCodec{}.encodeEvent(&e)
	if err != nil {
		return nil, err
	}
	return jsonWire{}.event(text)
}

// replay drives the simulator through a recording.
type replay struct {
	t       *testing.T
	cluster *Cluster
	specs   []AgentSpec // of the agents that are not started yet
	agent   *Agent      // the one started last
	started int         // how many agents were
	rec     *recording
	set     setting
	wire    wire
	clients map[string]*client
	ids     *substitution
	began   time.Time
	method  string
}

func (r *replay) close() {
	for _, c := range r.clients {
		c.close()
	}
}

func (r *replay) client(conn string) *client {
	c := r.clients[conn]
	if c == nil {
		c = newClient(r.t, r.cluster)
		c.wire = r.wire
		r.clients[conn] = c
	}
	return c
}

// addAgent starts the next agent of the recording.
func (r *replay) addAgent(adapt ...func(*AgentSpec)) {
	spec := r.specs[0]
	r.specs = r.specs[1:]
	r.started++
	spec.WorkDir = fmt.Sprintf("/var/lib/mesos-rec/%s/agent%d", r.rec.name, r.started)
	for _, f := range adapt {
		f(&spec)
	}
	spec.Runner = ScriptRunner{Script: func(info *mesos.TaskInfo) Script {
		script := r.rec.script(info)
		script.KillAfter = orDefault(script.KillAfter, orDefault(r.set.killAfter, 40*time.Millisecond))
		return script
	}}
	r.agent = r.cluster.AddAgent(spec)
}

func (r *replay) prepare() {
	time.Sleep(r.set.agentAfter)
	if r.specs = r.rec.agents(r.t); len(r.specs) > 0 {
		r.addAgent()
	}
	if r.set.before != nil {
		r.set.before(r)
	}
	// The cluster's cycles run on whole seconds from its start; t = 0 lies so that they meet the recorded ones.
	time.Sleep(2*time.Second - seconds(r.set.phase) - r.set.agentAfter)
	r.began = time.Now()
}

// removeFramework makes the master remember a framework ID as removed.
func (r *replay) removeFramework(id string) {
	c := newClient(r.t, r.cluster)
	c.subscribe(subscribeCall(id))
	c.call(c.simple("TEARDOWN"), http.StatusAccepted)
	c.close()
}

func (r *replay) run() {
	for i, l := range r.rec.lines {
		at := r.began.Add(seconds(l.T))
		switch l.Dir {
		case "call":
			time.Sleep(time.Until(at))
			r.awaitIDs(l)
			r.call(i, l)
		case "note":
			time.Sleep(time.Until(at))
			r.note(l)
		}
	}
	time.Sleep(time.Second)
	synctest.Wait()
}

// awaitIDs waits until everything that the recorded client had received on this connection before
// its call is there, as its IDs may be needed. What never comes is found missing later.
func (r *replay) awaitIDs(l line) {
	for range 200 {
		r.learn()
		if r.ids.complete(l.Body, r.rec.told) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// learn matches what has come so far with the recording, for the IDs.
func (r *replay) learn() {
	for conn, c := range r.clients {
		r.match(conn, c, func(string, ...any) {})
	}
}

func (r *replay) note(l line) {
	if do := r.set.notes[l.Text]; do != nil {
		do(r)
		return
	}
	if seen, ok := strings.CutPrefix(l.Text, "seen on the host: "); ok {
		r.compareHost(l, seen)
		return
	}
	how, isEnd := strings.CutPrefix(l.Text, "stream ended: ")
	if !isEnd {
		return
	}
	c := r.clients[l.Conn]
	time.Sleep(300 * time.Millisecond)
	got := c.streamEnd()
	switch {
	case strings.Contains(r.set.leaves, l.Conn):
		if got != "" {
			r.t.Errorf("t=%.3f: %s's stream ended (%s) before the client left", l.T, l.Conn, got)
		}
		c.close()
	case got == "":
		r.t.Errorf("t=%.3f: %s's stream did not end", l.T, l.Conn)
	case how == "EOFError" && got != "EOF":
		r.t.Errorf("t=%.3f: %s's stream broke (%s), want an orderly end", l.T, l.Conn, got)
	case how == "IncompleteRead" && got == "EOF":
		r.t.Errorf("t=%.3f: %s's stream ended in good order, want it broken", l.T, l.Conn)
	}
}

// compareHost holds what was seen of processes against what is live here.
func (r *replay) compareHost(l line, seen string) {
	if seen == "the agent process has ended" {
		for _, a := range r.cluster.State().Agents {
			if a.Number == r.agent.number && a.Up {
				r.t.Errorf("t=%.3f: the agent's process has not ended", l.T)
			}
		}
		return
	}
	rest, _ := strings.CutPrefix(seen, "the process of ")
	task, what, ok := strings.Cut(rest, " ")
	want := map[string]bool{"runs": true, "still runs": true, "is gone": false}
	running, known := want[what]
	if !ok || !known {
		r.t.Errorf("t=%.3f: no idea what %q means", l.T, seen)
	}
	if got := slices.ContainsFunc(r.cluster.Tasks(), func(t LiveTask) bool { return t.TaskID == task }); got != running {
		r.t.Errorf("t=%.3f: task %s is live: %t, but %s", l.T, task, got, seen)
	}
}

// wireOf is how a connection speaks: the operator in JSON only.
func (r *replay) wireOf(conn string) wire {
	if conn == "operator" || conn == "agent" {
		return jsonWire{}
	}
	return r.wire
}

func (r *replay) call(i int, l line) {
	c := r.client(l.Conn)
	want, answered := r.rec.response(i)
	headers := map[string]string{}
	for k, v := range l.Headers {
		headers[k] = strings.Replace(r.ids.text(v), typeJSON, r.wireOf(l.Conn).contentType(), 1)
	}
	if headers[streamIDHeader] == "" {
		headers[streamIDHeader] = "" // not even the current one
	}
	var body []byte
	var err error
	switch text := l.Body.(type) {
	case string:
		body = []byte(text)
		if _, isProtobuf := r.wire.(protobufWire); isProtobuf && r.method == http.MethodPost {
			return // bodies that are no JSON are no protobuf test
		}
	default:
		body, err = r.wireOf(l.Conn).call(r.ids.tree(l.Body))
	}
	if err != nil {
		r.t.Fatalf("t=%.3f: encoding the call: %v", l.T, err)
	}
	got, err := r.send(c, l, body, headers, want)
	switch {
	case err != nil && answered:
		r.t.Errorf("t=%.3f %s %s: %v", l.T, l.Conn, l.kind(), err)
	case err == nil && !answered:
		r.t.Errorf("t=%.3f %s %s: got %d, want a refused connection", l.T, l.Conn, l.kind(), got.status)
	case answered:
		r.compareAnswer(l, want, got)
	}
}

func (r *replay) send(c *client, l line, body []byte, headers map[string]string, want line) (result, error) {
	if l.kind() == "SUBSCRIBE" && (want.Status == http.StatusOK || want.Status == 0) {
		delete(headers, streamIDHeader)
		got, err := c.open(body, headers)
		r.ids.bind(want.Headers[streamIDHeader], c.streamID)
		return got, err
	}
	req, err := http.NewRequest(orDefault(l.Method, r.method), c.url+r.ids.text(l.Path), strings.NewReader(string(body)))
	if err != nil {
		return result{}, err
	}
	req.Header.Set("Content-Type", r.wireOf(l.Conn).contentType())
	req.Header.Set("Accept", r.wireOf(l.Conn).contentType())
	for k, v := range headers {
		req.Header.Del(k)
		if v != "" {
			req.Header.Set(k, v)
		}
	}
	r.method = http.MethodPost
	if l.Conn == "agent" {
		w := httptest.NewRecorder()
		r.agent.ServeHTTP(w, req)
		return resultOf(w.Result(), w.Body.Bytes()), nil
	}
	return c.do(req)
}

func (r *replay) compareAnswer(l, want line, got result) {
	text, _ := want.Body.(string)
	text = r.ids.text(text)
	if _, isText := want.Body.(string); !isText && want.Body != nil {
		text = got.body
		if diff := r.compareMessage(want.Body, got.body); diff != "" {
			r.t.Errorf("t=%.3f %s %s: %s\n want %s\n  got %s", l.T, l.Conn, l.kind(), diff, compact(want.Body), got.body)
		}
	}
	if got.status != want.Status || !sameText(text, got.body) {
		r.t.Errorf("t=%.3f %s %s: got %d %q, want %d %q", l.T, l.Conn, l.kind(), got.status, got.body, want.Status, text)
	}
	if want.Reason != "" && got.reason != want.Reason {
		r.t.Errorf("t=%.3f %s %s: the status says %q, want %q", l.T, l.Conn, l.kind(), got.reason, want.Reason)
	}
	for _, h := range []string{"Content-Type", "WWW-Authenticate"} {
		expected := strings.Replace(want.Headers[h], typeJSON, r.wireOf(l.Conn).contentType(), 1)
		if got.header.Get(h) != expected {
			r.t.Errorf("t=%.3f %s %s: header %s is %q, want %q", l.T, l.Conn, l.kind(), h, got.header.Get(h), expected)
		}
	}
}

// compareMessage compares a recorded answer, a message or a list of them, with one in JSON.
func (r *replay) compareMessage(want any, body string) string {
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	var got any
	if err := dec.Decode(&got); err != nil {
		return err.Error()
	}
	return r.ids.compare(want, got, "")
}

// expected is a recorded event with what was matched to it.
type expected struct {
	line
	chain string
}

// chainOf groups events whose order among themselves is fixed: they have one cause after another. The
// events of different chains may pass each other if they are recorded close together.
func chainOf(e any) string {
	switch kind := dig(e, "type"); kind {
	case "UPDATE":
		return fmt.Sprint("task ", dig(e, "update", "status", "task_id", "value"))
	case "OFFERS", "RESCIND", "INVERSE_OFFERS", "RESCIND_INVERSE_OFFER":
		return "offers"
	case "FAILURE":
		return fmt.Sprint("failure ", dig(e, "failure", "executor_id", "value"))
	default:
		return "subscription"
	}
}

func (r *replay) expected(conn string) (out []expected) {
	for _, l := range r.rec.lines {
		if l.Dir == "event" && l.Conn == conn && l.kind() != "HEARTBEAT" {
			out = append(out, expected{l, chainOf(l.Body)})
		}
	}
	return out
}

// match pairs the events of a connection with the recorded ones, chain by chain, and complains of the
// differences. The result holds for each received event the index of the recorded one.
func (r *replay) match(conn string, c *client, complain func(string, ...any)) (pairs []int, got []received) {
	chains := map[string][]int{}
	want := r.expected(conn)
	for i, w := range want {
		chains[w.chain] = append(chains[w.chain], i)
	}
	for _, e := range c.all() {
		if e.body["type"] == "HEARTBEAT" {
			continue
		}
		key := chainOf(e.body)
		if len(chains[key]) == 0 {
			complain("%s: unexpected at t=%.3f: %s", conn, r.clock(e), compact(e.body))
			continue
		}
		i := chains[key][0]
		chains[key] = chains[key][1:]
		if diff := r.ids.compare(want[i].Body, e.body, ""); diff != "" {
			complain("%s: t=%.3f (recorded %.3f): %s\n want %s\n  got %s", conn, r.clock(e), want[i].T, diff,
				r.ids.text(compact(want[i].Body)), compact(e.body))
		}
		pairs, got = append(pairs, i), append(got, e)
	}
	for _, rest := range chains {
		for _, i := range rest {
			complain("%s: missing, recorded at %.3f: %s", conn, want[i].T, compact(want[i].Body))
		}
	}
	return pairs, got
}

func (r *replay) clock(e received) float64 { return e.at.Sub(r.began).Seconds() }

func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Tolerances in seconds. A cycle of allocations, and an agent's time to come back, is a second or so.
const (
	unordered     = 0.5 // events recorded within this may come in either order if their chains differ
	timeTolerance = 1.25
	retryTimes    = 0.3 // for the spacing of repeated updates
)

// compareStreams compares all that came, in content, order and time.
func (r *replay) compareStreams() {
	conns := make([]string, 0, len(r.clients))
	for conn := range r.clients {
		conns = append(conns, conn)
	}
	sort.Strings(conns)
	for _, conn := range conns {
		want := r.expected(conn)
		pairs, got := r.match(conn, r.clients[conn], r.t.Errorf)
		for a := range pairs {
			for b := a + 1; b < len(pairs); b++ {
				wa, wb := want[pairs[a]], want[pairs[b]]
				if pairs[a] > pairs[b] && (wa.chain == wb.chain || math.Abs(wa.T-wb.T) > unordered) {
					r.t.Errorf("%s: %s came before %s", conn, compact(wa.Body), compact(wb.Body))
				}
			}
			if off := r.clock(got[a]) - want[pairs[a]].T; math.Abs(off) > timeTolerance {
				r.t.Errorf("%s: recorded at %.3f, came at %.3f: %s", conn, want[pairs[a]].T, r.clock(got[a]), compact(got[a].body))
			}
		}
		r.compareSpacing(conn, want, pairs, got)
		r.compareHeartbeats(conn)
	}
}

// compareSpacing checks how long an agent waits before it repeats an update.
func (r *replay) compareSpacing(conn string, want []expected, pairs []int, got []received) {
	type seen struct{ recorded, came float64 }
	last := map[any]seen{}
	for i, e := range got {
		uuid := dig(e.body, "update", "status", "uuid")
		if uuid == nil {
			continue
		}
		now := seen{want[pairs[i]].T, r.clock(e)}
		if before, again := last[uuid]; again {
			if d, w := now.came-before.came, now.recorded-before.recorded; math.Abs(d-w) > retryTimes {
				r.t.Errorf("%s: repeated after %.3f s, recorded %.3f s: %s", conn, d, w, compact(e.body))
			}
		}
		last[uuid] = now
	}
}

// compareHeartbeats checks that the first comes with the subscription and the others every 15 s.
func (r *replay) compareHeartbeats(conn string) {
	var subscribed, last time.Time
	for _, e := range r.clients[conn].all() {
		switch e.body["type"] {
		case "SUBSCRIBED":
			subscribed, last = e.at, time.Time{}
		case "HEARTBEAT":
			from, want := last, 15*time.Second
			if last.IsZero() {
				from, want = subscribed, 0
			}
			if d := e.at.Sub(from); d != want {
				r.t.Errorf("%s: heartbeat after %v, want %v", conn, d, want)
			}
			last = e.at
		}
	}
}
