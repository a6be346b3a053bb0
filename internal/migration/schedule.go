package migration

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// period is a duration of ISO 8601. Months, which are of no fixed length, are counted apart; seconds are all the rest, of which days are whole days.
type period struct {
	months, days, seconds int64
}

// forGood is how far ahead a schedule begins that is not meant to come.
const forGood = 10 * 366 * 24 * time.Hour

// atLeast is how long the period is at least.
func (p period) atLeast() time.Duration {
	return time.Duration(p.months)*28*24*time.Hour + time.Duration(p.seconds)*time.Second
}

var isoPeriod = regexp.MustCompile(`^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,]\d+)?S)?)?$`)

// parsePeriod reads a duration of ISO 8601.
func parsePeriod(text string) (period, error) {
	parts := isoPeriod.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return period{}, errors.New("is no duration of ISO 8601")
	}
	number := func(i int) int64 {
		value, _ := strconv.ParseInt(parts[i], 10, 32)
		return value
	}
	days := number(3)*7 + number(4)
	return period{months: number(1)*12 + number(2), days: days, seconds: days*86400 + number(5)*3600 + number(6)*60 + number(7)}, nil
}

// repeat takes a repetition of ISO 8601, R[n]/[start]/period, where cron can say the same.
func (c *conversion) repeat(v, zone node) {
	parts := strings.Split(v.text(), "/")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "R") {
		v.refuse("%q is no repetition of ISO 8601: R[n]/start/period%s", v.value, v.template())
		return
	}
	p, err := parsePeriod(parts[2])
	if err != nil || p == (period{}) {
		v.refuse("period %q is none that a schedule could have", parts[2])
		return
	}
	location, ok := c.location(zone)
	if !ok {
		return
	}
	count := strings.TrimPrefix(parts[0], "R")
	if (count == "0" || count == "1") && c.lastRun(v, count, parts[1], location) {
		return
	}
	if count != "" {
		c.cron.Suspend = true
		v.leftOut("it runs %s times, and a MesosCronTask has no count: it is suspended. Ask for a run with annotation mesos.dev/run-requested-at, or take suspend out", count)
	}
	if parts[1] == "" {
		c.every(v, p, "begins when it was stored there, and when it is here")
		return
	}
	start, err := parseStart(parts[1], location)
	if err != nil {
		v.refuse("start %q is no time of ISO 8601%s", parts[1], v.template())
		return
	}
	if c.begins(v, parts[1], start, p) {
		c.cronOf(v, start.In(location), p)
	}
}

// begins looks at when a schedule does so. False: it is not meant to come.
func (c *conversion) begins(v node, at string, start time.Time, p period) bool {
	switch ahead := start.Sub(c.options.Now); {
	case c.options.Now.IsZero() || ahead <= p.atLeast():
		// It is under way: Chronos writes the next run into the schedule.
	case ahead > forGood:
		c.cron.Schedule, c.cron.Suspend = "@yearly", true
		v.kept("begins at %s, and so runs on request alone: it is suspended, and annotation mesos.dev/run-requested-at starts a run", at)
		return false
	case c.cron.Suspend:
		v.kept("begins at %s: it is suspended, as there, and is to stay so until then", at)
	default:
		c.cron.Suspend = true
		v.leftOut("it begins at %s, and a MesosCronTask has no beginning: it is suspended, and suspend is to be taken out then", at)
	}
	return true
}

