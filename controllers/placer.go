package controllers

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/placement"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// bindingsAtOnce is how many bindings may be waiting to be written: about what an API server on two cores takes in a second.
	bindingsAtOnce = 300
	// gatherFor is how long a round waits for more news once it has some.
	gatherFor = 20 * time.Millisecond
	// closeAfterFirst is how long an ACCEPT waits for further bindings once the first of its offer is durable.
	closeAfterFirst = time.Second
	// closeAfterOffer is how long an offer is held at most.
	closeAfterOffer = time.Minute
	// shortRefusal is for how long offers are refused that other tasks may want in a moment.
	shortRefusal = time.Second
	// heldRefusal is for how long offers are refused that come before anything may be launched.
	heldRefusal = 5 * time.Second
	// silentFor is how long a task waits without any offer before that is worth saying.
	silentFor = 2 * time.Second
	// reviveEvery is the least time between two REVIVEs for new tasks, reviveAgain the time after which one is sent again if no offer
	// came.
	reviveEvery, reviveAgain = time.Second, 30 * time.Second
	// bindAgainLeast and bindAgainMost bound how long a task waits for another offer after its binding could not be written: doubling, so
	// that an API server in trouble is not hammered.
	bindAgainLeast, bindAgainMost = time.Second, 5 * time.Minute
)

// wanted is a pending task.
type wanted struct {
	key  types.NamespacedName
	task mesos.Task
	hash string
	// since is when it began to wait here, judged when a round last looked at it.
	since, judged time.Time
	// waiting is what there is to say of its waiting; nil while it only waits for its turn.
	waiting *v1alpha1.Pending
	// reserved is the part of an offer that it was given; nil while it has none.
	reserved *reservation
}

// reservation is a part of an offer that was given to a task.
type reservation struct {
	wanted   *wanted
	launch   *launch
	placed   lifecycle.Placement
	bound    bool
	released bool
}

// launch is the ACCEPT in the making for one offer.
type launch struct {
	offer        mesos.Offer
	opened       time.Time
	firstBound   time.Time
	reservations []*reservation
}

// placer keeps a framework's pending tasks, gives them parts of offers and sends the ACCEPTs. It only decides in memory and enqueues
// keys; the workers write the bindings and report.
type placer struct {
	connection *connection
	clock      clock.Clock
	signal     chan struct{}

	mu       sync.Mutex
	pending  map[types.NamespacedName]*wanted
	launches map[string]*launch
	// declined are offers that were turned down for long and have not come back, by agent and role.
	declined map[[2]string]declinedOffer
	// calledOff are task IDs whose ACCEPT may be on its way to the bridge's sender and must not be sent.
	calledOff map[string]struct{}
	// refused are tasks whose last ACCEPT was refused whole: they are launched one per ACCEPT, so that a task which a master cannot
	// take holds up no other.
	refused sets.Set[types.NamespacedName]
	// retries counts the bindings of a task that could not be written in a row; deferred says until when it is given nothing for that.
	retries    workqueue.TypedRateLimiter[types.NamespacedName]
	deferred   map[types.NamespacedName]time.Time
	portOffset uint64
	// refuse is for how long offers that serve nobody are refused.
	refuse time.Duration
	// revive says that tasks came since the last REVIVE; suppressed that nothing is asked for.
	revive, suppressed    bool
	lastRevive, lastOffer time.Time
	// termBegan is when the present term was first noticed.
	termBegan time.Time
	term      uint64
}

type declinedOffer struct {
	offer mesos.Offer
	until time.Time
}

func newPlacer(connection *connection) *placer {
	return &placer{
		connection: connection,
		clock:      connection.owner.clock,
		signal:     make(chan struct{}, 1),
		pending:    map[types.NamespacedName]*wanted{},
		launches:   map[string]*launch{},
		declined:   map[[2]string]declinedOffer{},
		calledOff:  map[string]struct{}{},
		refused:    sets.New[types.NamespacedName](),
		retries:    workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](bindAgainLeast, bindAgainMost),
		deferred:   map[types.NamespacedName]time.Time{},
		refuse:     2 * time.Minute,
	}
}

