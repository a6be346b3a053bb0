package simulator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// inAWord is an observation in a word or two; empty for those that come with time.
func inAWord(o Observation) string {
	switch {
	case o.Call != nil:
		return fmt.Sprintf("call %s of %s", o.Call.Type, o.Call.From)
	case o.Answered != nil && o.Answered.Lost:
		return fmt.Sprintf("answer to %s: %d, lost", o.Answered.Call.Type, o.Answered.Status)
	case o.Answered != nil:
		return fmt.Sprintf("answer to %s: %d", o.Answered.Call.Type, o.Answered.Status)
	case o.Event != nil && o.Event.Event.Update != nil:
		return "event " + o.Event.Event.Update.Status.GetState().String()
	case o.Event != nil && o.Event.Event.Type.String() != "HEARTBEAT":
		return "event " + o.Event.Event.Type.String()
	case o.Change != nil:
		return string(o.Change.What)
	case o.Agent != nil:
		return fmt.Sprintf("agent registered: %t", o.Agent.Registered)
	case o.Elected != "":
		return "elected"
	}
	return o.Fault
}

// Whoever observes is told of calls before their effects, of what is queued for whom, and of answers that nobody got.
func TestObserve(t *testing.T) {
	var told []string
	streams := map[string]bool{}
	observe := func(o Observation) {
		if what := inAWord(o); what != "" {
			told = append(told, what)
		}
		if o.Call != nil {
			streams[o.Call.StreamID] = true
		}
		if o.Event != nil && !streams[o.Event.StreamID] {
			t.Errorf("an event on stream %s, which no call named", o.Event.StreamID)
		}
	}
	inBubble(t, Options{Observe: observe}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.http.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return c.DialContext(From(ctx, "me"), network, address)
		}}
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		cl.settle(time.Second)
		c.Inject(Fault{Target: CallFault, Action: DropAnswer, Type: "KILL"})
		kill := cl.simple("KILL")
		kill["kill"] = object{"task_id": value("t1")}
		body, err := cl.wire.call(kill)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := cl.send(body, nil); err == nil {
			t.Error("the KILL was answered")
		}
		cl.settle(time.Second)
		a.Gone()
		cl.settle(time.Second)
		c.mu.Lock()
		defer c.mu.Unlock()
		want := []string{
			"elected", "agent registered: true", "call SUBSCRIBE of me", "event SUBSCRIBED", "answer to SUBSCRIBE: 200",
			"call ACCEPT of me", "started", "answer to ACCEPT: 202", "call KILL of me", "calls drop-answer", "answer to KILL: 202, lost", "ended",
			"agent gone", "agent registered: false", "event FAILURE",
		}
		got := slices.DeleteFunc(slices.Clone(told), func(what string) bool {
			return strings.HasPrefix(what, "event") && what != "event SUBSCRIBED" && what != "event FAILURE" || strings.Contains(what, "ACKNOWLEDGE")
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("observed (-want +got):\n%s", diff)
		}
		for _, event := range []string{"event OFFERS", "event TASK_RUNNING", "event TASK_KILLED"} {
			if !slices.Contains(told, event) {
				t.Errorf("no %s in %v", event, told)
			}
		}
	})
}
