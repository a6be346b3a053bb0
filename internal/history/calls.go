package history

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Checks of calls to Mesos: what may be said, when, and by whom.

// storedFirst is S4: RUNNING and ends are acknowledged only once they, or what came after them, stand in the status of whoever accounts for the attempt. That what is
// to go runs need not stand there.
func storedFirst(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for _, ack := range attempt.Acks {
			told := attempt.toldBy(ack)
			if ack.Call.Who == "" || told == nil {
				continue
			}
			if why := v.unstored(attempt, told.Status, ack.Number); why != "" {
				found = append(found, violation(ack.Number, []string{attempt.ID}, "%s of task %s (#%d) is acknowledged, and %s", told.Status.GetState(), attempt.ID, told.Number, why))
			}
		}
	}
	return found
}

// toldBy is the update that a call acknowledges; nil if there was none.
func (a *Attempt) toldBy(ack Called) *Told {
	for i := range a.Told {
		if told := &a.Told[i]; told.Number < ack.Number && bytes.Equal(told.Status.UUID, ack.Call.Call.Acknowledge.UUID) {
			return told
		}
	}
	return nil
}

// unstored says what of an update is not durable at an entry; empty if nobody need store it any more.
func (v *View) unstored(attempt *Attempt, status *mesos.TaskStatus, number int) string {
	state := status.GetState()
	if state != mesos.TASK_RUNNING && !terminalState(state) || !attempt.ours() {
		return ""
	}
	if held, _ := attempt.abandonedAt(number); held && definitive(status) {
		return "a framework's status still holds it as abandoned"
	}
	task, version := v.taskAt(attempt, number)
	record, current := recordOf(task, attempt.ID)
	switch {
	case needsNoState(task, state):
		return ""
	case record == nil && version.binds(attempt.ID):
		return "its object's status does not name the attempt"
	case record == nil || over(record) || record.State == state.String():
		return ""
	case terminalState(state):
		return "its object's status does not say that it is over"
	case current && lags(record.State):
		return fmt.Sprintf("its object's status says %q", record.State)
	default:
		return ""
	}
}

// needsNoState says whether a state need not stand in an object: it is gone, or is to go and the task is not over yet.
func needsNoState(task *v1alpha1.MesosTask, state mesos.TaskState) bool {
	return task == nil || !terminalState(state) && !task.DeletionTimestamp.IsZero()
}

// lags says whether a state in a status comes before RUNNING.
func lags(state string) bool {
	return state == "" || progress(state) > 0 && progress(state) < progress("TASK_RUNNING")
}

// acknowledgesWhatCame is S5: only an update that came is acknowledged, with its own uuid and to its agent.
func acknowledgesWhatCame(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		for _, ack := range attempt.Acks {
			if ack.Call.Who == "" {
				continue
			}
			call, told := ack.Call.Call, attempt.toldBy(ack)
			switch {
			case len(call.Acknowledge.UUID) == 0:
				found = append(found, violation(ack.Number, []string{attempt.ID}, "task %s: an acknowledgement without a uuid", attempt.ID))
			case told == nil:
				found = append(found, violation(ack.Number, []string{attempt.ID}, "task %s: uuid %x is acknowledged, and no update had it", attempt.ID, call.Acknowledge.UUID))
			case told.Status.AgentID.GetValue() != call.Acknowledge.AgentID.Value:
				found = append(found, violation(ack.Number, []string{attempt.ID}, "task %s: an update of agent %s is acknowledged to %s",
					attempt.ID, told.Status.AgentID.GetValue(), call.Acknowledge.AgentID.Value))
			case v.streams[told.Stream] != nil && v.streams[told.Stream].FrameworkID != call.FrameworkID.GetValue():
				found = append(found, violation(ack.Number, []string{attempt.ID}, "task %s: an update to framework %s is acknowledged by %s",
					attempt.ID, v.streams[told.Stream].FrameworkID, call.FrameworkID.GetValue()))
			}
		}
	}
	return found
}

// asksAboutTheLiving is S8: only attempts that are launched and not durably over are reconciled, each with its agent.
func asksAboutTheLiving(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		if !attempt.ours() || attempt.Bound == nil && attempt.Launches == nil && attempt.Lives == nil {
			continue
		}
		for i := range attempt.Asked {
			asked := &attempt.Asked[i]
			if asked.Call.Who == "" {
				continue
			}
			task, _ := v.taskAt(attempt, asked.Sent)
			record, _ := recordOf(task, attempt.ID)
			if over(record) && !v.isBehind(attempt, asked) {
				found = append(found, violation(asked.Number, []string{attempt.ID}, "task %s is asked for, and its object's status says %s since #%d", attempt.ID, record.State, attempt.Over))
			}
			if asked.AgentID == "" {
				found = append(found, violation(asked.Number, []string{attempt.ID}, "task %s is asked for without its agent", attempt.ID))
			}
			if why := v.besideAccept(attempt, asked.Called); why != "" {
				found = append(found, violation(asked.Number, []string{attempt.ID}, "task %s is asked for, %s", attempt.ID, why))
			}
		}
	}
	return found
}

