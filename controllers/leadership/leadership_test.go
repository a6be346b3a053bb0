package leadership_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
)

// lease is a Lease as an API server keeps it: a write needs the version that the writer saw last.
type lease struct {
	mu      sync.Mutex
	record  *resourcelock.LeaderElectionRecord
	version int
}

// lock is one process's end of a lease.
type lock struct {
	lease *lease
	name  string
	// broken is what every request fails with; slow is called before a request takes effect.
	broken error
	slow   func()

	version int
}

var resource = coordinationv1.Resource("leases")

func (l *lock) request() error {
	l.lease.mu.Lock()
	slow := l.slow
	l.lease.mu.Unlock()
	if slow != nil {
		slow()
	}
	return l.broken
}

func (l *lock) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if err := l.request(); err != nil {
		return nil, nil, err
	}
	l.lease.mu.Lock()
	defer l.lease.mu.Unlock()
	if l.lease.record == nil {
		return nil, nil, apierrors.NewNotFound(resource, "l")
	}
	l.version = l.lease.version
	record := *l.lease.record
	raw, err := json.Marshal(record)
	return &record, raw, err
}

func (l *lock) Create(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	if err := l.request(); err != nil {
		return err
	}
	l.lease.mu.Lock()
	defer l.lease.mu.Unlock()
	if l.lease.record != nil {
		return apierrors.NewAlreadyExists(resource, "l")
	}
	l.put(record)
	return nil
}

func (l *lock) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	if err := l.request(); err != nil {
		return err
	}
	l.lease.mu.Lock()
	defer l.lease.mu.Unlock()
	switch {
	case l.lease.record == nil:
		return apierrors.NewNotFound(resource, "l")
	case l.version != l.lease.version:
		return apierrors.NewConflict(resource, "l", errors.New("it changed"))
	}
	l.put(record)
	return nil
}

func (l *lock) put(record resourcelock.LeaderElectionRecord) {
	l.lease.record = &record
	l.lease.version++
	l.version = l.lease.version
}

func (l *lock) RecordEvent(string) {}
func (l *lock) Identity() string   { return l.name }
func (l *lock) Describe() string   { return "ns/l" }

const deadline = 10 * time.Second

// scene is a process that renews when a test says so, and its clocks.
type scene struct {
	t     *testing.T
	inner *lock
	lock  *leadership.Lock
	now   leadership.Reading
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, inner: &lock{lease: &lease{}, name: "me"}, now: leadership.Reading{Wall: time.Unix(1_000_000, 0)}}
	s.lock = leadership.New(s.inner, deadline, func() leadership.Reading { return s.now })
	return s
}

// pass lets time pass, on both clocks.
func (s *scene) pass(d time.Duration) { s.suspend(d); s.now.Monotonic += d }

// suspend lets time pass on the wall clock only, as a machine does that sleeps. A negative one sets the clock back.
func (s *scene) suspend(d time.Duration) { s.now.Wall = s.now.Wall.Add(d) }

func (s *scene) holds(identity string) resourcelock.LeaderElectionRecord {
	return resourcelock.LeaderElectionRecord{HolderIdentity: identity}
}

func (s *scene) create() error { return s.lock.Create(s.t.Context(), s.holds("me")) }
func (s *scene) renew() error  { return s.lock.Update(s.t.Context(), s.holds("me")) }

// renewAt renews with a time of renewal, in seconds.
func (s *scene) renewAt(second int64) error {
	record := s.holds("me")
	record.RenewTime = metav1.Unix(second, 0)
	return s.lock.Update(s.t.Context(), record)
}

// bears makes the lease one with an earlier time of renewal.
func (s *scene) bears(second int64) {
	s.inner.lease.mu.Lock()
	defer s.inner.lease.mu.Unlock()
	record := s.holds("me")
	record.RenewTime = metav1.Unix(second, 0)
	s.inner.lease.record = &record
}

// get reads the lease as an elector does; what it sees is for the lock.
func (s *scene) get() error {
	_, _, err := s.lock.Get(s.t.Context())
	return err
}

// other lets somebody else take the lease, or give it back with an empty name.
func (s *scene) other(name string) {
	s.inner.lease.mu.Lock()
	defer s.inner.lease.mu.Unlock()
	record := s.holds(name)
	s.inner.lease.record, s.inner.lease.version = &record, s.inner.lease.version+1
}

