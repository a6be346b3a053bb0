package writes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// operation is one operation of a JSON Patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Patch is a JSON Patch in the making. Its tests make a write fail when what the decision rested on has changed; a failed test is answered with
// 422, reason Invalid.
type Patch struct{ operations []operation }

// For returns a patch of an object that applies only to it, and not to another of its name.
func For(object client.Object) *Patch {
	patch := &Patch{}
	patch.Test("/metadata/uid", object.GetUID())
	return patch
}

// TestGeneration lets the patch apply only while the spec is as it was read, and the object is not deleted: both raise the generation.
func (p *Patch) TestGeneration(object client.Object) {
	p.Test("/metadata/generation", object.GetGeneration())
}

// TestAnnotation lets the patch apply only while an annotation of the object is as it was read, or as absent.
func (p *Patch) TestAnnotation(object client.Object, key string) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		p.Test("/metadata/annotations", nil)
		return
	}
	var value any
	if known, ok := annotations[key]; ok {
		value = known
	}
	p.Test(annotationPath(key), value)
}

// Test lets the patch apply only while the value at path is value; nil stands for an absent one.
func (p *Patch) Test(path string, value any) {
	p.operations = append(p.operations, operation{"test", path, value})
}

// Add puts value at path, in place of what there is.
func (p *Patch) Add(path string, value any) {
	p.operations = append(p.operations, operation{"add", path, value})
}

// Remove takes away what is at path, which must be there.
func (p *Patch) Remove(path string) {
	p.operations = append(p.operations, operation{"remove", path, nil})
}

// Change puts after in place of before at path, if that is still there; nil is absent.
func (p *Patch) Change(path string, before, after any) {
	p.Test(path, before)
	switch {
	case after != nil:
		p.Add(path, after)
	case before != nil:
		p.Remove(path)
	}
}

// ChangeEntry does so with an entry of a map of strings. Empty says that there is no such map yet; it is created whole then.
func (p *Patch) ChangeEntry(parent, key string, before, after any, empty bool) {
	if empty {
		p.Test(parent, nil)
		p.Add(parent, map[string]any{key: after})
		return
	}
	p.Change(parent+"/"+pointer(key), before, after)
}

// SetAnnotation sets an annotation of an object, if it is still as it was read; a map that is absent is created whole.
func (p *Patch) SetAnnotation(object client.Object, key, value string) {
	p.TestAnnotation(object, key)
	if object.GetAnnotations() == nil {
		p.Add("/metadata/annotations", map[string]string{key: value})
		return
	}
	p.Add(annotationPath(key), value)
}

// AddFinalizer adds a finalizer to an object that does not have it.
func (p *Patch) AddFinalizer(object client.Object, finalizer string) {
	switch finalizers := object.GetFinalizers(); {
	case slices.Contains(finalizers, finalizer):
	case len(finalizers) == 0:
		p.Test("/metadata/finalizers", nil)
		p.Add("/metadata/finalizers", []string{finalizer})
	default:
		p.Add("/metadata/finalizers/-", finalizer)
	}
}

// RemoveFinalizer removes a finalizer from an object that has it.
func (p *Patch) RemoveFinalizer(object client.Object, finalizer string) {
	path := fmt.Sprintf("/metadata/finalizers/%d", slices.Index(object.GetFinalizers(), finalizer))
	p.Test(path, finalizer)
	p.Remove(path)
}

// Build returns the patch for the client.
func (p *Patch) Build() (client.Patch, error) {
	data, err := json.Marshal(p.operations)
	if err != nil {
		return nil, fmt.Errorf("writing a patch: %w", err)
	}
	return client.RawPatch(types.JSONPatchType, data), nil
}

// annotationPath is the path of an annotation, as a JSON pointer (RFC 6901).
func annotationPath(key string) string {
	return "/metadata/annotations/" + pointer(key)
}

// pointer is a key as a JSON pointer has it.
func pointer(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }
