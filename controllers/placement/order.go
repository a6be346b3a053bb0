package placement

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// inTurn returns the indexes of the tasks in the order in which they may choose: who waited longest comes first, and the key
// decides between those who came at once.
func inTurn(tasks []Task) []int {
	return sortedIndexes(len(tasks), func(a, b int) int {
		return cmp.Or(tasks[a].Since.Compare(tasks[b].Since), strings.Compare(tasks[a].Key, tasks[b].Key))
	})
}

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
