package system

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// storm is a world in which things go wrong by chance. A seed draws it; as JSON it is kept, and told when it fails.
type storm struct {
	Seed uint64 `json:"seed"`
	// NoWatchList makes caches list before they watch, so that a list may be old; Elects makes processes hold a lease.
	NoWatchList bool `json:"noWatchList,omitempty"`
	Elects      bool `json:"elects,omitempty"`
	// Masters is how many masters there are.
	Masters int `json:"masters"`
	// Acts are what happens, in order.
	Acts []act `json:"acts"`
}

// act is one thing that happens.
type act struct {
	// After is how long after the one before.
	After time.Duration `json:"after"`
	What  deed          `json:"what"`
	// Task is the name of the MesosTask that it is done to, Kind which of taskKinds it is.
	Task string `json:"task,omitempty"`
	Kind string `json:"kind,omitempty"`
	// Agent is the number of the agent; For how long it lasts.
	Agent int           `json:"agent,omitempty"`
	For   time.Duration `json:"for,omitempty"`
	// API and Mesos are the fault of Inject.
	API   *apiserver.Fault `json:"api,omitempty"`
	Mesos *simulator.Fault `json:"mesos,omitempty"`
	// Share is how many of the agents come back after a failover.
	Share float64 `json:"share,omitempty"`
	// Resource is whose watches lag.
	Resource string `json:"resource,omitempty"`
}

// deed is what an act does.
type deed string

const (
	create     deed = "create"
	remove     deed = "delete"
	suspend    deed = "suspend"
	resume     deed = "resume"
	alter      deed = "change the spec"
	restart    deed = "restart by annotation"
	kill       deed = "kill the process"
	stop       deed = "stop the process"
	refuse     deed = "fault of the API server"
	lag        deed = "watches lag"
	compact    deed = "compact"
	sever      deed = "sever the process from the API server"
	mesosFault deed = "fault of Mesos"
	cut        deed = "cut the stream"
	failover   deed = "master failover"
	partition  deed = "partition an agent"
	restartAgt deed = "restart an agent"
	reboot     deed = "reboot an agent"
	silence    deed = "no heartbeats"
)

// taskKinds are the tasks of storms, with what may become of them once all is calm again.
var taskKinds = map[string]struct {
	spec string
	// ends are the reasons of condition Ready that it may have in the end, with how many tasks run then.
	ends map[string]int
}{
	"serves":  {`shell: sleep, restartPolicy: Always`, map[string]int{"Running": 1}},
	"replace": {`shell: sleep, restartPolicy: Always, unreachable: {replaceAfterSeconds: 60}`, map[string]int{"Running": 1}},
	"once":    {`shell: sleep, restartPolicy: Never`, map[string]int{"Running": 1, "Interrupted": 0, "Failed": 0}},
	"job":     {`shell: TASK_FINISHED, restartPolicy: OnFailure`, map[string]int{"Completed": 0}},
	"fails":   {`shell: TASK_FAILED, restartPolicy: OnFailure, maxRestarts: 2, backoff: {initialSeconds: 5, maxSeconds: 10}`, map[string]int{"RestartsExhausted": 0}},
}

// draw draws a storm of a seed.
func draw(seed uint64) *storm {
	random := rand.New(rand.NewPCG(seed, 0))
	d := &drawing{Rand: random, storm: &storm{Seed: seed, NoWatchList: random.IntN(2) == 0, Elects: random.IntN(4) == 0, Masters: 1 + random.IntN(2)}}
	for range 1 + random.IntN(3) {
		d.create()
	}
	for range 3 + random.IntN(10) {
		switch random.IntN(3) {
		case 0:
			d.user()
		case 1:
			d.operator()
		default:
			d.outside()
		}
	}
	return d.storm
}

// drawing is a storm that is being drawn.
type drawing struct {
	*rand.Rand
	storm *storm
	tasks []string
}

func (d *drawing) add(a act) {
	// Much that goes wrong does so while something else is under way.
	a.After = []time.Duration{0, time.Millisecond, 10 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second, 20 * time.Second, time.Minute}[d.IntN(8)]
	d.storm.Acts = append(d.storm.Acts, a)
}

