package system

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestFault14_ACCEPTDroppedBeforeApplyOr202LostAfterApplyOr5xxAfterApply is row 14, with the other ways in which a launch comes to nothing, or its first word
// is lost: one attempt runs, under an ID that is launched once.
func TestFault14_ACCEPTDroppedBeforeApplyOr202LostAfterApplyOr5xxAfterApply(t *testing.T) {
	for sentence, c := range map[string]struct {
		fault    simulator.Fault
		launches int
	}{
		"dropped before it is applied":      {simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Drop}, 2},
		"5xx before it is applied":          {simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Answer, Status: 500, Text: "Oops"}, 2},
		"refused":                           {simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Answer, Status: 400, Text: "No"}, 2},
		"its 202 is lost":                   {simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.DropAnswer}, 1},
		"its 202 comes after ten minutes":   {simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.DelayAnswer, Delay: 10 * time.Minute}, 1},
		"5xx after it was applied":          {simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Answer, Status: 503, Text: "Oops", AfterEffect: true}, 1},
		"the first update is lost after it": {simulator.Fault{Target: simulator.MessageFault, Type: simulator.StatusUpdateMessage, Action: simulator.Drop}, 1},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.pass(10 * time.Second)
				injected := v.mesos.Inject(c.fault)
				v.task("job", `shell: sleep 1, restartPolicy: Never`)
				v.pass(3 * time.Minute)
				v.wantRunning("job")
				task := v.get("job")
				if got := v.counted(); injected.Hits() != 1 || got.Starts != 1 || got.Launches != c.launches || got.Kills != 0 || task.Status.Restarts != 0 {
					v.Errorf("after %d faults and %d restarts counted %+v, want one start and %d launches", injected.Hits(), task.Status.Restarts, got, c.launches)
				}
				if open := v.mesos.OpenOffers(v.frameworkNow().Status.FrameworkID); open > 0 {
					v.Errorf("%d offers are held", open)
				}
			})
		})
	}
}

// TestFault15_KILLDroppedOrToAnAgentThatIsRecoveringUnreachableOrDisconnectedOrOvertakenByAFailover is row 15. Mesos forgets it, so that it is sent again until
// the task is over; the object waits, and says for which agent.
func TestFault15_KILLDroppedOrToAnAgentThatIsRecoveringUnreachableOrDisconnectedOrOvertakenByAFailover(t *testing.T) {
	back := func(_ *virtual, agent *simulator.Agent) { agent.Heal() }
	for sentence, c := range map[string]struct {
		// away is what happens before the object is deleted, and overtakes just after it; back what ends it ten minutes later.
		away, overtakes, back func(v *virtual, agent *simulator.Agent)
	}{
		"dropped on its way to the master": {away: func(v *virtual, _ *simulator.Agent) {
			v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "KILL", Action: simulator.Drop})
		}},
		"dropped on its way to the agent, three times": {away: func(v *virtual, _ *simulator.Agent) {
			v.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Type: simulator.KillTask, Action: simulator.Drop, Count: 3})
		}},
		"to an agent that is recovering": {away: func(v *virtual, _ *simulator.Agent) {
			v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
			v.pass(30 * time.Second)
		}, back: back},
		"to an agent that is unreachable": {away: func(v *virtual, agent *simulator.Agent) {
			agent.Partition()
			v.pass(2 * time.Minute)
		}, back: back},
		"to an agent that is disconnected": {
			away: func(_ *virtual, agent *simulator.Agent) { agent.Stop() },
			back: func(_ *virtual, agent *simulator.Agent) { agent.Start() },
		},
		"to an agent that is disconnected, and overtaken by a failover": {
			away: func(_ *virtual, agent *simulator.Agent) { agent.Stop() },
			overtakes: func(v *virtual, _ *simulator.Agent) {
				v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1})
			},
			back: func(_ *virtual, agent *simulator.Agent) { agent.Start() },
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(30 * time.Second)
				running, agent := v.wantRunning("job"), v.agentOf("job")
				c.away(v, agent)
				v.delete("job")
				v.pass(time.Second)
				if c.overtakes != nil {
					c.overtakes(v, agent)
				}
				if c.back != nil {
					v.pass(10 * time.Minute)
					said := v.said("job")
					for _, want := range []string{running.AgentID, `kubectl patch mesostask job -n ` + v.namespace} {
						if !strings.Contains(said, want) {
							v.Errorf("while it waits it says %q, without %q", said, want)
						}
					}
					if v.live("job") != 1 {
						v.Errorf("%d of it live while its agent is away", v.live("job"))
					}
					c.back(v, agent)
				}
				v.pass(10 * time.Minute)
				v.wantGone("job")
				// Soon repeated, later ever less often: within ten minutes that are no more than a dozen.
				if got := v.counted(); got.Starts != 1 || got.Launches != 1 || got.Kills == 0 || got.Kills > 20 {
					v.Errorf("counted %+v", got)
				}
			})
		})
	}
}

