package controllers

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// feed puts keys into a controller's workqueue from outside, and never blocks: before the queue exists it keeps them in a set.
type feed struct {
	mu      sync.Mutex
	queue   workqueue.TypedRateLimitingInterface[reconcile.Request]
	waiting sets.Set[types.NamespacedName]
}

// start is a source.Func: the controller calls it once with its queue.
func (f *feed) start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = queue
	for key := range f.waiting {
		queue.Add(reconcile.Request{NamespacedName: key})
	}
	f.waiting = nil
	return nil
}

// add enqueues a key.
func (f *feed) add(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queue != nil {
		f.queue.Add(reconcile.Request{NamespacedName: key})
		return
	}
	if f.waiting == nil {
		f.waiting = sets.New[types.NamespacedName]()
	}
	f.waiting.Insert(key)
}
