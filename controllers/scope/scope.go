package scope

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

// Namespaces are those whose MesosTasks this installation works on and may read; empty for all. MesosFrameworks belong to none.
//
// Of other namespaces nothing is known. A Mesos task that carries one in its ID counts as somebody's: it is reported, and never killed,
// acknowledged or launched anew.
type Namespaces []string

// CacheNamespaces is what a manager's cache watches of namespaced kinds; nil is for all.
func (s Namespaces) CacheNamespaces() map[string]cache.Config {
	if len(s) == 0 {
		return nil
	}
	namespaces := make(map[string]cache.Config, len(s))
	for _, namespace := range s {
		namespaces[namespace] = cache.Config{}
	}
	return namespaces
}

// Watches says whether MesosTasks of a namespace are worked on.
func (s Namespaces) Watches(namespace string) bool {
	return len(s) == 0 || slices.Contains(s, namespace)
}

// Hides says whether a Mesos task, by its ID, is of an object that this installation cannot see.
func (s Namespaces) Hides(taskID string) bool {
	id, err := lifecycle.ParseOwnTaskID(taskID)
	return err == nil && !s.Watches(id.Namespace)
}

// ListTasks lists all MesosTasks that may be read. Where that is not all there are, each namespace is asked for by itself: the manager has
// no grant for more.
func (s Namespaces) ListTasks(ctx context.Context, reader client.Reader) ([]v1alpha1.MesosTask, error) {
	var all []v1alpha1.MesosTask
	namespaces := []string(s)
	if len(s) == 0 {
		namespaces = []string{""}
	}
	for _, namespace := range namespaces {
		var tasks v1alpha1.MesosTaskList
		if err := reader.List(ctx, &tasks, client.InNamespace(namespace)); err != nil {
			return nil, fmt.Errorf("listing MesosTasks live: %w", err)
		}
		all = append(all, tasks.Items...)
	}
	return all, nil
}

// NewNamespace is a Namespace of which only the metadata is read and watched.
func NewNamespace() *metav1.PartialObjectMetadata {
	metadata := &metav1.PartialObjectMetadata{}
	metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return metadata
}

// NamespaceFor reads of a namespace what a framework judges it by.
func NamespaceFor(ctx context.Context, reader client.Reader, name string, framework *v1alpha1.MesosFrameworkSpec) (lifecycle.Namespace, error) {
	namespace := lifecycle.Namespace{Name: name}
	if !lifecycle.NeedsLabels(framework) {
		return namespace, nil
	}
	metadata := NewNamespace()
	if err := reader.Get(ctx, types.NamespacedName{Name: name}, metadata); err != nil {
		return namespace, fmt.Errorf("reading the labels of namespace %s: %w", name, err)
	}
	namespace.Labels = metadata.Labels
	return namespace, nil
}

// byFramework is the index of MesosTasks by the framework that they name.
const byFramework = "spec.frameworkRef.name"

// bySet is the index of MesosTasks by the MesosTaskSet that controls them or whose label they bear.
const bySet = "set"

// Index makes a manager's cache answer OfFramework and OfSet.
func Index(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.MesosTask{}, bySet, SetsOf)
	if err != nil {
		return fmt.Errorf("indexing MesosTasks by set: %w", err)
	}
	return indexByFramework(ctx, indexer)
}

// SetsOf names the MesosTaskSets that a MesosTask may be of: the one that controls it, and the one whose label it bears, where these are two.
func SetsOf(task client.Object) []string {
	var names []string
	if controller := metav1.GetControllerOfNoCopy(task); controller != nil && controller.Kind == "MesosTaskSet" {
		names = append(names, controller.Name)
	}
	if label := task.GetLabels()[v1alpha1.LabelSet]; label != "" && !slices.Contains(names, label) {
		names = append(names, label)
	}
	return names
}

// OfSet lists the MesosTasks that may be of a MesosTaskSet, from a cache that is indexed.
func OfSet(set types.NamespacedName) []client.ListOption {
	return []client.ListOption{client.InNamespace(set.Namespace), client.MatchingFields{bySet: set.Name}}
}

func indexByFramework(ctx context.Context, indexer client.FieldIndexer) error {
	err := indexer.IndexField(ctx, &v1alpha1.MesosTask{}, byFramework, func(object client.Object) []string {
		return []string{frameworkOf(object)}
	})
	if err != nil {
		return fmt.Errorf("indexing MesosTasks: %w", err)
	}
	return nil
}

// OfFramework lists the MesosTasks that name a framework, from a cache that is indexed.
func OfFramework(name string) client.ListOption { return client.MatchingFields{byFramework: name} }
