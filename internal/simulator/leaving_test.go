package simulator

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// slowAgent is an agent whose tasks need 10 s to end, of their grace period of 30 s.
func slowAgent() AgentSpec {
	spec := smallAgent()
	spec.Runner = ScriptRunner{Script: func(info *mesos.TaskInfo) Script {
		info.KillPolicy = &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: (30 * time.Second).Nanoseconds()}}
		s := Stay()
		s.KillAfter = 10 * time.Second
		return s
	}}
	return spec
}

// Whatever takes an agent from the master in good order, its tasks live on for their grace period.
func TestTasksOutliveTheAgentThatTakesLeave(t *testing.T) {
	for name, leave := range map[string]func(*Agent){
		"unregistered": (*Agent).Unregister,
		"gone":         (*Agent).Gone,
		"machine down": (*Agent).MachineDown,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, Options{}, func(in bubble) {
				t, c := in.t, in.cluster
				a, cl := launched(t, c, slowAgent())
				leave(a)
				cl.settle(9 * time.Second)
				if live := c.Tasks(); len(live) != 1 || live[0].TaskID != "t1" {
					t.Errorf("live: %+v, want t1", live)
				}
				cl.settle(2 * time.Second)
				if n := c.LiveTasks(); n != 0 {
					t.Errorf("%d tasks are live after their time to end", n)
				}
				if c.State().Agents[0].Up {
					t.Error("the agent's process outlives its tasks")
				}
			})
		})
	}
}

func TestTasksOutliveTheirFramework(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		_, cl := launched(t, c, slowAgent())
		cl.call(cl.simple("TEARDOWN"), 202)
		time.Sleep(9 * time.Second)
		if n := c.LiveTasks(); n != 1 {
			t.Errorf("%d tasks are live within the grace period, want 1", n)
		}
		time.Sleep(2 * time.Second)
		if n := c.LiveTasks(); n != 0 {
			t.Errorf("%d tasks are live after their time to end", n)
		}
	})
}

// An agent that is killed while it takes leave, and started again, brings back the tasks that were told lost (MESOS-9940).
func TestAnAgentThatUnregisteredCanComeBackWithItsTasks(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, slowAgent())
		cl.drop()
		id := a.ID()
		a.Unregister()
		a.Restart(time.Second)
		cl.settle(5 * time.Second)
		u := cl.updates("t1")
		if diff := cmp.Diff([]string{"TASK_LOST", "TASK_RUNNING"}, cl.states("t1")); diff != "" {
			t.Fatalf("states (-want +got):\n%s", diff)
		}
		if got := u[1]["message"]; got != "Unknown agent reregistered" || u[1]["reason"] != "REASON_AGENT_REREGISTERED" || a.ID() != id {
			t.Errorf("got %v of agent %s, was %s", u[1], a.ID(), id)
		}
		cl.settle(10 * time.Second)
		if got := cl.states("t1"); got[len(got)-1] != "TASK_KILLED" {
			t.Errorf("got %v, want it to end with TASK_KILLED", got)
		}
	})
}

// An orphan is nobody's: no kill reaches it, its executor gives up after its recovery timeout, and nobody hears of it.
func TestAnOrphanEndsWhenItsExecutorGivesUp(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, slowAgent())
		old := a.ID()
		a.Replace(time.Second)
		cl.settle(3 * time.Second)
		if a.ID() == old {
			t.Error("the new agent has the old one's ID")
		}
		cl.kill("t1", old)
		cl.kill("t1", "")
		cl.settle(14 * time.Minute)
		if n := c.LiveTasks(); n != 1 {
			t.Errorf("%d tasks are live, want the orphan", n)
		}
		cl.settle(2 * time.Minute)
		if n := c.LiveTasks(); n != 0 {
			t.Errorf("%d tasks are live after the executor's recovery timeout", n)
		}
		want := []string{"TASK_STARTING", "TASK_RUNNING", "TASK_LOST", "TASK_UNKNOWN", "TASK_UNKNOWN"}
		if diff := cmp.Diff(want, cl.states("t1")); diff != "" {
			t.Errorf("states (-want +got):\n%s", diff)
		}
	})
}

func TestInverseOffersComeAgainWhateverTheAnswer(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a, cl := launched(t, c, smallAgent())
		a.ScheduleMaintenance(time.Hour, time.Hour)
		for i, answer := range []string{"ACCEPT", "DECLINE"} {
			cl.settle(10 * time.Second)
			got := cl.of("INVERSE_OFFERS")
			if len(got) != i+1 {
				t.Fatalf("%d inverse offers, want %d", len(got), i+1)
			}
			call := cl.simple(answer + "_INVERSE_OFFERS")
			field := map[string]string{"ACCEPT": "accept_inverse_offers", "DECLINE": "decline_inverse_offers"}[answer]
			call[field] = object{"inverse_offer_ids": []any{dig(got[i], "inverse_offers", "inverse_offers", "0", "id")}}
			cl.call(call, 202)
		}
		c.FailOver(FailOver{To: -1, AgentsBack: 1}) // the schedule is in the registry
		time.Sleep(5 * time.Second)
		next := newClient(t, c)
		next.subscribe(subscribeCall(cl.frameworkID()))
		next.settle(3 * time.Second)
		if len(next.of("INVERSE_OFFERS")) == 0 || !slices.ContainsFunc(next.offers(), func(o object) bool { return o["unavailability"] != nil }) {
			t.Error("the new master does not know of the maintenance")
		}
	})
}
