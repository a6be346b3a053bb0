package scope

import (
	"context"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// listing is a cache of some sets and cron tasks.
type listing struct {
	client.Reader
	sets  []v1alpha1.MesosTaskSet
	crons []v1alpha1.MesosCronTask
}

func (l listing) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch into := list.(type) {
	case *v1alpha1.MesosTaskSetList:
		into.Items = l.sets
	case *v1alpha1.MesosCronTaskList:
		into.Items = l.crons
	}
	return nil
}

// TestUnderFramework: of each kind those come back that name the framework, in whatever namespace, each time anew.
func TestUnderFramework(t *testing.T) {
	set := func(namespace, name, framework string) v1alpha1.MesosTaskSet {
		one := v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		one.Spec.Template.Spec.FrameworkRef.Name = framework
		return one
	}
	cron := v1alpha1.MesosCronTask{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "job"}}
	cron.Spec.Template.Spec.FrameworkRef.Name = "one"
	cache := listing{
		sets:  []v1alpha1.MesosTaskSet{set("a", "web", "one"), set("a", "db", "other"), set("b", "web", "one")},
		crons: []v1alpha1.MesosCronTask{cron},
	}
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "one"}}
	for name, tc := range map[string]struct {
		kind client.ObjectList
		want []string
	}{
		"sets":  {&v1alpha1.MesosTaskSetList{}, []string{"a/web", "b/web"}},
		"crons": {&v1alpha1.MesosCronTaskList{}, []string{"a/job"}},
	} {
		under := UnderFramework(cache, tc.kind)
		for range 2 {
			if got := keys(under(t.Context(), framework)); !slices.Equal(got, tc.want) {
				t.Errorf("%s are %v, want %v", name, got, tc.want)
			}
		}
	}
}

func keys(requests []reconcile.Request) (all []string) {
	for _, request := range requests {
		all = append(all, request.String())
	}
	return all
}
