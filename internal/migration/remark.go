package migration

import "fmt"

// Fate is what became of a part of a definition.
type Fate int

// The fates.
const (
	// Kept is carried over; the remark says what to know about it.
	Kept Fate = iota
	// Differs is carried over, and means something else here.
	Differs
	// LeftOut has nothing that it could become.
	LeftOut
	// Refused keeps the whole definition from being converted.
	Refused
)

// String is the fate in words.
func (f Fate) String() string {
	switch f {
	case Kept:
		return "note"
	case Differs:
		return "differs"
	case LeftOut:
		return "left out"
	case Refused:
		return "refused"
	}
	return "unknown"
}

// Remark says what became of a part of a definition, and why.
type Remark struct {
	Fate Fate
	// Path is where it stands in the definition, such as container.volumes[0].mode. Empty: the definition as a whole.
	Path string
	// Text is a sentence: what becomes of it, and what to do.
	Text string
	// Common says that the remark holds for many definitions in the same words, such as one about what they leave to their scheduler: it is told once.
	Common bool
}

// String is the remark as one line.
func (r Remark) String() string {
	if r.Path == "" {
		return fmt.Sprintf("%s: %s", r.Fate, r.Text)
	}
	return fmt.Sprintf("%s: %s: %s", r.Fate, r.Path, r.Text)
}
