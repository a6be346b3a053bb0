// Package mesostaskset is the controller of MesosTaskSets: it gathers what is known of one and of its MesosTasks, lets rollout decide, and writes.
//
//	in   MesosTaskSets, their MesosTasks and ControllerRevisions, their MesosFrameworks, from the cache; how the framework stands, from connections
//	out  MesosTasks that are created, changed and deleted; ControllerRevisions; the set's status; Events
//
// What the API server refuses is tried again ever more rarely, and holds up nothing else (refusals.go); what does not stay is left so (changes.go). Before
// its first deletions of a set a process reads live what there is (confirm.go).
//
// It decides on nothing older than its own last writes: until the cache shows what it created, changed and deleted, it decides nothing. What the worker
// of a MesosTask owns (status, binding, finalizer) it never writes.
package mesostaskset
