package history

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// aPass is a pass that has been through.
var aPass = operator(framework(func(f *v1alpha1.MesosFramework) {
	f.Status.Reconciliation.Last = &v1alpha1.ReconciliationPass{Rounds: 7}
}))

var quietCases = map[string]storyOf{
	"passes go on":                                   {given: []step{made, runs(first), settles, pass(time.Hour), ask("", "m1"), ask(""), ask("nowhere", "m2"), ask(agent, first), aPass}},
	"what has not settled":                           {given: []step{made, runs(first), operator(says(first, "TASK_KILLING"))}},
	"others do as they please":                       {given: []step{made, runs(first), settles, user(task("db", nil))}},
	"a status is written":                            {given: []step{made, runs(first), settles, operator(says(first, "TASK_KILLING"))}, want: "patch mesostasks"},
	"a framework's status is written without a pass": {given: []step{settles, stored("G")}, want: "patch mesosframeworks"},
	"a call": {given: []step{settles, calls(me, &scheduler.Call{Type: scheduler.Call_REVIVE})}, want: "REVIVE"},
}

var asksAfterSubscribingCases = map[string]storyOf{
	"asked":        {given: []step{made, runs(first), subscribe(me, "s2", fw), subscribed("s2", fw), ask(agent, first), pass(time.Hour), made2}},
	"told unasked": {given: []step{made, runs(first), subscribe(me, "s2", fw), subscribed("s2", fw), told(first, mesos.TASK_RUNNING, ""), pass(time.Hour), made2}},
	"neither":      {given: []step{made, runs(first), subscribe(me, "s2", fw), subscribed("s2", fw), pass(time.Hour), made2}, want: "neither asked for nor told of"},
	"asked late":   {given: []step{made, runs(first), subscribe(me, "s2", fw), subscribed("s2", fw), pass(time.Hour), ask(agent, first)}, want: "neither asked for nor told of"},
	"the subscription did not last": {
		given: []step{made, runs(first), subscribe(me, "s2", fw), subscribed("s2", fw), pass(time.Minute), subscribe(me, "s3", fw), subscribed("s3", fw), ask(agent, first), pass(time.Hour), made2},
	},
	"the process did not last": {given: []step{made, runs(first), subscribe(me, "s2", fw), subscribed("s2", fw), pass(time.Second), process(me, ProcessEnded), pass(time.Hour), made2}},
	"it is over":               {given: []step{made, runs(first), dies(first), subscribe(me, "s2", fw), subscribed("s2", fw), pass(time.Hour), made2}},
	"it is another framework's": {given: []step{
		user(framework(nil)), made, operator(bound(first, func(b *v1alpha1.Binding) { b.FrameworkID = "G" })), launch(first), subscribe(me, "s2", fw), subscribed("s2", fw), pass(time.Hour), made2,
	}},
}

// made2 is something at the end of a story, so that time has passed.
var made2 = user(task("late", nil))

var acknowledgesAllCases = map[string]storyOf{
	"all of them":                                 {given: []step{made, runs(first), settles}},
	"one is missing":                              {given: []step{made, runs(first), told(first, mesos.TASK_KILLING, "k"), settles}, want: "TASK_KILLING"},
	"nothing has settled":                         {given: []step{made, runs(first), told(first, mesos.TASK_KILLING, "k")}},
	"one that came after":                         {given: []step{made, runs(first), settles, told(first, mesos.TASK_KILLING, "k")}},
	"its framework is gone":                       {given: []step{made, runs(first), told(first, mesos.TASK_KILLING, "k"), user(deleted(frameworksResource, "default")), settles}},
	"one without a uuid":                          {given: []step{made, runs(first), told(first, mesos.TASK_UNREACHABLE, ""), settles}},
	"one whose acknowledgement's answer was lost": {given: []step{made, runs(first), told(first, mesos.TASK_KILLING, "k"), unanswered(first, "k"), settles}},
	"one whose acknowledgement was lost, so that it was told again": {
		given: []step{made, runs(first), told(first, mesos.TASK_KILLING, "k"), unanswered(first, "k"), told(first, mesos.TASK_KILLING, "k"), settles},
		want:  "TASK_KILLING",
	},
	"one whose acknowledgement was refused": {given: []step{made, runs(first), told(first, mesos.TASK_KILLING, "k"), unanswered(first, "k"), answer(403), settles}, want: "TASK_KILLING"},
}

// unanswered acknowledges an update, and gets no answer.
func unanswered(id, uuid string) step {
	return calls(me, &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
		TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: agent}, UUID: []byte(uuid),
	}})
}

var finishesDeletionsCases = map[string]storyOf{
	"it is gone":                      {given: []step{made, runs(first), goes, dies(first), operator(released("web")), settles}},
	"it waits though all is over":     {given: []step{made, runs(first), goes, dies(first), settles}, want: "is still there"},
	"it waits for what is not":        {given: []step{made, runs(first), goes, settles}},
	"it waits for somebody else":      {given: []step{made, runs(first), user(task("web", func(t *v1alpha1.MesosTask) { t.Finalizers = append(t.Finalizers, "x/y") })), goes, dies(first), settles}},
	"what was let go lives":           {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), settles}, want: "was let go"},
	"what was let go cannot be ended": {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), loses(agent), settles}},
	"its framework is gone, too":      {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), user(deleted(frameworksResource, "default")), settles}},
	"what was let go was ended":       {given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), kill(first), stops(first, agent), settles}},
	"what was let go was forgotten, as its agent was given up": {given: []step{
		made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), goes, abandons(first), operator(released("web")), givesUp(agent), abandons(), settles,
	}},
	"what was let go was forgotten, as another agent was given up": {
		given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), goes, abandons(first), operator(released("web")), givesUp("S1"), abandons(), settles},
		want:  "was let go",
	},
	"what was let go on an agent that was given up is remembered, and lives": {
		given: []step{made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), goes, abandons(first), operator(released("web")), givesUp(agent), settles},
		want:  "was let go",
	},
	"a new master does not know its agent": {given: []step{
		made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), elected, settles,
	}},
}

