package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MesosFramework is the registration of a scheduler with Apache Mesos: one object, one framework ID, one subscription.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:annotations="mesos.dev/api-level=1"
// +kubebuilder:resource:scope=Cluster,shortName=mfw,categories=mesos
// +kubebuilder:printcolumn:name="Connected",type=string,JSONPath=`.status.conditions[?(@.type=="Connected")].status`,description="True while the framework is subscribed to a leading master."
// +kubebuilder:printcolumn:name="Reconciled",type=string,JSONPath=`.status.conditions[?(@.type=="TasksReconciled")].status`,description="True once every task was answered for in this subscription."
// +kubebuilder:printcolumn:name="Master",type=string,JSONPath=`.status.master.hostname`,description="The host of the leading master."
// +kubebuilder:printcolumn:name="Tasks",type=integer,JSONPath=`.status.tasks.bound`,description="MesosTasks that are bound to an agent and not over."
// +kubebuilder:printcolumn:name="Running",type=integer,JSONPath=`.status.tasks.running`,description="MesosTasks whose task runs."
// +kubebuilder:printcolumn:name="Framework-ID",type=string,JSONPath=`.status.frameworkID`,description="The ID that Mesos gave the framework."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="The age of the object."
type MesosFramework struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the registration as it should be.
	// +required
	Spec MesosFrameworkSpec `json:"spec,omitzero"`

	// status is the registration as it was last seen. The operator sets it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status MesosFrameworkStatus `json:"status,omitempty,omitzero"`
}

// MesosFrameworkList is a list of MesosFrameworks.
//
// +kubebuilder:object:root=true
type MesosFrameworkList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the frameworks.
	Items []MesosFramework `json:"items"`
}

