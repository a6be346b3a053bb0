package simulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A role with a limit is offered no more than that, whatever is free; its tasks count, and without the limit it gets
// the rest.
func TestALimitCapsWhatARoleIsOffered(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		c.LimitRole("demo", map[string]float64{"cpus": 0.5})
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		if got := cpusOffered(cl); got != 0.5 {
			t.Errorf("%v cpus are offered, want the limit of 0.5", got)
		}
		cl.launch(cl.offers()[0], "t1") // of 0.1 cpus
		cl.settle(10 * time.Second)
		if got := cpusOffered(cl); got != 0.4 {
			t.Errorf("%v cpus are offered beside a task, want 0.4", got)
		}
		c.LimitRole("demo", nil)
		cl.settle(10 * time.Second)
		if got := cpusOffered(cl); got != 1.5 {
			t.Errorf("%v cpus are offered without the limit, want the remaining 1.5", got)
		}
	})
}

// The endpoint /roles shows what counts against a limit: what tasks of the role and of those below it use, and not what is on offer. A role below one
// with a limit is held to it, too.
func TestRolesShowsWhatIsUsedOfAQuota(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		c.LimitRole("demo", map[string]float64{"cpus": 0.5, "mem": 512})
		cl := newClient(t, c)
		call := subscribeCall("")
		dig(call, "subscribe", "framework_info").(object)["roles"] = []any{"demo/web"}
		cl.subscribe(call)
		if got := cpusOffered(cl); got != 0.5 {
			t.Errorf("%v cpus are offered to a role below the one with the limit, want 0.5", got)
		}
		quota := func() map[string]any {
			w := httptest.NewRecorder()
			c.Handler(0).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/roles", http.NoBody))
			var said struct {
				Roles []struct {
					Name  string
					Quota map[string]any
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != http.StatusOK || len(said.Roles) != 2 || said.Roles[1].Name != "demo/web" {
				t.Fatalf("%d %s: %v", w.Code, w.Body, err)
			}
			return said.Roles[0].Quota
		}
		want := map[string]any{"role": "demo", "guarantee": map[string]any{}, "limit": map[string]any{"cpus": 0.5, "mem": 512.0}, "consumed": map[string]any{}}
		if diff := cmp.Diff(want, quota()); diff != "" {
			t.Errorf("with an offer out (-want +got):\n%s", diff)
		}
		offer := cl.offers()[0]
		task := taskFor("t1", offer) // of 0.1 cpus
		for _, one := range task["resources"].([]any) {
			one.(object)["allocation_info"] = object{"role": "demo/web"}
		}
		cl.call(cl.acceptCall(offer, task), http.StatusAccepted)
		cl.settle(10 * time.Second)
		if got := quota()["consumed"].(map[string]any)["cpus"]; got != 0.1 || c.OperatorCalls("GET /roles") != 2 {
			t.Errorf("beside a task %v cpus are used, want 0.1", got)
		}
	})
}
