package mesosbridge

import (
	"net/http"
	"regexp"
)

// kept is what Mesos has of a framework and never changes: who takes a framework over cannot know it, SUBSCRIBE with something else is taken
// without a word, and every UPDATE_FRAMEWORK with it is refused (Mesos master: validation::framework::validateUpdate).
type kept struct {
	// user is the framework's; empty where it is the one that it is told.
	user string
	// noCheckpoint says that it registered with checkpoint: false.
	noCheckpoint bool
}

// keeps reads what a refused UPDATE_FRAMEWORK says of the user or of checkpoint.
var keeps = regexp.MustCompile(`Updating 'FrameworkInfo\.(user|checkpoint)' is unsupported; attempted to update from '([^']*)' to '[^']*'`)

// answersTry says whether a failed UPDATE_FRAMEWORK that only tried says all that another would.
func (o outcome) answersTry() bool {
	return !o.corrected && o.status != 0 && o.status != http.StatusServiceUnavailable && !o.redirected()
}

// learn takes over what a refusal of UPDATE_FRAMEWORK says of what Mesos keeps. It says whether that is news: then another try may be taken.
func (k *kept) learn(o outcome) bool {
	match := keeps.FindStringSubmatch(o.text)
	if o.status != http.StatusBadRequest || match == nil {
		return false
	}
	before := *k
	if match[1] == "user" {
		k.user = match[2]
	} else {
		k.noCheckpoint = match[2] == "false"
	}
	return *k != before
}
