package v1alpha1

// Container says what a task runs in: by Mesos' own containerizer, or by Docker where docker is set.
//
// An element of a path is neither empty nor '.' nor '..', and has no colon, by which Docker would take the path apart.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.mesos) || !has(self.docker)",message="one of container.mesos and container.docker may be set: it says who runs the container. Without either it is Mesos"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.mesos) || !has(self.mesos.pullSecretRef)",message="with container.docker there is no pull Secret, as Mesos hands Docker none: let the agents have the credentials (--docker_config), fetch an archive with .docker/config.json by spec.uris, or let Mesos run the container",fieldPath=".mesos.pullSecretRef"
// +kubebuilder:validation:XValidation:rule="!has(self.mesos) || !has(self.mesos.pullSecretRef) || has(self.image) || has(self.volumes) && self.volumes.exists(v, has(v.image))",message="container.mesos.pullSecretRef needs an image to pull: container.image, or a volume of kind image",fieldPath=".mesos.pullSecretRef"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || has(self.image)",message="container.docker needs container.image: Docker runs nothing else",fieldPath=".image"
// +kubebuilder:validation:XValidation:rule="!has(self.pullPolicy) || has(self.image)",message="container.pullPolicy needs container.image",fieldPath=".pullPolicy"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.volumes) || !self.volumes.exists(v, has(v.sandboxPath))",message="with container.docker there are no volumes of kind sandboxPath: Mesos' Docker containerizer ignores them. The sandbox is where MESOS_SANDBOX says",fieldPath=".volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.volumes) || !self.volumes.exists(v, has(v.emptyDir))",message="with container.docker there are no volumes of kind emptyDir: Mesos' Docker containerizer ignores them. Files go into the container, or where MESOS_SANDBOX says",fieldPath=".volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.volumes) || !self.volumes.exists(v, has(v.image))",message="with container.docker there are no volumes of kind image: Mesos' Docker containerizer does not have them",fieldPath=".volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.volumes) || !self.volumes.exists(v, has(v.secret))",message="with container.docker there are no volumes of kind secret: Mesos' Docker containerizer does not have them. Take the value into a variable (env.valueFrom)",fieldPath=".volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.volumes) || !self.volumes.exists(v, has(v.external) && has(v.external.options))",message="with container.docker an external volume has no options: Mesos' Docker containerizer ignores them. Create the volume with its options first",fieldPath=".volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.volumes) || self.volumes.all(v, !has(v.external) || self.volumes.all(w, !has(w.external) || v.external.driver == w.external.driver))",message="with container.docker all external volumes must have one driver, as docker run takes one",fieldPath=".volumes"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.networks) || self.networks.size() == 1",message="with container.docker there can be one network, as docker run takes one",fieldPath=".networks"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.networks) || !self.networks.exists(n, has(n.labels))",message="with container.docker a network has no labels: Docker is not told them",fieldPath=".networks"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.networks) || !self.networks.exists(n, n.mode == 'Bridge' && has(n.name))",message="with container.docker the network of mode Bridge is Docker's own and has no name: for one of another name take mode Container",fieldPath=".networks"
// +kubebuilder:validation:XValidation:rule="!has(self.docker) || !has(self.networks) || !self.networks.exists(n, has(n.name) && n.name in ['host', 'bridge', 'none', 'default'])",message="host, bridge, none and default are not names of networks to Docker: take mode Host or Bridge",fieldPath=".networks"
// +kubebuilder:validation:XValidation:rule="has(self.docker) || !has(self.networks) || !self.networks.exists(n, n.mode == 'Bridge' && !has(n.name))",message="without container.docker a network of mode Bridge needs a name: to Mesos a bridge is one of the CNI networks that the agent has",fieldPath=".networks"
// +kubebuilder:validation:XValidation:rule="!has(self.networks) || self.networks.size() == 1 || !self.networks.exists(n, n.mode == 'Host')",message="a container on the host's network has no other: leave out mode Host, or the others",fieldPath=".networks"
// +kubebuilder:validation:XValidation:rule="!has(self.networks) || self.networks.all(n, !has(n.name) || self.networks.exists_one(m, has(m.name) && m.name == n.name))",message="a container joins a network once: two of container.networks have one name",fieldPath=".networks"
type Container struct {
	// image is the container image, as docker pull takes it: [HOST[:PORT]/]NAME[:TAG|@DIGEST]. With it, shell, command and args may be left out for
	// what the image itself runs. Absent: the agent's own files, which needs Mesos as containerizer. Mesos: ContainerInfo.mesos.image,
	// ContainerInfo.docker.image.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$') && !self.contains('//')",message="an image must be written as docker pull takes it, without a scheme before it: [HOST[:PORT]/]NAME[:TAG|@DIGEST], for example registry.example.com/shop/web:1.2"
	// +optional
	Image string `json:"image,omitempty"`

	// pullPolicy says when an agent pulls the image: IfNotPresent, where it has none of that name, or Always, before each launch. A change of it
	// restarts nothing. Default: IfNotPresent. Mesos: Image.cached, DockerInfo.force_pull_image.
	// +optional
	PullPolicy PullPolicy `json:"pullPolicy,omitempty"`

	// volumes are what the container sees at other paths. Absent: none. Mesos: ContainerInfo.volumes.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=mountPath
	// +optional
	Volumes []Volume `json:"volumes,omitempty"`

	// networks are those that the container joins. Absent: the host's. Mesos: ContainerInfo.network_infos, and DockerInfo.network.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=atomic
	// +optional
	Networks []Network `json:"networks,omitempty"`

	// mesos is for containers that Mesos' own containerizer runs. Absent: the agent's defaults.
	// +optional
	Mesos *MesosContainer `json:"mesos,omitempty"`

	// docker has Docker run the container instead of Mesos; {} will do. The framework must allow it (spec.allowedContainers.types). Absent: Mesos
	// runs it. Mesos: ContainerInfo.type.
	// +optional
	Docker *DockerContainer `json:"docker,omitempty"`
}

