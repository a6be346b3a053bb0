package leadership

import "sync/atomic"

// StepKind is the kind of an outward step.
type StepKind string

// The kinds of outward steps.
const (
	// StepCall is a call to Mesos; its What is the type of the call.
	StepCall StepKind = "Call"
	// StepWriteTask is a write to a MesosTask: binding, status or finalizer; creation, change or deletion, by a set or a cron task.
	StepWriteTask StepKind = "WriteTask"
	// StepWriteFramework is a write to a MesosFramework: metadata or status.
	StepWriteFramework StepKind = "WriteFramework"
	// StepWriteService is a write to a Service or an EndpointSlice of a set, or of the set's condition that speaks of them.
	StepWriteService StepKind = "WriteService"
	// StepWriteSet is a write to a MesosTaskSet, its status, or to one of its ControllerRevisions: revision.
	StepWriteSet StepKind = "WriteSet"
	// StepWriteCron is a write to a MesosCronTask: its status.
	StepWriteCron StepKind = "WriteCron"
)

// Step is something that leaves the process and changes the world: a write to the API, or a call to Mesos.
type Step struct {
	// Index numbers the steps of a process, from 1, in the order in which they began.
	Index uint64
	Kind  StepKind
	// What is the call's type, or what is written.
	What string
}

// Watch is given each outward step in its turn, to send it or not: for tests that stop a process between two steps.
type Watch func(step Step, send func() error) error

// Gate is the one place through which every outward step of a process goes. It lets nothing out of one that may not act (rule 13).
type Gate struct {
	leadership Leadership
	watch      Watch
	taken      atomic.Uint64
}

// NewGate returns the gate of a process. Nil is the leadership of one that is alone and always may act; a nil watch looks at nothing.
func NewGate(leadership Leadership, watch Watch) *Gate {
	if leadership == nil {
		leadership = Alone{Name: "alone"}
	}
	return &Gate{leadership: leadership, watch: watch}
}

// Leadership is whether, and as what, the process may act.
func (g *Gate) Leadership() Leadership { return g.leadership }

// Pass sends a step, if it may be sent: else it returns why not, and send is not called.
func (g *Gate) Pass(step Step, send func() error) error {
	if err := g.leadership.MayAct(); err != nil {
		return err
	}
	step.Index = g.taken.Add(1)
	if g.watch != nil {
		return g.watch(step, send)
	}
	return send()
}
