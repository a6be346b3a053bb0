package migration

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// podFields are those of a Marathon pod. Each of its containers becomes a task of its own.
var podFields = []field{
	{name: "id", here: "metadata.name", take: func(_ *conversion, v node) { v.strike() }},
	{name: "containers", here: "a MesosTask or MesosTaskSet for each"},
	{name: "networks", here: "container.networks", take: (*conversion).appNetworks},
	{name: "labels", here: "labels", take: func(c *conversion, v node) { c.spec.Labels = c.mesosLabels(v) }},
	{name: "environment", here: "env", take: (*conversion).variables},
	{name: "secrets", here: "env[].valueFrom.secretKeyRef", take: (*conversion).appSecrets},
	{name: "user", here: "user", take: (*conversion).user},
	{name: "role", here: "roles", take: (*conversion).appRole},
	{name: "volumes", here: "container.volumes"},
	{name: "scaling", here: "replicas of a MesosTaskSet"},
	{name: "scheduling", here: "backoff, updateStrategy, placement"},
	{name: "linuxInfo", here: "container.mesos", take: (*conversion).linuxInfo},
	{name: "executorResources", fate: LeftOut, why: noExecutor},
	{name: "legacySharedCgroups", fate: LeftOut, why: "containers of a pod are tasks of their own here, each with its own share"},
	{name: "version", state: true},
	{name: "status", state: true},
	{name: "spec", state: true},
	{name: "instances", state: true},
	{name: "statusSince", state: true},
	{name: "lastUpdated", state: true},
	{name: "lastChanged", state: true},
	{name: "terminationHistory", state: true},
}

// podContainerFields are those of a container of a Marathon pod.
var podContainerFields = []field{
	{name: "name", here: "metadata.name, behind the pod's", take: func(c *conversion, v node) {
		if v.strike(); len(c.root.get("containers").items()) == 1 {
			c.book.sayDefault(v.path, "is that of the pod's only container, for which the pod's stands")
		}
	}},
	{name: "image", here: "container.image", take: (*conversion).podImage},
	{name: "exec", here: "shell, or command", take: (*conversion).podExec},
	{name: "resources", here: "resources.requests"},
	{name: "resourceLimits", here: "resources.limits", take: (*conversion).limits},
	{name: "endpoints", here: "ports", take: (*conversion).endpoints},
	{name: "healthCheck", here: "healthCheck", take: (*conversion).podHealthCheck},
	{name: "check", fate: LeftOut, why: "Mesos' general check is only told of there; here it is readinessCheck, which condition Ready follows: write one if that is wanted"},
	{name: "volumeMounts", here: "container.volumes", take: (*conversion).volumeMounts},
	{name: "artifacts", here: "uris", take: func(c *conversion, v node) { c.uris(v) }},
	{name: "environment", here: "env", take: (*conversion).variables},
	{name: "labels", here: "labels", take: func(c *conversion, v node) { c.addLabels(v, c.mesosLabels(v)) }},
	{name: "user", here: "user", take: (*conversion).user},
	{name: "lifecycle", here: "killGracePeriodSeconds", take: func(c *conversion, v node) {
		if grace := v.get("killGracePeriodSeconds"); !grace.absent() {
			c.killGrace(grace)
		}
	}},
	{name: "tty", here: "container.mesos.tty", take: (*conversion).tty},
	{name: "linuxInfo", here: "container.mesos", take: (*conversion).linuxInfo},
}

func (c *conversion) pod() {
	containers := c.root.get("containers").items()
	if len(containers) == 0 {
		c.root.get("containers").refuse("is empty: there is nothing to run")
		return
	}
	own := containers[c.definition.container]
	for i, other := range containers {
		// The others are definitions of their own, and what they leave unread is said there.
		if i != c.definition.container {
			other.settle()
		}
	}
	c.apply(c.root, podFields)
	c.apply(own, podContainerFields)
	resources := own.get("resources")
	c.cpus(resources.get("cpus"), "1")
	c.memory(resources.get("mem"), "128Mi")
	c.disk(resources.get("disk"), "")
	if gpus := resources.get("gpus"); !gpus.absent() {
		c.gpus(gpus)
	}
	c.fold()
	c.podScheduling()
	if c.nothingToRun() {
		own.get("exec").refuse("is missing, and so is an image: there is nothing to run")
	}
	if len(containers) > 1 {
		c.company(len(containers))
	}
	c.found()
}

