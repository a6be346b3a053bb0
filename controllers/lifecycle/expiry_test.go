package lifecycle

import (
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func ttl(seconds int32) func(*v1alpha1.MesosTaskSpec) {
	return func(spec *v1alpha1.MesosTaskSpec) { spec.TTLSecondsAfterFinished = &seconds }
}

// TestNext_ttl: only what has come to its end is deleted, and not before it has been so for long enough.
func TestNext_ttl(t *testing.T) {
	minute := ttl(60)
	never := newStory(minute)
	never.Obstacle = &Obstacle{Reason: v1alpha1.ReasonInvalidSpec, Message: "No", Stalled: true}
	tooOld := newStory(minute, deadline(60)).later(time.Minute)
	tooOld.Proven = true
	tooOld.look()
	for name, c := range map[string]struct {
		story *story
		after time.Duration
		then  func(*story)
		want  bool
	}{
		"what completed":                             {ended(mesos.TaskFinished, onlyOnce, minute), 61 * time.Second, nil, true},
		"not before":                                 {ended(mesos.TaskFinished, onlyOnce, minute), 60 * time.Second, nil, false},
		"what failed":                                {ended(mesos.TaskFailed, onlyOnce, minute), 61 * time.Second, nil, true},
		"what ran out of restarts":                   {ended(mesos.TaskFailed, maxRestarts(0), minute), 61 * time.Second, nil, true},
		"what Mesos refused":                         {ended(mesos.TaskError, minute), 61 * time.Second, nil, true},
		"what ran out of time":                       {expired(minute), 3 * time.Minute, nil, true},
		"at once":                                    {ended(mesos.TaskFinished, onlyOnce, ttl(0)), time.Second, nil, true},
		"never where nothing is said":                {ended(mesos.TaskFinished, onlyOnce), time.Hour, nil, false},
		"what completed and is suspended":            {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.change(suspend).look(); s.later(61 * time.Second) }, true},
		"where its framework is not there any more":  {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.FrameworkID, s.Proven = "", false }, true},
		"not what was restored, without one":         {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.FrameworkID, s.Proven, s.UID = "", false, "uid-2" }, false},
		"not what was never launched, without one":   {tooOld, time.Hour, func(s *story) { s.FrameworkID, s.Proven = "", false }, false},
		"not before Mesos has told all that runs":    {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.Proven = false }, false},
		"not what runs":                              {running(onlyOnce, minute), time.Hour, nil, false},
		"not what is launched again":                 {ended(mesos.TaskFailed, minute), time.Hour, nil, false},
		"not what waits":                             {newStory(minute), time.Hour, nil, false},
		"not what cannot be launched":                {never, time.Hour, nil, false},
		"not what is suspended":                      {newStory(minute).change(suspend), time.Hour, nil, false},
		"not what is paused":                         {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.Paused = true }, false},
		"not what is being deleted":                  {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.change(remove) }, false},
		"not what was changed":                       {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.change(changeHash) }, false},
		"not what a person asked to run again":       {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.RestartRequest = "1" }, false},
		"not what Mesos cannot tell of":              {running(onlyOnce, minute), time.Hour, answer(mesos.TaskUnreachable), false},
		"not what was given up and may still run":    {givenUp(onlyOnce, minute), time.Hour, nil, false},
		"not while another of its name is not over":  {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.Others = []Other{oldOne} }, false},
		"not what an annotation was restored beside": {ended(mesos.TaskFinished, onlyOnce, minute), time.Hour, func(s *story) { s.bind(LaunchUnknown) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := *c.story
			s.Proven, s.Now = true, epoch.Add(c.after)
			if c.then != nil {
				c.then(&s)
			}
			if decision := s.look(); has(decision, StepDelete) != c.want {
				t.Errorf("rule %q takes steps %v", decision.Rule, decision.Steps)
			}
		})
	}
}

