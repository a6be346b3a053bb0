package controllers

import (
	"context"
	"maps"
	"net"
	"reflect"
	"slices"
	"sync"
	"time"

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
	leadership  leadership.Leadership
	// gate is what every call to Mesos and every write to the API passes (rule 13).
	gate *gate
	// tasks and frameworks enqueue keys of the two controllers.
	tasks, frameworks feed

	mu      sync.Mutex
	running context.Context //nolint:containedctx // it is the life of this runnable, which outlives every call that adds a bridge
	byName  map[string]*connection
	bridges sync.WaitGroup
}

// ConnectionsOptions are what Connections need of their process.
type ConnectionsOptions struct {
	Logger logr.Logger
	// Clock is the time; nil takes the real one.
	Clock clock.Clock
	// DialContext makes connections to Mesos masters; nil takes a net.Dialer.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Leadership says whether this process may act; nil for one that is alone and always may.
	Leadership leadership.Leadership
	// Watch, if set, is given each outward step in its turn, to send it or not: for tests that stop a process between two steps.
	Watch func(step Step, send func() error) error
}

// NewConnections returns the owner of all bridges; it has none yet.
func NewConnections(options ConnectionsOptions) *Connections {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.Leadership == nil {
		options.Leadership = leadership.Alone{Name: "alone"}
	}
	return &Connections{
		logger:      options.Logger,
		clock:       options.Clock,
		dialContext: options.DialContext,
		leadership:  options.Leadership,
		gate:        &gate{leadership: options.Leadership, watch: options.Watch},
		byName:      map[string]*connection{},
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
	c.bridges.Wait()
	return nil
}

// run starts a connection's bridge and placement; the caller holds the lock.
func (c *Connections) run(connection *connection) {
	if c.running == nil || connection.stop != nil || c.running.Err() != nil {
		return
	}
	ctx, stop := context.WithCancel(c.running)
	connection.stop = stop
	c.bridges.Go(func() { connection.bridge.Run(ctx) })
	c.bridges.Go(func() { connection.placer.run(ctx) })
}

// ensure makes a connection with the configuration, or gives it to the one that there is. Created says which.
func (c *Connections) ensure(name string, config mesosbridge.Config) (connection *connection, created bool) {
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
		connection.bridge.Reconfigure(config)
	}
	return connection, false
}

// remove ends a connection: Mesos sees the framework disconnect.
func (c *Connections) remove(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	connection, ok := c.byName[name]
	if !ok {
		return
	}
	delete(c.byName, name)
	if connection.stop != nil {
		connection.stop()
	}
}

// get returns the framework's connection; nil where there is none.
func (c *Connections) get(name string) *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.byName[name]
}

// Known says whether it is known of every framework that it is, or why it is not, subscribed.
func (c *Connections) Known() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, connection := range c.byName {
		if state := connection.bridge.Connection(); !state.Subscribed && state.Problem == nil {
			return false
		}
	}
	return true
}

// now is the time.
func (c *Connections) now() time.Time { return c.clock.Now() }

// frameworkKey is the workqueue key of a framework.
func frameworkKey(name string) types.NamespacedName { return types.NamespacedName{Name: name} }

// all returns every connection.
func (c *Connections) all() []*connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Values(c.byName))
}
