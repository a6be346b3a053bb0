package mesos

import "slices"

// UserOfImage stands for the user that an image names itself, as the user of a Docker container.
const UserOfImage = "image"

// Container is what a task runs in. Mesos' own containerizer runs it, or Docker where Docker is set. Like Task, it is part of the spec hash in its
// JSON form, which is frozen: what it gets besides is omitted where it is zero.
type Container struct {
	// Image is the container image; empty for the agent's own files.
	Image string `json:"image,omitempty"`
	// AlwaysPull pulls images before each launch, and not only where the agent lacks them. It is no part of the hash.
	AlwaysPull bool `json:"-"`
	// Volumes are in the order of their mount paths.
	Volumes []Volume `json:"volumes,omitempty"`
	// Networks are those that the container joins; none is the host's.
	Networks []Network `json:"networks,omitempty"`
	// Mesos is for containers that Mesos runs.
	Mesos *ByMesos `json:"mesos,omitempty"`
	// Docker has Docker run the container.
	Docker *ByDocker `json:"docker,omitempty"`
	// PullConfigs are the Docker configurations with which images are pulled, by image; nil until a launch has read them. They are no part of the
	// hash.
	PullConfigs map[string]Hidden `json:"-"`
}

// InDocker says whether Docker runs the container; of no container it does not.
func (c *Container) InDocker() bool { return c != nil && c.Docker != nil }

// HasOwnNetwork says whether the container is on another network than its host's; no container is not.
func (c *Container) HasOwnNetwork() bool {
	return c != nil && slices.ContainsFunc(c.Networks, func(one Network) bool { return one.Mode != NetworkHost })
}

// Volume is what a container sees at a path (mesos.proto, Volume). Exactly one of what is below ReadOnly is set.
type Volume struct {
	MountPath string `json:"mountPath"`
	ReadOnly  bool   `json:"readOnly,omitempty"`

	// HostPath is an absolute path of the agent.
	HostPath string `json:"hostPath,omitempty"`
	// SandboxPath is a path in the task's sandbox.
	SandboxPath string `json:"sandboxPath,omitempty"`
	// Image is an image.
	Image string `json:"image,omitempty"`
	// External is a volume of a Docker volume driver.
	External *ExternalVolume `json:"external,omitempty"`
	// Secret is what a key of a Secret holds.
	Secret *SecretVolume `json:"secret,omitempty"`
}

// SecretVolume is what a key of a Secret holds, as a file (mesos.proto, Volume.Source.secret).
type SecretVolume struct {
	Name string `json:"name"`
	Key  string `json:"key"`
	// Data is what it holds; nil until a launch has read it. It is no part of the hash.
	Data *Hidden `json:"-"`
}

// ExternalVolume is a volume of a Docker volume driver (mesos.proto, Volume.Source.DockerVolume).
type ExternalVolume struct {
	Driver  string    `json:"driver"`
	Name    string    `json:"name"`
	Options []Setting `json:"options,omitempty"`
}

// Setting is a name and what it is set to.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// NetworkMode is what kind of network a container joins.
type NetworkMode string

// The network modes.
const (
	NetworkHost      NetworkMode = "Host"
	NetworkBridge    NetworkMode = "Bridge"
	NetworkContainer NetworkMode = "Container"
)

// Network is one that a container joins (mesos.proto, NetworkInfo).
type Network struct {
	Mode   NetworkMode `json:"mode"`
	Name   string      `json:"name,omitempty"`
	Labels []Label     `json:"labels,omitempty"`
}

// ByMesos is for containers that Mesos runs (mesos.proto, LinuxInfo, RLimitInfo, TTYInfo).
type ByMesos struct {
	// Effective and Bounding are Linux capabilities, by the names that Mesos has for them, in their order.
	Effective []string `json:"effective,omitempty"`
	Bounding  []string `json:"bounding,omitempty"`
	// RLimits are in the order of their types.
	RLimits []RLimit `json:"rlimits,omitempty"`
	// SharedMemory is how large /dev/shm is, in MiB; zero for the agent's default.
	SharedMemory uint32 `json:"sharedMemory,omitempty"`
	// IPCMode is empty for what the agent does by itself.
	IPCMode           IPCMode `json:"ipcMode,omitempty"`
	SharePIDNamespace bool    `json:"sharePIDNamespace,omitempty"`
	TTY               bool    `json:"tty,omitempty"`
	// PullSecret is the name of the Secret that the PullConfigs are from; empty for what the agent has by itself.
	PullSecret string `json:"pullSecret,omitempty"`
}

// IPCMode is whose IPC namespace a container has.
type IPCMode string

// The IPC modes.
const (
	IPCPrivate     IPCMode = "Private"
	IPCShareParent IPCMode = "ShareParent"
)

// RLimit bounds what processes use of one thing, in the unit of setrlimit.
type RLimit struct {
	// Type is setrlimit's, without RLIMIT_.
	Type string `json:"type"`
	// Soft and Hard are nil for no limit, both or neither.
	Soft *uint64 `json:"soft,omitempty"`
	Hard *uint64 `json:"hard,omitempty"`
}

// ByDocker is for containers that Docker runs (mesos.proto, ContainerInfo.DockerInfo).
type ByDocker struct {
	Privileged bool `json:"privileged,omitempty"`
	// Parameters are flags of docker run without their dashes, in the order of the spec.
	Parameters []Setting `json:"parameters,omitempty"`
}
