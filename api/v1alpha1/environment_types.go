package v1alpha1

import (
	"slices"
	"strings"
)

// EnvVar is one environment variable.
//
// An executor gets the variables of its task, so that those which it reads itself are not a task's to set. They are what Mesos' src/exec/exec.cpp,
// src/executor/executor.cpp and src/launcher/executor.cpp read by name, the logging flags that executors load (src/logging/flags.cpp), all that
// libprocess reads (3rdparty/libprocess/src/process.cpp and others, by prefix), and the flags of its openssl.cpp that stop a process whose value for
// them does not parse or needs others; those that only name files or ciphers, such as SSL_CERT_FILE, are OpenSSL's own as well and do no harm.
// MESOS_ALLOCATION_ROLE is overwritten. The fetcher gets the agent's environment, not the task's. ReadByExecutor knows the same names.
//
// +kubebuilder:validation:XValidation:rule="!has(self.value) || !has(self.valueFrom)",message="a variable has either value or valueFrom: leave one of them out"
type EnvVar struct {
	// name of the variable. Those that Mesos' executor reads itself are refused.
	// +kubebuilder:validation:Pattern=`^[a-zA-Z_][-._a-zA-Z0-9]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('LIBPROCESS_') && !(self in ['MESOS_ALLOCATION_ROLE', 'MESOS_CHECKPOINT', 'MESOS_DIRECTORY', 'MESOS_DOMAIN_SOCKET', 'MESOS_EXECUTOR_AUTHENTICATION_TOKEN', 'MESOS_EXECUTOR_ID', 'MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD', 'MESOS_EXTERNAL_LOG_FILE', 'MESOS_FRAMEWORK_ID', 'MESOS_HTTP_COMMAND_EXECUTOR', 'MESOS_INITIALIZE_DRIVER_LOGGING', 'MESOS_LOCAL', 'MESOS_LOGBUFSECS', 'MESOS_LOGGING_LEVEL', 'MESOS_LOG_DIR', 'MESOS_QUIET', 'MESOS_RECOVERY_TIMEOUT', 'MESOS_SLAVE_ID', 'MESOS_SLAVE_PID', 'MESOS_SUBSCRIPTION_BACKOFF_MAX']) && !(self.startsWith('SSL_') && self.upperAscii() in ['SSL_ENABLED', 'SSL_ENABLE_SSL_V3', 'SSL_ENABLE_TLS_V1_0', 'SSL_ENABLE_TLS_V1_1', 'SSL_ENABLE_TLS_V1_2', 'SSL_ENABLE_TLS_V1_3', 'SSL_HOSTNAME_VALIDATION_SCHEME', 'SSL_REQUIRE_CERT', 'SSL_REQUIRE_CLIENT_CERT', 'SSL_SUPPORT_DOWNGRADE', 'SSL_VERIFICATION_DEPTH', 'SSL_VERIFY_CERT', 'SSL_VERIFY_IPADD', 'SSL_VERIFY_SERVER_CERT'])",message="Mesos' executor, which runs the task, reads this variable itself and would not start by it: take another name, or set it for the program alone, as in command: [env, NAME=value, program]"
	// +required
	Name string `json:"name,omitempty"`

	// value of the variable, taken as it is: there is no $(NAME) in it, as there is in a pod's. Default: empty.
	// +kubebuilder:validation:Pattern=`^[^\x00]*$`
	// +kubebuilder:validation:MaxLength=65536
	// +optional
	Value string `json:"value,omitempty"`

	// valueFrom takes the value from elsewhere when the task is launched, instead of value. A change of what is there restarts nothing; annotation
	// mesos.dev/restarted-at does. Absent: it is value, or empty.
	// +optional
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource is where the value of a variable comes from.
//
// +kubebuilder:validation:XValidation:rule="[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef)].exists_one(set, set)",message="valueFrom must have exactly one of secretKeyRef, configMapKeyRef and fieldRef"
type EnvVarSource struct {
	// secretKeyRef is a key of a Secret in the task's namespace. Where its value can be read once the task is launched, docs/security.md says.
	// +optional
	SecretKeyRef *KeyReference `json:"secretKeyRef,omitempty"`

	// configMapKeyRef is a key of a ConfigMap in the task's namespace.
	// +optional
	ConfigMapKeyRef *KeyReference `json:"configMapKeyRef,omitempty"`

	// fieldRef is a field of the MesosTask itself.
	// +optional
	FieldRef *FieldReference `json:"fieldRef,omitempty"`
}

// KeyReference is a key of a Secret or ConfigMap in the task's namespace.
type KeyReference struct {
	// name of the Secret or ConfigMap.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// key whose value is taken, as it is. It must be text (UTF-8) without NULs.
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Key string `json:"key,omitempty"`

	// optional leaves the variable out where there is no such object or key. Default: false, the task waits until it is there.
	// +optional
	Optional bool `json:"optional,omitempty"`
}

// FieldReference is a field of the MesosTask.
type FieldReference struct {
	// fieldPath is metadata.name, metadata.namespace, metadata.labels['KEY'] (empty where there is no such label), as they are when the task is
	// launched, or status.taskID, the Mesos task ID of the attempt that is launched.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=340
	// +kubebuilder:validation:XValidation:rule="self in ['metadata.name', 'metadata.namespace', 'status.taskID'] || self.matches(r\"^metadata\\.labels\\['([-.a-z0-9]+/)?[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?'\\]$\")",message="fieldPath must be metadata.name, metadata.namespace, metadata.labels['KEY'] or status.taskID"
	// +required
	FieldPath string `json:"fieldPath,omitempty"`
}

// EnvFromSource is a Secret or ConfigMap of which every key becomes a variable.
//
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) != has(self.configMapRef)",message="an entry of envFrom must have exactly one of secretRef and configMapRef"
type EnvFromSource struct {
	// prefix goes before each key, as in DB_ for a key HOST to become DB_HOST. A name that Mesos' executor reads itself keeps the task from being
	// launched, and condition Ready says so. Default: none.
	// +kubebuilder:validation:Pattern=`^[a-zA-Z_][-._a-zA-Z0-9]*$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	Prefix string `json:"prefix,omitempty"`

	// secretRef is a Secret in the task's namespace.
	// +optional
	SecretRef *SourceReference `json:"secretRef,omitempty"`

	// configMapRef is a ConfigMap in the task's namespace; what it has in binaryData is left out.
	// +optional
	ConfigMapRef *SourceReference `json:"configMapRef,omitempty"`
}

