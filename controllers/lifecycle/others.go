package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Other is a live task of the object's identity that is not its attempt of record: one whose binding was lost, or an earlier attempt
// that came back.
type Other struct {
	TaskID  string
	AgentID string
	// Since is when Mesos first spoke of it here.
	Since time.Time
	// Outdated says that Mesos said so in an earlier term: it may be over, and must be asked for.
	Outdated bool
	// Dying says that it is being killed, as only this framework asks for it: it is not what goes on.
	Dying bool
	// Kills and LastKill are as in Seen.
	Kills    int
	LastKill time.Time
}

// judgeOthers decides about the live tasks of the object's identity that are not its attempt of record (rule 12), and kills each that is to go,
// where that is due.
func (s *scene) judgeOthers() {
	for _, other := range s.Others {
		if !s.doomed(other) {
			continue
		}
		if (other.Kills == 0 || s.due(other.LastKill.Add(grow(firstKillRetry, lastKillRetry, other.Kills)))) && s.condemn(other) {
			s.decision.KillOthers = append(s.decision.KillOthers, other)
			s.checkAt(s.Now.Add(grow(firstKillRetry, lastKillRetry, other.Kills+1)))
		}
	}
	if len(s.decision.KillOthers) > 0 {
		s.step(StepKillOthers)
	}
}

// condemn makes the status say that an other is being killed, before it is: whichever process learns of its end then knows that the end is not
// the task's own. It returns false where the history has no room, and the other waits until it has.
func (s *scene) condemn(other Other) bool {
	status := &s.decision.Status
	if s.leftBehind(other) {
		return true
	}
	id, err := ParseTaskID(other.TaskID)
	if err != nil || s.unsettled() >= maxHistory {
		return false
	}
	status.History = s.trimmed(append(status.History, v1alpha1.TaskAttempt{
		ID: other.TaskID, AgentID: other.AgentID, FrameworkID: s.FrameworkID, Hash: id.Hash, KillReason: v1alpha1.KillNotOfRecord,
	}))
	s.condemned = true
	return true
}

// isCondemned says whether the history holds a task as one that is being killed as it is not the attempt of record.
func isCondemned(status *v1alpha1.MesosTaskStatus, taskID string) bool {
	return slices.ContainsFunc(status.History, func(earlier v1alpha1.TaskAttempt) bool {
		return earlier.ID == taskID && earlier.KillReason == v1alpha1.KillNotOfRecord && !over(&earlier)
	})
}

// forgetOutdated leaves out what was left behind and only an earlier subscription called live: that it may live was allowed for when it was left.
func (s *scene) forgetOutdated() {
	s.Others = slices.DeleteFunc(slices.Clone(s.Others), func(other Other) bool {
		return other.Outdated && s.leftBehind(other) && !isCondemned(&s.decision.Status, other.TaskID)
	})
}

// doomed says whether an other is to be killed. What was left behind always is. While the fate of the attempt of record is unknown no other
// is touched: it may be the one that goes on.
func (s *scene) doomed(other Other) bool {
	switch {
	case s.paused():
		return false
	case s.leftBehind(other):
		return true
	case other.Outdated:
		return false
	case s.Deleting && s.orphans():
		return false
	case s.Deleting || s.Spec.Suspend:
		return true
	case s.current():
		return s.live()
	case !s.Proven || s.Obstacle != nil || s.left || s.bindingAhead():
		return false
	case s.undecided(other):
		return false
	case s.decision.Adopt != nil:
		return other.TaskID != s.decision.Adopt.TaskID
	default:
		// What waits for its next launch may yet be what that would start.
		return s.verdict.reason != v1alpha1.ReasonBackOff
	}
}

// undecided says whether an other may be the one that goes on: which of those that match does is decided once all have been told of.
func (s *scene) undecided(other Other) bool {
	return s.matches(other) && slices.ContainsFunc(s.Others, func(other Other) bool { return other.Outdated })
}

// takeOver decides about a task that would be launched while others of its identity live: the oldest that matches the spec goes on as its
// attempt, and nothing is launched before the rest is over.
func (s *scene) takeOver() {
	others := slices.SortedFunc(slices.Values(s.Others), func(a, b Other) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.TaskID, b.TaskID))
	})
	s.verdict = verdict{ready: metav1.ConditionFalse, reason: v1alpha1.ReasonLaunching, reconciling: true}
	s.decision.WriteAt = others[0].Since.Add(quickly)
	if !s.Proven {
		s.verdict.message = fmt.Sprintf("Mesos already runs %s; waiting until it has told all that runs", namesOf(s.Others))
		return
	}
	if slices.ContainsFunc(others, func(other Other) bool { return other.Outdated }) {
		s.verdict.message = fmt.Sprintf("Mesos ran %s before the connection was lost; waiting until it says what became of that", namesOf(s.Others))
		return
	}
	for _, other := range others {
		if s.matches(other) {
			s.verdict.message = fmt.Sprintf("Taking over %s, which already runs on agent %s", other.TaskID, other.AgentID)
			if s.left {
				s.checkAt(s.Now.Add(time.Millisecond))
				return
			}
			s.decision.Adopt = &Placement{TaskID: other.TaskID, AgentID: other.AgentID}
			s.step(StepAdopt)
			return
		}
	}
	s.verdict.reason = v1alpha1.ReasonRestarting
	s.verdict.message = fmt.Sprintf("Killing %s, which runs with another spec or was given up, before anything is launched", namesOf(s.Others))
}

// matches says whether an other can go on as the object's attempt: it was launched as the spec is now, nobody is killing it, and it is none of the
// object's earlier attempts.
func (s *scene) matches(other Other) bool {
	id, err := ParseTaskID(other.TaskID)
	old := stale(&s.decision.Status, s.Binding) && s.Binding.TaskID == other.TaskID
	return err == nil && s.Launched(id.Hash, "") && !s.leftBehind(other) && !old && !other.Dying
}

// anyMatches says whether some other can go on as the object's attempt, once Mesos has told all that runs: whatever became of the attempt that
// the status knows, what runs and is wanted is not killed.
func (s *scene) anyMatches() bool {
	return s.Proven && s.Obstacle == nil && !s.paused() && slices.ContainsFunc(s.Others, s.matches)
}

// namesOf lists tasks for a person.
func namesOf(others []Other) string {
	names := make([]string, len(others))
	for i, other := range others {
		names[i] = fmt.Sprintf("%s on agent %s", other.TaskID, other.AgentID)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
