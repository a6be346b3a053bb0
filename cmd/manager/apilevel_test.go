package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestManager_underLaterCRDs: a manager that starts under the CRDs of a later release launches nothing, until they are its own.
func TestManager_underLaterCRDs(t *testing.T) {
	s := newSystem(t)
	level := func(level int) {
		t.Helper()
		crd := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "mesostasks.mesos.dev"}}
		crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%d"}}}`, v1alpha1.AnnotationAPILevel, level)
		if err := s.client.Patch(t.Context(), crd, client.RawPatch("application/merge-patch+json", patch)); err != nil {
			t.Fatal(err)
		}
	}
	level(v1alpha1.APILevel + 1)
	s.create(fmt.Sprintf(taskManifest, "web", "sleep 1000", ""))
	manager := s.start()
	manager.ready()
	s.task("web", v1alpha1.ReasonManagerTooOld)
	if launched := s.mesos.Calls("ACCEPT"); launched > 0 {
		t.Errorf("%d offers were accepted", launched)
	}
	level(v1alpha1.APILevel)
	s.task("web", v1alpha1.ReasonRunning)
	manager.signal(syscall.SIGTERM)
	if code := manager.wait(); code != 0 {
		t.Errorf("the manager ended with status %d", code)
	}
	for _, said := range []string{"Nothing is launched", "Tasks are launched again"} {
		if strings.Count(manager.log.String(), said) != 1 {
			t.Errorf("it did not say once: %s", said)
		}
	}
}
