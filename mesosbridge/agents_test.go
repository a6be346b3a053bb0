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
			[]mesos.Agent{{ID: "S0", Hostname: "h1"}, {ID: "S1", Hostname: "h2"}, {ID: "S2", Hostname: "h3"}},
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
			got, err := decodeAgents(strings.NewReader(c.body))
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.failed {
				t.Errorf("error %v, want one: %t; the agents (-want +got):\n%s", err, c.failed, diff)
			}
		})
	}
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
