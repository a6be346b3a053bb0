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
	return len(shape.others) > 0 && p.othersOf(i).Lacks(shape.others) >= 0
}

// packOthers writes other resources as the last part of a key, which no port can be taken for.
func packOthers(wants []mesos.Other) string {
	if len(wants) == 0 {
		return ""
	}
	text, _ := json.Marshal(wants) //nolint:errchkjson // Encoding strings and integers cannot fail.
	return "\xff\xff\xff\xff" + string(text)
}
