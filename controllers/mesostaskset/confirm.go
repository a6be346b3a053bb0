package mesostaskset

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// confirmed keeps of which sets the cache has shown this process what they have, by a live read. Its zero value is empty.
type confirmed struct {
	mu    sync.Mutex
	byKey map[types.NamespacedName]types.UID
}

func (c *confirmed) has(set *v1alpha1.MesosTaskSet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byKey[client.ObjectKeyFromObject(set)] == set.UID
}

func (c *confirmed) add(set *v1alpha1.MesosTaskSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = map[types.NamespacedName]types.UID{}
	}
	c.byKey[client.ObjectKeyFromObject(set)] = set.UID
}

func (c *confirmed) drop(key types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byKey, key)
}

// confirm reads the set and its MesosTasks live before this process deletes any for the first time: the cache of one that has just begun may show what
// another has changed since, and of that one's writes it remembers none. It does so again until the cache has once shown what there is.
func (r *Reconciler) confirm(ctx context.Context, v *view) error {
	if err := r.confirmSet(ctx, v); err != nil {
		return err
	}
	live := &v1alpha1.MesosTaskList{}
	if err := r.Live.List(ctx, live, client.InNamespace(v.key.Namespace), client.MatchingLabels{v1alpha1.LabelSet: v.key.Name}); err != nil {
		return fmt.Errorf("listing the set's MesosTasks live: %w", err)
	}
	var tasks []*v1alpha1.MesosTask
	shown := make(map[types.UID]string, len(v.seen.Tasks))
	for _, task := range v.seen.Tasks {
		if task.Labels[v1alpha1.LabelSet] == v.key.Name {
			shown[task.UID] = task.ResourceVersion
		}
	}
	same, listed := true, sets.New[types.UID]()
	for i := range live.Items {
		listed.Insert(live.Items[i].UID)
		if set, _, ok := v1alpha1.SetOf(live.Items[i].Name); ok && set == v.key.Name {
			tasks = append(tasks, &live.Items[i])
			same = same && shown[live.Items[i].UID] == live.Items[i].ResourceVersion
		}
	}
	if same && len(shown) == len(tasks) {
		r.confirmed.add(v.object)
	}
	// Those without the label, as somebody took it away, the list does not have.
	for _, task := range v.seen.Tasks {
		if task.Labels[v1alpha1.LabelSet] != v.key.Name && !listed.Has(task.UID) {
			tasks = append(tasks, task)
		}
	}
	v.seen.Tasks = tasks
	return nil
}

// confirmSet reads the set live. One that is another than it was taken for is looked at again (errChanged).
func (r *Reconciler) confirmSet(ctx context.Context, v *view) error {
	set := &v1alpha1.MesosTaskSet{}
	if err := r.Live.Get(ctx, v.key, set); err != nil {
		return fmt.Errorf("reading the MesosTaskSet live: %w", err)
	}
	if set.UID != v.object.UID || set.Generation != v.object.Generation || !set.DeletionTimestamp.IsZero() {
		r.written.Keep(set, r.Clock.Now())
		return errChanged
	}
	return nil
}
