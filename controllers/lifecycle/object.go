package lifecycle

import (
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// BindingOf is the binding of a task; nil where it has none that can be read and is its own.
func BindingOf(task *v1alpha1.MesosTask) *v1alpha1.Binding {
	annotation, ok := task.Annotations[v1alpha1.AnnotationBinding]
	if !ok {
		return nil
	}
	binding, err := ParseBinding(annotation, task.Namespace, task.Name)
	if err != nil {
		return nil
	}
	return binding
}

// OpenAttemptsOf are the attempts of a task that are not known to be over.
func OpenAttemptsOf(task *v1alpha1.MesosTask) []OpenAttempt {
	return OpenAttempts(task.Status, bindingToOpen(task))
}

// HasOpen says whether a task has an attempt of record that is not known to be over.
func HasOpen(task *v1alpha1.MesosTask) bool {
	_, _, open := Open(task.Status, bindingToOpen(task))
	return open
}

// bindingToOpen is the binding of a task, where that decides which attempt is the one of record: reading it takes longer than all else.
func bindingToOpen(task *v1alpha1.MesosTask) *v1alpha1.Binding {
	if attempt := task.Status.Task; attempt != nil && !over(attempt) {
		return nil
	}
	return BindingOf(task)
}

// OpenAttemptOf names an attempt of a status.
func OpenAttemptOf(attempt *v1alpha1.TaskAttempt) OpenAttempt {
	return OpenAttempt{TaskID: attempt.ID, AgentID: attempt.AgentID, FrameworkID: attempt.FrameworkID}
}

// HasFinalizer says whether a task has the operator's finalizer.
func HasFinalizer(task *v1alpha1.MesosTask) bool {
	return slices.Contains(task.Finalizers, v1alpha1.TaskFinalizer)
}

// FrameworkIDOf is the framework's ID as its object has it; empty while it has none, or a person replaced the one that it had.
func FrameworkIDOf(framework *v1alpha1.MesosFramework) string {
	for _, id := range []string{framework.Status.FrameworkID, framework.Annotations[v1alpha1.AnnotationFrameworkID]} {
		if id != "" && !slices.Contains(framework.Status.ReplacedFrameworkIDs, id) {
			return id
		}
	}
	return ""
}
