package history

import (
	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

var made = user(task("web", nil))

var oneLiveCases = map[string]storyOf{
	"one after the other": {given: []step{made, runs(first), dies(first), runs(second)}},
	"two of two objects":  {given: []step{made, runs(first), user(task("db", nil)), runs(other)}},
	"two at once": {
		given: []step{made, runs(first), runs(second)},
		want:  "live at once",
	},
	"one that was said to be over, and was not": {
		given: []step{made, runs(first), operator(says(first, "TASK_GONE", ended)), runs(second)},
		want:  "live at once",
	},
	"one that was replaced, durably, before the next was launched": {
		given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), runs(second)},
	},
	"one that is replaced too late": {
		given: []step{made, runs(first), runs(second), operator(says(first, "TASK_UNREACHABLE", replaced))},
		want:  "live at once",
	},
	"one that comes late, of an ACCEPT before the next one's": {
		given: []step{made, operator(bound(first)), launch(first), runs(second), starts(first, agent)},
		want:  "live at once",
	},
	"one that the operators of Mesos declared gone": {
		given: []step{made, runs(first), operator(says(first, mesos.TASK_GONE_BY_OPERATOR.String(), ended)), runs(second)},
	},
	"one that is abandoned": {
		given: []step{
			made, runs(first), operator(framework(func(f *v1alpha1.MesosFramework) { f.Status.Abandoned = []v1alpha1.AbandonedAttempt{{TaskID: first}} })),
			user(deleted(tasksResource, "web")), operator(released("web")), made, runs(second),
		},
	},
	"one whose framework ID a person replaced": {
		given: []step{
			made, runs(first), operator(framework(func(f *v1alpha1.MesosFramework) { f.Status.ReplacedFrameworkIDs = []string{fw} })), runs(second),
		},
	},
	"one whose object was rebuilt while its agent was not there": {
		given: []step{
			made, runs(first), loses(agent), user(released("web")), user(deleted(tasksResource, "web")), made, runs(second),
		},
	},
	"one whose object was rebuilt while its agent was there": {
		given: []step{made, runs(first), user(released("web")), user(deleted(tasksResource, "web")), made, runs(second)},
		want:  "live at once",
	},
	"one of each of two frameworks": {
		given: []step{
			made, runs(first), user(released("web")), goes, made, operator(bound(second, func(b *v1alpha1.Binding) { b.FrameworkID = "G" })), launch(second), starts(second, agent),
		},
	},
	"one that was replaced, and is abandoned later": {
		given: []step{
			made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), runs(second), goes, abandons(first),
		},
	},
	"one ID on two agents": {
		given: []step{made, runs(first), starts(first, "S1")},
		want:  "live at once",
	},
}

var boundFirstCases = map[string]storyOf{
	"bound, then launched": {given: []step{made, operator(bound(first)), launch(first)}},
	"launched, then bound": {given: []step{made, launch(first), operator(bound(first))}, want: "no object is durably bound"},
	"never bound":          {given: []step{made, launch(first)}, want: "no object is durably bound"},
	"its binding was refused": {
		given: []step{made, writes(me, func(s *story, w *Write) client.Object {
			object := bound(first)(s, w)
			w.Status, w.Outcome = 422, Refused
			return object
		}), launch(first)},
		want: "no object is durably bound",
	},
	"bound to another agent": {
		given: []step{made, operator(bound(first, func(b *v1alpha1.Binding) { b.AgentID = "S1" })), launch(first)},
		want:  "bound to S1",
	},
	"bound under another framework ID": {
		given: []step{made, operator(bound(first, func(b *v1alpha1.Binding) { b.FrameworkID = "G" })), launch(first)},
		want:  "bound under G",
	},
	"bound for another object": {
		given: []step{made, operator(bound(first, func(b *v1alpha1.Binding) { b.UID = "u" })), launch(first)},
		want:  "UID u",
	},
	"a binding that was copied with another object's manifest": {
		given: []step{made, operator(func(s *story, w *Write) client.Object {
			object := bound(other)(s, w).(*v1alpha1.MesosTask)
			return task("copy", func(t *v1alpha1.MesosTask) { t.Annotations = object.Annotations })(s, w)
		}), launch(other)},
		want: "no object is durably bound",
	},
}

var launchedOnceCases = map[string]storyOf{
	"each has its own ID":  {given: []step{made, runs(first), dies(first), runs(second)}},
	"the same ID again":    {given: []step{made, runs(first), dies(first), launch(first)}, want: "launched again"},
	"the same ID at once":  {given: []step{made, operator(bound(first)), launch(first), launch(first)}, want: "launched again"},
	"two in one operation": {given: []step{made, operator(bound(first)), launchBoth(first, first)}, want: "launched again"},
}

// launchBoth launches two tasks by one ACCEPT.
func launchBoth(ids ...string) step {
	return func(s *story) {
		accept := &scheduler.Call_Accept{}
		for _, id := range ids {
			accept.Operations = append(accept.Operations, mesos.Offer_Operation{Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{{
				TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: agent},
			}}}})
		}
		calls(me, &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: accept})(s)
	}
}

