package history

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Checks of what must happen in the end. Those that can be told by a bound in time hold at every moment, whatever goes wrong; the others only once a test
// says that everything has recovered, or settled.

// endTime is when a stream ended, or when the history does.
func (v *View) endTime(stream *Stream) time.Time {
	return v.time(min(stream.End, len(v.Entries)))
}

// quiet is L1: once everything has settled nothing is launched, killed, acknowledged or written, but for what passes write of themselves.
func quiet(v *View) (found []Violation) {
	if v.Settled == 0 {
		return nil
	}
	for i := v.Settled; i < len(v.Entries); i++ {
		entry := &v.Entries[i]
		who, what := sender(entry)
		if who == "" || calmCalls[what] || entry.Write != nil && v.ofAPass(entry.Number) {
			continue
		}
		found = append(found, violation(entry.Number, nil, "%s sends %s, though everything had settled (#%d)", who, what, v.Settled))
	}
	return found
}

// calmCalls are the calls that go on though there is nothing to do: those of passes, and the answers to what Mesos offers meanwhile, which it is told to stop
// once everything has run for a while.
var calmCalls = map[string]bool{"RECONCILE": true, "DECLINE": true, "SUPPRESS": true}

// ofAPass says whether a write records a pass of a framework.
func (v *View) ofAPass(number int) bool {
	write := v.Entries[number-1].Write
	before, ok := write.Before.(*v1alpha1.MesosFramework)
	after, both := write.After.(*v1alpha1.MesosFramework)
	if !ok || !both {
		return false
	}
	return !equality.Semantic.DeepEqual(before.Status.Reconciliation, after.Status.Reconciliation)
}

// askWithin is how long after a subscription, or a launch, its attempts may go unasked and untold.
const askWithin = 90 * time.Second

// asksAfterSubscribing is L2: after each subscription that lasts, every attempt that was open is asked for, or told of.
func asksAfterSubscribing(v *View) (found []Violation) {
	for _, stream := range v.Streams {
		if stream.Who == "" || stream.Subscribed == 0 || v.endTime(stream).Sub(v.time(stream.Subscribed)) <= askWithin {
			continue
		}
		for _, attempt := range v.Attempts {
			if !attempt.ours() || !v.openAt(attempt, stream.FrameworkID, stream.Subscribed) {
				continue
			}
			if at := v.firstWord(attempt, stream); at == 0 || v.time(at).Sub(v.time(stream.Subscribed)) > askWithin {
				found = append(found, violation(stream.Subscribed, []string{attempt.ID}, "task %s is neither asked for nor told of within %s of a subscription", attempt.ID, askWithin))
			}
		}
	}
	return found
}

// openAt says whether an object was bound to an attempt under a framework ID at an entry, and its status did not say that it is over.
func (v *View) openAt(attempt *Attempt, frameworkID string, number int) bool {
	if !v.launched(attempt, number) || attempt.toldOver(number) {
		return false
	}
	task, version := v.taskAt(attempt, number)
	if task == nil || !version.binds(attempt.ID) || version.Binding.FrameworkID != frameworkID {
		return false
	}
	record, _ := recordOf(task, attempt.ID)
	return !over(record)
}

// firstWord is the number of the first entry by which an attempt was asked for or told of on a stream, or was over; 0 for none.
func (v *View) firstWord(attempt *Attempt, stream *Stream) int {
	first := 0
	take := func(number int) {
		if number > stream.Subscribed && (first == 0 || number < first) {
			first = number
		}
	}
	for _, asked := range attempt.Asked {
		if asked.Call.StreamID == stream.ID {
			take(asked.Number)
		}
	}
	for _, told := range attempt.Told {
		if told.Stream == stream.ID {
			take(told.Number)
		}
	}
	if attempt.Over != 0 {
		take(attempt.Over)
	}
	return first
}

