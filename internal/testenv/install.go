package testenv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ManagerUser is the manager's service account as config/default names it.
const ManagerUser = "system:serviceaccount:mesos-operator-system:mesos-operator-controller-manager"

// Render builds a kustomization under config/ with the pinned kustomize.
func Render(ctx context.Context, directory string) ([]*unstructured.Unstructured, error) {
	//nolint:gosec // the caller says what
	command := exec.CommandContext(ctx, "go", "tool", "-modfile=hack/tools/go.mod", "kustomize", "build", filepath.Join("config", directory))
	command.Dir = Root()
	var complaint strings.Builder
	command.Stderr = &complaint
	rendered, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("rendering config/%s: %w: %s", directory, err, complaint.String())
	}
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(rendered)), 4096)
	for {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("reading config/%s: %w", directory, err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

// Install creates objects, namespaces first as kubectl apply does, but for CRDs, which Start installs.
func Install(ctx context.Context, cluster client.Client, objects []*unstructured.Unstructured) error {
	var errs []error
	for _, first := range []bool{true, false} {
		for _, object := range objects {
			if kind := object.GetKind(); kind != "CustomResourceDefinition" && (kind == "Namespace") == first {
				if err := cluster.Create(ctx, object); err != nil {
					errs = append(errs, fmt.Errorf("creating %s %s: %w", kind, object.GetName(), err))
				}
			}
		}
	}
	return errors.Join(errs...)
}
