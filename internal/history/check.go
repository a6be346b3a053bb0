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
	{"S1", "at most one attempt of a MesosTask lives, but where an earlier one was let go, durably", oneLive},
	{"S2", "an attempt is launched only once its object is durably bound to it", boundFirst},
	{"S3", "a task ID is never used twice", launchedOnce},
	{"S4", "RUNNING and ends are acknowledged only once they are durable where anybody accounts for the attempt", storedFirst},
	{"S5", "only updates that came are acknowledged, as they came", acknowledgesWhatCame},
	{"S6", "an end is final", endsAreFinal},
	{"S7", "an attempt never goes back", neverGoesBack},
	{"S8", "only attempts that were launched and are not over are reconciled, with their agents", asksAboutTheLiving},
	{"S9", "reconciliation backs off, one pass at a time, and proves in order", backsOff},
	{"S10", "the next attempt begins only when the last is durably over or let go, and what was let go is never taken back", nextAfterEnd},
	{"S11", "the finalizer goes only when every attempt is over, or remembered", releasedWhenOver},
	{"S12", "only what was launched, and its object or an orphan policy gives up, is killed", killedForAReason},
	{"S13", "a framework's ID is stored before anything is launched, and never changes by itself", keepsItsID},
	{"S14", "calls and writes come only from the process that leads, on the stream that it subscribed", oneSubscriber},
	{"S15", "an offer is used once, for what fits", usesOffersOnce},
	{"S16", "the operator writes only what is its own, to the object that it means, and over nobody's write", writesItsOwn},
	{"S17", "a launch asks only for what its framework allows", launchesWhatIsAllowed},
	{"S18", "nothing is written that changes nothing", writesOnlyChanges},
	{"S19", "no secret stands in what is written", tellsNoSecret},
	{"L1", "what has settled is quiet", quiet},
	{"L2", "after a subscription every open attempt is asked for", asksAfterSubscribing},
	{"L3", "every update is acknowledged in the end", acknowledgesAll},
	{"L4", "deletions end, and what was let go is killed when it returns", finishesDeletions},
	{"L5", "no offer is held", keepsNoOffer},
	{"L6", "a lost subscription is made again, with pauses", subscribesWithPause},
	{"L7", "a launch that is lost is found out", asksAfterLaunching},
	{"L8", "what is not answered is asked for again", asksAgain},
	{"L9", "in the end every task is answered for", successorReconciled},
	{"SetSurge", "no more of a set's tasks may live than its replicas and its surge", keepsSurge},
	{"SetAvailable", "a set takes away no task that must be available", keepsAvailable},
	{"SetRevisions", "a revision stays as long as anything is of it", keepsRevisions},
	{"CronOnce", "no run comes twice", runsOnce},
	{"CronAlone", "with Forbid and Replace, no run begins beside another", runsAlone},
	{"CronHistory", "a run is deleted only once it is durable that it was started", forgetsNoRun},
	{"ServiceReady", "a Service finds only what is ready", findsWhatRuns},
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
