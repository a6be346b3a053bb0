package mesostask

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// abandonedKillRetry is the time between two KILLs of an abandoned attempt that is back.
const abandonedKillRetry = time.Minute

// settleAbandoned deals with an abandoned attempt whose object is gone: it is killed if it is back, and once its end was seen the framework's
// status is told to forget it. It returns when to look again; zero for never.
func (r *Reconciler) settleAbandoned(ctx context.Context, connection *connections.Connection, key types.NamespacedName, taskID string) time.Time {
	attempt, _ := connection.Bridge.Attempt(taskID)
	said := attempt.Said()
	if said == nil {
		return time.Time{}
	}
	open := lifecycle.OpenAttempt{TaskID: taskID, AgentID: said.AgentID, FrameworkID: connection.Bridge.Connection().FrameworkID}
	connection.NoteFate(key, open, said.State, time.Time{})
	switch {
	case attempt.EndSeen(), attempt.EndsUnseen() && !connection.AbandonedEnds(taskID):
		r.Connections.EnqueueFramework(connection.Name)
		return time.Time{}
	case said.State.Class() != mesos.Live:
		return time.Time{}
	}
	done, now := connection.EffortsFor(key, open), r.Clock.Now()
	if done.Kills > 0 && now.Before(done.LastKill.Add(abandonedKillRetry)) {
		return done.LastKill.Add(abandonedKillRetry)
	}
	ctrl.LoggerFrom(ctx).Info("Killing an abandoned task that is back", "taskID", taskID, "agentID", said.AgentID)
	framework := &v1alpha1.MesosFramework{}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: connection.Name}, framework); err == nil && done.Kills == 0 {
		r.Recorder.Event(framework, true, v1alpha1.EventKillingAbandoned, "Killing",
			fmt.Sprintf("Killing %s, which is back on agent %s: it was abandoned when its object was deleted", taskID, said.AgentID))
	}
	connection.Kill(key, open, nil)
	return now.Add(abandonedKillRetry)
}
