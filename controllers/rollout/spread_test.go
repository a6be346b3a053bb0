package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestNext_placement: tasks of a set rather have hosts for themselves, unless the template says where they go; what it says of its own tasks is of those of
// one revision.
func TestNext_placement(t *testing.T) {
	among := func(label, value string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{label: value}}
	}
	host, rack := v1alpha1.PlacementKey{Field: v1alpha1.PlacementHostname}, v1alpha1.PlacementKey{Attribute: "rack"}
	apart := v1alpha1.Spread{
		By: host, Selector: among(v1alpha1.LabelSet, "web"), MatchLabelKeys: []string{v1alpha1.LabelRevision}, MaxPerValue: new(int32(1)), Enforcement: v1alpha1.PlacementPreferred,
	}
	linux := []v1alpha1.Constraint{{By: v1alpha1.PlacementKey{Attribute: "os"}, Operator: v1alpha1.ConstraintExists}}
	spread := func(spread v1alpha1.Spread) *v1alpha1.Placement {
		return &v1alpha1.Placement{Spread: []v1alpha1.Spread{spread}}
	}
	for name, c := range map[string]struct{ given, want *v1alpha1.Placement }{
		"nothing":     {nil, spread(apart)},
		"constraints": {&v1alpha1.Placement{Constraints: linux}, &v1alpha1.Placement{Constraints: linux, Spread: []v1alpha1.Spread{apart}}},
		"scoring":     {&v1alpha1.Placement{Scoring: v1alpha1.ScoringPack}, &v1alpha1.Placement{Scoring: v1alpha1.ScoringPack}},
		"together": {
			&v1alpha1.Placement{Together: []v1alpha1.Together{{By: rack, Selector: among("app", "db")}}}, &v1alpha1.Placement{Together: []v1alpha1.Together{{By: rack, Selector: among("app", "db")}}},
		},
		"a spread among its own, by a label of the template": {
			spread(v1alpha1.Spread{By: rack, Selector: among("app", "web"), MaxSkew: new(int32(1))}),
			spread(v1alpha1.Spread{By: rack, Selector: among("app", "web"), MaxSkew: new(int32(1)), MatchLabelKeys: []string{v1alpha1.LabelRevision}}),
		},
		"a spread that says of whom": {
			spread(v1alpha1.Spread{By: rack, Selector: among("app", "web"), MaxSkew: new(int32(1)), MatchLabelKeys: []string{"app"}}),
			spread(v1alpha1.Spread{By: rack, Selector: among("app", "web"), MaxSkew: new(int32(1)), MatchLabelKeys: []string{"app"}}),
		},
		"a spread away from others": {
			spread(v1alpha1.Spread{By: rack, Selector: among("app", "db"), MaxPerValue: new(int32(1))}), spread(v1alpha1.Spread{By: rack, Selector: among("app", "db"), MaxPerValue: new(int32(1))}),
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := aSet(1, "serve 1", "serve 2")
			g.Set.Spec.Template.Spec.Placement = c.given
			g.Set.Spec.Template.Metadata.Labels = map[string]v1alpha1.TemplateLabel{"app": "web"}
			before := g.Set.DeepCopy()
			decision := Next(g.Seen)
			if len(decision.Creates) != 1 {
				t.Fatalf("%d are created", len(decision.Creates))
			}
			if diff := cmp.Diff(c.want, decision.Creates[0].Spec.Placement); diff != "" {
				t.Errorf("placement (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, g.Set); diff != "" {
				t.Errorf("the set was changed:\n%s", diff)
			}
			// What was made so is not changed again, and one of the older revision goes by the same.
			g.task("serve 1").task("serve 2", func(task *v1alpha1.MesosTask) {
				task.Labels, task.Spec = decision.Creates[0].Labels, decision.Creates[0].Spec
			})
			changed := false
			for _, change := range Next(g.Seen).Changes {
				changed = changed || change.Task == g.Tasks[1]
			}
			if changed {
				t.Error("what was made by the template is changed")
			}
		})
	}
}
