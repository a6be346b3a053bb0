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

// OpenAttempt is an attempt that is not known to be over.
type OpenAttempt struct {
	TaskID string
	// AgentID is the agent where it was last seen.
	AgentID string
	// FrameworkID is the framework ID that it was launched under; empty where nothing says so.
	FrameworkID string
}

// OpenAttempts returns all attempts that are not known to be over: the attempt of record, if it is not, and those that were left behind.
func OpenAttempts(status v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) []OpenAttempt {
	var open []OpenAttempt
	if taskID, agentID, ok := Open(status, binding); ok {
		record := OpenAttempt{TaskID: taskID, AgentID: agentID}
		if task := status.Task; task != nil && task.ID == taskID {
			record.FrameworkID = task.FrameworkID
		} else {
			record.FrameworkID = binding.FrameworkID
		}
		open = append(open, record)
	}
	for i := range status.History {
		if earlier := &status.History[i]; !over(earlier) {
			open = append(open, OpenAttempt{TaskID: earlier.ID, AgentID: earlier.AgentID, FrameworkID: earlier.FrameworkID})
		}
	}
	return open
}

// maxAttempts is the largest number that an attempt can have. It is out of reach by counting; a binding that carries it was forged.
const maxAttempts = 1 << 53

// NextAttempt is the number that the next binding carries; zero, for none, where the numbers are used up.
func NextAttempt(status v1alpha1.MesosTaskStatus, binding *v1alpha1.Binding) int64 {
	latest := status.Attempts
	if binding != nil {
		latest = max(latest, binding.Attempt)
	}
	if latest >= maxAttempts {
		return 0
	}
	return latest + 1
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
