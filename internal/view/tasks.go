package view

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// none stands where there is nothing to show.
const none = "-"

func orNone(text string) string {
	if text == "" {
		return none
	}
	return text
}

// OwnerOf is the set or cron task that a MesosTask belongs to, as set/front; "" where it stands alone.
func OwnerOf(task *v1alpha1.MesosTask) string {
	owner := metav1.GetControllerOf(task)
	switch {
	case owner == nil:
		return ""
	case owner.Kind == "MesosTaskSet":
		return "set/" + owner.Name
	case owner.Kind == "MesosCronTask":
		return "cron/" + owner.Name
	}
	return owner.Kind + "/" + owner.Name
}

// ready is condition Ready, an empty one where there is none.
func ready(conditions []metav1.Condition) metav1.Condition {
	if found := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady); found != nil {
		return *found
	}
	return metav1.Condition{Status: metav1.ConditionUnknown}
}

// IsProblem says whether a task is something to look at: not ready, or out of Mesos' sight.
func IsProblem(task *v1alpha1.MesosTask) bool {
	return ready(task.Status.Conditions).Status != metav1.ConditionTrue || meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
}

// SortTasks sorts tasks as the table has them: by namespace, owner and name.
func SortTasks(tasks []v1alpha1.MesosTask) {
	slices.SortFunc(tasks, func(a, b v1alpha1.MesosTask) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(OwnerOf(&a), OwnerOf(&b)), cmp.Compare(a.Name, b.Name))
	})
}

// Tasks is the joined table of MesosTasks.
func Tasks(tasks []v1alpha1.MesosTask, namespaces bool, now time.Time) *metav1.Table {
	table := &metav1.Table{}
	column := func(name string, wide bool) {
		definition := metav1.TableColumnDefinition{Name: name, Type: "string"}
		if wide {
			definition.Priority = 1
		}
		table.ColumnDefinitions = append(table.ColumnDefinitions, definition)
	}
	if namespaces {
		column("Namespace", false)
	}
	for _, name := range []string{"Name", "Ready", "Status", "Owner", "Framework", "State", "Agent", "Restarts", "Age", "Task-ID"} {
		column(name, false)
	}
	for _, name := range []string{"Agent-ID", "Role", "Container-ID", "Ports"} {
		column(name, true)
	}
	for i := range tasks {
		task := &tasks[i]
		is, attempt := ready(task.Status.Conditions), task.Status.Task
		if attempt == nil {
			attempt = &v1alpha1.TaskAttempt{}
		}
		var cells []any
		if namespaces {
			cells = append(cells, task.Namespace)
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: append(cells,
			task.Name, string(is.Status), orNone(is.Reason), orNone(OwnerOf(task)), task.Spec.FrameworkRef.Name, orNone(attempt.State), orNone(attempt.Hostname),
			task.Status.Restarts, duration.HumanDuration(now.Sub(task.CreationTimestamp.Time)), orNone(attempt.ID),
			orNone(attempt.AgentID), orNone(attempt.Role), orNone(attempt.ContainerID), orNone(portsOf(attempt)),
		)})
	}
	return table
}
