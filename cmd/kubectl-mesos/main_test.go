package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/yaml"
)

// run runs the plugin with a text on its standard input.
func run(t *testing.T, in string, args ...string) (out, errOut string, err error) {
	t.Helper()
	streams, stdin, stdout, stderr := genericiooptions.NewTestIOStreams()
	stdin.WriteString(in)
	command := newCommand(streams)
	command.SetArgs(args)
	err = command.Execute()
	return stdout.String(), stderr.String(), err
}

func TestConvert_filesDirectoriesAndStandardInput(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/web.json": `{"id": "/web", "cmd": "run"}`, "b.json": `{"name": "nightly", "command": "run", "schedule": "R/2024-01-01T00:00:00Z/P1D"}`, "README.md": "#",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, errOut, err := run(t, `{"id": "/db", "cmd": "run", "dependencies": ["/x"]}`, "convert", "-f", dir, "-f", "-", "-n", "shop", "--framework", "prod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"name: web\n", "name: nightly\n", "name: db\n", "namespace: shop\n", "name: prod\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("without %q:\n%s", want, out)
		}
	}
	for _, want := range []string{
		"standard input: /db: left out: dependencies: ", "3 definitions: 2 converted with nothing lost, 1 with something left out, 0 refused\n", "1 files whose names do not end in .json",
	} {
		if !strings.Contains(errOut, want) {
			t.Errorf("without %q:\n%s", want, errOut)
		}
	}
}

func TestConvert_refusedEndsWithAnError(t *testing.T) {
	text := `[{"id": "/db", "cmd": "run", "residency": {"taskLostBehavior": "WAIT_FOREVER"}}, {"id": "/web", "cmd": "run"}]`
	out, errOut, err := run(t, text, "convert", "-f", "-")
	if err == nil || !strings.Contains(errOut, "1 refused: /db\n") || !strings.Contains(out, "name: web\n") {
		t.Errorf("%v\n%s\n%s", err, out, errOut)
	}
	if _, _, err := run(t, `{"id": "/db", "cmd": "run", "dependencies": ["/x"]}`, "convert", "-f", "-", "--strict"); err == nil {
		t.Error("--strict lets something be left out")
	}
}

func TestConvert_json(t *testing.T) {
	out, _, err := run(t, `{"id": "/web", "cmd": "a && b"}`, "convert", "-f", "-", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Kind  string
		Items []map[string]any
	}
	if err := yaml.UnmarshalStrict([]byte(out), &list, yaml.DisallowUnknownFields); err == nil && (list.Kind != "List" || len(list.Items) != 1) {
		t.Errorf("%s", out)
	}
	if !strings.Contains(out, `"a && b"`) {
		t.Error(out)
	}
}

func TestConvert_flags(t *testing.T) {
	for _, args := range [][]string{{"convert"}, {"convert", "-f", "no/such/file"}, {"convert", "-f", "-", "--from", "aurora"}, {"convert", "-f", "-", "-o", "xml"}, {"convert", "-f", t.TempDir()}} {
		if _, _, err := run(t, "{}", args...); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestCompletion(t *testing.T) {
	for want, args := range map[string][]string{
		"singularity\n": {"__complete", "convert", "--from", ""}, "json\n": {"__complete", "convert", "-o", "j"}, "convert\t": {"__complete", "con"}, "bash completion": {"completion", "bash"},
	} {
		out, _, err := run(t, "", args...)
		if err != nil || !bytes.Contains([]byte(out), []byte(want)) {
			t.Errorf("%v: %v\n%.200s", args, err, out)
		}
	}
}
