package operator

import (
	"context"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
)

// TestDrained: a watch that is left while an event is on its way ends. Without that the bubble would not.
func TestDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := watch.NewFake()
		lists := &toolscache.ListWatch{
			ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return &corev1.SecretList{}, nil },
			WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
				return watch.Filter(source, func(event watch.Event) (watch.Event, bool) { return event, true }), nil
			},
		}
		begun, err := drained{lists}.Watch(metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		source.Add(&corev1.Secret{})
		synctest.Wait()
		begun.Stop()
		begun.Stop()
		if list, err := (drained{lists}).List(metav1.ListOptions{}); err != nil || list == nil {
			t.Errorf("it lists %v, %v", list, err)
		}
	})
}

// TestNewInformer_ends: one that cannot reach the API server ends at once when it is told to, however long it has tried; until then it goes on trying.
func TestNewInformer_ends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		lists := &toolscache.ListWatch{
			ListWithContextFunc: func(context.Context, metav1.ListOptions) (runtime.Object, error) { return nil, syscall.ECONNREFUSED },
			WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
				tries++
				return nil, syscall.ECONNREFUSED
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			newInformer(lists, &corev1.Secret{}, 0, nil).RunWithContext(ctx)
		}()
		time.Sleep(10 * time.Minute)
		told := time.Now()
		cancel()
		<-ended
		if took := time.Since(told); took > 0 || tries < 8 {
			t.Errorf("it ended after %s and %d tries", took, tries)
		}
	})
}