// asksFor counts, by the task's name, how often the tasks of this namespace were asked for since so many calls.
func (v *virtual) asksFor(since int) map[string]int {
	asked := map[string]int{}
	for _, record := range v.mesos.CallLog()[since:] {
		for _, task := range record.Call.GetReconcile().GetTasks() {
			if _, name, ours := strings.Cut(identityOf(task.TaskID.Value), v.namespace+"/"); ours {
				asked[name]++
			}
		}
	}
	return asked
}

// TestFault16_RECONCILEDroppedOrPartlyAnswered is row 16: only the rest is asked for again.
func TestFault16_RECONCILEDroppedOrPartlyAnswered(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("reconciliation: {chunkSize: 4}")
		v.start()
		names := v.several(9, `shell: sleep 1`)
		v.pass(30 * time.Second)
		was := v.counted()
		unanswered := []string{"job-1", "job-7"}
		for _, name := range unanswered {
			v.mesos.Inject(simulator.Fault{Target: simulator.EventFault, Type: "UPDATE", Task: v.get(name).Status.Task.ID, Action: simulator.Drop, Count: 2})
		}
		since := len(v.mesos.CallLog())
		v.mesos.CutStream("", 0)
		v.pass(90 * time.Second)
		want := map[string]int{}
		for _, name := range names {
			want[name] = 1
		}
		for _, name := range unanswered {
			want[name] = 3
		}
		// The implicit RECONCILE of the proof answers, too: it was among those that were dropped.
		got := v.asksFor(since)
		for _, name := range unanswered {
			if got[name] < 2 || got[name] > 3 {
				v.Errorf("%s was asked for %d times", name, got[name])
			}
			got[name] = want[name]
		}
		if !maps.Equal(got, want) {
			v.Errorf("asked for were %v, want each once and again %v", got, unanswered)
		}
		v.wantCounts(was, counts{})

		// Of three chunks the second is lost, and then the implicit RECONCILE, too, which answers for it: no more than the chunk is asked for again.
		for _, skips := range [][]int{{1}, {1, 3}} {
			since = len(v.mesos.CallLog())
			var lost []*simulator.Injected
			for _, skip := range skips {
				lost = append(lost, v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "RECONCILE", Action: simulator.Drop, Skip: skip}))
			}
			v.mesos.CutStream("", 0)
			v.pass(90 * time.Second)
			again := 0
			for _, asked := range v.asksFor(since) {
				again += asked - 1
			}
			if lost[0].Hits() != 1 || lost[len(lost)-1].Hits() != 1 || again > 4 {
				v.Errorf("with %d calls lost %d tasks were asked for again: %v, want four at most", len(lost), again, v.asksFor(since))
			}
			v.wantCounts(was, counts{})
			v.wantReconciled()
		}
	})
}

// wantReconciled fails the test unless the last pass is through, and no other is under way.
func (v *virtual) wantReconciled() {
	v.Helper()
	framework := v.frameworkNow()
	if !reconciled(framework) || framework.Status.Reconciliation.Current != nil || !framework.Status.Reconciliation.Last.Proven {
		v.Errorf("reconciliation is %+v: %s", framework.Status.Reconciliation, v.frameworkSays(v1alpha1.ConditionTasksReconciled))
	}
}