func (s *scene) must(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

func TestLock_MayAct(t *testing.T) {
	cases := map[string]struct {
		given func(*scene)
		// refusal is part of why it may not act; empty if it may.
		refusal string
	}{
		"nobody acts before the lease is held": {func(*scene) {}, "does not hold"},
		"the holder acts":                      {func(s *scene) { s.must(s.create()) }, ""},
		"a renewal is good up to the deadline": {func(s *scene) { s.must(s.create()); s.pass(deadline - 1) }, ""},
		"a renewal is no good at the deadline": {func(s *scene) { s.must(s.create()); s.pass(deadline) }, "not renewed in time"},
		"the last renewal counts": {func(s *scene) {
			s.must(s.create())
			s.pass(9 * time.Second)
			s.must(s.renew())
			s.pass(9 * time.Second)
		}, ""},
		"a renewal after the deadline is good":  {func(s *scene) { s.must(s.create()); s.pass(time.Hour); s.must(s.renew()) }, ""},
		"a machine that slept was away":         {func(s *scene) { s.must(s.create()); s.suspend(deadline) }, "not renewed in time"},
		"a clock set back does not buy time":    {func(s *scene) { s.must(s.create()); s.pass(deadline); s.suspend(-time.Hour) }, "not renewed in time"},
		"a clock set back takes no time either": {func(s *scene) { s.must(s.create()); s.suspend(-time.Hour) }, ""},
		"a clock set forward costs until the next renewal": {
			func(s *scene) { s.must(s.create()); s.suspend(time.Hour) }, "not renewed in time",
		},
		"the next renewal makes good a clock set forward": {
			func(s *scene) { s.must(s.create()); s.suspend(time.Hour); s.must(s.renew()) }, "",
		},
		"a renewal counts from when it was sent": {
			func(s *scene) { s.inner.slow = func() { s.pass(deadline) }; s.must(s.create()) }, "not renewed in time",
		},
		"a renewal that fails is none": {
			func(s *scene) {
				s.must(s.create())
				s.inner.broken = errors.New("no answer")
				s.pass(deadline)
				if s.renew() == nil {
					s.t.Error("the renewal succeeded")
				}
			}, "not renewed in time",
		},
		"a lease that is as it was renewed is still held": {
			func(s *scene) { s.must(s.create(), s.renewAt(1), s.renewAt(2), s.get()) }, "",
		},
		"a lease that bears an earlier renewal was restored": {
			func(s *scene) { s.must(s.create(), s.renewAt(1), s.renewAt(2)); s.bears(1); s.must(s.get()) }, "restored to an earlier state",
		},
		"a lease that was restored is never held again": {
			func(s *scene) {
				s.must(s.create(), s.renewAt(1), s.renewAt(2))
				s.bears(1)
				s.must(s.get())
				if s.renewAt(3) == nil {
					s.t.Error("the renewal succeeded")
				}
			}, "restored to an earlier state",
		},
		"a renewal whose answer was lost may have been taken": {
			func(s *scene) {
				s.must(s.create(), s.renewAt(1))
				s.inner.broken = errors.New("no answer")
				if s.renewAt(2) == nil {
					s.t.Error("the renewal succeeded")
				}
				s.inner.broken = nil
				s.bears(2)
				s.must(s.get())
			}, "",
		},
		"a release ends it before it is sent": {
			func(s *scene) {
				s.must(s.create())
				s.inner.slow = func() {
					if s.lock.MayAct() == nil {
						s.t.Error("it may act while the release is under way")
					}
				}
				s.must(s.lock.Update(s.t.Context(), s.holds("")))
			}, "does not hold",
		},
		"a release that is not answered counts": {
			func(s *scene) {
				s.must(s.create())
				s.inner.broken = errors.New("no answer")
				if s.lock.Update(s.t.Context(), s.holds("")) == nil {
					s.t.Error("the release succeeded")
				}
			}, "does not hold",
		},
		"another holder ends it":                         {func(s *scene) { s.must(s.create()); s.other("you"); s.must(s.get()) }, "another process"},
		"a holder that has come and gone ends it":        {func(s *scene) { s.must(s.create()); s.other(""); s.must(s.get()) }, "another process"},
		"whoever waits may see others hold it":           {func(s *scene) { s.other("you"); s.must(s.get()); s.other(""); s.must(s.get(), s.renew()) }, ""},
		"a change that leaves the holder alone is none":  {func(s *scene) { s.must(s.create()); s.other("me"); s.must(s.get(), s.renew()) }, ""},
		"a lease that lapsed and nobody took is renewed": {func(s *scene) { s.must(s.create()); s.pass(time.Hour); s.must(s.get(), s.renew()) }, ""},
		"after another holder it is never taken again": {
			func(s *scene) {
				s.must(s.create())
				s.other("")
				s.must(s.get())
				if err := s.renew(); err == nil || s.inner.lease.record.HolderIdentity != "" {
					s.t.Errorf("it took the lease again (%v)", err)
				}
			}, "another process",
		},
		"a lease that was deleted is not made again": {
			func(s *scene) {
				s.must(s.create())
				s.inner.lease.record = nil
				if err := s.create(); err == nil || s.inner.lease.record != nil {
					s.t.Errorf("it made the lease again (%v)", err)
				}
			}, "another process",
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			s := newScene(t)
			tc.given(s)
			switch err := s.lock.MayAct(); {
			case tc.refusal == "" && err != nil:
				t.Errorf("it may not act: %v", err)
			case tc.refusal != "" && (err == nil || !strings.Contains(err.Error(), tc.refusal) || !strings.Contains(err.Error(), "ns/l")):
				t.Errorf("MayAct returned %v, want %q and the lease's name", err, tc.refusal)
			}
		})
	}
}

