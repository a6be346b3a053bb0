package mesosbridge

import (
	"sync/atomic"
	"testing"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestBridge_keepsNoOffer: whatever becomes of a DECLINE or an ACCEPT, its offer does not stay with the framework once the trouble is over (rule 19).
func TestBridge_keepsNoOffer(t *testing.T) {
	decline := func(h *harness, offer mesos.Offer) { h.bridge.Decline([]string{offer.ID}, time.Hour, DeclineUnfit) }
	accept := func(h *harness, offer mesos.Offer) {
		h.bridge.Accept(offer.ID, []mesos.Task{small("job")}, time.Hour, nil)
	}
	unwanted := func(h *harness, offer mesos.Offer) {
		h.bridge.Accept(offer.ID, []mesos.Task{small("job")}, time.Hour, func(string) bool { return false })
	}
	answer := func(call string, status int) *simulator.Fault {
		return &simulator.Fault{Target: simulator.CallFault, Type: call, Action: simulator.Answer, Status: status, Text: "oops", Count: 3}
	}
	broken := func(call string, action simulator.Action) *simulator.Fault {
		return &simulator.Fault{Target: simulator.CallFault, Type: call, Action: action, Count: 3}
	}
	tests := map[string]struct {
		do       func(*harness, mesos.Offer)
		fault    *simulator.Fault
		withheld string
		declines int
		accept   AcceptState
	}{
		"a DECLINE is taken":                          {decline, nil, "", 1, ""},
		"a DECLINE is answered 503":                   {decline, answer("DECLINE", 503), "", 4, ""},
		"a DECLINE is answered 429":                   {decline, answer("DECLINE", 429), "", 4, ""},
		"a DECLINE is answered 400":                   {decline, answer("DECLINE", 400), "", 4, ""},
		"a DECLINE breaks off":                        {decline, broken("DECLINE", simulator.Drop), "", 4, ""},
		"a DECLINE breaks off after its effect":       {decline, broken("DECLINE", simulator.DropAnswer), "", 4, ""},
		"a DECLINE may not leave":                     {decline, nil, "DECLINE", 1, ""},
		"an ACCEPT is answered 400":                   {accept, answer("ACCEPT", 400), "", 1, AcceptRefused},
		"an ACCEPT is answered 403":                   {accept, answer("ACCEPT", 403), "", 1, AcceptRefused},
		"an ACCEPT may not leave":                     {accept, nil, "ACCEPT", 1, AcceptNeverSent},
		"an ACCEPT is left empty, its DECLINE failed": {unwanted, answer("DECLINE", 503), "", 4, AcceptNeverSent},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var held atomic.Bool
			gate := func(o *Options) {
				o.Gate = func(call string, send func() error) error {
					if held.Load() && call == test.withheld {
						return errDenied
					}
					return send()
				}
			}
			inVirtualTime(t, setup{agents: 1, options: gate}, func(h *harness) {
				h.subscribed()
				offer := h.offer()
				if test.fault != nil {
					h.cluster.Inject(*test.fault)
				}
				held.Store(true)
				test.do(h, offer)
				h.pass(10 * time.Second)
				held.Store(false)
				h.pass(50 * time.Second)
				if n := h.cluster.OpenOffers(""); n != 0 {
					h.Errorf("%d offers are kept from everybody", n)
				}
				if n := h.count("DECLINE"); n != test.declines {
					h.Errorf("%d DECLINEs were sent, want %d", n, test.declines)
				}
				if refuse := h.last("DECLINE").Decline.GetFilters().GetRefuseSeconds(); refuse != 3600 {
					h.Errorf("it was refused for %v s", refuse)
				}
				if test.accept != "" {
					if got := h.attempt("job").Accept; got != test.accept {
						h.Errorf("the ACCEPT is %q, want %q", got, test.accept)
					}
				}
				if c := h.bridge.Connection(); c.Term != 1 || len(h.bridge.Offers()) != 0 {
					h.Errorf("the term is %d, open are %v", c.Term, h.bridge.Offers())
				}
			})
		})
	}
}

// TestBridge_declinesAgain: what was declined is not declined again once the master took it back, and not filtered once offers were asked for
// anew.
func TestBridge_declinesAgain(t *testing.T) {
	fault := simulator.Fault{Target: simulator.CallFault, Type: "DECLINE", Action: simulator.Answer, Status: 503, Count: -1}
	t.Run("not after RESCIND", func(t *testing.T) {
		inVirtualTime(t, setup{agents: 1}, func(h *harness) {
			h.subscribed()
			failing := h.cluster.Inject(fault)
			h.bridge.Decline([]string{h.offer().ID}, time.Hour, DeclineUnfit)
			h.pass(time.Millisecond)
			h.cluster.Agents()[0].Gone()
			h.pass(time.Minute)
			if n := failing.Hits(); n != 1 {
				h.Errorf("an offer that was rescinded was declined %d times", n)
			}
		})
	})
	t.Run("not in another term", func(t *testing.T) {
		inVirtualTime(t, setup{agents: 1}, func(h *harness) {
			h.subscribed()
			failing := h.cluster.Inject(fault)
			h.bridge.Decline([]string{h.offer().ID}, time.Hour, DeclineUnfit)
			h.pass(time.Millisecond)
			h.cluster.CutStream("", 0)
			h.pass(time.Minute)
			if n := failing.Hits(); n != 1 {
				h.Errorf("an offer of an earlier term was declined %d times", n)
			}
		})
	})
	t.Run("without a filter after REVIVE", func(t *testing.T) {
		inVirtualTime(t, setup{agents: 1}, func(h *harness) {
			h.subscribed()
			failing := h.cluster.Inject(fault)
			h.bridge.Decline([]string{h.offer().ID}, time.Hour, DeclineUnfit)
			h.pass(time.Millisecond)
			h.bridge.Revive("prod")
			failing.Remove()
			h.pass(20 * time.Second)
			if len(h.bridge.Offers()) != 1 {
				h.Error("what was asked for anew is refused by a DECLINE from before")
			}
		})
	})
}

func TestBridge_givesARepeatedOfferToNobodyElse(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Delay, Delay: 5 * time.Second})
		offer := h.offer()
		h.launch("job")
		h.cluster.SendEvent("", &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{Offers: []mesospb.Offer{{
			ID: mesospb.OfferID{Value: offer.ID}, AgentID: mesospb.AgentID{Value: offer.AgentID}, Hostname: offer.Hostname,
		}}}})
		h.pass(time.Second)
		if open := h.bridge.Offers(); len(open) != 0 {
			h.Errorf("%+v is free though an ACCEPT of it is on its way", open)
		}
		h.pass(10 * time.Second)
		if got := h.attempt("job").Accept; got != AcceptAccepted {
			h.Errorf("the ACCEPT is %q", got)
		}
	})
}
