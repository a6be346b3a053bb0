package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// MesosTaskSet is a number of like tasks that should exist on Apache Mesos, and that are replaced a few at a time when their template changes.
//
// kubectl wait --for=condition=Ready waits until all are there by the template as it is.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:metadata:annotations="mesos.dev/api-level=1"
// +kubebuilder:resource:shortName=mts,categories=mesos
// +kubebuilder:printcolumn:name="Ready",type=integer,JSONPath=`.status.readyReplicas`,description="How many tasks run and are ready."
// +kubebuilder:printcolumn:name="Up-To-Date",type=integer,JSONPath=`.status.updatedReplicas`,description="How many tasks are of the template as it is."
// +kubebuilder:printcolumn:name="Available",type=integer,JSONPath=`.status.availableReplicas`,description="How many tasks have been ready for spec.minReadySeconds."
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.updateRevision`,priority=1,description="The revision of the template as it is."
// +kubebuilder:printcolumn:name="Image",type=string,JSONPath=`.spec.template.spec.container.image`,priority=1,description="The image of the template's container."
// +kubebuilder:printcolumn:name="Shell",type=string,JSONPath=`.spec.template.spec.shell`,priority=1,description="The command line of the template."
// +kubebuilder:printcolumn:name="Command",type=string,JSONPath=`.spec.template.spec.command`,priority=1,description="The command of the template."
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`,description="The age of the object."
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 45 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be a DNS label of at most 45 characters, lower-case letters, digits and '-', as the names of its tasks begin with it"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.service) || self.metadata.name.matches('^[a-z]')",message="metadata.name of a set with spec.service must begin with a letter, as the Service bears it: take another name"
type MesosTaskSet struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata. The name must be a DNS label of at most 45 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the set as it should be.
	// +required
	Spec MesosTaskSetSpec `json:"spec,omitzero"`

	// status is the set as it was last seen. The operator sets it.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status MesosTaskSetStatus `json:"status,omitempty,omitzero"`
}

// MesosTaskSetList is a list of MesosTaskSets.
//
// +kubebuilder:object:root=true
type MesosTaskSetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	// items are the sets.
	Items []MesosTaskSet `json:"items"`
}

// MesosTaskSetSpec is how many tasks there should be, of which template, and how they are replaced.
//
// +kubebuilder:validation:XValidation:rule="self.minReadySeconds < self.progressDeadlineSeconds",message="spec.minReadySeconds must be less than spec.progressDeadlineSeconds, or no rollout could end in time",fieldPath=".minReadySeconds"
// +kubebuilder:validation:XValidation:rule="!has(self.service) || self.service.ports.all(p, has(self.template.spec.ports) && self.template.spec.ports.exists(q, q.name == p.taskPort))",message="taskPort of each of spec.service.ports must be the name of one of spec.template.spec.ports",fieldPath=".service.ports"
// +kubebuilder:validation:XValidation:rule="!has(self.service) || !has(self.template.spec.ports) || self.service.ports.all(p, self.service.ports.exists_one(q, q.port == p.port && self.template.spec.ports.exists(t, t.name == q.taskPort && has(t.protocol) && t.protocol == 'UDP') == self.template.spec.ports.exists(t, t.name == p.taskPort && has(t.protocol) && t.protocol == 'UDP')))",message="two of spec.service.ports have the same port and protocol, and the Service could not tell them apart: take another port",fieldPath=".service.ports"
type MesosTaskSetSpec struct {
	// replicas is how many tasks there should be, a number that kubectl scale and HorizontalPodAutoscalers set as well. 0 is none. Default: 1.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`

	// template is what each of the tasks is made of. A change of what reaches Mesos of it makes a revision, whose tasks replace the others as
	// spec.updateStrategy says. A change of the rest, which restarts nothing, is written into the tasks as they run.
	// +required
	Template MesosTaskSetTemplate `json:"template,omitzero"`

	// restartedAt replaces all tasks each time that it changes, as a change of the template would: any text, such as the time. Absent: nothing is asked.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	RestartedAt string `json:"restartedAt,omitempty"`

	// suspend kills all tasks at once, and keeps them from running until it is false again. Default: false.
	// +optional
	Suspend bool `json:"suspend,omitempty"`

	// minReadySeconds is how long a task must have been ready, in seconds, before it counts as available, and the next one is replaced: a revision that ends
	// sooner takes none of the older one with it. With a readinessCheck 0 may do. Default: 10.
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	MinReadySeconds int32 `json:"minReadySeconds"`

	// updateStrategy says how tasks of an older revision are replaced. Default: RollingUpdate, 25% at a time.
	// +kubebuilder:default={"type":"RollingUpdate"}
	// +optional
	UpdateStrategy UpdateStrategy `json:"updateStrategy,omitempty,omitzero"`

	// progressDeadlineSeconds is how long a rollout may make no progress, in seconds, before condition Stalled says so. It goes on being tried. Default: 600.
	// +kubebuilder:default=600
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=604800
	// +optional
	ProgressDeadlineSeconds int32 `json:"progressDeadlineSeconds,omitempty"`

	// paused keeps tasks of an older revision from being replaced. How many there are is kept all the same. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`

	// service asks for a Service of the set's name, through which its tasks are found. The operator writes it and its EndpointSlices, if it may
	// (condition ServicePublished says how that is), and takes both away when this is. A Service of the name that is not the set's is left as it is.
	// Absent: none.
	// +optional
	Service *SetService `json:"service,omitempty"`

	// revisionHistoryLimit is the number of revisions, ControllerRevisions, that are kept to go back to, besides those that tasks are of. Default: 10.
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	// +optional
	RevisionHistoryLimit *int32 `json:"revisionHistoryLimit,omitempty"`
}

