// Package reconciliation is the task reconciliation algorithm of the Mesos documentation ("Reconciliation"), as values: which tasks
// to ask the master about, when, and when the pass is through.
//
// It does no I/O and never reads the clock. A shell calls Step whenever something changed or the time that the last Step named has
// come, and does what it says:
//
//  1. start is the number of the last event seen, remaining all tasks that are not known to be over.
//  2. Ask about remaining, in chunks, each task with its agent.
//  3. Wait, longer each time.
//  4. Those with an update numbered after start, and those that ended, leave remaining.
//  5. While remaining is not empty, back to 2. There is no giving up: after a failover a master is silent about agents
//     that have not come back yet (Mesos master: Master::reconcile).
//
// A Proof follows the first round of a pass: it asks for what only the master can know, the live tasks that this framework has
// forgotten.
package reconciliation
