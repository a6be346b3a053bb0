package connections

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// Efforts is what this process did for one attempt, and since when it knows what it knows of it.
type Efforts struct {
	// BoundSince is when this process wrote or first saw the binding.
	BoundSince time.Time
	// Kills and Asks count the KILLs and the attempt's own RECONCILEs that were sent in the term; FirstKill, LastKill and LastAsk say when.
	Kills               int
	FirstKill, LastKill time.Time
	Asks                int
	LastAsk             time.Time
	// FateUnknown is since when Mesos has not been able to say whether the attempt runs, Unknown since when it says TASK_UNKNOWN; zero while it does
	// not. Lived is when it last said that the attempt lives, zero for never.
	FateUnknown, Unknown, Lived time.Time
	// Gone is since when Mesos says TASK_GONE_BY_OPERATOR of it; zero while it does not.
	Gone time.Time

	// rests is what Mesos last said of an attempt that runs as it should, and doubted what Attempt.Doubted was then; nil where any news counts.
	rests   *mesos.Observation
	doubted mesos.Number

	key         types.NamespacedName
	agentID     string
	frameworkID string
	// vanished says that its launch may never have reached its agent, and that it was given up for that.
	vanished bool
	// term is the one that is counted in.
	term uint64
	// askBefore and askAfter are the made-up tasks that the last ask named before the attempt and after it.
	askBefore, askAfter string
}

// EffortsFor returns what was done for an attempt, in the current term. The first call for an attempt begins its record.
func (c *Connection) EffortsFor(key types.NamespacedName, attempt lifecycle.OpenAttempt) Efforts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.effortsOf(key, attempt)
}

// Killed says whether this process sent a KILL for an attempt.
func (c *Connection) Killed(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.attempts[taskID]
	return done != nil && !done.LastKill.IsZero()
}

// effortsOf is EffortsFor for a caller that holds the lock.
func (c *Connection) effortsOf(key types.NamespacedName, attempt lifecycle.OpenAttempt) *Efforts {
	done := c.attempts[attempt.TaskID]
	if done == nil {
		done = &Efforts{key: key, BoundSince: c.owner.clock.Now()}
		c.attempts[attempt.TaskID] = done
		c.hear(key, attempt.TaskID)
	}
	done.agentID, done.frameworkID = attempt.AgentID, attempt.FrameworkID
	// What was sent in an earlier term may be forgotten by the master that leads now.
	if term := c.Bridge.Connection().Term; done.term != term {
		done.term, done.Kills, done.Asks = term, 0, 0
		c.dropMarks(done)
	}
	return done
}

// Rest notes that an attempt runs as it should by what Mesos said last, and what Attempt.Doubted was then: its saying so again is no news. Where said
// is nil, all is news.
func (c *Connection) Rest(key types.NamespacedName, attempt lifecycle.OpenAttempt, said *mesos.Observation, doubted mesos.Number) {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.effortsOf(key, attempt)
	done.rests, done.doubted = said, doubted
}

// isNoNews says whether Mesos only said once more of an attempt that rests what it said before.
func (c *Connection) isNoNews(taskID string) bool {
	attempt, _ := c.Bridge.Attempt(taskID)
	if attempt.Observation == nil || attempt.Unacked != nil || attempt.Returned != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.attempts[taskID]
	if done == nil || done.rests == nil || done.doubted != attempt.Doubted {
		return false
	}
	before := *done.rests
	before.Number = attempt.Observation.Number
	return reflect.DeepEqual(before, *attempt.Observation)
}

// dropMarks forgets the marks of the last ask; the caller holds the lock.
func (c *Connection) dropMarks(done *Efforts) {
	for _, mark := range []string{done.askBefore, done.askAfter} {
		if mark != "" {
			c.Bridge.Forget(mark)
			delete(c.marks, mark)
		}
	}
	done.askBefore, done.askAfter = "", ""
}

// foreign says whether an attempt was launched under another framework ID than the bridge has: Mesos would answer for it that it is gone.
func (c *Connection) foreign(attempt lifecycle.OpenAttempt) bool {
	return attempt.FrameworkID != "" && attempt.FrameworkID != c.Bridge.Connection().FrameworkID
}

// Kill sends KILL for an attempt.
func (c *Connection) Kill(key types.NamespacedName, attempt lifecycle.OpenAttempt, grace *time.Duration) {
	if c.foreign(attempt) {
		return
	}
	c.mu.Lock()
	done := c.effortsOf(key, attempt)
	done.LastKill = c.owner.clock.Now()
	if done.Kills == 0 {
		done.FirstKill = done.LastKill
	}
	done.Kills++
	c.mu.Unlock()
	c.Bridge.Kill(attempt.TaskID, attempt.AgentID, grace)
}

