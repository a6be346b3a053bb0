package system

import (
	"fmt"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestTask_cost counts what a life of many tasks asks of the API server: a binding and a status for each until it runs, nothing while its connection
// comes and goes, and one write as it is deleted, without a read of what is gone.
func TestTask_cost(t *testing.T) {
	const tasks = 20
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		costs := func(sentence string, want map[string]int, then func()) {
			v.Helper()
			before := v.asked.all()
			then()
			after := v.asked.all()
			for _, what := range []string{"PATCH mesostasks", "PATCH mesostasks/status", "GET mesostasks"} {
				if got := after[what] - before[what]; got != want[what] {
					v.Errorf("%s: %d times %s, want %d", sentence, got, what, want[what])
				}
			}
		}
		costs("until they run", map[string]int{"PATCH mesostasks": tasks, "PATCH mesostasks/status": tasks}, func() {
			for i := range tasks {
				v.task(fmt.Sprintf("web-%d", i), "shell: sleep 1000, killGracePeriodSeconds: 1")
			}
			v.pass(time.Minute)
		})
		costs("as the connection is lost three times", nil, func() {
			for range 3 {
				v.mesos.CutStream("", 0)
				v.pass(time.Minute)
			}
		})
		costs("as they are deleted", map[string]int{"PATCH mesostasks": tasks}, func() {
			for i := range tasks {
				v.delete(fmt.Sprintf("web-%d", i))
			}
			v.pass(time.Minute)
		})
		for i := range tasks {
			if name := fmt.Sprintf("web-%d", i); v.exists(name) {
				v.Errorf("%s is still there", name)
			}
		}
		if live := v.mesos.LiveTasks(); live > 0 {
			v.Errorf("%d tasks live", live)
		}
	})
}
