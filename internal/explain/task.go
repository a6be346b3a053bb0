package explain

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// SeenTask is a MesosTask and what stands around it.
type SeenTask struct {
	Now  time.Time
	Task *v1alpha1.MesosTask
	// Framework is nil where there is none, and where FrameworkKnown is false, as it could not be read.
	Framework      *v1alpha1.MesosFramework
	FrameworkKnown bool
	// Events are the latest first.
	Events []Event
}

type taskScene struct {
	scene
	SeenTask
	attempt *v1alpha1.TaskAttempt // the current one; nil for none
}

// taskRule is one thing that may be the matter with a task.
type taskRule struct {
	name string
	when func(*taskScene) bool
	say  func(*taskScene)
	well bool
}

// ready matches reasons of condition Ready.
func ready(reasons ...string) func(*taskScene) bool {
	return func(s *taskScene) bool { return slices.Contains(reasons, s.ready.Reason) }
}

// lead begins with a sentence of one's own, and goes on with what the operator says.
func lead(text string, commands ...func(*taskScene)) func(*taskScene) {
	return func(s *taskScene) {
		s.sayf("%s: %s", text, s.message())
		for _, command := range commands {
			command(s)
		}
	}
}

// Commands that help with tasks.
func logs(s *taskScene)    { s.dof("kubectl mesos logs %s %s", s.at(), s.Task.Name) }
func stderr(s *taskScene)  { s.dof("kubectl mesos logs %s %s --stderr", s.at(), s.Task.Name) }
func edit(s *taskScene)    { s.dof("kubectl edit mesostask %s %s", s.at(), s.Task.Name) }
func restart(s *taskScene) { s.dof("kubectl mesos restart %s task/%s", s.at(), s.Task.Name) }
func framework(s *taskScene) {
	s.dof("kubectl describe mesosframework %s", s.Task.Spec.FrameworkRef.Name)
}

