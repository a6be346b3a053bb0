package connections

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/controllers/placer"
)

// markPrefix begins the IDs of made-up tasks: they have no dot, so that no MesosTask's task ID can be one.
const markPrefix = "mark-"

// mark is what a made-up task was asked about for.
type mark struct {
	// pass says that it is a fence or an end mark.
	pass bool
	// attempt is the object whose attempt was asked for before it; empty for a mark that goes first.
	attempt types.NamespacedName
}

// NewMark is the ID of a made-up task that was never used.
func NewMark() string { return markPrefix + placer.NewNonce() }

// Mark remembers a fence or an end mark that is about to be asked for.
func (c *Connection) Mark(taskID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks[taskID] = mark{pass: true}
}

// Unmark forgets a mark.
func (c *Connection) Unmark(taskID string) {
	if taskID == "" {
		return
	}
	c.Bridge.Forget(taskID)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.marks, taskID)
}
