package mesosbridge

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// scalar is a scalar resource, reserved for the roles in turn.
func scalar(name string, value float64, reservedFor ...string) mesospb.Resource {
	r := mesospb.Resource{
		Name: name, Type: mesospb.SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: value},
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("prod")},
	}
	return reserve(r, reservedFor)
}

// ports is a resource of port ranges, given by their ends in turn.
func ports(ends []uint64, reservedFor ...string) mesospb.Resource {
	r := mesospb.Resource{
		Name: "ports", Type: mesospb.RANGES.Enum(), Ranges: &mesospb.Value_Ranges{},
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("prod")},
	}
	for i := 0; i < len(ends); i += 2 {
		r.Ranges.Range = append(r.Ranges.Range, mesospb.Value_Range{Begin: ends[i], End: ends[i+1]})
	}
	return reserve(r, reservedFor)
}

func reserve(r mesospb.Resource, roles []string) mesospb.Resource {
	for _, role := range roles {
		r.Reservations = append(r.Reservations, mesospb.Resource_ReservationInfo{
			Type: mesospb.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new(role),
		})
	}
	return r
}

// labelled marks a resource's reservation with names and values in turn, an empty one being none.
func labelled(r mesospb.Resource, pairs ...string) mesospb.Resource {
	r.Reservations[len(r.Reservations)-1].Labels = labels(pairs...)
	return r
}

// refined reserves a resource further, for a role below the one that it is reserved for.
func refined(r mesospb.Resource, role string, pairs ...string) mesospb.Resource {
	r = reserve(r, []string{role})
	if len(pairs) > 0 {
		r = labelled(r, pairs...)
	}
	return r
}

func labels(pairs ...string) *mesospb.Labels {
	all := &mesospb.Labels{}
	for i := 0; i < len(pairs); i += 2 {
		label := mesospb.Label{Key: pairs[i]}
		if pairs[i+1] != "" {
			label.Value = new(pairs[i+1])
		}
		all.Labels = append(all.Labels, label)
	}
	return all
}

func revocably(r mesospb.Resource) mesospb.Resource {
	r.Revocable = &mesospb.Resource_RevocableInfo{}
	return r
}

// show is a resource in one line.
func show(resources []mesospb.Resource) []string {
	var lines []string
	for _, r := range resources {
		var line strings.Builder
		if r.Revocable != nil {
			line.WriteString("revocable ")
		}
		line.WriteString(r.Name + ":")
		if r.Scalar != nil {
			fmt.Fprint(&line, r.Scalar.Value)
		}
		for _, p := range r.GetRanges().GetRange() {
			fmt.Fprintf(&line, "[%d-%d]", p.Begin, p.End)
		}
		if r.Set != nil {
			line.WriteString("{" + strings.Join(r.Set.Item, " ") + "}")
		}
		for _, reservation := range r.Reservations {
			line.WriteString("(" + reservation.GetRole())
			for _, label := range reservation.GetLabels().GetLabels() {
				line.WriteString(", " + label.Key + "=" + label.GetValue())
			}
			line.WriteString(")")
		}
		lines = append(lines, line.String()+"@"+r.GetAllocationInfo().GetRole())
	}
	return lines
}

