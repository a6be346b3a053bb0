package placer

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// steer tells Mesos to which roles offers are to be made. A REVIVE voids all filters of its roles, and so takes offers from others: it is sent for
// what may be served by what was declined, and seldom.
func (p *Placer) steer() {
	if len(p.launches) == 0 {
		p.suppress()
	}
	now := p.clock.Now()
	roles := p.toRevive(now)
	// Before anything may be launched no offer is of use.
	if !p.open || roles.Len() == 0 || now.Before(p.lastRevive.Add(p.reviveEvery())) {
		return
	}
	for _, task := range p.pending {
		if roles.HasAny(task.roles...) && p.willAsk(task) {
			if task.asked = now; task.elsewhere {
				p.lastElsewhere = now
			}
		}
	}
	p.lastRevive = now
	for role := range roles {
		p.revived[role] = now
		delete(p.backBy, role)
	}
	p.revive = p.revive.Difference(roles)
	if p.asked != nil {
		p.asked = p.asked.Union(roles)
	}
	for key := range p.declined {
		if roles.Has(key[1]) {
			delete(p.declined, key)
		}
	}
	p.bridge.Revive(sets.List(roles)...)
}

// suppress asks for no more offers to roles for which no task waits, nor may soon.
func (p *Placer) suppress() {
	wanted := sets.New[string]()
	for _, task := range p.pending {
		wanted.Insert(task.roles...)
	}
	now := p.clock.Now()
	for role, until := range p.stays {
		if now.Before(until) {
			wanted.Insert(role)
		} else {
			delete(p.stays, role)
		}
	}
	left := wanted
	if p.asked != nil {
		left = p.asked.Intersection(wanted)
	}
	if p.asked == nil || left.Len() < p.asked.Len() {
		p.asked = left
		p.bridge.WantOffers(sets.List(left)...)
	}
}

// toRevive are the roles to be revived: those that are suppressed though a task waits, those of tasks that are new, changed or without their
// agent, and those for which tasks wait and no offer came for long, whatever came to other roles: Mesos may have been told last not to make them, by a call
// whose connection broke.
func (p *Placer) toRevive(now time.Time) sets.Set[string] {
	again := func(role string) bool {
		asked := later(later(p.offered[role], p.backBy[role]), later(p.revived[role], p.termBegan))
		return !p.termBegan.IsZero() && now.Sub(asked) >= reviveAgain
	}
	roles, waiting := sets.New[string](), sets.New[string]()
	for _, task := range p.pending {
		waiting.Insert(task.roles...)
		waits, asks := p.waits(task), p.willAsk(task) && !now.Before(task.asks)
		for _, role := range task.roles {
			if asks || waits && again(role) || p.suppressed(role) || p.revive.Has(role) {
				roles.Insert(role)
			}
		}
	}
	p.revive = p.revive.Intersection(waiting)
	return roles
}

// suppressed says whether no offers are asked for to a role.
func (p *Placer) suppressed(role string) bool { return p.asked != nil && !p.asked.Has(role) }

// waits says whether it is an offer that a pending task waits for.
func (p *Placer) waits(task *wanted) bool {
	_, deferred := p.deferred[task.key]
	return task.reserved == nil && !deferred
}

// isDue says whether one of a task's roles is to be revived as soon as a REVIVE may be sent.
func (p *Placer) isDue(task *wanted) bool {
	return slices.ContainsFunc(task.roles, func(role string) bool { return p.suppressed(role) || p.revive.Has(role) })
}

// willAsk says whether what was declined is still to be asked for on a task's behalf.
func (p *Placer) willAsk(task *wanted) bool {
	return p.waits(task) && (task.asked.IsZero() || p.isDue(task))
}

// nextSteer is when Mesos is to be told something though nothing happens.
func (p *Placer) nextSteer() time.Time {
	now := p.clock.Now()
	next := now.Add(reviveAgain)
	for _, until := range p.stays {
		if until.After(now) {
			next = earlier(next, until)
		}
	}
	if !p.open {
		return next
	}
	due := p.lastRevive.Add(p.reviveEvery())
	for _, task := range p.pending {
		switch {
		case p.isDue(task):
			next = earlier(next, due)
		case p.willAsk(task):
			next = earlier(next, later(due, task.asks))
		}
	}
	return next
}

// duesByAgent is when the first task is due for which an agent's offer must not be refused any more, by agent: one that ended there and is launched
// again, or one that may not use it until then.
func (p *Placer) duesByAgent() map[string]time.Time {
	dues, now := map[string]time.Time{}, p.clock.Now()
	add := func(agentID string, due time.Time) {
		if first, ok := dues[agentID]; !ok || due.Before(first) {
			dues[agentID] = due
		}
	}
	for _, rest := range p.rests {
		add(rest.AgentID, rest.Until)
	}
	for _, task := range p.pending {
		for _, agent := range task.avoid.Agents {
			if now.Before(agent.Until) {
				add(agent.ID, agent.Until)
			}
		}
	}
	return dues
}

// refusalOf is for how long an offer is refused that serves nobody: where a task is due that wants its agent, until then, and shortly where others may
// come in a moment. Else the filter of what it gave back would keep that from it, and a REVIVE be needed, which voids every filter.
func (p *Placer) refusalOf(offer mesos.Offer, dues map[string]time.Time) time.Duration {
	if p.mayArrive(offer.Role) {
		return min(p.refuse(), shortRefusal)
	}
	due, ok := dues[offer.AgentID]
	if !ok {
		return p.refuse()
	}
	return min(p.refuse(), max(due.Sub(p.clock.Now()), shortRefusal))
}
