package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// mostActive is how many active runs the status names (the bound of the API).
const mostActive = 100

// takeOver makes the cron task the controller of runs that nobody controls, as after it was deleted with --cascade=orphan and created anew.
func (s *scene) takeOver() {
	for _, run := range s.Runs {
		if !run.Owned && !run.Deleting {
			s.decision.TakeOver = append(s.decision.TakeOver, run)
		}
	}
}

// begun says whether the schedule counts already, which it does not before it is known what runs under its name.
func (s *scene) begun() bool { return s.Status.LastConsideredTime != nil }

// begin says whether the schedule counts: if not, it makes it begin as soon as all is known that may run already.
func (s *scene) begin() bool {
	if s.Obstacle != nil {
		s.verdict = verdict{reason: s.Obstacle.Reason, message: s.Obstacle.Message}
	}
	if !s.begun() && (s.Obstacle != nil || !s.Proven) {
		s.await()
		return false
	}
	for _, name := range s.Lost {
		if s.isLost(name) && s.Obstacle == nil {
			due, _, _ := ParseRunName(s.Name, name)
			s.create(&Creation{Name: name, Due: due, Lost: true})
			break
		}
	}
	return s.readSchedule()
}

// isLost says whether a run that lives in Mesos is to have a MesosTask again now.
func (s *scene) isLost(name string) bool {
	return TakesBack(s.Name, name) && s.refused(name) == nil && !s.has(name)
}

// has says whether a run has a MesosTask.
func (s *scene) has(name string) bool {
	return slices.ContainsFunc(s.Runs, func(run Run) bool { return run.Name == name })
}

// TakesBack says whether a cron task makes a MesosTask anew for a run that lives in Mesos without one: for each that bears a name of its own. What is
// recorded does not say who lost it: after the API server was restored to an earlier state, later runs may be recorded before earlier ones are found.
// A run that a person deletes does not come back by this: its MesosTask stays until Mesos has said that it is over.
func TakesBack(cron, run string) bool {
	_, _, ok := ParseRunName(cron, run)
	return ok
}

// readSchedule reads the schedule, and since when it counts.
func (s *scene) readSchedule() bool {
	var err error
	if s.Zone == nil {
		s.verdict = stalled(v1alpha1.ReasonInvalidTimeZone, fmt.Sprintf(
			"The operator knows no time zone %q: set spec.timeZone to a name of the IANA time zone database, such as Europe/Berlin", s.Spec.TimeZone))
	} else if s.times, err = read(s.Spec.Schedule, s.Zone); err != nil {
		s.verdict = stalled(v1alpha1.ReasonInvalidSchedule, err.Error()+": change it")
	} else if s.times.next(s.Now).IsZero() {
		s.verdict = stalled(v1alpha1.ReasonInvalidSchedule, "spec.schedule has no time in the next five years: change it")
	}
	inForce := s.Spec.Schedule + " " + zoneName(s.Spec.TimeZone)
	if s.verdict.stalled || s.Spec.Suspend {
		inForce = ""
	}
	now := s.Now.Truncate(time.Second)
	switch last := timeOf(s.Status.LastConsideredTime); {
	case !s.begun():
		s.considered = s.Created
	case last.After(now.Add(ahead)):
		s.considered = now
		s.event(true, v1alpha1.EventClockWentBack, fmt.Sprintf(
			"The times up to %s were dealt with, which is more than an hour ahead: the clock was wrong, and the schedule counts from now", say(last)))
		s.forgetFuture(now)
	case inForce != s.Status.ConsideredSchedule && inForce != "":
		// It was changed, or suspended: what was due before does not count. The clock may lag behind what is dealt with.
		s.considered = latest(now, last)
	default:
		s.considered = last
	}
	s.status().ConsideredSchedule = inForce
	return true
}

// forgetFuture takes back what the status says of a time that the clock showed wrongly.
func (s *scene) forgetFuture(now time.Time) {
	if last := timeOf(s.Status.LastScheduleTime); last.After(now) {
		s.status().LastScheduleTime = recorded(now)
	}
}

// zoneName is the name of a time zone that a spec names, or does not.
func zoneName(zone string) string { return cmp.Or(zone, "UTC") }

// counts says whether the times of the schedule count now.
func (s *scene) counts() bool { return s.status().ConsideredSchedule != "" }