// PullPolicy says when an agent pulls an image.
// +kubebuilder:validation:Enum=IfNotPresent;Always
type PullPolicy string

// The pull policies.
const (
	// PullIfNotPresent pulls an image that the agent does not have.
	PullIfNotPresent PullPolicy = "IfNotPresent"
	// PullAlways pulls before each launch.
	PullAlways PullPolicy = "Always"
)

// Volume is what a container sees at a path.
//
// +kubebuilder:validation:XValidation:rule="(has(self.hostPath) ? 1 : 0) + (has(self.sandboxPath) ? 1 : 0) + (has(self.emptyDir) ? 1 : 0) + (has(self.image) ? 1 : 0) + (has(self.external) ? 1 : 0) + (has(self.secret) ? 1 : 0) == 1",message="a volume needs exactly one of hostPath, sandboxPath, emptyDir, image, external and secret"
// +kubebuilder:validation:XValidation:rule="!(has(self.sandboxPath) || has(self.emptyDir)) || self.mountPath.startsWith('/')",message="a volume of kind sandboxPath or emptyDir needs an absolute mountPath: a relative one is in the sandbox already",fieldPath=".mountPath"
// +kubebuilder:validation:XValidation:rule="!has(self.emptyDir) || !has(self.readOnly) || !self.readOnly",message="a volume of kind emptyDir that is readOnly stays empty: leave readOnly out",fieldPath=".readOnly"
type Volume struct {
	// mountPath is where the container sees it: an absolute path, or one in the sandbox. Without an image, an absolute one must exist on the agent.
	// Mesos: Volume.container_path.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`!self.matches('(^|/)[.]{1,2}(/|$)|//|/$|[:\\x00-\\x1f\\x7f]')`,message="mountPath must be a path without '.', '..', colons, and slashes that are doubled or at its end, for example /data"
	// +required
	MountPath string `json:"mountPath,omitempty"`

	// readOnly keeps the container from writing to it. Default: false. Mesos: Volume.mode.
	// +optional
	ReadOnly bool `json:"readOnly,omitempty"`

	// hostPath is a file or directory of the agent, which the framework must allow (spec.allowedContainers.hostPaths). Mesos: Volume.host_path.
	// +optional
	HostPath *HostPathVolume `json:"hostPath,omitempty"`

	// sandboxPath is a directory of the task's sandbox. Not with Docker. Mesos: Volume.source.sandbox_path.
	// +optional
	SandboxPath *SandboxPathVolume `json:"sandboxPath,omitempty"`

	// emptyDir is a new directory of the task's sandbox: {}. It is as lasting as the sandbox. Not with Docker. Mesos: Volume.source.sandbox_path.
	// +optional
	EmptyDir *EmptyDirVolume `json:"emptyDir,omitempty"`

	// image is the files of an image. Not with Docker. Mesos: Volume.image.
	// +optional
	Image *ImageVolume `json:"image,omitempty"`

	// external is a volume of a Docker volume driver, which the framework must allow (spec.allowedContainers.externalDrivers).
	// Mesos: Volume.source.docker_volume.
	// +optional
	External *ExternalVolume `json:"external,omitempty"`

	// secret is what a key of a Secret holds, as a file in memory. Whoever may ask a master can read it there, so the framework must allow it
	// (spec.allowedContainers.secretsInState). It is read when the task is launched: a change of what it holds restarts nothing. Isolator
	// volume/secret. Not with Docker. Mesos: Volume.source.secret, of type VALUE.
	// +optional
	Secret *SecretVolume `json:"secret,omitempty"`
}

