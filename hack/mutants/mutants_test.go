package main

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// TestProtections_apply: every mutant can be made, and says what should notice.
func TestProtections_apply(t *testing.T) {
	names := map[string]bool{}
	for _, one := range protections {
		if names[one.name] || one.name == "" {
			t.Errorf("two mutants are called %q", one.name)
		}
		names[one.name] = true
		if _, err := one.texts(root); err != nil {
			t.Error(err)
		}
		if len(one.tests) == 0 || strings.HasSuffix(one.file, "_test.go") {
			t.Errorf("mutant %q is of %s and has %d tests", one.name, one.file, len(one.tests))
		}
		for _, which := range one.tests {
			if _, err := regexp.Compile(which.pattern); err != nil || which.pattern == "" {
				t.Errorf("mutant %q: %q, %v", one.name, which.pattern, err)
			}
			if _, err := os.Stat(filepath.Join(root, which.pkg)); err != nil {
				t.Errorf("mutant %q: %v", one.name, err)
			}
		}
	}
}

// TestProtections_compile: each mutant is a program. One that is none would count as a test that turned red.
func TestProtections_compile(t *testing.T) {
	built := compiled(t)
	for _, one := range protections {
		texts, err := one.texts(root)
		if err != nil {
			continue // as TestProtections_apply says
		}
		for file := range texts {
			if err := built.check(file, texts); err != nil {
				t.Errorf("mutant %q does not compile: %v", one.name, err)
			}
		}
	}
}

// program is the product as it was compiled.
type program struct {
	files    *token.FileSet
	importer types.Importer
	// sources are the files of each package, by its directory.
	sources map[string][]string
}

// compiled compiles the packages of all mutants, and what they are built from.
func compiled(t *testing.T) *program {
	t.Helper()
	directories := map[string]bool{}
	for _, one := range protections {
		for _, change := range append(one.also, change{file: one.file}) {
			directories["./"+filepath.Dir(change.file)] = true
		}
	}
	list := exec.CommandContext(t.Context(), "go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles"}, slices.Sorted(maps.Keys(directories))...)...)
	list.Dir = root
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports, p := map[string]string{}, &program{files: token.NewFileSet(), sources: map[string][]string{}}
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); {
		var listed struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
		}
		if err := decoder.Decode(&listed); err != nil {
			t.Fatal(err)
		}
		exports[listed.ImportPath] = listed.Export
		for _, file := range listed.GoFiles {
			p.sources[listed.Dir] = append(p.sources[listed.Dir], filepath.Join(listed.Dir, file))
		}
	}
	p.importer = importer.ForCompiler(p.files, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	return p
}

// check compiles the package of a file of a mutant, whose files have those texts. No mutant changes what other packages see.
func (p *program) check(file string, texts map[string]string) error {
	directory, err := filepath.Abs(filepath.Join(root, filepath.Dir(file)))
	if err != nil {
		return err
	}
	var parsed []*ast.File
	for _, path := range p.sources[directory] {
		var source any
		if text, mutated := texts[filepath.Join(filepath.Dir(file), filepath.Base(path))]; mutated {
			source = text
		}
		one, err := parser.ParseFile(p.files, path, source, 0)
		if err != nil {
			return err
		}
		parsed = append(parsed, one)
	}
	config := types.Config{Importer: p.importer}
	_, err = config.Check(filepath.Dir(file), p.files, parsed, nil)
	return err
}

// TestRunner: a mutant is killed by a test that fails or hangs, survives where none does, and is no mutant where it does not compile.
func TestRunner(t *testing.T) {
	product := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module product\n\ngo 1.26\n",
		"p/p.go": "package p\n\n// Double doubles.\nfunc Double(n int) int { return 2 * n }\n",
		"p/p_test.go": "package p\n\nimport \"testing\"\n\nfunc TestDouble(t *testing.T) {\n\tt.Run(\"two\", func(t *testing.T) {\n" +
			"\t\tif Double(2) != 4 {\n\t\t\tt.Error(\"no\")\n\t\t}\n\t})\n}\n\nfunc TestNothing(t *testing.T) { Double(0) }\n",
	} {
		path := filepath.Join(product, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runner := &runner{root: product, limit: 2 * time.Second}
	for name, c := range map[string]struct {
		with, pattern string
		want          finding
	}{
		"a test that fails":        {"3 * n", "TestDouble", finding{true, "TestDouble/two"}},
		"no test that notices":     {"3 * n", "TestNothing", finding{false, "all of its tests"}},
		"a test that hangs":        {"func() int { select {} }()", "TestDouble", finding{true, "TestDouble (by its timeout: it hangs)"}},
		"a panic":                  {"n / (n - n)", "TestDouble", finding{true, "TestDouble/two"}},
		"one that is no program":   {"x", "TestDouble", finding{false, "it does not compile"}},
		"one that changes nothing": {"2 * n", "TestDouble", finding{false, `mutant "double" changes nothing`}},
	} {
		t.Run(name, func(t *testing.T) {
			got := runner.try(context.Background(), &mutant{name: "double", file: "p/p.go", old: "2 * n", new: c.with, tests: []tests{{"./p", c.pattern}}})
			if got.killed != c.want.killed || !strings.HasPrefix(got.by, c.want.by) {
				t.Errorf("it is %+v, want %+v", got, c.want)
			}
		})
	}
	mutants := []mutant{{name: "a", tests: []tests{{"./p", "TestDouble"}}}, {name: "b", tests: []tests{{"./p", "TestGone"}}}}
	if broken := runner.broken(context.Background(), mutants); len(broken) != 1 || !strings.Contains(broken[0], "runs no test") {
		t.Errorf("what is wrong with the tests: %q", broken)
	}
}