// MesosFrameworkSpec is a registration as it should be.
//
// +kubebuilder:validation:XValidation:rule="self.controllerName == oldSelf.controllerName",message="spec.controllerName cannot be changed: delete the MesosFramework and create it anew",fieldPath=".controllerName"
// +kubebuilder:validation:XValidation:rule="self.info.user == oldSelf.info.user",message="spec.info.user cannot be changed: Mesos keeps the user that the framework registered with",fieldPath=".info.user"
// +kubebuilder:validation:XValidation:rule="!has(self.credentialsSecretRef) || (has(self.allowInsecure) && self.allowInsecure) || (has(self.masters.urls) ? self.masters.urls.all(u, !isURL(u) || url(u).getScheme() == 'https') : has(self.tls))",message="spec.credentialsSecretRef needs masters with https URLs, or spec.tls where ZooKeeper names the masters: over plain HTTP anybody may read the credentials. Where that is acceptable, set spec.allowInsecure",fieldPath=".credentialsSecretRef"
// +kubebuilder:validation:XValidation:rule="!has(self.allowedRoles) || !has(self.info.roles) || self.allowedRoles.all(a, a.role in self.info.roles)",message="each of spec.allowedRoles must be one of spec.info.roles",fieldPath=".allowedRoles"
type MesosFrameworkSpec struct {
	// controllerName says which installation of the operator serves this framework. It cannot be changed. Default:
	// mesos.dev/operator.
	// +kubebuilder:default="mesos.dev/operator"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ControllerName string `json:"controllerName,omitempty"`

	// masters say where the Mesos masters are.
	// +required
	Masters Masters `json:"masters,omitzero"`

	// info is what Mesos is told of the framework.
	// +kubebuilder:default={}
	// +optional
	Info FrameworkInfo `json:"info,omitempty,omitzero"`

	// credentialsSecretRef names a Secret in the operator's own namespace with what Mesos authenticates the framework by: keys principal
	// and secret, whose last line break does not count. It is read again every half minute and whenever a master answers 401. The
	// credentials go only to masters that the spec names, and the principal also into what Mesos is told of the framework: Mesos does not
	// let a framework that has registered change it. Absent: none.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// allowInsecure lets the credentials go to masters over plain HTTP, where anybody in between may read them. Default: false.
	// +optional
	AllowInsecure bool `json:"allowInsecure,omitempty"`

	// tls says how masters that are reached over HTTPS prove who they are, and the framework to them. The Secrets are read again every half
	// minute. Absent: the masters need certificates that the operator's system trusts.
	// +optional
	TLS *MastersTLS `json:"tls,omitempty"`

	// allowedNamespaces says which namespaces may have MesosTasks under this framework. What already runs when a namespace is no longer let
	// in runs on, and is not launched again. Default: all.
	// +kubebuilder:default={"from":"All"}
	// +optional
	AllowedNamespaces AllowedNamespaces `json:"allowedNamespaces,omitempty,omitzero"`

	// allowedUsers are the system users that MesosTasks may run as besides info.user. An asterisk stands for every user but root, who must
	// be named. Absent: none but info.user.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Pattern=`^(\*|[a-zA-Z0-9_][-a-zA-Z0-9_.]*[$]?)$`
	// +listType=set
	// +optional
	AllowedUsers []string `json:"allowedUsers,omitempty"`

	// allowedRoles are the roles of info.roles that MesosTasks may have, each with the namespaces that may use it, which allowedNamespaces
	// must let in as well. A role that is not listed is then open to nobody. Absent: every role is open to every namespace that
	// allowedNamespaces lets in.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=role
	// +optional
	AllowedRoles []AllowedRole `json:"allowedRoles,omitempty"`

	// allowedLabels are the beginnings of the names that MesosTasks may give to labels in Mesos (spec.labels, and the labels of spec.ports and
	// spec.discovery). Absent:
	// every name but those that begin with mesos.dev/, which are the operator's in any case.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=set
	// +optional
	AllowedLabels []string `json:"allowedLabels,omitempty"`

	// allowedDiscovery says by which names MesosTasks may be found (spec.discovery.name): Own allows those that end in .<namespace>, Any allows all,
	// those of other namespaces' tasks included. Default: Own.
	// +kubebuilder:default=Own
	// +optional
	AllowedDiscovery AllowedDiscovery `json:"allowedDiscovery,omitempty"`

	// allowedContainers says what MesosTasks may ask of containers. Absent: what runs in an image, or on the agent's files, by Mesos' own
	// containerizer, and nothing else of what there is.
	// +optional
	AllowedContainers *AllowedContainers `json:"allowedContainers,omitempty"`

	// endpoints say which addresses of tasks Services may publish (spec.service of a MesosTaskSet). Absent: the agents' own, as the masters tell them, and
	// none of a container.
	// +optional
	Endpoints *FrameworkEndpoints `json:"endpoints,omitempty"`

	// deletionPolicy says what becomes of the registration when this object is deleted, once no MesosTask is bound to it: Detach
	// leaves Mesos alone, so that the failover timeout runs; Teardown removes the framework from Mesos. Default: Detach.
	// +kubebuilder:default=Detach
	// +optional
	DeletionPolicy FrameworkDeletionPolicy `json:"deletionPolicy,omitempty"`

	// orphanPolicy says what becomes of live Mesos tasks of the framework that no MesosTask accounts for: Keep reports them in status;
	// Kill kills them once Mesos has told all that runs, but never more than ten at once if that is over a tenth of all tasks: then the
	// objects are lost, and not the tasks. Default: Keep.
	// +kubebuilder:default=Keep
	// +optional
	OrphanPolicy OrphanPolicy `json:"orphanPolicy,omitempty"`

	// taskDefaults are for MesosTasks that do not say themselves. They are read when they are needed: changing one restarts nothing, and goes for
	// what already runs. Absent: none.
	// +optional
	TaskDefaults *TaskDefaults `json:"taskDefaults,omitempty"`

	// reconciliation says how often and how hard Mesos is asked what became of the tasks.
	// +kubebuilder:default={}
	// +optional
	Reconciliation Reconciliation `json:"reconciliation,omitempty,omitzero"`

	// offers says how the framework treats offers.
	// +kubebuilder:default={}
	// +optional
	Offers Offers `json:"offers,omitempty,omitzero"`
}

