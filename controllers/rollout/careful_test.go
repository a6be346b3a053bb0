package rollout

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestNext_recreateWaits: without a word of how long it may be unknown whether the old one runs, no new one is made beside it.
func TestNext_recreateWaits(t *testing.T) {
	for name, c := range map[string]struct {
		said *v1alpha1.Unreachable
		made int
	}{
		"wait":             {&v1alpha1.Unreachable{}, 0},
		"nothing is said":  {nil, 0},
		"for five minutes": {&v1alpha1.Unreachable{ReplaceAfterSeconds: new(int32(300))}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := aSet(1, "a", "b")
			g.Set.Spec.UpdateStrategy.Type = v1alpha1.UpdateRecreate
			g.task("a", unreachableFor(11*time.Minute), leaving, func(task *v1alpha1.MesosTask) { task.Spec.Unreachable = c.said })
			if decision := Next(g.Seen); len(decision.Creates) != c.made {
				t.Errorf("it creates %d, want %d", len(decision.Creates), c.made)
			}
		})
	}
}

// TestNext_saysWhatKeepsAPlace: where no more are made until one that is being deleted is gone, it is said which, where and why it is not, once it is late, too.
func TestNext_saysWhatKeepsAPlace(t *testing.T) {
	killing := func(task *v1alpha1.MesosTask) {
		leaving(task)
		meta.SetStatusCondition(&task.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDeleting, Message: "agent-7 is silent."})
	}
	earlier := func(task *v1alpha1.MesosTask) { task.OwnerReferences[0].UID = "an earlier set" }
	for name, c := range map[string]struct {
		given *given
		says  bool
	}{
		"a rollout":               {aSet(2, "a", "b").budgets(0, 1).task("b").task("a", killing), true},
		"Recreate":                {aSet(1, "a", "b").with(func(g *given) { g.Set.Spec.UpdateStrategy.Type = v1alpha1.UpdateRecreate }).task("a", killing), true},
		"one more than there are": {aSet(2, "a").budgets(0, 1).task("a").task("a", killing), true},
		"an earlier set's":        {aSet(1, "a").budgets(0, 1).task("a", killing, earlier), true},
		"there is room besides":   {aSet(2, "a", "b").budgets(1, 0).task("b").task("a", killing), false},
	} {
		t.Run(name, func(t *testing.T) {
			c.given.Set.Status = v1alpha1.MesosTaskSetStatus{ObservedGeneration: 1, UpdatedReplicas: 2, AvailableReplicas: 2, UpdateRevision: c.given.label(c.given.Set.Spec.Template.Spec.Shell)}
			for _, late := range []bool{false, true} {
				if c.given.Set.Status.LastProgressTime = nil; late {
					c.given.Set.Status.LastProgressTime = &metav1.Time{Time: epoch.Add(-time.Hour)}
				}
				ready := meta.FindStatusCondition(Next(c.given.Seen).Status.Conditions, v1alpha1.ConditionReady)
				if got := strings.Contains(ready.Message, "on host-1 is Deleting: agent-7 is silent"); got != c.says {
					t.Errorf("late: %t: Ready is %s %q, want it told: %t", late, ready.Reason, ready.Message, c.says)
				}
			}
		})
	}
}

// TestNext_keepsWhatItsServiceFinds: while ready tasks cannot be found by the Service of the set, those that can are not replaced.
func TestNext_keepsWhatItsServiceFinds(t *testing.T) {
	for reason, deleted := range map[string]int{v1alpha1.ReasonTasksLeftOut: 0, v1alpha1.ReasonServiceRefused: 0, v1alpha1.ReasonServicesNotAllowed: 1, v1alpha1.ReasonOlderTasksLeftOut: 1} {
		t.Run(reason, func(t *testing.T) {
			g := aSet(1, "a", "b").budgets(1, 0).task("a").task("b")
			g.Set.Spec.Service = &v1alpha1.SetService{}
			g.Set.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionServicePublished, Status: metav1.ConditionFalse, Reason: reason}}
			g.Set.Status.Conditions[0].Message = "exceeded quota"
			decision := Next(g.Seen)
			if len(decision.Deletes) != deleted {
				t.Errorf("it deletes %d, want %d", len(decision.Deletes), deleted)
			}
			g.Set.Status.ObservedGeneration, g.Set.Status.CurrentRevision, g.Set.Status.UpdateRevision = 1, g.label("a"), g.label("b")
			g.Set.Status.UpdatedReplicas, g.Set.Status.AvailableReplicas, g.Set.Status.LastProgressTime = 1, 2, &metav1.Time{Time: epoch.Add(-time.Hour)}
			late := Next(g.Seen)
			for want, status := range map[string]v1alpha1.MesosTaskSetStatus{v1alpha1.ReasonRollingOut: decision.Status, v1alpha1.ReasonProgressDeadlineExceeded: late.Status} {
				ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady)
				if says := strings.Contains(ready.Message, "(ServicePublished): "+reason+": exceeded quota"); ready.Reason != want || says != (deleted == 0) {
					t.Errorf("Ready is %s %q, want %s and that it is held said: %t", ready.Reason, ready.Message, want, deleted == 0)
				}
			}
		})
	}
}
