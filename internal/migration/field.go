package migration

// field is one of a kind of definition: what becomes of it, or why nothing does.
type field struct {
	name string
	fate Fate
	// state is what the scheduler tells of the definition as it runs, and no part of it.
	state bool
	// here is where it lands, for those that are carried over. Those without take are read along with another.
	here string
	// why is the sentence for those that differ, are left out or refused.
	why  string
	take func(c *conversion, v node)
}

// runsAs is the remark on what a scheduler tells of a definition.
const runsAs = "tells of the definition as it runs: no part of it"

// apply goes through a table: every field that is there is carried over, or remarked on.
func (c *conversion) apply(n node, table []field) {
	if _, isObject := n.value.(map[string]any); !isObject && !n.absent() {
		n.refuse("is no object: put it right in the definition")
		return
	}
	for _, f := range table {
		v := n.get(f.name)
		switch {
		case v.absent():
		case f.state:
			v.settle()
			c.book.sayCommon(Kept, v.path, runsAs)
		case f.fate == LeftOut && v.void(), f.fate == Refused && v.void():
			v.settle()
		case f.fate == LeftOut:
			v.leftOut("%s", f.why)
		case f.fate == Refused:
			v.refuse("%s", f.why)
		default:
			if f.take != nil {
				f.take(c, v)
			}
			if f.fate == Differs {
				v.differs("%s", f.why)
			}
		}
	}
}

// ownExecutor refuses an executor that is not Mesos' own, which Marathon calls //cmd.
var ownExecutor = field{name: "executor", take: func(_ *conversion, v node) {
	if executor := v.text(); executor != "" && executor != "//cmd" {
		v.refuse("executor %q is one of its own: Mesos' command executor runs all tasks here", executor)
	}
}, here: "nothing: Mesos' command executor runs all"}
