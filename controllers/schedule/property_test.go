package schedule

import (
	"maps"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"pgregory.net/rapid"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// model is an API server with one cron task, and processes that look after it, crash and read what is old.
type model struct {
	*rapid.T
	now, created time.Time
	spec         v1alpha1.MesosCronTaskSpec
	zone         *time.Location
	times        times
	// status and runs are what is durable; earlier ones are what a cache may still show.
	status, earlier v1alpha1.MesosCronTaskStatus
	runs, before    map[string]Run
	// live are the runs that live in Mesos; proven is whether the operator knows.
	live   map[string]bool
	proven bool
	// saved is what was saved of the API server.
	saved     v1alpha1.MesosCronTaskStatus
	savedRuns map[string]Run
	// creations counts how often each name was created, forgiven how often it may have been once more, as the clock was wrong; lookedAt is the latest that a process saw on its clock.
	creations, forgiven map[string]int
	lookedAt            time.Time
}

// look asks what to do, of what is durable, or of what a cache shows after a failover.
func (m *model) look(stale bool) Decision {
	status, runs := m.status, m.runs
	if stale {
		status, runs = m.earlier, m.before
	}
	m.lookedAt = latest(m.lookedAt, m.now)
	var lost []string
	for _, name := range slices.Sorted(maps.Keys(m.live)) {
		if _, ok := runs[name]; !ok && m.proven {
			lost = append(lost, name)
		}
	}
	return Next(Seen{
		Now: m.now, Name: "x", Created: m.created, Generation: 1, Spec: m.spec, Status: status, Zone: m.zone, Proven: m.proven, Runs: slices.Collect(maps.Values(runs)),
		Lost: lost,
	})
}

// remember keeps what a cache may still show later.
func (m *model) remember() { m.earlier, m.before = *m.status.DeepCopy(), maps.Clone(m.runs) }

// work is what the shell does: it creates, writes the status and deletes, until nothing is left to do or it dies. Stale is whether its cache shows what was.
func (m *model) work(stale bool, steps int) (done bool) {
	for range steps {
		decision := m.look(stale)
		switch {
		case decision.Create != nil:
			if stale {
				// It reads the cron task live before it creates.
				stale = false
				continue
			}
			if _, ok := m.runs[decision.Create.Name]; ok {
				m.Fatalf("creates %s, which it sees", decision.Create.Name)
			}
			if !m.live[decision.Create.Name] {
				m.creations[decision.Create.Name]++
			}
			m.live[decision.Create.Name] = true
			m.runs[decision.Create.Name] = Run{Name: decision.Create.Name, Due: decision.Create.Due, Owned: true}
			m.check()
		case !equality.Semantic.DeepEqual(decision.Status, m.status):
			if stale {
				// The patch tests the revision.
				stale = false
				continue
			}
			m.status = decision.Status
			if slices.ContainsFunc(decision.Events, func(event Event) bool { return event.Reason == v1alpha1.EventClockWentBack }) {
				// What the clock showed wrongly comes again, by the clock as it is now.
				for name := range m.creations {
					if due, _, _ := ParseRunName("x", name); due.Add(time.Minute).After(m.now) {
						m.forgiven[name]++
					}
				}
			}
		case len(decision.Delete) > 0:
			for _, deletion := range decision.Delete {
				if deletion.Replaced && deletion.Due.After(m.now) {
					m.forgiven[deletion.Name]++
				}
				delete(m.runs, deletion.Name)
				delete(m.live, deletion.Name)
			}
			stale = false
		case stale:
			// Its cache catches up.
			stale = false
		default:
			return true
		}
	}
	return false
}

func (m *model) check() {
	for name, n := range m.creations {
		if n > 1+m.forgiven[name] {
			m.Fatalf("%s was created %d times", name, n)
		}
	}
	if m.spec.ConcurrencyPolicy != v1alpha1.ConcurrencyAllow && len(m.live) > 1 {
		m.Fatalf("%v live by policy %s", m.live, m.spec.ConcurrencyPolicy)
	}
}

// restore brings the API server back to what was saved, while what runs in Mesos runs on. The operator acts before it knows what lives.
func (m *model) restore() {
	for name := range m.creations {
		if _, known := m.savedRuns[name]; !known && !m.live[name] {
			// Nobody knows of it any more.
			m.forgiven[name]++
		}
	}
	m.status, m.runs = *m.saved.DeepCopy(), maps.Clone(m.savedRuns)
	for name, run := range m.runs {
		if !run.Over && !m.live[name] {
			// Mesos tells that it is over.
			run.Over, run.Succeeded, run.Ended = true, true, m.now
			m.runs[name] = run
		}
	}
	m.remember()
	m.proven = false
	m.work(false, rapid.IntRange(0, 3).Draw(m.T, "steps before the proof"))
	m.proven = true
	if m.status.LastConsideredTime != nil && !m.work(false, 200) {
		m.Fatal("there is no end to what is to be done after a restore")
	}
	for name := range m.live {
		if _, ok := m.runs[name]; !ok && m.status.LastConsideredTime != nil {
			m.Fatalf("%s lives and has no MesosTask", name)
		}
	}
}

// checkDue says that nothing is lost: what is due by the clock, and that no process has seen pass, by its deadline or by the next, was started.
func (m *model) checkDue() {
	due := m.times.last(m.created, m.now)
	deadline := due.Add(time.Duration(*m.spec.StartingDeadlineSeconds) * time.Second)
	if due.IsZero() || m.lookedAt.After(deadline) || m.spec.ConcurrencyPolicy == v1alpha1.ConcurrencyForbid {
		return
	}
	if next := m.times.next(due); !next.IsZero() && !m.lookedAt.Before(next) {
		return
	}
	if _, ok := m.runs[RunName("x", due)]; !ok && m.creations[RunName("x", due)] == 0 {
		m.Fatalf("at %v the run of %v was not started; considered up to %v", m.now, due, m.status.LastConsideredTime)
	}
}

var (
	schedules = []string{"* * * * *", "*/17 * * * *", "30 2 * * *", "0 0,1,2,3 * * SUN", "@every 61m", "0 12 1 * *"}
	zones     = []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"}
	policies  = []v1alpha1.ConcurrencyPolicy{v1alpha1.ConcurrencyAllow, v1alpha1.ConcurrencyForbid, v1alpha1.ConcurrencyReplace}
)

// TestNext_noRunTwiceAndNoneLost goes through two years of clocks that are set, of crashes between any two steps, of caches that lag, of outages and of
// restores of the API server.
func TestNext_noRunTwiceAndNoneLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minutes")) * time.Minute)
		location, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		m := &model{T: t, now: start, created: start, zone: location, runs: map[string]Run{}, creations: map[string]int{}, live: map[string]bool{}, proven: true, savedRuns: map[string]Run{}, forgiven: map[string]int{}, spec: v1alpha1.MesosCronTaskSpec{
			Schedule: rapid.SampledFrom(schedules).Draw(t, "schedule"), TimeZone: location.String(), ConcurrencyPolicy: rapid.SampledFrom(policies).Draw(t, "policy"),
			StartingDeadlineSeconds: new(rapid.SampledFrom([]int32{1, 59, 600, 100_000}).Draw(t, "deadline")),
			// What is over goes at once, or nearly.
			SuccessfulTasksHistoryLimit: new(rapid.Int32Range(0, 1).Draw(t, "kept")), FailedTasksHistoryLimit: new(int32(0)),
		}}
		if m.times, err = read(m.spec.Schedule, location); err != nil {
			t.Fatal(err)
		}
		for end, steps := start.AddDate(2, 0, 0), 0; m.now.Before(end) && steps < 150; steps++ {
			m.remember()
			m.step()
		}
	})
}

