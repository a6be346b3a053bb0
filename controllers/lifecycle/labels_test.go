package lifecycle

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// declaredToBeFound declares labels and discovery.
func declaredToBeFound() *Declaration {
	spec := v1alpha1.MesosTaskSpec{TaskTemplate: v1alpha1.TaskTemplate{
		Labels:    []v1alpha1.Label{{Name: "B", Value: "1"}, {Name: "A"}},
		Discovery: &v1alpha1.Discovery{Name: "front.shop", Visibility: v1alpha1.VisibilityExternal, Labels: []v1alpha1.Label{{Name: "C", Value: "2"}}},
	}}
	made := Declare("web", &spec, mesos.Task{}, &v1alpha1.MesosFramework{})
	return &made
}

func TestResolve_labelsAndDiscovery(t *testing.T) {
	for sentence, c := range map[string]struct {
		declared *v1alpha1.Discovery
		want     *mesos.Discovery
	}{
		"nothing":      {nil, nil},
		"the defaults": {&v1alpha1.Discovery{}, &mesos.Discovery{Name: "web.shop", Visibility: mesos.VisibleInFramework}},
		"all of it":    {&v1alpha1.Discovery{Name: "a", Visibility: v1alpha1.VisibilityCluster, Labels: []v1alpha1.Label{{Name: "L"}}}, &mesos.Discovery{Name: "a", Visibility: mesos.VisibleInCluster, Labels: []mesos.Label{{Name: "L"}}}},
		"from outside": {&v1alpha1.Discovery{Visibility: v1alpha1.VisibilityExternal}, &mesos.Discovery{Name: "web.shop", Visibility: mesos.VisibleOutside}},
	} {
		t.Run(sentence, func(t *testing.T) {
			spec := baseSpec()
			spec.Labels, spec.Discovery = []v1alpha1.Label{{Name: "B", Value: "1"}, {Name: "A"}}, c.declared
			task, obstacle := Resolve("shop", "web", spec, v1alpha1.FrameworkInfo{DefaultRole: "*"})
			if obstacle != nil {
				t.Fatal(obstacle.Message)
			}
			if diff := cmp.Diff(c.want, task.Discovery); diff != "" {
				t.Errorf("discovery (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]mesos.Label{{Name: "A"}, {Name: "B", Value: "1"}}, task.Labels); diff != "" {
				t.Errorf("labels (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPermit_labelsAndDiscovery(t *testing.T) {
	task := func(name string, labels ...string) mesos.Task {
		made := mesos.Task{Role: "*", User: "nobody", Discovery: &mesos.Discovery{Name: name}}
		for i, label := range labels {
			if i%2 == 0 {
				made.Labels = append(made.Labels, mesos.Label{Name: label})
			} else {
				made.Discovery.Labels = append(made.Discovery.Labels, mesos.Label{Name: label})
			}
		}
		return made
	}
	for sentence, c := range map[string]struct {
		allowed []string
		names   v1alpha1.AllowedDiscovery
		task    mesos.Task
		reason  string
		says    string
	}{
		"any label":                          {nil, "", task("web.shop", "HAPROXY", "x y"), "", ""},
		"the operator's own":                 {nil, "", task("web.shop", "mesos.dev/name"), v1alpha1.ReasonLabelNotAllowed, "those are the operator's"},
		"the operator's own, though allowed": {[]string{"mesos"}, "", task("web.shop", "mesos.dev/name"), v1alpha1.ReasonLabelNotAllowed, "those are the operator's"},
		"one that is allowed":                {[]string{"a", "HAPROXY_"}, "", task("web.shop", "HAPROXY_GROUP"), "", ""},
		"one that is not":                    {[]string{"a", "HAPROXY_"}, "", task("web.shop", "abc", "HAPROXY"), v1alpha1.ReasonLabelNotAllowed, `label "HAPROXY" in Mesos, only those that begin with a, HAPROXY_.`},
		"a name of its own":                  {nil, v1alpha1.DiscoveryOwn, task("front.shop"), "", ""},
		"another namespace's name":           {nil, v1alpha1.DiscoveryOwn, task("front.bank"), v1alpha1.ReasonDiscoveryNotAllowed, `names that end in .shop alone, and spec.discovery.name is "front.bank"`},
		"one that only looks like its own":   {nil, "", task("front.workshop"), v1alpha1.ReasonDiscoveryNotAllowed, "names that end in .shop alone"},
		"no name at all":                     {nil, "", task(".shop"), v1alpha1.ReasonDiscoveryNotAllowed, "names that end in .shop alone"},
		"any name":                           {nil, v1alpha1.DiscoveryAny, task("front"), "", ""},
		"no discovery":                       {nil, "", mesos.Task{Role: "*", User: "nobody"}, "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{Spec: v1alpha1.MesosFrameworkSpec{
				Info: v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*"}}, AllowedLabels: c.allowed, AllowedDiscovery: c.names,
			}}
			obstacle := Permit(framework, Namespace{Name: "shop"}, c.task)
			switch {
			case c.reason == "" && obstacle != nil:
				t.Errorf("it is refused: %+v", obstacle)
			case c.reason != "" && (obstacle == nil || obstacle.Reason != c.reason || !obstacle.Stalled || !strings.Contains(obstacle.Message, c.says)):
				t.Errorf("the obstacle is %+v, want %s with %q", obstacle, c.reason, c.says)
			}
		})
	}
}
