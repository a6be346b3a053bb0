package system

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestSet_costOfRollout counts what a rollout asks of the API server: for each task one creation and one deletion, a binding, the statuses of the new one and
// of the old one's end, and the finalizer of the old one. The set's own writes do not grow faster than its tasks.
func TestSet_costOfRollout(t *testing.T) {
	for _, n := range []int{4, 12} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.taskSet("web", "serve 1", fmt.Sprintf("replicas: %d", n))
				v.pass(time.Minute)
				v.wantSet("web", "True Available")
				before := v.asked.writes()
				v.patchSet("web", `{spec: {template: {spec: {shell: serve 2}}}}`)
				v.pass(3 * time.Minute)
				v.wantSet("web", "True Available")
				if got := v.commands("web"); got["serve 2"] != n || len(got) != 1 {
					t.Errorf("there run %v", got)
				}
				cost := v.asked.writes()
				for what, count := range before {
					cost[what] -= count
				}
				t.Logf("%v", cost)
				for what, want := range map[string]int{"POST mesostasks": n, "DELETE mesostasks": n, "PATCH mesostasks": 2 * n, "POST controllerrevisions": 1} {
					if cost[what] != want {
						t.Errorf("%d times %s, want %d", cost[what], what, want)
					}
				}
				if statuses := cost["PATCH mesostasks/status"]; statuses > 4*n {
					t.Errorf("statuses of tasks are written %d times, want %d at most", statuses, 4*n)
				}
				if own := cost["PATCH mesostasksets/status"]; own > 40 {
					t.Errorf("the set's own status is written %d times", own)
				}
			})
		})
	}
}

// TestSet_costOfWaiting: a set of which several tasks wait for what no agent has writes no more once it has said so: which of them it names does not change.
func TestSet_costOfWaiting(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.taskSet("web", "serve 1", "replicas: 6")
		v.patchSet("web", `{spec: {template: {spec: {resources: {requests: {cpus: "1000"}}}}}}`)
		v.pass(20 * time.Minute)
		v.wantSet("web", "False TaskStalled")
		before := v.asked.writes()["PATCH mesostasksets/status"]
		v.pass(time.Hour)
		if more := v.asked.writes()["PATCH mesostasksets/status"] - before; more > 0 {
			t.Errorf("in an hour of waiting its status was written %d times", more)
		}
	})
}