// lastRun takes a repetition that has no run left, or one that is due at once, which is a task by itself. False: its start cannot be read.
func (c *conversion) lastRun(v node, count, begin string, location *time.Location) bool {
	if count == "0" || c.cron.Suspend {
		c.cron.Schedule, c.cron.Suspend = "@yearly", true
		v.kept("has no run to come by itself: it is suspended, and annotation mesos.dev/run-requested-at starts a run")
		if count == "0" {
			c.root.get("disabled").noEffect("is so in any case, as it has no run left")
		}
		return true
	}
	if start, err := parseStart(begin, location); begin != "" && err != nil {
		return false
	} else if begin != "" && start.After(c.options.Now) {
		c.cron.Schedule, c.cron.Suspend = "@yearly", true
		v.leftOut("runs once, at %s, and a MesosCronTask has no count: it is suspended, and annotation mesos.dev/run-requested-at starts the run then", begin)
		return true
	}
	c.cron = nil
	v.kept("runs once, and at once: it becomes a MesosTask, which runs when it is applied")
	for _, field := range []string{"epsilon", "concurrent", "scheduleTimeZone"} {
		c.root.get(field).noEffect("is about runs of a schedule, and this is one run")
	}
	return true
}

// location is the time zone, by which a schedule counts; without one that is UTC.
func (c *conversion) location(zone node) (*time.Location, bool) {
	name := zone.text()
	if name == "" {
		return time.UTC, true
	}
	location, err := time.LoadLocation(name)
	if err != nil || strings.EqualFold(name, "local") {
		zone.refuse("%q is no time zone of the IANA database, such as America/Los_Angeles", name)
		return nil, false
	}
	if name != "UTC" && name != "Z" {
		c.cron.TimeZone = name
	}
	return location, true
}

// parseStart reads a time of ISO 8601. The zone that is set apart counts before the one in it, as in Chronos, and the clock's reading stays.
func parseStart(text string, location *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			if location != time.UTC {
				return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, location), nil
			}
			return at.UTC(), nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, location); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("is no time")
}

// cronOf finds the five fields that say the same as a period from a start; what none can say is counted from when the operator sees it.
func (c *conversion) cronOf(v node, start time.Time, p period) {
	minute, hour := start.Minute(), start.Hour()
	minutes := p.seconds / 60
	switch {
	case p.months > 0:
		c.monthly(v, start, p)
	case p.seconds%60 != 0:
		v.refuse("the period of %s is none that a schedule can have: runs come on whole minutes", v.value)
	case p.seconds == 7*86400:
		c.cron.Schedule = fmt.Sprintf("%d %d * * %d", minute, hour, start.Weekday())
	case p.seconds == 86400:
		c.cron.Schedule = fmt.Sprintf("%d %d * * *", minute, hour)
	case minutes < 60 && 60%minutes == 0:
		c.cron.Schedule = steps(minute, int(minutes), 60) + " * * * *"
	case minutes%60 == 0 && minutes/60 < 24 && 24%(minutes/60) == 0:
		c.cron.Schedule = fmt.Sprintf("%d %s * * *", minute, steps(hour, int(minutes/60), 24))
	default:
		c.every(v, p, "counts from "+start.Format(time.RFC3339)+" there, and from when the operator sees it here, as the five fields of cron cannot say it")
		return
	}
	if start.Second() != 0 {
		v.kept("runs come on the minute, and not %d seconds after it", start.Second())
	}
	if hours := p.days == 0 && p.seconds >= 3600; hours && c.cron.TimeZone != "" {
		v.kept("hours are counted by the clock of %s here: when that is set, a run comes an hour sooner or later than the period says", c.cron.TimeZone)
	}
}

// steps are all numbers below a limit that are some steps from a first one.
func steps(first, step, limit int) string {
	first %= step
	switch {
	case step == 1:
		return "*"
	case limit/step == 1:
		return strconv.Itoa(first)
	case first == 0:
		return "*/" + strconv.Itoa(step)
	}
	return fmt.Sprintf("%d-%d/%d", first, limit-1, step)
}

func (c *conversion) monthly(v node, start time.Time, p period) {
	months := p.months
	switch day := start.Day(); {
	case p.seconds != 0:
		v.refuse("a period of months and of something less is none that the five fields of cron can say")
	case day > 28:
		v.refuse("day %d is not in every month: take one up to 28", day)
	case months > 12 || 12%months != 0:
		v.refuse("a period of %d months is none that the five fields of cron can say", months)
	default:
		month := "*"
		switch first := (int64(start.Month())-1)%months + 1; {
		case months == 12:
			month = strconv.FormatInt(first, 10)
		case months > 1:
			month = fmt.Sprintf("%d-12/%d", first, months)
		}
		c.cron.Schedule = fmt.Sprintf("%d %d %d %s *", start.Minute(), start.Hour(), day, month)
	}
}

