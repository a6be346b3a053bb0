package migration

import (
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// portName is the name of the port of an index, for a check; false where there is none.
func (c *conversion) portName(v node, index int) (string, bool) {
	if index >= len(c.spec.Ports) {
		v.leftOut("checks port %d, and there are %d", index, len(c.spec.Ports))
		return "", false
	}
	if c.spec.Ports[index].Protocol == v1alpha1.ProtocolUDP {
		v.leftOut("checks port %s, which is for UDP", c.spec.Ports[index].Name)
		return "", false
	}
	return c.spec.Ports[index].Name, true
}

// portOfNumber is the name of the port that has a number.
func (c *conversion) portOfNumber(v node, number int32) (string, bool) {
	for i, port := range c.spec.Ports {
		if port.HostPort != nil && *port.HostPort == number || port.ContainerPort != nil && *port.ContainerPort == number {
			return c.portName(v, i)
		}
	}
	v.leftOut("checks port %d, which is none of the task's: a check goes to one of spec.ports", number)
	return "", false
}

// checkPath is the path of a request.
func checkPath(v node) string {
	path := v.text()
	if path != "" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if strings.ContainsAny(path, " \t\n") {
		v.refuse("%q is no path of a URL: write %%20 for a blank", path)
	}
	return path
}

// within takes a number of seconds for a check, where it is set, else what the scheduler takes.
func within(v node, there, least, most int32) *int32 {
	if v.absent() {
		return &there
	}
	seconds := v.whole(least, most)
	return &seconds
}
