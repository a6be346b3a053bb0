package rollout

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// rule is one row of the decision about which MesosTasks are created and deleted.
type rule struct {
	name string
	when func(*scene) bool
	then func(*scene)
}

// Rules are the names of all rules, in their order.
func Rules() []string {
	names := make([]string, len(rules))
	for i := range rules {
		names[i] = rules[i].name
	}
	return names
}

// rules are tried in order; the first that matches decides. The last matches always.
var rules = []rule{
	{"leave a deleted set to garbage collection", func(s *scene) bool { return s.Set.DeletionTimestamp != nil }, func(s *scene) { s.decision.MakeRevision = nil }},
	{"first the revision of the template", func(s *scene) bool { return s.decision.MakeRevision != nil }, (*scene).announceRevision},
	{"take over what nobody controls", (*scene).hasOrphans, (*scene).change},
	{"wait, as nothing may be made under the framework", func(s *scene) bool { return s.Framework.Obstacle != nil }, (*scene).change},
	{"wait for the framework", func(s *scene) bool { return !s.Framework.Reconciled }, (*scene).change},
	{"wait for the proof, having nothing", func(s *scene) bool { return len(s.members) == 0 && !s.Framework.Proven }, func(*scene) {}},
	{"take over what lives without a MesosTask", func(s *scene) bool { return len(s.Framework.Live) > 0 }, (*scene).rebuild},
	{"recreate: end the old ones", func(s *scene) bool { return s.recreates() && s.olderAlive() }, (*scene).endOlder},
	{"wait until it is known which are to stay", func(s *scene) bool { return s.undecided }, (*scene).change},
	{"replace a few at a time", func(s *scene) bool { return s.rolls() }, (*scene).roll},
	{"keep how many there are", func(*scene) bool { return true }, (*scene).keep},
}

// announceRevision tells that the template has another revision, if it had one.
func (s *scene) announceRevision() {
	s.change()
	if len(s.members) > 0 {
		s.tellDeed(Event{Reason: v1alpha1.EventRollingOut, Action: actionRolling, Message: fmt.Sprintf("The template's revision is %s now", s.update.Label)})
	}
}

// hasOrphans says whether there is something to take over before all else. What the API server refused is tried again, and holds up nothing.
func (s *scene) hasOrphans() bool {
	return len(s.pick(func(m *member) bool { return m.orphan && !s.Refused.Tasks.Has(m.task.UID) })) > 0
}

func (s *scene) recreates() bool { return s.rolls() && s.strategy() == v1alpha1.UpdateRecreate }

// olderAlive says whether a task of an older revision may live, those being deleted included.
func (s *scene) olderAlive() bool {
	for _, m := range s.members {
		if !m.updated && (!m.deleting || !m.lost || !s.mayBeReplaced(m.task)) {
			return true
		}
	}
	return s.alive > len(s.members)-count(s.members, func(m *member) bool { return m.lost })
}

// endOlder deletes all tasks of older revisions; those that are left alone are waited for.
func (s *scene) endOlder() {
	s.change()
	for _, m := range s.pick(func(m *member) bool { return !m.updated && !isLeftAlone(m) }) {
		s.delete(m, "of an older revision, and with strategy Recreate none lives when the first new one does")
	}
}

// rebuild makes the MesosTasks of live Mesos tasks, which adopt them. One of a revision that is not known can be made by the template as it is only,
// which restarts it: that is within the budget.
func (s *scene) rebuild() {
	s.change()
	spare := max(1, s.unavailable) - len(s.pick(isUnavailable))
	named := sets.New[string]()
	for _, task := range s.Tasks {
		named.Insert(task.Name)
	}
	room := s.refusable(len(s.Framework.Live))
	for _, name := range s.Framework.Live {
		_, label, ok := v1alpha1.SetOf(name)
		if !ok || named.Has(name) || len(s.decision.Creates) >= room {
			continue
		}
		template := s.wanted(label)
		if template == nil {
			if spare--; spare < 0 {
				continue
			}
			template = s.wanted(s.update.Label)
		}
		s.create(name, label, template)
	}
}

// taken are the names that MesosTasks have.
func (s *scene) taken() sets.Set[string] {
	taken := sets.New(s.Framework.Live...)
	for _, task := range s.Tasks {
		taken.Insert(task.Name)
	}
	return taken
}
