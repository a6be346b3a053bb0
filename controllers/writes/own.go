package writes

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Own keeps, for each owner, what this process wrote last of the objects that it owns, until the cache shows it: an owner decides on nothing older than
// its own last writes. Its zero value is empty.
type Own struct {
	mu      sync.Mutex
	byOwner map[types.NamespacedName]map[types.UID]ownWrite
}

// ownWrite is a write that the cache is to show.
type ownWrite struct {
	object  client.Object
	deleted bool
	at      time.Time
}

// Wrote remembers what a creation or a patch of an owner's object returned.
func (o *Own) Wrote(owner types.NamespacedName, object client.Object, at time.Time) {
	o.keep(owner, ownWrite{object: copyOf(object), at: at})
}

// Deleted remembers that an owner's object was deleted.
func (o *Own) Deleted(owner types.NamespacedName, object client.Object, at time.Time) {
	o.keep(owner, ownWrite{object: copyOf(object), deleted: true, at: at})
}

func (o *Own) keep(owner types.NamespacedName, write ownWrite) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.byOwner == nil {
		o.byOwner = map[types.NamespacedName]map[types.UID]ownWrite{}
	}
	if o.byOwner[owner] == nil {
		o.byOwner[owner] = map[types.UID]ownWrite{}
	}
	o.byOwner[owner][write.object.GetUID()] = write
}

// Missing returns the objects of an owner whose last write the cache does not show, where cached are all that it has. Doubtful are those for which
// the cache has had its time: they are to be read live, and then Forget them or wait on.
func (o *Own) Missing(owner types.NamespacedName, cached []client.Object, now time.Time) (missing, doubtful []client.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.byOwner[owner]) == 0 {
		return nil, nil
	}
	shown := make(map[types.UID]client.Object, len(cached))
	for _, object := range cached {
		shown[object.GetUID()] = object
	}
	for uid, write := range o.byOwner[owner] {
		switch {
		case write.isShown(shown[uid]):
			delete(o.byOwner[owner], uid)
		case now.Before(write.at.Add(cacheWithin)):
			missing = append(missing, write.object)
		default:
			missing, doubtful = append(missing, write.object), append(doubtful, write.object)
		}
	}
	return missing, doubtful
}

// isShown says whether the cache has the object as it was written, or later.
func (w *ownWrite) isShown(cached client.Object) bool {
	switch {
	case w.deleted:
		return cached == nil || !cached.GetDeletionTimestamp().IsZero()
	case cached == nil:
		return false
	default:
		order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), w.object.GetResourceVersion())
		return err != nil || order >= 0
	}
}

// Forget forgets the last write of an object: a live read showed something later, or that it is gone.
func (o *Own) Forget(owner types.NamespacedName, uid types.UID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byOwner[owner], uid)
}

// Drop forgets all of an owner that is gone.
func (o *Own) Drop(owner types.NamespacedName) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.byOwner, owner)
}
