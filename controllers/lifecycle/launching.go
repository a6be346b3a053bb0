package lifecycle

import (
	"fmt"
	"slices"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

const (
	// defaultLaunchTimeout is how long a launch may take where nobody says: longer than any fetch that is not stuck.
	defaultLaunchTimeout = 15 * time.Minute
	// killsIgnoredAfter is how long the KILLs of a launch may be unanswered before a person is told that its agent may never have got it.
	killsIgnoredAfter = 10 * time.Minute
)

// launchTimeout is how long a launch may take: as the object says, else its framework; 0 for no limit.
func (s *scene) launchTimeout() time.Duration {
	seconds := s.Spec.LaunchTimeoutSeconds
	if seconds == nil && s.Defaults != nil {
		seconds = s.Defaults.LaunchTimeoutSeconds
	}
	if seconds == nil {
		return defaultLaunchTimeout
	}
	return time.Duration(*seconds) * time.Second
}

// launchDeadline is when the current attempt must run; false where there is no such time.
func (s *scene) launchDeadline() (time.Time, bool) {
	switch s.state() {
	case "", mesos.TaskStaging, mesos.TaskStarting:
	default:
		return time.Time{}, false
	}
	timeout := s.launchTimeout()
	since := s.BoundSince
	if recorded := s.attempt.BoundTime; recorded != nil && (since.IsZero() || !recorded.Time.Equal(since.Truncate(time.Second))) {
		// An earlier process bound it. The API keeps whole seconds; never sooner than asked.
		since = recorded.Add(time.Second - 1)
	}
	return since.Add(timeout), timeout > 0 && !since.IsZero()
}

// launchOverdue says whether the current attempt should run by now.
func (s *scene) launchOverdue() bool {
	deadline, ok := s.launchDeadline()
	return ok && s.settled() && s.due(deadline)
}

// launchTimedOut says whether it should, and Mesos says in this subscription that it still does not.
func (s *scene) launchTimedOut() bool { return s.launchOverdue() && s.isLaunching() }

// isLaunching says whether Mesos says in this subscription that the current attempt lives and does not run yet.
func (s *scene) isLaunching() bool {
	return s.live() && (s.Observation.State == mesos.TaskStaging || s.Observation.State == mesos.TaskStarting)
}

// ignoresKills says whether the current attempt is a launch that may never have reached its agent: Mesos says TASK_STAGING, and no KILL has been
// answered for long. An agent that has no other task of the framework ignores them (Mesos agent: killTask of a framework that it does not know).
func (s *scene) ignoresKills() bool {
	return s.live() && s.Observation.State == mesos.TaskStaging && s.Kills > 0 && s.due(s.FirstKill.Add(killsIgnoredAfter))
}

// IgnoresKills says so of any task of which Mesos last said a state, by the KILLs that were sent for it in this subscription.
func IgnoresKills(state mesos.TaskState, kills int, firstKill, now time.Time) bool {
	return state == mesos.TaskStaging && kills > 0 && !now.Before(firstKill.Add(killsIgnoredAfter))
}

// noteIgnored says so, and what can be done.
func (s *scene) noteIgnored() {
	if s.ignoresKills() {
		s.verdict.message += fmt.Sprintf(". No KILL has been answered since %s, and Mesos still says TASK_STAGING: the launch may never have reached its agent. "+
			"The KILL is repeated, and takes effect once the agent registers again. To go on without it, and have it killed if it shows itself: kubectl annotate mesostask %s -n %s --overwrite %s=%s",
			s.FirstKill.UTC().Format(time.RFC3339), s.Name, s.Namespace, v1alpha1.AnnotationGiveUp, s.nextGiveUp(s.attempt.ID))
	}
}

// LaunchVanished says whether an attempt was given up as its launch may never have reached its agent. As long as Mesos says no more than TASK_STAGING
// of it, it holds nothing back.
func LaunchVanished(attempt *v1alpha1.TaskAttempt) bool {
	return attempt.Outcome == v1alpha1.OutcomeGivenUp && !mayHaveRun(attempt)
}

// hasVanished says so of a task of the history, of which Mesos last said a state.
func (s *scene) hasVanished(taskID string, said mesos.TaskState) bool {
	return said == mesos.TaskStaging && slices.ContainsFunc(s.decision.Status.History, func(earlier v1alpha1.TaskAttempt) bool {
		return earlier.ID == taskID && LaunchVanished(&earlier)
	})
}