func TestAlone(t *testing.T) {
	var alone leadership.Leadership = leadership.Alone{Name: "me"}
	if err := alone.MayAct(); err != nil || alone.Lease() != "" || alone.Identity() != "me" {
		t.Errorf("MayAct %v, lease %q, identity %q", err, alone.Lease(), alone.Identity())
	}
}

// elect runs a real elector, which tells led when it leads and closes the channel it returns when it has given up.
func elect(t *testing.T, lock resourcelock.Interface, led func()) <-chan struct{} {
	t.Helper()
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: 15 * time.Second, RenewDeadline: deadline, RetryPeriod: 2 * time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { led() }, OnStoppedLeading: func() {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		elector.Run(t.Context())
	}()
	return ended
}

func TestLock_withAnElector(t *testing.T) {
	cases := map[string]struct {
		// meanwhile is what happens to the lease while its holder is frozen.
		meanwhile func(*lease)
		leadsOn   bool
	}{
		"a frozen leader leads on if nobody took the lease": {func(*lease) {}, true},
		"a frozen leader has lost a lease that another took": {
			func(l *lease) {
				l.record = &resourcelock.LeaderElectionRecord{
					HolderIdentity: "you", LeaseDurationSeconds: 3600, LeaderTransitions: 1,
				}
				l.version++
			}, false,
		},
		"a frozen leader has lost a lease that another took and gave back": {
			func(l *lease) {
				l.record = &resourcelock.LeaderElectionRecord{LeaseDurationSeconds: 1, LeaderTransitions: 1}
				l.version++
			}, false,
		},
		"a frozen leader has lost a lease that was deleted": {func(l *lease) { l.record = nil }, false},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				inner := &lock{lease: &lease{}, name: "me"}
				lock := leadership.New(inner, deadline, leadership.Clocks())
				led := make(chan struct{})
				ended := elect(t, lock, func() { close(led) })
				<-led
				if err := lock.MayAct(); err != nil {
					t.Errorf("the leader may not act: %v", err)
				}
				time.Sleep(time.Minute)
				if err := lock.MayAct(); err != nil {
					t.Errorf("the leader may not act after a minute: %v", err)
				}

				// A frozen process sends nothing; what it was about to send leaves when it is thawed.
				synctest.Wait()
				thawed := make(chan struct{})
				inner.lease.mu.Lock()
				inner.slow = func() { <-thawed }
				inner.lease.mu.Unlock()
				time.Sleep(time.Minute)
				if lock.MayAct() == nil {
					t.Error("the frozen leader may act")
				}
				inner.lease.mu.Lock()
				tc.meanwhile(inner.lease)
				inner.lease.mu.Unlock()
				close(thawed)
				time.Sleep(3 * time.Second)
				if err := lock.MayAct(); (err == nil) != tc.leadsOn {
					t.Errorf("thawed, MayAct returned %v", err)
				}
				time.Sleep(deadline + 2*time.Second)
				select {
				case <-ended:
					if tc.leadsOn {
						t.Error("the elector gave up")
					}
				default:
					if !tc.leadsOn {
						t.Error("the elector goes on")
					}
				}
			})
		})
	}
}

// mayNot is the leadership of a process that may not act.
type mayNot struct{ leadership.Leadership }

func (mayNot) MayAct() error { return errMayNot }

var errMayNot = errors.New("no")

// TestGate: nothing leaves a process that may not act, and what leaves one is numbered and shown before it does.
func TestGate(t *testing.T) {
	sent, seen := 0, []leadership.Step(nil)
	send := func() error { sent++; return nil }
	watch := func(step leadership.Step, send func() error) error { seen = append(seen, step); return send() }
	shut := leadership.NewGate(mayNot{leadership.Alone{Name: "one"}}, watch)
	if err := shut.Pass(leadership.Step{Kind: leadership.StepCall, What: "KILL"}, send); !errors.Is(err, errMayNot) || sent+len(seen) > 0 {
		t.Errorf("%v, %d sent, %v seen", err, sent, seen)
	}
	open := leadership.NewGate(nil, watch)
	for range 2 {
		if err := open.Pass(leadership.Step{Kind: leadership.StepCall, What: "KILL"}, send); err != nil {
			t.Error(err)
		}
	}
	if sent != 2 || len(seen) != 2 || seen[1] != (leadership.Step{Index: 2, Kind: leadership.StepCall, What: "KILL"}) {
		t.Errorf("%d sent, %v seen", sent, seen)
	}
	if err := leadership.NewGate(nil, func(leadership.Step, func() error) error { return errMayNot }).Pass(leadership.Step{}, send); !errors.Is(err, errMayNot) || sent != 2 {
		t.Errorf("%v, %d sent", err, sent)
	}
}
