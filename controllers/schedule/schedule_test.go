package schedule

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// night is two in the night, when the cron task of these tests is due.
var night = time.Date(2026, 11, 30, 2, 0, 0, 0, time.UTC)

// seen is a cron task that is due at two every night, and was dealt with up to the night before.
func seen(at time.Time, change ...func(*Seen)) Seen {
	before := metav1.NewTime(night.Add(-24 * time.Hour))
	s := Seen{
		Now: at, Name: "backup", Created: night.Add(-72 * time.Hour), Generation: 1, Zone: time.UTC, Proven: true,
		Spec: v1alpha1.MesosCronTaskSpec{
			Schedule: "0 2 * * *", StartingDeadlineSeconds: new(int32(600)), ConcurrencyPolicy: v1alpha1.ConcurrencyAllow,
			SuccessfulTasksHistoryLimit: new(int32(3)), FailedTasksHistoryLimit: new(int32(1)),
		},
		Status: v1alpha1.MesosCronTaskStatus{ObservedGeneration: 1, LastConsideredTime: &before, LastScheduleTime: &before, ConsideredSchedule: "0 2 * * * UTC"},
	}
	for _, change := range change {
		change(&s)
	}
	// What is to be recorded before anything else is.
	return s
}

// settled is seen with the status that it leads to while nothing is due.
func settled(at time.Time, change ...func(*Seen)) Seen {
	s := seen(at.Add(-time.Hour), change...)
	s.Status = Next(s).Status
	s.Now = at
	return s
}

func policy(policy v1alpha1.ConcurrencyPolicy) func(*Seen) {
	return func(s *Seen) { s.Spec.ConcurrencyPolicy = policy }
}

// with adds a run of a night, so many nights ago.
func with(nights int, change ...func(*Run)) func(*Seen) {
	due := night.Add(-time.Duration(nights) * 24 * time.Hour)
	run := Run{Name: RunName("backup", due), UID: "u", Due: due, Owned: true}
	for _, change := range change {
		change(&run)
	}
	return func(s *Seen) { s.Runs = append(s.Runs, run) }
}

func over(succeeded bool) func(*Run) {
	return func(run *Run) { run.Over, run.Succeeded, run.Ended = true, succeeded, run.Due.Add(time.Minute) }
}

