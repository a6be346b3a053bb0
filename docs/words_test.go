package docs_test

import (
	"fmt"
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

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var (
	quoted = regexp.MustCompile("`([^`\n]+)`")
	// inTree is a path from the root of the repository, as commands and texts name it.
	inTree = regexp.MustCompile(`(?:^|[\s=])((?:api|charts|cmd|config|controllers|docs|hack|internal|mesosbridge)/[-\w./]*[-\w])`)
	// testName is a Go test that a text names, or that a command runs.
	testName = regexp.MustCompile(`\bTest[A-Z]\w*`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	anchored = regexp.MustCompile(`\]\(([^)\s]*)#([^)\s]+)\)`)
	// chartValue is a value of the chart, as texts name it and --set takes it; without those that any chart has.
	chartValue = regexp.MustCompile(`(?:^|--set[ ='"]+)((?:admissionPolicies|crds|framework|grafana\.dashboards|metrics|networkPolicy|prometheus\.rules|watchNamespaces)(?:\.\w+)*)\b`)
	// constGroup begins the comments on the Go constants that are words of the API.
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
		case entry.IsDir() && (entry.Name() == "bin" || entry.Name() == ".git" || entry.Name() == "node_modules"):
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

// faults is how many things can go wrong by docs/reliability.md, each with the test that bears its number.
const faults = 75

// TestDocs_everyFaultHasATest: a fault whose test is gone, or bears another number, is one that nobody shows any more.
func TestDocs_everyFaultHasATest(t *testing.T) {
	numbered, named := regexp.MustCompile(`^TestFault(\d+)_\w`), map[string]string{}
	for name := range tests(t) {
		if found := numbered.FindStringSubmatch(name); found != nil {
			named[found[1]] = name
		}
	}
	for number := 1; number <= faults; number++ {
		digits := fmt.Sprintf("%02d", number)
		if named[digits] == "" {
			t.Errorf("no test is called TestFault%s_ and what goes wrong", digits)
		}
		delete(named, digits)
	}
	if len(named) > 0 {
		t.Errorf("tests of faults that there are not: %v", named)
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

// constants are the values of the API's constants whose names begin with a word.
func constants(t *testing.T, prefix string) (found []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^(?:const|\t)\s*(\w+)\s*=\s*"([^"]+)"$`)
	paths, err := filepath.Glob(filepath.Join(testenv.Root(), "api", "v1alpha1", "*_types.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, constant := range declared.FindAllStringSubmatch(string(source), -1) {
			if strings.HasPrefix(constant[1], prefix) {
				found = append(found, constant[2])
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("the API has no constant %s...", prefix)
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

// anchor is what GitHub calls a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N}\- ]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

func TestDocs_linkToHeadingsThatExist(t *testing.T) {
	texts, seen := documents(t), 0
	for name, text := range texts {
		for _, found := range anchored.FindAllStringSubmatch(text, -1) {
			there := filepath.Join(filepath.Dir(name), found[1])
			if found[1] == "" {
				there = name
			}
			other, ok := texts[there]
			if !ok {
				continue // other sites, and files that are no documents
			}
			seen++
			headings := heading.FindAllStringSubmatch(other, -1)
			if !slices.ContainsFunc(headings, func(h []string) bool { return anchor(h[1]) == found[2] }) {
				t.Errorf("%s links to %s#%s, and there is no such heading", name, found[1], found[2])
			}
		}
	}
	if seen == 0 {
		t.Error("no link to a heading was found in the documents")
	}
}

func TestDocs_nameValuesThatTheChartHas(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(testenv.Root(), "charts", "mesos-operator", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values, seen := map[string]any{}, 0
	if err := yaml.Unmarshal(source, &values); err != nil {
		t.Fatal(err)
	}
	for name, text := range documents(t) {
		for piece := range strings.SplitSeq(code(text), "\n") {
			for _, found := range chartValue.FindAllStringSubmatch(piece, -1) {
				path := strings.Split(found[1], ".")
				if len(path) == 2 && path[1] == "yaml" {
					continue // a file
				}
				seen++
				// What is below framework.spec is the MesosFramework's.
				if path[0] == "framework" && len(path) > 2 {
					path = path[:2]
				}
				if _, ok, err := unstructured.NestedFieldNoCopy(values, path...); err != nil || !ok {
					t.Errorf("%s names the chart's value %s, which values.yaml does not have (%v)", name, found[1], err)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d values of the chart were found in the documents", seen)
	}
}

// TestDocs_mapHasEveryPage: a stranger finds each page of docs/ by what it is for.
func TestDocs_mapHasEveryPage(t *testing.T) {
	texts := documents(t)
	for name := range texts {
		page := filepath.Base(name)
		if filepath.Dir(name) == "docs" && page != "README.md" && !strings.Contains(texts["docs/README.md"], "]("+page) {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}
