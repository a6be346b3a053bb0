package migration

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// parameterFields are the flags of docker run that no task can have as they are.
var parameterFields = []string{
	"cap-add", "cgroupns", "cidfile", "detach", "device", "device-cgroup-rule", "entrypoint", "env-file", "gpus", "group-add", "ipc", "label-file", "mount",
	"net", "network", "pid", "privileged", "publish", "publish-all", "restart", "rm", "runtime", "security-opt", "user", "userns", "uts", "volume",
	"volume-driver", "volumes-from",
}

var (
	imageName     = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$`)
	parameterName = regexp.MustCompile(`^[a-z][-a-z0-9]*$`)
	volumeName    = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9_.]*$`)
	networkName   = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9_.]*$`)
)

func (c *conversion) container() *v1alpha1.Container {
	if c.spec.Container == nil {
		c.spec.Container = &v1alpha1.Container{}
	}
	return c.spec.Container
}

// image takes the name of an image. Without one nothing is converted: what ran in a container must not become a process of the host.
func (c *conversion) image(v node) {
	name := strings.TrimPrefix(strings.TrimPrefix(v.text(), "docker://"), "https://")
	if !imageName.MatchString(name) || strings.Contains(name, "//") || len(name) > 512 {
		v.refuse("%q is no image as docker pull takes it%s", name, v.template())
		return
	}
	c.container().Image = name
}

// byDocker has Docker run the container, as the image's own user, as there.
func (c *conversion) byDocker() *v1alpha1.DockerContainer {
	if c.container().Docker == nil {
		c.container().Docker = &v1alpha1.DockerContainer{}
		c.docker = true
	}
	return c.container().Docker
}

// imageUser has a Docker container run as the user that the image names, or root: elsewhere the framework's user would be looked up in the image.
func (c *conversion) imageUser(user node) {
	if !c.docker {
		return
	}
	switch {
	case c.parameterUser != "":
		c.spec.User = c.parameterUser
	default:
		if c.spec.User != "" {
			user.differs("owned the sandbox of a Docker container, which ran as the image's own user, and does so here (user: image)")
		} else {
			c.book.sayDefault(user.path, "is not set: the Docker container runs as the image's own user, as there (user: image)")
		}
		c.spec.User = "image"
	}
}

func clean(p string) string {
	if p == "" {
		return ""
	}
	return path.Clean(p)
}

func badPath(p string) bool {
	return p == "" || strings.Contains(p, ":") || p == ".." || strings.HasPrefix(p, "../") || strings.ContainsAny(p, "\n\t")
}

// volume takes a volume. One that cannot be had keeps the definition from being converted: the task would miss its files.
func (c *conversion) volume(v node) {
	volume := v1alpha1.Volume{MountPath: clean(v.get("containerPath").text())}
	if mode := v.get("mode"); !mode.absent() {
		volume.ReadOnly = mode.oneOf("RO", "RW") == "RO"
	}
	if badPath(volume.MountPath) || volume.MountPath == "/" || volume.MountPath == "." {
		v.refuse("containerPath %q is no path at which a volume can be seen", volume.MountPath)
		return
	}
	host := v.get("hostPath")
	if host.void() {
		host.strike()
	}
	switch {
	case !v.get("persistent").absent():
		v.refuse("is a persistent volume of Mesos, which holds the task's data on one agent: there are none here yet. Move the data to a hostPath or an external volume first")
		return
	case !v.get("external").absent():
		c.external(v.get("external"), &volume)
	case !v.get("secret").absent():
		if c.docker {
			v.refuse("is a secret as a file, which Docker containers cannot have: take it into a variable, or let Mesos run the container")
			return
		}
		key := c.secret(v.get("secret"), v.get("secret").text())
		volume.Secret = &v1alpha1.SecretVolume{Name: key.Name, Key: key.Key}
	case host.void():
		v.refuse("has neither hostPath nor external: there is nothing to see at %s", volume.MountPath)
		return
	default:
		c.hostPath(v, clean(host.text()), &volume)
	}
	c.addVolume(v, volume)
}

func (c *conversion) addVolume(v node, volume v1alpha1.Volume) {
	if slices.ContainsFunc(c.container().Volumes, func(other v1alpha1.Volume) bool { return other.MountPath == volume.MountPath }) {
		v.refuse("two volumes are at %s", volume.MountPath)
		return
	}
	c.container().Volumes = append(c.container().Volumes, volume)
}

// hostPath is a path of the agent, or, where it is relative, of the sandbox.
func (c *conversion) hostPath(v node, from string, volume *v1alpha1.Volume) {
	switch {
	case badPath(from) || from == ".":
		v.refuse("hostPath %q is no path that a volume can show", from)
	case strings.HasPrefix(from, "/"):
		volume.HostPath = &v1alpha1.HostPathVolume{Path: from}
	case c.docker:
		v.refuse("hostPath %q is one of the sandbox, and Mesos' Docker containerizer has none of those here: use the path under MESOS_SANDBOX, or an absolute one", from)
	case !strings.HasPrefix(volume.MountPath, "/"):
		v.refuse("shows %s of the sandbox at %s, which is in the sandbox as well: take the volume out, or an absolute path", from, volume.MountPath)
	default:
		volume.SandboxPath = &v1alpha1.SandboxPathVolume{Path: from}
	}
}

// external takes a volume of a Docker volume driver, as Marathon's provider dvdi has them.
func (c *conversion) external(v node, volume *v1alpha1.Volume) {
	external := &v1alpha1.ExternalVolume{Name: v.get("name").text()}
	if provider := v.get("provider"); provider.text() != "dvdi" {
		v.refuse("provider %q has no place here: volumes of Docker volume drivers (dvdi) do", provider.text())
		return
	}
	options := v.get("options")
	for _, key := range options.keys() {
		option := options.get(key)
		if key == "dvdi/driver" {
			external.Driver = option.text()
			continue
		}
		external.Options = append(external.Options, v1alpha1.DriverOption{Name: strings.TrimPrefix(key, "dvdi/"), Value: option.text()})
	}
	if size := v.get("size"); !size.void() {
		external.Options = append(external.Options, v1alpha1.DriverOption{Name: "size", Value: size.text()})
	}
	if c.docker && len(external.Options) > 0 {
		options.leftOut("a volume of a Docker container has no options: create the volume with them first")
		v.get("size").settle()
		external.Options = nil
	}
	if !volumeName.MatchString(external.Name) || external.Driver == "" {
		v.refuse("needs a name, of letters, digits, '_', '.' and '-', and an option dvdi/driver")
		return
	}
	volume.External = external
}

// parameter takes a flag of docker run.
func (c *conversion) parameter(v node, key, value string) {
	switch {
	case key == "user" && userName.MatchString(value):
		c.parameterUser = value
	case (key == "net" || key == "network") && c.parameterNetwork.absent():
		c.parameterNetwork = v
	case key == "volume":
		c.parameterVolume(v, value)
	case key == "rm", key == "volume-driver":
		v.kept("is read along, and no parameter here")
	case key == "name":
		// Mesos: Docker::run puts its own --name behind the parameters up to 1.3, and before them since; Docker takes the last.
		v.settle()
		v.kept("docker run --name had no effect up to Mesos 1.3, and kept Mesos from finding its container later: it is no parameter here")
	case key == "privileged":
		c.byDocker().Privileged = value != "false"
	case slices.Contains(parameterFields, key):
		v.leftOut("docker run --%s cannot be a parameter here, as it would void what the MesosFramework does not allow", key)
	case !parameterName.MatchString(key):
		v.leftOut("%q is no flag of docker run", key)
	default:
		c.byDocker().Parameters = append(c.byDocker().Parameters, v1alpha1.DockerParameter{Name: key, Value: value})
	}
}

// parameterVolume is docker run --volume: FROM:TO[:MODE].
func (c *conversion) parameterVolume(v node, value string) {
	parts := strings.Split(value, ":")
	if len(parts) < 2 || len(parts) > 3 || badPath(clean(parts[1])) {
		v.refuse("%q is no volume of the form FROM:TO[:ro]", value)
		return
	}
	volume := v1alpha1.Volume{MountPath: clean(parts[1])}
	if len(parts) == 3 {
		for option := range strings.SplitSeq(parts[2], ",") {
			switch option {
			case "ro":
				volume.ReadOnly = true
			case "rw":
			default:
				v.leftOut("a volume has no option %q here", option)
			}
		}
	}
	switch {
	case strings.HasPrefix(parts[0], "/"):
		volume.HostPath = &v1alpha1.HostPathVolume{Path: clean(parts[0])}
	case volumeName.MatchString(parts[0]):
		driver := "local"
		if c.volumeDriver != "" {
			driver = c.volumeDriver
		}
		volume.External = &v1alpha1.ExternalVolume{Driver: driver, Name: parts[0]}
	default:
		v.refuse("%q is neither a path of the agent nor the name of a volume", parts[0])
		return
	}
	c.addVolume(v, volume)
}

// parameters takes a list of flags of docker run, or an object of them.
func (c *conversion) parameters(v node) {
	if _, isObject := v.value.(map[string]any); isObject {
		c.volumeDriver = v.get("volume-driver").text()
		for _, key := range v.keys() {
			c.parameter(v.get(key), key, v.get(key).text())
		}
		return
	}
	for _, item := range v.items() {
		if item.get("key").text() == "volume-driver" {
			c.volumeDriver = item.get("value").text()
		}
	}
	for _, item := range v.items() {
		c.parameter(item, strings.TrimLeft(item.get("key").text(), "-"), item.get("value").text())
	}
}

// joinNetwork has a container join the network that parameters of docker run name: Mesos takes that before the one that is set.
func (c *conversion) joinNetwork() {
	v := c.parameterNetwork
	if v.absent() {
		return
	}
	value := v
	if _, isObject := v.value.(map[string]any); isObject {
		value = v.get("value")
	}
	name := value.text()
	switch {
	case name == "host", name == "bridge":
		c.container().Networks = nil
		c.network(v, name, "", nil)
	case name == "none", !networkName.MatchString(name):
		v.leftOut("docker run --network %s cannot be had here: a container is in the host's network, in a bridge, or in one that has a name", name)
		return
	default:
		c.container().Networks = nil
		c.network(v, "user", name, nil)
	}
	v.kept("is the network that the container joins, as Mesos took it before any other")
}

// network adds a network, by the mode that it has to Mesos' schedulers.
func (c *conversion) network(v node, mode, name string, labels []v1alpha1.Label) {
	network := v1alpha1.Network{Name: name, Labels: labels}
	switch strings.ToLower(mode) {
	case "host":
		network = v1alpha1.Network{Mode: v1alpha1.NetworkHost}
		if c.spec.Container == nil {
			// A process of the host is in its network anyway.
			return
		}
	case "bridge", "container/bridge":
		network.Mode = v1alpha1.NetworkBridge
		if c.docker {
			network.Name = ""
		} else if name == "" {
			network.Name = "mesos-bridge"
			v.kept("is Marathon's default bridge, a CNI network that it calls mesos-bridge (--mesos_bridge_name)")
		}
	case "user", "container":
		network.Mode = v1alpha1.NetworkContainer
		if !networkName.MatchString(name) {
			v.refuse("names no network that the container could join")
			return
		}
	default:
		v.refuse("network %q is not to be had here", mode)
		return
	}
	if c.docker && len(network.Labels) > 0 {
		v.book.say(LeftOut, below(v.path, "labels"), "labels of a network are not told to Docker")
		network.Labels = nil
	}
	c.container().Networks = append(c.container().Networks, network)
}
