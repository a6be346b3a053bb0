package lifecycle

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// labelled selects namespaces by one label.
func labelled(key, value string) v1alpha1.AllowedNamespaces {
	return v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}}
}

func TestPermit(t *testing.T) {
	all := v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesAll}
	unreadable := v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Near", Values: []string{"a"}}},
	}}
	shop := Namespace{Name: "shop", Labels: map[string]string{"team": "a"}}
	for name, c := range map[string]struct {
		edit func(*v1alpha1.MesosFrameworkSpec)
		task mesos.Task
		// reason is empty where the task is permitted.
		reason string
		says   []string
	}{
		"nothing is set":                              {func(*v1alpha1.MesosFrameworkSpec) {}, mesos.Task{Role: "*", User: "nobody"}, "", nil},
		"a role of the framework's":                   {func(*v1alpha1.MesosFrameworkSpec) {}, mesos.Task{Role: "prod", User: "nobody"}, "", nil},
		"a role that the framework has not":           {func(*v1alpha1.MesosFrameworkSpec) {}, mesos.Task{Role: "ops", User: "nobody"}, v1alpha1.ReasonRoleNotAllowed, []string{`role "ops"`, "it has *, prod", "spec.info.roles"}},
		"one of its roles that the framework has not": {func(*v1alpha1.MesosFrameworkSpec) {}, mesos.Task{Role: "prod", OtherRoles: []string{"*", "ops"}, User: "nobody"}, v1alpha1.ReasonRoleNotAllowed, []string{`role "ops"`, "Change spec.roles"}},
		"one of its roles that is not open": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "prod", Namespaces: all}}
			}, mesos.Task{Role: "prod", OtherRoles: []string{"*"}, User: "nobody"}, v1alpha1.ReasonRoleNotAllowed, []string{`Role "*"`, "open to no namespace", "Change spec.roles"},
		},
		"a namespace whose labels match": {
			func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedNamespaces = labelled("team", "a") }, mesos.Task{Role: "*", User: "nobody"}, "", nil,
		},
		"a namespace whose labels do not match": {
			func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedNamespaces = labelled("team", "b") },
			mesos.Task{Role: "*", User: "nobody"},
			v1alpha1.ReasonNamespaceNotAllowed,
			[]string{"namespace shop", "spec.allowedNamespaces"},
		},
		"a selector that selects everything": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedNamespaces = v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSelector, Selector: &metav1.LabelSelector{}}
			}, mesos.Task{Role: "*", User: "nobody"}, "", nil,
		},
		"a selector that cannot be read": {
			func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedNamespaces = unreadable },
			mesos.Task{Role: "*", User: "nobody"},
			v1alpha1.ReasonNamespaceNotAllowed,
			[]string{`"Near"`, "lets no namespace in"},
		},
		"a role that is open to all": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "*", Namespaces: all}}
			}, mesos.Task{Role: "*", User: "nobody"}, "", nil,
		},
		"a role that is open to the namespace": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "prod", Namespaces: labelled("team", "a")}}
			}, mesos.Task{Role: "prod", User: "nobody"}, "", nil,
		},
		"a role that is open to others": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "prod", Namespaces: labelled("team", "b")}}
			}, mesos.Task{Role: "prod", User: "nobody"}, v1alpha1.ReasonRoleNotAllowed, []string{`Role "prod"`, "not open to namespace shop", "spec.allowedRoles"},
		},
		"a role that is listed nowhere": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "prod", Namespaces: all}}
			}, mesos.Task{Role: "*", User: "nobody"}, v1alpha1.ReasonRoleNotAllowed, []string{`Role "*"`, "open to no namespace"},
		},
		"a role whose selector cannot be read": {
			func(spec *v1alpha1.MesosFrameworkSpec) {
				spec.AllowedRoles = []v1alpha1.AllowedRole{{Role: "*", Namespaces: unreadable}}
			}, mesos.Task{Role: "*", User: "nobody"}, v1alpha1.ReasonRoleNotAllowed, []string{`"Near"`, "open to no namespace"},
		},
		"a user that is not listed": {
			func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedUsers = []string{"batch"} },
			mesos.Task{Role: "*", User: "web"},
			v1alpha1.ReasonUserNotAllowed,
			[]string{`user "web"`, "only as nobody, batch", "spec.allowedUsers"},
		},
		"a user that is listed":            {func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedUsers = []string{"batch"} }, mesos.Task{Role: "*", User: "batch"}, "", nil},
		"any user":                         {func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedUsers = []string{"*"} }, mesos.Task{Role: "*", User: "web"}, "", nil},
		"root is not any user":             {func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedUsers = []string{"*"} }, mesos.Task{Role: "*", User: "root"}, v1alpha1.ReasonUserNotAllowed, []string{"only as any user but root"}},
		"root by name":                     {func(spec *v1alpha1.MesosFrameworkSpec) { spec.AllowedUsers = []string{"*", "root"} }, mesos.Task{Role: "*", User: "root"}, "", nil},
		"root where no user is listed":     {func(*v1alpha1.MesosFrameworkSpec) {}, mesos.Task{Role: "*", User: "root"}, v1alpha1.ReasonUserNotAllowed, []string{"only as nobody"}},
		"root as the framework's own user": {func(spec *v1alpha1.MesosFrameworkSpec) { spec.Info.User = "root" }, mesos.Task{Role: "*", User: "root"}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.MesosFrameworkSpec{
				AllowedNamespaces: all, Info: v1alpha1.FrameworkInfo{User: "nobody", Roles: []string{"*", "prod"}, DefaultRole: "*"},
			}}
			c.edit(&framework.Spec)
			obstacle := Permit(framework, shop, c.task)
			if c.reason == "" {
				if obstacle != nil {
					t.Fatalf("refused with %+v", obstacle)
				}
				return
			}
			if obstacle == nil || obstacle.Reason != c.reason || !obstacle.Stalled {
				t.Fatalf("the obstacle is %+v, want a lasting one with reason %s", obstacle, c.reason)
			}
			for _, want := range append(c.says, "whoever may change MesosFramework default") {
				if !strings.Contains(obstacle.Message, want) {
					t.Errorf("the message is %q, want %q in it", obstacle.Message, want)
				}
			}
		})
	}
}