// lagging is how long the watch cache of MesosTasks was behind, by entries; to is 0 until it catches up.
type lagging struct{ from, to int }

// lagged notes what becomes of the watch cache of MesosTasks.
func (v *View) lagged(number int, lag *Lag) {
	switch {
	case lag.Resource != "" && lag.Resource != tasksResource:
	case !lag.Ended:
		v.lags = append(v.lags, lagging{from: number})
	default:
		for i := range v.lags {
			if v.lags[i].to == 0 {
				v.lags[i].to = number
				break
			}
		}
	}
}

// What a process that recorded an end remembers of it, and how long one whose API server was away may take to read what a cache tells again.
const (
	remembersEnds = time.Minute
	readsAgain    = 5 * time.Minute
)

// isBehind says whether who asks for an attempt cannot know that its end was recorded, as the API server's watch cache has been behind since before that. Who
// recorded it itself knows it for a while all the same; at the very moment, though, the call leaves beside the write, and was decided before.
func (v *View) isBehind(attempt *Attempt, asked *Asked) bool {
	end := v.Entries[attempt.Over-1]
	if v.time(asked.Sent).Equal(end.Time) {
		return true
	}
	if end.Write != nil && end.Write.Who == asked.Call.Who && v.time(asked.Sent).Sub(end.Time) <= remembersEnds {
		return false
	}
	return slices.ContainsFunc(v.lags, func(lag lagging) bool {
		return lag.from < attempt.Over && (lag.to == 0 || lag.to > attempt.Over && v.time(asked.Sent).Sub(v.time(lag.to)) <= readsAgain)
	})
}

// backsOff is S9: what is not answered is asked for again with growing gaps, one pass at a time; and the three questions of a proof are asked in their
// order, each after the one before was answered.
func backsOff(v *View) (found []Violation) {
	for _, attempt := range v.Attempts {
		if attempt.ours() {
			found = append(found, v.askedTooOften(attempt)...)
		}
	}
	return append(found, v.provedOutOfOrder()...)
}

// Reconciliation's bounds: so many asks at once are what a pass, one attempt's own asks and a person's request come to, and so many more come with each
// of the longest waits between two rounds.
const (
	asksAtOnce   = 10
	asksPerRound = 3
	longestRound = time.Minute
)

// askedTooOften are the asks about an attempt that came faster than a truncated exponential backoff allows.
func (v *View) askedTooOften(attempt *Attempt) (found []Violation) {
	stream, since, count := "", time.Time{}, 0
	told := 0
	for _, asked := range attempt.Asked {
		answered := false
		for told < len(attempt.Told) && attempt.Told[told].Number < asked.Number {
			answered = answered || attempt.Told[told].Stream == stream
			told++
		}
		if at := v.time(asked.Number); answered || asked.Call.StreamID != stream {
			stream, since, count = asked.Call.StreamID, at, 0
		}
		count++
		passed := v.time(asked.Number).Sub(since)
		longest := v.longestRound(asked.Number)
		if limit := asksAtOnce + asksPerRound*int(passed/longest); count > limit && asked.Call.Who != "" {
			return append(found, violation(asked.Number, []string{attempt.ID}, "task %s was asked for %d times in %s without an answer", attempt.ID, count, passed))
		}
	}
	return found
}

// longestRound is the shortest of the longest waits between two rounds that frameworks ask for.
func (v *View) longestRound(number int) time.Duration {
	longest := longestRound
	for _, framework := range v.frameworksAt(number) {
		if seconds := framework.Spec.Reconciliation.MaxBackoffSeconds; seconds > 0 {
			longest = min(longest, time.Duration(seconds)*time.Second)
		}
	}
	return longest
}

