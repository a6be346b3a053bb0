package apiserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/names"
)

// strategyOf is how objects of a kind are written through a subresource; empty is none.
func (s *Server) strategyOf(k *kind, part string) strategy {
	return strategy{names.SimpleNameGenerator, k, s, part}
}

// prepare brings what was sent into the form in which it is stored.
func (k *kind) prepare(object *unstructured.Unstructured) error {
	if got := object.GroupVersionKind(); got != k.GroupVersionKind {
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: it is %s", k.Kind, k.Version, k.Kind, got))
	}
	if k.rules == nil {
		return nil
	}
	if err := k.rules.complete(object.Object); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return nil
}

// create stores a new object.
func (s *Server) create(ctx context.Context, c *collection, namespace string, object *unstructured.Unstructured, dry bool) (*stored, error) {
	if err := c.prepare(object); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.createLocked(ctx, c, namespace, object, dry)
}

func (s *Server) createLocked(ctx context.Context, c *collection, namespace string, object *unstructured.Unstructured, dry bool) (*stored, error) {
	how := s.strategyOf(c.kind, "")
	if object.GetResourceVersion() != "" {
		return nil, &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: "resourceVersion should not be set on objects to be created",
		}}
	}
	rest.WipeObjectMetaSystemFields(object)
	rest.FillObjectMetaSystemFields(object)
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(how.GenerateName(object.GetGenerateName()))
	}
	if c.namespaced && object.GetNamespace() == "" {
		object.SetNamespace(namespace)
	}
	if err := s.mayHold(c, namespace, object.GetName()); err != nil {
		return nil, err
	}
	if err := s.mutate(c, object, nil); err != nil {
		return nil, err
	}
	if err := rest.BeforeCreate(how, ctx, object); err != nil {
		return nil, err
	}
	if c.objects[key(object.GetNamespace(), object.GetName())] != nil {
		return nil, apierrors.NewAlreadyExists(c.resource(), object.GetName())
	}
	if err := s.refused(c, object, nil); err != nil {
		return nil, err
	}
	if dry {
		return encode(object)
	}
	if err := s.charge(c, object); err != nil {
		return nil, err
	}
	return s.commit(c, watch.Added, object)
}

// mayHold says why a namespace may hold no new object: it is not there, or goes.
func (s *Server) mayHold(c *collection, namespace, name string) error {
	if !c.namespaced {
		return nil
	}
	all := s.byKind[schema.GroupKind{Kind: "Namespace"}]
	held := all.objects[key("", namespace)]
	switch {
	case held == nil:
		return apierrors.NewNotFound(all.resource(), namespace)
	case held.GetDeletionTimestamp() != nil:
		return apierrors.NewForbidden(c.resource(), name,
			fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace))
	default:
		return nil
	}
}

// update changes an object, or the part of it that a subresource is, into what change makes of a copy.
func (s *Server) update(
	ctx context.Context, c *collection, namespace, name, part string, dry bool, change func(existing *unstructured.Unstructured) (*unstructured.Unstructured, error),
) (*stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	how := s.strategyOf(c.kind, part)
	existing := c.objects[key(namespace, name)]
	if existing == nil {
		if !how.AllowCreateOnUpdate(ctx) {
			return nil, apierrors.NewNotFound(c.resource(), name)
		}
		object, err := change(nil)
		if err != nil {
			return nil, err
		}
		return s.createLocked(ctx, c, namespace, object, dry)
	}
	object, err := change(existing.DeepCopy())
	if err != nil {
		return nil, err
	}
	if err := s.admit(ctx, c, how, object, existing.Unstructured); err != nil {
		return nil, err
	}
	switch {
	case dry:
		return encode(object)
	case existing.GetDeletionTimestamp() != nil && len(object.GetFinalizers()) == 0:
		// Watches are told of what was stored last.
		if _, err := s.commit(c, watch.Deleted, existing.DeepCopy()); err != nil {
			return nil, err
		}
		return encode(object)
	case equality.Semantic.DeepEqual(object.Object, existing.Object):
		return existing, nil
	default:
		return s.commit(c, watch.Modified, object)
	}
}

