package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// times are those of a schedule in its time zone.
//
// The library knows the calendar, and reads a clock that never leaps. What a leap does is decided here: the clock of a zone is taken apart into the
// stretches of one offset each, so that a time which a leap forward skips is in none of them, and one that comes twice is in two.
type times struct {
	// every is the interval of @every; zero for a calendar.
	every time.Duration
	// calendar reads the zone's clock as if it were UTC's.
	calendar *cron.SpecSchedule
	// hourly says that it names no hours, and so goes on through an hour that comes twice.
	hourly bool
	zone   *time.Location
}

const (
	// leastEvery is the shortest interval: the names of runs count minutes.
	leastEvery = time.Minute
	// allHours are the bits of all hours of a day; marked is the library's bit for a field that was '*'.
	allHours, marked = 1<<24 - 1, uint64(1) << 63
	// stretches is how many leaps of a zone's clock are looked through for the next time: the library looks five years ahead, and no zone has more than
	// four leaps a year.
	stretches = 64
)

// read reads a schedule for a time zone.
func read(schedule string, zone *time.Location) (times, error) {
	// The library would take it, and panic where no blank follows.
	if strings.Contains(schedule, "TZ=") {
		return times{}, errors.New("a time zone is not to be had in spec.schedule: set spec.timeZone")
	}
	parsed, err := cron.ParseStandard(schedule)
	if err != nil {
		return times{}, fmt.Errorf("spec.schedule cannot be read: %w", err)
	}
	switch parsed := parsed.(type) {
	case cron.ConstantDelaySchedule:
		if parsed.Delay < leastEvery {
			return times{}, errors.New("@every in spec.schedule must be at least a minute, as the names of runs count minutes")
		}
		return times{every: parsed.Delay, zone: zone}, nil
	case *cron.SpecSchedule:
		for _, field := range []uint64{parsed.Minute, parsed.Hour, parsed.Dom, parsed.Month, parsed.Dow} {
			if field&^marked == 0 {
				return times{}, errors.New("spec.schedule cannot be read: a field of it names nothing")
			}
		}
		parsed.Location = time.UTC
		return times{calendar: parsed, hourly: parsed.Hour&allHours == allHours, zone: zone}, nil
	default:
		return times{}, errors.New("spec.schedule is of no kind that the operator knows")
	}
}

// next returns the first time after one that is dealt with; zero if there is none in the next five years.
func (t times) next(after time.Time) time.Time {
	if t.every > 0 {
		return after.Add(t.every)
	}
	_, offset := after.In(t.zone).Zone()
	clock := timeToClock(after, offset)
	for range stretches {
		start, end := after.In(t.zone).ZoneBounds()
		due := t.calendar.Next(latest(clock, t.shownBefore(start, offset)))
		if due.IsZero() {
			return time.Time{}
		}
		if due = clockToTime(due, offset); end.IsZero() || due.Before(end) {
			return due
		}
		after = end
		_, offset = end.In(t.zone).Zone()
		clock = timeToClock(end, offset).Add(-time.Nanosecond)
	}
	return time.Time{}
}

// shownBefore is the last that the clock showed before it leapt back to begin a stretch, if that is not to count for a second time; zero otherwise.
func (t times) shownBefore(start time.Time, offset int) time.Time {
	if t.hourly || start.IsZero() {
		return time.Time{}
	}
	before := start.Add(-time.Nanosecond)
	if _, ahead := before.In(t.zone).Zone(); ahead > offset {
		return timeToClock(before, ahead)
	}
	return time.Time{}
}

// timeToClock is what a clock shows that is offset seconds ahead of UTC, as if it were UTC; clockToTime is when it does so.
func timeToClock(t time.Time, offset int) time.Time {
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

func clockToTime(clock time.Time, offset int) time.Time {
	return clock.Add(-time.Duration(offset) * time.Second)
}

// last returns the last time after one that is dealt with, up to another; zero if there is none. It takes few steps, however many there are.
func (t times) last(after, until time.Time) time.Time {
	due := t.next(after)
	if due.IsZero() || due.After(until) {
		return time.Time{}
	}
	if t.every > 0 {
		return after.Add(until.Sub(after).Truncate(t.every))
	}
	for high := until; high.Sub(due) >= leastEvery; {
		middle := due.Add(high.Sub(due) / 2)
		if next := t.next(middle); next.IsZero() || next.After(until) {
			high = middle
		} else {
			due = next
		}
	}
	return due
}

// count counts the times after one that is dealt with, up to and with another, and stops at most.
func (t times) count(after, until time.Time, most int) int {
	n := 0
	for due := t.next(after); !due.IsZero() && !due.After(until) && n < most; due = t.next(due) {
		n++
	}
	return n
}
