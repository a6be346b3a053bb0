// Package history is the one record of what happened in a test of the whole, and the invariants that must hold of it.
//
// A History takes down, in one order, what left the operator (writes to the API, calls to Mesos), what came to it (Mesos' events), what was true
// meanwhile (which tasks lived on which agents) and what went wrong on purpose. Recorders stand where all of that passes: an http.RoundTripper or
// http.Handler before the API server, the simulator's Observe, a leadership.Watch. Nothing of what is recorded is taken from the operator's own view
// of things, so that the checks judge it by what others saw.
//
// A Check is one invariant, named as in the project's list of them (S for what must never happen, L for what must happen in the end), as a pure function
// of a View: the history with indices, so that a hundred thousand entries are checked in a moment. History.Check runs them all.
//
// In: everything that crosses the operator's border. Out: violations, each with the entry where it shows. It is for tests, and part of no program.
package history
