package migration

import (
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// jobFields are those of a Chronos job.
var jobFields = []field{
	{name: "name", here: "metadata.name", take: func(_ *conversion, v node) { v.strike() }},
	{name: "schedule", here: "schedule; a MesosTask for one that runs once and at once (R1)"},
	{name: "scheduleTimeZone", here: "timeZone"},
	{name: "epsilon", here: "startingDeadlineSeconds", take: (*conversion).epsilon},
	{name: "parents", fate: Refused, why: "nothing runs after something else here: make one command of the jobs, or let a workflow engine apply MesosTasks"},
	{name: "container", here: "container", take: (*conversion).jobContainer},
	{name: "command", here: "shell, or command"},
	{name: "arguments", here: "behind the command line of shell, or in command"},
	{name: "shell", here: "shell, or command"},
	{name: "runAsUser", here: "user", take: (*conversion).user},
	{name: "environmentVariables", here: "env", take: (*conversion).jobVariables},
	{name: "fetch", here: "uris", take: func(c *conversion, v node) { c.uris(v) }},
	{name: "uris", here: "uris", take: func(c *conversion, v node) { c.uris(v) }},
	{name: "cpus", here: "resources.requests.cpus"},
	{name: "mem", here: "resources.requests.memory, in MiB"},
	{name: "disk", here: "resources.requests.disk, in MiB"},
	{name: "gpus", here: "resources.requests.gpus", take: (*conversion).gpus},
	{name: "constraints", here: "placement", take: (*conversion).constraints},
	{name: "retries", here: "restartPolicy: OnFailure and maxRestarts"},
	{name: "concurrent", here: "concurrencyPolicy: Allow, or Forbid"},
	{name: "disabled", here: "suspend"},
	{name: "description", here: "annotation description", take: annotate("description")},
	{
		name: "owner", here: "annotation owner", fate: Differs, why: "is an annotation here: nobody is written to when a run fails. docs/cron.md has an alert for it",
		take: annotate("owner"),
	},
	{name: "ownerName", here: "annotation owner-name", take: annotate("owner-name")},
	{name: "async", fate: Refused, why: "says that the job tells Chronos itself when it is done: here a run is done when its command ends, so let it wait"},
	{name: "softError", fate: LeftOut, why: "runs do not wait for each other's success here"},
	{name: "dataProcessingJobType", fate: LeftOut, why: "processed elements are not counted here"},
	{name: "highPriority", fate: LeftOut, why: "runs have no priority: give them a role of their own with a quota"},
	ownExecutor,
	{name: "executorFlags", fate: LeftOut, why: "Mesos' command executor runs all tasks here"},
	{name: "taskInfoData", fate: LeftOut, why: "nobody reads TaskInfo.data of a task that Mesos' command executor runs"},
	{name: "maxCompletionTime", here: "maxRunSeconds", take: func(c *conversion, v node) {
		if seconds := v.whole(0, 31536000); seconds > 0 {
			c.spec.MaxRunSeconds = &seconds
		}
	}},
	{name: "successCount", state: true},
	{name: "errorCount", state: true},
	{name: "lastSuccess", state: true},
	{name: "lastError", state: true},
	{name: "errorsSinceLastSuccess", state: true},
	{name: "processed", state: true},
	{name: "numElementsProcessed", state: true},
}

func annotate(key string) func(c *conversion, v node) {
	return func(c *conversion, v node) {
		if text := v.text(); text != "" {
			c.annotations[key] = text
		}
	}
}

func (c *conversion) job() {
	c.cron = &v1alpha1.MesosCronTaskSpec{ConcurrencyPolicy: v1alpha1.ConcurrencyForbid, StartingDeadlineSeconds: nil}
	c.apply(c.root, jobFields)
	c.cpus(c.root.get("cpus"), "100m")
	c.memory(c.root.get("mem"), "128Mi")
	c.disk(c.root.get("disk"), "256Mi")
	c.imageUser(c.root.get("runAsUser"))
	c.joinNetwork()
	c.jobCommand()
	c.retries(c.root.get("retries"), 2)
	if c.root.get("concurrent").flag() {
		c.cron.ConcurrencyPolicy = v1alpha1.ConcurrencyAllow
	}
	c.cron.Suspend = c.root.get("disabled").flag()
	if schedule := c.root.get("schedule"); schedule.void() {
		if c.root.get("parents").void() {
			schedule.refuse("is missing: there is no time at which it would run")
		}
	} else {
		c.repeat(schedule, c.root.get("scheduleTimeZone"))
	}
}

// retries are how often a run that failed is tried again; there is how often where it is not said.
func (c *conversion) retries(v node, there int32) {
	c.spec.RestartPolicy = v1alpha1.RestartOnFailure
	if v.absent() {
		c.book.sayDefault(v.path, "is not set: a failed run is tried again %d times, as there", there)
	} else {
		there = v.whole(0, 1000000)
	}
	c.spec.MaxRestarts = &there
}

func (c *conversion) epsilon(v node) {
	period, err := parsePeriod(v.text())
	switch {
	case v.void():
	case err != nil || period.months > 0 || period.seconds == 0:
		v.leftOut("%q is no time within which a run could still start: it is 600 seconds", v.value)
	default:
		c.cron.StartingDeadlineSeconds = new(int32(min(period.seconds, 31536000)))
	}
}

func (c *conversion) jobVariables(v node) {
	for _, item := range v.items() {
		c.variable(item, v1alpha1.EnvVar{Name: item.get("name").text(), Value: item.get("value").text()})
	}
}

// jobCommand takes the command: a line for the shell unless shell is false.
func (c *conversion) jobCommand() {
	command, arguments, shell := c.root.get("command"), c.root.get("arguments"), c.root.get("shell")
	line := command.text()
	hasImage := c.spec.Container != nil && c.spec.Container.Image != ""
	if shell.absent() || shell.flag() {
		c.spec.Shell = line
		if strings.HasPrefix(line, "http") || strings.HasPrefix(line, "ftp") {
			c.program(command, line)
		}
		if words := arguments.texts(); len(words) > 0 && line != "" {
			c.spec.Shell = line + " " + strings.ReplaceAll(strings.Join(words, " "), ";", "")
			arguments.differs("stand behind the command, where Chronos put them without ';', though its documentation says that a shell gets none")
		}
		if line == "" && !hasImage {
			command.refuse("is missing: there is nothing to run")
		}
		return
	}
	switch args := arguments.texts(); {
	case line != "":
		c.spec.Command = append([]string{line}, args...)
	case hasImage:
		c.spec.Args = args
	default:
		command.refuse("is missing: there is nothing to run")
	}
}

// program fetches and runs what a command names by its URL, as Chronos did with one that begins with http or ftp.
func (c *conversion) program(v node, url string) {
	c.addURI(v, v1alpha1.URI{Value: url, Executable: true})
	c.spec.Shell = `"./` + url[strings.LastIndex(url, "/")+1:] + `"`
	v.kept("is a file that is fetched, made executable and run, as there")
}

// jobContainerFields are those of the container of a Chronos job.
var jobContainerFields = []field{
	{name: "type", here: "container.docker for DOCKER"},
	{name: "image", here: "container.image", take: (*conversion).image},
	{name: "network", here: "container.networks", take: func(c *conversion, v node) {
		c.network(v, v.text(), c.root.get("container", "networkName").text(), nil)
	}},
	{name: "networkName", here: "container.networks"},
	{name: "networkInfos", here: "container.networks", take: (*conversion).networkInfos},
	{name: "volumes", here: "container.volumes", take: func(c *conversion, v node) {
		for _, item := range v.items() {
			c.volume(item)
		}
	}},
	{name: "forcePullImage", here: "container.pullPolicy", take: (*conversion).pull},
	{name: "parameters", here: "container.docker.parameters", take: func(c *conversion, v node) {
		if !c.docker && !v.void() {
			v.leftOut("flags of docker run are for containers that Docker runs")
			return
		}
		c.parameters(v)
	}},
}

func (c *conversion) jobContainer(v node) {
	if len(v.keys()) == 0 {
		return
	}
	switch kind := v.get("type").text(); strings.ToUpper(kind) {
	case "", "DOCKER":
		if v.get("image").void() {
			v.refuse("is a Docker container without an image: without the container it would become a process of the host")
			return
		}
		c.byDocker()
	case "MESOS":
	default:
		v.refuse("type %q is not to be had here, and without the container it would become a process of the host", kind)
		return
	}
	if name := v.get("networkName"); !name.absent() {
		name.strike()
	}
	c.apply(v, jobContainerFields)
}

// networkInfos takes networks as Mesos calls them.
func (c *conversion) networkInfos(v node) {
	for _, item := range v.items() {
		if name := item.get("name"); !name.void() {
			c.network(item, "container", name.text(), c.labelList(item.get("labels")))
		}
	}
}

// labelList takes labels in any form that Mesos' schedulers have: an object, or a list of keys and values.
func (c *conversion) labelList(v node) []v1alpha1.Label {
	if inner := v.get("labels"); !inner.absent() {
		v = inner
	}
	if _, isList := v.value.([]any); !isList {
		return c.mesosLabels(v)
	}
	var labels []v1alpha1.Label
	for _, item := range v.items() {
		labels = append(labels, v1alpha1.Label{Name: item.get("key").text(), Value: item.get("value").text()})
	}
	return labels
}
