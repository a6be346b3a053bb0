package operator

import (
	"context"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
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

// WatchWithContext implements cache.ListerWatcherWithContext. A watch that is to begin with what there is, and that the API server cannot have now, is tried
// until it can, with the pauses of a reflector: where that pauses by itself it does not hear that it is to end, for up to a minute (client-go v0.37,
// Reflector.watchList).
func (d drained) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	var begun watch.Interface
	var failed error
	pauses := wait.Backoff{Duration: 800 * time.Millisecond, Cap: 30 * time.Second, Steps: 10, Factor: 2, Jitter: 1}.DelayFunc()
	if err := pauses.Until(ctx, true, true, func(ctx context.Context) (done bool, err error) {
		begun, failed = d.ListerWatcherWithContext.WatchWithContext(ctx, options)
		return options.SendInitialEvents == nil || !utilnet.IsConnectionRefused(failed) && !apierrors.IsTooManyRequests(failed), nil
	}); err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
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
