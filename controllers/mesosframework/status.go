package mesosframework

import (
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

// countsEvery is the least time between two writes of a framework's status that only its counts call for.
const countsEvery = 5 * time.Second

// status is the framework's status as it should be, but for the counts; and condition Connected, if it is news.
func (v *view) status(now time.Time) (*v1alpha1.MesosFrameworkStatus, *metav1.Condition) {
	status := v.object.Status.DeepCopy()
	status.ObservedGeneration = v.object.Generation
	state := mesosbridge.Connection{}
	if v.connection != nil {
		state = v.connection.Bridge.Connection()
		status.Abandoned = v.connection.NextAbandoned(lifecycle.GiveUpsOf(v.object))
	}
	if state.Master.URL != "" {
		status.Master = &v1alpha1.MasterStatus{URL: state.Master.URL, Hostname: state.Master.Hostname, Version: state.Master.Version}
	}
	status.ConnectedSince = nil
	if state.Subscribed {
		status.ConnectedSince = &metav1.Time{Time: state.Since.Truncate(time.Second)}
	}
	if state.Subscribed {
		status.Roles = state.Roles
	}
	status.AgentsMessage = agentsMessage(state.AgentsRefused)
	dropContested(status, now)
	status.Unknown = v.unknownStatus()
	status.Defaults = defaults(status.Defaults, v.object.Spec.Info)
	if told := v.memory.passes.told; told != nil {
		// Until this process has counted, the last count stands.
		status.Orphans = told.status(v.object.Spec.OrphanPolicy)
	}
	if status.Orphans != nil {
		status.Orphans.Token = v.orphanToken()
	}
	news := setConditions(v.object, status, state, v.memory, now)
	reportPasses(status, v.memory.passes)
	return status, news
}

// agentsMessage says what it means that a master does not tell of its agents.
func agentsMessage(refused string) string {
	if refused == "" {
		return ""
	}
	message := "The master does not say which agents it has. So the host of a task that is taken over is known once its agent makes an offer, and no spec is said to be too large for every agent: what runs is killed for " +
		"it, and the new attempt waits for an offer. Let the framework's principal use the operator API (GET_AGENTS): " + refused
	return strings.ToValidUTF8(message[:min(len(message), 1024)], "")
}

// defaults puts what the framework fills in before what it filled in earlier.
func defaults(known []v1alpha1.LaunchDefaults, info v1alpha1.FrameworkInfo) []v1alpha1.LaunchDefaults {
	present := v1alpha1.LaunchDefaults{Role: info.DefaultRole, User: info.User}
	earlier := slices.DeleteFunc(slices.Clone(known), func(one v1alpha1.LaunchDefaults) bool { return one == present })
	all := slices.Insert(earlier, 0, present)
	return all[:min(len(all), v1alpha1.MaxDefaults)]
}

// writeStatus records how the framework is, if that changed. It returns when to look again, as the counts have changed and may not be
// written yet.
func (v *view) writeStatus(ctx context.Context) (time.Time, error) {
	now := v.Clock.Now()
	status, news := v.status(now)
	_, progress := v.memory.passes.silence()
	recordState(v.object, status, progress.Unanswered)
	urgent := !equality.Semantic.DeepEqual(*status, v.object.Status)
	if !urgent && v.connection != nil {
		// Also where the write that stored them took effect though its answer was lost.
		v.connection.AbandonedStored(v.object.Status.Abandoned)
	}
	due := v.memory.counted.Add(countsEvery)
	if !urgent && now.Before(due) {
		// What woke this may have changed the counts.
		return due, nil
	}
	counts, err := v.count(ctx)
	if err != nil {
		return time.Time{}, err
	}
	current := currentPass(v.memory.passes, now)
	if !urgent && counts == v.object.Status.Tasks && equality.Semantic.DeepEqual(current, status.Reconciliation.Current) {
		v.memory.counted = now
		return time.Time{}, nil
	}
	status.Tasks, status.Reconciliation.Current, v.memory.counted = counts, current, now
	patch := writes.For(v.object)
	testClaim(patch, v.object.Status.Controller)
	patch.Add("/status", status)
	if err := v.patch(ctx, patch, true); err != nil {
		return time.Time{}, err
	}
	if v.connection != nil {
		v.connection.AbandonedStored(status.Abandoned)
	}
	if news != nil {
		ctrl.LoggerFrom(ctx).Info("The connection to Mesos changed", "status", news.Status, "reason", news.Reason, "message", news.Message)
		v.Recorder.Event(v.object, news.Status != metav1.ConditionTrue, news.Reason, "Connecting", news.Message)
	}
	return time.Time{}, nil
}

// reportPasses records the pass that got through last.
func reportPasses(status *v1alpha1.MesosFrameworkStatus, p *passes) {
	if p.completed != nil {
		status.Reconciliation.Last = p.completed.DeepCopy()
	}
	if p.handled != "" {
		status.Reconciliation.LastHandledReconcileAt = p.handled
	}
}

// currentPass is the pass that runs, once it has lasted for longer than most do.
func currentPass(p *passes, now time.Time) *v1alpha1.ReconciliationPass {
	if p.pass == nil || now.Before(p.began.Add(countsEvery)) {
		return nil
	}
	return passStatus(p, time.Time{})
}

// passStatus is the pass that runs as status has it; completed when it is through.
func passStatus(p *passes, completed time.Time) *v1alpha1.ReconciliationPass {
	progress := p.pass.Progress()
	pass := &v1alpha1.ReconciliationPass{
		Reason:     p.reason,
		StartTime:  &metav1.Time{Time: p.began.Truncate(time.Second)},
		Rounds:     int32(progress.Rounds),
		Tasks:      int32(progress.Attempts),
		Unanswered: int32(progress.Unanswered),
	}
	if !completed.IsZero() {
		pass.CompletionTime = &metav1.Time{Time: completed.Truncate(time.Second)}
	}
	return pass
}
