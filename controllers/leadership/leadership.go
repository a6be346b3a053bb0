package leadership

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Leadership is what an installation's processes have in common, and whether this one may act for it.
type Leadership interface {
	// MayAct returns nil while this process may call Mesos and write to the API, else why it may not. It does no I/O.
	MayAct() error
	// Lease is the namespace and name of the Lease that stands for the installation; empty where it runs without one.
	Lease() string
	// Identity is this process's own name as the holder of the lease.
	Identity() string
}

// Alone is the leadership of a process without leader election: it may always act, and nothing shows whether it still lives.
type Alone struct{ Name string }

// MayAct implements Leadership.
func (Alone) MayAct() error { return nil }

// Lease implements Leadership.
func (Alone) Lease() string { return "" }

// Identity implements Leadership.
func (a Alone) Identity() string { return a.Name }

// Reading is one look at both clocks of the machine.
type Reading struct {
	// Wall is the time of day. It jumps when somebody sets it, and runs on while the machine is suspended.
	Wall time.Time
	// Monotonic is the time since some moment in this process's life. It never jumps, and stands still while the machine is suspended.
	Monotonic time.Duration
}

// since is the time between an earlier reading and this one: the larger of what the two clocks say, so that it is never too short.
func (r Reading) since(earlier Reading) time.Duration {
	return max(r.Wall.Sub(earlier.Wall), r.Monotonic-earlier.Monotonic)
}

// Clocks returns a function that reads the machine's clocks.
func Clocks() func() Reading {
	start := time.Now()
	return func() Reading {
		now := time.Now()
		// Round drops the monotonic part, so that Sub compares times of day.
		return Reading{Wall: now.Round(0), Monotonic: now.Sub(start)}
	}
}

// Reasons why a process may not act.
var (
	errNotHeld  = errors.New("this process does not hold the lease")
	errExpired  = errors.New("the lease was not renewed in time")
	errLost     = errors.New("another process may have held the lease since this one did")
	errGoneBack = errors.New("the lease is as it was before this process renewed it: the API server was restored to an earlier state, which the caches do not show")
)

// Lock is a leader election lock that remembers when this process last renewed it. Once anybody else may have held the lease it refuses
// for good: the elector would otherwise take the lease again and lead on with what it remembers from before.
type Lock struct {
	resourcelock.Interface
	deadline time.Duration
	clocks   func() Reading

	mu sync.Mutex
	// held says that this process has held the lease; renewed is when the last renewal that succeeded was begun.
	held    bool
	renewed Reading
	// written are the times of renewal that the lease may bear: the last that was taken, and those of which that is not known.
	written []time.Time
	// gone is why the lease is not held any more, and never will be again.
	gone error
}

// New wraps a lock. The deadline is the elector's renew deadline.
func New(lock resourcelock.Interface, deadline time.Duration, clocks func() Reading) *Lock {
	return &Lock{Interface: lock, deadline: deadline, clocks: clocks}
}

// MayAct implements Leadership: it allows to act only while the lease was renewed within the renew deadline, which is over before
// another process may take the lease.
func (l *Lock) MayAct() error {
	now := l.clocks()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.gone != nil:
		return fmt.Errorf("lease %s: %w", l.Lease(), l.gone)
	case !l.held:
		return fmt.Errorf("lease %s: %w", l.Lease(), errNotHeld)
	case now.since(l.renewed) >= l.deadline:
		return fmt.Errorf("lease %s: %w", l.Lease(), errExpired)
	default:
		return nil
	}
}

// Lease implements Leadership.
func (l *Lock) Lease() string { return l.Describe() }

// Get reads the lease, and notices who holds it, and that the API server has gone back to an earlier state: an etcd that was restored from a snapshot
// gives out resource versions again that this process has seen, for something else, and its watches would tell of nothing until they are past.
func (l *Lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err != nil {
		return record, raw, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.held || l.gone != nil:
	case record.HolderIdentity != l.Identity():
		l.gone = errLost
	case !slices.ContainsFunc(l.written, asStored(record.RenewTime.Time).Equal):
		l.gone = errGoneBack
	}
	return record, raw, nil
}

// asStored is a time as a Lease bears it.
func asStored(t time.Time) time.Time { return t.Truncate(time.Microsecond) }

// Create makes the lease, held by this process. If it held one before, that was deleted, and somebody may have held another since.
func (l *Lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	l.mu.Lock()
	if l.held && l.gone == nil {
		l.gone = errLost
	}
	l.mu.Unlock()
	return l.renew(record, func() error { return l.Interface.Create(ctx, record) })
}

// Update takes, renews or releases the lease.
func (l *Lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity != l.Identity() {
		// From here on another process may take it, whatever the answer says.
		l.mu.Lock()
		l.held, l.gone = true, errNotHeld
		l.mu.Unlock()
		return l.Interface.Update(ctx, record)
	}
	return l.renew(record, func() error { return l.Interface.Update(ctx, record) })
}

// renew sends a write that makes this process the holder. It counts from before it was sent: when it arrived is not known.
func (l *Lock) renew(record resourcelock.LeaderElectionRecord, send func() error) error {
	begun, written := l.clocks(), asStored(record.RenewTime.Time)
	l.mu.Lock()
	gone := l.gone
	l.written = append(l.written, written)
	l.mu.Unlock()
	if gone != nil {
		return fmt.Errorf("renewing lease %s for %s: %w", l.Lease(), record.HolderIdentity, gone)
	}
	if err := send(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held, l.renewed, l.written = true, begun, []time.Time{written}
	return nil
}
