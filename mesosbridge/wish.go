package mesosbridge

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler/calls"
)

// wishKey is the key under which SUPPRESS and REVIVE wait: what they say is worked out as they are sent.
const wishKey = "wish"

// wish is for which roles offers are wanted.
type wish struct {
	// only are the roles for which they are; nil for all, as at first.
	only map[string]bool
	// revive are the roles whose REVIVE Mesos has not taken yet in this term, with the number of the last that was asked for.
	revive map[string]int
	// revivals counts the REVIVEs that were asked for.
	revivals int
}

// suppressed returns those of the roles for which no offers are wanted, in order.
func (w *wish) suppressed(roles []string) (unwanted []string) {
	for _, role := range slices.Sorted(slices.Values(roles)) {
		if w.only != nil && !w.only[role] {
			unwanted = append(unwanted, role)
		}
	}
	return unwanted
}

// WantOffers says for which roles offers are wanted. The wish outlives the term: it is repeated with every SUBSCRIBE. SUPPRESS is sent for those
// of the framework's roles that are not among them, until Mesos has taken it; one that becomes wanted again needs Revive.
func (b *Bridge) WantOffers(roles ...string) {
	b.mu.Lock()
	b.wish.only = make(map[string]bool, len(roles))
	for _, role := range roles {
		b.wish.only[role] = true
	}
	maps.DeleteFunc(b.wish.revive, func(role string, _ int) bool { return !b.wish.only[role] })
	t := b.current
	b.mu.Unlock()
	b.pushWish(t)
}

// Revive asks for offers to the roles and clears their filters. It is sent until Mesos has taken it, in this term; without a term nothing is
// sent, and the next SUBSCRIBE asks for offers.
func (b *Bridge) Revive(roles ...string) {
	b.mu.Lock()
	b.wish.revivals++
	t := b.current
	for _, role := range roles {
		if b.wish.only != nil {
			b.wish.only[role] = true
		}
		if t != nil {
			b.wish.revive[role] = b.wish.revivals
		}
	}
	b.mu.Unlock()
	b.pushWish(t)
}

// pushWish has Mesos told of the wish in its turn. Where the term waits to try again that is soon enough: whatever was wished meanwhile is told then.
func (b *Bridge) pushWish(t *term) {
	b.mu.Lock()
	waits := t != nil && t.wishWaits
	b.mu.Unlock()
	if !waits {
		b.lanes.wishes.push(item{term: t, key: wishKey, send: func() { b.sendWish(t) }, drop: func(error) {}})
	}
}

// retryWish has it told again after a while, or lets the next be told at once, as Mesos took the last. There is one row of tries in a term, however
// often something is wished.
func (b *Bridge) retryWish(t *term, taken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case taken:
		t.wishRetry = backoff{}
	case !t.wishWaits:
		t.wishWaits = true
		time.AfterFunc(t.wishRetry.next(fast), func() {
			b.mu.Lock()
			t.wishWaits = false
			b.mu.Unlock()
			b.pushWish(t)
		})
	}
}

// sendWish tells Mesos what it does not know of the roles for which offers are wanted: only roles that it knows, as one that it does not know
// makes it ignore the call, and never none, which would mean all (Mesos master: Master::suppress, Master::revive).
func (b *Bridge) sendWish(t *term) {
	b.letFiltersPass(t)
	suppress, revive := b.untold(t)
	failed := b.wishesFailed(t)
	taken := true
	if len(suppress) > 0 {
		taken = b.callAgain(t.ctx, t, calls.SuppressWith(suppress), failed).accepted()
		if taken {
			b.mu.Lock()
			t.told.suppressed = slices.Sorted(slices.Values(slices.Concat(t.told.suppressed, suppress)))
			t.suppressedAt = time.Now()
			b.mu.Unlock()
		}
	}
	if len(revive) > 0 {
		o := b.callAgain(t.ctx, t, calls.ReviveWith(slices.Sorted(maps.Keys(revive))), failed)
		taken = taken && o.accepted()
		b.noteRefusal(t, o)
		if o.accepted() {
			b.wasRevived(t, revive)
		}
	}
	b.retryWish(t, taken)
}