func TestNext_whatIsDone(t *testing.T) {
	tonight, last := RunName("backup", night), RunName("backup", night.Add(-24*time.Hour))
	requested := func(value string) func(*Seen) { return func(s *Seen) { s.Request = value } }
	suspended := func(s *Seen) { s.Spec.Suspend = true }
	cases := map[string]struct {
		seen Seen
		// create is the run to create, deleted and taken those to delete and to take over, behind the reason of condition Behind.
		create, deleted, taken, behind string
		// ready is the reason of condition Ready; Scheduled if empty.
		ready string
	}{
		"nothing is due before its time":        {seen: settled(night.Add(-time.Nanosecond))},
		"a run is due at its time":              {seen: settled(night), create: tonight},
		"a run is due within its deadline":      {seen: settled(night.Add(10 * time.Minute)), create: tonight},
		"a run is missed after that":            {seen: settled(night.Add(10*time.Minute + 1)), behind: "RunMissed"},
		"an existing run is not created again":  {seen: settled(night.Add(time.Minute), with(0)), create: ""},
		"of several the last one is due":        {seen: settled(night.Add(72*time.Hour + time.Minute)), create: RunName("backup", night.Add(72*time.Hour))},
		"one that is deleted does nothing":      {seen: settled(night, func(s *Seen) { s.Deleting = true }), ready: "none"},
		"Allow lets two run":                    {seen: settled(night, with(1)), create: tonight},
		"Forbid waits":                          {seen: settled(night, policy("Forbid"), with(1)), behind: "RunActive"},
		"Forbid waits for one that is deleted":  {seen: settled(night, policy("Forbid"), with(1, over(true), func(run *Run) { run.Deleting = true })), behind: "RunActive"},
		"Forbid does not wait for what is over": {seen: settled(night, policy("Forbid"), with(1, over(false))), create: tonight},
		"Forbid starts late":                    {seen: settled(night.Add(9*time.Minute), policy("Forbid"), with(1, over(true))), create: tonight},
		"Replace deletes":                       {seen: settled(night, policy("Replace"), with(1)), deleted: last, behind: "Replacing"},
		"Replace deletes once":                  {seen: settled(night, policy("Replace"), with(1, func(run *Run) { run.Deleting = true })), behind: "Replacing"},
		"Replace starts when that is gone":      {seen: settled(night.Add(time.Minute), policy("Replace")), create: tonight},
		"suspended, nothing is due":             {seen: settled(night, suspended), ready: "Suspended"},
		"a run that is asked for is created":    {seen: settled(night.Add(-time.Hour), requested("now")), create: "backup-ed5eb9a3r"},
		"also while suspended":                  {seen: settled(night, suspended, requested("now")), create: "backup-ed5eb9a3r", ready: "Suspended"},
		"once": {seen: settled(night.Add(-time.Hour), requested("now"), func(s *Seen) {
			s.Status.LastRequestedRun = "backup-ed5eb9a3r"
		})},
		"Forbid lets it wait":                                      {seen: settled(night.Add(-time.Hour), policy("Forbid"), requested("now"), with(1)), behind: "RunActive"},
		"a request of long ago does nothing":                       {seen: settled(night, suspended, requested("2026-11-30T01:40:00Z")), ready: "Suspended"},
		"one of just now does":                                     {seen: settled(night, suspended, requested("2026-11-30T01:59:00Z")), create: RequestName("backup", "2026-11-30T01:59:00Z"), ready: "Suspended"},
		"a run of nobody's is taken over":                          {seen: settled(night.Add(-time.Minute), with(1, func(run *Run) { run.Owned = false })), taken: last},
		"a run that lost its MesosTask":                            {seen: seen(night.Add(-time.Hour), begun(false), func(s *Seen) { s.Lost = []string{last} }), create: last},
		"before the proof nothing begins":                          {seen: seen(night.Add(time.Minute), begun(false), func(s *Seen) { s.Proven = false }), ready: "AwaitingFramework"},
		"without a framework neither":                              {seen: seen(night.Add(time.Minute), begun(false), func(s *Seen) { s.Obstacle = &Obstacle{"FrameworkNotFound", "why"} }), ready: "FrameworkNotFound"},
		"a manager that is too old":                                {seen: settled(night, func(s *Seen) { s.Obstacle = &Obstacle{"ManagerTooOld", "why"} }), behind: "ManagerTooOld", ready: "ManagerTooOld"},
		"what goes on needs no proof":                              {seen: settled(night, func(s *Seen) { s.Proven = false }), create: tonight},
		"Forbid waits for the proof":                               {seen: settled(night, policy("Forbid"), func(s *Seen) { s.Proven = false }), behind: "AwaitingFramework", ready: "AwaitingFramework"},
		"Replace does, too":                                        {seen: settled(night, policy("Replace"), func(s *Seen) { s.Proven = false }), behind: "AwaitingFramework", ready: "AwaitingFramework"},
		"without a proof it is missed at last":                     {seen: settled(night.Add(10*time.Minute+1), policy("Forbid"), func(s *Seen) { s.Proven = false }), behind: "RunMissed"},
		"nothing is missed before the proof":                       {seen: settled(night.Add(48*time.Hour+time.Minute), policy("Forbid"), func(s *Seen) { s.Proven = false }), behind: "AwaitingFramework", ready: "AwaitingFramework"},
		"a lost run that is recorded":                              {seen: settled(night.Add(-time.Hour), lost(last)), create: last},
		"a lost run comes before one due":                          {seen: settled(night, policy("Forbid"), lost(last)), create: last},
		"also one that was due long ago":                           {seen: settled(night.Add(-time.Hour), lost(RunName("backup", night.Add(-96*time.Hour)))), create: RunName("backup", night.Add(-96*time.Hour))},
		"also one that was asked for":                              {seen: settled(night.Add(-time.Hour), lost("backup-ed5eb9a3r")), create: "backup-ed5eb9a3r"},
		"not the name of another":                                  {seen: settled(night.Add(-time.Hour), lost("backups-29925720"))},
		"Forbid waits for a lost run":                              {seen: settled(night, policy("Forbid"), lost(last), refused("RunRefused", last)), behind: "RunActive"},
		"Replace waits for a lost run":                             {seen: settled(night, policy("Replace"), lost(last), refused("RunRefused", last)), behind: "Replacing"},
		"Allow does not":                                           {seen: settled(night, lost(last), refused("RunRefused", last)), create: tonight},
		"a run due that lives itself":                              {seen: settled(night, policy("Forbid"), lost(tonight)), create: tonight},
		"no such zone":                                             {seen: settled(night, func(s *Seen) { s.Zone = nil }), ready: "InvalidTimeZone"},
		"no such schedule":                                         {seen: settled(night, func(s *Seen) { s.Spec.Schedule = "5-1 * * * *" }), ready: "InvalidSchedule"},
		"a schedule that never comes":                              {seen: settled(night, func(s *Seen) { s.Spec.Schedule = "0 0 31 2 *" }), ready: "InvalidSchedule"},
		"an invalid schedule, and a request":                       {seen: settled(night, requested("now"), func(s *Seen) { s.Spec.Schedule = "nightly" }), create: "backup-ed5eb9a3r", ready: "InvalidSchedule"},
		"a name that is taken":                                     {seen: settled(night, refused("NameTaken", tonight)), behind: "NameTaken", ready: "NameTaken"},
		"a quota":                                                  {seen: settled(night, refused("RunRefused", tonight)), behind: "RunRefused", ready: "RunRefused"},
		"the refusal of another run":                               {seen: settled(night, refused("NameTaken", last)), create: tonight},
		"history keeps one failed run":                             {seen: recordedSeen(night.Add(-time.Hour), with(1, over(false)), with(2, over(false))), deleted: RunName("backup", night.Add(-48*time.Hour))},
		"and three that succeeded":                                 {seen: recordedSeen(night.Add(-time.Hour), with(1, over(true)), with(2, over(true)), with(3, over(true)), with(4, over(true))), deleted: RunName("backup", night.Add(-96*time.Hour))},
		"nothing is deleted that is not known":                     {seen: settledUnknown(night.Add(time.Minute), with(0, over(true)))},
		"one that ended stays until that is recorded":              {seen: settledUnknown(night.Add(-time.Hour), with(1, over(true)), with(1))},
		"and goes then":                                            {seen: recordedSeen(night.Add(-time.Hour), keepNone, with(1, over(true))), deleted: last},
		"one that a clock ahead started stays, lest it come again": {seen: recordedSeen(night.Add(-time.Hour), keepNone, with(0, over(true)))},
		"a paused one stays":                                       {seen: recordedSeen(night.Add(-time.Hour), with(1, over(false)), with(2, over(false), func(run *Run) { run.Paused = true }))},
		"a clock that was a year ahead": {seen: settled(night, func(s *Seen) {
			future := metav1.NewTime(night.AddDate(1, 0, 0))
			s.Status.LastScheduleTime, s.Status.LastConsideredTime = &future, &future
		}), create: tonight},
		"a clock that was half an hour ahead": {seen: seen(night, func(s *Seen) {
			future := metav1.NewTime(night.Add(30 * time.Minute))
			s.Status.LastScheduleTime, s.Status.LastConsideredTime = &future, &future
		})},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			got := Next(tc.seen)
			create := ""
			if got.Create != nil {
				create = got.Create.Name
			}
			if create != tc.create {
				t.Errorf("creates %q, want %q", create, tc.create)
			}
			var deleted, taken []string
			for _, deletion := range got.Delete {
				deleted = append(deleted, deletion.Name)
			}
			for _, run := range got.TakeOver {
				taken = append(taken, run.Name)
			}
			if strings.Join(deleted, " ") != tc.deleted || strings.Join(taken, " ") != tc.taken {
				t.Errorf("deletes %q and takes over %q, want %q and %q", deleted, taken, tc.deleted, tc.taken)
			}
			if reason := reasonOf(got, "Behind"); reason != tc.behind {
				t.Errorf("is behind as %q, want %q", reason, tc.behind)
			}
			ready := tc.ready
			if ready == "" {
				ready = "Scheduled"
			}
			if reason := reasonOf(got, "Ready"); reason != ready && tc.ready != "none" {
				t.Errorf("is ready as %q, want %q", reason, ready)
			}
			if !tc.seen.Deleting && !got.Check.After(tc.seen.Now) {
				t.Errorf("looks again at %v, and it is %v", got.Check, tc.seen.Now)
			}
		})
	}
}

