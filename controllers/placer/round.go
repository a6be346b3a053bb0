package placer

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// round does what is due and returns when to look again.
func (p *Placer) round() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	offers := p.bridge.Offers()
	p.notice(offers)
	p.takeUpDeferred()
	// Before launches are closed: from then on their offers are on their way to Mesos.
	free := p.free(offers)
	p.closeLaunches(offers)
	if p.open {
		p.place(free)
	} else {
		p.turnDown(free)
	}
	p.steer()
	backs := p.backs()
	p.explain(backs)
	return p.nextLook(backs)
}

// notice keeps track of the term, of what came back, and of whether anything may be launched.
func (p *Placer) notice(offers []mesos.Offer) {
	bridge := p.bridge
	p.supply = bridge.Supply()
	if term := bridge.Connection().Term; term != p.term {
		p.term, p.termBegan = term, p.clock.Now()
		clear(p.declined)
		// Every subscription begins with fresh offers and without filters, unless the bridge told Mesos that none are wanted.
		p.revive, p.turnedDown = sets.New[string](), false
		clear(p.backBy)
	}
	for _, offer := range offers {
		p.offered[offer.Role] = p.clock.Now()
		delete(p.declined, [2]string{offer.AgentID, offer.Role})
	}
	open := bridge.MayAccept() && p.attempts.MayLaunch()
	if open && !p.open {
		p.opened = p.clock.Now()
	}
	p.open = open
	if p.open && p.turnedDown {
		p.turnedDown, p.lastRevive = false, time.Time{}
		for _, task := range p.pending {
			p.revive.Insert(task.roles...)
		}
	}
}

// takeUpDeferred gives tasks whose backoff is over their turn again, and asks for what was turned down meanwhile.
func (p *Placer) takeUpDeferred() {
	now := p.clock.Now()
	for key, until := range p.deferred {
		if !now.Before(until) {
			delete(p.deferred, key)
			if task := p.pending[key]; task != nil {
				p.revive.Insert(task.roles...)
			}
		}
	}
}

// free returns the offers that no launch holds.
func (p *Placer) free(offers []mesos.Offer) []mesos.Offer {
	return slices.DeleteFunc(slices.Clone(offers), func(offer mesos.Offer) bool {
		_, held := p.launches[offer.ID]
		return held
	})
}

// place gives offers to pending tasks and declines those that serve nobody: no offer is kept that nothing was reserved on.
func (p *Placer) place(offers []mesos.Offer) {
	if len(offers) == 0 {
		return
	}
	began := p.clock.Now()
	tasks, room := p.unplaced(began)
	if len(tasks) > 0 {
		defer func() { matchDuration.Observe(p.clock.Since(began).Seconds()) }()
	}
	round := &placement.Round{
		Now: began, MaintenanceLead: p.maintenanceLead(),
		MaxAssignments: room, ShareGPUAgents: p.spec.GPUAgents == v1alpha1.GPUAgentsShared, Declined: p.recall(began), Turns: &p.turns, Agents: p.known(),
	}
	alone, together := p.split(tasks)
	left := leftover{offers: offers, maintained: sets.New[string]()}
	if p.lastTurn(together) < p.lastTurn(alone) {
		p.placeTogether(together, &left, round)
		p.placeAlone(alone, &left, round)
	} else {
		p.placeAlone(alone, &left, round)
		p.placeTogether(together, &left, round)
	}
	p.turns.EndRound()
	p.declineRest(left, whyUnused(len(tasks), left.turnWaits))
}

// leftover is what a round has not given away yet.
type leftover struct {
	offers []mesos.Offer
	// turnWaits says that a task only waits its turn.
	turnWaits bool
	// maintained are the IDs of offers that a task might take whose agents are due for maintenance.
	maintained sets.Set[string]
}

// placeTogether gives offers to tasks that may share an ACCEPT.
func (p *Placer) placeTogether(tasks []placement.Task, left *leftover, round *placement.Round) {
	offers := left.offers
	if len(tasks) == 0 || len(offers) == 0 || round.MaxAssignments <= 0 {
		left.turnWaits = left.turnWaits || len(tasks) > 0
		return
	}
	byID := make(map[string]mesos.Offer, len(offers))
	for _, offer := range offers {
		byID[offer.ID] = offer
	}
	round.PortOffset, round.Peers = p.portOffset, p.placed(tasks)
	result := placement.Place(tasks, offers, *round)
	for _, assignment := range result.Assignments {
		p.reserve(assignment, byID[assignment.OfferID])
	}
	round.MaxAssignments -= len(result.Assignments)
	for _, verdict := range result.Unplaced {
		left.turnWaits = left.turnWaits || !verdict.MustWait
		p.judge(verdict, p.clock.Now())
	}
	left.maintained.Insert(result.Maintained...)
	left.offers = make([]mesos.Offer, len(result.Unused))
	for i, id := range result.Unused {
		left.offers[i] = byID[id]
	}
}

