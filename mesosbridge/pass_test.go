package mesosbridge

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// reconcile runs a pass over the tasks as a controller does, looking at it every tenth of a second, for at most the time given. It
// returns what the pass came to and when.
func (h *harness) reconcile(limit time.Duration, taskIDs ...string) (reconciliation.Progress, time.Duration) {
	h.Helper()
	var refs []reconciliation.Attempt
	for _, id := range taskIDs {
		refs = append(refs, reconciliation.Attempt{TaskID: id, AgentID: h.attempt(id).AgentID})
	}
	return h.passOver(limit, 4, refs)
}

// passOver does so in chunks of a size over attempts that the bridge need not know yet.
func (h *harness) passOver(limit time.Duration, chunkSize int, refs []reconciliation.Attempt) (reconciliation.Progress, time.Duration) {
	h.Helper()
	seen := func(id string) reconciliation.Seen {
		a, _ := h.bridge.Attempt(id)
		s := reconciliation.Seen{Last: a.Last, Askable: h.bridge.MayAsk(id)}
		if a.Observation != nil {
			s.AgentID, s.Over = a.Observation.AgentID, a.Observation.State.Class() == mesos.Ended
		}
		return s
	}
	began := time.Now()
	pass := reconciliation.Begin(reconciliation.Params{
		Start: h.bridge.Connection().LastEvent, Attempts: refs, ChunkSize: chunkSize, Now: began, FirstRoundAt: began,
	})
	delay := 5 * time.Second
	for time.Since(began) < limit {
		switch step := pass.Step(time.Now(), seen); step.Kind {
		case reconciliation.Done:
			return pass.Progress(), time.Since(began)
		case reconciliation.Ask:
			outcome := make(chan error, 1)
			h.bridge.Reconcile(step.Chunk, func(err error) { outcome <- err })
			if err := <-outcome; err != nil {
				pass.CallFailed()
			} else {
				pass.Sent(time.Now())
			}
		case reconciliation.RoundOver:
			pass.NextRound(time.Now().Add(delay))
			delay = min(2*delay, time.Minute)
		case reconciliation.Wait:
			h.pass(100 * time.Millisecond)
		}
	}
	return pass.Progress(), time.Since(began)
}

// launchMany launches tasks, some on each offer, and brings them to RUNNING.
func (h *harness) launchMany(each int) (ids []string) {
	h.Helper()
	for i, offer := range h.bridge.Offers() {
		var tasks []mesos.Task
		for j := range each {
			id := fmt.Sprintf("t%d-%d", i, j)
			tasks = append(tasks, small(id))
			ids = append(ids, id)
		}
		h.bridge.Accept(offer.ID, tasks, 0, nil)
	}
	for range 2 {
		h.pass(time.Second)
		for _, id := range ids {
			h.acknowledge(id)
		}
	}
	return ids
}

func TestBridge_reconcilesAfterALostConnection(t *testing.T) {
	inVirtualTime(t, setup{agents: 3}, func(h *harness) {
		h.subscribed()
		ids := h.launchMany(5)
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		progress, took := h.reconcile(time.Minute, ids...)
		if !progress.Done || progress.Rounds != 1 || progress.Asked != len(ids) || took > 5*time.Second {
			h.Errorf("after %v the pass has come to %+v", took, progress)
		}
		for _, id := range ids {
			if got := h.state(id); got != mesos.TaskRunning {
				h.Errorf("%s is %q", id, got)
			}
		}
	})
}

// After a failover the master says nothing of agents that are not back yet; the pass waits for them and for nobody else.
func TestBridge_reconcilesWhileAgentsAreAway(t *testing.T) {
	inVirtualTime(t, setup{agents: 3}, func(h *harness) {
		h.subscribed()
		ids := h.launchMany(5)
		h.cluster.FailOver(simulator.FailOver{AgentsBack: 0.7})
		h.pass(20 * time.Second)
		progress, _ := h.reconcile(time.Minute, ids...)
		if progress.Done || progress.Unanswered != 5 || progress.Asked > 10+5*progress.Rounds {
			h.Fatalf("while an agent is away the pass has come to %+v", progress)
		}
		for _, a := range h.cluster.Agents() {
			a.Heal()
		}
		progress, _ = h.reconcile(3*time.Minute, ids...)
		if !progress.Done || progress.Unanswered != 0 {
			h.Errorf("after all agents came back the pass has come to %+v", progress)
		}
		for _, id := range ids {
			if got := h.state(id); got != mesos.TaskRunning {
				h.Errorf("%s is %q", id, got)
			}
		}
	})
}

