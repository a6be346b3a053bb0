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
