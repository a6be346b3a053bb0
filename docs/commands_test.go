package docs_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var (
	// prompted are the commands among what a block shows as a person sees it: each behind a prompt, with the lines that it goes on over.
	prompted = regexp.MustCompile(`(?m)^\$ ((?:.*\\\n)*.*)$`)
	// blank is what the reader has to fill in. In angle brackets, the shell would take it for a redirection.
	blank = regexp.MustCompile(`<[a-z][^<>\n]*>|\bNAME\b`)
	// unplaced is what names nothing to act on: the rest of a sentence does.
	unplaced = regexp.MustCompile(`^(get|apply|delete|patch|scale|wait|label|annotate|diff|describe|explain|replace|rollout status)( --?[\w-]+([= ][\w{"}:/]+)?)*$`)

	notFound = regexp.MustCompile(`\(NotFound\): (\w+)\.mesos\.dev "([^"]+)" not found`)
	// filter is what a path wants of elements: here all are taken, and what is read of them is looked at.
	filter    = regexp.MustCompile(`\[\?\(.*?\)\]`)
	condition = regexp.MustCompile(`--for=condition=(\w+)|@\.type=="(\w+)"`)
	// harmless is what kubectl says where the reader has files, objects or a time to wait that the test has not.
	harmless = regexp.MustCompile(`\(NotFound\): .*" not found|no such file|the path "[^"]+" does not exist|condition not met|no objects passed|no matching resources|index out of bounds|` +
		`no matches for kind "\w+" in version "monitoring.coreos.com/v1"`)
)

// answer is what a command of kubectl within another one yields here.
const answer = "what-kubectl-says"

// calls are the commands of kubectl in a script, as bash reads it: each the arguments of one. Of the other programs none is run, but for those that make text.
func calls(t *testing.T, script string) (found [][]string) {
	t.Helper()
	directory := t.TempDir()
	// Each call has a file of its own, as the commands of a pipe run beside each other.
	prelude := `
for tool in date head tail cat tr; do eval "$tool() { '$(command -v $tool)' \"\$@\"; }"; done
PATH= ; cd ` + directory + `
command_not_found_handle() { return 0; }
kubectl() { call=$((call + 1)); printf '%s\0' "$@" > "` + directory + `/call-$EPOCHREALTIME-$BASHPID-$call"; echo ` + answer + `; }
`
	command := exec.CommandContext(t.Context(), "bash", "-c", prelude+blank.ReplaceAllString(script, "blank"))
	var said bytes.Buffer
	command.Stderr = &said
	// What such a script makes of its own ends is of no interest, as long as bash can read it.
	if err := command.Run(); err != nil && strings.Contains(said.String(), "syntax error") {
		t.Errorf("bash cannot read\n%s\n%s", script, said.String())
	}
	// By their names, and so in the order of time.
	files, err := filepath.Glob(filepath.Join(directory, "call-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		recorded, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, strings.Split(strings.TrimSuffix(string(recorded), "\x00"), "\x00"))
	}
	return found
}

// scripts are what a document shows to be typed: the blocks of commands, and the commands of kubectl within sentences.
func scripts(text string) (found []string) {
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		if block[1] != "" && block[1] != "sh" || !strings.Contains(block[2], "kubectl ") {
			continue
		}
		typed := prompted.FindAllStringSubmatch(block[2], -1)
		if typed == nil {
			found = append(found, block[2])
		}
		for _, line := range typed {
			found = append(found, line[1])
		}
	}
	for _, piece := range quoted.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		command, is := strings.CutPrefix(piece[1], "kubectl ")
		if is && !unplaced.MatchString(command) {
			found = append(found, strings.ReplaceAll(piece[1], "\\|", "|"))
		}
	}
	return found
}

