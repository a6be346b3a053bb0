package rollout

import (
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/util/sets"
)

// revisionLength is how many characters a revision has.
const revisionLength = 10

// nameForm is what the name of a set's MesosTask looks like: the set's, the revision and an index.
var nameForm = regexp.MustCompile(fmt.Sprintf(`^(.+)-([a-f0-9]{%d})-(0|[1-9][0-9]{0,5})$`, revisionLength))

// SetOf says of which set a MesosTask could be, by its name alone, and of which revision; false for a name of another form.
func SetOf(name string) (set, revision string, ok bool) {
	parts := nameForm.FindStringSubmatch(name)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// names gives out names that no MesosTask has, of which the lowest indices first: they are decided, not drawn, so that a crash creates nothing twice.
type names struct {
	set   string
	taken sets.Set[string]
	next  map[string]int
}

func (n *names) free(revision string) string {
	for {
		name := fmt.Sprintf("%s-%s-%d", n.set, revision, n.next[revision])
		n.next[revision]++
		if !n.taken.Has(name) {
			return name
		}
	}
}