// setRefuse sets for how long offers that serve nobody are refused.
func (p *placer) setRefuse(refuse time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// wake makes the placer look again soon.
func (p *placer) wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

// resume asks for the offers that were turned down while nothing might be launched.
func (p *placer) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.revive, p.lastRevive = true, time.Time{}
	p.wake()
}

// run places tasks until ctx ends.
func (p *placer) run(ctx context.Context) {
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

// want makes a task pending, or renews what it wants.
func (p *placer) want(key types.NamespacedName, task mesos.Task, hash string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.pending[key]; known != nil {
		if known.hash == hash {
			return
		}
		p.release(known)
	}
	p.pending[key] = &wanted{key: key, task: task, hash: hash, since: p.clock.Now()}
	p.revive = true
	p.wake()
}

// unwant ends a task's waiting. A part of an offer that was reserved and not bound is given back.
func (p *placer) unwant(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.pending[key]; known != nil {
		p.release(known)
		delete(p.pending, key)
		p.wake()
	}
}

// release gives back what a task reserved and did not bind; the caller holds the lock.
func (p *placer) release(task *wanted) {
	if reserved := task.reserved; reserved != nil && !reserved.bound {
		reserved.released = true
		p.connection.neverSent(reserved.placed.TaskID)
		task.reserved = nil
	}
}

// look returns what a task was given and what there is to say of its waiting, if it waits for an attempt with this hash.
func (p *placer) look(key types.NamespacedName, hash string) (*lifecycle.Placement, *v1alpha1.Pending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.pending[key]
	if known == nil || known.hash != hash {
		return nil, nil
	}
	if known.reserved != nil && !known.reserved.bound {
		placed := known.reserved.placed
		return &placed, known.waiting
	}
	return nil, known.waiting
}

// bound says that the binding of a reservation is durable. It returns false if the reservation was closed before: its ACCEPT is never
// sent.
func (p *placer) bound(key types.NamespacedName, taskID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.pending[key]
	if known == nil || known.reserved == nil || known.reserved.placed.TaskID != taskID || known.reserved.released {
		return false
	}
	known.reserved.bound = true
	if known.reserved.launch.firstBound.IsZero() {
		known.reserved.launch.firstBound = p.clock.Now()
	}
	delete(p.pending, key)
	p.retries.Forget(key)
	delete(p.deferred, key)
	p.wake()
	return true
}

// bindFailed says that the binding of a reservation could not be written, or that nobody knows whether it was: its attempt never runs, and
// the task is given something else after a backoff of its own.
func (p *placer) bindFailed(key types.NamespacedName, placed lifecycle.Placement) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.pending[key]; known != nil && known.reserved != nil && known.reserved.placed.TaskID == placed.TaskID {
		p.release(known)
	}
	p.deferred[key] = p.clock.Now().Add(p.retries.When(key))
	p.connection.neverRan(placed)
	p.wake()
}

// forget drops what is remembered of an object that is gone.
func (p *placer) forget(key types.NamespacedName) {
	p.unwant(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused.Delete(key)
	p.retries.Forget(key)
	delete(p.deferred, key)
}

// callOff keeps the ACCEPT of an attempt from being sent, if it was not yet.
func (p *placer) callOff(taskID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, launch := range p.launches {
		for _, reserved := range launch.reservations {
			if reserved.placed.TaskID == taskID {
				reserved.released = true
			}
		}
	}
	p.calledOff[taskID] = struct{}{}
	p.connection.neverSent(taskID)
	p.wake()
}

// mayLaunch is the last look at a task as its ACCEPT is sent.
func (p *placer) mayLaunch(taskID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, off := p.calledOff[taskID]
	delete(p.calledOff, taskID)
	return !off && p.connection.bridge.MayAccept() && p.connection.mayLaunch() && !p.connection.othersLive(taskID)
}

// round does what is due and returns when to look again.
func (p *placer) round() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	bridge := p.connection.bridge
	offers := bridge.Offers()
	p.notice(offers)
	p.takeUpDeferred()
	p.closeLaunches(offers)
	switch free := p.free(offers); {
	case !bridge.MayAccept():
	case p.connection.mayLaunch():
		p.place(free)
	default:
		p.turnDown(free)
	}
	p.steer()
	p.judgeSilence()
	return p.nextLook()
}