// acknowledgesAll is L3: once everything has recovered, every update that can be acknowledged was. An acknowledgement without an answer may have arrived: the
// agent then says no more of it, and else tells it again (task_status_update_manager.cpp: after 10 s, doubling), for one that must get through.
func acknowledgesAll(v *View) (found []Violation) {
	if v.Recovered == 0 {
		return nil
	}
	for _, attempt := range v.Attempts {
		done, sent := map[string]bool{}, map[string]int{}
		for _, ack := range attempt.Acks {
			uuid := string(ack.Call.Call.Acknowledge.UUID)
			done[uuid] = done[uuid] || v.answered(ack.Number) == 202
			if v.tookEffect(ack.Number) {
				sent[uuid] = ack.Number
			}
		}
		for _, told := range attempt.Told {
			uuid := string(told.Status.UUID)
			if uuid == "" || done[uuid] || told.Number > v.Recovered || told.Number < sent[uuid] || !v.serves(v.frameworkOf(told.Stream)) {
				continue
			}
			found = append(found, violation(told.Number, []string{attempt.ID}, "%s of task %s was not acknowledged until everything had recovered", told.Status.GetState(), attempt.ID))
			break
		}
	}
	return found
}

// frameworkOf is the framework ID of a stream that the operator subscribed, empty for another's.
func (v *View) frameworkOf(id string) string {
	stream := v.streams[id]
	if stream == nil || stream.Who == "" {
		return ""
	}
	return stream.FrameworkID
}

// serves says whether the operator still served a framework ID once everything had recovered: whose object is gone, nobody ends or acknowledges anything.
func (v *View) serves(frameworkID string) bool {
	return frameworkID != "" && slices.ContainsFunc(v.frameworksAt(v.Recovered), func(f *v1alpha1.MesosFramework) bool {
		return f.Status.FrameworkID == frameworkID && f.DeletionTimestamp.IsZero()
	})
}

// finishesDeletions is L4: once everything has recovered, no object waits whose attempts are over, and nothing that was let go lives on where Mesos can end it.
// What no status names any more because give-up-agent named its agent is as any live task of its identity when it returns (design, section 6): an orphan, which
// is killed only where a policy says so.
func finishesDeletions(v *View) (found []Violation) {
	if v.Recovered == 0 {
		return nil
	}
	for _, object := range v.Tasks {
		if version := object.at(v.Recovered); version != nil && v.waitsForNothing(version) {
			found = append(found, violation(version.Number, []string{object.name}, "object %s/%s is still there, and its attempts are over", object.namespace, object.name))
		}
	}
	for _, attempt := range v.Attempts {
		if v.letGo(attempt, v.Recovered) == "" || v.forgotten(attempt) || !slices.ContainsFunc(attempt.Bound, func(b Bound) bool { return v.serves(b.Binding.FrameworkID) }) {
			continue
		}
		for _, life := range attempt.Lives {
			if life.Start < v.Recovered && (life.End == 0 || life.End > v.Recovered) && v.registeredAt(life.AgentID, v.Recovered) {
				found = append(found, violation(v.Recovered, []string{attempt.ID}, "task %s was let go (%s), and lives on agent %s, which Mesos can reach", attempt.ID, attempt.Why, life.AgentID))
			}
		}
	}
	return found
}

// forgotten says whether a person gave up the agent of an attempt, and no status names that any more once everything had recovered.
func (v *View) forgotten(attempt *Attempt) bool {
	task, _ := v.taskAt(attempt, v.Recovered)
	record, _ := recordOf(task, attempt.ID)
	if held, _ := attempt.abandonedAt(v.Recovered); held || record != nil {
		return false
	}
	return slices.ContainsFunc(v.Frameworks, func(object *Object) bool {
		return slices.ContainsFunc(object.Versions, func(version Version) bool {
			if version.Object == nil || version.Number > v.Recovered {
				return false
			}
			agents := strings.Split(version.Object.GetAnnotations()[v1alpha1.AnnotationGiveUpAgent], ",")
			return slices.ContainsFunc(attempt.Lives, func(l Life) bool { return slices.Contains(agents, l.AgentID) })
		})
	})
}

