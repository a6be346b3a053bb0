package mesosframework

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

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
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
)

// leaseSeen is what was seen of another installation's lease. Its time of renewal is by another machine's clock, so that what counts is
// for how long, by this one's, the lease has not changed.
type leaseSeen struct {
	version string
	since   time.Time
}

// claim makes durable that this installation serves the framework (rule 13). Where another one does, it returns when to ask again, and
// nothing may be done with the framework.
func (v *view) claim(ctx context.Context) (refused time.Duration, err error) {
	ours, claim := v.Gate.Leadership(), v.object.Status.Controller
	if leadership.ClaimedElsewhere(ours, claim) {
		if refused, err = v.holds(ctx, claim.Lease); err != nil || refused > 0 {
			return refused, err
		}
		ctrl.LoggerFrom(ctx).Info("Taking over a framework whose installation is gone", "lease", claim.Lease, "identity", claim.Identity)
	} else if claim != nil && claim.Lease == ours.Lease() {
		switch {
		case claim.Identity == ours.Identity():
			v.memory.claimed = true
			return 0, nil
		case ours.Lease() == "" && v.memory.claimed:
			// Of two processes without leader election the one that came later serves; the other one does not claim it back.
			return contestedFor, nil
		}
	}
	patch := writes.For(v.object)
	testClaim(patch, claim)
	patch.Add("/status/controller", v1alpha1.ControllerClaim{Lease: ours.Lease(), Identity: ours.Identity()})
	if err := v.patch(ctx, patch, true); err != nil {
		return 0, err
	}
	v.memory.claimed = true
	return 0, nil
}

// testClaim lets a patch apply only while the claim is as it was read.
func testClaim(patch *writes.Patch, claim *v1alpha1.ControllerClaim) {
	if claim == nil {
		patch.Test("/status/controller", nil)
		return
	}
	patch.Test("/status/controller", claim)
}

// holds says by a live read for how long another installation's lease is to be left alone before it is looked at again; zero if it is
// absent, or was not renewed for a whole lease duration while this process watched.
func (r *Reconciler) holds(ctx context.Context, name string) (time.Duration, error) {
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
	now := r.Clock.Now()
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
func (v *view) standDown(ctx context.Context) error {
	claim, ours := v.object.Status.Controller, v.Gate.Leadership()
	if v.Connections.Get(v.object.Name) != nil {
		ctrl.LoggerFrom(ctx).Info("Standing down: another installation has claimed the framework", "lease", claim.Lease, "identity", claim.Identity)
	}
	v.disconnect()
	forgetFramework(v.object.Name)
	v.memory.stuck = nil
	if meta.IsStatusConditionTrue(v.object.Status.Conditions, v1alpha1.ConditionContested) || !v.object.DeletionTimestamp.IsZero() {
		return nil
	}
	contested := metav1.Condition{
		Type: v1alpha1.ConditionContested, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonClaimedElsewhere,
		ObservedGeneration: v.object.Generation, LastTransitionTime: metav1.Time{Time: v.Clock.Now().Truncate(time.Second)},
		Message: fmt.Sprintf("Installation %s does not serve this framework, as installation %s does: remove one of the two, or give each a --controller-name of its own",
			installation(v1alpha1.ControllerClaim{Lease: ours.Lease(), Identity: ours.Identity()}), installation(*claim)),
	}
	patch := writes.For(v.object)
	testClaim(patch, claim)
	if len(v.object.Status.Conditions) == 0 {
		patch.Test("/status/conditions", nil)
		patch.Add("/status/conditions", []metav1.Condition{contested})
	} else {
		patch.Add("/status/conditions/-", contested)
	}
	if err := v.patch(ctx, patch, true); err != nil {
		return err
	}
	v.Recorder.Event(v.object, true, v1alpha1.ReasonClaimedElsewhere, "Claiming", contested.Message)
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
