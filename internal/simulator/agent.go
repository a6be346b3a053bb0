package simulator

import (
	"fmt"
	"math/rand/v2"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// AgentSpec describes an agent.
type AgentSpec struct {
	Hostname string // default agent-<n>.sim
	IP       string // default 127.0.0.1
	Port     int    // default 5051

	CPUs, Mem, Disk, GPUs float64             // Mem and Disk in MB
	Ports                 []mesos.Value_Range // inclusive
	Reserved              []Reservation       // besides the above
	// Resources, when not empty, is the whole of the agent's resources, in the order of its offers.
	Resources []mesos.Resource

	Attributes []mesos.Attribute
	Domain     *mesos.DomainInfo

	// HTTPCommandExecutor is the agent's flag of that name: its command executors keep to the grace periods that kills
	// and drains ask for. The others keep to the tasks' own.
	HTTPCommandExecutor bool

	// WorkDir is the agent's flag of that name, for its messages; default /var/lib/mesos.
	WorkDir string

	// Containerizers and ImageProviders are the agent's flags of these names; nil for all, with which a script can play any container. An agent
	// whose runner is Limited has containerizer mesos and no image provider, whatever they say.
	Containerizers, ImageProviders []string
	// Isolation are the cgroups isolators that bound what tasks use of CPUs and memory (isolation); nil for both. An agent whose runner is Limited
	// has none.
	Isolation []string
	// NoTaskLimits is an agent of before Mesos 1.10, which does not know of limits.
	NoTaskLimits bool

	// Credentials, when there are any, maps principals to their secrets, one of which the agent's API demands by basic authentication
	// (authenticate_http_readwrite).
	Credentials map[string]string

	// Runner acts the tasks out; default ScriptRunner{}.
	Runner Runner
}

// Reservation is a static reservation of resources to a role.
type Reservation struct {
	Role            string
	CPUs, Mem, Disk float64
	Ports           []mesos.Value_Range
}

func scalar(name string, v float64, rv []mesos.Resource_ReservationInfo) mesos.Resource {
	return mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: v}, Reservations: rv}
}

func portRanges(rs []mesos.Value_Range, rv []mesos.Resource_ReservationInfo) mesos.Resource {
	return mesos.Resource{Name: "ports", Type: mesos.RANGES.Enum(), Ranges: &mesos.Value_Ranges{Range: rs}, Reservations: rv}
}

// resources is the agent's total, reserved resources before the unreserved ones, as in real offers.
func (s AgentSpec) resources() []mesos.Resource {
	if len(s.Resources) > 0 {
		return normalized(s.Resources)
	}
	var out []mesos.Resource
	if len(s.Ports) > 0 {
		out = append(out, portRanges(s.Ports, nil))
	}
	for _, r := range s.Reserved {
		rv := []mesos.Resource_ReservationInfo{{Type: mesos.Resource_ReservationInfo_STATIC.Enum(), Role: new(r.Role)}}
		for _, one := range []mesos.Resource{
			scalar("cpus", r.CPUs, rv), scalar("mem", r.Mem, rv), scalar("disk", r.Disk, rv), portRanges(r.Ports, rv),
		} {
			if !holdsNothing(&one) {
				out = append(out, one)
			}
		}
	}
	for _, one := range []mesos.Resource{
		scalar("cpus", s.CPUs, nil), scalar("mem", s.Mem, nil), scalar("disk", s.Disk, nil), scalar("gpus", s.GPUs, nil),
	} {
		if !holdsNothing(&one) {
			out = append(out, one)
		}
	}
	return out
}

// containers settles what the agent can run of containers, and what it can bound.
func (s *AgentSpec) containers() {
	if s.Containerizers == nil {
		s.Containerizers = []string{ContainerizerMesos, ContainerizerDocker}
	}
	if s.ImageProviders == nil {
		s.ImageProviders = []string{ImageProviderDocker}
	}
	if s.Isolation == nil {
		s.Isolation = []string{IsolatorCPU, IsolatorMemory}
	}
	if _, limited := s.Runner.(Limited); limited {
		s.Containerizers, s.ImageProviders, s.Isolation = []string{ContainerizerMesos}, nil, nil
	}
}

// Agent is one agent with its tasks, as it is in truth, whatever a master believes.
type Agent struct {
	cluster *Cluster
	spec    AgentSpec
	total   []mesos.Resource
	number  int

	id          string     // given at the first registration, kept after that
	up          bool       // its process runs
	lives       int        // how often its process has ended
	partitioned bool       // it runs, but neither it nor the master hears of the other
	leaving     bool       // it shuts down: its process ends with the last of its tasks
	drained     *drainInfo // as it was told by the master
	predecessor string     // the ID of the agent that was at this address before its directories were wiped
	registered  *reign     // with whom, as it believes itself
	notBefore   time.Time
	registering *time.Timer

	tasks     map[taskKey]*agentTask
	executors map[executorKey]*agentExecutor
	orphans   map[*agentTask]struct{} // live tasks of its predecessors, of which it knows nothing
	runs      runs
}

// AddAgent starts an agent. It registers at once if a master leads.
func (c *Cluster) AddAgent(spec AgentSpec) *Agent {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.agents) + 1
	spec.Hostname = orDefault(spec.Hostname, fmt.Sprintf("agent-%d.sim", n))
	spec.IP = orDefault(spec.IP, "127.0.0.1")
	spec.Port = orDefault(spec.Port, 5051)
	spec.WorkDir = orDefault(spec.WorkDir, "/var/lib/mesos")
	if spec.Runner == nil {
		spec.Runner = ScriptRunner{}
	}
	spec.containers()
	a := &Agent{
		cluster: c, spec: spec, total: spec.resources(), number: n, up: true,
		tasks: map[taskKey]*agentTask{}, executors: map[executorKey]*agentExecutor{}, orphans: map[*agentTask]struct{}{},
		runs: newRuns(),
	}
	c.agents = append(c.agents, a)
	if r := c.leader; r != nil && r.recovered {
		r.register(a)
	}
	return a
}

// Agents lists all agents ever added.
func (c *Cluster) Agents() []*Agent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*Agent(nil), c.agents...)
}

// Agent finds an agent by its ID or hostname, nil if there is none.
func (c *Cluster) Agent(name string) *Agent {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.byID[name]; a != nil {
		return a
	}
	for _, a := range c.agents {
		if a.spec.Hostname == name {
			return a
		}
	}
	return nil
}

// ID is the agent ID, "" until the agent has registered for the first time.
func (a *Agent) ID() string {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	return a.id
}

// Hostname is the agent's host name.
func (a *Agent) Hostname() string { return a.spec.Hostname }

func (a *Agent) url() *mesos.URL {
	return &mesos.URL{
		Scheme:  "http",
		Address: mesos.Address{Hostname: new(a.spec.Hostname), IP: new(a.spec.IP), Port: int32(a.spec.Port)},
		Path:    new("/slave(1)"),
	}
}

// linked reports whether messages pass between this agent and the reign.
func (a *Agent) linked(r *reign) bool {
	return a.up && !a.partitioned && !r.ended && a.registered == r
}

// jitter is a random part of d.
func jitter(rng *rand.Rand, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(rng.Int64N(int64(d)))
}
