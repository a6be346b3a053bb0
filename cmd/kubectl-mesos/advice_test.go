package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// advice is a command of the plugin that something tells people to type.
type advice struct {
	where, text string
	// whole says that it is all of a command; otherwise a sentence may go on behind it, and what stands there is no argument.
	whole bool
}

var (
	fence      = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```$")
	span       = regexp.MustCompile("`([^`]+)`")
	invocation = regexp.MustCompile(`kubectl mesos +[^\n|;&>)#` + "`" + `]*`)
	formatted  = regexp.MustCompile(`%[a-z]`)
)

// inDocument are those that a document shows: in its blocks whole, and within sentences too, where one may leave out what it acts on.
func inDocument(where, text string) (found []advice) {
	for _, block := range fence.FindAllStringSubmatch(text, -1) {
		for _, one := range invocation.FindAllString(strings.ReplaceAll(block[1], "\\\n", " "), -1) {
			found = append(found, advice{where, one, true})
		}
	}
	for _, quoted := range span.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		for _, one := range invocation.FindAllString(strings.ReplaceAll(quoted[1], "\n", " "), -1) {
			words := strings.Fields(one)
			// The verb alone names it and does not say what to type.
			found = append(found, advice{where, one, len(words) > 3})
		}
	}
	return found
}

// inText are those in what is no document: within sentences.
func inText(where, text string) (found []advice) {
	for _, one := range invocation.FindAllString(text, -1) {
		found = append(found, advice{where, one, false})
	}
	return found
}

// inProgram are those in the strings of a Go program: whole in examples and in what package explain has one do, else within sentences.
func inProgram(where string, source []byte) (found []advice, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), where, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	whole := map[*ast.BasicLit][]ast.Expr{}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.KeyValueExpr:
			key, isName := node.Key.(*ast.Ident)
			if literal, is := node.Value.(*ast.BasicLit); is && isName && key.Name == "Example" {
				whole[literal] = nil
			}
		case *ast.CallExpr:
			if called, is := node.Fun.(*ast.SelectorExpr); is && called.Sel.Name == "dof" {
				if literal, is := node.Args[0].(*ast.BasicLit); is {
					whole[literal] = node.Args[1:]
				}
			}
		case *ast.BasicLit:
			if node.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(node.Value)
			arguments, is := whole[node]
			if err != nil || !is {
				found = append(found, inText(where, formatted.ReplaceAllString(text, "x"))...)
				return true
			}
			for _, one := range invocation.FindAllString(filled(text, arguments), -1) {
				found = append(found, advice{where, one, true})
			}
		}
		return true
	})
	return found, nil
}

// filled is a format with something in the place of each verb: of method at, which names the namespace, a flag.
func filled(format string, arguments []ast.Expr) string {
	return formatted.ReplaceAllStringFunc(format, func(string) string {
		if len(arguments) == 0 {
			return "x"
		}
		call, is := arguments[0].(*ast.CallExpr)
		arguments = arguments[1:]
		if is {
			if method, is := call.Fun.(*ast.SelectorExpr); is && method.Sel.Name == "at" {
				return "-n x"
			}
		}
		return "x"
	})
}

