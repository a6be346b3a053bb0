package schedule

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestTimes_leaps lists the times of schedules around leaps of the clock: in both hemispheres, of half an hour, of a whole day.
func TestTimes_leaps(t *testing.T) {
	cases := map[string]struct {
		schedule, zone, from, until string
		want                        []string
	}{
		"a leap forward skips the time":     {"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00+01:00", "2026-03-31T00:00:00+02:00", []string{"2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"}},
		"a time that comes twice runs once": {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", "2026-10-26T12:00:00+01:00", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		"every hour goes on through both":   {"0 * * * *", "Europe/Berlin", "2026-10-25T01:30:00+02:00", "2026-10-25T03:30:00+01:00", []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"}},
		"every hour knows no gap in spring": {"0 * * * *", "Europe/Berlin", "2026-03-29T00:30:00+01:00", "2026-03-29T04:30:00+02:00", []string{"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"}},
		"some hours run once":               {"0 1-3 * * *", "Europe/Berlin", "2026-10-25T00:30:00+02:00", "2026-10-25T06:00:00+01:00", []string{"2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00"}},
		"asked in the second of two hours":  {"*/30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", "2026-10-26T02:10:00+01:00", []string{"2026-10-26T02:00:00+01:00"}},
		"autumn in April":                   {"15 2 * * *", "Australia/Sydney", "2026-04-04T12:00:00+11:00", "2026-04-06T12:00:00+10:00", []string{"2026-04-05T02:15:00+11:00", "2026-04-06T02:15:00+10:00"}},
		"spring in October":                 {"15 2 * * *", "Australia/Sydney", "2026-10-03T12:00:00+10:00", "2026-10-05T12:00:00+11:00", []string{"2026-10-05T02:15:00+11:00"}},
		"half an hour comes twice":          {"*/15 1 * * *", "Australia/Lord_Howe", "2026-04-05T00:30:00+11:00", "2026-04-05T06:00:00+10:30", []string{"2026-04-05T01:00:00+11:00", "2026-04-05T01:15:00+11:00", "2026-04-05T01:30:00+11:00", "2026-04-05T01:45:00+11:00"}},
		"half an hour is skipped":           {"0,15,30,45 2 * * *", "Australia/Lord_Howe", "2026-10-04T00:00:00+10:30", "2026-10-04T06:00:00+11:00", []string{"2026-10-04T02:30:00+11:00", "2026-10-04T02:45:00+11:00"}},
		"every half hour through both":      {"*/30 * * * *", "Australia/Lord_Howe", "2026-04-05T01:10:00+11:00", "2026-04-05T02:10:00+10:30", []string{"2026-04-05T01:30:00+11:00", "2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30"}},
		"a day that never was":              {"0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00", []string{"2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00"}},
		"the day alone that never was":      {"0 12 30 12 *", "Pacific/Apia", "2011-06-01T00:00:00-11:00", "2013-01-01T00:00:00+14:00", []string{"2012-12-30T12:00:00+14:00"}},
		"midnight that is skipped":          {"0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00+02:00", "2026-04-25T12:00:00+03:00", []string{"2026-04-25T00:00:00+03:00"}},
		"midnight that comes twice":         {"0 0 * * *", "America/Havana", "2026-10-31T12:00:00-04:00", "2026-11-02T12:00:00-05:00", []string{"2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"}},
		"the 29th of February":              {"0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2029-01-01T00:00:00Z", []string{"2028-02-29T00:00:00Z"}},
		"either day will do":                {"0 0 13 * FRI", "UTC", "2026-02-05T00:00:00Z", "2026-02-14T00:00:00Z", []string{"2026-02-06T00:00:00Z", "2026-02-13T00:00:00Z"}},
		"an interval knows no zone":         {"@every 90m", "Europe/Berlin", "2026-03-29T00:00:00+01:00", "2026-03-29T06:00:00+02:00", []string{"2026-03-29T01:30:00+01:00", "2026-03-29T04:00:00+02:00", "2026-03-29T05:30:00+02:00"}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			times, err := read(tc.schedule, zone(t, tc.zone))
			if err != nil {
				t.Fatal(err)
			}
			from, until := instant(t, tc.from), instant(t, tc.until)
			var got []string
			for due := times.next(from); !due.IsZero() && !due.After(until); due = times.next(due) {
				got = append(got, due.In(times.zone).Format(time.RFC3339))
			}
			if strings.Join(got, " ") != strings.Join(tc.want, " ") {
				t.Errorf("times are\n%v, want\n%v", got, tc.want)
			}
			last := ""
			if due := times.last(from, until); !due.IsZero() {
				last = due.In(times.zone).Format(time.RFC3339)
			}
			if last != tc.want[len(tc.want)-1] {
				t.Errorf("the last is %s", last)
			}
			if n := times.count(from, until, 100); n != len(tc.want) {
				t.Errorf("counts %d", n)
			}
		})
	}
}

