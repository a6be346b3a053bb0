package mesosbridge

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestDecodeAgents(t *testing.T) {
	for sentence, c := range map[string]struct {
		body   string
		want   []mesos.Agent
		failed bool
	}{
		"what a master says": {
			`{"type":"GET_AGENTS","get_agents":{"agents":[{"agent_info":{"hostname":"h1","id":{"value":"S0"},"attributes":[{"name":"rack"}]},"active":true},` +
				`{"pid":"slave(1)@10.0.0.2:5051","agent_info":{"id":{"value":"S1"},"hostname":"h2"}}],"recovered_agents":[{"id":{"value":"S2"},"hostname":"h3"}]}}`,
			[]mesos.Agent{{ID: "S0", Hostname: "h1"}, {ID: "S1", Hostname: "h2", Address: "10.0.0.2"}, {ID: "S2", Hostname: "h3"}},
			false,
		},
		"addresses": {
			`{"get_agents":{"agents":[{"pid":"slave(1)@[fd00::2]:5051","agent_info":{"id":{"value":"S0"}}},{"pid":"slave(1)@[::ffff:10.0.0.3]:5051","agent_info":{"id":{"value":"S1"}}},` +
				`{"pid":"slave(1)@h1:5051","agent_info":{"id":{"value":"S2"}}},{"pid":"","agent_info":{"id":{"value":"S3"}}}]}}`,
			[]mesos.Agent{{ID: "S0", Address: "fd00::2"}, {ID: "S1", Address: "10.0.0.3"}, {ID: "S2"}, {ID: "S3"}},
			false,
		},
		"a master without agents":         {`{"type":"GET_AGENTS","get_agents":{}}`, nil, false},
		"empty lists":                     {`{"get_agents":{"agents":[],"recovered_agents":null}}`, nil, false},
		"a list that breaks off":          {`{"get_agents":{"agents":[{"agent_info":{"hostname":"h1","id":{"value":"S0"}}},`, []mesos.Agent{{ID: "S0", Hostname: "h1"}}, true},
		"another form":                    {`{"get_agents":{"agents":{"S0":"h1"}}}`, nil, true},
		"no object":                       {`"no"`, nil, true},
		"no JSON":                         {`<html>`, nil, true},
		"nothing":                         {``, nil, true},
		"a name that is none of a host's": {`{"get_agents":{"agents":[{"agent_info":{"hostname":"` + strings.Repeat("h", 256) + `","id":{"value":"S0"}}}]}}`, []mesos.Agent{{ID: "S0"}}, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			got, err := decodeAgents(strings.NewReader(c.body), nil)
			if diff := cmp.Diff(c.want, got.agents); diff != "" || (err != nil) != c.failed {
				t.Errorf("error %v, want one: %t; the agents (-want +got):\n%s", err, c.failed, diff)
			}
		})
	}
}

