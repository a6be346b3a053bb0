package lifecycle

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// TestNext_moreOfAnEnd is about an end that an answer to RECONCILE told of: what the update then says of it is taken over, and nothing
// else is.
func TestNext_moreOfAnEnd(t *testing.T) {
	const taskID = "ns.job.1aaaaaaaa.nonce00000"
	now := time.Unix(1_000_000, 0)
	said := mesos.Observation{TaskID: taskID, State: mesos.TaskFailed, Source: mesos.SourceExecutor, Message: "Command exited with status 3", UUID: []byte("u")}
	type details struct {
		Reason, Source, Message string
		ExitCode                int32
	}
	untouched := details{Reason: mesos.ReasonReconciliation, Source: mesos.SourceMaster, Message: "Reconciliation: Latest task state"}
	cases := map[string]struct {
		change func(*mesos.Observation)
		want   details
	}{
		"the update says why": {func(*mesos.Observation) {}, details{"", mesos.SourceExecutor, said.Message, 3}},
		"another answer says nothing": {func(o *mesos.Observation) {
			o.Reason, o.Source, o.UUID = mesos.ReasonReconciliation, mesos.SourceMaster, nil
		}, untouched},
		"news of another end change nothing":    {func(o *mesos.Observation) { o.State = mesos.TaskFinished }, untouched},
		"news of another task change nothing":   {func(o *mesos.Observation) { o.TaskID = "ns.job.1aaaaaaaa.nonce11111" }, untouched},
		"late news of its life change nothing":  {func(o *mesos.Observation) { o.State = mesos.TaskRunning }, untouched},
		"an end without a message has no code":  {func(o *mesos.Observation) { o.Message = "" }, details{Source: mesos.SourceExecutor}},
		"a message of another form has no code": {func(o *mesos.Observation) { o.Message = "Out of memory" }, details{Source: mesos.SourceExecutor, Message: "Out of memory"}},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			finished := metav1.Time{Time: now.Add(-time.Minute)}
			observation := said
			tc.change(&observation)
			decision := Next(Seen{
				Now: now, Namespace: "ns", Name: "job", Finalized: true,
				Spec:        v1alpha1.MesosTaskSpec{RestartPolicy: v1alpha1.RestartNever},
				Hash:        "1aaaaaaaa",
				Observation: &observation, Unacknowledged: observation.UUID,
				Status: v1alpha1.MesosTaskStatus{Task: &v1alpha1.TaskAttempt{
					ID: taskID, State: string(mesos.TaskFailed), Reason: untouched.Reason, Source: untouched.Source, Message: untouched.Message, FinishTime: &finished,
				}},
			})
			task := decision.Status.Task
			got := details{Reason: task.Reason, Source: task.Source, Message: task.Message}
			if task.ExitCode != nil {
				got.ExitCode = *task.ExitCode
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("the attempt (-want +got):\n%s", diff)
			}
			if !task.FinishTime.Equal(&finished) || task.State != string(mesos.TaskFailed) {
				t.Errorf("the end itself changed: %+v", task)
			}
		})
	}
}