// SourceReference is a Secret or ConfigMap in the task's namespace.
type SourceReference struct {
	// name of the Secret or ConfigMap.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// optional leaves the variables out where there is no such object. Default: false, the task waits until it is there.
	// +optional
	Optional bool `json:"optional,omitempty"`
}

// executorVariables are those that Mesos' executor reads by name, executorTLSVariables those that it reads in any spelling behind SSL_: what the rule
// of EnvVar's name has, for names that are known only when a task is launched.
var executorVariables = []string{
	"MESOS_ALLOCATION_ROLE", "MESOS_CHECKPOINT", "MESOS_DIRECTORY", "MESOS_DOMAIN_SOCKET", "MESOS_EXECUTOR_AUTHENTICATION_TOKEN", "MESOS_EXECUTOR_ID",
	"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "MESOS_EXTERNAL_LOG_FILE", "MESOS_FRAMEWORK_ID", "MESOS_HTTP_COMMAND_EXECUTOR",
	"MESOS_INITIALIZE_DRIVER_LOGGING", "MESOS_LOCAL", "MESOS_LOGBUFSECS", "MESOS_LOGGING_LEVEL", "MESOS_LOG_DIR", "MESOS_QUIET",
	"MESOS_RECOVERY_TIMEOUT", "MESOS_SLAVE_ID", "MESOS_SLAVE_PID", "MESOS_SUBSCRIPTION_BACKOFF_MAX",
}

var executorTLSVariables = []string{
	"SSL_ENABLED", "SSL_ENABLE_SSL_V3", "SSL_ENABLE_TLS_V1_0", "SSL_ENABLE_TLS_V1_1", "SSL_ENABLE_TLS_V1_2", "SSL_ENABLE_TLS_V1_3",
	"SSL_HOSTNAME_VALIDATION_SCHEME", "SSL_REQUIRE_CERT", "SSL_REQUIRE_CLIENT_CERT", "SSL_SUPPORT_DOWNGRADE", "SSL_VERIFICATION_DEPTH",
	"SSL_VERIFY_CERT", "SSL_VERIFY_IPADD", "SSL_VERIFY_SERVER_CERT",
}

// ReadByExecutor says whether Mesos' executor reads a variable itself, so that a task may not have it.
func ReadByExecutor(name string) bool {
	return strings.HasPrefix(name, "LIBPROCESS_") || slices.Contains(executorVariables, name) ||
		strings.HasPrefix(name, "SSL_") && slices.Contains(executorTLSVariables, strings.ToUpper(name))
}
