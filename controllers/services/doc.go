// Package services keeps the Service and the EndpointSlices of each MesosTaskSet that asks for them (spec.service), and condition ServicePublished of the
// set, which is all that it writes of a set.
//
//	a set, one of its tasks, its Service or a slice changes, Mesos tells where an agent is  ─►  the set's key  ─►  Reconcile:
//	the Service, if it is the set's (service.go)  ─►  endpoints.Next decides on the slices  ─►  slices are written (slices.go)  ─►  the condition (condition.go)
//
// Endpoints that are only added wait half a second for others (gathering.go), so that a set that becomes ready is few writes; what is taken away waits for
// nothing. Else nothing is remembered between two reconciles. Each write carries the resource version that its decision rests on, names of slices are decided
// and not drawn, and so what a stale cache leads to is refused, and decided again.
//
// A slice that gets an endpoint is written before one that only loses some, so that a successor is found before its predecessor no longer is.
//
// It imports endpoints, connections, scope, writes, events, leadership and the API types, and no other shell.
package services
