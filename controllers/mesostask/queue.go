package mesostask

import (
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// taskQueue is the workqueue of MesosTasks.
type taskQueue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// newQueue makes the reconciler's workqueue.
func (r *Reconciler) newQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) taskQueue {
	r.queue = newTaskQueue(name, limiter)
	return r.queue
}

// newTaskQueue makes the workqueue of MesosTasks, in which namespaces take turns: 50,000 keys of one hold up no other.
func newTaskQueue(name string, limiter workqueue.TypedRateLimiter[reconcile.Request]) taskQueue {
	queue := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{Name: name, Queue: &turns{}})
	delaying := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[reconcile.Request]{Name: name, Queue: queue})
	return workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{
		Name: name, DelayingQueue: delaying,
	})
}

// turns store the keys of a workqueue: first in, first out within a namespace, and one of each namespace in turn.
type turns struct {
	waiting map[string]workqueue.Queue[reconcile.Request]
	// next are the namespaces with keys, in the order of their turns.
	next workqueue.Queue[string]
	keys int
}

// Touch implements workqueue.Queue: a key that waits keeps its place.
func (t *turns) Touch(reconcile.Request) {}

// Push implements workqueue.Queue.
func (t *turns) Push(key reconcile.Request) {
	if t.waiting == nil {
		t.waiting, t.next = map[string]workqueue.Queue[reconcile.Request]{}, workqueue.DefaultQueue[string]()
	}
	if t.waiting[key.Namespace] == nil {
		t.waiting[key.Namespace] = workqueue.DefaultQueue[reconcile.Request]()
		t.next.Push(key.Namespace)
	}
	t.waiting[key.Namespace].Push(key)
	t.keys++
}

// Len implements workqueue.Queue.
func (t *turns) Len() int { return t.keys }

// Pop implements workqueue.Queue.
func (t *turns) Pop() reconcile.Request {
	namespace := t.next.Pop()
	keys := t.waiting[namespace]
	key := keys.Pop()
	if keys.Len() > 0 {
		t.next.Push(namespace)
	} else {
		delete(t.waiting, namespace)
	}
	t.keys--
	return key
}
