package mesosbridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// errNobodyToAsk says that no attempt of a RECONCILE may be asked about: to Mesos an empty list means all tasks (rule 10).
var errNobodyToAsk = errors.New("none of the attempts may be asked about")

// Kill asks for the end of the task, on the agent where it was last observed. A grace other than nil replaces the task's own. It is
// not repeated: who wants the end asks again until it is known, as Mesos forgets a KILL when it fails over. What ends while its KILL waits to be sent
// needs none.
func (b *Bridge) Kill(taskID, agentID string, grace *time.Duration) {
	forgotten := map[string]bool{}
	b.mu.Lock()
	t := b.current
	b.mu.Unlock()
	b.lanes.kills.push(item{
		term:      t,
		key:       "kill " + taskID,
		forgotten: forgotten,
		send: func() {
			if !b.mayKill(taskID, forgotten[taskID]) {
				b.log.V(1).Info("Held a KILL back: the task's ACCEPT has no outcome, or it never ran, or it is over", "taskID", taskID)
				return
			}
			call := calls.Kill(taskID, agentID)
			if grace != nil {
				call.Kill.KillPolicy = &mesospb.KillPolicy{GracePeriod: &mesospb.DurationInfo{Nanoseconds: grace.Nanoseconds()}}
			}
			b.callAgain(t.ctx, t, call, 0)
		},
		drop: func(error) {},
	})
}

// Acknowledge acknowledges the update of the task that has the UUID, if it is the one that waits (Attempt.Unacked).
func (b *Bridge) Acknowledge(taskID string, uuid []byte) {
	b.mu.Lock()
	t := b.current
	r := b.attempts[taskID]
	if t == nil || r == nil || r.Unacked == nil || !bytes.Equal(r.Unacked.UUID, uuid) || r.acking == string(uuid) {
		b.mu.Unlock()
		return
	}
	r.acking = string(uuid)
	agentID, arrived := r.Unacked.AgentID, r.arrived
	b.mu.Unlock()
	b.lanes.acks.push(item{
		term: t,
		send: func() {
			o := b.call(t.ctx, t, calls.Acknowledge(agentID, taskID, uuid))
			if o.accepted() {
				ackDelay.Observe(time.Since(arrived).Seconds())
			}
			b.acknowledged(r, uuid, o.accepted())
		},
		drop: func(error) { b.acknowledged(r, uuid, false) },
	})
}

// acknowledged records the outcome of an acknowledgement, and tells the Listener if that leaves nothing of the task to be acknowledged: what
// was kept for it may be forgotten now. One that failed leaves the update waiting: the agent sends it again.
func (b *Bridge) acknowledged(r *record, uuid []byte, accepted bool) {
	b.mu.Lock()
	if r.acking == string(uuid) {
		r.acking = ""
	}
	done := accepted && r.Unacked != nil && bytes.Equal(r.Unacked.UUID, uuid)
	if done {
		r.Unacked = nil
	}
	known := b.attempts[r.TaskID] == r
	b.mu.Unlock()
	if done && known {
		b.listener.Observed(r.TaskID)
	}
}

// Reconcile sends one explicit RECONCILE for the attempts that MayAsk allows as it is sent and that have not ended since (rule 8). Done is called once,
// with nil when it was answered 202, or all have ended: from another goroutine, or before Reconcile returns when nothing can be sent. An empty list is an
// error, as to Mesos it would mean every task (rule 10).
func (b *Bridge) Reconcile(refs []reconciliation.Attempt, done func(error)) {
	b.reconcile("", refs, done)
}

// Ask is Reconcile for one task, with the made-up ones that go with it. It takes the place of one for the same task that still waits to be sent, whose done is not
// called: what is asked again and again must not wait as often where a master is slow to answer.
func (b *Bridge) Ask(taskID string, refs []reconciliation.Attempt, done func(error)) {
	b.reconcile("ask "+taskID, refs, done)
}

func (b *Bridge) reconcile(key string, refs []reconciliation.Attempt, done func(error)) {
	forgotten := map[string]bool{}
	b.mu.Lock()
	t := b.current
	b.mu.Unlock()
	b.lanes.asks.push(item{
		term:      t,
		key:       key,
		forgotten: forgotten,
		send: func() {
			asked, ended := b.askable(refs, forgotten)
			switch {
			case len(asked) == 0 && ended > 0:
				done(nil)
				return
			case len(asked) == 0:
				done(errNobodyToAsk)
				return
			}
			b.noteAsked(t, asked)
			call := calls.Reconcile()
			call.Reconcile.Tasks = asked
			o := b.call(t.ctx, t, call)
			done(o.problem())
		},
		drop: done,
	})
}

// ReconcileImplicitly asks for every task that the master knows on reachable agents: a RECONCILE with an empty list. Done is called as
// Reconcile does.
func (b *Bridge) ReconcileImplicitly(done func(error)) {
	b.mu.Lock()
	t := b.current
	b.mu.Unlock()
	b.lanes.asks.push(item{
		term: t,
		send: func() { done(b.call(t.ctx, t, calls.Reconcile()).problem()) },
		drop: done,
	})
}

// mayKill says whether a task may be killed now; forgotten says that it was since its KILL was asked for. Such a task is over.
func (b *Bridge) mayKill(taskID string, forgotten bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.attempts[taskID]
	if r == nil {
		return !forgotten
	}
	return r.Accept.mayAsk() && !r.ended()
}

// askable returns those that may be asked about, in Mesos' form, and how many have ended: what was forgotten since is over.
func (b *Bridge) askable(refs []reconciliation.Attempt, forgotten map[string]bool) (asked []scheduler.Call_Reconcile_Task, ended int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked = make([]scheduler.Call_Reconcile_Task, 0, len(refs))
	for _, ref := range refs {
		if r := b.attempts[ref.TaskID]; r == nil && forgotten[ref.TaskID] || r != nil && r.ended() {
			ended++
			continue
		}
		if !b.mayAsk(ref.TaskID) {
			continue
		}
		task := scheduler.Call_Reconcile_Task{TaskID: mesospb.TaskID{Value: ref.TaskID}}
		if ref.AgentID != "" {
			task.AgentID = &mesospb.AgentID{Value: ref.AgentID}
		}
		asked = append(asked, task)
	}
	return asked, ended
}

// noteAsked records when tasks were first named in a RECONCILE of the term.
func (b *Bridge) noteAsked(t *term, tasks []scheduler.Call_Reconcile_Task) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.current {
		return
	}
	for i := range tasks {
		if _, before := b.asked[tasks[i].TaskID.Value]; !before {
			b.asked[tasks[i].TaskID.Value] = now
		}
	}
}

// Teardown removes the framework from Mesos, which kills its tasks. It waits for the answer, at most 75 s.
func (b *Bridge) Teardown(ctx context.Context) error {
	b.mu.Lock()
	t := b.current
	b.mu.Unlock()
	if t == nil {
		return fmt.Errorf("tearing the framework down: %w", errNotSubscribed)
	}
	if err := b.call(ctx, t, &scheduler.Call{Type: scheduler.Call_TEARDOWN}).problem(); err != nil {
		return fmt.Errorf("tearing the framework down: %w", err)
	}
	return nil
}
