package placement

import (
	"cmp"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// ranking is how well an offer serves a task; less is better.
type ranking struct {
	// against is how many preferred rules speak against it, crowd how many of the tasks from which it would rather be away are there.
	against, crowd int
	// score is by how much is left of the offer.
	score float64
}

func (r ranking) compare(other ranking) int {
	return cmp.Or(cmp.Compare(r.against, other.against), cmp.Compare(r.crowd, other.crowd), cmp.Compare(r.score, other.score))
}

// choose returns the best of the offers that a task may have, where its rules say more than which agents it may have; -1 where none serves, but of
// agents that it avoids. Agents with GPUs come after all others.
func (p *pool) choose(task *Task, shape *shape) int {
	f := shape.filter
	if state := f.state(); shape.failed && shape.failedAt == state {
		return -1
	}
	best, bestRank, choosy, avoided := -1, ranking{}, f.choosy(), false
	for n, i := range f.allowed {
		if n == f.plain && (best >= 0 || shape.noGPUAgents) {
			break
		}
		if !p.serves(shape, i) || f.refuses(i) {
			continue
		}
		if task.avoids(p.offers[i].AgentID) {
			avoided = true
			continue
		}
		if !choosy {
			return i
		}
		rank := p.rank(shape, i)
		if f.cannotBeBetter(rank) {
			return i
		}
		if best < 0 || rank.compare(bestRank) < 0 {
			best, bestRank = i, rank
		}
	}
	// Where an agent was passed over that is only avoided, that says nothing to other tasks.
	shape.failed, shape.failedAt = best < 0 && !avoided, f.state()
	return best
}

// state counts what may let a shape have an offer that it could not have before: offers only shrink.
func (f *filter) state() (changes int) {
	for i := range f.across {
		changes += f.across[i].census.changes
	}
	return changes
}

// choosy says whether one offer that the rules allow can be better than another.
func (f *filter) choosy() bool {
	if f.rules.scoring != "" {
		return true
	}
	for i := range f.across {
		if f.across[i].preferred {
			return true
		}
	}
	return false
}

// cannotBeBetter says whether nothing speaks against an offer, and nothing scores it.
func (f *filter) cannotBeBetter(r ranking) bool { return f.rules.scoring == "" && r == ranking{} }

// refuses says whether a rule about other tasks forbids an offer of the pool as things are now.
func (f *filter) refuses(i int) bool {
	for r := range f.across {
		if !f.across[r].preferred && f.across[r].refuses(i, true) {
			return true
		}
	}
	return false
}

// forbids says whether the rules of a shape keep its tasks from an offer of the pool, as things are now.
func (s *shape) forbids(i int) bool {
	f := s.filter
	if f == nil {
		return false
	}
	constraint := f.refused[i] != nothing && int(f.refused[i]) < len(f.rules.constraints)
	return constraint || f.refuses(i)
}

// rank says how well an offer of the pool serves a shape.
func (p *pool) rank(shape *shape, i int) (r ranking) {
	f := shape.filter
	for n := range f.across {
		rule := &f.across[n]
		if !rule.preferred {
			continue
		}
		if rule.refuses(i, true) {
			r.against++
		}
		if !rule.together() {
			r.crowd += rule.census.at(rule.values[i].value, true)
		}
	}
	switch f.rules.scoring {
	case mesos.SpreadOut:
		r.score = -p.share(i)
	case mesos.Pack:
		r.score = p.share(i)
	}
	return r
}

// share is how much is left of an offer, in proportion to the most that any has.
func (p *pool) share(i int) float64 {
	left, share := p.room.at(i), 0.0
	for _, amount := range [...][2]float64{
		{float64(left.CPUs), float64(p.most.CPUs)}, {float64(left.Memory), float64(p.most.Memory)},
	} {
		if amount[1] > 0 {
			share += amount[0] / amount[1]
		}
	}
	return share
}
