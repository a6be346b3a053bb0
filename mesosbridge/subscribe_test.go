package mesosbridge

import (
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestBridge_runsATask(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("shop.web.1a2b3c4d.k3j9x0q2")
		a := h.attempt("shop.web.1a2b3c4d.k3j9x0q2")
		if a.Accept != AcceptAccepted || a.Unacked != nil {
			h.Errorf("unexpected record: %+v", a)
		}
		h.bridge.Kill(a.TaskID, a.Observation.AgentID, nil)
		h.pass(time.Second)
		h.acknowledge(a.TaskID)
		h.pass(time.Second)
		h.acknowledge(a.TaskID)
		h.pass(time.Second)
		if got := h.state(a.TaskID); got != mesos.TaskKilled {
			h.Errorf("the task is %q after KILL", got)
		}
		if live := h.cluster.LiveTasks(); live != 0 {
			h.Errorf("%d tasks still live", live)
		}
	})
}