// A call that is dropped costs a round, not an answer.
func TestBridge_reconcilesThoughCallsAreLost(t *testing.T) {
	inVirtualTime(t, setup{agents: 3}, func(h *harness) {
		h.subscribed()
		ids := h.launchMany(5)
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "RECONCILE", Action: simulator.Drop, Count: 2})
		h.cluster.Inject(simulator.Fault{Target: simulator.EventFault, Type: "UPDATE", Action: simulator.Drop, Count: 3})
		progress, _ := h.reconcile(time.Minute, ids...)
		if !progress.Done || progress.Rounds != 2 || progress.Asked != len(ids)+2*4+3 {
			h.Errorf("the pass has come to %+v", progress)
		}
	})
}

// TestFault61_reconnectStorm is row 61 of the fault matrix: "100k-task reconnect storm, x10 reconnects in 1 min", at the pace of a master: each connection has a pass of its own, which
// the next one supersedes. In the end every task is answered for, what was asked is no more than what a pass needs, and memory is that of the tasks.
func TestFault61_reconnectStorm(t *testing.T) {
	const tasks, chunk = 100_000, 1000
	storming := func(c *Config) { c.Framework.ID = "storm-0000" }
	inVirtualTime(t, setup{cluster: simulator.Options{Flags: simulator.Flags{EventsPerSecond: 2000}, CallLogSize: 10}, config: storming, idle: true}, func(h *harness) {
		for range 10 {
			h.cluster.AddAgent(simulator.AgentSpec{CPUs: tasks, Mem: tasks, Disk: tasks})
		}
		h.pass(5 * time.Second)
		if err := h.cluster.Preload(simulator.Preload{
			Framework: &mesospb.FrameworkInfo{
				ID: &mesospb.FrameworkID{Value: "storm-0000"}, Name: "test", User: "nobody", Roles: []string{"prod"},
				Capabilities: []mesospb.FrameworkInfo_Capability{
					{Type: mesospb.FrameworkInfo_Capability_PARTITION_AWARE}, {Type: mesospb.FrameworkInfo_Capability_MULTI_ROLE},
				},
			},
			Tasks: tasks,
			Task: &mesospb.TaskInfo{
				Resources: []mesospb.Resource{{Name: "cpus", Type: mesospb.SCALAR.Enum(), Scalar: &mesospb.Value_Scalar{Value: 0.1}}},
				Command:   &mesospb.CommandInfo{Value: new("sleep 1000")},
			},
		}); err != nil {
			h.Fatal(err)
		}
		h.run()
		defer h.stop()
		h.subscribed()
		var refs []reconciliation.Attempt
		for _, live := range h.cluster.Tasks() {
			refs = append(refs, reconciliation.Attempt{TaskID: live.TaskID, AgentID: live.AgentID})
		}
		h.passOver(5*time.Minute, chunk, refs)
		before := heapInUse()
		asked := h.cluster.Calls("RECONCILE")
		for range 10 {
			h.cluster.CutStream("", 0)
			for h.pass(0); !h.bridge.Connection().Subscribed; {
				h.pass(100 * time.Millisecond)
			}
			h.passOver(5*time.Second, chunk, refs)
		}
		progress, took := h.passOver(5*time.Minute, chunk, refs)
		if !progress.Done || progress.Unanswered != 0 || took > 2*time.Minute {
			h.Errorf("%v after the storm the pass has come to %+v", took, progress)
		}
		if got := h.cluster.Calls("RECONCILE") - asked; got > 11*tasks/chunk {
			h.Errorf("%d RECONCILEs, want no more than one for each chunk of each pass", got)
		}
		for _, ref := range refs[:100] {
			if got := h.state(ref.TaskID); got != mesos.TaskRunning {
				h.Fatalf("%s is %q", ref.TaskID, got)
			}
		}
		if grown := int64(heapInUse()) - int64(before); grown > 16<<20 {
			h.Errorf("what is known of %d tasks grew by %d bytes", tasks, grown)
		}
	})
}

// heapInUse is what the heap holds.
func heapInUse() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
