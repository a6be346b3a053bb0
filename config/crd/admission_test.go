package crd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// schemaOf compiles the CRD of a file of config/crd/bases.
func schemaOf(tb testing.TB, file string) *apiserver.Schema {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "crd", "bases", file))
	if err != nil {
		tb.Fatal(err)
	}
	declared := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(content, declared); err != nil {
		tb.Fatal(err)
	}
	compiled, err := apiserver.SchemaOf(declared)
	if err != nil {
		tb.Fatal(err)
	}
	return compiled
}

// manifests are the objects of a YAML file under the repository's root, with the types that an API server has them in.
func manifests(tb testing.TB, file string) (all []map[string]any) {
	tb.Helper()
	content, err := os.ReadFile(filepath.Join(testenv.Root(), file))
	if err != nil {
		tb.Fatal(err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for {
		var raw json.RawMessage
		switch err := decoder.Decode(&raw); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			tb.Fatal(err)
		}
		object := map[string]any{}
		if err := yaml.Unmarshal(raw, &object); err != nil {
			tb.Fatal(err)
		}
		if len(object) > 0 {
			all = append(all, object)
		}
	}
}
