package mesosbridge

import (
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// attempt returns the record of a task ID, made where there is none. The caller holds b.mu.
func (b *Bridge) attempt(taskID string) *record {
	r := b.attempts[taskID]
	if r == nil {
		r = &record{Attempt: Attempt{TaskID: taskID}}
		b.attempts[taskID] = r
	}
	return r
}

// Attempt returns what is known of the attempt: its ACCEPT, if this process sent it, and what Mesos said of it.
func (b *Bridge) Attempt(taskID string) (Attempt, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.attempts[taskID]
	if r == nil {
		return Attempt{}, false
	}
	return r.Attempt, true
}

// unacknowledged counts the updates that wait for their acknowledgement; oldest is when the one that waits longest arrived.
func (b *Bridge) unacknowledged() (count int, oldest time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.attempts {
		if r.Unacked == nil {
			continue
		}
		if count++; count == 1 || r.arrived.Before(oldest) {
			oldest = r.arrived
		}
	}
	return count, oldest
}

// failure is the last FAILURE event of an agent.
type failure struct {
	number mesos.Number
	at     time.Time
}

// AgentFailedAt returns the number of the last FAILURE event of the agent in this term, and when it came; zero if there was none.
func (b *Bridge) AgentFailedAt(agentID string) (number mesos.Number, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.failures[agentID]
	return last.number, last.at
}

// Reserve records that the task is about to be launched on the agent: from now on nothing about it is asked or killed (rule 7) until
// its ACCEPT has an outcome. It does nothing for an attempt whose ACCEPT has a record already, or of which Mesos spoke.
func (b *Bridge) Reserve(taskID, agentID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.attempt(taskID)
	if r.Accept == "" && r.Last == (mesos.Number{}) {
		r.Accept, r.AgentID = AcceptUnsent, agentID
	}
}

// AcceptNeverSent records that the reservation of the task was closed before its ACCEPT was sent. It does nothing once it was sent,
// and does not tell the Listener.
func (b *Bridge) AcceptNeverSent(taskID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.attempts[taskID]; r != nil && r.Accept == AcceptUnsent {
		r.Accept = AcceptNeverSent
	}
}

// Forget drops the record of an attempt that is over and whose object knows it.
func (b *Bridge) Forget(taskID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.attempts, taskID)
	delete(b.asked, taskID)
	b.lanes.asks.forget(taskID)
	b.lanes.kills.forget(taskID)
}

// MayAsk is rule 7, which is checked again at every send of KILL and RECONCILE: an attempt may be asked about when this process
// has not launched it, when its ACCEPT was answered 202, or when the term of its ACCEPT is over; never when its ACCEPT was not sent
// or was refused.
func (b *Bridge) MayAsk(taskID string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.mayAsk(taskID)
}

func (b *Bridge) mayAsk(taskID string) bool {
	r := b.attempts[taskID]
	return r == nil || r.Accept.mayAsk()
}

// closeUnsent records that the ACCEPTs of the tasks will not be sent, and tells the Listener.
func (b *Bridge) closeUnsent(taskIDs []string) {
	var closed []string
	b.mu.Lock()
	for _, id := range taskIDs {
		if r := b.attempts[id]; r != nil && r.Accept == AcceptUnsent {
			r.Accept = AcceptNeverSent
			closed = append(closed, id)
		}
	}
	b.mu.Unlock()
	b.tellAttempts(closed)
}

// closeSent records the outcome of an ACCEPT that was sent in the term, and tells the Listener.
func (b *Bridge) closeSent(term uint64, taskIDs []string, state AcceptState, refusal string) {
	now := time.Now()
	var closed []string
	b.mu.Lock()
	for _, id := range taskIDs {
		r := b.attempts[id]
		if r == nil || r.AcceptTerm != term || r.Accept != AcceptSent && r.Accept != AcceptUnanswered || r.Accept == state {
			continue
		}
		r.Accept = state
		switch state {
		case AcceptAccepted:
			r.AcceptedAt = now
		case AcceptRefused:
			r.RefusedWith = refusal
		case AcceptNeverSent:
			r.AcceptTerm = 0
		default:
		}
		closed = append(closed, id)
	}
	b.mu.Unlock()
	b.tellAttempts(closed)
}

func (b *Bridge) tellAttempts(taskIDs []string) {
	for _, id := range taskIDs {
		b.listener.AttemptChanged(id)
	}
}
