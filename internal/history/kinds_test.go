package history

import (
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// setUID is the UID of the set and of the cron task of a story: the objects that are made first in it.
const setUID, cronUID = "set-2", "cron-2"

func set(how func(*v1alpha1.MesosTaskSet)) step {
	return user(func(s *story, write *Write) client.Object {
		return change(s, write, setsResource, "ns", "set", &v1alpha1.MesosTaskSet{}, how)
	})
}

// two is a set of two, with a surge of one and none unavailable.
var two = set(func(s *v1alpha1.MesosTaskSet) {
	s.Spec.Replicas = new(int32(2))
	s.Spec.UpdateStrategy.RollingUpdate = &v1alpha1.RollingUpdate{MaxSurge: new(intstr.FromInt32(1)), MaxUnavailable: new(intstr.FromInt32(0))}
})

func member(name string) step { return operator(task(name, ownedBy(setUID, v1alpha1.LabelSet, "set"))) }

// condition gives a MesosTask a condition.
func condition(name, kind, reason string, status metav1.ConditionStatus) step {
	return func(s *story) {
		operator(task(name, func(t *v1alpha1.MesosTask) {
			t.Status.Revision++
			t.Status.Conditions = []metav1.Condition{{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(s.now)}}
		}))(s)
	}
}

func ready(name string) step {
	return condition(name, v1alpha1.ConditionReady, v1alpha1.ReasonRunning, metav1.ConditionTrue)
}

func unready(name string) step {
	return condition(name, v1alpha1.ConditionReady, v1alpha1.ReasonBackOff, metav1.ConditionFalse)
}

func drops(name string) step { return operator(deleted(tasksResource, name)) }

var keepsSurgeCases = map[string]storyOf{
	"as many as may be":                     {given: []step{two, member("a"), member("b"), member("c")}},
	"one too many":                          {given: []step{two, member("a"), member("b"), member("c"), member("d")}, want: "one of 4 that may live, and 3 may"},
	"another goes, and may still live":      {given: []step{two, member("a"), finalized("a"), member("b"), member("c"), drops("a"), member("d")}, want: "one of 4"},
	"another is gone, and was told of late": {given: []step{two, member("a"), finalized("a"), member("b"), member("c"), goneBeforeItsDeletion("a"), member("d")}},
	"another is gone":                       {given: []step{two, member("a"), member("b"), member("c"), drops("a"), member("d")}},
	"another is long unreachable": {given: []step{
		two, member("a"), member("b"), member("c"), condition("a", v1alpha1.ConditionAgentUnreachable, "x", metav1.ConditionTrue), pass(time.Hour), member("d"),
	}},
	"another was unreachable a moment ago": {given: []step{
		two, member("a"), member("b"), member("c"), condition("a", v1alpha1.ConditionAgentUnreachable, "x", metav1.ConditionTrue), pass(time.Minute), member("d"),
	}, want: "one of 4"},
	"what lives gets its MesosTask back": {given: []step{two, member("a"), member("b"), member("c"), starts(first, agent), member("web")}},
	"it was scaled down a moment ago": {given: []step{
		two, member("a"), member("b"), pass(time.Minute), set(func(s *v1alpha1.MesosTaskSet) { s.Spec.Replicas = new(int32(0)) }), member("c"),
	}},
	"it was scaled down long ago": {given: []step{
		two, member("a"), member("b"), set(func(s *v1alpha1.MesosTaskSet) { s.Spec.Replicas = new(int32(0)) }), pass(time.Minute), member("c"),
	}, want: "one of 3 that may live, and 1 may"},
}

// goneBeforeItsDeletion is an object that goes before its deletion is told of: two requests are answered in another order than they took effect in.
func goneBeforeItsDeletion(name string) step {
	return func(s *story) {
		deletion, release := &Write{Who: me, Status: 200, Outcome: Committed}, &Write{Who: me, Status: 200, Outcome: Committed}
		was := deleted(tasksResource, name)(s, deletion)
		gone := task(name, func(t *v1alpha1.MesosTask) { t.Finalizers = nil })(s, release)
		gone.SetResourceVersion(was.GetResourceVersion())
		s.h.mu.Lock()
		defer s.h.mu.Unlock()
		s.h.recordObject(release, gone)
		s.stamp()
		s.h.recordObject(deletion, was)
		s.stamp()
	}
}

func finalized(name string) step {
	return operator(task(name, func(t *v1alpha1.MesosTask) { t.Finalizers = []string{v1alpha1.TaskFinalizer} }))
}

var keepsAvailableCases = map[string]storyOf{
	"enough are left":      {given: []step{two, member("a"), member("b"), member("c"), ready("a"), ready("b"), ready("c"), drops("a")}},
	"too few are left":     {given: []step{two, member("a"), member("b"), ready("a"), ready("b"), drops("a")}, want: "leaves 1 available, and 2 must be"},
	"two at once":          {given: []step{two, member("a"), member("b"), member("c"), ready("a"), ready("b"), ready("c"), drops("a"), drops("b")}, want: "leaves 1 available"},
	"it was not available": {given: []step{two, member("a"), member("b"), ready("a"), unready("b"), drops("b")}},
	"another stopped being so a moment ago": {given: []step{
		two, member("a"), member("b"), member("c"), ready("a"), ready("b"), ready("c"), pass(time.Minute), unready("c"), drops("a"),
	}},
	"another stopped being so long ago": {given: []step{
		two, member("a"), member("b"), member("c"), ready("a"), ready("b"), ready("c"), unready("c"), pass(time.Minute), drops("a"),
	}, want: "leaves 1 available"},
	"a person deletes it": {given: []step{two, member("a"), member("b"), ready("a"), ready("b"), user(deleted(tasksResource, "a"))}},
	"it is suspended": {given: []step{
		two, member("a"), member("b"), ready("a"), ready("b"), set(func(s *v1alpha1.MesosTaskSet) { s.Spec.Suspend = true }), drops("a"),
	}},
	"another is not ready for long enough": {given: []step{
		two, set(func(s *v1alpha1.MesosTaskSet) { s.Spec.MinReadySeconds = 60 }), member("a"), member("b"), member("c"), ready("a"), ready("b"), pass(time.Hour), ready("c"), drops("a"),
	}, want: "leaves 1 available"},
}

func revision(name string) step {
	return operator(func(s *story, write *Write) client.Object {
		return change(s, write, "controllerrevisions", "ns", name, &appsv1.ControllerRevision{}, func(r *appsv1.ControllerRevision) {
			r.Labels = map[string]string{v1alpha1.LabelRevision: name}
			r.OwnerReferences = []metav1.OwnerReference{{UID: setUID, Controller: new(true)}}
		})
	})
}

func memberOf(name, revision string) step {
	return operator(task(name, func(t *v1alpha1.MesosTask) {
		ownedBy(setUID, v1alpha1.LabelSet, "set")(t)
		t.Labels[v1alpha1.LabelRevision] = revision
	}))
}

var keepsRevisionsCases = map[string]storyOf{
	"nobody is of it":     {given: []step{two, revision("r1"), revision("r2"), memberOf("a", "r2"), operator(deleted("controllerrevisions", "r1"))}},
	"a task is of it":     {given: []step{two, revision("r1"), memberOf("a", "r1"), operator(deleted("controllerrevisions", "r1"))}, want: "a is of it"},
	"a task was of it":    {given: []step{two, revision("r1"), memberOf("a", "r1"), drops("a"), operator(deleted("controllerrevisions", "r1"))}},
	"the set goes to it":  {given: []step{two, set(func(s *v1alpha1.MesosTaskSet) { s.Status.UpdateRevision = "r1" }), revision("r1"), operator(deleted("controllerrevisions", "r1"))}, want: "the set is of it"},
	"a person deletes it": {given: []step{two, revision("r1"), memberOf("a", "r1"), user(deleted("controllerrevisions", "r1"))}},
}

func cron(how func(*v1alpha1.MesosCronTask)) step {
	return user(func(s *story, write *Write) client.Object {
		return change(s, write, cronsResource, "ns", "cron", &v1alpha1.MesosCronTask{}, how)
	})
}

func policy(p v1alpha1.ConcurrencyPolicy) step {
	return cron(func(c *v1alpha1.MesosCronTask) { c.Spec.ConcurrencyPolicy = p })
}

// due is when the runs of stories are due.
const due = "2026-01-02T03:00:00Z"

func run(name string) step {
	return operator(task(name, func(t *v1alpha1.MesosTask) {
		ownedBy(cronUID, v1alpha1.LabelCron, "cron")(t)
		t.Annotations = map[string]string{v1alpha1.AnnotationScheduledAt: due}
	}))
}

func succeeded(name string) step {
	return condition(name, v1alpha1.ConditionSucceeded, v1alpha1.ReasonCompleted, metav1.ConditionTrue)
}

var runsOnceCases = map[string]storyOf{
	"each once":                   {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), run("b")}},
	"again once it was deleted":   {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), drops("a"), run("a")}, want: "makes run a again"},
	"again as it lives in Mesos":  {given: []step{policy(v1alpha1.ConcurrencyAllow), run("web"), user(deleted(tasksResource, "web")), starts(first, agent), run("web")}},
	"again, by another cron task": {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), drops("a"), operator(task("a", ownedBy("cron-9", v1alpha1.LabelCron, "cron")))}},
}

