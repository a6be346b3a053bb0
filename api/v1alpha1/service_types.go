package v1alpha1

// SetService asks for a Service of a set's name and namespace, through which the tasks of the set are found: by a pod, an Ingress, a Gateway. The operator
// writes it and its EndpointSlices.
type SetService struct {
	// ports are the Service's ports.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=name
	// +required
	Ports []ServicePort `json:"ports,omitempty"`
}

// ServicePort is one port of the Service of a set.
type ServicePort struct {
	// name of the port, a DNS label. The Service and its EndpointSlices bear it.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// port is the port on which the Service is reached, whatever the tasks have been given.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	Port int32 `json:"port,omitempty"`

	// taskPort is the name of one of the template's spec.ports, to which it leads. Its protocol is the Service's, too.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	TaskPort string `json:"taskPort,omitempty"`
}

// FrameworkEndpoints say which addresses Services may publish of tasks of a framework.
//
// +kubebuilder:validation:MinProperties=1
type FrameworkEndpoints struct {
	// cidrs are the networks, such as 10.0.0.0/8, in which an address has to be to be published: that of an agent as well as that of a container, which
	// its executor tells, and so whoever writes the task. Absent: the agents' own addresses, as the masters tell them, and none of a container.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +kubebuilder:validation:items:Format=cidr
	// +listType=set
	// +optional
	CIDRs []string `json:"cidrs,omitempty"`
}

// EndpointSliceManager is the value of label endpointslice.kubernetes.io/managed-by of the EndpointSlices that the operator keeps. It leaves all others alone.
const EndpointSliceManager = "mesostaskset.mesos.dev"

// AnnotationAgents on an EndpointSlice that the operator keeps has, as JSON, the Mesos agent ID for each of its addresses that is an agent's: where
// agents are until Mesos tells of them, after a change of the leader.
const AnnotationAgents = "mesos.dev/agents"

// ConditionServicePublished of a MesosTaskSet says whether its tasks are found through its Service. It is absent where spec.service is.
const ConditionServicePublished = "ServicePublished"

// Reasons of condition ServicePublished, and of its events.
const (
	// ReasonPublished says that the Service and its EndpointSlices are kept, and that every task which is Ready is in them.
	ReasonPublished = "Published"
	// ReasonServiceNotOwned says that there is a Service of the set's name which the set does not control: it is left as it is, and no task is published.
	ReasonServiceNotOwned = "ServiceNotOwned"
	// ReasonServiceRefused says that the API server refuses the Service or an EndpointSlice as the set describes it.
	ReasonServiceRefused = "ServiceRefused"
	// ReasonServicesNotAllowed says that the operator has no right to write Services and EndpointSlices.
	ReasonServicesNotAllowed = "ServicesNotAllowed"
	// ReasonTasksLeftOut says that tasks which are Ready are not published, as their address is none that may be, or is not known, or they have no
	// such port.
	ReasonTasksLeftOut = "TasksLeftOut"
	// ReasonOlderTasksLeftOut says so where none of these tasks is of the template as it is: it holds no rollout up, which replaces them.
	ReasonOlderTasksLeftOut = "OlderTasksLeftOut"
)
