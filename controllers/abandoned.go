package controllers

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// abandonedKillRetry is the time between two KILLs of an abandoned attempt that is back.
const abandonedKillRetry = time.Minute

// abandon asks for attempts of a deleted object to be remembered as abandoned. It lets nothing go: the framework's status must hold them first.
func (c *connection) abandon(attempts []lifecycle.Placement) {
	c.mu.Lock()
	for _, attempt := range attempts {
		if _, known := c.toAbandon[attempt.TaskID]; !known {
			c.toAbandon[attempt.TaskID] = v1alpha1.AbandonedAttempt{
				TaskID: attempt.TaskID, AgentID: attempt.AgentID, Since: metav1.Time{Time: c.owner.now().Truncate(time.Second)},
			}
		}
	}
	c.mu.Unlock()
	c.owner.frameworks.add(frameworkKey(c.name))
}

// abandonedStored says that the framework's status holds these attempts as abandoned, and no others. The objects that wait for one, and what
// Mesos has yet to be told of one that is over, are looked at again.
func (c *connection) abandonedStored(stored []v1alpha1.AbandonedAttempt) {
	c.mu.Lock()
	before := sets.KeySet(c.abandoned)
	c.abandoned = make(map[string]v1alpha1.AbandonedAttempt, len(stored))
	for _, attempt := range stored {
		c.abandoned[attempt.TaskID] = attempt
	}
	changed := before.SymmetricDifference(sets.KeySet(c.abandoned)).Union(sets.KeySet(c.toAbandon))
	// What did not fit is asked for again by the object that waits.
	clear(c.toAbandon)
	c.mu.Unlock()
	for taskID := range changed {
		if id, err := lifecycle.ParseTaskID(taskID); err == nil {
			c.owner.tasks.add(types.NamespacedName{Namespace: id.Namespace, Name: id.Name})
		}
	}
}

// abandonedOf are the attempts of an object's identity that the framework's status holds as abandoned, and whether it can hold no more.
func (c *connection) abandonedOf(key types.NamespacedName) (taskIDs sets.Set[string], full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	taskIDs = sets.New[string]()
	for taskID := range c.abandoned {
		if strings.HasPrefix(taskID, key.Namespace+"."+key.Name+".") {
			taskIDs.Insert(taskID)
		}
	}
	return taskIDs, len(c.abandoned) >= v1alpha1.MaxAbandoned
}

// isAbandoned says whether an attempt is abandoned, or is about to be.
func (c *connection) isAbandoned(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, stored := c.abandoned[taskID]
	_, asked := c.toAbandon[taskID]
	return stored || asked
}

// abandonedHere are the abandoned attempts, for a pass.
func (c *connection) abandonedHere() []reconciliation.Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	attempts := make([]reconciliation.Attempt, 0, len(c.abandoned))
	for taskID, attempt := range c.abandoned {
		attempts = append(attempts, reconciliation.Attempt{TaskID: taskID, AgentID: attempt.AgentID})
	}
	slices.SortFunc(attempts, func(a, b reconciliation.Attempt) int { return cmp.Compare(a.TaskID, b.TaskID) })
	return attempts
}

// nextAbandoned is what the framework's status should hold of abandoned attempts: those that it holds, without what is known to be over, and
// those that objects wait for, as far as there is room.
func (c *connection) nextAbandoned() []v1alpha1.AbandonedAttempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make([]v1alpha1.AbandonedAttempt, 0, len(c.abandoned))
	for taskID, attempt := range c.abandoned {
		if said, ok := c.bridge.Attempt(taskID); !ok || !isOver(said.Observation, said.Returned) {
			next = append(next, attempt)
		}
	}
	for _, taskID := range slices.Sorted(maps.Keys(c.toAbandon)) {
		if _, stored := c.abandoned[taskID]; !stored && len(next) < v1alpha1.MaxAbandoned {
			next = append(next, c.toAbandon[taskID])
		}
	}
	if len(next) == 0 {
		return nil
	}
	slices.SortFunc(next, func(a, b v1alpha1.AbandonedAttempt) int {
		return cmp.Or(a.Since.Compare(b.Since.Time), cmp.Compare(a.TaskID, b.TaskID))
	})
	return next
}

// isOver says whether what Mesos said of an attempt is that it is over.
func isOver(said, returned *mesos.Observation) bool {
	return said != nil && said.State.Class() == mesos.Ended && returned == nil
}

// settleAbandoned deals with an abandoned attempt whose object is gone: it is killed if it is back, and once it is over the framework's status
// is told to forget it. It returns when to look again; zero for never.
func (r *MesosTaskReconciler) settleAbandoned(ctx context.Context, connection *connection, key types.NamespacedName, taskID string) time.Time {
	attempt, _ := connection.bridge.Attempt(taskID)
	said := attempt.Returned
	if said == nil {
		said = attempt.Observation
	}
	if said == nil {
		return time.Time{}
	}
	open := lifecycle.OpenAttempt{TaskID: taskID, AgentID: said.AgentID, FrameworkID: connection.bridge.Connection().FrameworkID}
	connection.noteFate(key, open, said.State.Class() == mesos.FateUnknown, time.Time{})
	switch {
	case isOver(attempt.Observation, attempt.Returned):
		r.Connections.frameworks.add(frameworkKey(connection.name))
		return time.Time{}
	case said.State.Class() != mesos.Live:
		return time.Time{}
	}
	done, now := connection.effortsFor(key, open), r.Connections.now()
	if done.kills > 0 && now.Before(done.lastKill.Add(abandonedKillRetry)) {
		return done.lastKill.Add(abandonedKillRetry)
	}
	ctrl.LoggerFrom(ctx).Info("Killing an abandoned task that is back", "taskID", taskID, "agentID", said.AgentID)
	framework := &v1alpha1.MesosFramework{}
	if err := r.Client.Get(ctx, frameworkKey(connection.name), framework); err == nil && done.kills == 0 {
		r.Recorder.event(framework, true, v1alpha1.EventKillingAbandoned, "Killing",
			fmt.Sprintf("Killing %s, which is back on agent %s: it was abandoned when its object was deleted", taskID, said.AgentID))
	}
	connection.kill(key, open, nil)
	return now.Add(abandonedKillRetry)
}
