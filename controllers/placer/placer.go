package placer

import (
	"context"
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// gatherFor is how long a round waits for more news once it has some.
	gatherFor = 20 * time.Millisecond
	// closeAfterOffer is how long an offer is held at most.
	closeAfterOffer = time.Minute
	// shortRefusal is for how long offers are refused that other tasks may want in a moment, and arriving how long after a task came to wait
	// that is to be expected: tasks are created in bursts, and what was declined for long needs a REVIVE, which is to be had seldom. A burst
	// is of use until the next one may be sent.
	shortRefusal, arriving = time.Second, 2 * time.Second
	// maintenanceRefusal is for how long offers are refused that might serve a waiting task, were their agents not due for maintenance: that can
	// be called off at any time, and Mesos does not tell of it.
	maintenanceRefusal = 5 * time.Second
	// heldRefusal is for how long offers are refused that come before anything may be launched.
	heldRefusal = 5 * time.Second
	// aloneAtOnce is how many of the tasks that want an ACCEPT of their own a round tries to place.
	aloneAtOnce = 16
	// silentFor is how long a task waits without any offer before that is worth saying, and quotasAhead how long before that the master is asked for
	// quotas, so that what is said first is right.
	silentFor, quotasAhead = 2 * time.Second, time.Second
	// momentAtMost is for how long an offer may be refused so that its return is worth waiting for before a word is said.
	momentAtMost = 5 * time.Second
	// reviveEvery is the least time between two REVIVEs unless the spec says otherwise, reviveAgain the time after which one is sent again if
	// no offer came.
	reviveEvery, reviveAgain = 5 * time.Second, 30 * time.Second
	// stayAfterBinding is how long offers stay asked for after a task was bound: by then it is known what becomes of it.
	stayAfterBinding = time.Minute
	// ownFirst is how long a task that ended by itself waits for what it had before it asks for what was declined.
	ownFirst = 10 * time.Second
	// elsewhereEvery is the least time between two REVIVEs for tasks that failed on one agent only, so that many that fail do not take offers from
	// others all the time.
	elsewhereEvery = 30 * time.Second
	// bindAgainLeast and bindAgainMost bound how long a task waits for another offer after its binding could not be written: doubling, so
	// that an API server in trouble is not hammered.
	bindAgainLeast, bindAgainMost = time.Second, 5 * time.Minute
)

// wanted is a pending task.
type wanted struct {
	key  types.NamespacedName
	task mesos.Task
	// roles are those whose offers it may take, in order of preference.
	roles []string
	hash  string
	// rules are the task's placement; nil where any agent will do.
	rules *placement.Rules
	// since is when it began to wait here, judged when a round last looked at it, offered when there last were offers to a role of its.
	since, judged, offered time.Time
	// waiting is what there is to say of its waiting; nil while it only waits for its turn. Told decides when it is said anew, silent
	// says that it speaks of missing offers rather than of what they lack, and lack is that.
	waiting *v1alpha1.Pending
	told    placement.Told
	silent  bool
	lack    placement.Verdict
	// reserved is the part of an offer that it was given; nil while it has none.
	reserved *reservation
	// asks is when what was declined is to be asked for on its behalf, asked when it was; zero before.
	asks, asked time.Time
	// avoid is where it failed, and elsewhere says that it waits for an offer of another agent, which is to be asked for.
	avoid     lifecycle.Avoidance
	elsewhere bool
}

// is says whether a task waits to be launched like this, in all that Mesos is told of it: the hash leaves out what restarts nothing.
func (w *wanted) is(task mesos.Task, hash string) bool {
	return w.hash == hash && reflect.DeepEqual(w.task, task)
}

