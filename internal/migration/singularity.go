package migration

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

const loadBalancer = "nothing here speaks to Baragon: a MesosTaskSet has spec.service, which Ingresses and Gateways lead to"

// requestFields are those of a Singularity request.
var requestFields = []field{
	{name: "id", here: "metadata.name", take: func(_ *conversion, v node) { v.strike() }},
	{name: "requestType", here: "the kind of object"},
	{name: "daemon", here: "the kind of object"},
	{name: "schedule", here: "schedule of a MesosCronTask"},
	{name: "quartzSchedule", here: "schedule of a MesosCronTask"},
	{name: "scheduleType", here: "schedule of a MesosCronTask"},
	{name: "scheduleTimeZone", here: "timeZone of a MesosCronTask"},
	{name: "instances", here: "replicas of a MesosTaskSet; 1 is a MesosTask"},
	{name: "numRetriesOnFailure", here: "restartPolicy: OnFailure and maxRestarts"},
	{name: "taskExecutionTimeLimitMillis", here: "maxRunSeconds", take: func(c *conversion, v node) {
		if amount, ok := v.quantity(); ok && amount.Sign() > 0 {
			c.spec.MaxRunSeconds = new(int32(min((amount.Value()+999)/1000, 31536000)))
		}
	}},
	{name: "owners", here: "annotation owner", take: func(c *conversion, v node) {
		if owners := v.texts(); len(owners) > 0 {
			c.annotations["owner"] = strings.Join(owners, ", ")
			c.book.sayCommon(Differs, v.path, "are an annotation here: nobody is written to")
		}
	}},
	{name: "rackSensitive", here: "placement.spread", take: func(c *conversion, v node) {
		if v.flag() {
			c.constraint(v, "rackid", "GROUP_BY", "")
			v.kept("racks are attribute rackid of the agents, Singularity's default (rackIdAttributeKey)")
		}
	}},
	{name: "rackAffinity", here: "placement.constraints", take: func(c *conversion, v node) {
		if racks := v.texts(); len(racks) > 0 {
			c.placement().Constraints = append(c.placement().Constraints, v1alpha1.Constraint{By: agentKey("rackid"), Operator: v1alpha1.ConstraintIn, Values: racks})
			v.kept("racks are attribute rackid of the agents, Singularity's default (rackIdAttributeKey)")
		}
	}},
	{name: "slavePlacement", here: "placement", take: (*conversion).agentPlacement},
	{name: "agentPlacement", here: "placement", take: (*conversion).agentPlacement},
	{name: "requiredSlaveAttributes", here: "placement.constraints", take: (*conversion).requiredAttributes},
	{name: "requiredAgentAttributes", here: "placement.constraints", take: (*conversion).requiredAttributes},
	{name: "allowedSlaveAttributes", fate: LeftOut, why: "lets a task onto agents that are kept for some: constraints of the others keep those away here"},
	{name: "allowedAgentAttributes", fate: LeftOut, why: "lets a task onto agents that are kept for some: constraints of the others keep those away here"},
	{name: "requiredRole", here: "roles", take: (*conversion).appRole},
	{name: "skipHealthchecks", here: "no healthCheck"},
	{name: "loadBalanced", fate: LeftOut, why: loadBalancer},
	{name: "killOldNonLongRunningTasksAfterMillis", fate: LeftOut, why: "a change of a MesosCronTask leaves the runs that run alone"},
	{name: "scheduledExpectedRuntimeMillis", fate: LeftOut, why: "nobody is told of a run that takes long: maxRunSeconds ends one"},
	{name: "waitAtLeastMillisAfterTaskFinishesForReschedule", fate: LeftOut, why: "the time of the schedule counts alone"},
	{name: "group", fate: LeftOut, why: "who may do what is said by roles of Kubernetes in the object's namespace"},
	{name: "readWriteGroups", fate: LeftOut, why: "who may do what is said by roles of Kubernetes in the object's namespace"},
	{name: "readOnlyGroups", fate: LeftOut, why: "who may do what is said by roles of Kubernetes in the object's namespace"},
	{name: "actionPermissions", fate: LeftOut, why: "who may do what is said by roles of Kubernetes in the object's namespace"},
	{name: "emailConfigurationOverrides", fate: LeftOut, why: "nobody is written to: alerts are made of metrics"},
	{name: "taskLogErrorRegex", fate: LeftOut, why: "logs are not searched for errors"},
	{name: "taskLogErrorRegexCaseSensitive", fate: LeftOut, why: "logs are not searched for errors"},
	{name: "taskPriorityLevel", fate: LeftOut, why: "tasks have no priority: give them a role of their own with a quota"},
	{name: "maxTasksPerOffer", fate: LeftOut, why: "a spread by host name bounds how many share a host"},
	{name: "bounceAfterScale", fate: LeftOut, why: "scaling replaces no tasks"},
	{name: "allowBounceToSameHost", fate: LeftOut, why: "a new task may be on the host of the old one unless a spread keeps it away"},
	{name: "hideEvenNumberAcrossRacksHint", fate: LeftOut, why: "is for Singularity's own pages"},
	{name: "dataCenter", fate: LeftOut, why: "is for Singularity's own pages"},
}