// waitsForNothing says whether a MesosTask that is being deleted has only the operator's finalizer, and no attempt that is not over.
func (v *View) waitsForNothing(version *Version) bool {
	task, ok := version.Object.(*v1alpha1.MesosTask)
	if !ok || task.DeletionTimestamp.IsZero() || !slices.Equal(task.Finalizers, []string{v1alpha1.TaskFinalizer}) {
		return false
	}
	return !slices.ContainsFunc(attemptsOf(version), func(id string) bool {
		return !v.attempts[id].toldOver(v.Recovered) && !v.attempts[id].wasOver(v.Recovered)
	})
}

// heldAtMost is how long an offer may be kept: a minute by the design, until the tasks are bound that it is for, and some time to spare. Calls that hang add
// nothing to it, but where as many of its own kind do as are sent at a time.
const heldAtMost = 75 * time.Second

// keepsNoOffer is what can be told from outside of L5: no offer is held for long. That what waits takes what fits it is for the tests of placement: an offer
// alone does not say whether it does.
func keepsNoOffer(v *View) (found []Violation) {
	for _, offer := range v.Offers {
		stream := v.streams[offer.Stream]
		if offer.Offer == nil || stream == nil || stream.Who == "" {
			continue
		}
		until := stream.End
		for _, use := range [][]int{offer.Accepts, offer.Declines, {offer.Rescinded}} {
			for _, number := range use {
				if number != 0 {
					until = min(until, number)
				}
			}
		}
		if held := v.time(min(until, len(v.Entries))).Sub(v.time(offer.Number)); held > heldAtMost {
			found = append(found, violation(offer.Number, []string{offer.Offer.ID.Value}, "offer %s is held for %s", offer.Offer.ID.Value, held))
		}
	}
	return found
}

// What a storm of subscriptions is: more than so many within so long.
const (
	stormOf     = 8
	stormWithin = 4 * time.Second
)

// subscribesWithPause is L6: SUBSCRIBE is sent again and again, but never in a storm; and once everything has recovered there is a subscription.
func subscribesWithPause(v *View) (found []Violation) {
	tries := map[string][]int{}
	for _, stream := range v.Streams {
		if stream.Who == "" {
			continue
		}
		info := v.Entries[stream.Subscribe-1].Call.Call.Subscribe.FrameworkInfo
		key := stream.Who + " " + info.Name + " " + stream.Asked
		tries[key] = append(tries[key], stream.Subscribe)
		if all := tries[key]; len(all) > stormOf {
			if passed := v.time(stream.Subscribe).Sub(v.time(all[len(all)-1-stormOf])); passed < stormWithin {
				found = append(found, violation(stream.Subscribe, nil, "%s subscribed %d times in %s", stream.Who, stormOf+1, passed))
			}
		}
	}
	if v.Recovered == 0 {
		return found
	}
	for _, framework := range v.frameworksAt(v.Recovered) {
		if id := framework.Status.FrameworkID; id != "" && framework.DeletionTimestamp.IsZero() && !v.subscribedAt(id, v.Recovered) {
			found = append(found, violation(v.Recovered, []string{id}, "MesosFramework %s has no subscription, though everything has recovered", framework.Name))
		}
	}
	return found
}

// subscribedAt says whether a framework ID had a subscription at an entry.
func (v *View) subscribedAt(id string, number int) bool {
	return slices.ContainsFunc(v.Streams, func(s *Stream) bool {
		return s.FrameworkID == id && s.Who != "" && s.Subscribed != 0 && s.Subscribed <= number && s.End > number
	})
}

