package migration

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// appFields are those of a Marathon app.
var appFields = []field{
	{name: "id", here: "metadata.name", take: func(_ *conversion, v node) { v.strike() }},
	{name: "container", here: "container", take: (*conversion).appContainer},
	{name: "networks", here: "container.networks", take: (*conversion).appNetworks},
	{name: "ipAddress", here: "container.networks", take: (*conversion).appIPAddress},
	{name: "cmd", here: "shell", take: func(c *conversion, v node) { c.spec.Shell = v.text() }},
	{name: "args", here: "command, or args with an image", take: (*conversion).appArgs},
	{name: "user", here: "user", take: (*conversion).user},
	{name: "env", here: "env", take: (*conversion).variables},
	{name: "secrets", here: "env[].valueFrom.secretKeyRef", take: (*conversion).appSecrets},
	{name: "labels", here: "labels", take: func(c *conversion, v node) { c.spec.Labels = c.mesosLabels(v) }},
	{name: "fetch", here: "uris", take: func(c *conversion, v node) { c.uris(v) }},
	{name: "uris", here: "uris", take: func(c *conversion, v node) { c.uris(v) }},
	{name: "cpus", here: "resources.requests.cpus"},
	{name: "mem", here: "resources.requests.memory, in MiB"},
	{name: "disk", here: "resources.requests.disk, in MiB"},
	{name: "gpus", here: "resources.requests.gpus", take: (*conversion).gpus},
	{name: "resourceLimits", here: "resources.limits", take: (*conversion).limits},
	{name: "portDefinitions", here: "ports"},
	{name: "ports", here: "ports"},
	{name: "requirePorts", here: "ports[].hostPort"},
	{name: "healthChecks", here: "healthCheck"},
	{name: "readinessChecks", here: "readinessCheck"},
	{name: "check", fate: LeftOut, why: "Mesos' general check is only told of there; here it is readinessCheck, which condition Ready follows: write one if that is wanted"},
	{name: "constraints", here: "placement", take: (*conversion).constraints},
	{name: "role", here: "roles", take: (*conversion).appRole},
	{name: "acceptedResourceRoles", here: "roles", take: (*conversion).appAcceptedRoles},
	{name: "instances", here: "replicas of a MesosTaskSet; 1 is a MesosTask"},
	{name: "upgradeStrategy", here: "updateStrategy of a MesosTaskSet"},
	{name: "backoffSeconds", here: "backoff.initialSeconds"},
	{name: "backoffFactor", here: "backoff.factor"},
	{name: "maxLaunchDelaySeconds", here: "backoff.maxSeconds"},
	{name: "taskKillGracePeriodSeconds", here: "killGracePeriodSeconds", take: (*conversion).killGrace},
	{name: "unreachableStrategy", here: "unreachable"},
	{name: "killSelection", take: func(_ *conversion, v node) {
		if v.oneOf("YOUNGEST_FIRST", "OLDEST_FIRST") == "OLDEST_FIRST" {
			v.leftOut("which task goes first when there are to be fewer is not to be chosen here")
		}
	}, here: "nothing: which task goes first is not to be chosen"},
	{name: "tty", here: "container.mesos.tty", take: (*conversion).tty},
	{name: "residency", fate: Refused, why: "binds tasks to agents by persistent volumes: there are none here yet. Move the data to a hostPath or an external volume first"},
	ownExecutor,
	{name: "dependencies", fate: LeftOut, why: "nothing waits for others here: let the program try again until what it needs is there"},
	{name: "executorResources", fate: LeftOut, why: noExecutor},
	{name: "storeUrls", fate: LeftOut, why: "there is no artifact store: put the files where uris can fetch them"},
	{name: "taskRateLimit", fate: LeftOut, why: "launches are spaced by backoff alone"},
	{name: "version", state: true},
	{name: "versionInfo", state: true},
	{name: "tasks", state: true},
	{name: "tasksStaged", state: true},
	{name: "tasksRunning", state: true},
	{name: "tasksHealthy", state: true},
	{name: "tasksUnhealthy", state: true},
	{name: "deployments", state: true},
	{name: "taskStats", state: true},
	{name: "lastTaskFailure", state: true},
	{name: "readinessCheckResults", state: true},
}

const noExecutor = "there is no executor besides the command executor, whose share is part of the task's"