// Placer keeps a framework's pending tasks, gives them parts of offers and sends the ACCEPTs. It only decides in memory and enqueues
// keys; the workers write the bindings and report.
type Placer struct {
	bridge   Bridge
	attempts Attempts
	clock    clock.Clock
	signal   chan struct{}

	mu       sync.Mutex
	pending  map[types.NamespacedName]*wanted
	launches map[string]*launch
	// declined are offers that were turned down for long and have not come back, by agent and role.
	declined map[[2]string]declinedOffer
	// refused are tasks whose last ACCEPT was refused whole: they are launched one per ACCEPT, so that a task which a master cannot
	// take holds up no other.
	refused sets.Set[types.NamespacedName]
	// retries counts the bindings of a task that could not be written in a row; deferred says until when it is given nothing for that.
	retries    workqueue.TypedRateLimiter[types.NamespacedName]
	deferred   map[types.NamespacedName]time.Time
	portOffset uint64
	rules      rules
	peers      peers
	// agents are those that the bridge knew of at its edition.
	agents  *placement.Agents
	edition uint64
	// turns are those of the namespaces with pending tasks.
	turns placement.Turns
	// pace is how many bindings may wait to be written at a time, binding how many do, as of this round.
	pace    pace
	binding int
	// spec is what the framework's spec says of offers.
	spec v1alpha1.Offers
	// revive are the roles of tasks that lost what they were given, or may be given what they were not, since the last REVIVE.
	revive sets.Set[string]
	// asked are the roles to which offers are made; nil for all, as at first.
	asked sets.Set[string]
	// stays is until when offers to a role stay asked for, as a task may be back soon. rests are the tasks that wait to be launched again.
	stays map[string]time.Time
	rests map[types.NamespacedName]lifecycle.Rest
	// open says whether anything may be launched, turnedDown that offers were given back in this term because nothing might be.
	open, turnedDown bool
	// opened is when it last became so that something may be launched.
	opened     time.Time
	lastRevive time.Time
	// offered is when there last was an offer to a role, revived when it was last asked for, and backBy when the last of those is due back that served nobody:
	// until then it is no wonder if none comes.
	offered, revived, backBy map[string]time.Time
	// arrivals are the bursts in which new tasks came to wait, by role.
	arrivals map[string]arrival
	// lastElsewhere is when offers of other agents were last asked for.
	lastElsewhere time.Time
	// termBegan is when the present term was first noticed.
	termBegan time.Time
	term      uint64
	// supply is what the bridge knew, as this round began, of why offers come or do not.
	supply mesosbridge.Supply
}

type declinedOffer struct {
	offer mesos.Offer
	until time.Time
	// long says that it was not declined for a moment only.
	long bool
}

// Bridge is what a placer needs of its framework's bridge: *mesosbridge.Bridge.
type Bridge interface {
	Connection() mesosbridge.Connection
	MayAccept() bool
	Offers() []mesos.Offer
	Agent(id string) (mesos.Agent, bool)
	Agents(known uint64) (agents mesos.Agents, edition uint64)
	Reserve(taskID, agentID string)
	Accept(offerID string, tasks []mesos.Task, refuse time.Duration, check func(taskID string) bool)
	Decline(offerIDs []string, refuse time.Duration, reason mesosbridge.DeclineReason)
	WantOffers(roles ...string)
	Revive(roles ...string)
	Supply() mesosbridge.Supply
	WantQuotas()
	WantSizes()
}

// Attempts is what a placer has to ask of its framework's attempts, and to tell of them.
type Attempts interface {
	// MayLaunch says whether anything may be launched (rule 12).
	MayLaunch() bool
	// OthersLive says whether a live task of the same identity as an attempt's is known (rule 12).
	OthersLive(taskID string) bool
	// NeverSent records that the ACCEPT of an attempt is not sent any more.
	NeverSent(taskID string)
	// NeverRan does so for an attempt whose binding may be durable.
	NeverRan(placed lifecycle.Placement)
	// Enqueue brings a MesosTask back.
	Enqueue(key types.NamespacedName)
}

// New returns the placer of a framework, with nothing pending.
func New(bridge Bridge, attempts Attempts, clock clock.Clock) *Placer {
	return &Placer{
		bridge:   bridge,
		attempts: attempts,
		clock:    clock,
		signal:   make(chan struct{}, 1),
		pending:  map[types.NamespacedName]*wanted{},
		launches: map[string]*launch{},
		declined: map[[2]string]declinedOffer{},
		refused:  sets.New[types.NamespacedName](),
		retries:  workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](bindAgainLeast, bindAgainMost),
		deferred: map[types.NamespacedName]time.Time{},
		revive:   sets.New[string](),
		stays:    map[string]time.Time{},
		rests:    map[types.NamespacedName]lifecycle.Rest{},
		arrivals: map[string]arrival{},
		offered:  map[string]time.Time{},
		revived:  map[string]time.Time{},
		backBy:   map[string]time.Time{},
		spec:     v1alpha1.Offers{RefuseSeconds: 120},
	}
}

