package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// httpCase is one request to the scheduler endpoint and its answer. Each breaks its own check and
// every later one too, so that the table also fixes the order of the checks.
type httpCase struct {
	flags    Flags
	masters  int
	before   func(c *Cluster)
	master   int
	method   string
	headers  map[string]string // "" removes one
	body     string
	status   int
	text     string
	location string
}

var authenticated = Flags{AuthenticateFrameworks: true, Credentials: map[string]string{"alice": "s3cret"}}

const basicAlice = "Basic YWxpY2U6czNjcmV0"

var httpCases = map[string]httpCase{
	"1: authenticator, no credentials": {
		flags: authenticated, masters: 2, master: 1, method: http.MethodGet, headers: map[string]string{"Content-Type": ""},
		body: "x", status: 401, text: "401 Unauthorized.",
	},
	"1: authenticator, wrong secret": {
		flags: authenticated, masters: 2, master: 1, headers: map[string]string{"Authorization": "Basic YWxpY2U6d3Jvbmc="},
		status: 401, text: "401 Unauthorized.",
	},
	"2: not leader: 307, Location protocol-relative": {
		flags: authenticated, masters: 2, master: 1, method: http.MethodGet, headers: map[string]string{"Authorization": basicAlice},
		body: "x", status: 307, location: "//master-1.sim:5050/api/v1/scheduler",
	},
	"2: no leader known: 503": {
		masters: 2, master: 1, before: func(c *Cluster) { c.StopMaster(0) }, method: http.MethodGet,
		body: "x", status: 503, text: "No leader elected",
	},
	"3: leader, registry not recovered: 503": {
		before: func(c *Cluster) {
			c.StopMaster(0)
			c.StartMaster(0)
			time.Sleep(50 * time.Millisecond) // elected, but not recovered
		},
		method: http.MethodGet, body: "x", status: 503, text: "Master has not finished recovery",
	},
	"4: not POST: 405": {
		method: http.MethodGet, headers: map[string]string{"Content-Type": ""}, body: "x",
		status: 405, text: "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.",
	},
	"4: no Content-Type: 400": {
		headers: map[string]string{"Content-Type": ""}, body: "x", status: 400, text: "Expecting 'Content-Type' to be present",
	},
	"4: other than JSON/x-protobuf: 415": {
		headers: map[string]string{"Content-Type": "text/plain"}, body: "x",
		status: 415, text: "Expecting 'Content-Type' of application/json or application/x-protobuf",
	},
	"4: unparsable: 400": {body: "{\n\"type\": x", status: 400, text: "Failed to parse body into JSON: syntax error at line 2 near: x"},
	"4: unparsable protobuf: 400": {
		headers: map[string]string{"Content-Type": typeProtobuf}, body: "\xff\xff", status: 400, text: "Failed to parse body into Call protobuf",
	},
	"5: missing type": {body: `{"framework_id": {"value": "f"}}`, status: 400, text: "Failed to validate scheduler::Call: Expecting 'type' to be present"},
	"5: missing body": {body: `{"type": "KILL", "framework_id": {"value": "f"}}`, status: 400, text: "Failed to validate scheduler::Call: Expecting 'kill' to be present"},
	"5: missing framework_id": {
		body: `{"type": "KILL", "kill": {"task_id": {"value": "t"}}}`, status: 400, text: "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
	},
	"5: framework_id differs from subscribe.framework_info.id": {
		body:   `{"type": "SUBSCRIBE", "framework_id": {"value": "x"}, "subscribe": {"framework_info": {"user": "root", "name": "n", "id": {"value": "y"}}}}`,
		status: 400, text: "Failed to validate scheduler::Call: 'framework_id' differs from 'subscribe.framework_info.id'",
	},
	"5: authenticated principal differs from FrameworkInfo.principal": {
		flags: authenticated, headers: map[string]string{"Authorization": basicAlice, "Accept": "text/html"},
		body:   `{"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "n", "principal": "bob"}}}`,
		status: 400, text: "Failed to validate scheduler::Call: Authenticated principal 'alice' does not match principal 'bob' set in `FrameworkInfo`",
	},
	"5: ACK uuid not 16 bytes": {
		body:   `{"type": "ACKNOWLEDGE", "framework_id": {"value": "f"}, "acknowledge": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": ""}}`,
		status: 400, text: "Failed to validate scheduler::Call: Not a valid UUID",
	},
	"6: SUBSCRIBE, Accept must allow JSON or protobuf else 406": {
		headers: map[string]string{"Accept": "text/html", streamIDHeader: "x"},
		body:    `{"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "n"}}}`,
		status:  406, text: "Expecting 'Accept' to allow application/x-protobuf or application/json",
	},
	"6: SUBSCRIBE, Mesos-Stream-Id present: 400": {
		headers: map[string]string{streamIDHeader: "x"},
		body:    `{"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "n"}}}`,
		status:  400, text: "Subscribe calls should not include the 'Mesos-Stream-Id' header",
	},
	"8: framework unknown to this master: 400": {
		body: `{"type": "REVIVE", "framework_id": {"value": "f"}}`, status: 400, text: "Framework cannot be found",
	},
}