func reasonOf(decision Decision, condition string) string {
	if found := meta.FindStatusCondition(decision.Status.Conditions, condition); found != nil {
		return found.Reason
	}
	return ""
}

func begun(begun bool) func(*Seen) {
	return func(s *Seen) {
		if !begun {
			s.Status = v1alpha1.MesosCronTaskStatus{ObservedGeneration: -1}
		}
	}
}

// lost says that a run lives in Mesos without a MesosTask.
func lost(name string) func(*Seen) {
	return func(s *Seen) { s.Lost = append(s.Lost, name) }
}

func refused(reason, name string) func(*Seen) {
	return func(s *Seen) {
		s.Refusals = append(s.Refusals, Refusal{Name: name, Reason: reason, Message: "why", Until: night.Add(time.Minute)})
	}
}

// keepNone keeps no run that succeeded.
func keepNone(s *Seen) { s.Spec.SuccessfulTasksHistoryLimit = new(int32(0)) }

// recordedSeen is seen with all that there is to record of it recorded.
func recordedSeen(at time.Time, change ...func(*Seen)) Seen {
	s := settled(at, change...)
	s.Status = Next(s).Status
	return s
}

// settledUnknown is seen with a run that is over, of which what was before is recorded alone: not its start, where there was nothing.
func settledUnknown(at time.Time, run func(*Seen), before ...func(*Seen)) Seen {
	s := settled(at, before...)
	keepNone(&s)
	s.Runs = nil
	run(&s)
	return s
}

