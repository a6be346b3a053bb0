package connections

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// TaskSource is what brings keys of MesosTasks back to their controller.
func (c *Connections) TaskSource() source.Source { return source.Func(c.tasks.start) }

// FrameworkSource is what brings keys of MesosFrameworks back to theirs.
func (c *Connections) FrameworkSource() source.Source { return source.Func(c.frameworks.start) }

// EnqueueTask brings a MesosTask back.
func (c *Connections) EnqueueTask(key types.NamespacedName) { c.tasks.add(key) }

// EnqueueFramework brings a MesosFramework back.
func (c *Connections) EnqueueFramework(name string) {
	c.frameworks.add(types.NamespacedName{Name: name})
}

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