// SecretVolume is what a key of a Secret in the task's namespace holds. With all others of its task it is at most 1 MiB.
type SecretVolume struct {
	// name of the Secret. The task waits until it is there.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// key whose value is the file, byte for byte.
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Key string `json:"key,omitempty"`
}

// HostPathVolume is a file or directory of the agent.
type HostPathVolume struct {
	// path on the agent, absolute. Mesos: Volume.host_path.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self == '/' || (self.startsWith('/') && !self.matches('(^|/)[.]{1,2}(/|$)|//|/$|[:\\x00-\\x1f\\x7f]'))`,message="hostPath.path must be an absolute path without '.', '..', colons, and slashes that are doubled or at its end, for example /srv/data"
	// +required
	Path string `json:"path,omitempty"`
}

// SandboxPathVolume is a directory of a task's sandbox.
type SandboxPathVolume struct {
	// path in the sandbox, relative; it is made if it does not exist. Mesos: SandboxPath.path.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`!self.startsWith('/') && !self.matches('(^|/)[.]{1,2}(/|$)|//|/$|[:\\x00-\\x1f\\x7f]')`,message="sandboxPath.path must be a path inside the sandbox: relative, without '.', '..', colons, and slashes that are doubled or at its end, for example cache"
	// +required
	Path string `json:"path,omitempty"`
}

// EmptyDirVolume is a new directory of a task's sandbox.
type EmptyDirVolume struct{}

// ImageVolume is the files of an image.
type ImageVolume struct {
	// image is the image, as container.image. It is pulled as container.pullPolicy says. Mesos: Volume.image.docker.name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$') && !self.contains('//')",message="an image must be written as docker pull takes it, without a scheme before it: [HOST[:PORT]/]NAME[:TAG|@DIGEST], for example registry.example.com/shop/web:1.2"
	// +required
	Image string `json:"image,omitempty"`
}

// ExternalVolume is a volume of a Docker volume driver.
type ExternalVolume struct {
	// driver is the volume driver's name. Mesos: DockerVolume.driver.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][-a-zA-Z0-9_.:/]*$`
	// +required
	Driver string `json:"driver,omitempty"`

	// name of the volume. Mesos: DockerVolume.name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9][-a-zA-Z0-9_.]*$')",message="a volume's name has letters, digits, '_', '.' and '-' only, and begins with a letter or digit: Docker would take another one for a path on the agent, which is a volume of kind hostPath"
	// +required
	Name string `json:"name,omitempty"`

	// options are told to the driver. Not with Docker. Absent: none. Mesos: DockerVolume.driver_options.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Options []DriverOption `json:"options,omitempty"`
}

// DriverOption is told to a volume driver.
type DriverOption struct {
	// name of the option.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +required
	Name string `json:"name,omitempty"`

	// value of the option. Default: empty.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +optional
	Value string `json:"value,omitempty"`
}

// Network is one that a container joins.
//
// +kubebuilder:validation:XValidation:rule="self.mode != 'Host' || (!has(self.name) && !has(self.labels))",message="the host's network has neither a name nor labels: leave them out, or take another mode"
// +kubebuilder:validation:XValidation:rule="self.mode != 'Container' || has(self.name)",message="a network of mode Container needs a name",fieldPath=".name"
type Network struct {
	// mode is Host for the network of the agent's host; Bridge for Docker's own bridge, or with Mesos a CNI network that is one; Container for a
	// network by its name: one of Docker's, or with Mesos a CNI network of the agent. In a network other than the host's the task has an address of its
	// own, and each of spec.ports is forwarded to it: from the host port to containerPort, or to the same number. With Mesos that is so in the first
	// of the networks, if its CNI plugin forwards ports, as mesos-cni-port-mapper does.
	// +required
	Mode NetworkMode `json:"mode,omitempty"`

	// name of the network, which the framework must allow (spec.allowedContainers.networks). Absent with Host, and with Docker's Bridge.
	// Mesos: NetworkInfo.name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][-a-zA-Z0-9_.]*$`
	// +optional
	Name string `json:"name,omitempty"`

	// labels are told to the network's CNI plugin. Not with Docker. Absent: none. Mesos: NetworkInfo.labels.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	Labels []Label `json:"labels,omitempty"`
}

