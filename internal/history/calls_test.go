package history

import (
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

var launched = []step{made, operator(bound(first)), launch(first), starts(first, agent)}

func then(steps []step, more ...step) []step { return append(slices.Clone(steps), more...) }

var storedFirstCases = map[string]storyOf{
	"stored, then acknowledged":        {given: []step{made, runs(first), dies(first)}},
	"STARTING on receipt":              {given: then(launched, told(first, mesos.TASK_STARTING, "u"), acknowledge(first, "u"))},
	"RUNNING before anything is known": {given: then(launched, told(first, mesos.TASK_RUNNING, "u"), acknowledge(first, "u")), want: "does not name the attempt"},
	"RUNNING while STAGING is known": {
		given: then(launched, operator(says(first, "TASK_STAGING")), told(first, mesos.TASK_RUNNING, "u"), acknowledge(first, "u")),
		want:  `says "TASK_STAGING"`,
	},
	"RUNNING while its object is deleted": {given: then(launched, operator(says(first, "TASK_STARTING")), goes, told(first, mesos.TASK_RUNNING, "u"), acknowledge(first, "u"))},
	"an end while its object is deleted": {
		given: then(launched, operator(says(first, "TASK_STARTING")), goes, told(first, mesos.TASK_FAILED, "u"), acknowledge(first, "u")),
		want:  "does not say that it is over",
	},
	"RUNNING once the end is known": {
		given: then(launched, told(first, mesos.TASK_RUNNING, "u"), operator(says(first, "TASK_FAILED", ended)), acknowledge(first, "u")),
	},
	"an end before it is stored": {
		given: []step{made, runs(first), told(first, mesos.TASK_FAILED, "u"), acknowledge(first, "u")},
		want:  "does not say that it is over",
	},
	"an end whose write was refused": {
		given: []step{made, runs(first), told(first, mesos.TASK_FAILED, "u"), writes(me, func(s *story, w *Write) client.Object {
			object := says(first, "TASK_FAILED", ended)(s, w)
			w.Outcome = Refused
			return object
		}), acknowledge(first, "u")},
		want: "does not say that it is over",
	},
	"an end of an earlier attempt, before it is stored": {
		given: []step{
			made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), runs(second), told(first, mesos.TASK_FAILED, "u"), acknowledge(first, "u"),
		},
		want: "does not say that it is over",
	},
	"RUNNING of an earlier attempt on receipt": {
		given: []step{
			made, runs(first), operator(says(first, "TASK_UNREACHABLE", replaced)), runs(second), told(first, mesos.TASK_RUNNING, "u"), acknowledge(first, "u"),
		},
	},
	"an end for which nobody accounts": {given: []step{made, runs(first), user(released("web")), goes, told(first, mesos.TASK_FAILED, "u"), acknowledge(first, "u")}},
	"an end that is still held as abandoned": {
		given: []step{made, runs(first), goes, abandons(first), operator(released("web")), told(first, mesos.TASK_FAILED, "u"), acknowledge(first, "u")},
		want:  "still holds it",
	},
	"an end that was abandoned, and is forgotten": {
		given: []step{made, runs(first), goes, abandons(first), operator(released("web")), told(first, mesos.TASK_FAILED, "u"), abandons(), acknowledge(first, "u")},
	},
}

var acknowledgesWhatCameCases = map[string]storyOf{
	"what came":              {given: []step{made, runs(first)}},
	"another uuid":           {given: []step{made, runs(first), acknowledge(first, "v")}, want: "no update had it"},
	"another task's uuid":    {given: []step{made, runs(first), acknowledge(second, first+"-r")}, want: "no update had it"},
	"before it came":         {given: then(launched, acknowledge(first, "u"), told(first, mesos.TASK_RUNNING, "u")), want: "no update had it"},
	"no uuid":                {given: then(launched, told(first, mesos.TASK_LOST, ""), acknowledge(first, "")), want: "without a uuid"},
	"to another agent":       {given: []step{made, runs(first), acknowledge(first, first+"-r", func(a *scheduler.Call_Acknowledge) { a.AgentID.Value = "S1" })}, want: "acknowledged to S1"},
	"by another framework":   {given: []step{made, runs(first), asFramework("G", acknowledge(first, first+"-r"))}, want: "acknowledged by G"},
	"once more, as it comes": {given: []step{made, runs(first), told(first, mesos.TASK_RUNNING, first+"-r"), acknowledge(first, first+"-r")}},
}

