package explain

import (
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// SeenFramework is a MesosFramework and what stands around it.
type SeenFramework struct {
	Now       time.Time
	Framework *v1alpha1.MesosFramework
	Events    []Event
}

type frameworkScene struct {
	scene
	SeenFramework
	connected, reconciled *metav1.Condition
}

type frameworkRule struct {
	name string
	when func(*frameworkScene) bool
	say  func(*frameworkScene)
	well bool
}

// remedies say what helps where a framework is not connected, by the reason of condition Connected.
var remedies = map[string]string{
	v1alpha1.ReasonMasterUnreachable:   "None of its masters answers: are the URLs right, do they run, and may the operator's pod reach them?",
	v1alpha1.ReasonNoLeader:            "The masters have no leader: an election is under way, or more than half of them or of ZooKeeper is away",
	v1alpha1.ReasonUnauthorized:        "The masters want other credentials than those of spec.credentialsSecretRef",
	v1alpha1.ReasonForbidden:           "The masters' ACLs do not let the framework subscribe with its principal and roles",
	v1alpha1.ReasonNotAMaster:          "What answers at the URL is no Mesos master: is it the port of one, 5050 by default?",
	v1alpha1.ReasonSubscriptionRefused: "The masters refuse the framework as spec.info describes it",
	v1alpha1.ReasonFrameworkRemoved:    "Mesos has removed the framework and killed its tasks; its ID is dead. Annotation " + v1alpha1.AnnotationReplaceFrameworkID + " with that ID registers it anew",
	v1alpha1.ReasonFailedOver:          "Another scheduler has subscribed with its framework ID: is there a second operator, or an old scheduler with that ID?",
	v1alpha1.ReasonDetectionFailed:     "ZooKeeper does not say which master leads",
	v1alpha1.ReasonTLSFailed:           "Masters and operator do not trust each other's certificates (spec.tls)",
}

// frameworkRules are in order: the first that matches speaks.
var frameworkRules = []frameworkRule{
	{name: "Deleting", when: func(s *frameworkScene) bool { return !s.Framework.DeletionTimestamp.IsZero() }, say: func(s *frameworkScene) {
		s.sayf("It was deleted %s, and waits (%s): %s", s.ago(s.Framework.DeletionTimestamp.Time), s.ready.Reason, s.message())
	}},
	{name: "NotConnected", when: func(s *frameworkScene) bool { return s.connected == nil || s.connected.Status != metav1.ConditionTrue }, say: (*frameworkScene).sayAway},
	{name: "NotReconciled", when: func(s *frameworkScene) bool {
		return s.reconciled == nil || s.reconciled.Status != metav1.ConditionTrue
	}, say: func(s *frameworkScene) {
		message := "it has not been asked"
		if s.reconciled != nil {
			message = s.reconciled.Message
		}
		s.sayf("It is connected, and Mesos has not answered for every task since: %s", message)
	}},
	{name: "NotReady", when: func(s *frameworkScene) bool { return s.ready.Status != metav1.ConditionTrue }, say: func(s *frameworkScene) {
		s.sayf("It is connected, and something is in the way (%s): %s", s.ready.Reason, s.message())
	}},
	{name: "Connected", when: func(*frameworkScene) bool { return true }, well: true, say: func(s *frameworkScene) {
		s.sayf("It is connected to the master at %s, and Mesos has answered for every task: nothing is wrong with it", s.master())
	}},
}

func (s *frameworkScene) master() string {
	if master := s.Framework.Status.Master; master != nil {
		return master.URL
	}
	return "an unknown URL"
}

func (s *frameworkScene) sayAway() {
	if s.connected == nil {
		s.sayf("It has not been taken up by the operator")
		return
	}
	s.sayf("It has not been connected to Mesos for %s (%s): %s", s.lasting(s.connected.LastTransitionTime.Time), s.connected.Reason, s.connected.Message)
	if remedy := remedies[s.connected.Reason]; remedy != "" {
		s.sayf("%s", remedy)
	}
	s.sayf("Its tasks run on meanwhile; nothing is launched or killed")
}

// Framework explains a MesosFramework.
func Framework(seen SeenFramework) Explanation {
	conditions := seen.Framework.Status.Conditions
	s := &frameworkScene{
		SeenFramework: seen, scene: newScene("framework", seen.Framework, conditions, seen.Now),
		connected:  meta.FindStatusCondition(conditions, v1alpha1.ConditionConnected),
		reconciled: meta.FindStatusCondition(conditions, v1alpha1.ConditionTasksReconciled),
	}
	if s.ready == nil {
		s.unseen(seen.Framework.CreationTimestamp.Time, seen.Framework.Name, seen.Framework, true)
		s.sayf("It is for the installation %s, by its spec.controllerName", seen.Framework.Spec.ControllerName)
		return s.out
	}
	for _, rule := range frameworkRules {
		if rule.when(s) {
			s.out.Rule, s.out.Well = rule.name, rule.well
			rule.say(s)
			break
		}
	}
	s.sayCounts()
	s.behind(seen.Framework.Status.ObservedGeneration, seen.Framework.Generation)
	s.warnings(seen.Events)
	return s.out
}

// sayCounts says what of its tasks somebody should know.
func (s *frameworkScene) sayCounts() {
	status := s.Framework.Status
	if meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionContested) {
		s.out.Well = false
		s.sayf("A second installation of the operator is set to serve it, too: %s", meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionContested).Message)
	}
	if n := status.Tasks.Unreachable; n > 0 {
		s.sayf("Mesos cannot say of %s whether they run, as their agents are out of reach", plural(n, "task"))
	}
	if orphans := status.Orphans; orphans != nil {
		s.sayf("%s of it live in Mesos for which there is no MesosTask. %s", plural(orphans.Count, "task"), orphans.Message)
		s.dof("kubectl mesos orphans %s", s.Framework.Name)
	}
	if unknown := status.Unknown; unknown != nil {
		s.sayf("Mesos says of %s that it knows nothing (TASK_UNKNOWN)", plural(unknown.Count, "task"))
		s.dof("kubectl mesos give-up --unknown framework/%s", s.Framework.Name)
	}
	if n := len(status.Abandoned); n > 0 {
		s.sayf("It remembers %s of deleted objects that may still run, and kills them if they come back", plural(int32(n), "task"))
	}
	if status.AgentsMessage != "" {
		s.sayf("The masters do not tell it of their agents: %s", status.AgentsMessage)
	}
}
