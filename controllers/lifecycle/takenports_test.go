package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestNext_portsOfWhatWasTakenOver: what the master says of the ports of an attempt without any is recorded under the names of the spec, and in the
// binding, which else stays as it is.
func TestNext_portsOfWhatWasTakenOver(t *testing.T) {
	taken := func() *story {
		s := newStory()
		s.Spec.Ports = []v1alpha1.Port{{Name: "http"}, {Name: "admin"}}
		s.Spec.PortRanges = []v1alpha1.PortRange{{Name: "data", From: 31100, To: 31109}}
		s.bind(LaunchUnknown)
		s.Binding.UID, s.Binding.RestartedAt, s.Binding.Attempt = "uid-0", "once", 3
		return s.says(mesos.TaskRunning)
	}
	whole := []v1alpha1.AssignedPort{{Name: "http", HostPort: 31007}, {Name: "admin", HostPort: 31002}, {Name: "data", HostPort: 31100, LastHostPort: 31109}}
	for name, c := range map[string]struct {
		said  []int32
		edit  func(*story)
		want  []v1alpha1.AssignedPort
		bound []int32
	}{
		"as many as the spec has":           {said: []int32{31007, 31002}, want: whole, bound: []int32{31007, 31002}},
		"nothing is said":                   {},
		"fewer than the spec has":           {said: []int32{31007}, want: []v1alpha1.AssignedPort{{Name: "port-0", HostPort: 31007}}, bound: []int32{31007}},
		"while the spec cannot be resolved": {said: []int32{31007, 31002}, edit: func(s *story) { s.Hash = "" }},
		"of what is over":                   {said: []int32{31007, 31002}, edit: func(s *story) { s.says(mesos.TaskFinished) }},
		"of an object that is deleted":      {said: []int32{31007, 31002}, edit: remove, want: whole},
	} {
		t.Run(name, func(t *testing.T) {
			s := taken()
			if first := s.look(); len(first.Status.Task.Ports) > 0 || !strings.Contains(meta.FindStatusCondition(first.Status.Conditions, v1alpha1.ConditionReady).Message, "host ports are not known") {
				t.Errorf("at first it is %+v", first.Status)
			}
			if s.HostPorts = c.said; c.edit != nil {
				c.edit(s)
			}
			decision := s.look()
			if diff := cmp.Diff(c.want, decision.Status.Task.Ports); diff != "" {
				t.Errorf("the ports (-want +got):\n%s", diff)
			}
			if has(decision, StepKeepPorts) != (len(c.bound) > 0) {
				t.Fatalf("steps %v", decision.Steps)
			}
			if len(c.bound) == 0 {
				return
			}
			want := *s.Binding
			want.HostPorts = c.bound
			if diff := cmp.Diff(&want, decision.Restore); diff != "" {
				t.Errorf("the binding (-want +got):\n%s", diff)
			}
			s.Binding = decision.Restore
			if again := s.look(); has(again, StepKeepPorts) || has(again, StepRestore) {
				t.Errorf("then it takes steps %v", again.Steps)
			}
		})
	}
}
