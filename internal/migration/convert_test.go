package migration

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden manifests, and the tables of docs/migration.md, anew")

// when is the time at which all tests convert.
var when = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

// definitionFiles are the definitions below testdata by the name of their golden manifests: those that begin alike with apart- belong together.
func definitionFiles(t *testing.T) map[string][]Document {
	t.Helper()
	paths, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(paths) < 25 {
		t.Fatalf("%d definitions: %v", len(paths), err)
	}
	files := map[string][]Document{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		golden := strings.TrimSuffix(path, ".json")
		if dir, base := filepath.Split(golden); strings.HasPrefix(base, "apart-") {
			golden = filepath.Join(dir, "apart")
		}
		files[golden+".yaml"] = append(files[golden+".yaml"], Document{Name: filepath.Base(path), Text: text})
	}
	return files
}

func manifests(t *testing.T, documents []Document, options Options) string {
	t.Helper()
	options.Now = when
	var text bytes.Buffer
	if err := YAML(&text, Convert(documents, options)); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestConvert_golden(t *testing.T) {
	for golden, documents := range definitionFiles(t) {
		t.Run(golden, func(t *testing.T) {
			got := manifests(t, documents, Options{})
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// leaves calls each with every leaf of a value, and with what sets it to another value.
func leaves(path string, value any, set func(any), each func(path string, value any, set func(any))) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaves(below(path, key), v[key], func(other any) { v[key] = other }, each)
		}
	case []any:
		for i := range v {
			leaves(fmt.Sprintf("%s[%d]", path, i), v[i], func(other any) { v[i] = other }, each)
		}
	default:
		each(path, value, set)
	}
}

// another is a value of the same type that is not the same.
func another(value any) any {
	switch v := value.(type) {
	case string:
		return v + "x"
	case int64:
		return v + 1009
	case float64:
		return v + 1009
	case bool:
		return !v
	}
	return "something"
}

// everyDefinition calls each with every definition of the files, and with what converts it as it is by then.
func everyDefinition(t *testing.T, each func(file string, d *definition, convert func() (string, *book))) {
	t.Helper()
	for golden, documents := range definitionFiles(t) {
		f := &found{}
		for _, document := range documents {
			f.read(document)
		}
		f.join()
		for _, d := range f.definitions {
			d.name = slug(d.id, nameLength)
			each(golden, d, func() (string, *book) {
				fresh := *d
				fresh.book = newBook()
				fresh.root.book = fresh.book
				var text bytes.Buffer
				if err := YAML(&text, []Result{fresh.convert(Options{Now: when})}); err != nil {
					t.Fatal(err)
				}
				return text.String(), fresh.book
			})
		}
	}
}

// told says whether a remark is about a path, or about something that it is part of.
func (b *book) told(path string) bool {
	for settled := range b.settled {
		if rest, found := strings.CutPrefix(path, settled); found && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	return slices.ContainsFunc(b.remarks, func(r Remark) bool { return r.Path == path })
}

// TestConvert_nothingInSilence changes each leaf of each definition: what comes out, the remarks included, has to tell the two definitions apart, or
// the leaf is remarked on. A field that is struck out and put nowhere does neither.
func TestConvert_nothingInSilence(t *testing.T) {
	seen := 0
	everyDefinition(t, func(file string, d *definition, convert func() (string, *book)) {
		want, b := convert()
		if b.refused() {
			return
		}
		leaves("", d.root.value, func(any) {}, func(path string, leaf any, set func(any)) {
			if path == d.idPath || d.kind == kindPod && strings.HasSuffix(path, "].name") {
				return // It was named by this before.
			}
			set(another(leaf))
			got, _ := convert()
			set(leaf)
			if seen++; got == want && !b.told(path) {
				t.Errorf("%s, %s: %s is %v, or %v, and nothing tells one from the other", file, d.id, path, leaf, another(leaf))
			}
		})
	})
	if seen < 300 {
		t.Errorf("only %d leaves were changed", seen)
	}
}

// TestConvert_unknownFields puts a field that nobody knows into each object of each definition.
func TestConvert_unknownFields(t *testing.T) {
	seen := 0
	everyDefinition(t, func(file string, d *definition, convert func() (string, *book)) {
		objects := map[string]map[string]any{}
		var collect func(path string, value any)
		collect = func(path string, value any) {
			switch v := value.(type) {
			case map[string]any:
				objects[path] = v
				for key, inner := range v {
					collect(below(path, key), inner)
				}
			case []any:
				for i, inner := range v {
					collect(fmt.Sprintf("%s[%d]", path, i), inner)
				}
			}
		}
		collect("", d.root.value)
		for path, object := range objects {
			object["strangeField"] = map[string]any{"deep": []any{true}}
			_, b := convert()
			delete(object, "strangeField")
			strange := below(path, "strangeField")
			if seen++; !b.told(strange) && !b.told(below(strange, "deep")) && (!b.refused() || len(d.root.value.(map[string]any)) == 0) {
				t.Errorf("%s, %s: %s is not told of", file, d.id, strange)
			}
		}
	})
	if seen < 150 {
		t.Errorf("only %d objects were given a field", seen)
	}
}

// TestConvert_takesAnything throws values of all types at all fields: nothing may end in a panic, and no container in a process of the host.
func TestConvert_takesAnything(t *testing.T) {
	var names []string
	for _, table := range tables() {
		for _, f := range table.fields {
			names = append(names, f.name)
		}
	}
	names = append(names, "apps", "groups", "pods", "requestId", "uri", "name", "value", "key", "inner", "image", "protocol", "path", "mode", "hostPath", "containerPath",
		"persistent", "external", "provider", "options", "command", "shell", "argv", "secret", "source", "instances", "docker", "host", "endpoint", "http", "tcp", "exec", "port")
	scalar := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SampledFrom([]string{
			"", "/", "x", "DOCKER", "MESOS", "HTTP", "BRIDGE", "USER", "R/2024-01-01T00:00:00Z/PT10M", "R3//P0D", "0 0 * * * ?", "P", "-1",
			"1e400", "{{x}}", "a:b", "../..", "\x00", "SCHEDULED", "ON_DEMAND", "UNIQUE",
		}), func(s string) any { return s }),
		rapid.Map(rapid.IntRange(-5, 70000), func(i int) any { return i }))
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return scalar
		}
		return rapid.OneOf(scalar, rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(list []any) any { return list }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom(names), value(depth-1), 0, 8), func(object map[string]any) any { return object }))
	}
	rapid.Check(t, func(t *rapid.T) {
		text, err := json.Marshal(value(4).Draw(t, "definition"))
		if err != nil {
			t.Fatal(err)
		}
		from := rapid.SampledFrom([]Source{"", Marathon, Chronos, Singularity}).Draw(t, "from")
		results := Convert([]Document{{Name: "x.json", Text: text}}, Options{From: from, Now: when})
		var out bytes.Buffer
		if err := YAML(&out, results); err != nil {
			t.Fatal(err)
		}
		if err := Tell(&out, results); err != nil {
			t.Fatal(err)
		}
		for _, result := range results {
			if result.Counts && result.Object == nil && !result.Refused {
				t.Fatalf("%s is neither converted nor refused", result.ID)
			}
		}
	})
}

