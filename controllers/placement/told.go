package placement

import (
	"slices"
	"time"
)

// The bounds of how long a sentence stands that differs from the next one in its counts only: doubling each time.
const retellLeast, retellMost = 30 * time.Second, 10 * time.Minute

// Told is what a person was told of one task's waiting: it keeps sentences whose counts change with every round from being written with
// every round. The zero value has told nothing yet.
type Told struct {
	// message is what was told last, at is when.
	message string
	at      time.Time
	// wait is how long that stands, if nothing new comes; zero before anything was told.
	wait time.Duration
	// kinds are what was told since the wait last ran out, so that what goes to and fro is not told each time.
	kinds []Kind
}

// Tell says whether a sentence of the kind is worth telling now, and if so remembers it as told. Ordered rules, the first that matches
// decides:
//
//  1. Nothing was told yet: tell it.
//  2. It is what was told last: no.
//  3. What was told last has stood for long enough: tell it, and let it stand twice as long.
//  4. This kind has been told since then: no.
//  5. Else tell it.
func (t *Told) Tell(kind Kind, message string, now time.Time) bool {
	switch {
	case t.wait == 0:
		t.wait, t.kinds = retellLeast, []Kind{kind}
	case message == t.message:
		return false
	case !now.Before(t.at.Add(t.wait)):
		t.wait, t.kinds = min(2*t.wait, retellMost), []Kind{kind}
	case slices.Contains(t.kinds, kind):
		return false
	default:
		t.kinds = append(t.kinds, kind)
	}
	t.message, t.at = message, now
	return true
}

// TakeBack says that what was told last does not stand any more: it may be told again, in its time.
func (t *Told) TakeBack() { t.message = "" }

// Again is from when on whatever there is to tell is told.
func (t *Told) Again() time.Time { return t.at.Add(t.wait) }
