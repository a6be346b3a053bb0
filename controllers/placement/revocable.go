package placement

import "github.com/mesos-operator/mesos-operator/mesosbridge/mesos"

// lentOf is what is left of what is revocable of offer i.
func (p *pool) lentOf(i int) mesos.Scalars {
	if left, some := p.lent[i]; some {
		return left
	}
	return p.offers[i].Revocable
}

// fits says whether offer i has room for a shape, whatever its ports and other resources are, and its agent stays as long as that runs.
func (p *pool) fits(shape *shape, i int) bool {
	if !p.takes(shape, i) {
		return false
	}
	if !shape.revocable() {
		return p.room.holds(i, &shape.want)
	}
	has := p.room.at(i)
	return has.lends(&shape.want, p.lentOf(i)) == contested
}

// serves says whether offer i has all that a shape wants.
func (p *pool) serves(shape *shape, i int) bool {
	return p.fits(shape, i) && p.free[i].haveAll(shape.fixed, shape.ranges()) && !p.lacksOthers(shape, i)
}

// lends says of which amount there is too little first for a want with revocable resources, where r is what is not; contested if there is enough.
func (r *room) lends(want *room, revocable mesos.Scalars) outcome {
	_, others := want.Drawn(revocable)
	if revocable.CPUs < want.CPUs {
		return lacksCPUs
	}
	return r.scarcity(&room{Scalars: others, ports: want.ports})
}

// lend takes what a shape has of what is revocable out of offer i, which has room for it, and returns the rest.
func (p *pool) lend(shape *shape, i int) room {
	if !shape.revocable() {
		return shape.want
	}
	left := p.lentOf(i)
	drawn, others := shape.want.Drawn(left)
	p.lent[i] = room{Scalars: left}.less(room{Scalars: drawn}).Scalars
	return room{Scalars: others, ports: shape.want.ports}
}

// searchLending is search for a shape with revocable resources: few offers have some.
func (p *pool) searchLending(shape *shape, from int) (offer, at int) {
	among := p.lending
	if shape.filter != nil {
		among = shape.filter.allowed
	}
	for at := from; at < len(among); at++ {
		if i := among[at]; (!shape.noGPUAgents || i < p.plain) && p.fits(shape, i) {
			return i, at
		}
	}
	return -1, len(among)
}
