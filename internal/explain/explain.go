package explain

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Explanation is what is the matter with an object.
type Explanation struct {
	// Object is the object, as task/web, and Namespace where it is.
	Object    string `json:"object"`
	Namespace string `json:"namespace,omitempty"`
	// Well says that nothing is wrong: it runs, has completed, or is kept from running as its spec asks.
	Well bool `json:"well"`
	// Rule is the name of the rule that spoke, which does not change from release to release as sentences do.
	Rule string `json:"rule"`
	// Reason is the reason of condition Ready, "" while there is none.
	Reason string `json:"reason,omitempty"`
	// Sentences say it, the most important one first.
	Sentences []string `json:"sentences"`
	// Commands help, or show more.
	Commands []string `json:"commands,omitempty"`
}

// Event is something that was told of an object.
type Event struct {
	Warning         bool
	Reason, Message string
	Last            time.Time
	Count           int32
}

// scene is what rules look at, and the explanation as it grows.
type scene struct {
	now   time.Time
	ready *metav1.Condition
	out   Explanation
}

func newScene(kind string, object metav1.Object, conditions []metav1.Condition, now time.Time) scene {
	s := scene{now: now, ready: meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)}
	s.out.Object, s.out.Namespace = kind+"/"+object.GetName(), object.GetNamespace()
	if s.ready != nil {
		s.out.Reason = s.ready.Reason
	}
	return s
}

// sayf adds a sentence.
func (s *scene) sayf(format string, values ...any) {
	s.out.Sentences = append(s.out.Sentences, sentence(fmt.Sprintf(format, values...)))
}

// dof adds a command.
func (s *scene) dof(format string, values ...any) {
	s.out.Commands = append(s.out.Commands, fmt.Sprintf(format, values...))
}

// at is the flag that leads a command to the object's namespace.
func (s *scene) at() string { return "-n " + s.out.Namespace }

// sentence ends a text as a sentence ends, and has it in one line.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || strings.HasSuffix(text, ".") || strings.HasSuffix(text, "!") || strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// message is what condition Ready says, as the end of a sentence that begins with a lead.
func (s *scene) message() string {
	if s.ready == nil {
		return ""
	}
	return s.ready.Message
}

// ago says how long ago something was.
func (s *scene) ago(t time.Time) string {
	if t.After(s.now) {
		return "in " + duration.HumanDuration(t.Sub(s.now))
	}
	return duration.HumanDuration(s.now.Sub(t)) + " ago"
}

// lasting says how long something has lasted.
func (s *scene) lasting(since time.Time) string { return duration.HumanDuration(s.now.Sub(since)) }

// behind says that the status is of an earlier spec.
func (s *scene) behind(observed, generation int64) {
	if s.ready != nil && observed < generation {
		s.sayf("The spec was changed after that, which the operator has not taken up yet: is its manager running? kubectl mesos doctor says so")
	}
}

// unseen says that the operator has not looked at an object.
func (s *scene) unseen(created time.Time, framework string, there *v1alpha1.MesosFramework, known bool) {
	s.out.Rule = "Unseen"
	switch {
	case known && there == nil:
		s.sayf("There is no framework %s, which would run it, and the operator has not looked at it in the %s since it was created", framework, s.lasting(created))
		s.dof("kubectl get mesosframeworks")
	default:
		s.sayf("The operator has not looked at it in the %s since it was created: its manager does not run, or does not watch this namespace", s.lasting(created))
	}
	s.dof("kubectl mesos doctor")
}

// noFramework says that the framework is not there, or goes.
func (s *scene) noFramework(framework string) {
	s.sayf("Its framework runs nothing for it (%s): %s", s.ready.Reason, s.message())
	s.dof("kubectl mesos why framework/%s", framework)
}

// managerTooOld says that the CRDs are of a later release than the manager.
func (s *scene) managerTooOld() {
	s.sayf("The CRDs are of a later release than the manager, which does nothing for it until it is upgraded: %s", s.message())
	s.dof("kubectl mesos doctor")
}

// connection says that the framework is not connected, as what is shown is then old.
func (s *scene) connection(framework *v1alpha1.MesosFramework) {
	if framework == nil {
		return
	}
	connected := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionConnected)
	reconciled := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled)
	switch {
	case connected == nil:
		s.sayf("Its framework %s has not been taken up by the operator yet", framework.Name)
		s.dof("kubectl mesos why framework/%s", framework.Name)
	case connected.Status != metav1.ConditionTrue:
		s.sayf("Its framework %s has not been connected to Mesos for %s (%s), so this is what was last seen, and nothing is launched or killed: %s",
			framework.Name, s.lasting(connected.LastTransitionTime.Time), connected.Reason, connected.Message)
		s.dof("kubectl mesos why framework/%s", framework.Name)
	case reconciled != nil && reconciled.Status != metav1.ConditionTrue:
		s.sayf("Its framework %s has not heard from Mesos of every task since it connected, so this may be old: %s", framework.Name, reconciled.Message)
	}
}

// saidByEnds are Events of which ends say the same.
var saidByEnds = map[string]bool{v1alpha1.EventEnded: true, v1alpha1.EventNeverRan: true, v1alpha1.EventRunFailed: true}

// warnings adds the latest warnings of the Events that the sentences have not said already.
func (s *scene) warnings(events []Event) {
	const most, latest = 2, 24 * time.Hour
	told := 0
	for _, event := range events {
		said := strings.Join(s.out.Sentences, " ")
		if !event.Warning || told == most || saidByEnds[event.Reason] || s.now.Sub(event.Last) > latest || event.Reason == s.out.Reason || strings.Contains(said, strings.TrimSuffix(event.Message, ".")) {
			continue
		}
		told++
		times := ""
		if event.Count > 1 {
			times = fmt.Sprintf(", %d times", event.Count)
		}
		s.sayf("Event %s, %s%s: %s", event.Reason, s.ago(event.Last), times, event.Message)
	}
}
