package mesosframework

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// countUnknown counts, once a pass has ended in the present subscription, the attempts of MesosTasks of which Mesos says TASK_UNKNOWN in it, as
// their status says too. Nothing else ends these: if Mesos was rebuilt from nothing, only a person can know.
func (v *view) countUnknown(ctx context.Context) error {
	p, term, now := v.memory.passes, v.subscribedTerm(), v.Clock.Now()
	fresh := v.memory.unknown.In(term) && now.Before(v.memory.unknownCounted.Add(countsEvery))
	if term == 0 || p.completedTerm != term || fresh && v.object.Annotations[v1alpha1.AnnotationGiveUpUnknown] == "" {
		return nil
	}
	var members []string
	if said := sets.New(v.connection.Bridge.SaidNow(mesos.TaskUnknown)...); said.Len() > 0 {
		tasks, err := v.listTasks(ctx)
		if err != nil {
			return err
		}
		for i := range tasks {
			if attempt := tasks[i].Status.Task; attempt != nil && said.Has(attempt.ID) && lifecycle.IsUnknown(attempt) {
				members = append(members, attempt.ID)
			}
		}
	}
	v.memory.unknown, v.memory.unknownCounted = v.memory.unknown.Next(term, members, newNonce), now
	return nil
}

// subscribedTerm is the number of the present subscription; zero where there is none.
func (v *view) subscribedTerm() uint64 {
	if state := v.subscription(); state.Subscribed {
		return state.Term
	}
	return 0
}

// unknownStatus is what the status says of that count; nil while there are none.
func (v *view) unknownStatus() *v1alpha1.UnknownAttempts {
	count := v.memory.unknown
	if !count.In(v.subscribedTerm()) || count.Len() == 0 {
		return nil
	}
	return &v1alpha1.UnknownAttempts{Count: int32(count.Len()), Token: count.Token()}
}

// noteUnknown is what condition TasksReconciled says of them; empty where there are none.
func noteUnknown(framework *v1alpha1.MesosFramework, unknown *v1alpha1.UnknownAttempts) string {
	if unknown == nil {
		return ""
	}
	return fmt.Sprintf("; of %d it says TASK_UNKNOWN. If Mesos was rebuilt and none of these runs, give all of them up: kubectl annotate mesosframework %s --overwrite %s=%s",
		unknown.Count, framework.Name, v1alpha1.AnnotationGiveUpUnknown, unknown.Token)
}