// notice keeps track of the term and of what came back.
func (p *placer) notice(offers []mesos.Offer) {
	if term := p.connection.bridge.Connection().Term; term != p.term {
		p.term, p.termBegan = term, p.clock.Now()
		clear(p.declined)
		clear(p.calledOff)
		// Every subscription begins with fresh offers and without filters, unless the bridge told Mesos that none are wanted.
		p.revive = false
	}
	if len(offers) > 0 {
		p.lastOffer = p.clock.Now()
	}
	for _, offer := range offers {
		delete(p.declined, [2]string{offer.AgentID, offer.Role})
	}
}

// takeUpDeferred gives tasks whose backoff is over their turn again, and asks for what was turned down meanwhile.
func (p *placer) takeUpDeferred() {
	now := p.clock.Now()
	for key, until := range p.deferred {
		if !now.Before(until) {
			delete(p.deferred, key)
			p.revive = true
		}
	}
}

// free returns the offers that no launch holds.
func (p *placer) free(offers []mesos.Offer) []mesos.Offer {
	return slices.DeleteFunc(offers, func(offer mesos.Offer) bool {
		_, held := p.launches[offer.ID]
		return held
	})
}

// place gives offers to pending tasks and declines those that serve nobody.
func (p *placer) place(offers []mesos.Offer) {
	if len(offers) == 0 {
		return
	}
	now := p.clock.Now()
	tasks, room := p.unplaced()
	round := placement.Round{MaxAssignments: max(room, 0), PortOffset: p.portOffset}
	for key, declined := range p.declined {
		if now.Before(declined.until) {
			round.Declined = append(round.Declined, declined.offer)
		} else {
			delete(p.declined, key)
		}
	}
	if room <= 0 {
		return
	}
	byID := make(map[string]mesos.Offer, len(offers))
	for _, offer := range offers {
		byID[offer.ID] = offer
	}
	tasks, offers = p.placeAlone(tasks, offers, round, byID)
	result := placement.Place(tasks, offers, round)
	for _, assignment := range result.Assignments {
		p.reserve(assignment, byID[assignment.OfferID])
	}
	turnWaits := false
	for _, verdict := range result.Unplaced {
		turnWaits = turnWaits || !verdict.MustWait
		p.judge(verdict, now)
	}
	refuse := p.refuse
	if turnWaits {
		refuse = shortRefusal
	}
	for _, id := range result.Unused {
		offer := byID[id]
		p.declined[[2]string{offer.AgentID, offer.Role}] = declinedOffer{offer: offer, until: now.Add(refuse)}
	}
	if len(result.Unused) > 0 {
		p.connection.bridge.Decline(result.Unused, refuse)
	}
}

// placeAlone gives each task whose last ACCEPT was refused an offer of its own, and returns what is left of tasks and offers.
func (p *placer) placeAlone(tasks []placement.Task, offers []mesos.Offer, round placement.Round, byID map[string]mesos.Offer) ([]placement.Task, []mesos.Offer) {
	if p.refused.Len() == 0 {
		return tasks, offers
	}
	rest := make([]placement.Task, 0, len(tasks))
	for _, task := range tasks {
		if !p.refused.Has(keyOf(task.Key)) {
			rest = append(rest, task)
			continue
		}
		result := placement.Place([]placement.Task{task}, offers, round)
		for _, assignment := range result.Assignments {
			p.reserve(assignment, byID[assignment.OfferID])
			offers = slices.DeleteFunc(offers, func(offer mesos.Offer) bool { return offer.ID == assignment.OfferID })
		}
		for _, verdict := range result.Unplaced {
			p.judge(verdict, p.clock.Now())
		}
	}
	return rest, offers
}

