package mesosbridge

import (
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Connection is what is known of the framework's subscription at one moment.
type Connection struct {
	// Subscribed is true from the SUBSCRIBED event to the end of its stream. The answer 200 to SUBSCRIBE does not make it so: the
	// master validates the framework only after it (Mesos master: Master::subscribe).
	Subscribed bool
	// Term is the number of the current term, or of the last one; zero before the first.
	Term uint64
	// FrameworkID is the framework's ID; empty until Mesos gave one.
	FrameworkID string
	// Master is the master that leads, or the last one that did.
	Master mesos.Master
	// Since is when Subscribed became what it is.
	Since time.Time
	// FirstSubscribed is when this process first saw SUBSCRIBED under FrameworkID; zero before.
	FirstSubscribed time.Time
	// LastEvent is the number of the last event that came off the stream.
	LastEvent mesos.Number
	// Problem says why the framework is not subscribed, or, while it is, why it may not accept offers (UpdateRefused). It is nil when
	// all is well and before the first try ended.
	Problem *Problem
	// Roles are those that Mesos took for the framework last; nil where nobody knows. SUBSCRIBE falls back on them where a master refuses the
	// present ones, as what runs must not be left alone for a role that is refused.
	Roles []string
	// AgentsRefused is why the master did not say which agents it has when it was asked last; empty if it did.
	AgentsRefused string
	// UnauthorizedAt is when a master last answered 401; zero if none has.
	UnauthorizedAt time.Time
	// WithoutCheckpoints says that Mesos has the framework with checkpoint: false, which nothing changes: its tasks are lost with each restart of
	// their agent. It is known from the first UPDATE_FRAMEWORK on.
	WithoutCheckpoints bool
	// NextTry is when the next SUBSCRIBE is due; zero while subscribed or while one is under way.
	NextTry time.Time
}

// Class sorts the problems of a subscription by what a person has to do about them.
type Class string

// The classes of problems.
const (
	// MasterUnreachable says that no connection to any master could be made, or none answered in time.
	MasterUnreachable Class = "MasterUnreachable"
	// TLSFailed says that a master or this process does not trust the other's certificate, or that the certificates given cannot be used.
	TLSFailed Class = "TLSFailed"
	// DetectionFailed says that ZooKeeper does not tell who leads: it cannot be reached or read, or holds what is no master's.
	DetectionFailed Class = "DetectionFailed"
	// NoLeader says that masters answered and none of them leads yet.
	NoLeader Class = "NoLeader"
	// Unauthorized says that a master wants other credentials (401).
	Unauthorized Class = "Unauthorized"
	// Forbidden says that a master knows the principal and refuses it (403).
	Forbidden Class = "Forbidden"
	// NotAMaster says that what answered does not speak the scheduler API (404, another status, or no stream).
	NotAMaster Class = "NotAMaster"
	// SubscriptionRefused says that the master answered SUBSCRIBE with an ERROR event.
	SubscriptionRefused Class = "SubscriptionRefused"
	// FrameworkRemoved says that Mesos removed the framework: its tasks were killed and its ID is dead.
	FrameworkRemoved Class = "FrameworkRemoved"
	// FailedOver says that another scheduler subscribed with the same framework ID.
	FailedOver Class = "FailedOver"
	// HeartbeatLost says that the master was silent for five heartbeat intervals.
	HeartbeatLost Class = "HeartbeatLost"
	// StreamEnded says that the master, or the network, closed the stream.
	StreamEnded Class = "StreamEnded"
	// BadFrame says that the stream was no RecordIO, or that offers came on it before SUBSCRIBED.
	BadFrame Class = "BadFrame"
	// CallUnanswered says that the bridge gave the term up because the fate of an ACCEPT, or of an UPDATE_FRAMEWORK before the last, is unknown.
	CallUnanswered Class = "CallUnanswered"
	// SubscriptionLost says that the master refused a call because this stream is not the framework's any more.
	SubscriptionLost Class = "SubscriptionLost"
	// Reconfigured says that the bridge gave the term up because its configuration changed.
	Reconfigured Class = "Reconfigured"
	// UpdateRefused says that the framework is subscribed and the master refused its UPDATE_FRAMEWORK.
	UpdateRefused Class = "UpdateRefused"
	// CredentialsWithheld says that the master must not have the framework's credentials: the spec does not name it, or it is reached over
	// plain HTTP.
	CredentialsWithheld Class = "CredentialsWithheld"
	// Withheld says that Options.Gate kept SUBSCRIBE from being sent.
	Withheld Class = "Withheld"
)

// Problem says what is wrong with a subscription.
type Problem struct {
	Class Class
	// Message is one sentence for a condition: what happened and what to do. Text from Mesos in it is clean.
	Message string
}

// Error makes a problem usable as the cause of a context.
func (p *Problem) Error() string { return p.Message }
