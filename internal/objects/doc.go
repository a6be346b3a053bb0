// Package objects finds the operator's objects by what a person types: web, task/web, mts/front, mesoscrontask/nightly, framework/default.
//
//	in   names as they are typed, which kinds a command is for, a client of the API server
//	out  the objects, or a sentence that says what there is instead; names for completion; what belongs to an object: its tasks, its Events
//
// It may import the API types and controller-runtime's client, and nothing else of this module.
package objects