func TestStock_take(t *testing.T) {
	tests := map[string]struct {
		offered []mesospb.Resource
		labels  []mesos.Label
		scalars mesos.Scalars
		ports   []uint32
		want    []string
		refused string
	}{
		"takes what is asked for": {
			offered: []mesospb.Resource{scalar("cpus", 4), scalar("mem", 1024), scalar("disk", 100), scalar("gpus", 2)},
			scalars: mesos.Scalars{CPUs: 500, Memory: 64_000, Disk: 1_000, GPUs: 1_000},
			want:    []string{"cpus:0.5@prod", "mem:64@prod", "disk:1@prod", "gpus:1@prod"},
		},
		"takes what is reserved first and then the rest": {
			offered: []mesospb.Resource{scalar("cpus", 4), scalar("cpus", 1, "prod"), scalar("mem", 64, "prod", "prod/a")},
			scalars: mesos.Scalars{CPUs: 1_500, Memory: 64_000},
			want:    []string{"cpus:1(prod)@prod", "cpus:0.5@prod", "mem:64(prod)(prod/a)@prod"},
		},
		"takes what is reserved for the role before what is for all roles below another": {
			offered: []mesospb.Resource{scalar("cpus", 1), scalar("cpus", 1, "prod"), scalar("cpus", 1, "prod", "prod/a")},
			scalars: mesos.Scalars{CPUs: 2_500},
			want:    []string{"cpus:1(prod)(prod/a)@prod", "cpus:1(prod)@prod", "cpus:0.5@prod"},
		},
		"leaves alone what bears a label": {
			offered: []mesospb.Resource{labelled(scalar("cpus", 8, "prod"), "owner", "db"), scalar("cpus", 1)},
			scalars: mesos.Scalars{CPUs: 1_001},
			refused: "the offer lacks 0.001 cpus",
		},
		"leaves alone what bears a named label and another one": {
			offered: []mesospb.Resource{labelled(scalar("cpus", 8, "prod"), "owner", "web", "disk", "fast")},
			labels:  []mesos.Label{{Name: "owner", Value: "web"}},
			scalars: mesos.Scalars{CPUs: 1},
			refused: "the offer lacks 0.001 cpus",
		},
		"leaves alone what bears a named label with another value": {
			offered: []mesospb.Resource{labelled(scalar("cpus", 8, "prod"), "owner", "")},
			labels:  []mesos.Label{{Name: "owner", Value: "web"}},
			scalars: mesos.Scalars{CPUs: 1},
			refused: "the offer lacks 0.001 cpus",
		},
		"leaves alone what bears a label where its reservation was refined": {
			offered: []mesospb.Resource{refined(labelled(scalar("cpus", 8, "prod"), "owner", "db"), "prod/a"), refined(scalar("cpus", 8, "prod"), "prod/a", "owner", "db")},
			labels:  []mesos.Label{{Name: "owner", Value: "web"}},
			scalars: mesos.Scalars{CPUs: 1},
			refused: "the offer lacks 0.001 cpus",
		},
		"leaves alone ports that bear a label": {
			offered: []mesospb.Resource{labelled(ports([]uint64{31000, 31009}, "prod"), "owner", "db")},
			ports:   []uint32{31000},
			refused: "the offer lacks port 31000",
		},
		"takes what bears only labels that are named, before what bears none": {
			offered: []mesospb.Resource{scalar("cpus", 1, "prod"), labelled(scalar("cpus", 1, "prod"), "owner", "web", "fast", ""), scalar("cpus", 1)},
			labels:  []mesos.Label{{Name: "fast"}, {Name: "owner", Value: "db"}, {Name: "owner", Value: "web"}},
			scalars: mesos.Scalars{CPUs: 2_500},
			want:    []string{"cpus:1(prod, owner=web, fast=)@prod", "cpus:1(prod)@prod", "cpus:0.5@prod"},
		},
		"reads labels also in the form from before reservations could be refined": {
			offered: []mesospb.Resource{func() mesospb.Resource {
				r := scalar("cpus", 8)
				r.Role, r.Reservation = new("prod"), &mesospb.Resource_ReservationInfo{Labels: labels("owner", "db")}
				return r
			}()},
			scalars: mesos.Scalars{CPUs: 1},
			refused: "the offer lacks 0.001 cpus",
		},
		"takes nothing that is not a task's": {
			offered: []mesospb.Resource{
				func() mesospb.Resource {
					r := scalar("cpus", 8)
					r.Revocable = &mesospb.Resource_RevocableInfo{}
					return r
				}(),
				func() mesospb.Resource { r := scalar("cpus", 8); r.Shared = &mesospb.Resource_SharedInfo{}; return r }(),
				func() mesospb.Resource {
					r := scalar("cpus", 8)
					r.ProviderID = &mesospb.ResourceProviderID{}
					return r
				}(),
				func() mesospb.Resource {
					r := scalar("cpus", 8)
					r.Disk = &mesospb.Resource_DiskInfo{Persistence: &mesospb.Resource_DiskInfo_Persistence{ID: "p"}}
					return r
				}(),
				func() mesospb.Resource {
					r := scalar("cpus", 8)
					r.Disk = &mesospb.Resource_DiskInfo{Source: &mesospb.Resource_DiskInfo_Source{}}
					return r
				}(),
			},
			scalars: mesos.Scalars{CPUs: 1},
			refused: "the offer lacks 0.001 cpus",
		},
		"refuses what the offer does not hold": {
			offered: []mesospb.Resource{scalar("cpus", 1), scalar("mem", 10)},
			scalars: mesos.Scalars{CPUs: 1_000, Memory: 10_001},
			refused: "the offer lacks 0.001 mem",
		},
		"takes ports, reserved ones first, joined": {
			offered: []mesospb.Resource{ports([]uint64{31000, 31009}), ports([]uint64{31005, 31006}, "prod")},
			ports:   []uint32{31006, 31002, 31005, 31003},
			want:    []string{"ports:[31005-31006](prod)@prod", "ports:[31002-31003]@prod"},
		},
		"refuses a port that is not on offer": {
			offered: []mesospb.Resource{ports([]uint64{31000, 31009})},
			ports:   []uint32{31010},
			refused: "the offer lacks port 31010",
		},
		"refuses the same port twice": {
			offered: []mesospb.Resource{ports([]uint64{31000, 31009})},
			ports:   []uint32{31001, 31001},
			refused: "the offer lacks port 31001 a second time",
		},
		"bears absurd amounts": {
			offered: []mesospb.Resource{scalar("cpus", math.Inf(1)), scalar("cpus", math.Inf(1)), scalar("cpus", math.NaN()), scalar("cpus", -1)},
			scalars: mesos.Scalars{CPUs: 1_000},
			want:    []string{"cpus:1@prod"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, _, err := stockOf(test.offered, test.labels).take(&mesos.Task{Scalars: test.scalars, HostPorts: test.ports})
			if test.refused != "" {
				if err == nil || err.Error() != test.refused {
					t.Errorf("the error is %v, want %q", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, show(got)); diff != "" {
				t.Errorf("unexpected resources (-want +got):\n%s", diff)
			}
		})
	}
}

// Tasks that take from one stock in turn never get more than there is, nor a port twice, and what is left is the rest.
func TestStock_take_addsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stockOf([]mesospb.Resource{
			scalar("cpus", 2), scalar("cpus", 1.5, "prod"), scalar("mem", 100), labelled(scalar("mem", 100, "prod"), "owner", "db"),
			ports([]uint64{10, 14, 20, 24}), ports([]uint64{15, 16}, "prod"), labelled(ports([]uint64{25, 26}, "prod"), "owner", "db"),
		}, nil)
		left := s
		total := s.scalars()
		used := make(map[uint32]bool)
		for range rapid.IntRange(1, 8).Draw(t, "tasks") {
			task := mesos.Task{Scalars: mesos.Scalars{
				CPUs:   mesos.Scalar(rapid.IntRange(0, 1500).Draw(t, "cpus")),
				Memory: mesos.Scalar(rapid.IntRange(0, 40_000).Draw(t, "memory")),
			}}
			for range rapid.IntRange(0, 3).Draw(t, "ports") {
				task.HostPorts = append(task.HostPorts, uint32(rapid.IntRange(9, 26).Draw(t, "port")))
			}
			before := left.scalars()
			taken, rest, err := left.take(&task)
			if err != nil {
				if diff := cmp.Diff(before, left.scalars()); diff != "" {
					t.Fatalf("a task that got nothing changed the stock: %s", diff)
				}
				continue
			}
			left = rest
			for _, port := range task.HostPorts {
				if used[port] {
					t.Fatalf("port %d was given away twice", port)
				}
				used[port] = true
			}
			total.CPUs -= task.Scalars.CPUs
			total.Memory -= task.Scalars.Memory
			got := stockOf(taken, nil)
			if got.scalars() != task.Scalars {
				t.Fatalf("the task got %+v, it asked for %+v", got.scalars(), task.Scalars)
			}
		}
		if left.scalars() != total {
			t.Fatalf("left is %+v, want %+v", left.scalars(), total)
		}
		free := 0
		for _, r := range left.ports() {
			free += int(r.End - r.Begin + 1)
		}
		if free != 12-len(used) {
			t.Fatalf("%d ports are left, %d were given away of 12", free, len(used))
		}
	})
}

