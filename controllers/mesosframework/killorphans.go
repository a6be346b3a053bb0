package mesosframework

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// orphanToken names the orphans that there are now; empty while there are none, or before Mesos has told all that runs in the present subscription.
func (v *view) orphanToken() string {
	told := v.memory.passes.told
	if told == nil || !told.proven || told.term != v.subscribedTerm() || !v.memory.orphans.In(told.term) {
		return ""
	}
	return v.memory.orphans.Token()
}

// noteOrphans is what condition TasksReconciled says of them, of which there are count; empty where there are none.
func noteOrphans(framework *v1alpha1.MesosFramework, orphans *v1alpha1.Orphans, count int) string {
	if orphans == nil || orphans.Token == "" {
		return ""
	}
	return fmt.Sprintf("; %d live tasks have no MesosTask. If nobody needs them, kill all of them: kubectl annotate mesosframework %s --overwrite %s=%s",
		count, framework.Name, v1alpha1.AnnotationKillOrphans, orphans.Token)
}

// judgeKillOrphans takes the token of the present count, or task IDs that are all in it.
func (v *view) judgeKillOrphans(value string) (follow bool, why string) {
	told := v.memory.passes.told
	if told == nil || !told.proven || !v.memory.orphans.In(v.subscribedTerm()) {
		// Nothing has been counted yet.
		return false, ""
	}
	count, named := v.memory.orphans, requests.List(value)
	strangers := slices.DeleteFunc(slices.Clone(named), func(taskID string) bool {
		_, found := slices.BinarySearch(count.Members(), taskID)
		return found
	})
	switch {
	case len(named) == 0:
		return false, fmt.Sprintf("Annotation %s does nothing, as it names no task", v1alpha1.AnnotationKillOrphans)
	case len(strangers) == 0:
		return true, ""
	case len(named) > 1 && count.Len() > 0:
		return false, fmt.Sprintf("Annotation %s does nothing, as %d of the %d tasks that it names, %.64q among them, are none of the %d that no MesosTask accounts for now",
			v1alpha1.AnnotationKillOrphans, len(strangers), len(named), strangers[0], count.Len())
	default:
		return count.Judge(v.object.Status.HandledAnnotations, v1alpha1.AnnotationKillOrphans, value)
	}
}

// killNamedOrphans kills what a value names, and has it killed at each later count until it is over.
func (v *view) killNamedOrphans(ctx context.Context, value string) error {
	named := sets.New(requests.List(value)...)
	doomed := slices.DeleteFunc(slices.Clone(v.memory.passes.told.orphans), func(orphan mesos.Observation) bool {
		return value != v.memory.orphans.Token() && !named.Has(orphan.TaskID)
	})
	v.memory.doomed = v.memory.doomed.Union(sets.New(taskIDsOf(doomed)...))
	v.killOrphans(ctx, doomed)
	return nil
}
