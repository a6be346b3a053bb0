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

// CheckPort is where a check goes: one of the task's ports by its name or, where that is empty, a number.
type CheckPort struct {
	Name   string `json:"port"`
	Number uint32 `json:"number,omitempty"`
}

// HTTPCheck is a GET request.
type HTTPCheck struct {
	CheckPort

	Path string `json:"path,omitempty"`
	// Scheme is http or https; empty in a general check, which has none.
	Scheme string `json:"scheme,omitempty"`
}

// TCPCheck is a connection.
type TCPCheck struct {
	CheckPort
}

// HealthCheck is a check that kills the task with so many failures in a row (mesos.proto, HealthCheck).
type HealthCheck struct {
	Check
	// GracePeriod is for how long failures are ignored before the first success.
	GracePeriod time.Duration `json:"gracePeriod,omitempty"`
	Failures    uint32        `json:"failures,omitempty"`
}

// Port is the port that the check goes to; the zero value for a command.
func (c *Check) Port() CheckPort {
	switch {
	case c.HTTP != nil:
		return c.HTTP.CheckPort
	case c.TCP != nil:
		return c.TCP.CheckPort
	default:
		return CheckPort{}
	}
}

// PortOf is the number of the port that a check of the task goes to, in the network where the task listens; zero where it goes to none. Executors
// check there: the command executor shares the network of its task (src/launcher/executor.cpp, where checks are launched), and Docker's enters the
// container's (src/docker/executor.cpp, launchHealthCheck).
func (t *Task) PortOf(c *Check) uint32 {
	port := c.Port()
	for i := range t.Ports {
		if port.Name != "" && t.Ports[i].Name == port.Name && i < len(t.HostPorts) {
			return t.listensOn(i)
		}
	}
	return port.Number
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
