package mesoscrontask

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/schedule"
)

// firstRetry and lastRetry bound how soon a run is tried again whose MesosTask could not be created.
const firstRetry, lastRetry = time.Second, time.Minute

// refusals keeps why the last run of each cron task was not created. Its zero value is empty.
type refusals struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]refusal
}

type refusal struct {
	schedule.Refusal
	times int
}

// note remembers a refusal, and returns it: with each of one run, it is longer until the next try.
func (r *refusals) note(key types.NamespacedName, run, reason, message string, now time.Time) *schedule.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[types.NamespacedName]refusal{}
	}
	times := 0
	if known := r.byKey[key]; known.Name == run {
		times = known.times + 1
	}
	until := now.Add(min(firstRetry<<min(times, 10), lastRetry))
	r.byKey[key] = refusal{Refusal: schedule.Refusal{Name: run, Reason: reason, Message: message, Until: until}, times: times}
	last := r.byKey[key].Refusal
	return &last
}

// of returns the last refusal of a cron task's run; nil for none.
func (r *refusals) of(key types.NamespacedName) *schedule.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.byKey[key]
	if !ok {
		return nil
	}
	return &known.Refusal
}

// drop forgets the refusals of a cron task whose run was created, or that is gone.
func (r *refusals) drop(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey, key)
}