// spread makes n agents more, with a task of its own on each, and returns the names of the tasks.
func (v *virtual) spread(n int, spec string) (names []string) {
	v.Helper()
	for i := range n {
		rack := fmt.Sprintf("rack-%d", i)
		v.rack(rack, 1)
		names = append(names, fmt.Sprintf("job-%d", i))
		v.task(names[i], fmt.Sprintf(`placement: {constraints: [{by: {attribute: rack}, operator: In, values: [%s]}]}, %s`, rack, spec))
	}
	return names
}

// versions are the resource versions of MesosTasks.
func (v *virtual) versions(names []string) (versions []string) {
	v.Helper()
	for _, name := range names {
		versions = append(versions, v.get(name).ResourceVersion)
	}
	return versions
}

// TestFault19_masterFailoverAllAgentsBackWithin1s is row 19: all is answered at once, and nothing is written.
func TestFault19_masterFailoverAllAgentsBackWithin1s(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		names := v.spread(10, `shell: sleep 1`)
		v.pass(30 * time.Second)
		was, before := v.counted(), v.versions(names)
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1})
		v.pass(30 * time.Second)
		v.wantReconciled()
		v.pass(time.Hour)
		v.wantCounts(was, counts{})
		for _, name := range names {
			v.wantRunning(name)
		}
		if after := v.versions(names); !slices.Equal(after, before) {
			v.Errorf("resource versions %v became %v", before, after)
		}
	})
}

// TestFault20_masterFailover30PercentOfAgentsBackAfter9MinutesAnd10PercentNever is row 20. Silence is nobody's end: nothing is written and nothing launched. Of
// the agent that does not come back the master says after ten minutes that it FAILED, and only when it is asked that it is unreachable.
func TestFault20_masterFailover30PercentOfAgentsBackAfter9MinutesAnd10PercentNever(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		names := v.spread(10, `shell: sleep 1`)
		v.pass(30 * time.Second)
		was, before := v.counted(), v.versions(names)
		agents := make([]*simulator.Agent, len(names))
		for i, name := range names {
			agents[i] = v.agentOf(name)
		}
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		v.pass(2 * time.Second)
		for _, agent := range agents[:6] {
			agent.Heal()
		}
		since := len(v.mesos.CallLog())
		v.pass(9 * time.Minute)
		v.wantCounts(was, counts{})
		if current := v.frameworkNow().Status.Reconciliation.Current; current == nil || current.Unanswered != 4 {
			v.Errorf("of four tasks without an answer status says %+v", current)
		}
		for _, agent := range agents[6:9] {
			agent.Heal()
		}
		v.pass(50 * time.Second)
		v.wantCounts(was, counts{})
		if after := v.versions(names); !slices.Equal(after, before) {
			v.Errorf("resource versions %v became %v", before, after)
		}
		// Its ten minutes are over.
		v.pass(20 * time.Second)
		if got := v.reason(names[9]); got != v1alpha1.ReasonAgentUnreachable {
			v.Errorf("the task whose agent did not come back is %s: %s", got, v.said(names[9]))
		}
		v.pass(time.Hour)
		v.wantCounts(was, counts{Statuses: 1})
		for _, name := range names[:9] {
			v.wantRunning(name)
		}
		v.wantReconciled()
		asked := v.asksFor(since)
		for _, name := range names[:6] {
			// With the passes of an hour, one each quarter.
			if asked[name] > 7 {
				v.Errorf("%s, whose agent was there, was asked for %d times: %v", name, asked[name], asked)
			}
		}
	})
}

