// Package placement decides which pending task goes to which offer, and says of every other task why none would take it.
//
// It is pure: tasks and offers in, assignments out. The same tasks and offers give the same result in whatever order they are
// passed. A task takes the first offer of its role that has room for it, so that an offer is filled before the next one is
// touched: an ACCEPT is per offer, and what stays whole can be declined at once.
//
// The order in which tasks get their turn is decided in one place (inTurn); placing never looks ahead, and a task that does not
// fit keeps nobody behind it waiting.
//
// It imports mesosbridge/mesos, and no other room.
package placement
