package controllers

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// efforts is what this process did for one attempt, and since when it knows what it knows of it.
type efforts struct {
	key         types.NamespacedName
	agentID     string
	frameworkID string
	// boundSince is when this process wrote or first saw the binding; fateUnknown since when Mesos has not been able to say whether the
	// attempt runs, zero while it can.
	boundSince, fateUnknown time.Time
	// kills and asks count what was sent in the term.
	term                uint64
	kills               int
	firstKill, lastKill time.Time
	asks                int
	lastAsk             time.Time
	// askBefore and askAfter are the made-up tasks that the last ask named before the attempt and after it.
	askBefore, askAfter string
}

// effortsFor returns what was done for an attempt, in the current term. The first call for an attempt begins its record.
func (c *connection) effortsFor(key types.NamespacedName, attempt lifecycle.OpenAttempt) efforts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.effortsOf(key, attempt)
}

// killed says whether this process sent a KILL for an attempt.
func (c *connection) killed(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.attempts[taskID]
	return done != nil && !done.lastKill.IsZero()
}

// effortsOf is effortsFor for a caller that holds the lock.
func (c *connection) effortsOf(key types.NamespacedName, attempt lifecycle.OpenAttempt) *efforts {
	done := c.attempts[attempt.TaskID]
	if done == nil {
		done = &efforts{key: key, boundSince: c.owner.now()}
		c.attempts[attempt.TaskID] = done
		c.hear(key, attempt.TaskID)
	}
	done.agentID, done.frameworkID = attempt.AgentID, attempt.FrameworkID
	// What was sent in an earlier term may be forgotten by the master that leads now.
	if term := c.bridge.Connection().Term; done.term != term {
		done.term, done.kills, done.asks = term, 0, 0
		c.dropMarks(done)
	}
	return done
}

// dropMarks forgets the marks of the last ask; the caller holds the lock.
func (c *connection) dropMarks(done *efforts) {
	for _, mark := range []string{done.askBefore, done.askAfter} {
		if mark != "" {
			c.bridge.Forget(mark)
			delete(c.marks, mark)
		}
	}
	done.askBefore, done.askAfter = "", ""
}

// foreign says whether an attempt was launched under another framework ID than the bridge has: Mesos would answer for it that it is gone.
func (c *connection) foreign(attempt lifecycle.OpenAttempt) bool {
	return attempt.FrameworkID != "" && attempt.FrameworkID != c.bridge.Connection().FrameworkID
}

// kill sends KILL for an attempt.
func (c *connection) kill(key types.NamespacedName, attempt lifecycle.OpenAttempt, grace *time.Duration) {
	if c.foreign(attempt) {
		return
	}
	c.mu.Lock()
	done := c.effortsOf(key, attempt)
	done.lastKill = c.owner.now()
	if done.kills == 0 {
		done.firstKill = done.lastKill
	}
	done.kills++
	c.mu.Unlock()
	c.bridge.Kill(attempt.TaskID, attempt.AgentID, grace)
}

// ask sends RECONCILE for one attempt. A made-up task goes before it and another after it: the master works on a call as a whole and answers in
// its order, so that whatever it says of the attempt after it has answered for the first is as it saw it then, or later; and that it has
// nothing to say if it has answered for the second (rule 16).
func (c *connection) ask(key types.NamespacedName, attempt lifecycle.OpenAttempt) {
	if c.foreign(attempt) {
		return
	}
	before, after := markPrefix+newNonce(), markPrefix+newNonce()
	c.mu.Lock()
	done := c.effortsOf(key, attempt)
	c.dropMarks(done)
	done.asks++
	done.lastAsk = c.owner.now()
	done.askBefore, done.askAfter = before, after
	c.marks[before], c.marks[after] = mark{}, mark{attempt: key}
	c.mu.Unlock()
	asked := []reconciliation.Attempt{{TaskID: before, AgentID: before}, {TaskID: attempt.TaskID, AgentID: attempt.AgentID}, {TaskID: after, AgentID: after}}
	c.bridge.Reconcile(asked, func(err error) {
		if err != nil {
			c.logger.V(1).Info("Asking for one task was not answered", "taskID", attempt.TaskID, "err", err.Error())
		}
	})
}

// answered says whether Mesos has spoken of an attempt after it took the last ask for it; silent that it has nothing to say.
func (c *connection) answered(done efforts, last mesos.Number) (answered, silent bool) {
	if done.askBefore == "" {
		return false, false
	}
	before, _ := c.bridge.Attempt(done.askBefore)
	after, _ := c.bridge.Attempt(done.askAfter)
	answered = before.Last != mesos.Number{} && last.After(before.Last)
	return answered, !answered && after.Last != mesos.Number{}
}

// noteFate keeps since when, by this process's own clock, the fate of an attempt is unknown. What status says of the time before this process
// is by the wall clock. Once it is known again the kills begin anew: Mesos does not remember a KILL of a task that it cannot reach.
func (c *connection) noteFate(key types.NamespacedName, attempt lifecycle.OpenAttempt, unknown bool, recorded time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.effortsOf(key, attempt)
	switch now := c.owner.now(); {
	case !unknown && !done.fateUnknown.IsZero():
		done.fateUnknown, done.kills = time.Time{}, 0
	case !unknown:
	case !done.fateUnknown.IsZero():
	case recorded.IsZero():
		done.fateUnknown = now
	default:
		done.fateUnknown = now.Add(-max(0, now.Sub(recorded)))
	}
	return done.fateUnknown
}

// boundHere returns the attempts of a framework ID that this process bound or saw bound, for a pass whose cache may not show the latest
// bindings yet. Mesos knows nothing of what was launched under another ID, and would say of it that it is gone.
func (c *connection) boundHere(frameworkID string) []reconciliation.Attempt {
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
