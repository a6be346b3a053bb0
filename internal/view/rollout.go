package view

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/intervention"
)

// Rollout says how far a set's rollout is: that it is done, or that it does not get on, both of its spec as it is.
func Rollout(set *v1alpha1.MesosTaskSet) (said string, done, stalled bool) {
	status := set.Status
	if status.ObservedGeneration < set.Generation {
		return "The operator has not taken up the present spec yet", false, false
	}
	is := ready(status.Conditions)
	if is.Status == metav1.ConditionTrue {
		return fmt.Sprintf("set/%s is rolled out: %s", set.Name, is.Message), true, false
	}
	if found := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionStalled); found != nil && found.Status == metav1.ConditionTrue {
		return fmt.Sprintf("set/%s does not get on (%s): %s", set.Name, found.Reason, found.Message), false, true
	}
	return fmt.Sprintf("%s: %s", is.Reason, is.Message), false, false
}

// RevisionRow is a template that a set had, as the history shows it.
type RevisionRow struct {
	Revision int64       `json:"revision"`
	Name     string      `json:"name"`
	Created  metav1.Time `json:"created"`
	// Tasks is how many of the set's tasks are of it.
	Tasks int `json:"tasks"`
	// Present says that it is the set's template as it is.
	Present bool `json:"present"`
	// Changed are the fields that differ from the revision before it, of those that are kept.
	Changed []string `json:"changed,omitempty"`
}

// History are the templates that a set had, the latest last.
func History(set *v1alpha1.MesosTaskSet, revisions []intervention.Revision, tasks []v1alpha1.MesosTask) []RevisionRow {
	rows := make([]RevisionRow, 0, len(revisions))
	for i, one := range revisions {
		row := RevisionRow{Revision: one.Number, Name: one.Name, Created: one.Created, Present: one.Label == set.Status.UpdateRevision}
		for j := range tasks {
			if tasks[j].Labels[v1alpha1.LabelRevision] == one.Label && tasks[j].DeletionTimestamp.IsZero() {
				row.Tasks++
			}
		}
		if i+1 < len(revisions) {
			row.Changed = changed(one, revisions[i+1])
		}
		rows = append(rows, row)
	}
	slices.Reverse(rows)
	return rows
}

// changed names the fields of the template's spec in which two revisions differ.
func changed(a, b intervention.Revision) []string {
	fields := func(one intervention.Revision) map[string]any {
		text, err := json.Marshal(one.Content.Template.Spec)
		found := map[string]any{}
		if err != nil || json.Unmarshal(text, &found) != nil {
			return nil
		}
		found["restartedAt"] = one.Content.RestartedAt
		return found
	}
	after, before := fields(a), fields(b)
	var names []string
	for name := range after {
		if !reflect.DeepEqual(after[name], before[name]) {
			names = append(names, name)
		}
	}
	for name := range maps.Keys(before) {
		if _, still := after[name]; !still {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// HistoryTable is the history for people.
func HistoryTable(rows []RevisionRow, now time.Time) *metav1.Table {
	table := &metav1.Table{}
	for _, name := range []string{"Revision", "Name", "Tasks", "Age", "Changed"} {
		table.ColumnDefinitions = append(table.ColumnDefinitions, metav1.TableColumnDefinition{Name: name, Type: "string"})
	}
	for _, row := range rows {
		revision := strconv.FormatInt(row.Revision, 10)
		if row.Present {
			revision += " (present)"
		}
		table.Rows = append(table.Rows, metav1.TableRow{Cells: []any{
			revision, row.Name, row.Tasks, duration.HumanDuration(now.Sub(row.Created.Time)), orNone(strings.Join(row.Changed, ",")),
		}})
	}
	return table
}

// Pass says how far a reconciliation pass is that was asked for by a value: the pass, and whether it is done.
func Pass(framework *v1alpha1.MesosFramework, value string) (done bool, pass *v1alpha1.ReconciliationPass, progress string) {
	status := framework.Status.Reconciliation
	asked, err := time.Parse(time.RFC3339Nano, value)
	begun := func(pass *v1alpha1.ReconciliationPass) bool {
		return pass != nil && pass.StartTime != nil && (err != nil || !pass.StartTime.Time.Before(asked.Truncate(time.Second)))
	}
	switch current := status.Current; {
	case status.LastHandledReconcileAt != value:
		return false, &v1alpha1.ReconciliationPass{}, "The operator has not taken it up yet"
	case current != nil:
		return false, current, fmt.Sprintf("Round %d: %d of %d tasks are not answered for yet", current.Rounds, current.Unanswered, current.Tasks)
	case begun(status.Last):
		return true, status.Last, ""
	}
	return false, &v1alpha1.ReconciliationPass{}, "The pass is under way"
}
