package placement

import (
	"encoding/json"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// othersOf is what is left of the other resources of offer i.
func (p *pool) othersOf(i int) mesos.Others {
	if left, some := p.others[i]; some {
		return left
	}
	return p.offers[i].Others
}

// lacksOthers says whether there is not enough left of the other resources of offer i.
func (p *pool) lacksOthers(shape *shape, i int) bool {
	others := shape.others()
	return len(others) > 0 && p.othersOf(i).Lacks(others) >= 0
}

// refusal is what a verdict says of n offers for one of the reasons that a tally counts beside outcomes, and its kind: the rules of the shape's filter, and
// then other resources.
func (s *shape) refusal(i, n int) (clause, kind string) {
	if s.filter != nil {
		if i < len(s.filter.failing) {
			return plural(n, "fails ", "fail ") + s.filter.failing[i], s.filter.failing[i]
		}
		i -= len(s.filter.failing)
	}
	other := &s.rare.others[i]
	return plural(n, "lacks ", "lack ") + other.Name + " (want " + other.Want() + ")", other.Name
}

// packOthers writes other resources, and whether the amounts are revocable, as the last part of a key, which no port can be taken for.
func packOthers(task *Task) string {
	if len(task.Others) == 0 && !task.Revocable {
		return ""
	}
	text, _ := json.Marshal(task.Others) //nolint:errchkjson // Encoding strings and integers cannot fail.
	if task.Revocable {
		return "\xff\xff\xff\xfe" + string(text)
	}
	return "\xff\xff\xff\xff" + string(text)
}
