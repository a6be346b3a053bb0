package mesosbridge

import (
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// maintained is when the agent is unavailable, seconds from the beginning of the test's time; zero for never.
func (h *harness) maintained(agentID string, began time.Time) (from, until int) {
	window, _ := h.bridge.Maintenance(agentID)
	if window == (mesos.Window{}) {
		return 0, 0
	}
	return int(window.From.Sub(began).Seconds()), int(window.Until.Sub(began).Seconds())
}

func TestBridge_tellsOfMaintenanceAndDeclinesToLeave(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("web")
		agent, agentID := h.cluster.Agents()[0], h.attempt("web").AgentID
		began := time.Now()
		// First the fault: the bridge answers as soon as it is asked.
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Answer, Type: "DECLINE_INVERSE_OFFERS", Status: 503, Count: 2})
		agent.ScheduleMaintenance(time.Hour, time.Hour)
		h.pass(time.Second)
		if from, until := h.maintained(agentID, began); from != 3600 || until != 7200 {
			h.Errorf("the agent is unavailable from %d to %d", from, until)
		}
		if n := h.notes.times("maintenance " + agentID); n != 1 {
			h.Errorf("the listener was told %d times", n)
		}
		h.bridge.WantOffers() // From now on only inverse offers tell.
		h.pass(time.Minute)
		if n := h.count("DECLINE_INVERSE_OFFERS"); n < 3 {
			h.Errorf("%d DECLINE_INVERSE_OFFERS of which the first two were lost", n)
		}
		h.pass(10 * time.Minute)
		if from, _ := h.maintained(agentID, began); from != 3600 {
			h.Errorf("later the agent is unavailable from %d", from)
		}
		if n := h.notes.times("maintenance " + agentID); n != 1 {
			h.Errorf("the listener was told %d times of the same", n)
		}
		agent.CancelMaintenance()
		h.pass(maintenanceHolds)
		if from, until := h.maintained(agentID, began); from != 0 {
			h.Errorf("after it was called off, the agent is unavailable from %d to %d", from, until)
		}
	})
}

func TestBridge_hearsFromOffersThatAMaintenanceWasCalledOff(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("web")
		agent, agentID := h.cluster.Agents()[0], h.attempt("web").AgentID
		began := time.Now()
		agent.ScheduleMaintenance(time.Hour, time.Hour)
		h.pass(2 * time.Second)
		agent.CancelMaintenance()
		h.pass(2 * time.Second)
		if from, _ := h.maintained(agentID, began); from != 0 || h.notes.times("maintenance "+agentID) != 2 {
			h.Errorf("the agent is unavailable from %d; the listener was told %d times", from, h.notes.times("maintenance "+agentID))
		}
	})
}

func TestBridge_keepsMaintenanceInMindWhileItIsNotSubscribed(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("web")
		agentID, began := h.attempt("web").AgentID, time.Now()
		h.cluster.Agents()[0].ScheduleMaintenance(time.Hour, time.Hour)
		h.pass(2 * time.Second)
		h.cluster.StopMaster(0)
		for range 10 {
			h.pass(time.Minute)
			if from, _ := h.maintained(agentID, began); from != 3600 {
				h.Fatalf("without a master the agent is unavailable from %d", from)
			}
		}
		h.cluster.StartMaster(0)
		for range 10 {
			h.pass(time.Minute)
			if from, _ := h.maintained(agentID, began); from != 3600 {
				h.Fatalf("with a new master the agent is unavailable from %d", from)
			}
		}
	})
}
