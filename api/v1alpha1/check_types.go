package v1alpha1

import "k8s.io/apimachinery/pkg/util/intstr"

// HealthCheck is a check of a running task by its Mesos executor, on the agent. A task that fails it too often in a row is killed, which counts as an
// end of its own: it is launched again as spec.restartPolicy, backoff and maxRestarts say. What runs a check takes part of what the task was given:
// add some to its requests.
//
// +kubebuilder:validation:XValidation:rule="[has(self.http), has(self.tcp), has(self.command)].filter(set, set).size() == 1",message="exactly one of http, tcp and command must be set: it is what the check does"
type HealthCheck struct {
	// http sends a GET request. Mesos' executors follow redirects and take a status from 200 to 399 for healthy.
	// +optional
	HTTP *HTTPHealthCheck `json:"http,omitempty"`

	// tcp opens a connection.
	// +optional
	TCP *TCPCheck `json:"tcp,omitempty"`

	// command runs a program beside the task; exit code 0 is healthy.
	// +optional
	Command *CommandCheck `json:"command,omitempty"`

	// delaySeconds is the wait from the task's launch to its first check, in seconds. Default: 0. (Mesos' own default is 15.)
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	DelaySeconds *int32 `json:"delaySeconds,omitempty"`

	// gracePeriodSeconds is for how long from the task's launch, delaySeconds included, failures are ignored, in seconds. It ends with the first
	// check that passes. Default: 10.
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	GracePeriodSeconds *int32 `json:"gracePeriodSeconds,omitempty"`

	// intervalSeconds is the wait from the end of one check to the next, in seconds. Default: 10.
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`

	// timeoutSeconds is how long a check may take before it counts as failed, in seconds. Each check starts a program on the agent, so that few
	// seconds may be too short on one that is busy. Default: 20.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	// +optional
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`

	// failureThreshold is with how many failures in a row the task is killed, with its kill grace period. Default: 3.
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	FailureThreshold *int32 `json:"failureThreshold,omitempty"`
}

// HTTPHealthCheck is a GET request to a port of the task.
type HTTPHealthCheck struct {
	// port is the name of one of spec.ports, or a number, for a port that the task listens on without asking for it; on the host's network whatever
	// listens on that is what answers. The request goes to 127.0.0.1, in the task's own network if it has one: the task must listen there, too.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 && self <= 65535 : self.size() > 0",message="port is the name of one of spec.ports, or a number from 1 to 65535"
	// +required
	Port intstr.IntOrString `json:"port,omitempty"`

	// path is the path of the request. Default: /.
	// +kubebuilder:default=/
	// +kubebuilder:validation:Pattern=`^/[^\x00-\x20\x7f]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	Path string `json:"path,omitempty"`

	// scheme is HTTP or HTTPS; certificates are not verified. Default: HTTP.
	// +kubebuilder:default=HTTP
	// +optional
	Scheme CheckScheme `json:"scheme,omitempty"`
}

// CheckScheme is how an HTTP health check speaks.
// +kubebuilder:validation:Enum=HTTP;HTTPS
type CheckScheme string

// The schemes.
const (
	// CheckHTTP is plain HTTP.
	CheckHTTP CheckScheme = "HTTP"
	// CheckHTTPS is HTTP over TLS, whatever the certificate.
	CheckHTTPS CheckScheme = "HTTPS"
)

// TCPCheck is a connection to a port of the task.
type TCPCheck struct {
	// port is the name of one of spec.ports, or a number, for a port that the task listens on without asking for it; on the host's network whatever
	// listens on that is what answers. The connection goes to 127.0.0.1, in the task's own network if it has one: the task must listen there, too.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 && self <= 65535 : self.size() > 0",message="port is the name of one of spec.ports, or a number from 1 to 65535"
	// +required
	Port intstr.IntOrString `json:"port,omitempty"`
}

// CommandCheck is a program that is run beside the task: with its environment, in its sandbox and, where it has an image, in its root file system.
//
// +kubebuilder:validation:XValidation:rule="has(self.shell) != has(self.argv)",message="exactly one of shell and argv must be set"
type CommandCheck struct {
	// shell is a command line for /bin/sh -c.
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	// +optional
	Shell string `json:"shell,omitempty"`

	// argv is a program and its arguments, run without a shell.
	// +kubebuilder:validation:items:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	// +listType=atomic
	// +optional
	Argv []string `json:"argv,omitempty"`
}

// ReadinessCheck is a check of a running task by its Mesos executor, on the agent (Mesos' general check). Nothing is killed for it: condition Ready
// follows what it finds.
//
// +kubebuilder:validation:XValidation:rule="[has(self.http), has(self.tcp), has(self.command)].filter(set, set).size() == 1",message="exactly one of http, tcp and command must be set: it is what the check does"
type ReadinessCheck struct {
	// http sends a GET request and follows redirects; its statuses say which answers are ready. Mesos knows plain HTTP alone here.
	// +optional
	HTTP *HTTPReadinessCheck `json:"http,omitempty"`

	// tcp opens a connection.
	// +optional
	TCP *TCPCheck `json:"tcp,omitempty"`

	// command runs a program beside the task; exit code 0 is ready.
	// +optional
	Command *CommandCheck `json:"command,omitempty"`

	// delaySeconds is the wait from the task's launch to its first check, in seconds. Default: 0. (Mesos' own default is 15.)
	// +kubebuilder:default=0
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +optional
	DelaySeconds *int32 `json:"delaySeconds,omitempty"`

	// intervalSeconds is the wait from the end of one check to the next, in seconds. Default: 10.
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`

	// timeoutSeconds is how long a check may take, in seconds; one that takes longer has no result, which is not ready. Default: 20.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	// +optional
	TimeoutSeconds *int32 `json:"timeoutSeconds,omitempty"`
}

// HTTPReadinessCheck is a GET request to a port of the task.
type HTTPReadinessCheck struct {
	// port is the name of one of spec.ports, or a number, for a port that the task listens on without asking for it; on the host's network whatever
	// listens on that is what answers. The request goes to 127.0.0.1, in the task's own network if it has one: the task must listen there, too.
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? self >= 1 && self <= 65535 : self.size() > 0",message="port is the name of one of spec.ports, or a number from 1 to 65535"
	// +required
	Port intstr.IntOrString `json:"port,omitempty"`

	// path is the path of the request. Default: /.
	// +kubebuilder:default=/
	// +kubebuilder:validation:Pattern=`^/[^\x00-\x20\x7f]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +optional
	Path string `json:"path,omitempty"`

	// statuses are the HTTP statuses that count as ready, each a number or a range such as 200-299. The operator judges by them: a change restarts
	// nothing. Absent: 200-399.
	// +kubebuilder:validation:items:Pattern=`^[1-5][0-9]{2}(-[1-5][0-9]{2})?$`
	// +kubebuilder:validation:items:MaxLength=7
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(s, s.size() != 7 || int(s.substring(0, 3)) <= int(s.substring(4)))",message="a range of statuses begins with the lower one, as 200-399 does"
	// +listType=set
	// +optional
	Statuses []string `json:"statuses,omitempty"`
}
