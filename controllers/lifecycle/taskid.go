package lifecycle

import (
	"fmt"
	"slices"
	"strings"
)

// NonceLength is how many random base-32 characters end a task ID.
const NonceLength = 10

// TaskID is a Mesos task ID taken apart. The namespace and the name are DNS labels, which have no dot, so that it parses without
// doubt.
type TaskID struct {
	Namespace string
	Name      string
	// Hash is the hash of what was sent to Mesos.
	Hash string
	// Nonce is fresh for each attempt: a task ID is never used twice, as a second launch of a live one can take a master down.
	Nonce string
}

// String returns the Mesos task ID.
func (id TaskID) String() string {
	return id.Namespace + "." + id.Name + "." + id.Hash + "." + id.Nonce
}

// ParseTaskID takes a Mesos task ID apart.
func ParseTaskID(taskID string) (TaskID, error) {
	parts := strings.Split(taskID, ".")
	if len(parts) != 4 {
		return TaskID{}, fmt.Errorf("parsing task ID %q: want <namespace>.<name>.<hash>.<nonce>", taskID)
	}
	if slices.Contains(parts, "") {
		return TaskID{}, fmt.Errorf("parsing task ID %q: a part of it is empty", taskID)
	}
	return TaskID{Namespace: parts[0], Name: parts[1], Hash: parts[2], Nonce: parts[3]}, nil
}
