package apiserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// stored is an object as it was from one revision on. It never changes.
type stored struct {
	*unstructured.Unstructured
	json []byte
}

// record is a change of a collection.
type record struct {
	revision int64
	at       time.Time
	what     watch.EventType
	key      string
	// object is what is stored from then on; of a deletion, what was, with the deletion's revision. before is what was there; nil for a creation.
	object, before *stored
}

// collection are the objects of a kind, and how they came to be what they are.
type collection struct {
	*kind
	objects map[string]*stored
	// records are the latest changes, oldest first; compacted is the revision of the latest that is not among them.
	records   []record
	compacted int64
}

// remembered is how many changes of a kind are kept at least: a watch that is further behind has to list anew.
const remembered = 5000

// key is an object's name within its collection.
func key(namespace, name string) string { return namespace + "/" + name }

// commit makes a change, under a revision of its own. The server's lock is held.
func (s *Server) commit(c *collection, what watch.EventType, object *unstructured.Unstructured) (*stored, error) {
	if c.rules != nil {
		// As when it is read from a disk: a status that was taken away has its default again.
		defaulting.Default(object.Object, c.rules.schema)
	}
	s.revision++
	object.SetResourceVersion(strconv.FormatInt(s.revision, 10))
	encoded, err := json.Marshal(object.Object)
	if err != nil {
		return nil, fmt.Errorf("encoding %s %s: %w", c.Kind, object.GetName(), err)
	}
	made, name := &stored{object, encoded}, key(object.GetNamespace(), object.GetName())
	c.records = append(c.records, record{s.revision, time.Now(), what, name, made, c.objects[name]})
	if what == watch.Deleted {
		delete(c.objects, name)
	} else {
		c.objects[name] = made
	}
	if len(c.records) > 2*remembered {
		c.compact(len(c.records) - remembered)
	}
	if s.committed != nil {
		s.committed(c.resource(), what, encoded)
	}
	s.notify()
	return made, nil
}

// compact forgets the oldest changes.
func (c *collection) compact(n int) {
	if n > 0 {
		c.compacted = c.records[n-1].revision
		c.records = slices.Clone(c.records[n:])
	}
}

// after is the index of the first change after a revision.
func (c *collection) after(revision int64) int {
	i, _ := slices.BinarySearchFunc(c.records, revision, func(r record, revision int64) int {
		if r.revision <= revision {
			return -1
		}
		return 1
	})
	return i
}

// at are the objects as they were at a revision, or as they are if that was forgotten, sorted by their keys.
func (c *collection) at(revision int64) []*stored {
	then := maps.Clone(c.objects)
	for _, change := range slices.Backward(c.records) {
		if change.revision <= revision {
			break
		}
		if change.before == nil {
			delete(then, change.key)
		} else {
			then[change.key] = change.before
		}
	}
	sorted := make([]*stored, 0, len(then))
	for _, object := range then {
		sorted = append(sorted, object)
	}
	slices.SortFunc(sorted, func(a, b *stored) int {
		return strings.Compare(key(a.GetNamespace(), a.GetName()), key(b.GetNamespace(), b.GetName()))
	})
	return sorted
}

// notify wakes whoever waits for changes.
func (s *Server) notify() {
	close(s.wake)
	s.wake = make(chan struct{})
}
