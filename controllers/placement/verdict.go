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
	// awaited is an offer with room that was declined and must come back first.
	awaited
	// contested is an offer with room that tasks ahead of this one took, or that is beyond what the round may assign.
	contested
	outcomes
)

// verdict is what is said of every unplaced task of one shape.
type verdict struct {
	mustWait bool
	kind     Kind
	message  string
}

// Kind says why tasks wait, without any count: sentences of one kind tell a person the same.
type Kind string

// kindOf names what the offers of a role come to where none of them has room.
func kindOf(role string, offers int, count [outcomes]int) Kind {
	if offers == 0 {
		return Kind("no offers for role " + role)
	}
	var names []string
	for o, name := range [...]string{
		maintained: "maintenance", forGPUTasks: "gpu agents", lacksCPUs: "cpus", lacksMemory: "memory", lacksDisk: "disk", lacksGPUs: "gpus", lacksPorts: "ports",
	} {
		if count[o] > 0 {
			names = append(names, name)
		}
	}
	return Kind(strings.Join(names, ","))
}

// verdict returns what is said of the tasks of a shape that were not placed.
func (p *pool) verdict(shape *shape) verdict {
	if shape.verdict == nil {
		count := p.counted.count(shape)
		shape.verdict = &verdict{
			mustWait: count[awaited]+count[contested] == 0,
			message:  sentence(p.role, p.counted.total(), count, shape),
		}
		if shape.verdict.mustWait {
			shape.verdict.kind = kindOf(p.role, p.counted.total(), count)
			p.missed = p.missed || p.counted.misses(shape)
		}
	}
	return *shape.verdict
}

// sentence says how many offers came to what, the commonest first: "3 offers: 2 lack memory (want 64Mi), 1 lacks cpus (want 4)".
func sentence(role string, offers int, count [outcomes]int, shape *shape) string {
	if offers == 0 {
		return "no offers for role " + role
	}
	var all [outcomes]outcome
	order := all[:0]
	for o := range outcomes {
		if count[o] > 0 {
			order = append(order, o)
		}
	}
	slices.SortStableFunc(order, func(a, b outcome) int { return cmp.Compare(count[b], count[a]) })
	parts := make([]string, len(order))
	for i, o := range order {
		parts[i] = strconv.Itoa(count[o]) + " " + o.clause(count[o], shape)
	}
	return strconv.Itoa(offers) + plural(offers, " offer: ", " offers: ") + strings.Join(parts, ", ")
}

// clause says what became of n offers.
func (o outcome) clause(n int, shape *shape) string {
	want := shape.want.Scalars
	lack := plural(n, "lacks ", "lack ")
	switch o {
	case maintained:
		return plural(n, "is on an agent", "are on agents") + " due for maintenance"
	case forGPUTasks:
		return plural(n, "is", "are") + " for GPU tasks"
	case lacksCPUs:
		return lack + "cpus (want " + want.CPUs.Decimal() + ")"
	case lacksMemory:
		return lack + "memory (want " + want.Memory.Mebibytes() + ")"
	case lacksDisk:
		return lack + "disk (want " + want.Disk.Mebibytes() + ")"
	case lacksGPUs:
		return lack + "gpus (want " + want.GPUs.Decimal() + ")"
	case lacksPorts:
		return lack + "ports (want " + portWant(shape) + ")"
	case awaited:
		return plural(n, "fits but is", "fit but are") + " not on offer at the moment"
	default:
		return plural(n, "fits", "fit") + " but other tasks come first"
	}
}

// maxNamedPorts bounds how many fixed ports a message names.
const maxNamedPorts = 3

// portWant says which ports a shape wants: "31000, 31001 and any 2".
func portWant(shape *shape) string {
	anyPort := shape.want.ports - len(shape.fixed)
	if len(shape.fixed) == 0 {
		return "any " + strconv.Itoa(anyPort)
	}
	named := shape.fixed[:min(len(shape.fixed), maxNamedPorts)]
	words := make([]string, 0, len(named))
	for _, port := range named {
		words = append(words, strconv.FormatUint(uint64(port), 10))
	}
	text := strings.Join(words, ", ")
	if more := len(shape.fixed) - len(named); more > 0 {
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
