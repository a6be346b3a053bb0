package references

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// server answers reads as an API server would, each after a second.
type server struct {
	client.Reader
	mu     sync.Mutex
	holds  map[string]string
	fails  error
	reads  map[string]int
	atOnce int
	most   int
}

func (s *server) Get(ctx context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	s.mu.Lock()
	name := fmt.Sprintf("%T %s", object, key)
	s.reads[name]++
	s.atOnce++
	s.most = max(s.most, s.atOnce)
	value, there := s.holds[name]
	fails := s.fails
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.atOnce--
		s.mu.Unlock()
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Second):
	}
	switch object := object.(type) {
	case *corev1.Secret:
		object.Data = map[string][]byte{"k": []byte(value)}
	case *corev1.ConfigMap:
		object.Data = map[string]string{"k": value}
	}
	switch {
	case fails != nil:
		return fails
	case !there:
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	default:
		return nil
	}
}

func (s *server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

const again = 30 * time.Second

var (
	secret = lifecycle.Source{Kind: lifecycle.KindSecret, Name: "s"}
	config = lifecycle.Source{Kind: lifecycle.KindConfigMap, Name: "c"}
	both   = []lifecycle.Source{secret, config}
)

// inBubble runs a test with a server that holds one Secret and one ConfigMap; back are the keys that were brought back.
func inBubble(t *testing.T, test func(t *testing.T, s *server, r *References, back map[types.NamespacedName]int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &server{reads: map[string]int{}, holds: map[string]string{"*v1.Secret shop/s": "one", "*v1.ConfigMap shop/c": "two"}}
		var mu sync.Mutex
		back := map[types.NamespacedName]int{}
		r := New(s, clock.RealClock{}, func(key types.NamespacedName) {
			mu.Lock()
			defer mu.Unlock()
			back[key]++
		})
		test(t, s, r, back)
		if len(r.reads) != 0 {
			t.Errorf("reads are left: %v", r.reads)
		}
	})
}

func task(i int) types.NamespacedName {
	return types.NamespacedName{Namespace: "shop", Name: fmt.Sprint("task-", i)}
}

func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestReferences(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, r *References, back map[types.NamespacedName]int) {
		t.Helper()
		if _, all := r.Found(task(1), both); all {
			t.Error("what nobody read is found")
		}
		if _, all := r.Found(task(1), nil); !all {
			t.Error("something is lacking of nothing")
		}
		if due := r.Want(t.Context(), task(1), both, again); !due.IsZero() {
			t.Errorf("something is due at %v though it is being read", due)
		}
		r.Want(t.Context(), task(1), both, again)
		pass(time.Second)
		found, all := r.Found(task(1), both)
		if !all || found[secret].Data["k"] != "one" || found[config].Data["k"] != "two" {
			t.Fatalf("found %v, all: %t", found, all)
		}
		if printed := fmt.Sprintf("%v %+v %#v", found, found, found); strings.Contains(printed, "one") {
			t.Errorf("a value is printed: %s", printed)
		}
		if back[task(1)] != 2 || s.reads["*v1.Secret shop/s"] != 1 {
			t.Errorf("brought back %v after reads %v", back, s.reads)
		}
		if due := r.Want(t.Context(), task(1), both, again); time.Until(due) != again {
			t.Errorf("the next read is due at %v", due)
		}
		r.Forget(task(1))
		if _, all := r.Found(task(1), both); all || len(r.tasks) != 0 {
			t.Error("what was forgotten is found")
		}
	})
}

// TestReferences_again: what is missing is read again in its time, and what changed is told.
func TestReferences_again(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, r *References, _ map[types.NamespacedName]int) {
		t.Helper()
		want := func(lack lifecycle.Lack, value string) {
			t.Helper()
			r.Want(t.Context(), task(1), both[:1], again)
			pass(time.Second)
			found, all := r.Found(task(1), both[:1])
			if !all || found[secret].Lack != lack || string(found[secret].Data["k"]) != value {
				t.Errorf("found %q with %q, want %q with %q", found[secret].Lack, string(found[secret].Data["k"]), lack, value)
			}
		}
		s.holds = nil
		want(lifecycle.LackMissing, "")
		s.set(func() { s.holds = map[string]string{"*v1.Secret shop/s": "now"} })
		want(lifecycle.LackMissing, "")
		pass(again)
		want("", "now")
		pass(again)
		s.set(func() { s.fails = errors.New("away") })
		want("", "now")
		pass(again)
		s.set(func() { s.fails = apierrors.NewForbidden(schema.GroupResource{}, "s", nil) })
		want(lifecycle.LackForbidden, "")
		r.Forget(task(1))
		s.set(func() { s.fails = errors.New("away") })
		want(lifecycle.LackUnread, "")
	})
}

// TestReferences_together: tasks share the reads of a source, but none is served by one that was in flight before it asked.
func TestReferences_together(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, r *References, _ map[types.NamespacedName]int) {
		t.Helper()
		const n = 100
		r.Want(t.Context(), task(0), both[:1], again)
		pass(500 * time.Millisecond)
		s.set(func() { s.holds["*v1.Secret shop/s"] = "newer" })
		for i := 1; i < n; i++ {
			r.Want(t.Context(), task(i), both[:1], again)
		}
		r.Forget(task(0))
		r.Want(t.Context(), task(0), both[:1], again)
		pass(5 * time.Second)
		for i := range n {
			if found, all := r.Found(task(i), both[:1]); !all || found[secret].Data["k"] != "newer" {
				t.Errorf("task %d found %q, all: %t", i, string(found[secret].Data["k"]), all)
			}
		}
		if s.reads["*v1.Secret shop/s"] != 2 || s.most != 1 {
			t.Errorf("%d reads, %d at once, want two in turn", s.reads["*v1.Secret shop/s"], s.most)
		}
	})
}

// TestReferences_slow: an API server that does not answer is asked for no more than so much at once, and no longer than it may take.
func TestReferences_slow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, r *References, back map[types.NamespacedName]int) {
		t.Helper()
		for i := range 3 * readsAtOnce {
			r.Want(t.Context(), task(i), []lifecycle.Source{{Kind: lifecycle.KindSecret, Name: strconv.Itoa(i)}}, again)
		}
		pass(time.Minute)
		if s.most != readsAtOnce || len(back) != 3*readsAtOnce {
			t.Errorf("%d reads at once, %d tasks brought back", s.most, len(back))
		}
	})
}
