package mesosbridge

import (
	"strings"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// taskLabels are those of a task: those that name its object, then its own.
func taskLabels(task *mesos.Task) *mesospb.Labels {
	return labelsOf(append(identityLabels(task.ID), task.Labels...))
}

// identityLabels names the object that a task belongs to, for people who look at it from Mesos' side. A task ID is
// <namespace>.<name>.<hash>.<nonce>, and neither of the first two has a dot.
func identityLabels(taskID string) []mesos.Label {
	parts := strings.Split(taskID, ".")
	if len(parts) != 4 {
		return nil
	}
	return []mesos.Label{{Name: "mesos.dev/namespace", Value: parts[0]}, {Name: "mesos.dev/name", Value: parts[1]}}
}

// labelsOf are labels as Mesos is told them; nil for none.
func labelsOf(labels []mesos.Label) *mesospb.Labels {
	if len(labels) == 0 {
		return nil
	}
	told := &mesospb.Labels{Labels: make([]mesospb.Label, len(labels))}
	for i, label := range labels {
		told.Labels[i] = mesospb.Label{Key: label.Name, Value: new(label.Value)}
	}
	return told
}

// declareDiscovery puts what a task declares of its discovery in place of what follows from its name.
func declareDiscovery(info *mesospb.DiscoveryInfo, declared *mesos.Discovery) {
	if declared.Name != "" {
		info.Name = new(declared.Name)
	}
	switch declared.Visibility {
	case mesos.VisibleInCluster:
		info.Visibility = mesospb.CLUSTER
	case mesos.VisibleOutside:
		info.Visibility = mesospb.EXTERNAL
	default:
		info.Visibility = mesospb.FRAMEWORK
	}
	info.Labels = labelsOf(declared.Labels)
}
