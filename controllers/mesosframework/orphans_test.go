package mesosframework

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// tasksIn are live tasks of a namespace.
func tasksIn(namespace string, count int) []mesos.Observation {
	tasks := make([]mesos.Observation, count)
	for i := range tasks {
		tasks[i] = mesos.Observation{TaskID: fmt.Sprintf("%s.t%d.1aaaaaaaa.bbbbbbbbbb", namespace, i), AgentID: "agent"}
	}
	return tasks
}

func TestRoll_status(t *testing.T) {
	const (
		many      = "They are not killed, as 11 of 50 live tasks are many: MesosTasks seem to have been lost. Create them anew and the tasks are theirs again; if nobody needs them, condition TasksReconciled has the command that kills them"
		unwatched = "%d live tasks, such as b.t0.1aaaaaaaa.bbbbbbbbbb on agent agent, are of namespaces that this installation does not watch (%s): " +
			"they run on and are left alone until their namespace is watched or they end"
	)
	cases := map[string]struct {
		roll   roll
		policy v1alpha1.OrphanPolicy
		want   *v1alpha1.Orphans
	}{
		"nothing is said of nothing": {roll{live: 3, proven: true}, v1alpha1.OrphanKill, nil},
		"a task that is not watched is said to be that": {
			roll{live: 3, proven: true, unwatched: tasksIn("b", 1)},
			v1alpha1.OrphanKill,
			&v1alpha1.Orphans{Count: 1, Message: fmt.Sprintf(unwatched, 1, "b"), Sample: []v1alpha1.OrphanTask{{TaskID: "b.t0.1aaaaaaaa.bbbbbbbbbb", AgentID: "agent"}}},
		},
		"tasks that are not watched do not make many orphans few": {
			roll{live: 250, proven: true, orphans: tasksIn("a", 11), unwatched: tasksIn("b", 200)},
			v1alpha1.OrphanKill,
			&v1alpha1.Orphans{Count: 211, Message: many + ". " + fmt.Sprintf(unwatched, 200, "b")},
		},
		"a few namespaces are named": {
			roll{live: 5, proven: true, unwatched: append(append(tasksIn("b", 2), tasksIn("c", 1)...), append(tasksIn("d", 1), tasksIn("e", 1)...)...)},
			v1alpha1.OrphanKeep,
			&v1alpha1.Orphans{Count: 5, Message: fmt.Sprintf(unwatched, 5, "b, c, d and 1 more")},
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			got := tc.roll.status(tc.policy)
			if tc.want != nil && tc.want.Sample == nil {
				if len(got.Sample) != min(orphanSample, int(got.Count)) {
					t.Errorf("%d tasks are named of %d", len(got.Sample), got.Count)
				}
				got.Sample = nil
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}
