package mesosbridge

import (
	"fmt"
	"slices"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// offer is an offer that the master may still count as open.
type offer struct {
	mesos.Offer
	stock stock
	// taken says that an ACCEPT or a DECLINE of it waits to be sent.
	taken bool
}

// Offers returns the offers of the current term that nobody took, oldest first.
func (b *Bridge) Offers() []mesos.Offer {
	b.mu.Lock()
	open := make([]mesos.Offer, 0, len(b.offers))
	for _, o := range b.offers {
		if !o.taken {
			open = append(open, o.Offer)
		}
	}
	b.mu.Unlock()
	slices.SortFunc(open, func(a, b mesos.Offer) int {
		switch {
		case a.Number != b.Number && b.Number.After(a.Number), a.Number == b.Number && a.ID < b.ID:
			return -1
		case a.ID == b.ID:
			return 0
		default:
			return 1
		}
	})
	return open
}

// Accept sends one ACCEPT that launches the tasks on the offer. As it is sent, check is called for each of them, without any lock of
// the bridge; a task for which it returns false, or whose share the offer cannot give, is left out and counts as never sent. With
// nobody left the offer is declined. What remains of it is refused for the given time. The outcome is in Attempt(...).Accept of each
// task; nothing is ever sent twice.
func (b *Bridge) Accept(offerID string, tasks []mesos.Task, refuse time.Duration, check func(taskID string) bool) {
	ids := make([]string, 0, len(tasks))
	used := make(map[string]AcceptState)
	b.mu.Lock()
	t := b.current
	o := b.offers[offerID]
	for i := range tasks {
		r := b.attempt(tasks[i].ID)
		// An ID of which anything is known beyond its reservation was used before.
		if r.Accept == AcceptUnsent || r.Accept == "" && r.Last == (mesos.Number{}) {
			r.Accept = AcceptUnsent
			ids = append(ids, tasks[i].ID)
		} else {
			used[tasks[i].ID] = r.Accept
		}
	}
	if o == nil || o.taken {
		t = nil
	} else {
		o.taken = true
	}
	b.mu.Unlock()
	for id, state := range used {
		b.log.Info("Left a task out of an ACCEPT: its ID was used before", "taskID", id, "accept", state)
	}
	b.calls.push(item{
		term: t,
		send: func() { b.sendAccept(t, offerID, tasks, refuse, check) },
		drop: func(error) { b.closeUnsent(ids) },
	})
}

// sendAccept sends what is left of an ACCEPT at its turn.
func (b *Bridge) sendAccept(t *term, offerID string, tasks []mesos.Task, refuse time.Duration, check func(taskID string) bool) {
	var chosen []mesos.Task
	var ids []string
	for i := range tasks {
		ids = append(ids, tasks[i].ID)
		if check == nil || check(tasks[i].ID) {
			chosen = append(chosen, tasks[i])
		}
	}
	infos, open, short := b.startAccept(t, offerID, chosen)
	for _, err := range short {
		b.log.Info("Left a task out of an ACCEPT", "offerID", offerID, "err", err.Error())
	}
	if len(infos) == 0 {
		b.closeUnsent(ids)
		if open {
			b.sendDecline(t, []string{offerID}, refuse, DeclineWithdrawn)
		}
		return
	}
	sent := make([]string, len(infos))
	for i := range infos {
		sent[i] = infos[i].TaskID.Value
	}
	b.closeUnsent(ids)
	b.tellAttempts(sent)
	call := calls.Accept(calls.OfferOperations{calls.OpLaunch(infos...)}.WithOffers(mesospb.OfferID{Value: offerID})).
		With(calls.RefuseSeconds(refuse))
	b.finishAccept(t, sent, b.call(t.ctx, t, call))
}

// startAccept takes the tasks' shares out of the offer and marks their ACCEPT as sent. It returns no task when the offer is gone or
// nothing may be accepted, whether the offer is still open in that case, and an error for each task whose share the offer cannot give.
func (b *Bridge) startAccept(t *term, offerID string, tasks []mesos.Task) (infos []mesospb.TaskInfo, open bool, short []error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.offers[offerID]
	if o == nil || t != b.current || t.ctx.Err() != nil {
		return nil, false, nil
	}
	if !b.mayAccept(t) {
		return nil, true, nil
	}
	left := o.stock
	for i := range tasks {
		r := b.attempts[tasks[i].ID]
		if r == nil || r.Accept != AcceptUnsent {
			continue
		}
		resources, rest, err := left.take(&tasks[i])
		if err != nil {
			short = append(short, fmt.Errorf("launching task %s: %w", tasks[i].ID, err))
			continue
		}
		left = rest
		infos = append(infos, taskInfo(&tasks[i], o.AgentID, resources))
		r.Accept, r.AcceptTerm, r.AgentID = AcceptSent, t.number, o.AgentID
	}
	if len(infos) > 0 {
		delete(b.offers, offerID)
	}
	return infos, true, short
}

// finishAccept records the outcome of an ACCEPT. One whose fate is unknown ends the term: from the next SUBSCRIBE on it can have no
// effect any more, and what it did can be asked.
func (b *Bridge) finishAccept(t *term, ids []string, o outcome) {
	became := o.launched()
	launchesTotal.Add(float64(len(ids)), string(became))
	switch became {
	case resultWithheld:
		b.closeSent(t.number, ids, AcceptNeverSent, "")
	case resultAccepted:
		b.closeSent(t.number, ids, AcceptAccepted, "")
	case resultRefused:
		b.closeSent(t.number, ids, AcceptRefused, o.text)
	default:
		b.closeSent(t.number, ids, AcceptUnanswered, "")
		t.end(&Problem{
			Class: CallUnanswered,
			Message: "An ACCEPT had no clear answer (" + o.problem().Error() +
				"); the framework is subscribing again, to learn what became of it.",
		})
	}
}

// Decline refuses the offers for the given time. Reason is what is counted.
func (b *Bridge) Decline(offerIDs []string, refuse time.Duration, reason DeclineReason) {
	var ids []string
	b.mu.Lock()
	t := b.current
	for _, id := range offerIDs {
		if o := b.offers[id]; o != nil && !o.taken {
			o.taken = true
			ids = append(ids, id)
		}
	}
	b.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	b.calls.push(item{
		term: t,
		send: func() { b.sendDecline(t, ids, refuse, reason) },
		drop: func(error) {},
	})
}

// sendDecline declines those of the offers that were not rescinded.
func (b *Bridge) sendDecline(t *term, offerIDs []string, refuse time.Duration, reason DeclineReason) {
	var open []mesospb.OfferID
	b.mu.Lock()
	if t == b.current {
		for _, id := range offerIDs {
			if b.offers[id] != nil {
				delete(b.offers, id)
				open = append(open, mesospb.OfferID{Value: id})
			}
		}
	}
	b.mu.Unlock()
	if len(open) > 0 {
		declinedTotal.Add(float64(len(open)), string(reason))
		b.call(t.ctx, t, calls.Decline(open...).With(calls.RefuseSeconds(refuse)))
	}
}

// suppressionKey is the key under which SUPPRESS and REVIVE wait: only the last of them counts.
const suppressionKey = "suppression"

// Suppress asks for no more offers. The wish outlives the term: it is repeated with every SUBSCRIBE.
func (b *Bridge) Suppress() { b.suppress(true) }

// Revive asks for offers and clears all filters. It is sent once, in this term; without a term nothing is sent and the next SUBSCRIBE
// asks for offers.
func (b *Bridge) Revive() { b.suppress(false) }

func (b *Bridge) suppress(suppressed bool) {
	b.mu.Lock()
	b.suppressed = suppressed
	t := b.current
	b.mu.Unlock()
	b.calls.push(item{
		term: t,
		key:  suppressionKey,
		send: func() {
			if suppressed {
				b.call(t.ctx, t, calls.Suppress())
			} else {
				b.call(t.ctx, t, calls.Revive())
			}
		},
		drop: func(error) {},
	})
}
