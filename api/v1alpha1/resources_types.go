package v1alpha1

import (
	"bytes"
	"encoding/json"
)

// PortProtocol is what is spoken on a port.
// +kubebuilder:validation:Enum=TCP;UDP
type PortProtocol string

// The protocols of ports.
const (
	// ProtocolTCP is TCP.
	ProtocolTCP PortProtocol = "TCP"
	// ProtocolUDP is UDP.
	ProtocolUDP PortProtocol = "UDP"
)

// PortRange is a range of host ports that a task needs.
//
// +kubebuilder:validation:XValidation:rule="self.from <= self.to",message="a range begins at from and ends at to: from must not be more than to"
// +kubebuilder:validation:XValidation:rule="self.to - self.from < 1000",message="a range has at most 1,000 ports: split it"
type PortRange struct {
	// name of the range, a DNS label of at most 15 characters with a letter, which no port has. The task sees it as PORT_<NAME>, in upper case and with
	// '_' for '-'.
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +required
	Name string `json:"name,omitempty"`

	// from is the first port.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	From int32 `json:"from,omitempty"`

	// to is the last port; the range has at most 1,000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	// +required
	To int32 `json:"to,omitempty"`

	// protocol is what is spoken on the ports: TCP or UDP. It only tells apart ranges, and ports, of the same numbers: Mesos counts a port once for
	// both. Default: TCP.
	// +optional
	Protocol PortProtocol `json:"protocol,omitempty"`
}

// Limit is an amount that a task may use at most: a quantity, with or without quotes, or Unlimited.
type Limit string

// UnmarshalJSON takes numbers as they are written. It refuses nothing, as a list could not be read for one object in it.
func (l *Limit) UnmarshalJSON(data []byte) error {
	*l = Limit(written(data))
	return nil
}

// Scalar is an amount of a resource that is a number, with or without quotes.
type Scalar string

// UnmarshalJSON takes numbers as they are written. It refuses nothing, as a list could not be read for one object in it.
func (s *Scalar) UnmarshalJSON(data []byte) error {
	*s = Scalar(written(data))
	return nil
}

// written is the text of a JSON string, and any other value as it is written; nothing of null.
func written(data []byte) string {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return string(bytes.TrimSpace(data))
	}
	return text
}

// Unlimited stands for no limit.
const Unlimited Limit = "Unlimited"

// ResourceLimits are the amounts that a task may use at most. The user sets them. They need agents of Mesos 1.10 or later, which bound tasks of the Mesos
// containerizer by --isolation=cgroups/cpu,cgroups/mem (or cgroups/all), and Docker containers by themselves. An agent that cannot do it refuses the
// launch, and others are tried; a master of before 1.10 does not know of limits, and the task has none then.
//
// +kubebuilder:validation:MinProperties=1
type ResourceLimits struct {
	// The schema of cpus comes from hack/amounts, as that of requests.cpus.

	// cpus is the most CPUs that the task may use, for example 1.5 or 1500m, from 10m to 10k and not less than requests.cpus; or Unlimited.
	// Absent: the agent's way. Mesos: TaskInfo.limits, cpus.
	// +kubebuilder:validation:Schemaless
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	CPUs Limit `json:"cpus,omitempty"`

	// memory is the most memory that the task may use, for example 256Mi, from 1Mi to 1Pi and not less than requests.memory; or Unlimited. Mesos bounds
	// by whole MiB, so it is rounded up to them. A task that takes more is killed. Absent: the agent's way. Mesos: TaskInfo.limits, mem.
	// +kubebuilder:validation:Type=""
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="string(self) == 'Unlimited' || isQuantity(string(self)) && quantity(string(self)).compareTo(quantity('1Mi')) >= 0 && quantity(string(self)).compareTo(quantity('1Pi')) <= 0",message="resources.limits.memory must be from 1Mi to 1Pi, or Unlimited; a number without a unit is bytes"
	// +optional
	Memory Limit `json:"memory,omitempty"`
}

// OtherResource is an amount of a resource that has no place of its own in requests and ports. The user sets it.
//
// +kubebuilder:validation:XValidation:rule="(has(self.scalar) ? 1 : 0) + (has(self.set) ? 1 : 0) + (has(self.ranges) ? 1 : 0) == 1",message="exactly one of scalar, set and ranges must be set, by the type that the resource has on the agents"
// +kubebuilder:validation:XValidation:rule="!(self.name in ['cpus', 'mem', 'memory', 'disk', 'gpus', 'ports'])",message="cpus, memory, disk and gpus stand in resources.requests, and ports in spec.ports and spec.portRanges",fieldPath=".name"
type OtherResource struct {
	// name is the resource's, as agents have it. Mesos: Resource.name.
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9_][-a-zA-Z0-9_./]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// scalar is an amount of a resource that is a number: a decimal number above 0, with at most three places, which is what Mesos counts in; one
	// with a fraction in quotes: "0.5". Absent: it is none. Mesos: Resource.scalar.
	// +kubebuilder:validation:Type=""
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=14
	// +kubebuilder:validation:XValidation:rule="string(self).matches('^[0-9]{1,10}([.][0-9]{1,3})?$') && string(self).matches('[1-9]')",message="resources.other.scalar must be a decimal number above 0 with at most three places, in quotes where it has a fraction: '0.5'; leave the resource out if none is needed"
	// +optional
	Scalar Scalar `json:"scalar,omitempty"`

	// set are the items that it must be of a resource that is a set of items. Absent: it is none. Mesos: Resource.set.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=128
	// +kubebuilder:validation:items:Pattern=`^[^\x00]*$`
	// +listType=set
	// +optional
	Set []string `json:"set,omitempty"`

	// ranges is how many numbers of a resource that is ranges of numbers, whichever they are. Which ones the task has, Mesos says (the resources of
	// the task in the master's state). Absent: it is none. Mesos: Resource.ranges.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65536
	// +optional
	Ranges int32 `json:"ranges,omitempty"`
}
