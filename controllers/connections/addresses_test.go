package connections

import (
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// TestAddressesOf: a set is brought back on news of an agent that it asked for, on any as long as not all has been told, and no more once it asked for others.
func TestAddressesOf(t *testing.T) {
	owner := New(Options{Logger: logr.Discard(), Clock: clocktesting.NewFakeClock(time.Unix(0, 0)), Gate: leadership.NewGate(nil, nil)})
	web, shop := types.NamespacedName{Namespace: "shop", Name: "web"}, types.NamespacedName{Namespace: "shop", Name: "other"}
	brought := func(news ...string) sets.Set[types.NamespacedName] {
		owner.addressesChanged("default", news)
		defer func() { owner.services.waiting = nil }()
		return owner.services.waiting
	}
	if addresses, asked := owner.AddressesOf("default", web, sets.New("S1")); asked || len(addresses) > 0 {
		t.Errorf("without a connection: %v, %t", addresses, asked)
	}
	if got := brought("S9"); !got.Equal(sets.New(web)) {
		t.Errorf("not all had been told: %v", got)
	}
	owner.seekers.note("default", web, seeker{sets.New("S1", "S2"), false})
	owner.seekers.note("default", shop, seeker{sets.New("S3"), false})
	owner.seekers.note("elsewhere", shop, seeker{sets.New("S1"), false})
	if got := brought("S2"); !got.Equal(sets.New(web)) {
		t.Errorf("news of an agent of one of them: %v", got)
	}
	if got := brought("S9"); got.Len() > 0 {
		t.Errorf("news of another agent: %v", got)
	}
	owner.Unsought(web)
	if got := brought("S1", "S2", "S3"); !got.Equal(sets.New(shop)) {
		t.Errorf("one asks no more: %v", got)
	}
}