// whyUnused says why an offer served nobody: of the tasks that waited, some may wait for their turn only.
func whyUnused(waiting int, turnWaits bool) mesosbridge.DeclineReason {
	switch {
	case turnWaits:
		return mesosbridge.DeclineTurn
	case waiting == 0:
		return mesosbridge.DeclineNothingPending
	default:
		return mesosbridge.DeclineUnfit
	}
}

// recall returns the offers that were declined and are not due back yet.
func (p *Placer) recall(now time.Time) []mesos.Offer {
	var declined []mesos.Offer
	for key, one := range p.declined {
		if now.Before(one.until) {
			declined = append(declined, one.offer)
		} else {
			delete(p.declined, key)
		}
	}
	return declined
}

// declineRest turns down what a round has left: shortly, where tasks only wait for their turn, and not for long what might serve one soon.
func (p *Placer) declineRest(left leftover, reason mesosbridge.DeclineReason) {
	refusals, dues := map[time.Duration][]mesos.Offer{}, p.duesByAgent()
	for _, offer := range left.offers {
		refuse := p.refusalOf(offer, dues)
		if reason == mesosbridge.DeclineTurn {
			refuse = min(refuse, shortRefusal)
		}
		if left.maintained.Has(offer.ID) {
			refuse = min(refuse, maintenanceRefusal)
		}
		refusals[refuse] = append(refusals[refuse], offer)
	}
	for refuse, offers := range refusals {
		p.decline(offers, refuse, reason)
	}
}

// decline turns down offers that serve nobody.
func (p *Placer) decline(offers []mesos.Offer, refuse time.Duration, reason mesosbridge.DeclineReason) {
	until := p.clock.Now().Add(refuse)
	for _, offer := range offers {
		p.declined[[2]string{offer.AgentID, offer.Role}] = declinedOffer{offer: offer, until: until, long: refuse > momentAtMost}
		p.backBy[offer.Role] = later(p.backBy[offer.Role], until)
	}
	p.bridge.Decline(idsOf(offers), refuse, reason)
}

// turnDown gives back offers that come before anything may be launched.
func (p *Placer) turnDown(offers []mesos.Offer) {
	if len(offers) > 0 {
		p.turnedDown = true
		p.bridge.Decline(idsOf(offers), heldRefusal, mesosbridge.DeclineHeld)
	}
}

func idsOf(offers []mesos.Offer) []string {
	ids := make([]string, len(offers))
	for i, offer := range offers {
		ids[i] = offer.ID
	}
	return ids
}

// split takes out the tasks whose last ACCEPT was refused: each is launched by an ACCEPT of its own.
func (p *Placer) split(tasks []placement.Task) (alone, together []placement.Task) {
	if p.refused.Len() == 0 {
		return nil, tasks
	}
	for _, task := range tasks {
		if p.refused.Has(keyOf(task.Key)) {
			alone = append(alone, task)
		} else {
			together = append(together, task)
		}
	}
	return alone, together
}

// lastTurn is when that namespace of the tasks had its last turn whose last turn is longest ago.
func (p *Placer) lastTurn(tasks []placement.Task) uint64 {
	last := uint64(math.MaxUint64)
	for _, task := range tasks {
		last = min(last, p.turns.Last(task.Namespace))
	}
	return last
}