func givesUp(agents string) step {
	return user(framework(func(f *v1alpha1.MesosFramework) {
		f.Annotations = map[string]string{v1alpha1.AnnotationGiveUpAgent: agents}
	}))
}

func elected(s *story) { s.enter(Entry{Elected: "m2"}) }

func abdicated(s *story) { s.enter(Entry{Abdicated: "m1"}) }

var keepsNoOfferCases = map[string]storyOf{
	"declined at once":   {given: []step{offered("o", 1), declined("o"), pass(time.Hour), made2}},
	"rescinded":          {given: []step{offered("o", 1), event("s1", &scheduler.Event{Type: scheduler.Event_RESCIND, Rescind: &scheduler.Event_Rescind{OfferID: mesos.OfferID{Value: "o"}}}), pass(time.Hour), made2}},
	"its stream ended":   {given: []step{offered("o", 1), subscribe(me, "s2", fw), pass(time.Hour), made2}},
	"its process ended":  {given: []step{offered("o", 1), process(me, ProcessEnded), pass(time.Hour), made2}},
	"its master is gone": {given: []step{offered("o", 1), elected, pass(time.Hour), made2}},
	"its master ended":   {given: []step{offered("o", 1), abdicated, pass(time.Hour), made2}},
	"kept":               {given: []step{offered("o", 1), pass(time.Hour), made2}, want: "offer o is held for 1h"},
	"declined late":      {given: []step{offered("o", 1), pass(2 * time.Minute), declined("o")}, want: "offer o is held for 2m"},
	"kept for a while":   {given: []step{offered("o", 1), pass(time.Minute), declined("o")}},
}

var subscribesWithPauseCases = map[string]storyOf{
	"again and again":  {given: []step{repeat(30, 10*time.Second, subscribe(me, "s2", fw))}},
	"in a storm":       {given: []step{repeat(30, 100*time.Millisecond, subscribe(me, "s2", fw))}, want: "subscribed 9 times"},
	"of many":          {given: []step{repeat(5, 100*time.Millisecond, steps(subscribe(me, "s2", fw), subscribe(you, "s3", fw)))}},
	"there is one":     {given: []step{settles}},
	"there is none":    {given: []step{process(me, ProcessEnded), settles}, want: "has no subscription"},
	"it was refused":   {given: []step{event("s1", &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: "no"}}), settles}, want: "has no subscription"},
	"it never came up": {given: []step{subscribe(me, "s2", fw), settles}, want: "has no subscription"},
}

var asksAfterLaunchingCases = map[string]storyOf{
	"told at once":       {given: then(launched, told(first, mesos.TASK_STARTING, "u"), pass(time.Hour), made2)},
	"asked in time":      {given: then(launched, pass(time.Minute), ask(agent, first), pass(time.Hour), made2)},
	"the stream ended":   {given: then(launched, pass(time.Minute), subscribe(me, "s2", fw), pass(time.Hour), made2)},
	"the object went":    {given: then(launched, user(released("web")), goes, pass(time.Hour), made2)},
	"nobody asks":        {given: then(launched, pass(time.Hour), made2), want: "was not asked about"},
	"somebody asks late": {given: then(launched, pass(time.Hour), ask(agent, first)), want: "was not asked about"},
}

var asksAgainCases = map[string]storyOf{
	"answered":         {given: []step{made, runs(first), ask(agent, first), told(first, mesos.TASK_RUNNING, ""), pass(time.Hour), made2}},
	"asked again":      {given: []step{made, runs(first), repeat(10, time.Minute, ask(agent, first))}},
	"it is over":       {given: []step{made, runs(first), ask(agent, first), operator(says(first, "TASK_FAILED", ended)), pass(time.Hour), made2}},
	"the stream ended": {given: []step{made, runs(first), ask(agent, first), subscribe(me, "s2", fw), pass(time.Hour), made2}},
	"forgotten":        {given: []step{made, runs(first), ask(agent, first), pass(time.Hour), made2}, want: "not asked for again"},
}

func conditions(statuses map[string]metav1.ConditionStatus) step {
	return operator(framework(func(f *v1alpha1.MesosFramework) {
		f.Status.Conditions = nil
		for kind, status := range statuses {
			f.Status.Conditions = append(f.Status.Conditions, metav1.Condition{Type: kind, Status: status})
		}
	}))
}

var successorReconciledCases = map[string]storyOf{
	"it says so":          {given: []step{conditions(map[string]metav1.ConditionStatus{v1alpha1.ConditionConnected: metav1.ConditionTrue, v1alpha1.ConditionTasksReconciled: metav1.ConditionTrue}), settles}},
	"it says nothing":     {given: []step{settles}, want: "condition Connected"},
	"it is not":           {given: []step{conditions(map[string]metav1.ConditionStatus{v1alpha1.ConditionConnected: metav1.ConditionTrue, v1alpha1.ConditionTasksReconciled: metav1.ConditionFalse}), settles}, want: "condition TasksReconciled"},
	"nothing has settled": {given: []step{made}},
}