// admit makes of what an object is to be what may be stored, or says why nothing of it may.
func (s *Server) admit(ctx context.Context, c *collection, how strategy, object, existing *unstructured.Unstructured) error {
	if err := c.prepare(object); err != nil {
		return err
	}
	if err := sameObject(c.kind, object, existing); err != nil {
		return err
	}
	if how.part == "" {
		if err := s.mutate(c, object, existing); err != nil {
			return err
		}
	}
	if err := rest.BeforeUpdate(how, ctx, object, existing); err != nil {
		return err
	}
	object.SetResourceVersion(existing.GetResourceVersion())
	if how.part == "" {
		return s.refused(c, object, existing)
	}
	return nil
}

// sameObject refuses an update that was made from another object of the name, or from an older version of it.
func sameObject(k *kind, object, existing *unstructured.Unstructured) error {
	if uid := object.GetUID(); uid != "" && uid != existing.GetUID() {
		return apierrors.NewConflict(k.resource(), existing.GetName(),
			fmt.Errorf("precondition failed: UID in precondition: %v, UID in object meta: %v", uid, existing.GetUID()))
	}
	switch version := object.GetResourceVersion(); {
	case version == "" && k.unconditional, version == existing.GetResourceVersion():
		return nil
	case version == "":
		return apierrors.NewInvalid(k.GroupKind(), existing.GetName(),
			field.ErrorList{field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update")})
	default:
		return apierrors.NewConflict(k.resource(), existing.GetName(),
			errors.New("the object has been modified; please apply your changes to the latest version and try again"))
	}
}

// remove deletes an object, or begins to if it has finalizers. Gone says that it is.
func (s *Server) remove(ctx context.Context, c *collection, namespace, name string, options *metav1.DeleteOptions) (_ *stored, gone bool, _ error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	existing := c.objects[key(namespace, name)]
	if existing == nil {
		return nil, false, apierrors.NewNotFound(c.resource(), name)
	}
	object := existing.DeepCopy()
	if _, _, err := rest.BeforeDelete(s.strategyOf(c.kind, ""), ctx, object, options); err != nil {
		return nil, false, err
	}
	object.SetFinalizers(finalizersOf(object.GetFinalizers(), options))
	// A namespace waits for what empties it.
	waits := len(object.GetFinalizers()) > 0 || c.Kind == "Namespace"
	switch {
	case len(options.DryRun) > 0:
		return existing, !waits, nil
	case !waits:
		removed, err := s.commit(c, watch.Deleted, object)
		return removed, true, err
	case object.GetDeletionTimestamp() == nil:
		now, none := metav1.Now(), int64(0)
		object.SetDeletionTimestamp(&now)
		object.SetDeletionGracePeriodSeconds(&none)
		if object.GetGeneration() > 0 {
			object.SetGeneration(object.GetGeneration() + 1)
		}
		if c.Kind == "Namespace" {
			_ = unstructured.SetNestedField(object.Object, "Terminating", "status", "phase")
		}
	case slices.Equal(object.GetFinalizers(), existing.GetFinalizers()):
		return existing, false, nil
	}
	going, err := s.commit(c, watch.Modified, object)
	return going, false, err
}

// finalizersOf are an object's finalizers with those by which its deletion waits for, or lets go of, what it owns.
func finalizersOf(known []string, options *metav1.DeleteOptions) []string {
	finalizers := slices.DeleteFunc(slices.Clone(known), func(one string) bool {
		return one == metav1.FinalizerOrphanDependents || one == metav1.FinalizerDeleteDependents
	})
	policy := options.PropagationPolicy
	switch {
	case policy != nil && *policy == metav1.DeletePropagationOrphan:
		return append(finalizers, metav1.FinalizerOrphanDependents)
	case policy != nil && *policy == metav1.DeletePropagationForeground:
		return append(finalizers, metav1.FinalizerDeleteDependents)
	case policy != nil:
		return finalizers
	default:
		return known
	}
}
