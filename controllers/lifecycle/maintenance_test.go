package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestMaintenance(t *testing.T) {
	const moved = ". The task is not moved: it ends when the machine is taken down, unless annotation mesos.dev/restarted-at restarts it elsewhere before"
	for sentence, c := range map[string]struct {
		window mesos.Window
		// want are the reason and the message; empty for no condition.
		want [2]string
		// check is when to look again.
		check time.Duration
	}{
		"none": {},
		"it comes": {
			window: mesos.Window{From: epoch.Add(time.Hour), Until: epoch.Add(2 * time.Hour)},
			want: [2]string{
				v1alpha1.ReasonMaintenanceScheduled,
				"By Mesos' maintenance schedule host-1 (agent agent-1) is unavailable from 2026-01-02T04:04:05Z until 2026-01-02T05:04:05Z" + moved,
			},
			check: time.Hour,
		},
		"it has begun and has no end": {
			window: mesos.Window{From: epoch.Add(-time.Hour)},
			want: [2]string{
				v1alpha1.ReasonMaintenanceUnderway,
				"By Mesos' maintenance schedule host-1 (agent agent-1) is unavailable from 2026-01-02T02:04:05Z until Mesos' maintenance schedule changes" + moved,
			},
		},
		"it is over": {window: mesos.Window{From: epoch.Add(-time.Hour), Until: epoch}},
	} {
		t.Run(sentence, func(t *testing.T) {
			seen := newStory().Seen
			seen.Status.Task = &v1alpha1.TaskAttempt{
				ID: "shop.web.1aaaaaaaa.n1", AgentID: "agent-1", Hostname: "host-1", Hash: hashA, FrameworkID: "framework-1", State: string(mesos.TaskRunning), StartTime: at(-time.Hour),
			}
			seen.Binding = &v1alpha1.Binding{TaskID: "shop.web.1aaaaaaaa.n1", AgentID: "agent-1", Hostname: "host-1", FrameworkID: "framework-1", UID: "uid-1"}
			seen.Finalized = true
			seen.Maintenance = c.window
			decision := Next(seen)
			var got [2]string
			if condition := meta.FindStatusCondition(decision.Status.Conditions, v1alpha1.ConditionAgentMaintenance); condition != nil {
				got = [2]string{condition.Reason, condition.Message}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("condition (-want +got):\n%s", diff)
			}
			if c.check > 0 && !decision.Check.Equal(epoch.Add(c.check)) {
				t.Errorf("the task is looked at again at %s", decision.Check)
			}
			tells := func(d Decision) bool {
				return slices.ContainsFunc(d.Events, func(e Event) bool { return e.Reason == c.want[0] })
			}
			if c.want[0] == "" {
				return
			}
			seen.Status = decision.Status
			if again := Next(seen); !tells(decision) || tells(again) {
				t.Error("it is told never, or twice")
			}
			seen.Binding, seen.Status.Task.FinishTime, seen.Status.Task.State = nil, at(0), string(mesos.TaskFinished)
			if over := Next(seen); meta.FindStatusCondition(over.Status.Conditions, v1alpha1.ConditionAgentMaintenance) != nil {
				t.Error("an attempt that is over has an agent to be maintained")
			}
		})
	}
}
