package schedule

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RunName is the name of the run of a cron task that is due at a time: the time's minute, counted from 1970.
func RunName(cron string, due time.Time) string {
	return fmt.Sprintf("%s-%d", cron, due.Unix()/60)
}

// RequestName is the name of the run that a value of annotation mesos.dev/run-requested-at asks for.
func RequestName(cron, value string) string {
	sum := sha256.Sum256([]byte(value))
	return cron + "-" + hex.EncodeToString(sum[:4]) + requestMark
}

// requestMark ends the name of a run that was asked for.
const requestMark = "r"

// ParseRunName reads the name of a run of a cron task: the minute at which it was due, or that it was asked for.
func ParseRunName(cron, name string) (due time.Time, requested, ok bool) {
	rest, ok := strings.CutPrefix(name, cron+"-")
	if !ok {
		return time.Time{}, false, false
	}
	if digits, requested := strings.CutSuffix(rest, requestMark); requested {
		sum, err := hex.DecodeString(digits)
		return time.Time{}, true, err == nil && len(sum) == 4 && digits == strings.ToLower(digits)
	}
	minute, err := strconv.ParseInt(rest, 10, 64)
	if err != nil || minute < firstMinute || minute > lastMinute || strconv.FormatInt(minute, 10) != rest {
		return time.Time{}, false, false
	}
	return time.Unix(minute*60, 0).UTC(), false, true
}

// CronOf says of which cron task a MesosTask could be a run, by its name alone; false for a name of another form.
func CronOf(name string) (cron string, ok bool) {
	i := strings.LastIndexByte(name, '-')
	if i <= 0 {
		return "", false
	}
	cron = name[:i]
	_, _, ok = ParseRunName(cron, name)
	return cron, ok
}

// firstMinute and lastMinute bound what is taken for the minute of a run: eight digits, from 1989 to 2160.
const firstMinute, lastMinute = 10_000_000, 99_999_999
