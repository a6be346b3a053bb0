package lifecycle

import (
	"fmt"
	"regexp"
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

// ownTaskID is the form of the task IDs that are made here: two DNS labels, a hash of any version, and a nonce.
var ownTaskID = regexp.MustCompile(fmt.Sprintf(`^(?:[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\.){2}[0-9A-Za-z][0-9a-f]{8}\.[a-z2-7]{%d}$`, NonceLength))

// ParseOwnTaskID takes a Mesos task ID apart that has the form of those that are made here, down to its hash and its nonce. What has four parts and no
// more in common with them is another scheduler's.
func ParseOwnTaskID(taskID string) (TaskID, error) {
	if !ownTaskID.MatchString(taskID) {
		return TaskID{}, fmt.Errorf("parsing task ID %q: it has not the form of those that are made here", taskID)
	}
	return ParseTaskID(taskID)
}
