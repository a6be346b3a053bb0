package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// object is a JSON message.
type object = map[string]any

// client is one scheduler that speaks JSON, or protobuf where codec says so.
type client struct {
	t        *testing.T
	http     *http.Client
	url      string
	wire     wire
	streamID string
	cancel   context.CancelFunc

	subscribedID string // the framework ID once drop has forgotten SUBSCRIBED

	real    bool          // not in a bubble
	changed chan struct{} // signalled with every event, and the end

	mu     sync.Mutex
	events []received
	ended  string // how the stream ended: "", "EOF" or an error's text
}

// received is one event with the time of its arrival.
type received struct {
	at   time.Time
	body object
}

// wire is how a client writes calls and reads events.
type wire interface {
	contentType() string
	call(body any) ([]byte, error)
	event([]byte) (object, error)
}

type jsonWire struct{}

func (jsonWire) contentType() string { return typeJSON }

func (jsonWire) call(body any) ([]byte, error) { return json.Marshal(body) }

func (jsonWire) event(b []byte) (object, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var m object
	return m, dec.Decode(&m)
}

func newClient(t *testing.T, c *Cluster) *client {
	t.Helper()
	cl := &client{t: t, http: c.Client(), url: c.Masters()[0].URL(), wire: jsonWire{}, cancel: func() {}, changed: make(chan struct{}, 1)}
	t.Cleanup(cl.close)
	return cl
}

func (c *client) close() {
	c.cancel()
	c.http.CloseIdleConnections()
}

// result is a whole HTTP answer.
type result struct {
	status int
	reason string // the status line's text
	header http.Header
	body   string
}

func resultOf(resp *http.Response, body []byte) result {
	return result{resp.StatusCode, strings.TrimPrefix(resp.Status, strconv.Itoa(resp.StatusCode)+" "), resp.Header, string(body)}
}

// send posts a body to the scheduler endpoint with the headers of a usual call, overridden by headers.
func (c *client) send(body []byte, headers map[string]string) (result, error) {
	req, err := http.NewRequest(http.MethodPost, c.url+schedulerPath, bytes.NewReader(body))
	if err != nil {
		return result{}, err
	}
	req.Header.Set("Content-Type", c.wire.contentType())
	req.Header.Set("Accept", c.wire.contentType())
	if c.streamID != "" {
		req.Header.Set(streamIDHeader, c.streamID)
	}
	for k, v := range headers {
		req.Header.Del(k)
		if v != "" {
			req.Header.Set(k, v)
		}
	}
	return c.do(req)
}

func (c *client) do(req *http.Request) (result, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resultOf(resp, b), err
}

// call sends a call and expects the status.
func (c *client) call(body object, status int) result {
	c.t.Helper()
	b, err := c.wire.call(body)
	if err != nil {
		c.t.Fatalf("encoding %v: %v", body["type"], err)
	}
	got, err := c.send(b, nil)
	if err != nil {
		c.t.Fatalf("%v: %v", body["type"], err)
	}
	if got.status != status {
		c.t.Fatalf("%v: got %d %q, want %d", body["type"], got.status, got.body, status)
	}
	return got
}

// subscribe opens the stream and reads it in the background. The result is the HTTP answer, whose
// body is empty if it is a stream.
func (c *client) subscribe(body object) result {
	c.t.Helper()
	b, err := c.wire.call(body)
	if err != nil {
		c.t.Fatalf("encoding SUBSCRIBE: %v", err)
	}
	got, err := c.open(b, nil)
	if err != nil {
		c.t.Fatalf("SUBSCRIBE: %v", err)
	}
	return got
}

func (c *client) open(body []byte, headers map[string]string) (result, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+schedulerPath, bytes.NewReader(body))
	if err != nil {
		return result{}, err
	}
	req.Header.Set("Content-Type", c.wire.contentType())
	req.Header.Set("Accept", c.wire.contentType())
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return result{}, err
	}
	if resp.StatusCode != http.StatusOK {
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return resultOf(resp, b), err
	}
	c.streamID = resp.Header.Get(streamIDHeader)
	go c.read(resp.Body)
	return resultOf(resp, nil), nil
}

