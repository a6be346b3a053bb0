package lifecycle

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// containerOf turns what a template says of its container into words; nil for a process of the agent. What it does not understand it refuses, whatever
// admission let through: nothing that was meant for a container may run on the bare host.
func containerOf(spec *v1alpha1.TaskTemplate) (*mesos.Container, error) {
	declared := spec.Container
	if declared == nil {
		return nil, nil //nolint:nilnil // No container is no error.
	}
	container := &mesos.Container{Image: declared.Image}
	switch declared.PullPolicy {
	case "", v1alpha1.PullIfNotPresent:
	case v1alpha1.PullAlways:
		container.AlwaysPull = true
	default:
		return nil, notUnderstood("pullPolicy", declared.PullPolicy)
	}
	switch {
	case declared.Mesos != nil && declared.Docker != nil:
		return nil, errors.New("spec.container has both mesos and docker: leave out one of them")
	case declared.Docker != nil && declared.Image == "":
		return nil, errors.New("spec.container.docker needs spec.container.image")
	case declared.Docker != nil && spec.ReadinessCheck != nil:
		// Its executor aborts on a general check (Mesos' src/docker/executor.cpp, launchTask).
		return nil, errors.New("spec.readinessCheck is not to be had with spec.container.docker: use spec.healthCheck, or let Mesos run the container")
	case declared.Docker != nil:
		container.Docker = dockerContainer(declared.Docker)
	}
	var err error
	if container.Mesos, err = mesosContainer(declared.Mesos); err != nil {
		return nil, err
	}
	if container.Volumes, err = volumes(declared.Volumes); err != nil {
		return nil, err
	}
	container.Networks, err = networks(declared.Networks)
	return container, err
}

// notUnderstood refuses a value of a field of spec.container that this program does not know.
func notUnderstood[T ~string](field string, value T) error {
	return fmt.Errorf("this version of the operator does not understand %q in spec.container.%s, and launches nothing of which it does not understand the container: change it, or update the operator",
		value, field)
}

func dockerContainer(declared *v1alpha1.DockerContainer) *mesos.ByDocker {
	docker := &mesos.ByDocker{Privileged: declared.Privileged}
	for _, parameter := range declared.Parameters {
		docker.Parameters = append(docker.Parameters, mesos.Setting(parameter))
	}
	return docker
}

func mesosContainer(declared *v1alpha1.MesosContainer) (*mesos.ByMesos, error) {
	if declared == nil {
		return nil, nil //nolint:nilnil // Nothing declared is no error.
	}
	container := &mesos.ByMesos{SharePIDNamespace: declared.SharePIDNamespace, TTY: declared.TTY}
	if declared.Capabilities != nil {
		container.Effective, container.Bounding = inOrder(declared.Capabilities.Effective), inOrder(declared.Capabilities.Bounding)
	}
	for _, limit := range declared.RLimits {
		container.RLimits = append(container.RLimits, mesos.RLimit{Type: string(limit.Type), Soft: unsigned(limit.Soft), Hard: unsigned(limit.Hard)})
	}
	slices.SortFunc(container.RLimits, func(a, b mesos.RLimit) int { return cmp.Compare(a.Type, b.Type) })
	if declared.ShmSizeMiB != nil {
		container.SharedMemory = uint32(*declared.ShmSizeMiB)
	}
	if declared.PullSecretRef != nil {
		container.PullSecret = declared.PullSecretRef.Name
	}
	switch declared.IPCMode {
	case "":
	case v1alpha1.IPCPrivate:
		container.IPCMode = mesos.IPCPrivate
	case v1alpha1.IPCShareParent:
		container.IPCMode = mesos.IPCShareParent
	default:
		return nil, notUnderstood("mesos.ipcMode", declared.IPCMode)
	}
	return container, nil
}

// inOrder returns the words of a set in their order.
func inOrder[T ~string](set []T) []string {
	var words []string
	for _, word := range set {
		words = append(words, string(word))
	}
	slices.Sort(words)
	return words
}

