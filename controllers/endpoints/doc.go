// Package endpoints decides where the tasks of a set are found: which addresses and ports its Service leads to, in which EndpointSlices. It is pure.
//
// In: the ports that the Service has, the set's MesosTasks with their status, the EndpointSlices that there are, the addresses of agents as Mesos told
// them, and the networks that may be published (Seen). Out: the slices to create, change and delete, and which task is left out and why (Plan); the ports
// of the Service; what condition ServicePublished says.
//
// Three questions, one file each: may a task be found, and how does it stand (standing.go); where is it (address.go); which slice is it in (pack.go).
// A task keeps its slice, so that one change is one write.
//
// It imports the API types and Kubernetes', and no other room.
package endpoints
