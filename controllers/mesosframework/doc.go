// Package mesosframework is the controller of MesosFrameworks: it keeps each registered with Mesos, runs the reconciliation passes over its tasks,
// and says in its status how it is.
//
// In: MesosFramework objects, the Secrets that they name, what their tasks' objects count, and what Mesos tells the bridge. Out: the claim, the
// framework ID, conditions, counts and abandoned attempts in the object; RECONCILE, TEARDOWN and the KILL of orphans at the bridge.
//
// The flow of one reconcile: claim it (claim.go), keep it or let it go (deletion.go), connect it (connect.go, secrets.go), store its ID (id.go), take
// its pass a step further (reconcile.go, passes.go), prove and count what runs (prove.go, orphans.go), write its status (status.go).
//
// It imports connections, writes, scope, events, leadership, lifecycle, requests, schedule (for the names of runs), the API types and mesosbridge with its reconciliation. It does not import
// mesostask: what both need is in the rooms below.
package mesosframework
