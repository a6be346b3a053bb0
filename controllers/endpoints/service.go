package endpoints

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// ServicePorts are the ports of the Service of a set, by its template. What a Service has besides under a name stays: a target port for pods, a node port.
func ServicePorts(wanted []v1alpha1.ServicePort, template []v1alpha1.Port, current []corev1.ServicePort) []corev1.ServicePort {
	all := make([]corev1.ServicePort, len(wanted))
	for i, port := range wanted {
		for _, known := range current {
			if known.Name == port.Name {
				all[i] = known
			}
		}
		all[i].Name, all[i].Port, all[i].Protocol = port.Name, port.Port, corev1.ProtocolTCP
		for _, declared := range template {
			if declared.Name == port.TaskPort && declared.Protocol == v1alpha1.ProtocolUDP {
				all[i].Protocol = corev1.ProtocolUDP
			}
		}
	}
	return all
}

// Whose says whose a Service is.
type Whose int

// Whose a Service can be.
const (
	// TheSets is one that the set controls.
	TheSets Whose = iota
	// Nobodys is one that was made for a set of this name, and that nothing controls, as one that was deleted without what it owns leaves it.
	Nobodys
	// Anothers is any other. It is left as it is.
	Anothers
)

// WhoseService says whose the Service of a set's name is.
func WhoseService(service *corev1.Service, owner metav1.OwnerReference) Whose {
	controller := metav1.GetControllerOfNoCopy(service)
	switch {
	case controller != nil && controller.UID == owner.UID:
		return TheSets
	case controller == nil && service.Labels[v1alpha1.LabelSet] == service.Name:
		return Nobodys
	default:
		return Anothers
	}
}

// Verdict is what condition ServicePublished says.
type Verdict struct {
	Status          metav1.ConditionStatus
	Reason, Message string
}

// told is how many of the tasks that are left out are named.
const told = 3

// Judge says how it is with what the plan, once it is carried out, publishes.
func (p *Plan) Judge(service string) Verdict {
	if len(p.LeftOut) == 0 {
		return Verdict{metav1.ConditionTrue, v1alpha1.ReasonPublished, fmt.Sprintf("Service %s leads to every task of the set that is ready", service)}
	}
	names := map[string]bool{}
	var words []string
	reason := v1alpha1.ReasonOlderTasksLeftOut
	for _, one := range p.LeftOut {
		if names[one.Task] = true; len(words) < told {
			words = append(words, one.Task+": "+one.Why)
		}
		if !one.Older {
			reason = v1alpha1.ReasonTasksLeftOut
		}
	}
	if more := len(p.LeftOut) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	message := fmt.Sprintf("Service %s does not lead to %d of the tasks that are ready, or not to each of their ports. %s", service, len(names), strings.Join(words, "; "))
	return Verdict{metav1.ConditionFalse, reason, message}
}
