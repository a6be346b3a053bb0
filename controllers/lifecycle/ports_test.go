package lifecycle

import (
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestResolve_unforwarded: whatever admission let through, a port is where it is declared to be, or the task is not launched.
func TestResolve_unforwarded(t *testing.T) {
	host := &v1alpha1.Container{Image: "x", Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkHost}}}
	own := &v1alpha1.Container{Image: "x", Networks: []v1alpha1.Network{{Mode: v1alpha1.NetworkContainer, Name: "n"}}}
	port, ranges := []v1alpha1.Port{{Name: "a", ContainerPort: new(int32(80))}}, []v1alpha1.PortRange{{Name: "r", From: 1, To: 2}}
	for name, c := range map[string]struct {
		container *v1alpha1.Container
		ports     []v1alpha1.Port
		ranges    []v1alpha1.PortRange
		says      string
	}{
		"a container port without a container":     {ports: port, says: "containerPort in spec.ports"},
		"a container port on the host's network":   {container: host, ports: port, says: "containerPort in spec.ports"},
		"a container port in a network of its own": {container: own, ports: port},
		"a range without a container":              {ranges: ranges},
		"a range on the host's network":            {container: host, ranges: ranges},
		"a range in a network of its own":          {container: own, ranges: ranges, says: "spec.portRanges"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := baseSpec()
			spec.Shell, spec.Container, spec.Ports, spec.PortRanges = "x", c.container, c.ports, c.ranges
			task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{User: "nobody", DefaultRole: "*"})
			if len(task.Ports) != len(c.ports) || len(task.Ranges) != len(c.ranges) || obstacle != nil && !obstacle.Resolved {
				t.Errorf("it is not resolved, so that nobody knows again what was launched by it: %+v", obstacle)
			}
			switch {
			case c.says == "" && obstacle != nil:
				t.Errorf("it is refused: %s", obstacle.Message)
			case c.says != "" && (obstacle == nil || obstacle.Reason != v1alpha1.ReasonInvalidSpec || !obstacle.Stalled || !strings.Contains(obstacle.Message, c.says)):
				t.Errorf("the obstacle is %+v, want a lasting one that says %q", obstacle, c.says)
			}
		})
	}
}