// deployFields are those of a Singularity deploy.
var deployFields = []field{
	{name: "requestId", here: "the request that it is of", take: func(_ *conversion, v node) { v.strike() }},
	{name: "id", here: "annotation deploy", take: annotate("deploy")},
	{name: "version", here: "annotation version", take: annotate("version")},
	{name: "containerInfo", here: "container", take: (*conversion).containerInfo},
	{name: "command", here: "shell, or command"},
	{name: "arguments", here: "command, or args with an image"},
	{name: "shell", here: "shell, or command"},
	{name: "user", here: "user", take: (*conversion).user},
	{name: "env", here: "env", take: (*conversion).variables},
	{name: "uris", here: "uris", take: func(c *conversion, v node) { c.uris(v) }},
	{name: "resources", here: "resources.requests, ports"},
	{name: "labels", here: "labels", take: func(c *conversion, v node) { c.addLabels(v, c.labelList(v)) }},
	{name: "mesosLabels", here: "labels", take: func(c *conversion, v node) { c.addLabels(v, c.labelList(v)) }},
	{name: "healthcheck", here: "healthCheck, or readinessCheck"},
	{name: "healthcheckUri", here: "healthCheck, or readinessCheck"},
	{name: "healthcheckIntervalSeconds", here: "healthCheck, or readinessCheck"},
	{name: "healthcheckTimeoutSeconds", here: "healthCheck, or readinessCheck"},
	{name: "healthcheckPortIndex", here: "healthCheck, or readinessCheck"},
	{name: "healthcheckProtocol", here: "healthCheck, or readinessCheck"},
	{name: "healthcheckMaxRetries", fate: LeftOut, why: "a check goes on being tried"},
	{name: "healthcheckMaxTotalTimeoutSeconds", fate: LeftOut, why: "a check goes on being tried: progressDeadlineSeconds of a MesosTaskSet says when a rollout takes too long"},
	{name: "skipHealthchecksOnDeploy", here: "no healthCheck"},
	{name: "considerHealthyAfterRunningForSeconds", here: "minReadySeconds of a MesosTaskSet"},
	{name: "deployHealthTimeoutSeconds", here: "progressDeadlineSeconds of a MesosTaskSet"},
	{name: "deployInstanceCountPerStep", here: "updateStrategy.rollingUpdate.maxSurge of a MesosTaskSet"},
	{name: "deployStepWaitTimeMs", fate: LeftOut, why: "each step of a rollout waits for its tasks to be ready for minReadySeconds"},
	{name: "autoAdvanceDeploySteps", fate: LeftOut, why: "a rollout goes on by itself: partition and paused of a MesosTaskSet hold it"},
	{name: "maxTaskRetries", fate: LeftOut, why: "a new task that fails is tried again, and holds the rollout"},
	{name: "metadata", fate: LeftOut, why: "is for Singularity's own pages: annotations are what Kubernetes has for it"},
	{name: "taskEnv", fate: LeftOut, why: "tasks of a set are alike: one that is to differ is a MesosTask of its own"},
	{name: "taskLabels", fate: LeftOut, why: "tasks of a set are alike: one that is to differ is a MesosTask of its own"},
	{name: "mesosTaskLabels", fate: LeftOut, why: "tasks of a set are alike: one that is to differ is a MesosTask of its own"},
	{name: "customExecutorCmd", fate: Refused, why: "is an executor of its own: Mesos' command executor runs all tasks here. Take it out, with executorData, and write command and uris"},
	{name: "customExecutorId", fate: LeftOut, why: "Mesos' command executor runs all tasks here"},
	{name: "customExecutorSource", fate: LeftOut, why: "Mesos' command executor runs all tasks here"},
	{name: "customExecutorResources", fate: LeftOut, why: "Mesos' command executor runs all tasks here, and its share is part of the task's"},
	{name: "customExecutorUser", fate: LeftOut, why: "Mesos' command executor runs all tasks here"},
	{name: "executorData", fate: Refused, why: "is for an executor of its own: Mesos' command executor runs all tasks here. Write command, user and uris instead"},
	{name: "runImmediately", fate: LeftOut, why: "annotation mesos.dev/run-requested-at asks for a run"},
	{name: "serviceBasePath", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerGroups", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerPortIndex", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerOptions", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerDomains", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerAdditionalRoutes", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerTemplate", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerServiceIdOverride", fate: LeftOut, why: loadBalancer},
	{name: "loadBalancerUpstreamGroup", fate: LeftOut, why: loadBalancer},
	{name: "timestamp", state: true},
}

// envelopeFields stand beside request and deploy.
var envelopeFields = []field{
	{name: "request", here: "see there"},
	{name: "deploy", here: "see there"},
	{name: "activeDeploy", here: "see there, where there is no deploy"},
	{name: "state", here: "suspend, where it is PAUSED", take: func(c *conversion, v node) {
		if state := v.text(); strings.EqualFold(state, "PAUSED") {
			c.spec.Suspend = true
		}
	}},
	{name: "pendingDeploy", fate: LeftOut, why: "the deploy that is active is converted: convert again once this one is"},
	{name: "requestDeployState", state: true},
	{name: "taskIds", state: true},
	{name: "pendingDeployState", state: true},
	{name: "expiringBounce", state: true},
	{name: "expiringPause", state: true},
	{name: "expiringScale", state: true},
	{name: "expiringSkipHealthchecks", state: true},
	{name: "unpauseOnSuccessfulDeploy", state: true},
	{name: "message", state: true},
	{name: "user", state: true},
}

func (c *conversion) request() {
	request := c.root.get("request")
	deploy := c.root.get("deploy")
	if deploy.absent() {
		deploy = c.root.get("activeDeploy")
	} else if active := c.root.get("activeDeploy"); !active.absent() {
		active.leftOut("deploy is there as well, and counts")
	}
	switch {
	case deploy.absent():
		c.book.say(Refused, "deploy", "is missing, and says what runs: convert the request and its deploy together (kubectl mesos convert -f DIRECTORY)")
		return
	case request.absent():
		c.book.say(Refused, "request", "is missing, and says how many run and when: convert the request and its deploy together (kubectl mesos convert -f DIRECTORY)")
		return
	}
	if of := deploy.get("requestId"); !of.void() && of.text() != c.id {
		of.refuse("is of request %q, and stands beside %q", of.text(), c.id)
	}
	c.apply(c.root, envelopeFields)
	c.apply(request, requestFields)
	c.apply(deploy, deployFields)
	resources := deploy.get("resources")
	c.cpus(resources.get("cpus"), "1")
	c.memory(resources.first("memoryMb"), "64Mi")
	c.disk(resources.get("diskMb"), "")
	c.imageUser(deploy.get("user"))
	c.joinNetwork()
	c.offeredPorts(deploy, resources.get("numPorts"))
	c.deployCommand(deploy)
	c.requestKind(request, deploy)
	c.deployCheck(request, deploy)
}

// requestKind says what a request becomes.
func (c *conversion) requestKind(request, deploy node) {
	kind := request.get("requestType")
	name := strings.ToUpper(kind.text())
	if daemon := request.get("daemon"); !daemon.absent() {
		if truth := daemon.flag(); !truth && name == "" {
			name = "ON_DEMAND"
		}
	}
	retries := request.get("numRetriesOnFailure")
	switch name {
	case "", "SERVICE", "WORKER":
		if !retries.void() {
			retries.leftOut("a service is launched again as often as it ends")
		} else {
			retries.strike()
		}
		c.service(request, deploy)
		return
	case "RUN_ONCE":
		c.retries(retries, 0)
	case "SCHEDULED", "ON_DEMAND":
		c.cron = &v1alpha1.MesosCronTaskSpec{ConcurrencyPolicy: v1alpha1.ConcurrencyForbid}
		c.retries(retries, 0)
		c.requestSchedule(request, name == "ON_DEMAND")
	default:
		kind.refuse("%q is no type of a request that is known here", name)
	}
	if instances := request.get("instances"); !instances.absent() && instances.whole(0, 10000) != 1 {
		if name == "ON_DEMAND" {
			instances.differs("bounds how many run at a time: one here (concurrencyPolicy)")
		} else {
			instances.leftOut("one task runs at a time")
		}
	}
	for _, key := range []string{"considerHealthyAfterRunningForSeconds", "deployHealthTimeoutSeconds", "deployInstanceCountPerStep"} {
		if v := deploy.get(key); !v.absent() {
			v.leftOut("is for services: a run is not rolled out")
		}
	}
}

func (c *conversion) requestSchedule(request node, onDemand bool) {
	cron, quartz, kind := request.get("schedule"), request.get("quartzSchedule"), request.get("scheduleType")
	if c.spec.Suspend {
		c.cron.Suspend, c.spec.Suspend = true, false
	}
	c.location(request.get("scheduleTimeZone"))
	switch scheduleType := kind.oneOf("CRON", "QUARTZ", "RFC5545"); {
	case onDemand:
		c.cron.Schedule, c.cron.Suspend = "@yearly", true
		request.get("requestType").kept("becomes a MesosCronTask that is suspended: annotation mesos.dev/run-requested-at starts a run")
	case scheduleType == "RFC5545":
		cron.refuse("is a schedule of RFC 5545, which cannot be read here: write it as the five fields of cron")
	case !quartz.void() && (cron.void() || scheduleType == "QUARTZ"):
		c.quartz(quartz)
		if !cron.absent() {
			cron.strike()
		}
	case scheduleType == "QUARTZ":
		c.quartz(cron)
	case cron.void():
		c.book.say(Refused, cron.path, "is missing: there is no time at which it would run")
	default:
		c.fields(cron, strings.Fields(cron.text()))
		if !quartz.absent() {
			quartz.strike()
		}
	}
}

// service is what a service or worker becomes.
func (c *conversion) service(request, deploy node) {
	c.spec.Unreachable = &v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(0))}
	c.book.sayDefault("", "a task of a lost agent is replaced at once, as there, and two may run for a while. Take spec.unreachable out to have it wait until Mesos can tell")
	step, ready, deadline := deploy.get("deployInstanceCountPerStep"), deploy.get("considerHealthyAfterRunningForSeconds"), deploy.get("deployHealthTimeoutSeconds")
	replicas := request.get("instances").number(1, 10000)
	if instances := request.get("instances"); !instances.absent() && replicas == 1 {
		instances.strike()
	}
	if replicas == 1 && step.void() && ready.void() && deadline.void() {
		return
	}
	c.set = &v1alpha1.MesosTaskSetSpec{Replicas: &replicas, MinReadySeconds: ready.number(0, 86400), ProgressDeadlineSeconds: deadline.number(0, 604800)}
	if ready.absent() {
		c.set.MinReadySeconds = 10
	}
	if c.set.ProgressDeadlineSeconds > 0 && c.set.ProgressDeadlineSeconds <= c.set.MinReadySeconds {
		deadline.differs("is not more than considerHealthyAfterRunningForSeconds, and no rollout could end in time: it is that and a minute")
		c.set.ProgressDeadlineSeconds = c.set.MinReadySeconds + 60
	}
	surge := intstr.FromString("100%")
	if !step.absent() {
		surge = intstr.FromInt32(step.whole(1, 10000))
	}
	c.set.UpdateStrategy = v1alpha1.UpdateStrategy{
		Type: v1alpha1.UpdateRolling, RollingUpdate: &v1alpha1.RollingUpdate{MaxUnavailable: new(intstr.FromInt32(0)), MaxSurge: &surge},
	}
	if c.spec.Suspend {
		c.set.Suspend, c.spec.Suspend = true, false
	}
}

