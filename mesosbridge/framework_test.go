package mesosbridge

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestTold_info(t *testing.T) {
	full := told{framework: mesos.Framework{
		ID: "f1", Name: "test", User: "nobody", Roles: []string{"a", "b"}, Hostname: "host", WebUIURL: "http://host/",
		FailoverTimeout: 90 * time.Minute, Capabilities: []string{"GPU_RESOURCES", "MULTI_ROLE", "NOT_INVENTED_YET"},
	}}
	want := &mesospb.FrameworkInfo{
		ID: &mesospb.FrameworkID{Value: "f1"}, Name: "test", User: "nobody", Roles: []string{"a", "b"},
		Hostname: new("host"), WebUiURL: new("http://host/"), FailoverTimeout: new(5400.0), Checkpoint: new(true),
		Capabilities: []mesospb.FrameworkInfo_Capability{
			{Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE},
			{Type: mesospb.FrameworkInfo_Capability_TASK_KILLING_STATE},
			{Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE},
			{Type: mesospb.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
			{Type: mesospb.FrameworkInfo_Capability_GPU_RESOURCES},
		},
	}
	if diff := cmp.Diff(want, full.info()); diff != "" {
		t.Errorf("unexpected description (-want +got):\n%s", diff)
	}
	least := told{framework: framework()}.info()
	if least.ID != nil || least.Hostname != nil || least.WebUiURL != nil || len(least.Capabilities) != 4 {
		t.Errorf("unexpected description: %v", least)
	}
}

func TestLane_keepsOrderAndReplacesWhatIsAskedForAgain(t *testing.T) {
	var sent []string
	l := newLane(1)
	push := func(key, what string) {
		l.push(item{term: &term{ctx: t.Context()}, key: key, send: func() { sent = append(sent, what) }, drop: func(error) {}})
	}
	push("", "accept")
	push("kill a", "kill a")
	push("suppression", "suppress")
	push("kill a", "kill a with a grace")
	push("", "reconcile")
	push("suppression", "revive")
	for next, ok := l.pop(); ok; next, ok = l.pop() {
		next.start()
	}
	push("kill a", "kill a again")
	for next, ok := l.pop(); ok; next, ok = l.pop() {
		next.start()
	}
	want := []string{"accept", "kill a with a grace", "revive", "reconcile", "kill a again"}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("unexpected calls (-want +got):\n%s", diff)
	}
}

func TestLane_dropsEverythingOnceClosed(t *testing.T) {
	var dropped []error
	l := newLane(1)
	next := item{
		term: &term{ctx: t.Context()},
		send: func() { t.Error("an item of a closed lane was sent") },
		drop: func(err error) { dropped = append(dropped, err) },
	}
	l.push(next)
	l.close()
	l.push(next)
	next.term = nil
	l.push(next)
	if len(dropped) != 3 || !errors.Is(dropped[0], errTermEnded) || !errors.Is(dropped[1], errNotSubscribed) || !errors.Is(dropped[2], errNotSubscribed) {
		t.Errorf("the items were dropped as of %v", dropped)
	}
}
