package mesosframework

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// recheckDuplicate is how often a framework that shares its ID looks whether it still does, if the other one does not bring it back.
const recheckDuplicate = time.Minute

// duplicate says whether another framework of this installation has the same framework ID and comes first: an ID that Mesos knows before
// one that is only asked for, then the older object.
func (v *view) duplicate(ctx context.Context) (*lifecycle.Obstacle, error) {
	id := configOf(v.object).Framework.ID
	v.noteRival(v.object.Name, "")
	if id != v.memory.id {
		v.memory.id = id
		v.wakeRivals(v.object.Name)
	}
	if id == "" {
		return nil, nil
	}
	// A connection that exists was made after a live look; until then the cache may lack what was created just now.
	var reader client.Reader = v.Client
	if v.Connections.Get(v.object.Name) == nil {
		reader = v.Live
	}
	var all v1alpha1.MesosFrameworkList
	if err := reader.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing MesosFrameworks: %w", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if other.Name == v.object.Name || other.Spec.ControllerName != v.ControllerName || configOf(other).Framework.ID != id || !comesFirst(other, v.object) {
			continue
		}
		v.noteRival(v.object.Name, other.Name)
		return &lifecycle.Obstacle{Reason: v1alpha1.ReasonDuplicateFrameworkID, Stalled: true, Message: fmt.Sprintf(
			"MesosFramework %s has the same framework ID %s: delete one of the two; one object serves all tasks of a framework", other.Name, id)}, nil
	}
	return nil, nil
}

// comesFirst says which of two frameworks with one ID keeps it.
func comesFirst(a, b *v1alpha1.MesosFramework) bool {
	registered := func(f *v1alpha1.MesosFramework) bool { return f.Status.FrameworkID != "" }
	switch {
	case registered(a) != registered(b):
		return registered(a)
	case !a.CreationTimestamp.Equal(&b.CreationTimestamp):
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	default:
		return a.Name < b.Name
	}
}

// noteRival notes for which other framework one with the same framework ID waits; an empty name for none.
func (r *Reconciler) noteRival(name, rival string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rival == "" {
		delete(r.rivals, name)
		return
	}
	if r.rivals == nil {
		r.rivals = map[string]string{}
	}
	r.rivals[name] = rival
}

// wakeRivals brings back the frameworks that wait for another one, as it had their framework ID.
func (r *Reconciler) wakeRivals(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for waiting, rival := range r.rivals {
		if rival == name {
			r.Connections.EnqueueFramework(waiting)
		}
	}
}
