// Package lifecycle decides what should happen next to one MesosTask.
//
// Next takes values (the object, what the bridge knows of its attempt, what placement found, the time) and returns values (the
// status to record, the steps to take, when to look again). It does no I/O, reads no clock and never fails: bad input becomes a
// condition. The decision is a list of rules, of which the first that matches wins; rules.go reads like the design's section 6.
package lifecycle
