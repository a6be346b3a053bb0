package migration

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// wish is a port as a definition asks for it.
type wish struct {
	name string
	// host and container are 0 for any.
	host, container int32
	protocol        string
	labels          []v1alpha1.Label
}

// addPort adds a port under a name that it can have.
func (c *conversion) addPort(v node, w wish) {
	port := v1alpha1.Port{Name: c.freePortName(v, w.name), Labels: w.labels}
	if w.host > 0 {
		port.HostPort = &w.host
	}
	if w.container > 0 {
		port.ContainerPort = &w.container
	}
	switch strings.ReplaceAll(strings.ToLower(w.protocol), " ", "") {
	case "", "tcp":
	case "udp":
		port.Protocol = v1alpha1.ProtocolUDP
	case "udp,tcp", "tcp,udp":
		switch {
		case w.host > 0 && len(port.Name) <= 11:
			twin := port
			twin.Name, twin.Protocol = port.Name+"-udp", v1alpha1.ProtocolUDP
			v.kept("is a port for TCP and UDP, and two here: %s and %s", port.Name, twin.Name)
			defer func() { c.twins = append(c.twins, twin) }()
		case c.ownNetwork():
			v.leftOut("UDP: a port from the offer is forwarded for TCP alone; a fixed hostPort can be had for both")
		default:
			v.kept("is a port for TCP and UDP: Mesos gives the number for both, and tells of it as TCP")
		}
	default:
		v.refuse("protocol %q is neither tcp nor udp", w.protocol)
	}
	if port.HostPort != nil && slices.ContainsFunc(c.spec.Ports, func(other v1alpha1.Port) bool {
		return other.HostPort != nil && *other.HostPort == *port.HostPort && other.Protocol == port.Protocol
	}) {
		v.refuse("port %d is asked for twice, and no agent could give it twice", *port.HostPort)
	}
	c.spec.Ports = append(c.spec.Ports, port)
}

// freePortName is a name as like to the one that is asked for as can be: at most 15 letters, digits and '-', once.
func (c *conversion) freePortName(v node, asked string) string {
	index := len(c.spec.Ports)
	name := portLabel(asked)
	taken := func(name string) bool {
		return slices.ContainsFunc(c.spec.Ports, func(port v1alpha1.Port) bool { return port.Name == name })
	}
	if name == "" || taken(name) {
		name = fmt.Sprintf("port%d", index)
	}
	if taken(name) {
		name = fmt.Sprintf("p%d-%s", index, digest(asked)[:4])
	}
	if variable := func(name string) string { return "PORT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) }; asked != "" && variable(asked) != variable(name) {
		v.differs("a port cannot be named %q: it is %s, and the task sees it as %s", asked, name, variable(name))
	}
	return name
}

// mostPorts is how many ports a task can have one by one.
const mostPorts = 64

var numberedPort = regexp.MustCompile(`^port\d+$`)

// fold makes ranges of what follows on one another, where a task has more ports than it can have one by one, as load balancers do.
func (c *conversion) fold() {
	count := len(c.spec.Ports) + len(c.twins)
	if count <= mostPorts {
		return
	}
	var ports []v1alpha1.Port
	for rest := c.spec.Ports; len(rest) > 0; {
		first, length := rest[0], c.inRow(rest)
		rest = rest[length:]
		if length == 1 {
			ports = append(ports, first)
			continue
		}
		from, to := *first.HostPort, *first.HostPort+int32(length)-1
		c.spec.PortRanges = append(c.spec.PortRanges, v1alpha1.PortRange{Name: fmt.Sprintf("from-%d", from), From: from, To: to, Protocol: first.Protocol})
		c.book.say(Differs, "", "ports %d to %d are a range here, which the task sees as PORT_FROM_%d, and not among PORT0, PORT1, ... and PORTS", from, to, from)
	}
	c.spec.Ports = ports
	if len(ports)+len(c.twins) > mostPorts || len(c.spec.PortRanges) > 16 {
		c.book.say(Refused, "", "has %d ports: a task has up to %d one by one, and ranges (portRanges) of fixed ones that follow on one another", count, mostPorts)
	}
}

// inRow is how many ports, from the first on, one range can stand for: fixed ones that follow on one another, and of which nothing else is said.
func (c *conversion) inRow(ports []v1alpha1.Port) int {
	length := 1
	for ; length < min(len(ports), 1000); length++ {
		last, next := ports[length-1], ports[length]
		if !c.bare(last) || !c.bare(next) || *next.HostPort != *last.HostPort+1 || next.Protocol != last.Protocol {
			break
		}
	}
	return length
}

// bare says whether a port is a fixed number and nothing else.
func (c *conversion) bare(p v1alpha1.Port) bool {
	return p.HostPort != nil && p.ContainerPort == nil && len(p.Labels) == 0 && numberedPort.MatchString(p.Name) && !c.checked(p.Name)
}

// checked says whether a check goes to a port.
func (c *conversion) checked(name string) bool {
	if check := c.spec.HealthCheck; check != nil && (check.HTTP != nil && check.HTTP.Port.StrVal == name || check.TCP != nil && check.TCP.Port.StrVal == name) {
		return true
	}
	return c.spec.ReadinessCheck != nil && c.spec.ReadinessCheck.HTTP != nil && c.spec.ReadinessCheck.HTTP.Port.StrVal == name
}

// ownNetwork says whether the container has a network of its own.
func (c *conversion) ownNetwork() bool {
	return c.spec.Container != nil && slices.ContainsFunc(c.spec.Container.Networks, func(n v1alpha1.Network) bool { return n.Mode != v1alpha1.NetworkHost })
}

// portLabel is the name that a port gets for one that is asked for.
func portLabel(asked string) string {
	name := slug(asked, 64)
	if name != "" && (name[0] < 'a' || name[0] > 'z') {
		name = "p-" + name
	}
	return strings.TrimRight(name[:min(len(name), 15)], "-")
}
