package lifecycle

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Other is a live task of the object's identity that is not its attempt of record: one whose binding was lost, or an earlier attempt
// that came back.
type Other struct {
	TaskID  string
	AgentID string
	// Since is when Mesos first spoke of it here.
	Since time.Time
	// Kills and LastKill are as in Seen.
	Kills    int
	LastKill time.Time
}

// judgeOthers decides about the live tasks of the object's identity that are not its attempt of record (rule 12). While the fate of
// the attempt of record is unknown none of them is touched: it may be the one that goes on.
func (s *scene) judgeOthers() {
	switch {
	case len(s.Others) == 0:
	case s.Deleting && s.Spec.DeletionPolicy == v1alpha1.TaskDeletionOrphan:
	case s.Deleting || s.Spec.Suspend:
		s.killOthers("")
	case s.current():
		if s.Observation != nil && s.Observation.State.Class() == mesos.Live {
			s.killOthers("")
		}
	case !s.Proven || s.Obstacle != nil || s.bindingAhead():
	case s.decision.Adopt != nil:
		s.killOthers(s.decision.Adopt.TaskID)
	case s.verdict.reason == v1alpha1.ReasonBackOff:
		// It may yet be what the next launch would start.
	default:
		s.killOthers("")
	}
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
		s.verdict.message = fmt.Sprintf("Mesos already runs %s; waiting until it has told all that runs", s.namesOfOthers())
		return
	}
	for _, other := range others {
		if s.matches(other) {
			s.verdict.message = fmt.Sprintf("Taking over %s, which already runs on agent %s", other.TaskID, other.AgentID)
			s.decision.Adopt = &Placement{TaskID: other.TaskID, AgentID: other.AgentID}
			s.step(StepAdopt)
			return
		}
	}
	s.verdict.reason = v1alpha1.ReasonRestarting
	s.verdict.message = fmt.Sprintf("Killing %s, which runs with another spec or was given up, before anything is launched", s.namesOfOthers())
}

// matches says whether an other can go on as the object's attempt: it was launched as the spec is now, and the status does not know it
// as an attempt that is over.
func (s *scene) matches(other Other) bool {
	id, err := ParseTaskID(other.TaskID)
	return err == nil && SameHash(id.Hash, s.Hash) && !named(&s.decision.Status, other.TaskID)
}

// killOthers sends KILL for every other but one, where it is due.
func (s *scene) killOthers(but string) {
	for _, other := range s.Others {
		if other.TaskID == but {
			continue
		}
		if other.Kills == 0 || s.due(other.LastKill.Add(grow(firstKillRetry, lastKillRetry, other.Kills))) {
			s.decision.KillOthers = append(s.decision.KillOthers, other)
			s.checkAt(s.Now.Add(grow(firstKillRetry, lastKillRetry, other.Kills+1)))
		}
	}
	if len(s.decision.KillOthers) > 0 {
		s.step(StepKillOthers)
	}
}

// namesOfOthers lists the others for a person.
func (s *scene) namesOfOthers() string {
	names := make([]string, len(s.Others))
	for i, other := range s.Others {
		names[i] = fmt.Sprintf("%s on agent %s", other.TaskID, other.AgentID)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
