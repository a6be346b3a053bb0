package connections

import (
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// hear notes that a task ID is of an object; the caller holds the lock.
func (c *Connection) hear(key types.NamespacedName, taskID string) {
	if c.heardOf[key] == nil {
		c.heardOf[key] = sets.New[string]()
	}
	c.heardOf[key].Insert(taskID)
}

// WatchOrphans says which tasks nobody accounts for: what Mesos says of one of these concerns the framework.
func (c *Connection) WatchOrphans(taskIDs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orphans = sets.New(taskIDs...)
}

func (c *Connection) isOrphan(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.orphans.Has(taskID)
}

// Known returns the task IDs of the object that this process knows anything of.
func (c *Connection) Known(key types.NamespacedName) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return sets.List(c.heardOf[key])
}

// LiveNames are the names of objects in a namespace, of those that a test holds for, of which Mesos says in this term that a task lives that was not
// abandoned.
func (c *Connection) LiveNames(namespace string, test func(name string) bool) []string {
	term := c.Bridge.Connection().Term
	c.mu.Lock()
	named := map[string][]string{}
	for key, taskIDs := range c.heardOf {
		if key.Namespace == namespace && test(key.Name) {
			named[key.Name] = taskIDs.UnsortedList()
		}
	}
	c.mu.Unlock()
	var live []string
	for name, taskIDs := range named {
		if slices.ContainsFunc(taskIDs, func(taskID string) bool {
			attempt, _ := c.Bridge.Attempt(taskID)
			said := attempt.Said()
			return said != nil && !c.IsAbandoned(taskID) && attempt.Last.Term == term && said.State.Class() == mesos.Live
		}) {
			live = append(live, name)
		}
	}
	slices.Sort(live)
	return live
}

// Other is a task of an object's identity that lives, or may.
type Other struct {
	// Observation is the last that Mesos said of it; no more than its IDs where Mesos has said nothing.
	mesos.Observation
	// Last is the number of the last event about it; Outdated says that there was none in this term: it may be over.
	Last     mesos.Number
	Outdated bool
	// EndsUnseen says that it is gone by what a draining agent said when it began to kill it.
	EndsUnseen bool
}

// Others are the tasks of an object's identity, besides one, that lived by what Mesos said in this process, or that this process launched, and whose
// end Mesos has not told (rule 12): that it lost sight of one, or says nothing, is no end, nor is what a draining agent says before it kills.
func (c *Connection) Others(key types.NamespacedName, but string) []Other {
	term := c.Bridge.Connection().Term
	var live []Other
	for _, taskID := range c.Known(key) {
		attempt, _ := c.Bridge.Attempt(taskID)
		if taskID == but || attempt.Over() && !attempt.EndsUnseen() || !attempt.Lived && !attempt.Accept.MayRun() {
			continue
		}
		live = append(live, otherOf(taskID, attempt, term))
	}
	return live
}

// Other is what is known of a task that is an other by what its object's status says.
func (c *Connection) Other(taskID string) Other {
	attempt, _ := c.Bridge.Attempt(taskID)
	return otherOf(taskID, attempt, c.Bridge.Connection().Term)
}

func otherOf(taskID string, attempt mesosbridge.Attempt, term uint64) Other {
	other := Other{Observation: mesos.Observation{TaskID: taskID, AgentID: attempt.AgentID}, Last: attempt.Last, Outdated: attempt.Last.Term != term, EndsUnseen: attempt.EndsUnseen()}
	if said := attempt.Said(); said != nil {
		other.Observation = *said
	}
	return other
}

// OthersLive says whether Mesos says of another task of an attempt's identity that it lives (rule 12). Of one of which Mesos cannot tell, or has not
// spoken in this term, or that ignores all KILLs, the binding has taken account.
func (c *Connection) OthersLive(taskID string) bool {
	id, err := lifecycle.ParseTaskID(taskID)
	if err != nil {
		return true
	}
	others := c.Others(types.NamespacedName{Namespace: id.Namespace, Name: id.Name}, taskID)
	return slices.ContainsFunc(others, func(other Other) bool {
		return !other.Outdated && other.State.Class() == mesos.Live && (other.State != mesos.TaskStaging || !c.hasVanished(other.TaskID))
	})
}

// Discount notes that an attempt was given up as its launch may never have reached its agent: it holds no launch back as long as Mesos says
// TASK_STAGING of it.
func (c *Connection) Discount(key types.NamespacedName, attempt lifecycle.OpenAttempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.effortsOf(key, attempt).vanished = true
}

// hasVanished says whether an attempt of which Mesos says TASK_STAGING was discounted, or has ignored its KILLs for long.
func (c *Connection) hasVanished(taskID string) bool {
	term := c.Bridge.Connection().Term
	c.mu.Lock()
	defer c.mu.Unlock()
	done := c.attempts[taskID]
	return done != nil && (done.vanished || done.term == term && lifecycle.IgnoresKills(mesos.TaskStaging, done.Kills, done.FirstKill, c.owner.clock.Now()))
}

