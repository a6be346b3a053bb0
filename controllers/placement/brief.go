package placement

import (
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// isBrief says whether an offer's agent, which is due for maintenance, can still take tasks that end before that begins.
func (round *Round) isBrief(offer *mesos.Offer) bool {
	return round.maintains(offer) && round.Now.Before(offer.Maintenance.From)
}

// leaves is when the maintenance of an offer's agent begins, where that is near: in nanoseconds since 1970, or zero.
func (round *Round) leaves(offer *mesos.Offer) int64 {
	if !round.maintains(offer) {
		return 0
	}
	return offer.Maintenance.From.UnixNano()
}

// ends is when a task is over at the latest that is placed now, in nanoseconds since 1970; zero where nobody knows.
func (round *Round) ends(task *Task) int64 {
	if task.MaxRun == 0 {
		return 0
	}
	return round.Now.Add(task.MaxRun).UnixNano()
}

// endsBefore says whether the tasks of a shape are over by a time, zero for any.
func (s *shape) endsBefore(leaves int64) bool {
	return leaves == 0 || s.ends() != 0 && s.ends() < leaves
}

// takes says whether the tasks of a shape may have an offer of the pool, as far as maintenance goes.
func (p *pool) takes(shape *shape, i int) bool {
	return !p.anyBrief || shape.endsBefore(p.leaves[i])
}

// addBrief counts an offer whose agent takes only tasks that end before its maintenance.
func (c *counted) addBrief(offer *mesos.Offer, free freePorts, declined bool, leaves int64) countedOffer {
	c.noteMost(offer, free)
	one := c.make(offer, free, declined)
	one.leaves = leaves
	c.brief = append(c.brief, one)
	return one
}

// countBrief adds the offers of such agents to a tally.
func (c *counted) countBrief(shape *shape, count *tally) {
	for i := range c.brief {
		one := &c.brief[i]
		o := c.outcome(one, shape)
		if refused := shape.refusedBy(int(one.number)); o != maintained && o != forGPUTasks && refused != nothing {
			count.refused[refused]++
		} else {
			c.countOffer(one, shape, count)
		}
	}
}

// brieflyLast puts the offers of agents that are due for maintenance after the others.
func brieflyLast(offers []*mesos.Offer, round *Round) []*mesos.Offer {
	last := make([]*mesos.Offer, 0, len(offers))
	var brief []*mesos.Offer
	for _, offer := range offers {
		if round.isBrief(offer) {
			brief = append(brief, offer)
		} else {
			last = append(last, offer)
		}
	}
	return append(last, brief...)
}