// asFramework makes the call of a step be another framework's.
func asFramework(id string, one step) step {
	return func(s *story) {
		one(s)
		entry := &s.h.entries[s.call-1]
		call := *entry.Call.Call
		call.FrameworkID = &mesos.FrameworkID{Value: id}
		entry.Call = &Call{Who: entry.Call.Who, Type: entry.Call.Type, StreamID: entry.Call.StreamID, Call: &call}
	}
}

var asksAboutTheLivingCases = map[string]storyOf{
	"an attempt that is open": {given: []step{made, runs(first), ask(agent, first)}},
	"marks":                   {given: []step{ask("", "mark-1"), ask("nowhere", "mark-2")}},
	"an attempt that is over": {given: []step{made, runs(first), dies(first), ask(agent, first)}, want: "says TASK_FAILED"},
	"one that is over, by who began behind it":                         {given: []step{made, runs(first), lag(false), dies(first), askBy(you, agent, first)}},
	"one that is over, by who began behind it and has caught up since": {given: []step{made, runs(first), lag(false), dies(first), lag(true), pass(6 * time.Minute), askBy(you, agent, first)}, want: "says TASK_FAILED"},
	"one that is over, by who recorded it":                             {given: []step{made, runs(first), lag(false), dies(first), ask(agent, first)}, want: "says TASK_FAILED"},
	"one that is over, by who recorded it long ago":                    {given: []step{made, runs(first), lag(false), dies(first), pass(2 * time.Minute), ask(agent, first)}},
	"one whose end was stored while it was asked for":                  {given: []step{made, runs(first), during("RECONCILE", ask(agent, first), dies(first))}},
	"one whose end is not told":                                        {given: []step{made, runs(first), stops(first, agent), ask(agent, first)}},
	"one without its agent":                                            {given: []step{made, runs(first), ask("", first)}, want: "without its agent"},
	"one whose ACCEPT is on its way":                                   {given: []step{made, operator(bound(first)), launches(first), ask(agent, first)}, want: "has no outcome"},
	"one that is not launched yet":                                     {given: []step{made, operator(bound(first)), ask(agent, first), launch(first)}, want: "has no outcome"},
	"one whose ACCEPT was answered":                                    {given: []step{made, operator(bound(first)), launch(first), ask(agent, first)}},
	"one whose ACCEPT was on an earlier stream":                        {given: []step{made, operator(bound(first)), launches(first), subscribe(me, "s2", fw), subscribed("s2", fw), ask(agent, first)}},
}

// during is a call that leaves before something else happens, and arrives after it.
func during(what string, call step, meanwhile ...step) step {
	return func(s *story) {
		begun := leadership.Step{Index: 1, Kind: leadership.StepCall, What: what}
		s.enter(Entry{Step: &Step{Who: me, Step: begun}})
		steps(meanwhile...)(s)
		call(s)
		s.enter(Entry{Step: &Step{Who: me, Step: begun, Ended: true}})
	}
}

func repeat(n int, pause time.Duration, what step) step {
	return func(s *story) {
		for range n {
			what(s)
			pass(pause)(s)
		}
	}
}

