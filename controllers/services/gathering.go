package services

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// together is how long endpoints that are added wait for others, so that many tasks that become ready at once are few writes. What is taken away never waits.
const together = 500 * time.Millisecond

// gathering is since when additions to the slices of sets wait. Its zero value is empty.
type gathering struct {
	mu    sync.Mutex
	since map[types.NamespacedName]time.Time
}

// wait is how long additions that there are now wait still; zero if they are to be written.
func (g *gathering) wait(key types.NamespacedName, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	since, waits := g.since[key]
	if !waits {
		if g.since == nil {
			g.since = map[types.NamespacedName]time.Time{}
		}
		g.since[key], since = now, now
	}
	return max(since.Add(together).Sub(now), 0)
}

// end says that nothing waits any more.
func (g *gathering) end(key types.NamespacedName) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.since, key)
}
