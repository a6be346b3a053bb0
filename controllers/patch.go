package controllers

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

// jsonPatch is a JSON Patch in the making. Its tests make a write fail when what the decision rested on has changed; a failed test is
// answered with 422, reason Invalid.
type jsonPatch struct{ operations []operation }

// test lets the patch apply only while the value at path is value; nil stands for an absent one.
func (p *jsonPatch) test(path string, value any) {
	p.operations = append(p.operations, operation{"test", path, value})
}

// add puts value at path, in place of what there is.
func (p *jsonPatch) add(path string, value any) {
	p.operations = append(p.operations, operation{"add", path, value})
}

// remove takes away what is at path.
func (p *jsonPatch) remove(path string) {
	p.operations = append(p.operations, operation{"remove", path, nil})
}

// setAnnotation sets an annotation of an object, if it still has the value known; a map that is absent is created whole.
func (p *jsonPatch) setAnnotation(object client.Object, key, value string) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		p.test("/metadata/annotations", nil)
		p.add("/metadata/annotations", map[string]string{key: value})
		return
	}
	path := annotationPath(key)
	p.test(path, orNil(annotations, key))
	p.add(path, value)
}

// addFinalizer adds a finalizer to an object that does not have it.
func (p *jsonPatch) addFinalizer(object client.Object, finalizer string) {
	switch finalizers := object.GetFinalizers(); {
	case slices.Contains(finalizers, finalizer):
	case len(finalizers) == 0:
		p.test("/metadata/finalizers", nil)
		p.add("/metadata/finalizers", []string{finalizer})
	default:
		p.add("/metadata/finalizers/-", finalizer)
	}
}

// removeFinalizer removes a finalizer from an object that has it.
func (p *jsonPatch) removeFinalizer(object client.Object, finalizer string) {
	path := fmt.Sprintf("/metadata/finalizers/%d", slices.Index(object.GetFinalizers(), finalizer))
	p.test(path, finalizer)
	p.remove(path)
}

// build returns the patch for the client.
func (p *jsonPatch) build() (client.Patch, error) {
	data, err := json.Marshal(p.operations)
	if err != nil {
		return nil, fmt.Errorf("writing a patch: %w", err)
	}
	return client.RawPatch(types.JSONPatchType, data), nil
}

// annotationPath is the path of an annotation, as a JSON pointer (RFC 6901).
func annotationPath(key string) string {
	return "/metadata/annotations/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// orNil is the annotation's value, or nil where it is absent.
func orNil(annotations map[string]string, key string) any {
	if value, ok := annotations[key]; ok {
		return value
	}
	return nil
}
