package system

import (
	"context"
	"errors"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/mesoscrontask"
	"github.com/mesos-operator/mesos-operator/controllers/mesostaskset"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// kept is a client whose reads of the operator's kinds come from memory, as from a manager's cache, which keeps up with every write of the bubble:
// each brings what the API server answered (put), or has then (refresh). There is no watch that could.
type kept struct {
	client.Client
	tasks, frameworks, sets, crons, revisions cache.Indexer
	// mu makes what is later be what is kept.
	mu sync.Mutex
	// gone are the objects that were deleted, which no late answer brings back.
	gone sets.Set[types.UID]
}

// byFramework, bySet, byName and byCron are the indices of tasks; the last two are called as the fields that their readers select by.
const byFramework, bySet, byName, byCron = "framework", "set", mesostaskset.BySet, mesoscrontask.ByCron

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
			byCron: func(object any) (crons []string, err error) {
				task, _ := object.(client.Object)
				for _, cron := range mesoscrontask.IndexByCron(task) {
					crons = append(crons, task.GetNamespace()+"/"+cron)
				}
				return crons, nil
			},
			byName: func(object any) (sets []string, err error) {
				task, _ := object.(client.Object)
				for _, set := range mesostaskset.IndexBySet(task) {
					sets = append(sets, task.GetNamespace()+"/"+set)
				}
				return sets, nil
			},
		}),
		frameworks: cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{}),
		sets:       cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{}),
		crons:      cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{}),
		revisions:  cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{}),
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
	case *v1alpha1.MesosTaskSet:
		return k.sets, &v1alpha1.MesosTaskSet{}
	case *v1alpha1.MesosCronTask:
		return k.crons, &v1alpha1.MesosCronTask{}
	case *appsv1.ControllerRevision:
		return k.revisions, &appsv1.ControllerRevision{}
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

// known is an object as it is kept, where whoever speaks of it says no more than its name.
func (k *kept) known(object client.Object) client.Object {
	if object.GetUID() != "" {
		return object
	}
	if stored := k.stored(object); stored != nil {
		return stored
	}
	return object
}

// stored is the kept object of a name; nil where there is none.
func (k *kept) stored(object client.Object) client.Object {
	store, _ := k.storeOf(object)
	if store == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	known, exists, err := store.Get(object)
	if err != nil || !exists {
		return nil
	}
	full, _ := known.(client.Object)
	return full
}

// fill reads all objects anew, as the cache of a process that starts does.
func (k *kept) fill() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kind := range []struct {
		store cache.Indexer
		list  client.ObjectList
	}{
		{k.tasks, &v1alpha1.MesosTaskList{}}, {k.frameworks, &v1alpha1.MesosFrameworkList{}}, {k.sets, &v1alpha1.MesosTaskSetList{}}, {k.crons, &v1alpha1.MesosCronTaskList{}}, {k.revisions, &appsv1.ControllerRevisionList{}},
	} {
		if err := k.Client.List(context.Background(), kind.list); err != nil {
			return err
		}
		objects, err := meta.ExtractList(kind.list)
		if err != nil {
			return err
		}
		known := make([]any, len(objects))
		for i := range objects {
			known[i] = objects[i]
		}
		if err := kind.store.Replace(known, ""); err != nil {
			return err
		}
	}
	return nil
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
	case *v1alpha1.MesosCronTask:
		if known, ok, _ := k.crons.GetByKey(name); ok {
			known.(*v1alpha1.MesosCronTask).DeepCopyInto(into)
			return nil
		}
		return apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("mesoscrontasks").GroupResource(), key.Name)
	case *v1alpha1.MesosTaskSet:
		if known, ok, _ := k.sets.GetByKey(name); ok {
			known.(*v1alpha1.MesosTaskSet).DeepCopyInto(into)
			return nil
		}
		return apierrors.NewNotFound(v1alpha1.GroupVersion.WithResource("mesostasksets").GroupResource(), key.Name)
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
		case selected.FieldSelector != nil && selected.FieldSelector.Requirements()[0].Field == byName:
			known, err = k.tasks.ByIndex(byName, selected.Namespace+"/"+selected.FieldSelector.Requirements()[0].Value)
		case selected.FieldSelector != nil && selected.FieldSelector.Requirements()[0].Field == byCron:
			known, err = k.tasks.ByIndex(byCron, selected.Namespace+"/"+selected.FieldSelector.Requirements()[0].Value)
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
	case *v1alpha1.MesosCronTaskList:
		for _, cron := range k.crons.List() {
			into.Items = append(into.Items, *cron.(*v1alpha1.MesosCronTask).DeepCopy())
		}
		return nil
	case *v1alpha1.MesosTaskSetList:
		for _, set := range k.sets.List() {
			into.Items = append(into.Items, *set.(*v1alpha1.MesosTaskSet).DeepCopy())
		}
		return nil
	case *appsv1.ControllerRevisionList:
		for _, revision := range k.revisions.List() {
			if object := revision.(*appsv1.ControllerRevision); object.Namespace == selected.Namespace && selected.LabelSelector.Matches(labels.Set(object.Labels)) {
				into.Items = append(into.Items, *object.DeepCopy())
			}
		}
		return nil
	default:
		return k.Client.List(ctx, list, options...)
	}
}
