package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MesosTask is a task that should exist on Apache Mesos.
//
// kubectl wait --for=condition=Ready waits until it runs; Ready is also True once it has completed or is suspended. To learn how
// a one-off task ended, wait for condition Succeeded.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:annotations="mesos.dev/api-level=1"
// +kubebuilder:resource:shortName=mtask,categories=mesos
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="True while the task runs, and once it has completed or is suspended."
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="What the task is doing: the reason of condition Ready."
// +kubebuilder:printcolumn:name="Host",type=string,JSONPath=`.status.task.hostname`,description="The host of the Mesos agent that the task was sent to."
// +kubebuilder:printcolumn:name="Restarts",type=integer,JSONPath=`.status.restarts`,description="How often the task was launched again after an attempt that ran and ended by itself."
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.task.state`,priority=1,description="The task's state, as Mesos calls it."
// +kubebuilder:printcolumn:name="Task-ID",type=string,JSONPath=`.status.task.id`,priority=1,description="The Mesos task ID of the current attempt."
// +kubebuilder:printcolumn:name="Framework",type=string,JSONPath=`.spec.frameworkRef.name`,priority=1,description="The MesosFramework that runs the task."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="The age of the object."
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label: at most 63 characters, lower-case letters, digits and '-', as it becomes part of the Mesos task ID"
type MesosTask struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name must be a DNS label.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the task as it should be.
	// +kubebuilder:validation:XValidation:rule="self.frameworkRef == oldSelf.frameworkRef",message="spec.frameworkRef cannot be changed: delete the MesosTask and create it anew",fieldPath=".frameworkRef"
	// +required
	Spec MesosTaskSpec `json:"spec,omitzero"`

	// status is the task as it was last seen. The operator sets it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status MesosTaskStatus `json:"status,omitempty,omitzero"`
}

// MesosTaskList is a list of MesosTasks.
//
// +kubebuilder:object:root=true
type MesosTaskList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the tasks.
	Items []MesosTask `json:"items"`
}

// MesosTaskSpec is what reaches Mesos (the TaskTemplate) and how the operator keeps it.
type MesosTaskSpec struct {
	// frameworkRef names the MesosFramework that runs the task. It cannot be changed. Default: the MesosFramework named default.
	// +kubebuilder:default={"name":"default"}
	// +optional
	FrameworkRef FrameworkReference `json:"frameworkRef,omitempty,omitzero"`

	TaskTemplate `json:",inline"`

	// restartPolicy says after which ends the task is launched again: Always, OnFailure (not after TASK_FINISHED) or Never. An
	// attempt that never ran is launched again under every policy. Default: Always.
	// +kubebuilder:default=Always
	// +optional
	RestartPolicy RestartPolicy `json:"restartPolicy,omitempty"`

	// backoff spaces the launches of a task that keeps ending. The first launch after an end comes at once.
	// +kubebuilder:default={}
	// +optional
	Backoff Backoff `json:"backoff,omitempty,omitzero"`

	// maxRestarts is how often the task is launched again, after attempts that ran and ended by themselves, before it counts as failed. Ends
	// that the platform is to blame for are not counted: a drain of the agent, its loss, restart or removal, a preemption. Absent: no limit;
	// 0: never.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxRestarts *int32 `json:"maxRestarts,omitempty"`

	// launchTimeoutSeconds is how long a launch may take, from its binding to TASK_RUNNING, in seconds. One that takes longer, while Mesos says
	// that it is still on its way, is killed (killReason LaunchTimedOut) and launched anew, which counts as no restart. An image or a file that
	// is fetched slowly needs its time. Absent: spec.taskDefaults.launchTimeoutSeconds of the MesosFramework, or 900; 0: no limit.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	// +optional
	LaunchTimeoutSeconds *int32 `json:"launchTimeoutSeconds,omitempty"`

	// avoidFailedAgents says where the task is launched after attempts that failed. Preferred: agents on which the last ones failed by themselves
	// come after all others that have room; one on which the task did not start (its launch failed, or took too long) is not used at all for ten
	// minutes, unless it started on none that there is, the spec changes or annotation mesos.dev/restarted-at asks. Never: on any agent. A change of it restarts nothing. Ends that
	// the platform is to blame for do not count. Absent: Preferred.
	// +optional
	AvoidFailedAgents AvoidFailedAgents `json:"avoidFailedAgents,omitempty"`

	// deletionPolicy says what becomes of the task when this object is deleted: Kill kills it and waits until it is over, Orphan
	// lets it run on. Default: Kill.
	// +kubebuilder:default=Kill
	// +optional
	DeletionPolicy TaskDeletionPolicy `json:"deletionPolicy,omitempty"`

	// unreachable says what becomes of a task of which Mesos cannot say whether it still runs. Absent: with restartPolicy Always what
	// spec.taskDefaults of the MesosFramework says, else wait until Mesos can say; {}: wait.
	// +optional
	Unreachable *Unreachable `json:"unreachable,omitempty"`

	// activeDeadlineSeconds is how long after the creation of the object it may have a task, in seconds, whether that ever started or not, and also
	// while it is suspended. Then what runs is killed, nothing is launched any more, and the task has failed (condition Succeeded False, reason
	// DeadlineExceeded); one that finishes while it is being killed has completed, where restartPolicy lets it. What came to its own end before
	// stays as it is, also if the spec is changed since. What is paused is not judged. A later deadline lets the task go on. Absent: no limit.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=315360000
	// +optional
	ActiveDeadlineSeconds *int32 `json:"activeDeadlineSeconds,omitempty"`

	// ttlSecondsAfterFinished is how long after its end the object is deleted, in seconds from when condition Succeeded became True or False, by
	// the spec as it is; 0: at once.
	// It is not deleted while anything of it may still run or annotation mesos.dev/paused is set. What creates it again, such as GitOps, runs it again.
	// Absent: it stays.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=315360000
	// +optional
	TTLSecondsAfterFinished *int32 `json:"ttlSecondsAfterFinished,omitempty"`

	// suspend kills the task and keeps it from running until it is false again. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// FrameworkReference names a MesosFramework.
type FrameworkReference struct {
	// name of the MesosFramework.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// RestartPolicy says after which ends a task is launched again.
// +kubebuilder:validation:Enum=Always;OnFailure;Never
type RestartPolicy string

// The restart policies.
const (
	// RestartAlways launches again after every end.
	RestartAlways RestartPolicy = "Always"
	// RestartOnFailure launches again after every end but TASK_FINISHED.
	RestartOnFailure RestartPolicy = "OnFailure"
	// RestartNever launches again only what never ran.
	RestartNever RestartPolicy = "Never"
)

// AvoidFailedAgents says whether a task that is launched again avoids the agents on which it failed.
// +kubebuilder:validation:Enum=Preferred;Never
type AvoidFailedAgents string

// Whether agents are avoided.
const (
	// AvoidPreferred uses other agents first, and for ten minutes none on which the task did not start, unless that is all that there are.
	AvoidPreferred AvoidFailedAgents = "Preferred"
	// AvoidNever uses any agent.
	AvoidNever AvoidFailedAgents = "Never"
)

// TaskDeletionPolicy says what becomes of a task whose object is deleted.
// +kubebuilder:validation:Enum=Kill;Orphan
type TaskDeletionPolicy string

// The deletion policies of a MesosTask.
const (
	// TaskDeletionKill kills the task and waits until it is over.
	TaskDeletionKill TaskDeletionPolicy = "Kill"
	// TaskDeletionOrphan lets the task run on.
	TaskDeletionOrphan TaskDeletionPolicy = "Orphan"
)

// Unreachable says what becomes of a task of which Mesos cannot say whether it still runs.
type Unreachable struct {
	// replaceAfterSeconds is for how long the task's fate may be unknown before another is launched in its place, in seconds; 0 is at
	// once. Two of them may then run at the same time: the old one is killed as soon as its agent is back. For a deleted object it is for
	// how long the object waits; Mesos is then asked to kill the task should it return. Absent: never.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=31536000
	// +optional
	ReplaceAfterSeconds *int32 `json:"replaceAfterSeconds,omitempty"`
}

// Backoff spaces the launches of a task that keeps ending.
//
// +kubebuilder:validation:XValidation:rule="!has(self.initialSeconds) || !has(self.maxSeconds) || self.initialSeconds <= self.maxSeconds",message="backoff.initialSeconds must not be more than backoff.maxSeconds",fieldPath=".initialSeconds"
type Backoff struct {
	// initialSeconds is the wait before the second launch after an end, in seconds; it grows by factor with each further one, and starts
	// anew once the task has run for ten minutes. Default: 1.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	InitialSeconds int32 `json:"initialSeconds,omitempty"`

	// maxSeconds is the longest wait, in seconds. Default: 300.
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	MaxSeconds int32 `json:"maxSeconds,omitempty"`

	// The schema of factor comes from hack/amounts: a generated one has no room for fractions without quotes.

	// factor is what each further wait is multiplied by, from 1, by which all are the same, to 10, for example 1.5; it counts in thousandths. A
	// change of it restarts nothing. Absent: 2.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Factor *resource.Quantity `json:"factor,omitempty"`
}

// TaskTemplate is what reaches Mesos of a task. A change of it kills the running task and launches it anew; a change of what the framework
// fills in does not.
//
// +kubebuilder:validation:XValidation:rule="!has(self.ports) || !has(self.portRanges) || self.portRanges.all(r, !self.ports.exists(p, p.name == r.name))",message="one of spec.ports and one of spec.portRanges have the same name, and so the same PORT_<NAME>: rename one",fieldPath=".portRanges"
// +kubebuilder:validation:XValidation:rule="!has(self.ports) || !has(self.portRanges) || self.portRanges.all(r, !self.ports.exists(p, has(p.hostPort) && r.from <= p.hostPort && p.hostPort <= r.to && (has(p.protocol) ? p.protocol : 'TCP') == (has(r.protocol) ? r.protocol : 'TCP')))",message="the hostPort of one of spec.ports is in one of spec.portRanges, and no agent could give it twice: take another",fieldPath=".portRanges"
// +kubebuilder:validation:XValidation:rule="!has(self.healthCheck) || !has(self.healthCheck.http) || type(self.healthCheck.http.port) == int || has(self.ports) && self.ports.exists(p, p.name == self.healthCheck.http.port && (!has(p.protocol) || p.protocol == 'TCP'))",message="spec.healthCheck.http.port must be the name of one of spec.ports, for TCP, or a number",fieldPath=".healthCheck.http.port"
// +kubebuilder:validation:XValidation:rule="!has(self.healthCheck) || !has(self.healthCheck.tcp) || type(self.healthCheck.tcp.port) == int || has(self.ports) && self.ports.exists(p, p.name == self.healthCheck.tcp.port && (!has(p.protocol) || p.protocol == 'TCP'))",message="spec.healthCheck.tcp.port must be the name of one of spec.ports, for TCP, or a number",fieldPath=".healthCheck.tcp.port"
// +kubebuilder:validation:XValidation:rule="!has(self.readinessCheck) || !has(self.container) || !has(self.container.docker)",message="spec.readinessCheck is not to be had with spec.container.docker, as Mesos' Docker executor ends itself on such a check: use spec.healthCheck, or let Mesos run the container",fieldPath=".readinessCheck"
// +kubebuilder:validation:XValidation:rule="!has(self.readinessCheck) || !has(self.readinessCheck.http) || type(self.readinessCheck.http.port) == int || has(self.ports) && self.ports.exists(p, p.name == self.readinessCheck.http.port && (!has(p.protocol) || p.protocol == 'TCP'))",message="spec.readinessCheck.http.port must be the name of one of spec.ports, for TCP, or a number",fieldPath=".readinessCheck.http.port"
// +kubebuilder:validation:XValidation:rule="!has(self.readinessCheck) || !has(self.readinessCheck.tcp) || type(self.readinessCheck.tcp.port) == int || has(self.ports) && self.ports.exists(p, p.name == self.readinessCheck.tcp.port && (!has(p.protocol) || p.protocol == 'TCP'))",message="spec.readinessCheck.tcp.port must be the name of one of spec.ports, for TCP, or a number",fieldPath=".readinessCheck.tcp.port"
// +kubebuilder:validation:XValidation:rule="!has(self.role) || !has(self.roles)",message="spec.role and spec.roles are not to be set both: put the role into spec.roles, and leave spec.role out",fieldPath=".role"
// +kubebuilder:validation:XValidation:rule="has(self.shell) != has(self.command) || (!has(self.shell) && has(self.container) && has(self.container.image))",message="exactly one of spec.shell and spec.command must be set; with spec.container.image both may be left out, for what the image itself runs",fieldPath=".shell"
// +kubebuilder:validation:XValidation:rule="!has(self.args) || has(self.command) || (!has(self.shell) && has(self.container) && has(self.container.image))",message="spec.args needs spec.command, or spec.container.image without a spec.shell; with spec.shell write the arguments into the command line",fieldPath=".args"
// +kubebuilder:validation:XValidation:rule="!has(self.ports) || !self.ports.exists(p, has(p.containerPort)) || has(self.container) && has(self.container.networks) && self.container.networks.exists(n, n.mode != 'Host')",message="containerPort is for a container with a network of its own: add one of mode Bridge or Container to spec.container.networks, or leave containerPort out, as the task listens on the host's ports",fieldPath=".ports"
// +kubebuilder:validation:XValidation:rule="!has(self.portRanges) || !has(self.container) || !has(self.container.networks) || !self.container.networks.exists(n, n.mode != 'Host') || oldSelf.hasValue() && has(oldSelf.value().portRanges) && oldSelf.value().portRanges == self.portRanges && has(oldSelf.value().container) && has(oldSelf.value().container.networks) && oldSelf.value().container.networks == self.container.networks",optionalOldSelf=true,message="spec.portRanges are not to be had by a container with a network of its own, as ports are forwarded to it one by one: list them in spec.ports, or take the host's network",fieldPath=".portRanges"
type TaskTemplate struct {
	// roles are the Mesos roles whose resources the task may use: any of them, and of the offers that are at hand at one time those of the first one that
	// serves. Each must be one of the framework's and open to the namespace. Default: the framework's defaultRole as it is when the task is launched.
	// A task that already runs under a role that is not among those set here is killed and launched anew; one that is left without roles runs on
	// under the one that it has, and another order restarts nothing. Mesos: Resource.allocation_info.role.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.all(r, self.exists_one(q, q == r))",message="one role stands twice in spec.roles: leave it where it is to be preferred"
	// +listType=atomic
	// +optional
	Roles []string `json:"roles,omitempty"`

	// role is roles with that one role, and deprecated: set roles. Default: none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Role string `json:"role,omitempty"`

	// shell is a command line for /bin/sh -c on the agent, or in the container. Exactly one of shell and command must be set; with container.image
	// both may be left out: the image's entrypoint is run.
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +optional
	Shell string `json:"shell,omitempty"`

	// command is a program with leading arguments, run without a shell. They arrive as they are, byte for byte.
	// +kubebuilder:validation:items:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=65536
	// +listType=atomic
	// +optional
	Command []string `json:"command,omitempty"`

	// args are further arguments for command. Without command they are arguments for the entrypoint of container.image, instead of the image's own.
	// Absent: none, or the image's own.
	// +kubebuilder:validation:items:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=65536
	// +listType=atomic
	// +optional
	Args []string `json:"args,omitempty"`

	// user is the system user that the task runs as on the agent. With container.docker it is the user in the container, by name or number, and image
	// stands for the image's own. Default: the framework's as it is when the task is launched.
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9_][-a-zA-Z0-9_.]*[$]?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	User string `json:"user,omitempty"`

	// env are environment variables of the task. The operator adds HOST, the agent's host name, MESOS_TASK_ID, and for the ports PORT and PORT0
	// (the first), PORT1 and so on, PORT_<NAME>, and PORTS (all, with commas between), as Marathon did; a variable that is set here or by envFrom
	// stays as it is. What the program gets besides is the agent's. Command, arguments, URIs and environment may be long, but not beyond what an
	// agent can start: 96 KiB as Mesos passes them on, where the environment counts twice. Absent: none besides those. Where it lands in Mesos: CommandInfo.environment.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=1024
	// +listType=map
	// +listMapKey=name
	// +optional
	Env []EnvVar `json:"env,omitempty"`

	// envFrom takes every key of Secrets and ConfigMaps as a variable. Of several with one name the last source wins, and env wins over all. Like
	// env.valueFrom they are read when the task is launched: a change of what they hold restarts nothing. Default: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	EnvFrom []EnvFromSource `json:"envFrom,omitempty"`

	// labels are the task's labels in Mesos, for whatever reads them there, such as a load balancer: any text. Whoever may see tasks in Mesos sees them.
	// The framework says which names it allows (spec.allowedLabels of the MesosFramework); those that begin with mesos.dev/ are the operator's.
	// metadata.labels are not sent. Where they land in Mesos: TaskInfo.labels. Default: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +listType=map
	// +listMapKey=name
	// +optional
	Labels []Label `json:"labels,omitempty"`

	// discovery is what the task is found by, for what finds services by Mesos, such as Mesos-DNS. Absent: a task with ports is found by the default
	// name and visibility, one without is not. Where it lands in Mesos: TaskInfo.discovery.
	// +optional
	Discovery *Discovery `json:"discovery,omitempty"`

	// uris are fetched into the task's sandbox before it starts. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +listType=atomic
	// +optional
	URIs []URI `json:"uris,omitempty"`

	// container is what the task runs in: an image, volumes, networks. Absent: the task is a process of its agent.
	// +optional
	Container *Container `json:"container,omitempty"`

	// resources are what the task needs of its agent.
	// +required
	Resources Resources `json:"resources,omitzero"`

	// ports are host ports that the task needs. Each reaches it as environment variable PORT_<NAME>, and what finds services by Mesos is told of it by
	// its name, protocol and labels; the number is the host's also where the task has a network of its own. The same number may be asked for in TCP and
	// in UDP: that takes one port of the agent. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:XValidation:rule="self.all(p, !has(p.hostPort) || self.exists_one(q, has(q.hostPort) && q.hostPort == p.hostPort && (has(q.protocol) ? q.protocol : 'TCP') == (has(p.protocol) ? p.protocol : 'TCP')))",message="two ports of one protocol cannot have one hostPort, as no agent could give it twice: take another, or leave hostPort out for one from the offer"
	// +optional
	Ports []Port `json:"ports,omitempty"`

	// placement is which agents the task may have, and which of them it should. A change of it restarts nothing: it counts from the next launch on.
	// Absent: any agent that has room.
	// +optional
	Placement *Placement `json:"placement,omitempty"`

	// portRanges are ranges of host ports that the task needs, for what takes hundreds of them. Each reaches it as environment variable PORT_<NAME>,
	// in the form 10000-10100, and is no part of PORT0, PORT1, ... and PORTS. What finds services by Mesos is not told of them, as it knows single
	// ports only. Absent: none. Mesos: resource ports.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:XValidation:rule="self.all(r, self.exists_one(q, (has(q.protocol) ? q.protocol : 'TCP') == (has(r.protocol) ? r.protocol : 'TCP') && q.from <= r.to && r.from <= q.to))",message="two of portRanges overlap, and no agent could give a port twice: make one of them, or move one"
	// +optional
	PortRanges []PortRange `json:"portRanges,omitempty"`

	// killGracePeriodSeconds is the time between SIGTERM and SIGKILL, in seconds. Default: the agent's, which is 3 unless its
	// operator chose another. A task that runs keeps the longer time that it was launched with: Mesos' command executor ignores a shorter one in a
	// KILL, unless its agent has --http_command_executor (recorded with Mesos 1.12). So to shorten it does not hasten the kill that it brings about,
	// nor one that is under way; agents do not confirm a KILL, so that only the end of the task tells, and condition Ready says so meanwhile.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	KillGracePeriodSeconds *int32 `json:"killGracePeriodSeconds,omitempty"`

	// maxRunSeconds is how long the task may run, in seconds from when its executor has it. Then Mesos' command executor sends SIGTERM and at once
	// SIGKILL, without the grace period (recorded with Mesos 1.12); the attempt ends as TASK_FAILED with REASON_MAX_COMPLETION_TIME_REACHED, and counts
	// as one that ended by itself. An agent whose maintenance is near takes the task if that begins later than this from now. Absent: no limit.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=31536000
	// +optional
	MaxRunSeconds *int32 `json:"maxRunSeconds,omitempty"`

	// healthCheck is how the agent finds out whether the task is well. Condition Ready is False until it has passed once, and while it fails; a task
	// that fails it too often in a row is killed, and launched again as after any failure. Absent: a task that runs is well.
	// +optional
	HealthCheck *HealthCheck `json:"healthCheck,omitempty"`

	// readinessCheck is how the agent finds out whether the task can be used. Condition Ready is False until it has passed once, and while it does not;
	// nothing is killed for it. Absent: a task that runs, and is not unhealthy, can be used.
	// +optional
	ReadinessCheck *ReadinessCheck `json:"readinessCheck,omitempty"`
}

// URI is one thing for the Mesos fetcher.
//
// +kubebuilder:validation:XValidation:rule="!self.value.endsWith('/') || has(self.outputFile)",message="a URI that ends in '/' names no file: set outputFile, or name the file",fieldPath=".value"
type URI struct {
	// value is the URI (http, https, ftp, ftps, hdfs, file) or a path on the agent, without blanks, quotes and backslashes.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule=`!self.matches("[\\x00-\\x20\\x7f'\"\\\\]")`,message="a URI must have no blanks, quotes, backslashes and control characters, as Mesos' fetcher cannot fetch it then: write %20 for a blank, %27 and %22 for quotes"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/]+://[^/]*/?$')",message="a URI must name something on its host: there is no path behind the host, and Mesos' fetcher refuses that"
	// +required
	Value string `json:"value,omitempty"`

	// extract unpacks archives. Absent: true, as in Mesos.
	// +optional
	Extract *bool `json:"extract,omitempty"`

	// executable makes the file executable; it is not unpacked then. Default: false.
	// +optional
	Executable bool `json:"executable,omitempty"`

	// cache keeps the file in the agent's fetcher cache. Default: false.
	// +optional
	Cache bool `json:"cache,omitempty"`

	// outputFile is the file's name in the sandbox, a relative path. Absent: the last part of the URI.
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('/') && !self.split('/').exists(p, p == '..')",message="outputFile must be a path inside the sandbox"
	// +optional
	OutputFile string `json:"outputFile,omitempty"`
}

// Resources are what a task needs of its agent.
//
// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.limits.memory) || string(self.limits.memory) == 'Unlimited' || !isQuantity(string(self.limits.memory)) || !isQuantity(string(self.requests.memory)) || quantity(string(self.limits.memory)).compareTo(quantity(string(self.requests.memory))) >= 0",message="resources.limits.memory must not be less than resources.requests.memory",fieldPath=".limits.memory"
type Resources struct {
	// requests are the amounts that Mesos sets aside for the task.
	// +required
	Requests ResourceRequests `json:"requests,omitzero"`

	// limits are the amounts that the task may use at most, where the agent has more to give than was requested. Absent: what the agent does by
	// itself, which with Mesos' cgroups isolators is to bound memory by the request, and CPUs by it if the agent has --cgroups_enable_cfs.
	// +optional
	Limits *ResourceLimits `json:"limits,omitempty"`

	// other are resources by the names that the agents' operators gave them (--resources), such as licences or FPGAs. Mesos counts them, and sets them
	// aside for the task. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +optional
	Other []OtherResource `json:"other,omitempty"`

	// revocable lets the task use CPUs that are set aside for others, who do not use them at the moment (oversubscription). The agent may slow it down or
	// end it at any time when they do; such an end counts as no restart. CPUs are then revocable ones only; of memory, disk and GPUs the task takes
	// what is revocable where the offer has enough of it, else what is not, and never both. A task without revocable is given none. The framework needs
	// capability REVOCABLE_RESOURCES. Default: false. Mesos: Resource.revocable.
	// +optional
	Revocable bool `json:"revocable,omitempty"`
}

// ResourceRequests are the amounts that Mesos sets aside for a task. Mesos counts in thousandths of a CPU and of a MiB; what is
// finer is rounded up.
type ResourceRequests struct {
	// The schema of cpus comes from hack/amounts: a generated one has no room for fractions without quotes.

	// cpus is the share of CPUs, for example 0.5 or 500m; from 10m to 10k.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	// +required
	CPUs resource.Quantity `json:"cpus,omitempty"`

	// memory is the amount of memory, for example 64Mi; from 1Mi to 1Pi. A number without a unit is bytes, not MiB as in Mesos and Marathon.
	// +kubebuilder:validation:XValidation:rule="isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Pi')) <= 0",message="resources.requests.memory must be from 1Mi to 1Pi"
	// +kubebuilder:validation:XValidation:rule="!string(self).matches('^[0-9.]+m?$') || quantity(string(self)).compareTo(quantity('1Mi')) >= 0",message="resources.requests.memory without a unit is bytes, and m is thousandths of a byte: for 512 MiB write 512Mi"
	// +required
	Memory resource.Quantity `json:"memory,omitempty"`

	// disk is the amount of disk space in the sandbox, for example 1Gi; from 1Mi to 1Pi. A number without a unit is bytes, not MiB as in Mesos
	// and Marathon. Absent: none is asked for.
	// +kubebuilder:validation:XValidation:rule="isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Pi')) <= 0",message="resources.requests.disk must be from 1Mi to 1Pi; leave it out if none is needed"
	// +kubebuilder:validation:XValidation:rule="!string(self).matches('^[0-9.]+m?$') || quantity(string(self)).compareTo(quantity('1Mi')) >= 0",message="resources.requests.disk without a unit is bytes, and m is thousandths of a byte: for 512 MiB write 512Mi"
	// +optional
	Disk *resource.Quantity `json:"disk,omitempty"`

	// gpus is the number of whole GPUs. The framework needs capability GPU_RESOURCES. Absent: none.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	// +optional
	GPUs *int32 `json:"gpus,omitempty"`
}

// Port is a host port that a task needs.
type Port struct {
	// name of the port, a DNS label of at most 15 characters with a letter. The task sees it as PORT_<NAME>, in upper case and
	// with '_' for '-'.
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Name string `json:"name,omitempty"`

	// hostPort is the port that it must be. Absent: one from the offer.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	HostPort *int32 `json:"hostPort,omitempty"`

	// containerPort is the port on which the task listens in its container, where that has a network of its own (container.networks): there the host
	// port is forwarded to it, and checks go to it. Absent: the number of the host port. Mesos: DockerInfo.port_mappings, or
	// NetworkInfo.port_mappings, which the network's CNI plugin has to understand, as mesos-cni-port-mapper does.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	ContainerPort *int32 `json:"containerPort,omitempty"`

	// protocol is what is spoken on the port: TCP or UDP. Mesos itself counts a port once for both. Default: TCP. Mesos: Port.protocol of the
	// discovery info.
	// +optional
	Protocol PortProtocol `json:"protocol,omitempty"`

	// labels are told to what finds services by Mesos, such as VIP_0 to DC/OS. Absent: none. Mesos: Port.labels of the discovery info.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Labels []Label `json:"labels,omitempty"`
}

// MesosTaskStatus is a task as it was last seen. The operator sets it all.
type MesosTaskStatus struct {
	// conditions say how the task is: Ready always; Succeeded, Reconciling, Stalled, Suspended, AgentUnreachable and AgentMaintenance where they apply.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the metadata.generation that the status speaks of; -1 before the first write.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// task is the current attempt: what was last launched and what Mesos last said of it.
	// +optional
	Task *TaskAttempt `json:"task,omitempty"`

	// restarts counts the launches after the first that followed an attempt that ran and ended by itself; it starts anew when what reaches Mesos of the spec
	// changes, or annotation mesos.dev/restarted-at asks for a launch when as many were counted as maxRestarts allows.
	// +optional
	Restarts int32 `json:"restarts"`

	// attempts counts the attempts that the object has had: the number of the latest. A binding with a lower number is an old one.
	// +optional
	Attempts int64 `json:"attempts,omitempty"`

	// relaunches counts the launches in a row since the task last ran for ten minutes, those of attempts that never ran included:
	// the backoff grows with each.
	// +optional
	Relaunches int32 `json:"relaunches,omitempty"`

	// nextLaunchTime is when the task is launched again; set while Ready has reason BackOff, NeverStarts or TaskUnauthorized.
	// +optional
	NextLaunchTime *metav1.Time `json:"nextLaunchTime,omitempty"`

	// pending says why the task has not been launched; set while no offer has fitted.
	// +optional
	Pending *Pending `json:"pending,omitempty"`

	// history are earlier attempts, the latest first: the last five, and those not known to be over. A live task of this object that is not its
	// attempt stands here, too, while it is being killed (killReason NotOfRecord).
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	// +optional
	History []TaskAttempt `json:"history,omitempty"`

	// handledAnnotations are give-ups that were answered, as Mesos said that the attempt lived: the value of annotation mesos.dev/give-up, or of
	// mesos.dev/give-up-agent on the MesosFramework the task ID and when that was first seen. They do nothing any more, also when they are set
	// again; another value does. Kept as long as the status names the attempt.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +listMapKey=value
	// +optional
	HandledAnnotations []HandledAnnotation `json:"handledAnnotations,omitempty"`

	// revision counts the writes of the status.
	// +optional
	Revision int64 `json:"revision,omitempty"`
}

// Pending says why a task has not been launched.
type Pending struct {
	// since is when the task began to wait.
	// +required
	Since metav1.Time `json:"since,omitempty,omitzero"`

	// message counts, over the offers of the last round, what they lacked.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Message string `json:"message,omitempty"`
}

// HandledAnnotation is the value of an annotation that was dealt with.
type HandledAnnotation struct {
	// name is the annotation's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// value is the value that does nothing any more; another one does.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +required
	Value string `json:"value,omitempty"`

	// time is when the operator first saw the value, on a MesosFramework: it concerns what was bound before.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// TaskAttempt is one Mesos task ID and what Mesos said of it.
type TaskAttempt struct {
	// id is the Mesos task ID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +required
	ID string `json:"id,omitempty"`

	// agentID is the Mesos agent that the attempt was sent to.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	AgentID string `json:"agentID,omitempty"`

	// hostname is that agent's host, as Mesos told it by an offer or its list of agents; absent while it has not.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	Hostname string `json:"hostname,omitempty"`

	// domains are what that agent has under the keys by which spreads and togethers of the namespace go, as Mesos told it; so the attempt counts there
	// also while Mesos does not tell of the agent. Absent in history, where there are no such keys, and while Mesos has not told. A host name is not repeated.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Domains []PlacementDomain `json:"domains,omitempty"`

	// role is the Mesos role whose resources the attempt uses. Absent for an attempt of an earlier release and for one that was taken over as
	// it ran, as Mesos does not tell it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Role string `json:"role,omitempty"`

	// killGracePeriodSeconds is spec.killGracePeriodSeconds as the attempt was launched with it, in seconds: how long it may live on when nobody
	// tells of it any more. Absent where there was none, and of an attempt of an earlier release.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	KillGracePeriodSeconds *int32 `json:"killGracePeriodSeconds,omitempty"`

	// frameworkID is the Mesos framework ID that the attempt was launched under.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	FrameworkID string `json:"frameworkID,omitempty"`

	// hash identifies what was sent to Mesos; another hash of the spec means a restart.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Hash string `json:"hash,omitempty"`

	// state is the task's state as Mesos calls it; absent until Mesos said one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	State string `json:"state,omitempty"`

	// reason is Mesos' reason for the state, where it gave one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Reason string `json:"reason,omitempty"`

	// source is who said it: SOURCE_MASTER, SOURCE_AGENT or SOURCE_EXECUTOR.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Source string `json:"source,omitempty"`

	// message is what Mesos or the executor said, cut to 1,024 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`

	// healthy is what spec.healthCheck last found, as its executor told; absent where there is none and until it has passed or failed once. Of an
	// attempt that is over: false where it was killed as its health check failed, else absent.
	// +optional
	Healthy *bool `json:"healthy,omitempty"`

	// ready says whether what spec.readinessCheck last found is ready; absent where there is none, and once the attempt is over.
	// +optional
	Ready *bool `json:"ready,omitempty"`

	// readinessResult is what spec.readinessCheck last found, such as HTTP status 503; absent until it found something.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	ReadinessResult string `json:"readinessResult,omitempty"`

	// exitCode is the exit code of the task's command, where it exited.
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`

	// signal is the signal that ended the task's command, where one did, as its agent's system calls it: Killed, Terminated, Segmentation fault.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Signal string `json:"signal,omitempty"`

	// ran says whether the attempt may have run: false for a launch that Mesos dropped, or that failed before the executor had the task.
	// +optional
	Ran *bool `json:"ran,omitempty"`

	// killReason is why the operator kills the attempt: SpecChanged, RestartRequested, Suspended, LaunchTimedOut or DeadlineExceeded; or NotOfRecord, in history, for
	// a live task of this object that is not its attempt, as after the loss of a binding. It is stored before the first KILL and never withdrawn.
	// +optional
	KillReason KillReason `json:"killReason,omitempty"`

	// outcome says why the attempt was left behind though it is not known to be over: Replaced (spec.unreachable.replaceAfterSeconds) or
	// GivenUp (annotation mesos.dev/give-up). It is killed if it comes back.
	// +optional
	Outcome AttemptOutcome `json:"outcome,omitempty"`

	// containerID is the Mesos container that runs the task.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	ContainerID string `json:"containerID,omitempty"`

	// ips are the addresses of the task's container.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=atomic
	// +optional
	IPs []string `json:"ips,omitempty"`

	// ports are the host ports that the task was given, a range of spec.portRanges in one row. Absent of a task that was taken over as it ran: Mesos
	// does not tell them.
	// +kubebuilder:validation:MaxItems=80
	// +listType=map
	// +listMapKey=name
	// +optional
	Ports []AssignedPort `json:"ports,omitempty"`

	// boundTime is when the attempt was bound to its agent, as far as this status knows.
	// +optional
	BoundTime *metav1.Time `json:"boundTime,omitempty"`

	// startTime is when the task began to run, by the agent's clock.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// finishTime is when the attempt was over, by the clock of who said so; of one that did not begin to run no earlier than boundTime and no later
	// than the operator learned of it.
	// +optional
	FinishTime *metav1.Time `json:"finishTime,omitempty"`

	// unreachableTime is since when the operator knows that Mesos cannot say whether the task still runs, by its own clock.
	// +optional
	UnreachableTime *metav1.Time `json:"unreachableTime,omitempty"`

	// agentRemovedTime is since when the operator knows, by its own clock, that Mesos removed the attempt's agent: it unregistered, its machine was put
	// DOWN or another agent registered at its address. A minute and the kill grace period after it, and 15 minutes more where another agent has the
	// address, the attempt counts as over unless Mesos can tell of it.
	// +optional
	AgentRemovedTime *metav1.Time `json:"agentRemovedTime,omitempty"`

	// unknownTime is since when the operator knows that Mesos says TASK_UNKNOWN of the attempt and nothing else, by its own clock.
	// +optional
	UnknownTime *metav1.Time `json:"unknownTime,omitempty"`
}

// KillReason is why the operator kills a task whose object stays.
// +kubebuilder:validation:Enum=SpecChanged;RestartRequested;Suspended;LaunchTimedOut;DeadlineExceeded;NotOfRecord
type KillReason string

// The kill reasons.
const (
	// KillSpecChanged is a change of what reaches Mesos of the spec.
	KillSpecChanged KillReason = "SpecChanged"
	// KillRestartRequested is a change of AnnotationRestartedAt.
	KillRestartRequested KillReason = "RestartRequested"
	// KillSuspended is spec.suspend.
	KillSuspended KillReason = "Suspended"
	// KillLaunchTimedOut is that the attempt did not run within spec.launchTimeoutSeconds.
	KillLaunchTimedOut KillReason = "LaunchTimedOut"
	// KillDeadlineExceeded is that the object is older than spec.activeDeadlineSeconds.
	KillDeadlineExceeded KillReason = "DeadlineExceeded"
	// KillNotOfRecord is that the task is not the object's attempt, though it bears the object's name: its binding was lost, and another
	// goes on or is to.
	KillNotOfRecord KillReason = "NotOfRecord"
)

// AttemptOutcome is why an attempt was left behind that is not known to be over.
// +kubebuilder:validation:Enum=Replaced;GivenUp
type AttemptOutcome string

// The outcomes of attempts that were left behind.
const (
	// OutcomeReplaced is an attempt whose fate was unknown for longer than spec.unreachable.replaceAfterSeconds.
	OutcomeReplaced AttemptOutcome = "Replaced"
	// OutcomeGivenUp is an attempt that a person gave up with AnnotationGiveUp, or whose framework ID a person replaced.
	OutcomeGivenUp AttemptOutcome = "GivenUp"
)

// AssignedPort is a host port that a task was given.
type AssignedPort struct {
	// name of the port, as in spec.ports or spec.portRanges.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Name string `json:"name,omitempty"`

	// hostPort is the port on the agent's host, of a range the first.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	HostPort int32 `json:"hostPort,omitempty"`

	// lastHostPort is the last port of a range. Absent of a single port.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +optional
	LastHostPort int32 `json:"lastHostPort,omitempty"`
}
