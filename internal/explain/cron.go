package explain

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// SeenCron is a MesosCronTask and what stands around it.
type SeenCron struct {
	Now            time.Time
	Cron           *v1alpha1.MesosCronTask
	Tasks          []v1alpha1.MesosTask
	Framework      *v1alpha1.MesosFramework
	FrameworkKnown bool
	Events         []Event
}

type cronScene struct {
	scene
	SeenCron
}

type cronRule struct {
	name string
	when func(*cronScene) bool
	say  func(*cronScene)
	well bool
}

func cronReady(reasons ...string) func(*cronScene) bool {
	return func(s *cronScene) bool { return slices.Contains(reasons, s.ready.Reason) }
}

// behind is condition Behind, nil unless it holds.
func (s *cronScene) late() *metav1.Condition {
	if found := meta.FindStatusCondition(s.Cron.Status.Conditions, v1alpha1.ConditionBehind); found != nil && found.Status == metav1.ConditionTrue {
		return found
	}
	return nil
}

// cronRules are in order: the first that matches speaks.
var cronRules = []cronRule{
	{name: "Deleting", when: func(s *cronScene) bool { return !s.Cron.DeletionTimestamp.IsZero() }, say: func(s *cronScene) {
		s.sayf("It was deleted %s, and goes once its runs are over", s.ago(s.Cron.DeletionTimestamp.Time))
	}},
	{name: "Suspended", when: cronReady(v1alpha1.ReasonSuspended), well: true, say: func(s *cronScene) {
		s.sayf("Its schedule starts nothing, as it is suspended (spec.suspend); a run that is asked for is started all the same")
		s.dof("kubectl mesos resume %s cron/%s", s.at(), s.Cron.Name)
	}},
	{name: "InvalidSchedule", when: cronReady(v1alpha1.ReasonInvalidSchedule, v1alpha1.ReasonInvalidTimeZone), say: func(s *cronScene) {
		s.sayf("Its schedule (%s) cannot be kept, so that no run is started: %s", s.schedule(), s.message())
		s.dof("kubectl edit mesoscrontask %s %s", s.at(), s.Cron.Name)
	}},
	{name: "NoFramework", when: cronReady(v1alpha1.ReasonFrameworkNotFound, v1alpha1.ReasonFrameworkDeleting), say: func(s *cronScene) { s.noFramework(s.Cron.Spec.Template.Spec.FrameworkRef.Name) }},
	{name: "ManagerTooOld", when: cronReady(v1alpha1.ReasonManagerTooOld), say: func(s *cronScene) { s.managerTooOld() }},
	{name: "AwaitingFramework", when: cronReady(v1alpha1.ReasonAwaitingFramework), say: func(s *cronScene) {
		s.sayf("No run is started until its framework is connected and has heard of all tasks; what runs goes on: %s", s.message())
	}},
	{name: "RunRefused", when: cronReady(v1alpha1.ReasonRunRefused), say: func(s *cronScene) {
		s.sayf("The API server does not take the MesosTask of its run, such as one more than a quota allows; it is tried again: %s", s.message())
	}},
	{name: "NameTaken", when: cronReady(v1alpha1.ReasonNameTaken), say: func(s *cronScene) {
		s.sayf("A MesosTask that is not its own has the name of its run, and is in the way: %s", s.message())
		s.dof("kubectl mesos tasks %s", s.at())
	}},
	{name: "Behind", when: func(s *cronScene) bool { return s.late() != nil }, say: func(s *cronScene) {
		s.sayf("It is behind its schedule (%s): %s", s.late().Reason, s.late().Message)
		s.dof("kubectl mesos tasks %s cron/%s", s.at(), s.Cron.Name)
	}},
	{name: "LastRunFailed", when: func(s *cronScene) bool {
		last := s.last()
		return s.ready.Status == metav1.ConditionTrue && last != nil && failed(last)
	}, say: func(s *cronScene) {
		last := s.last()
		s.sayf("Its schedule is kept, and its last run, task/%s, failed", last.Name)
		s.dof("kubectl mesos logs %s task/%s", s.at(), last.Name)
		s.dof("kubectl mesos run %s %s", s.at(), s.Cron.Name)
	}},
	{name: "Scheduled", when: func(s *cronScene) bool { return s.ready.Status == metav1.ConditionTrue }, well: true, say: func(s *cronScene) {
		s.sayf("Its schedule is kept: nothing is wrong with it")
	}},
	{name: "Other", when: func(*cronScene) bool { return true }, say: func(s *cronScene) { s.sayf("No run is started (%s): %s", s.ready.Reason, s.message()) }},
}

func (s *cronScene) schedule() string {
	if s.Cron.Spec.TimeZone == "" {
		return s.Cron.Spec.Schedule
	}
	return s.Cron.Spec.Schedule + ", " + s.Cron.Spec.TimeZone
}

// last is the run that was created last and is over, nil for none.
func (s *cronScene) last() *v1alpha1.MesosTask {
	var last *v1alpha1.MesosTask
	for i := range s.Tasks {
		task := &s.Tasks[i]
		if meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionSucceeded) == nil {
			continue
		}
		if last == nil || last.CreationTimestamp.Before(&task.CreationTimestamp) {
			last = task
		}
	}
	return last
}

func failed(task *v1alpha1.MesosTask) bool {
	return meta.IsStatusConditionFalse(task.Status.Conditions, v1alpha1.ConditionSucceeded)
}

// Cron explains a MesosCronTask.
func Cron(seen SeenCron) Explanation {
	s := &cronScene{SeenCron: seen, scene: newScene("cron", seen.Cron, seen.Cron.Status.Conditions, seen.Now)}
	if s.ready == nil {
		s.unseen(seen.Cron.CreationTimestamp.Time, seen.Cron.Spec.Template.Spec.FrameworkRef.Name, seen.Framework, seen.FrameworkKnown)
		s.warnings(seen.Events)
		return s.out
	}
	for _, rule := range cronRules {
		if rule.when(s) {
			s.out.Rule, s.out.Well = rule.name, rule.well
			rule.say(s)
			break
		}
	}
	if last := s.last(); last != nil && failed(last) && last.Status.Task != nil {
		s.sayf("%s %s", last.Name, HowItEnded(last.Status.Task, &last.Spec))
	}
	s.sayTimes()
	if !s.out.Well {
		s.connection(seen.Framework)
	}
	s.behind(seen.Cron.Status.ObservedGeneration, seen.Cron.Generation)
	s.warnings(seen.Events)
	return s.out
}

// sayTimes says what of it runs, ran last and is next.
func (s *cronScene) sayTimes() {
	status := s.Cron.Status
	if status.Active > 0 {
		verb := "are"
		if status.Active == 1 {
			verb = "is"
		}
		s.sayf("%s %s not over", plural(status.Active, "run"), verb)
	}
	if t := status.LastSuccessfulTime; t != nil {
		s.sayf("It last succeeded %s", s.ago(t.Time))
	}
	if t := status.NextScheduleTime; t != nil {
		s.sayf("The next run is due at %s, %s", t.UTC().Format(time.RFC3339), s.ago(t.Time))
	}
	if n := status.MissedRuns; n > 0 {
		s.sayf("%s missed since it was created", wereRuns(n))
	}
}

func wereRuns(n int64) string {
	if n == 1 {
		return "1 run was"
	}
	return plural(int32(min(n, 1<<30)), "run") + " were"
}
