package services

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/endpoints"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
)

// view is one reconcile of a set.
type view struct {
	*Reconciler
	key       types.NamespacedName
	set       *v1alpha1.MesosTaskSet
	framework *v1alpha1.MesosFramework
	// verdict is what the condition is to say; nil where there is to be none.
	verdict *endpoints.Verdict
	// again is when to look again; zero for never.
	again time.Duration
}

// errStale says that a decision rested on what is no longer so.
var errStale = errors.New("the cache is behind")

// errGathering says that what is to be written waits a moment for more.
var errGathering = errors.New("waiting for more endpoints")

// stale says whether an error means that, or the like.
func stale(err error) bool {
	return errors.Is(err, errStale) || apierrors.IsConflict(err) || apierrors.IsNotFound(err)
}

// keep brings the Service and the slices to what they should be, and finds the verdict.
func (v *view) keep(ctx context.Context) error {
	wanted := v.set.Spec.Service != nil
	switch {
	case v.Forbidden && wanted:
		v.verdict = &endpoints.Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonServicesNotAllowed,
			Message: fmt.Sprintf("The operator may not write Services and EndpointSlices: set serviceDiscovery.enabled of its chart, or apply config/service-discovery. "+
				"What it published before it lost that right stays as it was, and soon leads to whoever got the ports since: "+
				"kubectl -n %s delete endpointslices -l %s=%s,%s=%s", v.key.Namespace,
				discoveryv1.LabelManagedBy, v1alpha1.EndpointSliceManager, discoveryv1.LabelServiceName, v.key.Name),
		}
		return nil
	case v.Forbidden:
		return nil
	case !wanted:
		return v.withdraw(ctx)
	}
	mine, err := v.keepService(ctx)
	if err := v.refused(err); err != nil {
		return err
	}
	seen, err := v.gather(ctx, mine)
	if err != nil {
		return err
	}
	plan := endpoints.Next(seen)
	if !plan.Empty() && !plan.Urgent {
		if v.again = v.gathering.wait(v.key, v.Clock.Now()); v.again > 0 {
			return errGathering
		}
	}
	v.gathering.end(v.key)
	if err := v.refused(v.carryOut(ctx, seen, plan)); err != nil {
		return err
	}
	if v.verdict == nil {
		v.verdict = new(plan.Judge(v.key.Name))
	}
	return nil
}

// withdraw takes away what was made for a set that no longer asks for it: the slices first, as they lead to tasks of which nobody takes care.
func (v *view) withdraw(ctx context.Context) error {
	v.Connections.Unsought(v.key)
	slices, err := v.slices(ctx)
	if err != nil {
		return err
	}
	seen := &endpoints.Seen{Namespace: v.key.Namespace, Name: v.key.Name, Owner: v.owner(), Slices: slices}
	if err := v.carryOut(ctx, seen, endpoints.Next(seen)); err != nil {
		return err
	}
	return v.deleteService(ctx)
}

// owner is the set, as the controller of what is made for it. What blocks the deletion of the set would need a right to do so.
func (v *view) owner() metav1.OwnerReference {
	owner := *metav1.NewControllerRef(v.set, v1alpha1.GroupVersion.WithKind("MesosTaskSet"))
	owner.BlockOwnerDeletion = nil
	return owner
}

// gather reads all that endpoints decides on. Nothing is published under a Service that is not the set's.
func (v *view) gather(ctx context.Context, mine bool) (*endpoints.Seen, error) {
	slices, err := v.slices(ctx)
	if err != nil {
		return nil, err
	}
	seen := &endpoints.Seen{
		Namespace: v.key.Namespace, Name: v.key.Name, Owner: v.owner(), Replicas: 1, Revision: v.set.Status.UpdateRevision, Slices: slices, Networks: endpoints.Networks(v.framework.Spec.Endpoints),
	}
	if v.set.Spec.Replicas != nil {
		seen.Replicas = int(*v.set.Spec.Replicas)
	}
	if !mine {
		return seen, nil
	}
	seen.Ports = v.set.Spec.Service.Ports
	tasks, err := v.tasks(ctx)
	if err != nil {
		return nil, err
	}
	agentIDs := sets.New[string]()
	for _, task := range tasks {
		if !v.isOwn(task) || task.Spec.FrameworkRef.Name != v.framework.Name {
			continue
		}
		seen.Tasks = append(seen.Tasks, task)
		if attempt := task.Status.Task; attempt != nil && attempt.FinishTime == nil {
			agentIDs.Insert(attempt.AgentID)
		}
	}
	seen.Agents, seen.Asked = v.Connections.AddressesOf(v.framework.Name, v.key, agentIDs)
	return seen, nil
}

// isOwn says whether a MesosTask is one of the set's own, as the set itself takes it: by its name, and by who controls it or, where nobody does, by its
// label. Who may create MesosTasks in the namespace cannot put one behind the Service by a label alone.
func (v *view) isOwn(task *v1alpha1.MesosTask) bool {
	if set, _, ok := v1alpha1.SetOf(task.Name); !ok || set != v.key.Name {
		return false
	}
	if controller := metav1.GetControllerOfNoCopy(task); controller != nil {
		return controller.UID == v.set.UID
	}
	return task.Labels[v1alpha1.LabelSet] == v.key.Name
}

// tasks are those that may be the set's.
func (v *view) tasks(ctx context.Context) ([]*v1alpha1.MesosTask, error) {
	var list v1alpha1.MesosTaskList
	if err := v.Client.List(ctx, &list, append(scope.OfSet(v.key), client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, fmt.Errorf("listing MesosTasks from the cache: %w", err)
	}
	all := make([]*v1alpha1.MesosTask, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all, nil
}

// slices are those that are kept here for the Service of the set's name.
func (v *view) slices(ctx context.Context) ([]*discoveryv1.EndpointSlice, error) {
	var list discoveryv1.EndpointSliceList
	err := v.Client.List(ctx, &list, client.InNamespace(v.key.Namespace), client.UnsafeDisableDeepCopy, client.MatchingLabels{
		discoveryv1.LabelManagedBy: v1alpha1.EndpointSliceManager, discoveryv1.LabelServiceName: v.key.Name,
	})
	if err != nil {
		return nil, fmt.Errorf("listing EndpointSlices from the cache: %w", err)
	}
	all := make([]*discoveryv1.EndpointSlice, len(list.Items))
	for i := range list.Items {
		all[i] = &list.Items[i]
	}
	return all, nil
}

// service is the Service of the set's name, if it was made for a set; nil where there is none.
func (v *view) service(ctx context.Context) (*corev1.Service, error) {
	service := &corev1.Service{}
	switch err := v.Client.Get(ctx, v.key, service); {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // none is no error
	case err != nil:
		return nil, fmt.Errorf("reading the Service: %w", err)
	}
	return service, nil
}