// provedOutOfOrder are implicit RECONCILEs without a fence that was answered before, and end marks without an implicit one.
func (v *View) provedOutOfOrder() (found []Violation) {
	type proof struct{ fence, implicit int }
	proofs := map[string]*proof{}
	for i := range v.Entries {
		call := v.Entries[i].Call
		if call == nil || call.Who == "" || call.Call.Reconcile == nil {
			continue
		}
		number, tasks := v.Entries[i].Number, call.Call.Reconcile.Tasks
		one := proofs[call.StreamID]
		if one == nil {
			one = &proof{}
			proofs[call.StreamID] = one
		}
		switch {
		case len(tasks) == 0:
			if one.fence == 0 || v.answered(one.fence) != 202 {
				found = append(found, violation(number, nil, "everything is asked for, and no fence was answered before"))
			}
			one.fence, one.implicit = 0, number
		case len(tasks) > 1 || v.attempts[tasks[0].TaskID.Value].ours():
		case tasks[0].AgentID.GetValue() == "":
			one.fence, one.implicit = number, 0
		default:
			if one.implicit == 0 || v.answered(one.implicit) != 202 {
				found = append(found, violation(number, nil, "an end mark is asked for, and everything was not before"))
			}
			one.implicit = 0
		}
	}
	return found
}

// keepsItsID is S13: a framework registers anew only if no ID was ever stored, nothing is launched before the ID is durable, and an ID never changes by
// itself.
func keepsItsID(v *View) (found []Violation) {
	for _, stream := range v.Streams {
		if stream.Asked == "" && stream.Who != "" && len(v.frameworksAt(stream.Subscribe)) > 0 && !v.hasNoID(stream.Subscribe) {
			found = append(found, violation(stream.Subscribe, nil, "SUBSCRIBE without a framework ID, and every MesosFramework has one"))
		}
	}
	launched := map[string]bool{}
	for i := range v.Entries {
		call := v.Entries[i].Call
		if call == nil || call.Who == "" || call.Call.Accept == nil || launched[call.Call.FrameworkID.GetValue()] {
			continue
		}
		id := call.Call.FrameworkID.GetValue()
		launched[id] = true
		stored := func(framework *v1alpha1.MesosFramework) bool { return framework.Status.FrameworkID == id }
		if !slices.ContainsFunc(v.frameworksAt(v.Entries[i].Number), stored) {
			found = append(found, violation(v.Entries[i].Number, []string{id}, "framework %s accepts an offer, and its ID is not stored", id))
		}
	}
	return append(found, v.changedIDs()...)
}

// hasNoID says whether some MesosFramework had no ID at an entry, or one that a person replaced.
func (v *View) hasNoID(number int) bool {
	return slices.ContainsFunc(v.frameworksAt(number), func(f *v1alpha1.MesosFramework) bool {
		none := func(id string) bool { return id == "" || slices.Contains(f.Status.ReplacedFrameworkIDs, id) }
		return none(f.Status.FrameworkID) && none(f.Annotations[v1alpha1.AnnotationFrameworkID]) && none(f.Spec.Info.ID)
	})
}

// changedIDs are framework IDs that the operator changed though tasks were bound under the old one and nobody replaced it.
func (v *View) changedIDs() (found []Violation) {
	for _, object := range v.Frameworks {
		for i := range object.Versions {
			version := &object.Versions[i]
			before, known := version.Last.(*v1alpha1.MesosFramework)
			after, ok := version.Object.(*v1alpha1.MesosFramework)
			if !known || !ok || !version.Write.product() || before.Status.FrameworkID == "" || before.Status.FrameworkID == after.Status.FrameworkID {
				continue
			}
			old := before.Status.FrameworkID
			bound := slices.ContainsFunc(v.Attempts, func(a *Attempt) bool {
				return slices.ContainsFunc(a.Bound, func(b Bound) bool { return b.Number < version.Number && b.Binding.FrameworkID == old })
			})
			if bound && !slices.Contains(after.Status.ReplacedFrameworkIDs, old) {
				found = append(found, violation(version.Number, []string{old}, "MesosFramework %s changes its ID from %s to %q, and nobody replaced that", object.name, old, after.Status.FrameworkID))
			}
		}
	}
	return found
}

// inFlight is how long a call may take to arrive that left before its sender could not send any more.
const inFlight = time.Second

// oneSubscriber is S14: a call comes from the instance that subscribed the stream whose ID it bears, and nothing comes from an instance that has ended or
// does not hold the lease. A process that is frozen is decided on where that is done, in the tests of two managers.
func oneSubscriber(v *View) (found []Violation) {
	states := map[string]*Entry{}
	for i := range v.Entries {
		entry := &v.Entries[i]
		if entry.Process != nil {
			states[entry.Process.Who] = entry
			continue
		}
		who, what := sender(entry)
		if who == "" {
			continue
		}
		sent := v.sentAt(entry)
		if state := states[who]; state != nil && (state.Process.Change == ProcessEnded || state.Process.Change == LeaseLost) && sent.Time.Sub(state.Time) > inFlight {
			found = append(found, violation(entry.Number, []string{who}, "%s sends %s, and has %s (#%d)", who, what, state.Process.Change, state.Number))
		}
		if call := entry.Call; call != nil {
			if stream := v.streams[call.StreamID]; stream != nil && stream.Who != call.Who {
				found = append(found, violation(entry.Number, nil, "%s sends %s on the stream of %s", who, what, stream.Who))
			}
		}
		if holder := v.holder(sent); holder != "" && holder != who {
			found = append(found, violation(entry.Number, nil, "%s sends %s, and %s holds the lease", who, what, holder))
		}
	}
	return found
}