var runsAloneCases = map[string]storyOf{
	"with Allow, beside another":               {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), run("b")}},
	"with Forbid, beside another":              {given: []step{policy(v1alpha1.ConcurrencyForbid), run("a"), run("b")}, want: "makes run b while a is not over"},
	"with Replace, beside another":             {given: []step{policy(v1alpha1.ConcurrencyReplace), run("a"), run("b")}, want: "concurrencyPolicy is Replace"},
	"with Forbid, after another":               {given: []step{policy(v1alpha1.ConcurrencyForbid), run("a"), succeeded("a"), run("b")}},
	"with Replace, while another is deleted":   {given: []step{policy(v1alpha1.ConcurrencyReplace), run("a"), finalized("a"), drops("a"), run("b")}, want: "makes run b while a"},
	"with Replace, once another is gone":       {given: []step{policy(v1alpha1.ConcurrencyReplace), run("a"), drops("a"), run("b")}},
	"what lives gets its MesosTask back":       {given: []step{policy(v1alpha1.ConcurrencyForbid), run("a"), starts(first, agent), run("web")}},
	"the policy was another one a moment ago":  {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), policy(v1alpha1.ConcurrencyForbid), run("b")}},
	"the policy was another one long ago":      {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), policy(v1alpha1.ConcurrencyForbid), pass(time.Minute), run("b")}, want: "makes run b"},
	"another of which Mesos cannot tell stays": {given: []step{policy(v1alpha1.ConcurrencyForbid), run("a"), condition("a", v1alpha1.ConditionSucceeded, "x", metav1.ConditionUnknown), run("b")}, want: "makes run b"},
}

