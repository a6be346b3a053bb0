package endpoints

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// place is where one task is found.
type place struct {
	addresses []netip.Addr
	ports     ports
	// agentID is the agent's whose address it is; empty for a container's.
	agentID string
	// problems are why it is not found, or not under each port.
	problems []string
}

// locate finds out where a task is, by what Mesos said of its attempt.
func locate(seen *Seen, agents map[string]string, task *v1alpha1.MesosTask) place {
	attempt := task.Status.Task
	at, inContainer := place{}, hasOwnAddress(task)
	for _, port := range seen.Ports {
		number, protocol, problem := portOf(task, port.TaskPort, inContainer)
		if problem != "" {
			at.problems = append(at.problems, problem)
			continue
		}
		at.ports = append(at.ports, servedPort{name: port.Name, protocol: protocol, number: number})
	}
	told := attempt.IPs
	if !inContainer {
		at.agentID, told = attempt.AgentID, nil
		if address, known := agents[attempt.AgentID]; known {
			told = []string{address}
		} else if seen.Asked {
			at.problems = append(at.problems, fmt.Sprintf("Mesos has not told the address of agent %s: let the framework's principal use GET_AGENTS, or wait for an offer of that agent", attempt.AgentID))
		}
	} else if len(told) == 0 {
		at.problems = append(at.problems, "its container has told no address")
	}
	var refused []string
	for _, text := range told {
		address, problem := publishable(text, seen.Networks, inContainer)
		switch {
		case problem != "":
			refused = append(refused, problem)
		case !slices.ContainsFunc(at.addresses, func(other netip.Addr) bool { return other.Is4() == address.Is4() }):
			at.addresses = append(at.addresses, address)
		}
	}
	if len(at.addresses) == 0 {
		at.problems = append(at.problems, refused...)
	}
	return at
}

// hasOwnAddress says whether a task's container is in a network in which others reach it: not the host's, and no bridge, which ends at the host.
func hasOwnAddress(task *v1alpha1.MesosTask) bool {
	container := task.Spec.Container
	return container != nil && slices.ContainsFunc(container.Networks, func(n v1alpha1.Network) bool { return n.Mode == v1alpha1.NetworkContainer })
}

// portOf is the number under which one of a task's ports is reached, and its protocol; or why there is none.
func portOf(task *v1alpha1.MesosTask, name string, inContainer bool) (number int32, protocol corev1.Protocol, problem string) {
	at := slices.IndexFunc(task.Spec.Ports, func(p v1alpha1.Port) bool { return p.Name == name })
	if at < 0 {
		return 0, "", fmt.Sprintf("it has no port %q", name)
	}
	declared := task.Spec.Ports[at]
	protocol = corev1.ProtocolTCP
	if declared.Protocol == v1alpha1.ProtocolUDP {
		protocol = corev1.ProtocolUDP
	}
	if inContainer && declared.ContainerPort != nil {
		return *declared.ContainerPort, protocol, ""
	}
	if declared.HostPort != nil {
		number = *declared.HostPort
	}
	for _, given := range task.Status.Task.Ports {
		if given.Name == name {
			number = given.HostPort
		}
	}
	if number == 0 {
		return 0, "", fmt.Sprintf("the host port of %q is not known, as the task was taken over as it ran: restart it, or give the port a hostPort", name)
	}
	return number, protocol, ""
}

// publishable reads an address, or says why it may not be published.
func publishable(text string, networks []netip.Prefix, ofContainer bool) (address netip.Addr, problem string) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return address, fmt.Sprintf("%q is no IP address", text)
	}
	address = address.Unmap()
	whose := "the agent's"
	if ofContainer {
		whose = "its container's"
	}
	switch {
	case address.Zone() != "" || address.IsLinkLocalUnicast():
		return address, fmt.Sprintf("%s address %s is link-local, and means another host to everybody: give it another", whose, address)
	case address.IsLoopback():
		return address, fmt.Sprintf("%s address %s is a loopback address, and means everybody himself: start the agent with --ip or --advertise_ip", whose, address)
	case address.IsUnspecified() || address.IsMulticast() || address == broadcast:
		return address, fmt.Sprintf("%s address %s is no host's", whose, address)
	case networks == nil && ofContainer:
		return address, fmt.Sprintf("%s address %s is a container's: name its network in spec.endpoints.cidrs of the MesosFramework", whose, address)
	case networks != nil && !slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) }):
		return address, fmt.Sprintf("%s address %s is in none of spec.endpoints.cidrs of the MesosFramework", whose, address)
	}
	return address, ""
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// entries are the task's endpoints, one for each family of addresses.
func (p place) entries(task *v1alpha1.MesosTask, how standing) []*entry {
	if len(p.ports) == 0 {
		return nil
	}
	var all []*entry
	for _, address := range p.addresses {
		family := discoveryv1.AddressTypeIPv6
		if address.Is4() {
			family = discoveryv1.AddressTypeIPv4
		}
		all = append(all, &entry{
			uid: task.UID, revision: task.Labels[v1alpha1.LabelRevision], group: group{family, p.ports.key()}, ports: p.ports, agentID: p.agentID,
			endpoint: discoveryv1.Endpoint{
				Addresses:  []string{address.String()},
				Conditions: how.conditions(),
				TargetRef: &corev1.ObjectReference{
					APIVersion: v1alpha1.GroupVersion.String(), Kind: "MesosTask", Namespace: task.Namespace, Name: task.Name, UID: task.UID,
				},
			},
		})
	}
	return all
}

// agentsOf are the addresses of agents: as Mesos told them, and of those of which it has not told yet as the slices remember them.
func agentsOf(seen *Seen, own []*discoveryv1.EndpointSlice) map[string]string {
	known := map[string]string{}
	for _, slice := range own {
		for address, agentID := range remembered(slice) {
			known[agentID] = address
		}
	}
	for agentID, address := range seen.Agents {
		if address != "" {
			known[agentID] = address
		}
	}
	return known
}

// remembered are the IDs of agents by their addresses, as a slice has them; none where it cannot be read.
func remembered(slice *discoveryv1.EndpointSlice) map[string]string {
	agents := map[string]string{}
	if json.Unmarshal([]byte(slice.Annotations[v1alpha1.AnnotationAgents]), &agents) != nil {
		return nil
	}
	return agents
}

// Networks reads what a framework says of the addresses that may be published; nil where it says nothing. What is no network lets nothing through.
func Networks(spec *v1alpha1.FrameworkEndpoints) []netip.Prefix {
	if spec == nil {
		return nil
	}
	networks := []netip.Prefix{}
	for _, text := range spec.CIDRs {
		if prefix, err := netip.ParsePrefix(strings.TrimSpace(text)); err == nil {
			networks = append(networks, prefix.Masked())
		}
	}
	return networks
}
