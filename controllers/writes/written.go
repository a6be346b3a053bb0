package writes

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Written keeps what this process wrote last, until the cache shows it: a worker decides on nothing older than its own last write. Its zero
// value is empty.
type Written[T client.Object] struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]record[T]
}

type record[T client.Object] struct {
	// object is the latest that a write or a live read returned; lags says that the cache does not have it yet.
	object T
	lags   bool
	uid    types.UID
	at     time.Time
	// unanswered says that a write was sent after that, and that its answer did not come.
	unanswered bool
}

// Keep remembers an object that a write or a live read returned.
func (w *Written[T]) Keep(object T, at time.Time) {
	w.note(object, at, false)
}

// Doubt notes that a write of an object was not answered (Unanswered): it may have taken effect, so that the object has to be read live.
func (w *Written[T]) Doubt(object T, at time.Time) {
	w.note(object, at, true)
}

func (w *Written[T]) note(object T, at time.Time, unanswered bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byKey == nil {
		w.byKey = map[types.NamespacedName]record[T]{}
	}
	w.byKey[client.ObjectKeyFromObject(object)] = record[T]{object: copyOf(object), lags: true, uid: object.GetUID(), at: at, unanswered: unanswered}
}

// cacheWithin is how long after a write the cache may take to show it. After that the API server is asked: it may have been restored to an
// earlier state, which the cache then shows and this process would not believe.
const cacheWithin = 10 * time.Second

// Latest returns the later of the cached object and what was kept, and when this process last wrote or read it live. Doubtful is when what it
// returns must be read live instead, as the cache has not caught up by then or a write was not answered; zero for never.
func (w *Written[T]) Latest(cached T) (object T, at, doubtful time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := client.ObjectKeyFromObject(cached)
	kept, ok := w.byKey[key]
	if ok && kept.unanswered && kept.uid == cached.GetUID() {
		return cached, kept.at, kept.at
	}
	if ok && kept.lags {
		// Also where the cache has another object of the name: it may be the earlier one, which is gone.
		if order, err := resourceversion.CompareResourceVersion(cached.GetResourceVersion(), kept.object.GetResourceVersion()); err == nil && order < 0 {
			return copyOf(kept.object), kept.at, kept.at.Add(cacheWithin)
		}
	}
	if !ok || kept.uid != cached.GetUID() {
		return cached, time.Time{}, time.Time{}
	}
	if !kept.lags {
		return cached, kept.at, time.Time{}
	}
	w.byKey[key] = record[T]{uid: kept.uid, at: kept.at}
	return cached, kept.at, time.Time{}
}

// Drop forgets an object that is gone.
func (w *Written[T]) Drop(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.byKey, key)
}

// copyOf is a deep copy of an object.
func copyOf[T client.Object](object T) T {
	same, _ := object.DeepCopyObject().(T)
	return same
}
