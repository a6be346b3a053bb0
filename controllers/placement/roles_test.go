package placement

import (
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestPlace_roles(t *testing.T) {
	inRole := func(role string, offer mesos.Offer) mesos.Offer {
		offer.Role = role
		return offer
	}
	web, prod, batch := offer("web", 3, 2*cpu, gib), inRole("prod", offer("prod", 2, 4*cpu, gib)), inRole("batch", offer("batch", 1, 8*cpu, gib))
	declined := inRole("prod", offer("declined", 1, 8*cpu, gib))
	wants := func(cpus mesos.Scalar, roles ...string) Task {
		one := task("one", 0, cpus, mib)
		one.Role, one.OtherRoles = roles[0], roles[1:]
		return one
	}
	for name, c := range map[string]struct {
		task     Task
		offers   []mesos.Offer
		declined []mesos.Offer
		// got is the offer, or else says is what is said.
		got, says string
		waits     bool
	}{
		"the first of its roles, whatever came first": {task: wants(cpu, "web", "prod", "batch"), offers: []mesos.Offer{batch, prod, web}, got: "web"},
		"the next that has room":                      {task: wants(3*cpu, "web", "prod", "batch"), offers: []mesos.Offer{batch, prod, web}, got: "prod"},
		"the next with an offer":                      {task: wants(cpu, "web", "prod", "batch"), offers: []mesos.Offer{batch}, got: "batch"},
		"none of another role":                        {task: wants(cpu, "web", "prod"), offers: []mesos.Offer{batch}, says: "no offers for role web; no offers for role prod", waits: true},
		"too large for all": {
			task: wants(9*cpu, "web", "ops", "prod"), offers: []mesos.Offer{prod, web, batch},
			says: "role web: 1 offer: 1 lacks cpus (want 9); no offers for role ops; role prod: 1 offer: 1 lacks cpus (want 9)", waits: true,
		},
		"one that was declined must come back": {
			task: wants(5*cpu, "web", "prod"), offers: []mesos.Offer{web}, declined: []mesos.Offer{declined},
			says: "role web: 1 offer: 1 lacks cpus (want 5); role prod: 1 offer: 1 fits but is not on offer at the moment",
		},
		"long names of many roles": {
			task:  wants(cpu, strings.Repeat("a", 253), strings.Repeat("b", 253), strings.Repeat("c", 253), strings.Repeat("d", 253), strings.Repeat("e", 253)),
			says:  "no offers for role " + strings.Repeat("a", 253) + "; no offers for role " + strings.Repeat("b", 253) + "; no offers for role " + strings.Repeat("c", 253) + "; 2 more roles",
			waits: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := Place([]Task{c.task}, c.offers, Round{Declined: c.declined})
			if c.says == "" {
				if len(result.Assignments) != 1 || result.Assignments[0].OfferID != c.got || result.Assignments[0].Role != c.got {
					t.Errorf("Place said %+v, want offer %s", result, c.got)
				}
				return
			}
			if len(result.Unplaced) != 1 || result.Unplaced[0].Message != c.says || result.Unplaced[0].MustWait != c.waits || (result.Unplaced[0].Kind != "") != c.waits {
				t.Errorf("Place said %+v, want %q, must wait: %v", result, c.says, c.waits)
			}
		})
	}
}
