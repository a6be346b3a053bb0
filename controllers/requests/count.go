package requests

import (
	"fmt"
	"slices"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Count is what was counted of one kind of thing after a pass in one subscription, and the token by which a person names just that. Its zero value
// is of nothing.
type Count struct {
	term    uint64
	members []string
	token   string
}

// Next is the count of members, by name, in a subscription. It keeps its token while it is of the same members in the same subscription, and else
// has a new one: the number of them and a nonce, such as 37-k3f9. NewNonce makes a word that was never used.
func (c Count) Next(term uint64, members []string, newNonce func() string) Count {
	members = slices.Sorted(slices.Values(members))
	if c.term == term && slices.Equal(c.members, members) {
		return c
	}
	next := Count{term: term, members: members}
	if len(members) > 0 {
		next.token = fmt.Sprintf("%d-%s", len(members), newNonce())
	}
	return next
}

// Token names the count; empty where it is of nothing.
func (c Count) Token() string { return c.token }

// Len is how many there are.
func (c Count) Len() int { return len(c.members) }

// Members are the names of those that were counted, in order. They must not be changed.
func (c Count) Members() []string { return c.members }

// In says whether the count was made in a subscription.
func (c Count) In(term uint64) bool { return term != 0 && c.term == term }

// Judge says what becomes of an annotation that names a count by its token: that it is to be followed, or why it does nothing, which is empty where
// the status already says that it was dealt with. What the person counted is what there is, or nothing is done (a forgotten annotation, one that a
// backup brought back, or one of a count that has changed).
func (c Count) Judge(handled []v1alpha1.HandledAnnotation, name, value string) (follow bool, why string) {
	switch {
	case value == "" || IsHandled(handled, name, value):
		return false, ""
	case value == c.token:
		return true, ""
	case c.token == "":
		return false, fmt.Sprintf("Annotation %s=%s does nothing, as there is nothing of that kind; remove it", name, cut(value))
	default:
		return false, fmt.Sprintf("Annotation %s=%s does nothing, as it does not name what there is now: that is %s", name, cut(value), c.token)
	}
}

// shown is how much of a value a sentence shows.
const shown = 64

// cut shortens a value that is no token, for a sentence.
func cut(value string) string {
	if len(value) <= shown {
		return value
	}
	return fmt.Sprintf("%.*q...", shown, value)
}
