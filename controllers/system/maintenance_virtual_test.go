package system

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestMaintenance_ofWhatIsOverBefore: by its maxRunSeconds a task may have an agent whose maintenance is near.
func TestMaintenance_ofWhatIsOverBefore(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		for _, agent := range v.mesos.Agents() {
			agent.ScheduleMaintenance(20*time.Minute, time.Hour)
		}
		v.framework("")
		v.start()
		v.task("brief", "shell: sleep 1, maxRunSeconds: 900, restartPolicy: Never")
		v.task("long", "shell: sleep 1, maxRunSeconds: 1500, restartPolicy: Never")
		v.task("endless", "shell: sleep 1")
		v.pass(30 * time.Second)
		if got := v.reason("brief"); got != v1alpha1.ReasonRunning {
			v.Errorf("what is over before is %s: %s", got, v.said("brief"))
		}
		for _, name := range []string{"long", "endless"} {
			if got := v.reason(name); got != v1alpha1.ReasonAwaitingOffer || !strings.Contains(v.said(name), "due for maintenance") {
				v.Errorf("%s is %s: %s", name, got, v.said(name))
			}
		}
		v.pass(16 * time.Minute)
		if got := v.reason("brief"); got != v1alpha1.ReasonFailed {
			v.Errorf("before the maintenance it is %s: %s", got, v.said("brief"))
		}
	})
}

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
