package apiserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	webhookerrors "k8s.io/apiserver/pkg/admission/plugin/webhook/errors"
)

// Admission is what webhooks do to objects of custom kinds and Kubernetes' own, as they are created or changed. A nil function does nothing. They must not
// call the server.
type Admission struct {
	// Mutate may change an object. Old is nil for one that is created.
	Mutate func(resource schema.GroupResource, object, old *unstructured.Unstructured)
	// Refuse says why an object may not be written, in the words and with the code of a webhook's answer; nil: it may.
	Refuse func(request *admissionv1.AdmissionRequest) *metav1.Status
}

// webhook is the name under which refusals are told.
const webhook = "test.example.com"

// mutate lets webhooks change an object, and completes it again.
func (s *Server) mutate(c *collection, object, old *unstructured.Unstructured) error {
	if s.admission.Mutate == nil {
		return nil
	}
	s.admission.Mutate(c.resource(), object, old)
	return c.prepare(object)
}

// refused is what webhooks say against an object.
func (s *Server) refused(c *collection, object, old *unstructured.Unstructured) error {
	if s.admission.Refuse == nil {
		return nil
	}
	request := &admissionv1.AdmissionRequest{
		Name: object.GetName(), Namespace: object.GetNamespace(), Operation: admissionv1.Create,
		Resource: metav1.GroupVersionResource{Group: c.Group, Version: c.Version, Resource: c.plural},
	}
	var err error
	if request.Object.Raw, err = json.Marshal(object.Object); err != nil {
		return apierrors.NewInternalError(err)
	}
	if old != nil {
		request.Operation, request.OldObject = admissionv1.Update, runtime.RawExtension{Object: old}
	}
	if why := s.admission.Refuse(request); why != nil {
		return webhookerrors.ToStatusErr(webhook, why)
	}
	return nil
}

// charge counts a new object in the quotas of its namespace that limit how many there are, by what their status says.
func (s *Server) charge(c *collection, object *unstructured.Unstructured) error {
	quotas := s.byKind[schema.GroupKind{Kind: "ResourceQuota"}]
	counted := "count/" + c.resource().String()
	for _, name := range slices.Sorted(maps.Keys(quotas.objects)) {
		quota := quotas.objects[name]
		hard, limited, _ := unstructured.NestedString(quota.Object, "status", "hard", counted)
		if quota.GetNamespace() != object.GetNamespace() || !limited {
			continue
		}
		used, _, _ := unstructured.NestedString(quota.Object, "status", "used", counted)
		limit, err := resource.ParseQuantity(hard)
		if err != nil {
			return apierrors.NewInternalError(err)
		}
		count, err := resource.ParseQuantity("0" + strings.TrimPrefix(used, "0"))
		if err != nil {
			return apierrors.NewInternalError(err)
		}
		count.Add(*resource.NewQuantity(1, resource.DecimalSI))
		if count.Cmp(limit) > 0 {
			return apierrors.NewForbidden(c.resource(), object.GetName(),
				fmt.Errorf("exceeded quota: %s, requested: %s=1, used: %s=%s, limited: %s=%s", quota.GetName(), counted, counted, used, counted, hard))
		}
		charged := quota.DeepCopy()
		if err := unstructured.SetNestedField(charged.Object, count.String(), "status", "used", counted); err != nil {
			return apierrors.NewInternalError(err)
		}
		if _, err := s.commit(quotas, watch.Modified, charged); err != nil {
			return err
		}
	}
	return nil
}

// Forbid makes the answer no whenever somebody asks whether they may do something with a resource. Requests are carried out all the same.
func (s *Server) Forbid(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden[resource] = true
}
