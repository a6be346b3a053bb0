package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// connection is one framework's end of this process: its bridge, its placement, and what was done for its attempts. As the bridge's
// listener it only records and enqueues.
type connection struct {
	name   string
	owner  *Connections
	logger logr.Logger
	bridge *mesosbridge.Bridge
	placer *placer
	// config and stop belong to Connections.
	config mesosbridge.Config
	stop   context.CancelFunc

	mu sync.Mutex
	// attempts is what this process did for the attempts that it knows of.
	attempts map[string]*efforts
	// heardOf are the task IDs that Mesos spoke of, by the object that they name.
	heardOf map[types.NamespacedName]sets.Set[string]
	// marks are the made-up tasks that were asked about: what Mesos says of them concerns no task.
	marks map[string]mark
	// over are the attempts that were forgotten since the pass that runs began, so that it does not ask for them again; nil while none does.
	over sets.Set[string]
	// provenID is the framework ID for which launching need not wait for the proof any more, in this leadership.
	provenID string
	// hold is how long launching waits for the proof.
	hold time.Duration
	// abandoned are the attempts that the framework's status durably holds as abandoned, toAbandon those that it is to hold.
	abandoned, toAbandon map[string]v1alpha1.AbandonedAttempt
}

// mark is what a made-up task was asked about for.
type mark struct {
	// pass says that it is a fence or an end mark.
	pass bool
	// attempt is the object whose attempt was asked for before it; empty for a mark that goes first.
	attempt types.NamespacedName
}

func (c *Connections) newConnection(name string, config mesosbridge.Config) *connection {
	connection := &connection{
		name:     name,
		owner:    c,
		logger:   c.logger.WithValues("MesosFramework", name),
		config:   config,
		attempts: map[string]*efforts{},
		heardOf:  map[types.NamespacedName]sets.Set[string]{},
		marks:    map[string]mark{},

		abandoned: map[string]v1alpha1.AbandonedAttempt{},
		toAbandon: map[string]v1alpha1.AbandonedAttempt{},
	}
	connection.bridge = mesosbridge.New(config, mesosbridge.Options{
		Name:        name,
		Logger:      connection.logger,
		Listener:    connection,
		DialContext: c.dialContext,
		Gate: func(callType string, send func() error) error {
			return c.gate.pass(Step{Kind: StepCall, What: callType}, send)
		},
	})
	connection.placer = newPlacer(connection)
	return connection
}

// ConnectionChanged implements mesosbridge.Listener.
func (c *connection) ConnectionChanged() {
	c.owner.frameworks.add(frameworkKey(c.name))
	c.placer.wake()
}

// Observed implements mesosbridge.Listener.
func (c *connection) Observed(taskID string) {
	id, err := lifecycle.ParseTaskID(taskID)
	if err != nil {
		c.observedForeign(taskID)
		return
	}
	key := types.NamespacedName{Namespace: id.Namespace, Name: id.Name}
	c.mu.Lock()
	c.hear(key, taskID)
	c.mu.Unlock()
	c.owner.tasks.add(key)
}

// hear notes that a task ID is of an object; the caller holds the lock.
func (c *connection) hear(key types.NamespacedName, taskID string) {
	if c.heardOf[key] == nil {
		c.heardOf[key] = sets.New[string]()
	}
	c.heardOf[key].Insert(taskID)
}

// observedForeign handles news of an ID that no MesosTask can account for. A mark's answer concerns what asked for it. A task whose ID was
// not made here has nobody who would ever store anything of it, and an update that nobody acknowledges keeps its agent from draining.
func (c *connection) observedForeign(taskID string) {
	c.mu.Lock()
	mark, marked := c.marks[taskID]
	c.mu.Unlock()
	switch {
	case !marked:
	case mark.pass:
		c.owner.frameworks.add(frameworkKey(c.name))
		return
	case mark.attempt != types.NamespacedName{}:
		c.owner.tasks.add(mark.attempt)
		return
	default:
		return
	}
	attempt, ok := c.bridge.Attempt(taskID)
	switch {
	case !ok:
	case attempt.Unacked != nil:
		c.bridge.Acknowledge(taskID, attempt.Unacked.UUID)
	case attempt.Observation == nil || attempt.Observation.State.Class() != mesos.Live && attempt.Returned == nil:
		c.bridge.Forget(taskID)
	}
}

// neverSent records that the ACCEPT of an attempt is not sent any more, and brings its object back.
func (c *connection) neverSent(taskID string) {
	c.bridge.AcceptNeverSent(taskID)
	c.Observed(taskID)
}

// neverRan records of an attempt whose binding may be durable that its ACCEPT is never sent. The record of its reservation may have been
// dropped meanwhile, as nothing named the attempt yet.
func (c *connection) neverRan(placed lifecycle.Placement) {
	c.bridge.Reserve(placed.TaskID, placed.AgentID)
	c.neverSent(placed.TaskID)
}

// AttemptChanged implements mesosbridge.Listener.
func (c *connection) AttemptChanged(taskID string) { c.Observed(taskID) }

