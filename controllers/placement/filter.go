package placement

import (
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// filter is what rules leave of a pool's offers. It is made once for all tasks for which they come to the same.
type filter struct {
	rules *Rules
	// across are the rules about other tasks.
	across []across
	// refused has for each offer that is counted the first rule that speaks against it, constraints before the others, or nothing. The others are in it
	// once the first verdict is asked for, by how things were as the round began.
	refused []int16
	// allowed are the indexes of the pool's offers on whose agents every constraint holds, in ascending order; plain is how many of them are of
	// agents without GPUs.
	allowed []int
	plain   int
	// counted is what a verdict counts, and failing what it says of each rule; made when the first is asked for.
	counted *counted
	failing []string
}

// nothing stands for no rule.
const nothing = -1

// filterKey tells filters apart.
type filterKey struct {
	rules *Rules
	whose string
}

// filter returns what a task's rules leave of the pool's offers.
func (p *pool) filter(task *Task) *filter {
	key := filterKey{task.Rules, whose(task)}
	if known, ok := p.filters[key]; ok {
		return known
	}
	made := &filter{rules: task.Rules, across: p.rulesFor(task), refused: make([]int16, len(p.counted.offers))}
	for number := range made.refused {
		made.refused[number] = nothing
	}
	for i := range made.rules.constraints {
		made.apply(i, p.sorted(made.rules.constraints[i].By))
	}
	p.filters[key] = made
	if len(made.rules.constraints) == 0 {
		made.allowed, made.plain = p.everyOffer(), p.plain
		return made
	}
	// The offers of the pool are the first of those that are counted.
	made.allowed = make([]int, 0, len(p.offers))
	for i := range p.offers {
		if made.refused[i] == nothing {
			made.allowed = append(made.allowed, i)
			if i < p.plain {
				made.plain = len(made.allowed)
			}
		}
	}
	return made
}

// everyOffer are the indexes of all offers of the pool.
func (p *pool) everyOffer() []int {
	if p.every == nil {
		p.every = make([]int, len(p.offers))
		for i := range p.every {
			p.every[i] = i
		}
	}
	return p.every
}

// apply refuses what fails a constraint and none before it.
func (f *filter) apply(i int, by *sorted) {
	holds := make([]bool, len(by.kinds))
	for kind, values := range by.kinds {
		holds[kind] = f.rules.constraints[i].holds(values)
	}
	for number, kind := range by.kindOf {
		if f.refused[number] == nothing && !holds[kind] {
			f.refused[number] = int16(i)
		}
	}
}

// sorted are the offers that are counted by what their agents have under a key: constraints are judged once for each kind.
type sorted struct {
	// kindOf is each offer's kind, and kinds what agents of each have.
	kindOf []int32
	kinds  [][]mesos.Attribute
}

// sorted sorts the offers that are counted by a key.
func (p *pool) sorted(key mesos.Key) *sorted {
	if known, ok := p.sorts[key]; ok {
		return known
	}
	made, kinds := &sorted{kindOf: make([]int32, len(p.counted.offers))}, map[string]int32{}
	for number, offer := range p.counted.offers {
		agent := offer.Agent()
		values := agent.Values(key)
		what := textOf(values)
		kind, ok := kinds[what]
		if !ok {
			kind = int32(len(made.kinds))
			kinds[what] = kind
			made.kinds = append(made.kinds, values)
		}
		made.kindOf[number] = kind
	}
	p.sorts[key] = made
	return made
}

// textOf tells values apart.
func textOf(values []mesos.Attribute) string {
	switch {
	case len(values) == 0:
		return ""
	case len(values) == 1 && !values[0].Numeric:
		return "t" + values[0].Text
	}
	var text strings.Builder
	for _, value := range values {
		if value.Numeric {
			text.WriteByte('n')
		}
		text.WriteString(value.Text)
		text.WriteByte(0)
	}
	return text.String()
}

// search returns the first of the offers that a shape may have that has room for it, from a place on among those that its filter leaves, and its
// place there; where none has, -1 and the place behind the last.
func (p *pool) search(shape *shape, from int) (offer, at int) {
	if shape.revocable() {
		return p.searchLending(shape, from)
	}
	if shape.filter == nil {
		i := p.room.first(from, shape.want)
		for i >= 0 && !p.takes(shape, i) {
			i = p.room.first(i+1, shape.want)
		}
		if i < 0 || shape.noGPUAgents && i >= p.plain {
			return -1, len(p.offers)
		}
		return i, i
	}
	allowed := shape.filter.allowed
	if shape.noGPUAgents {
		allowed = allowed[:shape.filter.plain]
	}
	if p.room.mayHold(&shape.want) {
		for at := from; at < len(allowed); at++ {
			if p.room.holds(allowed[at], &shape.want) && p.takes(shape, allowed[at]) {
				return allowed[at], at
			}
		}
	}
	return -1, len(allowed)
}

// refuses says whether the rules of a shape keep its tasks from the offer of a number among those that are counted.
func (s *shape) refuses(number int) bool {
	return s.refusedBy(number) != nothing
}

// refusedBy is the first rule that does, or nothing.
func (s *shape) refusedBy(number int) int16 {
	if s.filter == nil {
		return nothing
	}
	return s.filter.refused[number]
}

// countedFor is what a verdict of a shape counts.
func (p *pool) countedFor(shape *shape) *counted {
	switch filter := shape.filter; {
	case filter == nil:
		return &p.counted
	case filter.counted == nil:
		filter.refuse()
		filter.counted = p.counted.under(filter)
		filter.failing = p.failings(filter)
	}
	return shape.filter.counted
}

// under is the same less the offers on whose agents a constraint does not hold, which are counted by the first such one.
func (c *counted) under(filter *filter) *counted {
	left := &counted{maintained: c.maintained, most: c.most, brief: c.brief, offers: c.offers}
	left.plain, left.onGPUAgents = c.plain.under(filter), c.onGPUAgents.under(filter)
	return left
}

func (g *group) under(filter *filter) group {
	left := group{refused: make([]int, len(filter.rules.constraints)+len(filter.across)), offers: make([]countedOffer, 0, len(g.offers))}
	for i := range g.offers {
		if refused := filter.refused[g.offers[i].number]; refused == nothing {
			left.offers = append(left.offers, g.offers[i])
		} else {
			left.refused[refused]++
		}
	}
	left.block() // They are in the order of those that they are taken from.
	return left
}

// refuse notes what the rules about other tasks spoke against as the round began.
func (f *filter) refuse() {
	for r := range f.across {
		for number := range f.refused {
			if f.refused[number] == nothing && !f.across[r].preferred && f.across[r].refuses(number, false) {
				f.refused[number] = int16(len(f.rules.constraints) + r)
			}
		}
	}
}

// failings names the rules that offers fail.
func (p *pool) failings(f *filter) (texts []string) {
	for i := range f.rules.constraints {
		texts = append(texts, p.failing(&f.rules.constraints[i]))
	}
	for i := range f.across {
		texts = append(texts, p.failingAcross(&f.across[i]))
	}
	return texts
}

// failingAcross names a rule about other tasks that offers fail, and says why none could meet it.
func (p *pool) failingAcross(a *across) string {
	switch {
	case p.none(a.by):
		return a.text + " (" + nobodyHas(a.by) + ")"
	case a.together() && !a.census.any(false):
		return a.text + ", of which none is placed"
	case a.census.unknown > 0:
		return a.text + ", as of some nobody knows where they are"
	default:
		return a.text
	}
}

// failing names a constraint that offers fail, and says so if no agent has anything under its key.
func (p *pool) failing(c *constraint) string {
	if c.Operator == mesos.DoesNotExist || !p.none(c.By) {
		return c.text
	}
	return c.text + " (" + nobodyHas(c.By) + ")"
}

// nobodyHas says that no agent has anything under a key.
func nobodyHas(key mesos.Key) string {
	if key.Field == "" {
		return "no agent has attribute " + mesos.Short(key.Attribute)
	}
	return "no agent says its " + strings.ToLower(string(key.Field))
}

// none says whether no agent has anything under a key, neither one that is known nor one of the offers that are counted.
func (p *pool) none(key mesos.Key) bool {
	return !p.round.Agents.have(key) && !slices.ContainsFunc(p.sorted(key).kinds, func(values []mesos.Attribute) bool { return len(values) > 0 })
}
