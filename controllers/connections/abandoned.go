package connections

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// Abandon asks for attempts of a deleted object to be remembered as abandoned. It lets nothing go: the framework's status must hold them first.
func (c *Connection) Abandon(attempts []v1alpha1.AbandonedAttempt) {
	c.mu.Lock()
	for _, attempt := range attempts {
		if _, known := c.toAbandon[attempt.TaskID]; !known {
			attempt.Since = metav1.Time{Time: c.owner.clock.Now().Truncate(time.Second)}
			c.toAbandon[attempt.TaskID] = attempt
		}
	}
	c.mu.Unlock()
	c.owner.EnqueueFramework(c.Name)
}

// AbandonedStored says that the framework's status holds these attempts as abandoned, and no others. The objects that wait for one, and what
// Mesos has yet to be told of one that is over, are looked at again, and so are those that wait for room.
func (c *Connection) AbandonedStored(stored []v1alpha1.AbandonedAttempt) {
	c.mu.Lock()
	before, ending := sets.KeySet(c.abandoned), endingUnseen(c.abandoned)
	c.abandoned = make(map[string]v1alpha1.AbandonedAttempt, len(stored))
	for _, attempt := range stored {
		c.abandoned[attempt.TaskID] = attempt
	}
	changed := before.SymmetricDifference(sets.KeySet(c.abandoned)).Union(sets.KeySet(c.toAbandon)).Union(ending.SymmetricDifference(endingUnseen(c.abandoned)))
	// What did not fit is asked for again by the object that waits.
	clear(c.toAbandon)
	var waiting []types.NamespacedName
	if len(c.abandoned) < v1alpha1.MaxAbandoned {
		waiting = c.crowded.UnsortedList()
		c.crowded = sets.New[types.NamespacedName]()
	}
	c.mu.Unlock()
	for _, key := range waiting {
		c.owner.EnqueueTask(key)
	}
	for taskID := range changed {
		id, err := lifecycle.ParseTaskID(taskID)
		if err != nil {
			continue
		}
		key := types.NamespacedName{Namespace: id.Namespace, Name: id.Name}
		if known, ok := c.Bridge.Attempt(taskID); ok && before.Has(taskID) && !c.IsAbandoned(taskID) && known.Said() != nil && known.Said().State.Class() == mesos.FateUnknown {
			// Nobody expects it back.
			c.Forget(key, taskID)
		}
		c.owner.EnqueueTask(key)
	}
}

// endingUnseen are the abandoned attempts that end unseen.
func endingUnseen(attempts map[string]v1alpha1.AbandonedAttempt) sets.Set[string] {
	ending := sets.New[string]()
	for taskID, attempt := range attempts {
		if attempt.GoneTime != nil {
			ending.Insert(taskID)
		}
	}
	return ending
}

// AbandonedEnds says whether the framework's status holds that an abandoned attempt ends unseen.
func (c *Connection) AbandonedEnds(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.abandoned[taskID].GoneTime != nil
}

// AbandonedOf are the attempts of an object's identity that the framework's status holds as abandoned, and whether it can hold no more. An object that
// leaves is then brought back once it can.
func (c *Connection) AbandonedOf(key types.NamespacedName, leaves bool) (attempts []v1alpha1.AbandonedAttempt, full bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if full = len(c.abandoned) >= v1alpha1.MaxAbandoned; full && leaves {
		c.crowded.Insert(key)
	}
	for taskID, attempt := range c.abandoned {
		if strings.HasPrefix(taskID, key.Namespace+"."+key.Name+".") {
			attempts = append(attempts, attempt)
		}
	}
	slices.SortFunc(attempts, func(a, b v1alpha1.AbandonedAttempt) int { return cmp.Compare(a.TaskID, b.TaskID) })
	return attempts, full
}

// IsAbandoned says whether an attempt is abandoned, or is about to be.
func (c *Connection) IsAbandoned(taskID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, stored := c.abandoned[taskID]
	_, asked := c.toAbandon[taskID]
	return stored || asked
}

// AbandonedHere are the abandoned attempts, for a pass.
func (c *Connection) AbandonedHere() []reconciliation.Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	attempts := make([]reconciliation.Attempt, 0, len(c.abandoned))
	for taskID, attempt := range c.abandoned {
		attempts = append(attempts, reconciliation.Attempt{TaskID: taskID, AgentID: attempt.AgentID})
	}
	slices.SortFunc(attempts, func(a, b reconciliation.Attempt) int { return cmp.Compare(a.TaskID, b.TaskID) })
	return attempts
}

// NextAbandoned is what the framework's status should hold of abandoned attempts: those that it holds, without those whose end was seen or that
// nobody expects back, and those that objects wait for, as far as there is room.
func (c *Connection) NextAbandoned(giveUps []lifecycle.GiveUp) []v1alpha1.AbandonedAttempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	next, now := make([]v1alpha1.AbandonedAttempt, 0, len(c.abandoned)), c.owner.clock.Now()
	for taskID, attempt := range c.abandoned {
		known, _ := c.Bridge.Attempt(taskID)
		attempt, stays := lifecycle.StillAbandoned(attempt, known.Said(), giveUps, now)
		if stays && !known.EndSeen() {
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