func TestTaskInfo(t *testing.T) {
	grace := 9 * time.Second
	task := mesos.Task{
		ID: "shop.web.1a2b3c4d.k3j9x0q2aa", Name: "web.shop", User: "www",
		Shell:           "exec serve $PORT_HTTP",
		Env:             []mesos.EnvVar{{Name: "A", Value: "b"}, {Name: "PORT1", Value: "mine"}},
		URIs:            []mesos.URI{{Value: "https://x/y.tgz", Extract: true}, {Value: "https://x/z", Executable: true, Cache: true, OutputFile: "run"}},
		Ports:           []mesos.Port{{Name: "http"}, {Name: "admin-api"}},
		Host:            "agent-1.example.com",
		HostPorts:       []uint32{31007, 31002},
		KillGracePeriod: &grace,
		MaxRun:          time.Minute,
	}
	info := mustTaskInfo(t, &task, "a1", []mesospb.Resource{scalar("cpus", 1)})
	var env []string
	for _, v := range info.Command.Environment.Variables {
		env = append(env, v.Name+"="+v.GetValue())
	}
	want := []string{"A=b", "PORT1=mine", "HOST=agent-1.example.com", "MESOS_TASK_ID=" + task.ID, "PORT=31007", "PORT0=31007", "PORT_HTTP=31007", "PORT_ADMIN_API=31002", "PORTS=31007,31002"}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("unexpected environment (-want +got):\n%s", diff)
	}
	if info.TaskID.Value != task.ID || info.AgentID.Value != "a1" || info.Name != "web.shop" || len(info.Resources) != 1 {
		t.Errorf("unexpected task: %v", info)
	}
	if c := info.Command; !c.GetShell() || c.GetValue() != task.Shell || c.GetUser() != "www" || len(c.Arguments) != 0 {
		t.Errorf("unexpected command: %v", c)
	}
	if u := info.Command.URIs; len(u) != 2 || !u[0].GetExtract() || u[0].OutputFile != nil || u[1].GetExtract() || !u[1].GetExecutable() || !u[1].GetCache() || u[1].GetOutputFile() != "run" {
		t.Errorf("unexpected URIs: %v", info.Command.URIs)
	}
	if got := info.KillPolicy.GetGracePeriod().GetNanoseconds(); got != grace.Nanoseconds() {
		t.Errorf("the grace period is %d ns", got)
	}
	if got := info.GetMaxCompletionTime().GetNanoseconds(); got != time.Minute.Nanoseconds() {
		t.Errorf("it may run for %d ns", got)
	}
	labels := make(map[string]string)
	for _, l := range info.Labels.Labels {
		labels[l.Key] = l.GetValue()
	}
	if diff := cmp.Diff(map[string]string{"mesos.dev/namespace": "shop", "mesos.dev/name": "web"}, labels); diff != "" {
		t.Errorf("unexpected labels (-want +got):\n%s", diff)
	}
	if got := info.Discovery.GetName(); got != task.Name {
		t.Errorf("it is found as %q, want %q", got, task.Name)
	}
	if p := info.Discovery.Ports.Ports; len(p) != 2 || p[0].Number != 31007 || p[0].GetName() != "http" || p[1].GetName() != "admin-api" {
		t.Errorf("unexpected ports: %v", p)
	}
}

