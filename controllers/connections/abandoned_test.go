package connections

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

// TestConnection_roomAmongTheAbandoned: an object that leaves and finds no room is brought back as soon as there is some; one that stays is not.
func TestConnection_roomAmongTheAbandoned(t *testing.T) {
	owner := New(Options{Clock: clock.RealClock{}, Gate: leadership.NewGate(nil, nil)})
	connection, _ := owner.Ensure("default", mesosbridge.Config{})
	stored := make([]v1alpha1.AbandonedAttempt, v1alpha1.MaxAbandoned)
	for i := range stored {
		stored[i].TaskID = fmt.Sprintf("shop.job%d.1aaaaaaaa.nonce00001", i)
	}
	connection.AbandonedStored(stored)
	leaving, staying := types.NamespacedName{Namespace: "shop", Name: "leaving"}, types.NamespacedName{Namespace: "shop", Name: "staying"}
	for key, leaves := range map[types.NamespacedName]bool{leaving: true, staying: false} {
		if _, full := connection.AbandonedOf(key, leaves); !full {
			t.Fatalf("%s is not told that there is no room", key)
		}
	}
	connection.AbandonedStored(stored)
	if owner.tasks.waiting.Has(leaving) {
		t.Error("it is brought back though there is no room")
	}
	connection.AbandonedStored(stored[1:])
	if left, stayed := owner.tasks.waiting.Has(leaving), owner.tasks.waiting.Has(staying); !left || stayed {
		t.Errorf("once there is room, the one that leaves is brought back: %t; the other: %t", left, stayed)
	}
	if _, full := connection.AbandonedOf(leaving, true); full {
		t.Error("there is room, and it is told that there is none")
	}
}
