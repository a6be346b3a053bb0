package v1alpha1

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
