package placement

import (
	"cmp"
	"maps"
	"slices"
)

// Turns remember when each namespace last had its turn. The zero value, as nil, remembers none.
type Turns struct {
	last   map[string]uint64
	latest uint64
	// round says how many tasks of each namespace were assigned in the round that goes on.
	round map[string]int
}

// Last is when a namespace last had its turn, as a number that grows; zero if it never had one.
func (t *Turns) Last(namespace string) uint64 {
	if t == nil {
		return 0
	}
	return t.last[namespace]
}

// Assigned says that a task of the namespace was assigned in this round.
func (t *Turns) Assigned(namespace string) { t.count(namespace, 1) }

// Tried says that a task of the namespace must wait whatever the others want: its namespace had its turn all the same.
func (t *Turns) Tried(namespace string) { t.count(namespace, 0) }

func (t *Turns) count(namespace string, assigned int) {
	if t.round == nil {
		t.round = map[string]int{}
	}
	t.round[namespace] += assigned
}

// EndRound makes the turns of the round count: who got more goes later next time, and who got the same stays in order.
func (t *Turns) EndRound() {
	namespaces := slices.SortedFunc(maps.Keys(t.round), func(a, b string) int {
		return cmp.Or(cmp.Compare(t.round[a], t.round[b]), cmp.Compare(t.last[a], t.last[b]), cmp.Compare(a, b))
	})
	if t.last == nil {
		t.last = map[string]uint64{}
	}
	for _, namespace := range namespaces {
		t.latest++
		t.last[namespace] = t.latest
	}
	clear(t.round)
}
