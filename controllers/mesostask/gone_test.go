package mesostask

import (
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// TestGone: nothing of an object that is gone waits for a change of how its framework stands, as its last decision, about its deletion, did.
func TestGone(t *testing.T) {
	all := connections.New(connections.Options{Logger: logr.Discard(), Clock: clock.RealClock{}, Gate: leadership.NewGate(nil, nil)})
	r := &Reconciler{Connections: all, Clock: clock.RealClock{}}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	if err := all.TaskSource().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	gone, stays := types.NamespacedName{Namespace: "shop", Name: "gone"}, types.NamespacedName{Namespace: "shop", Name: "stays"}
	all.Hindrance("default", gone)
	all.Hindrance("default", stays)
	if _, err := r.gone(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	all.Unconnected("default", "its credentials are missing")
	if queue.Len() != 1 {
		t.Fatalf("%d keys come back", queue.Len())
	}
	if key, _ := queue.Get(); key.NamespacedName != stays {
		t.Errorf("%s comes back", key)
	}
}
