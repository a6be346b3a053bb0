package mesosbridge

import (
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
	// Returned is live news of an attempt whose observed end it contradicts, as of a task on an agent that was marked gone
	// and came back. Nil: none.
	Returned *mesos.Observation
}
