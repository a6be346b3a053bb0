package mesosbridge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func faultDomain(region, zone string) *mesospb.DomainInfo {
	return &mesospb.DomainInfo{FaultDomain: &mesospb.DomainInfo_FaultDomain{
		Region: mesospb.DomainInfo_FaultDomain_RegionInfo{Name: region}, Zone: mesospb.DomainInfo_FaultDomain_ZoneInfo{Name: zone},
	}}
}

// everyAttribute is one of each type that Mesos has.
func everyAttribute() []mesospb.Attribute {
	return []mesospb.Attribute{
		{Name: "rack", Type: mesospb.TEXT, Text: &mesospb.Value_Text{Value: "r1\n"}},
		{Name: "generation", Type: mesospb.SCALAR, Scalar: &mesospb.Value_Scalar{Value: 4.5}},
		{Name: "lanes", Type: mesospb.RANGES, Ranges: &mesospb.Value_Ranges{Range: []mesospb.Value_Range{{Begin: 1, End: 5}, {Begin: 8, End: 8}}}},
		{Name: "disks", Type: mesospb.SET, Set: &mesospb.Value_Set{Item: []string{"ssd", "nvme"}}},
	}
}

// TestBridge_tellsAgentsApart: attributes and domains are the same by an offer and by the master's list, whichever tells them.
func TestBridge_tellsAgentsApart(t *testing.T) {
	want := mesos.Agent{Hostname: "traits", Address: "127.0.0.1", Domain: mesos.Domain{Region: "eu", Zone: "a"}, Attributes: []mesos.Attribute{
		{Name: "rack", Text: "r1"},
		mesos.ScalarAttribute("generation", 4.5), mesos.RangeAttribute("lanes", 1, 5), mesos.RangeAttribute("lanes", 8, 8),
		{Name: "disks", Text: "ssd"},
		{Name: "disks", Text: "nvme"},
	}}
	for _, offered := range []bool{false, true} {
		inVirtualTime(t, setup{idle: true}, func(h *harness) {
			agent := h.cluster.AddAgent(simulator.AgentSpec{Hostname: "traits", CPUs: 4, Mem: 4096, Attributes: everyAttribute(), Domain: faultDomain("eu", "a")})
			if !offered {
				h.bridge.WantOffers()
			} else {
				h.cluster.Inject(simulator.Fault{Target: simulator.OperatorFault, Type: "GET_AGENTS", Action: simulator.Answer, Status: 403, Count: -1})
			}
			h.run()
			defer h.stop()
			h.subscribed()
			want.ID = agent.ID()
			got, _ := h.bridge.Agent(agent.ID())
			if diff := cmp.Diff(want, got); diff != "" || (len(h.bridge.Offers()) > 0) != offered {
				h.Errorf("offered %t (-want +got):\n%s", offered, diff)
			}
			if offered {
				// Placement has no use for the address.
				o, without := h.offer(), want
				without.Address = ""
				if diff := cmp.Diff(without, o.Agent()); diff != "" {
					h.Errorf("the offer's agent (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestBridge_agentsThatMayServe: those that the master lists and those of offers, less what it gave up, and other regions' only for who is aware of them.
func TestBridge_agentsThatMayServe(t *testing.T) {
	for _, aware := range []bool{false, true} {
		s := setup{cluster: simulator.Options{Flags: simulator.Flags{Domain: faultDomain("eu", "a")}}, agents: 1}
		if aware {
			s.config = func(c *Config) { c.Framework.Capabilities = []string{"REGION_AWARE"} }
		}
		inVirtualTime(t, s, func(h *harness) {
			h.cluster.AddAgent(simulator.AgentSpec{Hostname: "near", CPUs: 4, Mem: 4096, Domain: faultDomain("eu", "b")})
			h.cluster.AddAgent(simulator.AgentSpec{Hostname: "far", CPUs: 4, Mem: 4096, Domain: faultDomain("us", "b")})
			h.subscribed()
			h.pass(10 * time.Second)
			names := func() (names []string) {
				agents, _ := h.bridge.Agents(0)
				for _, agent := range agents.Serving {
					names = append(names, agent.Hostname)
				}
				slices.Sort(names)
				return names
			}
			want := []string{"agent-1", "near"}
			if aware {
				want = []string{"agent-1", "far", "near"}
			}
			if got := names(); !slices.Equal(got, want) {
				h.Errorf("aware of regions %t: agents %v, want %v", aware, got, want)
			}
			offered := h.bridge.Offers()
			if len(offered) != len(want) {
				h.Errorf("aware of regions %t: %d offers, want %d", aware, len(offered), len(want))
			}
			_, edition := h.bridge.Agents(0)
			if again, same := h.bridge.Agents(edition); again.Serving != nil || same != edition {
				h.Errorf("nothing changed, and edition %d became %d with %v", edition, same, again)
			}
			h.cluster.Agent("near").Stop()
			h.pass(2 * time.Minute)
			if got := strings.Join(names(), " "); strings.Contains(got, "near") {
				h.Errorf("an agent that the master gave up still counts: %s", got)
			}
		})
	}
}

func TestTraitsOf_whatCannotBeRead(t *testing.T) {
	for _, said := range []agentInfo{{}, {Attributes: []byte(`[{"name":"rack"}]`), Domain: []byte(`{}`)}, {Attributes: []byte(`7`), Domain: []byte(`"eu"`)}} {
		if attributes, domain := traitsOf(said); attributes != nil || domain != (mesos.Domain{}) {
			t.Errorf("%s, %s: got %v, %v", said.Attributes, said.Domain, attributes, domain)
		}
	}
}
