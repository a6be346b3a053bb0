package lifecycle

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// asked is something that a container asks for and that a framework has to allow.
type asked struct {
	// what is a part of a sentence that names it.
	what string
	// field is the part of spec.allowedContainers that allows it.
	field string
	// allowed says whether that does.
	allowed bool
}

// refuseContainer says which part of a task's container the framework does not allow.
func refuseContainer(framework *v1alpha1.MesosFramework, _ Namespace, task mesos.Task) string {
	if task.Container == nil {
		return ""
	}
	allowed := framework.Spec.AllowedContainers
	if allowed == nil {
		allowed = &v1alpha1.AllowedContainers{Types: []v1alpha1.Containerizer{v1alpha1.ContainerizerMesos}}
	}
	for _, one := range asks(allowed, task.Container) {
		if !one.allowed {
			return fmt.Sprintf("MesosFramework %s lets no task have %s. Change spec.container, or ask %s to allow it in its spec.allowedContainers.%s",
				framework.Name, one.what, whoever(framework), one.field)
		}
	}
	return ""
}

// asks lists all that a container asks for, in the order of the fields.
func asks(allowed *v1alpha1.AllowedContainers, container *mesos.Container) []asked {
	all := []asked{{"a container that Mesos runs", "types", slices.Contains(allowed.Types, v1alpha1.ContainerizerMesos)}}
	if container.Docker != nil {
		all[0] = asked{"a container that Docker runs", "types", slices.Contains(allowed.Types, v1alpha1.ContainerizerDocker)}
		all = append(all, asksOfDocker(allowed, container.Docker)...)
	}
	if container.Mesos != nil {
		all = append(all, asksOfMesos(allowed, container.Mesos)...)
	}
	for _, volume := range container.Volumes {
		if volume.HostPath != "" {
			all = append(all, asked{hostPathWords(&volume), "hostPaths", permitsHostPath(allowed.HostPaths, &volume)})
		}
		if volume.External != nil {
			driver := volume.External.Driver
			all = append(all, asked{fmt.Sprintf("a volume of driver %q", driver), "externalDrivers", slices.Contains(allowed.ExternalDrivers, driver)})
		}
		if volume.Secret != nil {
			all = append(all, asked{"a volume of a Secret, which others can read in the masters' state", "secretsInState", allowed.SecretsInState == v1alpha1.AllowanceAllowed})
		}
	}
	for _, network := range container.Networks {
		if network.Name != "" {
			all = append(all, asked{fmt.Sprintf("network %q", network.Name), "networks", slices.Contains(allowed.Networks, network.Name)})
		}
	}
	return all
}

func asksOfDocker(allowed *v1alpha1.AllowedContainers, docker *mesos.ByDocker) []asked {
	all := []asked{{"a privileged container", "privileged", !docker.Privileged || allowed.Privileged == v1alpha1.AllowanceAllowed}}
	for _, parameter := range docker.Parameters {
		all = append(all, asked{fmt.Sprintf("Docker parameter %q", parameter.Name), "parameters", slices.Contains(allowed.Parameters, parameter.Name)})
	}
	return all
}

func asksOfMesos(allowed *v1alpha1.AllowedContainers, container *mesos.ByMesos) []asked {
	var all []asked
	for _, capability := range slices.Concat(container.Effective, container.Bounding) {
		all = append(all, asked{"capability " + capability, "capabilities", slices.Contains(allowed.Capabilities, v1alpha1.Capability(capability))})
	}
	for _, limit := range container.RLimits {
		all = append(all, asked{"an rlimit of type " + limit.Type, "rlimits", slices.Contains(allowed.RLimits, v1alpha1.RLimitType(limit.Type))})
	}
	return append(all,
		asked{"a pull Secret, which others can read in the masters' state", "secretsInState", container.PullSecret == "" || allowed.SecretsInState == v1alpha1.AllowanceAllowed},
		asked{"the processes of its host in sight", "sharePIDNamespace", !container.SharePIDNamespace || allowed.SharePIDNamespace == v1alpha1.AllowanceAllowed},
		asked{"the IPC namespace of its host", "ipcShareParent", container.IPCMode != mesos.IPCShareParent || allowed.IPCShareParent == v1alpha1.AllowanceAllowed})
}

func hostPathWords(volume *mesos.Volume) string {
	if volume.ReadOnly {
		return fmt.Sprintf("path %q of its host as a volume", volume.HostPath)
	}
	return fmt.Sprintf("path %q of its host as a volume that it may write to", volume.HostPath)
}

// permitsHostPath says whether a path is, or lies below, one that is allowed. Both are clean.
func permitsHostPath(allowed []v1alpha1.AllowedHostPath, volume *mesos.Volume) bool {
	return slices.ContainsFunc(allowed, func(one v1alpha1.AllowedHostPath) bool {
		if one.ReadOnly && !volume.ReadOnly || !clean(one.Prefix) {
			return false
		}
		return volume.HostPath == one.Prefix || strings.HasPrefix(volume.HostPath, strings.TrimSuffix(one.Prefix, "/")+"/")
	})
}
