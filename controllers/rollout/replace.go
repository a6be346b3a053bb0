package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// plan is how many of each revision are to stay, of those that are there, and what goes.
type plan struct {
	// updated and older are the members that stay; leaving are those that are to be replaced, and surplus those that nothing replaces.
	updated, older   []*member
	leaving, surplus []*member
	// newWanted and oldWanted are how many of each there should be.
	newWanted, oldWanted int
}

// stays says of a member that nothing wants it elsewhere.
func stays(m *member) bool { return !m.leaving }

// roll replaces what is of an older revision, or leaves, a few at a time.
func (s *scene) roll() {
	p := &plan{
		updated: s.pick(func(m *member) bool { return m.updated && stays(m) }),
		older:   s.pick(func(m *member) bool { return s.isOfShare(m) && stays(m) }),
		leaving: s.pick(func(m *member) bool { return m.leaving || !m.updated && !s.isOfShare(m) }),
	}
	p.newWanted = s.replicas
	if s.failed {
		p.newWanted = min(len(p.updated), s.replicas)
	} else if s.hasShare() {
		// A partition that grows takes nothing back.
		p.newWanted = max(s.replicas-s.partition, min(len(p.updated), s.replicas))
	}
	p.oldWanted = s.replicas - p.newWanted
	p.updated, p.surplus = s.keepBest(p.updated, p.newWanted)
	var older []*member
	p.older, older = s.keepBest(p.older, p.oldWanted)
	p.leaving = append(p.leaving, older...)
	s.carryOut(p, s.update)
}

// hasShare says whether there is a revision that the older share stays at: the one that all were of before.
func (s *scene) hasShare() bool { return s.partition > 0 && s.current != nil && s.current != s.update }

// isOfShare says whether a member may stay though it is of an older revision.
func (s *scene) isOfShare(m *member) bool {
	return !m.updated && (s.hasShare() && m.revision == s.current.Label || s.failed)
}

// toReplace is how many are of an older revision and are not to stay.
func (s *scene) toReplace() int {
	share := len(s.pick(func(m *member) bool { return s.hasShare() && !m.updated && m.revision == s.current.Label }))
	return s.older() - min(share, s.partition)
}

// keep keeps how many there are, of whatever revision.
func (s *scene) keep() {
	all := s.pick(stays)
	p := &plan{leaving: s.pick(func(m *member) bool { return m.leaving })}
	all, p.surplus = s.keepBest(all, s.replicas)
	for _, m := range all {
		if m.updated {
			p.updated = append(p.updated, m)
		} else {
			p.older = append(p.older, m)
		}
	}
	p.newWanted, p.oldWanted = s.replicas-len(p.older), len(p.older)
	made := s.update
	if s.spec.Paused && s.current != nil {
		made = s.current
	}
	s.carryOut(p, made)
}

// carryOut creates what is missing, as far as there is room, and deletes what goes, as far as enough stays available.
func (s *scene) carryOut(p *plan, made *Revision) {
	room := s.replicas + s.surge - s.alive
	missing := max(0, p.newWanted-len(p.updated)) + max(0, p.oldWanted-len(p.older))
	room = s.refusable(min(room, missing))
	fresh := max(0, min(p.newWanted-len(p.updated), room))
	old := max(0, min(p.oldWanted-len(p.older), room-fresh))
	s.createSome(fresh, made)
	if old > 0 && s.current != nil {
		s.createSome(old, s.current)
	}
	s.change()
	s.deleteSurplus(p)
	s.deleteLeaving(p)
	s.putBack(p)
}

// refusable is how many of n MesosTasks are to be created now: not more than at once, and not those of which it is known that the API server refuses them.
func (s *scene) refusable(n int) int {
	if most := s.Refused.Most; most != nil {
		s.room = max(0, min(n, *most-len(s.Tasks)))
		s.withheld = max(0, n) - s.room
		if !s.Refused.Again {
			n = s.room
		}
	}
	return min(n, atOnce)
}

// deleteSurplus deletes those that nothing replaces. That an unavailable one goes makes nothing worse.
func (s *scene) deleteSurplus(p *plan) {
	available := s.available()
	for _, m := range p.surplus {
		switch {
		case isLeftAlone(m):
			continue
		case m.available && available <= s.least():
			continue
		case m.available:
			available--
		}
		s.delete(m, fmt.Sprintf("as there are more than %d", s.replicas))
	}
}

// deleteLeaving deletes those that are replaced, the unavailable first: never so many that, with those that take their places and are not available
// yet, too few would be.
func (s *scene) deleteLeaving(p *plan) {
	staying := slices.Concat(p.updated, p.older)
	active := s.pick(func(m *member) bool { return !m.lost && !s.isDeleted(m) })
	spare := len(active) - s.least() - count(staying, func(m *member) bool { return m.updated && !m.available && !m.lost })
	available := s.available()
	for _, m := range s.sorted(p.leaving) {
		switch {
		case isLeftAlone(m):
			continue
		case m.lost:
			s.delete(m, s.whyLeaving(m))
			continue
		case spare <= 0, m.available && available <= s.least():
			continue
		case m.available && s.unpublished() != nil:
			s.held = true
			continue
		case m.available:
			available--
		}
		spare--
		s.delete(m, s.whyLeaving(m))
	}
}