// NetworkMode says what kind of network a container joins.
// +kubebuilder:validation:Enum=Host;Bridge;Container
type NetworkMode string

// The network modes.
const (
	// NetworkHost is the network of the agent's host.
	NetworkHost NetworkMode = "Host"
	// NetworkBridge is a bridge on the agent's host.
	NetworkBridge NetworkMode = "Bridge"
	// NetworkContainer is a network by its name.
	NetworkContainer NetworkMode = "Container"
)

// MesosContainer is for containers that Mesos' own containerizer runs. What of it an agent honours depends on its flag --isolation: without the
// isolator, Mesos ignores the field.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.shmSizeMiB) || (has(self.ipcMode) && self.ipcMode == 'Private')",message="container.mesos.shmSizeMiB needs ipcMode: Private, as agents refuse it otherwise",fieldPath=".shmSizeMiB"
type MesosContainer struct {
	// capabilities are the Linux capabilities that the task has. Isolator linux/capabilities. Absent: the agent's --effective_capabilities and
	// --bounding_capabilities.
	// +optional
	Capabilities *Capabilities `json:"capabilities,omitempty"`

	// rlimits bound what the task's processes use, as setrlimit does. Isolator posix/rlimits. Absent: the agent's. Mesos: ContainerInfo.rlimit_info.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	RLimits []RLimit `json:"rlimits,omitempty"`

	// shmSizeMiB is how large /dev/shm is, in MiB; it needs ipcMode Private. Isolator namespaces/ipc. Absent: the agent's
	// --default_container_shm_size, or half of its memory. Mesos: LinuxInfo.shm_size.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	ShmSizeMiB *int32 `json:"shmSizeMiB,omitempty"`

	// ipcMode is Private for an IPC namespace and /dev/shm of its own, or ShareParent for those of the agent's host, which the framework must allow
	// (spec.allowedContainers.ipcShareParent). Isolator namespaces/ipc. Absent: an IPC namespace of its own, and the host's /dev/shm unless there
	// is an image. Mesos: LinuxInfo.ipc_mode.
	// +optional
	IPCMode IPCMode `json:"ipcMode,omitempty"`

	// sharePIDNamespace lets the task see the processes of the agent's host; the framework must allow it (spec.allowedContainers.sharePIDNamespace).
	// Isolator namespaces/pid. Default: false. Mesos: LinuxInfo.share_pid_namespace.
	// +optional
	SharePIDNamespace bool `json:"sharePIDNamespace,omitempty"`

	// tty gives the task a terminal. Default: false. Mesos: ContainerInfo.tty_info.
	// +optional
	TTY bool `json:"tty,omitempty"`

	// pullSecretRef is the Secret with user names and passwords of registries, for container.image and volumes of kind image. Whoever may ask a master
	// can read there those of the registries that the images are from, so the framework must allow it (spec.allowedContainers.secretsInState). It is
	// read when the task is launched: a change of what it holds restarts nothing. Absent: the agent's own (--docker_config). Mesos:
	// Image.docker.config, of type VALUE.
	// +optional
	PullSecretRef *PullSecretReference `json:"pullSecretRef,omitempty"`
}

// PullSecretReference is a Secret of type kubernetes.io/dockerconfigjson in the task's namespace, as kubectl create secret docker-registry makes it.
type PullSecretReference struct {
	// name of the Secret. The task waits until it is there.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// Capabilities are the Linux capabilities of a task. Each must be one that the framework allows (spec.allowedContainers.capabilities).
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.effective) || !has(self.bounding) || self.effective.all(c, c in self.bounding)",message="each of capabilities.effective must be one of capabilities.bounding, where that is set: agents refuse the task otherwise",fieldPath=".effective"
type Capabilities struct {
	// effective are those that the task has from the start. Absent: the agent's --effective_capabilities. Mesos: LinuxInfo.effective_capabilities.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Effective []Capability `json:"effective,omitempty"`

	// bounding are those that the task can ever have. Absent: the agent's --bounding_capabilities, or effective. Mesos:
	// LinuxInfo.bounding_capabilities.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Bounding []Capability `json:"bounding,omitempty"`
}