// SetSpec sets what the framework's spec says of offers. What was declined by another one may serve now, so it is asked for again.
func (p *Placer) SetSpec(spec v1alpha1.Offers) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.spec
	p.spec = *spec.DeepCopy()
	before.RefuseSeconds = spec.RefuseSeconds // It only counts from the next offer on.
	before.ReviveSeconds = spec.ReviveSeconds
	if !reflect.DeepEqual(before, p.spec) && len(p.pending) > 0 {
		for _, task := range p.pending {
			p.revive.Insert(task.roles...)
		}
		p.Wake()
	}
}

// maintenanceLead is how long before its maintenance begins an agent takes nothing more.
func (p *Placer) maintenanceLead() time.Duration {
	if lead := p.spec.MaintenanceLeadSeconds; lead != nil {
		return time.Duration(*lead) * time.Second
	}
	return time.Hour
}

// refuse is for how long offers that serve nobody are refused.
func (p *Placer) refuse() time.Duration { return time.Duration(p.spec.RefuseSeconds) * time.Second }

// reviveEvery is the least time between two REVIVEs.
func (p *Placer) reviveEvery() time.Duration {
	if p.spec.ReviveSeconds > 0 {
		return time.Duration(p.spec.ReviveSeconds) * time.Second
	}
	return reviveEvery
}

// Wake makes the placer look again soon: what offers there are, and whether anything may be launched on them.
func (p *Placer) Wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// Run places tasks until ctx ends.
func (p *Placer) Run(ctx context.Context) {
	for {
		next := p.round()
		timer := p.clock.NewTimer(next.Sub(p.clock.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C():
		case <-p.signal:
			timer.Stop()
			gather := p.clock.NewTimer(gatherFor)
			select {
			case <-ctx.Done():
				gather.Stop()
				return
			case <-gather.C():
			}
		}
	}
}

// Want makes a task pending, or renews what it wants and which agents it avoids. Ended says that it ended by itself: what it had comes back to it
// unasked.
func (p *Placer) Want(key types.NamespacedName, task mesos.Task, hash string, ended bool, avoid lifecycle.Avoidance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.pending[key]; known != nil {
		if known.is(task, hash) {
			p.renew(known, avoid)
			return
		}
		p.release(known)
	}
	now := p.clock.Now()
	p.pending[key] = &wanted{key: key, task: task, roles: task.Roles(), hash: hash, rules: p.rules.of(task.Placement), since: now, asks: now, avoid: avoid}
	if ended {
		p.pending[key].asks = now.Add(ownFirst)
	} else {
		p.arrive(p.pending[key].roles, now)
	}
	p.Wake()
}

// arrival is a burst of new tasks: when its first and its last came to wait.
type arrival struct{ began, last time.Time }

// arrive notes that a new task waits for offers to roles; the caller holds the lock.
func (p *Placer) arrive(roles []string, now time.Time) {
	for _, role := range roles {
		burst := p.arrivals[role]
		if now.Sub(burst.last) >= arriving {
			burst.began = now
		}
		burst.last = now
		p.arrivals[role] = burst
	}
}

// mayArrive says whether another new task for offers to a role is likely in a moment, sooner than a REVIVE may be sent for it.
func (p *Placer) mayArrive(role string) bool {
	burst, now := p.arrivals[role], p.clock.Now()
	return now.Sub(burst.last) < arriving && now.Sub(burst.began) < p.reviveEvery()
}

// renew changes which agents a pending task avoids. What it was given stays its own; what was declined may serve it now. The caller holds the lock.
func (p *Placer) renew(task *wanted, avoid lifecycle.Avoidance) {
	if task.avoid.Equal(avoid) {
		return
	}
	task.avoid = avoid
	p.revive.Insert(task.roles...)
	p.Wake()
}

// Expect says what the task, which wants nothing now, may want soon.
func (p *Placer) Expect(key types.NamespacedName, roles []string, soon lifecycle.Soon) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stay(roles, soon.Until)
	if soon.Rest == (lifecycle.Rest{}) {
		delete(p.rests, key)
		return
	}
	p.rests[key] = soon.Rest
}

