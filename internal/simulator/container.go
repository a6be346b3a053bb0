package simulator

import (
	"slices"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// What an agent can run of containers and bound of tasks, and what the master says of those that are put together wrongly.

// The names of containerizers and image providers, as the agent's flags have them.
const (
	ContainerizerMesos  = "mesos"
	ContainerizerDocker = "docker"
	ImageProviderDocker = "docker"
	IsolatorCPU         = "cgroups/cpu"
	IsolatorMemory      = "cgroups/mem"
)

// unbound is the limit of a task that the agent has no isolator for, in the words of its message, and that isolator; empty if there is none
// (src/slave/slave.cpp, validateResourceLimitsAndIsolators).
func (a *Agent) unbound(info *mesos.TaskInfo) (what, isolator string) {
	if info.Container != nil && info.Container.GetType() == mesos.ContainerInfo_DOCKER {
		return "", ""
	}
	for _, one := range [][3]string{{"cpus", "CPU", IsolatorCPU}, {"mem", "Memory", IsolatorMemory}} {
		if _, limited := info.Limits[one[0]]; limited && !slices.Contains(a.spec.Isolation, one[2]) {
			return one[1], one[2]
		}
	}
	return "", ""
}

// lacking is how the agent fails a launch for which it has no isolator, no containerizer or no image provider; "" if it has all.
func (a *Agent) lacking(info *mesos.TaskInfo) Action {
	containerizer := ContainerizerMesos
	if info.GetContainer().GetType() == mesos.ContainerInfo_DOCKER && info.Container != nil {
		containerizer = ContainerizerDocker
	}
	images := info.GetContainer().GetMesos().GetImage() != nil ||
		slices.ContainsFunc(info.GetContainer().GetVolumes(), func(v mesos.Volume) bool { return v.Image != nil })
	unbound, _ := a.unbound(info)
	switch {
	case unbound != "":
		return NoIsolator
	case !slices.Contains(a.spec.Containerizers, containerizer):
		return NoContainerizer
	case images && !slices.Contains(a.spec.ImageProviders, ImageProviderDocker):
		return NoImageProvider
	}
	return ""
}

// validateContainer follows src/common/validation.cpp, validateContainerInfo.
func validateContainer(_ *acceptance, info *mesos.TaskInfo) string {
	if info.Container == nil {
		return ""
	}
	for _, v := range info.Container.Volumes {
		if why := invalidVolume(&v); why != "" {
			return "Task's `ContainerInfo` is invalid: Invalid volume: " + why
		}
	}
	if info.Container.GetType() != mesos.ContainerInfo_DOCKER {
		return ""
	}
	docker := info.Container.Docker
	switch {
	case docker == nil:
		return "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"
	case slices.ContainsFunc(docker.Parameters, func(p mesos.Parameter) bool { return p.Key == "name" }):
		return "Task's `ContainerInfo` is invalid: Parameter in DockerInfo must not be 'name'"
	}
	return ""
}

// invalidVolume says why a volume has not one source, complete.
func invalidVolume(v *mesos.Volume) string {
	if sources := count(v.HostPath != nil, v.Image != nil, v.Source != nil); sources != 1 {
		return "Only one of them should be set: 'host_path', 'image' and 'source'"
	}
	if v.Source == nil {
		return ""
	}
	for _, kind := range []struct {
		of         mesos.Volume_Source_Type
		set        bool
		field, all string
	}{
		{mesos.Volume_Source_DOCKER_VOLUME, v.Source.DockerVolume != nil, "docker_volume", "DOCKER_VOLUME"},
		{mesos.Volume_Source_HOST_PATH, v.Source.HostPath != nil, "host_path", "HOST_PATH"},
		{mesos.Volume_Source_SANDBOX_PATH, v.Source.SandboxPath != nil, "sandbox_path", "SANDBOX_PATH"},
		{mesos.Volume_Source_SECRET, v.Source.Secret != nil, "secret", "SECRET"},
	} {
		switch {
		case kind.of != v.Source.Type:
		case kind.set:
			return ""
		default:
			return "'source." + kind.field + "' is not set for " + kind.all + " volume"
		}
	}
	return "'source.type' is unknown"
}

// validateShareCgroups follows validation.cpp, task::internal::validateShareCgroups: it is for task groups.
func validateShareCgroups(info *mesos.TaskInfo) string {
	if linux := info.GetContainer().GetLinuxInfo(); linux != nil && linux.ShareCgroups != nil && !*linux.ShareCgroups {
		return "Only tasks in a task group may have 'share_cgroups' set to 'false'"
	}
	return ""
}