func (c *conversion) agentPlacement(v node) {
	switch placement := strings.ToUpper(v.text()); placement {
	case "SEPARATE", "SEPARATE_BY_REQUEST", "SEPARATE_BY_DEPLOY":
		c.constraint(v, "hostname", "UNIQUE", "")
	case "", "GREEDY":
	case "OPTIMISTIC":
		c.placement().Scoring = v1alpha1.ScoringSpread
		v.differs("takes the agent that has most left")
	default:
		v.leftOut("a task on each agent is not to be had: set replicas, and a spread by host name")
	}
}

func (c *conversion) requiredAttributes(v node) {
	for _, key := range v.keys() {
		c.constraint(v.get(key), key, "IS", v.get(key).text())
	}
}

// containerInfoFields are those of deploy.containerInfo.
var containerInfoFields = []field{
	{name: "type", here: "container.docker for DOCKER"},
	{name: "docker", here: "container", take: func(c *conversion, v node) { c.apply(v, dockerInfoFields) }},
	{name: "mesos", here: "container", take: func(c *conversion, v node) {
		if image := v.get("image", "docker", "name"); !image.void() {
			c.image(image)
			v.get("image", "type").oneOf("DOCKER")
			if cached := v.get("image", "cached"); !cached.absent() && !cached.flag() {
				c.container().PullPolicy = v1alpha1.PullAlways
			}
		}
	}},
	{name: "volumes", here: "container.volumes", take: func(c *conversion, v node) {
		for _, item := range v.items() {
			c.volume(item)
		}
	}},
	{name: "networkInfos", here: "container.networks", take: (*conversion).networkInfos},
}

