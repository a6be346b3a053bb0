package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var (
	quoted = regexp.MustCompile("`([^`\n]+)`")
	// inTree is a path from the root of the repository, as commands and texts name it.
	inTree = regexp.MustCompile(`(?:^|[\s=])((?:api|charts|cmd|config|controllers|docs|hack|internal|mesosbridge)/[-\w./]*[-\w])`)
	// testName is a Go test that a text names, or that a command runs.
	testName = regexp.MustCompile(`\bTest[A-Z]\w*`)
	// condition types are Go constants that begin so; their values are words of the API, as reasons are.
	constGroup = regexp.MustCompile(`^(Condition types|Reasons) of a (MesosTask|MesosFramework)\b`)
)

// code is what a document shows as code, in backticks or between fences, one piece per line.
func code(text string) string {
	var pieces []string
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		pieces = append(pieces, block[2])
	}
	for _, piece := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		pieces = append(pieces, piece[1])
	}
	return strings.Join(pieces, "\n")
}

func TestDocs_namePathsThatExist(t *testing.T) {
	seen := 0
	for name, text := range documents(t) {
		for _, found := range inTree.FindAllStringSubmatch(code(text), -1) {
			seen++
			if _, err := os.Stat(filepath.Join(testenv.Root(), found[1])); err != nil {
				t.Errorf("%s names %s: %v", name, found[1], err)
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d paths were found in the documents", seen)
	}
}

// tests are the names of the tests of the repository.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	declared, names := regexp.MustCompile(`(?m)^func (Test\w+)\(`), map[string]bool{}
	err := filepath.WalkDir(testenv.Root(), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "bin" || entry.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, found := range declared.FindAllSubmatch(source, -1) {
			names[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDocs_nameTestsThatExist(t *testing.T) {
	known, seen := tests(t), 0
	for name, text := range documents(t) {
		for _, found := range testName.FindAllString(code(text), -1) {
			seen++
			// go test -run takes the start of a name.
			if !slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(test string) bool { return strings.HasPrefix(test, found) }) {
				t.Errorf("%s names %s, which no test is called", name, found)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d tests are named in the documents", seen)
	}
}

// words are the condition types and reasons of a kind, events' own reasons not among them.
func words(t *testing.T, kind string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(testenv.Root(), "api", "v1alpha1", "condition_types.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		about := constGroup.FindStringSubmatch(group.Doc.Text())
		if about == nil || about[2] != kind {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			name := constant.Names[0].Name
			if !strings.HasPrefix(name, "Reason") && !strings.HasPrefix(name, "Condition") {
				continue
			}
			value, err := strconv.Unquote(constant.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, value)
		}
	}
	return found
}

// A person who sees a reason in a condition finds it explained.
func TestDocs_explainEveryReason(t *testing.T) {
	texts := documents(t)
	for kind, document := range map[string]string{"MesosTask": "README.md", "MesosFramework": filepath.Join("docs", "masters.md")} {
		all := words(t, kind)
		if len(all) < 20 {
			t.Errorf("only %d words of %s were found", len(all), kind)
		}
		for _, word := range all {
			if !strings.Contains(texts[document], "`"+word+"`") {
				t.Errorf("%s does not explain %s of a %s", document, word, kind)
			}
		}
	}
}