// OffersChanged implements mesosbridge.Listener.
func (c *connection) OffersChanged() { c.placer.wake() }

// AgentFailed implements mesosbridge.Listener.
func (c *connection) AgentFailed(agentID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, done := range c.attempts {
		if done.agentID == agentID {
			c.owner.tasks.add(done.key)
		}
	}
}

// known returns the task IDs of the object that this process knows anything of.
func (c *connection) known(key types.NamespacedName) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sets.List(c.heardOf[key])
}

// other is a task of an object's identity that lives, or may.
type other struct {
	mesos.Observation
	// outdated says that Mesos has not spoken of it in this term: it may be over.
	outdated bool
}

// others are the live tasks of an object's identity that Mesos spoke of, besides one, as it last spoke of them; and those that this process
// launched and of which Mesos has said nothing yet: an object that lost its binding in that moment does not know of them any more.
func (c *connection) others(key types.NamespacedName, but string) []other {
	term := c.bridge.Connection().Term
	var live []other
	for _, taskID := range c.known(key) {
		attempt, _ := c.bridge.Attempt(taskID)
		said := attempt.Returned
		if said == nil {
			said = attempt.Observation
		}
		switch {
		case taskID == but:
		case said == nil && attempt.Accept.MayRun():
			live = append(live, other{Observation: mesos.Observation{TaskID: taskID, AgentID: attempt.AgentID}, outdated: true})
		case said != nil && said.State.Class() == mesos.Live:
			live = append(live, other{Observation: *said, outdated: attempt.Last.Term != term})
		}
	}
	return live
}

// othersLive says whether a live task of the same identity as an attempt's is known (rule 12). Of one that only an earlier term called live the
// binding has taken account.
func (c *connection) othersLive(taskID string) bool {
	id, err := lifecycle.ParseTaskID(taskID)
	if err != nil {
		return true
	}
	others := c.others(types.NamespacedName{Namespace: id.Namespace, Name: id.Name}, taskID)
	return slices.ContainsFunc(others, func(other other) bool { return !other.outdated })
}

// forget drops all that is known of an attempt that is over and whose end is recorded, or that was never sent.
func (c *connection) forget(key types.NamespacedName, taskID string) {
	c.bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.attempts[taskID]; done != nil {
		c.dropMarks(done)
	}
	delete(c.attempts, taskID)
	if c.over != nil {
		c.over.Insert(taskID)
	}
	if ids := c.heardOf[key]; ids != nil {
		if ids.Delete(taskID); ids.Len() == 0 {
			delete(c.heardOf, key)
		}
	}
}

// passBegins makes the connection remember which attempts are over, as long as the pass runs.
func (c *connection) passBegins() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = sets.New[string]()
}

// passEnds ends what passBegins began.
func (c *connection) passEnds() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = nil
}

// overSince says whether an attempt was forgotten, as it is over, since the pass that runs began.
func (c *connection) overSince(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over.Has(taskID)
}

// mark remembers a fence or an end mark that is about to be asked for.
func (c *connection) mark(taskID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks[taskID] = mark{pass: true}
}

// unmark forgets a mark.
func (c *connection) unmark(taskID string) {
	if taskID == "" {
		return
	}
	c.bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.marks, taskID)
}

// setHold sets how long launching waits for the proof, counted from the first subscription in this leadership.
func (c *connection) setHold(hold time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = hold
}

// agentsBackLeast is how long a master waits at least for agents to come back after a failover (Mesos flag agent_reregister_timeout).
const agentsBackLeast = 10 * time.Minute

// agentsBackBy is when every agent that was expected back as the present subscription began has come back, or is known to be unreachable.
func (c *connection) agentsBackBy() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bridge.Connection().Since.Add(max(c.hold, agentsBackLeast))
}

// mayLaunch is what rule 12 says of the framework as a whole: nothing is launched under a framework ID before learned let it, once in this
// leadership.
func (c *connection) mayLaunch() bool {
	id := c.bridge.Connection().FrameworkID
	c.mu.Lock()
	defer c.mu.Unlock()
	return id != "" && c.provenID == id
}

// learned records what a proof under a framework ID has come to: whether it was had, and when the implicit RECONCILE was asked whose end mark
// was answered last.
// Without the proof, launching waits until all that the master knew when the hold ran out has been told, with agents still missing. What
// waited is looked at again.
func (c *connection) learned(frameworkID string, had bool, counted time.Time) {
	state := c.bridge.Connection()
	if state.FrameworkID != frameworkID {
		return
	}
	c.mu.Lock()
	heldOut := !counted.IsZero() && !state.FirstSubscribed.IsZero() && !counted.Before(state.FirstSubscribed.Add(c.hold))
	news := (had || heldOut) && c.provenID != frameworkID
	if news {
		c.provenID = frameworkID
		for key := range c.heardOf {
			c.owner.tasks.add(key)
		}
	}
	c.mu.Unlock()
	if news {
		c.placer.resume()
	}
}