func TestHTTPChecksInTheirOrder(t *testing.T) {
	for name, tc := range httpCases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{Masters: tc.masters, Flags: tc.flags}, func(in bubble) {
				t, c := in.t, in.cluster
				if tc.before != nil {
					tc.before(c)
				}
				cl := newClient(t, c)
				defer cl.close()
				got := request1(t, cl, c.Masters()[tc.master].URL(), tc)
				if got.status != tc.status || got.body != tc.text {
					t.Errorf("got %d %q, want %d %q", got.status, got.body, tc.status, tc.text)
				}
				if loc := got.header.Get("Location"); loc != tc.location {
					t.Errorf("Location is %q, want %q", loc, tc.location)
				}
			})
		})
	}
}

func request1(t *testing.T, cl *client, url string, tc httpCase) result {
	t.Helper()
	req, err := http.NewRequest(orDefault(tc.method, http.MethodPost), url+schedulerPath, bytes.NewReader([]byte(tc.body)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", typeJSON)
	req.Header.Set("Accept", typeJSON)
	for k, v := range tc.headers {
		req.Header.Del(k)
		if v != "" {
			req.Header.Set(k, v)
		}
	}
	got, err := cl.do(req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The part of check 8 that needs a framework, in its order.
func TestChecksOfTheSubscription(t *testing.T) {
	revive := func(cl *client, id string, headers map[string]string) result {
		b, err := json.Marshal(object{"type": "REVIVE", "framework_id": value(id)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := cl.send(b, headers)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		id := cl.frameworkID()
		expect := func(what string, got result, status int, text string) {
			t.Helper()
			if got.status != status || got.body != text {
				t.Errorf("%s: got %d %q, want %d %q", what, got.status, got.body, status, text)
			}
		}
		expect("no stream id", revive(cl, id, map[string]string{streamIDHeader: ""}), 400,
			"All non-subscribe calls should include the 'Mesos-Stream-Id' header")
		expect("stream id is not the current one", revive(cl, id, map[string]string{streamIDHeader: "old"}), 400,
			"The stream ID 'old' included in this request didn't match the stream ID currently associated with framework ID "+id)
		expect("the current one", revive(cl, id, nil), 202, "")
		cl.cancel()
		synctest.Wait()
		expect("framework known but not connected", revive(cl, id, map[string]string{streamIDHeader: ""}), 403, "Framework is not subscribed")
	})
}

func TestJSONWinsIfAcceptAllowsBoth(t *testing.T) {
	for name, tc := range map[string]struct{ accept, want string }{
		"both":                 {"application/x-protobuf, application/json", typeJSON},
		"anything":             {"*/*", typeJSON},
		"protobuf only":        {"application/x-protobuf", typeProtobuf},
		"JSON that is refused": {"application/json;q=0, application/x-protobuf", typeProtobuf},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				cl := newClient(t, c)
				defer cl.close()
				b, err := json.Marshal(subscribeCall(""))
				if err != nil {
					t.Fatal(err)
				}
				got, err := cl.open(b, map[string]string{"Accept": tc.accept})
				if err != nil || got.header.Get("Content-Type") != tc.want {
					t.Errorf("got %q, %v, want %q", got.header.Get("Content-Type"), err, tc.want)
				}
			})
		})
	}
}

func TestAStoppedMasterRefusesConnectionsAndCutsStreams(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.all()
		c.StopMaster(0)
		if end := cl.streamEnd(); end == "" || end == "EOF" {
			t.Errorf("the stream ended with %q, want it broken", end)
		}
		_, err := cl.send([]byte("{}"), nil)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want a refused connection", err)
		}
		c.StartMaster(0)
		time.Sleep(time.Second)
		if got, err := cl.send([]byte(`{"type":"REVIVE","framework_id":{"value":"`+cl.frameworkID()+`"}}`), nil); err != nil ||
			got.status != 400 || got.body != "Framework cannot be found" {
			t.Errorf("got %v %v, want 400: the new master knows no framework", got, err)
		}
	})
}

