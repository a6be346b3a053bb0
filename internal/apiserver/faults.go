package apiserver

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apiserver/pkg/endpoints/request"
)

// Action is what a fault does to a request.
type Action string

// The actions.
const (
	// Drop breaks the connection before the request takes effect.
	Drop Action = "drop"
	// DropAnswer lets the request take effect, and breaks the connection before its answer.
	DropAnswer Action = "drop-answer"
	// Delay holds the request up before it takes effect, by the fault's Delay.
	Delay Action = "delay"
	// DelayAnswer lets the request take effect, and holds its answer up.
	DelayAnswer Action = "delay-answer"
	// Refuse answers with the fault's Status, and nothing takes effect.
	Refuse Action = "refuse"
)

// Fault is something that befalls requests, as often as Count says. What it does not name, any request has.
type Fault struct {
	Action Action
	// Instance is how the names of those begin whose requests it meets. See Server.Config.
	Instance string
	// Verb is Kubernetes' verb: get, list, watch, create, update, patch, delete, deletecollection.
	Verb string
	// Writes confines it to requests that change something.
	Writes bool
	// Resource and Part are the resource and its subresource, as in "mesostasks" and "status"; Name is the object's.
	Resource, Part, Name string
	// Skip lets that many pass first. Count is how many are met then: 0 means one, negative all.
	Skip, Count int
	// Delay is how long Delay and DelayAnswer hold up.
	Delay time.Duration
	// Status is the code of Refuse: 409, 422, 429, 500, 503 and so on; RetryAfter its header of that name, in seconds.
	Status, RetryAfter int
}

// Injected is a fault that was switched on.
type Injected struct {
	Fault
	server           *Server
	left, skip, hits int
}

// Inject switches a fault on. The first of those that match a request meets it.
func (s *Server) Inject(f Fault) *Injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := &Injected{Fault: f, server: s, left: f.Count, skip: f.Skip}
	if f.Count == 0 {
		i.left = 1
	}
	s.faults = append(s.faults, i)
	return i
}

// Hits is how often the fault has struck.
func (i *Injected) Hits() int {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	return i.hits
}

// Remove switches the fault off. Hits stays.
func (i *Injected) Remove() {
	i.server.mu.Lock()
	defer i.server.mu.Unlock()
	i.left = 0
}

// ClearFaults switches all faults off, and lets all watches catch up.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.lags = nil, nil
	s.notify()
}

// fault is the one that meets a request; nil: none does.
func (s *Server) fault(instance string, info *request.RequestInfo) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.faults {
		switch {
		case i.left == 0, !i.matches(instance, info):
			continue
		case i.skip > 0:
			i.skip--
			continue
		}
		if i.left > 0 {
			i.left--
		}
		i.hits++
		return &i.Fault
	}
	return nil
}

// matches says whether a request is of those that the fault is meant for.
func (f *Fault) matches(instance string, info *request.RequestInfo) bool {
	for _, one := range []struct{ want, got string }{
		{f.Verb, info.Verb}, {f.Resource, info.Resource}, {f.Part, info.Subresource}, {f.Name, info.Name},
	} {
		if one.want != "" && one.want != one.got {
			return false
		}
	}
	if !strings.HasPrefix(instance, f.Instance) {
		return false
	}
	return !f.Writes || info.Verb != "get" && info.Verb != "list" && info.Verb != "watch"
}

// Lagging is a watch cache that is behind. See Server.Lag.
type Lagging struct {
	server             *Server
	instance, resource string
	by                 time.Duration
	// stuck is the revision at which it stands still, if by is negative.
	stuck int64
}

// Lag lets an instance see changes of a resource only a while after they were made, as one does whose API server has a cache that is behind: its
// watches, and lists that do not ask for the latest. By less than nothing, it sees none from now on. An empty instance or resource is any. Reads that ask
// for the latest are not met, but a list that is to be streamed waits.
func (s *Server) Lag(instance, resource string, by time.Duration) *Lagging {
	s.mu.Lock()
	defer s.mu.Unlock()
	lag := &Lagging{s, instance, resource, by, s.revision}
	s.lags = append(s.lags, lag)
	return lag
}

// End lets it catch up.
func (l *Lagging) End() {
	l.server.mu.Lock()
	defer l.server.mu.Unlock()
	for i, lag := range l.server.lags {
		if lag == l {
			l.server.lags = append(l.server.lags[:i:i], l.server.lags[i+1:]...)
			break
		}
	}
	l.server.notify()
}

// horizon is the revision up to which an instance sees a collection, and when it sees more; zero is not by itself. The lock is held.
func (s *Server) horizon(instance string, c *collection) (revision int64, more time.Time) {
	revision = s.revision
	for _, lag := range s.lags {
		switch {
		case lag.instance != "" && lag.instance != instance, lag.resource != "" && lag.resource != c.plural:
		case lag.by < 0:
			if lag.stuck < revision {
				revision, more = lag.stuck, time.Time{}
			}
		default:
			for _, change := range c.records {
				if due := change.at.Add(lag.by); change.revision <= revision && due.After(time.Now()) {
					revision, more = change.revision-1, due
					break
				}
			}
		}
	}
	return revision, more
}

// Compact forgets all changes so far: a watch that has not seen them is told to list anew.
func (s *Server) Compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byKind {
		c.compact(len(c.records))
	}
}

// RollBack makes all objects what they were at a revision that is still remembered, as an etcd does that was restored from a snapshot of then. All
// connections break, as its API server was down for it.
//
// With a bump of 0 the revisions go on from that one, as etcd's do by default: resource versions that were given out since are given out again, for
// something else, and a watch that begins at one of them is told nothing before they have come as far again. With a bump they go on from so much later,
// and all changes before are forgotten (etcdutl snapshot restore --bump-revision --mark-compacted), so that every watch has to list anew.
//
// A revision that is not remembered any more is an error, and changes nothing.
func (s *Server) RollBack(revision, bump int64) error {
	s.mu.Lock()
	for _, c := range s.byKind {
		if revision < c.compacted && len(c.records) > 0 {
			s.mu.Unlock()
			return fmt.Errorf("revision %d of %s is not remembered", revision, c.plural)
		}
	}
	for _, c := range s.byKind {
		then := c.at(revision)
		clear(c.objects)
		for _, object := range then {
			c.objects[key(object.GetNamespace(), object.GetName())] = object
		}
		c.records = c.records[:c.after(revision):c.after(revision)]
		if bump > 0 {
			c.records, c.compacted = nil, revision+bump
		}
	}
	s.revision = revision + bump
	s.notify()
	s.mu.Unlock()
	s.listener.breakAll()
	return nil
}
