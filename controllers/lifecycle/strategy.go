package lifecycle

import (
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// replaceAfter is for how long the fate of an attempt may be unknown before it is replaced, and the field that says so; false where it is waited for.
// Where the spec says nothing the framework does, for tasks that are to run on: one that is to end is run again by its own word only.
func (s *scene) replaceAfter() (after time.Duration, by string, ok bool) {
	said, by := s.Spec.Unreachable, "spec.unreachable.replaceAfterSeconds"
	if said == nil && s.Defaults != nil && s.Spec.RestartPolicy == v1alpha1.RestartAlways {
		said, by = s.Defaults.Unreachable, "spec.taskDefaults.unreachable.replaceAfterSeconds of MesosFramework "+s.Spec.FrameworkRef.Name
	}
	if said == nil || said.ReplaceAfterSeconds == nil {
		return 0, "", false
	}
	return time.Duration(*said.ReplaceAfterSeconds) * time.Second, by, true
}
