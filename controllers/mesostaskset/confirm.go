package mesostaskset

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
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

// confirm reads the set's MesosTasks live before this process deletes any for the first time: the cache of one that has just begun may show what another
// has changed since, and of that one's writes it remembers none. It does so again until the cache has once shown what there is.
func (r *Reconciler) confirm(ctx context.Context, v *view) error {
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
	same := true
	for i := range live.Items {
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
		if task.Labels[v1alpha1.LabelSet] != v.key.Name {
			tasks = append(tasks, task)
		}
	}
	v.seen.Tasks = tasks
	return nil
}