func TestTaskInfo_ports(t *testing.T) {
	task := mesos.Task{
		ID: "odd", Name: "dns.shop",
		Ports: []mesos.Port{
			{Name: "dns", HostPort: 53}, {Name: "dns-udp", HostPort: 53, Protocol: mesos.ProtocolUDP, Labels: []mesos.Label{{Name: "VIP_0", Value: "/dns:53"}, {Name: "empty"}}},
		},
		HostPorts: []uint32{53, 53},
		Ranges:    []mesos.NamedRange{{Name: "rtp", From: 10000, To: 10100}, {Name: "rtp-udp", From: 10000, To: 10050, Protocol: mesos.ProtocolUDP}},
	}
	s := stockOf([]mesospb.Resource{ports([]uint64{50, 60, 10000, 10050, 10061, 10200}), ports([]uint64{10051, 10060}, "prod")}, nil)
	taken, left, err := s.take(&task)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ports:[10051-10060](prod)@prod", "ports:[53-53][10000-10050][10061-10100]@prod"}, show(taken)); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]mesos.PortRange{{Begin: 50, End: 52}, {Begin: 54, End: 60}, {Begin: 10101, End: 10200}}, left.ports()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, _, err := left.take(&mesos.Task{Ranges: []mesos.NamedRange{{From: 10100, To: 10101}}}); err == nil {
		t.Error("a range was taken of which a port is gone")
	}
	info := mustTaskInfo(t, &task, "a1", nil)
	want := []mesospb.Port{
		{Number: 53, Name: new("dns"), Protocol: new("tcp")},
		{Number: 53, Name: new("dns-udp"), Protocol: new("udp"), Labels: &mesospb.Labels{Labels: []mesospb.Label{{Key: "VIP_0", Value: new("/dns:53")}, {Key: "empty", Value: new("")}}}},
	}
	if diff := cmp.Diff(want, info.Discovery.Ports.Ports); diff != "" {
		t.Errorf("found by (-want +got):\n%s", diff)
	}
	env := map[string]string{}
	for _, v := range info.Command.Environment.Variables {
		env[v.Name] = v.GetValue()
	}
	if env["PORT_RTP"] != "10000-10100" || env["PORT_RTP_UDP"] != "10000-10050" || env["PORTS"] != "53,53" {
		t.Errorf("the environment is %v", env)
	}
}

