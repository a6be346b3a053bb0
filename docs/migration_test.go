package docs_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// TestMigration_manifestsAreAccepted has the API server judge what definitions of other schedulers become.
func TestMigration_manifestsAreAccepted(t *testing.T) {
	cluster := client.NewDryRunClient(client.WithFieldValidation(env.Client(t), "Strict"))
	paths, err := filepath.Glob(filepath.Join(testenv.Root(), "internal", "migration", "testdata", "*", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
		for {
			object := &unstructured.Unstructured{}
			if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if len(object.Object) == 0 {
				continue
			}
			seen++
			object.SetNamespace("default")
			if err := cluster.Create(t.Context(), object); err != nil {
				t.Errorf("%s: %s is refused: %v", filepath.Base(path), object.GetName(), err)
			}
		}
	}
	if seen < 25 {
		t.Errorf("only %d manifests were judged", seen)
	}
}