var backsOffCases = map[string]storyOf{
	"rounds of a minute":                   {given: []step{made, runs(first), repeat(60, time.Minute, ask(agent, first))}},
	"a storm":                              {given: []step{made, runs(first), repeat(20, time.Second, ask(agent, first))}, want: "was asked for 11 times"},
	"a storm of what is answered":          {given: []step{made, runs(first), repeat(20, time.Second, steps(ask(agent, first), told(first, mesos.TASK_RUNNING, "")))}},
	"a storm over many streams":            {given: []step{made, runs(first), repeat(20, time.Second, steps(subscribe(me, "s", fw), ask(agent, first), func(s *story) { s.stream += "x" }))}, want: "was asked for"},
	"a proof in its order":                 {given: []step{ask("", "m1"), ask(""), ask("nowhere", "m2")}},
	"everything without a fence":           {given: []step{ask("")}, want: "no fence"},
	"everything by an old fence":           {given: []step{ask("", "m1"), ask(""), ask("")}, want: "no fence"},
	"everything by another stream's":       {given: []step{ask("", "m1"), subscribe(me, "s2", fw), ask("")}, want: "no fence"},
	"everything by a fence not answered":   {given: []step{calls(me, fence("m1")), ask("")}, want: "no fence"},
	"an end mark before everything":        {given: []step{ask("", "m1"), ask("nowhere", "m2")}, want: "everything was not before"},
	"an end mark by an earlier one's":      {given: []step{ask("", "m1"), ask(""), ask("nowhere", "m2"), ask("", "m3"), ask("nowhere", "m4")}, want: "everything was not before"},
	"an attempt is asked for in between":   {given: []step{made, runs(first), ask("", "m1"), ask(agent, first), ask(""), ask("nowhere", "m2")}},
	"another scheduler does as it pleases": {given: []step{calls("", &scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}})}},
}

func fence(id string) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: id}}}}}
}

func steps(all ...step) step {
	return func(s *story) {
		for _, one := range all {
			one(s)
		}
	}
}

func stored(id string, replaced ...string) step {
	return operator(framework(func(f *v1alpha1.MesosFramework) { f.Status.FrameworkID, f.Status.ReplacedFrameworkIDs = id, replaced }))
}

var keepsItsIDCases = map[string]storyOf{
	"it subscribes with its ID":         {given: []step{subscribe(me, "s2", fw), subscribed("s2", fw), made, runs(first)}},
	"it subscribes without it":          {given: []step{subscribe(me, "s2", "")}, want: "every MesosFramework has one"},
	"it has lost it, but for the spec":  {given: []step{stored(""), user(framework(func(f *v1alpha1.MesosFramework) { f.Spec.Info.ID = fw })), subscribe(me, "s2", "")}, want: "every MesosFramework has one"},
	"a person replaced it":              {given: []step{stored(fw, fw), subscribe(me, "s2", "")}},
	"it changes though tasks are bound": {given: []step{made, runs(first), stored("G")}, want: `from F to "G"`},
	"it is dropped though tasks are bound": {
		given: []step{made, runs(first), stored("")},
		want:  `from F to ""`,
	},
	"it changes as a person wants":         {given: []step{made, runs(first), stored("G", fw)}},
	"it changes before anything was bound": {given: []step{stored("G")}},
	"a launch before it is stored": {
		given: []step{asFramework("G", launchOnly(first))},
		want:  "its ID is not stored",
	},
}

func launchOnly(id string) step { return launchBoth(id) }

func lease(who string) written {
	return func(s *story, write *Write) client.Object {
		return change(s, write, "leases", "ns", "lease", &coordinationv1.Lease{}, func(l *coordinationv1.Lease) {
			l.Spec.HolderIdentity, l.Spec.LeaseDurationSeconds = &who, new(int32(15))
		})
	}
}

// late is a write that was sent some entries before it took effect.
func late(entries int, write step) step {
	return func(s *story) {
		write(s)
		s.h.mu.Lock()
		defer s.h.mu.Unlock()
		last := &s.h.entries[len(s.h.entries)-1]
		last.Write.Sent = last.Number - entries
	}
}