// verbOf is what a command does, behind flags that may stand first.
func verbOf(arguments []string) string {
	for i := 0; i < len(arguments); i++ {
		switch {
		case slices.Contains([]string{"-n", "--namespace", "--context"}, arguments[i]):
			i++ // its value
		case !strings.HasPrefix(arguments[i], "-"):
			return arguments[i]
		}
	}
	return ""
}

// tried is a command so that it changes nothing, waits for nothing and opens nothing. The verbs of plugins are none of kubectl's: cmd/kubectl-mesos holds those of mesos to what it takes.
func tried(arguments []string) []string {
	// What an answer stands for is not known, but in an annotation, which takes any text.
	if slices.ContainsFunc(arguments, func(argument string) bool {
		return strings.Contains(argument, answer) && !strings.HasPrefix(argument, v1alpha1.GroupVersion.Group+"/")
	}) {
		return append(slices.Clone(arguments), "--help")
	}
	switch verb := verbOf(arguments); verb {
	case "", "krew", "mesos":
		return nil
	case "annotate", "apply", "autoscale", "cordon", "create", "delete", "drain", "label", "patch", "replace", "scale":
		if slices.Contains(arguments, "set-last-applied") {
			return append(slices.Clone(arguments), "--dry-run=client")
		}
		return append(slices.Clone(arguments), "--dry-run=server")
	case "wait":
		return append(slices.Clone(arguments), "--timeout=0")
	case "get":
		return slices.DeleteFunc(slices.Clone(arguments), func(argument string) bool { return argument == "-w" || argument == "--watch" })
	case "exec", "port-forward", "run", "logs", "config", "edit", "cp":
		own := arguments // and what is behind -- is another program's
		if end := slices.Index(arguments, "--"); end >= 0 {
			own = arguments[:end]
		}
		return append([]string{verb, "--help"}, own...)
	}
	return arguments
}

// TestDocs_commands runs each command of kubectl that the documents show, against an API server in which the MesosTasks and other objects that it names
// are: flags, kinds, patches and what they set have to be known. The status that a command reads is one that the CRD has.
func TestDocs_commands(t *testing.T) {
	schemas := definitions(t)
	conditions := constants(t, "Condition")
	seen := map[string]bool{}
	t.Chdir(testenv.Root())
	for name, text := range documents(t) {
		for _, script := range scripts(text) {
			for _, arguments := range calls(t, script) {
				line := strings.Join(arguments, " ")
				if seen[line] {
					continue
				}
				seen[line] = true
				if problem := problemOf(t, arguments, schemas, conditions); problem != "" {
					t.Errorf("%s shows\nkubectl %s\n%s", name, line, problem)
				}
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d commands were found in the documents", len(seen))
	}
}

// problemOf says what is wrong with a command, if anything is.
func problemOf(t *testing.T, arguments []string, schemas map[string]map[string]any, conditions []string) string {
	t.Helper()
	run := tried(arguments)
	if run == nil {
		return ""
	}
	for _, found := range condition.FindAllStringSubmatch(strings.Join(arguments, " "), -1) {
		if named := found[1] + found[2]; !slices.Contains(conditions, named) {
			return "there is no condition " + named
		}
	}
	for attempts := 0; ; attempts++ {
		output, err := env.Kubectl(t.Context(), "", nil, run...)
		missing := notFound.FindStringSubmatch(output)
		switch {
		case missing != nil && attempts < 3 && made(t, missing[1], missing[2], run):
		case missing != nil, strings.Contains(output, "unknown field"), err != nil && !harmless.MatchString(output):
			return output
		default:
			return unread(arguments, schemas)
		}
	}
}

// made creates the object that a command names and does not find.
func made(t *testing.T, resource, name string, arguments []string) bool {
	t.Helper()
	spec := `{shell: sleep 1, resources: {requests: {cpus: "0.1", memory: 32Mi}}}`
	manifests := map[string]string{
		"mesostasks":      "{kind: MesosTask, spec: " + spec + "}",
		"mesostasksets":   "{kind: MesosTaskSet, spec: {template: {spec: " + spec + "}}}",
		"mesoscrontasks":  "{kind: MesosCronTask, spec: {schedule: '@daily', template: {spec: " + spec + "}}}",
		"mesosframeworks": "{kind: MesosFramework, spec: {masters: {urls: ['http://m1:5050']}}}",
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(manifests[resource]), &object.Object); err != nil {
		t.Fatalf("a command names %s %s: %v", resource, name, err)
	}
	object.SetAPIVersion("mesos.dev/v1alpha1")
	object.SetName(name)
	if resource != "mesosframeworks" {
		object.SetNamespace("default")
		if flag := slices.Index(arguments, "-n"); flag >= 0 && flag+1 < len(arguments) {
			object.SetNamespace(arguments[flag+1])
		}
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: object.GetNamespace()}}
		if err := env.Client(t).Create(t.Context(), namespace); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	if err := env.Client(t).Create(t.Context(), object); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Client(t).Delete(context.WithoutCancel(t.Context()), object); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	})
	return true
}