func TestTaskInfo_withoutAShell(t *testing.T) {
	info := mustTaskInfo(t, &mesos.Task{ID: "odd", Argv: []string{"/bin/sleep", "10"}}, "a1", nil)
	if c := info.Command; c.GetShell() || c.Shell == nil || c.GetValue() != "/bin/sleep" || !cmp.Equal(c.Arguments, []string{"/bin/sleep", "10"}) || c.User != nil {
		t.Errorf("unexpected command: %v", c)
	}
	if info.KillPolicy != nil || info.MaxCompletionTime != nil || info.Labels != nil || info.Discovery != nil {
		t.Errorf("unexpected task: %v", info)
	}
}

func TestOfferOf(t *testing.T) {
	offer := &mesospb.Offer{
		ID: mesospb.OfferID{Value: "o1"}, AgentID: mesospb.AgentID{Value: "a1"}, Hostname: "h1\n",
		AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("prod")},
		Unavailability: &mesospb.Unavailability{Start: mesospb.TimeInfo{Nanoseconds: 5e9}, Duration: &mesospb.DurationInfo{Nanoseconds: 2e9}},
		Resources: []mesospb.Resource{
			scalar("cpus", 1.5), scalar("cpus", 1, "prod"), scalar("mem", 100), scalar("disk", 0.0004),
			ports([]uint64{20, 29, 10, 15}), ports([]uint64{16, 19, 40, 39}, "prod"), scalar("fpga", 3),
			labelled(scalar("gpus", 1, "prod"), "owner", "db"), revocably(scalar("cpus", 4)), revocably(scalar("fpga", 4)),
		},
	}
	number := mesos.Number{Term: 1, Event: 3}
	want := mesos.Offer{
		ID: "o1", AgentID: "a1", Hostname: "h1", Role: "prod", Number: number,
		Scalars: mesos.Scalars{CPUs: 2500, Memory: 100_000}, Ports: []mesos.PortRange{{Begin: 10, End: 29}},
		Others: mesos.Others{{Name: "fpga", Scalar: 3000}}, Revocable: mesos.Scalars{CPUs: 4000},
		OnGPUAgent: true, Maintenance: mesos.Window{From: time.Unix(5, 0).UTC(), Until: time.Unix(7, 0).UTC()},
	}
	if diff := cmp.Diff(want, offerOf(offer, number, nil).Offer); diff != "" {
		t.Errorf("unexpected offer (-want +got):\n%s", diff)
	}
}