// unpublished is what says that the set has a Service by which some tasks that are ready are not found, or none of the new ones would be, as the API server
// refuses it or its slices: those that are found stay then. Nil where it is not so, as where only older ones are not found, for want of a port that the
// template has now, say: to replace them is the cure.
func (s *scene) unpublished() *metav1.Condition {
	published := meta.FindStatusCondition(s.Set.Status.Conditions, v1alpha1.ConditionServicePublished)
	if s.spec.Service == nil || published == nil || published.Status != metav1.ConditionFalse ||
		published.Reason != v1alpha1.ReasonTasksLeftOut && published.Reason != v1alpha1.ReasonServiceRefused {
		return nil
	}
	return published
}

func (s *scene) whyLeaving(m *member) string {
	switch {
	case m.drift:
		return "as it was changed by hand"
	case m.leaving:
		return "to move it off its agent"
	default:
		return "as it is of revision " + m.revision
	}
}

// putBack takes back what somebody changed by hand where that restarts the task: it is unavailable for a while then.
func (s *scene) putBack(p *plan) {
	available := s.available()
	for _, m := range s.sorted(slices.Concat(p.updated, p.older)) {
		switch {
		case !m.drift || isLeftAlone(m) || s.isDeleted(m):
			continue
		case m.available && available <= s.least():
			continue
		case m.available:
			available--
		}
		s.changeSpec(m, true)
	}
}

// available is how many are, once what is decided so far is done.
func (s *scene) available() int {
	return len(s.pick(func(m *member) bool { return m.available && !s.isDeleted(m) }))
}

func (s *scene) isDeleted(m *member) bool { return s.deleted[m.task] }

func (s *scene) delete(m *member, why string) {
	if len(s.decision.Deletes) < atOnce {
		s.decision.Deletes = append(s.decision.Deletes, Deletion{m.task, why})
		s.deleted[m.task] = true
	}
}

func (s *scene) createSome(n int, revision *Revision) {
	if n <= 0 {
		return
	}
	free := &names{set: s.Set.Name, taken: s.taken(), next: map[string]int{}}
	template := s.wanted(revision.Label)
	for range n {
		s.create(free.free(revision.Label), revision.Label, template)
	}
	s.tellDeed(Event{Reason: v1alpha1.EventTaskCreated, Action: actionScaling, Message: fmt.Sprintf("Creating %d of revision %s", n, revision.Label)})
}

func (s *scene) create(name, label string, template *v1alpha1.MesosTaskSetTemplate) {
	written := map[string]string{}
	maps.Copy(written, annotations(template))
	// By it is told what admission made of this from what somebody else made.
	written[v1alpha1.AnnotationAdmitted] = fingerprint(name, s.print(label, template))
	s.decision.Creates = append(s.decision.Creates, Creation{
		Name: name, Labels: s.labels(template, label), Annotations: written, Spec: *template.Spec.DeepCopy(),
	})
}

// keepBest parts members into the n that stay and the others, first to go first.
func (s *scene) keepBest(members []*member, n int) (stay, others []*member) {
	members = s.sorted(members)
	surplus := max(0, len(members)-max(0, n))
	return members[surplus:], members[:surplus]
}

// sorted has those first that go first: not launched, unready, not available, of an older revision, of the agent with most, the youngest. What is
// left alone comes last.
func (s *scene) sorted(members []*member) []*member {
	members = slices.Clone(members)
	onAgent := map[string]int{}
	for _, m := range members {
		if m.launched {
			onAgent[agentOf(m.task)]++
		}
	}
	crowd := func(m *member) int {
		if !m.launched {
			return 0
		}
		return onAgent[agentOf(m.task)]
	}
	// The crowd of an agent shrinks with each that goes: the members of one agent go by turns with those of others.
	slices.SortStableFunc(members, func(a, b *member) int { return cmp.Or(s.order(a, b), cmp.Compare(a.task.Name, b.task.Name)) })
	turn, seen := map[*member]int{}, map[string]int{}
	for _, m := range members {
		if m.launched {
			turn[m] = seen[agentOf(m.task)]
			seen[agentOf(m.task)]++
		}
	}
	slices.SortStableFunc(members, func(a, b *member) int {
		return cmp.Or(s.rank(a, b), cmp.Compare(crowd(b)-turn[b], crowd(a)-turn[a]), s.order(a, b))
	})
	return members
}

// rank is negative where a goes before b whatever their agents.
func (s *scene) rank(a, b *member) int {
	return cmp.Or(first(!isLeftAlone(a), !isLeftAlone(b)), first(!a.launched, !b.launched), first(!a.ready, !b.ready), first(!a.available, !b.available), first(!a.updated, !b.updated))
}

// order is negative where a goes before b of one agent: the younger.
func (s *scene) order(a, b *member) int {
	return cmp.Or(s.rank(a, b), b.task.CreationTimestamp.Compare(a.task.CreationTimestamp.Time), cmp.Compare(b.task.Name, a.task.Name))
}

// first is negative where only a.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