// step lets something happen.
func (m *model) step() {
	switch rapid.IntRange(0, 13).Draw(m.T, "what") {
	case 0:
		m.now = m.now.Add(40 * 24 * time.Hour)
	case 1:
		m.now = m.now.Add(time.Duration(rapid.IntRange(-1800, 1800).Draw(m.T, "set by")) * time.Second)
	case 2:
		m.now = m.now.Add(-time.Duration(rapid.IntRange(1, 200).Draw(m.T, "set back by hours")) * time.Hour)
	case 3, 4:
		// A crash, at any step; the successor's cache may lag.
		m.work(rapid.Bool().Draw(m.T, "stale"), rapid.IntRange(0, 3).Draw(m.T, "steps"))
	case 5, 6, 7:
		for _, name := range slices.Sorted(maps.Keys(m.runs)) {
			run := m.runs[name]
			run.Over, run.Succeeded, run.Ended = true, rapid.Bool().Draw(m.T, "succeeds"), m.now
			m.runs[name] = run
			delete(m.live, name)
		}
	case 8, 9:
		if next := m.times.next(m.now); m.times.every == 0 && !next.IsZero() {
			m.now = next
		}
	case 10:
		m.saved, m.savedRuns = *m.status.DeepCopy(), maps.Clone(m.runs)
	case 11:
		m.restore()
	default:
		m.now = m.now.Add(time.Duration(rapid.IntRange(1, 20*24*3600).Draw(m.T, "seconds")) * time.Second)
	}
	if rapid.Bool().Draw(m.T, "works") {
		stale := rapid.Bool().Draw(m.T, "lags")
		if !m.work(stale, 20) {
			m.Fatal("there is no end to what is to be done")
		}
		m.check()
		if m.times.every == 0 {
			m.checkDue()
		}
	}
}
