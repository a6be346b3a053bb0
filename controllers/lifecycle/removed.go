package lifecycle

import (
	"fmt"
	"strings"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// removedWait is how long after an agent was removed its tasks may still run, beyond their grace period: it takes leave of the master first, and
	// ends its executors then (Mesos agent: Slave::shutdown).
	removedWait = time.Minute
	// replacedWait comes on top where another agent registered at the address: nobody ends what the old one ran but its executor, once it has waited
	// for the agent in vain (Mesos agent flag recovery_timeout), and then with the grace period.
	replacedWait = 15 * time.Minute
	// forgottenAfter is for how long Mesos says TASK_UNKNOWN of what no one expects back any more: masters forget unreachable agents after that time
	// (Mesos master flag registry_max_agent_age).
	forgottenAfter = 14 * 24 * time.Hour
)

// recordRemoval keeps since when it is known that the attempt's agent was removed, and what the master said of it: it says so once, and then only
// that it knows nothing of the task.
func (s *scene) recordRemoval(attempt *v1alpha1.TaskAttempt, said mesos.Observation) {
	switch {
	case said.State != mesos.TaskLost && said.State != mesos.TaskUnknown:
		attempt.AgentRemovedTime = nil
	case said.AgentRemoved != "":
		if attempt.AgentRemovedTime == nil {
			attempt.AgentRemovedTime = s.timeOf(s.Now)
		}
		attempt.Reason, attempt.Source, attempt.Message = mesos.ReasonAgentRemoved, mesos.SourceMaster, said.AgentRemoved
	}
}

// removalOver is when an attempt whose agent was removed counts as over, if Mesos still cannot tell of it; false for one whose agent was not removed.
// What the master says of the removal can make the wait longer, and never shorter.
func (s *scene) removalOver(attempt *v1alpha1.TaskAttempt) (time.Time, bool) {
	if attempt.AgentRemovedTime == nil || over(attempt) {
		return time.Time{}, false
	}
	wait := removedWait + s.graceOf(attempt)
	if strings.Contains(attempt.Message, "registered at the same address") {
		wait += replacedWait
	}
	// The API keeps whole seconds; never sooner than that.
	return attempt.AgentRemovedTime.Add(wait + time.Second - 1), true
}

// isRemoved says whether an attempt is over as its agent was removed: the waits are over, and Mesos was asked since and neither says that it lives
// nor that its agent is unreachable (rule 16).
func (s *scene) isRemoved(attempt *v1alpha1.TaskAttempt, answered func(since time.Time) bool) bool {
	since, removed := s.removalOver(attempt)
	return removed && s.due(since) && answered(since)
}

// isForgotten says whether Mesos has not known an attempt for so long that nobody expects it back.
func (s *scene) isForgotten(attempt *v1alpha1.TaskAttempt) bool {
	return IsUnknown(attempt) && s.due(attempt.UnknownTime.Add(forgottenAfter))
}

func (s *scene) tellRemoved(attempt *v1alpha1.TaskAttempt) {
	s.tell(Event{Warning: true, Reason: v1alpha1.EventAgentRemoved, Action: actionReconciling, Message: fmt.Sprintf(
		"%s on agent %s counts as over, and is killed if it comes back: %s", attempt.ID, attempt.AgentID, attempt.Message)})
}
