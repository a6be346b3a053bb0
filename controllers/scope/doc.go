// Package scope is which MesosTasks this installation sees: those of the namespaces that it watches, and of them those of a framework.
//
// In: the namespaces that the manager was given. Out: list options for the cache, live lists, what is under a framework or of a
// set, and whether a Mesos task may be of an object that nobody here can see.
//
// It imports the API types, lifecycle for task IDs and controller-runtime's client, cache and handlers, and no other room.
package scope
