// Package requests is how a person's word in an annotation is followed once: which values were dealt with, and the tokens that tie a word to what
// the person saw when giving it.
//
// In: annotations, the status's handledAnnotations, and what was counted. Out: whether a word is to be followed now, or the sentence that says why
// it does nothing, and the status that remembers it. It is pure: what following it means is the caller's.
//
// It imports the API types, and no other room.
package requests
