package history

import (
	"fmt"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// large is a history of so many lives of as many tasks, with ten passes between them.
func large(tb testing.TB, tasks int) []Entry {
	tb.Helper()
	s := &story{TB: tb, h: New(), now: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), objects: map[string]client.Object{}}
	for _, one := range prologue {
		one(s)
	}
	ids := make([]string, tasks)
	for i := range tasks {
		name := fmt.Sprintf("t%d", i)
		ids[i] = "ns." + name + ".2aaaaaaaa.aaaaaaaaaa"
		user(task(name, nil))(s)
		runs(ids[i])(s)
		if i%2 == 0 {
			dies(ids[i])(s)
			runs("ns." + name + ".2aaaaaaaa.bbbbbbbbbb")(s)
			ids[i] = "ns." + name + ".2aaaaaaaa.bbbbbbbbbb"
		}
	}
	for range 10 {
		pass(15 * time.Minute)(s)
		steps(ask(agent, ids...), ask("", "mark-1"), ask(""), ask("nowhere", "mark-2"))(s)
		for _, id := range ids {
			told(id, mesos.TASK_RUNNING, "")(s)
		}
	}
	return s.h.Entries()
}

// checkWithin is far more than it takes, and far less than it would if any check looked at everything for everything.
const checkWithin = 20 * time.Second

// TestChecks_ofALargeHistory: a hundred thousand entries are checked in no time, and what is as it should be breaks nothing.
func TestChecks_ofALargeHistory(t *testing.T) {
	entries := large(t, 4500)
	if len(entries) < 100_000 {
		t.Fatalf("%d entries", len(entries))
	}
	began := time.Now()
	for _, complaint := range judge(NewView(entries), Checks, nil) {
		t.Error(complaint)
	}
	if took := time.Since(began); took > checkWithin {
		t.Errorf("checking %d entries took %s", len(entries), took)
	}
}

func BenchmarkChecks(b *testing.B) {
	entries := large(b, 4500)
	b.Run("view", func(b *testing.B) {
		for b.Loop() {
			NewView(entries)
		}
	})
	view := NewView(entries)
	for _, check := range Checks {
		b.Run(check.Name, func(b *testing.B) {
			for b.Loop() {
				check.Find(view)
			}
		})
	}
}
