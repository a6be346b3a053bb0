package migration

import (
	"strings"
	"testing"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestRepeat_runsWhenChronosDid compares the times of the cron schedule with those that the repetition counts to.
func TestRepeat_runsWhenChronosDid(t *testing.T) {
	for _, test := range []struct{ schedule, zone, want string }{
		{"R/2024-01-01T00:03:00Z/PT10M", "", "3-59/10 * * * *"},
		{"R/2024-01-01T00:00:00Z/PT1M", "", "* * * * *"},
		{"R/2024-01-01T00:05:00Z/PT1H", "", "5 * * * *"},
		{"R/2024-01-01T02:30:00Z/PT6H", "", "30 2-23/6 * * *"},
		{"R/2024-01-01T02:30:00Z/PT24H", "", "30 2 * * *"},
		{"R/2024-01-01T02:30:00+02:00/P1D", "", "30 0 * * *"},
		{"R/2024-01-01T02:30:00Z/P1D", "America/New_York", "30 2 * * *"},
		{"R/2024-01-03T05:00:00Z/P7D", "", "0 5 * * 3"},
		{"R/2024-01-03T05:00:00Z/P1W", "", "0 5 * * 3"},
		{"R/2024-02-15T06:00:00Z/P3M", "", "0 6 15 2-12/3 *"},
		{"R/2024-02-15T06:00:00Z/P1M", "", "0 6 15 * *"},
		{"R/2024-02-15T06:00:00Z/P1Y", "", "0 6 15 2 *"},
		{"R/2024-02-15T06:00:00Z/PT90M", "", "@every 1h30m"},
		{"R/2024-02-15T06:00:00Z/P2D", "", "@every 48h"},
		{"R/2024-01-31T06:00:00Z/P1M", "", "refused"},
		{"R/2024-01-01T06:00:00Z/P5M", "", "refused"},
		{"R/2024-01-01T06:00:00Z/PT30S", "", "refused"},
		{"R/2024-01-01T06:00:00Z/P1MT1H", "", "refused"},
		{"R/2024-01-01T06:00:00Z/P", "", "refused"},
		{"R/2024-01-01T06:00:00Z/PT0S", "", "refused"},
		{"R/yesterday/PT1H", "", "refused"},
		{"R/2024-01-01T06:00:00Z/PT1H", "Local", "refused"},
		{"0 * * * *", "", "refused"},
	} {
		b := newBook()
		c := &conversion{definition: &definition{book: b}, options: Options{Now: when}}
		c.cron = &v1alpha1.MesosCronTaskSpec{}
		c.repeat(node{path: "schedule", value: test.schedule, book: b}, node{path: "scheduleTimeZone", value: test.zone, book: b})
		if b.refused() {
			c.cron.Schedule = "refused"
		}
		if c.cron.Schedule != test.want {
			t.Errorf("%s is %q, not %q: %v", test.schedule, c.cron.Schedule, test.want, b.remarks)
		}
		if strings.HasPrefix(test.want, "@") || test.want == "refused" || test.zone != "" {
			continue
		}
		parts := strings.Split(test.schedule, "/")
		p, err := parsePeriod(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		at, err := parseStart(parts[1], time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		schedule, err := cron.ParseStandard(c.cron.Schedule)
		if err != nil {
			t.Fatal(err)
		}
		for range 500 {
			next := at.AddDate(0, int(p.months), 0).Add(time.Duration(p.seconds) * time.Second)
			if got := schedule.Next(at); !got.Equal(next) {
				t.Errorf("%s: after %s comes %s, and by %s %s", test.schedule, at, next, c.cron.Schedule, got)
				break
			}
			at = next
		}
	}
}

func TestQuartz(t *testing.T) {
	for quartz, want := range map[string]string{
		"0 0/20 8-18 ? * MON-FRI": "0/20 8-18 ? * MON-FRI", "0 15 3 ? * 1": "15 3 ? * 0", "0 0 12 1 * ?": "0 12 1 * ?", "0 0 0 ? * 2-6 *": "0 0 ? * 1-5",
		"0 0 8 ? * 6L": "refused", "0 0 8 ? * 6#3": "refused", "0 0 8 LW * ?": "refused", "*/5 * * * * ?": "refused", "0 0 8 1 1 ? 2027": "refused", "* *": "refused",
	} {
		b := newBook()
		c := &conversion{definition: &definition{book: b}}
		c.cron = &v1alpha1.MesosCronTaskSpec{}
		c.quartz(node{path: "quartzSchedule", value: quartz, book: b})
		if b.refused() {
			c.cron.Schedule = "refused"
		}
		if c.cron.Schedule != want {
			t.Errorf("%s is %q, not %q: %v", quartz, c.cron.Schedule, want, b.remarks)
		}
	}
}
