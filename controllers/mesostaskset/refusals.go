package mesostaskset

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// quietly is how often a write may be refused before the set says so: the first times what it rested on has mostly changed.
	quietly = 3
	// firstRetry and lastRetry bound how soon a refused write is tried again.
	firstRetry, lastRetry = time.Second, 5 * time.Minute
)

// refusals keeps which sets' writes the API server refuses. Its zero value is empty.
type refusals struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]refusal
}

type refusal struct {
	times   int
	message string
	until   time.Time
}

// note counts a refusal, and returns when to try again and whether the set should say so now.
func (r *refusals) note(key types.NamespacedName, err error, now time.Time) (wait time.Duration, say bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[types.NamespacedName]refusal{}
	}
	times := r.byKey[key].times + 1
	wait = min(firstRetry<<min(times-1, 20), lastRetry)
	r.byKey[key] = refusal{times: times, message: err.Error(), until: now.Add(wait)}
	return wait, times >= quietly
}

// of returns what the set should say, and until when it tries nothing; empty and zero where nothing was refused.
func (r *refusals) of(key types.NamespacedName) (message string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused := r.byKey[key]
	if refused.times >= quietly {
		message = refused.message
	}
	return message, refused.until
}

// drop forgets the refusals of a set whose writes are taken again.
func (r *refusals) drop(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey, key)
}
