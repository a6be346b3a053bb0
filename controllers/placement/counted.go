package placement

import (
	"cmp"
	"slices"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// counted are the offers that a verdict counts: those at hand, as they were before anything was given away, and the declined.
type counted struct {
	// maintained are offers whose agents are being maintained, brief those whose agents take only what ends before that begins.
	maintained int
	brief      []countedOffer
	// most is the most that any offer has whose agent is due for maintenance, of each amount: of agents without GPUs and of those with some.
	most [2]room
	// plain are the offers of agents without GPUs, onGPUAgents the others.
	plain, onGPUAgents group
	// offers are those that the groups count, by number.
	offers []*mesos.Offer
}

// group is a number of offers that can be counted together.
type group struct {
	offers []countedOffer
	blocks []block
	// refused is how many offers were left out for each constraint of the rules that the group was made for.
	refused []int
}

type countedOffer struct {
	room
	free       freePorts
	declined   bool
	onGPUAgent bool
	number     int32
	// leaves is when its agent's maintenance begins, where that is near, or zero.
	leaves int64
}

// block is a run of offers of about the same size, which mostly come to the same and are then counted at one stroke.
type block struct {
	// least and most are the bounds of what any of the offers has of each amount.
	least, most room
	declined    int
	offers      []countedOffer
}

// blockSize is about the square root of the number of offers that a large fleet has at hand.
const blockSize = 32

// addMaintained counts an offer whose agent is due for maintenance.
func (c *counted) addMaintained(offer *mesos.Offer, free freePorts) {
	c.maintained++
	c.noteMost(offer, free)
}

// noteMost notes what an offer has whose agent is due for maintenance.
func (c *counted) noteMost(offer *mesos.Offer, free freePorts) {
	most := &c.most[0]
	if offer.OnGPUAgent {
		most = &c.most[1]
	}
	*most = most.max(&room{Scalars: offer.Scalars, ports: free.count()})
}

// misses says whether agents due for maintenance might have room for a shape.
func (c *counted) misses(shape *shape) bool {
	return c.maintained+len(c.brief) > 0 && (shape.revocable() || c.most[0].holds(&shape.want) || !shape.noGPUAgents && c.most[1].holds(&shape.want))
}

// add counts any other offer, and returns it as it is counted.
func (c *counted) add(offer *mesos.Offer, free freePorts, declined bool) countedOffer {
	one := c.make(offer, free, declined)
	to := &c.plain
	if offer.OnGPUAgent {
		to = &c.onGPUAgents
	}
	to.offers = append(to.offers, one)
	return one
}

// make numbers an offer.
func (c *counted) make(offer *mesos.Offer, free freePorts, declined bool) countedOffer {
	c.offers = append(c.offers, offer)
	return countedOffer{
		room: room{Scalars: offer.Scalars, ports: free.count()}, free: free, declined: declined, onGPUAgent: offer.OnGPUAgent, number: int32(len(c.offers) - 1),
	}
}

func (c *counted) total() int { return c.maintained + len(c.offers) }

// build makes the blocks, once all offers are added.
func (c *counted) build() {
	c.plain.build()
	c.onGPUAgents.build()
}

func (g *group) build() {
	g.sort()
	g.block()
}

// sort puts offers of about the same size beside each other.
func (g *group) sort() {
	slices.SortFunc(g.offers, func(a, b countedOffer) int {
		return cmp.Or(cmp.Compare(a.CPUs, b.CPUs), cmp.Compare(a.Memory, b.Memory), cmp.Compare(a.Disk, b.Disk))
	})
}

// block makes the blocks of offers that are sorted.
func (g *group) block() {
	for offers := range slices.Chunk(g.offers, blockSize) {
		b := block{least: offers[0].room, most: offers[0].room, offers: offers}
		for i := range offers {
			b.least, b.most = b.least.min(&offers[i].room), b.most.max(&offers[i].room)
			if offers[i].declined {
				b.declined++
			}
		}
		g.blocks = append(g.blocks, b)
	}
}

// tally says how many offers came to what for a task.
type tally struct {
	outcomes [outcomes]int
	// refused is how many did not serve for each constraint of the task's rules, and then how many were short of each of its other resources.
	refused []int
}

// count says how many offers came to what for a shape.
func (c *counted) count(shape *shape) tally {
	count := tally{outcomes: [outcomes]int{maintained: c.maintained}, refused: slices.Clone(c.plain.refused)}
	if others := shape.others(); len(others) > 0 {
		count.refused = append(count.refused, make([]int, len(others))...)
	}
	c.countGroup(&c.plain, shape, &count)
	c.countBrief(shape, &count)
	if shape.noGPUAgents {
		count.outcomes[forGPUTasks] += len(c.onGPUAgents.offers) + sum(c.onGPUAgents.refused)
		return count
	}
	c.countGroup(&c.onGPUAgents, shape, &count)
	for i, n := range c.onGPUAgents.refused {
		count.refused[i] += n
	}
	return count
}

func sum(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

func (c *counted) countGroup(g *group, shape *shape, count *tally) {
	for i := range g.blocks {
		if g.blocks[i].count(shape, &count.outcomes) {
			continue
		}
		for o := range g.blocks[i].offers {
			c.countOffer(&g.blocks[i].offers[o], shape, count)
		}
	}
}

// countOffer counts one offer by itself.
func (c *counted) countOffer(one *countedOffer, shape *shape, count *tally) {
	o := c.outcome(one, shape)
	count.outcomes[o]++
	if o == lacksOther {
		others := shape.others()
		count.refused[len(count.refused)-len(others)+c.offers[one.number].Others.Lacks(others)]++
	}
}

// count counts the offers of a block at one stroke, if that can be.
func (b *block) count(shape *shape, count *[outcomes]int) bool {
	if shape.revocable() {
		return false
	}
	// Whatever the smallest lacks first and the largest lacks too is what all between them lack first.
	least := b.least.scarcity(&shape.want)
	if least == b.most.scarcity(&shape.want) {
		switch {
		case least != contested:
			count[least] += len(b.offers)
			return true
		case len(shape.fixed)+len(shape.ranges())+len(shape.others()) == 0:
			count[awaited] += b.declined
			count[contested] += len(b.offers) - b.declined
			return true
		}
	}
	return false
}

// outcome is what an offer that is counted came to.
func (c *counted) outcome(o *countedOffer, shape *shape) outcome {
	scarce := o.scarcity(&shape.want)
	if shape.revocable() {
		scarce = o.lends(&shape.want, c.offers[o.number].Revocable)
	}
	switch {
	case !shape.endsBefore(o.leaves):
		return maintained
	case o.onGPUAgent && shape.noGPUAgents:
		return forGPUTasks
	case scarce != contested:
		return scarce
	case !o.free.haveAll(shape.fixed, shape.ranges()):
		return lacksPorts
	case shape.rare != nil && c.offers[o.number].Others.Lacks(shape.rare.others) >= 0:
		return lacksOther
	case o.declined:
		return awaited
	default:
		return contested
	}
}

// scarcity says which amount r is short of first, or contested where it has them all.
func (r *room) scarcity(want *room) outcome {
	switch {
	case r.CPUs < want.CPUs:
		return lacksCPUs
	case r.Memory < want.Memory:
		return lacksMemory
	case r.Disk < want.Disk:
		return lacksDisk
	case r.GPUs < want.GPUs:
		return lacksGPUs
	case r.ports < want.ports:
		return lacksPorts
	default:
		return contested
	}
}
