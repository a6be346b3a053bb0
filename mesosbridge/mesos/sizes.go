package mesos

import "slices"

// Size is what one agent has for tasks, whether or not something uses it.
type Size struct {
	Scalars Scalars
	// Ports are the host ports, in ascending order and without overlap.
	Ports []PortRange
	// Others are the resources besides.
	Others Others
	// Lent says of which amounts it has had some that are revocable. How much comes and goes.
	Lent Lent
}

// Lent says of which amounts there is, or was, something that is revocable. Of CPUs there may be some at any time.
type Lent struct{ Memory, Disk, GPUs bool }

// LentOf says which of these amounts there are.
func LentOf(revocable Scalars) Lent {
	return Lent{Memory: revocable.Memory > 0, Disk: revocable.Disk > 0, GPUs: revocable.GPUs > 0}
}

// or is what either says.
func (l Lent) or(other Lent) Lent {
	return Lent{Memory: l.Memory || other.Memory, Disk: l.Disk || other.Disk, GPUs: l.GPUs || other.GPUs}
}

// Sizes are the sizes of agents, without any that another one covers: few in a fleet of equal machines. They are never changed in place.
type Sizes []Size

// maxSizes bounds how many sizes are told apart.
const maxSizes = 256

// boundless stands for more sizes than are told apart: nothing is too large for it, so that no task is wrongly said to be.
var boundless = Size{
	Scalars: Scalars{CPUs: 1 << 62, Memory: 1 << 62, Disk: 1 << 62, GPUs: 1 << 62}, Ports: []PortRange{{Begin: 0, End: 1<<16 - 1}},
	Lent: Lent{Memory: true, Disk: true, GPUs: true},
}

func (s Size) isBoundless() bool { return s.Scalars.CPUs == boundless.Scalars.CPUs }

// With returns the sizes and one more.
func (s Sizes) With(size Size) Sizes {
	if slices.ContainsFunc(s, func(one Size) bool { return one.covers(size) }) {
		return s
	}
	kept := Sizes{}
	for _, one := range s {
		if !size.covers(one) {
			kept = append(kept, one)
		}
	}
	if kept = append(kept, size); len(kept) > maxSizes {
		return Sizes{boundless}
	}
	return kept
}

// Hold says whether one of the agents could hold a task if nothing else ran on it.
func (s Sizes) Hold(task *Task) bool {
	return slices.ContainsFunc(s, func(size Size) bool { return size.holds(task) })
}

// HavePorts says whether one of the agents has all host ports of a range.
func (s Sizes) HavePorts(wanted PortRange) bool {
	return slices.ContainsFunc(s, func(size Size) bool { return size.has(wanted) })
}

// Offer says whether one of the agents has as much of another resource.
func (s Sizes) Offer(want Other) bool {
	return slices.ContainsFunc(s, func(size Size) bool { return size.isBoundless() || size.Others.Lacks([]Other{want}) < 0 })
}

// Most returns the most that any agent has of each resource, and the most ports. They need not be one agent's.
func (s Sizes) Most() (most Scalars, ports uint64) {
	for _, size := range s {
		most = Scalars{
			CPUs: max(most.CPUs, size.Scalars.CPUs), Memory: max(most.Memory, size.Scalars.Memory),
			Disk: max(most.Disk, size.Scalars.Disk), GPUs: max(most.GPUs, size.Scalars.GPUs),
		}
		ports = max(ports, CountPorts(size.Ports))
	}
	return most, ports
}

// Firm is what a task with revocable resources needs of what its agent has for itself, whatever any of the agents lends.
func (s Sizes) Firm(wants Scalars) Scalars {
	var lent Lent
	for i := range s {
		lent = lent.or(s[i].Lent)
	}
	wants.CPUs = 0
	if lent.Memory {
		wants.Memory = 0
	}
	if lent.Disk {
		wants.Disk = 0
	}
	if lent.GPUs {
		wants.GPUs = 0
	}
	return wants
}

func (s Size) holds(task *Task) bool {
	if s.isBoundless() {
		return true
	}
	fixed, others := task.FixedPorts()
	return s.Others.Lacks(task.Others) < 0 && s.Scalars.Hold(task.Scalars) && CountPorts(fixed)+uint64(others) <= CountPorts(s.Ports) &&
		!slices.ContainsFunc(fixed, func(wanted PortRange) bool { return !s.has(wanted) })
}

func (s Size) covers(other Size) bool {
	return s.isBoundless() || s.Scalars.Hold(other.Scalars) && s.Others.Hold(other.Others) && s.Lent == s.Lent.or(other.Lent) &&
		!slices.ContainsFunc(other.Ports, func(r PortRange) bool { return !s.has(r) })
}

// has says whether all ports of a range are the agent's.
func (s Size) has(wanted PortRange) bool {
	return slices.ContainsFunc(s.Ports, func(r PortRange) bool { return r.Begin <= wanted.Begin && wanted.End <= r.End })
}

// Hold says whether other is no more of anything.
func (s Scalars) Hold(other Scalars) bool {
	return other.CPUs <= s.CPUs && other.Memory <= s.Memory && other.Disk <= s.Disk && other.GPUs <= s.GPUs
}