var nextAfterEndCases = map[string]storyOf{
	"the last is durably over": {given: []step{made, runs(first), dies(first), operator(bound(second))}},
	"the last is durably let go": {given: []step{
		made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), operator(bound(second)),
	}},
	"the last never left": {given: []step{made, operator(bound(first)), operator(bound(second))}},
	"the last was refused": {given: []step{
		made, operator(bound(first)), calls(me, &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{
			{Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{{TaskID: mesos.TaskID{Value: first}}}}},
		}}}), answer(400), operator(bound(second)),
	}},
	"the last may have arrived": {
		given: []step{made, operator(bound(first)), calls(me, &scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{
			{Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{{TaskID: mesos.TaskID{Value: first}}}}},
		}}}), operator(bound(second))},
		want: "does not say that " + first,
	},
	"the last runs": {given: []step{made, runs(first), operator(bound(second))}, want: "does not say that " + first},
	"the last ended, which nobody wrote down": {
		given: []step{made, runs(first), stops(first, agent), told(first, mesos.TASK_FAILED, "u"), operator(bound(second))},
		want:  "does not say that " + first,
	},
	"what had been let go is taken back": {
		given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), operator(bound(second)), operator(bound(first))},
		want:  "had been let go (Replaced)",
	},
	"a binding that a person wrote": {given: []step{made, runs(first), user(bound(second))}},
}

func abandons(ids ...string) step {
	return operator(framework(func(f *v1alpha1.MesosFramework) {
		f.Status.Abandoned = nil
		for _, id := range ids {
			f.Status.Abandoned = append(f.Status.Abandoned, v1alpha1.AbandonedAttempt{TaskID: id})
		}
	}))
}

var goes = user(deleted(tasksResource, "web"))

var releasedWhenOverCases = map[string]storyOf{
	"its attempt is over":            {given: []step{made, runs(first), goes, dies(first), operator(released("web"))}},
	"its attempt never left":         {given: []step{made, operator(bound(first)), goes, operator(released("web"))}},
	"its attempt is remembered":      {given: []step{made, runs(first), goes, abandons(first), operator(released("web"))}},
	"its policy lets the task go on": {given: []step{made, runs(first), user(task("web", func(t *v1alpha1.MesosTask) { t.Spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan })), goes, operator(released("web"))}},
	"the end was told, and not written down": {
		given: []step{made, runs(first), goes, stops(first, agent), told(first, mesos.TASK_KILLED, "u"), operator(released("web"))},
	},
	"a person takes it away": {given: []step{made, runs(first), goes, user(released("web"))}},
	"its attempt lives":      {given: []step{made, runs(first), goes, operator(released("web"))}, want: "lives"},
	"its attempt was remembered, and is not any more": {
		given: []step{made, runs(first), goes, abandons(first), abandons(), operator(released("web"))},
		want:  "lives",
	},
	"its attempt is on its way": {
		given: []step{made, operator(bound(first)), launch(first), goes, operator(released("web"))},
		want:  "is not known to be over",
	},
	"an earlier attempt lives": {
		given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), runs(second), goes, dies(second), operator(released("web"))},
		want:  "lives",
	},
	"its end was a mistake": {
		given: []step{made, runs(first), goes, operator(says(first, "TASK_GONE", ended)), operator(released("web"))},
		want:  "lives",
	},
}

func reason(why v1alpha1.KillReason) func(*v1alpha1.TaskAttempt) {
	return func(a *v1alpha1.TaskAttempt) { a.KillReason = why }
}

var killedForAReasonCases = map[string]storyOf{
	"its object is deleted":             {given: []step{made, runs(first), goes, kill(first)}},
	"its object is suspended":           {given: []step{made, runs(first), user(task("web", func(t *v1alpha1.MesosTask) { t.Spec.Suspend = true })), kill(first)}},
	"its object durably says why":       {given: []step{made, runs(first), operator(says(first, "TASK_RUNNING", reason(v1alpha1.KillSpecChanged))), kill(first)}},
	"it was replaced":                   {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), kill(first)}},
	"it is abandoned":                   {given: []step{made, runs(first), goes, abandons(first), operator(released("web")), kill(first)}},
	"it was abandoned, and is no more":  {given: []step{made, runs(first), goes, abandons(first), operator(released("web")), abandons(), kill(first)}},
	"the policy for orphans is to kill": {given: []step{user(framework(func(f *v1alpha1.MesosFramework) { f.Spec.OrphanPolicy = v1alpha1.OrphanKill })), kill(first)}},
	"a person wants orphans killed": {given: []step{
		user(framework(func(f *v1alpha1.MesosFramework) {
			f.Annotations = map[string]string{v1alpha1.AnnotationKillOrphans: "1-abc"}
		})), kill(first),
	}},
	"its object went while the KILL was on its way": {given: []step{made, runs(first), goes, during("KILL", kill(first), operator(released("web")))}},
	"it was killed once its object was gone":        {given: []step{made, runs(first), goes, operator(released("web")), during("KILL", kill(first))}},
	"its object is gone, and let it go on": {
		given: []step{
			made, user(task("web", func(t *v1alpha1.MesosTask) { t.Spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan })), runs(first), goes, operator(released("web")), kill(first),
		},
		want: "no object, abandonment or policy",
	},
	"its object is gone, and was of another attempt": {given: []step{made, runs(first), goes, operator(released("web")), kill(second)}, want: "no object, abandonment or policy"},
	"its object wants it":                            {given: []step{made, runs(first), kill(first)}, want: "says no reason"},
	"its object says why too late":                   {given: []step{made, runs(first), kill(first), operator(says(first, "TASK_RUNNING", reason(v1alpha1.KillSpecChanged)))}, want: "says no reason"},
	"its ACCEPT is on its way":                       {given: []step{made, operator(bound(first)), launches(first), goes, kill(first)}, want: "has no outcome"},
	"its ACCEPT was answered":                        {given: []step{made, operator(bound(first)), launch(first), goes, kill(first)}},
	"nobody accounts for it, and orphans are kept":   {given: []step{kill(first)}, want: "no object, abandonment or policy"},
	"its object does not name it, and says nothing":  {given: []step{made, starts(first, agent), kill(first)}, want: "does not name it"},
}
