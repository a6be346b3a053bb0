package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// written keeps what this process wrote last, until the cache shows it: a worker decides on nothing older than its own last write.
type written struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]record
}

type record struct {
	// object is the latest that a write or a live read returned; nil once the cache has it.
	object *v1alpha1.MesosTask
	uid    types.UID
	at     time.Time
}

// keep remembers an object that a write or a live read returned.
func (w *written) keep(object *v1alpha1.MesosTask, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byKey == nil {
		w.byKey = map[types.NamespacedName]record{}
	}
	w.byKey[keyFor(object)] = record{object: object.DeepCopy(), uid: object.UID, at: at}
}

// cacheWithin is how long after a write the cache may take to show it. After that the API server is asked: it may have been restored to an
// earlier state, which the cache then shows and this process would not believe.
const cacheWithin = 10 * time.Second

// latest returns the later of the cached object and what was kept, and when this process last wrote or read it live. Doubtful is when what it
// returns must be read live instead, as the cache has not caught up by then; zero for never.
func (w *written) latest(cached *v1alpha1.MesosTask) (object *v1alpha1.MesosTask, at, doubtful time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := keyFor(cached)
	kept, ok := w.byKey[key]
	if !ok || kept.uid != cached.UID {
		return cached, time.Time{}, time.Time{}
	}
	if kept.object == nil {
		return cached, kept.at, time.Time{}
	}
	if order, err := resourceversion.CompareResourceVersion(cached.ResourceVersion, kept.object.ResourceVersion); err == nil && order < 0 {
		return kept.object.DeepCopy(), kept.at, kept.at.Add(cacheWithin)
	}
	w.byKey[key] = record{uid: kept.uid, at: kept.at}
	return cached, kept.at, time.Time{}
}

// drop forgets an object that is gone.
func (w *written) drop(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.byKey, key)
}

func keyFor(object *v1alpha1.MesosTask) types.NamespacedName {
	return types.NamespacedName{Namespace: object.Namespace, Name: object.Name}
}
