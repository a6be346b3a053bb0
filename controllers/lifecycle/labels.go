package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// labelsOf are labels in the words for Mesos, by their names: their order says nothing.
func labelsOf(labels []v1alpha1.Label) []mesos.Label {
	var all []mesos.Label
	for _, label := range labels {
		all = append(all, mesos.Label{Name: label.Name, Value: label.Value})
	}
	slices.SortFunc(all, func(a, b mesos.Label) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// visibilities are those of the spec in the words for Mesos.
var visibilities = map[v1alpha1.DiscoveryVisibility]mesos.Visibility{
	v1alpha1.VisibilityCluster:  mesos.VisibleInCluster,
	v1alpha1.VisibilityExternal: mesos.VisibleOutside,
}

// discoveryOf is what a task of that name in Mesos is found by; nil where the spec leaves it to name and ports.
func discoveryOf(spec *v1alpha1.MesosTaskSpec, name string) *mesos.Discovery {
	declared := spec.Discovery
	if declared == nil {
		return nil
	}
	found := &mesos.Discovery{Name: name, Visibility: mesos.VisibleInFramework, Labels: labelsOf(declared.Labels)}
	if declared.Name != "" {
		found.Name = declared.Name
	}
	if visibility, other := visibilities[declared.Visibility]; other {
		found.Visibility = visibility
	}
	return found
}

// hashedDiscovery is what the hash has of discovery. It is frozen; what it gets besides is omitted where it is zero.
type hashedDiscovery struct {
	// Name is empty for the default, Visibility for Framework.
	Name       string                       `json:"name,omitempty"`
	Visibility v1alpha1.DiscoveryVisibility `json:"visibility,omitempty"`
	Labels     []mesos.Label                `json:"labels,omitempty"`
}

// hashedDiscoveryOf is what the hash has of a spec's discovery; nil for none.
func hashedDiscoveryOf(spec *v1alpha1.MesosTaskSpec) *hashedDiscovery {
	if spec.Discovery == nil {
		return nil
	}
	hashed := &hashedDiscovery{Name: spec.Discovery.Name, Visibility: spec.Discovery.Visibility, Labels: labelsOf(spec.Discovery.Labels)}
	if hashed.Visibility == v1alpha1.VisibilityFramework {
		hashed.Visibility = ""
	}
	return hashed
}

// operatorsLabels is how the labels begin that the operator gives to tasks.
const operatorsLabels = "mesos.dev/"

// refuseLabels refuses names of labels that the framework does not allow.
func refuseLabels(framework *v1alpha1.MesosFramework, _ Namespace, task mesos.Task) string {
	all := slices.Clone(task.Labels)
	for _, port := range task.Ports {
		all = append(all, port.Labels...)
	}
	if task.Discovery != nil {
		all = append(all, task.Discovery.Labels...)
	}
	allowed := framework.Spec.AllowedLabels
	for _, label := range all {
		switch {
		case strings.HasPrefix(label.Name, operatorsLabels):
			return fmt.Sprintf("Label %q in Mesos begins with %s, and those are the operator's. Take another name", label.Name, operatorsLabels)
		case len(allowed) > 0 && !slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(label.Name, prefix) }):
			return fmt.Sprintf("MesosFramework %s does not allow label %q in Mesos, only those that begin with %s. Take it out, or ask %s to add it to its spec.allowedLabels",
				framework.Name, label.Name, strings.Join(allowed, ", "), whoever(framework))
		}
	}
	return ""
}

// refuseDiscovery refuses names by which tasks of other namespaces could be meant.
func refuseDiscovery(framework *v1alpha1.MesosFramework, namespace Namespace, task mesos.Task) string {
	if task.Discovery == nil || framework.Spec.AllowedDiscovery == v1alpha1.DiscoveryAny {
		return ""
	}
	end := "." + namespace.Name
	if name := task.Discovery.Name; strings.HasSuffix(name, end) && name != end {
		return ""
	}
	return fmt.Sprintf("MesosFramework %s lets a task of namespace %s be found by names that end in %s alone, and spec.discovery.name is %q. Change it, or ask %s to set its spec.allowedDiscovery to Any",
		framework.Name, namespace.Name, end, task.Discovery.Name, whoever(framework))
}
