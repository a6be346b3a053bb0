package placement

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxNamedHosts bounds how many agents a message names.
const maxNamedHosts = 2

// avoidedAgent is what a role has of an agent that a task avoids.
type avoidedAgent struct {
	hostname string
	// offers are the numbers of those in the pool that may be given away.
	offers []int
	// counted are those that a verdict counts.
	counted []countedOffer
}

// avoids says whether the task avoids an agent.
func (t *Task) avoids(agentID string) bool {
	return slices.ContainsFunc(t.Avoid, func(agent AvoidedAgent) bool { return agent.ID == agentID })
}

// watch prepares for a task that avoids agents, before any offer is added.
func (p *pool) watch(agents []AvoidedAgent) {
	for _, agent := range agents {
		if p.avoided[agent.ID] == nil {
			p.avoided[agent.ID] = &avoidedAgent{}
		}
	}
}

// assignLast gives the task a part of an offer of the agents that it avoids: of that where it failed longest ago, of those that may take it.
func (p *pool) assignLast(task *Task, shape *shape) (Assignment, bool) {
	for a := range slices.Backward(task.Avoid) {
		agent := &task.Avoid[a]
		if agent.bars(p.round.Now) {
			continue
		}
		for _, i := range p.avoided[agent.ID].offers {
			if !p.fits(shape, i) || shape.noGPUAgents && i >= p.plain || shape.forbids(i) {
				continue
			}
			if assignment, ok := p.give(task, shape, i); ok {
				return assignment, true
			}
		}
	}
	return Assignment{}, false
}

// fitsElsewhere says whether a declined offer has room for the task, of an agent that it does not avoid.
func (p *pool) fitsElsewhere(task *Task, shape *shape) bool {
	elsewhere := p.countOf(shape).outcomes[awaited]
	for _, agent := range task.Avoid {
		for i := range p.avoided[agent.ID].counted {
			if one := &p.avoided[agent.ID].counted[i]; p.counted.outcome(one, shape) == awaited && !shape.refuses(int(one.number)) {
				elsewhere--
			}
		}
	}
	return elsewhere > 0
}

// bars are the offers that have room for a task, and whose agents do not take it for a time.
type bars struct {
	offers int
	// of are what those offers would come to otherwise.
	of [outcomes]int
	// hosts are their hosts, and until is when the first of them takes it again.
	hosts []string
	until time.Time
}

// bars finds those offers.
func (p *pool) bars(task *Task, shape *shape) (found bars) {
	if len(task.Avoid) > 0 {
		p.countedFor(shape) // It notes which offers the rules speak against.
	}
	for a := range task.Avoid {
		agent := &task.Avoid[a]
		if !agent.bars(p.round.Now) {
			continue
		}
		avoided, before := p.avoided[agent.ID], found.offers
		for i := range avoided.counted {
			one := &avoided.counted[i]
			if o := p.counted.outcome(one, shape); (o == awaited || o == contested) && !shape.refuses(int(one.number)) {
				found.of[o]++
				found.offers++
			}
		}
		if found.offers == before {
			continue
		}
		found.hosts = append(found.hosts, cmp.Or(avoided.hostname, "agent "+agent.ID))
		if found.until.IsZero() || agent.Until.Before(found.until) {
			found.until = agent.Until
		}
	}
	return found
}

// move moves those offers to where they belong in a count that does not know of them.
func (b *bars) move(count tally) tally {
	count.outcomes[barred] = b.offers
	count.outcomes[awaited] -= b.of[awaited]
	count.outcomes[contested] -= b.of[contested]
	return count
}

// clause says what became of them: "fits but is on node-1, where the task did not start: not used until 2026-01-02T03:04:05Z".
func (b *bars) clause() string {
	named := slices.Clone(b.hosts[:min(len(b.hosts), maxNamedHosts)])
	if more := len(b.hosts) - len(named); more > 0 {
		named = append(named, strconv.Itoa(more)+" more")
	}
	names := strings.Join(named, " and ")
	if len(named) > maxNamedHosts {
		names = strings.Join(named[:maxNamedHosts], ", ") + " and " + named[maxNamedHosts]
	}
	return plural(b.offers, "fits but is on ", "fit but are on ") + names + ", where the task did not start: not used until " + b.until.UTC().Format(time.RFC3339)
}
