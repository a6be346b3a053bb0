package placement

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// maxPort is the highest port of TCP and UDP; what an agent offers above it is of no use to a task.
const maxPort = 65535

// freePorts are ports that can be given away: ranges in ascending order that neither overlap nor touch. A value is never
// changed in place, as an offer's ports are counted against long after some were given away.
type freePorts []span

// span is a range of ports, both ends included.
type span struct{ begin, end uint32 }

// portsOf takes the ports of an offer.
func portsOf(ranges []mesos.PortRange) freePorts {
	spans := make(freePorts, 0, len(ranges))
	for _, r := range ranges {
		begin, end := max(r.Begin, 1), min(r.End, maxPort)
		if begin <= end {
			spans = append(spans, span{uint32(begin), uint32(end)})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	return merge(spans)
}

// spansOf takes the ranges that a task asks for.
func spansOf(ranges []mesos.NamedRange) freePorts {
	if len(ranges) == 0 {
		return nil
	}
	spans := make(freePorts, len(ranges))
	for i, one := range ranges {
		spans[i] = span{one.From, one.To}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	return merge(spans)
}

// merge joins spans in ascending order where they overlap or touch, in their place.
func merge(spans freePorts) freePorts {
	merged := spans[:0]
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.begin <= merged[last].end+1 {
			merged[last].end = max(merged[last].end, s.end)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func (f freePorts) count() int {
	n := 0
	for _, s := range f {
		n += int(s.end-s.begin) + 1
	}
	return n
}

// holding returns the number of the range that has the port, or of the first one above it.
func (f freePorts) holding(port uint32) (int, bool) {
	i, _ := slices.BinarySearchFunc(f, port, func(s span, port uint32) int { return cmp.Compare(s.end, port) })
	return i, i < len(f) && f[i].begin <= port
}

// has says whether all ports of a range are free.
func (f freePorts) has(s span) bool {
	i, ok := f.holding(s.begin)
	return ok && s.end <= f[i].end
}

// without returns f less ports that it has.
func (f freePorts) without(s span) freePorts {
	i, ok := f.holding(s.begin)
	if !ok {
		return f
	}
	left := make(freePorts, 0, len(f)+1)
	left = append(left, f[:i]...)
	if f[i].begin < s.begin {
		left = append(left, span{f[i].begin, s.begin - 1})
	}
	if s.end < f[i].end {
		left = append(left, span{s.end + 1, f[i].end})
	}
	return append(left, f[i+1:]...)
}

// ranked returns the free port that has rank others below it.
func (f freePorts) ranked(rank int) uint32 {
	for _, s := range f {
		size := int(s.end-s.begin) + 1
		if rank < size {
			return s.begin + uint32(rank)
		}
		rank -= size
	}
	return 0
}

// next returns the first free port from port on that is not avoided, going round once.
func (f freePorts) next(port uint32, avoid map[uint32]struct{}) (uint32, bool) {
	first, _ := f.holding(port)
	for turn := range len(f) + 1 {
		s := f[(first+turn)%len(f)]
		begin, end := s.begin, s.end
		if turn == 0 {
			begin = max(begin, port)
		}
		for candidate := begin; candidate <= end; candidate++ {
			if _, avoided := avoid[candidate]; !avoided {
				return candidate, true
			}
		}
	}
	return 0, false
}

// take gives the ports that are wanted, in the order in which they are, and returns what is left without them and without the ranges. Fixed ones go
// first. The search for any port begins at the free one with offset others below it; those in reserve are given only when there is no other.
func (f freePorts) take(wanted []mesos.Port, ranges freePorts, offset uint64, reserve map[uint32]struct{}) ([]uint32, freePorts, bool) {
	if len(wanted) == 0 && len(ranges) == 0 {
		return nil, f, true
	}
	left := f
	for _, s := range ranges {
		if !left.has(s) {
			return nil, f, false
		}
		left = left.without(s)
	}
	ports := make([]uint32, len(wanted))
	for i, want := range wanted {
		if want.HostPort == 0 {
			continue
		}
		one := span{want.HostPort, want.HostPort}
		if repeats(wanted, i) || !left.has(one) && !ranges.has(one) && !shares(wanted, i) {
			return nil, f, false
		}
		ports[i], left = want.HostPort, left.without(one)
	}
	for i, want := range wanted {
		if want.HostPort != 0 {
			continue
		}
		free := left.count()
		if free == 0 {
			return nil, f, false
		}
		start := left.ranked(int(offset % uint64(free)))
		port, ok := left.next(start, reserve)
		if !ok {
			port = start
		}
		ports[i], left = port, left.without(span{port, port})
	}
	return ports, left, true
}

// repeats says whether wanted port i is one that was wanted before it in its protocol.
func repeats(wanted []mesos.Port, i int) bool {
	return slices.ContainsFunc(wanted[:i], func(earlier mesos.Port) bool {
		return earlier.HostPort == wanted[i].HostPort && earlier.Protocol == wanted[i].Protocol
	})
}

// shares says whether wanted port i is one that was wanted before it in the other protocol: ports of agents have none, so that it is taken once.
func shares(wanted []mesos.Port, i int) bool {
	return i > 0 && !repeats(wanted, i) && slices.ContainsFunc(wanted[:i], func(earlier mesos.Port) bool { return earlier.HostPort == wanted[i].HostPort })
}

// haveAll says whether all ranges are free, and every port that is fixed; both in ascending order, and no port named twice but by the ranges.
func (f freePorts) haveAll(fixed []uint32, ranges freePorts) bool {
	for _, s := range ranges {
		if !f.has(s) {
			return false
		}
	}
	for i, port := range fixed {
		if !f.has(span{port, port}) || i > 0 && fixed[i-1] == port {
			return false
		}
	}
	return true
}

// fixedOf returns the ports that must be, in ascending order, and how many others are asked for. One that is asked for in both protocols stands once.
func fixedOf(ports []mesos.Port) (fixed []uint32, others int) {
	for i, port := range ports {
		switch {
		case port.HostPort == 0:
			others++
		case !shares(ports, i):
			fixed = append(fixed, port.HostPort)
		}
	}
	slices.Sort(fixed)
	return fixed, others
}

// distinct counts the ports that are fixed or in a range.
func distinct(fixed []uint32, ranges freePorts) int {
	n := ranges.count()
	for _, port := range fixed {
		if !ranges.has(span{port, port}) {
			n++
		}
	}
	return n
}

// pack writes ports and ranges as part of a key. There is no port 0, so that it can stand between them.
func pack(ports []uint32, ranges freePorts) string {
	var packed []byte
	for _, port := range ports {
		packed = binary.BigEndian.AppendUint32(packed, port)
	}
	for _, s := range ranges {
		for _, bound := range [...]uint32{0, s.begin, s.end} {
			packed = binary.BigEndian.AppendUint32(packed, bound)
		}
	}
	return string(packed)
}
