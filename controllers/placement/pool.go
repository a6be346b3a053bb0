package placement

import (
	"encoding/binary"
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// pools are the offers of one round by role.
type pools struct {
	byRole map[string]*pool
	used   map[string]struct{}
	// restricted is every pool's.
	restricted bool
}

// pool is what one role has to give in one round. Offers only shrink while it lives, which is what its short cuts rest on.
type pool struct {
	role string
	// offers may be given to tasks, in their order, those of agents with GPUs last; free is what is left of the ports of each, and room sums
	// up what is left.
	offers []*mesos.Offer
	// restricted says that agents with GPUs are for tasks that need some; plain is the number of offers of other agents.
	restricted bool
	plain      int
	free       []freePorts
	room       *index
	// reserve are the fixed ports that tasks of the role wait for: any other port is given away before one of these.
	reserve map[uint32]struct{}
	// counted is what a verdict counts.
	counted counted
	shapes  map[shapeKey]*shape
	used    map[string]struct{}
}

// shapeKey tells apart what tasks of one role want. Many tasks want the same, so most of the work is done once per shape.
type shapeKey struct {
	scalars mesos.Scalars
	anyPort int
	fixed   string
}

// shape is one such want and what is known of it.
type shape struct {
	want  room
	fixed []uint32
	// noGPUAgents says that agents with GPUs are not for it.
	noGPUAgents bool
	// next is the first offer that may still have room; all before it were found too small, and stay so.
	next    int
	verdict *verdict
}

func newPools(tasks []Task, offers []mesos.Offer, round Round) *pools {
	all := &pools{byRole: map[string]*pool{}, used: map[string]struct{}{}, restricted: !round.ShareGPUAgents}
	for i := range tasks {
		all.of(tasks[i].Role).reserveFixed(tasks[i].Ports)
	}
	agents := map[[2]string]struct{}{}
	order := asTheyCame(offers)
	for _, onGPUAgent := range []bool{false, true} {
		for _, i := range order {
			if offer := &offers[i]; offer.OnGPUAgent == onGPUAgent {
				agents[[2]string{offer.Role, offer.AgentID}] = struct{}{}
				all.of(offer.Role).add(offer)
			}
		}
	}
	for _, i := range asTheyCame(round.Declined) {
		offer := &round.Declined[i]
		if _, returned := agents[[2]string{offer.Role, offer.AgentID}]; !returned {
			all.of(offer.Role).counted.add(offer, portsOf(offer.Ports), true)
		}
	}
	for _, pool := range all.byRole {
		pool.build()
	}
	return all
}

// of returns the pool of a role, which is empty where nothing was offered to it.
func (p *pools) of(role string) *pool {
	found, ok := p.byRole[role]
	if !ok {
		found = &pool{
			role: role, restricted: p.restricted, reserve: map[uint32]struct{}{}, shapes: map[shapeKey]*shape{}, used: p.used, room: newIndex(nil),
		}
		p.byRole[role] = found
	}
	return found
}

func (p *pools) unused(offers []mesos.Offer) []string {
	var ids []string
	for _, i := range asTheyCame(offers) {
		if _, used := p.used[offers[i].ID]; !used {
			ids = append(ids, offers[i].ID)
		}
	}
	return ids
}

func (p *pool) reserveFixed(ports []mesos.Port) {
	for _, port := range ports {
		if port.HostPort != 0 {
			p.reserve[port.HostPort] = struct{}{}
		}
	}
}

// add takes an offer into the pool. One whose agent is about to be maintained is counted and never given away.
func (p *pool) add(offer *mesos.Offer) {
	ports := portsOf(offer.Ports)
	p.counted.add(offer, ports, false)
	if offer.UnavailableFrom.IsZero() {
		p.offers = append(p.offers, offer)
		p.free = append(p.free, ports)
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
	p.counted.build()
}

// shape returns what is known of the wants of a task.
func (p *pool) shape(task *Task) *shape {
	var fixed []uint32
	for _, port := range task.Ports {
		if port.HostPort != 0 {
			fixed = append(fixed, port.HostPort)
		}
	}
	slices.Sort(fixed)
	var packed []byte
	for _, port := range fixed {
		packed = binary.BigEndian.AppendUint32(packed, port)
	}
	key := shapeKey{scalars: task.Resources, anyPort: len(task.Ports) - len(fixed), fixed: string(packed)}
	known, ok := p.shapes[key]
	if !ok {
		known = &shape{
			want: room{Scalars: task.Resources, ports: len(task.Ports)}, fixed: fixed, noGPUAgents: p.restricted && task.Resources.GPUs == 0,
		}
		p.shapes[key] = known
	}
	return known
}

// assign gives the task a part of the first offer that has room for it.
func (p *pool) assign(task *Task, shape *shape, portOffset uint64) (Assignment, bool) {
	for {
		i := p.room.first(shape.next, shape.want)
		if i < 0 || shape.noGPUAgents && i >= p.plain {
			shape.next = len(p.offers)
			return Assignment{}, false
		}
		shape.next = i
		ports, left, ok := p.free[i].take(task.Ports, portOffset, p.reserve)
		if !ok {
			shape.next = i + 1
			continue
		}
		offer := p.offers[i]
		p.free[i] = left
		p.room.set(i, p.room.at(i).less(shape.want))
		p.used[offer.ID] = struct{}{}
		return Assignment{
			Key: task.Key, OfferID: offer.ID, AgentID: offer.AgentID, Hostname: offer.Hostname, Role: offer.Role, HostPorts: ports,
		}, true
	}
}