func (d *drawing) create() {
	kinds := slices.Sorted(func(yield func(string) bool) {
		for kind := range taskKinds {
			if !yield(kind) {
				return
			}
		}
	})
	name := fmt.Sprintf("%c", 'a'+len(d.tasks))
	d.tasks = append(d.tasks, name)
	d.add(act{What: create, Task: name, Kind: kinds[d.IntN(len(kinds))]})
}

// user draws what a user does.
func (d *drawing) user() {
	if len(d.tasks) < 4 && d.IntN(3) == 0 {
		d.create()
		return
	}
	d.add(act{What: []deed{remove, suspend, resume, alter, restart}[d.IntN(5)], Task: d.tasks[d.IntN(len(d.tasks))]})
}

// operator draws what befalls the operator, or what is between it and the API server.
func (d *drawing) operator() {
	switch d.IntN(6) {
	case 0:
		d.add(act{What: kill, For: d.while()})
	case 1:
		d.add(act{What: stop, For: d.while()})
	case 2:
		d.add(act{What: lag, Resource: []string{"mesostasks", "mesosframeworks", ""}[d.IntN(3)], For: d.while()})
	case 3:
		d.add(act{What: []deed{compact, sever}[d.IntN(2)], For: d.while()})
	default:
		fault := &apiserver.Fault{
			Instance: "manager-",
			Action:   []apiserver.Action{apiserver.Drop, apiserver.DropAnswer, apiserver.Delay, apiserver.DelayAnswer, apiserver.Refuse}[d.IntN(5)],
			Writes:   d.IntN(3) > 0, Delay: d.while(), Status: []int{409, 429, 500, 503}[d.IntN(4)], Skip: d.IntN(4), Count: 1 + d.IntN(5),
		}
		if d.IntN(2) == 0 {
			fault.Resource = "mesostasks"
		}
		d.add(act{What: refuse, API: fault})
	}
}

// outside draws what befalls Mesos, or what is between it and the operator.
func (d *drawing) outside() {
	switch d.IntN(8) {
	case 0:
		d.add(act{What: cut})
	case 1:
		d.add(act{What: failover, For: d.while(), Share: []float64{1, 1, 0.5, 0}[d.IntN(4)]})
	case 2, 3:
		d.add(act{What: []deed{partition, restartAgt, reboot}[d.IntN(3)], Agent: d.IntN(2), For: d.while()})
	case 4:
		d.add(act{What: silence, For: d.while()})
	default:
		d.add(act{What: mesosFault, Mesos: d.mesosFault()})
	}
}

func (d *drawing) mesosFault() *simulator.Fault {
	fault := &simulator.Fault{Skip: d.IntN(3), Count: 1 + d.IntN(3), Delay: d.while()}
	switch d.IntN(3) {
	case 0:
		fault.Target, fault.Type = simulator.CallFault, []string{"ACCEPT", "KILL", "RECONCILE", "ACKNOWLEDGE", "SUBSCRIBE", ""}[d.IntN(6)]
		fault.Action = []simulator.Action{simulator.Drop, simulator.DropAnswer, simulator.Late, simulator.Delay, simulator.DelayAnswer, simulator.Answer}[d.IntN(6)]
		fault.Status, fault.AfterEffect = 503, d.IntN(2) == 0
	case 1:
		fault.Target, fault.Type = simulator.EventFault, []string{"UPDATE", "OFFERS", "FAILURE", ""}[d.IntN(4)]
		fault.Action = []simulator.Action{simulator.Drop, simulator.Delay, simulator.Duplicate, simulator.Reorder}[d.IntN(4)]
	default:
		fault.Target = simulator.MessageFault
		fault.Type = []string{simulator.RunTask, simulator.KillTask, simulator.AcknowledgeUpdate, simulator.StatusUpdateMessage}[d.IntN(4)]
		fault.Action = []simulator.Action{simulator.Drop, simulator.Delay, simulator.Duplicate}[d.IntN(3)]
		if fault.Type == simulator.RunTask && fault.Action == simulator.Duplicate {
			// No master sends a launch twice, and no agent would know.
			fault.Action = simulator.Drop
		}
	}
	return fault
}

// while is how long something lasts.
func (d *drawing) while() time.Duration {
	return []time.Duration{10 * time.Millisecond, time.Second, 5 * time.Second, 20 * time.Second, time.Minute, 3 * time.Minute}[d.IntN(6)]
}