// TestNext_ttlIsTimed: the object is looked at again when it is due, and where Mesos must be waited for, soon.
func TestNext_ttlIsTimed(t *testing.T) {
	s := ended(mesos.TaskFinished, onlyOnce, ttl(60))
	checkAgain(t, s.look(), 61*time.Second-1)
	s.later(2 * time.Minute)
	checkAgain(t, s.look(), 2*time.Minute+unprovenRetry)
}

// TestNext_ttlByAClockBehind: a task that came to its end before its object was created, by a clock that is behind the API server's, is deleted in time
// though nothing wakes it.
func TestNext_ttlByAClockBehind(t *testing.T) {
	s := newStory(onlyOnce, ttl(60))
	s.Created, s.Proven = epoch.Add(30*time.Second), true
	s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
	s.says(mesos.TaskFinished).look()
	s.Unacknowledged = nil
	decision, written := s.look(), s.writes
	for ; !has(decision, StepDelete); decision = s.look() {
		switch {
		case s.writes > written:
			// What was written brings the object back.
			written = s.writes
		case decision.Check.IsZero():
			t.Fatalf("at %v rule %q looks no more, and says %+v", s.Now.Sub(epoch), decision.Rule, s.Status.Conditions)
		default:
			s.Now = decision.Check
		}
	}
	if after := s.Now.Sub(s.Created); after < time.Minute || after > 62*time.Second {
		t.Errorf("it is deleted %v after it was created", after)
	}
}

// TestNext_ttlCountsFromTheRecord: an end that happened long ago counts from when it was recorded, so that whoever waits for it can read it.
func TestNext_ttlCountsFromTheRecord(t *testing.T) {
	s := running(onlyOnce, ttl(0))
	s.Proven = true
	s.later(time.Hour).says(mesos.TaskFinished)
	s.Observation.Time = epoch
	if decision := s.look(); has(decision, StepDelete) || succeeded(&s.Status) == nil {
		t.Errorf("as the end is recorded, rule %q takes steps %v", decision.Rule, decision.Steps)
	}
	s.Unacknowledged = nil
	if decision := s.later(time.Second).look(); !has(decision, StepDelete) {
		t.Errorf("a second later rule %q takes steps %v", decision.Rule, decision.Steps)
	}
}

// TestNext_ttlCountsAnew: an end counts from when it was recorded for this object and its spec as it is, and for what it is said to be.
func TestNext_ttlCountsAnew(t *testing.T) {
	const month = 30 * 24 * time.Hour
	for name, c := range map[string]struct {
		story *story
		then  func(*story)
	}{
		"the spec is another":                  {ended(mesos.TaskFailed, onlyOnce, ttl(3600), deadline(60)), func(s *story) { s.change(changeHash) }},
		"it is suspended":                      {ended(mesos.TaskFinished, onlyOnce, ttl(3600)), func(s *story) { s.change(suspend) }},
		"the reason is another":                {ended(mesos.TaskFailed, onlyOnce, ttl(3600)), func(s *story) { succeeded(&s.Status).Reason = v1alpha1.ReasonRefused }},
		"the object was restored, and its end": {ended(mesos.TaskFinished, onlyOnce, ttl(3600)), func(s *story) { s.UID, s.Created = "uid-2", s.Now.Add(-time.Minute) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := c.story.later(month)
			s.Proven = true
			c.then(s)
			for _, passed := range []time.Duration{0, time.Minute, 58 * time.Minute} {
				if decision := s.later(passed).look(); has(decision, StepDelete) {
					t.Fatalf("rule %q deletes it %v later", decision.Rule, s.Now.Sub(epoch.Add(month)))
				}
			}
			if decision := s.later(2 * time.Minute).look(); !has(decision, StepDelete) {
				t.Errorf("an hour later rule %q takes steps %v and says %+v", decision.Rule, decision.Steps, s.Status.Conditions)
			}
		})
	}
}
