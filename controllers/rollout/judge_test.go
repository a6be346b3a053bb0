package rollout

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// What judges a decision goes by the world: by what truly runs and what objects there truly are as each write is made, and by budgets worked out here. Only
// what others did behind the cache, which nobody could know, is counted as the cache shows it.

// check judges a decision as a whole: nothing of its own accord while the framework is away, nothing to what is to be left alone.
func (w *world) check(seen Seen, decision Decision) {
	if !seen.Framework.Reconciled && len(decision.Creates)+len(decision.Deletes) > 0 {
		w.Fatalf("%s: acts without its framework", decision.Rule)
	}
	for _, deletion := range decision.Deletes {
		w.judgeLeftAlone(deletion.Task, decision.Rule)
	}
	for _, change := range decision.Changes {
		if _, restarts := change.Spec["shell"]; restarts {
			w.judgeLeftAlone(change.Task, decision.Rule)
		}
	}
	w.judgeShare(decision)
}

func (w *world) judgeLeftAlone(task *v1alpha1.MesosTask, rule string) {
	if task.Annotations[v1alpha1.AnnotationPaused] != "" {
		w.Fatalf("%s: %s was to be left alone", rule, task.Name)
	}
}

// judgeTaking judges a write that ends the task of a MesosTask, before it is made: where that is available, enough others are.
func (w *world) judgeTaking(seen Seen, name, rule string) {
	task := w.tasks[name]
	if task == nil || !w.isUp(task) || w.recreates() {
		return
	}
	others := 0
	for _, other := range seen.Tasks {
		if other.UID == task.UID && !w.looksUp(other) {
			return
		}
		if now := w.tasks[other.Name]; now != nil && now.UID == other.UID && now != task && now.DeletionTimestamp == nil && w.counts(now) && (w.isUp(now) || w.looksUp(other)) {
			others++
		}
	}
	if least := w.least(); others < least {
		w.Fatalf("%s: takes %s away, which leaves %d available, and %d must stay", rule, name, others, least)
	}
}

// judgeMaking judges a creation, before it is made: there is room for one more, and with Recreate nothing of another revision.
func (w *world) judgeMaking(seen Seen, creation Creation, rule string) {
	replicas, surge, _ := w.budgets()
	living := 0
	for _, task := range w.tasks {
		if w.counts(task) && !w.isLost(task) && !slices.ContainsFunc(seen.Tasks, func(one *v1alpha1.MesosTask) bool { return one.UID == task.UID && w.isLost(one) }) {
			living++
		}
		if w.recreates() && w.counts(task) && task.Labels[v1alpha1.LabelRevision] != creation.Labels[v1alpha1.LabelRevision] {
			w.Fatalf("%s: creates %s while %s is there", rule, creation.Name, task.Name)
		}
	}
	if living >= replicas+surge {
		w.Fatalf("%s: creates %s where %d live, of %d and %d", rule, creation.Name, living, replicas, surge)
	}
}

// judgeShare fails the test where a set that does not know what was there before it takes away what a partition keeps.
func (w *world) judgeShare(decision Decision) {
	rolling := w.set.Spec.UpdateStrategy
	if rolling.Type != v1alpha1.UpdateRolling || rolling.RollingUpdate.Partition == 0 || w.set.Spec.Paused || w.set.Status.CurrentRevision != "" {
		return
	}
	updated := decision.Status.UpdateRevision
	older, ofUpdated, kept := map[string]int{}, 0, 0
	for _, task := range w.tasks {
		label := task.Labels[v1alpha1.LabelRevision]
		switch {
		case task.DeletionTimestamp != nil || !w.counts(task):
		case label == updated:
			ofUpdated++
		case !slices.ContainsFunc(w.revisions, func(r Revision) bool { return r.Label == label }), !task.CreationTimestamp.Time.Before(w.set.CreationTimestamp.Time):
		default:
			older[label]++
			if !slices.ContainsFunc(decision.Deletes, func(d Deletion) bool { return d.Task.Name == task.Name && !w.leaves(d.Task) }) {
				kept++
			}
		}
	}
	replicas, _, _ := w.budgets()
	for label, before := range older {
		if least := min(before, int(rolling.RollingUpdate.Partition), max(0, replicas-ofUpdated)); len(older) == 1 && kept < least {
			w.Fatalf("%s: leaves %d of revision %s, and the partition keeps %d", decision.Rule, kept, label, least)
		}
	}
}

// leaves says whether a task goes for another reason than its revision.
func (w *world) leaves(task *v1alpha1.MesosTask) bool {
	return task.Annotations[v1alpha1.AnnotationEvict] != "" || w.edited.Has(task.UID) || !w.made.Has(task.UID)
}

// judgeShell fails the test unless a task runs what the template of its revision says, with what admission added where the set made it and nobody changed it.
func (w *world) judgeShell(task *v1alpha1.MesosTask) {
	for _, revision := range w.revisions {
		if revision.Label != task.Labels[v1alpha1.LabelRevision] {
			continue
		}
		plain, added := revision.Template.Spec.Shell, w.admits && w.made.Has(task.UID)
		wanted := sets.New(plain)
		if added {
			wanted.Insert(plain + admission)
		}
		if added && !w.edited.Has(task.UID) {
			wanted.Delete(plain)
		}
		if got := task.Spec.Shell; !wanted.Has(got) {
			w.Errorf("at its end %s runs %q, of a template with %q", task.Name, got, plain)
		}
	}
}

// counts says whether a MesosTask is the set's, or could be.
func (w *world) counts(task *v1alpha1.MesosTask) bool {
	owner := metav1.GetControllerOf(task)
	return owner == nil || owner.UID == w.set.UID || task.DeletionTimestamp != nil
}

// isUp says whether a task truly is available.
func (w *world) isUp(task *v1alpha1.MesosTask) bool {
	runs, ok := w.attempts[task.UID]
	return ok && !w.now.Before(runs.since.Add(time.Duration(w.set.Spec.MinReadySeconds)*time.Second))
}

// looksUp says whether a task is available by its status.
func (w *world) looksUp(task *v1alpha1.MesosTask) bool {
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonRunning && task.Status.ObservedGeneration == task.Generation &&
		!meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable) &&
		!w.now.Before(ready.LastTransitionTime.Add(time.Duration(w.set.Spec.MinReadySeconds)*time.Second))
}

// isLost says whether it has not been known for ten minutes whether a task runs.
func (w *world) isLost(task *v1alpha1.MesosTask) bool {
	unreachable := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
	return unreachable != nil && !w.now.Before(unreachable.LastTransitionTime.Add(10*time.Minute))
}

func (w *world) recreates() bool {
	return w.set.Spec.UpdateStrategy.Type == v1alpha1.UpdateRecreate && !w.set.Spec.Paused
}

// budgets are the replicas, and how many more and fewer there may be.
func (w *world) budgets() (replicas, surge, unavailable int) {
	replicas = int(*w.set.Spec.Replicas)
	share := func(said *intstr.IntOrString, up int) int {
		switch {
		case said == nil:
			return (replicas + 3*up) / 4
		case strings.HasSuffix(said.StrVal, "%"):
			return (replicas + up) / 2
		default:
			return said.IntValue()
		}
	}
	rolling := w.set.Spec.UpdateStrategy.RollingUpdate
	surge, unavailable = share(rolling.MaxSurge, 1), min(replicas, share(rolling.MaxUnavailable, 0))
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return replicas, surge, unavailable
}

// least is how many must be available.
func (w *world) least() int {
	if w.set.Spec.Suspend {
		return 0
	}
	replicas, _, unavailable := w.budgets()
	return max(0, replicas-unavailable)
}
