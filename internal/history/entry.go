package history

import (
	"fmt"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Entry is one thing that happened. Exactly one of the fields after its time is set. Nothing in it is to be changed.
type Entry struct {
	// Number counts entries from 1.
	Number int
	Time   time.Time

	Write   *Write
	Notice  *Notice
	Call    *Call
	Answer  *Answer
	Event   *Event
	Truth   *simulator.Change
	Agent   *simulator.AgentRecord
	Step    *Step
	Process *Process
	// Elected is the ID of a Mesos master that began to lead.
	Elected string
	// Abdicated is the ID of one that led and does no more: it takes nothing from here on, and all that it offered is void.
	Abdicated string
	// Fault is something that went wrong on purpose, in the words of who made it.
	Fault string
	// Lag is a watch cache of the API server that falls behind, or catches up.
	Lag *Lag
	// Recovered says that nothing goes wrong any more, and what did has had its time to be made good. Settled says that nothing has anything left to do, too.
	Recovered, Settled bool
}

// Lag is what becomes of the API server's watch cache of a resource, empty for every one. While it is behind, what began then may know nothing newer.
type Lag struct {
	Resource string
	Ended    bool
}

// Outcome is whether a write took effect.
type Outcome string

// The outcomes of a write. Unknown is that of a request which got no answer, as seen by its sender.
const (
	Committed Outcome = "committed"
	Refused   Outcome = "refused"
	Unknown   Outcome = "unknown"
)

// Write is a request to the API server that writes.
type Write struct {
	// Who is the instance of the operator that sent it; empty for anybody else.
	Who string
	// Verb is create, update, patch, delete or deletecollection.
	Verb                                   string
	Resource, Namespace, Name, Subresource string
	// Status is that of the answer; 0 for none.
	Status  int
	Outcome Outcome
	// Sent is the number of the last entry when the request was sent, or came to the API server; it took effect at some time until its own entry.
	Sent int
	// Before is the object as it was last known here, nil if it was not. After is what the API server answered; nil where that was no object, and
	// of a deletion that was completed at once.
	Before, After client.Object
	// Gone says that there is no such object any more with this.
	Gone bool
	// Body is what was sent, as it was sent. Patch says that it is a JSON Patch.
	Body  []byte
	Patch bool
	// Preconditions are those of a deletion.
	Preconditions *metav1.Preconditions
}

// Notice is what a watch told of an object: how writes are seen that pass no recorder, such as those of other programs.
type Notice struct {
	Resource string
	Object   client.Object
	Gone     bool
	// AsCommitted says that the API server told of it as it took effect.
	AsCommitted bool
}

// Call is a call to a Mesos master, as it was received.
type Call struct {
	// Who is the instance that sent it; empty where that is not known.
	Who      string
	Type     string
	StreamID string // of SUBSCRIBE, that of the stream that answers it
	Call     *scheduler.Call
}

// Answer is the answer to a call, or to a write of which the API server's answer was lost.
type Answer struct {
	// To is the number of the entry of the call or the write.
	To     int
	Status int
	Lost   bool // nobody got it
}

// Event is an event that a master queued for a framework.
type Event struct {
	StreamID string
	Event    *scheduler.Event
}

// Step is an outward step of the operator that began, or ended.
type Step struct {
	Who string
	leadership.Step
	Ended bool
	// Failed says that it ended with an error, or was not sent at all.
	Failed bool
}

// ProcessChange is what became of a process of the operator.
type ProcessChange string

// The changes of processes.
const (
	// ProcessStarted is one that begins.
	ProcessStarted ProcessChange = "started"
	// ProcessEnded is one of which nothing can come any more, however it ended.
	ProcessEnded ProcessChange = "ended"
	// LeaseTaken is one that leads from now on.
	LeaseTaken ProcessChange = "took the lease"
	// LeaseLost is one that may not act any more.
	LeaseLost ProcessChange = "lost the lease"
)

// Process is a process of the operator.
type Process struct {
	Who    string
	Change ProcessChange
}

// String says what happened, in one line.
func (e Entry) String() string {
	return fmt.Sprintf("#%d %s %s", e.Number, e.Time.UTC().Format("15:04:05.000"), e.what())
}

func (e Entry) what() string {
	switch {
	case e.Write != nil:
		return e.Write.String()
	case e.Notice != nil:
		return fmt.Sprintf("watched %s %s/%s of version %s, gone: %t", e.Notice.Resource, e.Notice.Object.GetNamespace(), e.Notice.Object.GetName(), e.Notice.Object.GetResourceVersion(), e.Notice.Gone)
	case e.Call != nil:
		return fmt.Sprintf("%s calls %s", orNobody(e.Call.Who), describeCall(e.Call.Call))
	case e.Answer != nil:
		return fmt.Sprintf("answer to #%d: %d%s", e.Answer.To, e.Answer.Status, map[bool]string{true: ", lost"}[e.Answer.Lost])
	case e.Event != nil:
		return "event " + describeEvent(e.Event.Event)
	case e.Truth != nil:
		return fmt.Sprintf("on agent %s, task %s %s", e.Truth.AgentID, e.Truth.TaskID, e.Truth.What)
	case e.Agent != nil:
		return fmt.Sprintf("agent %s is registered: %t", e.Agent.AgentID, e.Agent.Registered)
	case e.Step != nil:
		return fmt.Sprintf("%s: step %d, %s %s, ended: %t, failed: %t", e.Step.Who, e.Step.Index, e.Step.Kind, e.Step.What, e.Step.Ended, e.Step.Failed)
	case e.Process != nil:
		return fmt.Sprintf("%s %s", e.Process.Who, e.Process.Change)
	case e.Elected != "":
		return "a master was elected: " + e.Elected
	case e.Abdicated != "":
		return "a master leads no more: " + e.Abdicated
	case e.Lag != nil:
		return fmt.Sprintf("the watch cache of %q is behind, ended: %t", e.Lag.Resource, e.Lag.Ended)
	case e.Fault != "":
		return "fault: " + e.Fault
	case e.Recovered:
		return "recovered"
	default:
		return "settled"
	}
}

func orNobody(who string) string {
	if who == "" {
		return "somebody else"
	}
	return who
}

// String says what was written, in a line.
func (w *Write) String() string {
	what := w.Resource
	if w.Subresource != "" {
		what += "/" + w.Subresource
	}
	name := strings.TrimPrefix(w.Namespace+"/"+w.Name, "/")
	detail := ""
	if w.Patch {
		detail = " " + string(w.Body)
		if len(detail) > 4000 {
			detail = detail[:4000] + "..."
		}
	}
	return fmt.Sprintf("%s: %s %s %s: %d, %s%s", orNobody(w.Who), w.Verb, what, name, w.Status, w.Outcome, detail)
}

func describeCall(call *scheduler.Call) string {
	var about []string
	for _, task := range launchedBy(call) {
		about = append(about, "launch "+task.TaskID.Value)
	}
	switch {
	case call.Kill != nil:
		about = append(about, call.Kill.TaskID.Value)
	case call.Acknowledge != nil:
		about = append(about, fmt.Sprintf("%s %x", call.Acknowledge.TaskID.Value, call.Acknowledge.UUID))
	case call.Reconcile != nil:
		for _, task := range call.Reconcile.Tasks {
			about = append(about, fmt.Sprintf("%s on %q", task.TaskID.Value, task.AgentID.GetValue()))
		}
	case call.Decline != nil:
		for _, offer := range call.Decline.OfferIDs {
			about = append(about, offer.Value)
		}
	}
	if call.Accept != nil {
		for _, offer := range call.Accept.OfferIDs {
			about = append(about, "offer "+offer.Value)
		}
	}
	return strings.TrimSpace(call.Type.String() + " " + strings.Join(about, ", "))
}

func describeEvent(event *scheduler.Event) string {
	switch {
	case event.Update != nil:
		status := &event.Update.Status
		return fmt.Sprintf("UPDATE %s %s %s %s, uuid %x: %s", status.TaskID.Value, status.GetState(), status.GetReason(), status.GetSource(), status.UUID, status.GetMessage())
	case event.Offers != nil:
		ids := make([]string, len(event.Offers.Offers))
		for i := range event.Offers.Offers {
			ids[i] = event.Offers.Offers[i].ID.Value
		}
		return "OFFERS " + strings.Join(ids, ", ")
	case event.Rescind != nil:
		return "RESCIND " + event.Rescind.OfferID.Value
	case event.Subscribed != nil:
		return "SUBSCRIBED as " + event.Subscribed.FrameworkID.GetValue()
	case event.Error != nil:
		return "ERROR " + event.Error.Message
	}
	return event.Type.String()
}
