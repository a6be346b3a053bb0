package mesosbridge

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// The names of the resources that tasks take (mesos.proto, Resource).
const (
	resourceCPUs   = "cpus"
	resourceMemory = "mem"
	resourceDisk   = "disk"
	resourceGPUs   = "gpus"
	resourcePorts  = "ports"
	// revocable stands before the name of a resource that Mesos may take back.
	revocable = "revocable "
)

// share is one resource of an offer, as far as it is not taken yet.
type share struct {
	// name is the resource's, after revocable where it is that.
	name     string
	resource mesospb.Resource
	amount   mesos.Scalar
	ranges   []mesos.PortRange
	items    []string
}

// stock is what an offer has to give, in the order in which it is given.
type stock []share

// stockOf sorts out what tasks may take: no shared or persistent resources, no disks of their own, nothing of a resource
// provider, and nothing whose reservation bears a label that is not among labels, as that is somebody else's. What fewest others could use
// comes first.
func stockOf(resources []mesospb.Resource, labels []mesos.Label) stock {
	var all stock
	for _, r := range resources {
		disk := r.Disk != nil && (r.Disk.Persistence != nil || r.Disk.Source != nil || r.Disk.Volume != nil)
		if r.Shared != nil || r.ProviderID != nil || disk || !reservedForUs(&r, labels) {
			continue
		}
		s := share{resource: r, name: r.Name}
		if r.Revocable != nil {
			s.name = revocable + r.Name
		}
		switch {
		case r.Scalar != nil:
			s.amount = mesos.ScalarOf(r.Scalar.Value)
		case r.Ranges != nil:
			s.ranges = rangesOf(r.Ranges)
		case r.Set != nil:
			s.items = slices.Clone(r.Set.Item)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b share) int { return -cmp.Compare(narrowness(&a.resource), narrowness(&b.resource)) })
	return all
}

// reservations returns the reservations of a resource, the one that counts last. One from before they could be refined stands alone.
func reservations(r *mesospb.Resource) []mesospb.Resource_ReservationInfo {
	if len(r.Reservations) == 0 && r.Reservation != nil {
		return []mesospb.Resource_ReservationInfo{{Role: r.Role, Labels: r.Reservation.Labels}}
	}
	return r.Reservations
}

// reservedForUs says whether a resource is not reserved, or only by reservations of whose labels each is among the given ones.
func reservedForUs(r *mesospb.Resource, labels []mesos.Label) bool {
	for _, reservation := range reservations(r) {
		for _, label := range reservation.GetLabels().GetLabels() {
			if !slices.Contains(labels, mesos.Label{Name: label.Key, Value: label.GetValue()}) {
				return false
			}
		}
	}
	return true
}

// narrowness orders resources by how few could use them: those that bear labels most of all, then those that are reserved, by how far down
// the tree of roles; zero for one that is not reserved.
func narrowness(r *mesospb.Resource) int {
	all := reservations(r)
	if len(all) == 0 {
		return 0
	}
	last := all[len(all)-1]
	if slices.ContainsFunc(all, func(one mesospb.Resource_ReservationInfo) bool { return len(one.GetLabels().GetLabels()) > 0 }) {
		return math.MaxInt
	}
	return 1 + strings.Count(last.GetRole(), "/")
}

// holdsGPUs says whether there is a GPU among the resources, whomever it is for.
func holdsGPUs(resources []mesospb.Resource) bool {
	return slices.ContainsFunc(resources, func(r mesospb.Resource) bool {
		return r.Name == resourceGPUs && r.Scalar != nil && mesos.ScalarOf(r.Scalar.Value) > 0
	})
}

// rangesOf returns ranges in ascending order, joined where they touch; ranges that end before they begin are none.
func rangesOf(value *mesospb.Value_Ranges) []mesos.PortRange {
	ranges := make([]mesos.PortRange, 0, len(value.Range))
	for _, r := range value.Range {
		if r.Begin <= r.End {
			ranges = append(ranges, mesos.PortRange{Begin: r.Begin, End: r.End})
		}
	}
	return mesos.JoinRanges(ranges)
}

// revocable adds up the amounts that are revocable.
func (s stock) revocable() mesos.Scalars {
	return mesos.Scalars{
		CPUs: s.total(revocable + resourceCPUs), Memory: s.total(revocable + resourceMemory),
		Disk: s.total(revocable + resourceDisk), GPUs: s.total(revocable + resourceGPUs),
	}
}