// TestFault21_failoverAgainInTheMiddleOfReconciliation is row 21: the pass that is under way is superseded by one of the new subscription, and there is one at
// a time.
func TestFault21_failoverAgainInTheMiddleOfReconciliation(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("reconciliation: {chunkSize: 3}")
		v.start()
		names := v.spread(10, `shell: sleep 1`)
		v.pass(30 * time.Second)
		was, before := v.counted(), v.versions(names)
		for _, share := range []float64{0.5, 0.3, 0.7} {
			v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: share})
			v.pass(20 * time.Second)
			if current := v.frameworkNow().Status.Reconciliation.Current; current == nil || current.Unanswered == 0 {
				v.Errorf("with %v of the agents back the pass is %+v", share, current)
			}
		}
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1})
		for _, agent := range v.mesos.Agents() {
			agent.Heal()
		}
		v.pass(time.Minute)
		v.wantReconciled()
		v.wantCounts(was, counts{})
		if after := v.versions(names); !slices.Equal(after, before) {
			v.Errorf("resource versions %v became %v", before, after)
		}
		streams := map[string]bool{}
		for _, record := range v.mesos.CallLog() {
			if record.Type != "RECONCILE" {
				continue
			}
			if streams[record.StreamID] {
				v.Errorf("RECONCILE at %v bears the ID of a stream after which another was", record.Time)
			}
			for other := range streams {
				streams[other] = streams[other] || other != record.StreamID
			}
			if _, known := streams[record.StreamID]; !known {
				streams[record.StreamID] = false
			}
		}
		if len(streams) != 5 {
			v.Errorf("it asked in %d subscriptions, want 5", len(streams))
		}
		// Nobody is asked for twice in one round: rounds are five seconds apart or more. What an earlier master answered counts no more.
		last, asked := map[string]time.Time{}, map[string]map[string]bool{}
		for _, record := range v.mesos.CallLog() {
			for _, task := range record.Call.GetReconcile().GetTasks() {
				if strings.Contains(task.TaskID.Value, v.namespace+".") {
					if asked[record.StreamID] == nil {
						asked[record.StreamID] = map[string]bool{}
					}
					asked[record.StreamID][task.TaskID.Value] = true
				}
				key := record.StreamID + task.TaskID.Value
				if at, ok := last[key]; ok && record.Time.Sub(at) < 4*time.Second {
					v.Errorf("%s was asked for at %v and at %v", task.TaskID.Value, at, record.Time)
				}
				last[key] = record.Time
			}
		}
		for stream, tasks := range asked {
			if len(tasks) != len(names) {
				v.Errorf("over the stream %s it asked for %d of %d tasks", stream, len(tasks), len(names))
			}
		}
	})
}

// TestFault24_twoSchedulersBothSubscribedWithTheSameIDPingPong is row 24: two installations in two Kubernetes clusters have a framework of one ID. Who is thrown
// out stands back, for longer each time, and says so; nothing is launched or killed for it; and once the other is gone all is as before.
func TestFault24_twoSchedulersBothSubscribedWithTheSameIDPingPong(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		v.wantRunning("job")
		was, subscribed := v.counted(), v.mesos.Calls("SUBSCRIBE")
		other := v.elsewhere()
		other.framework(fmt.Sprintf(`info: {id: %q}`, v.frameworkNow().Status.FrameworkID))
		other.start()
		v.pass(30 * time.Second)
		if got := v.mesos.Calls("SUBSCRIBE") - subscribed; got != 1 || v.connected() != v1alpha1.ReasonFailedOver || other.connected() != v1alpha1.ReasonSubscribed {
			v.Errorf("%d SUBSCRIBEs; the one is %s, the other %s", got, v.connected(), other.connected())
		}
		v.pass(2 * time.Hour)
		// 1, 2, 4 and then 5 minutes after each defeat, of each of the two.
		if got := v.mesos.Calls("SUBSCRIBE") - subscribed; got > 2*(2*60/5+3) {
			v.Errorf("%d SUBSCRIBEs in two hours", got)
		}
		if got := v.since(was); got.Starts+got.Launches+got.Kills+got.Objects != 0 || v.live("job") != 1 {
			v.Errorf("counted %+v", got)
		}
		other.stop()
		v.pass(10 * time.Minute)
		v.wantRunning("job")
		if v.connected() != v1alpha1.ReasonSubscribed {
			v.Errorf("with the other gone it is %s", v.connected())
		}
	})
}
