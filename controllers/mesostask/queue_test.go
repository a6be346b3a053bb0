package mesostask

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func requestFor(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}

// TestTaskQueue_fairTurns: the keys of a namespace with 50,000 of them hold up those of others by no more than their turns.
func TestTaskQueue_fairTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		queue := newTaskQueue("", workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		defer queue.ShutDown()
		for i := range 50_000 {
			queue.Add(requestFor("many", strconv.Itoa(i)))
		}
		queue.Add(requestFor("few", "a"))
		queue.Add(requestFor("few", "b"))
		queue.Add(requestFor("many", "0")) // It waits already, and keeps its place.
		if n := queue.Len(); n != 50_002 {
			t.Errorf("%d keys wait", n)
		}
		queue.AddAfter(requestFor("late", "a"), time.Minute)
		var got []string
		take := func() {
			key, _ := queue.Get()
			got = append(got, key.String())
			queue.Done(key)
		}
		for range 5 {
			take()
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		for range 2 {
			take()
		}
		want := []string{"many/0", "few/a", "many/1", "few/b", "many/2", "many/3", "late/a"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("in turn (-want +got):\n%s", diff)
		}
		for queue.Len() > 0 {
			take()
		}
		if n := len(got); n != 50_003 {
			t.Errorf("%d keys came out", n)
		}
	})
}