// scalars adds up the amounts that are not.
func (s stock) scalars() mesos.Scalars {
	return mesos.Scalars{
		CPUs: s.total(resourceCPUs), Memory: s.total(resourceMemory), Disk: s.total(resourceDisk), GPUs: s.total(resourceGPUs),
	}
}

func (s stock) total(name string) mesos.Scalar {
	var total mesos.Scalar
	for i := range s {
		if s[i].name != name {
			continue
		}
		if s[i].amount > math.MaxInt64-total {
			return math.MaxInt64
		}
		total += s[i].amount
	}
	return total
}

// ports returns all ports, joined.
func (s stock) ports() []mesos.PortRange { return s.ranges(resourcePorts) }

// ranges returns all ranges of a name, joined.
func (s stock) ranges(name string) []mesos.PortRange {
	var all []mesos.PortRange
	for i := range s {
		if s[i].name == name {
			all = append(all, s[i].ranges...)
		}
	}
	return mesos.JoinRanges(all)
}

// take returns the resources that the task gets and what is left then. The stock itself stays as it was.
func (s stock) take(task *mesos.Task) (taken []mesospb.Resource, left stock, err error) {
	left = slices.Clone(s)
	drawn, others := mesos.Scalars{}, task.Scalars
	if task.Revocable {
		drawn, others = task.Scalars.Drawn(s.revocable())
	}
	for _, want := range []struct {
		name   string
		amount mesos.Scalar
	}{
		{resourceCPUs, others.CPUs},
		{resourceMemory, others.Memory},
		{resourceDisk, others.Disk},
		{resourceGPUs, others.GPUs},
		{revocable + resourceCPUs, drawn.CPUs},
		{revocable + resourceMemory, drawn.Memory},
		{revocable + resourceDisk, drawn.Disk},
		{revocable + resourceGPUs, drawn.GPUs},
	} {
		if taken, err = left.takeScalar(taken, want.name, want.amount); err != nil {
			return nil, nil, err
		}
	}
	ports, err := portsOf(task)
	if err != nil {
		return nil, nil, err
	}
	if taken, err = left.takeRanges(taken, resourcePorts, ports); err != nil {
		return nil, nil, err
	}
	for i := range task.Others {
		if taken, err = left.takeOther(taken, &task.Others[i]); err != nil {
			return nil, nil, err
		}
	}
	return taken, left, nil
}

func (s stock) takeScalar(taken []mesospb.Resource, name string, want mesos.Scalar) ([]mesospb.Resource, error) {
	for i := range s {
		if want <= 0 {
			break
		}
		part := min(want, s[i].amount)
		if s[i].name != name || part <= 0 {
			continue
		}
		s[i].amount -= part
		want -= part
		r := s[i].resource
		r.Scalar = &mesospb.Value_Scalar{Value: part.Float()}
		taken = append(taken, r)
	}
	if want > 0 {
		return nil, fmt.Errorf("the offer lacks %v %s", want.Float(), name)
	}
	return taken, nil
}

// portsOf returns the host ports of a task that was given those that it asked for, joined; or an error if it was given one twice for one protocol.
func portsOf(task *mesos.Task) ([]mesos.PortRange, error) {
	type spoken struct {
		port     uint32
		protocol mesos.Protocol
	}
	ports, seen := make([]mesos.PortRange, 0, len(task.HostPorts)+len(task.Ranges)), map[spoken]bool{}
	for i, port := range task.HostPorts {
		one := spoken{port: port}
		if i < len(task.Ports) {
			one.protocol = task.Ports[i].Protocol
		}
		if seen[one] {
			return nil, fmt.Errorf("the offer lacks port %d a second time", port)
		}
		seen[one] = true
		ports = append(ports, mesos.PortRange{Begin: uint64(port), End: uint64(port)})
	}
	for _, one := range task.Ranges {
		ports = append(ports, mesos.PortRange{Begin: uint64(one.From), End: uint64(one.To)})
	}
	return mesos.JoinRanges(ports), nil
}

func (s stock) takeRanges(taken []mesospb.Resource, name string, want []mesos.PortRange) ([]mesospb.Resource, error) {
	for i := range s {
		if s[i].name != name {
			continue
		}
		part := mesos.CommonPorts(s[i].ranges, want)
		if len(part) == 0 {
			continue
		}
		s[i].ranges, want = mesos.LessPorts(s[i].ranges, part), mesos.LessPorts(want, part)
		r := s[i].resource
		r.Ranges = &mesospb.Value_Ranges{}
		for _, p := range part {
			r.Ranges.Range = append(r.Ranges.Range, mesospb.Value_Range{Begin: p.Begin, End: p.End})
		}
		taken = append(taken, r)
	}
	if len(want) > 0 {
		return nil, fmt.Errorf("the offer lacks %s %d", strings.TrimSuffix(name, "s"), want[0].Begin)
	}
	return taken, nil
}

