package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// smallAgent is an agent like the one of the recorded conversations.
func smallAgent() AgentSpec {
	return AgentSpec{CPUs: 2, Mem: 2048, Disk: 4096}
}

// bubble is a cluster in virtual time, with the test that looks at it.
type bubble struct {
	t       *testing.T
	cluster *Cluster
}

// inBubble runs a test in virtual time with a cluster of one master.
func inBubble(t *testing.T, o Options, test func(bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := New(o)
		defer c.Close()
		test(bubble{t, c})
	})
}

func TestATaskRunsAndIsKilled(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		defer cl.close()
		cl.subscribe(subscribeCall(""))
		offers := cl.offers()
		if len(offers) != 1 {
			t.Fatalf("got %d offers, want 1", len(offers))
		}
		cl.launch(offers[0], "t1")
		cl.reconcile([2]string{"t1", a.ID()})
		cl.settle(time.Second)
		cl.kill("t1", a.ID())
		cl.settle(time.Second)
		cl.reconcile([2]string{"t1", a.ID()})
		want := []string{"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED", "TASK_GONE"}
		if diff := cmp.Diff(want, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
		if n := c.LiveTasks(); n != 0 {
			t.Errorf("%d tasks are live, want none", n)
		}
	})
}
