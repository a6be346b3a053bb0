package lifecycle

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// StillAbandoned says whether a framework's status has to go on remembering an attempt of a deleted object, of which Mesos has told no end, and what of
// it. Nobody expects it back once a person gave its agent up, or once Mesos has not known it for a fortnight. Said is what Mesos said of it in this
// process; nil while it said nothing.
func StillAbandoned(attempt v1alpha1.AbandonedAttempt, said *mesos.Observation, giveUps []GiveUp, now time.Time) (v1alpha1.AbandonedAttempt, bool) {
	switch {
	case said == nil:
	case said.State != mesos.TaskUnknown:
		attempt.UnknownTime = nil
	case attempt.UnknownTime == nil:
		attempt.UnknownTime = &metav1.Time{Time: now.Truncate(time.Second)}
	}
	forgotten := attempt.UnknownTime != nil && !now.Before(attempt.UnknownTime.Add(forgottenAfter))
	givenUp := slices.ContainsFunc(giveUps, func(giveUp GiveUp) bool {
		return slices.Contains(giveUp.Agents, attempt.AgentID) && attempt.Since.Time.Before(giveUp.At)
	})
	lives := said != nil && said.State.Class() == mesos.Live
	return attempt, lives || !forgotten && !givenUp
}
