package endpoints

import (
	"reflect"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// standing is how a task stands, as those who look for it see it.
type standing struct {
	// absent tasks are not found.
	absent bool
	// ready and serving are the conditions of the endpoint; terminating says that the task is being killed.
	ready, serving, terminating bool
	// ifNamed says that it is found only where it is already published.
	ifNamed bool
	// unreachable says that nobody knows how it is any more.
	unreachable bool
}

// stateKilling is a task that is being killed, as Mesos calls it.
const stateKilling = "TASK_KILLING"

// standingOf judges one task. Ordered rules, the first that matches decides.
func standingOf(task *v1alpha1.MesosTask) standing {
	attempt := task.Status.Task
	condition := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
	runs := condition != nil && condition.Status == metav1.ConditionTrue && condition.Reason == v1alpha1.ReasonRunning
	switch {
	case attempt == nil || attempt.FinishTime != nil:
		return standing{absent: true}
	case task.DeletionTimestamp != nil || attempt.KillReason != "" || attempt.State == stateKilling:
		return standing{serving: runs, terminating: true, ifNamed: true}
	case runs:
		// What the status says may be of another spec, with other ports.
		return standing{ready: true, serving: true, ifNamed: condition.ObservedGeneration != task.Generation}
	case meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable):
		return standing{ready: true, serving: true, ifNamed: true, unreachable: true}
	default:
		return standing{absent: true}
	}
}

// conditions are those of the endpoint.
func (s standing) conditions() discoveryv1.EndpointConditions {
	return discoveryv1.EndpointConditions{Ready: new(s.ready), Serving: new(s.serving), Terminating: new(s.terminating)}
}

// looks is all of a task on which it depends where it is found.
type looks struct {
	deleted            bool
	generation, ofSpec int64
	ready              metav1.ConditionStatus
	reason             string
	unreachable        bool
	attempt            v1alpha1.TaskAttempt
}

func looksOf(task *v1alpha1.MesosTask) looks {
	l := looks{deleted: task.DeletionTimestamp != nil, generation: task.Generation}
	if ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		l.ready, l.reason, l.ofSpec = ready.Status, ready.Reason, ready.ObservedGeneration
	}
	l.unreachable = meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
	if attempt := task.Status.Task; attempt != nil {
		l.attempt = v1alpha1.TaskAttempt{
			ID: attempt.ID, AgentID: attempt.AgentID, State: attempt.State, KillReason: attempt.KillReason, FinishTime: attempt.FinishTime, IPs: attempt.IPs, Ports: attempt.Ports,
		}
	}
	return l
}

// Concerns says whether a change of a task can change where it is found.
func Concerns(before, after *v1alpha1.MesosTask) bool {
	return !reflect.DeepEqual(looksOf(before), looksOf(after))
}
