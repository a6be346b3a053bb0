package v1alpha1

// Label is a name and a value by which a task, or something of it, is marked in Mesos.
type Label struct {
	// name of the label.
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('mesos.dev/')",message="labels in Mesos that begin with mesos.dev/ are the operator's: take another name"
	// +required
	Name string `json:"name,omitempty"`

	// value of the label. Default: empty.
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MaxLength=16384
	// +optional
	Value string `json:"value,omitempty"`
}

// Discovery is what a task is found by.
type Discovery struct {
	// name that the task is found by. It must end in .<namespace> unless the framework allows others (spec.allowedDiscovery of the MesosFramework).
	// Where it lands in Mesos: DiscoveryInfo.name. Default: <name>.<namespace> of the MesosTask.
	// +kubebuilder:validation:Pattern=`^[^\x00-\x20]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +optional
	Name string `json:"name,omitempty"`

	// visibility says who should find the task: Framework (others of this framework), Cluster or External. Mesos passes it on; what finds services
	// decides what it means. Where it lands in Mesos: DiscoveryInfo.visibility. Default: Framework.
	// +kubebuilder:default=Framework
	// +optional
	Visibility DiscoveryVisibility `json:"visibility,omitempty"`

	// labels are for whatever finds services. Where they land in Mesos: DiscoveryInfo.labels. Default: none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	// +optional
	Labels []Label `json:"labels,omitempty"`
}

// DiscoveryVisibility says who should find a task.
// +kubebuilder:validation:Enum=Framework;Cluster;External
type DiscoveryVisibility string

// The visibilities, as Mesos has them.
const (
	// VisibilityFramework is for tasks of the same framework.
	VisibilityFramework DiscoveryVisibility = "Framework"
	// VisibilityCluster is for all tasks of the cluster.
	VisibilityCluster DiscoveryVisibility = "Cluster"
	// VisibilityExternal is for whoever is outside as well.
	VisibilityExternal DiscoveryVisibility = "External"
)

// AllowedDiscovery says by which names tasks may be found.
// +kubebuilder:validation:Enum=Own;Any
type AllowedDiscovery string

// What a framework allows of discovery.
const (
	// DiscoveryOwn allows names that end in .<namespace>.
	DiscoveryOwn AllowedDiscovery = "Own"
	// DiscoveryAny allows all names, those of others' tasks included.
	DiscoveryAny AllowedDiscovery = "Any"
)
