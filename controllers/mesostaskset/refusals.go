package mesostaskset

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/controllers/rollout"
)

const (
	// quietly is how often a write may be refused before the set says so, after seven seconds: the first times what it rested on has mostly changed, or a
	// quota still counts what is gone.
	quietly = 4
	// firstRetry and lastRetry bound how soon a refused write is tried again.
	firstRetry, lastRetry = time.Second, 5 * time.Minute
)

// refusals keeps what the API server refuses of each set's writes, each write by its own: one that is refused holds up no other. A set's are forgotten
// when its spec changes. Its zero value is empty.
type refusals struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]*refusedOf
}

// refusedOf is what is refused of one set of one generation.
type refusedOf struct {
	generation int64
	// creation is of creations of MesosTasks, and most how many of the set's names there were; writes are of the rest, by what is written.
	creation refusal
	most     int
	writes   map[string]refusal
}

type refusal struct {
	times   int
	message string
	until   time.Time
}

// again counts one more.
func (r refusal) again(err error, now time.Time) refusal {
	r.times++
	r.message, r.until = err.Error(), now.Add(min(firstRetry<<min(r.times-1, 20), lastRetry))
	return r
}

func (r refusal) isSaid() bool { return r.times >= quietly }

// of returns what is refused of a set of a generation, and until when no more creations are tried than are known to be let.
func (r *refusals) of(key types.NamespacedName, generation int64, now time.Time) (refused rollout.Refused, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.byKey[key]
	if known == nil || known.generation != generation {
		if r.byKey == nil {
			r.byKey = map[types.NamespacedName]*refusedOf{}
		}
		r.byKey[key] = &refusedOf{generation: generation, writes: map[string]refusal{}}
		return rollout.Refused{}, time.Time{}
	}
	if known.creation.times > 0 {
		refused.Most, refused.Again = new(known.most), !now.Before(known.creation.until)
		if until = known.creation.until; refused.Again {
			until = time.Time{}
		}
	}
	if known.creation.isSaid() {
		refused.Creation = known.creation.message
	}
	first := ""
	refused.Tasks = sets.New[types.UID]()
	for what, write := range known.writes {
		refused.Tasks.Insert(types.UID(what))
		if write.isSaid() && (first == "" || what < first) {
			first, refused.Write = what, write.message
		}
	}
	return refused, until
}

// noteCreation counts a refusal of one MesosTask more than there are, and returns when the set is to be looked at again.
func (r *refusals) noteCreation(key types.NamespacedName, most int, err error, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.byKey[key]
	if most != known.most {
		// Some went, or were made, since.
		known.creation = refusal{}
	}
	known.creation, known.most = known.creation.again(err, now), most
	return known.creation.soon(now)
}

// soon is when to look again after a refusal: at once where the set is to say so, else when it is tried again.
func (r refusal) soon(now time.Time) time.Time {
	if r.times == quietly {
		return now
	}
	return r.until
}

// created notes that the API server took creations. Where there are more now than it let, it lets more; else how soon more are tried begins anew.
func (r *refusals) created(key types.NamespacedName, there int, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.byKey[key]
	if there > known.most {
		known.creation = refusal{}
	} else if known.creation.isSaid() {
		known.creation.times, known.creation.until = quietly, now.Add(firstRetry<<quietly)
	}
}

// note counts a refusal of a write, and returns when the set is to be looked at again.
func (r *refusals) note(key types.NamespacedName, what string, err error, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused := r.byKey[key].writes[what].again(err, now)
	r.byKey[key].writes[what] = refused
	return refused.soon(now)
}

// heldUntil is until when a write is not tried again; zero for now.
func (r *refusals) heldUntil(key types.NamespacedName, what string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byKey[key].writes[what].until
}

// taken forgets the refusals of a write that the API server took.
func (r *refusals) taken(key types.NamespacedName, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey[key].writes, what)
}

// keepOnly forgets the refusals of what there is nothing to be written of any more, and says whether the set spoke of one.
func (r *refusals) keepOnly(key types.NamespacedName, wanted sets.Set[string]) (said bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for what, write := range r.byKey[key].writes {
		if !wanted.Has(what) {
			said = said || write.isSaid()
			delete(r.byKey[key].writes, what)
		}
	}
	return said
}

// drop forgets the refusals of a set that is gone.
func (r *refusals) drop(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byKey, key)
}