// TaskDefaults are for MesosTasks that do not say themselves.
//
// +kubebuilder:validation:MinProperties=1
type TaskDefaults struct {
	// unreachable is for MesosTasks with restartPolicy Always that have no spec.unreachable: what becomes of a task of which Mesos cannot say whether it
	// still runs. A MesosTask whose spec.unreachable is {} waits all the same. Absent: they wait.
	// +optional
	Unreachable *Unreachable `json:"unreachable,omitempty"`

	// launchTimeoutSeconds is for MesosTasks that have no spec.launchTimeoutSeconds: how long a launch may take, from its binding to TASK_RUNNING, in
	// seconds. Absent: 900; 0: no limit.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=604800
	// +optional
	LaunchTimeoutSeconds *int32 `json:"launchTimeoutSeconds,omitempty"`
}

// AllowedRole opens a role to namespaces.
type AllowedRole struct {
	// role is one of info.roles.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Role string `json:"role,omitempty"`

	// namespaces says which namespaces may use the role.
	// +required
	Namespaces AllowedNamespaces `json:"namespaces,omitzero"`
}

// AllowedNamespaces says which namespaces something is open to.
//
// +kubebuilder:validation:XValidation:rule="(self.from == 'Selector') == has(self.selector)",message="selector must be set where from is Selector, and only there",fieldPath=".selector"
type AllowedNamespaces struct {
	// from is All for every namespace, or Selector for those whose labels the selector matches.
	// +required
	From NamespacesFrom `json:"from,omitempty"`

	// selector matches the labels of namespaces. A namespace's name is its label kubernetes.io/metadata.name, which nobody can change.
	// Absent: none, as it is for from All.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// NamespacesFrom says how namespaces are chosen.
// +kubebuilder:validation:Enum=All;Selector
type NamespacesFrom string

// The ways to choose namespaces.
const (
	// NamespacesAll chooses every namespace.
	NamespacesAll NamespacesFrom = "All"
	// NamespacesSelector chooses namespaces by their labels.
	NamespacesSelector NamespacesFrom = "Selector"
)

// OrphanPolicy says what becomes of orphans: live Mesos tasks of a framework that no MesosTask accounts for.
// +kubebuilder:validation:Enum=Keep;Kill
type OrphanPolicy string

// The orphan policies.
const (
	// OrphanKeep reports orphans and leaves them alone.
	OrphanKeep OrphanPolicy = "Keep"
	// OrphanKill kills orphans.
	OrphanKill OrphanPolicy = "Kill"
)

// Masters say where the Mesos masters are: by their URLs, or by the ZooKeeper in which they elect their leader.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.urls) != has(self.zookeeper)",message="exactly one of masters.urls and masters.zookeeper must be set"
type Masters struct {
	// urls of the masters, for example http://m1:5050. They are tried in turn; a master that does not lead names the one that does.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:items:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHost() != '' && url(self).getEscapedPath() in ['', '/'] && url(self).getQuery().size() == 0 && !self.contains('#')",message="each of masters.urls must be an http or https URL with a host and nothing behind it, such as http://m1:5050"
	// +kubebuilder:validation:items:XValidation:rule="!self.contains('@')",message="masters.urls must not contain user information"
	// +listType=set
	// +optional
	URLs []string `json:"urls,omitempty"`

	// zookeeper is where the masters elect their leader. With spec.tls the leader is reached over HTTPS under its host's name, else over HTTP
	// at its address; it counts as a master that the spec names.
	// +optional
	ZooKeeper *ZooKeeper `json:"zookeeper,omitempty"`
}

// ZooKeeper is where Mesos masters elect their leader: what the masters' --zk says.
type ZooKeeper struct {
	// servers of ZooKeeper, as host:port, for example z1:2181.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=261
	// +kubebuilder:validation:items:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$`
	// +listType=set
	// +required
	Servers []string `json:"servers,omitempty"`

	// path of the election, for example /mesos.
	// +kubebuilder:validation:Pattern=`^(/[^/\s]+)+$`
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=512
	// +required
	Path string `json:"path,omitempty"`

	// authSecretRef names a Secret in the operator's own namespace with what ZooKeeper authenticates the operator by, where the path has
	// access control lists of scheme digest: keys username and password, as type kubernetes.io/basic-auth has them. ZooKeeper is told them
	// without encryption. The Secret is read again every half minute. Absent: none.
	// +optional
	AuthSecretRef *SecretReference `json:"authSecretRef,omitempty"`
}

// MastersTLS says how masters and framework prove to each other who they are.
//
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || !has(self.insecureSkipVerify) || !self.insecureSkipVerify",message="tls.caSecretRef has no effect with tls.insecureSkipVerify",fieldPath=".caSecretRef"
type MastersTLS struct {
	// caSecretRef names a Secret in the operator's own namespace whose key ca.crt holds the certificates, in PEM, of the authorities to trust
	// instead of the system's. Absent: those.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`

	// clientCertificateSecretRef names a Secret in the operator's own namespace, of type kubernetes.io/tls, with the certificate (tls.crt)
	// and key (tls.key) that the framework shows to masters that want one. Absent: none.
	// +optional
	ClientCertificateSecretRef *SecretReference `json:"clientCertificateSecretRef,omitempty"`

	// insecureSkipVerify takes any master for what it says it is: whoever is in between can read the credentials and launch tasks. For tests
	// only. Default: false.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`
}

// SecretReference names a Secret in the operator's own namespace.
type SecretReference struct {
	// name of the Secret.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`
}

// FrameworkInfo is what Mesos is told of a framework.
//
// +kubebuilder:validation:XValidation:rule="!has(self.defaultRole) || !has(self.roles) || self.defaultRole in self.roles",message="info.defaultRole must be one of info.roles",fieldPath=".defaultRole"
type FrameworkInfo struct {
	// name of the framework in Mesos' own tools. Default: mesos-operator.
	// +kubebuilder:default=mesos-operator
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Name string `json:"name,omitempty"`

	// id takes over a framework that registered earlier, with everything that runs under it. It counts only while status names no
	// framework ID. Absent: Mesos gives a new framework its ID.
	// +kubebuilder:validation:Pattern=`^[^/\\\s]+$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	ID string `json:"id,omitempty"`

	// user is the system user of tasks that name none. It cannot be changed. A framework that is taken over by id keeps the user with which
	// it was registered as its own at Mesos; its tasks run as this one. Default: nobody.
	// +kubebuilder:default=nobody
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9_][-a-zA-Z0-9_.]*[$]?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	User string `json:"user,omitempty"`

	// roles are the Mesos roles that the framework subscribes to. Default: ["*"].
	// +kubebuilder:default={"*"}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^(\*|[^-/.\s\\*][^/\s\\]*(/[^-/.\s\\*][^/\s\\]*)*)$`
	// +listType=set
	// +optional
	Roles []string `json:"roles,omitempty"`

	// defaultRole is the role of tasks that name none, from their next launch on: what runs is left alone. Until Mesos has taken the role
	// (status.roles), the default that it took last stays, also if info.roles no longer has it. Default: "*".
	// +kubebuilder:default="*"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	DefaultRole string `json:"defaultRole,omitempty"`

	// failoverTimeoutSeconds is how long Mesos keeps the tasks while the operator is not subscribed, in seconds; after that it
	// kills them. At least 3600. Default: 604800, one week.
	// +kubebuilder:default=604800
	// +kubebuilder:validation:Minimum=3600
	// +kubebuilder:validation:Maximum=31536000
	// +optional
	FailoverTimeoutSeconds int32 `json:"failoverTimeoutSeconds,omitempty"`

	// webUIURL is the page that Mesos' own UI links to for the framework. Absent: none.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="isURL(self)",message="info.webUIURL must be a URL"
	// +optional
	WebUIURL string `json:"webUIURL,omitempty"`

	// capabilities are asked for on top of those that the operator always has. Mesos does not let a framework drop one safely. Absent: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +listType=set
	// +optional
	Capabilities []FrameworkCapability `json:"capabilities,omitempty"`
}

