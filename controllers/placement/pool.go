package placement

import (
	"strconv"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// pools are the offers of one round by role.
type pools struct {
	byRole map[string]*pool
	used   map[string]struct{}
	round  *Round
	// censuses count other tasks for the rules that ask for them, counting are those of each namespace.
	censuses map[censusKey]*census
	counting map[string][]*census
}

// pool is what one role has to give in one round. Offers only shrink while it lives, which is what its short cuts rest on.
type pool struct {
	role string
	// offers may be given to tasks, in their order, those of agents with GPUs last; free is what is left of the ports of each, and room sums
	// up what is left.
	offers []*mesos.Offer
	// plain is the number of offers of agents without GPUs.
	plain int
	round *Round
	free  []freePorts
	room  *index
	// others is what is left of other resources of those offers of which some were given away.
	others map[int]mesos.Others
	// lending are the offers that have revocable CPUs, in ascending order, and lent is what is left of what is revocable of those of which some was
	// given away.
	lending []int
	lent    map[int]mesos.Scalars
	// leaves is when the maintenance of each one's agent begins, where that is near, or zero; anyBrief says that some of them are not.
	leaves   []int64
	anyBrief bool
	// reserved are the fixed ports that tasks of the role wait for: any other port is given away before one of these.
	reserved map[uint32]struct{}
	// counted is what a verdict counts.
	counted counted
	// avoided are the agents that tasks of the role avoid.
	avoided map[string]*avoidedAgent
	// missed says that a task must wait that might have had room on an agent due for maintenance.
	missed bool
	shapes map[shapeKey]*shape
	// filters are what the rules of tasks leave of the offers; every are the indexes of all, made when somebody asks.
	filters map[filterKey]*filter
	every   []int
	// sorts are the offers that are counted by what their agents have under a key.
	sorts map[mesos.Key]*sorted
	// values are what the agents of the offers that are counted have under a key, as one value.
	values map[mesos.Key][]keyed
	// most is the most that any offer of the pool had of each amount as the round began.
	most room
	all  *pools
	used map[string]struct{}
}

// shapeKey tells apart what tasks of one role want. Many tasks want the same, so most of the work is done once per shape.
type shapeKey struct {
	scalars mesos.Scalars
	anyPort int
	// rest are the ports that must be, other resources, whether it is revocable and when it ends, where that matters.
	rest   string
	filter *filter
}

// shape is one such want and what is known of it.
type shape struct {
	want room
	// fixed are the ports that it must have, in ascending order; one that is asked for in both protocols stands once.
	fixed []uint32
	// rare is what few tasks want; nil for nothing.
	rare *rare
	// noGPUAgents says that agents with GPUs are not for it.
	noGPUAgents bool
	// filter is what its rules leave of the offers; nil for all.
	filter *filter
	// next is the first offer that may still have room, counted among those that the filter leaves; all before it were found too small, and stay so.
	next int
	// failed says that no offer served, as things were when failedAt changes had been made.
	failed   bool
	failedAt int
	// said is what is said of it; nil until somebody asks.
	said *said
}

// rare is what few tasks want, so that the shapes of all others stay small.
type rare struct {
	// ranges are the ranges of ports that it must have.
	ranges freePorts
	// others are other resources.
	others []mesos.Other
	// revocable says that the amounts are of what is revocable.
	revocable bool
	// ends is when its tasks are over at the latest, in nanoseconds since 1970; zero where nobody knows, or nobody asks.
	ends int64
}

func rareOf(task *Task, ranges freePorts, ends int64) *rare {
	if len(ranges) == 0 && len(task.Others) == 0 && !task.Revocable && ends == 0 {
		return nil
	}
	return &rare{ranges, task.Others, task.Revocable, ends}
}

func (s *shape) ranges() freePorts {
	if s.rare == nil {
		return nil
	}
	return s.rare.ranges
}

func (s *shape) others() []mesos.Other {
	if s.rare == nil {
		return nil
	}
	return s.rare.others
}

func (s *shape) revocable() bool { return s.rare != nil && s.rare.revocable }

func (s *shape) ends() int64 {
	if s.rare == nil {
		return 0
	}
	return s.rare.ends
}

// said is how many offers come to what for a shape and, once judged, what is said for that.
type said struct {
	count   tally
	judged  bool
	verdict verdict
}

func newPools(tasks []Task, offers []mesos.Offer, round Round) *pools {
	all := &pools{byRole: map[string]*pool{}, used: map[string]struct{}{}, round: &round, counting: map[string][]*census{}}
	asked := false
	for i := range tasks {
		asked = asked || tasks[i].Rules.Across()
		all.of(tasks[i].Role).prepare(&tasks[i])
		for _, role := range tasks[i].OtherRoles {
			all.of(role).prepare(&tasks[i])
		}
	}
	agents := map[[2]string]struct{}{}
	order := asTheyCame(offers)
	for _, onGPUAgent := range []bool{false, true} {
		same := make([]*mesos.Offer, 0, len(offers))
		for _, i := range order {
			if offer := &offers[i]; offer.OnGPUAgent == onGPUAgent {
				same = append(same, offer)
			}
		}
		for _, offer := range brieflyLast(same, &round) {
			agents[[2]string{offer.Role, offer.AgentID}] = struct{}{}
			all.of(offer.Role).add(offer)
		}
	}
	for _, i := range asTheyCame(round.Declined) {
		offer := &round.Declined[i]
		if _, returned := agents[[2]string{offer.Role, offer.AgentID}]; !returned {
			all.of(offer.Role).count(offer, portsOf(offer.Ports), true)
		}
	}
	for _, pool := range all.byRole {
		pool.build()
	}
	// Before anything is given away, so that it is counted.
	if asked {
		all.ask(tasks)
	}
	return all
}

// ask counts other tasks for those that ask where they are.
func (p *pools) ask(tasks []Task) {
	for i := range tasks {
		if tasks[i].Rules.Across() {
			p.of(tasks[i].Role).filter(&tasks[i])
		}
	}
}

// of returns the pool of a role, which is empty where nothing was offered to it.
func (p *pools) of(role string) *pool {
	found, ok := p.byRole[role]
	if !ok {
		found = &pool{
			role: role, round: p.round, reserved: map[uint32]struct{}{}, shapes: map[shapeKey]*shape{},
			filters: map[filterKey]*filter{}, sorts: map[mesos.Key]*sorted{},
			values: map[mesos.Key][]keyed{}, all: p, used: p.used, room: newIndex(nil), avoided: map[string]*avoidedAgent{}, others: map[int]mesos.Others{},
			lent: map[int]mesos.Scalars{},
		}
		p.byRole[role] = found
	}
	return found
}

// unused returns the offers that no task took a part of, and those of them that a task might take but for their agents' maintenance.
func (p *pools) unused(offers []mesos.Offer) (ids, maintained []string) {
	for _, i := range asTheyCame(offers) {
		offer := &offers[i]
		if _, used := p.used[offer.ID]; used {
			continue
		}
		ids = append(ids, offer.ID)
		if p.of(offer.Role).missed && p.round.maintains(offer) {
			maintained = append(maintained, offer.ID)
		}
	}
	return ids, maintained
}

// maintains says whether an offer's agent is due for maintenance: it takes no new task, unless that is over before.
func (round *Round) maintains(offer *mesos.Offer) bool {
	return offer.Maintenance.Near(round.Now, round.MaintenanceLead)
}

// prepare readies the pool for a task, before any offer is added.
func (p *pool) prepare(task *Task) {
	p.reserve(task)
	p.watch(task.Avoid)
}

// reserve keeps the ports that a task must have, of which many tasks may ask for the same.
func (p *pool) reserve(task *Task) {
	for _, port := range task.Ports {
		if port.HostPort != 0 {
			p.reserved[port.HostPort] = struct{}{}
		}
	}
	for _, one := range task.Ranges {
		for port := one.From; port <= one.To; port++ {
			p.reserved[port] = struct{}{}
		}
	}
}

// count takes an offer into what a verdict counts.
func (p *pool) count(offer *mesos.Offer, ports freePorts, declined bool) {
	var one countedOffer
	switch leaves := p.round.leaves(offer); {
	case leaves == 0:
		one = p.counted.add(offer, ports, declined)
	case p.round.isBrief(offer):
		one = p.counted.addBrief(offer, ports, declined, leaves)
		p.anyBrief = true
	default:
		p.counted.addMaintained(offer, ports)
		return
	}
	if avoided := p.avoided[offer.AgentID]; avoided != nil {
		avoided.hostname = offer.Hostname
		avoided.counted = append(avoided.counted, one)
	}
}

// add takes an offer into the pool. One whose agent is being maintained is counted and never given away.
func (p *pool) add(offer *mesos.Offer) {
	ports := portsOf(offer.Ports)
	p.count(offer, ports, false)
	if !p.round.maintains(offer) || p.round.isBrief(offer) {
		if avoided := p.avoided[offer.AgentID]; avoided != nil {
			avoided.offers = append(avoided.offers, len(p.offers))
		}
		p.offers = append(p.offers, offer)
		p.free = append(p.free, ports)
		if offer.Revocable.CPUs > 0 {
			p.lending = append(p.lending, len(p.offers)-1)
		}
		p.leaves = append(p.leaves, p.round.leaves(offer))
		if !offer.OnGPUAgent {
			p.plain = len(p.offers)
		}
	}
}

func (p *pool) build() {
	rooms := make([]room, len(p.offers))
	for i, offer := range p.offers {
		rooms[i] = room{Scalars: offer.Scalars, ports: p.free[i].count()}
	}
	p.room = newIndex(rooms)
	p.most = p.room.most[1]
	p.counted.build()
}

// shape returns what is known of the wants of a task.
func (p *pool) shape(task *Task) *shape {
	fixed, anyPort := fixedOf(task.Ports)
	ranges := spansOf(task.Ranges)
	var left *filter
	if task.Rules != nil {
		left = p.filter(task)
	}
	rest, ends := pack(fixed, ranges)+packOthers(task), int64(0)
	if p.anyBrief {
		ends = p.round.ends(task)
		rest += strconv.FormatInt(ends, 36)
	}
	key := shapeKey{scalars: task.Resources, anyPort: anyPort, rest: rest, filter: left}
	known, ok := p.shapes[key]
	if !ok {
		known = &shape{
			want: room{Scalars: task.Resources, ports: distinct(fixed, ranges) + anyPort}, fixed: fixed, rare: rareOf(task, ranges, ends),
			noGPUAgents: !p.round.ShareGPUAgents && task.Resources.GPUs == 0, filter: left,
		}
		p.shapes[key] = known
	}
	return known
}

// assign gives the task a part of the first offer that has room for it, or of the best where its rules say which that is; of agents that it avoids, and that may take it, only if last is true and no
// other has.
func (p *pool) assign(task *Task, shape *shape, last bool) (Assignment, bool) {
	if f := shape.filter; f != nil && (len(f.across) > 0 || f.choosy()) {
		if i := p.choose(task, shape); i >= 0 {
			return p.give(task, shape, i)
		}
		return p.giveUp(task, shape, last)
	}
	for from := shape.next; ; {
		i, at := p.search(shape, from)
		// Once an agent was passed over that is only avoided, what was found says nothing to other tasks.
		if from == shape.next {
			shape.next = at
		}
		if i < 0 {
			break
		}
		if from = at + 1; task.avoids(p.offers[i].AgentID) {
			continue
		}
		if assignment, ok := p.give(task, shape, i); ok {
			return assignment, true
		}
		if at == shape.next {
			shape.next = from
		}
	}
	return p.giveUp(task, shape, last)
}

// giveUp gives the task what it avoids, if nothing else has room and that may be.
func (p *pool) giveUp(task *Task, shape *shape, last bool) (Assignment, bool) {
	if !last {
		return Assignment{}, false
	}
	return p.assignLast(task, shape)
}

// give gives the task a part of offer i, which has room for it, if its ports and other resources serve.
func (p *pool) give(task *Task, shape *shape, i int) (Assignment, bool) {
	if p.lacksOthers(shape, i) {
		return Assignment{}, false
	}
	ports, left, ok := p.free[i].take(task.Ports, shape.ranges(), p.round.PortOffset, p.reserved)
	if !ok {
		return Assignment{}, false
	}
	offer := p.offers[i]
	p.free[i] = left
	p.room.set(i, p.room.at(i).less(p.lend(shape, i)))
	if others := shape.others(); len(others) > 0 {
		p.others[i] = p.othersOf(i).Less(others)
	}
	p.used[offer.ID] = struct{}{}
	if len(p.all.counting) > 0 {
		p.all.placed(task, offer)
	}
	return Assignment{
		Key: task.Key, OfferID: offer.ID, AgentID: offer.AgentID, Hostname: offer.Hostname, Role: offer.Role, HostPorts: ports,
	}, true
}