// groupFields are those of a Marathon group besides its members.
var groupFields = []field{
	{name: "version", state: true},
	{name: "dependencies", fate: LeftOut, why: "nothing waits for others here: let the program try again until what it needs is there"},
	{name: "scaleBy", fate: LeftOut, why: "is a request to scale all apps of the group, and no part of what they are: set replicas"},
	{name: "enforceRole", fate: LeftOut, why: "which roles a namespace may use is said by spec.allowedRoles of the MesosFramework"},
}

func (c *conversion) group() { c.apply(c.root, groupFields) }

func (c *conversion) app() {
	c.apply(c.root, appFields)
	c.cpus(c.root.get("cpus"), "1")
	c.memory(c.root.get("mem"), "128Mi")
	c.disk(c.root.get("disk"), "")
	c.imageUser(c.root.get("user"))
	c.joinNetwork()
	c.appPorts()
	c.appChecks()
	c.fold()
	c.appRestarts(c.root.get("backoffSeconds"), c.root.get("backoffFactor"), c.root.get("maxLaunchDelaySeconds"))
	c.unreachableIn(c.root.get("unreachableStrategy"))
	c.howMany(c.root.get("instances"), c.root.get("upgradeStrategy"))
	if c.nothingToRun() {
		c.book.say(Refused, "cmd", "is missing, and so are args and an image: there is nothing to run")
	}
	c.found()
}

// nothingToRun says whether there is neither a command nor an image. What was refused for another reason is not told of twice.
func (c *conversion) nothingToRun() bool {
	return c.spec.Shell == "" && len(c.spec.Command) == 0 && (c.spec.Container == nil || c.spec.Container.Image == "") && !c.book.refused()
}

// foundAs begins the remark on the other name.
const foundAs = "was found in Mesos as"

// found says by which other name a task is found.
func (c *conversion) found() {
	parts := strings.Split(strings.Trim(c.id, "/"), "/")
	slices.Reverse(parts)
	if len(c.spec.Ports) > 0 {
		c.book.sayDefault(c.idPath, foundAs+" %s, and is as %s.<namespace> here: tell those that look for it, or set discovery.name",
			strings.Join(parts, "."), c.name)
	}
}

func (c *conversion) uris(v node) {
	for _, item := range v.items() {
		c.uri(item)
	}
}

func (c *conversion) killGrace(v node) {
	seconds := v.whole(0, 86400)
	c.spec.KillGracePeriodSeconds = &seconds
}

func (c *conversion) tty(v node) {
	switch {
	case !v.flag():
	case c.docker:
		v.leftOut("a Docker container has no terminal here")
	default:
		c.mesosContainer().TTY = true
	}
}

func (c *conversion) mesosContainer() *v1alpha1.MesosContainer {
	if c.container().Mesos == nil {
		c.container().Mesos = &v1alpha1.MesosContainer{}
	}
	return c.container().Mesos
}

// appArgs are a program and its arguments, or, with an image, arguments for its entrypoint.
func (c *conversion) appArgs(v node) {
	args := v.texts()
	switch {
	case len(args) == 0:
	case c.spec.Shell != "":
		v.leftOut("cmd is there as well, which the command line of a shell is made of: take one of them out")
	case c.spec.Container != nil && c.spec.Container.Image != "":
		c.spec.Args = args
	default:
		c.spec.Command = args
	}
}

// appSecrets are read along with the variables and volumes that name them.
func (c *conversion) appSecrets(v node) {
	for _, key := range v.keys() {
		source := v.get(key, "source")
		source.kept("is where DC/OS keeps secret %s: the value of key %s of Secret %s has to be taken from there", source.text(), key, c.name)
	}
}

// appContainer takes a container of Marathon, in its older form and its newer.
func (c *conversion) appContainer(v node) {
	kind := strings.ToUpper(v.get("type").text())
	docker, image := v.get("docker"), v.get("docker", "image")
	switch {
	case kind == "" && !docker.absent(), kind == "DOCKER":
		if image.void() {
			v.refuse("is a Docker container without an image: without the container it would become a process of the host")
			return
		}
		c.byDocker()
	case kind == "", kind == "MESOS":
	default:
		v.refuse("type %q is not to be had here, and without the container it would become a process of the host", kind)
		return
	}
	c.apply(v, containerFields)
	if c.spec.Container == nil {
		v.strike()
	}
}

