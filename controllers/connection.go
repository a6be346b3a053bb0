package controllers

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
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
	// marks are the fences and end marks that were asked about: what Mesos says of them concerns no task.
	marks sets.Set[string]
	// proven says that the proof was had, and counted that at least an implicit RECONCILE and its end mark were answered, under this
	// framework ID in this leadership. Hold is how long launching waits for the proof.
	proven, counted bool
	hold            time.Duration
}

// efforts is what this process did for one attempt.
type efforts struct {
	key     types.NamespacedName
	agentID string
	// boundSince is when this process wrote or first saw the binding.
	boundSince time.Time
	// kills and asks count what was sent in the term.
	term                uint64
	kills               int
	firstKill, lastKill time.Time
	asks                int
	lastAsk             time.Time
}

func (c *Connections) newConnection(name string, config mesosbridge.Config) *connection {
	connection := &connection{
		name:     name,
		owner:    c,
		logger:   c.logger.WithValues("MesosFramework", name),
		config:   config,
		attempts: map[string]*efforts{},
		heardOf:  map[types.NamespacedName]sets.Set[string]{},
		marks:    sets.New[string](),
	}
	connection.bridge = mesosbridge.New(config, mesosbridge.Options{
		Name:        name,
		Logger:      connection.logger,
		Listener:    connection,
		DialContext: c.dialContext,
		MayCall:     c.leadership.MayAct,
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
	if c.heardOf[key] == nil {
		c.heardOf[key] = sets.New[string]()
	}
	c.heardOf[key].Insert(taskID)
	c.mu.Unlock()
	c.owner.tasks.add(key)
}

// observedForeign handles news of an ID that no MesosTask can account for. A mark's answer concerns the pass that asked for it. A task
// whose ID was not made here has nobody who would ever store anything of it, and an update that nobody acknowledges keeps its agent
// from draining.
func (c *connection) observedForeign(taskID string) {
	c.mu.Lock()
	mark := c.marks.Has(taskID)
	c.mu.Unlock()
	if mark {
		c.owner.frameworks.add(frameworkKey(c.name))
		return
	}
	if attempt, ok := c.bridge.Attempt(taskID); ok && attempt.Unacked != nil {
		c.bridge.Acknowledge(taskID, attempt.Unacked.UUID)
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

// effortsFor returns what was done for an attempt, in the current term. The first call for an attempt begins its record.
func (c *connection) effortsFor(key types.NamespacedName, taskID, agentID string) efforts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.effortsOf(key, taskID, agentID)
}

// effortsOf is effortsFor for a caller that holds the lock.
func (c *connection) effortsOf(key types.NamespacedName, taskID, agentID string) *efforts {
	done := c.attempts[taskID]
	if done == nil {
		done = &efforts{key: key, boundSince: c.owner.now()}
		c.attempts[taskID] = done
	}
	done.agentID = agentID
	// What was sent in an earlier term may be forgotten by the master that leads now.
	if term := c.bridge.Connection().Term; done.term != term {
		done.term, done.kills, done.asks = term, 0, 0
	}
	return done
}

// kill sends KILL for an attempt.
func (c *connection) kill(key types.NamespacedName, taskID, agentID string, grace *time.Duration) {
	c.mu.Lock()
	done := c.effortsOf(key, taskID, agentID)
	done.lastKill = c.owner.now()
	if done.kills == 0 {
		done.firstKill = done.lastKill
	}
	done.kills++
	c.mu.Unlock()
	c.bridge.Kill(taskID, agentID, grace)
}

// ask sends RECONCILE for one attempt.
func (c *connection) ask(key types.NamespacedName, taskID, agentID string) {
	c.mu.Lock()
	done := c.effortsOf(key, taskID, agentID)
	done.asks++
	done.lastAsk = c.owner.now()
	c.mu.Unlock()
	c.bridge.Reconcile([]reconciliation.Attempt{{TaskID: taskID, AgentID: agentID}}, func(err error) {
		if err != nil {
			c.logger.V(1).Info("Asking for one task was not answered", "taskID", taskID, "err", err.Error())
		}
	})
}

// known returns the task IDs of the object that this process knows anything of.
func (c *connection) known(key types.NamespacedName) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sets.List(c.heardOf[key])
}

// others are the live tasks of an object's identity that Mesos spoke of, besides one, as it last spoke of them.
func (c *connection) others(key types.NamespacedName, but string) []mesos.Observation {
	var live []mesos.Observation
	for _, taskID := range c.known(key) {
		attempt, _ := c.bridge.Attempt(taskID)
		said := attempt.Returned
		if said == nil {
			said = attempt.Observation
		}
		if taskID != but && said != nil && said.State.Class() == mesos.Live {
			live = append(live, *said)
		}
	}
	return live
}

// othersLive says whether a live task of the same identity as an attempt's is known (rule 12).
func (c *connection) othersLive(taskID string) bool {
	id, err := lifecycle.ParseTaskID(taskID)
	return err != nil || len(c.others(types.NamespacedName{Namespace: id.Namespace, Name: id.Name}, taskID)) > 0
}

// forget drops all that is known of an attempt that is over and whose end is recorded, or that was never sent.
func (c *connection) forget(key types.NamespacedName, taskID string) {
	c.bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.attempts, taskID)
	if ids := c.heardOf[key]; ids != nil {
		if ids.Delete(taskID); ids.Len() == 0 {
			delete(c.heardOf, key)
		}
	}
}

// boundHere returns the attempts that this process bound or saw bound, for a pass whose cache may not show the latest bindings yet.
func (c *connection) boundHere() []reconciliation.Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	attempts := make([]reconciliation.Attempt, 0, len(c.attempts))
	for taskID, done := range c.attempts {
		attempts = append(attempts, reconciliation.Attempt{TaskID: taskID, AgentID: done.agentID})
	}
	slices.SortFunc(attempts, func(a, b reconciliation.Attempt) int {
		if a.TaskID < b.TaskID {
			return -1
		}
		return 1
	})
	return attempts
}

// mark remembers a fence or an end mark that is about to be asked for.
func (c *connection) mark(taskID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks.Insert(taskID)
}

// unmark forgets a fence or an end mark.
func (c *connection) unmark(taskID string) {
	c.bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks.Delete(taskID)
}

// setHold sets how long launching waits for the proof, counted from the first subscription in this leadership.
func (c *connection) setHold(hold time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = hold
}

// mayLaunch is what rule 12 says of the framework as a whole: nothing is launched before the proof was had once in this leadership; or
// before the hold is over and all that the master knows, with agents still missing, was told.
func (c *connection) mayLaunch() bool {
	first := c.bridge.Connection().FirstSubscribed
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.proven || c.counted && !first.IsZero() && !c.owner.now().Before(first.Add(c.hold))
}

// learned records what a proof has come to. What waited for it is looked at again.
func (c *connection) learned(proven bool) {
	c.mu.Lock()
	news := proven && !c.proven || !c.counted
	c.counted, c.proven = true, c.proven || proven
	if news {
		for key := range c.heardOf {
			c.owner.tasks.add(key)
		}
	}
	c.mu.Unlock()
	if news {
		c.placer.resume()
	}
}
