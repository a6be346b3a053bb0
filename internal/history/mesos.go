package history

import (
	"context"
	"net"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Observe takes down what happens in a simulated Mesos: it is for simulator.Options.
func (h *History) Observe(what simulator.Observation) {
	if h == nil {
		return
	}
	entry := Entry{Truth: what.Change, Agent: what.Agent, Elected: what.Elected, Abdicated: what.Abdicated, Fault: what.Fault}
	switch {
	case what.Call != nil:
		entry.Call = &Call{Who: h.instance(what.Call.From), Type: what.Call.Type, StreamID: what.Call.StreamID, Call: what.Call.Call}
	case what.Event != nil:
		entry.Event = &Event{StreamID: what.Event.StreamID, Event: what.Event.Event}
	case what.Answered != nil:
		entry.Answer = &Answer{Status: what.Answered.Status, Lost: what.Answered.Lost}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if what.Answered != nil {
		entry.Answer.To = h.calls[what.Answered.Call]
		delete(h.calls, what.Answered.Call)
	}
	number := h.append(entry)
	if what.Call != nil {
		h.calls[what.Call] = number
	}
}

// Dialer makes connections, as net.Dialer does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Dial lets the calls of an instance of the operator be told from those of others. It does so over connections to a simulated Mesos in memory. Nil
// stays nil.
func (h *History) Dial(instance string, dial Dialer) Dialer {
	if h == nil || dial == nil {
		return dial
	}
	h.mu.Lock()
	h.instances[instance] = true
	h.mu.Unlock()
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(simulator.From(ctx, instance), network, address)
	}
}

// instance is the name of the instance at an address, empty if it is nobody's.
func (h *History) instance(address string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.instances[address] {
		return address
	}
	return ""
}

// launchedBy are the tasks that a call launches.
func launchedBy(call *scheduler.Call) (tasks []*mesos.TaskInfo) {
	if call.Accept == nil {
		return nil
	}
	for i := range call.Accept.Operations {
		operation := &call.Accept.Operations[i]
		if operation.Launch != nil {
			for j := range operation.Launch.TaskInfos {
				tasks = append(tasks, &operation.Launch.TaskInfos[j])
			}
		}
		if operation.LaunchGroup != nil {
			for j := range operation.LaunchGroup.TaskGroup.Tasks {
				tasks = append(tasks, &operation.LaunchGroup.TaskGroup.Tasks[j])
			}
		}
	}
	return tasks
}
