package system

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestMaintenance_isTold: a task says when its agent is to be maintained, also to a new process, and no longer once that is called off.
func TestMaintenance_isTold(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", "shell: sleep 1")
		v.pass(20 * time.Second)
		reason := func() string {
			if condition := meta.FindStatusCondition(v.get("web").Status.Conditions, v1alpha1.ConditionAgentMaintenance); condition != nil {
				return condition.Reason
			}
			return ""
		}
		agent := v.agentOf("web")
		agent.ScheduleMaintenance(10*time.Minute, time.Hour)
		v.pass(5 * time.Second)
		if got := reason(); got != v1alpha1.ReasonMaintenanceScheduled || v.reason("web") != v1alpha1.ReasonRunning {
			v.Errorf("condition AgentMaintenance says %q, STATUS %s", got, v.reason("web"))
		}
		revision := v.get("web").Status.Revision
		v.pass(5 * time.Minute)
		if n := v.get("web").Status.Revision - revision; n > 0 {
			v.Errorf("%d writes though nothing changed", n)
		}
		v.stop()
		v.start()
		v.pass(5 * time.Minute)
		if got := reason(); got != v1alpha1.ReasonMaintenanceUnderway {
			v.Errorf("once it has begun, condition AgentMaintenance says %q", got)
		}
		agent.CancelMaintenance()
		v.pass(4 * time.Minute)
		if got := reason(); got != "" {
			v.Errorf("after it was called off, condition AgentMaintenance says %q", got)
		}
	})
}