func TestConvert_containerNeverBecomesAProcess(t *testing.T) {
	for _, container := range []string{
		`{"type": "DOCKER"}`, `{"type": "DOCKER", "docker": {}}`, `{"docker": {"image": ""}}`, `{"type": "ROCKET", "docker": {"image": "a"}}`, `"a"`, `["a"]`,
		`{"type": "MESOS", "appc": {"image": "a"}}`, `{"type": "DOCKER", "docker": {"image": "http://x/y"}}`, `{"type": "DOCKER", "docker": "a"}`,
	} {
		results := Convert([]Document{{Text: []byte(`{"id": "/a", "cmd": "run", "container": ` + container + `}`)}}, Options{})
		if len(results) != 1 || !results[0].Refused || results[0].Object != nil {
			t.Errorf("container %s is dropped: %v", container, results)
		}
	}
}

func TestConvert_strictRefusesWhatIsLeftOut(t *testing.T) {
	document := []Document{{Text: []byte(`{"id": "/a", "cmd": "run", "dependencies": ["/b"]}`)}}
	if results := Convert(document, Options{}); results[0].Refused || !results[0].Lost() {
		t.Errorf("converted: %v", results[0].Remarks)
	}
	if results := Convert(document, Options{Strict: true}); !results[0].Refused || results[0].Object != nil {
		t.Errorf("with Strict: %v", results[0].Remarks)
	}
}

func TestConvert_namesFrameworkAndNamespace(t *testing.T) {
	got := manifests(t, []Document{{Text: []byte(`{"id": "/a", "cmd": "run"}`)}}, Options{Framework: "prod", Namespace: "shop"})
	if !strings.Contains(got, "namespace: shop\n") || !strings.Contains(got, "frameworkRef:\n    name: prod\n") {
		t.Error(got)
	}
}

// TestConvert_answersOfMarathon takes what Marathon answers for one app, for all, and for the root group.
func TestConvert_answersOfMarathon(t *testing.T) {
	app := `{"id": "/a/b", "cmd": "run"}`
	for _, answer := range []string{app, `{"app": ` + app + `}`, `{"apps": [` + app + `]}`, `{"id": "/", "groups": [{"id": "/a", "apps": [` + app + `]}], "apps": [], "pods": []}`, `[` + app + `]`} {
		results := Convert([]Document{{Text: []byte(answer)}}, Options{})
		if len(results) != 1 || results[0].ID != "/a/b" || results[0].Refused {
			t.Errorf("%s: %v", answer, results)
		}
	}
}

func TestConvert_sameIDTwice(t *testing.T) {
	app := []byte(`{"id": "/a", "cmd": "run"}`)
	results := Convert([]Document{{Name: "one", Text: app}, {Name: "two", Text: app}}, Options{})
	if results[0].Refused || !results[1].Refused || !strings.Contains(results[1].Remarks[0].Text, "one already") {
		t.Errorf("%v, %v", results[0].Remarks, results[1].Remarks)
	}
}

func TestConvert_duplicateFields(t *testing.T) {
	got := manifests(t, []Document{{Text: []byte(`{"id": "/a", "cmd": "run", "cmd": "walk"}`)}}, Options{})
	if !strings.Contains(got, `duplicate field "cmd"`) {
		t.Error(got)
	}
}
