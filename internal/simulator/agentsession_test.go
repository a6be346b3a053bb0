package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// sessions is an agent that runs t1 as a real process, on a server.
type sessions struct {
	t      *testing.T
	agent  *Agent
	url    string
	parent string // t1's container
}

func newSessions(t *testing.T) *sessions {
	t.Helper()
	c := New(Options{Flags: Flags{OfferInterval: 10 * time.Millisecond}})
	t.Cleanup(c.Close)
	spec := smallAgent()
	spec.Runner = ProcessRunner{Dir: t.TempDir()}
	a := c.AddAgent(spec)
	cl := &client{t: t, http: c.Client(), url: c.Masters()[0].URL(), wire: jsonWire{}, cancel: func() {}, real: true, changed: make(chan struct{}, 1)}
	t.Cleanup(cl.close)
	cl.subscribe(subscribeCall(""))
	cl.await("an offer", func() bool { return len(cl.offers()) > 0 })
	cl.launch(cl.offers()[0], "t1")
	var container string
	cl.await("t1 to run", func() bool {
		for _, task := range c.Tasks() {
			if task.TaskID == "t1" && task.PID != 0 {
				container = task.ContainerID
			}
		}
		return container != ""
	})
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return &sessions{t: t, agent: a, url: server.URL + "/api/v1", parent: container}
}

// id is a container below t1's.
func (s *sessions) id(name string) object {
	return object{"value": name, "parent": object{"value": s.parent}}
}

// reply is an answer whose body is closed at the end of the test.
type reply struct {
	status int
	header http.Header
	body   io.ReadCloser
}

func (s *sessions) post(body io.Reader, headers ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url, body)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = answer.Body.Close() })
	return reply{answer.StatusCode, answer.Header, answer.Body}
}

