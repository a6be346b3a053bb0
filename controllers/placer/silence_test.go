package placer

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestSilence(t *testing.T) {
	quota := func(role string, cpus, used mesos.Scalar) mesos.Quota {
		return mesos.Quota{
			Role: role, Limit: mesos.Scalars{CPUs: cpus, Memory: 1024_000, Disk: mesos.NoLimit, GPUs: mesos.NoLimit},
			Consumed: mesos.Scalars{CPUs: used, Memory: 1000_000, Disk: 1e9},
		}
	}
	const ask = "; end other tasks of the role, or ask who runs Mesos for a larger quota"
	at := time.Date(2026, 11, 29, 20, 0, 0, 1, time.UTC)
	told := mesosbridge.Supply{AgentsTold: true, Agents: 3}
	with := func(change func(s *mesosbridge.Supply)) mesosbridge.Supply {
		s := told
		change(&s)
		return s
	}
	refused := func(s *mesosbridge.Supply) {
		s.Unasked, s.Refusal = []string{"prod"}, "the master answered 403: "+strings.Repeat("no ", 200)
	}
	for sentence, c := range map[string]struct {
		known shortage
		kind  placement.Kind
		want  string
	}{
		"nothing is known":      {kind: kindNoOffer, want: "Mesos has made no offer to role prod"},
		"nothing but offers":    {known: shortage{offered: true}, kind: kindNoOffer, want: "Mesos makes no further offer to role prod at the moment"},
		"Mesos has no agents":   {known: shortage{supply: mesosbridge.Supply{AgentsTold: true}}, kind: kindNoAgents, want: "Mesos has no agents: start some, or see why none registers with the master"},
		"there are agents":      {known: shortage{supply: told, offered: true}, kind: kindInUse, want: "Mesos has 3 agents and offers nothing of them to role prod: all is in use, reserved for other roles, or offered to other frameworks first"},
		"one, by an offer only": {known: shortage{supply: mesosbridge.Supply{Agents: 1}}, kind: kindInUse, want: "Mesos has 1 agent and offers nothing of it to role prod: all is in use, reserved for other roles, or offered to other frameworks first"},
		"REVIVE is refused": {
			known: shortage{supply: with(refused), asked: at, held: at}, kind: kindRefused,
			want: "Mesos does not take the request for offers to role prod (REVIVE), which is repeated until it does: the master answered 403: " + strings.Repeat("no ", 91) + "no",
		},
		"for another role": {known: shortage{roles: []string{"batch"}, supply: with(refused), held: at}, kind: kindHeld, want: "Mesos makes no offer to role batch but those that fitted nothing when they came: they come again by 2026-11-29T20:00:00Z"},
		"it is asked later": {
			known: shortage{supply: told, asked: at}, kind: kindLater,
			want: "Mesos is asked for offers to role prod again at 2026-11-29T20:00:00Z, as spec.offers.reviveSeconds of the MesosFramework says",
		},
		"the quota is used up": {
			known: shortage{supply: with(func(s *mesosbridge.Supply) { s.Quotas = []mesos.Quota{quota("prod", 4000, 3500)} }), held: at}, kind: kindQuota,
			want: "Mesos makes no offer to role prod: the quota of role prod leaves too little, with 3.5 of 4 cpus used (want 1), 1000Mi of 1Gi memory used (want 64Mi)" + ask,
		},
		"that of the role above, and exceeded": {
			known: shortage{roles: []string{"prod/web", "prod/db"}, supply: with(func(s *mesosbridge.Supply) { s.Quotas = []mesos.Quota{quota("prod", 500, 600)} })}, kind: kindQuota,
			want: "Mesos makes no offer to roles prod/web, prod/db: the quota of role prod leaves too little, with 0.6 of 0.5 cpus used (want 1), 1000Mi of 1Gi memory used (want 64Mi)" + ask,
		},
		"the quota of one role of two": {
			known: shortage{roles: []string{"prod", "batch"}, supply: with(func(s *mesosbridge.Supply) { s.Quotas = []mesos.Quota{quota("prod", 500, 0)} })}, kind: kindInUse, want: "Mesos has 3 agents and offers nothing of them to roles prod, batch",
		},
		"the quota of a role with a like name": {
			known: shortage{roles: []string{"production"}, supply: with(func(s *mesosbridge.Supply) { s.Quotas = []mesos.Quota{quota("prod", 500, 0)} })}, kind: kindInUse, want: "Mesos has 3 agents",
		},
		"what is needed is left": {
			known: shortage{supply: with(func(s *mesosbridge.Supply) {
				q := quota("prod", math.MaxInt64, 3000)
				q.Limit.Memory = 1064_000
				s.Quotas = []mesos.Quota{q}
			})}, kind: kindInUse, want: "Mesos has 3 agents",
		},
		"many roles": {known: shortage{roles: []string{"a", "b", "c", "d", "e"}}, kind: kindNoOffer, want: "Mesos has made no offer to roles a, b, c and 2 more"},
	} {
		t.Run(sentence, func(t *testing.T) {
			if c.known.needs = (mesos.Scalars{CPUs: 1000, Memory: 64_000}); c.known.roles == nil {
				c.known.roles = []string{"prod"}
			}
			kind, message := silence(c.known)
			if kind != c.kind || !strings.HasPrefix(message, c.want) {
				t.Errorf("%q: %q\nwant %q: %q", kind, message, c.kind, c.want)
			}
		})
	}
}
