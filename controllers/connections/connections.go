package connections

import (
	"context"
	"maps"
	"net"
	"reflect"
	"slices"
	"sync"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

// Connections owns the bridges of all frameworks. It is a leader-elected runnable of the manager: bridges run from Start until its
// context ends, so nothing is remembered from one leadership to the next.
type Connections struct {
	logger      logr.Logger
	clock       clock.Clock
	dialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// gate is what every call to Mesos passes (rule 13).
	gate *leadership.Gate
	// tasks, frameworks and services enqueue keys of their controllers.
	tasks, frameworks, services feed
	// seekers are who asked where agents are.
	seekers seekers

	mu      sync.Mutex
	running context.Context //nolint:containedctx // it is the life of this runnable, which outlives every call that adds a bridge
	// ended says that no bridge may be started any more.
	ended   bool
	byName  map[string]*Connection
	bridges sync.WaitGroup

	// standingsMu guards standings: how each framework stands, as its tasks are told. It is taken before mu, and before a connection's.
	standingsMu sync.Mutex
	standings   map[string]*standing
}

// Options are what Connections need of their process.
type Options struct {
	Logger logr.Logger
	// Clock is the time.
	Clock clock.Clock
	// Gate is what every call to Mesos passes.
	Gate *leadership.Gate
	// DialContext makes connections to Mesos masters; nil takes a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// New returns the owner of all bridges; it has none yet.
func New(options Options) *Connections {
	return &Connections{
		logger: options.Logger, clock: options.Clock, gate: options.Gate, dialContext: options.DialContext, byName: map[string]*Connection{},
		standings: map[string]*standing{}, seekers: seekers{byFramework: map[string]map[types.NamespacedName]seeker{}},
	}
}

// NeedLeaderElection says that only the leader subscribes (rule 13).
func (c *Connections) NeedLeaderElection() bool { return true }

// Start runs the bridges until ctx ends, and returns when all of them have stopped.
func (c *Connections) Start(ctx context.Context) error {
	c.mu.Lock()
	c.running = ctx
	for _, connection := range c.byName {
		c.run(connection) //nolint:contextcheck // it takes the context that is stored above
	}
	c.mu.Unlock()
	<-ctx.Done()
	// From here on run starts nothing: not even what looked at ctx a moment ago.
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.bridges.Wait()
	return nil
}

// run starts a connection's bridge and placement; the caller holds the lock.
func (c *Connections) run(connection *Connection) {
	if c.running == nil || connection.stop != nil || c.ended {
		return
	}
	ctx, stop := context.WithCancel(c.running) //nolint:gosec // Remove calls it, and else the end of the leadership ends both.
	connection.stop = stop
	for _, run := range []func(context.Context){connection.Bridge.Run, connection.Placer.Run} {
		connection.ended.Add(1)
		c.bridges.Go(func() {
			defer connection.ended.Done()
			run(ctx)
		})
	}
}

// Ensure makes a connection with the configuration, or gives it to the one that there is. Created says which.
func (c *Connections) Ensure(name string, config mesosbridge.Config) (connection *Connection, created bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	connection, ok := c.byName[name]
	if !ok {
		connection = c.newConnection(name, config)
		c.byName[name] = connection
		c.run(connection)
		return connection, true
	}
	if !reflect.DeepEqual(connection.config, config) {
		connection.config = config
		connection.Bridge.Reconfigure(config)
	}
	return connection, false
}

// Remove ends a connection: Mesos sees the framework disconnect. It returns once nothing of the connection is left, its last SUBSCRIBE included,
// which would else take the framework from a connection that is made after it. That takes some seconds where a master is slow to answer.
func (c *Connections) Remove(name string) {
	c.mu.Lock()
	connection, stop := c.byName[name], func() {}
	if connection != nil && connection.stop != nil {
		stop = connection.stop
	}
	delete(c.byName, name)
	c.mu.Unlock()
	if connection != nil {
		stop()
		connection.ended.Wait()
		c.hindranceChanged(name)
	}
}

// Get returns the framework's connection; nil where there is none.
func (c *Connections) Get(name string) *Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byName[name]
}

// Known says whether it is known of every framework that it is, or why it is not, subscribed.
func (c *Connections) Known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, connection := range c.byName {
		if state := connection.Bridge.Connection(); !state.Subscribed && state.Problem == nil {
			return false
		}
	}
	return true
}

// All returns every connection.
func (c *Connections) All() []*Connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.byName))
}