func lastStarted(when time.Time) step {
	return operator(func(s *story, write *Write) client.Object {
		return change(s, write, cronsResource, "ns", "cron", &v1alpha1.MesosCronTask{}, func(c *v1alpha1.MesosCronTask) { c.Status.LastScheduleTime = &metav1.Time{Time: when} })
	})
}

var forgetsNoRunCases = map[string]storyOf{
	"it is recorded that it was started": {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), lastStarted(time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)), drops("a")}},
	"nothing is recorded":                {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), drops("a")}, want: "run ns/a is deleted"},
	"an earlier one is recorded":         {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), lastStarted(time.Date(2026, 1, 2, 2, 0, 0, 0, time.UTC)), drops("a")}, want: "02:00:00"},
	"a person deletes it":                {given: []step{policy(v1alpha1.ConcurrencyAllow), run("a"), user(deleted(tasksResource, "a"))}},
}

// publishes makes a slice call MesosTasks ready or not.
func publishes(ready bool, names ...string) step {
	return operator(func(s *story, write *Write) client.Object {
		return change(s, write, "endpointslices", "ns", "slice", &discoveryv1.EndpointSlice{}, func(slice *discoveryv1.EndpointSlice) {
			slice.Endpoints = nil
			for _, name := range names {
				uid := types.UID("none")
				if object := s.objects[tasksResource+"/"+name]; object != nil {
					uid = object.GetUID()
				}
				slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
					Conditions: discoveryv1.EndpointConditions{Ready: &ready}, TargetRef: &corev1.ObjectReference{Name: name, UID: uid},
				})
			}
		})
	})
}

var findsWhatRunsCases = map[string]storyOf{
	"what is ready":                    {given: []step{member("a"), ready("a"), publishes(true, "a")}},
	"what is not, and is not said to":  {given: []step{member("a"), unready("a"), publishes(false, "a")}},
	"what is not":                      {given: []step{member("a"), unready("a"), publishes(true, "a")}, want: "calls a ready, and its MesosTask does not"},
	"what was a moment ago":            {given: []step{member("a"), ready("a"), pass(time.Minute), unready("a"), publishes(true, "a")}},
	"what was long ago":                {given: []step{member("a"), ready("a"), unready("a"), pass(time.Minute), publishes(true, "a")}, want: "calls a ready"},
	"what cannot be reached":           {given: []step{member("a"), condition("a", v1alpha1.ConditionAgentUnreachable, "x", metav1.ConditionTrue), pass(time.Hour), publishes(true, "a")}},
	"what never was":                   {given: []step{publishes(true, "a")}, want: "there is no such MesosTask"},
	"what somebody else wrote is none": {given: []step{member("a"), unready("a"), pass(time.Minute), publishes(false, "a")}},
}
