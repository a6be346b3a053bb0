// Package intervention decides what is written where a person steps in: restart, suspend, give up, kill orphans, reconcile, run now, roll back.
//
//	in   the object as it is, what the person asks, the time
//	out  Change: a patch and the words for what it does; that there is nothing to do; or a sentence that says why it would not do what is meant
//
// It is what the operator's annotations and fields are for, and nothing else: whoever may patch the objects can do the same by kubectl annotate. Each patch names the
// object's UID, so that it changes no other that has taken its name.
//
// It is pure. It may import the API types, and controllers/schedule and controllers/rollout for the names of runs and the content of revisions.
package intervention
