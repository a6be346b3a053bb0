package lifecycle

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestStillAbandoned(t *testing.T) {
	word := func(agent string, given time.Duration) []GiveUp {
		return GiveUpsOf(givenAt(epoch.Add(given), v1alpha1.AnnotationGiveUpAgent, agent))
	}
	for name, c := range map[string]struct {
		unknown *metav1.Time
		said    mesos.TaskState
		giveUps []GiveUp
		after   time.Duration
		want    *metav1.Time
		stays   bool
	}{
		"nothing was said":                       {nil, "", nil, time.Hour, nil, true},
		"nothing was said by this process yet":   {at(0), "", nil, time.Hour, at(0), true},
		"it is unreachable":                      {at(0), mesos.TaskUnreachable, nil, 2 * forgottenAfter, nil, true},
		"it became unknown":                      {nil, mesos.TaskUnknown, nil, time.Hour, at(time.Hour), true},
		"it is unknown for long":                 {at(0), mesos.TaskUnknown, nil, forgottenAfter - time.Second, at(0), true},
		"it is unknown for a fortnight":          {at(0), mesos.TaskUnknown, nil, forgottenAfter, at(0), false},
		"the same under another process":         {at(0), "", nil, forgottenAfter, at(0), false},
		"its agent was given up":                 {nil, mesos.TaskUnreachable, word("agent-1", time.Minute), time.Hour, nil, false},
		"its agent was given up, and it is back": {nil, mesos.TaskRunning, word("agent-1", time.Minute), time.Hour, nil, true},
		"another agent was given up":             {nil, mesos.TaskUnreachable, word("agent-2", time.Minute), time.Hour, nil, true},
		"its agent was given up before":          {nil, mesos.TaskUnreachable, word("agent-1", 0), time.Hour, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			var said *mesos.Observation
			if c.said != "" {
				said = &mesos.Observation{State: c.said}
			}
			next, stays := StillAbandoned(v1alpha1.AbandonedAttempt{TaskID: "t", AgentID: "agent-1", Since: *at(0), UnknownTime: c.unknown}, said, c.giveUps, epoch.Add(c.after))
			if stays != c.stays || !next.UnknownTime.Equal(c.want) {
				t.Errorf("stays: %t, unknown since %v; want %t, %v", stays, next.UnknownTime, c.stays, c.want)
			}
		})
	}
}

// TestStillAbandoned_endsUnseen: what a draining agent says as it begins to kill is no end. It is remembered since when it was said, and until the attempt
// has had its own time to end, whoever looks.
func TestStillAbandoned_endsUnseen(t *testing.T) {
	unseen := &mesos.Observation{State: mesos.TaskGoneByOperator, Reason: mesos.ReasonAgentDraining, Source: mesos.SourceExecutor}
	for name, c := range map[string]struct {
		gone  *metav1.Time
		grace *int32
		said  *mesos.Observation
		after time.Duration
		want  *metav1.Time
		stays bool
	}{
		"it was said just now":                     {nil, nil, unseen, time.Hour, at(time.Hour), true},
		"it was said before":                       {at(0), new(int32(30)), unseen, 40 * time.Second, at(0), true},
		"its time is over":                         {at(0), new(int32(30)), unseen, 41 * time.Second, at(0), false},
		"the same under another process":           {at(0), new(int32(30)), nil, 40 * time.Second, at(0), true},
		"and its time is over":                     {at(0), new(int32(30)), nil, 41 * time.Second, at(0), false},
		"with the grace period of Mesos":           {at(0), new(int32(3)), nil, 13 * time.Second, at(0), true},
		"and its time is over, too":                {at(0), new(int32(3)), nil, 14 * time.Second, at(0), false},
		"an earlier release abandoned it":          {at(0), nil, nil, time.Hour + 10*time.Second, at(0), true},
		"and an hour is over":                      {at(0), nil, nil, time.Hour + 11*time.Second, at(0), false},
		"it lives after all":                       {at(0), nil, &mesos.Observation{State: mesos.TaskRunning}, time.Hour, nil, true},
		"the master only knows of a person's word": {nil, nil, &mesos.Observation{State: mesos.TaskGoneByOperator, Source: mesos.SourceMaster}, time.Hour, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			attempt := v1alpha1.AbandonedAttempt{TaskID: "t", AgentID: "agent-1", Since: *at(0), GoneTime: c.gone, KillGracePeriodSeconds: c.grace}
			next, stays := StillAbandoned(attempt, c.said, nil, epoch.Add(c.after))
			if stays != c.stays || !next.GoneTime.Equal(c.want) {
				t.Errorf("stays: %t, gone since %v; want %t, %v", stays, next.GoneTime, c.stays, c.want)
			}
		})
	}
}
