package rollout

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// identity is what makes a revision: of two templates with the same there is one.
type identity struct {
	Spec        map[string]any `json:"spec"`
	RestartedAt string         `json:"restartedAt,omitempty"`
	Probe       int            `json:"probe,omitempty"`
}

// labelOf is the label of a revision with a content. Probe tells contents apart that have one label.
func labelOf(content *Content, probe int) string {
	encoded, _ := json.Marshal(identity{restarting(&content.Template.Spec), content.RestartedAt, probe}) //nolint:errchkjson // What was read from JSON can be written as such.
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])[:v1alpha1.RevisionLength]
}

// Same says whether a change from one content to the other restarts nothing.
func (c *Content) Same(other *Content) bool {
	return c.RestartedAt == other.RestartedAt && restartsNothing(&c.Template.Spec, &other.Template.Spec)
}

// findRevisions finds the revision of the template, or makes it.
func (s *scene) findRevisions() {
	slices.SortFunc(s.Revisions, func(a, b Revision) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), cmp.Compare(a.Name, b.Name))
	})
	content := &Content{Template: s.spec.Template, RestartedAt: s.spec.RestartedAt}
	for i := range s.Revisions {
		if s.update == nil && s.Revisions[i].Same(content) {
			s.update = &s.Revisions[i]
		}
	}
	if s.update == nil {
		s.makeRevision(content)
	}
}

// findCurrent finds the revision that was there before. Where the status does not know, as that of a set that was created anew over its tasks, it is
// the newest of which tasks are available: one whose tasks do not come up is not to be gone back to. Where none are, a partition has some stay all the same:
// what may come up is waited for, and then the newest is taken.
func (s *scene) findCurrent() {
	if s.current = s.revision(s.Set.Status.CurrentRevision); s.current != nil {
		return
	}
	if s.current = s.newest(s.pick(func(m *member) bool { return m.available && !m.drift && !m.updated })); s.current != nil {
		return
	}
	if !s.rolls() || s.partition == 0 {
		return
	}
	eligible := s.pick(s.mayStay)
	waits := !s.spec.Suspend && !s.wasLate() && count(eligible, mayComeUp) > 0
	s.undecided = len(eligible) > 0 && (waits || !s.isAllKnown())
	if !s.undecided {
		s.current = s.newest(eligible)
	}
}

// mayStay says of a member whether a partition may be for it: it is of a known older revision, and was there before the set, or is about to be available.
func (s *scene) mayStay(m *member) bool {
	revision := s.revision(m.revision)
	return !m.updated && revision != nil && (m.ready || s.isBefore(m.task.CreationTimestamp.Time) || s.isBefore(revision.Created))
}

// isBefore says whether something was created before the set, by the API server's clock, which counts seconds: of the same one may be what came back
// with the set. What a set makes itself in that second is hardly of an older revision already.
func (s *scene) isBefore(created time.Time) bool {
	return !created.IsZero() && !created.After(s.Set.CreationTimestamp.Time)
}

// mayComeUp says of a member whether it may become available as it is.
func mayComeUp(m *member) bool { return !m.lost && !m.drift && !m.paused }

// newest is the newest revision that any of some members is of; nil where none is known.
func (s *scene) newest(members []*member) *Revision {
	labels := sets.New[string]()
	for _, m := range members {
		labels.Insert(m.revision)
	}
	for i := range s.Revisions {
		if labels.Has(s.Revisions[i].Label) {
			return &s.Revisions[i]
		}
	}
	return nil
}

// isAllKnown says whether nothing of the set can live that has no MesosTask.
func (s *scene) isAllKnown() bool { return s.Framework.Proven && len(s.Framework.Live) == 0 }

// keepCurrent writes down which revision was there before, once it was found. What lives without a MesosTask is looked for as long as it is not.
func (s *scene) keepCurrent() {
	if s.current != nil && s.revision(s.decision.Status.CurrentRevision) == nil && s.isAllKnown() {
		s.decision.Status.CurrentRevision = s.current.Label
	}
}

// makeRevision plans a revision that is not there.
func (s *scene) makeRevision(content *Content) {
	number := int64(1)
	if len(s.Revisions) > 0 {
		number = s.Revisions[0].Number + 1
	}
	label := labelOf(content, 0)
	for probe := 1; s.revision(label) != nil || s.NamesTaken.Has(s.revisionName(label)); probe++ {
		label = labelOf(content, probe)
	}
	s.decision.MakeRevision = &Revision{Name: s.revisionName(label), Label: label, Number: number, Content: *content}
	s.update = s.decision.MakeRevision
}

// revisionName is the name of the ControllerRevision with a label.
func (s *scene) revisionName(label string) string { return fmt.Sprintf("%s-%s", s.Set.Name, label) }

// revision is the one with a label; nil where it is not known.
func (s *scene) revision(label string) *Revision {
	if s.update != nil && s.update.Label == label {
		return s.update
	}
	for i := range s.Revisions {
		if s.Revisions[i].Label == label {
			return &s.Revisions[i]
		}
	}
	return nil
}

// historyLimit is how many revisions are kept where the spec does not say.
const historyLimit = 10

// tidyRevisions takes control of revisions that nobody controls, and drops those beyond the limit that no task is of.
func (s *scene) tidyRevisions() {
	used := sets.New(s.update.Label, s.decision.Status.CurrentRevision)
	if s.current != nil {
		used.Insert(s.current.Label)
	}
	for _, m := range s.members {
		used.Insert(m.revision)
	}
	room := historyLimit
	if limit := s.spec.RevisionHistoryLimit; limit != nil {
		room = int(*limit)
	}
	for _, revision := range s.Revisions {
		switch {
		case revision.Orphan:
			s.decision.TakeRevisions = append(s.decision.TakeRevisions, revision)
		case used.Has(revision.Label):
		case room > 0:
			room--
		default:
			s.decision.DropRevisions = append(s.decision.DropRevisions, revision)
		}
	}
}

// labels are those of a MesosTask of a revision.
func (s *scene) labels(template *v1alpha1.MesosTaskSetTemplate, revision string) map[string]string {
	labels := map[string]string{v1alpha1.LabelSet: s.Set.Name, v1alpha1.LabelRevision: revision}
	for key, value := range template.Metadata.Labels {
		labels[key] = string(value)
	}
	return labels
}

// annotations are those of a MesosTask; nil for none.
func annotations(template *v1alpha1.MesosTaskSetTemplate) map[string]string {
	var annotations map[string]string
	for key, value := range template.Metadata.Annotations {
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[key] = string(value)
	}
	return annotations
}