// Capability is a Linux capability that Mesos knows, without CAP_ (mesos.proto, CapabilityInfo.Capability).
// +kubebuilder:validation:Enum=AUDIT_CONTROL;AUDIT_READ;AUDIT_WRITE;BLOCK_SUSPEND;CHOWN;DAC_OVERRIDE;DAC_READ_SEARCH;FOWNER;FSETID;IPC_LOCK;IPC_OWNER;KILL;LEASE;LINUX_IMMUTABLE;MAC_ADMIN;MAC_OVERRIDE;MKNOD;NET_ADMIN;NET_BIND_SERVICE;NET_BROADCAST;NET_RAW;SETFCAP;SETGID;SETPCAP;SETUID;SYSLOG;SYS_ADMIN;SYS_BOOT;SYS_CHROOT;SYS_MODULE;SYS_NICE;SYS_PACCT;SYS_PTRACE;SYS_RAWIO;SYS_RESOURCE;SYS_TIME;SYS_TTY_CONFIG;WAKE_ALARM
type Capability string

// RLimit bounds one thing that processes use.
//
// +kubebuilder:validation:XValidation:rule="has(self.soft) == has(self.hard)",message="soft and hard must both be set, or neither for no limit"
// +kubebuilder:validation:XValidation:rule="!has(self.soft) || !has(self.hard) || self.soft <= self.hard",message="soft must not be more than hard",fieldPath=".soft"
type RLimit struct {
	// type is what is bounded, as setrlimit(2) calls it without RLIMIT_; the framework must allow it (spec.allowedContainers.rlimits).
	// +required
	Type RLimitType `json:"type,omitempty"`

	// soft is the limit that counts, in the type's unit: files, bytes, seconds or processes. Absent: none, and hard neither.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=9007199254740992
	// +optional
	Soft *int64 `json:"soft,omitempty"`

	// hard is the limit up to which the task itself can raise soft, in the same unit. Absent: none, and soft neither.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=9007199254740992
	// +optional
	Hard *int64 `json:"hard,omitempty"`
}

// RLimitType is what an rlimit bounds (mesos.proto, RLimitInfo.RLimit.Type, without RLMT_).
// +kubebuilder:validation:Enum=AS;CORE;CPU;DATA;FSIZE;LOCKS;MEMLOCK;MSGQUEUE;NICE;NOFILE;NPROC;RSS;RTPRIO;RTTIME;SIGPENDING;STACK
type RLimitType string

// IPCMode says whose IPC namespace a container has.
// +kubebuilder:validation:Enum=Private;ShareParent
type IPCMode string

// The IPC modes.
const (
	// IPCPrivate is an IPC namespace of the container's own.
	IPCPrivate IPCMode = "Private"
	// IPCShareParent is that of the agent's host.
	IPCShareParent IPCMode = "ShareParent"
)

// DockerContainer is for containers that Docker runs. The task's user becomes the container's (docker run --user), and user image is the image's
// own, which the framework must allow by that name (spec.allowedUsers). The first word of command becomes the container's entrypoint.
type DockerContainer struct {
	// privileged gives the container all rights on its host; the framework must allow it (spec.allowedContainers.privileged). Default: false.
	// Mesos: DockerInfo.privileged.
	// +optional
	Privileged bool `json:"privileged,omitempty"`

	// parameters are further flags of docker run, each of which the framework must allow by name (spec.allowedContainers.parameters). Absent: none.
	// Mesos: DockerInfo.parameters.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Parameters []DockerParameter `json:"parameters,omitempty"`
}

// DockerParameter is a flag of docker run, which may be there more than once.
type DockerParameter struct {
	// name of the flag, without dashes before it. Those for which there are fields, or that would void what the framework does not allow, are refused.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[a-z][-a-z0-9]*$`
	// +kubebuilder:validation:XValidation:rule="!(self in ['cap-add', 'cgroupns', 'cidfile', 'detach', 'device', 'device-cgroup-rule', 'entrypoint', 'env-file', 'gpus', 'group-add', 'ipc', 'label-file', 'mount', 'name', 'net', 'network', 'pid', 'privileged', 'publish', 'publish-all', 'restart', 'rm', 'runtime', 'security-opt', 'user', 'userns', 'uts', 'volume', 'volume-driver', 'volumes-from'])",message="this flag of docker run cannot be a parameter: it has a field of its own (user, command, container.networks, container.volumes, container.docker.privileged), or would void what the MesosFramework does not allow, or hide the container from Mesos"
	// +required
	Name string `json:"name,omitempty"`

	// value of the flag. Default: empty.
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +optional
	Value string `json:"value,omitempty"`
}

