package mesosbridge

import (
	"slices"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// named returns the roles that the calls of a type named, call by call.
func (h *harness) named(callType string) (roles [][]string) {
	for _, call := range h.cluster.CallLog() {
		switch {
		case call.Type != callType:
		case callType == "SUPPRESS":
			roles = append(roles, call.Call.GetSuppress().GetRoles())
		default:
			roles = append(roles, call.Call.GetRevive().GetRoles())
		}
	}
	return roles
}

// twoRoles is a framework of two roles.
func twoRoles(c *Config) { c.Framework.Roles = []string{"prod", "batch"} }

// A REVIVE whose connection broke may come to the master after the SUPPRESS that followed it: offers that nobody wants are told off once more, and come no more.
func TestBridge_suppressesAgainWhatIsOfferedAllTheSame(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		late := h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Late, Type: "REVIVE", Delay: 30 * time.Second})
		h.bridge.Revive("prod")
		h.pass(500 * time.Millisecond)
		h.bridge.WantOffers()
		declined := 0
		for range 30 {
			h.pass(10 * time.Second)
			for _, offer := range h.bridge.Offers() {
				h.bridge.Decline([]string{offer.ID}, 15*time.Second, DeclineNothingPending)
				declined++
			}
		}
		if suppressed := h.count("SUPPRESS"); late.Hits() != 1 || declined != 2 || suppressed != 2 {
			h.Errorf("after %d late calls %d offers were declined and %d SUPPRESSes sent, want each twice", late.Hits(), declined, suppressed)
		}
	})
}

func TestBridge_suppressesAndRevivesByRole(t *testing.T) {
	equal := func(got [][]string, want ...[]string) bool {
		return slices.EqualFunc(got, want, slices.Equal[[]string])
	}
	inVirtualTime(t, setup{agents: 1, config: twoRoles}, func(h *harness) {
		h.subscribed()
		h.bridge.WantOffers("prod")
		h.pass(time.Second)
		h.bridge.WantOffers("prod")
		h.pass(time.Second)
		h.bridge.WantOffers()
		h.pass(time.Second)
		if got := h.named("SUPPRESS"); !equal(got, []string{"batch"}, []string{"prod"}) {
			h.Errorf("suppressed %v", got)
		}
		h.bridge.Revive("batch", "unknown")
		h.pass(time.Second)
		if got := h.named("REVIVE"); !equal(got, []string{"batch"}) {
			h.Errorf("revived %v", got)
		}
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		subscribes := h.subscribes()
		if got := subscribes[len(subscribes)-1].SuppressedRoles; !slices.Equal(got, []string{"prod"}) {
			h.Errorf("subscribed again with %v suppressed", got)
		}
		config := h.bridge.config
		config.Framework.Roles = []string{"prod", "batch", "unknown"}
		h.bridge.Reconfigure(config)
		h.pass(time.Second)
		if got := h.last("UPDATE_FRAMEWORK").UpdateFramework.SuppressedRoles; !slices.Equal(got, []string{"prod"}) {
			h.Errorf("updated with %v suppressed", got)
		}
	})
}

func TestBridge_suppressesAndRevivesUntilMesosTookIt(t *testing.T) {
	for _, call := range []string{"SUPPRESS", "REVIVE"} {
		t.Run(call, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 1}, func(h *harness) {
				h.subscribed()
				fault := simulator.Fault{Target: simulator.CallFault, Type: call, Action: simulator.Answer, Status: 503, Count: 3}
				h.cluster.Inject(fault)
				if call == "SUPPRESS" {
					h.bridge.WantOffers()
				} else {
					h.bridge.Revive("prod")
				}
				h.pass(time.Minute)
				if n := len(h.named(call)); n != 4 {
					h.Errorf("it was sent %d times", n)
				}
			})
		})
	}
}

// TestBridge_oneRowOfTries: however often offers are wished while Mesos does not take it, it is told no more often than one call is tried.
func TestBridge_oneRowOfTries(t *testing.T) {
	for _, call := range []string{"SUPPRESS", "REVIVE"} {
		t.Run(call, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 1}, func(h *harness) {
				h.subscribed()
				h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: call, Action: simulator.Answer, Status: 401, Count: -1})
				wish := func() {
					if call == "SUPPRESS" {
						h.bridge.WantOffers()
					} else {
						h.bridge.Revive("prod")
					}
				}
				tried := func() int {
					before := len(h.named(call))
					for range 60 {
						wish()
						h.pass(time.Second)
					}
					return len(h.named(call)) - before
				}
				for minute := range 10 {
					if n := tried(); n < 3 || n > 30 {
						h.Fatalf("in minute %d it was sent %d times", minute+1, n)
					}
				}
				h.cluster.ClearFaults()
				wish()
				h.pass(fastMost)
				before := len(h.named("REVIVE"))
				h.bridge.Revive("prod")
				h.pass(time.Second)
				if n := len(h.named("REVIVE")) - before; n != 1 {
					h.Errorf("once Mesos takes it again, REVIVE was sent %d times for one wish", n)
				}
			})
		})
	}
}
