package simulator

import (
	"net/http/httptest"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// What passes is counted by who is on neither side of it, and told to other processes.
func TestCounts(t *testing.T) {
	c := fleet(t, Flags{}, 2, 10)
	server := httptest.NewServer(c.Control())
	defer server.Close()
	remote := Remote{Control: strings.TrimPrefix(server.URL, "http://")}
	if err := remote.Order(t.Context(), "/stream/pace?per-second=100000"); err != nil {
		t.Fatal(err)
	}
	if c.pace() != 100_000 {
		t.Errorf("subscriptions are written %d times a second", c.pace())
	}
	reconcileAll(t, c, 7)
	c.mu.Lock()
	c.calls.enter(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}}, "", "")
	c.calls.enter(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{
		{Launch: &mesos.Offer_Operation_Launch{TaskInfos: make([]mesos.TaskInfo, 3)}},
		{LaunchGroup: &mesos.Offer_Operation_LaunchGroup{TaskGroup: mesos.TaskGroupInfo{Tasks: make([]mesos.TaskInfo, 2)}}},
	}}}, "", "")
	c.mu.Unlock()
	got, err := remote.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Asked != 7 || got.Answered != 7 || got.Implicit != 1 || got.Launched != 5 {
		t.Errorf("asked %d, answered %d, implicit %d, launched %d", got.Asked, got.Answered, got.Implicit, got.Launched)
	}
	if got.Calls["RECONCILE"] != 2 || got.Calls["SUBSCRIBE"] != 1 || got.Events["UPDATE"] != 7 || got.Events["SUBSCRIBED"] != 1 {
		t.Errorf("calls %v, events %v", got.Calls, got.Events)
	}
	if state, err := remote.State(t.Context()); err != nil || len(state.Tasks) != 10 {
		t.Errorf("the state is %+v, error %v", state, err)
	}
	if err := remote.Order(t.Context(), "/master/explode"); err == nil || !strings.Contains(err.Error(), "explode") {
		t.Errorf("an order that cannot be carried out: %v", err)
	}
}