// AllowedContainers says what MesosTasks may ask of containers.
type AllowedContainers struct {
	// types are those who may run containers: Mesos, Docker. A Docker container's user is looked up in the image, where any name can be root's.
	// []: nobody, so that tasks are processes of their agents. Default: [Mesos].
	// +kubebuilder:default={Mesos}
	// +kubebuilder:validation:MaxItems=2
	// +listType=set
	// +optional
	Types []Containerizer `json:"types"`

	// privileged says whether Docker containers may have all rights on their hosts. Default: Never.
	// +kubebuilder:default=Never
	// +optional
	Privileged Allowance `json:"privileged,omitempty"`

	// hostPaths are the paths of agents that may be volumes, with all below them. Who can write there and make symbolic links can get out.
	// Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=prefix
	// +optional
	HostPaths []AllowedHostPath `json:"hostPaths,omitempty"`

	// networks are the names of networks that containers may join. The host's, which every task without a container is on, and Docker's own
	// bridge need none. Absent: no others.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[a-zA-Z0-9][-a-zA-Z0-9_.]*$`
	// +listType=set
	// +optional
	Networks []string `json:"networks,omitempty"`

	// parameters are the names of flags of docker run that tasks may set, to any value. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^[a-z][-a-z0-9]*$`
	// +listType=set
	// +optional
	Parameters []string `json:"parameters,omitempty"`

	// externalDrivers are the names of volume drivers that tasks may use, with any volume's name and any options. Driver local would let them at all
	// files of an agent by its options. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[a-zA-Z0-9][-a-zA-Z0-9_.:/]*$`
	// +listType=set
	// +optional
	ExternalDrivers []string `json:"externalDrivers,omitempty"`

	// capabilities are the Linux capabilities that tasks may name. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Capabilities []Capability `json:"capabilities,omitempty"`

	// rlimits are the types of rlimits that tasks may set, to any value. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=set
	// +optional
	RLimits []RLimitType `json:"rlimits,omitempty"`

	// sharePIDNamespace says whether tasks may see the processes of their hosts. Default: Never.
	// +kubebuilder:default=Never
	// +optional
	SharePIDNamespace Allowance `json:"sharePIDNamespace,omitempty"`

	// ipcShareParent says whether tasks may have the IPC namespace and /dev/shm of their hosts. Default: Never.
	// +kubebuilder:default=Never
	// +optional
	IPCShareParent Allowance `json:"ipcShareParent,omitempty"`

	// secretsInState says whether tasks may have pull Secrets and volumes of Secrets, which whoever may ask a master for its state can read there.
	// Default: Never.
	// +kubebuilder:default=Never
	// +optional
	SecretsInState Allowance `json:"secretsInState,omitempty"`
}

// Containerizer is who runs containers on an agent.
// +kubebuilder:validation:Enum=Mesos;Docker
type Containerizer string

// The containerizers.
const (
	// ContainerizerMesos is Mesos' own.
	ContainerizerMesos Containerizer = "Mesos"
	// ContainerizerDocker is Docker.
	ContainerizerDocker Containerizer = "Docker"
)

// Allowance says whether something is allowed.
// +kubebuilder:validation:Enum=Never;Allowed
type Allowance string

// The allowances.
const (
	// AllowanceNever does not allow it.
	AllowanceNever Allowance = "Never"
	// AllowanceAllowed allows it.
	AllowanceAllowed Allowance = "Allowed"
)

// AllowedHostPath is a path of agents that may be a volume, with all below it.
type AllowedHostPath struct {
	// prefix is the path, absolute: /srv/data lets in /srv/data and /srv/data/web, and not /srv/database.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule=`self == '/' || (self.startsWith('/') && !self.matches('(^|/)[.]{1,2}(/|$)|//|/$|[:\\x00-\\x1f\\x7f]'))`,message="prefix must be an absolute path without '.', '..', colons, and slashes that are doubled or at its end, for example /srv/data"
	// +required
	Prefix string `json:"prefix,omitempty"`

	// readOnly lets in only volumes that are readOnly. Default: false.
	// +optional
	ReadOnly bool `json:"readOnly,omitempty"`
}
