package mesosframework

import (
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// retries brings back a framework that could not be worked on to the end: with a growing backoff, but no later than its pass is due. Whoever waits for an API
// server that is away for long is not to leave Mesos unasked for as long again.
type retries struct {
	workqueue.TypedRateLimiter[reconcile.Request]
	reconciler *Reconciler
}

// When implements workqueue.TypedRateLimiter.
func (l *retries) When(request reconcile.Request) time.Duration {
	delay := l.TypedRateLimiter.When(request)
	// What is overdue was not come to this time, and would not be the next.
	if left := l.reconciler.passDue(request.Name).Sub(l.reconciler.Clock.Now()); left > 0 {
		delay = min(delay, left)
	}
	return delay
}

// passDue is when a framework's pass is to be looked at again; zero while that is not known. Only its worker may ask.
func (r *Reconciler) passDue(name string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.byName[name]; known != nil {
		return known.passes.due
	}
	return time.Time{}
}
