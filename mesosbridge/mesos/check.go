package mesos

import (
	"slices"
	"time"
)

// Check is how an executor probes its task: by one of HTTP, TCP, Shell and Argv (mesos.proto, CheckInfo). Its JSON is part of the spec hash.
type Check struct {
	HTTP *HTTPCheck `json:"http,omitempty"`
	TCP  *TCPCheck  `json:"tcp,omitempty"`
	// Shell is a command line for /bin/sh -c, Argv a program and its arguments.
	Shell string   `json:"shell,omitempty"`
	Argv  []string `json:"argv,omitempty"`
	// Delay is the wait before the first check, Interval that between two, Timeout how long one may take.
	Delay    time.Duration `json:"delay,omitempty"`
	Interval time.Duration `json:"interval,omitempty"`
	Timeout  time.Duration `json:"timeout,omitempty"`
}

// HTTPCheck is a GET request.
type HTTPCheck struct {
	// Port is the name of one of the task's ports.
	Port string `json:"port"`
	Path string `json:"path,omitempty"`
	// Scheme is http or https; empty in a general check, which has none.
	Scheme string `json:"scheme,omitempty"`
}

// TCPCheck is a connection.
type TCPCheck struct {
	// Port is the name of one of the task's ports.
	Port string `json:"port"`
}

// HealthCheck is a check that kills the task with so many failures in a row (mesos.proto, HealthCheck).
type HealthCheck struct {
	Check
	// GracePeriod is for how long failures are ignored before the first success.
	GracePeriod time.Duration `json:"gracePeriod,omitempty"`
	Failures    uint32        `json:"failures,omitempty"`
}

// PortName is the name of the port that the check goes to; empty for a command.
func (c *Check) PortName() string {
	switch {
	case c.HTTP != nil:
		return c.HTTP.Port
	case c.TCP != nil:
		return c.TCP.Port
	default:
		return ""
	}
}

// PortOf is the number of the port that a check of the task goes to, in the network where the task listens; zero where it goes to none. Executors
// check there: the command executor shares the network of its task (src/launcher/executor.cpp, where checks are launched), and Docker's enters the
// container's (src/docker/executor.cpp, launchHealthCheck).
func (t *Task) PortOf(c *Check) uint32 {
	name := c.PortName()
	for i := range t.Ports {
		if name != "" && t.Ports[i].Name == name && i < len(t.HostPorts) {
			return t.listensOn(i)
		}
	}
	return 0
}

// HasPort says whether the task asks for a port of that name.
func (t *Task) HasPort(name string) bool {
	return slices.ContainsFunc(t.Ports, func(port Port) bool { return port.Name == name })
}

// CheckResult is what a general check last found (mesos.proto, CheckStatusInfo); all fields are nil where that came to nothing, or before the first.
type CheckResult struct {
	ExitCode *int32
	Status   *uint32
	Connects *bool
}
