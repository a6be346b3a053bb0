package intervention

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Reconcile asks for a reconciliation pass. value is what the framework's status repeats once the pass is taken up.
func Reconcile(framework *v1alpha1.MesosFramework, now time.Time) (change *Change, value string, err error) {
	if !meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionConnected) {
		return nil, "", errors.New("it is not connected to Mesos, which can be asked once it is: kubectl mesos doctor says why")
	}
	value = stamp(now, framework.Annotations[v1alpha1.AnnotationReconcileRequestedAt])
	change, err = annotate(framework, "asks Mesos for every task", v1alpha1.AnnotationReconcileRequestedAt, value)
	return change, value, err
}

// AllOrphans names all orphans that are counted.
const AllOrphans = "all"

// KillOrphans kills live tasks that no MesosTask accounts for: those of the task IDs, or AllOrphans.
func KillOrphans(framework *v1alpha1.MesosFramework, ids []string) (*Change, error) {
	orphans := framework.Status.Orphans
	if orphans == nil {
		return nil, errors.New("it has no orphans")
	}
	if orphans.Token == "" {
		return nil, errors.New("nothing can be called an orphan for sure before Mesos has told all that runs in this subscription: kubectl mesos reconcile asks it")
	}
	if slices.Equal(ids, []string{AllOrphans}) {
		return annotate(framework, fmt.Sprintf("kills its %d orphans", orphans.Count), v1alpha1.AnnotationKillOrphans, orphans.Token)
	}
	for _, id := range ids {
		known := slices.ContainsFunc(orphans.Sample, func(one v1alpha1.OrphanTask) bool { return one.TaskID == id })
		if !known && int(orphans.Count) <= len(orphans.Sample) {
			return nil, fmt.Errorf("%s is none of its orphans", id)
		}
	}
	value := unspent(framework.Status.HandledAnnotations, v1alpha1.AnnotationKillOrphans, strings.Join(ids, ","))
	if value != strings.Join(ids, ",") {
		return nil, errors.New("they were killed before by the same words, which are followed once: kubectl mesos orphans shows whether they live")
	}
	return annotate(framework, "kills "+strings.Join(ids, " and "), v1alpha1.AnnotationKillOrphans, value)
}

// GiveUpAgents says that agents never come back.
func GiveUpAgents(framework *v1alpha1.MesosFramework, ids []string) (*Change, error) {
	value := unspent(framework.Status.HandledAnnotations, v1alpha1.AnnotationGiveUpAgent, strings.Join(ids, ","))
	return annotate(framework, "gives up all that was bound to "+strings.Join(ids, " and ")+", as far as Mesos cannot tell of it", v1alpha1.AnnotationGiveUpAgent, value)
}

// GiveUpUnknown gives up all of which Mesos says that it knows nothing.
func GiveUpUnknown(framework *v1alpha1.MesosFramework) (*Change, error) {
	unknown := framework.Status.Unknown
	if unknown == nil {
		return nil, errors.New("there is nothing of which Mesos says TASK_UNKNOWN, or no pass has ended in this subscription")
	}
	return annotate(framework, fmt.Sprintf("gives up the %d tasks of which Mesos says TASK_UNKNOWN", unknown.Count), v1alpha1.AnnotationGiveUpUnknown, unknown.Token)
}
