package mesos

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTask_FixedPorts(t *testing.T) {
	task := Task{
		Ports: []Port{{HostPort: 53}, {HostPort: 53, Protocol: ProtocolUDP}, {}, {HostPort: 100}, {Protocol: ProtocolUDP}},
		Ranges: []NamedRange{
			{From: 101, To: 200}, {From: 150, To: 250, Protocol: ProtocolUDP}, {From: 65535, To: 65535},
		},
	}
	fixed, others := task.FixedPorts()
	if diff := cmp.Diff([]PortRange{{53, 53}, {100, 250}, {65535, 65535}}, fixed); diff != "" || others != 2 {
		t.Errorf("%d others, and fixed (-want +got):\n%s", others, diff)
	}
}

// TestPortRanges_asSets holds the arithmetic of ranges against that of sets of ports.
func TestPortRanges_asSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) (ranges []PortRange, set []uint64) {
			for range rapid.IntRange(0, 5).Draw(t, name) {
				begin := rapid.Uint64Range(0, 20).Draw(t, "begin")
				ranges = append(ranges, PortRange{begin, begin + rapid.Uint64Range(0, 6).Draw(t, "more")})
			}
			return JoinRanges(ranges), setOf(ranges)
		}
		a, inA := draw("a")
		b, inB := draw("b")
		if got := setOf(a); !slices.Equal(got, inA) || CountPorts(a) != uint64(len(inA)) {
			t.Fatalf("joined: %v, want %v", got, inA)
		}
		common, less := CommonPorts(a, b), LessPorts(a, b)
		for name, c := range map[string]struct {
			got  []PortRange
			want []uint64
		}{
			"common": {common, slices.DeleteFunc(slices.Clone(inA), func(n uint64) bool { return !slices.Contains(inB, n) })},
			"less":   {less, slices.DeleteFunc(slices.Clone(inA), func(n uint64) bool { return slices.Contains(inB, n) })},
		} {
			if got := setOf(c.got); !slices.Equal(got, c.want) || CountPorts(c.got) != uint64(len(c.want)) {
				t.Fatalf("%s of %v and %v: %v, want the ports %v", name, a, b, c.got, c.want)
			}
		}
	})
}

func TestLessPorts_ofAllNumbers(t *testing.T) {
	all := []PortRange{{0, 1<<64 - 1}}
	if got := LessPorts(all, all); len(got) != 0 {
		t.Errorf("all ports less all ports are %v", got)
	}
	if diff := cmp.Diff([]PortRange{{0, 0}, {1<<64 - 1, 1<<64 - 1}}, LessPorts(all, []PortRange{{1, 1<<64 - 2}})); diff != "" {
		t.Errorf("all ports less those between (-want +got):\n%s", diff)
	}
}

// setOf lists ports in ascending order, each once.
func setOf(ranges []PortRange) (set []uint64) {
	for _, r := range ranges {
		for n := r.Begin; n <= r.End; n++ {
			set = append(set, n)
		}
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// TestTask_PortOf: a check goes to where the task listens, which is in its container's network if that has one of its own.
func TestTask_PortOf(t *testing.T) {
	for name, c := range map[string]struct {
		container *Container
		port      CheckPort
		want      uint32
	}{
		"without a container":            {nil, CheckPort{Name: "http"}, 31000},
		"on the host's network":          {&Container{Networks: []Network{{Mode: NetworkHost}}}, CheckPort{Name: "http"}, 31000},
		"in a network of its own":        {&Container{Networks: []Network{{Mode: NetworkBridge}}}, CheckPort{Name: "http"}, 80},
		"in one, without another number": {&Container{Networks: []Network{{Mode: NetworkContainer, Name: "n"}}}, CheckPort{Name: "stats"}, 31001},
		"that the task does not ask for": {&Container{Networks: []Network{{Mode: NetworkBridge}}}, CheckPort{Name: "other"}, 0},
		"that was not given to it":       {nil, CheckPort{Name: "late"}, 0},
		"of a number":                    {&Container{Networks: []Network{{Mode: NetworkBridge}}}, CheckPort{Number: 9090}, 9090},
	} {
		t.Run(name, func(t *testing.T) {
			task := Task{
				Container: c.container, HostPorts: []uint32{31000, 31001},
				Ports: []Port{{Name: "http", ContainerPort: 80}, {Name: "stats"}, {Name: "late"}},
			}
			if got := task.PortOf(&Check{TCP: &TCPCheck{CheckPort: c.port}}); got != c.want {
				t.Errorf("the check goes to port %d, want %d", got, c.want)
			}
		})
	}
}
