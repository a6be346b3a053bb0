package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestLimitsOf is for a task that asks for half a CPU and 64 MiB.
func TestLimitsOf(t *testing.T) {
	for name, c := range map[string]struct {
		limits *v1alpha1.ResourceLimits
		want   *mesos.Limits
		// refused is part of what is said of limits that cannot be.
		refused string
	}{
		"none":                               {},
		"none, said at length":               {limits: &v1alpha1.ResourceLimits{}},
		"CPUs":                               {limits: &v1alpha1.ResourceLimits{CPUs: "1500m"}, want: &mesos.Limits{CPUs: 1500}},
		"as much as is asked for":            {limits: &v1alpha1.ResourceLimits{CPUs: "0.5", Memory: "64Mi"}, want: &mesos.Limits{CPUs: 500, Memory: 64_000}},
		"no limit":                           {limits: &v1alpha1.ResourceLimits{CPUs: "Unlimited", Memory: "Unlimited"}, want: &mesos.Limits{CPUs: mesos.Unlimited, Memory: mesos.Unlimited}},
		"memory that is no whole MiB":        {limits: &v1alpha1.ResourceLimits{Memory: "68000000"}, want: &mesos.Limits{Memory: 65_000}},
		"memory in whole MiB":                {limits: &v1alpha1.ResourceLimits{Memory: "1Gi"}, want: &mesos.Limits{Memory: 1_024_000}},
		"CPUs that are finer than Mesos'":    {limits: &v1alpha1.ResourceLimits{CPUs: "500100u"}, want: &mesos.Limits{CPUs: 501}},
		"fewer CPUs than are asked for":      {limits: &v1alpha1.ResourceLimits{CPUs: "499m"}, refused: "spec.resources.limits.cpus is 499m, less than spec.resources.requests.cpus: raise the limit"},
		"less memory than is asked for":      {limits: &v1alpha1.ResourceLimits{CPUs: "2", Memory: "63Mi"}, refused: "spec.resources.limits.memory is 63Mi, less than spec.resources.requests.memory"},
		"a word":                             {limits: &v1alpha1.ResourceLimits{CPUs: "lots"}, refused: `spec.resources.limits.cpus is "lots": write an amount from 10m to 10k, or Unlimited`},
		"less than nothing":                  {limits: &v1alpha1.ResourceLimits{CPUs: "-1"}, refused: `spec.resources.limits.cpus is "-1": write an amount from 10m to 10k, or Unlimited`},
		"no CPUs":                            {limits: &v1alpha1.ResourceLimits{CPUs: "0"}, refused: `spec.resources.limits.cpus is "0": write an amount from 10m to 10k, or Unlimited`},
		"more CPUs than an agent has":        {limits: &v1alpha1.ResourceLimits{CPUs: "10001"}, refused: `spec.resources.limits.cpus is "10001": write an amount from 10m to 10k`},
		"more memory than there can ever be": {limits: &v1alpha1.ResourceLimits{Memory: "1e300"}, refused: `spec.resources.limits.memory is "1e300"`},
	} {
		t.Run(name, func(t *testing.T) {
			spec := baseSpec()
			spec.Resources.Limits = c.limits
			task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{})
			switch {
			case c.refused != "":
				if obstacle == nil || obstacle.Reason != v1alpha1.ReasonInvalidSpec || !obstacle.Stalled || !strings.Contains(obstacle.Message, c.refused) {
					t.Errorf("the obstacle is %+v, want %q", obstacle, c.refused)
				}
			case obstacle != nil:
				t.Errorf("an obstacle: %+v", obstacle)
			default:
				if diff := cmp.Diff(c.want, task.Limits); diff != "" {
					t.Errorf("the limits (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestOthersOf(t *testing.T) {
	for name, c := range map[string]struct {
		other   []v1alpha1.OtherResource
		want    []mesos.Other
		refused string
	}{
		"none": {},
		"all kinds, by name": {
			other: []v1alpha1.OtherResource{{Name: "licences", Set: []string{"b", "a"}}, {Name: "lanes", Ranges: 2}, {Name: "fpga", Scalar: "0.25"}},
			want:  []mesos.Other{{Name: "fpga", Scalar: 250}, {Name: "lanes", Numbers: 2}, {Name: "licences", Items: []string{"a", "b"}}},
		},
		"a word":           {other: []v1alpha1.OtherResource{{Name: "fpga", Scalar: "x"}}, refused: `spec.resources.other has "x" of fpga: write an amount that an agent can have`},
		"nothing":          {other: []v1alpha1.OtherResource{{Name: "fpga", Scalar: "0.0"}}, refused: `"0.0" of fpga`},
		"more than can be": {other: []v1alpha1.OtherResource{{Name: "fpga", Scalar: "99999999999999"}}, refused: "of fpga"},
	} {
		t.Run(name, func(t *testing.T) {
			spec := baseSpec()
			spec.Resources.Other = c.other
			task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{})
			switch {
			case c.refused != "":
				if obstacle == nil || obstacle.Reason != v1alpha1.ReasonInvalidSpec || !strings.Contains(obstacle.Message, c.refused) {
					t.Errorf("the obstacle is %+v, want %q", obstacle, c.refused)
				}
			case obstacle != nil:
				t.Errorf("an obstacle: %+v", obstacle)
			default:
				if diff := cmp.Diff(c.want, task.Others); diff != "" {
					t.Errorf("the resources (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestPermit_revocable(t *testing.T) {
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.MesosFrameworkSpec{Info: v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*"}}}}
	task := mesos.Task{Role: "*", User: "nobody"}
	checkPermission(t, Permit(framework, Namespace{Name: "shop"}, task), v1alpha1.ReasonRevocableNotAllowed, nil)
	task.Revocable = true
	checkPermission(t, Permit(framework, Namespace{Name: "shop"}, task), v1alpha1.ReasonRevocableNotAllowed,
		[]string{"MesosFramework default is offered no revocable resources", "add REVOCABLE_RESOURCES to its spec.info.capabilities"})
	framework.Spec.Info.Capabilities = []v1alpha1.FrameworkCapability{v1alpha1.CapabilityRevocableResources}
	checkPermission(t, Permit(framework, Namespace{Name: "shop"}, task), v1alpha1.ReasonRevocableNotAllowed, nil)
}
