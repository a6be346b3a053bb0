package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// TestKrewManifest: it has what krew demands, is named as the program is, and the program builds for each platform that it has. hack/krew makes releases of it.
func TestKrewManifest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "krew", "mesos.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		APIVersion string
		Kind       string
		Metadata   struct{ Name string }
		Spec       struct {
			Version, Homepage, ShortDescription, Description, Caveats string

			Platforms []struct {
				Selector         struct{ MatchLabels map[string]string }
				URI, SHA256, Bin string
			}
		}
	}
	if err := yaml.UnmarshalStrict(text, &manifest, yaml.DisallowUnknownFields); err != nil {
		t.Fatal(err)
	}
	program := "kubectl-" + strings.ReplaceAll(manifest.Metadata.Name, "-", "_")
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	if root := newCommand(streams); root.Use != program {
		t.Errorf("krew calls it %s, and it calls itself %s", program, root.Use)
	}
	const longest = 50
	if manifest.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || manifest.Kind != "Plugin" || len(manifest.Spec.ShortDescription) > longest {
		t.Errorf("krew does not take %+v", manifest)
	}
	if manifest.Spec.Version != "${VERSION}" || len(manifest.Spec.Platforms) < 6 {
		t.Errorf("of a release there is %+v", manifest.Spec)
	}
	for _, one := range manifest.Spec.Platforms {
		system, arch := one.Selector.MatchLabels["os"], one.Selector.MatchLabels["arch"]
		archive, bin := ".tar.gz", program
		if system == "windows" {
			archive, bin = ".zip", program+".exe"
		}
		if want := "${URL}/" + program + "-" + system + "-" + arch + archive; one.URI != want || one.Bin != bin || one.SHA256 != "${SHA256_"+strings.ToUpper(system+"_"+arch)+"}" {
			t.Errorf("%s/%s is %+v, not at %s", system, arch, one, want)
		}
	}
	// What it is built of does not compile everywhere by itself: signals and terminals differ.
	for _, system := range []string{"darwin", "windows"} {
		command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if .Error}}{{.ImportPath}}: {{.Error}}{{end}}", ".")
		command.Env = append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil || strings.TrimSpace(string(output)) != "" {
			t.Errorf("for %s: %v\n%s", system, err, output)
		}
	}
}

// TestDocs_nameEachVerb: docs/kubectl-mesos.md has a heading for each verb. TestAdvice_canBeTyped looks at what it says to type.
func TestDocs_nameEachVerb(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(testenv.Root(), "docs", "kubectl-mesos.md"))
	if err != nil {
		t.Fatal(err)
	}
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	root := newCommand(streams)
	for _, command := range root.Commands() {
		if command.Name() != "convert" && !strings.Contains(string(text), "\n### "+command.Name()+"\n") {
			t.Errorf("there is no heading for %s", command.Name())
		}
	}
}
