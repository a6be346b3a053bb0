package services

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/endpoints"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/writes"
)

// keepService brings the Service to what it should be, if it is the set's. Where it is another's the verdict says so.
func (v *view) keepService(ctx context.Context) (mine bool, err error) {
	service, err := v.service(ctx)
	if err != nil {
		return false, err
	}
	if service == nil {
		if service, err = v.makeService(ctx); err != nil {
			return false, err
		}
	}
	if whose := endpoints.WhoseService(service, v.owner()); whose == endpoints.Anothers {
		// The cache has only those that were made for sets, so that there is no news of the others.
		v.again = refusedRetry
		v.verdict = &endpoints.Verdict{
			Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonServiceNotOwned,
			Message: fmt.Sprintf("There is a Service %s that is not this set's, which is left as it is, and no task is published: delete it, or give the set another name", v.key.Name),
		}
		return false, nil
	}
	return true, v.changeService(ctx, service)
}

// makeService creates the Service, or returns the one that there is.
func (v *view) makeService(ctx context.Context) (*corev1.Service, error) {
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: v.key.Namespace, Name: v.key.Name, OwnerReferences: []metav1.OwnerReference{v.owner()},
			Labels: map[string]string{v1alpha1.LabelSet: v.key.Name},
		},
		Spec: corev1.ServiceSpec{Ports: v.ports(nil)},
	}
	err := v.pass("Service", func() error { return v.Client.Create(ctx, service) })
	if apierrors.IsAlreadyExists(err) {
		there := &corev1.Service{}
		if err := v.Live.Get(ctx, v.key, there); err != nil {
			return nil, fmt.Errorf("reading the Service live: %w", err)
		}
		return there, nil
	}
	if err != nil {
		return nil, fmt.Errorf("creating the Service: %w", err)
	}
	ctrl.LoggerFrom(ctx).Info("Created the Service")
	return service, nil
}

// ports are those that the Service should have.
func (v *view) ports(current []corev1.ServicePort) []corev1.ServicePort {
	return endpoints.ServicePorts(v.set.Spec.Service.Ports, v.set.Spec.Template.Spec.Ports, current)
}

// changeService puts right what is not as it should be: the ports, the label, the owner. Whatever else a person gave it stays.
func (v *view) changeService(ctx context.Context, service *corev1.Service) error {
	patch := versioned(service)
	changes := false
	if ports := v.ports(service.Spec.Ports); !equality.Semantic.DeepEqual(ports, service.Spec.Ports) {
		changes = true
		patch.Add("/spec/ports", ports)
	}
	if service.Labels[v1alpha1.LabelSet] != v.key.Name {
		changes = true
		labels := maps.Clone(service.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[v1alpha1.LabelSet] = v.key.Name
		patch.Add("/metadata/labels", labels)
	}
	if metav1.GetControllerOfNoCopy(service) == nil {
		changes = true
		patch.Add("/metadata/ownerReferences", append(slices.Clip(service.OwnerReferences), v.owner()))
	}
	if !changes || service.DeletionTimestamp != nil {
		return nil
	}
	return v.patch(ctx, service, &corev1.Service{}, patch)
}

// deleteService deletes the Service, if it is the set's.
func (v *view) deleteService(ctx context.Context) error {
	service, err := v.service(ctx)
	if err != nil || service == nil || service.DeletionTimestamp != nil || endpoints.WhoseService(service, v.owner()) != endpoints.TheSets {
		return err
	}
	return v.delete(ctx, service)
}

// versioned is a patch of an object that applies only while it is as it was read.
func versioned(object client.Object) *writes.Patch {
	patch := writes.For(object)
	patch.Test("/metadata/resourceVersion", object.GetResourceVersion())
	return patch
}

// patch sends a patch. Of one that is refused it finds out whether that is as the object changed meanwhile; empty is any object of the kind.
func (v *view) patch(ctx context.Context, object, empty client.Object, patch *writes.Patch) error {
	built, err := patch.Build()
	if err != nil {
		return err
	}
	into, _ := object.DeepCopyObject().(client.Object)
	err = v.pass("patch", func() error { return v.Client.Patch(ctx, into, built) })
	if !apierrors.IsInvalid(err) {
		return wrap(err, "changing", object)
	}
	if live := v.Live.Get(ctx, client.ObjectKeyFromObject(object), empty); live != nil {
		return wrap(live, "reading", object)
	}
	if empty.GetUID() != object.GetUID() || empty.GetResourceVersion() != object.GetResourceVersion() {
		return errStale
	}
	return wrap(err, "changing", object)
}

// delete deletes an object, provided that it still is what was decided on.
func (v *view) delete(ctx context.Context, object client.Object) error {
	uid, version := object.GetUID(), object.GetResourceVersion()
	same := client.Preconditions{UID: &uid, ResourceVersion: &version}
	into, _ := object.DeepCopyObject().(client.Object)
	return wrap(v.pass("deletion", func() error { return v.Client.Delete(ctx, into, same) }), "deleting", object)
}

// pass sends a write through the gate.
func (v *view) pass(what string, send func() error) error {
	return v.Gate.Pass(leadership.Step{Kind: leadership.StepWriteService, What: what}, send)
}

func wrap(err error, doing string, object client.Object) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %T %s: %w", doing, object, object.GetName(), err)
}