// FrameworkCapability is an optional capability of a framework, as Mesos calls it.
// +kubebuilder:validation:Enum=GPU_RESOURCES;REGION_AWARE;REVOCABLE_RESOURCES
type FrameworkCapability string

// The optional capabilities.
const (
	// CapabilityGPUResources makes Mesos offer agents that have GPUs.
	CapabilityGPUResources FrameworkCapability = "GPU_RESOURCES"
	// CapabilityRegionAware makes Mesos offer agents of other regions.
	CapabilityRegionAware FrameworkCapability = "REGION_AWARE"
	// CapabilityRevocableResources makes Mesos offer revocable resources, besides all others. Only tasks with resources.revocable take them.
	CapabilityRevocableResources FrameworkCapability = "REVOCABLE_RESOURCES"
)

// FrameworkDeletionPolicy says what becomes of a registration whose object is deleted.
// +kubebuilder:validation:Enum=Detach;Teardown
type FrameworkDeletionPolicy string

// The deletion policies of a MesosFramework.
const (
	// FrameworkDeletionDetach leaves Mesos alone.
	FrameworkDeletionDetach FrameworkDeletionPolicy = "Detach"
	// FrameworkDeletionTeardown removes the framework from Mesos.
	FrameworkDeletionTeardown FrameworkDeletionPolicy = "Teardown"
)