// refusal is what the plugin would say of a command, were it typed.
func (a advice) refusal() error {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	root := newCommand(streams)
	root.InitDefaultCompletionCmd() // as running it does
	root.InitDefaultHelpCmd()
	typed := strings.Fields(a.text)[2:]
	if !a.whole {
		for i, word := range typed { // as in "kubectl mesos doctor, which", or "see kubectl mesos doctor."
			typed[i] = strings.TrimRight(word, ".,:;'\"")
		}
	}
	command, rest, err := root.Find(typed)
	switch {
	case err != nil:
		return err
	case !command.Runnable() && len(rest) > 0:
		return fmt.Errorf("%s has no verb %s", command.CommandPath(), rest[0])
	case !a.whole:
		return unknownFlag(command, rest)
	case !command.Runnable():
		return fmt.Errorf("%s is no verb by itself", command.CommandPath())
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	return errors.Join(command.ValidateArgs(command.Flags().Args()), command.ValidateRequiredFlags(), command.ValidateFlagGroups())
}

// unknownFlag says which of the words is a flag that a command does not have.
func unknownFlag(command *cobra.Command, words []string) error {
	for _, word := range words {
		if name, is := strings.CutPrefix(word, "--"); is && name != "" && flagOf(command, name) == nil {
			return fmt.Errorf("%s has no flag %s", command.CommandPath(), word)
		}
	}
	return nil
}

func flagOf(command *cobra.Command, name string) *pflag.Flag {
	name, _, _ = strings.Cut(name, "=")
	if found := command.Flags().Lookup(name); found != nil {
		return found
	}
	return command.InheritedFlags().Lookup(name)
}

// given is all advice in the repository, without what its tests say.
func given(t *testing.T) (found []advice) {
	t.Helper()
	root := testenv.Root()
	skipped := []string{".git", "bin", "dist", "node_modules", "testdata"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && slices.Contains(skipped, entry.Name()) {
				return filepath.SkipDir
			}
			return err
		}
		where, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		read := map[string]func(string, string) []advice{
			".md": inDocument, ".gotmpl": inDocument, ".yaml": inText, ".json": inText, ".txt": inText, ".tpl": inText, ".ts": inText, ".tsx": inText, ".sh": inText,
		}[filepath.Ext(path)]
		isGo := strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go")
		if read == nil && !isGo {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "kubectl mesos") {
			return err
		}
		if !isGo {
			found = append(found, read(where, string(text))...)
			return nil
		}
		more, err := inProgram(where, text)
		found = append(found, more...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestAdvice_canBeTyped: each command of the plugin that documents, the chart, alerts and the operator's own programs name is one that it has, with flags and as
// many arguments as it takes.
func TestAdvice_canBeTyped(t *testing.T) {
	whole, documents, programs := 0, 0, 0
	for _, one := range given(t) {
		if err := one.refusal(); err != nil {
			t.Errorf("%s: %s: %v", one.where, one.text, err)
		}
		if one.whole {
			whole++
		}
		switch filepath.Ext(one.where) {
		case ".md":
			documents++
		case ".go":
			programs++
		}
	}
	if whole < 70 || documents < 45 || programs < 60 {
		t.Errorf("only %d of documents and %d of programs were found, %d of them whole", documents, programs, whole)
	}
}

// TestAdvice_isFoundAndRefused holds the test above to examples of each mistake.
func TestAdvice_isFoundAndRefused(t *testing.T) {
	program := "package p\nfunc f() {\n%s\n}"
	for _, example := range []struct{ in, text, want string }{
		{"a.md", "```\n$ kubectl mesos why web\n```", ""},
		{"a.md", "```sh\nkubectl mesos restart set/front && kubectl mesos rollout \\\n  status front | tail\n```", ""},
		{"a.md", "See `kubectl mesos logs`.", ""},
		{"a.md", "As `kubectl mesos exec web -- cat --number\nstdout` does.", ""},
		{"a.md", "```\nkubectl mesos whyy web\n```", "no verb whyy"},
		{"a.md", "`kubectl mesos whyy`", "no verb whyy"},
		{"a.md", "`kubectl mesos logs web --folow`", "unknown flag: --folow"},
		{"a.md", "`kubectl mesos logs web db`", "accepts 1 arg(s), received 2"},
		{"a.md", "```\nkubectl mesos logs\n```", "accepts 1 arg(s), received 0"},
		{"a.md", "`kubectl mesos logs web --tail many`", "invalid argument"},
		{"a.md", "```\nkubectl mesos rollout\n```", "no verb by itself"},
		{"a.md", "`kubectl mesos rollout rewind front`", "no verb rewind"},
		{"a.yaml", "summary: kubectl mesos doctor says more", ""},
		{"a.yaml", "summary: kubectl mesos dokter says more", "no verb dokter"},
		{"NOTES.txt", "kubectl mesos tasks --problem, to begin with", "no flag --problem"},
		{"a.go", `errors.New("suspended: kubectl mesos resume lets it run")`, ""},
		{"a.go", `errors.New("suspended: kubectl mesos unsuspend lets it run")`, "no verb unsuspend"},
		{"a.go", `errors.New("see kubectl mesos rollout list")`, "has no verb list"},
		{"a.go", `s.dof("kubectl mesos logs %s %s --stderr", s.at(), s.Task.Name)`, ""},
		{"a.go", `s.dof("kubectl mesos logs %s %s", s.Task.Name, s.Task.Name)`, "accepts 1 arg(s), received 2"},
		{"a.go", `s.dof("kubectl mesos logs %s %s --err", s.at(), s.Task.Name)`, "unknown flag: --err"},
		{"a.go", "_ = cobra.Command{Example: `  kubectl mesos files web\n  kubectl mesos files`}", "received 0"},
	} {
		var found []advice
		switch filepath.Ext(example.in) {
		case ".md":
			found = inDocument(example.in, example.text)
		case ".go":
			var err error
			if found, err = inProgram(example.in, fmt.Appendf(nil, program, example.text)); err != nil {
				t.Fatal(err)
			}
		default:
			found = inText(example.in, example.text)
		}
		var refusals []error
		for _, one := range found {
			refusals = append(refusals, one.refusal())
		}
		said := fmt.Sprint(errors.Join(refusals...))
		if len(found) == 0 || (example.want == "") != (said == "<nil>") || !strings.Contains(said, example.want) {
			t.Errorf("%s: %s: %d found: %s, want %q", example.in, example.text, len(found), said, example.want)
		}
	}
}
