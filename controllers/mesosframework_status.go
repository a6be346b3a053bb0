package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// countsEvery is the least time between two writes of a framework's status that only its counts call for.
const countsEvery = 5 * time.Second

// latest returns the later of the cached object and what this process wrote.
func (m *frameworkMemory) latest(cached *v1alpha1.MesosFramework) *v1alpha1.MesosFramework {
	if m.written == nil {
		return cached
	}
	if order, err := resourceversion.CompareResourceVersion(cached.ResourceVersion, m.written.ResourceVersion); err == nil && order < 0 {
		return m.written.DeepCopy()
	}
	m.written = nil
	return cached
}

// statusOf is the framework's status as it should be, but for the counts; and condition Connected, if it is news.
func statusOf(framework *v1alpha1.MesosFramework, memory *frameworkMemory, connection *connection, now time.Time) (*v1alpha1.MesosFrameworkStatus, *metav1.Condition) {
	status := framework.Status.DeepCopy()
	status.ObservedGeneration = framework.Generation
	state := mesosbridge.Connection{}
	if connection != nil {
		state = connection.bridge.Connection()
	}
	if state.Master.URL != "" {
		status.Master = &v1alpha1.MasterStatus{URL: state.Master.URL, Hostname: state.Master.Hostname, Version: state.Master.Version}
	}
	status.ConnectedSince = nil
	if state.Subscribed {
		status.ConnectedSince = &metav1.Time{Time: state.Since.Truncate(time.Second)}
	}
	dropContested(status, now)
	news := frameworkConditions(framework, status, state, memory, now)
	reportPasses(status, memory.passes)

	if memory.passes.told != nil {
		// Until this process has counted, the last count stands.
		status.Orphans = memory.passes.told.status(framework.Spec.OrphanPolicy)
	}
	if connection != nil {
		status.Abandoned = connection.nextAbandoned()
	}
	return status, news
}

// writeStatus records how the framework is, if that changed. It returns when to look again, as the counts have changed and may not be
// written yet.
func (r *MesosFrameworkReconciler) writeStatus(ctx context.Context, framework *v1alpha1.MesosFramework, memory *frameworkMemory, connection *connection) (time.Time, error) {
	now := r.Connections.now()
	status, news := statusOf(framework, memory, connection, now)
	urgent := !equality.Semantic.DeepEqual(*status, framework.Status)
	if !urgent && connection != nil {
		// Also where the write that stored them took effect though its answer was lost.
		connection.abandonedStored(framework.Status.Abandoned)
	}
	due := memory.counted.Add(countsEvery)
	if !urgent && now.Before(due) {
		// What woke this may have changed the counts.
		return due, nil
	}
	counts, err := r.count(ctx, framework.Name)
	if err != nil {
		return time.Time{}, err
	}
	current := currentPass(memory.passes, now)
	if !urgent && counts == framework.Status.Tasks && equality.Semantic.DeepEqual(current, status.Reconciliation.Current) {
		memory.counted = now
		return time.Time{}, nil
	}
	status.Tasks, status.Reconciliation.Current, memory.counted = counts, current, now
	patch := &jsonPatch{}
	patch.test("/metadata/uid", framework.UID)
	patch.testClaim(framework.Status.Controller)
	patch.add("/status", status)
	if err := r.patch(ctx, framework, memory, patch, true); err != nil {
		return time.Time{}, err
	}
	if connection != nil {
		connection.abandonedStored(status.Abandoned)
	}
	if news != nil {
		ctrl.LoggerFrom(ctx).Info("The connection to Mesos changed", "status", news.Status, "reason", news.Reason, "message", news.Message)
		r.Recorder.event(framework, news.Status != metav1.ConditionTrue, news.Reason, "Connecting", news.Message)
	}
	return time.Time{}, nil
}

// connectedReason is the reason of condition Connected for each class of problem.
var connectedReason = map[mesosbridge.Class]struct {
	reason string
	// stalled says that a person has to do something.
	stalled bool
}{
	mesosbridge.MasterUnreachable:   {v1alpha1.ReasonMasterUnreachable, false},
	mesosbridge.NoLeader:            {v1alpha1.ReasonNoLeader, false},
	mesosbridge.Unauthorized:        {v1alpha1.ReasonUnauthorized, true},
	mesosbridge.Forbidden:           {v1alpha1.ReasonForbidden, true},
	mesosbridge.DetectionFailed:     {v1alpha1.ReasonDetectionFailed, false},
	mesosbridge.TLSFailed:           {v1alpha1.ReasonTLSFailed, true},
	mesosbridge.CredentialsWithheld: {v1alpha1.ReasonCredentialsWithheld, true},
	mesosbridge.NotAMaster:          {v1alpha1.ReasonNotAMaster, true},
	mesosbridge.SubscriptionRefused: {v1alpha1.ReasonSubscriptionRefused, true},
	mesosbridge.FrameworkRemoved:    {v1alpha1.ReasonFrameworkRemoved, true},
	mesosbridge.FailedOver:          {v1alpha1.ReasonFailedOver, true},
}