// sentAt is the entry up to which what another says was sent: a write may take long until it takes effect, or is given up.
func (v *View) sentAt(entry *Entry) *Entry {
	if entry.Write == nil || entry.Write.Sent == 0 {
		return entry
	}
	return &v.Entries[entry.Write.Sent-1]
}

// sender is the instance that sent what an entry says, and what that is; empty for nobody's, and for what needs no leader.
func sender(entry *Entry) (who, what string) {
	switch {
	case entry.Call != nil:
		return entry.Call.Who, entry.Call.Type
	case entry.Write != nil && entry.Write.Resource != "leases" && entry.Write.Resource != "events":
		return entry.Write.Who, entry.Write.Verb + " " + entry.Write.Resource
	}
	return "", ""
}

// usesOffersOnce is S15: an offer is accepted or declined once, on its own stream, and what is launched on it fits.
func usesOffersOnce(v *View) (found []Violation) {
	for _, offer := range v.Offers {
		found = append(found, v.usedTwice(offer)...)
	}
	for i := range v.Entries {
		call := v.Entries[i].Call
		if call == nil || call.Who == "" || call.Call.Accept == nil {
			continue
		}
		if what := v.tooLarge(call.Call); what != "" {
			found = append(found, violation(v.Entries[i].Number, nil, "what is launched does not fit its offers: %s", what))
		}
	}
	return found
}

// usedTwice are the uses of an offer after the first that was not refused, but for a DECLINE that is sent again because it was not answered.
func (v *View) usedTwice(offer *Offer) (found []Violation) {
	uses := append(slices.Clone(offer.Accepts), offer.Declines...)
	slices.Sort(uses)
	var before []int
	for _, number := range uses {
		call := v.Entries[number-1].Call
		if call.Who == "" {
			continue
		}
		about := []string{call.Call.Type.String()}
		if offer.Offer != nil {
			about = []string{offer.Offer.ID.Value}
		}
		switch {
		case offer.Offer == nil:
			found = append(found, violation(number, about, "%s of an offer that was never made", call.Type))
		case offer.Stream != call.StreamID:
			found = append(found, violation(number, about, "%s of offer %s, which was made on another stream", call.Type, offer.Offer.ID.Value))
		}
		for _, earlier := range before {
			first := v.Entries[earlier-1].Call
			status := v.answered(earlier)
			again := call.Call.Decline != nil && (first.Call.Decline != nil && status != 202 || first.Call.Accept != nil && status >= 400 && status < 500)
			if !again {
				found = append(found, violation(number, about, "%s of an offer that got %s at #%d, which was answered %d", call.Type, first.Type, earlier, status))
				break
			}
		}
		before = append(before, number)
	}
	return found
}

// tooLarge says which resource an ACCEPT launches more of than its offers have; empty for none.
func (v *View) tooLarge(call *scheduler.Call) string {
	offered, wanted := map[string]float64{}, map[string]float64{}
	var offeredPorts, wantedPorts []mesos.Value_Range
	for _, id := range call.Accept.OfferIDs {
		if offer := v.offers[id.Value]; offer != nil && offer.Offer != nil {
			offeredPorts = append(offeredPorts, sum(offered, offer.Offer.Resources)...)
		}
	}
	for _, task := range launchedBy(call) {
		wantedPorts = append(wantedPorts, sum(wanted, task.Resources)...)
	}
	for name, amount := range wanted {
		if amount > offered[name]+1e-6 {
			return name
		}
	}
	taken := map[uint64]bool{}
	for _, ports := range wantedPorts {
		for port := ports.Begin; port <= ports.End; port++ {
			if taken[port] || !slices.ContainsFunc(offeredPorts, func(r mesos.Value_Range) bool { return r.Begin <= port && port <= r.End }) {
				return "ports"
			}
			taken[port] = true
		}
	}
	return ""
}

// sum adds scalars by their names and returns the ranges of ports.
func sum(into map[string]float64, resources []mesos.Resource) (ports []mesos.Value_Range) {
	for i := range resources {
		resource := &resources[i]
		switch {
		case resource.Scalar != nil:
			into[resource.Name] += resource.Scalar.Value
		case resource.Ranges != nil && resource.Name == "ports":
			ports = append(ports, resource.Ranges.Range...)
		}
	}
	return ports
}
