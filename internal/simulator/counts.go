package simulator

import (
	"maps"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Counts are what passed between schedulers and masters since the cluster was made, whatever became of it. Reading them costs little, however many
// tasks there are.
type Counts struct {
	// Calls are the calls that were received, by type.
	Calls map[string]int `json:"calls"`
	// Events are the events that were meant for subscriptions, by type.
	Events map[string]int `json:"events"`
	// Asked are the tasks that RECONCILE calls named; Implicit are the RECONCILE calls that named none.
	Asked    int `json:"asked"`
	Implicit int `json:"implicit"`
	// Launched are the tasks in ACCEPT calls.
	Launched int `json:"launched"`
	// Answered are the updates that answered a RECONCILE.
	Answered int `json:"answered"`
}

// traffic is what Counts are made of, besides the calls' types. Guarded by the cluster's lock.
type traffic struct {
	events                              map[string]int
	asked, implicit, launched, answered int
}

// call counts what a call asks for.
func (t *traffic) call(call *scheduler.Call) {
	switch call.Type {
	case scheduler.Call_RECONCILE:
		t.asked += len(call.GetReconcile().GetTasks())
		if len(call.GetReconcile().GetTasks()) == 0 {
			t.implicit++
		}
	case scheduler.Call_ACCEPT:
		for _, operation := range call.GetAccept().GetOperations() {
			t.launched += len(operation.GetLaunch().GetTaskInfos())
			t.launched += len(operation.GetLaunchGroup().GetTaskGroup().Tasks)
		}
	default:
	}
}

// event counts what a subscription is told.
func (t *traffic) event(event *scheduler.Event) {
	if t.events == nil {
		t.events = map[string]int{}
	}
	t.events[event.Type.String()]++
	if status := event.GetUpdate().GetStatus(); event.Type == scheduler.Event_UPDATE && status.GetReason() == mesos.REASON_RECONCILIATION {
		t.answered++
	}
}

// Counts says what has passed until now.
func (c *Cluster) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.calls.traffic
	return Counts{
		Calls: maps.Clone(c.calls.byType), Events: maps.Clone(t.events), Asked: t.asked, Implicit: t.implicit, Launched: t.launched, Answered: t.answered,
	}
}

// PaceEvents caps how fast the subscriptions that come from now on are written (Flags.EventsPerSecond).
func (c *Cluster) PaceEvents(perSecond int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.eventsPerSecond = perSecond
}

// pace is how fast a subscription that begins now is written.
func (c *Cluster) pace() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.eventsPerSecond
}
