package rollout

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Change is what is to be changed in one MesosTask.
type Change struct {
	Task *v1alpha1.MesosTask
	// Own makes the set its controller. PutBack says that it takes back what somebody changed by hand, which restarts the task.
	Own, PutBack bool
	// Labels, Annotations and Spec are fields by their keys and JSON names, as they are and as they are to be; nil for absent.
	Labels, Annotations, Spec map[string]Value
}

// Value is a field's before and after; nil is absent.
type Value struct{ Before, After any }

// Fields are the names of what a change changes, in order.
func (c *Change) Fields() []string {
	var fields []string
	for name := range c.Labels {
		fields = append(fields, "label "+name)
	}
	for name := range c.Annotations {
		fields = append(fields, "annotation "+name)
	}
	for name := range c.Spec {
		fields = append(fields, "spec."+name)
	}
	slices.Sort(fields)
	return fields
}

// change brings into all members what restarts nothing.
func (s *scene) change() {
	var taken []string
	// What was refused comes last, so that however much of it there is, the rest has its turn.
	refused := func(m *member) bool { return s.Refused.Tasks.Has(m.task.UID) }
	accepted := func(m *member) bool { return !refused(m) }
	for _, m := range slices.Concat(s.pick(accepted), s.pick(refused)) {
		if len(s.decision.Changes) == atOnce {
			break
		}
		if m.orphan {
			taken = append(taken, m.task.Name)
		}
		if !m.paused || m.orphan {
			s.changeSpec(m, false)
		}
	}
	if len(taken) > 0 {
		s.tellDeed(Event{Reason: v1alpha1.EventTakenOver, Action: actionScaling, Message: fmt.Sprintf("Took over %d MesosTasks that nobody controlled, %s and so on", len(taken), taken[0])})
	}
}

// changeSpec makes a member what it should be, in what restarts nothing, or in all. One of a revision that is not known keeps what it has, but for
// being suspended.
func (s *scene) changeSpec(m *member, whole bool) {
	change := Change{Task: m.task, Own: m.orphan, PutBack: whole, Labels: map[string]Value{}, Annotations: map[string]Value{}}
	wanted := s.wanted(m.revision)
	labels := map[string]string{v1alpha1.LabelSet: s.Set.Name, v1alpha1.LabelRevision: m.revision}
	if wanted != nil {
		labels = s.labels(wanted, m.revision)
		differ(change.Annotations, m.task.Annotations, annotations(wanted))
		s.outdated(change.Labels, change.Annotations, m, wanted)
	}
	differ(change.Labels, m.task.Labels, labels)
	change.Spec = s.differing(m, wanted, whole)
	if m.admitted {
		// Before anybody changes another field: by then it could not be told any more.
		differ(change.Annotations, m.task.Annotations, map[string]string{v1alpha1.AnnotationAdmitted: noteOf(m.task, s.print(m.revision, wanted))})
	}
	if change.Own || len(change.Labels)+len(change.Annotations)+len(change.Spec) > 0 {
		s.put(change)
	}
}

// put adds a change; one that was decided already is part of it.
func (s *scene) put(change Change) {
	if at, ok := s.changed[change.Task]; ok {
		s.decision.Changes[at] = change
	} else if len(s.decision.Changes) < atOnce {
		s.changed[change.Task] = len(s.decision.Changes)
		s.decision.Changes = append(s.decision.Changes, change)
	}
}

// differ collects the keys whose values are not as they should be.
func differ(into map[string]Value, has, wanted map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if value, ok := has[key]; !ok {
			into[key] = Value{nil, wanted[key]}
		} else if value != wanted[key] {
			into[key] = Value{value, wanted[key]}
		}
	}
}

// outdated collects the labels and annotations that a revision's template had and the template does not have any more.
func (s *scene) outdated(labels, annotations map[string]Value, m *member, wanted *v1alpha1.MesosTaskSetTemplate) {
	for i := range s.Revisions {
		had := &s.Revisions[i].Template.Metadata
		for key := range had.Labels {
			if value, ok := m.task.Labels[key]; ok && !has(wanted.Metadata.Labels, key) {
				labels[key] = Value{value, nil}
			}
		}
		for key := range had.Annotations {
			if value, ok := m.task.Annotations[key]; ok && !has(wanted.Metadata.Annotations, key) {
				annotations[key] = Value{value, nil}
			}
		}
	}
}

func has[V any](values map[string]V, key string) bool {
	_, ok := values[key]
	return ok
}

// differing are the fields of a member's spec that are not as they should be.
func (s *scene) differing(m *member, wanted *v1alpha1.MesosTaskSetTemplate, whole bool) map[string]Value {
	if wanted == nil {
		wanted = &v1alpha1.MesosTaskSetTemplate{Spec: *m.task.Spec.DeepCopy()}
		wanted.Spec.Suspend = s.spec.Suspend
	}
	if reflect.DeepEqual(m.task.Spec, wanted.Spec) {
		return nil
	}
	now, then := fieldsOf(&m.task.Spec), fieldsOf(&wanted.Spec)
	if !whole {
		// What restarts stays as it is.
		rest := fieldsOf(&m.task.Spec)
		for name := range rest {
			if !slices.Contains(kept, name) {
				then[name] = rest[name]
			}
		}
		for name := range then {
			if _, ok := rest[name]; !ok && !slices.Contains(kept, name) {
				delete(then, name)
			}
		}
		followPullPolicy(then, &wanted.Spec)
	}
	different := map[string]Value{}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if !reflect.DeepEqual(now[name], then[name]) {
			different[name] = Value{now[name], then[name]}
		}
	}
	for name, value := range then {
		if _, ok := now[name]; !ok {
			different[name] = Value{nil, value}
		}
	}
	delete(different, "frameworkRef")
	return different
}

// followPullPolicy gives a container the pull policy of another, if both have one.
func followPullPolicy(fields map[string]any, wanted *v1alpha1.MesosTaskSpec) {
	container, ok := fields["container"].(map[string]any)
	if !ok || wanted.Container == nil {
		return
	}
	container = maps.Clone(container)
	if delete(container, "pullPolicy"); wanted.Container.PullPolicy != "" {
		container["pullPolicy"] = string(wanted.Container.PullPolicy)
	}
	fields["container"] = container
}

// OwnerOf is the reference by which a set controls what it makes.
// It does not hold the set's deletion up, which would take a right to the set's finalizers.
func OwnerOf(set *v1alpha1.MesosTaskSet) metav1.OwnerReference {
	owner := *metav1.NewControllerRef(set, v1alpha1.GroupVersion.WithKind("MesosTaskSet"))
	owner.BlockOwnerDeletion = nil
	return owner
}

// said is what a task's condition Ready says, in short.
func said(reason, message string) string {
	message, _, _ = strings.Cut(message, "\n")
	return reason + ": " + strings.TrimSuffix(message, ".")
}