// Reconciliation says how often and how hard Mesos is asked what became of the tasks.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minBackoffSeconds) || !has(self.maxBackoffSeconds) || self.minBackoffSeconds <= self.maxBackoffSeconds",message="reconciliation.minBackoffSeconds must not be more than reconciliation.maxBackoffSeconds",fieldPath=".minBackoffSeconds"
type Reconciliation struct {
	// intervalSeconds is the time between two periodic passes, in seconds. Default: 900.
	// +kubebuilder:default=900
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	// +optional
	IntervalSeconds int32 `json:"intervalSeconds,omitempty"`

	// minBackoffSeconds is the wait after the first round of a pass, in seconds; it doubles with each further one. Default: 5.
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	// +optional
	MinBackoffSeconds int32 `json:"minBackoffSeconds,omitempty"`

	// maxBackoffSeconds is the longest wait between two rounds, in seconds. Default: 60.
	// +kubebuilder:default=60
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	// +optional
	MaxBackoffSeconds int32 `json:"maxBackoffSeconds,omitempty"`

	// chunkSize is how many tasks one RECONCILE call asks for. Default: 1000.
	// +kubebuilder:default=1000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	ChunkSize int32 `json:"chunkSize,omitempty"`

	// stalledAfterSeconds is how long tasks may stay unanswered before condition TasksReconciled says so, in seconds. Default: 900.
	// +kubebuilder:default=900
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=86400
	// +optional
	StalledAfterSeconds int32 `json:"stalledAfterSeconds,omitempty"`

	// launchHoldSeconds is for how long, after the operator's first subscription, nothing is launched while Mesos cannot yet tell all
	// that runs, in seconds: after a failover of the master its agents take up to ten minutes to come back, or what the master's flag
	// agent_reregister_timeout says. Mesos' silence about a task that a person gives up counts only after the same time, and never
	// before ten minutes. Default: 900.
	// +kubebuilder:default=900
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	LaunchHoldSeconds *int32 `json:"launchHoldSeconds,omitempty"`
}

// Offers says how a framework treats offers.
type Offers struct {
	// refuseSeconds is for how long Mesos keeps back what did not serve any task, in seconds. Default: 120.
	// +kubebuilder:default=120
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	RefuseSeconds int32 `json:"refuseSeconds,omitempty"`

	// reviveSeconds is the least time between two requests to Mesos to offer anew what was refused, in seconds. Each of them also takes
	// away what keeps offers for other frameworks, so a short time costs those; a long one makes new tasks wait. Default: 5.
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	// +optional
	ReviveSeconds int32 `json:"reviveSeconds,omitempty"`

	// maintenanceLeadSeconds is how long before its maintenance begins, by the masters' maintenance schedule, an agent takes no new task but
	// one that spec.maxRunSeconds ends before, in seconds; until then, and once the maintenance is over, it is used as any other. What runs there
	// is not moved. Default: 3600.
	// +kubebuilder:default=3600
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2592000
	// +optional
	MaintenanceLeadSeconds *int32 `json:"maintenanceLeadSeconds,omitempty"`

	// gpuAgents says whether agents that have GPUs serve tasks that ask for none: Restricted keeps them for tasks with
	// resources.requests.gpus; Shared gives them to others too, after all other agents that fit. An agent counts as one with GPUs from the
	// first offer that holds some, or once the master has said so (GET_AGENTS). Default: Restricted.
	// +kubebuilder:default=Restricted
	// +optional
	GPUAgents GPUAgents `json:"gpuAgents,omitempty"`

	// reservationLabels are labels of Mesos reservations that are this framework's. Tasks take reserved resources that bear labels only if
	// each label of the reservation is listed here, name and value, as others mark what they reserved for themselves by labels. Reserved
	// resources without labels are taken in any case, where they are reserved for the task's role. Absent: none with labels.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	ReservationLabels []ReservationLabel `json:"reservationLabels,omitempty"`
}

