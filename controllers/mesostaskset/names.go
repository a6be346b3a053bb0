package mesostaskset

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
)

// names keeps the names of ControllerRevisions that are somebody else's and that sets would have given to their own. Its zero value is empty.
type names struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]sets.Set[string]
}

func (n *names) take(key types.NamespacedName, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byKey == nil {
		n.byKey = map[types.NamespacedName]sets.Set[string]{}
	}
	n.byKey[key] = sets.New(name).Union(n.byKey[key])
}

func (n *names) of(key types.NamespacedName) sets.Set[string] {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.byKey[key]
}

func (n *names) drop(key types.NamespacedName) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.byKey, key)
}
