package controllers

import (
	"context"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// The claim of another installation is looked at by a live read of its Lease, in whatever namespace that is. Only get is needed, and
// never the content of anything else.
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=get

const (
	// leaseDurationLeast is the least time for which a lease counts as held after its last renewal. A lease that was given back says one
	// second, which would take the framework from an installation whose next replica is about to lead.
	leaseDurationLeast = 15 * time.Second
	// leaseDurationMost bounds what another installation's lease can ask for.
	leaseDurationMost = 10 * time.Minute
	// contestedFor is how long condition Contested stays without being set again.
	contestedFor = 10 * time.Minute
	// recheckDuplicate is how often a framework that shares its ID looks whether it still does.
	recheckDuplicate = time.Minute
)

// leaseSeen is what was seen of another installation's lease. Its time of renewal is by another machine's clock, so that what counts is
// for how long, by this one's, the lease has not changed.
type leaseSeen struct {
	version string
	since   time.Time
}

// claimedElsewhere says whether an installation other than that of ours has claimed the framework. A claim without a lease binds nobody.
func claimedElsewhere(framework *v1alpha1.MesosFramework, ours leadership.Leadership) bool {
	claim := framework.Status.Controller
	return claim != nil && claim.Lease != "" && claim.Lease != ours.Lease()
}

// claim makes durable that this installation serves the framework (rule 13). Where another one does, it returns when to ask again, and
// nothing may be done with the framework.
func (r *MesosFrameworkReconciler) claim(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) (refused time.Duration, err error) {
	ours, claim := r.Connections.leadership, framework.Status.Controller
	if claimedElsewhere(framework, ours) {
		if refused, err = r.holds(ctx, claim.Lease); err != nil || refused > 0 {
			return refused, err
		}
		ctrl.LoggerFrom(ctx).Info("Taking over a framework whose installation is gone", "lease", claim.Lease, "identity", claim.Identity)
	} else if claim != nil && claim.Lease == ours.Lease() {
		switch {
		case claim.Identity == ours.Identity():
			memory.claimed = true
			return 0, nil
		case ours.Lease() == "" && memory.claimed:
			// Of two processes without leader election the one that came later serves; the other one does not claim it back.
			return contestedFor, nil
		}
	}
	patch := &jsonPatch{}
	patch.test("/metadata/uid", framework.UID)
	patch.testClaim(claim)
	patch.add("/status/controller", v1alpha1.ControllerClaim{Lease: ours.Lease(), Identity: ours.Identity()})
	if err := r.patch(ctx, framework, memory, patch, true); err != nil {
		return 0, err
	}
	memory.claimed = true
	return 0, nil
}

// testClaim lets the patch apply only while the claim is as it was read.
func (p *jsonPatch) testClaim(claim *v1alpha1.ControllerClaim) {
	if claim == nil {
		p.test("/status/controller", nil)
		return
	}
	p.test("/status/controller", claim)
}

// holds says by a live read for how long another installation's lease is to be left alone before it is looked at again; zero if it is
// absent, or was not renewed for a whole lease duration while this process watched.
func (r *MesosFrameworkReconciler) holds(ctx context.Context, name string) (time.Duration, error) {
	namespace, object, _ := strings.Cut(name, "/")
	lease := &coordinationv1.Lease{}
	switch err := r.Live.Get(ctx, types.NamespacedName{Namespace: namespace, Name: object}, lease); {
	case apierrors.IsNotFound(err):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("reading lease %s of another installation: %w", name, err)
	}
	duration := leaseDurationLeast
	if seconds := lease.Spec.LeaseDurationSeconds; seconds != nil {
		duration = min(max(duration, time.Duration(*seconds)*time.Second), leaseDurationMost)
	}
	now := r.Connections.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.leases == nil {
		r.leases = map[string]leaseSeen{}
	}
	seen, known := r.leases[name]
	if !known || seen.version != lease.ResourceVersion {
		seen = leaseSeen{version: lease.ResourceVersion, since: now}
		r.leases[name] = seen
	}
	return max(0, seen.since.Add(duration).Sub(now)), nil
}

// standDown leaves a framework to the installation that has claimed it. Its conditions are that one's to write, except the one that tells
// of this.
func (r *MesosFrameworkReconciler) standDown(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory) error {
	claim, ours := framework.Status.Controller, r.Connections.leadership
	if r.Connections.get(framework.Name) != nil {
		ctrl.LoggerFrom(ctx).Info("Standing down: another installation has claimed the framework", "lease", claim.Lease, "identity", claim.Identity)
	}
	r.Connections.remove(framework.Name)
	forgetFramework(framework.Name)
	memory.passes, memory.stuck = newPasses(), nil
	if meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionContested) || !framework.DeletionTimestamp.IsZero() {
		return nil
	}
	contested := metav1.Condition{
		Type: v1alpha1.ConditionContested, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonClaimedElsewhere,
		ObservedGeneration: framework.Generation, LastTransitionTime: metav1.Time{Time: r.Connections.now().Truncate(time.Second)},
		Message: fmt.Sprintf("Installation %s does not serve this framework, as installation %s does: remove one of the two, or give each a --controller-name of its own",
			installation(v1alpha1.ControllerClaim{Lease: ours.Lease(), Identity: ours.Identity()}), installation(*claim)),
	}
	patch := &jsonPatch{}
	patch.test("/metadata/uid", framework.UID)
	patch.testClaim(claim)
	if len(framework.Status.Conditions) == 0 {
		patch.test("/status/conditions", nil)
		patch.add("/status/conditions", []metav1.Condition{contested})
	} else {
		patch.add("/status/conditions/-", contested)
	}
	if err := r.patch(ctx, framework, memory, patch, true); err != nil {
		return err
	}
	r.Recorder.event(framework, true, v1alpha1.ReasonClaimedElsewhere, "Claiming", contested.Message)
	return nil
}

// installation names the installation that a claim is of.
func installation(claim v1alpha1.ControllerClaim) string {
	if claim.Lease == "" {
		return claim.Identity
	}
	return claim.Lease + " (leader " + claim.Identity + ")"
}

// dropContested forgets that another installation wanted the framework, some time after it last said so.
func dropContested(status *v1alpha1.MesosFrameworkStatus, now time.Time) {
	contested := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionContested)
	if contested != nil && !now.Before(contested.LastTransitionTime.Add(contestedFor)) {
		meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionContested)
	}
}

// duplicate says whether another framework of this installation has the same framework ID and comes first: an ID that Mesos knows before
// one that is only asked for, then the older object.
func (r *MesosFrameworkReconciler) duplicate(ctx context.Context, framework *v1alpha1.MesosFramework) (*lifecycle.Obstacle, error) {
	id := configOf(framework).Framework.ID
	if id == "" {
		return nil, nil
	}
	// A connection that exists was made after a live look; until then the cache may lack what was created just now.
	var reader client.Reader = r.Client
	if r.Connections.get(framework.Name) == nil {
		reader = r.Live
	}
	var all v1alpha1.MesosFrameworkList
	if err := reader.List(ctx, &all); err != nil {
		return nil, fmt.Errorf("listing MesosFrameworks: %w", err)
	}
	for i := range all.Items {
		other := &all.Items[i]
		if other.Name == framework.Name || other.Spec.ControllerName != r.ControllerName || configOf(other).Framework.ID != id || !comesFirst(other, framework) {
			continue
		}
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
