package argocd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/argocd"
)

// kinds are those that have scripts, each with a value to read its test data into.
var kinds = map[string]func() any{
	"MesosTask":      func() any { return &v1alpha1.MesosTask{} },
	"MesosTaskSet":   func() any { return &v1alpha1.MesosTaskSet{} },
	"MesosCronTask":  func() any { return &v1alpha1.MesosCronTask{} },
	"MesosFramework": func() any { return &v1alpha1.MesosFramework{} },
}

// directory is where a kind has its scripts.
func directory(kind string) string {
	return filepath.Join(argocd.Scripts(), v1alpha1.GroupVersion.Group, kind)
}

// read reads a YAML file strictly into a value.
func read(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}

// object reads an object, which must be one of the API's.
func object(t *testing.T, kind, path string) *unstructured.Unstructured {
	t.Helper()
	read(t, path, kinds[kind]())
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	encoded, err := yaml.YAMLToJSON(content)
	if err == nil {
		err = object.UnmarshalJSON(encoded)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return object
}

// unused fails the test for test data that no row names.
func unused(t *testing.T, directory string, used map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "testdata", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of test data: %v", len(files), err)
	}
	for _, file := range files {
		if !used[file] {
			t.Errorf("%s is not used", file)
		}
	}
}

func TestHealthOf(t *testing.T) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			var table struct {
				Tests []struct {
					InputPath    string        `json:"inputPath"`
					HealthStatus argocd.Health `json:"healthStatus"`
				} `json:"tests"`
			}
			read(t, filepath.Join(directory(kind), "health_test.yaml"), &table)
			used := map[string]bool{}
			for _, row := range table.Tests {
				path := filepath.Join(directory(kind), row.InputPath)
				used[path] = true
				t.Run(filepath.Base(row.InputPath), func(t *testing.T) {
					got, err := argocd.HealthOf(t.Context(), object(t, kind, path))
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(row.HealthStatus, got); diff != "" {
						t.Errorf("health (-want +got):\n%s", diff)
					}
				})
			}
			unused(t, directory(kind), used)
		})
	}
}

// TestHealthOf_withoutStatus: an object as Git has it breaks nothing, nor does one that was cut short.
func TestHealthOf_withoutStatus(t *testing.T) {
	for kind := range kinds {
		for name, status := range map[string]any{
			"no status":               nil,
			"an empty one":            map[string]any{},
			"no conditions":           map[string]any{"observedGeneration": int64(1)},
			"an empty list of them":   map[string]any{"observedGeneration": int64(1), "conditions": []any{}},
			"a condition of somebody": map[string]any{"observedGeneration": int64(1), "conditions": []any{map[string]any{"type": "Audited", "status": "True"}}},
		} {
			t.Run(kind+" with "+name, func(t *testing.T) {
				object := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "web", "generation": int64(1)}, "spec": map[string]any{}}}
				object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
				if status != nil {
					object.Object["status"] = status
				}
				got, err := argocd.HealthOf(t.Context(), object)
				if err != nil || got.Status != "Progressing" || got.Message == "" {
					t.Errorf("its health is %+v (%v), want Progressing and why", got, err)
				}
			})
		}
	}
}

