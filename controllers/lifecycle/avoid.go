package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// avoidFor is for how long an agent is not used on which the task did not start.
	avoidFor = 10 * time.Minute
	// sameAgentLeast is how many attempts have to fail on one agent, and on no other, before that is worth a word, and asking for offers of others.
	sameAgentLeast = 2
)

// Avoidance is what a task's last failures say of where to launch it; zero for nothing.
type Avoidance struct {
	// Agents are those on which they were, that of the latest first.
	Agents []AvoidedAgent
	// Elsewhere says that all of them, which are several, were on one agent: another is worth a short wait.
	Elsewhere bool
}

// AvoidedAgent is an agent on which a task failed.
type AvoidedAgent struct {
	// ID is the Mesos agent ID.
	ID string
	// Until is until when it is not used at all; before, and where it is zero, it only comes after all others.
	Until time.Time
}

// Equal says whether a and b are the same.
func (a Avoidance) Equal(b Avoidance) bool {
	return a.Elsewhere == b.Elsewhere && slices.EqualFunc(a.Agents, b.Agents, func(x, y AvoidedAgent) bool {
		return x.ID == y.ID && x.Until.Equal(y.Until)
	})
}

// bars says whether an agent is not used at all at a time.
func (a Avoidance) bars(agentID string, at time.Time) bool {
	return slices.ContainsFunc(a.Agents, func(agent AvoidedAgent) bool { return agent.ID == agentID && at.Before(agent.Until) })
}

// avoidance says which agents the next launch avoids. Nothing of it rests on the present time, so that it stays the same while the task waits. What a
// person asks for is done at once, on another agent if there is one.
func (s *scene) avoidance() Avoidance {
	if s.attempt == nil || s.Spec.AvoidFailedAgents == v1alpha1.AvoidNever {
		return Avoidance{}
	}
	failed, asked := s.failures(), s.restartRequested()
	avoid := Avoidance{Elsewhere: onOneAgent(failed) > 0}
	for _, attempt := range failed {
		at := slices.IndexFunc(avoid.Agents, func(agent AvoidedAgent) bool { return agent.ID == attempt.AgentID })
		if at < 0 {
			at = len(avoid.Agents)
			avoid.Agents = append(avoid.Agents, AvoidedAgent{ID: attempt.AgentID})
		}
		// The latest comes first, and bars it for longest.
		if agent := &avoid.Agents[at]; agent.Until.IsZero() && neverStarted(attempt) && !asked {
			agent.Until = attempt.FinishTime.Add(avoidFor)
		}
	}
	if s.barsAll(avoid.Agents) {
		for i := range avoid.Agents {
			avoid.Agents[i].Until = time.Time{}
		}
	}
	return avoid
}

// barsAll says whether the task did not start on any agent that there is. Then it is not for its agents that it did not, and none is better than
// another.
func (s *scene) barsAll(agents []AvoidedAgent) bool {
	barred := 0
	for _, agent := range agents {
		if !agent.Until.IsZero() {
			barred++
		}
	}
	return !s.AgentsAwaited && barred >= s.AgentCount
}

// failures are the object's last attempts that failed by the spec as it is, the latest first: back to one that finished or that ran for long. Those
// between that ended otherwise say nothing of their agents.
func (s *scene) failures() (failed []*v1alpha1.TaskAttempt) {
	for _, attempt := range s.lastEnded() {
		if !s.declares(attempt) || attempt.State == string(mesos.TaskFinished) {
			break
		}
		if attempt.AgentID == "" || !failedByItself(attempt) && !neverStarted(attempt) {
			continue
		}
		failed = append(failed, attempt)
		if start := attempt.StartTime; start != nil && attempt.FinishTime.Sub(start.Time) >= stableAfter {
			break
		}
	}
	return failed
}

// failedByItself says whether an attempt ran and failed, and neither the platform nor the operator ended it.
func failedByItself(attempt *v1alpha1.TaskAttempt) bool {
	return over(attempt) && endedByItself(attempt) && attempt.State != string(mesos.TaskFinished)
}

// neverStarted says whether an attempt never ran and its agent may be to blame: its launch failed there, or was killed as it took too long.
func neverStarted(attempt *v1alpha1.TaskAttempt) bool {
	tookTooLong := over(attempt) && attempt.KillReason == v1alpha1.KillLaunchTimedOut && attempt.StartTime == nil
	return (tookTooLong || didNotStart(attempt)) && interruptionOf(attempt) == ""
}

// onOneAgent is how many of the latest attempts, the latest first, were on the agent of the last; zero for too few to say anything of it.
func onOneAgent(attempts []*v1alpha1.TaskAttempt) (latest int) {
	for latest < len(attempts) && attempts[latest].AgentID == attempts[0].AgentID {
		latest++
	}
	if latest < sameAgentLeast {
		return 0
	}
	return latest
}

// noteSameAgent says where the last attempts failed, if several did on one agent.
func (s *scene) noteSameAgent() {
	failed := s.failures()
	if latest := onOneAgent(failed); latest > 0 {
		s.note(fmt.Sprintf("The last %d attempts all failed on %s", latest, whereOf(failed[0])))
	}
}