// company is what containers of one pod lose when each is a task of its own.
func (c *conversion) company(containers int) {
	v := c.root.get("containers")
	for _, volume := range c.root.get("volumes").items() {
		if volume.get("host").void() && volume.get("secret").absent() && volume.get("persistent").absent() {
			volume.refuse("is shared by the containers of the pod, and tasks here share no sandbox: make one task of them, or take a hostPath")
		}
	}
	v.differs("are %d that started, ended and moved together and had one network: each is a task of its own here. They find each other by host and port, and no more by localhost",
		containers)
}

func (c *conversion) podImage(v node) {
	if kind := v.get("kind"); !kind.void() && !strings.EqualFold(kind.text(), "DOCKER") {
		v.refuse("is an image of kind %s, which is not to be had here. Without the container it would become a process of the host", kind.text())
		return
	}
	c.image(v.get("id"))
	if pull := v.get("forcePull"); !pull.absent() {
		c.pull(pull)
	}
	c.pullSecret(v.get("pullConfig"))
}

func (c *conversion) podExec(v node) {
	command := v.get("command")
	if argv := command.get("argv"); !argv.void() {
		c.spec.Command = argv.texts()
	} else {
		c.spec.Shell = command.get("shell").text()
	}
	if entrypoint := v.get("overrideEntrypoint"); !entrypoint.absent() {
		entrypoint.strike()
	}
}

// endpoints are a container's ports.
func (c *conversion) endpoints(v node) {
	for _, item := range v.items() {
		w := wish{name: item.get("name").text(), labels: c.mesosLabels(item.get("labels")), host: item.get("hostPort").portNumber()}
		container := item.get("containerPort").portNumber()
		if c.ownNetwork() {
			w.container = container
		} else if container > 0 {
			item.get("containerPort").leftOut("is for a container with a network of its own, and this one is in the host's")
		}
		w.protocol = strings.Join(item.get("protocol").list(), ",")
		if strings.HasPrefix(strings.ToLower(w.protocol), "http") {
			item.get("protocol").differs("is told to Mesos as tcp, over which %s goes", w.protocol)
			w.protocol = ""
		}
		c.addPort(item, w)
	}
}

// list takes a text, or a list of texts.
func (n node) list() []string {
	if _, isList := n.value.([]any); isList {
		return n.texts()
	}
	if text := n.text(); text != "" {
		return []string{text}
	}
	return nil
}

func (c *conversion) podHealthCheck(v node) {
	check := &v1alpha1.HealthCheck{
		GracePeriodSeconds: within(v.get("gracePeriodSeconds"), 300, 0, 86400), IntervalSeconds: within(v.get("intervalSeconds"), 60, 1, 86400),
		TimeoutSeconds: within(v.get("timeoutSeconds"), 20, 1, 3600), FailureThreshold: within(v.get("maxConsecutiveFailures"), 3, 1, 1000000),
	}
	if delay := v.get("delaySeconds"); !delay.absent() {
		check.DelaySeconds = within(delay, 0, 0, 86400)
	}
	endpoint := func(v node) (intstr.IntOrString, bool) {
		name := v.get("endpoint")
		port := portLabel(name.text())
		for i, p := range c.spec.Ports {
			if p.Name == port {
				return c.portName(v, i)
			}
		}
		v.leftOut("checks endpoint %q, which the container does not have", name.text())
		return intstr.IntOrString{}, false
	}
	switch {
	case !v.get("http").absent():
		http := v.get("http")
		port, ok := endpoint(http)
		if !ok {
			return
		}
		check.HTTP = &v1alpha1.HTTPHealthCheck{Port: port, Path: checkPath(http.get("path"))}
		if http.get("scheme").oneOf("HTTP", "HTTPS") == "HTTPS" {
			check.HTTP.Scheme = v1alpha1.CheckHTTPS
		}
	case !v.get("tcp").absent():
		port, ok := endpoint(v.get("tcp"))
		if !ok {
			return
		}
		check.TCP = &v1alpha1.TCPCheck{Port: port}
	default:
		check.Command = commandCheck(v.get("exec"))
	}
	c.spec.HealthCheck = check
}

