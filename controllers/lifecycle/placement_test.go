package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	spec.Placement.Constraints[1].Values[0] = "r(("
	_, obstacle = Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{DefaultRole: "*"})
	if obstacle == nil || !obstacle.Stalled || obstacle.Reason != v1alpha1.ReasonInvalidSpec ||
		!strings.Contains(obstacle.Message, `spec.placement cannot be followed: rack Matches has "r((", which is no regular expression of RE2`) {
		t.Errorf("of an expression that is none it says %+v", obstacle)
	}
}
