package system

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 59 and 61 of the fault matrix: the stream of events. (Rows 55 to 58 are in mesosbridge.)

// TestFault59_slowReader: "slow reader: API back-pressure must not stop reading heartbeats". The API server takes long for every write, or hangs, while tasks end,
// fail and are launched: the stream is read all the while, so that it is never given up, and once the API is itself again everything is recorded
// and acknowledged.
func TestFault59_slowReader(t *testing.T) {
	cases := map[string]apiserver.Fault{
		"each write takes twenty seconds":      {Action: apiserver.Delay, Delay: 20 * time.Second},
		"writes hang":                          {Action: apiserver.Delay, Delay: time.Hour},
		"writes take effect, and answers hang": {Action: apiserver.DelayAnswer, Delay: time.Hour},
		"writes are refused with 429":          {Action: apiserver.Refuse, Status: 429, RetryAfter: 5},
		"reads and writes fail":                {Action: apiserver.Refuse, Status: 500},
	}
	for sentence, fault := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, endAsTold(), func(v *virtual) {
				v.framework("")
				v.start()
				staying := v.several(8, `shell: sleep 1`)
				for i := range 4 {
					v.task(fmt.Sprintf("fails-%d", i), `shell: TASK_FAILED, backoff: {initialSeconds: 60, maxSeconds: 300}`)
				}
				v.pass(time.Minute)
				fault.Instance, fault.Writes, fault.Count = v.running.name, sentence != "reads and writes fail", -1
				injected := v.api.Inject(fault)
				subscribed := v.mesos.Calls("SUBSCRIBE")
				for _, live := range v.mesos.Tasks()[:4] {
					v.mesos.KillProcess(live.TaskID)
				}
				for i := range 4 {
					v.task(fmt.Sprintf("new-%d", i), `shell: sleep 1`)
				}
				v.pass(12 * time.Minute)
				if got := v.mesos.Calls("SUBSCRIBE") - subscribed; got != 0 || injected.Hits() == 0 {
					v.Errorf("the stream was given up %d times; the fault struck %d times", got, injected.Hits())
				}
				v.api.ClearFaults()
				v.pass(10 * time.Minute)
				for _, name := range staying {
					v.wantRunning(name)
				}
				for i := range 4 {
					v.wantRunning(fmt.Sprintf("new-%d", i))
				}
				for _, name := range staying {
					if got := v.launched()[name]; got > 2 {
						v.Errorf("%s was started %d times", name, got)
					}
				}
				if v.connected() != v1alpha1.ReasonSubscribed || v.mesos.Calls("KILL") > 0 {
					v.Errorf("it is %s, after %d KILLs", v.connected(), v.mesos.Calls("KILL"))
				}
			})
		})
	}
}

// TestFault61_reconnectStorm: "100k-task reconnect storm, x10 reconnects in 1 min", here with fewer tasks, through the whole of the operator; with 100,000 it is in
// mesosbridge. One pass at a time, each task answered for at the end, and not one write.
func TestFault61_reconnectStorm(t *testing.T) {
	const tasks = 150
	inVirtualTime(t, simulator.Flags{EventsPerSecond: 25}, nil, func(v *virtual) {
		v.mesos.AddAgent(simulator.AgentSpec{CPUs: 100, Mem: 100_000, Disk: 100_000})
		v.framework("")
		v.start()
		names := v.several(tasks, `shell: sleep 1`)
		v.pass(3 * time.Minute)
		before := v.counted()
		if before.Starts != tasks {
			v.Fatalf("%d tasks were started", before.Starts)
		}
		asked := v.mesos.Calls("RECONCILE")
		for range 10 {
			v.mesos.CutStream("", 0)
			v.pass(6 * time.Second)
		}
		v.pass(5 * time.Minute)
		v.wantCounts(before, counts{})
		// Each subscription asks once for all, and again for what the one before had not answered.
		if got := v.mesos.Calls("RECONCILE") - asked; got > 11*(3+2) {
			v.Errorf("%d RECONCILEs for 10 reconnections", got)
		}
		last := v.frameworkNow().Status.Reconciliation
		if last.Current != nil || last.Last == nil || last.Last.Unanswered != 0 || last.Last.Tasks != tasks || !last.Last.Proven {
			v.Errorf("the last pass is %+v, the current %+v", last.Last, last.Current)
		}
		for _, name := range names[:5] {
			v.wantRunningAfter(name, 1)
		}
	})
}
