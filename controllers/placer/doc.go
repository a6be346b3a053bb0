// Package placer keeps a framework's pending tasks, gives them parts of offers and sends the ACCEPTs. It only decides in memory: the workers write
// the bindings and report.
//
// In: tasks that wait (Want), offers of the bridge, and what became of bindings (Bound, BindFailed). Out: reservations (Look), why a task still
// waits, and ACCEPT, DECLINE, REVIVE and SUPPRESS at the bridge. Which task fits which offer is decided by placement.
//
// It knows its framework's connection by two small interfaces of its own, Bridge and Attempts. It imports placement, lifecycle, the API types and
// mesosbridge, and no other room.
package placer
