package simulator

import (
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// What an operator reserves on an agent is offered to that role alone, comes back as it was with UNRESERVE_RESOURCES,
// and is forgotten with the agent's directories.
func TestAnOperatorReservesAndUnreserves(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		theirs := scalar("cpus", 1.5, []mesos.Resource_ReservationInfo{
			{Type: mesos.Resource_ReservationInfo_DYNAMIC.Enum(), Role: new("other"), Principal: new("ops")},
		})
		if err := a.Reserve(theirs); err != nil {
			t.Fatal(err)
		}
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		if got := cpusOffered(cl); got != 0.5 {
			t.Errorf("%v cpus are offered beside the reserved, want 0.5", got)
		}
		if err := a.Reserve(theirs); err == nil || err.Error() != "cpus:0.5; mem:2048; disk:4096; cpus(reservations: [(DYNAMIC,other,ops)]):1.5 does not contain cpus:1.5" {
			t.Errorf("reserving it twice: %v", err)
		}
		time.Sleep(10 * time.Second) // the refused one rescinded an offer, for 5 s
		if err := a.Unreserve(theirs); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if got := cpusOffered(cl); got != 2 {
			t.Errorf("%v cpus are offered, want 2", got)
		}
		if err := a.Reserve(theirs); err != nil {
			t.Fatal(err)
		}
		a.Replace(time.Second)
		time.Sleep(10 * time.Second)
		if got := cpusOffered(cl); got != 2 {
			t.Errorf("%v cpus are offered of the new agent, want 2", got)
		}
	})
}