// definitions are whole objects, with each field that the CRDs have, by all names of their kinds.
func definitions(t *testing.T) map[string]map[string]any {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testenv.Root(), "config", "crd", "bases", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]any{}
	for _, path := range paths {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if source, err := os.ReadFile(path); err != nil {
			t.Fatal(err)
		} else if err := yaml.Unmarshal(source, crd); err != nil {
			t.Fatal(err)
		}
		object := whole(*crd.Spec.Versions[0].Schema.OpenAPIV3Schema).(map[string]any)
		object["metadata"] = map[string]any{"name": "text", "namespace": "text", "uid": "text", "generation": int64(1), "creationTimestamp": "text"}
		object["items"] = []any{object}
		names := crd.Spec.Names
		for _, name := range append([]string{names.Plural, names.Singular}, names.ShortNames...) {
			found[name] = object
		}
	}
	return found
}

// whole is a value with all that a schema allows.
func whole(schema apiextensionsv1.JSONSchemaProps) any {
	switch {
	case schema.Type == "object" && schema.AdditionalProperties != nil:
		return map[string]any{}
	case schema.Type == "object":
		value := map[string]any{}
		for name, property := range schema.Properties {
			value[name] = whole(property)
		}
		return value
	case schema.Type == "array":
		return []any{whole(*schema.Items.Schema)}
	}
	return "text"
}

// unread says what a command reads of an object of ours that no such object can have.
func unread(arguments []string, schemas map[string]map[string]any) string {
	var object map[string]any
	for _, argument := range arguments {
		kind, _, _ := strings.Cut(strings.ToLower(argument), "/")
		if known, ok := schemas[kind]; ok && object == nil {
			object = known
		}
	}
	if object == nil {
		return ""
	}
	for _, argument := range arguments {
		_, path, ok := strings.Cut(argument, "jsonpath=")
		if !ok {
			if _, path, ok = strings.Cut(argument, "sort-by="); !ok {
				continue
			}
		}
		path, _, _ = strings.Cut(path, "}=")
		if strings.HasPrefix(path, "{") && !strings.HasSuffix(path, "}") {
			path += "}"
		}
		if !strings.HasPrefix(path, "{") && strings.HasPrefix(path, ".") {
			path = "{" + path + "}"
		}
		path = filter.ReplaceAllString(path, "[*]")
		reader := jsonpath.New("path")
		if err := reader.Parse(path); err != nil {
			return err.Error()
		}
		if err := reader.Execute(&bytes.Buffer{}, object); err != nil {
			return fmt.Sprintf("no object has what it reads: %v", err)
		}
	}
	return ""
}

