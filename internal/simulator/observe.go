package simulator

import (
	"context"
	"net"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Observation is one thing that a cluster did or had done to it. Exactly one of its fields but the time is set.
type Observation struct {
	Time time.Time
	// Call was received by a master and has not taken effect yet; its Status is that of Answered. Not to be changed.
	Call *CallRecord
	// Answered is how a call was answered that was told as Call before.
	Answered *Answered
	// Event was queued for a framework.
	Event *EventRecord
	// Change is one of the ledger.
	Change *Change
	// Agent was admitted by the leading master, or lost by it.
	Agent *AgentRecord
	// Elected is the ID of a master that begins to lead, and knows no agent yet.
	Elected string
	// Abdicated is the ID of a master that led and does no more: it takes nothing from here on.
	Abdicated string
	// Fault is what went wrong on purpose, by the names of FaultCounts.
	Fault string
}

// Answered is the answer to a call.
type Answered struct {
	Call   *CallRecord // the one that was received
	Status int
	Lost   bool // the connection broke before the answer
}

// EventRecord is one event on a framework's stream.
type EventRecord struct {
	StreamID string
	Event    *scheduler.Event // not to be changed
}

// AgentRecord is an agent as the leading master has it.
type AgentRecord struct {
	AgentID string
	// Registered is false once the master has given it up: unreachable, gone, removed or unregistered.
	Registered bool
}

// observe tells of something, under the lock.
func (c *Cluster) observe(what Observation) {
	if c.observer != nil {
		what.Time = time.Now()
		c.observer(what)
	}
}

// answered tells how a call was answered.
func (c *Cluster) answered(record *CallRecord, status int, lost bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.observe(Observation{Answered: &Answered{Call: record, Status: status, Lost: lost}})
}

// callerKey is the context key of From.
type callerKey struct{}

// From names who dials: calls over a connection that Cluster.DialContext makes with the context bear the name (CallRecord.From).
func From(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// namedConn is the master's end of a connection in memory, with the name of who dialed.
type namedConn struct {
	net.Conn
	name string
}

// RemoteAddr implements net.Conn.
func (c namedConn) RemoteAddr() net.Addr { return memoryAddr(c.name) }

// named names the master's end of a connection after who dialed.
func named(ctx context.Context, conn net.Conn) net.Conn {
	if name, ok := ctx.Value(callerKey{}).(string); ok {
		return namedConn{conn, name}
	}
	return conn
}