// outcome tells the placer whether Mesos refused the task's last ACCEPT.
func (p *placer) outcome(key types.NamespacedName, refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if refused {
		p.refused.Insert(key)
		return
	}
	p.refused.Delete(key)
}

// keyOf reads a key that types.NamespacedName wrote.
func keyOf(key string) types.NamespacedName {
	namespace, name, _ := strings.Cut(key, "/")
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// turnDown gives back offers that come before anything may be launched.
func (p *placer) turnDown(offers []mesos.Offer) {
	ids := make([]string, len(offers))
	for i, offer := range offers {
		ids[i] = offer.ID
	}
	p.connection.bridge.Decline(ids, heldRefusal)
}

// unplaced returns the tasks that have nothing yet, and how many may be given something now.
func (p *placer) unplaced() (tasks []placement.Task, room int) {
	room = bindingsAtOnce
	for key, task := range p.pending {
		if task.reserved != nil {
			room--
			continue
		}
		if _, waits := p.deferred[key]; waits {
			continue
		}
		tasks = append(tasks, placement.Task{
			Key: key.String(), Namespace: key.Namespace, Role: task.task.Role, Resources: task.task.Scalars, Ports: task.task.Ports, Since: task.since,
		})
	}
	return tasks, room
}

// reserve gives a part of an offer to a task, under a fresh task ID.
func (p *placer) reserve(assignment placement.Assignment, offer mesos.Offer) {
	task := p.pending[keyOf(assignment.Key)]
	id := lifecycle.TaskID{Namespace: task.key.Namespace, Name: task.key.Name, Hash: task.hash, Nonce: newNonce()}
	making := p.launches[offer.ID]
	if making == nil {
		making = &launch{offer: offer, opened: p.clock.Now()}
		p.launches[offer.ID] = making
	}
	reserved := &reservation{wanted: task, launch: making, placed: lifecycle.Placement{
		TaskID: id.String(), AgentID: assignment.AgentID, Hostname: assignment.Hostname,
	}}
	for _, port := range assignment.HostPorts {
		reserved.placed.HostPorts = append(reserved.placed.HostPorts, int32(port))
	}
	p.portOffset += uint64(len(assignment.HostPorts))
	making.reservations = append(making.reservations, reserved)
	task.reserved, task.judged = reserved, p.clock.Now()
	p.connection.bridge.Reserve(reserved.placed.TaskID, reserved.placed.AgentID)
	p.connection.owner.tasks.add(task.key)
}

// newNonce returns fresh random base-32 characters.
func newNonce() string {
	random := make([]byte, 10)
	// crypto/rand does not fail: it ends the process instead.
	_, _ = rand.Read(random)
	return strings.ToLower(base32.StdEncoding.EncodeToString(random))[:lifecycle.NonceLength]
}

// judge remembers why a task was not placed.
func (p *placer) judge(verdict placement.Verdict, now time.Time) {
	task := p.pending[keyOf(verdict.Key)]
	task.judged = now
	if verdict.MustWait {
		p.say(task, verdict.Message)
	}
}

// say sets what there is to say of a task's waiting.
func (p *placer) say(task *wanted, message string) {
	if task.waiting != nil && task.waiting.Message == message {
		return
	}
	task.waiting = &v1alpha1.Pending{Since: metav1.Time{Time: task.since.Truncate(time.Second)}, Message: message}
	p.connection.owner.tasks.add(task.key)
}

// judgeSilence says of tasks that no round has looked at that there was no offer.
func (p *placer) judgeSilence() {
	now := p.clock.Now()
	message := ""
	for _, task := range p.pending {
		if !task.judged.IsZero() || now.Before(task.since.Add(silentFor)) {
			continue
		}
		if message == "" {
			message = p.silence()
		}
		p.say(task, message)
	}
}

// silence says why there are no offers.
func (p *placer) silence() string {
	state := p.connection.bridge.Connection()
	switch {
	case !state.Subscribed && state.Problem != nil:
		return fmt.Sprintf("MesosFramework %s is not connected to Mesos: %s", p.connection.name, state.Problem.Message)
	case !state.Subscribed:
		return fmt.Sprintf("MesosFramework %s is not connected to Mesos yet", p.connection.name)
	case !p.connection.bridge.MayAccept():
		return fmt.Sprintf("MesosFramework %s has not been registered yet", p.connection.name)
	case !p.connection.mayLaunch():
		return "Nothing is launched before Mesos has told all that runs: it is still waiting for agents to come back"
	default:
		return "Mesos has made no offer"
	}
}

// steer tells Mesos whether offers are wanted.
func (p *placer) steer() {
	bridge, now := p.connection.bridge, p.clock.Now()
	if len(p.pending) == 0 {
		if !p.suppressed && len(p.launches) == 0 {
			p.suppressed = true
			bridge.Suppress()
		}
		return
	}
	again := now.Sub(p.lastOffer) >= reviveAgain && now.Sub(p.lastRevive) >= reviveAgain && !p.termBegan.IsZero() && now.Sub(p.termBegan) >= reviveAgain
	if p.suppressed || again || p.revive && now.Sub(p.lastRevive) >= reviveEvery {
		p.suppressed, p.revive, p.lastRevive = false, false, now
		clear(p.declined)
		bridge.Revive()
	}
}

// nextLook is when something is due though nothing happens.
func (p *placer) nextLook() time.Time {
	now := p.clock.Now()
	next := now.Add(reviveAgain)
	for _, launch := range p.launches {
		next = earlier(next, launch.due())
	}
	for _, until := range p.deferred {
		next = earlier(next, until)
	}
	if len(p.pending) > 0 && p.revive {
		next = earlier(next, p.lastRevive.Add(reviveEvery))
	}
	for _, task := range p.pending {
		if task.judged.IsZero() && task.waiting == nil {
			next = earlier(next, task.since.Add(silentFor))
		}
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// due is when a launch is closed at the latest.
func (l *launch) due() time.Time {
	due := l.opened.Add(closeAfterOffer)
	if !l.firstBound.IsZero() {
		due = earlier(due, l.firstBound.Add(closeAfterFirst))
	}
	return due
}

// complete says whether every reservation of the launch has reported.
func (l *launch) complete() bool {
	return !slices.ContainsFunc(l.reservations, func(r *reservation) bool { return !r.bound && !r.released })
}

// closeLaunches sends the ACCEPTs that are due. An offer that is gone launches nothing: what was bound to it never ran.
func (p *placer) closeLaunches(offers []mesos.Offer) {
	present := make(map[string]bool, len(offers))
	for _, offer := range offers {
		present[offer.ID] = true
	}
	now := p.clock.Now()
	for id, launch := range p.launches {
		gone := !present[id]
		if !gone && !launch.complete() && now.Before(launch.due()) {
			continue
		}
		delete(p.launches, id)
		p.close(launch, gone)
	}
}

// close closes a launch: from now on a report for one of its reservations finds it closed.
func (p *placer) close(launch *launch, gone bool) {
	var tasks []mesos.Task
	for _, reserved := range launch.reservations {
		if reserved.bound && !reserved.released && !gone {
			task := reserved.wanted.task
			task.ID, task.AgentID = reserved.placed.TaskID, reserved.placed.AgentID
			task.HostPorts = make([]uint32, len(reserved.placed.HostPorts))
			for i, port := range reserved.placed.HostPorts {
				task.HostPorts[i] = uint32(port)
			}
			tasks = append(tasks, task)
			continue
		}
		if !reserved.released {
			reserved.released = true
			p.connection.neverSent(reserved.placed.TaskID)
		}
		if known := p.pending[reserved.wanted.key]; known == reserved.wanted {
			known.reserved = nil
		}
		p.connection.owner.tasks.add(reserved.wanted.key)
	}
	refuse := p.refuse
	if len(p.pending) > 0 {
		refuse = 0
	}
	switch {
	case gone:
	case len(tasks) == 0:
		p.connection.bridge.Decline([]string{launch.offer.ID}, refuse)
	default:
		p.connection.bridge.Accept(launch.offer.ID, tasks, refuse, p.mayLaunch)
	}
}