// TestCommands_areFound holds the reading of documents to examples, and that each kind of mistake is told.
func TestCommands_areFound(t *testing.T) {
	schemas, conditions := definitions(t), constants(t, "Condition")
	for _, example := range []struct{ command, want string }{
		{"kubectl get mesostasks -n shop -o wide", ""},
		{"kubectl get mesostask", ""},
		{"kubectl -n mesos-operator-system rollout status deployment/mesos-operator", ""},
		{"kubectl get mesostask web -o jsonpath='{.status.task.hostname}'", ""},
		{"kubectl annotate mesosframework default mesos.dev/kill-orphans=<the token>", ""},
		{"kubectl patch mesostaskset site --type=merge -p '{\"spec\": {\"replicas\": 3}}'", ""},
		{"kubectl gett mesostasks", "plugin name"},
		{"kubectl get mesostasks --all-the-namespaces", "unknown flag"},
		{"kubectl get mesostask web -o jsonpath='{.status.conditions[?(@.type==\"Ready\")].messages}'", "messages is not found"},
		{"kubectl get mesostakss", "doesn't have a resource type"},
		{"kubectl get mesostask web -o jsonpath='{.status.task.host}'", "host is not found"},
		{"kubectl get mesostask web -o jsonpath='{.status.task.hostname'", "unclosed action"},
		{"kubectl wait mesostask/web --for=condition=Redy", "no condition Redy"},
		{"kubectl wait mesostask/web --for=jsonpath='{.status.tsak.state}'=TASK_RUNNING", "tsak is not found"},
		{"kubectl explain mesostask.spec.shel", "does not exist"},
		{"kubectl patch mesostask web --type=merge -p '{\"spec\": {\"suspended\": true}}'", "unknown field"},
		{"kubectl patch mesostask web --type=merge -p '{\"spec\": {\"suspend\": true}'", "invalid JSON patch"},
		{"kubectl patch mesostask web --type=json -p '[{\"op\": \"remove\", \"path\": \"/spec/unreachable\"}]'", "is invalid"},
		{"kubectl scale mesostask/web --replicas=2", "not found"},
		{"kubectl logs web --folow", "unknown flag"},
	} {
		found := calls(t, example.command)
		if len(found) != 1 {
			t.Errorf("of %s bash made %q", example.command, found)
			continue
		}
		if got := problemOf(t, found[0], schemas, conditions); (got == "") != (example.want == "") || !strings.Contains(got, example.want) {
			t.Errorf("%s: the problem is %q, want one with %q", example.command, got, example.want)
		}
	}
	text := "`kubectl get -o yaml`, `kubectl delete mesostask a`\n```\n$ kubectl get \\\n  mesostask b\nNAME\n```\n```sh\nfor i in c d; do kubectl get mesostask $i; done\n" +
		"kubectl annotate mesostask e mesos.dev/give-up=\"$(kubectl get mesostask e)\"\n```\n```yaml\nkubectl get mesostask f\n```\n"
	var got []string
	for _, script := range scripts(text) {
		for _, arguments := range calls(t, script) {
			got = append(got, strings.Join(arguments, " "))
		}
	}
	want := []string{
		"get mesostask b", "get mesostask c", "get mesostask d", "get mesostask e", "annotate mesostask e mesos.dev/give-up=" + answer,
		"delete mesostask a",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the commands are %q, want %q", got, want)
	}
}

// TestDocs_nameAnnotationsThatExist also holds labels and what else is of the API's group.
func TestDocs_nameAnnotationsThatExist(t *testing.T) {
	// The last two are labels of tasks in Mesos.
	known, named, seen := append(constants(t, ""), "mesos.dev/namespace", "mesos.dev/name"), regexp.MustCompile(`(?m)(?:^|[^.\w])(mesos\.dev/[a-z][a-z-]*[a-z])\b`), 0
	for name, text := range documents(t) {
		for _, found := range named.FindAllStringSubmatch(code(text), -1) {
			seen++
			if !slices.Contains(known, found[1]) && found[1] != "mesos.dev/v" {
				t.Errorf("%s names %s, which the API does not have", name, found[1])
			}
		}
	}
	if seen < 40 {
		t.Errorf("only %d annotations and labels were found in the documents", seen)
	}
}
