package mesosframework

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

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

// withoutCheckpoints is what a framework that was taken over may have brought along; Mesos does not let it be changed.
const withoutCheckpoints = "Mesos has this framework with checkpoint: false, as it was registered, so each restart of an agent ends all its tasks there; only a new framework ID is registered otherwise"

// setConditions sets the conditions and returns Connected if it is news.
func setConditions(framework *v1alpha1.MesosFramework, status *v1alpha1.MesosFrameworkStatus, state mesosbridge.Connection, memory *memory, now time.Time) *metav1.Condition {
	connected, stalled := connectedCondition(state, memory.stuck)
	ready := connected
	ready.Type = v1alpha1.ConditionReady
	switch {
	case memory.stuck != nil:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, memory.stuck.Reason, memory.stuck.Message
	case state.Subscribed && state.Problem != nil:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, v1alpha1.ReasonUpdateRefused, state.Problem.Message
	}
	notes := memory.notes
	if state.WithoutCheckpoints {
		notes = append(slices.Clone(notes), withoutCheckpoints)
	}
	ready.Message = strings.Join(append([]string{ready.Message}, notes...), ". ")
	tasks := reconciledCondition(state, memory.passes, now)
	tasks.Message += noteUnknown(framework, status.Unknown) + noteOrphans(framework, status.Orphans, memory.orphans.Len())
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
