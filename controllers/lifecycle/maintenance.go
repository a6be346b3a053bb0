package lifecycle

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// maintenance says whether the agent of the current attempt is in the maintenance schedule, and what condition AgentMaintenance is to say then.
func (s *scene) maintenance() (planned bool, reason, message string) {
	w := s.Maintenance
	if !s.current() || !w.Planned(s.Now) {
		return false, "", ""
	}
	reason = v1alpha1.ReasonMaintenanceUnderway
	if !s.due(w.From) {
		reason = v1alpha1.ReasonMaintenanceScheduled
	}
	end := "until Mesos' maintenance schedule changes"
	if !w.Until.IsZero() {
		s.checkAt(w.Until)
		end = "until " + w.Until.UTC().Format(time.RFC3339)
	}
	return true, reason, fmt.Sprintf(
		"By Mesos' maintenance schedule %s is unavailable from %s %s. The task is not moved: it ends when the machine is taken down, unless annotation %s restarts it elsewhere before",
		s.where(), w.From.UTC().Format(time.RFC3339), end, v1alpha1.AnnotationRestartedAt)
}

// tellMaintenance adds an event when the agent's maintenance is news, or begins.
func (s *scene) tellMaintenance() {
	now := meta.FindStatusCondition(s.decision.Status.Conditions, v1alpha1.ConditionAgentMaintenance)
	before := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionAgentMaintenance)
	if now != nil && (before == nil || before.Reason != now.Reason || before.Message != now.Message) {
		s.tell(Event{Reason: now.Reason, Action: actionReconciling, Message: now.Message})
	}
}
