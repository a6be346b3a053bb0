// Package references reads the Secrets and ConfigMaps that MesosTasks name: live, in the namespace of the task, and only for one that is to be launched.
//
// In: which sources a MesosTask needs (Want). Out: what they hold, once each has been read after it was asked for (Found), and the MesosTask's key into
// its controller's queue. One read is in flight for each source, whoever waits for it; what was read is kept until the MesosTask's launch needs it no
// more (Forget), and no longer. Nothing here is logged, cached or written. What it means that something is missing, lifecycle decides.
//
// It imports lifecycle for its words and controller-runtime's client, and no other room.
package references
