package mesoscrontask

import (
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/schedule"
)

// firstRetry and lastRetry bound how soon a run is tried again whose MesosTask could not be created.
const firstRetry, lastRetry = time.Second, time.Minute

// refusals keeps why runs of cron tasks were not created. Its zero value is empty.
type refusals struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]map[string]refusal
}

type refusal struct {
	schedule.Refusal
	times int
}

// note remembers the refusal of a run, and returns all that stand: with each of one run, it is longer until its next try.
func (r *refusals) note(key types.NamespacedName, run, reason, message string, now time.Time) []schedule.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byKey == nil {
		r.byKey = map[types.NamespacedName]map[string]refusal{}
	}
	runs := r.byKey[key]
	if runs == nil {
		runs = map[string]refusal{}
		r.byKey[key] = runs
	}
	// What has not been tried again long after it could have been is not due any more.
	maps.DeleteFunc(runs, func(name string, earlier refusal) bool {
		return name != run && now.After(earlier.Until.Add(2*lastRetry))
	})
	times := 0
	if known, again := runs[run]; again {
		times = known.times + 1
	}
	until := now.Add(min(firstRetry<<min(times, 10), lastRetry))
	runs[run] = refusal{Refusal: schedule.Refusal{Name: run, Reason: reason, Message: message, Until: until}, times: times}
	return standing(runs, now)
}

// standing are the refusals that hold back a try, in the order of the runs' names.
func standing(runs map[string]refusal, now time.Time) (all []schedule.Refusal) {
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		if now.Before(runs[name].Until) {
			all = append(all, runs[name].Refusal)
		}
	}
	return all
}

// of returns the refusals of a cron task's runs that hold back a try.
func (r *refusals) of(key types.NamespacedName, now time.Time) []schedule.Refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return standing(r.byKey[key], now)
}

// forget forgets the refusals of a run that was created.
func (r *refusals) forget(key types.NamespacedName, run string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey[key], run)
}

// drop forgets the refusals of a cron task that is gone.
func (r *refusals) drop(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey, key)
}
