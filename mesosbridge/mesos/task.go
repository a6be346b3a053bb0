package mesos

import "time"

// Task is what a launch tells Mesos of one task. Its environment, URIs, amounts and ports are part of the spec hash in their JSON form, which is
// frozen: what they get besides is omitted where it is zero.
type Task struct {
	// ID, AgentID, Host (the agent's) and HostPorts belong to one attempt.
	ID        string
	AgentID   string
	Host      string
	HostPorts []uint32

	// Name is the task's name as Mesos' own tools and what finds services by Mesos show it: <name>.<namespace>, as a framework's tasks share them.
	Name string
	// Role is the role whose resources the task uses, and OtherRoles are those that it may use instead, in order of preference.
	Role       string
	OtherRoles []string
	// User is the user that the task runs as: a system user of the agent, or in a Docker container a user there, or UserOfImage.
	User string
	// Shell is a command line for /bin/sh -c; empty when Argv is set.
	Shell string
	// Argv is a program and its arguments, run without a shell; empty when Shell is set.
	Argv []string
	// Args are the arguments of the image's entrypoint, where there is neither Shell nor Argv; none for those that the image has.
	Args []string
	// Container is what the task runs in; nil for a process of its agent.
	Container *Container
	// Env holds the variables that the spec names, in its order.
	Env []EnvVar
	// IDVariables are the names of the variables besides whose value is the task's ID.
	IDVariables []string
	// Labels are the task's besides those that name its object.
	Labels []Label
	// Discovery is what the task is found by; nil leaves that to its name and its ports.
	Discovery *Discovery
	// URIs are fetched into the sandbox before the task starts.
	URIs []URI
	// Scalars are the amounts that the task asks for.
	Scalars Scalars
	// Ports are the host ports that the task asks for.
	Ports []Port
	// Ranges are ranges of host ports that it asks for.
	Ranges []NamedRange
	// KillGracePeriod is the time between SIGTERM and SIGKILL; nil leaves it to the agent.
	KillGracePeriod *time.Duration
	// MaxRun is how long the task may run before Mesos ends it; zero for ever (mesos.proto, TaskInfo.max_completion_time).
	MaxRun time.Duration
	// Placement is which agents it may have; nil for any.
	Placement *Placement
	// HealthCheck is how its executor finds out whether the task is well; nil for not at all.
	HealthCheck *HealthCheck
	// Check is what its executor finds out without doing anything about it; nil for nothing.
	Check *Check
	// Others are resources that it asks for besides, by their names, in ascending order.
	Others []Other
	// Revocable says that its CPUs are revocable ones, and what else can be had of those (Scalars.Drawn).
	Revocable bool
	// Limits are the amounts that it may use at most; nil leaves that to the agent.
	Limits *Limits
}

// Roles are all roles whose resources the task may use, in order of preference.
func (t *Task) Roles() []string { return append([]string{t.Role}, t.OtherRoles...) }

// EnvVar is one environment variable.
type EnvVar struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// String implements fmt.Stringer: a value may be a secret.
func (v EnvVar) String() string { return v.Name + "=" + hidden }

// GoString implements fmt.GoStringer.
func (v EnvVar) GoString() string { return v.String() }

// URI is one thing for the Mesos fetcher (mesos.proto, CommandInfo.URI).
type URI struct {
	Value      string `json:"value"`
	Extract    bool   `json:"extract,omitempty"`
	Executable bool   `json:"executable,omitempty"`
	Cache      bool   `json:"cache,omitempty"`
	OutputFile string `json:"outputFile,omitempty"`
}

// Port is one host port that a task asks for.
type Port struct {
	Name string `json:"name"`
	// HostPort is the port that it must be; zero takes one from the offer.
	HostPort uint32 `json:"hostPort,omitempty"`
	// Protocol is ProtocolUDP, or empty for TCP.
	Protocol Protocol `json:"protocol,omitempty"`
	// Labels are told to what finds services by Mesos, in the order of their names.
	Labels []Label `json:"labels,omitempty"`
	// ContainerPort is where the task listens in a network of its own; zero for the number of the host port.
	ContainerPort uint32 `json:"containerPort,omitempty"`
}

// Framework is what a bridge tells Mesos of itself (mesos.proto, FrameworkInfo).
type Framework struct {
	// ID is empty for a framework that has never registered.
	ID   string
	Name string
	User string
	// Principal is the one that authenticates the framework; empty without credentials. Mesos keeps the one that a framework registered
	// with (Mesos master: validation::framework::validateUpdate).
	Principal string
	Roles     []string
	Hostname  string
	WebUIURL  string
	// FailoverTimeout is how long Mesos keeps the tasks of a framework that is not subscribed.
	FailoverTimeout time.Duration
	// Capabilities are those on top of the four that every bridge has, by their v1 names.
	Capabilities []string
}

// Master is what a master told of itself when it accepted a subscription (mesos.proto, MasterInfo).
type Master struct {
	// URL is where the bridge reached it.
	URL      string
	Hostname string
	Version  string
}
