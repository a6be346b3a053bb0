package mesosbridge

import "github.com/mesos-operator/mesos-operator/mesosbridge/mesos"

// Live returns, in no order, what Mesos last said of each task that it has said is live in an event after since. With the number of the last
// event before an implicit RECONCILE whose end mark was answered, these are all live tasks that the master knows on reachable agents.
func (b *Bridge) Live(since mesos.Number) []mesos.Observation {
	b.mu.Lock()
	defer b.mu.Unlock()
	var live []mesos.Observation
	for _, r := range b.attempts {
		said := r.Returned
		if said == nil {
			said = r.Observation
		}
		if said != nil && said.State.Class() == mesos.Live && r.Last.After(since) {
			live = append(live, *said)
		}
	}
	return live
}

// SaidNow are the tasks, in no order, of which Mesos last said a state, in the present subscription.
func (b *Bridge) SaidNow(state mesos.TaskState) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var taskIDs []string
	for taskID, r := range b.attempts {
		if said := r.Said(); said != nil && said.State == state && r.Last.Term == b.connection.Term {
			taskIDs = append(taskIDs, taskID)
		}
	}
	return taskIDs
}
