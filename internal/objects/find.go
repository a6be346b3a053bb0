package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// Find finds the object that a person named. A name without a kind is looked for in the kinds in turn, those of the whole cluster left out unless there are no
// others; one that several have is refused.
func Find(ctx context.Context, c client.Client, namespace, typed string, kinds ...*Kind) (client.Object, error) {
	only, name, err := parse(typed, kinds)
	if err != nil {
		return nil, err
	}
	if only != nil {
		kinds = []*Kind{only}
	} else if namespaced := slices.DeleteFunc(slices.Clone(kinds), func(kind *Kind) bool { return !kind.Namespaced }); len(namespaced) > 0 {
		kinds = namespaced
	}
	var found []client.Object
	var unread error
	for _, kind := range kinds {
		object := kind.object()
		err := c.Get(ctx, kind.key(namespace, name), object)
		switch {
		case err == nil:
			found = append(found, object)
		case IsMissingKind(err):
			return nil, fmt.Errorf("the API server does not know %s: the operator's CRDs are not installed, or an older version's are", kind.Resource)
		case apierrors.IsForbidden(err):
			unread = errors.Join(unread, fmt.Errorf("reading %s/%s: %w", kind.Word, name, err))
		case !apierrors.IsNotFound(err):
			return nil, fmt.Errorf("reading %s/%s: %w", kind.Word, name, err)
		}
	}
	switch len(found) {
	case 0:
		if unread != nil {
			return nil, unread
		}
		return nil, notFound(namespace, name, kinds)
	case 1:
		return found[0], nil
	}
	named := make([]string, len(found))
	for i, object := range found {
		named[i] = Named(object)
	}
	return nil, fmt.Errorf("%s is the name of several: say which, %s", name, strings.Join(named, " or "))
}

func notFound(namespace, name string, kinds []*Kind) error {
	where := ""
	if kinds[0].Namespaced {
		where = " in namespace " + namespace
	}
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = kind.Word
	}
	return fmt.Errorf("there is no %s %s%s: %w", strings.Join(words, " or "), name, where, ErrNotFound)
}

func (k *Kind) key(namespace, name string) client.ObjectKey {
	if !k.Namespaced {
		namespace = ""
	}
	return client.ObjectKey{Namespace: namespace, Name: name}
}

// Names completes what a person has typed so far: the names of objects of the kinds, with the kind before them where that was typed or there are several.
func Names(ctx context.Context, c client.Client, namespace, typed string, kinds ...*Kind) []string {
	word, begun, slashed := strings.Cut(typed, "/")
	var names []string
	for _, kind := range kinds {
		prefix := kind.Word + "/"
		switch {
		case slashed && kind.Word != word && !slices.Contains(kind.words, word):
			continue
		case slashed:
			prefix = word + "/"
		case len(kinds) == 1:
			prefix = ""
		}
		list := &metav1.PartialObjectMetadataList{}
		gvk, err := kindOf(kind.list(), c.Scheme())
		if err != nil {
			continue
		}
		list.SetGroupVersionKind(gvk)
		if !slashed {
			begun = typed
		}
		if err := c.List(ctx, list, client.InNamespace(kind.key(namespace, "").Namespace)); err != nil {
			continue // completion helps where it can
		}
		for i := range list.Items {
			name := list.Items[i].Name
			if strings.HasPrefix(prefix+name, typed) || strings.HasPrefix(name, begun) {
				names = append(names, prefix+name)
			}
		}
	}
	return names
}

// TasksOf are the MesosTasks of a set or a cron task, by name; of a MesosTask itself.
func TasksOf(ctx context.Context, c client.Client, object client.Object) ([]v1alpha1.MesosTask, error) {
	label := ""
	switch one := object.(type) {
	case *v1alpha1.MesosTask:
		return []v1alpha1.MesosTask{*one}, nil
	case *v1alpha1.MesosTaskSet:
		label = v1alpha1.LabelSet
	case *v1alpha1.MesosCronTask:
		label = v1alpha1.LabelCron
	default:
		return nil, fmt.Errorf("%s has no tasks of its own", Named(object))
	}
	list := &v1alpha1.MesosTaskList{}
	if err := c.List(ctx, list, client.InNamespace(object.GetNamespace()), client.MatchingLabels{label: object.GetName()}); err != nil {
		return nil, fmt.Errorf("listing the tasks of %s: %w", Named(object), err)
	}
	return slices.DeleteFunc(list.Items, func(task v1alpha1.MesosTask) bool {
		owner := metav1.GetControllerOf(&task)
		return owner != nil && owner.UID != object.GetUID()
	}), nil
}

// FrameworkOf is the MesosFramework of a task, nil where there is none.
func FrameworkOf(ctx context.Context, c client.Client, name string) (*v1alpha1.MesosFramework, error) {
	framework := &v1alpha1.MesosFramework{}
	err := c.Get(ctx, client.ObjectKey{Name: name}, framework)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading framework/%s: %w", name, err)
	}
	return framework, nil
}

// Event is something that was told of an object.
type Event struct {
	// Warning says that it is one.
	Warning bool
	Reason  string
	Message string
	// Last is when it was told last, Count how often.
	Last  metav1.Time
	Count int32
}

// EventsOf are the Events of an object, the latest first.
func EventsOf(ctx context.Context, c client.Client, object client.Object) ([]Event, error) {
	namespace := object.GetNamespace()
	if namespace == "" {
		namespace = metav1.NamespaceDefault // where those of objects without one are
	}
	list := &corev1.EventList{}
	err := c.List(ctx, list, client.InNamespace(namespace), client.MatchingFieldsSelector{
		Selector: fields.OneTermEqualSelector("involvedObject.uid", string(object.GetUID())),
	})
	if err != nil {
		return nil, fmt.Errorf("listing the Events of %s: %w", Named(object), err)
	}
	events := make([]Event, 0, len(list.Items))
	for i := range list.Items {
		events = append(events, eventOf(&list.Items[i]))
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Compare(b.Last.UnixNano(), a.Last.UnixNano())
	})
	return events, nil
}

// eventOf reads an Event, whichever of the two APIs it was written by.
func eventOf(event *corev1.Event) Event {
	one := Event{Warning: event.Type == corev1.EventTypeWarning, Reason: event.Reason, Message: event.Message, Count: max(1, event.Count), Last: event.LastTimestamp}
	if one.Last.IsZero() {
		one.Last = metav1.Time(event.EventTime)
	}
	if one.Last.IsZero() {
		one.Last = event.CreationTimestamp
	}
	if series := event.Series; series != nil {
		one.Count, one.Last = series.Count, metav1.Time(series.LastObservedTime)
	}
	return one
}
