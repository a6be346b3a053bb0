package mesostask

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// deletions are the objects that this process has seen being deleted, by name, and since when. Its zero value is empty.
type deletions struct {
	mu    sync.Mutex
	since map[types.NamespacedName]deletion
}

type deletion struct {
	uid types.UID
	at  time.Time
}

// seen says since when an object that is being deleted has been seen so.
func (d *deletions) seen(key types.NamespacedName, uid types.UID, now time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.since[key]; ok && known.uid == uid {
		return known.at
	}
	if d.since == nil {
		d.since = map[types.NamespacedName]deletion{}
	}
	d.since[key] = deletion{uid, now}
	return now
}

// drop forgets an object that is gone.
func (d *deletions) drop(key types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.since, key)
}