// TestDecodeAgents_sizes: what is reserved for a role may serve it; what is revocable or bears somebody's labels does not.
func TestDecodeAgents_sizes(t *testing.T) {
	agent := func(resources string) string {
		return `{"agent_info":{"id":{"value":"S"}},"total_resources":[` + resources + `]}`
	}
	cpus := func(value, more string) string {
		return `{"name":"cpus","type":"SCALAR","scalar":{"value":` + value + `}` + more + `}`
	}
	ports := `{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":31010,"end":31019},{"begin":31000,"end":31009}]},"role":"*"}`
	reserved := `,"role":"ops","reservations":[{"type":"DYNAMIC","role":"ops","labels":{"labels":[{"key":"owner","value":"me"}]}}]`
	size := func(cpus mesos.Scalar, ports ...mesos.PortRange) mesos.Sizes {
		return mesos.Sizes{{Scalars: mesos.Scalars{CPUs: cpus}, Ports: ports}}
	}
	for sentence, c := range map[string]struct {
		agents, recovered string
		want              mesos.Sizes
	}{
		"unreserved and reserved":      {agent(cpus("4.0", `,"role":"*"`) + "," + cpus("2.5", reserved) + "," + ports), "", size(6500, mesos.PortRange{Begin: 31000, End: 31019})},
		"of somebody's":                {agent(cpus("4", "") + "," + cpus("2", strings.ReplaceAll(reserved, "me", "you"))), "", size(4000)},
		"revocable":                    {agent(cpus("4", "") + "," + cpus("2", `,"revocable":{}`)), "", size(4000)},
		"one that is expected back":    {agent(cpus("4", "")), `{"id":{"value":"R"},"resources":[` + cpus("8", `,"role":"*"`) + `]}`, size(8000)},
		"one of which nothing is said": {agent(cpus("4", "")) + `,{"agent_info":{"id":{"value":"T"}}}`, "", nil},
		"one that cannot be read":      {agent(cpus("4", "")) + "," + agent(`{"name":"cpus","type":7.5}`), "", nil},
		"no agents":                    {"", "", nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			body := `{"get_agents":{"agents":[` + c.agents + `],"recovered_agents":[` + c.recovered + `]}}`
			got, err := decodeAgents(strings.NewReader(body), []mesos.Label{{Name: "owner", Value: "me"}})
			if diff := cmp.Diff(c.want, got.sizes); diff != "" || err != nil {
				t.Errorf("error %v; the sizes (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestDecodeAgents_GPUs: an agent has GPUs whatever they are reserved for, also where the sizes are not known.
func TestDecodeAgents_GPUs(t *testing.T) {
	agent := func(id, resources string) string {
		return `{"agent_info":{"id":{"value":"` + id + `"}},"total_resources":[` + resources + `]}`
	}
	gpus := func(value, more string) string {
		return `{"name":"gpus","type":"SCALAR","scalar":{"value":` + value + `}` + more + `}`
	}
	body := `{"get_agents":{"agents":[` + strings.Join([]string{
		agent("free", gpus("2", "")), agent("none", `{"name":"cpus","type":"SCALAR","scalar":{"value":1}}`), agent("zero", gpus("0", "")),
		agent("reserved", gpus("1", `,"role":"ops","reservations":[{"type":"DYNAMIC","role":"ops","labels":{"labels":[{"key":"owner","value":"you"}]}}]`)),
		`{"agent_info":{"id":{"value":"silent"}}}`,
	}, ",") + `],"recovered_agents":[{"id":{"value":"awaited"},"resources":[` + gpus("1", "") + `]}]}}`
	said, err := decodeAgents(strings.NewReader(body), nil)
	if diff := cmp.Diff([]string{"free", "reserved", "awaited"}, said.withGPUs); diff != "" || err != nil || said.sizes != nil {
		t.Errorf("error %v, sizes %v; those with GPUs (-want +got):\n%s", err, said.sizes, diff)
	}
}

// TestBridge_knowsGPUAgents: a process that never saw a free GPU of an agent knows all the same that it has some, as the master says so.
func TestBridge_knowsGPUAgents(t *testing.T) {
	withGPUs := func(c *Config) { c.Framework.Capabilities = []string{"GPU_RESOURCES"} }
	inVirtualTime(t, setup{config: withGPUs, idle: true}, func(h *harness) {
		h.cluster.AddAgent(simulator.AgentSpec{Hostname: "gpu", CPUs: 4, Mem: 4096, Disk: 4096, GPUs: 1})
		h.run()
		h.subscribed()
		offer, learner := h.offer(), small("learner")
		learner.Scalars.GPUs = 1000
		h.bridge.Reserve(learner.ID, offer.AgentID)
		h.bridge.Accept(offer.ID, []mesos.Task{learner}, 0, nil)
		h.pass(5 * time.Second)
		h.stop()

		config := h.bridge.config
		config.Framework.ID = h.bridge.Connection().FrameworkID
		h.bridge = New(config, h.bridge.options)
		h.run()
		defer h.stop()
		h.subscribed()
		if again := h.offer(); again.Scalars.GPUs != 0 || again.Scalars.CPUs == 0 || !again.OnGPUAgent {
			h.Errorf("the offer of the agent whose GPU is in use is %+v", again)
		}
	})
}

// TestBridge_noteSizes: a master that does not tell takes back what was told, and no answer takes nothing back.
func TestBridge_noteSizes(t *testing.T) {
	b := New(Config{Framework: framework()}, Options{Name: "test"})
	ctx, end := context.WithCancelCause(context.Background())
	term := &term{ctx: ctx, end: end}
	b.current = term
	small := mesos.Sizes{{Scalars: mesos.Scalars{CPUs: 1000}}}
	if _, asked := b.Sizes(); asked {
		t.Error("it says that the master was asked before it was")
	}
	for _, step := range []struct {
		o          outcome
		told, want mesos.Sizes
		news       bool
	}{
		{outcome{sent: true, err: context.Canceled}, nil, nil, true},
		{outcome{sent: true, status: http.StatusOK}, small, small, true},
		{outcome{sent: true, status: http.StatusOK}, small, small, false},
		{outcome{sent: true, err: context.Canceled}, nil, small, false},
		{outcome{sent: true, status: http.StatusForbidden}, nil, nil, true},
	} {
		news := b.noteSizes(term, step.told, step.o)
		got, asked := b.Sizes()
		if diff := cmp.Diff(step.want, got); diff != "" || !asked || news != step.news {
			t.Errorf("after %+v there is news: %t, and it was asked: %t; (-want +got):\n%s", step.o, news, asked, diff)
		}
	}
}

// TestBridge_Sizes: those of the agents that the master lists, then also of what offers show, and a larger agent that makes none within minutes
// where one is wanted.
func TestBridge_Sizes(t *testing.T) {
	inVirtualTime(t, setup{agents: 1, idle: true}, func(h *harness) {
		most := func() mesos.Scalar {
			sizes, _ := h.bridge.Sizes()
			all, _ := sizes.Most()
			return all.CPUs
		}
		h.bridge.WantOffers()
		h.run()
		defer h.stop()
		h.subscribed()
		h.pass(time.Second)
		first := most()
		h.cluster.AddAgent(simulator.AgentSpec{Hostname: "silent", CPUs: 64, Mem: 4096})
		h.bridge.WantSizes()
		h.pass(agentsRetry + time.Second)
		if got := most(); first == 0 || first >= 64_000 || got != 64_000 {
			h.Errorf("of cpus the most is %s at first, then %s", first.Decimal(), got.Decimal())
		}
		h.bridge.Revive("prod")
		h.cluster.AddAgent(simulator.AgentSpec{Hostname: "offering", CPUs: 100, Mem: 4096})
		h.pass(10 * time.Second)
		if got := most(); got != 100_000 {
			h.Errorf("once a larger agent made an offer, of cpus the most is %s", got.Decimal())
		}
	})
}

// TestBridge_knowsAgents: those that the master lists, though no offer of them comes, and later ones from their offers.
func TestBridge_knowsAgents(t *testing.T) {
	inVirtualTime(t, setup{agents: 1, idle: true}, func(h *harness) {
		h.bridge.WantOffers()
		h.run()
		defer h.stop()
		h.subscribed()
		first := h.cluster.Agents()[0]
		if got, known := h.bridge.Agent(first.ID()); !known || got.Hostname != "agent-1" || len(h.bridge.Offers()) != 0 {
			h.Errorf("of the agent that the master lists %+v is known (%t)", got, known)
		}
		h.bridge.Revive("prod")
		h.pass(time.Second)
		second := h.cluster.AddAgent(simulator.AgentSpec{Hostname: "later", CPUs: 4, Mem: 4096})
		h.pass(10 * time.Second)
		if got, known := h.bridge.Agent(second.ID()); !known || got.Hostname != "later" {
			h.Errorf("of the agent that made an offer %+v is known (%t)", got, known)
		}
		h.bridge.WantOffers()
		third := h.cluster.AddAgent(simulator.AgentSpec{Hostname: "last", CPUs: 4, Mem: 4096})
		h.pass(time.Hour)
		if got, known := h.bridge.Agent(third.ID()); !known || got.Hostname != "last" {
			h.Errorf("of the agent that the master lists an hour later %+v is known (%t)", got, known)
		}
		if got, known := h.bridge.Agent("nobody"); known {
			h.Errorf("of an agent that there is not %+v is known", got)
		}
	})
}

// TestBridge_saysThatItMayNotAskForAgents: what a master answers is told, and no answer tells nothing.
func TestBridge_saysThatItMayNotAskForAgents(t *testing.T) {
	b := New(Config{Framework: framework()}, Options{Name: "test"})
	ctx, end := context.WithCancelCause(context.Background())
	term := &term{ctx: ctx, end: end}
	b.current = term
	for _, step := range []struct {
		o    outcome
		want string
	}{
		{outcome{sent: true, status: http.StatusForbidden, text: "no"}, "the master answered 403: no"},
		{outcome{sent: true, err: context.Canceled}, "the master answered 403: no"},
		{outcome{sent: true, status: http.StatusOK}, ""},
		{outcome{err: context.Canceled}, ""},
	} {
		b.noteAgents(term, step.o)
		if got := b.Connection().AgentsRefused; got != step.want {
			t.Errorf("after %+v it says %q, want %q", step.o, got, step.want)
		}
	}
}