// TestTimes_everyMinuteOfTwoYears holds the times against a walk through every minute of two years: due is what the clock shows, unless it has shown
// it before.
func TestTimes_everyMinuteOfTwoYears(t *testing.T) {
	schedules := []string{"*/7 * * * *", "30 2 * * *", "*/20 0-3 * * SUN", "0 0 1 * *", "15 1,2 29-31 3,10 *"}
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago", "Asia/Kathmandu"} {
		t.Run(name, func(t *testing.T) {
			location := zone(t, name)
			from, until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
			due := map[string][]time.Time{}
			all := map[string]times{}
			for _, schedule := range schedules {
				times, err := read(schedule, location)
				if err != nil {
					t.Fatal(err)
				}
				all[schedule] = times
			}
			shown := time.Time{}
			for at := from; at.Before(until); at = at.Add(time.Minute) {
				clock := at.In(location)
				_, offset := clock.Zone()
				reading := timeToClock(at, offset)
				for schedule, times := range all {
					if shows(times.calendar, clock) && (times.hourly || reading.After(shown)) {
						due[schedule] = append(due[schedule], at)
					}
				}
				shown = latest(shown, reading)
			}
			for schedule, times := range all {
				at := from.Add(-time.Second)
				for i, want := range due[schedule] {
					at = times.next(at)
					if !at.Equal(want) {
						t.Fatalf("%s: time %d is %v, want %v", schedule, i, at.In(location), want.In(location))
					}
				}
				if last := times.last(from, until.Add(-time.Second)); !last.Equal(at) {
					t.Errorf("%s: the last is %v, want %v", schedule, last.In(location), at.In(location))
				}
			}
		})
	}
}

// shows says whether a clock shows a time of a calendar.
func shows(calendar *cron.SpecSchedule, clock time.Time) bool {
	has := func(field uint64, n int) bool { return field&(1<<n) != 0 }
	dom, dow := has(calendar.Dom, clock.Day()), has(calendar.Dow, int(clock.Weekday()))
	day := dom || dow
	if calendar.Dom&marked != 0 || calendar.Dow&marked != 0 {
		day = dom && dow
	}
	return has(calendar.Minute, clock.Minute()) && has(calendar.Hour, clock.Hour()) && has(calendar.Month, int(clock.Month())) && day
}

func TestRead_refuses(t *testing.T) {
	for _, schedule := range []string{"", "TZ=0", "CRON_TZ=UTC 0 2 * * *", "TZ=UTC 0 2 * * *", "@every 59s", "@every 1ns", "@every", "@every -5m", "@every 99999999h", "@reboot", "60 * * * *", "5-1 * * * *", ", * * * *", "* * * * * *", "* * * *", "*/0 * * * *"} {
		if times, err := read(schedule, time.UTC); err == nil {
			t.Errorf("%q is read as %+v", schedule, times)
		}
	}
	for _, schedule := range []string{"0 2 * * *", "@daily", "@every 1m", "? ? ? ? ?", "0,30 8-17/2 1-15 JAN-mar MON-FRI"} {
		if _, err := read(schedule, time.UTC); err != nil {
			t.Errorf("%q: %v", schedule, err)
		}
	}
	if times, err := read("0 0 31 2 *", time.UTC); err != nil || !times.next(time.Unix(0, 0)).IsZero() {
		t.Errorf("the 31st of February comes: %v, %v", times, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, schedule := range []string{"0 2 * * *", "@every 1h", "TZ=0", "*/5 1-3 ? JAN MON", "@daily", "0 0 29 2 *"} {
		f.Add(schedule, int64(1_790_000_000))
	}
	lordHowe, err := time.LoadLocation("Australia/Lord_Howe")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, schedule string, seconds int64) {
		times, err := read(schedule, lordHowe)
		if err != nil {
			return
		}
		at := time.Unix(seconds%4_000_000_000, 0)
		due := times.next(at)
		if !due.IsZero() && !due.After(at) {
			t.Errorf("%q: the next time after %v is %v", schedule, at, due)
		}
		if last := times.last(at, due); !due.IsZero() && !last.Equal(due) {
			t.Errorf("%q: the last time up to %v is %v", schedule, due, last)
		}
	})
}
