package mesos

import "strings"

// isDuplicateID recognises the two sentences with which a master refuses a task ID that is in use.
func isDuplicateID(message string) bool {
	return strings.Contains(message, "has duplicate ID") || strings.Contains(message, "reuses the ID of an unreachable task")
}
