// Package system tests the Kubernetes side as a whole: the real controllers with a real kube-apiserver and a simulated Mesos, in real time with the
// real manager and its watches (world), or in virtual time (virtual). It has no code of its own.
//
// A test belongs here if it takes more than one room, or a restart of the process, to show what it shows: what a user does and sees, what holds
// over a crash, a lost connection or a restored API server. What one room decides, keeps or writes is tested in that room.
package system
