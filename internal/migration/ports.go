package migration

import (
	"fmt"
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
