package placement

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Peer is a task that has an agent: it counts where others are spread, or kept together with it.
type Peer struct {
	Namespace string
	Labels    map[string]string
	AgentID   string
	// Recorded is what the agent had under some keys when the task was placed, empty for nothing. It counts where Mesos has not told of the agent since.
	Recorded map[mesos.Key]string
}

// valueOf is what an agent has under a key, as one value: tasks are spread over such values. An agent that has nothing has none.
func valueOf(agent *mesos.Agent, key mesos.Key) (value string, has bool) {
	if key.Field == mesos.FieldZone && agent.Domain != (mesos.Domain{}) {
		// Zones of one name in two regions are two.
		return agent.Domain.Region + "/" + agent.Domain.Zone, true
	}
	values := agent.Values(key)
	texts := make([]string, len(values))
	for i := range values {
		texts[i] = values[i].Text
	}
	return strings.Join(texts, ","), len(values) > 0
}

// ValueOf is what an agent has under a key, as it is recorded of a task that is placed there; empty for nothing.
func ValueOf(agent *mesos.Agent, key mesos.Key) string {
	value, _ := valueOf(agent, key)
	return value
}

// acrossRule is a rule about where other tasks are: a spread or a together.
type acrossRule struct {
	by         mesos.Key
	among      mesos.Selector
	sameLabels []string
	// perValue and skew bound a spread; both are zero for a together.
	perValue, skew int
	preferred      bool
	text           string
}

func acrossRules(placement *mesos.Placement) (rules []acrossRule) {
	for _, spread := range placement.Spread {
		rule := acrossRule{
			by: spread.By, among: spread.Among, sameLabels: spread.SameLabels, perValue: spread.MaxPerValue, skew: spread.MaxSkew, preferred: spread.Preferred,
		}
		bound := "maxPerValue " + strconv.Itoa(spread.MaxPerValue)
		if spread.MaxSkew > 0 {
			bound = "maxSkew " + strconv.Itoa(spread.MaxSkew)
		}
		rule.text = "spread by " + mesos.Short(spread.By.String()) + " (" + bound + " of " + spread.Among.String() + ")"
		rules = append(rules, rule)
	}
	for _, together := range placement.Together {
		rules = append(rules, acrossRule{
			by: together.By, among: together.Among, preferred: together.Preferred,
			text: "together by " + mesos.Short(together.By.String()) + " (with " + together.Among.String() + ")",
		})
	}
	return rules
}

// together says whether the rule is one that keeps tasks together.
func (r *acrossRule) together() bool { return r.perValue == 0 && r.skew == 0 }

// Across says whether a rule asks where other tasks are.
func (r *Rules) Across() bool { return r != nil && len(r.across) > 0 }

// StirredBy says whether a task with these labels that came to an agent, or left one, may make room for a task that waits under the rules.
func (r *Rules) StirredBy(labels map[string]string, came bool) bool {
	if r == nil {
		return false
	}
	for i := range r.across {
		rule := &r.across[i]
		if !rule.preferred && (!came || rule.perValue == 0) && rule.among.Selects(labels) {
			return true
		}
	}
	return false
}

// census counts the tasks of a namespace that a selector selects, by what their agents have under a key.
type census struct {
	among mesos.Selector
	by    mesos.Key
	// counts are those as the round began, added those that were placed in it.
	counts, added map[string]int
	// unknown are tasks of whose agents nobody knows what they have.
	unknown int
	// total and addedTotal are all of them; one whose agent has nothing under the key is nowhere and does not count.
	total, addedTotal int
	// changes counts what was added.
	changes int
}

// at counts the tasks at a value: as the round began, or now.
func (c *census) at(value string, now bool) int {
	if now {
		return c.counts[value] + c.added[value]
	}
	return c.counts[value]
}

// any says whether there is any task at all.
func (c *census) any(now bool) bool { return c.total > 0 || now && c.addedTotal > 0 }

// across is a rule as it is for one task, or several of one namespace with the same labels as far as the rule goes.
type across struct {
	*acrossRule
	census *census
	// own says that the task itself is one of those that the rule speaks of.
	own bool
	// values are what the agents of the offers have under the key, and every those of all agents that the task could have.
	values []keyed
	every  []string
	// least is the least count of every, as of so many changes of the census; leastAt is -1 before it was counted.
	least, leastAt int
}

// keyed is what an agent has under a key.
type keyed struct {
	value string
	has   bool
}

