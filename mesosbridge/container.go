package mesosbridge

import (
	"errors"
	"fmt"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// containerInfo says what a task runs in; nil for a process of its agent. What it has no words for is an error: a task without its container would be
// a process of the bare host.
func containerInfo(task *mesos.Task) (*mesospb.ContainerInfo, error) {
	container := task.Container
	if container == nil {
		return nil, nil //nolint:nilnil // No container is no error.
	}
	info := &mesospb.ContainerInfo{}
	for i := range container.Volumes {
		volume, err := volumeOf(&container.Volumes[i], container)
		if err != nil {
			return nil, err
		}
		info.Volumes = append(info.Volumes, volume)
	}
	switch {
	case container.Mesos != nil && container.Docker != nil:
		return nil, errors.New("a container is run by Mesos or by Docker")
	case container.Mesos != nil && container.Mesos.PullSecret != "" && container.PullConfigs == nil:
		return nil, fmt.Errorf("the pull Secret %s has not been read", container.Mesos.PullSecret)
	case container.Docker != nil:
		return info, runByDocker(info, task)
	default:
		return info, runByMesos(info, task)
	}
}

// imageOf names an image for Mesos' own containerizer, with the credentials for its registry if there are some.
func imageOf(name string, container *mesos.Container) *mesospb.Image {
	docker := &mesospb.Image_Docker{Name: name}
	if config, given := container.PullConfigs[name]; given {
		docker.Config = secretOf(config)
	}
	return &mesospb.Image{Type: mesospb.Image_DOCKER.Enum(), Docker: docker, Cached: new(!container.AlwaysPull)}
}

// secretOf hands a secret over as it is, as agents know no references without a module (src/secret/resolver.cpp).
func secretOf(value mesos.Hidden) *mesospb.Secret {
	return &mesospb.Secret{Type: mesospb.Secret_VALUE, Value: &mesospb.Secret_Value{Data: []byte(string(value))}}
}

// volumeOf has a path of the host in the older of two fields, as the Docker containerizer ignores the other (src/docker/docker.cpp, RunOptions::create).
func volumeOf(volume *mesos.Volume, container *mesos.Container) (mesospb.Volume, error) {
	var kinds []mesospb.Volume
	if volume.HostPath != "" {
		kinds = append(kinds, mesospb.Volume{HostPath: new(volume.HostPath)})
	}
	if volume.External != nil {
		kinds = append(kinds, mesospb.Volume{Source: &mesospb.Volume_Source{
			Type: mesospb.Volume_Source_DOCKER_VOLUME,
			DockerVolume: &mesospb.Volume_Source_DockerVolume{
				Driver: new(volume.External.Driver), Name: volume.External.Name, DriverOptions: optionsOf(volume.External.Options),
			},
		}})
	}
	if volume.SandboxPath != "" {
		kinds = append(kinds, mesospb.Volume{Source: &mesospb.Volume_Source{
			Type:        mesospb.Volume_Source_SANDBOX_PATH,
			SandboxPath: &mesospb.Volume_Source_SandboxPath{Type: mesospb.Volume_Source_SandboxPath_SELF, Path: volume.SandboxPath},
		}})
	}
	if volume.Image != "" {
		kinds = append(kinds, mesospb.Volume{Image: imageOf(volume.Image, container)})
	}
	if volume.Secret != nil {
		if volume.Secret.Data == nil {
			return mesospb.Volume{}, fmt.Errorf("the Secret %s of the volume at %s has not been read", volume.Secret.Name, volume.MountPath)
		}
		kinds = append(kinds, mesospb.Volume{Source: &mesospb.Volume_Source{Type: mesospb.Volume_Source_SECRET, Secret: secretOf(*volume.Secret.Data)}})
	}
	if len(kinds) != 1 {
		return mesospb.Volume{}, fmt.Errorf("the volume at %s is of %d kinds that can be put to Mesos, and not of one", volume.MountPath, len(kinds))
	}
	result := kinds[0]
	if container.Docker != nil && result.HostPath == nil && volume.External == nil {
		return mesospb.Volume{}, fmt.Errorf("the volume at %s is of a kind that Docker does not have", volume.MountPath)
	}
	result.ContainerPath, result.Mode = volume.MountPath, mesospb.RW.Enum()
	if volume.ReadOnly {
		result.Mode = mesospb.RO.Enum()
	}
	return result, nil
}

func optionsOf(options []mesos.Setting) *mesospb.Parameters {
	if len(options) == 0 {
		return nil
	}
	return &mesospb.Parameters{Parameter: parametersOf(options)}
}

func parametersOf(settings []mesos.Setting) []mesospb.Parameter {
	var parameters []mesospb.Parameter
	for _, one := range settings {
		parameters = append(parameters, mesospb.Parameter{Key: one.Name, Value: one.Value})
	}
	return parameters
}

// runByDocker completes what the Docker containerizer is told. It makes a flag of docker run of each parameter (src/docker/docker.cpp,
// RunOptions::create, Docker::run), which is the only way to name the user in the container and a program in the place of the image's entrypoint.
func runByDocker(info *mesospb.ContainerInfo, task *mesos.Task) error {
	container := task.Container
	docker := &mesospb.ContainerInfo_DockerInfo{
		Image: container.Image, Privileged: new(container.Docker.Privileged), ForcePullImage: new(container.AlwaysPull),
		Parameters: parametersOf(container.Docker.Parameters),
	}
	if container.Image == "" {
		return errors.New("a container that Docker runs needs an image")
	}
	if task.User != "" && task.User != mesos.UserOfImage {
		docker.Parameters = append(docker.Parameters, mesospb.Parameter{Key: "user", Value: task.User})
	}
	if len(task.Argv) > 0 {
		docker.Parameters = append(docker.Parameters, mesospb.Parameter{Key: "entrypoint", Value: task.Argv[0]})
	}
	info.Type, info.Docker = mesospb.ContainerInfo_DOCKER.Enum(), docker
	network := mesos.Network{Mode: mesos.NetworkHost}
	if len(container.Networks) > 0 {
		network = container.Networks[0]
	}
	switch {
	case len(container.Networks) > 1:
		return errors.New("a container that Docker runs joins one network")
	case network.Mode == mesos.NetworkHost:
		docker.Network = mesospb.ContainerInfo_DockerInfo_HOST.Enum()
	case network.Mode == mesos.NetworkBridge:
		docker.Network = mesospb.ContainerInfo_DockerInfo_BRIDGE.Enum()
	case network.Mode == mesos.NetworkContainer && network.Name != "":
		docker.Network = mesospb.ContainerInfo_DockerInfo_USER.Enum()
		info.NetworkInfos = []mesospb.NetworkInfo{{Name: new(network.Name)}}
	default:
		return fmt.Errorf("a container that Docker runs cannot join a network of mode %q", network.Mode)
	}
	for _, one := range task.PortMappings() {
		docker.PortMappings = append(docker.PortMappings, mesospb.ContainerInfo_DockerInfo_PortMapping{
			HostPort: one.HostPort, ContainerPort: one.ContainerPort, Protocol: new(one.Protocol.Word()),
		})
	}
	return nil
}

// runByMesos completes what Mesos' own containerizer is told. To it every network but the host's is a CNI network, and a host port can be forwarded into
// one of them only: that is the first.
func runByMesos(info *mesospb.ContainerInfo, task *mesos.Task) error {
	container := task.Container
	info.Type = mesospb.ContainerInfo_MESOS.Enum()
	if container.Image != "" {
		info.Mesos = &mesospb.ContainerInfo_MesosInfo{Image: imageOf(container.Image, container)}
	}
	for _, network := range container.Networks {
		switch {
		case network.Mode == mesos.NetworkHost && len(container.Networks) == 1:
		case network.Name != "" && (network.Mode == mesos.NetworkBridge || network.Mode == mesos.NetworkContainer):
			info.NetworkInfos = append(info.NetworkInfos, mesospb.NetworkInfo{Name: new(network.Name), Labels: labelsOf(network.Labels)})
		default:
			return fmt.Errorf("a container cannot join network %q of mode %q", network.Name, network.Mode)
		}
	}
	for _, one := range task.PortMappings() {
		info.NetworkInfos[0].PortMappings = append(info.NetworkInfos[0].PortMappings, mesospb.NetworkInfo_PortMapping{
			HostPort: one.HostPort, ContainerPort: one.ContainerPort, Protocol: new(one.Protocol.Word()),
		})
	}
	if container.Mesos == nil {
		return nil
	}
	if container.Mesos.TTY {
		info.TTYInfo = &mesospb.TTYInfo{}
	}
	var err error
	if info.RlimitInfo, err = rlimitInfo(container.Mesos.RLimits); err != nil {
		return err
	}
	info.LinuxInfo, err = linuxInfo(container.Mesos)
	return err
}

func rlimitInfo(limits []mesos.RLimit) (*mesospb.RLimitInfo, error) {
	if len(limits) == 0 {
		return nil, nil //nolint:nilnil // No limits are no error.
	}
	info := &mesospb.RLimitInfo{}
	for _, limit := range limits {
		number, known := mesospb.RLimitInfo_RLimit_Type_value["RLMT_"+limit.Type]
		if !known {
			return nil, fmt.Errorf("there is no rlimit of type %q", limit.Type)
		}
		info.Rlimits = append(info.Rlimits, mesospb.RLimitInfo_RLimit{Type: mesospb.RLimitInfo_RLimit_Type(number), Soft: limit.Soft, Hard: limit.Hard})
	}
	return info, nil
}

func linuxInfo(container *mesos.ByMesos) (*mesospb.LinuxInfo, error) {
	info := &mesospb.LinuxInfo{}
	var err error
	if info.EffectiveCapabilities, err = capabilityInfo(container.Effective); err != nil {
		return nil, err
	}
	if info.BoundingCapabilities, err = capabilityInfo(container.Bounding); err != nil {
		return nil, err
	}
	switch container.IPCMode {
	case "":
	case mesos.IPCPrivate:
		info.IPCMode = mesospb.LinuxInfo_PRIVATE.Enum()
	case mesos.IPCShareParent:
		info.IPCMode = mesospb.LinuxInfo_SHARE_PARENT.Enum()
	default:
		return nil, fmt.Errorf("there is no IPC mode %q", container.IPCMode)
	}
	if container.SharedMemory > 0 {
		info.SHMSize = new(container.SharedMemory)
	}
	if container.SharePIDNamespace {
		info.SharePIDNamespace = new(true)
	}
	if info.Equal(&mesospb.LinuxInfo{}) {
		return nil, nil //nolint:nilnil // Nothing to say is no error.
	}
	return info, nil
}

func capabilityInfo(capabilities []string) (*mesospb.CapabilityInfo, error) {
	if len(capabilities) == 0 {
		return nil, nil //nolint:nilnil // No capabilities are no error.
	}
	info := &mesospb.CapabilityInfo{}
	for _, name := range capabilities {
		number := mesospb.CapabilityInfo_Capability_value[name]
		if number == 0 {
			return nil, fmt.Errorf("there is no capability %q", name)
		}
		info.Capabilities = append(info.Capabilities, mesospb.CapabilityInfo_Capability(number))
	}
	return info, nil
}
