package lifecycle

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Actions of events: what the operator was doing.
const (
	actionScheduling  = "Scheduling"
	actionLaunching   = "Launching"
	actionReconciling = "Reconciling"
	actionKilling     = "Killing"
	actionDeleting    = "Deleting"
)

// eventMessageLength is how much of a message goes into an event.
const eventMessageLength = 300

// newsworthy are the reasons of condition Ready whose appearance is an event.
var newsworthy = map[string]struct {
	warning bool
	action  string
}{
	v1alpha1.ReasonAwaitingOffer:       {false, actionScheduling},
	v1alpha1.ReasonRunning:             {false, actionLaunching},
	v1alpha1.ReasonUnhealthy:           {true, actionReconciling},
	v1alpha1.ReasonNotReady:            {false, actionReconciling},
	v1alpha1.ReasonRestarting:          {false, actionKilling},
	v1alpha1.ReasonBackOff:             {true, actionLaunching},
	v1alpha1.ReasonCompleted:           {false, actionReconciling},
	v1alpha1.ReasonFailed:              {true, actionReconciling},
	v1alpha1.ReasonInterrupted:         {true, actionReconciling},
	v1alpha1.ReasonNeverStarts:         {true, actionLaunching},
	v1alpha1.ReasonTaskUnauthorized:    {true, actionLaunching},
	v1alpha1.ReasonAgentDraining:       {false, actionReconciling},
	v1alpha1.ReasonRestartsExhausted:   {true, actionReconciling},
	v1alpha1.ReasonDeadlineExceeded:    {true, actionReconciling},
	v1alpha1.ReasonRefused:             {true, actionLaunching},
	v1alpha1.ReasonSuspending:          {false, actionKilling},
	v1alpha1.ReasonSuspended:           {false, actionReconciling},
	v1alpha1.ReasonPaused:              {false, actionScheduling},
	v1alpha1.ReasonDeleting:            {false, actionDeleting},
	v1alpha1.ReasonFrameworkNotFound:   {true, actionScheduling},
	v1alpha1.ReasonFrameworkDeleting:   {true, actionScheduling},
	v1alpha1.ReasonManagerTooOld:       {true, actionScheduling},
	v1alpha1.ReasonNamespaceNotAllowed: {true, actionScheduling},
	v1alpha1.ReasonRoleNotAllowed:      {true, actionScheduling},
	v1alpha1.ReasonUserNotAllowed:      {true, actionScheduling},
	v1alpha1.ReasonLabelNotAllowed:     {true, actionScheduling},
	v1alpha1.ReasonDiscoveryNotAllowed: {true, actionScheduling},
	v1alpha1.ReasonSecretNotFound:      {true, actionScheduling},
	v1alpha1.ReasonSecretInvalid:       {true, actionScheduling},
	v1alpha1.ReasonSecretsNotAllowed:   {true, actionScheduling},
	v1alpha1.ReasonConfigMapNotFound:   {true, actionScheduling},
	v1alpha1.ReasonConfigMapInvalid:    {true, actionScheduling},
	v1alpha1.ReasonReferenceUnread:     {true, actionScheduling},
	v1alpha1.ReasonNoAgentLargeEnough:  {true, actionScheduling},
	v1alpha1.ReasonInvalidSpec:         {true, actionScheduling},
	v1alpha1.ReasonOtherFrameworkID:    {true, actionReconciling},
	v1alpha1.ReasonAgentUnreachable:    {true, actionReconciling},
	v1alpha1.ReasonFateUnknown:         {true, actionReconciling},
}

// tell adds an event.
func (s *scene) tell(event Event) {
	event.Message = cut(event.Message, eventMessageLength)
	s.decision.Events = append(s.decision.Events, event)
}

// tellChanges adds the events that follow from what the status newly says.
func (s *scene) tellChanges() {
	if s.ended {
		s.tellEnd()
	}
	if s.current() && s.state().Class() == mesos.Live && s.durableState() != "" && mesos.TaskState(s.durableState()).Class() == mesos.FateUnknown {
		s.tell(Event{Reason: v1alpha1.EventAgentReachable, Action: actionReconciling, Message: fmt.Sprintf("%s is %s again on %s", s.attempt.ID, s.state(), s.where())})
	}
	if s.decision.Gone {
		return
	}
	s.tellMaintenance()
	news, worthy := newsworthy[s.verdict.reason]
	if !worthy || !s.changed() {
		return
	}
	s.tell(Event{Warning: news.warning, Reason: s.verdict.reason, Action: news.action, Message: s.verdict.message})
}

// changed says whether the reason of condition Ready is news. That a task waits is news once there is something to say of it: one that is
// launched again in a moment is not worth an event.
func (s *scene) changed() bool {
	before := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionReady)
	if s.verdict.reason == v1alpha1.ReasonAwaitingOffer {
		return s.Waiting != nil && s.Status.Pending == nil
	}
	return before == nil || before.Reason != s.verdict.reason
}

// tellEnd adds the event of the current attempt's end.
func (s *scene) tellEnd() {
	attempt := s.decision.Status.Task
	event := Event{Reason: v1alpha1.EventEnded, Action: actionReconciling, Message: attempt.ID + " ended with " + outcome(attempt)}
	switch {
	case !mayHaveRun(attempt):
		event.Reason, event.Warning, event.Action = v1alpha1.EventNeverRan, true, actionLaunching
		event.Message = attempt.ID + " never ran: " + s.outcomeOf(attempt)
	case attempt.AgentRemovedTime != nil:
		s.tellRemoved(attempt)
		return
	case attempt.State == string(mesos.TaskGoneByOperator):
		event.Reason, event.Warning = v1alpha1.EventAgentGone, true
		event.Message = fmt.Sprintf("%s on agent %s counts as over, and is killed if it comes back: an operator of Mesos marked the agent as gone", attempt.ID, attempt.AgentID)
	case attempt.State != string(mesos.TaskFinished) && attempt.KillReason == "" && !s.Deleting:
		event.Warning = true
	}
	s.tell(event)
}
