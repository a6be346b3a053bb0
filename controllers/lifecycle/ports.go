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
		if port.ContainerPort != nil {
			wanted.ContainerPort = uint32(*port.ContainerPort)
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

// unforwarded says why the ports of a task cannot be what they are declared to be in the network that its container has; nil if they can.
func unforwarded(task *mesos.Task) *Obstacle {
	why := ""
	switch own := task.Container.HasOwnNetwork(); {
	case own && len(task.Ranges) > 0:
		why = "spec.portRanges are not to be had by a container with a network of its own: list the ports in spec.ports, or take the host's network"
	case !own && slices.ContainsFunc(task.Ports, func(port mesos.Port) bool { return port.ContainerPort != 0 }):
		why = "containerPort in spec.ports is for a container with a network of its own: add one to spec.container.networks, or leave containerPort out"
	default:
		return nil
	}
	return &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Resolved: true, Message: why}
}

// protocolOf has one word for TCP, whether or not it is written out.
func protocolOf(protocol v1alpha1.PortProtocol) mesos.Protocol {
	if protocol == v1alpha1.ProtocolUDP {
		return mesos.ProtocolUDP
	}
	return ""
}

// namePorts gives the ports of an attempt the names that they have in the spec, and tells its ranges, if that is still what they were taken for; else
// ports have numbers.
func (s *scene) namePorts(hash string, hostPorts []int32) (ports []v1alpha1.AssignedPort) {
	user := ""
	if s.Binding != nil {
		user = s.Binding.User
	}
	same := s.Hash != "" && s.Launched(hash, user) && len(hostPorts) == len(s.Spec.Ports)
	for i, hostPort := range hostPorts {
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

// lacksPorts says whether the current attempt was launched by a spec with ports, and nobody has said yet which host ports it has.
func lacksPorts(spec *v1alpha1.MesosTaskSpec, attempt *v1alpha1.TaskAttempt) bool {
	return len(attempt.Ports) == 0 && len(spec.Ports)+len(spec.PortRanges) > 0
}

// LacksPorts says whether a task is worth being asked for at the master for the host ports of its attempt, as it was taken over as it runs.
func LacksPorts(spec *v1alpha1.MesosTaskSpec, status *v1alpha1.MesosTaskStatus, taskID string) bool {
	return status.Task != nil && status.Task.ID == taskID && lacksPorts(spec, status.Task)
}

// findPorts records the host ports of an attempt whose binding was lost, as the master says them.
func (s *scene) findPorts() {
	if s.current() && s.Hash != "" && len(s.HostPorts) > 0 && lacksPorts(&s.Spec, s.attempt) {
		s.attempt.Ports = s.namePorts(s.attempt.Hash, s.HostPorts)
	}
}

// singlePorts are the host ports of an attempt that are no range.
func singlePorts(attempt *v1alpha1.TaskAttempt) (hostPorts []int32) {
	for _, port := range attempt.Ports {
		if port.LastHostPort == 0 {
			hostPorts = append(hostPorts, port.HostPort)
		}
	}
	return hostPorts
}

// withPorts is the binding of the current attempt with the host ports that were learned of it; nil where it lacks none.
func (s *scene) withPorts() *v1alpha1.Binding {
	if !s.current() || s.Binding == nil || s.Binding.TaskID != s.attempt.ID || len(s.Binding.HostPorts) > 0 {
		return nil
	}
	hostPorts := singlePorts(s.attempt)
	if len(hostPorts) == 0 {
		return nil
	}
	binding := s.Binding.DeepCopy()
	binding.HostPorts = hostPorts
	return binding
}
