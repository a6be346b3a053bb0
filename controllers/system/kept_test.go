package system

import (
	"context"
	"errors"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// kept is a client whose reads of the operator's kinds come from memory, as from a manager's cache, which keeps up with every write of the bubble:
// each brings what the API server answered (put), or has then (refresh). There is no watch that could.
type kept struct {
	client.Client
	tasks, frameworks cache.Indexer
	// mu makes what is later be what is kept.
	mu sync.Mutex
	// gone are the objects that were deleted, which no late answer brings back.
	gone sets.Set[types.UID]
}

// byFramework and bySet are the indices of tasks.
const byFramework, bySet = "framework", "set"

func keep(direct client.Client) *kept {
	return &kept{
		Client: direct,
		tasks: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{
			cache.NamespaceIndex: cache.MetaNamespaceIndexFunc,
			byFramework: func(object any) ([]string, error) {
				task, ok := object.(*v1alpha1.MesosTask)
				if !ok {
					return nil, errors.New("it is no MesosTask")
				}
				return []string{task.Spec.FrameworkRef.Name}, nil
			},
			bySet: func(object any) (keys []string, err error) {
				task, _ := object.(client.Object)
				for _, set := range scope.SetsOf(task) {
					keys = append(keys, task.GetNamespace()+"/"+set)
				}
				return keys, nil
			},
		}),
		frameworks: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{}),
		gone:       sets.New[types.UID](),
	}
}

// storeOf is where objects of the object's kind are kept, with an empty one; nil for another kind.
func (k *kept) storeOf(object client.Object) (cache.Indexer, client.Object) {
	switch object.(type) {
	case *v1alpha1.MesosTask:
		return k.tasks, &v1alpha1.MesosTask{}
	case *v1alpha1.MesosFramework:
		return k.frameworks, &v1alpha1.MesosFramework{}
	default:
		return nil, nil
	}
}

// put keeps what the API server answered to a write, unless something later is known.
func (k *kept) put(answer client.Object) error {
	store, _ := k.storeOf(answer)
	if store == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	known, exists, err := store.Get(answer)
	if err != nil || k.gone.Has(answer.GetUID()) {
		return err
	}
	if exists {
		order, err := resourceversion.CompareResourceVersion(answer.GetResourceVersion(), known.(client.Object).GetResourceVersion())
		if err != nil || order < 0 {
			return err
		}
	}
	if !answer.GetDeletionTimestamp().IsZero() && len(answer.GetFinalizers()) == 0 {
		k.gone.Insert(answer.GetUID())
		return store.Delete(answer)
	}
	return store.Update(answer.DeepCopyObject())
}

// refresh reads an object anew.
func (k *kept) refresh(object client.Object) error {
	store, latest := k.storeOf(object)
	if store == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch err := k.Client.Get(context.Background(), client.ObjectKeyFromObject(object), latest); {
	case apierrors.IsNotFound(err):
		if known, exists, _ := store.Get(object); exists {
			k.gone.Insert(known.(client.Object).GetUID())
		}
		return store.Delete(object)
	case err != nil:
		return err
	}
	return store.Update(latest)
}

// fill reads all objects anew, as the cache of a process that starts does.
func (k *kept) fill() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	tasks, frameworks := &v1alpha1.MesosTaskList{}, &v1alpha1.MesosFrameworkList{}
	if err := errors.Join(k.Client.List(context.Background(), tasks), k.Client.List(context.Background(), frameworks)); err != nil {
		return err
	}
	var known [2][]any
	for i := range tasks.Items {
		known[0] = append(known[0], &tasks.Items[i])
	}
	for i := range frameworks.Items {
		known[1] = append(known[1], &frameworks.Items[i])
	}
	return errors.Join(k.tasks.Replace(known[0], ""), k.frameworks.Replace(known[1], ""))
}

// Get implements client.Reader.
func (k *kept) Get(ctx context.Context, key client.ObjectKey, object client.Object, options ...client.GetOption) error {
	name := cache.NewObjectName(key.Namespace, key.Name).String()
	switch into := object.(type) {
	case *v1alpha1.MesosTask:
		if known, ok, _ := k.tasks.GetByKey(name); ok {
			known.(*v1alpha1.MesosTask).DeepCopyInto(into)
			return nil
		}
		return apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("mesostasks").GroupResource(), key.Name)
	case *v1alpha1.MesosFramework:
		if known, ok, _ := k.frameworks.GetByKey(name); ok {
			known.(*v1alpha1.MesosFramework).DeepCopyInto(into)
			return nil
		}
		return apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("mesosframeworks").GroupResource(), key.Name)
	default:
		return k.Client.Get(ctx, key, object, options...)
	}
}

// List implements client.Reader.
func (k *kept) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	selected := (&client.ListOptions{}).ApplyOptions(options)
	switch into := list.(type) {
	case *v1alpha1.MesosTaskList:
		known := k.tasks.List()
		var err error
		switch {
		case selected.FieldSelector != nil && selected.Namespace != "":
			known, err = k.tasks.ByIndex(bySet, selected.Namespace+"/"+selected.FieldSelector.Requirements()[0].Value)
		case selected.FieldSelector != nil:
			name, _ := selected.FieldSelector.RequiresExactMatch("spec.frameworkRef.name")
			known, err = k.tasks.ByIndex(byFramework, name)
		case selected.Namespace != "":
			known, err = k.tasks.ByIndex(cache.NamespaceIndex, selected.Namespace)
		}
		for _, task := range known {
			into.Items = append(into.Items, *task.(*v1alpha1.MesosTask).DeepCopy())
		}
		return err
	case *v1alpha1.MesosFrameworkList:
		for _, framework := range k.frameworks.List() {
			into.Items = append(into.Items, *framework.(*v1alpha1.MesosFramework).DeepCopy())
		}
		return nil
	default:
		return k.Client.List(ctx, list, options...)
	}
}