// stay keeps offers to roles asked for until then; the caller holds the lock.
func (p *Placer) stay(roles []string, until time.Time) {
	for _, role := range roles {
		if until.After(p.stays[role]) {
			p.stays[role] = until
		}
	}
}

// Unwant ends a task's waiting. A part of an offer that was reserved and not bound is given back.
func (p *Placer) Unwant(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.pending[key]; known != nil {
		p.release(known)
		delete(p.pending, key)
		p.Wake()
	}
}

// release gives back what a task reserved and did not bind; the caller holds the lock.
func (p *Placer) release(task *wanted) {
	if reserved := task.reserved; reserved != nil && !reserved.bound {
		reserved.released = true
		p.attempts.NeverSent(reserved.placed.TaskID)
		task.reserved = nil
	}
}

// Look returns what a task was given and what there is to say of its waiting, if it waits to be launched like this.
func (p *Placer) Look(key types.NamespacedName, task mesos.Task, hash string) (*lifecycle.Placement, *v1alpha1.Pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.pending[key]
	if known == nil || !known.is(task, hash) {
		return nil, nil
	}
	if known.reserved != nil && !known.reserved.bound {
		placed := known.reserved.placed
		return &placed, known.waiting
	}
	return nil, known.waiting
}

// Bound says that the binding of a reservation is durable. It returns false if the reservation was closed before: its ACCEPT is never
// sent.
func (p *Placer) Bound(key types.NamespacedName, taskID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.pending[key]
	if known == nil || known.reserved == nil || known.reserved.placed.TaskID != taskID || known.reserved.released {
		return false
	}
	known.reserved.bound = true
	p.pace.bound(p.clock.Since(known.reserved.made), known.reserved.waiting)
	p.stay(known.roles, p.clock.Now().Add(stayAfterBinding))
	if known.reserved.launch.firstBound.IsZero() {
		known.reserved.launch.firstBound = p.clock.Now()
	}
	delete(p.pending, key)
	p.retries.Forget(key)
	delete(p.deferred, key)
	p.Wake()
	return true
}

// BindFailed says that the binding of a reservation could not be written, or that nobody knows whether it was: its attempt never runs, and
// the task is given something else after a backoff of its own.
func (p *Placer) BindFailed(key types.NamespacedName, placed lifecycle.Placement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.pending[key]; known != nil && known.reserved != nil && known.reserved.placed.TaskID == placed.TaskID {
		p.release(known)
	}
	p.deferred[key] = p.clock.Now().Add(p.retries.When(key))
	p.attempts.NeverRan(placed)
	p.Wake()
}

// Forget drops what is remembered of an object that is gone.
func (p *Placer) Forget(key types.NamespacedName) {
	p.Unwant(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused.Delete(key)
	p.retries.Forget(key)
	delete(p.deferred, key)
	delete(p.rests, key)
	p.lose(key)
}

// CallOff keeps the ACCEPT of an attempt from being sent, if it was not yet.
func (p *Placer) CallOff(taskID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, launch := range p.launches {
		for _, reserved := range launch.reservations {
			if reserved.placed.TaskID == taskID {
				reserved.released = true
			}
		}
	}
	// If the ACCEPT waits for its turn at the bridge already, this keeps the attempt out of it.
	p.attempts.NeverSent(taskID)
	p.Wake()
}

// Outcome tells the placer whether Mesos refused the task's last ACCEPT.
func (p *Placer) Outcome(key types.NamespacedName, refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if refused {
		p.refused.Insert(key)
		return
	}
	p.refused.Delete(key)
}

// mayLaunch is the last look at a task as its ACCEPT is sent.
func (p *Placer) mayLaunch(taskID string) bool {
	return p.bridge.MayAccept() && p.attempts.MayLaunch() && !p.attempts.OthersLive(taskID)
}