// frameworkConditions sets the conditions and returns Connected if it is news.
func frameworkConditions(framework *v1alpha1.MesosFramework, status *v1alpha1.MesosFrameworkStatus, state mesosbridge.Connection, memory *frameworkMemory, now time.Time) *metav1.Condition {
	connected, stalled := connectedCondition(state, memory.stuck)
	ready := connected
	ready.Type = v1alpha1.ConditionReady
	switch {
	case memory.stuck != nil:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, memory.stuck.Reason, memory.stuck.Message
	case state.Subscribed && state.Problem != nil:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, v1alpha1.ReasonUpdateRefused, state.Problem.Message
	}
	tasks := reconciledCondition(state, memory.passes, now)
	if last := meta.FindStatusCondition(framework.Status.Conditions, tasks.Type); last != nil && last.Reason == tasks.Reason && now.Before(memory.counted.Add(countsEvery)) {
		// Only its counts may be news.
		tasks.Message = last.Message
	}
	conditions := []metav1.Condition{ready, connected, tasks}
	set := func(condition metav1.Condition) {
		condition.ObservedGeneration, condition.LastTransitionTime = framework.Generation, metav1.Time{Time: now.Truncate(time.Second)}
		meta.SetStatusCondition(&status.Conditions, condition)
	}
	before := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionConnected)
	for _, condition := range conditions {
		set(condition)
	}
	flags := map[string]bool{
		v1alpha1.ConditionStalled:     stalled,
		v1alpha1.ConditionReconciling: !stalled && ready.Status != metav1.ConditionTrue,
	}
	for _, name := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if !flags[name] {
			meta.RemoveStatusCondition(&status.Conditions, name)
			continue
		}
		set(metav1.Condition{Type: name, Status: metav1.ConditionTrue, Reason: ready.Reason, Message: ready.Message})
	}
	if connected.Reason == v1alpha1.ReasonConnecting || before != nil && before.Reason == connected.Reason {
		return nil
	}
	return &connected
}

// connectedCondition says whether the framework is subscribed, and whether a person has to do something.
func connectedCondition(state mesosbridge.Connection, stuck *lifecycle.Obstacle) (condition metav1.Condition, stalled bool) {
	condition = metav1.Condition{Type: v1alpha1.ConditionConnected, Status: metav1.ConditionFalse}
	switch {
	case state.Subscribed:
		condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonSubscribed
		condition.Message = fmt.Sprintf("Subscribed to the master at %s as framework %s", state.Master.URL, state.FrameworkID)
	case stuck != nil:
		condition.Reason, condition.Message, stalled = stuck.Reason, stuck.Message, stuck.Stalled
	case state.Problem != nil:
		known, ok := connectedReason[state.Problem.Class]
		if !ok {
			known.reason = v1alpha1.ReasonConnectionLost
		}
		condition.Reason, condition.Message, stalled = known.reason, state.Problem.Message, known.stalled
	default:
		condition.Reason, condition.Message = v1alpha1.ReasonConnecting, "The first subscription has not been answered yet"
	}
	return condition, stalled
}

// reconciledCondition says whether every task has been answered for in this subscription. A later pass changes nothing while it is not
// stalled.
func reconciledCondition(state mesosbridge.Connection, p *passes, now time.Time) metav1.Condition {
	condition := metav1.Condition{Type: v1alpha1.ConditionTasksReconciled, Status: metav1.ConditionFalse}
	since, progress := p.silence()
	switch {
	case !state.Subscribed:
		condition.Status, condition.Reason = metav1.ConditionUnknown, v1alpha1.ReasonNotConnected
		condition.Message = "Mesos can be asked once the framework is subscribed"
	case p.pass != nil && progress.Unanswered > 0 && now.Sub(since) >= time.Duration(p.spec.StalledAfterSeconds)*time.Second:
		condition.Reason = v1alpha1.ReasonUnanswered
		condition.Message = fmt.Sprintf("Mesos has not answered for %d of %d tasks since %s; it is silent about agents that have not come back after a failover of the master",
			progress.Unanswered, progress.Attempts, since.UTC().Format(time.RFC3339))
	case p.completed != nil && p.completedTerm == state.Term:
		condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonReconciled
		condition.Message = "Mesos has answered for every task"
	default:
		condition.Reason, condition.Message = v1alpha1.ReasonReconcilingTasks, "Mesos is being asked for every task"
	}
	return condition
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

// count counts the framework's tasks, as the cache has them, for its status and the metrics.
func (r *MesosFrameworkReconciler) count(ctx context.Context, name string) (v1alpha1.TaskCounts, error) {
	var tasks v1alpha1.MesosTaskList
	if err := r.Client.List(ctx, &tasks, client.MatchingFields{indexByFramework: name}, client.UnsafeDisableDeepCopy); err != nil {
		return v1alpha1.TaskCounts{}, fmt.Errorf("listing the framework's tasks: %w", err)
	}
	var sum v1alpha1.TaskCounts
	for i := range tasks.Items {
		counted := countOf(&tasks.Items[i])
		sum.Bound += counted.Bound
		sum.Running += counted.Running
		sum.Pending += counted.Pending
		sum.Unreachable += counted.Unreachable
	}
	recordCounts(name, sum, len(tasks.Items))
	return sum, nil
}

// countOf is what one task adds to its framework's counts.
func countOf(task *v1alpha1.MesosTask) v1alpha1.TaskCounts {
	var counts v1alpha1.TaskCounts
	_, _, open := lifecycle.Open(task.Status, bindingOf(task))
	state := mesos.TaskState("")
	if task.Status.Task != nil {
		state = mesos.TaskState(task.Status.Task.State)
	}
	ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !open:
		if ready == nil || ready.Reason == v1alpha1.ReasonAwaitingOffer {
			counts.Pending = 1
		}
		return counts
	case state == mesos.TaskRunning:
		counts.Running = 1
	case state != "" && state.Class() == mesos.FateUnknown:
		counts.Unreachable = 1
	}
	counts.Bound = 1
	return counts
}

// jittered spreads a delay over up to a tenth more, so that many frameworks do not ask at once.
func jittered(delay time.Duration) time.Duration { return wait.Jitter(delay, 0.1) }