func (c *client) read(body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	r := recordio.NewReader(body, recordio.MaxMessageSize(64<<20))
	for {
		b, err := r.ReadFrame()
		if err != nil {
			c.mu.Lock()
			c.ended = err.Error()
			c.mu.Unlock()
			c.signal()
			return
		}
		e, err := c.wire.event(b)
		if err != nil {
			e = object{"type": "undecodable", "error": err.Error()}
		}
		c.mu.Lock()
		c.events = append(c.events, received{time.Now(), e})
		c.mu.Unlock()
		c.signal()
	}
}

func (c *client) signal() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// await waits until something that events bring about is so.
func (c *client) await(what string, so func() bool) {
	c.t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	look := time.NewTicker(50 * time.Millisecond) // for what no event of this client tells
	defer look.Stop()
	for !so() {
		select {
		case <-c.changed:
		case <-look.C:
		case <-deadline.C:
			c.t.Fatalf("waited in vain: %s; events: %v", what, c.briefs())
		}
	}
}

func (c *client) settled() {
	if !c.real {
		synctest.Wait()
	}
}

// all returns what came so far, once the bubble is idle.
func (c *client) all() []received {
	c.settled()
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]received(nil), c.events...)
}

func (c *client) streamEnd() string {
	c.settled()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// of returns the bodies of the events of one type.
func (c *client) of(kind string) (out []object) {
	for _, e := range c.all() {
		if e.body["type"] == kind {
			out = append(out, e.body)
		}
	}
	return out
}

// updates returns the statuses of the updates about a task; "" is all tasks.
func (c *client) updates(task string) (out []object) {
	for _, e := range c.of("UPDATE") {
		s := dig(e, "update", "status").(object)
		if task == "" || dig(s, "task_id", "value") == task {
			out = append(out, s)
		}
	}
	return out
}

// states are the states of the updates about a task.
func (c *client) states(task string) (out []string) {
	for _, s := range c.updates(task) {
		out = append(out, s["state"].(string))
	}
	return out
}

// drop forgets what came so far, but for the framework's ID.
func (c *client) drop() {
	c.t.Helper()
	c.frameworkID()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = nil
}

func (c *client) frameworkID() string {
	c.t.Helper()
	es := c.of("SUBSCRIBED")
	if len(es) > 0 {
		c.subscribedID = dig(es[len(es)-1], "subscribed", "framework_id", "value").(string)
	}
	if c.subscribedID == "" {
		c.t.Fatal("not subscribed")
	}
	return c.subscribedID
}

// dig follows keys, and list indices written as numbers.
func dig(v any, path ...string) any {
	for _, p := range path {
		switch at := v.(type) {
		case object:
			v = at[p]
		case []any:
			i, err := strconv.Atoi(p)
			if err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func value(s string) object { return object{"value": s} }

// subscribeCall is a SUBSCRIBE of a usual framework.
func subscribeCall(id string, caps ...string) object {
	if caps == nil {
		caps = []string{"PARTITION_AWARE", "TASK_KILLING_STATE", "MULTI_ROLE", "RESERVATION_REFINEMENT"}
	}
	var list []any
	for _, c := range caps {
		list = append(list, object{"type": c})
	}
	info := object{
		"user": "root", "name": "test", "roles": []any{"demo"}, "failover_timeout": 600.0, "checkpoint": true,
		"capabilities": list,
	}
	call := object{"type": "SUBSCRIBE", "subscribe": object{"framework_info": info}}
	if id != "" {
		info["id"] = value(id)
		call["framework_id"] = value(id)
	}
	return call
}

func (c *client) simple(kind string) object {
	return object{"type": kind, "framework_id": value(c.frameworkID())}
}

// offers lists the offers that came.
func (c *client) offers() (out []object) {
	for _, e := range c.of("OFFERS") {
		for _, o := range dig(e, "offers", "offers").([]any) {
			out = append(out, o.(object))
		}
	}
	return out
}

// taskFor is a small task for an offer's agent.
func taskFor(id string, offer object) object {
	return object{
		"name": id, "task_id": value(id), "agent_id": offer["agent_id"],
		"resources": []any{
			object{"name": "cpus", "type": "SCALAR", "scalar": object{"value": 0.1}, "allocation_info": object{"role": "demo"}},
			object{"name": "mem", "type": "SCALAR", "scalar": object{"value": 32}, "allocation_info": object{"role": "demo"}},
		},
		"command": object{"value": "sleep 1000", "shell": true},
	}
}

func (c *client) acceptCall(offer object, tasks ...object) object {
	list := make([]any, len(tasks))
	for i, t := range tasks {
		list[i] = t
	}
	call := c.simple("ACCEPT")
	call["accept"] = object{
		"offer_ids":  []any{offer["id"]},
		"operations": []any{object{"type": "LAUNCH", "launch": object{"task_infos": list}}},
		"filters":    object{"refuse_seconds": 0},
	}
	return call
}

func (c *client) launch(offer object, ids ...string) {
	c.t.Helper()
	var tasks []object
	for _, id := range ids {
		tasks = append(tasks, taskFor(id, offer))
	}
	c.call(c.acceptCall(offer, tasks...), http.StatusAccepted)
}

// acknowledge acknowledges a status; one without uuid is left alone.
func (c *client) acknowledge(s object) {
	c.t.Helper()
	if s["uuid"] == nil {
		return
	}
	call := c.simple("ACKNOWLEDGE")
	call["acknowledge"] = object{"agent_id": s["agent_id"], "task_id": s["task_id"], "uuid": s["uuid"]}
	c.call(call, http.StatusAccepted)
}

// settle lets virtual time pass and acknowledges all that comes meanwhile.
func (c *client) settle(d time.Duration) {
	c.t.Helper()
	done, began := map[string]bool{}, time.Now()
	for end := time.Now().Add(d); time.Now().Before(end); {
		for _, s := range c.updates("") {
			if id, ok := s["uuid"].(string); ok && !done[id] {
				done[id] = true
				c.acknowledge(s)
			}
		}
		step := 20 * time.Millisecond
		if time.Since(began) > 5*time.Second {
			step = time.Second
		}
		time.Sleep(min(step, time.Until(end)))
	}
	synctest.Wait()
}

// reconcile asks for tasks: pairs of task ID and agent ID, the latter "" for none.
func (c *client) reconcile(pairs ...[2]string) {
	c.t.Helper()
	tasks := []any{}
	for _, p := range pairs {
		one := object{"task_id": value(p[0])}
		if p[1] != "" {
			one["agent_id"] = value(p[1])
		}
		tasks = append(tasks, one)
	}
	call := c.simple("RECONCILE")
	call["reconcile"] = object{"tasks": tasks}
	c.call(call, http.StatusAccepted)
}

func (c *client) kill(task, agent string) {
	c.t.Helper()
	k := object{"task_id": value(task)}
	if agent != "" {
		k["agent_id"] = value(agent)
	}
	call := c.simple("KILL")
	call["kill"] = k
	c.call(call, http.StatusAccepted)
}

// launched adds an agent and has it run the task t1 of a framework that is subscribed.
func launched(t *testing.T, c *Cluster, on AgentSpec) (*Agent, *client) {
	t.Helper()
	a := c.AddAgent(on)
	cl := newClient(t, c)
	cl.subscribe(subscribeCall(""))
	cl.launch(cl.offers()[0], "t1")
	cl.settle(time.Second)
	return a, cl
}
