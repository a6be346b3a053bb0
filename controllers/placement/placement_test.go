package placement

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	cpu = 1000        // thousandths of a CPU
	mib = 1000        // thousandths of a MiB
	gib = 1024 * 1000 // thousandths of a MiB in a GiB
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func task(name string, waited time.Duration, cpus, memory mesos.Scalar, ports ...mesos.Port) Task {
	return Task{
		Key: "shop/" + name, Namespace: "shop", Role: "web",
		Resources: mesos.Scalars{CPUs: cpus, Memory: memory}, Ports: ports, Since: epoch.Add(-waited),
	}
}

func offer(id string, event uint64, cpus, memory mesos.Scalar, ports ...mesos.PortRange) mesos.Offer {
	return mesos.Offer{
		ID: id, AgentID: "agent-" + id, Hostname: "host-" + id, Role: "web",
		Scalars: mesos.Scalars{CPUs: cpus, Memory: memory}, Ports: ports, Number: mesos.Number{Term: 1, Event: event},
	}
}

// needsGPU makes a task ask for one GPU.
func needsGPU(task Task) Task {
	task.Resources.GPUs = 1000
	return task
}

// gpuOffer is an offer of a large agent with GPUs, of which so many are free.
func gpuOffer(id string, event uint64, free mesos.Scalar) mesos.Offer {
	o := offer(id, event, 8*cpu, 8*gib)
	o.OnGPUAgent, o.Scalars.GPUs = true, 1000*free
	return o
}

// brief bounds how long a task runs, and under puts it under constraints.
func brief(task Task, most time.Duration) Task {
	task.MaxRun = most
	return task
}

func under(task Task, constraints ...mesos.Constraint) Task {
	task.Rules = Compile(&mesos.Placement{Constraints: constraints})
	return task
}

func given(task, offer string, ports ...uint32) Assignment {
	return Assignment{
		Key: "shop/" + task, OfferID: offer, AgentID: "agent-" + offer, Hostname: "host-" + offer, Role: "web", HostPorts: ports,
	}
}