// unsigned is a number that the schema bounds from zero on.
func unsigned(number *int64) *uint64 {
	if number == nil {
		return nil
	}
	return new(uint64(max(*number, 0)))
}

// volumes are in the order of their mount paths, so that what is mounted inside of another volume comes after it.
func volumes(declared []v1alpha1.Volume) ([]mesos.Volume, error) {
	var all []mesos.Volume
	for i := range declared {
		one, err := volume(&declared[i])
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b mesos.Volume) int { return cmp.Compare(a.MountPath, b.MountPath) })
	return all, nil
}

func volume(declared *v1alpha1.Volume) (mesos.Volume, error) {
	volume := mesos.Volume{MountPath: declared.MountPath, ReadOnly: declared.ReadOnly}
	sources, paths := 0, []string{declared.MountPath}
	if declared.HostPath != nil {
		sources++
		volume.HostPath, paths = declared.HostPath.Path, append(paths, declared.HostPath.Path)
		if !path.IsAbs(volume.HostPath) {
			return mesos.Volume{}, fmt.Errorf("spec.container.volumes: hostPath.path %q is not absolute", volume.HostPath)
		}
	}
	if declared.SandboxPath != nil {
		sources++
		volume.SandboxPath, paths = declared.SandboxPath.Path, append(paths, declared.SandboxPath.Path)
		if path.IsAbs(volume.SandboxPath) {
			return mesos.Volume{}, fmt.Errorf("spec.container.volumes: sandboxPath.path %q is absolute: it must be a path in the sandbox", volume.SandboxPath)
		}
	}
	if declared.EmptyDir != nil {
		sources++
		// The mount path in one element, so that no such directory is inside of another.
		volume.SandboxPath = "emptydir" + url.PathEscape(declared.MountPath)
	}
	if declared.Image != nil {
		sources++
		volume.Image = declared.Image.Image
	}
	if declared.External != nil {
		sources++
		volume.External = &mesos.ExternalVolume{Driver: declared.External.Driver, Name: declared.External.Name}
		for _, option := range declared.External.Options {
			volume.External.Options = append(volume.External.Options, mesos.Setting(option))
		}
		slices.SortFunc(volume.External.Options, byName)
	}
	if declared.Secret != nil {
		sources++
		volume.Secret = &mesos.SecretVolume{Name: declared.Secret.Name, Key: declared.Secret.Key}
	}
	if sources != 1 {
		return mesos.Volume{}, notUnderstood("volumes, where a volume must be exactly one kind", declared.MountPath)
	}
	for _, one := range paths {
		if !clean(one) {
			return mesos.Volume{}, fmt.Errorf("spec.container.volumes: path %q must have no '.', '..' and colons, and slashes neither doubled nor at its end", one)
		}
	}
	return volume, nil
}

// clean says whether a path leads nowhere but where it seems to, and stays one path where Docker takes paths apart by colons.
func clean(p string) bool {
	return p != "" && path.Clean(p) == p && p != "." && p != ".." && !strings.HasPrefix(p, "../") && !strings.Contains(p, ":")
}

func byName(a, b mesos.Setting) int { return cmp.Compare(a.Name, b.Name) }

func networks(declared []v1alpha1.Network) ([]mesos.Network, error) {
	var all []mesos.Network
	for _, one := range declared {
		network := mesos.Network{Name: one.Name, Labels: labelsOf(one.Labels)}
		switch one.Mode {
		case v1alpha1.NetworkHost:
			network.Mode = mesos.NetworkHost
		case v1alpha1.NetworkBridge:
			network.Mode = mesos.NetworkBridge
		case v1alpha1.NetworkContainer:
			network.Mode = mesos.NetworkContainer
		default:
			return nil, notUnderstood("networks", one.Mode)
		}
		all = append(all, network)
	}
	return all, nil
}