// containerFields are those of a container of a Marathon app.
var containerFields = []field{
	{name: "type", here: "container.docker for DOCKER"},
	{name: "docker", here: "container", take: func(c *conversion, v node) { c.apply(v, dockerFields) }},
	{name: "appc", fate: Refused, why: "is an AppC image, which is not to be had here: build a Docker image of it. Without the container it would become a process of the host"},
	{name: "volumes", here: "container.volumes", take: func(c *conversion, v node) {
		for _, item := range v.items() {
			c.volume(item)
		}
	}},
	{name: "portMappings", here: "ports"},
	{name: "linuxInfo", here: "container.mesos", take: (*conversion).linuxInfo},
}

// dockerFields are those of container.docker of a Marathon app.
var dockerFields = []field{
	{name: "image", here: "container.image", take: (*conversion).image},
	{name: "forcePullImage", here: "container.pullPolicy", take: (*conversion).pull},
	{name: "privileged", here: "container.docker.privileged", take: (*conversion).privileged},
	{name: "parameters", here: "container.docker.parameters", take: func(c *conversion, v node) {
		if !c.docker && !v.void() {
			v.leftOut("flags of docker run are for containers that Docker runs")
			return
		}
		c.parameters(v)
	}},
	{name: "network", here: "container.networks", take: func(c *conversion, v node) {
		name := c.root.get("ipAddress", "networkName")
		c.network(v, v.text(), name.text(), nil)
	}},
	{name: "portMappings", here: "ports"},
	{name: "credential", here: "container.mesos.pullSecretRef", take: (*conversion).pullSecret},
	{name: "pullConfig", here: "container.mesos.pullSecretRef", take: (*conversion).pullSecret},
}

func (c *conversion) pull(v node) {
	if v.flag() {
		c.container().PullPolicy = v1alpha1.PullAlways
	}
}

// pullSecret names the Secret, which somebody has to make, with the credentials for the image's registry.
func (c *conversion) pullSecret(v node) {
	switch {
	case v.void():
	case c.docker:
		v.refuse("is for a registry, and Docker is handed no credentials by Mesos: see docs/tasks.md on images that need a password, and take this out")
	default:
		v.settle()
		name := c.name + "-registry"
		c.mesosContainer().PullSecretRef = &v1alpha1.PullSecretReference{Name: name}
		v.differs("is for a registry: make a Secret %s of it (kubectl create secret docker-registry %s)", name, name)
	}
}

func (c *conversion) privileged(v node) {
	switch {
	case !v.flag():
	case c.docker:
		c.byDocker().Privileged = true
	default:
		v.leftOut("a container that Mesos runs is never privileged")
	}
}

// linuxInfo takes what Marathon passes to Mesos' Linux isolators.
func (c *conversion) linuxInfo(v node) {
	if c.docker {
		v.leftOut("is for containers that Mesos runs, and Docker runs this one")
		return
	}
	if ipc := v.get("ipcInfo"); !ipc.absent() {
		if ipc.get("mode").oneOf("PRIVATE", "SHARE_PARENT") == "SHARE_PARENT" {
			c.mesosContainer().IPCMode = v1alpha1.IPCShareParent
		} else {
			c.mesosContainer().IPCMode = v1alpha1.IPCPrivate
		}
		if size := ipc.get("shmSize"); !size.void() {
			c.mesosContainer().ShmSizeMiB = new(size.whole(1, 1048576))
		}
	}
	if seccomp := v.get("seccomp"); !seccomp.absent() {
		seccomp.leftOut("seccomp profiles are the agents' own (--default_seccomp_profile)")
	}
}

// appNetworks takes networks in Marathon's newer form.
func (c *conversion) appNetworks(v node) {
	if older := c.root.get("container", "docker", "network"); !older.void() && !v.void() {
		if !sameMode(older, v.items()[0].get("mode")) {
			v.leftOut("says another network than container.docker.network, by which Marathon went that took both (before 1.5)")
			return
		}
		older.noEffect("says in Marathon's older form what networks says")
		c.container().Networks = nil
	}
	for _, item := range v.items() {
		mode := item.get("mode").text()
		if mode == "" {
			mode = "container"
		}
		c.network(item, mode, item.get("name").text(), c.mesosLabels(item.get("labels")))
	}
}

