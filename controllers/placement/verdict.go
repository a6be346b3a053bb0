package placement

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// outcome is what one offer came to for one task. An offer has one outcome, the first that applies, so that the counts of a
// verdict add up to the number of offers.
type outcome int

const (
	// maintained is an offer whose agent is due for maintenance.
	maintained outcome = iota
	// forGPUTasks is an offer whose agent has GPUs, which the task does not need.
	forGPUTasks
	lacksCPUs
	lacksMemory
	lacksDisk
	lacksGPUs
	lacksPorts
	// lacksOther is an offer that is short of another resource; of which, a tally counts by itself.
	lacksOther
	// barred is an offer with room whose agent the task avoids for a time.
	barred
	// awaited is an offer with room that was declined and must come back first.
	awaited
	// contested is an offer with room that tasks ahead of this one took, or that is beyond what the round may assign.
	contested
	outcomes
)

// verdict is what is said of every unplaced task of one shape.
type verdict struct {
	mustWait, offerless bool
	kind                Kind
	message             string
}

// Kind says why tasks wait, without any count: sentences of one kind tell a person the same.
type Kind string

// kindOf names what the offers of a role come to where none of them has room.
func (p *pool) kindOf(shape *shape, offers int, count *tally) Kind {
	if offers == 0 {
		return Kind(noOffers + p.role)
	}
	var names []string
	for o, name := range [...]string{
		maintained: "maintenance", forGPUTasks: "gpu agents", lacksCPUs: "cpus", lacksMemory: "memory", lacksDisk: "disk", lacksGPUs: "gpus", lacksPorts: "ports", barred: "avoided agents",
	} {
		if count.outcomes[o] > 0 && name != "" {
			names = append(names, name)
		}
	}
	for i, n := range count.refused {
		if n > 0 {
			_, kind := shape.refusal(i, n)
			names = append(names, kind)
		}
	}
	return Kind(strings.Join(names, ","))
}

// verdict returns what is said of a task that was not placed.
func (p *pool) verdict(task *Task, shape *shape) verdict {
	if bars := p.bars(task, shape); bars.offers > 0 {
		moved := bars.move(*p.countOf(shape))
		return p.judge(&moved, shape, &bars)
	}
	count := p.countOf(shape)
	if !shape.said.judged {
		shape.said.verdict, shape.said.judged = p.judge(count, shape, nil), true
	}
	return shape.said.verdict
}

// countOf says how many offers come to what for the tasks of a shape, whatever they avoid.
func (p *pool) countOf(shape *shape) *tally {
	if shape.said == nil {
		shape.said = &said{count: p.countedFor(shape).count(shape)}
	}
	return &shape.said.count
}

// judge says what there is to say where offers come to that. Bars are what the task avoids for a time of them; nil for nothing.
func (p *pool) judge(count *tally, shape *shape, bars *bars) verdict {
	counted := p.countedFor(shape)
	said := verdict{
		mustWait:  count.outcomes[awaited]+count.outcomes[contested] == 0,
		offerless: counted.total() == 0,
		message:   p.sentence(shape, counted.total(), count, bars),
	}
	if said.mustWait {
		said.kind = p.kindOf(shape, counted.total(), count)
		p.missed = p.missed || counted.misses(shape)
	}
	return said
}

// noOffers begins the sentence on a role without offers.
const noOffers = "no offers for role "

// maxSentence is how many bytes of reasons a message counts by themselves: status has room for 1,024 characters.
const maxSentence = 900

// part is a number of offers that came to the same, and what that is.
type part struct {
	offers int
	clause string
}

// sentence says how many offers came to what, the commonest first: "3 offers: 2 lack memory (want 64Mi), 1 fails rack In [a b]".
func (p *pool) sentence(shape *shape, offers int, count *tally, bars *bars) string {
	if offers == 0 {
		return noOffers + p.role
	}
	var few [outcomes]part
	all := few[:0]
	for o, n := range &count.outcomes {
		if n > 0 && outcome(o) != lacksOther {
			all = append(all, part{n, outcome(o).clause(n, shape, bars)})
		}
	}
	for i, n := range count.refused {
		if n > 0 {
			clause, _ := shape.refusal(i, n)
			all = append(all, part{n, clause})
		}
	}
	slices.SortStableFunc(all, func(a, b part) int { return cmp.Compare(b.offers, a.offers) })
	var text strings.Builder
	text.Grow(len(all) * 48)
	length, others := 0, 0
	add := func(n int, clause string) {
		if text.Len() > 0 {
			text.WriteString(", ")
		} else {
			text.WriteString(strconv.Itoa(offers))
			text.WriteString(plural(offers, " offer: ", " offers: "))
		}
		text.WriteString(strconv.Itoa(n))
		text.WriteString(clause)
	}
	for _, one := range all {
		if length += len(one.clause) + 1 + len(strconv.Itoa(one.offers)); length > maxSentence {
			others += one.offers
			continue
		}
		add(one.offers, " "+one.clause)
	}
	if others > 0 {
		add(others, plural(others, " fails", " fail")+" for other reasons")
	}
	return text.String()
}

// clause says what became of n offers.
func (o outcome) clause(n int, shape *shape, bars *bars) string {
	want := shape.want.Scalars
	lack := plural(n, "lacks ", "lack ")
	switch o {
	case maintained:
		return plural(n, "is on an agent", "are on agents") + " due for maintenance"
	case forGPUTasks:
		return plural(n, "is", "are") + " for GPU tasks"
	case lacksCPUs:
		if shape.revocable() {
			lack += "revocable "
		}
		return lack + "cpus (want " + want.CPUs.Decimal() + ")"
	case lacksMemory:
		return lack + "memory (want " + want.Memory.Mebibytes() + ")"
	case lacksDisk:
		return lack + "disk (want " + want.Disk.Mebibytes() + ")"
	case lacksGPUs:
		return lack + "gpus (want " + want.GPUs.Decimal() + ")"
	case lacksPorts:
		return lack + "ports (want " + portWant(shape) + ")"
	case barred:
		return bars.clause()
	case awaited:
		return plural(n, "fits but is", "fit but are") + " not on offer at the moment"
	default:
		return plural(n, "fits", "fit") + " but other tasks come first"
	}
}

// maxNamedPorts bounds how many fixed ports and ranges a message names.
const maxNamedPorts = 3

// portWant says which ports a shape wants: "31000, 31001 and any 2".
func portWant(shape *shape) string {
	anyPort := shape.want.ports - distinct(shape.fixed, shape.ranges())
	words := make([]string, 0, len(shape.fixed)+len(shape.ranges()))
	for _, port := range shape.fixed {
		words = append(words, strconv.FormatUint(uint64(port), 10))
	}
	for _, s := range shape.ranges() {
		words = append(words, strconv.FormatUint(uint64(s.begin), 10)+"-"+strconv.FormatUint(uint64(s.end), 10))
	}
	if len(words) == 0 {
		return "any " + strconv.Itoa(anyPort)
	}
	text := strings.Join(words[:min(len(words), maxNamedPorts)], ", ")
	if more := len(words) - maxNamedPorts; more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	if anyPort > 0 {
		text += " and any " + strconv.Itoa(anyPort)
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
