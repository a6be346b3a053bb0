package mesosbridge

import (
	"fmt"
	"slices"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// offer is an offer that the master may still count as open: it stays until the master took an ACCEPT or a DECLINE of it, or took it back.
type offer struct {
	mesos.Offer
	stock stock
	// taken says that an ACCEPT or a DECLINE of it was asked for.
	taken bool
}

// declining is a DECLINE that is sent until the master has taken it.
type declining struct {
	offerIDs []string
	refuse   time.Duration
	reason   DeclineReason
	// revival is the number of the last REVIVE that was asked for before it.
	revival int
	retry   backoff
	// Of the last try that had offers refused: roles are theirs, passed is closed once it has an outcome, and overtaken says that a REVIVE of them did not
	// wait for that. Doubtful says that a try of these had no clear answer: it may take effect until another was taken. Bridge.mu guards them.
	roles               []string
	passed              chan struct{}
	overtaken, doubtful bool
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

// refusing returns for how long a call that is sent now has its offers refused: a REVIVE that was asked for since voids the filters that it would have set.
// Those that it sets are noted; Bridge.passed says that it has an outcome. The caller holds b.mu.
func (b *Bridge) refusing(d *declining) time.Duration {
	if d.refuse == 0 || d.revival != b.wish.revivals {
		return 0
	}
	d.roles, d.passed, d.overtaken = nil, make(chan struct{}), false
	for _, id := range d.offerIDs {
		if o := b.offers[id]; o != nil && !slices.Contains(d.roles, o.Role) {
			d.roles = append(d.roles, o.Role)
		}
	}
	b.filtering[d] = struct{}{}
	return d.refuse
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
	rest := &declining{offerIDs: []string{offerID}, refuse: refuse, reason: DeclineWithdrawn, revival: b.wish.revivals}
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
	b.lanes.accepts.push(item{
		term: t,
		send: func() { b.sendAccept(t, rest, tasks, check) },
		drop: func(error) { b.closeUnsent(ids) },
	})
}

// sendAccept sends what is left of an ACCEPT at its turn. An offer on which nothing was launched is declined.
func (b *Bridge) sendAccept(t *term, rest *declining, tasks []mesos.Task, check func(taskID string) bool) {
	var chosen []mesos.Task
	var ids []string
	for i := range tasks {
		ids = append(ids, tasks[i].ID)
		if check == nil || check(tasks[i].ID) {
			chosen = append(chosen, tasks[i])
		}
	}
	infos, refuse, short := b.startAccept(t, rest, chosen)
	for _, err := range short {
		b.log.Info("Left a task out of an ACCEPT", "offerID", rest.offerIDs[0], "err", err.Error())
	}
	if len(infos) == 0 {
		b.closeUnsent(ids)
		b.pushDecline(t, rest)
		return
	}
	sent := make([]string, len(infos))
	for i := range infos {
		sent[i] = infos[i].TaskID.Value
	}
	b.closeUnsent(ids)
	b.tellAttempts(sent)
	call := calls.Accept(calls.OfferOperations{calls.OpLaunch(infos...)}.WithOffers(mesospb.OfferID{Value: rest.offerIDs[0]})).
		With(calls.RefuseSeconds(refuse))
	o := b.call(t.ctx, t, call)
	b.passed(t, rest, o)
	switch b.finishAccept(t, sent, o) {
	case resultAccepted:
		b.dropOffers(t, rest.offerIDs)
	case resultRefused, resultWithheld:
		rest.reason = DeclineRefused
		b.pushDecline(t, rest)
	default:
		// The term is over, and its offers with it.
	}
}

// startAccept takes the tasks' shares out of the offer and marks their ACCEPT as sent. It returns no task when the offer is gone or
// nothing may be accepted, and an error for each task whose share the offer cannot give or that cannot be put to Mesos; refuse is for how long what
// remains is refused.
func (b *Bridge) startAccept(t *term, rest *declining, tasks []mesos.Task) (infos []mesospb.TaskInfo, refuse time.Duration, short []error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.offers[rest.offerIDs[0]]
	if o == nil || t != b.current || t.ctx.Err() != nil || !b.mayAccept(t) {
		return nil, 0, nil
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
		info, err := taskInfo(&tasks[i], o.AgentID, resources)
		if err != nil {
			short = append(short, fmt.Errorf("launching task %s: %w", tasks[i].ID, err))
			continue
		}
		left = rest
		infos = append(infos, info)
		r.Accept, r.AcceptTerm, r.AgentID = AcceptSent, t.number, o.AgentID
	}
	if len(infos) > 0 {
		refuse = b.refusing(rest)
	}
	return infos, refuse, short
}

// finishAccept records the outcome of an ACCEPT. One whose fate is unknown ends the term: from the next SUBSCRIBE on it can have no
// effect any more, and what it did can be asked.
func (b *Bridge) finishAccept(t *term, ids []string, o outcome) (became result) {
	became = o.launched()
	launchesTotal.Add(float64(len(ids)), string(became))
	switch became {
	case resultWithheld:
		b.closeSent(t.number, ids, AcceptNeverSent, "")
	case resultAccepted:
		b.closeSent(t.number, ids, AcceptAccepted, "")
	case resultRefused:
		b.closeSent(t.number, ids, AcceptRefused, o.text)
	default:
		// The term ends first: as long as it goes on the ACCEPT may yet arrive, behind a KILL or a RECONCILE of its tasks.
		t.end(&Problem{
			Class: CallUnanswered,
			Message: "An ACCEPT had no clear answer (" + o.problem().Error() +
				"); the framework is subscribing again, to learn what became of it.",
		})
		b.closeSent(t.number, ids, AcceptUnanswered, "")
	}
	return became
}

// Decline refuses the offers for the given time, and again until the master has taken that, or took the offers back. Reason is what is counted.
func (b *Bridge) Decline(offerIDs []string, refuse time.Duration, reason DeclineReason) {
	d := &declining{refuse: refuse, reason: reason}
	b.mu.Lock()
	t := b.current
	d.revival = b.wish.revivals
	for _, id := range offerIDs {
		if o := b.offers[id]; o != nil && !o.taken {
			o.taken = true
			d.offerIDs = append(d.offerIDs, id)
		}
	}
	b.mu.Unlock()
	if len(d.offerIDs) > 0 {
		b.pushDecline(t, d)
	}
}

// pushDecline has a DECLINE sent in its turn.
func (b *Bridge) pushDecline(t *term, d *declining) {
	b.lanes.declines.push(item{term: t, send: func() { b.sendDecline(t, d) }, drop: func(error) {}})
}

// sendDecline declines those of the offers that the master did not take back. A DECLINE that it did not take is sent again: else nobody would
// have those resources for as long as the term lasts (rule 19).
func (b *Bridge) sendDecline(t *term, d *declining) {
	open, refuse := b.toDecline(t, d)
	if len(open) == 0 {
		return
	}
	o := b.callAgain(t.ctx, t, calls.Decline(open...).With(calls.RefuseSeconds(refuse)), d.retry.fast)
	b.passed(t, d, o)
	if o.accepted() {
		declinedTotal.Add(float64(len(open)), string(d.reason))
		b.dropOffers(t, d.offerIDs)
		return
	}
	time.AfterFunc(d.retry.next(fast), func() { b.pushDecline(t, d) })
}

// toDecline returns the offers of a DECLINE that may be open at the master still, and for how long they are refused.
func (b *Bridge) toDecline(t *term, d *declining) (open []mesospb.OfferID, refuse time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.current || t.ctx.Err() != nil {
		return nil, 0
	}
	for _, id := range d.offerIDs {
		if b.offers[id] != nil {
			open = append(open, mesospb.OfferID{Value: id})
		}
	}
	if len(open) > 0 {
		refuse = b.refusing(d)
	}
	return open, refuse
}

// dropOffers forgets offers that the master does not count as open any more.
func (b *Bridge) dropOffers(t *term, offerIDs []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.current {
		return
	}
	for _, id := range offerIDs {
		delete(b.offers, id)
	}
}
