package mesos

import (
	"math"
	"strconv"
)

// Scalar is an amount of a Mesos scalar resource in thousandths of its unit (a CPU, a MiB of memory or disk, a GPU): Mesos
// itself rounds to three decimal places (mesos.proto, Value.Scalar), so integers lose nothing.
type Scalar int64

// ScalarOf rounds a Mesos double to thousandths. What is no amount (negative, NaN) is none; what is too much is the largest.
func ScalarOf(value float64) Scalar {
	milli := math.Round(value * 1000)
	switch {
	case math.IsNaN(milli) || milli <= 0:
		return 0
	case milli >= math.MaxInt64:
		return math.MaxInt64
	default:
		return Scalar(milli)
	}
}

// Float returns the amount as Mesos writes it.
func (s Scalar) Float() float64 { return float64(s) / 1000 }

// Decimal writes the amount as a decimal number: 500 is 0.5, 4000 is 4.
func (s Scalar) Decimal() string { return strconv.FormatFloat(s.Float(), 'f', -1, 64) }

// Mebibytes writes an amount in thousandths of a MiB as a Kubernetes quantity.
func (s Scalar) Mebibytes() string {
	const gibibyte = 1024 * 1000
	if s > 0 && s%gibibyte == 0 {
		return strconv.FormatInt(int64(s/gibibyte), 10) + "Gi"
	}
	return s.Decimal() + "Mi"
}

// Scalars are the amounts of the scalar resources that tasks ask for and offers hold.
type Scalars struct {
	// CPUs is in thousandths of a CPU.
	CPUs Scalar `json:"cpus,omitempty"`
	// Memory is in thousandths of a MiB.
	Memory Scalar `json:"memory,omitempty"`
	// Disk is in thousandths of a MiB.
	Disk Scalar `json:"disk,omitempty"`
	// GPUs is in thousandths of a GPU; Mesos takes whole ones only.
	GPUs Scalar `json:"gpus,omitempty"`
}

// Drawn says what a task with revocable resources takes of those, where there are so many, and what of the others: of no kind both. Its CPUs are
// revocable whether there are so many or not.
func (s Scalars) Drawn(revocable Scalars) (drawn, others Scalars) {
	others, drawn.CPUs = s, s.CPUs
	others.CPUs = 0
	if s.Memory <= revocable.Memory {
		drawn.Memory, others.Memory = s.Memory, 0
	}
	if s.Disk <= revocable.Disk {
		drawn.Disk, others.Disk = s.Disk, 0
	}
	if s.GPUs <= revocable.GPUs {
		drawn.GPUs, others.GPUs = s.GPUs, 0
	}
	return drawn, others
}

// Unlimited is a limit that is none.
const Unlimited Scalar = -1

// Limits are the amounts that a task may use at most, each zero where that is left to the agent (mesos.proto, TaskInfo.limits).
type Limits struct {
	CPUs   Scalar `json:"cpus,omitempty"`
	Memory Scalar `json:"memory,omitempty"`
}

// Label is a name and a value by which somebody marked something at Mesos, a reservation for instance. Value is empty where it has none.
type Label struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// PortRange is a range of host ports, both ends included.
type PortRange struct{ Begin, End uint64 }

// Offer is what one agent has to give to one role, until it is accepted, declined, rescinded or its term ends.
type Offer struct {
	ID       string
	AgentID  string
	Hostname string
	// Role is the role that the resources are allocated to.
	Role string
	// Scalars are what a task can take: unreserved and reserved amounts added up, without revocable, shared and persistent ones and without
	// what bears the labels of others.
	Scalars Scalars
	// Ports are the host ports on offer, in ascending order and without overlap.
	Ports []PortRange
	// Others are the resources besides, by the same rules.
	Others Others
	// Revocable are amounts that Mesos may take back from a task, by the same rules otherwise. Only tasks that ask for them take them.
	Revocable Scalars
	// OnGPUAgent says that the agent has GPUs, whether they are on offer or in use.
	OnGPUAgent bool
	// Maintenance is when the agent is unavailable by the masters' maintenance schedule; zero where it is not in it.
	Maintenance Window
	// Attributes and Domain are the agent's.
	Attributes []Attribute
	Domain     Domain
	// Number is the event that brought the offer.
	Number Number
}

// Size is what the offer shows of how large its agent is.
func (o *Offer) Size() Size {
	return Size{Scalars: o.Scalars, Ports: o.Ports, Others: o.Others, Lent: LentOf(o.Revocable)}
}

// Agent is what the offer tells of its agent.
func (o *Offer) Agent() Agent {
	return Agent{ID: o.AgentID, Hostname: o.Hostname, Attributes: o.Attributes, Domain: o.Domain}
}
