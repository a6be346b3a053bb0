package mesosframework

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// listTasks are the framework's MesosTasks as the cache has them; they must not be changed.
func (v *view) listTasks(ctx context.Context) ([]v1alpha1.MesosTask, error) {
	var tasks v1alpha1.MesosTaskList
	if err := v.Client.List(ctx, &tasks, scope.OfFramework(v.object.Name), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the framework's tasks: %w", err)
	}
	return tasks.Items, nil
}

// tasksWhere counts those of the framework's MesosTasks for which holds says so, and returns one of them. What the cache has is enough to find
// some; that there are none is said by a live read only, as what follows cannot be undone. Both are of the namespaces that are watched.
func (v *view) tasksWhere(ctx context.Context, holds func(*v1alpha1.MesosTask) bool) (first *v1alpha1.MesosTask, count int, err error) {
	if first, count, err = v.cachedWhere(ctx, holds); err != nil || count > 0 {
		return first, count, err
	}
	return v.liveWhere(ctx, holds)
}

// cachedWhere is tasksWhere by the cache alone.
func (v *view) cachedWhere(ctx context.Context, holds func(*v1alpha1.MesosTask) bool) (first *v1alpha1.MesosTask, count int, err error) {
	cached, err := v.listTasks(ctx)
	if err != nil {
		return nil, 0, err
	}
	first, count = countTasks(cached, v.object.Name, holds)
	return first, count, nil
}

// liveWhere is tasksWhere by a live read alone, which is of all MesosTasks there are.
func (v *view) liveWhere(ctx context.Context, holds func(*v1alpha1.MesosTask) bool) (first *v1alpha1.MesosTask, count int, err error) {
	live, err := v.Scope.ListTasks(ctx, v.Live)
	if err != nil {
		return nil, 0, err
	}
	first, count = countTasks(live, v.object.Name, holds)
	return first, count, nil
}

func countTasks(tasks []v1alpha1.MesosTask, framework string, holds func(*v1alpha1.MesosTask) bool) (first *v1alpha1.MesosTask, count int) {
	for i := range tasks {
		if tasks[i].Spec.FrameworkRef.Name != framework || !holds(&tasks[i]) {
			continue
		}
		if count++; first == nil {
			first = &tasks[i]
		}
	}
	return first, count
}
