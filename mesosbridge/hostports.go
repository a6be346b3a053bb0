package mesosbridge

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"time"
)

const (
	getTasks = "GET_TASKS"
	// portsGather is how long is waited for more tasks whose ports are wanted: one answer tells of all. portsEvery is the least time between two asks,
	// portsRetry the least after one that the master did not answer in full.
	portsGather, portsEvery, portsRetry = 5 * time.Second, 5 * time.Minute, time.Hour
	// portsTries is how many answers may leave out a task that is wanted: its agent may not have registered again yet.
	portsTries = 4
	// maxTasksAnswer is how much is read of what a master says of all tasks, and maxHostPorts how many ports are kept of one.
	maxTasksAnswer, maxHostPorts = 256 << 20, 64
)

// HostPorts returns the host ports that a task was launched with, in the order of its spec, as the master says it; none while it has not said any. Then
// the master is asked for its tasks (GET_TASKS), and Listener.AttemptChanged is told once it says some. It is for attempts of which Mesos spoke, and that
// this process has not launched.
func (b *Bridge) HostPorts(taskID string) []int32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.attempts[taskID]
	if r == nil {
		return nil
	}
	if r.ports.ask == portsUnasked && !r.Over() {
		r.ports.ask = portsAsked
		b.askForPorts()
	}
	return r.ports.told
}

// toldPorts are what a master says of the host ports of a task.
type toldPorts struct {
	told []int32
	ask  portsAsk
	// missed is how many answers left the task out.
	missed int
}

// portsAsk is how far asking for the ports of a task has come.
type portsAsk int

const (
	portsUnasked portsAsk = iota
	portsAsked
	portsSaid
)

// askForPorts has keepPorts look.
func (b *Bridge) askForPorts() {
	select {
	case b.portsWanted <- struct{}{}:
	default:
	}
}

// keepPorts asks the master for the ports of tasks while some are wanted.
func (b *Bridge) keepPorts(t *term) {
	b.askForPorts() // What an earlier term left unsaid.
	next, astray := time.Time{}, 1
	for {
		select {
		case <-t.ctx.Done():
			return
		case <-b.portsWanted:
		}
		if !await(t, max(portsGather, time.Until(next))) {
			return
		}
		wanted := b.portsUnsaid()
		if len(wanted) == 0 {
			continue
		}
		said, o := b.askPorts(t, wanted)
		if (o.redirected() || o.unreached) && astray < mostAstray {
			// Nobody was asked.
			astray++
			next = time.Now().Add(agentsAstray)
			b.askForPorts()
			continue
		}
		astray, next = 1, time.Now().Add(portsEvery)
		b.notePorts(t, said)
		if err := o.problem(); err != nil {
			b.log.Info("The master did not say which tasks it has", "term", t.number, "err", err)
			next = time.Now().Add(portsRetry)
		} else {
			b.noteMissed(t, wanted)
		}
		if len(said) < len(wanted) {
			b.askForPorts()
		}
	}
}

// portsUnsaid are the tasks whose ports are wanted. Of those that are over no master tells any.
func (b *Bridge) portsUnsaid() map[string]struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	wanted := map[string]struct{}{}
	for taskID, r := range b.attempts {
		switch {
		case r.ports.ask != portsAsked:
		case r.Over():
			r.ports.ask = portsUnasked
		default:
			wanted[taskID] = struct{}{}
		}
	}
	return wanted
}

// notePorts records what the master said. Of a task of which it says no ports there are none to learn.
func (b *Bridge) notePorts(t *term, said map[string][]int32) {
	var news []string
	b.mu.Lock()
	if t == b.current {
		for taskID, ports := range said {
			if r := b.attempts[taskID]; r != nil {
				r.ports = toldPorts{told: ports, ask: portsSaid}
				news = append(news, taskID)
			}
		}
	}
	b.mu.Unlock()
	for _, taskID := range news {
		b.listener.AttemptChanged(taskID)
	}
}

// noteMissed counts an answer that was read to its end against those of the tasks that were wanted and that it left out.
func (b *Bridge) noteMissed(t *term, wanted map[string]struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.current {
		return
	}
	for taskID := range wanted {
		r := b.attempts[taskID]
		if r == nil || r.ports.ask != portsAsked {
			continue
		}
		if r.ports.missed++; r.ports.missed == portsTries {
			r.ports.ask = portsSaid
		}
	}
}

// askPorts asks the master that has the subscription for the ports of tasks. Those that it does not have are left out.
func (b *Bridge) askPorts(t *term, wanted map[string]struct{}) (said map[string][]int32, o outcome) {
	o = b.askMaster(t, operatorCall(getTasks), func(body io.Reader) (err error) {
		said, err = decodePorts(io.LimitReader(body, maxTasksAnswer), t.frameworkID, wanted)
		return err
	})
	return said, o
}

// errAllSaid ends the reading of an answer that has told all that was wanted.
var errAllSaid = errors.New("all is said")

// decodePorts reads the ports of the wanted tasks of a framework out of what a master says of all tasks (v1/master.proto, Response.GetTasks), one after
// the other, as the answer is large: those that live, and those on agents that it cannot reach.
func decodePorts(body io.Reader, frameworkID string, wanted map[string]struct{}) (said map[string][]int32, err error) {
	decoder := json.NewDecoder(body)
	said = map[string][]int32{}
	each := func() error {
		task, err := decodeTask(decoder)
		if _, ok := wanted[task.id]; err == nil && ok && task.frameworkID == frameworkID {
			said[task.id] = task.ports
		}
		if err == nil && len(said) == len(wanted) {
			err = errAllSaid
		}
		return err
	}
	err = eachField(decoder, func(name string) error {
		if name != "get_tasks" {
			return skip(decoder)
		}
		return eachField(decoder, func(name string) error {
			if name == "tasks" || name == "unreachable_tasks" {
				return eachElement(decoder, each)
			}
			return skip(decoder)
		})
	})
	if errors.Is(err, errAllSaid) {
		err = nil
	}
	return said, err
}

// listedTask is what is read of a Task (mesos.proto).
type listedTask struct {
	id, frameworkID string
	ports           []int32
}

func decodeTask(decoder *json.Decoder) (task listedTask, err error) {
	err = eachField(decoder, func(name string) error {
		switch name {
		case "task_id":
			return decodeID(decoder, &task.id)
		case "framework_id":
			return decodeID(decoder, &task.frameworkID)
		case "discovery":
			var discovery struct {
				Ports struct{ Ports []struct{ Number float64 } }
			}
			if err := decoder.Decode(&discovery); err != nil {
				return err
			}
			for _, port := range discovery.Ports.Ports {
				if port.Number < 1 || port.Number > math.MaxUint16 || port.Number != math.Trunc(port.Number) || len(task.ports) == maxHostPorts {
					// Nothing of ours.
					task.ports = nil
					return nil
				}
				task.ports = append(task.ports, int32(port.Number))
			}
			return nil
		default:
			return skip(decoder)
		}
	})
	return task, err
}

// decodeID reads an ID, which is a message with nothing but its value.
func decodeID(decoder *json.Decoder, into *string) error {
	var id struct{ Value string }
	err := decoder.Decode(&id)
	*into = id.Value
	return err
}