// taskRules are in order: the first that matches speaks.
var taskRules = []taskRule{
	{name: "Deleting", when: func(s *taskScene) bool { return !s.Task.DeletionTimestamp.IsZero() }, say: func(s *taskScene) {
		s.sayf("It was deleted %s, and its object stays until Mesos has said that its task is over: %s", s.ago(s.Task.DeletionTimestamp.Time), s.message())
		s.giveUp()
	}},
	{name: "Unreachable", when: func(s *taskScene) bool {
		return meta.IsStatusConditionTrue(s.Task.Status.Conditions, v1alpha1.ConditionAgentUnreachable) || ready(v1alpha1.ReasonAgentUnreachable, v1alpha1.ReasonFateUnknown)(s)
	}, say: (*taskScene).sayUnreachable},
	{name: "Offers", when: ready(v1alpha1.ReasonAwaitingOffer), say: (*taskScene).sayWaiting},
	{name: "TooLarge", when: ready(v1alpha1.ReasonNoAgentLargeEnough), say: lead("It is larger than any agent that Mesos has, so that it waits until it is made smaller or a larger agent comes", edit)},
	{name: "Launching", when: ready(v1alpha1.ReasonLaunching), say: (*taskScene).sayLaunching},
	{name: "BackOff", when: ready(v1alpha1.ReasonBackOff), say: func(s *taskScene) {
		s.sayf("It keeps ending, and waits%s for its next launch, each time longer (spec.backoff)", s.until())
		logs(s)
		stderr(s)
	}},
	{name: "NeverStarts", when: ready(v1alpha1.ReasonNeverStarts), say: func(s *taskScene) {
		s.sayf("It does not come to run: its last launches all failed before it began. It is tried again%s", s.until())
		s.sayf("The operator says: %s", s.message())
		edit(s)
	}},
	{name: "Unauthorized", when: ready(v1alpha1.ReasonTaskUnauthorized), say: lead("Mesos' ACLs do not let it run as its user: the operator of Mesos can allow that, or it needs another spec.user", framework)},
	{name: "Refused", when: ready(v1alpha1.ReasonRefused), say: lead("Mesos refuses it as it is described, and will until its spec is changed", edit)},
	{name: "Failed", when: ready(v1alpha1.ReasonFailed), say: func(s *taskScene) {
		s.sayf("It failed, and is not launched again, as its restartPolicy is %s", s.Task.Spec.RestartPolicy)
		logs(s)
		restart(s)
	}},
	{name: "RestartsExhausted", when: ready(v1alpha1.ReasonRestartsExhausted), say: lead("It failed more often than spec.maxRestarts allows, and is not launched again", logs, restart)},
	{name: "DeadlineExceeded", when: ready(v1alpha1.ReasonDeadlineExceeded), say: lead("It was not over within spec.activeDeadlineSeconds", logs)},
	{name: "Interrupted", when: ready(v1alpha1.ReasonInterrupted), say: lead("It did not fail by itself: the platform ended it, and it is not launched again by itself", restart)},
	{name: "OutcomeUnknown", when: ready(v1alpha1.ReasonOutcomeUnknown), say: lead("Nobody can tell how it ended", restart)},
	{name: "Restarting", when: ready(v1alpha1.ReasonRestarting), say: lead("It is being killed, to be launched anew")},
	{name: "Suspending", when: ready(v1alpha1.ReasonSuspending), say: lead("It is being killed, as it is suspended")},
	{name: "Draining", when: ready(v1alpha1.ReasonAgentDraining), say: lead("Its agent is being drained, and Mesos kills it there; it is launched elsewhere once it is over")},
	{name: "Unhealthy", when: ready(v1alpha1.ReasonUnhealthy), say: lead("It runs, and its health check fails: with enough failures in a row its agent kills it (spec.healthCheck)", logs)},
	{name: "NotReady", when: ready(v1alpha1.ReasonNotReady), say: lead("It runs, and is not ready yet", logs)},
	{name: "Paused", when: ready(v1alpha1.ReasonPaused), say: func(s *taskScene) {
		s.sayf("Annotation %s keeps the operator's hands off it: %s", v1alpha1.AnnotationPaused, s.message())
		s.dof("kubectl annotate mesostask %s %s %s-", s.at(), s.Task.Name, v1alpha1.AnnotationPaused)
	}},
	{name: "NoFramework", when: ready(v1alpha1.ReasonFrameworkNotFound, v1alpha1.ReasonFrameworkDeleting), say: lead("Its framework runs nothing for it", framework)},
	{name: "ManagerTooOld", when: ready(v1alpha1.ReasonManagerTooOld), say: func(s *taskScene) { s.managerTooOld() }},
	{name: "NotAllowed", when: ready(
		v1alpha1.ReasonNamespaceNotAllowed, v1alpha1.ReasonRoleNotAllowed, v1alpha1.ReasonUserNotAllowed, v1alpha1.ReasonLabelNotAllowed,
		v1alpha1.ReasonDiscoveryNotAllowed, v1alpha1.ReasonContainerNotAllowed, v1alpha1.ReasonRevocableNotAllowed,
	), say: lead("Its framework does not allow what it asks for, which whoever looks after the framework can change", framework, edit)},
	{name: "Reference", when: ready(
		v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonSecretInvalid, v1alpha1.ReasonConfigMapNotFound, v1alpha1.ReasonConfigMapInvalid, v1alpha1.ReasonReferenceUnread,
	), say: lead("It waits for what it takes from a Secret or ConfigMap, which is looked for every half minute")},
	{name: "SecretsNotAllowed", when: ready(v1alpha1.ReasonSecretsNotAllowed), say: lead("The operator may not read Secrets and ConfigMaps of tasks; whoever installed it can allow that", func(s *taskScene) {
		s.dof("kubectl mesos doctor")
	})},
	{name: "OtherFrameworkID", when: ready(v1alpha1.ReasonOtherFrameworkID), say: lead("It was launched under another framework ID than its framework has now, and is not launched again by itself", framework)},
	{name: "Suspended", when: ready(v1alpha1.ReasonSuspended), well: true, say: func(s *taskScene) {
		s.sayf("It does not run, as it is suspended (spec.suspend)")
		s.dof("kubectl mesos resume %s task/%s", s.at(), s.Task.Name)
	}},
	{name: "Completed", when: ready(v1alpha1.ReasonCompleted), well: true, say: func(s *taskScene) {
		s.sayf("It has completed, and is not launched again: %s", s.message())
		logs(s)
	}},
	{name: "Running", when: ready(v1alpha1.ReasonRunning), well: true, say: (*taskScene).sayRunning},
	{name: "Other", when: func(*taskScene) bool { return true }, say: func(s *taskScene) { s.sayf("%s: %s", s.ready.Reason, s.message()) }},
}

// Task explains a MesosTask.
func Task(seen SeenTask) Explanation {
	s := &taskScene{SeenTask: seen, scene: newScene("task", seen.Task, seen.Task.Status.Conditions, seen.Now), attempt: seen.Task.Status.Task}
	if s.ready == nil {
		s.unseen(seen.Task.CreationTimestamp.Time, seen.Task.Spec.FrameworkRef.Name, seen.Framework, seen.FrameworkKnown)
		s.warnings(seen.Events)
		return s.out
	}
	for _, rule := range taskRules {
		if rule.when(s) {
			s.out.Rule, s.out.Well = rule.name, rule.well
			rule.say(s)
			break
		}
	}
	s.sayEnds()
	s.sayMaintenance()
	if !s.out.Well || s.out.Rule == "Running" {
		s.connection(seen.Framework)
	}
	s.behind(seen.Task.Status.ObservedGeneration, seen.Task.Generation)
	s.warnings(seen.Events)
	return s.out
}

// until says when the next launch is, as a part of a sentence.
func (s *taskScene) until() string {
	next := s.Task.Status.NextLaunchTime
	switch {
	case next == nil:
		return ""
	case next.After(s.now):
		return " until " + next.UTC().Format(time.RFC3339) + " (" + s.ago(next.Time) + ")"
	default:
		return " (it is due)"
	}
}

