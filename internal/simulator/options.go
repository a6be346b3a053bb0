package simulator

import (
	"crypto/tls"
	"time"

	"github.com/go-logr/logr"
	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// Options configures a Cluster. The zero value is one master with the default flags and no log.
type Options struct {
	// Masters is how many masters there are; 0 means 1. The first one leads.
	Masters int
	// Flags are what a real master and its agents take on their command lines.
	Flags Flags
	// Logger receives what a master's own log would say. The zero value discards.
	Logger logr.Logger
	// Seed fixes the random choices: the delays with which agents register again.
	Seed uint64
	// CallLogSize bounds the log of calls (Cluster.CallLog); 0 means 200,000, the oldest are forgotten first.
	CallLogSize int
	// Observe, when not nil, is told of everything in the order in which it happens, under the cluster's lock: it must neither block nor call the
	// cluster.
	Observe func(Observation)
}

// Flags are the settings of masters and agents. A zero field takes the default of Mesos, named beside it.
type Flags struct {
	AgentPingTimeout       time.Duration // 15 s: how long the master waits for each ping's answer
	MaxAgentPingTimeouts   int           // 5: unanswered pings after which an agent is unreachable
	AgentReregisterTimeout time.Duration // 10 min: for agents that are expected back
	OfferInterval          time.Duration // 1 s: the allocation interval
	OfferTimeout           time.Duration // 0: offers do not expire
	HeartbeatInterval      time.Duration // 15 s
	RegistrationBackoff    time.Duration // 1 s: agents wait a random part of this before they register again
	ElectionDelay          time.Duration // 1 s from the loss of a leader until another master leads
	RecoveryDelay          time.Duration // 100 ms from election until the registry is recovered
	StatusUpdateRetryMin   time.Duration // 10 s: an agent's first repetition of an unacknowledged update, doubling
	StatusUpdateRetryMax   time.Duration // 10 min
	MaxCompletedFrameworks int           // 50
	MaxUnreachableTasks    int           // 1000 per framework
	// ExecutorRecoveryTimeout (15 min) is how long an executor whose agent never comes back lets its task live on.
	ExecutorRecoveryTimeout time.Duration
	// ExecutorRegistrationTimeout (1 min) is how long an agent waits for an executor to register.
	ExecutorRegistrationTimeout time.Duration
	// Domain is that of the masters (domain). Agents of another region are offered to frameworks that are aware of regions, and to no others.
	Domain               *mesos.DomainInfo
	AgentRemovalInterval time.Duration // 0: agents that miss their pings may all be removed at once (agent_removal_rate_limit)

	// AuthenticateFrameworks demands basic authentication on the scheduler API by one of Credentials.
	AuthenticateFrameworks bool
	// Credentials maps principals to their secrets.
	Credentials map[string]string
	// TLS, when not nil, makes every master answer over HTTPS only (LIBPROCESS_SSL_ENABLED without downgrade). Its ClientAuth and ClientCAs
	// say what certificate a framework needs.
	TLS *tls.Config
	// Roles, when not empty, are the only roles that frameworks may take.
	Roles []string
	// ForbiddenUsers are users as whom an ACL (run_tasks) lets nobody run tasks.
	ForbiddenUsers []string
	// RefuseRoot refuses frameworks whose user is root (a master with --no-root_submissions).
	RefuseRoot bool
	// EventsPerSecond caps how fast each subscription stream is written; 0 is no cap.
	// A real master manages some 10,000 to 100,000 updates a second.
	EventsPerSecond int
}

// orDefault returns the value unless it is zero.
func orDefault[T comparable](value, byDefault T) T {
	var zero T
	if value == zero {
		return byDefault
	}
	return value
}

// withDefaults fills in what Mesos takes where a flag is not given.
func (f Flags) withDefaults() Flags {
	f.AgentPingTimeout = orDefault(f.AgentPingTimeout, 15*time.Second)
	f.MaxAgentPingTimeouts = orDefault(f.MaxAgentPingTimeouts, 5)
	f.AgentReregisterTimeout = orDefault(f.AgentReregisterTimeout, 10*time.Minute)
	f.OfferInterval = orDefault(f.OfferInterval, time.Second)
	f.HeartbeatInterval = orDefault(f.HeartbeatInterval, 15*time.Second)
	f.RegistrationBackoff = orDefault(f.RegistrationBackoff, time.Second)
	f.ElectionDelay = orDefault(f.ElectionDelay, time.Second)
	f.RecoveryDelay = orDefault(f.RecoveryDelay, 100*time.Millisecond)
	f.StatusUpdateRetryMin = orDefault(f.StatusUpdateRetryMin, 10*time.Second)
	f.StatusUpdateRetryMax = orDefault(f.StatusUpdateRetryMax, 10*time.Minute)
	f.MaxCompletedFrameworks = orDefault(f.MaxCompletedFrameworks, 50)
	f.MaxUnreachableTasks = orDefault(f.MaxUnreachableTasks, 1000)
	f.ExecutorRecoveryTimeout = orDefault(f.ExecutorRecoveryTimeout, 15*time.Minute)
	f.ExecutorRegistrationTimeout = orDefault(f.ExecutorRegistrationTimeout, time.Minute)
	return f
}
