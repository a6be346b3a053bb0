package placement

import (
	"cmp"
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

// without returns f less one port that it has.
func (f freePorts) without(port uint32) freePorts {
	i, ok := f.holding(port)
	if !ok {
		return f
	}
	left := make(freePorts, 0, len(f)+1)
	left = append(left, f[:i]...)
	if f[i].begin < port {
		left = append(left, span{f[i].begin, port - 1})
	}
	if port < f[i].end {
		left = append(left, span{port + 1, f[i].end})
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

// take gives the ports that are wanted, in the order in which they are, and returns what is left. Fixed ones go first. The search
// for any port begins at the free one with offset others below it; those in reserve are given only when there is no other.
func (f freePorts) take(wanted []mesos.Port, offset uint64, reserve map[uint32]struct{}) ([]uint32, freePorts, bool) {
	if len(wanted) == 0 {
		return nil, f, true
	}
	ports := make([]uint32, len(wanted))
	left := f
	for i, want := range wanted {
		if want.HostPort == 0 {
			continue
		}
		if _, free := left.holding(want.HostPort); !free {
			return nil, f, false
		}
		ports[i], left = want.HostPort, left.without(want.HostPort)
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
		ports[i], left = port, left.without(port)
	}
	return ports, left, true
}

// haveAll says whether every port, in ascending order, is free and named once.
func (f freePorts) haveAll(ports []uint32) bool {
	for i, port := range ports {
		if _, free := f.holding(port); !free || i > 0 && ports[i-1] == port {
			return false
		}
	}
	return true
}