// GPUAgents says which tasks agents serve that have GPUs.
// +kubebuilder:validation:Enum=Restricted;Shared
type GPUAgents string

// The ways to treat agents that have GPUs.
const (
	// GPUAgentsRestricted keeps them for tasks that ask for GPUs.
	GPUAgentsRestricted GPUAgents = "Restricted"
	// GPUAgentsShared gives them to all tasks, to those without GPUs last.
	GPUAgentsShared GPUAgents = "Shared"
)

// ReservationLabel is a label of a Mesos reservation.
type ReservationLabel struct {
	// name is what Mesos calls the label's key.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// value of the label. Absent: a label without a value, or with an empty one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Value string `json:"value,omitempty"`
}

// MesosFrameworkStatus is a registration as it was last seen. The operator sets it all.
type MesosFrameworkStatus struct {
	// conditions say how the registration is: Ready, Connected and TasksReconciled always; Reconciling, Stalled
	// and Contested where they apply.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the metadata.generation that the status speaks of; -1 before the first write.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// controller is the installation of the operator that serves this framework. It is written before Mesos hears of the framework; an
	// installation leaves a framework alone that another one has claimed, for as long as that one lives.
	// +optional
	Controller *ControllerClaim `json:"controller,omitempty"`

	// frameworkID is the ID that Mesos gave the framework. It is stored before anything is launched and never dropped.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	FrameworkID string `json:"frameworkID,omitempty"`

	// master is the leading master that the framework is, or was last, subscribed to.
	// +optional
	Master *MasterStatus `json:"master,omitempty"`

	// agentsMessage says why the master did not say which agents it has when it was asked last (GET_AGENTS of its operator API, at the beginning of
	// each subscription and hourly, with the framework's credentials): what is known of them is then what offers tell, and no
	// spec is said to be too large for every agent (NoAgentLargeEnough). Absent if it did.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	AgentsMessage string `json:"agentsMessage,omitempty"`

	// connectedSince is when the present subscription began; absent while there is none.
	// +optional
	ConnectedSince *metav1.Time `json:"connectedSince,omitempty"`

	// tasks counts the MesosTasks of the framework; it is written at most every five seconds.
	// +optional
	Tasks TaskCounts `json:"tasks"`

	// orphans are the live Mesos tasks of the framework that no MesosTask accounts for, as the last end mark showed them, without those that have
	// ended or got a MesosTask since; absent while there are none.
	// +optional
	Orphans *Orphans `json:"orphans,omitempty"`

	// abandoned are attempts of deleted MesosTasks that were let go while nobody knew whether they ran: past
	// spec.unreachable.replaceAfterSeconds, or given up by a person. Each is killed if it comes back, and leaves the list once it is known
	// to be over, once annotation mesos.dev/give-up-agent has named its agent, or once Mesos has said TASK_UNKNOWN of it for 14 days. While the list is full, further deletions wait.
	// A framework that is deleted with some left, and not torn down, waits for annotation mesos.dev/forget-abandoned.
	// +kubebuilder:validation:MaxItems=1000
	// +listType=map
	// +listMapKey=taskID
	// +optional
	Abandoned []AbandonedAttempt `json:"abandoned,omitempty"`

	// unknown counts the attempts of MesosTasks of which Mesos says TASK_UNKNOWN, and that nothing else will end: neither a removed agent nor a
	// person. Absent while there are none, and until a pass has ended in the present subscription.
	// +optional
	Unknown *UnknownAttempts `json:"unknown,omitempty"`

	// handledAnnotations are the values of the annotations mesos.dev/give-up-agent, mesos.dev/give-up-unknown, mesos.dev/kill-orphans and
	// mesos.dev/forget-abandoned that were followed, the latest last. They do nothing any more, also when they are set again; another value does.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +listMapKey=value
	// +optional
	HandledAnnotations []HandledAnnotation `json:"handledAnnotations,omitempty"`

	// replacedFrameworkIDs are the earlier framework IDs that a person replaced with annotation mesos.dev/replace-framework-id, the latest
	// first. What was bound under them counts as given up.
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +listType=atomic
	// +optional
	ReplacedFrameworkIDs []string `json:"replacedFrameworkIDs,omitempty"`

	// roles are the roles that Mesos took for the framework last. While it refuses those of spec.info, as condition Ready then says, the framework
	// keeps these. Absent before the first subscription.
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=atomic
	// +optional
	Roles []string `json:"roles,omitempty"`

	// defaults are the roles and users that the framework has filled in for tasks that name none, the latest first. What earlier ones launched is
	// not taken for changed.
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Defaults []LaunchDefaults `json:"defaults,omitempty"`

	// reconciliation is the current and the last pass.
	// +optional
	Reconciliation ReconciliationStatus `json:"reconciliation,omitempty,omitzero"`
}

