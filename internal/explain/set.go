package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// SeenSet is a MesosTaskSet and what stands around it.
type SeenSet struct {
	Now            time.Time
	Set            *v1alpha1.MesosTaskSet
	Tasks          []v1alpha1.MesosTask
	Framework      *v1alpha1.MesosFramework
	FrameworkKnown bool
	Events         []Event
}

type setScene struct {
	scene
	SeenSet
}

type setRule struct {
	name string
	when func(*setScene) bool
	say  func(*setScene)
	well bool
}

func setReady(reasons ...string) func(*setScene) bool {
	return func(s *setScene) bool { return slices.Contains(reasons, s.ready.Reason) }
}

// setLead begins with a sentence of one's own, and goes on with what the operator says.
func setLead(text string) func(*setScene) {
	return func(s *setScene) { s.sayf("%s: %s", text, s.message()) }
}

func (s *setScene) stalled() *metav1.Condition {
	if found := meta.FindStatusCondition(s.Set.Status.Conditions, v1alpha1.ConditionStalled); found != nil && found.Status == metav1.ConditionTrue {
		return found
	}
	return nil
}

// setRules are in order: the first that matches speaks.
var setRules = []setRule{
	{name: "Deleting", when: func(s *setScene) bool { return !s.Set.DeletionTimestamp.IsZero() }, say: func(s *setScene) {
		s.sayf("It was deleted %s, and goes once its tasks are over", s.ago(s.Set.DeletionTimestamp.Time))
	}},
	{name: "RolloutStalled", when: setReady(v1alpha1.ReasonProgressDeadlineExceeded), say: func(s *setScene) {
		s.sayf("Its rollout does not get on: %s", s.message())
		s.dof("kubectl mesos rollout undo %s %s", s.at(), s.Set.Name)
	}},
	{name: "NoFramework", when: setReady(v1alpha1.ReasonFrameworkNotFound, v1alpha1.ReasonFrameworkDeleting), say: func(s *setScene) { s.noFramework(s.Set.Spec.Template.Spec.FrameworkRef.Name) }},
	{name: "ManagerTooOld", when: setReady(v1alpha1.ReasonManagerTooOld), say: func(s *setScene) { s.managerTooOld() }},
	// It is Stalled as well, and tried again all the same.
	{name: "WriteRefused", when: setReady(v1alpha1.ReasonWriteRefused), say: setLead("The API server refuses what it would write, such as one task more than a quota allows")},
	{name: "TaskStalled", when: setReady(v1alpha1.ReasonTaskStalled), say: setLead("Nothing will come of one of its tasks until a person changes something")},
	{name: "Stalled", when: func(s *setScene) bool { return s.stalled() != nil }, say: func(s *setScene) {
		s.sayf("Nothing will come of it until a person changes something (%s): %s", s.stalled().Reason, s.stalled().Message)
	}},
	{name: "AwaitingFramework", when: setReady(v1alpha1.ReasonAwaitingFramework), say: setLead("It makes and deletes no tasks until its framework is connected and has heard of all tasks; what lives goes on")},
	{name: "Suspended", when: setReady(v1alpha1.ReasonSuspended), well: true, say: func(s *setScene) {
		s.sayf("None of its tasks runs, as it is suspended (spec.suspend)")
		s.dof("kubectl mesos resume %s set/%s", s.at(), s.Set.Name)
	}},
	{name: "RollingOut", when: setReady(v1alpha1.ReasonRollingOut), say: func(s *setScene) {
		s.sayf("A rollout is under way: %s", s.message())
		s.dof("kubectl mesos rollout status %s %s", s.at(), s.Set.Name)
	}},
	{name: "Scaling", when: setReady(v1alpha1.ReasonScaling), say: setLead("It is being scaled")},
	{name: "Unavailable", when: setReady(v1alpha1.ReasonUnavailable), say: setLead("All its tasks are there, and not all of them are available")},
	{name: "Available", when: setReady(v1alpha1.ReasonAvailable), well: true, say: func(s *setScene) {
		s.sayf("All of its %s available: nothing is wrong with it", areTasks(s.Set.Status.AvailableReplicas))
		if s.Set.Spec.Paused {
			s.sayf("Its rollouts are paused: a changed template replaces nothing")
		}
	}},
	{name: "Other", when: func(*setScene) bool { return true }, say: func(s *setScene) { s.sayf("%s: %s", s.ready.Reason, s.message()) }},
}

func areTasks(n int32) string {
	if n == 1 {
		return "1 task is"
	}
	return plural(n, "task") + " are"
}

// Set explains a MesosTaskSet.
func Set(seen SeenSet) Explanation {
	s := &setScene{SeenSet: seen, scene: newScene("set", seen.Set, seen.Set.Status.Conditions, seen.Now)}
	if s.ready == nil {
		s.unseen(seen.Set.CreationTimestamp.Time, seen.Set.Spec.Template.Spec.FrameworkRef.Name, seen.Framework, seen.FrameworkKnown)
		s.warnings(seen.Events)
		return s.out
	}
	for _, rule := range setRules {
		if rule.when(s) {
			s.out.Rule, s.out.Well = rule.name, rule.well
			rule.say(s)
			break
		}
	}
	if s.out.Rule != "Suspended" {
		s.sayTasks()
	}
	if published := meta.FindStatusCondition(seen.Set.Status.Conditions, "ServicePublished"); published != nil && published.Status != metav1.ConditionTrue {
		s.out.Well = false
		s.sayf("Its tasks are not found by its Service as they should be (%s): %s", published.Reason, published.Message)
	}
	if !s.out.Well {
		s.connection(seen.Framework)
	}
	s.behind(seen.Set.Status.ObservedGeneration, seen.Set.Generation)
	s.warnings(seen.Events)
	return s.out
}

// sayTasks says which tasks are not ready, those of a reason together, and explains the first of the most.
func (s *setScene) sayTasks() {
	groups := map[string][]*v1alpha1.MesosTask{}
	for i := range s.Tasks {
		task := &s.Tasks[i]
		if is := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady); task.DeletionTimestamp.IsZero() && (is == nil || is.Status != metav1.ConditionTrue) {
			reason := "Unseen"
			if is != nil {
				reason = is.Reason
			}
			groups[reason] = append(groups[reason], task)
		}
	}
	reasons := make([]string, 0, len(groups))
	for reason := range groups {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int { return cmp.Or(cmp.Compare(len(groups[b]), len(groups[a])), cmp.Compare(a, b)) })
	for i, reason := range reasons {
		tasks := groups[reason]
		s.sayf("%s %s: %s", plural(int32(len(tasks)), "task"), reason, names(tasks))
		if i > 0 {
			continue
		}
		of := Task(SeenTask{Now: s.Now, Task: tasks[0], Framework: s.Framework, FrameworkKnown: s.FrameworkKnown})
		s.sayf("Of %s: %s", tasks[0].Name, strings.Join(of.Sentences[:min(2, len(of.Sentences))], " "))
		s.dof("kubectl mesos why %s task/%s", s.at(), tasks[0].Name)
	}
}

// names lists the first few.
func names(tasks []*v1alpha1.MesosTask) string {
	const most = 3
	listed := make([]string, 0, most)
	for _, task := range tasks[:min(most, len(tasks))] {
		listed = append(listed, task.Name)
	}
	if more := len(tasks) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(listed, ", "), more)
	}
	return strings.Join(listed, ", ")
}
