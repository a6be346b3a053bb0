package lifecycle

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestNext_events(t *testing.T) {
	orphan := func(spec *v1alpha1.MesosTaskSpec) { spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan }
	for name, c := range map[string]struct {
		story *story
		news  func(*story)
		want  []string
	}{
		"it waits its turn":                  {newStory(), func(*story) {}, nil},
		"no offer fits":                      {newStory(), func(s *story) { s.Waiting = &v1alpha1.Pending{Since: *at(0), Message: "x"} }, []string{"Normal AwaitingOffer"}},
		"it is launched":                     {newStory().bind(LaunchAccepted), func(s *story) { s.later(quickly) }, nil},
		"it runs":                            {newStory().bind(LaunchAccepted), update(mesos.TaskRunning), []string{"Normal Running"}},
		"its health check fails":             {running(), func(s *story) { s.answers(mesos.TaskRunning).Observation.Healthy = new(false) }, []string{"Warning Unhealthy"}},
		"its health check has not passed":    {newStory(healthChecked).bind(LaunchAccepted), update(mesos.TaskRunning), []string{"Normal NotReady"}},
		"its health check passes":            {running(healthChecked), func(s *story) { s.finds(true) }, []string{"Normal Running"}},
		"its readiness check has not passed": {newStory(readinessChecked()).bind(LaunchAccepted), update(mesos.TaskRunning), []string{"Normal NotReady"}},
		"its readiness check fails":          {running(), func(s *story) { s.checks(answered(503)) }, []string{"Normal NotReady"}},
		"its health check kills it":          {running(), func(s *story) { s.finds(false).look(); s.told = nil; s.killedForIt() }, []string{"Warning Ended"}},
		"it fails":                           {running(), update(mesos.TaskFailed), []string{"Warning Ended"}},
		"it fails again": {
			ended(mesos.TaskFailed), func(s *story) {
				s.bind(LaunchAccepted).says(mesos.TaskRunning).look()
				s.told = nil
				s.says(mesos.TaskFailed)
			},
			[]string{"Warning Ended", "Warning BackOff"},
		},
		"it fails for good": {running(onlyOnce), update(mesos.TaskFailed), []string{"Warning Ended", "Warning Failed"}},
		"its time is up":    {running(deadline(60)), func(s *story) { s.later(time.Minute) }, []string{"Warning DeadlineExceeded"}},
		"it is killed as its time is up": {
			running(deadline(60)), func(s *story) { s.later(time.Minute).look(); s.told = nil; s.says(mesos.TaskKilled) }, []string{"Normal Ended"},
		},
		"it has no restarts left":                  {running(maxRestarts(0)), update(mesos.TaskFailed), []string{"Warning Ended", "Warning RestartsExhausted"}},
		"it completes":                             {running(onlyOnce), update(mesos.TaskFinished), []string{"Normal Ended", "Normal Completed"}},
		"Mesos refuses it":                         {newStory().bind(LaunchAccepted), byMaster(mesos.TaskError, mesos.ReasonTaskInvalid), []string{"Warning NeverRan", "Warning Refused"}},
		"Mesos drops it":                           {newStory().bind(LaunchAccepted), update(mesos.TaskDropped), []string{"Warning NeverRan"}},
		"Mesos refuses the ACCEPT":                 {newStory().bind(LaunchRefused), func(*story) {}, []string{"Warning NeverRan"}},
		"its agent is lost":                        {running(), answer(mesos.TaskUnreachable), []string{"Warning AgentUnreachable"}},
		"Mesos forgets it":                         {running(), answer(mesos.TaskUnknown), []string{"Warning FateUnknown"}},
		"Mesos forgets it while its agent is lost": {away(), answer(mesos.TaskUnknown), []string{"Warning FateUnknown"}},
		"its agent is back":                        {away(), answer(mesos.TaskRunning), []string{"Normal AgentReachable", "Normal Running"}},
		"its spec changes":                         {running(), changeHash, []string{"Normal Restarting"}},
		"a restart is asked for":                   {running(), func(s *story) { s.RestartRequest = "1" }, []string{"Normal Restarting"}},
		"it is to be suspended":                    {running(), suspend, []string{"Normal Suspending"}},
		"it is killed to be suspended": {
			running(), func(s *story) { s.change(suspend).look(); s.told = nil; s.says(mesos.TaskKilled) }, []string{"Normal Ended", "Normal Suspended"},
		},
		"it is deleted":                   {running(), remove, nil},
		"it takes time to end as deleted": {running(), removeSlowly, []string{"Normal Deleting"}},
		"it is killed as deleted":         {running(), func(s *story) { s.change(remove).look(); s.told = nil; s.says(mesos.TaskKilled) }, []string{"Normal Ended"}},
		"it is let go":                    {running(orphan), remove, []string{"Normal Detached"}},
		"it is let go in the end": {
			running(), func(s *story) {
				s.change(remove).look()
				s.told = nil
				s.Spec.DeletionPolicy = v1alpha1.TaskDeletionOrphan
			},
			[]string{"Normal Detached"},
		},
		"its framework is not there":   {newStory(), func(s *story) { s.Obstacle = &Obstacle{Reason: v1alpha1.ReasonFrameworkNotFound, Message: "x"} }, []string{"Warning FrameworkNotFound"}},
		"its framework has another ID": {running(), func(s *story) { s.FrameworkID = "framework-2" }, []string{"Warning OtherFrameworkID"}},
		"it is asked for":              {running(), func(s *story) { s.Doubted = true }, nil},
		"an answer tells nothing new":  {running(), answer(mesos.TaskRunning), nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.news(c.story)
			c.story.look()
			if diff := cmp.Diff(c.want, c.story.told); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			c.story.told = nil
			c.story.later(time.Millisecond)
			if decision := c.story.look(); len(c.story.told) > 0 {
				t.Errorf("a moment later it tells again: %+v", decision.Events)
			}
		})
	}
}

func TestNext_eventMessages(t *testing.T) {
	s := running()
	s.says(mesos.TaskFailed, strings.Repeat("long ", 200))
	for _, event := range s.look().Events {
		if len(event.Message) > eventMessageLength || event.Action == "" {
			t.Errorf("event %+v has no action, or %d bytes", event, len(event.Message))
		}
	}
	for name, c := range map[string]struct {
		attempt v1alpha1.TaskAttempt
		want    string
	}{
		"a state":                           {v1alpha1.TaskAttempt{State: "TASK_KILLED"}, "TASK_KILLED"},
		"a state and a reason":              {v1alpha1.TaskAttempt{State: "TASK_LOST", Reason: "REASON_AGENT_DISCONNECTED"}, "TASK_LOST (REASON_AGENT_DISCONNECTED)"},
		"what the platform ended":           {v1alpha1.TaskAttempt{State: "TASK_KILLED", Reason: "REASON_AGENT_DRAINING", Message: "exit 0"}, "TASK_KILLED, as its agent was drained: exit 0"},
		"what the platform removed":         {v1alpha1.TaskAttempt{State: "TASK_LOST", FinishTime: at(0)}, "TASK_LOST, as its agent was removed"},
		"a state and a message":             {v1alpha1.TaskAttempt{State: "TASK_FAILED", Reason: "R", Message: "exit 1"}, "TASK_FAILED: exit 1"},
		"what the operator knows by itself": {v1alpha1.TaskAttempt{Message: "Mesos refused the launch"}, "Mesos refused the launch"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := outcome(&c.attempt); got != c.want {
				t.Errorf("the outcome is %q, want %q", got, c.want)
			}
		})
	}
}