// LaunchDefaults are what a framework fills in for tasks that name none.
type LaunchDefaults struct {
	// role was info.defaultRole.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Role string `json:"role,omitempty"`

	// user was info.user.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	User string `json:"user,omitempty"`
}

// MaxDefaults is how many LaunchDefaults a framework's status holds.
const MaxDefaults = 16

// ControllerClaim is an installation's claim to serve a framework.
type ControllerClaim struct {
	// lease is the namespace and name of the Lease that the installation's leader holds, such as
	// mesos-operator-system/mesos-dev-operator. The claim is void once that is absent, or was not renewed for a whole lease duration.
	// Absent if the installation runs without leader election: then nothing shows that it lives, and every other may take its place.
	// +kubebuilder:validation:Pattern=`^[^/\s]+/[^/\s]+$`
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=317
	// +optional
	Lease string `json:"lease,omitempty"`

	// identity is the process that made the claim, as it calls itself in the lease.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Identity string `json:"identity,omitempty"`
}

// MasterStatus is a leading master.
type MasterStatus struct {
	// url at which the operator reached it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	URL string `json:"url,omitempty"`

	// hostname of the master, as it calls itself.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	Hostname string `json:"hostname,omitempty"`

	// version of Mesos that it runs.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Version string `json:"version,omitempty"`
}

// TaskCounts counts the MesosTasks of a framework.
type TaskCounts struct {
	// bound counts those that are bound to an agent and not over.
	// +optional
	Bound int32 `json:"bound"`
	// running counts those whose state is TASK_RUNNING.
	// +optional
	Running int32 `json:"running"`
	// pending counts those that wait for an offer.
	// +optional
	Pending int32 `json:"pending"`
	// unreachable counts those of which Mesos cannot say whether they run.
	// +optional
	Unreachable int32 `json:"unreachable"`
}

// Orphans are live Mesos tasks of a framework that no MesosTask accounts for.
type Orphans struct {
	// count is how many there are.
	// +kubebuilder:validation:Minimum=1
	// +required
	Count int32 `json:"count,omitempty"`

	// sample names the first ten, in the order of their task IDs.
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=taskID
	// +optional
	Sample []OrphanTask `json:"sample,omitempty"`

	// token names just these, but for those of namespaces that the operator does not watch, in annotation mesos.dev/kill-orphans. Another count has
	// another token, as has another subscription. Absent until Mesos has told all that runs in the present subscription.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Token string `json:"token,omitempty"`

	// message says why orphans are not killed though spec.orphanPolicy is Kill, and how many are of namespaces that the operator does not watch,
	// which it always leaves alone.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
}

