package lifecycle

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// readyStatuses are the HTTP statuses that are ready where nobody says which.
var readyStatuses = []string{"200-399"}

// noResult is what a check found that came to nothing, once it had found something.
const noResult = "no result"

// recordReadiness takes over what the attempt's readiness check found, and what the spec says of that.
func (s *scene) recordReadiness(attempt *v1alpha1.TaskAttempt, found *mesos.CheckResult) {
	if found == nil {
		return
	}
	attempt.Ready = new(s.isReady(found))
	result := resultOf(found)
	if result == "" && attempt.ReadinessResult != "" {
		result = noResult
	}
	attempt.ReadinessResult = result
}

// isReady says whether what a readiness check found is ready by the spec as it is now.
func (s *scene) isReady(found *mesos.CheckResult) bool {
	switch {
	case found.ExitCode != nil:
		return *found.ExitCode == 0
	case found.Connects != nil:
		return *found.Connects
	default:
		return found.Status != nil && slices.ContainsFunc(s.readyStatuses(), func(statuses string) bool { return includes(statuses, *found.Status) })
	}
}

// readyStatuses are the HTTP statuses that are ready by the spec.
func (s *scene) readyStatuses() []string {
	if check := s.Spec.ReadinessCheck; check != nil && check.HTTP != nil && len(check.HTTP.Statuses) > 0 {
		return check.HTTP.Statuses
	}
	return readyStatuses
}

// includes says whether a status is the given one, or in the given range. What is neither includes none.
func includes(statuses string, status uint32) bool {
	from, to, isRange := strings.Cut(statuses, "-")
	if !isRange {
		to = from
	}
	first, err := strconv.ParseUint(from, 10, 32)
	last, err2 := strconv.ParseUint(to, 10, 32)
	return err == nil && err2 == nil && first <= uint64(status) && uint64(status) <= last
}

// resultOf says what a check found; empty for nothing.
func resultOf(found *mesos.CheckResult) string {
	switch {
	case found.ExitCode != nil:
		return fmt.Sprintf("exit code %d", *found.ExitCode)
	case found.Status != nil:
		return fmt.Sprintf("HTTP status %d", *found.Status)
	case found.Connects != nil && *found.Connects:
		return "a connection"
	case found.Connects != nil:
		return "no connection"
	default:
		return ""
	}
}

// isNotReady says whether the attempt has a readiness check that has not passed, as far as its executor told.
func (s *scene) isNotReady() bool {
	if ready := s.attempt.Ready; ready != nil {
		return !*ready
	}
	return s.Spec.ReadinessCheck != nil && s.asDeclared()
}

// tellNotReady says what the readiness check found last.
func (s *scene) tellNotReady() string {
	words := "its readiness check has found nothing yet"
	if result := s.attempt.ReadinessResult; result != "" {
		words = "its readiness check last found " + result
	}
	check := s.Spec.ReadinessCheck
	switch {
	case check == nil || !s.asDeclared():
		return words
	case check.HTTP != nil:
		return words + fmt.Sprintf(" (GET %s at port %s, ready with status %s)", cut(check.HTTP.Path, 128), check.HTTP.Port.String(), strings.Join(s.readyStatuses(), ", "))
	case check.TCP != nil:
		return words + fmt.Sprintf(" (TCP to port %s)", check.TCP.Port.String())
	default:
		return words + " (its command, ready with exit code 0)"
	}
}
