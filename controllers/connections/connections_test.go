package connections

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestConnections_noBridgeOutlivesThem: a framework that is connected in the moment in which the process gives up leading has either no bridge, or
// one that has ended when Start returns.
func TestConnections_noBridgeOutlivesThem(t *testing.T) {
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			var dials atomic.Int64
			owner := New(Options{
				Logger: logr.Discard(), Clock: clock.RealClock{}, Gate: leadership.NewGate(nil, nil),
				DialContext: func(context.Context, string, string) (net.Conn, error) {
					dials.Add(1)
					return nil, errors.New("nobody answers")
				},
			})
			config := mesosbridge.Config{Masters: []string{"http://master.sim:5050"}, Framework: mesos.Framework{Name: "test", User: "nobody", Roles: []string{"*"}}}
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() {
				if err := owner.Start(ctx); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
			running.Go(stop)
			for _, name := range []string{"a", "b", "c"} {
				running.Go(func() { owner.Ensure(name, config) })
			}
			running.Wait()
			synctest.Wait() // A dial that had begun may be given up after the request that it was for.
			ended := dials.Load()
			owner.Ensure("late", config)
			time.Sleep(time.Minute)
			synctest.Wait()
			if now := dials.Load(); now != ended {
				t.Errorf("after Start has returned masters are still called: %d times", now-ended)
			}
		})
	}
}

// TestConnections_removeWaitsForSUBSCRIBE: what subscribes after a connection was removed comes after its last SUBSCRIBE, if the master answers
// that in time, and does not wait for one that was never sent.
func TestConnections_removeWaitsForSUBSCRIBE(t *testing.T) {
	cases := map[string]struct {
		// answers is when the master answers SUBSCRIBE, removed how long the connection may take to be removed.
		answers time.Duration
		least   time.Duration
		most    time.Duration
	}{
		"nothing is on its way":      {0, 0, 0},
		"the master is slow":         {3 * time.Second, 2 * time.Second, 2 * time.Second},
		"the master does not answer": {time.Hour, 5 * time.Second, 5 * time.Second},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := simulator.New(simulator.Options{})
				defer cluster.Close()
				if tc.answers > 0 {
					cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "SUBSCRIBE", Action: simulator.Delay, Delay: tc.answers})
				}
				owner, config, stop := started(t, cluster)
				owner.Ensure("first", config)
				time.Sleep(time.Second)
				began := time.Now()
				owner.Remove("first")
				if took := time.Since(began); took < tc.least || took > tc.most {
					t.Errorf("it was removed within %s, want %s to %s", took, tc.least, tc.most)
				}
				second, _ := owner.Ensure("second", config)
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if state := second.Bridge.Connection(); !state.Subscribed || state.Term != 1 {
					t.Errorf("the next connection is %+v, want it subscribed undisturbed", state)
				}
				stop()
			})
		})
	}
}

// started are connections that run until they are stopped, and what a framework has to connect to the first master of a cluster.
func started(t *testing.T, cluster *simulator.Cluster) (owner *Connections, config mesosbridge.Config, stop func()) {
	t.Helper()
	owner = New(Options{Logger: logr.Discard(), Clock: clock.RealClock{}, Gate: leadership.NewGate(nil, nil), DialContext: cluster.DialContext})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := owner.Start(ctx); err != nil {
			t.Error(err)
		}
	})
	config = mesosbridge.Config{
		Masters:   []string{cluster.Masters()[0].URL()},
		Framework: mesos.Framework{ID: "framework", Name: "test", User: "nobody", Roles: []string{"*"}, FailoverTimeout: time.Hour},
	}
	return owner, config, func() {
		cancel()
		running.Wait()
	}
}