// MesosTaskSetTemplate is what the MesosTasks of a set are made of.
type MesosTaskSetTemplate struct {
	// metadata is what the MesosTasks bear besides what the operator gives them. Absent: nothing.
	// +optional
	Metadata TemplateMetadata `json:"metadata,omitempty,omitzero"`

	// spec is that of the MesosTasks.
	// +kubebuilder:validation:XValidation:rule="self.frameworkRef == oldSelf.frameworkRef",message="spec.template.spec.frameworkRef cannot be changed: create a MesosTaskSet of another name, and delete this one once that one is ready",fieldPath=".frameworkRef"
	// +kubebuilder:validation:XValidation:rule="!has(self.deletionPolicy) || self.deletionPolicy == 'Kill'",message="deletionPolicy Orphan is not to be had in a set, as each task that it replaces would run on: to let go of all, delete the set with --cascade=orphan",fieldPath=".deletionPolicy"
	// +kubebuilder:validation:XValidation:rule="!has(self.restartPolicy) || self.restartPolicy == 'Always'",message="restartPolicy in a set is Always: leave it out; what ends by itself is a MesosTask, or a MesosCronTask",fieldPath=".restartPolicy"
	// +kubebuilder:validation:XValidation:rule="!has(self.suspend) || !self.suspend",message="suspend is not to be had in a template: set spec.suspend of the set",fieldPath=".suspend"
	// +kubebuilder:validation:XValidation:rule="!has(self.ttlSecondsAfterFinished)",message="ttlSecondsAfterFinished is not to be had in a set, whose tasks never finish: leave it out",fieldPath=".ttlSecondsAfterFinished"
	// +kubebuilder:validation:XValidation:rule="!has(self.activeDeadlineSeconds)",message="activeDeadlineSeconds is not to be had in a set, whose tasks have no end: leave it out",fieldPath=".activeDeadlineSeconds"
	// +required
	Spec MesosTaskSpec `json:"spec,omitzero"`
}

// TemplateMetadata is what objects that are made of a template bear of it.
type TemplateMetadata struct {
	// labels are labels of the objects, whose keys are not of mesos.dev/ or kubernetes.io/: those are for the operator to give. A change of them
	// restarts nothing. Absent: none.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('mesos.dev/') && !k.startsWith('kubernetes.io/'))",message="labels of mesos.dev/ and kubernetes.io/ are not for templates: take another prefix"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.size() <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="the key of a label has at most 63 letters, digits, '-', '_' and '.', with a DNS name and '/' before them or not"
	// +optional
	Labels map[string]TemplateLabel `json:"labels,omitempty"`

	// annotations are annotations of the objects, whose keys are not of mesos.dev/ or kubernetes.io/. A change of them restarts nothing. Absent: none.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('mesos.dev/') && !k.startsWith('kubernetes.io/'))",message="annotations of mesos.dev/ and kubernetes.io/ are not for templates: take another prefix"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.size() <= 317 && k.matches('^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$'))",message="the key of an annotation has at most 63 letters, digits, '-', '_' and '.', with a DNS name and '/' before them or not"
	// +optional
	Annotations map[string]TemplateText `json:"annotations,omitempty"`
}