// refuses says whether the rule speaks against an offer: as the round began, or now.
func (a *across) refuses(number int, now bool) bool {
	at := a.values[number]
	switch {
	case !at.has:
		return true
	case a.together():
		return a.census.at(at.value, now) == 0 && (a.census.any(now) || !a.own)
	case a.skew > 0:
		return a.census.at(at.value, now)+a.census.unknown+1-a.fewest(now) > a.skew
	default:
		return a.census.at(at.value, now)+a.census.unknown+1 > a.perValue
	}
}

// fewest is the least number of tasks that any value has.
func (a *across) fewest(now bool) int {
	if now && a.leastAt == a.census.changes {
		return a.least
	}
	least := -1
	for _, value := range a.every {
		if n := a.census.at(value, now); least < 0 || n < least {
			least = n
		}
	}
	if now {
		a.least, a.leastAt = max(least, 0), a.census.changes
	}
	return max(least, 0)
}

// censusKey is what tells censuses apart.
type censusKey struct {
	namespace, among string
	by               mesos.Key
}

// census counts the tasks that a rule speaks of for a task.
func (p *pools) census(task *Task, rule *acrossRule) *census {
	among := rule.among
	for _, label := range rule.sameLabels {
		if value, has := task.Labels[label]; has {
			among = append(slices.Clip(among), mesos.Requirement{Label: label, Operator: mesos.In, Values: []string{value}})
		}
	}
	key := censusKey{task.Namespace, among.Canonical(), rule.by}
	known, ok := p.censuses[key]
	if ok {
		return known
	}
	made := &census{among: among, by: rule.by, counts: map[string]int{}, added: map[string]int{}}
	for i := range p.round.Peers {
		if peer := &p.round.Peers[i]; peer.Namespace == task.Namespace && among.Selects(peer.Labels) {
			made.count(peer, p.round.Agents)
		}
	}
	if p.censuses == nil {
		p.censuses = map[censusKey]*census{}
	}
	p.censuses[key] = made
	p.counting[task.Namespace] = append(p.counting[task.Namespace], made)
	return made
}

func (c *census) count(peer *Peer, agents *Agents) {
	if agent, known := agents.agent(peer.AgentID); known {
		if value, has := valueOf(agent, c.by); has {
			c.counts[value]++
			c.total++
		}
		return
	}
	switch value, recorded := peer.Recorded[c.by]; {
	case !recorded:
		c.unknown++
		c.total++
	case value != "":
		c.counts[value]++
		c.total++
	}
}

// placed counts a task that was given a part of an offer.
func (p *pools) placed(task *Task, offer *mesos.Offer) {
	for _, census := range p.counting[task.Namespace] {
		if !census.among.Selects(task.Labels) {
			continue
		}
		census.changes++
		agent := offer.Agent()
		if value, has := valueOf(&agent, census.by); has {
			census.added[value]++
			census.addedTotal++
		}
	}
}

// rulesFor makes the rules about other tasks ready for a task.
func (p *pool) rulesFor(task *Task) []across {
	made := make([]across, len(task.Rules.across))
	for i := range made {
		rule := &task.Rules.across[i]
		made[i] = across{
			acrossRule: rule, census: p.all.census(task, rule), own: rule.among.Selects(task.Labels), values: p.valuesOf(rule.by), leastAt: -1,
		}
		if rule.skew > 0 {
			made[i].every = p.everyValue(task.Rules, &made[i])
		}
	}
	return made
}

// everyValue are the values of all agents that a task under the rules could have: of those that are known, and of those that made offers.
func (p *pool) everyValue(rules *Rules, a *across) []string {
	every := slices.Clone(p.all.round.Agents.values(rules, a.by))
	for number, at := range a.values {
		if agent := p.counted.offers[number].Agent(); at.has && !slices.Contains(every, at.value) && rules.admit(&agent) {
			every = append(every, at.value)
		}
	}
	return every
}

// whose tells apart tasks for which the same rules come to something else.
func whose(task *Task) string {
	if !task.Rules.Across() {
		return ""
	}
	var text strings.Builder
	text.WriteString(task.Namespace)
	for i := range task.Rules.across {
		rule := &task.Rules.across[i]
		text.WriteString("\x00" + strconv.FormatBool(rule.among.Selects(task.Labels)))
		for _, label := range rule.sameLabels {
			value, has := task.Labels[label]
			text.WriteString("\x00" + strconv.FormatBool(has) + value)
		}
	}
	return text.String()
}

// valuesOf are what the agents of the offers that are counted have under a key.
func (p *pool) valuesOf(key mesos.Key) []keyed {
	known, ok := p.values[key]
	if !ok {
		known = make([]keyed, len(p.counted.offers))
		for i, offer := range p.counted.offers {
			agent := offer.Agent()
			known[i].value, known[i].has = valueOf(&agent, key)
		}
		p.values[key] = known
	}
	return known
}