func (s *sessions) launch(id object, shell string) reply {
	s.t.Helper()
	text, err := json.Marshal(object{"type": "LAUNCH_NESTED_CONTAINER_SESSION", "launch_nested_container_session": object{
		"container_id": id, "command": object{"shell": true, "value": shell},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.post(bytes.NewReader(text), "Content-Type", typeJSON, "Accept", typeRecordIO, "Message-Accept", typeJSON)
}

// input attaches to a session with some messages.
func (s *sessions) input(id object, messages ...object) reply {
	s.t.Helper()
	var body bytes.Buffer
	frames := recordio.NewWriter(&body)
	for _, one := range append([]object{{"type": "CONTAINER_ID", "container_id": id}}, messages...) {
		text, err := json.Marshal(object{"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": one})
		if err != nil {
			s.t.Fatal(err)
		}
		if err := frames.WriteFrame(text); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.post(&body, "Content-Type", typeRecordIO, "Message-Content-Type", typeJSON, "Accept", typeJSON)
}

func (s *sessions) wait(id object) (status int, text string) {
	s.t.Helper()
	call, err := json.Marshal(object{"type": "WAIT_NESTED_CONTAINER", "wait_nested_container": object{"container_id": id}})
	if err != nil {
		s.t.Fatal(err)
	}
	return answered(s.t, s.post(bytes.NewReader(call), "Content-Type", typeJSON, "Accept", typeJSON))
}

func answered(t *testing.T, answer reply) (status int, text string) {
	t.Helper()
	body, err := io.ReadAll(answer.body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.status, string(body)
}

// output is what a session writes, by stream.
func output(t *testing.T, answer reply) map[string]string {
	t.Helper()
	if answer.status != http.StatusOK || answer.header.Get("Content-Type") != typeRecordIO || answer.header.Get("Message-Content-Type") != typeJSON {
		status, text := answered(t, answer)
		t.Fatalf("%d %v %s", status, answer.header, text)
	}
	frames, out := recordio.NewReader(answer.body), map[string]string{}
	for {
		frame, err := frames.ReadFrame()
		if err != nil {
			return out
		}
		var message struct {
			Data struct {
				Type string
				Data []byte
			}
		}
		if err := json.Unmarshal(frame, &message); err != nil {
			t.Fatal(err)
		}
		out[message.Data.Type] += string(message.Data.Data)
	}
}

func stdin(text string) object {
	return object{"type": "PROCESS_IO", "process_io": object{"type": "DATA", "data": object{"type": "STDIN", "data": []byte(text)}}}
}

func TestSession_wholeLife(t *testing.T) {
	s := newSessions(t)
	id := s.id("one")
	answer := s.launch(id, "echo err >&2; cat; exit 3")
	if got, _ := answered(t, s.input(id, stdin("a"), object{"type": "PROCESS_IO", "process_io": object{"type": "CONTROL", "control": object{
		"type": "HEARTBEAT", "heartbeat": object{"interval": object{"nanoseconds": 1}},
	}}}, stdin("b"), stdin(""))); got != http.StatusOK {
		t.Errorf("the input is answered %d", got)
	}
	if out := output(t, answer); out["STDOUT"] != "ab" || out["STDERR"] != "err\n" {
		t.Errorf("it wrote %v", out)
	}
	if status, text := s.wait(id); status != http.StatusOK || !strings.Contains(text, `"exit_status":768`) {
		t.Errorf("waiting is answered %d %s", status, text)
	}
}

func TestSession_refusals(t *testing.T) {
	s := newSessions(t)
	busy := s.id("busy")
	session := s.launch(busy, "cat")
	pipe, hold := io.Pipe()
	defer func() { _ = hold.Close() }()
	go func() {
		for _, one := range []object{{"type": "CONTAINER_ID", "container_id": busy}, stdin("held\n")} {
			if text, err := json.Marshal(object{"type": "ATTACH_CONTAINER_INPUT", "attach_container_input": one}); err == nil {
				_ = recordio.NewWriter(hold).WriteFrame(text)
			}
		}
	}()
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, pipe)
		r.Header.Set("Content-Type", typeRecordIO)
		r.Header.Set("Message-Content-Type", typeJSON)
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_ = answer.Body.Close()
		}
	}()
	if _, err := recordio.NewReader(session.body).ReadFrame(); err != nil {
		t.Fatal(err) // the input that is held has arrived
	}
	for what, one := range map[string]struct {
		answer reply
		status int
		text   string
	}{
		"a parent that is not there": {s.launch(object{"value": "x", "parent": object{"value": "nobody"}}, "true"), 400, "Parent container nobody does not exist"},
		"no parent":                  {s.launch(object{"value": "x"}, "true"), 400, "Failed to validate agent::Call: Expecting 'launch_nested_container_session.container_id.parent' to be present"},
		"a dot in an ID":             {s.launch(s.id("x.y"), "true"), 400, "Failed to validate agent::Call: 'launch_nested_container_session.container_id' is invalid: 'ContainerID.value' 'x.y' contains invalid characters"},
		"the same ID again":          {s.launch(busy, "true"), 202, ""},
		"input to nobody":            {s.input(s.id("nobody")), 404, "Container " + s.parent + ".nobody cannot be found"},
		"input beside another":       {s.input(busy, stdin("x")), 409, "Multiple input connections are not allowed"},
		"input without its kind":     {s.post(strings.NewReader("2\n{}"), "Content-Type", typeRecordIO), 400, "Expecting 'Message-Content-Type' to be set for streaming requests"},
		"input that is empty":        {s.post(http.NoBody, "Content-Type", typeRecordIO, "Message-Content-Type", typeJSON), 400, "Received EOF while reading request body"},
	} {
		if status, text := answered(t, one.answer); status != one.status || text != one.text {
			t.Errorf("%s is answered %d %q", what, status, text)
		}
	}
	if status, text := s.wait(s.id("nobody")); status != 404 || text != "Container "+s.parent+".nobody cannot be found" {
		t.Errorf("waiting for nobody is answered %d %q", status, text)
	}
}

// TestSession_endsWithItsConnection: who leaves takes the command along.
func TestSession_endsWithItsConnection(t *testing.T) {
	s := newSessions(t)
	id := s.id("one")
	answer := s.launch(id, "echo up; exec sleep 1000")
	if _, err := recordio.NewReader(answer.body).ReadFrame(); err != nil {
		t.Fatal(err)
	}
	if err := answer.body.Close(); err != nil {
		t.Fatal(err)
	}
	if status, text := s.wait(id); status != http.StatusOK || !strings.Contains(text, `"exit_status":9`) {
		t.Errorf("waiting is answered %d %s", status, text)
	}
}

// TestSession_endsWithItsTask: a task that ends takes along what runs beside it.
func TestSession_endsWithItsTask(t *testing.T) {
	s := newSessions(t)
	answer := s.launch(s.id("one"), "echo up; exec sleep 1000")
	if _, err := recordio.NewReader(answer.body).ReadFrame(); err != nil {
		t.Fatal(err)
	}
	if s.agent.cluster.KillProcess("t1") == 0 {
		t.Fatal("t1 does not live")
	}
	output(t, answer)
	if status, text := answered(t, s.launch(s.id("two"), "true")); status != 400 || text != "Parent container "+s.parent+" does not exist" {
		t.Errorf("another session is answered %d %q", status, text)
	}
}