// dockerInfoFields are those of deploy.containerInfo.docker.
var dockerInfoFields = []field{
	{name: "image", here: "container.image", take: (*conversion).image},
	{name: "network", here: "container.networks", take: func(c *conversion, v node) {
		if mode := v.text(); mode != "" && !strings.EqualFold(mode, "USER") {
			c.network(v, mode, "", nil)
		}
	}},
	{name: "portMappings", here: "ports"},
	{name: "privileged", here: "container.docker.privileged", take: (*conversion).privileged},
	{name: "forcePullImage", here: "container.pullPolicy", take: (*conversion).pull},
	{name: "parameters", here: "container.docker.parameters", take: (*conversion).parameters},
	{name: "dockerParameters", here: "container.docker.parameters", take: (*conversion).parameters},
}

func (c *conversion) containerInfo(v node) {
	kind := strings.ToUpper(v.get("type").text())
	switch {
	case kind == "DOCKER" && v.get("docker", "image").void():
		v.refuse("is a Docker container without an image: without the container it would become a process of the host")
		return
	case kind == "DOCKER":
		c.byDocker()
	case kind != "MESOS":
		v.refuse("type %q is not to be had here, and without the container it would become a process of the host", kind)
		return
	case !v.get("mesos", "image").void() && v.get("mesos", "image", "docker", "name").void():
		v.refuse("has an image that is none of Docker's, which is not to be had here. Without the container it would become a process of the host")
		return
	}
	if !c.docker && !v.get("docker").void() {
		v.get("docker").leftOut("type MESOS has Mesos run the container, by what stands under mesos")
	}
	c.apply(v, containerInfoFields)
	if c.docker && strings.EqualFold(v.get("docker", "network").text(), "USER") && len(c.container().Networks) == 0 {
		v.get("docker", "network").refuse("names no network that the container could join (networkInfos)")
	}
}

