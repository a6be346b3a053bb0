package apiserver

import (
	"context"
	"maps"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/storage/names"
)

// strategy is how objects of a kind are created and changed, as Kubernetes' registry/rest calls it: through their own resource, or a
// part of them through a subresource.
type strategy struct {
	names.NameGenerator
	*kind
	server *Server
	// part is the subresource; empty for the object's own resource.
	part string
}

// ObjectKinds implements runtime.ObjectTyper.
func (s strategy) ObjectKinds(runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return []schema.GroupVersionKind{s.GroupVersionKind}, false, nil
}

// Recognizes implements runtime.ObjectTyper.
func (s strategy) Recognizes(gvk schema.GroupVersionKind) bool { return gvk == s.GroupVersionKind }

// NamespaceScoped implements rest.RESTCreateStrategy and rest.RESTUpdateStrategy.
func (s strategy) NamespaceScoped() bool { return s.namespaced }

// AllowCreateOnUpdate implements rest.RESTUpdateStrategy.
func (s strategy) AllowCreateOnUpdate(context.Context) bool { return s.createOnUpdate && s.part == "" }

// AllowUnconditionalUpdate implements rest.RESTUpdateStrategy.
func (s strategy) AllowUnconditionalUpdate(context.Context) bool { return s.unconditional }

// WarningsOnCreate implements rest.RESTCreateStrategy.
func (strategy) WarningsOnCreate(context.Context, runtime.Object) []string { return nil }

// WarningsOnUpdate implements rest.RESTUpdateStrategy.
func (strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

// Canonicalize implements rest.RESTCreateStrategy and rest.RESTUpdateStrategy.
func (strategy) Canonicalize(runtime.Object) {}

// PrepareForCreate implements rest.RESTCreateStrategy: a status cannot be created.
func (s strategy) PrepareForCreate(_ context.Context, object runtime.Object) {
	made := plain(object)
	if s.status {
		delete(made.Object, "status")
	}
	if s.complete != nil {
		s.complete(made.Object, s.server)
	}
	if s.generations {
		made.SetGeneration(1)
	} else {
		made.SetGeneration(0)
	}
}

// PrepareForUpdate implements rest.RESTUpdateStrategy: each resource changes its own part, and what is desired has a generation.
func (s strategy) PrepareForUpdate(_ context.Context, object, old runtime.Object) {
	changed, before := plain(object), plain(old)
	if s.part == "status" {
		status, has := changed.Object["status"]
		changed.Object = before.DeepCopy().Object
		change(changed.Object, "status", status, has)
		return
	}
	if s.status {
		status, has := before.Object["status"]
		change(changed.Object, "status", status, has)
	}
	if s.complete != nil {
		s.complete(changed.Object, s.server)
	}
	if s.generations && !equality.Semantic.DeepEqual(desired(changed), desired(before)) {
		changed.SetGeneration(before.GetGeneration() + 1)
	}
}

// plain is an object as this package has them all.
func plain(object runtime.Object) *unstructured.Unstructured {
	known, _ := object.(*unstructured.Unstructured)
	return known
}

// change sets a field, or takes it away.
func change(object map[string]any, name string, value any, has bool) {
	if has {
		object[name] = value
	} else {
		delete(object, name)
	}
}

// desired is what an object says besides its metadata.
func desired(object *unstructured.Unstructured) map[string]any {
	rest := maps.Clone(object.Object)
	delete(rest, "metadata")
	return rest
}

// Validate implements rest.RESTCreateStrategy.
func (s strategy) Validate(ctx context.Context, object runtime.Object) field.ErrorList {
	if s.rules == nil {
		return nil
	}
	return s.rules.refuse(ctx, plain(object).Object, nil, "")
}

// ValidateUpdate implements rest.RESTUpdateStrategy.
func (s strategy) ValidateUpdate(ctx context.Context, object, old runtime.Object) field.ErrorList {
	if s.rules == nil || s.part != "" && s.server.trusting {
		return nil
	}
	return s.rules.refuse(ctx, plain(object).Object, plain(old).Object, s.part)
}
