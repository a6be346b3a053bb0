package v1alpha1

import (
	"fmt"
	"regexp"
)

// RevisionLength is how many characters a revision of a MesosTaskSet has.
const RevisionLength = 10

// setTaskName is what the name of a set's MesosTask looks like: the set's, the revision and an index.
var setTaskName = regexp.MustCompile(fmt.Sprintf(`^(.+)-([a-f0-9]{%d})-(0|[1-9][0-9]{0,5})$`, RevisionLength))

// SetOf says of which MesosTaskSet a MesosTask could be, by its name alone, and of which revision; false for a name of another form.
func SetOf(name string) (set, revision string, ok bool) {
	parts := setTaskName.FindStringSubmatch(name)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}
