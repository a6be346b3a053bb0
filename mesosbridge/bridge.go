package mesosbridge

import (
	"context"
	"net"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/mesos-operator/mesos-operator/mesosbridge/detection"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// Config is what a bridge is told of its framework.
type Config struct {
	// Masters are base URLs (http://host:5050). They are tried in turn, and a redirect is followed to the leader.
	Masters []string
	// ZooKeeper is where the leading master is found instead; nil where Masters says it.
	ZooKeeper *detection.Config
	// Access is how the masters may be reached.
	Access Access
	// ReservationLabels are the labels of reservations that are the framework's. What bears another one is left alone. They count from the
	// next offer on.
	ReservationLabels []mesos.Label
	// Framework is what Mesos is told of the framework. With an empty ID it registers as a new one (see FrameworkIDStored).
	Framework mesos.Framework
	// KnownRoles are the roles that Mesos took for the framework last, for New; nil where nobody knows (see Connection.Roles).
	KnownRoles []string
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
	// Gate is what every call passes, SUBSCRIBE included: it is given the type of the call and what sends it, which returns nil once an
	// answer came, whatever that is. A gate that returns without sending keeps the call from leaving. Nil lets every call through.
	Gate func(callType string, send func() error) error
}

// Listener is told that something changed. Its methods say only where to look and must return at once. They are called without any lock
// of the bridge held, from the goroutine that reads the stream, from a sender, or by Accept and FrameworkIDStored themselves.
type Listener interface {
	// ConnectionChanged says to look at Connection and MayAccept.
	ConnectionChanged()
	// Observed says that Mesos said something of the task, or took the acknowledgement of what it said last: look at Attempt.
	Observed(taskID string)
	// AttemptChanged says that what is known of the task's ACCEPT changed, or of its ports: look at Attempt, and at HostPorts.
	AttemptChanged(taskID string)
	// OffersChanged says to look at Offers, and at Supply.
	OffersChanged()
	// AgentFailed says that the master gave up an agent (FAILURE without executor): look at AgentFailedAt.
	AgentFailed(agentID string)
	// AgentsChanged says that Mesos told something new of agents: look at Agent, and at Sizes.
	AgentsChanged(agentIDs []string)
	// MaintenanceChanged says that an agent's maintenance was planned, planned otherwise or called off: look at Maintenance.
	MaintenanceChanged(agentID string)
}

// dialTimeout bounds how long a connection to a master takes.
const dialTimeout = 10 * time.Second

// Bridge keeps one framework subscribed. Its methods may be called from any goroutine; none of them waits for Mesos, except Run and
// Teardown.
type Bridge struct {
	options  Options
	log      logr.Logger
	listener Listener
	lanes    lanes
	// retry has a token when a new configuration makes it worth trying at once.
	retry chan struct{}
	// elsewhere has a token when another ZooKeeper, or none, is to be watched.
	elsewhere chan struct{}
	// sizesWanted has a token when something waits for a larger agent.
	sizesWanted chan struct{}
	// portsWanted has a token when the ports of some task are wanted.
	portsWanted chan struct{}
	// quotasWanted has a token when quotas are wanted.
	quotasWanted chan struct{}

	// mu guards all that follows. It is never held while anything waits.
	mu       sync.Mutex
	config   Config
	detected detected
	edition  int // counts the configurations that want another subscription
	access   int // counts the changes of config.Access
	idStored bool
	wish     wish
	kept     kept
	// unsure says that the framework's ID came with the configuration: Mesos may have it with another user, or without checkpoints.
	unsure     bool
	connection Connection
	current    *term
	attempts   map[string]*record
	offers     map[string]*offer
	// filtering are the calls on their way that have offers refused.
	filtering map[*declining]struct{}
	failures  map[string]failure
	agents    map[string]mesos.Agent
	present   presence
	// sizes are what Sizes tells, in this term and before; sizesAsked says that the master was asked.
	sizes      mesos.Sizes
	sizesAsked bool
	// gpuAgents are the agents that ever offered GPUs. They keep their IDs over every term, and their GPUs as long as they have them.
	gpuAgents map[string]struct{}
	// maintenance is what was told of agents' maintenance, in this term and before.
	maintenance map[string]maintenance
	// asked is when each task was first named in a RECONCILE of the current term that Mesos has not answered for it.
	asked map[string]time.Time
}

// New returns a bridge that does nothing before Run.
func New(config Config, options Options) *Bridge {
	if options.DialContext == nil {
		options.DialContext = (&net.Dialer{Timeout: dialTimeout}).DialContext
	}
	if options.Gate == nil {
		options.Gate = func(_ string, send func() error) error { return send() }
	}
	if options.Listener == nil {
		options.Listener = nobody{}
	}
	return &Bridge{
		options:      options,
		log:          options.Logger,
		listener:     options.Listener,
		lanes:        newLanes(),
		retry:        make(chan struct{}, 1),
		elsewhere:    make(chan struct{}, 1),
		sizesWanted:  make(chan struct{}, 1),
		portsWanted:  make(chan struct{}, 1),
		quotasWanted: make(chan struct{}, 1),
		config:       config,
		idStored:     config.Framework.ID != "",
		unsure:       config.Framework.ID != "",
		connection:   Connection{FrameworkID: config.Framework.ID, Roles: config.KnownRoles},
		attempts:     make(map[string]*record),
		offers:       make(map[string]*offer),
		filtering:    make(map[*declining]struct{}),
		failures:     make(map[string]failure),
		agents:       make(map[string]mesos.Agent),
		present:      presence{agents: make(map[string]struct{})},
		gpuAgents:    make(map[string]struct{}),
		asked:        make(map[string]time.Time),
		wish:         wish{revive: make(map[string]int)},
		maintenance:  make(map[string]maintenance),
	}
}

// Run keeps the framework subscribed until ctx ends, and returns only then. On return the stream is closed and no goroutine of the
// bridge is left. It must be called once.
func (b *Bridge) Run(ctx context.Context) {
	subscribed.add(b)
	defer subscribed.remove(b)
	var helpers sync.WaitGroup
	for _, lane := range b.lanes.all() {
		helpers.Go(func() { lane.run(ctx) })
	}
	helpers.Go(func() { b.keepDetecting(ctx) })
	b.keepSubscribed(ctx)
	helpers.Wait()
	for _, lane := range b.lanes.all() {
		lane.close()
	}
}

// Reconfigure replaces the configuration. What UPDATE_FRAMEWORK can change is sent so; a change of the masters or of the framework's
// ID subscribes anew. Other credentials go with the calls from then on. An empty framework ID keeps the one that the bridge has.
func (b *Bridge) Reconfigure(config Config) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if reflect.DeepEqual(config, b.config) {
		return
	}
	id := config.Framework.ID
	anew := !slices.Equal(config.Masters, b.config.Masters)
	if !reflect.DeepEqual(config.ZooKeeper, b.config.ZooKeeper) {
		anew = anew || !sameElection(config.ZooKeeper, b.config.ZooKeeper)
		b.detectAnew(anew)
	}
	if config.ZooKeeper != nil && config.Access.HTTPS != b.config.Access.HTTPS {
		anew = true
	}
	if !reflect.DeepEqual(config.Access, b.config.Access) {
		b.access++
	}
	b.config = config
	if id != "" && id != b.connection.FrameworkID {
		b.connection.FrameworkID, b.connection.FirstSubscribed = id, time.Time{}
		b.kept, b.unsure = kept{}, true
		anew = true
	}
	b.idStored = b.idStored || id != ""
	if anew {
		b.edition++
		if b.current != nil {
			b.current.end(reconfigured())
		}
	}
	b.noteChange()
	b.tryNow()
}

// tryNow has SUBSCRIBE tried without waiting for its turn, if the framework is not subscribed; the caller holds the lock. A subscription that ends
// later has its own reason to wait, or not to.
func (b *Bridge) tryNow() {
	if b.connection.Subscribed {
		return
	}
	select {
	case b.retry <- struct{}{}:
	default:
	}
}

// reconfigured is why a subscription ends that another configuration wants otherwise.
func reconfigured() *Problem {
	return &Problem{Class: Reconfigured, Message: "The framework's masters or its ID changed; it is subscribing with the new ones."}
}

// Connection returns what is known of the subscription.
func (b *Bridge) Connection() Connection {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.connection
}

// nobody listens to nothing.
type nobody struct{}

func (nobody) ConnectionChanged()        {}
func (nobody) Observed(string)           {}
func (nobody) AttemptChanged(string)     {}
func (nobody) OffersChanged()            {}
func (nobody) AgentFailed(string)        {}
func (nobody) AgentsChanged([]string)    {}
func (nobody) MaintenanceChanged(string) {}
