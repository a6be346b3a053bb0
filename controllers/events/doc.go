// Package events writes Kubernetes Events within the budget of the whole manager, warnings first. Events are best effort: what is over the budget
// is dropped and counted.
//
// In: what happened to an object, in words. Out: Events of events.k8s.io/v1.
//
// It imports client-go's recorder, and no other room.
package events
