package services

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// leader leads an installation.
type leader struct{}

func (leader) MayAct() error    { return nil }
func (leader) Lease() string    { return "here/mine" }
func (leader) Identity() string { return "me" }

// TestReconcile_claimedElsewhere: of two installations of one name, the one that the framework is not claimed by publishes nothing under it: it does not know
// where agents are, and the two would take turns at what the condition says. It looks again once that changes.
func TestReconcile_claimedElsewhere(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	key := types.NamespacedName{Namespace: "shop", Name: "web"}
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: v1alpha1.MesosFrameworkSpec{ControllerName: "mesos.dev/operator"}}
	for lease, want := range map[string]bool{"here/mine": true, "there/theirs": false} {
		claimed := framework.DeepCopy()
		claimed.Status.Controller = &v1alpha1.ControllerClaim{Lease: lease, Identity: "x"}
		if !frameworkChanged.Update(event.UpdateEvent{ObjectOld: framework, ObjectNew: claimed}) {
			t.Errorf("that the framework is claimed by %s brings no set back", lease)
		}
		set := &v1alpha1.MesosTaskSet{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "set"}}
		set.Spec.Template.Spec.FrameworkRef.Name = framework.Name
		set.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonAvailable}}
		set.Spec.Service = &v1alpha1.SetService{Ports: []v1alpha1.ServicePort{{Name: "http", Port: 80, TaskPort: "main"}}}
		api := fake.NewClientBuilder().WithScheme(scheme).WithStatusSubresource(set).WithObjects(set, claimed).WithIndex(&v1alpha1.MesosTask{}, "set", scope.SetsOf).Build()
		r := &Reconciler{
			Client: api, Live: api, Connections: connections.New(connections.Options{Clock: clock.RealClock{}}), Gate: leadership.NewGate(leader{}, nil), Clock: clock.RealClock{},
			ControllerName: framework.Spec.ControllerName,
		}
		if _, err := r.Reconcile(t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
			t.Fatal(err)
		}
		services := &corev1.ServiceList{}
		if err := api.List(t.Context(), services); err != nil || len(services.Items) > 0 != want {
			t.Errorf("claimed by %s, there are %d Services: %v", lease, len(services.Items), err)
		}
	}
}
