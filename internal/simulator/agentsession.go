package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/agent"
	"github.com/mesos/mesos-go/api/v1/lib/encoding/framing"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
)

// Nested container sessions (src/slave/http.cpp, launchNestedContainerSession; src/slave/containerizer/mesos/io/switchboard.cpp): a command beside a task, whose
// output is the answer's stream and whose input another request's. It ends when its connection does. Messages are in JSON only.

const typeRecordIO = "application/recordio"

// longestContainerID is how long a container's ID may be (src/slave/constants.hpp, MAX_CONTAINER_ID_LENGTH).
const longestContainerID = 36

// launchSession is a LAUNCH_NESTED_CONTAINER_SESSION.
type launchSession struct {
	ContainerID *mesos.ContainerID   `json:"container_id"`
	Command     *mesos.CommandInfo   `json:"command"`
	Container   *mesos.ContainerInfo `json:"container"`
}

// waited is what a call waits for.
type waited struct {
	ContainerID mesos.ContainerID `json:"container_id"`
}

// hosting is an Execution beside which commands can be run.
type hosting interface {
	// host starts a command in the task's directory and environment. out is given what it writes until done is closed.
	host(command *mesos.CommandInfo, tty *mesos.TTYInfo, out func(agent.ProcessIO_Data_Type, []byte)) *nested
}

// nested is a command that runs beside a task.
type nested struct {
	// input takes what the command reads; closeInput is its end.
	input      func([]byte) error
	closeInput func()
	// resize is nil without a terminal.
	resize func(rows, columns uint32) error
	kill   func()
	done   chan struct{}
	// status is that of wait(2), once done is closed.
	status int

	attached sync.Mutex
}

// sessionOf finds a session by its container's ID.
func (a *Agent) sessionOf(id mesos.ContainerID) *nested {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	if id.Parent == nil {
		return nil
	}
	if one := a.runs.byContainer[id.Parent.Value]; one != nil {
		return one.sessions[id.Value]
	}
	return nil
}

// containerText is a container's ID as Mesos writes it.
func containerText(id mesos.ContainerID) string {
	if id.Parent == nil {
		return id.Value
	}
	return containerText(*id.Parent) + "." + id.Value
}

// checkContainerID is validateContainerId (src/slave/validation.cpp).
func checkContainerID(id *mesos.ContainerID) string {
	switch {
	case id.Value == "":
		return "ID must not be empty"
	case len(id.Value) > longestContainerID:
		return fmt.Sprintf("'ContainerID.value' '%s' exceeds the maximum length (%d)", id.Value, longestContainerID)
	case strings.ContainsAny(id.Value, ". /\\"):
		return fmt.Sprintf("'ContainerID.value' '%s' contains invalid characters", id.Value)
	case id.Parent != nil:
		if why := checkContainerID(id.Parent); why != "" {
			return "'ContainerID.parent' is invalid: " + why
		}
	}
	return ""
}

// checkSession is what a launch has to fulfil before it is tried.
func checkSession(r *http.Request, c *launchSession) answer {
	invalid := func(why string) answer { return badRequest("Failed to validate agent::Call: %s", why) }
	switch {
	case c == nil:
		return invalid("Expecting 'launch_nested_container_session' to be present")
	case c.ContainerID == nil:
		return invalid("Not initialized: launch_nested_container_session.container_id")
	}
	if why := checkContainerID(c.ContainerID); why != "" {
		return invalid("'launch_nested_container_session.container_id' is invalid: " + why)
	}
	switch {
	case c.ContainerID.Parent == nil:
		return invalid("Expecting 'launch_nested_container_session.container_id.parent' to be present")
	case !accepts(r, typeRecordIO) && !accepts(r, typeJSON):
		return answer{status: http.StatusNotAcceptable, text: "Expecting 'Accept' to allow " + typeJSON + " or " + typeProtobuf + " or " + typeRecordIO}
	case !accepts(&http.Request{Header: http.Header{"Accept": r.Header.Values("Message-Accept")}}, typeJSON) && r.Header.Get("Message-Accept") != "":
		return answer{status: http.StatusNotAcceptable, text: "Expecting 'Message-Accept' to allow " + typeJSON + " or " + typeProtobuf}
	}
	return answer{}
}