// TestNext_countsWhatWasMissed goes away for some time and comes back.
func TestNext_countsWhatWasMissed(t *testing.T) {
	cases := map[string]struct {
		schedule string
		away     time.Duration
		missed   int64
		create   bool
		message  string
	}{
		"forty days of every minute":  {"* * * * *", 40 * 24 * time.Hour, 1000, true, "at least 1000 runs were missed, the last one that of 2027-01-09T02:04:00Z"},
		"an hour of every minute":     {"* * * * *", time.Hour, 59 + 5, true, "64 runs were missed"},
		"forty nights":                {"0 2 * * *", 40*24*time.Hour + 15*time.Minute, 41, false, "41 runs were missed, the last one that of 2027-01-09T02:00:00Z"},
		"forty nights, and back soon": {"0 2 * * *", 40 * 24 * time.Hour, 40, true, "40 runs were missed"},
		"an interval":                 {"@every 7m", 70 * time.Minute, 9, true, "9 runs were missed"},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			s := seen(night.Add(-time.Minute), func(s *Seen) {
				s.Spec.Schedule, s.Status.ConsideredSchedule = tc.schedule, tc.schedule+" UTC"
				before := metav1.NewTime(night.Add(time.Second * 0))
				if tc.schedule == "0 2 * * *" {
					before = metav1.NewTime(night.Add(-time.Minute))
				}
				s.Status.LastConsideredTime, s.Status.LastScheduleTime = &before, &before
			})
			s.Now = night.Add(tc.away + 5*time.Minute)
			began := time.Now()
			got := Next(s)
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %v", took)
			}
			if (got.Create != nil) != tc.create || got.Status.MissedRuns != tc.missed {
				t.Errorf("creates %+v and counts %d missed, want %v and %d", got.Create, got.Status.MissedRuns, tc.create, tc.missed)
			}
			if len(got.Events) != 1 || !strings.HasPrefix(got.Events[0].Message, tc.message) || !got.Events[0].Warning {
				t.Errorf("events are %+v, want one that begins with %q", got.Events, tc.message)
			}
		})
	}
}

