package mesosbridge

import (
	"context"
	"errors"
	"sync"
)

// Why an item was not sent.
var (
	errNotSubscribed = errors.New("the framework is not subscribed")
	errTermEnded     = errors.New("the term in which the call was asked for has ended")
)

// item is one call that waits for its turn.
type item struct {
	term *term
	// key replaces an item with the same key that still waits, in its place; empty replaces nothing. It keeps what is asked for again
	// and again from growing the queue.
	key string
	// forgotten are the tasks that were forgotten while it waits; nil where that is no matter.
	forgotten map[string]bool
	// send sends the call.
	send func()
	// drop is called instead of send when the term has ended.
	drop func(err error)
}

// lanes are the ways on which calls wait for their turn, a kind of call each: one that hangs holds up those of its own kind at most, and where their order
// says nothing only once as many hang as are sent at a time.
type lanes struct {
	// wishes are SUPPRESS, REVIVE and UPDATE_FRAMEWORK, in their order: each says of all roles whether offers are wanted.
	wishes *lane
	// asks are RECONCILEs, in their order: an end mark says that all that was asked before it was told.
	asks *lane
	// The order of the others says nothing: of a task whose ACCEPT has no outcome nothing is killed or asked (rule 7, see mayKill, askable and finishAccept), an
	// offer is declined only once its ACCEPT was refused, and a REVIVE comes after the filters that it is to void (see letFiltersPass). What comes to the
	// master after it was given up is of an earlier subscription, which it refuses, of an offer that is open no more, or of a task ID that is never used again.
	accepts, declines, kills, acks *lane
}

// sideBySide is how many calls of a kind are on their way at a time, ackWorkers how many ACKNOWLEDGE calls.
const sideBySide, ackWorkers = 4, 8

func newLanes() lanes {
	return lanes{
		wishes: newLane(1), asks: newLane(1),
		accepts: newLane(sideBySide), declines: newLane(sideBySide), kills: newLane(sideBySide), acks: newLane(ackWorkers),
	}
}

func (l lanes) all() []*lane {
	return []*lane{l.wishes, l.asks, l.accepts, l.declines, l.kills, l.acks}
}

// atOnce is how many calls may be on their way at a time.
func (l lanes) atOnce() (calls int) {
	for _, one := range l.all() {
		calls += cap(one.more)
	}
	return calls
}

// lane sends items one after the other, or a few at a time. What waits is bounded by tasks and offers, not by how often is
// asked.
type lane struct {
	mu     sync.Mutex
	items  []*item
	keyed  map[string]*item
	closed bool
	// more has room for one token for each worker.
	more chan struct{}
}

func newLane(workers int) *lane {
	return &lane{keyed: make(map[string]*item), more: make(chan struct{}, workers)}
}

// push adds an item. Its drop is called at once, by the caller, if the lane is closed or the item has no term.
func (l *lane) push(next item) {
	if next.term == nil {
		next.drop(errNotSubscribed)
		return
	}
	l.mu.Lock()
	switch waiting := l.keyed[next.key]; {
	case l.closed:
		l.mu.Unlock()
		next.drop(errNotSubscribed)
		return
	case next.key != "" && waiting != nil:
		*waiting = next
	default:
		l.items = append(l.items, &next)
		if next.key != "" {
			l.keyed[next.key] = &next
		}
	}
	l.mu.Unlock()
	l.signal()
}

// forget notes for what waits that a task was forgotten.
func (l *lane) forget(taskID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, waiting := range l.items {
		if waiting.forgotten != nil {
			waiting.forgotten[taskID] = true
		}
	}
}

func (l *lane) signal() {
	select {
	case l.more <- struct{}{}:
	default:
	}
}

// pop takes the oldest item; ok is false where none waits.
func (l *lane) pop() (next item, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.items) == 0 {
		l.items = nil
		return item{}, false
	}
	next = *l.items[0]
	l.items[0] = nil
	l.items = l.items[1:]
	delete(l.keyed, next.key)
	return next, true
}

// run sends items until ctx ends.
func (l *lane) run(ctx context.Context) {
	var workers sync.WaitGroup
	for range cap(l.more) {
		workers.Go(func() { l.work(ctx) })
	}
	workers.Wait()
}

// work is run for one worker.
func (l *lane) work(ctx context.Context) {
	for {
		next, ok := l.pop()
		if ok {
			next.start()
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-l.more:
		}
	}
}

// close drops what waits and all that comes later.
func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	items := l.items
	l.items = nil
	l.mu.Unlock()
	for _, waiting := range items {
		waiting.drop(errTermEnded)
	}
}

// start sends the item, or drops it when its term has ended.
func (i item) start() {
	if i.term.ctx.Err() != nil {
		i.drop(errTermEnded)
		return
	}
	i.send()
}