// consider finds the runs that were started and that the status does not know yet: their times are dealt with. One whose time is still to come was
// started by a clock that was ahead, and counts when it comes.
func (s *scene) consider() {
	known := timeOf(s.status().LastScheduleTime)
	var newest time.Time
	seen := 0
	for _, run := range s.Runs {
		if run.Due.IsZero() || !run.Due.After(known) || run.Due.After(s.Now) {
			continue
		}
		if newest = latest(newest, run.Due); run.Due.After(s.considered) {
			seen++
		}
	}
	if newest.IsZero() {
		return
	}
	s.status().LastScheduleTime, s.started = recorded(newest), true
	if !newest.After(s.considered) {
		return
	}
	if s.counts() {
		s.miss(newest.Add(-time.Nanosecond))
		s.missed = max(s.missed-(seen-1), 0)
	}
	s.considered = newest
}

// mostMissed is how many times of one outage are counted.
const mostMissed = 1000

// miss deals with the times up to one as with such that passed without a run.
func (s *scene) miss(until time.Time) {
	last := s.times.last(s.considered, until)
	if last.IsZero() {
		return
	}
	s.missed += s.times.count(s.considered, last, mostMissed)
	s.considered, s.lastMissed = last, last
}

// active are the runs that are not over, the oldest first. One that is being deleted may still run.
func (s *scene) active() []Run {
	active := slices.DeleteFunc(slices.Clone(s.Runs), func(run Run) bool { return run.Over && !run.Deleting })
	slices.SortFunc(active, func(a, b Run) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Name, b.Name)) })
	return active
}

// record puts into the status what is seen of the runs, and tells of those that are over.
func (s *scene) record() {
	status, active := s.status(), s.active()
	status.ObservedGeneration = s.Generation
	status.Active = int32(len(active))
	status.ActiveRuns = nil
	for _, run := range active[:min(len(active), mostActive)] {
		status.ActiveRuns = append(status.ActiveRuns, run.Name)
	}
	for _, run := range s.Runs {
		if run.Over && run.Succeeded && run.Ended.After(timeOf(status.LastSuccessfulTime)) {
			status.LastSuccessfulTime = recorded(run.Ended)
		}
		if run.Over && slices.Contains(s.Status.ActiveRuns, run.Name) && !slices.Contains(status.ActiveRuns, run.Name) {
			s.tellEnd(run)
		}
	}
	status.NextScheduleTime = nil
	if s.considered.IsZero() {
		return
	}
	status.LastConsideredTime = recorded(s.considered)
	status.MissedRuns += int64(s.missed)
	if s.counts() {
		status.NextScheduleTime = recorded(s.times.next(status.LastConsideredTime.Time))
	}
}

func (s *scene) tellEnd(run Run) {
	if run.Succeeded {
		s.event(false, v1alpha1.EventRunSucceeded, "Run "+run.Name+" succeeded")
	} else {
		s.event(true, v1alpha1.EventRunFailed, "Run "+run.Name+" failed: its MesosTask says why")
	}
}

// forget deletes the runs that are over and more than are to be kept, once all that they tell is recorded.
func (s *scene) forget() {
	if s.changed() || s.decision.Create != nil {
		return
	}
	for succeeded, limit := range map[bool]*int32{true: s.Spec.SuccessfulTasksHistoryLimit, false: s.Spec.FailedTasksHistoryLimit} {
		if limit == nil {
			continue
		}
		over := slices.DeleteFunc(slices.Clone(s.Runs), func(run Run) bool {
			return !run.Over || run.Succeeded != succeeded || run.Deleting
		})
		slices.SortFunc(over, func(a, b Run) int {
			return cmp.Or(b.Ended.Compare(a.Ended), b.Due.Compare(a.Due), cmp.Compare(a.Name, b.Name))
		})
		for _, run := range over[min(int(*limit), len(over)):] {
			if run.Owned && !run.Paused && s.dealtWith(run) {
				s.decision.Delete = append(s.decision.Delete, Deletion{Run: run})
			}
		}
	}
	slices.SortFunc(s.decision.Delete, func(a, b Deletion) int { return cmp.Compare(a.Name, b.Name) })
}

// dealtWith says whether a run may be deleted without ever coming again: what is recorded says that it was started.
func (s *scene) dealtWith(run Run) bool {
	if run.Due.IsZero() {
		return s.Request == "" || run.Name != RequestName(s.Name, s.Request) || run.Name == s.Status.LastRequestedRun
	}
	return !run.Due.After(timeOf(s.Status.LastScheduleTime))
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// say is a time as sentences have it.
func say(t time.Time) string { return t.UTC().Format(time.RFC3339) }