// offeredPorts takes the ports, which all come from the offer: numPorts of them, and of a container which of its own ports each is forwarded to.
func (c *conversion) offeredPorts(deploy, count node) {
	number := int(count.number(0, 64))
	mappings := deploy.get("containerInfo", "docker", "portMappings")
	byIndex := map[int]wish{}
	for _, v := range mappings.items() {
		container, host := v.get("containerPort").portNumber(), v.get("hostPort").portNumber()
		w := wish{protocol: v.get("protocol").text()}
		index := len(byIndex)
		if kind := v.get("hostPortType").oneOf("LITERAL", "FROM_OFFER"); kind == "LITERAL" {
			w.host = host
		} else {
			index = int(host)
		}
		if kind := v.get("containerPortType").oneOf("LITERAL", "FROM_OFFER"); kind != "FROM_OFFER" {
			w.container = container
		} else if int(container) != index {
			v.refuse("listens in the container on another port of the offer than the one that is forwarded to it")
		}
		if _, twice := byIndex[index]; twice {
			v.leftOut("port %d of the offer is forwarded twice: the first counts", index)
			continue
		}
		byIndex[index] = w
		number = max(number, index+1)
	}
	for i := range min(number, 64) {
		w := byIndex[i]
		if !c.ownNetwork() {
			w.container = 0
		}
		c.addPort(node{path: fmt.Sprintf("%s[%d]", mappings.path, i), book: c.book}, w)
	}
}