// sameMode says whether a network's mode in Marathon's older form is that of one in its newer.
func sameMode(older, newer node) bool {
	return map[string]string{"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}[strings.ToUpper(older.text())] == firstOf(newer.text(), "container")
}

// appIPAddress takes a network in Marathon's older form.
func (c *conversion) appIPAddress(v node) {
	name := v.get("networkName")
	labels := c.mesosLabels(v.get("labels"))
	if !c.ownNetwork() {
		if name.void() {
			v.refuse("gives the task an address of its own, and names no network: write the CNI network's name into networkName")
			return
		}
		c.network(v, "container", name.text(), labels)
	} else {
		name.strike()
		for i := range c.container().Networks {
			c.container().Networks[i].Labels = append(c.container().Networks[i].Labels, labels...)
		}
		if c.docker && len(labels) > 0 {
			c.container().Networks[0].Labels = nil
			v.get("labels").leftOut("labels of a network are not told to Docker")
		}
	}
	if groups := v.get("groups"); !groups.void() {
		groups.leftOut("groups of a network are not told to Mesos here: labels of container.networks are")
	}
	for _, port := range v.get("discovery", "ports").items() {
		c.addPort(port, wish{name: port.get("name").text(), container: port.get("number").whole(0, 65535), protocol: port.get("protocol").text()})
		port.differs("the port takes a host port besides, which is forwarded to it where the network does that")
	}
}

func (c *conversion) appRole(v node) {
	if role := v.text(); role != "" {
		c.spec.Roles = []string{role}
		v.kept("has to be one of the roles of the MesosFramework (spec.info.roles)")
	}
}

// appAcceptedRoles says whose reserved resources may be used.
func (c *conversion) appAcceptedRoles(v node) {
	roles := slices.DeleteFunc(v.texts(), func(role string) bool { return role == "*" })
	switch {
	case len(roles) == 0:
		if !v.void() {
			c.book.sayCommon(Kept, v.path, "keeps to what is not reserved: a task here uses what is reserved for its role as well, where there is something")
		}
	case len(c.spec.Roles) > 0:
		v.leftOut("role is set as well: a task of that role uses what is reserved for it, then what is not reserved")
	case len(roles) > 8:
		v.refuse("has more than 8 roles")
	default:
		c.spec.Roles = roles
		v.differs("a task of a role uses what is reserved for it, and what is not reserved as well; each has to be one of the MesosFramework's (spec.info.roles)")
	}
}

// appPorts takes the ports: of the host, or mappings where the container has a network of its own.
func (c *conversion) appPorts() {
	mappings := c.mappings()
	definitions, numbers, require := c.root.get("portDefinitions"), c.root.get("ports"), c.root.get("requirePorts")
	required := require.flag()
	if c.ownNetwork() {
		for _, v := range []node{definitions, numbers, c.root.get("requirePorts")} {
			v.noEffect("is for the host's network, and the container has one of its own: portMappings are what counts, as there")
		}
		c.portMappings(mappings)
		return
	}
	mappings.noEffect("is for a container with a network of its own, and this one is in the host's: there it had no effect either")
	for _, v := range definitions.items() {
		c.hostPort(v.get("port"), required, wish{
			name: v.get("name").text(), protocol: v.get("protocol").text(), labels: c.mesosLabels(v.get("labels")),
		})
	}
	if !definitions.void() {
		numbers.noEffect("says in Marathon's older form what portDefinitions says, which counts")
		return
	}
	for _, v := range numbers.items() {
		c.hostPort(v, required, wish{})
	}
	if definitions.absent() && numbers.absent() {
		c.book.sayDefault("portDefinitions", "is not set: one port from the offer, as there")
		c.addPort(definitions, wish{})
	}
}

// mappings are those of the container, in Marathon's newer form or its older.
func (c *conversion) mappings() node {
	newer, older := c.root.get("container", "portMappings"), c.root.get("container", "docker", "portMappings")
	switch {
	case newer.absent():
		return older
	case older.void():
	case reflect.DeepEqual(newer.value, older.value):
		older.noEffect("says in Marathon's older form what container.portMappings says")
	default:
		older.leftOut("is not what container.portMappings says, which is Marathon's newer form and counts")
	}
	return newer
}

// hostPort takes a port of the host. Without requirePorts its number is a service port, which load balancers read, and the task has any.
func (c *conversion) hostPort(v node, required bool, w wish) {
	number := v.whole(0, 65535)
	switch {
	case required:
		w.host = number
	case number > 0:
		c.book.sayCommon(Kept, v.path, "is a service port, as requirePorts is not set, and the task gets any port from the offer: a MesosTaskSet has service.ports for it")
	}
	c.addPort(v, w)
}

// portMappings takes the ports of a container with a network of its own.
func (c *conversion) portMappings(mappings node) {
	if mappings.absent() {
		c.book.sayDefault("container.portMappings", "is not set: one port from the offer, on which the container listens, as there")
		c.addPort(mappings, wish{})
		return
	}
	bridge := c.spec.Container.Networks[0].Mode == v1alpha1.NetworkBridge
	for _, v := range mappings.items() {
		host := v.get("hostPort")
		c.addPort(v, wish{
			name: v.get("name").text(), host: host.portNumber(), container: v.get("containerPort").portNumber(), protocol: v.get("protocol").text(),
			labels: c.mesosLabels(v.get("labels")),
		})
		if host.absent() && !bridge {
			c.book.sayCommon(Kept, v.path, "has no host port there, and takes one from the offer here")
		}
		if service := v.get("servicePort"); !service.void() {
			service.whole(0, 65535)
			c.book.sayCommon(Kept, service.path, "is what load balancers read of Marathon: a MesosTaskSet has service.ports for it")
		} else {
			service.strike()
		}
		if names := v.get("networkNames"); !names.void() {
			names.leftOut("ports are forwarded in the first of the networks")
		}
	}
}

// portNumber takes a port's number; none is 0.
func (n node) portNumber() int32 {
	if n.absent() {
		return 0
	}
	return n.whole(0, 65535)
}

// appChecks takes the first health check and the first readiness check: a task has one of each.
func (c *conversion) appChecks() {
	checks := c.root.get("healthChecks").items()
	for i, v := range checks {
		if i > 0 && c.sameCheck(checks[0], v) {
			v.noEffect("asks the same of the same port as the first health check")
			continue
		}
		if i > 0 || c.spec.HealthCheck != nil {
			v.leftOut("a task has one health check: the first is taken. Make one command of them (healthCheck.command)")
			continue
		}
		c.healthCheck(v)
	}
	for i, v := range c.root.get("readinessChecks").items() {
		switch {
		case i > 0:
			v.leftOut("a task has one readiness check: the first is taken")
		case c.docker:
			v.leftOut("Mesos' Docker executor cannot do readiness checks: the health check, or minReadySeconds of a MesosTaskSet, holds a rollout back")
		default:
			c.readinessCheck(v)
		}
	}
}

func (c *conversion) healthCheck(v node) {
	check := &v1alpha1.HealthCheck{
		GracePeriodSeconds: within(v.get("gracePeriodSeconds"), 300, 0, 86400), IntervalSeconds: within(v.get("intervalSeconds"), 60, 1, 86400),
		TimeoutSeconds: within(v.get("timeoutSeconds"), 20, 1, 3600),
	}
	if delay := v.get("delaySeconds"); !delay.absent() {
		check.DelaySeconds = within(delay, 0, 0, 86400)
	}
	failures := v.get("maxConsecutiveFailures")
	if check.FailureThreshold = within(failures, 3, 0, 1000000); *check.FailureThreshold == 0 {
		check.FailureThreshold = new(int32(1000000))
		failures.kept("0 kills never: failureThreshold is 1000000")
	}
	protocol := v.get("protocol")
	kind, byMesos := strings.CutPrefix(strings.ToUpper(protocol.text()), "MESOS_")
	switch kind {
	case "", "HTTP", "HTTPS":
		port, ok := c.checkPort(v, byMesos)
		if !ok {
			return
		}
		check.HTTP = &v1alpha1.HTTPHealthCheck{Port: port, Path: checkPath(v.get("path"))}
		if kind == "HTTPS" {
			check.HTTP.Scheme = v1alpha1.CheckHTTPS
		}
	case "TCP":
		port, ok := c.checkPort(v, byMesos)
		if !ok {
			return
		}
		check.TCP = &v1alpha1.TCPCheck{Port: port}
		v.get("path").noEffect("is for a check over HTTP, and this one is over TCP")
	case "COMMAND":
		check.Command, byMesos = commandCheck(v.first("command", "exec")), true
	default:
		protocol.leftOut("protocol %q is not known here: the task has no health check", kind)
		return
	}
	c.checkRest(v)
	if !byMesos {
		c.book.sayCommon(Differs, v.path, "is done by Mesos on the agent, as a check MESOS_%s there, and no more by Marathon from its host: the task has to listen on 127.0.0.1, too", firstOf(kind, "HTTP"))
	}
	c.spec.HealthCheck = check
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// checkRest takes what the other kinds of checks would look at.
func (c *conversion) checkRest(v node) {
	v.get("portIndex").strike()
	v.get("ignoreHttp1xx").noEffect("is so in any case: what Mesos checks with waits for the answer behind one of 1xx")
	if ip := v.get("ipProtocol"); !ip.absent() && !strings.EqualFold(ip.text(), "IPv4") {
		ip.leftOut("checks go to 127.0.0.1, over IPv4")
	}
}

// checkPort is the port that a check goes to. One that Mesos does is done in the container's own network, and Marathon's goes to the address of the
// container where that has one, and else to the agent's (Marathon: MesosHealthCheckWithPorts, HealthCheckWorker).
func (c *conversion) checkPort(v node, byMesos bool) (intstr.IntOrString, bool) {
	if port := v.get("port"); !port.void() {
		addressed := c.ownNetwork() && c.spec.Container.Networks[0].Mode == v1alpha1.NetworkContainer
		return c.portOfNumber(v, port.whole(0, 65535), byMesos || addressed)
	}
	v.get("port").strike()
	index := v.get("portIndex")
	if index.absent() {
		return c.portName(v, 0)
	}
	return c.portName(v, int(index.whole(0, 1000)))
}

// commandCheck takes the command of a check, in any of the forms that Marathon has for it.
func commandCheck(v node) *v1alpha1.CommandCheck {
	if inner := v.get("command"); !inner.absent() {
		v = inner
	}
	if argv := v.get("argv"); !argv.void() {
		return &v1alpha1.CommandCheck{Argv: argv.texts()}
	}
	line := v.first("value", "shell")
	if line.void() {
		v.refuse("has no command to check with")
	}
	return &v1alpha1.CommandCheck{Shell: line.text()}
}

func (c *conversion) readinessCheck(v node) {
	name := v.get("portName")
	// http-api is Marathon's name of the port where none is said.
	port := portLabel(firstOf(name.text(), "http-api"))
	if own := v.get("name"); !own.absent() {
		own.strike()
		c.book.sayDefault(own.path, "a readiness check has no name here")
	}
	if !slices.ContainsFunc(c.spec.Ports, func(p v1alpha1.Port) bool { return p.Name == port && p.Protocol != v1alpha1.ProtocolUDP }) {
		v.leftOut("goes to a port %q, which is none of the task's for TCP", port)
		return
	}
	if protocol := v.get("protocol"); protocol.oneOf("HTTP", "HTTPS") == "HTTPS" {
		v.leftOut("Mesos' readiness checks know plain HTTP alone: use a command")
		return
	}
	check := &v1alpha1.ReadinessCheck{
		HTTP:            &v1alpha1.HTTPReadinessCheck{Port: intstr.FromString(port), Path: checkPath(v.get("path")), Statuses: []string{"200"}},
		IntervalSeconds: within(v.get("intervalSeconds"), 30, 1, 86400), TimeoutSeconds: within(v.get("timeoutSeconds"), 10, 1, 3600),
	}
	if statuses := v.get("httpStatusCodesForReady"); !statuses.void() {
		check.HTTP.Statuses = statuses.texts()
	}
	if last := v.get("preserveLastResponse"); last.flag() {
		last.leftOut("of the last answer status.task.readinessResult has the status alone")
	}
	c.book.sayCommon(Differs, v.path, "is done by Mesos on the agent for as long as the task runs, and condition Ready follows it: the task has to listen on 127.0.0.1, too")
	c.spec.ReadinessCheck = check
}

// appRestarts takes the backoff, in seconds.
func (c *conversion) appRestarts(initial, factor, most node) {
	if !initial.absent() {
		c.spec.Backoff.InitialSeconds = initial.whole(1, 86400)
	}
	if !most.absent() {
		c.spec.Backoff.MaxSeconds = most.whole(1, 86400)
	}
	if longest := c.spec.Backoff.MaxSeconds; longest > 0 && c.spec.Backoff.InitialSeconds > longest {
		initial.differs("is more than the longest wait, which counts")
		c.spec.Backoff.InitialSeconds = longest
	}
	if c.spec.Backoff.MaxSeconds == 0 && c.spec.Backoff.InitialSeconds > 300 {
		c.spec.Backoff.MaxSeconds = c.spec.Backoff.InitialSeconds
	}
	if factor.absent() {
		return
	}
	amount, ok := factor.quantity()
	if least, top := resource.MustParse("1"), resource.MustParse("10"); ok && (amount.Cmp(least) < 0 || amount.Cmp(top) > 0) {
		factor.differs("is brought to what it can be: from 1 to 10")
		if amount.Cmp(least) < 0 {
			amount = least
		} else {
			amount = top
		}
	}
	c.spec.Backoff.Factor = &amount
}

// unreachableIn says what becomes of a task of a lost agent: Marathon replaces it at once unless told otherwise.
func (c *conversion) unreachableIn(v node) {
	inactive, expunge := v.get("inactiveAfterSeconds"), v.get("expungeAfterSeconds")
	switch text, isText := v.value.(string); {
	case isText && strings.EqualFold(text, "disabled"):
		v.strike()
		c.spec.Unreachable = &v1alpha1.Unreachable{}
	case v.absent():
		c.book.sayDefault(v.path, "is not set: a task of a lost agent is replaced at once, as there, and two may run for a while. "+
			"Take spec.unreachable out to have it wait until Mesos can tell")
		c.spec.Unreachable = &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(0))}
	case isText:
		v.refuse("%q is no strategy", text)
	default:
		seconds := inactive.number(0, 31536000)
		c.spec.Unreachable = &v1alpha1.Unreachable{ReplaceAfterSeconds: &seconds}
		if late := expunge.number(0, 31536000); late > seconds {
			expunge.kept("a replaced task that comes back is killed at once here, whenever that is")
		}
	}
}

