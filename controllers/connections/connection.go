package connections

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/placer"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
)

// Connection is one framework's end of this process: its bridge, its placement, and what was done for its attempts. As the bridge's listener it
// only records and enqueues.
type Connection struct {
	// Name is the MesosFramework's.
	Name string
	// Bridge is the framework's subscription at Mesos.
	Bridge *mesosbridge.Bridge
	// Placer has the framework's pending tasks.
	Placer *placer.Placer

	owner  *Connections
	logger logr.Logger
	// config and stop belong to Connections; ended waits for what stop ends.
	config mesosbridge.Config
	stop   context.CancelFunc
	ended  sync.WaitGroup

	mu sync.Mutex
	// attempts is what this process did for the attempts that it knows of.
	attempts map[string]*Efforts
	// heardOf are the task IDs that Mesos spoke of, by the object that they name.
	heardOf map[types.NamespacedName]sets.Set[string]
	// orphans are the tasks that nobody accounted for when they were counted last.
	orphans sets.Set[string]
	// nameless are the MesosTasks that wait for word of the host of an agent.
	nameless map[string]sets.Set[types.NamespacedName]
	// cramped are the MesosTasks for which it matters how large the agents are.
	cramped sets.Set[types.NamespacedName]
	// marks are the made-up tasks that were asked about: what Mesos says of them concerns no task.
	marks map[string]mark
	// awaited are the tasks that the RECONCILE on its way names and that nothing was said of since, and spare is how many of them may be left for
	// the next one to follow.
	awaited sets.Set[string]
	spare   int
	over    forgotten
	// provenID is the framework ID for which launching need not wait for the proof any more, in this leadership.
	provenID string
	// provenTerm is the last term in which the proof was had.
	provenTerm uint64
	// hold is how long launching waits for the proof.
	hold time.Duration
	// crowded are the MesosTasks that wait for room among the abandoned.
	crowded sets.Set[types.NamespacedName]
	// abandoned are the attempts that the framework's status durably holds as abandoned, toAbandon those that it is to hold.
	abandoned, toAbandon map[string]v1alpha1.AbandonedAttempt
}

func (c *Connections) newConnection(name string, config mesosbridge.Config) *Connection {
	connection := &Connection{
		Name:     name,
		owner:    c,
		logger:   c.logger.WithValues("MesosFramework", name),
		config:   config,
		attempts: map[string]*Efforts{},
		heardOf:  map[types.NamespacedName]sets.Set[string]{},
		nameless: map[string]sets.Set[types.NamespacedName]{},
		cramped:  sets.New[types.NamespacedName](),
		crowded:  sets.New[types.NamespacedName](),
		marks:    map[string]mark{},

		abandoned: map[string]v1alpha1.AbandonedAttempt{},
		toAbandon: map[string]v1alpha1.AbandonedAttempt{},
	}
	connection.Bridge = mesosbridge.New(config, mesosbridge.Options{
		Name:        name,
		Logger:      connection.logger,
		Listener:    connection,
		DialContext: c.dialContext,
		Gate: func(callType string, send func() error) error {
			return c.gate.Pass(leadership.Step{Kind: leadership.StepCall, What: callType}, send)
		},
	})
	connection.Placer = placer.New(connection.Bridge, connection, c.clock)
	return connection
}
