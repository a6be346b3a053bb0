// Package docs_test holds the documents to what is there: their manifests are accepted, and what they point at exists.
package docs_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// documents reads what people read, by its path in the repository.
func documents(t *testing.T) map[string]string {
	t.Helper()
	var paths []string
	for _, directory := range []string{"docs", filepath.Join("docs", "runbooks")} {
		found, err := filepath.Glob(filepath.Join(testenv.Root(), directory, "*.md"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "charts/mesos-operator/README.md"} {
		paths = append(paths, filepath.Join(testenv.Root(), name))
	}
	texts := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(testenv.Root(), path)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

var (
	fenced  = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	heredoc = regexp.MustCompile(`(?ms)<<'END'\n(.*?)^END$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	target  = regexp.MustCompile("(?m)(?:^|`|&& )make ([a-z][a-z-]*)")
)

// manifests are the objects of the operator's kinds that a document shows, as YAML.
func manifests(text string) (found []string) {
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		shown := []string{block[2]}
		if block[1] != "yaml" {
			shown = nil
			for _, input := range heredoc.FindAllStringSubmatch(block[2], -1) {
				shown = append(shown, input[1])
			}
		}
		found = append(found, slices.DeleteFunc(shown, func(manifest string) bool { return !strings.Contains(manifest, "apiVersion: mesos.dev/") })...)
	}
	return found
}

func TestDocs_manifests(t *testing.T) {
	cluster := client.NewDryRunClient(client.WithFieldValidation(env.Client(t), "Strict"))
	seen := 0
	for name, text := range documents(t) {
		for _, manifest := range manifests(text) {
			decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096)
			for {
				object := &unstructured.Unstructured{}
				if err := decoder.Decode(object); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: reading\n%s: %v", name, manifest, err)
				}
				seen++
				if object.GetKind() != "MesosFramework" && object.GetNamespace() == "" {
					object.SetNamespace("default")
				}
				if err := cluster.Create(t.Context(), object); err != nil {
					t.Errorf("%s shows what is refused: %v in\n%s", name, err, manifest)
				}
			}
		}
	}
	if seen < 8 {
		t.Errorf("only %d manifests were found in the documents", seen)
	}
}

func TestDocs_pointAtWhatExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(testenv.Root(), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	links, targets := 0, 0
	for name, text := range documents(t) {
		for _, found := range link.FindAllStringSubmatch(quoted.ReplaceAllString(text, ""), -1) {
			path, _, _ := strings.Cut(found[1], "#")
			if path == "" || strings.Contains(path, "://") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(testenv.Root(), filepath.Dir(name), path)); err != nil {
				t.Errorf("%s links to %s: %v", name, found[1], err)
			}
		}
		for _, found := range target.FindAllStringSubmatch(text, -1) {
			targets++
			if !strings.Contains(string(makefile), "\n"+found[1]+":") {
				t.Errorf("%s speaks of make %s, which the Makefile does not have", name, found[1])
			}
		}
	}
	if links < 10 || targets < 10 {
		t.Errorf("only %d links and %d make targets were found in the documents", links, targets)
	}
}