// TemplateLabel is the value of a label.
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$`
type TemplateLabel string

// TemplateText is the value of an annotation.
// +kubebuilder:validation:MaxLength=4096
type TemplateText string

// UpdateStrategy says how tasks of an older revision are replaced.
type UpdateStrategy struct {
	// type is RollingUpdate: a few at a time; Recreate: all are killed, then all are made anew, so that no two revisions run at a time; or OnDelete:
	// none, until somebody deletes its MesosTask. Default: RollingUpdate.
	// +kubebuilder:default=RollingUpdate
	// +optional
	Type UpdateStrategyType `json:"type,omitempty"`

	// rollingUpdate says how many at a time. With every type it also bounds what else moves tasks: a maintenance of their agents, annotation
	// mesos.dev/evict, and putting back what was changed by hand. Absent: 25% each of maxUnavailable and maxSurge.
	// +optional
	RollingUpdate *RollingUpdate `json:"rollingUpdate,omitempty"`
}

// UpdateStrategyType is a way to replace tasks of an older revision.
// +kubebuilder:validation:Enum=RollingUpdate;Recreate;OnDelete
type UpdateStrategyType string

// The ways to replace tasks.
const (
	// UpdateRolling replaces a few at a time.
	UpdateRolling UpdateStrategyType = "RollingUpdate"
	// UpdateRecreate kills all before the first new one is launched.
	UpdateRecreate UpdateStrategyType = "Recreate"
	// UpdateOnDelete replaces what somebody deletes.
	UpdateOnDelete UpdateStrategyType = "OnDelete"
)

// RollingUpdate says how many tasks are replaced at a time.
//
// +kubebuilder:validation:XValidation:rule="!has(self.maxUnavailable) || !has(self.maxSurge) || !((type(self.maxUnavailable) == int ? self.maxUnavailable == 0 : self.maxUnavailable.matches('^0+%$')) && (type(self.maxSurge) == int ? self.maxSurge == 0 : self.maxSurge.matches('^0+%$')))",message="maxUnavailable and maxSurge are both 0, and nothing could ever be replaced: raise one of them",fieldPath=".maxUnavailable"
type RollingUpdate struct {
	// maxUnavailable is how many of spec.replicas the operator may make unavailable at a time by itself, a number or a percentage, which is rounded
	// down. Where that and maxSurge come to 0 it is 1. Absent: 25%.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 && self <= 10000 : self.matches('^([0-9]{1,2}|100)%$')",message="maxUnavailable is a number from 0 to 10000, or a percentage up to 100%"
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// maxSurge is how many tasks there may be beyond spec.replicas, a number or a percentage, which is rounded up; those that are being killed count.
	// Absent: 25%.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 0 && self <= 10000 : self.matches('^([0-9]{1,2}|100)%$')",message="maxSurge is a number from 0 to 10000, or a percentage up to 100%"
	// +optional
	MaxSurge *intstr.IntOrString `json:"maxSurge,omitempty"`

	// partition is the number of tasks that stay at the revision that was there before, so that the others can be watched for a while. With
	// type RollingUpdate only. Absent: 0.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Partition int32 `json:"partition,omitempty"`
}

// MesosTaskSetStatus is a set as it was last seen.
type MesosTaskSetStatus struct {
	// conditions are Ready, where they hold Reconciling and Stalled, and ServicePublished where spec.service is.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the object that this status is of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// replicas is the number of the set's MesosTasks that are not being deleted.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Replicas int32 `json:"replicas"`

	// terminatingReplicas is the number of those that are being deleted.
	// +kubebuilder:validation:Minimum=0
	// +optional
	TerminatingReplicas int32 `json:"terminatingReplicas,omitempty"`

	// readyReplicas is the number of replicas whose condition Ready is True with reason Running.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`

	// availableReplicas is the number of replicas that have been so for spec.minReadySeconds.
	// +kubebuilder:validation:Minimum=0
	// +optional
	AvailableReplicas int32 `json:"availableReplicas,omitempty"`

	// updatedReplicas is the number of replicas that are of updateRevision.
	// +kubebuilder:validation:Minimum=0
	// +optional
	UpdatedReplicas int32 `json:"updatedReplicas,omitempty"`

	// unreachableReplicas is the number of replicas of which Mesos cannot say whether they run.
	// +kubebuilder:validation:Minimum=0
	// +optional
	UnreachableReplicas int32 `json:"unreachableReplicas,omitempty"`

	// currentRevision is the revision, as label mesos.dev/revision of MesosTasks has it, that all tasks were of when the last rollout ended.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	CurrentRevision string `json:"currentRevision,omitempty"`

	// updateRevision is the revision of the template as it is.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	UpdateRevision string `json:"updateRevision,omitempty"`

	// lastProgressTime is when a rollout that is under way last came closer to its end: spec.progressDeadlineSeconds count from it. Absent while none is.
	// +optional
	LastProgressTime *metav1.Time `json:"lastProgressTime,omitempty"`

	// selector finds the set's MesosTasks by their labels, for the scale subresource.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Selector string `json:"selector,omitempty"`
}