func TestWhatIsNotSimulatedFailsLoudly(t *testing.T) {
	launch := func(change func(task object)) func(offer object) []any {
		return func(offer object) []any {
			task := taskFor("x", offer)
			change(task)
			return []any{object{"type": "LAUNCH", "launch": object{"task_infos": []any{task}}}}
		}
	}
	operations := map[string]func(offer object) []any{
		"RESERVE": func(object) []any { return []any{object{"type": "RESERVE", "reserve": object{"resources": []any{}}}} },
		"a task with an executor": launch(func(task object) {
			delete(task, "command")
			task["executor"] = object{"executor_id": value("e")}
		}),
		"a container of a real process": launch(func(task object) { task["container"] = object{"type": "MESOS"} }),
	}
	for name, op := range operations {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				spec := smallAgent()
				spec.Runner = ProcessRunner{Dir: t.TempDir()}
				c.AddAgent(spec)
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				offer := cl.offers()[0]
				call := cl.acceptCall(offer)
				call["accept"].(object)["operations"] = op(offer)
				expectNotSimulated(t, c, cl.call(call, http.StatusNotImplemented))
			})
		})
	}
	calls := map[string]func(cl *client) object{
		"MESSAGE": func(cl *client) object {
			call := cl.simple("MESSAGE")
			call["message"] = object{"agent_id": value("a"), "executor_id": value("e"), "data": ""}
			return call
		},
		"offer filters": func(cl *client) object {
			info := infoOf(subscribeCall(cl.frameworkID()))
			info["offer_filters"] = object{"demo": object{"min_allocatable_resources": object{"quantities": []any{}}}}
			call := cl.simple("UPDATE_FRAMEWORK")
			call["update_framework"] = object{"framework_info": info}
			return call
		},
		"offer constraints": func(cl *client) object {
			call := cl.simple("UPDATE_FRAMEWORK")
			call["update_framework"] = object{"framework_info": infoOf(subscribeCall(cl.frameworkID())), "offer_constraints": object{}}
			return call
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				expectNotSimulated(t, c, cl.call(call(cl), http.StatusNotImplemented))
			})
		})
	}
}

func expectNotSimulated(t *testing.T, c *Cluster, got result) {
	t.Helper()
	if !strings.HasPrefix(got.body, "Not simulated: ") || len(c.NotSimulated()) != 1 {
		t.Errorf("got %q and %v, want it named and counted", got.body, c.NotSimulated())
	}
}

// A fault can break the stream before any byte of an event, within its length, or within its body.
func TestTheStreamIsCutAtTheByte(t *testing.T) {
	for _, n := range []int64{0, 1, 2, 3, 4, 5, 50, 100, 200, 300, 390} {
		inBubble(t, Options{}, func(in bubble) {
			t, c := in.t, in.cluster
			c.Inject(Fault{Target: EventFault, Action: Cut, Type: "SUBSCRIBED", Bytes: n})
			b, err := jsonWire{}.call(subscribeCall(""))
			if err != nil {
				t.Fatal(err)
			}
			client := c.Client()
			defer client.CloseIdleConnections()
			resp, err := client.Post(c.Masters()[0].URL()+schedulerPath, typeJSON, bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if int64(len(got)) != n || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %d bytes and %v, want %d and a broken stream", len(got), err, n)
			}
		})
	}
}
