package references

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// readsAtOnce is how many reads are in flight at once.
	readsAtOnce = 16
	// answerWithin is how long the API server has to answer one.
	answerWithin = 10 * time.Second
)

// References reads the Secrets and ConfigMaps that MesosTasks name, and keeps them as long as a launch needs them.
type References struct {
	live    client.Reader
	clock   clock.PassiveClock
	enqueue func(types.NamespacedName)
	slots   chan struct{}

	mu sync.Mutex
	// tasks are the MesosTasks that need something, with what was read for each.
	tasks map[types.NamespacedName]needs
	// reads are the sources that somebody waits for.
	reads map[object]*read
}

// needs is what was read for one MesosTask, by source; nil for what has not been.
type needs map[lifecycle.Source]*content

// content is what a read said, and when it did.
type content struct {
	lifecycle.Content
	at time.Time
}

// object is a source and its namespace.
type object struct {
	namespace string
	lifecycle.Source
}

// read is the reading of one source.
type read struct {
	// served wait for the read that is in flight, next for the one after it, as that in flight may have been answered before they asked.
	served, next sets.Set[types.NamespacedName]
	running      bool
}

// New returns References that read from the API server by live, and bring the keys of MesosTasks back by enqueue.
func New(live client.Reader, clock clock.PassiveClock, enqueue func(types.NamespacedName)) *References {
	return &References{
		live: live, clock: clock, enqueue: enqueue, slots: make(chan struct{}, readsAtOnce),
		tasks: map[types.NamespacedName]needs{}, reads: map[object]*read{},
	}
}

// Found returns what was read for a MesosTask, and whether that is all of its sources.
func (r *References) Found(key types.NamespacedName, sources []lifecycle.Source) (found map[lifecycle.Source]lifecycle.Content, all bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found = make(map[lifecycle.Source]lifecycle.Content, len(sources))
	for _, source := range sources {
		known := r.tasks[key][source]
		if known == nil {
			return nil, false
		}
		found[source] = known.Content
	}
	return found, true
}

// Want has each of a MesosTask's sources read that has not been, or was so long ago, and drops what is not among them. Once a read is over the
// MesosTask is brought back. It returns when the next is due; zero while one is under way.
func (r *References) Want(ctx context.Context, key types.NamespacedName, sources []lifecycle.Source, again time.Duration) (due time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, now := r.tasks[key], r.clock.Now()
	wanted := make(needs, len(sources))
	r.tasks[key] = wanted
	for _, source := range sources {
		known := before[source]
		wanted[source] = known
		if known == nil || !now.Before(known.at.Add(again)) {
			r.ask(ctx, key, source)
			continue
		}
		if next := known.at.Add(again); due.IsZero() || next.Before(due) {
			due = next
		}
	}
	return due
}

// Forget drops what was read for a MesosTask.
func (r *References) Forget(key types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for source := range r.tasks[key] {
		// Should it be wanted again, a read that is in flight would say what was before.
		if one := r.reads[object{namespace: key.Namespace, Source: source}]; one != nil {
			one.served.Delete(key)
			one.next.Delete(key)
		}
	}
	delete(r.tasks, key)
}

// ask has a source read for a MesosTask, if it does not wait for that already; the caller holds the lock.
func (r *References) ask(ctx context.Context, key types.NamespacedName, source lifecycle.Source) {
	what := object{namespace: key.Namespace, Source: source}
	one := r.reads[what]
	if one == nil {
		one = &read{served: sets.New[types.NamespacedName](), next: sets.New[types.NamespacedName]()}
		r.reads[what] = one
	}
	if one.served.Has(key) {
		return
	}
	one.next.Insert(key)
	if !one.running {
		one.running = true
		// What the worker does next has nothing to do with how long this takes.
		ctx = logr.NewContext(context.WithoutCancel(ctx), logr.Discard())
		go r.serve(ctx, what, one)
	}
}

// serve reads a source until nobody waits for it.
func (r *References) serve(ctx context.Context, what object, one *read) {
	for r.begin(what, one) {
		r.slots <- struct{}{}
		said := r.get(ctx, what)
		<-r.slots
		for _, key := range r.end(what, one, said) {
			r.enqueue(key)
		}
	}
}

// begin takes those who wait for the next read, and says whether there are any.
func (r *References) begin(what object, one *read) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.served, one.next = one.next, sets.New[types.NamespacedName]()
	if one.served.Len() == 0 {
		delete(r.reads, what)
		return false
	}
	return true
}

// end gives what a read said to those who waited for it and still need it, and returns them.
func (r *References) end(what object, one *read, said lifecycle.Content) []types.NamespacedName {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, told := r.clock.Now(), make([]types.NamespacedName, 0, one.served.Len())
	for key := range one.served {
		known, needed := r.tasks[key][what.Source]
		if !needed {
			continue
		}
		if said.Lack == lifecycle.LackUnread && known != nil {
			// The API server may be away for a moment: what it said before stands, and is asked for again in its time.
			r.tasks[key][what.Source] = &content{Content: known.Content, at: now}
		} else {
			r.tasks[key][what.Source] = &content{Content: said, at: now}
		}
		told = append(told, key)
	}
	one.served = sets.New[types.NamespacedName]()
	return slices.Clip(told)
}

// get reads a source. At the highest log levels client-go logs the bodies of answers, with the logger of the context: that is one that says nothing.
func (r *References) get(ctx context.Context, what object) lifecycle.Content {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	name := client.ObjectKey{Namespace: what.namespace, Name: what.Name}
	said := lifecycle.Content{Data: map[string]mesos.Hidden{}}
	var err error
	switch what.Kind {
	case lifecycle.KindSecret:
		secret := &corev1.Secret{}
		err = r.live.Get(ctx, name, secret)
		for key, value := range secret.Data {
			said.Data[key] = mesos.Hidden(value)
		}
	default:
		config := &corev1.ConfigMap{}
		err = r.live.Get(ctx, name, config)
		for key, value := range config.Data {
			said.Data[key] = mesos.Hidden(value)
		}
	}
	switch {
	case err == nil:
		return said
	case apierrors.IsNotFound(err):
		return lifecycle.Content{Lack: lifecycle.LackMissing}
	case apierrors.IsForbidden(err):
		return lifecycle.Content{Lack: lifecycle.LackForbidden}
	default:
		return lifecycle.Content{Lack: lifecycle.LackUnread, Detail: err.Error()}
	}
}
