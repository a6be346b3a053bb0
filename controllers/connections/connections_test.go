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
