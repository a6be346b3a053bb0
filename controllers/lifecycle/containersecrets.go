package lifecycle

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// maxSecretBytes is how much of Secrets a container may hold: as much as one Secret can. Each master and agent that knows the task has it in memory.
const maxSecretBytes = 1 << 20

// containerSources are the Secrets that a container names.
func containerSources(container *v1alpha1.Container) []Source {
	if container == nil {
		return nil
	}
	var sources []Source
	if container.Mesos != nil && container.Mesos.PullSecretRef != nil {
		sources = append(sources, Source{Kind: KindSecret, Name: container.Mesos.PullSecretRef.Name})
	}
	for _, volume := range container.Volumes {
		if volume.Secret != nil {
			sources = append(sources, Source{Kind: KindSecret, Name: volume.Secret.Name})
		}
	}
	return sources
}

// fillContainer puts into a task's container what that takes from Secrets. The container itself stays as it is for whoever else has it.
func fillContainer(task *mesos.Task, namespace string, found map[Source]Content) *Obstacle {
	if task.Container == nil {
		return nil
	}
	container, held := *task.Container, 0
	container.Volumes = slices.Clone(container.Volumes)
	for i := range container.Volumes {
		volume := &container.Volumes[i]
		if volume.Secret == nil {
			continue
		}
		use := use{
			namespace: namespace, source: Source{Kind: KindSecret, Name: volume.Secret.Name}, key: volume.Secret.Key, field: "spec.container.volumes[" + volume.MountPath + "].secret",
		}
		value, _, obstacle := use.value(found)
		if obstacle != nil {
			return obstacle
		}
		if held += len(value); held > maxSecretBytes {
			return use.invalid(fmt.Sprintf("with it, the volumes of Secrets come to more than the %d KiB that a task can have. Take less of them", maxSecretBytes>>10))
		}
		volume.Secret = &mesos.SecretVolume{Name: volume.Secret.Name, Key: volume.Secret.Key, Data: &value}
	}
	if container.Mesos != nil && container.Mesos.PullSecret != "" {
		var obstacle *Obstacle
		if container.PullConfigs, obstacle = pullConfigs(&container, namespace, found); obstacle != nil {
			return obstacle
		}
	}
	task.Container = &container
	return nil
}

// pullConfigs are the Docker configurations for those images of a container whose registries its pull Secret knows: each has the credentials for that
// registry alone, as masters show them.
func pullConfigs(container *mesos.Container, namespace string, found map[Source]Content) (map[string]mesos.Hidden, *Obstacle) {
	use := use{
		namespace: namespace, source: Source{Kind: KindSecret, Name: container.Mesos.PullSecret}, key: corev1.DockerConfigJsonKey, field: "spec.container.mesos.pullSecretRef",
	}
	content, _, obstacle := use.value(found)
	if obstacle != nil {
		return nil, obstacle
	}
	auths, understood := registryAuths(content)
	if !understood {
		return nil, use.invalid(fmt.Sprintf("what its key %s holds is no Docker configuration with credentials. Make it by kubectl create secret docker-registry", use.key))
	}
	configs, registries := map[string]mesos.Hidden{}, []string{}
	for _, image := range imagesOf(container) {
		registry := registryOf(image)
		registries = append(registries, registry)
		if config := configFor(registry, auths); config != "" {
			configs[image] = config
		}
	}
	if len(configs) == 0 {
		return nil, use.invalid(fmt.Sprintf("it has no user name and password for %s, where the image is from. Add them, or name another registry before the image",
			strings.Join(slices.Compact(slices.Sorted(slices.Values(registries))), ", ")))
	}
	return configs, nil
}

// imagesOf are all images that a container is made of.
func imagesOf(container *mesos.Container) []string {
	images := []string{container.Image}
	for _, volume := range container.Volumes {
		images = append(images, volume.Image)
	}
	return slices.DeleteFunc(images, func(image string) bool { return image == "" })
}

// dockerHub is the registry of images that name none, unless an agent's --docker_registry says otherwise.
const dockerHub = "docker.io"

// registryOf is the registry that an image names, as Mesos reads it (src/docker/spec.cpp, parseImageReference).
func registryOf(image string) string {
	first, _, more := strings.Cut(image, "/")
	if more && (strings.ContainsAny(first, ".:") || first == "localhost") {
		return first
	}
	return dockerHub
}

// registryAuths is what a Docker configuration has for each registry, in the form of HTTP's basic authentication; and whether it is one. What is no
// user name and password is left out.
func registryAuths(config mesos.Hidden) (auths map[string]string, understood bool) {
	var declared struct {
		Auths map[string]struct{ Auth, Username, Password string }
	}
	if json.Unmarshal([]byte(string(config)), &declared) != nil || declared.Auths == nil {
		return nil, false
	}
	auths = map[string]string{}
	for registry, one := range declared.Auths {
		// Kubernetes takes either; Mesos knows auth alone.
		credentials, err := base64.StdEncoding.DecodeString(one.Auth)
		if one.Auth == "" && one.Username != "" {
			credentials = []byte(one.Username + ":" + one.Password)
		}
		if err == nil && len(credentials) > 0 {
			auths[registry] = base64.StdEncoding.EncodeToString(credentials)
		}
	}
	return auths, true
}

// configFor is a Docker configuration with the credentials for a registry alone; empty where there are none. They are those that Mesos would find
// (src/uri/fetchers/docker.cpp, getAuthHeaderBasic); of several, which differ by a path that Mesos does not look at, the first by name.
func configFor(registry string, auths map[string]string) mesos.Hidden {
	var names []string
	for name := range auths {
		host, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, "http://"), "https://"), "/")
		if host == registry || ofDockerHub(host) && ofDockerHub(registry) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	name := slices.MinFunc(names, cmp.Compare[string])
	config, _ := json.Marshal(map[string]any{"auths": map[string]any{name: map[string]string{"auth": auths[name]}}}) //nolint:errchkjson // Encoding strings cannot fail.
	return mesos.Hidden(config)
}

// ofDockerHub says whether a registry is Docker Hub, which has several names.
func ofDockerHub(registry string) bool {
	return registry == dockerHub || strings.HasSuffix(registry, "."+dockerHub)
}
