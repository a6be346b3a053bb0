package services

import (
	"cmp"
	"context"
	"errors"
	"maps"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/endpoints"
)

// carryOut writes what the plan says: what adds before what takes away. One write that fails does not hold up the others; the first error is returned.
func (v *view) carryOut(ctx context.Context, seen *endpoints.Seen, plan *endpoints.Plan) error {
	before := map[string]*discoveryv1.EndpointSlice{}
	for _, slice := range seen.Slices {
		before[slice.Name] = slice
	}
	var first error
	for _, slice := range plan.Create {
		first = cmp.Or(first, v.createSlice(ctx, slice))
	}
	for _, slice := range plan.Change {
		first = cmp.Or(first, v.changeSlice(ctx, before[slice.Name], slice))
	}
	for _, slice := range plan.Delete {
		first = cmp.Or(first, v.delete(ctx, slice))
	}
	return first
}

func (v *view) createSlice(ctx context.Context, slice *discoveryv1.EndpointSlice) error {
	err := v.pass("EndpointSlice", func() error { return v.Client.Create(ctx, slice) })
	if !apierrors.IsAlreadyExists(err) {
		return wrap(err, "creating", slice)
	}
	there := &discoveryv1.EndpointSlice{}
	if err := v.Live.Get(ctx, client.ObjectKeyFromObject(slice), there); err != nil {
		return wrap(err, "reading", slice)
	}
	controller := metav1.GetControllerOfNoCopy(there)
	if there.Labels[discoveryv1.LabelManagedBy] == v1alpha1.EndpointSliceManager && there.Labels[discoveryv1.LabelServiceName] == v.key.Name &&
		(controller == nil || controller.UID == v.set.UID) {
		return errStale
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: discoveryv1.GroupName, Resource: "endpointslices"}, slice.Name,
		errors.New("there is one of that name that is not this set's: delete it"))
}

func (v *view) changeSlice(ctx context.Context, before, slice *discoveryv1.EndpointSlice) error {
	patch := versioned(before)
	patch.Add("/endpoints", slice.Endpoints)
	if !maps.Equal(before.Annotations, slice.Annotations) {
		patch.Add("/metadata/annotations", slice.Annotations)
	}
	if !equality.Semantic.DeepEqual(before.OwnerReferences, slice.OwnerReferences) {
		patch.Add("/metadata/ownerReferences", slice.OwnerReferences)
	}
	return v.patch(ctx, before, &discoveryv1.EndpointSlice{}, patch)
}
