package mesostask

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
)

// firstRefusal and lastRefusal bound how long nothing is launched for a task after the API server has refused to take what launching it needs.
const firstRefusal, lastRefusal = 5 * time.Second, 5 * time.Minute

// refusals remembers for which objects the API server refused a write for a reason that will not pass by itself at once: an admission policy
// of the cluster's, say.
type refusals struct {
	mu      sync.Mutex
	limiter workqueue.TypedRateLimiter[types.NamespacedName]
	byKey   map[types.NamespacedName]refusal
}

type refusal struct {
	message string
	until   time.Time
}

// add remembers a refusal: until some time from now, longer with each, nothing is launched. What is refused meanwhile, as the status that says
// so, does not make it longer.
func (r *refusals) add(key types.NamespacedName, message string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[types.NamespacedName]refusal{}
		r.limiter = workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](firstRefusal, lastRefusal)
	}
	if now.Before(r.byKey[key].until) {
		return
	}
	r.byKey[key] = refusal{message: "The API server refused what the operator wrote: " + message, until: now.Add(r.limiter.When(key))}
}

// current is the refusal that holds now, and until when; empty if there is none.
func (r *refusals) current(key types.NamespacedName, now time.Time) (message string, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.byKey[key]; ok && now.Before(known.until) {
		return known.message, known.until
	}
	return "", time.Time{}
}

// drop forgets the refusals of an object that is gone, or whose write was taken.
func (r *refusals) drop(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.byKey[key]; ok {
		delete(r.byKey, key)
		r.limiter.Forget(key)
	}
}
