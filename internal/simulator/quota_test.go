package simulator

import (
	"testing"
	"time"
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
