package simulator

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A RunTask that vanishes leaves the task STAGING for ever, and what a kill of it brings depends on what else the agent
// runs of the framework.
func TestARunTaskThatVanishes(t *testing.T) {
	for name, tc := range map[string]struct {
		beside string // what else the agent runs
		want   []string
	}{
		"the agent does not know the framework": {want: []string{"TASK_STAGING"}},
		"the agent runs another of its tasks":   {beside: "t0", want: []string{"TASK_DROPPED", "TASK_GONE"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				a := c.AddAgent(smallAgent())
				cl := newClient(t, c)
				cl.subscribe(subscribeCall(""))
				ids := []string{"t1"}
				if tc.beside != "" {
					ids = append(ids, tc.beside)
				}
				c.Inject(Fault{Target: MessageFault, Action: Drop, Type: RunTask, Task: "t1"})
				cl.launch(cl.offers()[0], ids...)
				cl.settle(time.Minute)
				cl.kill("t1", a.ID())
				cl.kill("t1", a.ID())
				cl.settle(time.Minute)
				cl.reconcile([2]string{"t1", a.ID()})
				if diff := cmp.Diff(tc.want, cl.states("t1")); diff != "" {
					t.Errorf("states (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Whatever of the agent's own updates is unacknowledged, it does not make the agent know the framework.
func TestAnUpdateAloneDoesNotMakeAnAgentKnowAFramework(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		c.Inject(Fault{Target: MessageFault, Action: Drop, Type: RunTask, Count: 2})
		c.Inject(Fault{Target: MessageFault, Action: Drop, Type: AcknowledgeUpdate, Task: "t1", Count: -1})
		cl.launch(cl.offers()[0], "t1")
		cl.settle(time.Second)
		a.Restart(time.Second) // and so disowns t1
		cl.settle(5 * time.Second)
		offers := cl.offers()
		cl.launch(offers[len(offers)-1], "t2")
		cl.settle(time.Second)
		cl.kill("t2", a.ID())
		cl.settle(time.Minute)
		if got := cl.states("t2"); len(got) != 0 {
			t.Errorf("got %v of a task that the agent never heard of", got)
		}
	})
}

// A task whose executor never registers can be killed until the agent gives up, and no process of it ever ran.
func TestATaskIsKilledBeforeItsExecutorRegisters(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		c.Inject(Fault{Target: LaunchFault, Action: ExecutorSilent, Agent: a.ID(), Count: -1})
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1", "t2")
		cl.settle(30 * time.Second)
		cl.kill("t1", "")
		cl.settle(time.Minute)
		if diff := cmp.Diff([]string{"TASK_KILLED"}, cl.states("t1")); diff != "" {
			t.Errorf("t1 (-want +got):\n%s", diff)
		}
		if u := cl.updates("t2"); len(u) != 1 || u[0]["message"] != "Executor did not register within 1mins" {
			t.Errorf("t2: %v", u)
		}
		if n := c.LiveTasks(); n != 0 {
			t.Errorf("%d tasks are live", n)
		}
	})
}
