package mesosframework

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/controllers/requests"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// abandonedSample is how many abandoned attempts a message names.
const abandonedSample = 3

// anyTerm stands for the subscription of a count that rests on the object alone, so that it is one whether Mesos can be reached or not.
const anyTerm = 1

// countAbandoned counts the attempts that the status remembers.
func (v *view) countAbandoned() {
	taskIDs := make([]string, 0, len(v.object.Status.Abandoned))
	for _, attempt := range v.object.Status.Abandoned {
		taskIDs = append(taskIDs, attempt.TaskID)
	}
	v.memory.abandoned = v.memory.abandoned.Next(anyTerm, taskIDs, newNonce)
}

// abandonedUntil is when the first of the abandoned attempts that end unseen is over; zero where none does, or where nobody would look.
func (v *view) abandonedUntil() (first time.Time) {
	if v.connection == nil {
		return first
	}
	for i := range v.object.Status.Abandoned {
		if until, ends := lifecycle.AbandonedUntil(&v.object.Status.Abandoned[i]); ends && (first.IsZero() || until.Before(first)) {
			first = until
		}
	}
	return first
}

// whyRemembered is why a framework that is being deleted, and is not torn down, waits: with it goes the memory of attempts that are to be killed
// should they come back. Nil if it has none. Of a framework that Mesos has removed nothing comes back.
func (v *view) whyRemembered(duplicate bool) *lifecycle.Obstacle {
	count := v.memory.abandoned
	if count.Len() == 0 || isRemoved(v.subscription()) {
		return nil
	}
	var named []string
	for _, attempt := range v.object.Status.Abandoned[:min(len(v.object.Status.Abandoned), abandonedSample)] {
		where := ""
		if attempt.AgentID != "" {
			where = " on agent " + attempt.AgentID
		}
		named = append(named, attempt.TaskID+where)
	}
	ends := ""
	if !duplicate && configOf(v.object).Framework.ID != "" {
		ends = ", to end them with the framework set spec.deletionPolicy to Teardown"
	}
	return &lifecycle.Obstacle{Reason: v1alpha1.ReasonAttemptsAbandoned, Stalled: true, Message: fmt.Sprintf(
		"%d attempts of deleted MesosTasks may still run, such as %s, and without this object nobody would kill them should they come back: wait until all of them are over%s, "+
			"or forget them: kubectl annotate mesosframework %s --overwrite %s=%s",
		count.Len(), strings.Join(named, ", "), ends, v.object.Name, v1alpha1.AnnotationForgetAbandoned, count.Token())}
}

func (v *view) judgeForgetAbandoned(value string) (follow bool, why string) {
	if v.object.DeletionTimestamp.IsZero() {
		return false, fmt.Sprintf("Annotation %s does nothing as long as the framework is not deleted; remove it", v1alpha1.AnnotationForgetAbandoned)
	}
	return v.memory.abandoned.Judge(v.object.Status.HandledAnnotations, v1alpha1.AnnotationForgetAbandoned, value)
}

// dropAbandoned has the status forget what was counted.
func (v *view) dropAbandoned(patch *writes.Patch) {
	patch.Test("/status/abandoned", v.object.Status.Abandoned)
	patch.Remove("/status/abandoned")
}

// tellForgetAbandoned says what was forgotten, once it is.
func (v *view) tellForgetAbandoned(_ context.Context, _ string) error {
	if connection := v.Connections.Get(v.object.Name); connection != nil {
		connection.AbandonedStored(nil)
	}
	v.Recorder.Event(v.object, true, v1alpha1.EventForgettingAbandoned, "Deleting", fmt.Sprintf(
		"Forgetting %d attempts of deleted MesosTasks that may still run, as annotation %s asks, such as %s",
		v.memory.abandoned.Len(), v1alpha1.AnnotationForgetAbandoned, v.memory.abandoned.Members()[0]))
	v.memory.abandoned = requests.Count{}
	return nil
}
