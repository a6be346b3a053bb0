package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// ParseBinding reads the binding annotation of the object with this namespace and name. A binding that belongs to another object,
// as in a copied manifest, is refused.
func ParseBinding(annotation, namespace, name string) (*v1alpha1.Binding, error) {
	binding := &v1alpha1.Binding{}
	if err := json.Unmarshal([]byte(annotation), binding); err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1alpha1.AnnotationBinding, err)
	}
	id, err := ParseTaskID(binding.TaskID)
	if err != nil {
		return nil, fmt.Errorf("reading annotation %s: %w", v1alpha1.AnnotationBinding, err)
	}
	if id.Namespace != namespace || id.Name != name {
		return nil, fmt.Errorf("annotation %s belongs to MesosTask %s/%s", v1alpha1.AnnotationBinding, id.Namespace, id.Name)
	}
	return binding, nil
}

// Open returns the attempt of record that is not known to be over: its task ID and the agent where it was last seen, or whether there
// is none. Status wins over the binding while it names an attempt that is not over.
func Open(status v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) (taskID, agentID string, open bool) {
	switch task := status.Task; {
	case task != nil && !over(task):
		return task.ID, task.AgentID, true
	case binding == nil || named(&status, binding.TaskID):
		return "", "", false
	default:
		return binding.TaskID, binding.AgentID, true
	}
}

// bindingLost says whether the binding or the finalizer of an attempt that is not over was taken away: by kubectl replace, say, or by a
// manifest that was exported earlier and is applied again. A deleted object can get no finalizer.
func (s *scene) bindingLost() bool {
	return s.current() && !s.Deleting && (s.Binding == nil || s.Binding.TaskID != s.attempt.ID || !s.Finalized)
}

// bindingAhead says whether an attempt ended just now and the binding is of yet another, which may live: it is taken up once the end is
// recorded.
func (s *scene) bindingAhead() bool {
	return s.ended && s.Binding != nil && !named(&s.decision.Status, s.Binding.TaskID)
}

// named says whether the status knows an attempt, as the current or an earlier one.
func named(status *v1alpha1.MesosTaskStatus, taskID string) bool {
	return status.Task != nil && status.Task.ID == taskID ||
		slices.ContainsFunc(status.History, func(earlier v1alpha1.TaskAttempt) bool { return earlier.ID == taskID })
}