// placeAlone gives each task an offer of its own: first those whose namespace had its turn longest ago and that were not tried for longest, and
// only some in a round, as each takes a search of its own.
func (p *Placer) placeAlone(tasks []placement.Task, left *leftover, round *placement.Round) {
	slices.SortFunc(tasks, func(a, b placement.Task) int {
		return cmp.Or(cmp.Compare(p.turns.Last(a.Namespace), p.turns.Last(b.Namespace)),
			p.pending[keyOf(a.Key)].judged.Compare(p.pending[keyOf(b.Key)].judged), a.Since.Compare(b.Since), cmp.Compare(a.Key, b.Key))
	})
	offers, tried := slices.Clone(left.offers), 0
	for ; tried < min(len(tasks), aloneAtOnce) && len(offers) > 0 && round.MaxAssignments > 0; tried++ {
		round.PortOffset, round.Peers = p.portOffset, p.placed(tasks[tried:tried+1])
		result := placement.Place(tasks[tried:tried+1], offers, *round)
		for _, assignment := range result.Assignments {
			at := slices.IndexFunc(offers, func(offer mesos.Offer) bool { return offer.ID == assignment.OfferID })
			p.reserve(assignment, offers[at])
			offers = slices.Delete(offers, at, at+1)
			round.MaxAssignments--
		}
		for _, verdict := range result.Unplaced {
			p.judge(verdict, p.clock.Now())
		}
		left.maintained.Insert(result.Maintained...)
	}
	left.offers, left.turnWaits = offers, left.turnWaits || tried < len(tasks)
}

// keyOf reads a key that types.NamespacedName wrote.
func keyOf(key string) types.NamespacedName {
	namespace, name, _ := strings.Cut(key, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// unplaced returns the tasks that have nothing yet and are not deferred, and how many may be given something now.
func (p *Placer) unplaced(now time.Time) (tasks []placement.Task, room int) {
	p.binding = 0
	for key, task := range p.pending {
		if task.reserved != nil {
			p.binding++
			continue
		}
		if _, waits := p.deferred[key]; waits || task.rules.Across() && !p.peers.complete {
			continue
		}
		tasks = append(tasks, placement.Task{
			Key: key.String(), Namespace: key.Namespace, Role: task.task.Role, OtherRoles: task.task.OtherRoles, Resources: task.task.Scalars, Ports: task.task.Ports,
			Ranges: task.task.Ranges, Others: task.task.Others, Revocable: task.task.Revocable, Rules: task.rules, Labels: p.labelsOf(key), MaxRun: task.task.MaxRun, Since: task.since, Avoid: task.avoided(), Elsewhere: p.seeksElsewhere(task, now),
		})
	}
	return tasks, p.pace.limit() - p.binding
}

// reserve gives a part of an offer to a task, under a fresh task ID.
func (p *Placer) reserve(assignment placement.Assignment, offer mesos.Offer) {
	task := p.pending[keyOf(assignment.Key)]
	id := lifecycle.TaskID{Namespace: task.key.Namespace, Name: task.key.Name, Hash: task.hash, Nonce: NewNonce()}
	making := p.launches[offer.ID]
	if making == nil {
		making = &launch{offer: offer, opened: p.clock.Now()}
		p.launches[offer.ID] = making
	}
	reserved := &reservation{wanted: task, launch: making, placed: lifecycle.Placement{
		TaskID: id.String(), AgentID: assignment.AgentID, Hostname: assignment.Hostname, Domains: p.domainsOf(task.key.Namespace, assignment.AgentID), Role: assignment.Role, User: task.task.User,
	}}
	for _, port := range assignment.HostPorts {
		reserved.placed.HostPorts = append(reserved.placed.HostPorts, int32(port))
	}
	p.portOffset += uint64(len(assignment.HostPorts))
	p.binding++
	reserved.made, reserved.waiting = p.clock.Now(), p.binding
	making.reservations = append(making.reservations, reserved)
	task.reserved, task.judged, task.elsewhere = reserved, p.clock.Now(), false
	p.turns.Assigned(task.key.Namespace)
	p.bridge.Reserve(reserved.placed.TaskID, reserved.placed.AgentID)
	p.attempts.Enqueue(task.key)
}

// nextLook is when something is due though nothing happens.
func (p *Placer) nextLook(backs map[string]back) time.Time {
	now := p.clock.Now()
	next := now.Add(reviveAgain)
	for _, launch := range p.launches {
		next = earlier(next, launch.due(p.pace.wait()))
	}
	for _, until := range p.deferred {
		next = earlier(next, until)
	}
	next = earlier(next, p.nextSteer())
	for _, task := range p.pending {
		if p.open && task.waiting == nil && p.mayBeSilent(task, backs) {
			next = earlier(next, task.nextTold(p.silentAt(task, backs), now))
		}
	}
	return next
}

// nextTold is when to look at a task again of which it is worth saying at a time that no offer comes for it.
func (t *wanted) nextTold(silentAt, now time.Time) time.Time {
	switch ahead := silentAt.Add(-quotasAhead); {
	case ahead.After(now):
		return ahead
	case silentAt.After(now):
		return silentAt
	default:
		// It was said not long ago, and taken back since.
		return later(t.told.Again(), now.Add(time.Second))
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
