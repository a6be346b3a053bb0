// Package config_test shows that what lies under config/ is what it is meant to be: it renders, and an API server takes it.
package config_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// render builds a kustomization with the pinned kustomize.
func render(t *testing.T, dir string) []*unstructured.Unstructured {
	t.Helper()
	objects, err := testenv.Render(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestConfig(t *testing.T) {
	objects := installed(t)
	cluster := client.WithFieldValidation(env.Client(t), "Strict")

	t.Run("the manager's pods meet the restricted pod security standard of their namespace", func(t *testing.T) {
		for _, object := range objects {
			if object.GetKind() != "Deployment" {
				continue
			}
			template, _, err := unstructured.NestedMap(object.Object, "spec", "template")
			if err != nil {
				t.Fatal(err)
			}
			pod := &corev1.Pod{}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(template, pod); err != nil {
				t.Fatal(err)
			}
			pod.Name, pod.Namespace = "manager", object.GetNamespace()
			if err := cluster.Create(t.Context(), pod); err != nil {
				t.Errorf("creating a pod of %s: %v", object.GetName(), err)
			}
			return
		}
		t.Error("config/default has no Deployment")
	})

	t.Run("every sample is accepted, and is unchanged by what the server fills in", func(t *testing.T) {
		samples := 0
		for _, object := range render(t, "samples") {
			samples++
			if object.GetKind() != "MesosFramework" {
				object.SetNamespace("default")
			}
			written := object.DeepCopy()
			if err := cluster.Create(t.Context(), object); err != nil {
				t.Errorf("creating %s %s: %v", object.GetKind(), object.GetName(), err)
				continue
			}
			for field, want := range written.Object["spec"].(map[string]any) {
				if _, nested := want.(map[string]any); nested {
					continue // defaults are filled in below it
				}
				if diff := cmp.Diff(want, object.Object["spec"].(map[string]any)[field]); diff != "" {
					t.Errorf("spec.%s of %s (-written +stored):\n%s", field, object.GetName(), diff)
				}
			}
		}
		files, err := filepath.Glob(filepath.Join(testenv.Root(), "config", "samples", "*.yaml"))
		if err != nil || samples != len(files)-1 {
			t.Errorf("%d objects rendered from %d files (%v)", samples, len(files)-1, err)
		}
	})
}
