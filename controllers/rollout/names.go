package rollout

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/sets"
)

// names gives out names that no MesosTask has, of which the lowest indices first: they are decided, not drawn, so that a crash creates nothing twice.
type names struct {
	set   string
	taken sets.Set[string]
	next  map[string]int
}

func (n *names) free(revision string) string {
	for {
		name := fmt.Sprintf("%s-%s-%d", n.set, revision, n.next[revision])
		n.next[revision]++
		if !n.taken.Has(name) {
			return name
		}
	}
}
