package operator

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
)

// newInformer is an informer whose watches end when they are left: of those that controller-runtime makes, one that is left while an event is on its way
// waits for ever for somebody to take it (apimachinery v0.37, watch.Filter).
func newInformer(lists toolscache.ListerWatcher, object runtime.Object, resync time.Duration, indexers toolscache.Indexers) toolscache.SharedIndexInformer {
	return toolscache.NewSharedIndexInformer(drained{toolscache.ToListerWatcherWithContext(lists)}, object, resync, indexers)
}

// drained lists and watches as what it is made of does.
type drained struct {
	toolscache.ListerWatcherWithContext
}

// List implements cache.ListerWatcher, for who has no context.
func (d drained) List(options metav1.ListOptions) (runtime.Object, error) {
	return d.ListWithContext(context.Background(), options)
}

// Watch implements cache.ListerWatcher, for who has no context.
func (d drained) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return d.WatchWithContext(context.Background(), options)
}

// WatchWithContext implements cache.ListerWatcherWithContext.
func (d drained) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	begun, err := d.ListerWatcherWithContext.WatchWithContext(ctx, options)
	if err != nil {
		return nil, err
	}
	return &drainedWatch{Interface: begun}, nil
}

// drainedWatch takes what is still on its way when it is stopped.
type drainedWatch struct {
	watch.Interface
	once sync.Once
}

// Stop implements watch.Interface.
func (w *drainedWatch) Stop() {
	w.once.Do(func() {
		w.Interface.Stop()
		go func() {
			for range w.ResultChan() {
			}
		}()
	})
}