// serveSession answers LAUNCH_NESTED_CONTAINER_SESSION.
func (a *Agent) serveSession(w http.ResponseWriter, r *http.Request, c *launchSession) {
	if problem := checkSession(r, c); problem.status != 0 {
		problem.write(w)
		return
	}
	if accepts(r, typeJSON) { // which wins, and is for clients of before RecordIO
		a.notSimulated("a session whose answer is no RecordIO").write(w)
		return
	}
	out := &sessionOutput{writer: w, flusher: http.NewResponseController(w)}
	out.mu.Lock() // What it writes waits for the answer's head, and whether there is one.
	session, problem := a.launchSession(c, out.write)
	if problem.status != 0 {
		problem.write(w)
		return
	}
	w.Header().Set("Content-Type", typeRecordIO)
	w.Header().Set("Message-Content-Type", typeJSON)
	_ = out.flusher.Flush() // who left is noticed by the request's context
	out.mu.Unlock()
	select {
	case <-session.done:
	case <-r.Context().Done():
		session.kill()
		<-session.done
	}
}

func (a *Agent) notSimulated(what string) answer {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	return a.cluster.notSimulated(what)
}

// launchSession starts the command of a session.
func (a *Agent) launchSession(c *launchSession, out func(agent.ProcessIO_Data_Type, []byte)) (*nested, answer) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	parent := a.runs.byContainer[c.ContainerID.Parent.Value]
	switch {
	case parent == nil || parent.completed || parent.task.ended || a.cluster.closed:
		return nil, badRequest("Parent container %s does not exist", containerText(*c.ContainerID.Parent))
	case parent.sessions[c.ContainerID.Value] != nil:
		return nil, answer{status: http.StatusAccepted}
	}
	host, ok := parent.task.execution.(hosting)
	if !ok {
		return nil, a.cluster.notSimulated("a session beside a task that is acted out")
	}
	command := c.Command
	if command == nil {
		command = &mesos.CommandInfo{}
	}
	session := host.host(command, c.Container.GetTTYInfo(), out)
	if session == nil {
		return nil, badRequest("Parent container %s is in 'DESTROYING' state", containerText(*c.ContainerID.Parent))
	}
	if parent.sessions == nil {
		parent.sessions = map[string]*nested{}
	}
	parent.sessions[c.ContainerID.Value] = session
	return session, answer{}
}

// sessionOutput is the stream of a session's output.
type sessionOutput struct {
	mu      sync.Mutex
	writer  http.ResponseWriter
	flusher *http.ResponseController
}

// write writes one record. Who left is noticed by the request's context.
func (o *sessionOutput) write(kind agent.ProcessIO_Data_Type, data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	record, err := json.Marshal(&agent.ProcessIO{Type: agent.ProcessIO_DATA, Data: &agent.ProcessIO_Data{Type: kind, Data: data}})
	if err != nil {
		return
	}
	if recordio.NewWriter(o.writer).WriteFrame(record) == nil {
		_ = o.flusher.Flush() // see above
	}
}

// inputStream is the body of an ATTACH_CONTAINER_INPUT: calls, one after the other.
type inputStream struct{ frames framing.Reader }

// next reads a call; there is false at the end.
func (s *inputStream) next() (input *agent.Call_AttachContainerInput, there bool, problem answer) {
	frame, err := s.frames.ReadFrame()
	if err != nil {
		return nil, false, answer{}
	}
	var call agent.Call
	if err := json.Unmarshal(frame, &call); err != nil {
		return nil, true, badRequest("Failed to parse body into JSON: %v", err)
	}
	switch {
	case call.Type != agent.Call_ATTACH_CONTAINER_INPUT:
		return nil, true, answer{
			status: http.StatusUnsupportedMediaType, text: fmt.Sprintf("Streaming 'Content-Type' %s is not supported for %s call", typeRecordIO, call.Type),
		}
	case call.AttachContainerInput == nil:
		return nil, true, badRequest("Failed to validate agent::Call: Expecting 'attach_container_input' to be present")
	}
	return call.AttachContainerInput, true, answer{}
}