var oneSubscriberCases = map[string]storyOf{
	"it leads, and speaks":            {given: []step{writes(me, lease(me)), made, runs(first)}},
	"it has ended":                    {given: []step{process(me, ProcessEnded), pass(2 * time.Second), kill(first)}, want: "has ended"},
	"it has ended, and the call left": {given: []step{process(me, ProcessEnded), kill(first)}},
	"it has lost the lease":           {given: []step{process(me, LeaseLost), pass(2 * time.Second), operator(task("web", nil))}, want: "has lost the lease"},
	"it was started again":            {given: []step{process(me, ProcessEnded), process(me, ProcessStarted), pass(2 * time.Second), kill(first)}},
	"it speaks on another's stream":   {given: []step{subscribe(you, "s2", fw), kill(first)}, want: "on the stream of operator-2"},
	"another holds the lease":         {given: []step{writes(me, lease(me)), writes(you, lease(you)), kill(first)}, want: "operator-2 holds the lease"},
	"nobody holds the lease":          {given: []step{writes(me, lease(me)), pass(time.Minute), kill(first)}, want: "nobody holds the lease"},
	"it renewed in time":              {given: []step{writes(me, lease(me)), pass(10 * time.Second), writes(me, lease(me)), pass(10 * time.Second), kill(first)}},
	"it released the lease":           {given: []step{writes(me, lease(me)), writes(me, lease("")), operator(task("web", nil))}, want: "nobody holds the lease"},
	"it was sent before that":         {given: []step{writes(me, lease(me)), writes(me, lease("")), late(2, operator(task("web", nil)))}},
	"it was sent after that":          {given: []step{writes(me, lease(me)), writes(me, lease("")), late(1, operator(task("web", nil)))}, want: "nobody holds the lease"},
	"others need none":                {given: []step{writes(me, lease(me)), pass(time.Minute), made}},
}

var usesOffersOnceCases = map[string]storyOf{
	"accepted":                           {given: []step{offered("o", 2), accepted("o", scalar("cpus", 2), ports(100, 100))}},
	"declined":                           {given: []step{offered("o", 2), declined("o")}},
	"accepted twice":                     {given: []step{offered("o", 2), accepted("o"), answer(202), accepted("o")}, want: "ACCEPT of an offer that got ACCEPT"},
	"accepted again as nobody answered":  {given: []step{offered("o", 2), accepted("o"), accepted("o")}, want: "ACCEPT of an offer that got ACCEPT"},
	"declined twice":                     {given: []step{offered("o", 2), declined("o"), answer(202), declined("o")}, want: "DECLINE of an offer that got DECLINE"},
	"declined again as nobody answered":  {given: []step{offered("o", 2), declined("o"), declined("o")}},
	"declined as its ACCEPT was refused": {given: []step{offered("o", 2), accepted("o"), answer(400), declined("o")}},
	"declined though its ACCEPT was not": {given: []step{offered("o", 2), accepted("o"), answer(202), declined("o")}, want: "DECLINE of an offer that got ACCEPT"},
	"accepted once it was declined":      {given: []step{offered("o", 2), declined("o"), answer(202), accepted("o")}, want: "ACCEPT of an offer that got DECLINE"},
	"never made":                         {given: []step{declined("o")}, want: "never made"},
	"made to another stream":             {given: []step{offered("o", 2), subscribe(me, "s2", fw), declined("o")}, want: "on another stream"},
	"too many CPUs":                      {given: []step{offered("o", 2), accepted("o", scalar("cpus", 2.5))}, want: "cpus"},
	"what was not offered":               {given: []step{offered("o", 2), accepted("o", scalar("gpus", 1))}, want: "gpus"},
	"a port that was not offered":        {given: []step{offered("o", 2), accepted("o", ports(101, 102))}, want: "ports"},
}
