package mesosbridge

import (
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestDecodeQuotas(t *testing.T) {
	of := func(role, quota string) string {
		return `{"name":"` + role + `","weight":1.0,"frameworks":["F"],"quota":` + quota + `}`
	}
	limited := func(role string, limit, consumed mesos.Scalar) mesos.Quota {
		return mesos.Quota{Role: role, Limit: mesos.Scalars{CPUs: limit, Memory: mesos.NoLimit, Disk: mesos.NoLimit, GPUs: mesos.NoLimit}, Consumed: mesos.Scalars{CPUs: consumed}}
	}
	for sentence, c := range map[string]struct {
		roles  string
		want   []mesos.Quota
		failed bool
	}{
		"of a role":                    {roles: of("batch", `{"role":"batch","guarantee":{},"limit":{"cpus":2.0},"consumed":{"cpus":1.5}}`), want: []mesos.Quota{limited("batch", 2000, 1500)}},
		"of the role above one":        {roles: of("prod", `{"limit":{"cpus":2},"consumed":{}}`), want: []mesos.Quota{limited("prod", 2000, 0)}},
		"of a role of others":          {roles: of("pro", `{"limit":{"cpus":2},"consumed":{}}`) + "," + of("prod/web/a", `{"limit":{"cpus":2},"consumed":{}}`)},
		"without limits":               {roles: of("batch", `{"guarantee":{"cpus":2},"limit":{},"consumed":{"cpus":1}}`)},
		"nothing allowed":              {roles: of("batch", `{"limit":{"cpus":0},"consumed":{}}`), want: []mesos.Quota{limited("batch", 0, 0)}},
		"before Mesos 1.9":             {roles: of("batch", `{"role":"batch","principal":"ops","guarantee":{"cpus":2.0,"mem":512}}`) + `,{"name":"prod","resources":{}}`},
		"what is no amount":            {roles: of("batch", `{"limit":{"cpus":"2"},"consumed":{}}`) + "," + of("prod", `{"limit":{"cpus":-1},"consumed":{"cpus":1e300}}`), want: []mesos.Quota{limited("prod", 0, math.MaxInt64)}},
		"a list that breaks off":       {roles: of("batch", `{"limit":{"cpus":2},"consumed":{}}`) + `,{"name":`, want: []mesos.Quota{limited("batch", 2000, 0)}, failed: true},
		"a role whose name is no text": {roles: `{"name":7}`, failed: true},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := decodeQuotas(strings.NewReader(`{"more":[1],"roles":[`+c.roles+`]}`), []string{"prod/web", "batch"})
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.failed {
				t.Errorf("error %v, want one: %t; the quotas (-want +got):\n%s", err, c.failed, diff)
			}
		})
	}
}

func TestBridge_Supply_quotas(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		asked := func() int { return h.cluster.OperatorCalls("GET /roles") }
		h.cluster.LimitRole("prod", map[string]float64{"cpus": 1, "mem": 4096})
		h.subscribed()
		h.pass(time.Hour)
		if asked() != 0 || len(h.bridge.Supply().Quotas) != 0 {
			h.Errorf("the master was asked %d times for what nobody wants", asked())
		}
		before := h.notes.times("offers")
		h.bridge.WantQuotas()
		h.pass(100 * time.Millisecond)
		want := []mesos.Quota{{Role: "prod", Limit: mesos.Scalars{CPUs: 1000, Memory: 4096_000, Disk: mesos.NoLimit, GPUs: mesos.NoLimit}}}
		if diff := cmp.Diff(want, h.bridge.Supply().Quotas); diff != "" || h.notes.times("offers") == before {
			h.Errorf("told %d times; the quotas (-want +got):\n%s", h.notes.times("offers")-before, diff)
		}
		if left := want[0].Left(); left != want[0].Limit {
			h.Errorf("%+v is left of all", left)
		}
		h.running("ns.web.hash.nonce")
		for range 60 {
			h.bridge.WantQuotas()
			h.pass(time.Second)
		}
		if got := h.bridge.Supply().Quotas; asked() != 3 || len(got) != 1 || got[0].Left().CPUs >= 1000 {
			h.Errorf("in a minute of wanting them the master was asked %d times, and said %+v", asked(), got)
		}
		h.cluster.Inject(simulator.Fault{Target: simulator.OperatorFault, Type: "GET /roles", Action: simulator.Answer, Status: http.StatusForbidden, Count: 1})
		h.pass(time.Minute)
		for range 5 * 60 {
			h.bridge.WantQuotas()
			h.pass(time.Second)
		}
		if got := h.bridge.Supply().Quotas; asked() != 4 || got != nil {
			h.Errorf("refused, the master was asked %d times; known is %+v", asked(), got)
		}
		h.cluster.CutStream("", 0)
		h.pass(30 * time.Second)
		if got := h.bridge.Supply().Quotas; len(got) != 1 {
			h.Errorf("in a new term known is %+v", got)
		}
	})
}

// TestBridge_Supply_agents: that none are known is not that there are none.
func TestBridge_Supply_agents(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		fault := h.cluster.Inject(simulator.Fault{Target: simulator.OperatorFault, Type: getAgents, Action: simulator.Answer, Status: http.StatusForbidden, Count: -1})
		h.subscribed()
		h.pass(time.Minute)
		if got := h.bridge.Supply(); got.AgentsTold || got.Agents != 0 {
			h.Errorf("before the master told, known is %+v", got)
		}
		fault.Remove()
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		if got := h.bridge.Supply(); !got.AgentsTold || got.Agents != 0 {
			h.Errorf("once the master told, known is %+v", got)
		}
		h.cluster.LimitRole("prod", map[string]float64{"cpus": 0, "mem": 0})
		h.cluster.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096})
		h.bridge.WantSizes()
		h.pass(agentsNone)
		if got := h.bridge.Supply(); got.Agents != 1 {
			h.Errorf("once there is an agent that is not offered, known is %+v", got)
		}
	})
}

func TestBridge_Supply_refusedRevive(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.bridge.WantOffers()
		h.pass(time.Second)
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "REVIVE", Action: simulator.Answer, Status: 503, Text: "Not\nnow", Count: 2})
		before := h.notes.times("offers")
		h.bridge.Revive("prod")
		h.pass(50 * time.Millisecond)
		if got := h.bridge.Supply(); !slices.Equal(got.Unasked, []string{"prod"}) || got.Refusal != "the master answered 503: Not now" || h.notes.times("offers") == before {
			h.Errorf("told %d times; known is %+v", h.notes.times("offers")-before, got)
		}
		h.pass(time.Minute)
		if got := h.bridge.Supply(); got.Unasked != nil || got.Refusal != "" {
			h.Errorf("once it was taken, known is %+v", got)
		}
	})
}