// nextMessage reads a call that brings input.
func (s *inputStream) nextMessage() (message *agent.ProcessIO, there bool, problem answer) {
	input, there, problem := s.next()
	if !there || problem.status != 0 {
		return nil, there, problem
	}
	return input.ProcessIO, true, answer{}
}

// serveInput answers ATTACH_CONTAINER_INPUT, whose body is a stream of calls.
func (a *Agent) serveInput(r *http.Request) answer {
	switch kind := r.Header.Get("Message-Content-Type"); kind {
	case typeJSON:
	case "":
		return badRequest("Expecting 'Message-Content-Type' to be set for streaming requests")
	case typeProtobuf:
		return a.notSimulated("input in protobuf")
	default:
		return answer{status: http.StatusUnsupportedMediaType, text: "Expecting 'Message-Content-Type' of " + typeJSON + " or " + typeProtobuf}
	}
	calls := &inputStream{recordio.NewReader(r.Body)}
	first, there, problem := calls.next()
	switch {
	case !there:
		return badRequest("Received EOF while reading request body")
	case problem.status != 0:
		return problem
	case first.Type != agent.Call_AttachContainerInput_CONTAINER_ID || first.ContainerID == nil:
		return badRequest("Expecting 'attach_container_input.type' to be CONTAINER_ID")
	}
	session := a.sessionOf(*first.ContainerID)
	if session == nil {
		return answer{status: http.StatusNotFound, text: "Container " + containerText(*first.ContainerID) + " cannot be found"}
	}
	if !session.attached.TryLock() {
		return answer{status: http.StatusConflict, text: "Multiple input connections are not allowed"}
	}
	defer session.attached.Unlock()
	return session.attach(calls)
}

// attach feeds a session until its input or the session itself ends.
func (s *nested) attach(calls *inputStream) answer {
	fed := make(chan answer, 1)
	go func() {
		for {
			message, there, problem := calls.nextMessage()
			if !there || problem.status != 0 {
				fed <- problem
				return
			}
			if problem := s.take(message); problem.status != 0 {
				fed <- problem
				return
			}
		}
	}()
	select {
	case problem := <-fed:
		if problem.status != 0 {
			return problem
		}
	case <-s.done:
	}
	return answer{status: http.StatusOK}
}

// take does what one message of the input says.
func (s *nested) take(message *agent.ProcessIO) answer {
	switch message.GetType() {
	case agent.ProcessIO_DATA:
		data := message.GetData()
		if data.GetType() != agent.ProcessIO_Data_STDIN {
			return badRequest("Expecting 'process_io.data.type' to be 'STDIN'")
		}
		if len(data.GetData()) == 0 && s.resize == nil {
			s.closeInput()
			return answer{}
		}
		if err := s.input(data.GetData()); err != nil {
			return answer{status: http.StatusInternalServerError, text: "Failed writing to stdin: " + err.Error()}
		}
	case agent.ProcessIO_CONTROL:
		size := message.GetControl().GetTTYInfo().GetWindowSize()
		if message.GetControl().GetType() != agent.ProcessIO_Control_TTY_INFO || size == nil {
			return answer{} // a heartbeat
		}
		if s.resize == nil {
			return badRequest("Unable to set the window size: Inappropriate ioctl for device")
		}
		if err := s.resize(size.Rows, size.Columns); err != nil {
			return badRequest("Unable to set the window size: %v", err)
		}
	default:
		return badRequest("'process_io.type' is unknown")
	}
	return answer{}
}

// waitFor is WAIT_NESTED_CONTAINER, and WAIT_CONTAINER of nested ones.
func (a *Agent) waitFor(r *http.Request, call *agentCall) answer {
	name, asked := "wait_nested_container", call.WaitNested
	if call.Type == "WAIT_CONTAINER" {
		name, asked = "wait_container", call.Wait
	}
	if asked == nil {
		return badRequest("Failed to validate agent::Call: Expecting '%s' to be present", name)
	}
	session := a.sessionOf(asked.ContainerID)
	if session == nil {
		return answer{status: http.StatusNotFound, text: "Container " + containerText(asked.ContainerID) + " cannot be found"}
	}
	select {
	case <-session.done:
		return shows(call.Type, name, message{"exit_status": session.status})
	case <-r.Context().Done():
		return answer{status: http.StatusServiceUnavailable}
	}
}
