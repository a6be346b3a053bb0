package mesosbridge

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestBridge_takesOverAFrameworkThatMesosHasOtherwise: user and checkpoint stay as Mesos has them, which is told them; what may change does, and that
// tasks are lost with each restart of an agent is known.
func TestBridge_takesOverAFrameworkThatMesosHasOtherwise(t *testing.T) {
	tests := map[string]struct {
		user       string
		checkpoint bool
	}{
		"it is the same":               {"nobody", true},
		"another user":                 {"root", true},
		"no checkpoints":               {"nobody", false},
		"another user, no checkpoints": {"root", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 1, idle: true}, func(h *harness) {
				id := h.registered(test.user, test.checkpoint)
				h.bridge = New(Config{Masters: h.bridge.config.Masters, Framework: framework()}, Options{Name: "test", DialContext: h.cluster.DialContext})
				config := h.bridge.config
				config.Framework.ID = id
				h.bridge.Reconfigure(config)
				h.run()
				defer h.stop()
				h.pass(5 * time.Second)
				if c := h.bridge.Connection(); !c.Subscribed || c.Problem != nil || c.WithoutCheckpoints == test.checkpoint {
					h.Errorf("unexpected connection: %+v", c)
				}
				config.Framework.Name = "renamed"
				h.bridge.Reconfigure(config)
				h.pass(5 * time.Second)
				last := h.last("UPDATE_FRAMEWORK").UpdateFramework.FrameworkInfo
				if last.Name != "renamed" || last.User != test.user || last.GetCheckpoint() != test.checkpoint || h.bridge.Connection().Problem != nil {
					h.Errorf("told %+v, problem %v", last, h.bridge.Connection().Problem)
				}
				h.cluster.CutStream("", 0)
				h.pass(5 * time.Second)
				subscribes := h.subscribes()
				if info := subscribes[len(subscribes)-1].FrameworkInfo; info.User != test.user || info.GetCheckpoint() != test.checkpoint {
					h.Errorf("subscribed again with %+v", info)
				}
			})
		})
	}
}

// registered registers a framework as another scheduler would, and returns its ID.
func (h *harness) registered(user string, checkpoint bool) string {
	h.Helper()
	config := Config{Masters: h.bridge.config.Masters, Framework: framework()}
	config.Framework.User = user
	other := New(config, Options{Name: "other", DialContext: h.cluster.DialContext})
	other.kept.noCheckpoint = !checkpoint
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		other.Run(ctx)
	}()
	h.pass(time.Second)
	other.FrameworkIDStored()
	h.pass(time.Second)
	id := other.Connection().FrameworkID
	cancel()
	<-done
	synctest.Wait()
	return id
}

// TestBridge_learnsOnceWhatMesosKeeps: a refusal for another reason is no problem of a framework of which nothing was to change.
func TestBridge_learnsOnceWhatMesosKeeps(t *testing.T) {
	for _, status := range []int{400, 403, 501} {
		known := func(c *Config) { c.Framework.ID = "framework-1" }
		inVirtualTime(t, setup{agents: 1, config: known, idle: true}, func(h *harness) {
			h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "UPDATE_FRAMEWORK", Action: simulator.Answer, Status: status, Text: "no", Count: -1})
			h.run()
			defer h.stop()
			h.pass(time.Minute)
			if c := h.bridge.Connection(); c.Problem != nil || !h.bridge.MayAccept() || h.count("UPDATE_FRAMEWORK") != 1 {
				h.Errorf("%d: %d calls, %+v", status, h.count("UPDATE_FRAMEWORK"), c)
			}
		})
	}
}
