package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// GET_AGENTS shows what an agent is: its name, its attributes, its domain, and which agents are awaited after a failover.
func TestTheMasterShowsItsAgents(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		spec := smallAgent()
		spec.Hostname = "host-1"
		spec.Attributes = []mesos.Attribute{{Name: "rack", Type: mesos.TEXT, Text: &mesos.Value_Text{Value: "r1"}}}
		spec.Domain = &mesos.DomainInfo{FaultDomain: &mesos.DomainInfo_FaultDomain{
			Region: mesos.DomainInfo_FaultDomain_RegionInfo{Name: "eu"}, Zone: mesos.DomainInfo_FaultDomain_ZoneInfo{Name: "eu-1"},
		}}
		a := c.AddAgent(spec)
		shown := func() object {
			got := operator(t, c, object{"type": "GET_AGENTS"})
			return got["get_agents"].(object)
		}
		info := dig(shown(), "agents", "0", "agent_info")
		for want, path := range map[string][]string{
			a.ID(): {"id", "value"}, "host-1": {"hostname"}, "r1": {"attributes", "0", "text", "value"},
			"eu": {"domain", "fault_domain", "region", "name"}, "eu-1": {"domain", "fault_domain", "zone", "name"},
		} {
			if got := dig(info, path...); got != want {
				t.Errorf("%v is %v, want %s", path, got, want)
			}
		}
		a.Stop()
		c.FailOver(FailOver{To: -1})
		time.Sleep(3 * time.Second)
		got := shown()
		if len(got["agents"].([]any)) != 0 || dig(got, "recovered_agents", "0", "hostname") != "host-1" {
			t.Errorf("after the failover: %v, want host-1 among the awaited", got)
		}
	})
}

// operator sends a call to the operator API, and returns the message that answers it.
func operator(t *testing.T, c *Cluster, call object) object {
	t.Helper()
	b, err := json.Marshal(call)
	if err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequest(http.MethodPost, "/api/v1", strings.NewReader(string(b)))
	req.Header.Set("Content-Type", typeJSON)
	w := httptest.NewRecorder()
	c.Handler(0).ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		t.Fatalf("%v: %d %s", call["type"], w.Code, w.Body)
	}
	got, err := jsonWire{}.event(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return got
}
