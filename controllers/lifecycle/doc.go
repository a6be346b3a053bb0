// Package lifecycle decides what should happen next to one MesosTask.
//
// Next takes values (the object, what the bridge knows of its attempt, what placement found, the time) and returns values (the
// status to record, the steps to take, when to look again). It does no I/O, reads no clock and never fails: bad input becomes a
// condition. The decision is a list of rules, of which the first that matches wins; rules.go reads like the design's section 6.
//
// Before the rules, what is known is taken into the status (observe.go), and an attempt of which Mesos cannot tell whether it runs may be
// left behind (behind.go): it moves from status.task to status.history, not over, and is killed if it comes back. What follows it depends on
// it as on one that failed. A deleted object is let go (deletion.go) once all of its attempts are over, or are remembered in the framework's
// status as abandoned. What a person gives up is heeded once (giveup.go).
//
// It imports requests, the API types and mesosbridge/mesos, and no other room.
package lifecycle