// taskInfo builds what the launch tells Mesos of the task. An error says what of it cannot be put to Mesos; it must not be launched then.
func taskInfo(task *mesos.Task, agentID string, resources []mesospb.Resource) (mesospb.TaskInfo, error) {
	container, err := containerInfo(task)
	if err != nil {
		return mesospb.TaskInfo{}, err
	}
	info := mesospb.TaskInfo{
		Name:      task.Name,
		TaskID:    mesospb.TaskID{Value: task.ID},
		AgentID:   mesospb.AgentID{Value: agentID},
		Resources: resources,
		Command:   commandInfo(task),
		Container: container,
		Labels:    taskLabels(task),
		Discovery: discoveryInfo(task),

		HealthCheck: healthCheck(task),
		Check:       checkInfo(task),
		Limits:      limitsOf(task.Limits),
	}
	if task.KillGracePeriod != nil {
		info.KillPolicy = &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: task.KillGracePeriod.Nanoseconds()}}
	}
	if task.MaxRun > 0 {
		info.MaxCompletionTime = &mesospb.DurationInfo{Nanoseconds: task.MaxRun.Nanoseconds()}
	}
	return info, nil
}

// commandInfo says what is run. Without a value and a shell it is the image's entrypoint, with the arguments if there are any (the table in
// src/slave/containerizer/mesos/isolators/docker/runtime.cpp; src/docker/docker.cpp, RunOptions::create).
func commandInfo(task *mesos.Task) *mesospb.CommandInfo {
	command := &mesospb.CommandInfo{
		Shell:       new(false),
		Environment: &mesospb.Environment{Variables: environment(task)},
	}
	inDocker := task.Container.InDocker()
	switch {
	case len(task.Argv) > 0 && inDocker:
		// Docker is told the first as the entrypoint (runByDocker).
		command.Arguments = task.Argv[1:]
	case len(task.Argv) > 0:
		// Mesos hands arguments to exec as they are, so the first is the program's own name.
		command.Value, command.Arguments = new(task.Argv[0]), task.Argv
	case task.Shell != "":
		command.Shell, command.Value = new(true), new(task.Shell)
	default:
		command.Arguments = task.Args
	}
	// A user in a Docker container need not be one of the agent, where the sandbox is given to this one.
	if task.User != "" && !inDocker {
		command.User = new(task.User)
	}
	for _, uri := range task.URIs {
		u := mesospb.CommandInfo_URI{
			Value:      uri.Value,
			Extract:    new(uri.Extract),
			Executable: new(uri.Executable),
			Cache:      new(uri.Cache),
		}
		if uri.OutputFile != "" {
			u.OutputFile = new(uri.OutputFile)
		}
		command.URIs = append(command.URIs, u)
	}
	return command
}

// environment returns the variables that the task is started with.
func environment(task *mesos.Task) []mesospb.Environment_Variable {
	var variables []mesospb.Environment_Variable
	for _, v := range task.Environment() {
		variables = append(variables, mesospb.Environment_Variable{Name: v.Name, Value: new(v.Value)})
	}
	return variables
}

// discoveryInfo names the task and its ports for what finds services by it (Mesos-DNS and the like).
func discoveryInfo(task *mesos.Task) *mesospb.DiscoveryInfo {
	if len(task.HostPorts) == 0 && task.Discovery == nil {
		return nil
	}
	info := &mesospb.DiscoveryInfo{
		Visibility: mesospb.FRAMEWORK,
		Name:       new(task.Name),
	}
	if task.Discovery != nil {
		declareDiscovery(info, task.Discovery)
	}
	if len(task.HostPorts) > 0 {
		info.Ports = &mesospb.Ports{}
	}
	for i, port := range task.HostPorts {
		p := mesospb.Port{Number: port, Protocol: new("tcp")}
		if i < len(task.Ports) {
			describePort(&p, &task.Ports[i])
		}
		info.Ports.Ports = append(info.Ports.Ports, p)
	}
	return info
}

// describePort says what the spec says of a port.
func describePort(p *mesospb.Port, port *mesos.Port) {
	p.Protocol = new(port.Protocol.Word())
	if port.Name != "" {
		p.Name = new(port.Name)
	}
	p.Labels = labelsOf(port.Labels)
}