// deployCommand takes the command, for the shell or not, by Singularity's rules: arguments or a container make it none of the shell's.
func (c *conversion) deployCommand(deploy node) {
	command, arguments, shell := deploy.get("command"), deploy.get("arguments"), deploy.get("shell")
	line, args := command.text(), arguments.texts()
	byShell := len(args) == 0 && deploy.get("containerInfo").absent()
	if !shell.absent() {
		byShell = shell.flag()
	}
	hasImage := c.spec.Container != nil && c.spec.Container.Image != ""
	switch {
	case line != "" && byShell:
		c.spec.Shell = line
		if len(args) > 0 {
			arguments.leftOut("the shell takes none: write them into command")
		}
	case line != "":
		c.spec.Command = append([]string{line}, args...)
		if strings.ContainsAny(line, " \t") {
			command.kept("is run without a shell, as there, and so is one word: where that never worked, set shell: true there")
		}
	case hasImage:
		c.spec.Args = args
	case !c.book.refused():
		c.book.say(Refused, command.path, "is missing, and so is an image: there is nothing to run. Where a tool puts them in as it deploys, "+
			"convert what Singularity has then (/api/requests/request/%s)", c.id)
	}
}

// deployCheck takes the check. Singularity asks until the task answers, and then no more.
func (c *conversion) deployCheck(request, deploy node) {
	options := deploy.get("healthcheck")
	uri, index, protocol := options.get("uri"), options.get("portIndex"), options.get("protocol")
	interval, timeout := options.get("intervalSeconds"), options.get("responseTimeoutSeconds")
	if options.absent() {
		uri, index, protocol = deploy.get("healthcheckUri"), deploy.get("healthcheckPortIndex"), deploy.get("healthcheckProtocol")
		interval, timeout = deploy.get("healthcheckIntervalSeconds"), deploy.get("healthcheckTimeoutSeconds")
	} else {
		for _, name := range []string{"Uri", "PortIndex", "Protocol", "IntervalSeconds", "TimeoutSeconds"} {
			if v := deploy.get("healthcheck" + name); !v.absent() {
				v.leftOut("healthcheck is there as well, and counts")
			}
		}
	}
	skip := request.get("skipHealthchecks").flag()
	if v := deploy.get("skipHealthchecksOnDeploy"); v.flag() {
		v.leftOut("a check is asked whenever the task is launched")
	}
	if uri.void() {
		return
	}
	if skip {
		options.settle()
		request.get("skipHealthchecks").kept("is set: there is no check, as there")
		for _, v := range []node{uri, index, protocol, interval, timeout} {
			v.strike()
		}
		return
	}
	c.startupCheck(options, uri, index, protocol, interval, timeout)
}

func (c *conversion) startupCheck(options, uri, index, protocol, interval, timeout node) {
	var port intstr.IntOrString
	var ok bool
	if number := options.get("portNumber"); !number.void() {
		port, ok = c.portOfNumber(number, number.whole(0, 65535), false)
	} else {
		port, ok = c.portName(uri, int(index.portNumber()))
	}
	if !ok {
		return
	}
	path, scheme := checkPath(uri), strings.ToUpper(protocol.text())
	every, within := within(interval, 5, 1, 86400), within(timeout, 5, 1, 3600)
	delay := options.get("startupDelaySeconds").number(0, 86400)
	grace := options.get("startupTimeoutSeconds")
	for _, key := range []string{"startupIntervalSeconds", "maxRetries", "failureStatusCodes"} {
		if v := options.get(key); !v.void() {
			v.leftOut("a check here has one interval, goes on being tried, and fails by 400 and more")
		}
	}
	if c.docker || scheme == "HTTPS" {
		check := &v1alpha1.HealthCheck{
			HTTP: &v1alpha1.HTTPHealthCheck{Port: port, Path: path}, DelaySeconds: &delay, IntervalSeconds: every, TimeoutSeconds: within,
			GracePeriodSeconds: new(int32(45)), FailureThreshold: new(int32(3)),
		}
		if scheme == "HTTPS" {
			check.HTTP.Scheme = v1alpha1.CheckHTTPS
		}
		if !grace.absent() {
			check.GracePeriodSeconds = new(grace.whole(0, 86400))
		}
		uri.differs("is asked for as long as the task runs, from the agent at 127.0.0.1, and kills a task that fails it three times: Singularity asked until it passed once")
		c.spec.HealthCheck = check
		return
	}
	if !grace.absent() {
		grace.leftOut("a task that never passes its readiness check is not killed: a healthCheck does that")
	}
	uri.differs("is asked for as long as the task runs, from the agent at 127.0.0.1, and kills nothing: Singularity asked until it passed once")
	c.spec.ReadinessCheck = &v1alpha1.ReadinessCheck{
		HTTP: &v1alpha1.HTTPReadinessCheck{Port: port, Path: path}, DelaySeconds: &delay, IntervalSeconds: every, TimeoutSeconds: within,
	}
}
