package system

import (
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestTooLarge: a spec that no agent could hold kills nothing, over a restart of the operator too, until a larger agent comes.
func TestTooLarge(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task.ID
		large := `{spec: {resources: {requests: {cpus: "1000"}}}}`
		v.patch("job", large)
		v.task("waits", `shell: sleep 1, suspend: true`)
		v.patch("waits", `{spec: {suspend: false, resources: {requests: {cpus: "1000"}}}}`)
		check := func(when string) {
			v.Helper()
			for _, name := range []string{"job", "waits"} {
				task := v.get(name)
				if v.reason(name) != v1alpha1.ReasonNoAgentLargeEnough || !strings.Contains(v.said(name), "the most cpus that one has is 4.") || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionStalled) {
					v.Errorf("%s, %s is %s: %s", when, name, v.reason(name), v.said(name))
				}
			}
			if task := v.get("job").Status.Task; task == nil || task.ID != first || task.KillReason != "" || task.FinishTime != nil {
				v.Errorf("%s, what ran by the earlier spec is %+v", when, task)
			}
		}
		v.pass(time.Minute)
		check("once the spec has changed")
		v.stop()
		v.start()
		v.pass(time.Minute)
		check("once the operator is started anew")
		v.mesos.AddAgent(simulator.AgentSpec{CPUs: 2000, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}}})
		v.pass(10 * time.Minute)
		for _, name := range []string{"job", "waits"} {
			if task := v.get(name).Status.Task; v.reason(name) != v1alpha1.ReasonRunning || task.ID == first {
				v.Errorf("once a larger agent is there, %s is %s: %s", name, v.reason(name), v.said(name))
			}
		}
	})
}
