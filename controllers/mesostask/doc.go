// Package mesostask is the controller of MesosTasks, and their one writer: it gathers what is known of one, lets lifecycle decide, records the
// decision and acts on it.
//
// In: a MesosTask, its framework and namespace, the Secrets and ConfigMaps that it names, and what its framework's connection knows of its attempts.
// Out: binding, finalizer and status of the object; KILL, RECONCILE and ACKNOWLEDGE at the bridge, and what the placer is to launch.
//
// The flow of one reconcile: gather (gather.go), decide (lifecycle.Next), write (writes.go) and act (controller.go), and settle what Mesos says of
// attempts that are not the object's (settle.go, abandoned.go). Its queue lets namespaces take turns (queue.go).
//
// It imports connections, references, writes, scope, events, leadership, lifecycle, the API types and mesosbridge. It does not import
// mesosframework: what both need is in the rooms below.
package mesostask
