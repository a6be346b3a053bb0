package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestResolve_placement(t *testing.T) {
	spec := baseSpec()
	spec.Placement = &v1alpha1.Placement{Constraints: []v1alpha1.Constraint{
		{By: v1alpha1.PlacementKey{Field: v1alpha1.PlacementHostname}, Operator: v1alpha1.ConstraintIn, Values: []string{"h1", "h2"}},
		{By: v1alpha1.PlacementKey{Attribute: "rack"}, Operator: v1alpha1.ConstraintMatches, Values: []string{"r.*"}},
	}}
	task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{DefaultRole: "*"})
	want := &mesos.Placement{Constraints: []mesos.Constraint{
		{By: mesos.Key{Field: mesos.FieldHostname}, Operator: mesos.In, Values: []string{"h1", "h2"}},
		{By: mesos.Key{Attribute: "rack"}, Operator: mesos.Matches, Values: []string{"r.*"}},
	}}
	if diff := cmp.Diff(want, task.Placement); diff != "" || obstacle != nil {
		t.Errorf("obstacle %+v, placement (-want +got):\n%s", obstacle, diff)
	}
	web := &metav1.LabelSelector{
		MatchLabels:      map[string]string{"b": "2", "a": "1"},
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "c", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"3"}}},
	}
	spec.Placement.Scoring = v1alpha1.ScoringPack
	spec.Placement.Spread = []v1alpha1.Spread{
		{By: v1alpha1.PlacementKey{Attribute: "rack"}, Selector: web, MatchLabelKeys: []string{"d"}, MaxPerValue: new(int32(2))},
		{By: v1alpha1.PlacementKey{Field: v1alpha1.PlacementZone}, Selector: &metav1.LabelSelector{}, MaxSkew: new(int32(1)), Enforcement: v1alpha1.PlacementPreferred},
	}
	spec.Placement.Together = []v1alpha1.Together{{By: v1alpha1.PlacementKey{Field: v1alpha1.PlacementRegion}, Selector: web}}
	among := mesos.Selector{
		{Label: "a", Operator: mesos.In, Values: []string{"1"}}, {Label: "b", Operator: mesos.In, Values: []string{"2"}}, {Label: "c", Operator: mesos.NotIn, Values: []string{"3"}},
	}
	want.Scoring = mesos.Pack
	want.Spread = []mesos.Spread{
		{By: mesos.Key{Attribute: "rack"}, Among: among, SameLabels: []string{"d"}, MaxPerValue: 2},
		{By: mesos.Key{Field: mesos.FieldZone}, Among: mesos.Selector{}, MaxSkew: 1, Preferred: true},
	}
	want.Together = []mesos.Together{{By: mesos.Key{Field: mesos.FieldRegion}, Among: among}}
	task, obstacle = Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{DefaultRole: "*"})
	if diff := cmp.Diff(want, task.Placement); diff != "" || obstacle != nil {
		t.Errorf("obstacle %+v, placement (-want +got):\n%s", obstacle, diff)
	}
	web.MatchExpressions[0].Operator = "Near"
	if _, obstacle = Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{DefaultRole: "*"}); obstacle == nil ||
		!strings.Contains(obstacle.Message, "the selector of spread by rack cannot be read") {
		t.Errorf("of a selector that cannot be read it says %+v", obstacle)
	}
	spec.Placement.Spread, spec.Placement.Together = nil, nil
	spec.Placement.Constraints[1].Values[0] = "r(("
	_, obstacle = Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{DefaultRole: "*"})
	if obstacle == nil || !obstacle.Stalled || obstacle.Reason != v1alpha1.ReasonInvalidSpec ||
		!strings.Contains(obstacle.Message, `spec.placement cannot be followed: rack Matches has "r((", which is no regular expression of RE2`) {
		t.Errorf("of an expression that is none it says %+v", obstacle)
	}
}