// where is the agent of the current attempt.
func (s *taskScene) where() string {
	switch {
	case s.attempt == nil:
		return "an agent"
	case s.attempt.Hostname != "":
		return s.attempt.Hostname
	}
	return "agent " + s.attempt.AgentID
}

func (s *taskScene) sayWaiting() {
	pending := s.Task.Status.Pending
	switch {
	case pending != nil:
		s.sayf("It has waited for an offer of Mesos that it fits for %s: %s", s.lasting(pending.Since.Time), pending.Message)
	default:
		s.sayf("It waits for an offer of Mesos, since %s: %s", s.ago(s.ready.LastTransitionTime.Time), s.message())
	}
	s.dof("kubectl describe mesosframework %s", s.Task.Spec.FrameworkRef.Name)
}

func (s *taskScene) sayLaunching() {
	if s.attempt == nil {
		s.sayf("It is being launched: %s", s.message())
		return
	}
	since := ""
	if bound := s.attempt.BoundTime; bound != nil {
		since = ", which was sent there " + s.ago(bound.Time)
	}
	s.sayf("%s has been given the launch%s and has not said that it runs (%s): it may still be fetching an image or files. %s", s.where(), since, orNothing(s.attempt.State), s.message())
	s.sayf("A launch that takes longer than spec.launchTimeoutSeconds, 900 where nobody says, is killed and tried again")
	s.dof("kubectl mesos logs %s %s --stderr", s.at(), s.Task.Name)
}

func orNothing(state string) string {
	if state == "" {
		return "nothing was heard of it yet"
	}
	return state
}

func (s *taskScene) sayRunning() {
	since := ""
	if s.attempt != nil && s.attempt.StartTime != nil {
		since = " for " + s.lasting(s.attempt.StartTime.Time)
	}
	s.sayf("It runs on %s%s: nothing is wrong with it", s.where(), since)
	logs(s)
}

func (s *taskScene) sayUnreachable() {
	since := s.ready.LastTransitionTime.Time
	if s.attempt != nil && s.attempt.UnreachableTime != nil {
		since = s.attempt.UnreachableTime.Time
	}
	s.sayf("Mesos cannot say whether it still runs on %s, since %s: it may, so that nothing is launched in its place", s.where(), s.ago(since))
	s.sayf("The operator says: %s", s.message())
	if u := s.Task.Spec.Unreachable; u != nil && u.ReplaceAfterSeconds != nil {
		s.sayf("It is replaced by itself after %d s of this (spec.unreachable.replaceAfterSeconds)", *u.ReplaceAfterSeconds)
	}
	s.giveUp()
}

// giveUp names the way for who knows that the attempt is over.
func (s *taskScene) giveUp() {
	if s.attempt == nil || !meta.IsStatusConditionTrue(s.Task.Status.Conditions, v1alpha1.ConditionAgentUnreachable) &&
		!ready(v1alpha1.ReasonAgentUnreachable, v1alpha1.ReasonFateUnknown, v1alpha1.ReasonDeleting)(s) {
		return
	}
	s.sayf("If you know that the task is over, as its machine is gone, say, the operator can be told so")
	s.dof("kubectl mesos give-up %s %s", s.at(), s.Task.Name)
}

// sayEnds says how the last attempt ended that ended by itself, and how many there were.
func (s *taskScene) sayEnds() {
	last := s.lastEnd()
	if last == nil {
		return
	}
	when, ran := "", ""
	if last.FinishTime != nil {
		when = ", " + s.ago(last.FinishTime.Time)
		if last.StartTime != nil && last.FinishTime.After(last.StartTime.Time) {
			ran = ", after " + last.FinishTime.Sub(last.StartTime.Time).Round(time.Second).String()
		}
	}
	on := ""
	if last.Hostname != "" {
		on = " on " + last.Hostname
	}
	which := "The attempt before this one"
	if last == s.attempt {
		which = "Its last attempt"
	}
	s.sayf("%s%s %s%s%s", which, on, HowItEnded(last, &s.Task.Spec), ran, when)
	if n := s.Task.Status.Restarts; n > 0 && s.out.Rule != "RestartsExhausted" {
		s.sayf("It was restarted %s since its spec last changed", times(n))
	}
}

func times(n int32) string {
	if n == 1 {
		return "once"
	}
	return plural(n, "time")
}

// lastEnd is the attempt that ended last, nil where none did that is worth a word.
func (s *taskScene) lastEnd() *v1alpha1.TaskAttempt {
	if s.attempt != nil && s.attempt.FinishTime != nil {
		if s.out.Rule == "Completed" {
			return nil // the rule has said it
		}
		return s.attempt
	}
	for i := range s.Task.Status.History {
		if one := &s.Task.Status.History[i]; one.FinishTime != nil && (one.KillReason == "" || !s.out.Well) {
			return one
		}
	}
	return nil
}

func (s *taskScene) sayMaintenance() {
	due := meta.FindStatusCondition(s.Task.Status.Conditions, v1alpha1.ConditionAgentMaintenance)
	if due != nil && due.Status == metav1.ConditionTrue {
		s.sayf("Its agent is due for maintenance: %s", due.Message)
	}
}
