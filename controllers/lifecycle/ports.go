package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// portsOf returns the host ports that a template asks for, and the ranges of them.
func portsOf(template *v1alpha1.TaskTemplate) (ports []mesos.Port, ranges []mesos.NamedRange) {
	for _, port := range template.Ports {
		wanted := mesos.Port{Name: port.Name, Protocol: protocolOf(port.Protocol)}
		if port.HostPort != nil {
			wanted.HostPort = uint32(*port.HostPort)
		}
		wanted.Labels = labelsOf(port.Labels)
		ports = append(ports, wanted)
	}
	for _, one := range template.PortRanges {
		ranges = append(ranges, mesos.NamedRange{Name: one.Name, From: uint32(one.From), To: uint32(one.To), Protocol: protocolOf(one.Protocol)})
	}
	slices.SortFunc(ranges, func(a, b mesos.NamedRange) int { return strings.Compare(a.Name, b.Name) })
	return ports, ranges
}

// protocolOf has one word for TCP, whether or not it is written out.
func protocolOf(protocol v1alpha1.PortProtocol) mesos.Protocol {
	if protocol == v1alpha1.ProtocolUDP {
		return mesos.ProtocolUDP
	}
	return ""
}

// namePorts gives the binding's ports the names that they have in the spec, and tells its ranges, if that is still what they were taken for; else
// ports have numbers.
func (s *scene) namePorts(hash string) (ports []v1alpha1.AssignedPort) {
	same := s.Hash != "" && s.Launched(hash, s.Binding.User) && len(s.Binding.HostPorts) == len(s.Spec.Ports)
	for i, hostPort := range s.Binding.HostPorts {
		name := fmt.Sprintf("port-%d", i)
		if same {
			name = s.Spec.Ports[i].Name
		}
		ports = append(ports, v1alpha1.AssignedPort{Name: name, HostPort: hostPort})
	}
	if same {
		for _, one := range s.Spec.PortRanges {
			ports = append(ports, v1alpha1.AssignedPort{Name: one.Name, HostPort: one.From, LastHostPort: one.To})
		}
	}
	return ports
}