// every counts a period from when the operator sees the schedule.
func (c *conversion) every(v node, p period, why string) {
	if p.months > 0 || p.seconds < 60 {
		v.refuse("a period of %s cannot be counted from when it is seen: it needs at least a minute, and no months", v.value)
		return
	}
	c.cron.Schedule = "@every"
	for _, unit := range []struct {
		seconds int64
		name    string
	}{{3600, "h"}, {60, "m"}, {1, "s"}} {
		if n := p.seconds / unit.seconds; n > 0 {
			if c.cron.Schedule == "@every" {
				c.cron.Schedule += " "
			}
			c.cron.Schedule += strconv.FormatInt(n, 10) + unit.name
			p.seconds %= unit.seconds
		}
	}
	v.differs("%s: %s", c.cron.Schedule, why)
}

// quartz takes a schedule of Quartz: seconds before the five fields of cron, a year behind, and Sunday as 1.
func (c *conversion) quartz(v node) {
	fields := strings.Fields(v.text())
	if len(fields) != 6 && len(fields) != 7 {
		v.refuse("%q has not the six or seven fields of Quartz", v.value)
		return
	}
	if len(fields) == 7 && fields[6] != "*" {
		v.refuse("runs in some years alone, which no schedule here says")
		return
	}
	if fields[0] != "0" {
		if _, err := strconv.Atoi(fields[0]); err != nil {
			v.refuse("runs more than once a minute, which none does here")
			return
		}
		v.kept("runs come on the minute, and not %s seconds after it", fields[0])
	}
	c.fields(v, append(fields[1:5:5], quartzDays(fields[5])))
}

var number = regexp.MustCompile(`\d+`)

// quartzDays are days of the week from 0, where Quartz has them from 1. Steps are no days.
func quartzDays(field string) string {
	days, step, stepped := strings.Cut(field, "/")
	days = number.ReplaceAllStringFunc(days, func(day string) string {
		n, _ := strconv.Atoi(day)
		return strconv.Itoa(n - 1)
	})
	if stepped {
		return days + "/" + step
	}
	return days
}

// cronFields are what each field of cron can be here.
var cronFields = []*regexp.Regexp{
	regexp.MustCompile(`^([*?]|[0-5]?[0-9](-[0-5]?[0-9])?)(/[1-9][0-9]?)?$`),
	regexp.MustCompile(`^([*?]|([01]?[0-9]|2[0-3])(-([01]?[0-9]|2[0-3]))?)(/[1-9][0-9]?)?$`),
	regexp.MustCompile(`^([*?]|(0?[1-9]|[12][0-9]|3[01])(-(0?[1-9]|[12][0-9]|3[01]))?)(/[1-9][0-9]?)?$`),
	regexp.MustCompile(`(?i)^([*?]|(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(-(0?[1-9]|1[0-2]|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))?)(/[1-9][0-9]?)?$`),
	regexp.MustCompile(`(?i)^([*?]|([0-6]|sun|mon|tue|wed|thu|fri|sat)(-([0-6]|sun|mon|tue|wed|thu|fri|sat))?)(/[1-9][0-9]?)?$`),
}

// fields takes the five fields of cron, if each is one that a schedule here can have.
func (c *conversion) fields(v node, fields []string) {
	if len(fields) != 5 {
		v.refuse("%q has not the five fields of cron", v.value)
		return
	}
	if fields[4] == "7" {
		fields[4] = "0"
	}
	for i, pattern := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			if !pattern.MatchString(part) {
				v.refuse("%q is nothing that field %d of a schedule can say here%s", part, i+1, v.template())
				return
			}
		}
	}
	c.cron.Schedule = strings.Join(fields, " ")
}
