package mesos

import (
	"cmp"
	"slices"
)

// Protocol is what is spoken on a port; empty for TCP.
type Protocol string

// ProtocolUDP is UDP.
const ProtocolUDP Protocol = "UDP"

// Word is the protocol as Mesos, and those who find services by it, write it.
func (p Protocol) Word() string {
	if p == ProtocolUDP {
		return "udp"
	}
	return "tcp"
}

// NamedRange is a range of host ports that a task asks for, both ends included.
type NamedRange struct {
	Name     string   `json:"name"`
	From     uint32   `json:"from"`
	To       uint32   `json:"to"`
	Protocol Protocol `json:"protocol,omitempty"`
}

// FixedPorts returns the host ports that the task must have, joined, and how many it asks for besides, whichever they are. What is asked for in both
// protocols counts once, as Mesos has ports of no protocol.
func (t *Task) FixedPorts() (fixed []PortRange, others int) {
	for _, port := range t.Ports {
		if port.HostPort == 0 {
			others++
			continue
		}
		fixed = append(fixed, PortRange{Begin: uint64(port.HostPort), End: uint64(port.HostPort)})
	}
	for _, one := range t.Ranges {
		fixed = append(fixed, PortRange{Begin: uint64(one.From), End: uint64(one.To)})
	}
	return JoinRanges(fixed), others
}

// PortMapping is a port of the host that is forwarded to one of a container.
type PortMapping struct {
	HostPort, ContainerPort uint32
	Protocol                Protocol
}

// PortMappings are the ports of a task that were given to it, as they are forwarded to its container; none where that has no network of its own.
func (t *Task) PortMappings() []PortMapping {
	if !t.Container.HasOwnNetwork() {
		return nil
	}
	var mappings []PortMapping
	for i, port := range t.HostPorts[:min(len(t.HostPorts), len(t.Ports))] {
		mappings = append(mappings, PortMapping{HostPort: port, ContainerPort: t.listensOn(i), Protocol: t.Ports[i].Protocol})
	}
	return mappings
}

// listensOn is the number of the i-th of the task's ports in the network where the task listens.
func (t *Task) listensOn(i int) uint32 {
	if port := t.Ports[i].ContainerPort; port != 0 && t.Container.HasOwnNetwork() {
		return port
	}
	return t.HostPorts[i]
}

// CountPorts counts the ports of ranges without overlap. They cannot be more than uint64 goes, but for all numbers at once.
func CountPorts(ranges []PortRange) (n uint64) {
	for _, r := range ranges {
		n += r.End - r.Begin
		n = max(n, n+1)
	}
	return n
}

// JoinRanges returns the same ports in ascending order, ranges joined where they touch or overlap. It changes the order of what it is given.
func JoinRanges(ranges []PortRange) []PortRange {
	slices.SortFunc(ranges, func(a, b PortRange) int { return cmp.Compare(a.Begin, b.Begin) })
	var joined []PortRange
	for _, r := range ranges {
		last := len(joined) - 1
		if last >= 0 && (r.Begin <= joined[last].End || r.Begin-1 == joined[last].End) {
			joined[last].End = max(joined[last].End, r.End)
			continue
		}
		joined = append(joined, r)
	}
	return joined
}

// CommonPorts returns the ports that are in both; each must be joined.
func CommonPorts(a, b []PortRange) (common []PortRange) {
	for len(a) > 0 && len(b) > 0 {
		if begin, end := max(a[0].Begin, b[0].Begin), min(a[0].End, b[0].End); begin <= end {
			common = append(common, PortRange{begin, end})
		}
		if a[0].End < b[0].End {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return common
}

// LessPorts returns the ports of a that are not in b; each must be joined.
func LessPorts(a, b []PortRange) (left []PortRange) {
	for _, r := range a {
		for len(b) > 0 && b[0].End < r.Begin {
			b = b[1:]
		}
		begin, gone := r.Begin, false
		for _, hole := range b {
			if hole.Begin > r.End {
				break
			}
			if hole.Begin > begin {
				left = append(left, PortRange{begin, hole.Begin - 1})
			}
			if gone = hole.End >= r.End; gone {
				break
			}
			begin = hole.End + 1
		}
		if !gone {
			left = append(left, PortRange{begin, r.End})
		}
	}
	return left
}