func TestObservationOf_doesNotInventWhatIsAbsent(t *testing.T) {
	status := &mesospb.TaskStatus{TaskID: mesospb.TaskID{Value: "t"}, State: mesospb.TASK_RUNNING.Enum()}
	want := mesos.Observation{TaskID: "t", State: mesos.TaskRunning}
	if diff := cmp.Diff(want, observationOf(status, mesos.Number{})); diff != "" {
		t.Errorf("unexpected observation (-want +got):\n%s", diff)
	}
}

func TestObservationOf_bearsWhatItDoesNotKnow(t *testing.T) {
	state, reason, source := mesospb.TaskState(99), mesospb.TaskStatus_Reason(9999), mesospb.TaskStatus_Source(9)
	for name, seconds := range map[string]float64{"no number": math.NaN(), "endless": math.Inf(1), "before time": -1, "absurd": 1e300} {
		t.Run(name, func(t *testing.T) {
			got := observationOf(&mesospb.TaskStatus{
				TaskID: mesospb.TaskID{Value: "t"}, State: &state, Reason: &reason, Source: &source, Timestamp: &seconds,
			}, mesos.Number{})
			want := mesos.Observation{TaskID: "t", State: "TASK_99", Reason: "REASON_9999", Source: "SOURCE_9"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("unexpected observation (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWindowOf(t *testing.T) {
	from := time.Unix(5, 0).UTC()
	lasting := func(ns int64) *mesospb.Unavailability {
		return &mesospb.Unavailability{Start: mesospb.TimeInfo{Nanoseconds: 5e9}, Duration: &mesospb.DurationInfo{Nanoseconds: ns}}
	}
	for sentence, c := range map[string]struct {
		told *mesospb.Unavailability
		want mesos.Window
	}{
		"begins and ends":                      {lasting(2e9), mesos.Window{From: from, Until: from.Add(2 * time.Second)}},
		"without a duration it has no end":     {&mesospb.Unavailability{Start: mesospb.TimeInfo{Nanoseconds: 5e9}}, mesos.Window{From: from}},
		"an end that no clock reaches is none": {lasting(math.MaxInt64), mesos.Window{From: from}},
		"a negative duration is none at all":   {lasting(-1), mesos.Window{From: from, Until: from}},
		"a start before 1970 is long ago":      {&mesospb.Unavailability{Start: mesospb.TimeInfo{Nanoseconds: -5}}, mesos.Window{From: time.Unix(0, 0).UTC()}},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(c.want, windowOf(c.told)); diff != "" {
				t.Errorf("window (-want +got):\n%s", diff)
			}
		})
	}
}
