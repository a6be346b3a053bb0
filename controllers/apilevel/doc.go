// Package apilevel is what the CRDs of the cluster say of their API level, so that a manager which is older than they are launches nothing.
//
// In: the annotations of the two CRDs, read once before anything is launched and watched from then on, in every replica. Out: the obstacle that
// keeps all tasks from being launched, and a call when it comes or goes. Without the grant for that, there is never one.
//
// It imports the API types, lifecycle for the obstacle and controller-runtime's client, and no other room.
package apilevel
