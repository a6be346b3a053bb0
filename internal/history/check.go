package history

import (
	"fmt"
	"strings"
)

// Check is one invariant.
type Check struct {
	// Name is what the project calls it: S1 to S19 and L1 to L9, and names for what sets, cron tasks and services promise.
	Name string
	// Promise is the invariant in a sentence.
	Promise string
	// Find are the places where it does not hold. It is pure.
	Find func(*View) []Violation
}

// Violation is a place where an invariant does not hold.
type Violation struct {
	// Entry is the number of the entry where it shows.
	Entry int
	// What broke.
	What string
	// About are task IDs, names and the like: entries that speak of them are shown with it.
	About []string
}

func violation(entry int, about []string, format string, arguments ...any) Violation {
	return Violation{Entry: entry, What: fmt.Sprintf(format, arguments...), About: about}
}

// Checks are all invariants.
var Checks = []Check{
	{"S3", "a task ID is never used in two launches", launchedOnce},
}

// tell is a violation as a test says it, with the entries that speak of the same.
func (v *View) tell(check Check, violation Violation) string {
	told := &strings.Builder{}
	fmt.Fprintf(told, "%s (%s) is broken: %s", check.Name, check.Promise, violation.What)
	if entry := v.entry(violation.Entry); entry != nil {
		fmt.Fprintf(told, "\n  at %s", entry)
	}
	about := v.about(violation)
	if len(about) > 0 {
		told.WriteString("\n  what is known of it:")
	}
	for _, line := range about {
		told.WriteString("\n    " + line)
	}
	return told.String()
}

// about are the entries that speak of what a violation is about, the last of them before it and a few after.
func (v *View) about(violation Violation) (lines []string) {
	if len(violation.About) == 0 {
		return nil
	}
	until := violation.Entry
	if until == 0 {
		until = len(v.Entries)
	}
	for i := range v.Entries {
		if i >= until+10 {
			break
		}
		line := v.Entries[i].String()
		for _, word := range violation.About {
			if word != "" && strings.Contains(line, word) {
				lines = append(lines, line)
				break
			}
		}
	}
	if len(lines) > shownAbout {
		lines = append([]string{fmt.Sprintf("(%d earlier ones)", len(lines)-shownAbout)}, lines[len(lines)-shownAbout:]...)
	}
	return lines
}