func TestPlace(t *testing.T) {
	fixed := func(port uint32) mesos.Port { return mesos.Port{Name: "http", HostPort: port} }
	anyPort := mesos.Port{Name: "any"}
	maintained := offer("m", 1, 8*cpu, 8*gib)
	maintained.Maintenance = mesos.Window{From: epoch.Add(time.Hour), Until: epoch.Add(2 * time.Hour)}
	elsewhere := offer("e", 1, 8*cpu, 8*gib)
	elsewhere.Role = "batch"
	hundred := mesos.PortRange{Begin: 31000, End: 31099}

	for name, c := range map[string]struct {
		tasks  []Task
		offers []mesos.Offer
		round  Round
		want   Result
	}{
		"nothing pending uses nothing": {
			offers: []mesos.Offer{offer("b", 2, cpu, gib), offer("a", 1, cpu, gib)},
			want:   Result{Unused: []string{"a", "b"}},
		},
		"several tasks share an offer before the next one is touched": {
			tasks:  []Task{task("one", 3, cpu, mib), task("two", 2, cpu, mib), task("three", 1, cpu, mib)},
			offers: []mesos.Offer{offer("a", 1, 2*cpu, gib), offer("b", 2, 2*cpu, gib), offer("c", 3, 2*cpu, gib)},
			want:   Result{Assignments: []Assignment{given("one", "a"), given("two", "a"), given("three", "b")}, Unused: []string{"c"}},
		},
		"who waited longest chooses first and the key decides between equals": {
			tasks:  []Task{task("young", 1, cpu, mib), task("b", 5, cpu, mib), task("a", 5, cpu, mib)},
			offers: []mesos.Offer{offer("x", 1, 2*cpu, gib)},
			want: Result{
				Assignments: []Assignment{given("a", "x"), given("b", "x")},
				Unplaced:    []Verdict{{Key: "shop/young", Message: "1 offer: 1 fits but other tasks come first"}},
			},
		},
		"a large task in front does not keep a small one waiting": {
			tasks:  []Task{task("large", 9, 4*cpu, mib), task("small", 1, cpu, mib)},
			offers: []mesos.Offer{offer("a", 1, cpu, gib)},
			want: Result{
				Assignments: []Assignment{given("small", "a")},
				Unplaced:    []Verdict{{Key: "shop/large", MustWait: true, Kind: "cpus", Message: "1 offer: 1 lacks cpus (want 4)"}},
			},
		},
		"a task without offers of its role is told so": {
			tasks:  []Task{task("one", 1, cpu, mib)},
			offers: []mesos.Offer{elsewhere},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "no offers for role web", Message: "no offers for role web", Offerless: true}}, Unused: []string{"e"},
			},
		},
		"the reasons are counted over the offers and the commonest comes first": {
			tasks: []Task{task("one", 1, 4*cpu, 64*mib)},
			offers: []mesos.Offer{
				offer("a", 1, cpu, gib), offer("b", 2, 4*cpu, 63*mib), offer("c", 3, 9*cpu, mib), maintained,
			},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "maintenance,cpus,memory", Message: "4 offers: 2 lack memory (want 64Mi)" +
					", 1 is on an agent due for maintenance, 1 lacks cpus (want 4)"}},
				Unused: []string{"a", "m", "b", "c"}, Maintained: []string{"m"},
			},
		},
		"an agent is used before its maintenance draws near": {
			tasks:  []Task{task("one", 1, 4*cpu, 64*mib)},
			offers: []mesos.Offer{maintained},
			round:  Round{Now: epoch.Add(-1), MaintenanceLead: time.Hour},
			want:   Result{Assignments: []Assignment{given("one", "m")}},
		},
		"an agent is used again once its maintenance is over": {
			tasks:  []Task{task("one", 1, 4*cpu, 64*mib)},
			offers: []mesos.Offer{maintained},
			round:  Round{Now: epoch.Add(2 * time.Hour), MaintenanceLead: time.Hour},
			want:   Result{Assignments: []Assignment{given("one", "m")}},
		},
		"an agent due for maintenance that has no room anyway is not waited for": {
			tasks:  []Task{task("one", 1, 9*cpu, 64*mib)},
			offers: []mesos.Offer{maintained},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "maintenance", Message: "1 offer: 1 is on an agent due for maintenance"}},
				Unused:   []string{"m"},
			},
		},
		"a task that is over before a maintenance begins gets its agent, once no other has room": {
			tasks:  []Task{brief(task("one", 3, cpu, mib), 59*time.Minute), brief(task("two", 2, cpu, mib), 59*time.Minute), brief(task("late", 1, cpu, mib), time.Hour)},
			offers: []mesos.Offer{maintained, offer("a", 2, cpu, gib)},
			want: Result{
				Assignments: []Assignment{given("one", "a"), given("two", "m")},
				Unplaced:    []Verdict{{Key: "shop/late", Message: "2 offers: 1 is on an agent due for maintenance, 1 fits but other tasks come first"}},
			},
		},
		"and one without a limit does not": {
			tasks:  []Task{task("one", 2, 4*cpu, 64*mib), brief(task("two", 1, 4*cpu, 64*mib), time.Minute)},
			offers: []mesos.Offer{maintained},
			want: Result{
				Assignments: []Assignment{given("two", "m")},
				Unplaced:    []Verdict{{Key: "shop/one", MustWait: true, Kind: "maintenance", Message: "1 offer: 1 is on an agent due for maintenance"}},
			},
		},
		"nor does any once the maintenance has begun": {
			tasks:  []Task{brief(task("one", 1, cpu, mib), time.Second)},
			offers: []mesos.Offer{maintained},
			round:  Round{Now: epoch.Add(time.Hour), MaintenanceLead: time.Hour},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "maintenance", Message: "1 offer: 1 is on an agent due for maintenance"}},
				Unused:   []string{"m"}, Maintained: []string{"m"},
			},
		},
		"what such an agent lacks is told": {
			tasks:  []Task{brief(task("one", 1, 9*cpu, mib), time.Minute)},
			offers: []mesos.Offer{maintained},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "cpus", Message: "1 offer: 1 lacks cpus (want 9)"}}, Unused: []string{"m"},
			},
		},
		"rules hold of such an agent, too": {
			tasks: []Task{
				under(brief(task("one", 2, cpu, mib), time.Minute), mesos.Constraint{By: mesos.Key{Attribute: "rack"}, Operator: mesos.Exists}),
				under(brief(task("two", 1, cpu, mib), time.Minute), mesos.Constraint{By: mesos.Key{Attribute: "rack"}, Operator: mesos.DoesNotExist}),
				under(task("three", 0, cpu, mib), mesos.Constraint{By: mesos.Key{Attribute: "rack"}, Operator: mesos.DoesNotExist}),
			},
			offers: []mesos.Offer{maintained},
			want: Result{
				Assignments: []Assignment{given("two", "m")},
				Unplaced: []Verdict{
					{Key: "shop/one", MustWait: true, Kind: "rack Exists (no agent has attribute rack)", Message: "1 offer: 1 fails rack Exists (no agent has attribute rack)"},
					{Key: "shop/three", MustWait: true, Kind: "maintenance", Message: "1 offer: 1 is on an agent due for maintenance"},
				},
			},
		},
		"agents with GPUs are for tasks that need some": {
			tasks:  []Task{task("plain", 3, cpu, mib), needsGPU(task("learner", 2, cpu, mib)), task("large", 1, 2*cpu, mib)},
			offers: []mesos.Offer{gpuOffer("g", 1, 2), gpuOffer("h", 1, 0), offer("a", 2, cpu, gib)},
			want: Result{
				Assignments: []Assignment{given("plain", "a"), given("learner", "g")},
				Unplaced:    []Verdict{{Key: "shop/large", MustWait: true, Kind: "gpu agents,cpus", Message: "3 offers: 2 are for GPU tasks, 1 lacks cpus (want 2)"}},
				Unused:      []string{"h"},
			},
		},
		"where all agents have GPUs a task without waits": {
			tasks:  []Task{task("plain", 3, cpu, mib)},
			offers: []mesos.Offer{gpuOffer("g", 1, 2)},
			round:  Round{Declined: []mesos.Offer{gpuOffer("h", 1, 2)}},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/plain", MustWait: true, Kind: "gpu agents", Message: "2 offers: 2 are for GPU tasks"}},
				Unused:   []string{"g"},
			},
		},
		"agents with GPUs that are shared come last for tasks without": {
			tasks:  []Task{task("one", 3, cpu, mib), task("two", 2, cpu, mib), needsGPU(task("learner", 1, cpu, mib))},
			offers: []mesos.Offer{gpuOffer("g", 1, 1), offer("a", 2, cpu, gib)},
			round:  Round{ShareGPUAgents: true},
			want:   Result{Assignments: []Assignment{given("one", "a"), given("two", "g"), given("learner", "g")}},
		},
		"a fixed port is given as asked and any port from what is left": {
			tasks:  []Task{task("one", 1, cpu, mib, anyPort, fixed(31000), anyPort)},
			offers: []mesos.Offer{offer("a", 1, cpu, gib, hundred)},
			want:   Result{Assignments: []Assignment{given("one", "a", 31001, 31000, 31002)}},
		},
		"a fixed port goes to one task only": {
			tasks:  []Task{task("one", 2, cpu, mib, fixed(31000)), task("two", 1, cpu, mib, fixed(31000))},
			offers: []mesos.Offer{offer("a", 1, 8*cpu, gib, hundred)},
			want: Result{
				Assignments: []Assignment{given("one", "a", 31000)},
				Unplaced:    []Verdict{{Key: "shop/two", Message: "1 offer: 1 fits but other tasks come first"}},
			},
		},
		"any port leaves alone those that another task waits for": {
			tasks:  []Task{task("any", 2, cpu, mib, anyPort), task("fixed", 1, cpu, mib, fixed(31000))},
			offers: []mesos.Offer{offer("a", 1, 8*cpu, gib, hundred)},
			want:   Result{Assignments: []Assignment{given("any", "a", 31001), given("fixed", "a", 31000)}},
		},
		"any port takes one that another task waits for when there is no other": {
			tasks:  []Task{task("any", 2, cpu, mib, anyPort), task("fixed", 1, cpu, mib, fixed(31000))},
			offers: []mesos.Offer{offer("a", 1, 8*cpu, gib, mesos.PortRange{Begin: 31000, End: 31000})},
			want: Result{
				Assignments: []Assignment{given("any", "a", 31000)},
				Unplaced:    []Verdict{{Key: "shop/fixed", Message: "1 offer: 1 fits but other tasks come first"}},
			},
		},
		"the offset says where the search for any port begins, and it goes round": {
			tasks:  []Task{task("one", 2, cpu, mib, anyPort), task("two", 1, cpu, mib, anyPort)},
			offers: []mesos.Offer{offer("a", 1, 8*cpu, gib, mesos.PortRange{Begin: 5, End: 6}, mesos.PortRange{Begin: 9, End: 9})},
			round:  Round{PortOffset: 5},
			want:   Result{Assignments: []Assignment{given("one", "a", 9), given("two", "a", 6)}},
		},
		"a missing port is named": {
			tasks:  []Task{task("one", 1, cpu, mib, fixed(80), anyPort, anyPort)},
			offers: []mesos.Offer{offer("a", 1, cpu, gib, hundred), offer("b", 2, cpu, gib)},
			want: Result{
				Unplaced: []Verdict{{Key: "shop/one", MustWait: true, Kind: "ports", Message: "2 offers: 2 lack ports (want 80 and any 2)"}},
				Unused:   []string{"a", "b"},
			},
		},
		"the round's limit leaves tasks for the next": {
			tasks:  []Task{task("one", 3, cpu, mib), task("two", 2, cpu, mib), task("huge", 1, 64*cpu, mib)},
			offers: []mesos.Offer{offer("a", 1, 8*cpu, gib), offer("b", 2, 8*cpu, gib)},
			round:  Round{MaxAssignments: 1},
			want: Result{
				Assignments: []Assignment{given("one", "a")},
				Unplaced: []Verdict{
					{Key: "shop/two", Message: "2 offers: 2 fit but other tasks come first"},
					{Key: "shop/huge", MustWait: true, Kind: "cpus", Message: "2 offers: 2 lack cpus (want 64)"},
				},
				Unused: []string{"b"},
			},
		},
		"declined offers count but nothing is placed on them": {
			tasks:  []Task{task("one", 2, 4*cpu, mib), task("two", 1, 64*cpu, mib)},
			offers: []mesos.Offer{offer("a", 1, cpu, gib)},
			round:  Round{Declined: []mesos.Offer{offer("a", 1, 64*cpu, gib), offer("b", 1, 4*cpu, gib), offer("c", 1, cpu, gib)}},
			want: Result{
				Unplaced: []Verdict{
					{Key: "shop/one", Message: "3 offers: 2 lack cpus (want 4), 1 fits but is not on offer at the moment"},
					{Key: "shop/two", MustWait: true, Kind: "cpus", Message: "3 offers: 3 lack cpus (want 64)"},
				},
				Unused: []string{"a"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.round.Now.IsZero() {
				c.round.Now, c.round.MaintenanceLead = epoch, time.Hour
			}
			if diff := cmp.Diff(c.want, Place(c.tasks, c.offers, c.round)); diff != "" {
				t.Errorf("Place (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSentence(t *testing.T) {
	for want, c := range map[string]struct {
		scalars mesos.Scalars
		ports   []mesos.Port
	}{
		"1 offer: 1 lacks cpus (want 0.5)":                           {scalars: mesos.Scalars{CPUs: 500}},
		"1 offer: 1 lacks memory (want 2Gi)":                         {scalars: mesos.Scalars{Memory: 2 * gib}},
		"1 offer: 1 lacks memory (want 1.5Mi)":                       {scalars: mesos.Scalars{Memory: 1500}},
		"1 offer: 1 lacks disk (want 1025Mi)":                        {scalars: mesos.Scalars{Disk: 1025 * mib}},
		"1 offer: 1 lacks gpus (want 2)":                             {scalars: mesos.Scalars{GPUs: 2000}},
		"1 offer: 1 lacks ports (want any 1)":                        {ports: []mesos.Port{{Name: "a"}}},
		"1 offer: 1 lacks ports (want 7)":                            {ports: []mesos.Port{{Name: "a", HostPort: 7}}},
		"1 offer: 1 lacks ports (want 1, 2, 3 and 2 more and any 1)": {ports: portsNamed(5, 4, 3, 2, 1, 0)},
		"1 offer: 1 lacks ports (want 7, 7)":                         {ports: portsNamed(7, 7)},
		"1 offer: 1 lacks ports (want 7 and any 3)":                  {ports: portsNamed(0, 7, 0, 0)},
		"1 offer: 1 lacks cpus (want 9223372036854776)":              {scalars: mesos.Scalars{CPUs: 1<<63 - 1}},
		"1 offer: 1 lacks ports (want 65536, 70000, 4294967295)":     {ports: portsNamed(70000, 65536, 4294967295)},
		"1 offer: 1 lacks memory (want 0.001Mi)":                     {scalars: mesos.Scalars{Memory: 1}},
		"1 offer: 1 lacks disk (want 1Gi)":                           {scalars: mesos.Scalars{Disk: gib, GPUs: 1}},
		"1 offer: 1 lacks memory (want 1Mi)":                         {scalars: mesos.Scalars{Memory: mib, Disk: gib}, ports: portsNamed(7)},
	} {
		t.Run(want, func(t *testing.T) {
			wants := Task{Key: "shop/one", Role: "web", Resources: c.scalars, Ports: c.ports}
			got := Place([]Task{wants}, []mesos.Offer{offer("a", 1, 0, 0)}, Round{})
			if len(got.Unplaced) != 1 || got.Unplaced[0].Message != want {
				t.Errorf("Place said %+v, want %q", got, want)
			}
		})
	}
}

func TestPlace_portRanges(t *testing.T) {
	has := offer("a", 9, 0, 0)
	has.Ports = []mesos.PortRange{{Begin: 100, End: 299}, {Begin: 500, End: 509}}
	tcp := func(port uint32) mesos.Port { return mesos.Port{HostPort: port} }
	udp := func(port uint32) mesos.Port { return mesos.Port{HostPort: port, Protocol: mesos.ProtocolUDP} }
	for name, c := range map[string]struct {
		ports  []mesos.Port
		ranges []mesos.NamedRange
		got    []uint32
		says   string
	}{
		"a range":                              {nil, []mesos.NamedRange{{From: 100, To: 199}}, nil, ""},
		"a range and any port outside of it":   {[]mesos.Port{{}}, []mesos.NamedRange{{From: 100, To: 298}}, []uint32{299}, ""},
		"one number in both protocols":         {[]mesos.Port{tcp(100), udp(100), {}}, nil, []uint32{100, 100, 101}, ""},
		"a port in a range of the other":       {[]mesos.Port{udp(150)}, []mesos.NamedRange{{From: 100, To: 199}}, []uint32{150}, ""},
		"two ranges of one number":             {nil, []mesos.NamedRange{{From: 100, To: 299}, {From: 200, To: 250, Protocol: mesos.ProtocolUDP}}, nil, ""},
		"a range that is not whole":            {nil, []mesos.NamedRange{{From: 250, To: 300}}, nil, "1 offer: 1 lacks ports (want 250-300)"},
		"a range over a hole":                  {nil, []mesos.NamedRange{{From: 299, To: 500}}, nil, "1 offer: 1 lacks ports (want 299-500)"},
		"ranges that touch are one":            {[]mesos.Port{tcp(7), {}}, []mesos.NamedRange{{From: 301, To: 302}, {From: 303, To: 305}}, nil, "1 offer: 1 lacks ports (want 7, 301-305 and any 1)"},
		"one number twice in one protocol":     {[]mesos.Port{tcp(100), udp(100), tcp(100)}, nil, nil, "1 offer: 1 lacks ports (want 100, 100)"},
		"more than there are beside the range": {make([]mesos.Port, 11), []mesos.NamedRange{{From: 100, To: 299}}, nil, "1 offer: 1 lacks ports (want 100-299 and any 11)"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Place([]Task{{Key: "shop/one", Role: "web", Ports: c.ports, Ranges: c.ranges}}, []mesos.Offer{has}, Round{})
			switch {
			case c.says != "":
				if len(got.Unplaced) != 1 || got.Unplaced[0].Message != c.says {
					t.Errorf("Place said %+v, want %q", got, c.says)
				}
			case len(got.Assignments) != 1 || !slices.Equal(got.Assignments[0].HostPorts, c.got):
				t.Errorf("Place said %+v, want ports %v", got, c.got)
			}
		})
	}
}

// TestPlace_keepsRangesForTheirTasks: a task that takes any port takes none of a range that another waits for, while there is another port.
func TestPlace_keepsRangesForTheirTasks(t *testing.T) {
	has := offer("a", 9, 0, 0)
	has.Ports = []mesos.PortRange{{Begin: 100, End: 300}}
	got := Place([]Task{
		{Key: "shop/a", Role: "web", Ports: []mesos.Port{{}}}, {Key: "shop/b", Role: "web", Ranges: []mesos.NamedRange{{From: 100, To: 299}}},
	}, []mesos.Offer{has}, Round{})
	if len(got.Assignments) != 2 || !slices.Equal(got.Assignments[0].HostPorts, []uint32{300}) {
		t.Errorf("Place said %+v", got)
	}
}

func portsNamed(ports ...uint32) []mesos.Port {
	named := make([]mesos.Port, len(ports))
	for i, port := range ports {
		named[i].HostPort = port
	}
	return named
}

func TestPortsOf(t *testing.T) {
	for name, c := range map[string]struct {
		ranges []mesos.PortRange
		want   freePorts
	}{
		"ranges that overlap or touch become one": {
			ranges: []mesos.PortRange{{Begin: 20, End: 30}, {Begin: 5, End: 9}, {Begin: 10, End: 12}, {Begin: 25, End: 27}},
			want:   freePorts{{5, 12}, {20, 30}},
		},
		"what is no port is left out": {
			ranges: []mesos.PortRange{{Begin: 0, End: 1}, {Begin: 65535, End: 1 << 63}, {Begin: 70000, End: 80000}, {Begin: 9, End: 8}},
			want:   freePorts{{1, 1}, {65535, 65535}},
		},
		"port zero alone is none": {ranges: []mesos.PortRange{{}}, want: freePorts{}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, portsOf(c.ranges), cmp.AllowUnexported(span{})); diff != "" {
				t.Errorf("portsOf (-want +got):\n%s", diff)
			}
		})
	}
}

// of moves a task to another namespace.
func of(namespace string, task Task) Task {
	task.Key, task.Namespace = namespace+"/"+task.Key[len("shop/"):], namespace
	return task
}

func TestPlace_turns(t *testing.T) {
	many := []Task{of("many", task("a", 9, cpu, mib)), of("many", task("b", 8, cpu, mib)), of("many", task("c", 7, cpu, mib))}
	for name, c := range map[string]struct {
		tasks []Task
		room  mesos.Scalar
		// turns are the namespaces that had a turn before, the latest last.
		turns []string
		want  []string
	}{
		"each namespace gets one before any gets two": {
			append([]Task{of("few", task("x", 1, cpu, mib)), of("new", task("y", 0, cpu, mib))}, many...), 4, nil,
			[]string{"many/a", "few/x", "new/y", "many/b"},
		},
		"who waited longest comes first within a namespace": {
			[]Task{many[2], many[0], many[1]}, 2, []string{"many"}, []string{"many/a", "many/b"},
		},
		"the namespace whose turn is longest ago goes first": {
			append([]Task{of("few", task("x", 1, cpu, mib))}, many...), 1, []string{"few", "many"}, []string{"few/x"},
		},
		"and the other one next time": {
			append([]Task{of("few", task("x", 1, cpu, mib))}, many...), 1, []string{"many", "few"}, []string{"many/a"},
		},
		"a namespace that had no turn yet goes first": {
			append([]Task{of("few", task("x", 1, cpu, mib))}, many...), 1, []string{"many"}, []string{"few/x"},
		},
		"what does not fit loses its turn to the others": {
			append([]Task{of("few", task("x", 1, 9*cpu, mib))}, many...), 2, nil, []string{"many/a", "many/b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var turns Turns
			for _, namespace := range c.turns {
				turns.Assigned(namespace)
				turns.EndRound()
			}
			var got []string
			for _, assignment := range Place(c.tasks, []mesos.Offer{offer("o", 1, c.room*cpu, gib)}, Round{Turns: &turns}).Assignments {
				got = append(got, assignment.Key)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("in turn (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlace_others: what is left of other resources decides like all else, also for later tasks and in what is said.
func TestPlace_others(t *testing.T) {
	wants := func(task Task, others ...mesos.Other) Task {
		task.Others = others
		return task
	}
	fpga := func(amount mesos.Scalar) mesos.Other { return mesos.Other{Name: "fpga", Scalar: amount} }
	licence := func(items ...string) mesos.Other { return mesos.Other{Name: "licences", Items: items} }
	plain, special := offer("plain", 1, 8_000, 8*gib), offer("special", 2, 8_000, 8*gib)
	special.Others = mesos.Others{{Name: "fpga", Scalar: 2_000}, {Name: "licences", Items: []string{"a", "b"}}}
	declined := special
	declined.ID, declined.AgentID = "declined", "other"
	for name, c := range map[string]struct {
		tasks    []Task
		declined []mesos.Offer
		want     []Assignment
		said     []string
	}{
		"only where it is": {
			tasks: []Task{wants(task("a", 2, 1_000, gib), fpga(500)), task("b", 1, 1_000, gib)},
			want:  []Assignment{given("a", "special"), given("b", "plain")},
		},
		"until it is gone": {
			tasks: []Task{wants(task("a", 2, 1_000, gib), fpga(1_500)), wants(task("b", 1, 1_000, gib), fpga(600)), wants(task("c", 0, 1_000, gib), fpga(500), licence("b"))},
			want:  []Assignment{given("a", "special"), given("c", "special")},
			said:  []string{"2 offers: 1 fits but other tasks come first, 1 lacks fpga (want 0.6)"},
		},
		"each item once": {
			tasks: []Task{wants(task("a", 2, 1_000, gib), licence("a")), wants(task("b", 1, 1_000, gib), licence("a", "b")), wants(task("c", 0, 1_000, gib), licence("b"))},
			want:  []Assignment{given("a", "special"), given("c", "special")},
			said:  []string{"2 offers: 1 fits but other tasks come first, 1 lacks licences (want a and b)"},
		},
		"counted by the first that is short": {
			tasks:    []Task{wants(task("a", 2, 1_000, gib), fpga(1_000), licence("c"))},
			declined: []mesos.Offer{declined},
			said:     []string{"3 offers: 2 lack licences (want c), 1 lacks fpga (want 1)"},
		},
		"of an offer that was declined": {
			tasks:    []Task{wants(task("a", 2, 1_000, gib), fpga(2_000)), wants(task("b", 1, 1_000, gib), fpga(2_000))},
			declined: []mesos.Offer{declined},
			want:     []Assignment{given("a", "special")},
			said:     []string{"3 offers: 1 fits but is not on offer at the moment, 1 fits but other tasks come first, 1 lacks fpga (want 2)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := Place(c.tasks, []mesos.Offer{plain, special}, Round{Declined: c.declined})
			if diff := cmp.Diff(c.want, result.Assignments); diff != "" {
				t.Errorf("assignments (-want +got):\n%s", diff)
			}
			var said []string
			for _, verdict := range result.Unplaced {
				said = append(said, verdict.Message)
			}
			if diff := cmp.Diff(c.said, said); diff != "" {
				t.Errorf("what is said (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlace_revocable: tasks with revocable resources share what is revocable, and the rest with the others, which take nothing that is revocable.
func TestPlace_revocable(t *testing.T) {
	onLoan := func(task Task) Task {
		task.Revocable = true
		return task
	}
	plain, lending := offer("plain", 1, 8_000, 8*gib), offer("lending", 2, 1_000, 2*gib)
	lending.Revocable = mesos.Scalars{CPUs: 2_000, Memory: gib}
	result := Place([]Task{
		onLoan(task("a", 9, 500, gib)), onLoan(task("b", 8, 500, gib)), task("c", 7, 8_500, gib), onLoan(task("d", 6, 1_001, gib)), onLoan(task("e", 5, 500, 2*gib)), task("f", 4, 500, gib),
		onLoan(task("g", 3, 500, gib)),
	}, []mesos.Offer{plain, lending}, Round{})
	if diff := cmp.Diff([]Assignment{given("a", "lending"), given("b", "lending"), given("f", "plain"), given("g", "lending")}, result.Assignments); diff != "" {
		t.Errorf("assignments (-want +got):\n%s", diff)
	}
	said := map[string]string{}
	for _, verdict := range result.Unplaced {
		said[verdict.Key] = verdict.Message
	}
	key := func(name string) string { return task(name, 0, 0, 0).Key }
	if diff := cmp.Diff(map[string]string{
		key("c"): "2 offers: 2 lack cpus (want 8.5)",
		key("d"): "2 offers: 1 lacks revocable cpus (want 1.001), 1 fits but other tasks come first",
		key("e"): "2 offers: 1 lacks revocable cpus (want 0.5), 1 fits but other tasks come first",
	}, said); diff != "" {
		t.Errorf("what is said (-want +got):\n%s", diff)
	}
}
