package view

import (
	"fmt"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// portsOf are an attempt's host ports, as http:31004,media:10000-10100.
func portsOf(attempt *v1alpha1.TaskAttempt) string {
	ports := make([]string, len(attempt.Ports))
	for i, port := range attempt.Ports {
		if ports[i] = fmt.Sprintf("%s:%d", port.Name, port.HostPort); port.LastHostPort != 0 {
			ports[i] += fmt.Sprintf("-%d", port.LastHostPort)
		}
	}
	return strings.Join(ports, ",")
}
