package lifecycle

import (
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestNext_roles: an attempt whose role is not among those that the spec names is another than the one that is declared; any other goes on.
func TestNext_roles(t *testing.T) {
	for sentence, c := range map[string]struct {
		has   string
		role  string
		roles []string
		other bool
	}{
		"none are named":                      {has: "web"},
		"its own":                             {has: "web", role: "web"},
		"another":                             {has: "web", role: "prod", other: true},
		"the first of several":                {has: "web", roles: []string{"web", "prod"}},
		"the last of several":                 {has: "web", roles: []string{"*", "prod", "web"}},
		"none of several":                     {has: "web", roles: []string{"*", "prod"}, other: true},
		"nobody knows which it has":           {roles: []string{"*", "prod"}},
		"that which was its only one, others": {has: "*", roles: []string{"prod", "*"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			s := &scene{}
			s.Spec.Role, s.Spec.Roles = c.role, c.roles
			if got := s.otherRole(&v1alpha1.TaskAttempt{Role: c.has}); got != c.other {
				t.Errorf("it has another role: %v, want %v", got, c.other)
			}
		})
	}
}
