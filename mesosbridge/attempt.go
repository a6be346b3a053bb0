package mesosbridge

import (
	"bytes"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// AcceptState says what this process knows of the ACCEPT that launches an attempt.
type AcceptState string

// The states of an ACCEPT. The empty state is that of an attempt which this process has not launched.
const (
	// AcceptUnsent says that the attempt is reserved or bound, and its ACCEPT was not sent yet.
	AcceptUnsent AcceptState = "Unsent"
	// AcceptSent says that the ACCEPT is on its way, in the current term.
	AcceptSent AcceptState = "Sent"
	// AcceptAccepted says that the ACCEPT was answered 202.
	AcceptAccepted AcceptState = "Accepted"
	// AcceptNeverSent says that the ACCEPT was not sent and never will be: the attempt is over and never ran.
	AcceptNeverSent AcceptState = "NeverSent"
	// AcceptRefused says that the ACCEPT was answered 4xx: the attempt is over and never ran.
	AcceptRefused AcceptState = "Refused"
	// AcceptUnanswered says that the ACCEPT was sent and its fate is unknown (no answer, or 5xx); its term is over.
	AcceptUnanswered AcceptState = "Unanswered"
)

// Attempt is what this process knows of one task ID. What its pointers refer to is never changed and must not be.
type Attempt struct {
	TaskID string
	// AgentID is where the attempt was reserved; empty for one that this process has not launched.
	AgentID string
	Accept  AcceptState
	// AcceptTerm is the term in which the ACCEPT was sent; zero if it was not.
	AcceptTerm uint64
	// AcceptedAt is when the 202 came.
	AcceptedAt time.Time
	// RefusedWith is what the master said when it refused the ACCEPT, cleaned.
	RefusedWith string
	// Observation is the latest that Mesos said of the attempt's state. It never goes backwards, never changes after an end, and
	// keeps what an earlier update said where an answer to RECONCILE says nothing. Nil: nothing was said.
	Observation *mesos.Observation
	// Last is the number of the last event of any kind about the attempt: what reconciliation counts.
	Last mesos.Number
	// Unacked is the update that waits for its acknowledgement: the head of the agent's queue for this task.
	Unacked *mesos.Observation
	// Doubted is the number of the last news that only a RECONCILE can settle: TASK_DROPPED from the master, and the refusal of a launch
	// under the ID of a live task, which says nothing of that task and is not in Observation.
	Doubted mesos.Number
	// Lived says that Mesos said in this process that the attempt lives.
	Lived bool
	// Returned is live news of an attempt whose observed end it contradicts, as of a task on an agent that was marked gone
	// and came back, until it ends again. Nil: none.
	Returned *mesos.Observation
}

// Said is what Mesos last said of the attempt: where it came back after its end, that. Nil: nothing.
func (a Attempt) Said() *mesos.Observation {
	if a.Returned != nil {
		return a.Returned
	}
	return a.Observation
}

// Over says whether Mesos said that the attempt is over, and nothing since that contradicts it.
func (a Attempt) Over() bool {
	return a.Observation != nil && a.Observation.State.Class() == mesos.Ended && a.Returned == nil
}

// EndsUnseen says whether a draining agent said that the attempt is gone, as one that is to be marked gone says it when it begins to kill: it runs for
// as long as its grace period yet, and nobody tells more of it (recording "drain").
func (a Attempt) EndsUnseen() bool {
	return a.Over() && a.Observation.EndsUnseen()
}

// EndSeen says whether the attempt is over by more than an operator's word: of an agent that was marked gone the master knows no more than that,
// and once its registry has forgotten the agent the task may be back (Mesos: mesos.proto, TASK_GONE_BY_OPERATOR). What ends unseen is not over yet.
func (a Attempt) EndSeen() bool {
	return a.Over() && !goneByWord(a.Observation) && !a.EndsUnseen()
}

// goneByWord says whether an end rests on an operator's word alone.
func goneByWord(o *mesos.Observation) bool {
	return o.State == mesos.TaskGoneByOperator && o.Source == mesos.SourceMaster
}

// mayAsk is rule 7 for an attempt with a record.
func (s AcceptState) mayAsk() bool {
	switch s {
	case "", AcceptAccepted, AcceptUnanswered:
		return true
	default:
		return false
	}
}

// MayRun says whether the ACCEPT may have taken effect: it was sent, and was not refused.
func (s AcceptState) MayRun() bool {
	return s == AcceptSent || s == AcceptAccepted || s == AcceptUnanswered
}

// record is an attempt as the bridge keeps it.
type record struct {
	Attempt
	// acking is the UUID whose acknowledgement is on its way.
	acking string
	// arrived is when Unacked first came.
	arrived time.Time
	// ports are what the master said of its host ports.
	ports toldPorts
}

// ended says whether the attempt is over beyond any doubt that a RECONCILE could settle.
func (r *record) ended() bool { return r.EndSeen() && !droppedByMaster(r.Observation) }

// arrive records one event about the attempt and, of an update that must be acknowledged, when it first came: an agent sends it again until
// it is.
func (r *record) arrive(next mesos.Observation, now time.Time) {
	if len(next.UUID) > 0 && (r.Unacked == nil || !bytes.Equal(r.Unacked.UUID, next.UUID)) {
		r.arrived = now
	}
	r.observe(next)
}

// observe records what one event said of the attempt.
func (r *record) observe(next mesos.Observation) {
	r.Last = next.Number
	if len(next.UUID) > 0 {
		r.Unacked = &next
	}
	if next.SpeaksOfAnother() || droppedByMaster(&next) {
		r.Doubted = next.Number
	}
	if next.SpeaksOfAnother() {
		return
	}
	next = next.After(r.Observation)
	r.Lived = r.Lived || next.State.Class() == mesos.Live
	r.Observation = merge(r.Observation, next)
	switch {
	case next.State.Class() == mesos.Ended || r.Observation.State.Class() != mesos.Ended:
		// Nothing contradicts an end that there is none of, as where the master dropped a launch that lives all the same.
		r.Returned = nil
	case next.State.Class() == mesos.Live:
		r.Returned = &next
	}
}

// droppedByMaster says whether o is TASK_DROPPED by the master: an attempt that never ran, unless a later answer says that it lives.
func droppedByMaster(o *mesos.Observation) bool {
	return o.State == mesos.TaskDropped && o.Source == mesos.SourceMaster && o.Reason == mesos.ReasonInvalidOffers
}

// merge returns what is known of an attempt after the next observation. Neither argument is changed. Ordered rules, the first that
// matches decides:
//
//  1. Nothing was known: the next is all there is.
//  2. The master dropped the launch and it lives all the same: the next.
//  3. The master told of the end, and the next is the update that says why: the next.
//  4. An operator's word told of the end, and the next is of an end that was seen: the next.
//  5. The next would take the attempt backwards: what was known.
//  6. An answer to RECONCILE that repeats the state: what was known, with what the answer adds.
//  7. Else the next, with the place where the task is, if it does not say.
func merge(known *mesos.Observation, next mesos.Observation) *mesos.Observation {
	switch {
	case known == nil:
		return &next
	case droppedByMaster(known) && next.State.Class() == mesos.Live:
		return inherit(next, known)
	case known.State.Class() == mesos.Ended && mesos.TellsNoWhy(known.Source, known.Reason) && next.State == known.State && len(next.UUID) > 0:
		return inherit(next, known)
	case goneByWord(known) && next.State.Class() == mesos.Ended && !goneByWord(&next) && !droppedByMaster(&next):
		return inherit(next, known)
	case next.State.Regresses(known.State):
		return known
	case next.IsAnswer() && next.State == known.State:
		return confirm(*known, &next)
	default:
		return inherit(next, known)
	}
}

// inherit fills in where the task is.
func inherit(next mesos.Observation, known *mesos.Observation) *mesos.Observation {
	if next.AgentID == "" {
		next.AgentID = known.AgentID
	}
	if next.ContainerID == "" {
		next.ContainerID = known.ContainerID
	}
	if len(next.IPs) == 0 {
		next.IPs = known.IPs
	}
	return &next
}

// confirm takes over what an answer says beyond the state.
func confirm(known mesos.Observation, answer *mesos.Observation) *mesos.Observation {
	known.Number = answer.Number
	if answer.AgentID != "" {
		known.AgentID = answer.AgentID
	}
	if answer.Healthy != nil {
		known.Healthy = answer.Healthy
	}
	if answer.Check != nil {
		known.Check = answer.Check
	}
	if answer.ContainerID != "" {
		known.ContainerID = answer.ContainerID
	}
	if len(answer.IPs) > 0 {
		known.IPs = answer.IPs
	}
	if !answer.UnreachableTime.IsZero() {
		known.UnreachableTime = answer.UnreachableTime
	}
	return &known
}