// TestNext_changesOfTheSchedule: what was due by another schedule, or while it was suspended, does not run.
func TestNext_changesOfTheSchedule(t *testing.T) {
	s := settled(night.Add(4 * time.Minute))
	s.Spec.Schedule, s.Generation = "*/5 * * * *", 2
	got := Next(s)
	if got.Create != nil || got.Status.MissedRuns != 0 || !got.Status.NextScheduleTime.Equal(new(metav1.NewTime(night.Add(5*time.Minute)))) {
		t.Errorf("a changed schedule creates %+v, next is %v", got.Create, got.Status.NextScheduleTime)
	}
	s.Status, s.Now = got.Status, night.Add(5*time.Minute)
	if got = Next(s); got.Create == nil {
		t.Error("the changed schedule does not count from then on")
	}

	s = settled(night.Add(-time.Hour), func(s *Seen) { s.Spec.Suspend = true })
	s.Status = Next(s).Status
	s.Spec.Suspend, s.Now = false, night.Add(time.Minute)
	if got = Next(s); got.Create != nil || got.Status.MissedRuns != 0 || reasonOf(got, "Suspended") != "" {
		t.Errorf("after it was suspended it makes up for %+v, missed %d", got.Create, got.Status.MissedRuns)
	}
}

// TestNext_crashes: a run whose creation is the last that a process did is dealt with, also past its deadline.
func TestNext_crashes(t *testing.T) {
	got := Next(settled(night.Add(time.Hour), with(0)))
	if !got.Status.LastScheduleTime.Time.Equal(night) || got.Status.MissedRuns != 0 || got.Create != nil {
		t.Errorf("an existing run is recorded as %v, missed %d", got.Status.LastScheduleTime, got.Status.MissedRuns)
	}
	if again := Next(Seen{Now: night.Add(time.Hour), Name: "backup", Created: night.Add(-72 * time.Hour), Generation: 1, Zone: time.UTC, Spec: settled(night).Spec, Status: got.Status}); again.Create != nil {
		t.Errorf("once that is recorded and it is gone, it is created again: %+v", again.Create)
	}
}

func TestNext_tellsEnds(t *testing.T) {
	s := recordedSeen(night.Add(-time.Hour), with(1))
	if s.Status.Active != 1 || len(s.Status.ActiveRuns) != 1 {
		t.Fatalf("%d active: %v", s.Status.Active, s.Status.ActiveRuns)
	}
	s.Runs = nil
	with(1, over(true))(&s)
	got := Next(s)
	if len(got.Events) != 1 || got.Events[0].Reason != v1alpha1.EventRunSucceeded || got.Status.Active != 0 || !got.Status.LastSuccessfulTime.Time.Equal(night.Add(-24*time.Hour+time.Minute)) {
		t.Errorf("events %+v, status %+v", got.Events, got.Status)
	}
}

func TestParseRunName(t *testing.T) {
	for name, want := range map[string]bool{
		"backup-29925720": true, "backup-f9320bafr": true, RunName("backup", night): true, RequestName("backup", ""): true,
		"backup": false, "backup-": false, "backup-1": false, "backup-029925720": false, "backup-+29925720": false, "backup-f9320baf": false, "backup-F9320BAFr": false,
		"backup-x-29925720": false, "other-29925720": false, "backup-299257200": false,
	} {
		if _, _, ok := ParseRunName("backup", name); ok != want {
			t.Errorf("%s is a run's name: %v", name, ok)
		}
		if cron, ok := CronOf(name); ok != want && name != "backup-x-29925720" && name != "other-29925720" || ok && want && cron != "backup" {
			t.Errorf("%s is a run of %q: %v", name, cron, ok)
		}
	}
	if due, _, _ := ParseRunName("backup", RunName("backup", night.Add(30*time.Second))); !due.Equal(night) {
		t.Errorf("the minute of a name is %v", due)
	}
}