// number takes a whole number; none is least.
func (n node) number(least, most int32) int32 {
	if n.absent() {
		return least
	}
	return n.whole(least, most)
}

// howMany makes a MesosTaskSet where there is not one task, or where it is said how tasks are replaced.
func (c *conversion) howMany(instances, strategy node) {
	replicas := int32(1)
	if !instances.absent() {
		replicas = instances.whole(0, 10000)
	}
	if replicas == 1 && strategy.void() {
		c.book.sayDefault(strategy.path, "is not set for one task, which becomes a MesosTask: a change kills it, then launches it anew, where the new one came first there. "+
			"Make it a MesosTaskSet with replicas: 1 if that matters")
		return
	}
	c.set = &v1alpha1.MesosTaskSetSpec{Replicas: &replicas, MinReadySeconds: 10}
	healthy, over := 1.0, 1.0
	if strategy.void() {
		c.book.sayDefault(strategy.path, "is not set: as many new tasks as there are old ones come before those go, as there. Lower maxSurge if that is too many")
	}
	if v := strategy.get("minimumHealthCapacity"); !v.absent() {
		healthy = v.fraction()
	}
	if v := strategy.get("maximumOverCapacity"); !v.absent() {
		over = v.fraction()
	}
	rolling := &v1alpha1.RollingUpdate{}
	rolling.MaxUnavailable = new(percent(math.Floor((1-healthy)*100 + 1e-9)))
	surge := math.Floor(over*100 + 1e-9)
	rolling.MaxSurge = new(percent(surge))
	if there, here := math.Floor(float64(replicas)*over+1e-9), math.Ceil(float64(replicas)*surge/100); there != here {
		strategy.get("maximumOverCapacity").kept("is rounded up here, and was rounded down: %.0f new tasks besides %d, not %.0f", here, replicas, there)
	}
	if rolling.MaxUnavailable.IntValue() == 0 && rolling.MaxUnavailable.StrVal == "0%" && surge == 0 {
		rolling.MaxSurge = new(intstr.FromInt32(1))
		strategy.kept("lets no task go and none come: one comes before another goes, as there")
	}
	c.set.UpdateStrategy = v1alpha1.UpdateStrategy{Type: v1alpha1.UpdateRolling, RollingUpdate: rolling}
}

func percent(number float64) intstr.IntOrString {
	return intstr.FromString(fmt.Sprintf("%.0f%%", number))
}

// fraction takes a number from 0 to 1.
func (n node) fraction() float64 {
	amount, ok := n.quantity()
	value := amount.AsApproximateFloat64()
	if ok && (value < 0 || value > 1) {
		n.refuse("%v is not from 0 to 1", value)
	}
	return value
}
