package controllers

import (
	"sync/atomic"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// StepKind is the kind of an outward step.
type StepKind string

// The kinds of outward steps.
const (
	// StepCall is a call to Mesos; its What is the type of the call.
	StepCall StepKind = "Call"
	// StepWriteTask is a write to a MesosTask: binding, status or finalizer.
	StepWriteTask StepKind = "WriteTask"
	// StepWriteFramework is a write to a MesosFramework: metadata or status.
	StepWriteFramework StepKind = "WriteFramework"
)

// Step is something that leaves the process and changes the world: a write to the API, or a call to Mesos.
type Step struct {
	// Index numbers the steps of a process, from 1, in the order in which they began.
	Index uint64
	Kind  StepKind
	// What is the call's type, or what is written.
	What string
}

// gate is the one place through which every outward step goes. It lets nothing out of a process that may not act (rule 13).
type gate struct {
	leadership leadership.Leadership
	watch      func(step Step, send func() error) error
	taken      atomic.Uint64
}

// pass sends a step, if it may be sent.
func (g *gate) pass(step Step, send func() error) error {
	if err := g.leadership.MayAct(); err != nil {
		return err //nolint:wrapcheck // The caller says what was not done.
	}
	step.Index = g.taken.Add(1)
	if g.watch != nil {
		return g.watch(step, send)
	}
	return send()
}