// asksAfterLaunching is L7: a launch of which nothing is heard is asked about.
func asksAfterLaunching(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		if len(attempt.Launches) == 0 || !attempt.ours() {
			continue
		}
		launch := attempt.Launches[0]
		stream := v.streams[launch.Call.StreamID]
		if launch.Call.Who == "" || stream == nil || v.answered(launch.Number) != 202 || v.endTime(stream).Sub(v.time(launch.Number)) <= askWithin {
			continue
		}
		at := attempt.nextWord(launch.Number)
		if at == 0 && v.goneAfter(attempt, launch.Number) {
			continue
		}
		if at == 0 || v.time(at).Sub(v.time(launch.Number)) > askWithin {
			found = append(found, violation(launch.Number, []string{attempt.ID}, "nothing was heard of task %s for %s, and it was not asked about", attempt.ID, askWithin))
		}
	}
	return found
}

// nextWord is the number of the first entry after another by which an attempt was told of, asked for or over; 0 for none.
func (a *Attempt) nextWord(number int) (next int) {
	for _, one := range []int{firstAfter(a.Told, number), firstAsk(a.Asked, number), a.Over} {
		if one > number && (next == 0 || one < next) {
			next = one
		}
	}
	return next
}

func firstAfter(told []Told, number int) int {
	i, _ := slices.BinarySearchFunc(told, number+1, func(t Told, n int) int { return cmp.Compare(t.Number, n) })
	if i == len(told) {
		return 0
	}
	return told[i].Number
}

func firstAsk(asked []Asked, number int) int {
	i, _ := slices.BinarySearchFunc(asked, number+1, func(a Asked, n int) int { return cmp.Compare(a.Number, n) })
	if i == len(asked) {
		return 0
	}
	return asked[i].Number
}

// goneAfter says whether an attempt's object went after an entry.
func (v *View) goneAfter(attempt *Attempt, number int) bool {
	return v.livingAt(attempt.identity(), number) != nil && v.livingAt(attempt.identity(), len(v.Entries)) == nil
}

// asksAgain is L8: what is not answered is asked for again, for ever.
func asksAgain(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		if !attempt.ours() {
			continue
		}
		for i := range attempt.Asked {
			asked := &attempt.Asked[i]
			stream := v.streams[asked.Call.StreamID]
			if asked.Call.Who == "" || stream == nil {
				continue
			}
			until := stream.End
			if next := attempt.nextWord(asked.Number); next != 0 {
				until = min(until, next)
			}
			if until > len(v.Entries) && v.goneAfter(attempt, asked.Number) {
				continue
			}
			if waited, limit := v.time(min(until, len(v.Entries))).Sub(v.time(asked.Number)), 2*v.longestPause(asked.Number)+askWithin; waited > limit {
				found = append(found, violation(asked.Number, []string{attempt.ID}, "task %s was not answered for, and not asked for again for %s", attempt.ID, waited))
			}
		}
	}
	return found
}

// longestPause is the longest wait between two rounds that any framework asks for.
func (v *View) longestPause(number int) time.Duration {
	longest := longestRound
	for _, framework := range v.frameworksAt(number) {
		longest = max(longest, time.Duration(framework.Spec.Reconciliation.MaxBackoffSeconds)*time.Second)
	}
	return longest
}

// successorReconciled is L9: once everything has recovered, whoever leads has an answer for every task, and says so.
func successorReconciled(v *View) (found []Violation) {
	if v.Recovered == 0 {
		return nil
	}
	for _, framework := range v.frameworksAt(v.Recovered) {
		if framework.Status.FrameworkID == "" || !framework.DeletionTimestamp.IsZero() {
			continue
		}
		for _, kind := range []string{v1alpha1.ConditionConnected, v1alpha1.ConditionTasksReconciled} {
			if condition := meta.FindStatusCondition(framework.Status.Conditions, kind); condition == nil || condition.Status != metav1.ConditionTrue {
				found = append(found, violation(v.Recovered, []string{framework.Name}, "condition %s of MesosFramework %s is not True, though everything has recovered", kind, framework.Name))
			}
		}
	}
	return found
}