// wishesFailed is how many tries in a row failed to tell it.
func (b *Bridge) wishesFailed(t *term) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return t.wishRetry.fast
}

// filtersPassWithin is how long a REVIVE waits for the filters that it is to void.
const filtersPassWithin = time.Second

// letFiltersPass waits for what is on its way to have offers refused to roles that are to be revived, as that must come before: on different connections
// calls have no order. What hangs is not waited for; once it was taken, REVIVE is sent again.
func (b *Bridge) letFiltersPass(t *term) {
	ctx, cancel := context.WithTimeout(t.ctx, filtersPassWithin)
	defer cancel()
	var passing []chan struct{}
	b.mu.Lock()
	for _, d := range b.filteringRevived() {
		passing = append(passing, d.passed)
	}
	b.mu.Unlock()
	for _, passed := range passing {
		select {
		case <-passed:
		case <-ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.filteringRevived() {
		d.overtaken = true
	}
}

// filteringRevived are the calls on their way that have offers refused to roles that are to be revived. The caller holds b.mu.
func (b *Bridge) filteringRevived() (filtering []*declining) {
	for d := range b.filtering {
		if slices.ContainsFunc(d.roles, func(role string) bool { _, revived := b.wish.revive[role]; return revived }) {
			filtering = append(filtering, d)
		}
	}
	return filtering
}

// passed says that a call which may have offers refused has an outcome, and that nothing is to wait for it. Once it was taken, a REVIVE that overtook it, or a
// try of it that may yet have come after that, is sent again: from then on the offers are not open any more, and no try takes effect.
func (b *Bridge) passed(t *term, d *declining, o outcome) {
	b.mu.Lock()
	if _, filtered := b.filtering[d]; filtered {
		delete(b.filtering, d)
		close(d.passed)
		d.doubtful = d.doubtful || o.launched() == resultUnanswered
	}
	again := t == b.current && o.accepted() && (d.overtaken || d.doubtful && d.revival != b.wish.revivals)
	if again {
		b.wish.revivals++
		for _, role := range d.roles {
			if b.wish.only == nil || b.wish.only[role] {
				b.wish.revive[role] = b.wish.revivals
			}
		}
	}
	b.mu.Unlock()
	if again {
		b.pushWish(t)
	}
}

// untold returns the roles that are to be suppressed, and those to be revived with the numbers of their REVIVEs.
func (b *Bridge) untold(t *term) (suppress []string, revive map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t != b.current || t.ctx.Err() != nil {
		return nil, nil
	}
	known := t.told.framework.Roles
	suppress = slices.DeleteFunc(b.wish.suppressed(known), func(role string) bool { return slices.Contains(t.told.suppressed, role) })
	revive = maps.Clone(b.wish.revive)
	maps.DeleteFunc(revive, func(role string, _ int) bool { return !slices.Contains(known, role) })
	return suppress, revive
}

// noteRefusal records why Mesos did not take a REVIVE, or that it did.
func (b *Bridge) noteRefusal(t *term, o outcome) {
	refusal := ""
	if err := o.problem(); err != nil {
		refusal = err.Error()
	}
	b.mu.Lock()
	news := t == b.current && t.wishRefusal != refusal
	t.wishRefusal = refusal
	b.mu.Unlock()
	if news {
		b.listener.OffersChanged()
	}
}

// wasRevived records that Mesos took a REVIVE. What was asked for since waits still.
func (b *Bridge) wasRevived(t *term, revived map[string]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t.told.suppressed = slices.DeleteFunc(slices.Clone(t.told.suppressed), func(role string) bool { _, ok := revived[role]; return ok })
	if t != b.current {
		return
	}
	maps.DeleteFunc(b.wish.revive, func(role string, number int) bool { return revived[role] == number })
}

// wishAnew makes the wish that of a new term: a role that Mesos was told to suppress is asked for if it is wanted now. It says whether there is
// anything to tell. The caller holds b.mu.
func (b *Bridge) wishAnew(t *term) bool {
	clear(b.wish.revive)
	now := b.wish.suppressed(t.told.framework.Roles)
	for _, role := range t.told.suppressed {
		if !slices.Contains(now, role) {
			b.wish.revive[role] = b.wish.revivals
		}
	}
	return !slices.Equal(now, t.told.suppressed)
}