func TestActionsOn(t *testing.T) {
	for kind := range kinds {
		actions := filepath.Join(directory(kind), "actions")
		var table actionTests
		read(t, filepath.Join(actions, "action_test.yaml"), &table)
		used := map[string]bool{}
		for _, row := range table.Discovery {
			path := filepath.Join(actions, row.InputPath)
			used[path] = true
			t.Run(kind+" "+filepath.Base(path), func(t *testing.T) {
				got, err := argocd.ActionsOn(t.Context(), object(t, kind, path))
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]bool{}
				for _, action := range row.Result {
					want[action.Name] = action.Disabled
				}
				offered := map[string]bool{}
				for name, action := range got {
					offered[name] = action.Disabled
				}
				if diff := cmp.Diff(want, offered); diff != "" {
					t.Errorf("whether each action is disabled (-want +got):\n%s", diff)
				}
			})
		}
		for _, row := range table.Actions {
			input, output := filepath.Join(actions, row.InputPath), filepath.Join(actions, row.ExpectedOutputPath)
			used[input], used[output] = true, true
			t.Run(kind+" "+row.Action+" of "+filepath.Base(input), func(t *testing.T) {
				want := object(t, kind, output)
				got, err := argocd.Act(t.Context(), object(t, kind, input), row.Action, row.Parameters)
				if err != nil {
					t.Fatal(err)
				}
				fixTimes(t, got, want)
				if diff := cmp.Diff(want.Object, got.Object); diff != "" {
					t.Errorf("the object after %s (-want +got):\n%s", row.Action, diff)
				}
			})
		}
		unused(t, actions, used)
	}
}

// actionTests is Argo CD's layout of tests for actions.
type actionTests struct {
	Discovery []struct {
		InputPath string          `json:"inputPath"`
		Result    []argocd.Action `json:"result"`
	} `json:"discoveryTests"`
	Actions []struct {
		Action             string            `json:"action"`
		InputPath          string            `json:"inputPath"`
		ExpectedOutputPath string            `json:"expectedOutputPath"`
		Parameters         map[string]string `json:"parameters"`
	} `json:"actionTests"`
}

// fixTimes gives what has a time of just now as its value the time that is expected there.
func fixTimes(t *testing.T, got, want *unstructured.Unstructured) {
	t.Helper()
	if value, ok, _ := unstructured.NestedString(got.Object, "spec", "restartedAt"); ok {
		justNow(t, "spec.restartedAt", value)
		expected, _, _ := unstructured.NestedString(want.Object, "spec", "restartedAt")
		if err := unstructured.SetNestedField(got.Object, expected, "spec", "restartedAt"); err != nil {
			t.Fatal(err)
		}
	}
	annotations := got.GetAnnotations()
	for _, name := range []string{v1alpha1.AnnotationRestartedAt, v1alpha1.AnnotationReconcileRequestedAt, v1alpha1.AnnotationRunRequestedAt} {
		value, ok := annotations[name]
		if !ok {
			continue
		}
		justNow(t, "annotation "+name, value)
		annotations[name] = want.GetAnnotations()[name]
		got.SetAnnotations(annotations)
	}
}

// justNow fails the test for a text that is not a time of just now.
func justNow(t *testing.T, what, value string) {
	t.Helper()
	written, err := time.Parse(time.RFC3339, value)
	if age := time.Since(written); err != nil || age < -time.Second || age > time.Hour {
		t.Errorf("%s has the value %q (%v), want the present time", what, value, err)
	}
}

// TestAct_refuses: what a person enters that is no number of tasks changes nothing, and says so.
func TestAct_refuses(t *testing.T) {
	set := object(t, "MesosTaskSet", filepath.Join(directory("MesosTaskSet"), "actions", "testdata", "set.yaml"))
	for _, entered := range []string{"", "many", "-1", "2.5", "10001"} {
		if _, err := argocd.Act(t.Context(), set, "scale", map[string]string{"replicas": entered}); err == nil || !strings.Contains(err.Error(), "replicas must be a number") {
			t.Errorf("scaling to %q: %v", entered, err)
		}
	}
	actions, err := argocd.ActionsOn(t.Context(), set)
	if diff := cmp.Diff([]argocd.Param{{Name: "replicas", Default: "3"}}, actions["scale"].Params); err != nil || diff != "" {
		t.Errorf("what scale asks for (%v; -want +got):\n%s", err, diff)
	}
}

// TestConfigMap: what people apply has the very scripts that were tested.
func TestConfigMap(t *testing.T) {
	want, err := argocd.ConfigMap()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(argocd.Scripts(), "..", "argocd-cm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("config/argocd/argocd-cm.yaml (-want +got), which make manifests writes:\n%s", diff)
	}
}