// volumeMounts are the pod's volumes, by name.
func (c *conversion) volumeMounts(v node) {
	volumes := c.root.get("volumes").items()
	for _, mount := range v.items() {
		name := mount.get("name").text()
		volume := v1alpha1.Volume{MountPath: clean(mount.get("mountPath").text()), ReadOnly: mount.get("readOnly").flag()}
		known := false
		for _, candidate := range volumes {
			if candidate.get("name").text() == name {
				known = true
				c.podVolume(candidate, &volume)
			}
		}
		switch {
		case !known:
			mount.refuse("names volume %q, which the pod does not have", name)
		case badPath(volume.MountPath):
			mount.refuse("mountPath %q is no path at which a volume can be seen", volume.MountPath)
		default:
			c.addVolume(mount, volume)
		}
	}
}

func (c *conversion) podVolume(v node, volume *v1alpha1.Volume) {
	switch host := v.get("host"); {
	case !v.get("persistent").absent():
		v.refuse("is a persistent volume of Mesos, which holds the task's data on one agent: there are none here yet. Move the data to a hostPath or an external volume first")
	case !v.get("secret").absent():
		key := c.secret(v.get("secret"), v.get("secret").text())
		volume.Secret = &v1alpha1.SecretVolume{Name: key.Name, Key: key.Key}
	case host.void():
		volume.EmptyDir = &v1alpha1.EmptyDirVolume{}
		if !strings.HasPrefix(volume.MountPath, "/") {
			v.refuse("is mounted at %s, within the sandbox, where it needs no volume: take an absolute path", volume.MountPath)
		}
	default:
		c.hostPath(v, clean(host.text()), volume)
	}
}

// podScheduling takes how many there are, how they are replaced, and where they run.
func (c *conversion) podScheduling() {
	scheduling := c.root.get("scheduling")
	backoff := scheduling.get("backoff")
	if backoff.absent() {
		backoff = scheduling.get("backoffStrategy")
	}
	c.appRestarts(backoff.get("backoff"), backoff.get("backoffFactor"), backoff.get("maxLaunchDelay"))
	placement := scheduling.get("placement")
	for _, item := range placement.get("constraints").items() {
		c.constraint(item, item.get("fieldName").text(), item.get("operator").text(), item.get("value").text())
	}
	if roles := placement.get("acceptedResourceRoles"); !roles.absent() {
		c.appAcceptedRoles(roles)
	}
	if kill := scheduling.get("killSelection"); kill.oneOf("YOUNGEST_FIRST", "OLDEST_FIRST") == "OLDEST_FIRST" {
		kill.leftOut("which task goes first when there are to be fewer is not to be chosen here")
	}
	upgrade := scheduling.get("upgrade")
	if upgrade.absent() {
		upgrade = scheduling.get("upgradeStrategy")
	}
	scaling := c.root.get("scaling")
	scaling.get("kind").oneOf("FIXED")
	instances := scaling.get("instances")
	if instances.absent() {
		instances = scaling.get("fixed", "instances")
	}
	if most := scaling.first("maxInstances"); !most.absent() {
		most.leftOut("nothing scales by itself here: use an autoscaler")
	}
	c.unreachableIn(scheduling.get("unreachableStrategy"))
	c.howMany(instances, upgrade)
}
