package mesostask

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/references"
)

const (
	// readAgain is how often what a spec names is read again while it is not there, readAnew that while the task only waits for an offer: so that it
	// is launched with what is there by then.
	readAgain, readAnew = 30 * time.Second, 5 * time.Minute
)

// sources are what the MesosTasks name; made when the first one does.
type sources struct {
	once sync.Once
	*references.References
}

// references are the reconciler's.
func (r *Reconciler) references() *references.References {
	r.sources.once.Do(func() { r.sources.References = references.New(r.Live, r.Clock, r.Connections.EnqueueTask) })
	return r.sources.References
}

// gatherReferences completes the task with what its spec takes from elsewhere, as far as that has been read, which it is for a launch alone.
func (r *Reconciler) gatherReferences(v *view) {
	if v.seen.Deleting || v.seen.Hash == "" || v.seen.Obstacle != nil && !v.seen.Obstacle.Waits {
		return
	}
	found, all := r.references().Found(v.key, lifecycle.Sources(&v.object.Spec))
	if !all {
		v.seen.Unread = true
		return
	}
	filled, lacks := lifecycle.Fill(v.task, v.object, found)
	if lacks != nil {
		v.seen.Obstacle = lacks
		return
	}
	v.task = filled
}

// tellReferences says what of the spec's references is needed: what the placer keeps pending has them until its ACCEPT left.
func (r *Reconciler) tellReferences(ctx context.Context, v *view, decision lifecycle.Decision) {
	wanted := lifecycle.Sources(&v.object.Spec)
	switch {
	case len(wanted) == 0 || v.connection == nil:
		r.references().Forget(v.key)
	case slices.Contains(decision.Steps, lifecycle.StepRead):
		v.lookAgainAtIf(r.references().Want(ctx, v.key, wanted, readAgain))
	case slices.Contains(decision.Steps, lifecycle.StepPlace):
		v.lookAgainAtIf(r.references().Want(ctx, v.key, wanted, readAnew))
	case !slices.Contains(decision.Steps, lifecycle.StepBind):
		r.references().Forget(v.key)
	}
}

// lookAgainAtIf asks to look again at a time, if there is one.
func (v *view) lookAgainAtIf(at time.Time) {
	if !at.IsZero() {
		v.lookAgainAt(at)
	}
}