// NeverSent records that the ACCEPT of an attempt is not sent any more, and brings its object back.
func (c *Connection) NeverSent(taskID string) {
	c.Bridge.AcceptNeverSent(taskID)
	c.AttemptChanged(taskID)
}

// NeverRan records of an attempt whose binding may be durable that its ACCEPT is never sent. The record of its reservation may have been
// dropped meanwhile, as nothing named the attempt yet.
func (c *Connection) NeverRan(placed lifecycle.Placement) {
	c.Bridge.Reserve(placed.TaskID, placed.AgentID)
	c.NeverSent(placed.TaskID)
}

// Forget drops all that is known of an attempt that is over and whose end is recorded, or that was never sent.
func (c *Connection) Forget(key types.NamespacedName, taskID string) {
	c.Bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if done := c.attempts[taskID]; done != nil {
		c.dropMarks(done)
	}
	delete(c.attempts, taskID)
	c.over.insert(taskID, c.owner.clock.Now())
	if ids := c.heardOf[key]; ids != nil {
		if ids.Delete(taskID); ids.Len() == 0 {
			delete(c.heardOf, key)
		}
	}
}

// PassBegins makes the connection remember which attempts are over, as long as the pass runs.
func (c *Connection) PassBegins() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over.keep(true, c.owner.clock.Now())
}

// PassEnds ends what passBegins began.
func (c *Connection) PassEnds() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over.keep(false, c.owner.clock.Now())
	c.awaited = nil
}

// Await brings the framework back once enough of the tasks were told of that a RECONCILE names which is about to be sent, and once all of them were.
// It takes the place of the one before it.
func (c *Connection) Await(chunk []reconciliation.Attempt) {
	awaited := make(sets.Set[string], len(chunk))
	for _, attempt := range chunk {
		awaited.Insert(attempt.TaskID)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited, c.spare = awaited, len(chunk)-reconciliation.Enough(len(chunk))
}

// hasAnswered takes down that something was said of a task, and says whether it is one of those after which the framework is to look again.
func (c *Connection) hasAnswered(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.awaited.Has(taskID) {
		return false
	}
	c.awaited.Delete(taskID)
	return len(c.awaited) == c.spare || len(c.awaited) == 0
}

// IsOver says whether an attempt was forgotten, as it is over: since the pass that runs began, or not long before, as the cache from which it was gathered may
// have been behind.
func (c *Connection) IsOver(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over.has(taskID, c.owner.clock.Now())
}

// forgotten remembers attempts that were forgotten as they are over: for a minute, and while they are kept for a pass. Not for longer: an API server that was
// restored to an earlier state may have objects again that are bound to them. Its zero value is empty.
type forgotten struct {
	kept  bool
	ids   sets.Set[string]
	order []forgottenAt
}

type forgottenAt struct {
	taskID string
	at     time.Time
}

// keep keeps, or no longer keeps, what is remembered now and from now on. What was kept for another pass and is old by now is not kept for this one: passes
// may follow each other for ever with none of them through, as where Mesos is silent about an agent.
func (f *forgotten) keep(kept bool, now time.Time) {
	f.kept = false
	f.expire(now)
	f.kept = kept
}

func (f *forgotten) insert(taskID string, now time.Time) {
	f.expire(now)
	if f.ids == nil {
		f.ids = sets.New[string]()
	}
	f.ids.Insert(taskID)
	f.order = append(f.order, forgottenAt{taskID, now})
}

func (f *forgotten) has(taskID string, now time.Time) bool {
	f.expire(now)
	return f.ids.Has(taskID)
}

func (f *forgotten) expire(now time.Time) {
	for !f.kept && len(f.order) > 0 && now.Sub(f.order[0].at) > time.Minute {
		f.ids.Delete(f.order[0].taskID)
		f.order = f.order[1:]
	}
}

// Enqueue brings a MesosTask back.
func (c *Connection) Enqueue(key types.NamespacedName) { c.owner.EnqueueTask(key) }

// LaunchOf says what is known of an attempt's ACCEPT.
func LaunchOf(attempt mesosbridge.Attempt) lifecycle.Launch {
	switch attempt.Accept {
	case mesosbridge.AcceptUnsent:
		return lifecycle.LaunchUnsent
	case mesosbridge.AcceptSent:
		return lifecycle.LaunchSent
	case mesosbridge.AcceptAccepted:
		return lifecycle.LaunchAccepted
	case mesosbridge.AcceptNeverSent:
		return lifecycle.LaunchNeverSent
	case mesosbridge.AcceptRefused:
		return lifecycle.LaunchRefused
	default:
		return lifecycle.LaunchUnknown
	}
}
