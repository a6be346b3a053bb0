// Package system tests the operator as a whole, with a simulated Mesos: with a real kube-apiserver and in real time (world), or as one process or several over an
// API server in memory and in virtual time (virtual). It has no code of its own.
//
// In virtual time are also TestCrash, in which a process dies at each of its steps, and TestStorm, in which a seed says what goes wrong.
//
// A test belongs here if it takes more than one room, or a restart of the process, to show what it shows: what a user does and sees, what holds
// over a crash, a lost connection or a restored API server. What one room decides, keeps or writes is tested in that room.
package system
