package lifecycle

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// StillAbandoned says whether a framework's status has to go on remembering an attempt of a deleted object, of which Mesos has told no end, and what of
// it. Nobody expects it back once a person gave its agent up, once Mesos has not known it for a fortnight, or once it has had its time to end unseen. Said
// is what Mesos said of it in this process; nil while it said nothing.
func StillAbandoned(attempt v1alpha1.AbandonedAttempt, said *mesos.Observation, giveUps []GiveUp, now time.Time) (v1alpha1.AbandonedAttempt, bool) {
	switch {
	case said == nil:
	case said.State != mesos.TaskUnknown:
		attempt.UnknownTime = nil
	case attempt.UnknownTime == nil:
		attempt.UnknownTime = &metav1.Time{Time: now.Truncate(time.Second)}
	}
	lives := said != nil && said.State.Class() == mesos.Live
	switch {
	case lives:
		attempt.GoneTime = nil
	case said != nil && said.EndsUnseen() && attempt.GoneTime == nil:
		attempt.GoneTime = &metav1.Time{Time: now.Truncate(time.Second)}
	}
	if over, gone := AbandonedUntil(&attempt); gone {
		return attempt, now.Before(over)
	}
	forgotten := attempt.UnknownTime != nil && !now.Before(attempt.UnknownTime.Add(forgottenAfter))
	givenUp := slices.ContainsFunc(giveUps, func(giveUp GiveUp) bool {
		return slices.Contains(giveUp.Agents, attempt.AgentID) && attempt.Since.Time.Before(giveUp.At)
	})
	return attempt, lives || !forgotten && !givenUp
}

// AbandonedUntil is when an abandoned attempt that ends unseen is over; false for one that does not.
func AbandonedUntil(attempt *v1alpha1.AbandonedAttempt) (time.Time, bool) {
	if attempt.GoneTime == nil {
		return time.Time{}, false
	}
	return overUnseen(*attempt.GoneTime, time.Duration(GraceOfAbandoned(attempt))*time.Second), true
}

// unknownGrace is for attempts that an earlier release abandoned: what they were launched with nobody knows. Entries of today all say theirs.
const unknownGrace = time.Hour

// GraceOfAbandoned is how many seconds an abandoned attempt has between SIGTERM and SIGKILL.
func GraceOfAbandoned(attempt *v1alpha1.AbandonedAttempt) int32 {
	return int32(secondsOr(attempt.KillGracePeriodSeconds, unknownGrace).Seconds())
}