// OrphanTask is one live Mesos task that no MesosTask accounts for.
type OrphanTask struct {
	// taskID is its Mesos task ID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +required
	TaskID string `json:"taskID,omitempty"`

	// agentID is the agent that it runs on.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	AgentID string `json:"agentID,omitempty"`
}

// UnknownAttempts are attempts of which Mesos says that it knows nothing.
type UnknownAttempts struct {
	// count is how many there are.
	// +kubebuilder:validation:Minimum=1
	// +required
	Count int32 `json:"count,omitempty"`

	// token names just these in annotation mesos.dev/give-up-unknown. Another count has another token, as has another subscription.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Token string `json:"token,omitempty"`
}

// AbandonedAttempt is an attempt of a deleted MesosTask that may still run.
type AbandonedAttempt struct {
	// taskID is its Mesos task ID.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +required
	TaskID string `json:"taskID,omitempty"`

	// agentID is the agent that it was last seen on.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	AgentID string `json:"agentID,omitempty"`

	// since is when the object was let go.
	// +required
	Since metav1.Time `json:"since,omitempty,omitzero"`

	// unknownTime is since when the operator knows that Mesos says TASK_UNKNOWN of the attempt and nothing else, by its own clock.
	// +optional
	UnknownTime *metav1.Time `json:"unknownTime,omitempty"`

	// killGracePeriodSeconds is the time that the attempt has between SIGTERM and SIGKILL, in seconds. Set by the operator, from the attempt and its object;
	// Mesos' default, 3, where they have none. Absent of an attempt that an earlier release let go: nobody knows it, and an hour (3600) is assumed.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	KillGracePeriodSeconds *int32 `json:"killGracePeriodSeconds,omitempty"`

	// goneTime is since when the operator knows, by its own clock, that an agent which is drained to be marked gone has begun to kill the attempt: Mesos tells no
	// more of it, and it is remembered until its grace period and 10 s have passed.
	// +optional
	GoneTime *metav1.Time `json:"goneTime,omitempty"`
}

// MaxAbandoned is how many abandoned attempts a framework's status holds.
const MaxAbandoned = 1000

// ReconciliationStatus is what became of the reconciliation passes.
type ReconciliationStatus struct {
	// lastHandledReconcileAt is the value of annotation mesos.dev/reconcile-requested-at that was handled last.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// current is the pass that runs; absent while none does.
	// +optional
	Current *ReconciliationPass `json:"current,omitempty"`

	// last is the last pass that had an answer for every task.
	// +optional
	Last *ReconciliationPass `json:"last,omitempty"`
}

// ReconciliationPass is one run of the reconciliation algorithm.
type ReconciliationPass struct {
	// reason is why the pass ran: Subscribed, Interval or Requested.
	// +optional
	Reason PassReason `json:"reason,omitempty"`

	// startTime is when the pass began.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// completionTime is when every task had been answered for; absent while the pass runs.
	// +optional
	CompletionTime *metav1.Time `json:"completionTime,omitempty"`

	// rounds counts how often Mesos was asked.
	// +optional
	Rounds int32 `json:"rounds"`

	// tasks counts the tasks that the pass asked for.
	// +optional
	Tasks int32 `json:"tasks"`

	// unanswered counts those of them that Mesos has not answered for.
	// +optional
	Unanswered int32 `json:"unanswered"`

	// proven says that Mesos then told every live task that it knows on reachable agents, and that no agent was still expected back.
	// +optional
	Proven bool `json:"proven,omitempty"`
}

// PassReason is why a reconciliation pass ran.
// +kubebuilder:validation:Enum=Subscribed;Interval;Requested
type PassReason string

// The reasons of a pass.
const (
	// PassSubscribed is a new subscription.
	PassSubscribed PassReason = "Subscribed"
	// PassInterval is spec.reconciliation.intervalSeconds.
	PassInterval PassReason = "Interval"
	// PassRequested is annotation mesos.dev/reconcile-requested-at.
	PassRequested PassReason = "Requested"
)
