package migration

import (
	"maps"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// portName is the name of the port of an index, for a check; false where there is none.
func (c *conversion) portName(v node, index int) (intstr.IntOrString, bool) {
	if index >= len(c.spec.Ports) {
		v.leftOut("checks port %d, and there are %d", index, len(c.spec.Ports))
		return intstr.IntOrString{}, false
	}
	if c.spec.Ports[index].Protocol == v1alpha1.ProtocolUDP {
		v.leftOut("checks port %s, which is for UDP", c.spec.Ports[index].Name)
		return intstr.IntOrString{}, false
	}
	return intstr.FromString(c.spec.Ports[index].Name), true
}

// portOfNumber is the name of the port that has a number, or the number itself where it is one of the network that Mesos' executor checks in: the
// task's own or, where it has none, the host's. A check that is not inside went to the agent's address.
func (c *conversion) portOfNumber(v node, number int32, inside bool) (intstr.IntOrString, bool) {
	for _, port := range c.spec.Ports {
		if port.Protocol != v1alpha1.ProtocolUDP && (port.HostPort != nil && *port.HostPort == number || port.ContainerPort != nil && *port.ContainerPort == number) {
			return intstr.FromString(port.Name), true
		}
	}
	if number < 1 || !inside && c.ownNetwork() {
		v.leftOut("checks port %d of the agent, which is none of the task's: a check goes to a port in its container", number)
		return intstr.IntOrString{}, false
	}
	v.kept("checks port %d, which is none of the task's ports: it is checked by its number", number)
	return intstr.FromInt32(number), true
}

// sameCheck says whether two health checks are the same one: alike but for the port, and both lead to the same port of the container.
func (c *conversion) sameCheck(one, other node) bool {
	apart := func(v node) (map[string]any, int32) {
		check, _ := v.value.(map[string]any)
		rest := maps.Clone(check)
		delete(rest, "portIndex")
		i, isNumber := check["portIndex"].(int64)
		if !isNumber || i < 0 || int(i) >= len(c.spec.Ports) || c.spec.Ports[i].ContainerPort == nil {
			return rest, 0
		}
		return rest, *c.spec.Ports[i].ContainerPort
	}
	rest, port := apart(one)
	otherRest, otherPort := apart(other)
	return reflect.DeepEqual(one.value, other.value) || port > 0 && port == otherPort && reflect.DeepEqual(rest, otherRest)
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
