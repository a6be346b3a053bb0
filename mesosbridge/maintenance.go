package mesosbridge

import (
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// inverseRefusal is for how long an inverse offer is declined: when that is over it comes again, if the agent is still to be maintained
	// (Mesos allocator: HierarchicalAllocatorProcess::generateInverseOffers).
	inverseRefusal = time.Minute
	// maintenanceHolds is for how long in a term a window counts that was not told again. Mesos does not tell of one that was called off.
	maintenanceHolds = 2*inverseRefusal + 30*time.Second
)

// maintenance is what was last told of an agent's maintenance, and when.
type maintenance struct {
	window mesos.Window
	told   time.Time
}

// Maintenance returns when an agent is unavailable by the masters' maintenance schedule, as its offers and inverse offers tell; the zero
// Window where it is not in it. Until says when to look again though nothing happens; zero for never.
func (b *Bridge) Maintenance(agentID string) (window mesos.Window, until time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	known, ok := b.maintenance[agentID]
	if !ok {
		return mesos.Window{}, time.Time{}
	}
	now := time.Now()
	if !b.connection.Subscribed {
		return known.window, now.Add(maintenanceHolds)
	}
	// What could not be told while there was no subscription is not missed.
	heard := known.told
	if heard.Before(b.connection.Since) {
		heard = b.connection.Since
	}
	until = heard.Add(maintenanceHolds)
	if !now.Before(until) {
		delete(b.maintenance, agentID)
		return mesos.Window{}, time.Time{}
	}
	return known.window, until
}

// noteMaintenance records what was told of an agent's maintenance, and says whether that is news. The caller holds b.mu.
func (b *Bridge) noteMaintenance(agentID string, window mesos.Window) (news bool) {
	known, ok := b.maintenance[agentID]
	if window == (mesos.Window{}) {
		delete(b.maintenance, agentID)
		return ok
	}
	b.maintenance[agentID] = maintenance{window: window, told: time.Now()}
	return known.window != window
}

// handleInverseOffers records which agents Mesos wants left, and declines: accepted, an inverse offer would promise that nothing is there any
// more when the maintenance begins, and no task is moved.
func (b *Bridge) handleInverseOffers(t *term, event *scheduler.Event_InverseOffers) {
	if event == nil {
		return
	}
	var ids []mesospb.OfferID
	var changed []string
	b.mu.Lock()
	if t == b.current {
		for i := range event.InverseOffers {
			inverse := &event.InverseOffers[i]
			ids = append(ids, inverse.OfferID)
			// One without an agent asks for resources back wherever they are; Mesos has never sent such a one.
			if agentID := inverse.GetAgentID().GetValue(); agentID != "" && b.noteMaintenance(agentID, windowOf(&inverse.Unavailability)) {
				changed = append(changed, agentID)
			}
		}
	}
	b.mu.Unlock()
	if len(ids) > 0 {
		b.declineInverse(t, ids, &backoff{})
	}
	b.tellMaintenance(changed)
}

func (b *Bridge) tellMaintenance(agentIDs []string) {
	for _, agentID := range agentIDs {
		b.listener.MaintenanceChanged(agentID)
	}
}

// declineInverse declines inverse offers, again and again until the master has taken that: one that stays open is not told again.
func (b *Bridge) declineInverse(t *term, ids []mesospb.OfferID, retry *backoff) {
	b.lanes.declines.push(item{
		term: t,
		send: func() {
			o := b.callAgain(t.ctx, t, calls.DeclineInverseOffers(ids...).With(calls.RefuseSeconds(inverseRefusal)), retry.fast)
			if !o.accepted() {
				time.AfterFunc(retry.next(fast), func() { b.declineInverse(t, ids, retry) })
			}
		},
		drop: func(error) {},
	})
}
