package mesostaskset

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/rollout"
)

// changes keeps what this process changed last in each MesosTask of a set, and what the API server made of that. What is to be changed again though
// nobody has changed it since does not stay, as where an admission webhook has its own mind: to try on would restart the task again and again. Its zero
// value is empty.
type changes struct {
	mu    sync.Mutex
	bySet map[types.NamespacedName]*changesOf
}

// changesOf are those of one set of one generation, by the UIDs of the MesosTasks.
type changesOf struct {
	uid        types.UID
	generation int64
	byTask     map[types.UID]*changed
}

// changed is one change: its fields, and the MesosTask's metadata as it was returned.
type changed struct {
	fields              []string
	generation          int64
	labels, annotations map[string]string
	said                bool
}

// of are a set's; the caller holds the lock.
func (c *changes) of(set *v1alpha1.MesosTaskSet) *changesOf {
	if c.bySet == nil {
		c.bySet = map[types.NamespacedName]*changesOf{}
	}
	key := client.ObjectKeyFromObject(set)
	if known := c.bySet[key]; known != nil && known.uid == set.UID && known.generation == set.Generation {
		return known
	}
	c.bySet[key] = &changesOf{uid: set.UID, generation: set.Generation, byTask: map[types.UID]*changed{}}
	return c.bySet[key]
}

// made notes a change, and the MesosTask that the API server returned.
func (c *changes) made(set *v1alpha1.MesosTaskSet, change rollout.Change, returned *v1alpha1.MesosTask) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of(set).byTask[returned.UID] = &changed{
		fields: change.Fields(), generation: returned.Generation, labels: maps.Clone(returned.Labels), annotations: maps.Clone(returned.Annotations),
	}
}

// doesNotStay says whether a change was made before, by this process, and has to be made again though nobody touched the MesosTask since.
func (c *changes) doesNotStay(set *v1alpha1.MesosTaskSet, change rollout.Change) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.of(set).byTask[change.Task.UID]
	if last == nil || last.generation != change.Task.Generation {
		return false
	}
	for key, value := range change.Labels {
		if had, ok := last.labels[key]; ok != (value.Before != nil) || ok && had != value.Before {
			return false
		}
	}
	for key, value := range change.Annotations {
		if had, ok := last.annotations[key]; ok != (value.Before != nil) || ok && had != value.Before {
			return false
		}
	}
	return slices.ContainsFunc(change.Fields(), func(field string) bool { return slices.Contains(last.fields, field) })
}

// saySo says whether that a change does not stay is news.
func (c *changes) saySo(set *v1alpha1.MesosTaskSet, change rollout.Change) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.of(set).byTask[change.Task.UID]
	news := last != nil && !last.said
	if news {
		last.said = true
	}
	return news
}

// forget drops what is known of a set's MesosTasks that are gone.
func (c *changes) forget(set *v1alpha1.MesosTaskSet, there []*v1alpha1.MesosTask) {
	c.mu.Lock()
	defer c.mu.Unlock()
	byTask := c.of(set).byTask
	if len(byTask) <= len(there) {
		return
	}
	uids := make(map[types.UID]bool, len(there))
	for _, task := range there {
		uids[task.UID] = true
	}
	maps.DeleteFunc(byTask, func(uid types.UID, _ *changed) bool { return !uids[uid] })
}

// drop forgets a set that is gone.
func (c *changes) drop(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.bySet, key)
}