// Ask sends RECONCILE for one attempt. A made-up task goes before it and another after it: the master works on a call as a whole and answers in
// its order, so that whatever it says of the attempt after it has answered for the first is as it saw it then, or later; and that it has
// nothing to say if it has answered for the second (rule 16). Of what may not be asked about the call would have the made-up tasks alone, and count as
// silence: no ask goes before an ACCEPT that is on its way, or beside it.
func (c *Connection) Ask(key types.NamespacedName, attempt lifecycle.OpenAttempt) {
	if c.foreign(attempt) || !c.Bridge.MayAsk(attempt.TaskID) {
		return
	}
	before, after := NewMark(), NewMark()
	c.mu.Lock()
	done := c.effortsOf(key, attempt)
	c.dropMarks(done)
	done.Asks++
	done.LastAsk = c.owner.clock.Now()
	done.askBefore, done.askAfter = before, after
	c.marks[before], c.marks[after] = mark{}, mark{attempt: key}
	c.mu.Unlock()
	asked := []reconciliation.Attempt{{TaskID: before, AgentID: before}, {TaskID: attempt.TaskID, AgentID: attempt.AgentID}, {TaskID: after, AgentID: after}}
	c.Bridge.Ask(attempt.TaskID, asked, func(err error) {
		if err != nil {
			c.logger.V(1).Info("Asking for one task was not answered", "taskID", attempt.TaskID, "err", err.Error())
		}
	})
}

// Answered says whether Mesos has spoken of an attempt after it took the last ask for it; silent that it has nothing to say.
func (c *Connection) Answered(done Efforts, last mesos.Number) (answered, silent bool) {
	if done.askBefore == "" {
		return false, false
	}
	before, _ := c.Bridge.Attempt(done.askBefore)
	after, _ := c.Bridge.Attempt(done.askAfter)
	answered = before.Last != mesos.Number{} && last.After(before.Last)
	return answered, !answered && after.Last != mesos.Number{}
}

// NoteFate keeps since when, by this process's own clock, Mesos has said of an attempt what it says now: that it cannot tell its fate, or that it does
// not know it, or that it is gone by an operator's word, and when it last said that it lives. What status says of the time before this process is by the wall clock. Once the fate is known
// again the kills begin anew: Mesos does not remember a KILL of a task that it cannot reach. An empty state is for nothing said.
func (c *Connection) NoteFate(key types.NamespacedName, attempt lifecycle.OpenAttempt, state mesos.TaskState, recorded time.Time) Efforts {
	c.mu.Lock()
	defer c.mu.Unlock()
	done, now := c.effortsOf(key, attempt), c.owner.clock.Now()
	unknown := state != "" && state.Class() == mesos.FateUnknown
	switch {
	case !unknown && !done.FateUnknown.IsZero():
		done.FateUnknown, done.Kills = time.Time{}, 0
	case !unknown:
	case !done.FateUnknown.IsZero():
	case recorded.IsZero():
		done.FateUnknown = now
	default:
		done.FateUnknown = now.Add(-max(0, now.Sub(recorded)))
	}
	switch {
	case state != mesos.TaskUnknown:
		done.Unknown = time.Time{}
	case done.Unknown.IsZero():
		done.Unknown = now
	}
	if state != "" && state.Class() == mesos.Live {
		done.Lived = now
	}
	switch {
	case state != mesos.TaskGoneByOperator:
		done.Gone = time.Time{}
	case done.Gone.IsZero():
		done.Gone = now
	}
	return *done
}

// BoundHere returns the attempts of a framework ID that this process bound or saw bound, for a pass whose cache may not show the latest
// bindings yet. Mesos knows nothing of what was launched under another ID, and would say of it that it is gone.
func (c *Connection) BoundHere(frameworkID string) []reconciliation.Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	attempts := make([]reconciliation.Attempt, 0, len(c.attempts))
	for taskID, done := range c.attempts {
		if done.frameworkID == "" || done.frameworkID == frameworkID {
			attempts = append(attempts, reconciliation.Attempt{TaskID: taskID, AgentID: done.agentID})
		}
	}
	slices.SortFunc(attempts, func(a, b reconciliation.Attempt) int { return cmp.Compare(a.TaskID, b.TaskID) })
	return attempts
}
