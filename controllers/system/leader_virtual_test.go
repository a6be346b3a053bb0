package system

import (
	"slices"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestNewLeader_whoseWatchOfFrameworksLags: a framework's default role was changed, and the next leader's cache has the old one still. By neither is
// a task outdated: those that run are not killed for it, and one that finished does not run again.
func TestNewLeader_whoseWatchOfFrameworksLags(t *testing.T) {
	byCommand := simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		if task.GetCommand().GetValue() == "TASK_FINISHED" {
			return simulator.EndAfter(time.Second, mesosv1.TASK_FINISHED, "Over")
		}
		return simulator.Stay()
	}}
	inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, byCommand, func(v *virtual) {
		v.framework(`info: {roles: ["*", other], defaultRole: "*"}`)
		v.start()
		for _, name := range []string{"a", "b"} {
			v.task(name, `shell: sleep 1`)
		}
		v.pass(30 * time.Second)
		lag := v.api.Lag(v.next(), "mesosframeworks", -1)
		changed := v.frameworkNow()
		if err := v.client.Patch(v.Context(), changed, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"info":{"defaultRole":"other"}}}`))); err != nil {
			v.Fatal(err)
		}
		v.pass(time.Minute)
		v.task("once", `shell: TASK_FINISHED, restartPolicy: Never`)
		v.pass(time.Minute)
		before, kills, starts := v.liveNow(), v.mesos.Calls("KILL"), len(v.starts())
		if len(before) != 2 || kills != 0 || starts != 3 {
			v.Fatalf("%v run after %d starts and %d KILLs, want nothing launched anew and one more that ran once", before, starts, kills)
		}
		v.stop()
		v.start()
		v.pass(5 * time.Second)
		lag.End()
		v.pass(2 * time.Minute)
		if got := v.liveNow(); !slices.Equal(got, before) {
			v.Errorf("%d KILLs were sent to tasks that are as their specs ask; %v run instead of %v", v.mesos.Calls("KILL")-kills, got, before)
		}
		if got := len(v.starts()); got != starts {
			v.Errorf("%d tasks were started anew, want none", got-starts)
		}
	})
}
