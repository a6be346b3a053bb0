package schedule

import (
	"fmt"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// held is what holds a run back.
type held struct {
	reason, message string
	// until is when to look again without anything happening.
	until time.Time
}

// create decides on a run to create; the first one stands.
func (s *scene) create(run *Creation) {
	if s.decision.Create == nil {
		s.decision.Create = run
	}
}

// deadline is for how long after its time a run may be started.
func (s *scene) deadline() time.Duration {
	if s.Spec.StartingDeadlineSeconds == nil {
		return 10 * time.Minute
	}
	return time.Duration(*s.Spec.StartingDeadlineSeconds) * time.Second
}

// findRequest finds the run that a person asked for, also while the schedule is suspended.
func (s *scene) findRequest() {
	if s.Request == "" {
		return
	}
	name := RequestName(s.Name, s.Request)
	if name == s.Status.LastRequestedRun {
		return
	}
	for _, run := range s.Runs {
		if run.Name == name {
			s.status().LastRequestedRun, s.started = name, true
			return
		}
	}
	var until time.Time
	if asked, err := time.Parse(time.RFC3339, s.Request); err == nil {
		if until = asked.Add(s.deadline()); s.Now.After(until) {
			s.status().LastRequestedRun = name
			s.event(true, v1alpha1.ReasonRunMissed, fmt.Sprintf(
				"The run that annotation %s asked for at %s was not started within spec.startingDeadlineSeconds: set it anew to ask again", v1alpha1.AnnotationRunRequestedAt, say(asked)))
			return
		}
		until = until.Add(time.Second)
	}
	s.start(&Creation{Name: name}, "The run that was asked for", until)
}

// findDue finds the run that is due by the schedule: the last one, within its deadline. Those before it are missed.
func (s *scene) findDue() {
	if !s.counts() {
		return
	}
	due := s.times.last(s.considered, s.Now)
	if due.IsZero() {
		return
	}
	if s.Now.After(due.Add(s.deadline())) {
		s.miss(due)
		return
	}
	until := due.Add(s.deadline()).Add(time.Second)
	if next := s.times.next(due); !next.IsZero() && next.Before(until) {
		until = next
	}
	s.due = due
	if !s.awaitsProof() {
		// Before the proof, what seems to be missed may live.
		s.miss(due.Add(-time.Nanosecond))
	}
	s.start(&Creation{Name: RunName(s.Name, due), Due: due}, "The run of "+say(due), until)
}

// alone says whether a run may not run beside another.
func (s *scene) alone() bool {
	return s.Spec.ConcurrencyPolicy == v1alpha1.ConcurrencyForbid || s.Spec.ConcurrencyPolicy == v1alpha1.ConcurrencyReplace
}

// awaitsProof says whether no run may start before Mesos has told what lives.
func (s *scene) awaitsProof() bool { return s.alone() && !s.Proven }

// start starts a run, unless something holds it back: then it waits, until its deadline if there is one.
func (s *scene) start(run *Creation, what string, until time.Time) {
	if s.Obstacle != nil {
		s.hold(s.Obstacle.Reason, fmt.Sprintf("%s cannot be started: %s", what, s.Obstacle.Message), until)
		return
	}
	if refusal := s.refused(run.Name); refusal != nil {
		s.hold(refusal.Reason, fmt.Sprintf("%s cannot be started: %s", what, refusal.Message), earliest(refusal.Until, until))
		return
	}
	if run.Alone = s.alone(); !run.Alone {
		s.create(run)
		return
	}
	s.startAlone(run, what, until)
}

// startAlone starts a run that may not run beside another, once none is active.
func (s *scene) startAlone(run *Creation, what string, until time.Time) {
	active := s.active()
	lost := slices.IndexFunc(s.Lost, func(name string) bool { return name != run.Name && !s.has(name) })
	switch {
	case !s.Proven:
		s.hold(v1alpha1.ReasonAwaitingFramework, fmt.Sprintf(
			"%s waits until the framework has told what lives, as by spec.concurrencyPolicy %s it may not run beside another", what, s.Spec.ConcurrencyPolicy), until)
	case s.decision.Create != nil:
		// Another one is being created.
	case lost >= 0:
		reason := v1alpha1.ReasonRunActive
		if s.Spec.ConcurrencyPolicy == v1alpha1.ConcurrencyReplace {
			reason = v1alpha1.ReasonReplacing
		}
		s.hold(reason, fmt.Sprintf("%s waits, as %s lives in Mesos and its MesosTask could not be created anew yet", what, s.Lost[lost]), until)
	case len(active) == 0:
		s.create(run)
	case s.Spec.ConcurrencyPolicy == v1alpha1.ConcurrencyForbid:
		s.hold(v1alpha1.ReasonRunActive, fmt.Sprintf("%s waits, as %s is not over and spec.concurrencyPolicy is Forbid", what, active[0].Name), until)
	default:
		s.replace(active)
		s.hold(v1alpha1.ReasonReplacing, fmt.Sprintf("%s waits until %s, which it replaces, is over", what, active[0].Name), until)
	}
}

// hold notes what holds a run back; the first one is told.
func (s *scene) hold(reason, message string, until time.Time) {
	if s.held == nil {
		s.held = &held{reason: reason, message: message, until: until}
		return
	}
	s.held.until = earliest(s.held.until, until)
}

// replace deletes the runs that are not over, but for those of which it is not recorded yet that they were started. One that lies more than an hour
// ahead, as the clock was wrong, is not waited for.
func (s *scene) replace(active []Run) {
	for _, run := range active {
		if run.Owned && !run.Deleting && !run.Paused && (s.dealtWith(run) || run.Due.After(s.Now.Add(ahead))) {
			s.decision.Delete = append(s.decision.Delete, Deletion{Run: run, Replaced: true})
		}
	}
}

// refused returns why a run was not created, as long as it is not to be tried again.
func (s *scene) refused(name string) *Refusal {
	for i := range s.Refusals {
		if refusal := &s.Refusals[i]; refusal.Name == name && s.Now.Before(refusal.Until) {
			return refusal
		}
	}
	return nil
}

// earliest is the earlier of two times; zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
