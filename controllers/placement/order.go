package placement

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// inTurn returns the indexes of the tasks in the order of their turns. Namespaces take turns, so that many tasks of one hold up no other:
// first the task of each that waited longest, then the next of each, and so on. Among namespaces that one goes first whose last turn is
// longest ago.
func inTurn(tasks []Task, turns *Turns) []int {
	indexes := sortedIndexes(len(tasks), func(a, b int) int { return byAge(&tasks[a], &tasks[b]) })
	ranks, seen := make([]int, len(tasks)), map[string]int{}
	last := make([]uint64, len(tasks))
	for _, i := range indexes {
		namespace := tasks[i].Namespace
		ranks[i], last[i] = seen[namespace], turns.Last(namespace)
		seen[namespace]++
	}
	if len(seen) > 1 {
		slices.SortStableFunc(indexes, func(a, b int) int {
			return cmp.Or(cmp.Compare(ranks[a], ranks[b]), cmp.Compare(last[a], last[b]))
		})
	}
	return indexes
}

// byAge puts the task first that waits longest; the key decides within one instant.
func byAge(a, b *Task) int { return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Key, b.Key)) }

// asTheyCame returns the indexes of the offers in the order in which Mesos sent them; the ID decides within one event.
func asTheyCame(offers []mesos.Offer) []int {
	return sortedIndexes(len(offers), func(a, b int) int {
		m, n := offers[a].Number, offers[b].Number
		return cmp.Or(cmp.Compare(m.Term, n.Term), cmp.Compare(m.Event, n.Event), strings.Compare(offers[a].ID, offers[b].ID))
	})
}

func sortedIndexes(n int, compare func(a, b int) int) []int {
	indexes := make([]int, n)
	for i := range indexes {
		indexes[i] = i
	}
	slices.SortFunc(indexes, compare)
	return indexes
}
