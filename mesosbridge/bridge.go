package mesosbridge

import (
	"context"
	"net"
	"time"

	"github.com/go-logr/logr"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// Config is what a bridge is told of its framework.
type Config struct {
	// Masters are base URLs (http://host:5050). They are tried in turn, and a redirect is followed to the leader.
	Masters []string
	// Framework is what Mesos is told of the framework. With an empty ID it registers as a new one (see FrameworkIDStored).
	Framework mesos.Framework
}

// Options are what a bridge needs of its process.
type Options struct {
	// Name names the framework in metrics and logs; it must come from a bounded set.
	Name   string
	Logger logr.Logger
	// Listener is told of changes; nil tells nobody.
	Listener Listener
	// DialContext makes connections to masters; nil takes a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// MayCall is asked before every call is sent, SUBSCRIBE included; an error keeps it from being sent. Nil allows every call.
	MayCall func() error
}

// Listener is told that something changed. Its methods say only where to look, are called without any lock held, from the goroutine
// that reads the stream or from a sender, and must return at once.
type Listener interface {
	// ConnectionChanged says to look at Connection and MayAccept.
	ConnectionChanged()
	// Observed says that Mesos said something of the task: look at Attempt.
	Observed(taskID string)
	// AttemptChanged says that what is known of the task's ACCEPT changed: look at Attempt.
	AttemptChanged(taskID string)
	// OffersChanged says to look at Offers.
	OffersChanged()
	// AgentFailed says that the master gave up an agent (FAILURE without executor): look at AgentFailedAt.
	AgentFailed(agentID string)
}

// Bridge keeps one framework subscribed. Its methods may be called from any goroutine; none of them waits for Mesos, except Run and
// Teardown.
type Bridge struct{}

// New returns a bridge that does nothing before Run.
func New(config Config, options Options) *Bridge { return &Bridge{} }

// Run keeps the framework subscribed until ctx ends, and returns only then. On return the stream is closed and no goroutine of the
// bridge is left. It must be called once.
func (b *Bridge) Run(ctx context.Context) {}

// Reconfigure replaces the configuration. What UPDATE_FRAMEWORK can change is sent so; a change of the masters or of the framework's
// ID subscribes anew. An empty framework ID keeps the one that the bridge has.
func (b *Bridge) Reconfigure(config Config) {}

// Connection returns what is known of the subscription.
func (b *Bridge) Connection() Connection { return Connection{} }

// FrameworkIDStored says that the framework ID which Connection shows is durable. Until then no offer is accepted, and a framework
// that registered as new has a failover timeout of one minute, so that an ID which nobody stored does not outlive it for long. From
// then on the bridge raises the timeout with UPDATE_FRAMEWORK, again and again until Mesos confirmed it; only then MayAccept is
// true. A framework whose ID came with the configuration needs no such call.
func (b *Bridge) FrameworkIDStored() {}

// MayAccept says whether offers may be accepted now.
func (b *Bridge) MayAccept() bool { return false }

// Attempt returns what is known of the attempt: its ACCEPT, if this process sent it, and what Mesos said of it.
func (b *Bridge) Attempt(taskID string) (Attempt, bool) { return Attempt{}, false }

// AgentFailedAt returns the number of the last FAILURE event of the agent; zero if there was none.
func (b *Bridge) AgentFailedAt(agentID string) mesos.Number { return mesos.Number{} }

// Reserve records that the task is about to be launched on the agent: from now on nothing about it is asked or killed (rule 7) until
// its ACCEPT has an outcome. It does nothing for an attempt that has a record of its ACCEPT.
func (b *Bridge) Reserve(taskID, agentID string) {}

// AcceptNeverSent records that the reservation of the task was closed before its ACCEPT was sent. It does nothing once it was sent.
func (b *Bridge) AcceptNeverSent(taskID string) {}

// Forget drops the record of an attempt that is over and whose object knows it.
func (b *Bridge) Forget(taskID string) {}

// MayAsk is rule 7, which is checked again at every send of KILL and RECONCILE: an attempt may be asked about when this process
// has not launched it, when its ACCEPT was answered 202, or when the term of its ACCEPT is over; never when its ACCEPT was not sent
// or was refused.
func (b *Bridge) MayAsk(taskID string) bool { return true }

// Offers returns the offers of the current term that nobody took, oldest first.
func (b *Bridge) Offers() []mesos.Offer { return nil }

// Accept sends one ACCEPT that launches the tasks on the offer. As it is sent, check is called for each of them; a task for which it
// returns false, or whose share the offer cannot give, is left out and counts as never sent. With nobody left the offer is declined. What remains of the
// offer is refused for the given time. The outcome is in Attempt(...).Accept of each task; nothing is ever sent twice.
func (b *Bridge) Accept(offerID string, tasks []mesos.Task, refuse time.Duration, check func(taskID string) bool) {
}

// Decline refuses the offers for the given time.
func (b *Bridge) Decline(offerIDs []string, refuse time.Duration) {}

// Suppress asks for no more offers. The wish outlives the term: it is repeated with every SUBSCRIBE.
func (b *Bridge) Suppress() {}

// Revive asks for offers and clears all filters. It is sent once, in this term; without a term nothing is sent and the next SUBSCRIBE
// asks for offers.
func (b *Bridge) Revive() {}

// Kill asks for the end of the task, on the agent where it was last observed. A grace other than nil replaces the task's own. It is
// not repeated: Mesos forgets a KILL when it fails over.
func (b *Bridge) Kill(taskID, agentID string, grace *time.Duration) {}

// Acknowledge acknowledges the update of the task that has the UUID, if it is the one that waits (Attempt.Unacked).
func (b *Bridge) Acknowledge(taskID string, uuid []byte) {}

// Reconcile sends one explicit RECONCILE for the attempts that MayAsk allows as it is sent. Done is called once, with nil when it was
// answered 202: from another goroutine, or before Reconcile returns when nothing can be sent. An empty list is an error, as to Mesos
// it would mean every task (rule 10).
func (b *Bridge) Reconcile(refs []reconciliation.Attempt, done func(error)) {}

// Teardown removes the framework from Mesos, which kills its tasks. It waits for the answer.
func (b *Bridge) Teardown(ctx context.Context) error { return nil }
