package config_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// guarded is one object that the operator has bound, where config/default is installed.
type guarded struct {
	t    *testing.T
	name string
	// operator acts with the rights of the manager's service account.
	operator client.Client
}

const guardedTask = `
apiVersion: mesos.dev/v1alpha1
kind: MesosTask
metadata: {name: %s, namespace: default}
spec: {shell: %q, resources: {requests: {cpus: "0.1", memory: 32Mi}}}`

func (g *guarded) manifest(shell string) string { return fmt.Sprintf(guardedTask, g.name, shell) }

// kubectl runs kubectl as a person with all rights.
func (g *guarded) kubectl(input string, arguments ...string) (string, error) {
	g.t.Helper()
	return env.Kubectl(g.t.Context(), input, nil, arguments...)
}

// edit runs kubectl edit with an editor that changes one word.
func (g *guarded) edit(from, to string) (string, error) {
	g.t.Helper()
	return env.Kubectl(g.t.Context(), "", []string{fmt.Sprintf("KUBE_EDITOR=sed -i s/%s/%s/", from, to)}, "edit", "mesostask", g.name)
}

// must runs kubectl and expects it to succeed.
func (g *guarded) must(input string, arguments ...string) string {
	g.t.Helper()
	output, err := g.kubectl(input, arguments...)
	if err != nil {
		g.t.Fatalf("kubectl %v: %v: %s", arguments, err, output)
	}
	return output
}

func (g *guarded) export() string {
	g.t.Helper()
	return g.must("", "get", "mesostask", g.name, "-o", "yaml")
}

// backup is an export as backup tools keep it: without what ties it to this object at this time.
func (g *guarded) backup() string {
	g.t.Helper()
	var kept []string
	for line := range strings.Lines(g.export()) {
		if key := strings.TrimSpace(line); !strings.HasPrefix(key, "resourceVersion:") && !strings.HasPrefix(key, "uid:") && !strings.HasPrefix(key, "creationTimestamp:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// patch writes as the operator does.
func (g *guarded) patch(kind, name, patch string) error {
	object := &unstructured.Unstructured{}
	object.SetAPIVersion("mesos.dev/v1alpha1")
	object.SetKind(kind)
	object.SetName(name)
	if kind == "MesosTask" {
		object.SetNamespace("default")
	}
	return g.operator.Patch(g.t.Context(), object, client.RawPatch(types.MergePatchType, []byte(patch)))
}

// bind lets the operator bind the object.
func (g *guarded) bind(to string) {
	g.t.Helper()
	if err := g.patch("MesosTask", g.name, fmt.Sprintf(`{"metadata":{"annotations":{"mesos.dev/binding":%q},"finalizers":["mesos.dev/task"]}}`, to)); err != nil {
		g.t.Fatal(err)
	}
}

// newGuarded is a bound object of a name of its own, once the policies of config/default are enforced.
func newGuarded(t *testing.T, name string) *guarded {
	t.Helper()
	installed(t)
	as := rest.CopyConfig(env.Config)
	as.Impersonate = rest.ImpersonationConfig{UserName: testenv.ManagerUser, Groups: []string{"system:serviceaccounts", "system:authenticated"}}
	operator, err := client.New(as, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := &guarded{t: t, name: name, operator: operator}
	g.must(g.manifest("sleep 1"), "apply", "-f", "-")
	g.bind("first")
	// Policies are enforced some moments after they were created.
	err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		_, err := g.kubectl("", "annotate", "--dry-run=server", "mesostask", g.name, "mesos.dev/binding-")
		return err != nil, nil
	})
	if err != nil {
		t.Fatalf("waiting until the policy is enforced: %v", err)
	}
	return g
}

func TestAdmission_tasks(t *testing.T) {
	shared := newGuarded(t, "tasks")
	const binding, finalizer = "annotation mesos.dev/binding says where this task runs", "finalizer mesos.dev/task keeps this object until its task has ended"
	cases := map[string]struct {
		do func(*guarded) (string, error)
		// refusal is part of the sentence that it is refused with; empty if it is let through.
		refusal string
	}{
		"apply of the same manifest is let through": {do: func(g *guarded) (string, error) { return g.kubectl(g.manifest("sleep 1"), "apply", "-f", "-") }},
		"apply of a changed manifest is let through": {do: func(g *guarded) (string, error) {
			return g.kubectl(g.manifest("sleep 2"), "apply", "-f", "-")
		}},
		"server-side apply of a changed manifest is let through": {do: func(g *guarded) (string, error) {
			return g.kubectl(g.manifest("sleep 2"), "apply", "--server-side", "--force-conflicts", "-f", "-")
		}},
		"an edit of the spec is let through": {do: func(g *guarded) (string, error) { return g.edit("sleep", "nap") }},
		"a label is let through":             {do: func(g *guarded) (string, error) { return g.kubectl("", "label", "mesostask", g.name, "a=b") }},
		"another annotation is let through": {do: func(g *guarded) (string, error) {
			return g.kubectl("", "annotate", "mesostask", g.name, "mesos.dev/restarted-at=now")
		}},
		"replace by its own export is let through": {do: func(g *guarded) (string, error) { return g.kubectl(g.export(), "replace", "-f", "-") }},
		"deletion is let through": {do: func(g *guarded) (string, error) {
			return g.kubectl("", "delete", "--wait=false", "mesostask", g.name)
		}},
		"creation from an export is let through": {do: func(g *guarded) (string, error) {
			return g.kubectl(strings.ReplaceAll(g.export(), g.name, g.name+"-restored"), "apply", "-f", "-")
		}},
		"the operator may bind anew": {do: func(g *guarded) (string, error) { g.bind("second"); return "", nil }},
		"the operator may let go": {do: func(g *guarded) (string, error) {
			g.must("", "delete", "--wait=false", "mesostask", g.name)
			return "", g.patch("MesosTask", g.name, `{"metadata":{"finalizers":null}}`)
		}},
		"replace by the manifest is refused": {
			func(g *guarded) (string, error) { return g.kubectl(g.manifest("sleep 1"), "replace", "-f", "-") }, binding,
		},
		"an edit of the binding is refused": {func(g *guarded) (string, error) { return g.edit("first", "second") }, binding},
		"taking the binding away is refused": {
			func(g *guarded) (string, error) {
				return g.kubectl("", "annotate", "mesostask", g.name, "mesos.dev/binding-")
			}, binding,
		},
		"a stale backup applied again is refused": {
			func(g *guarded) (string, error) {
				stale := g.backup()
				g.bind("second")
				return g.kubectl(stale, "apply", "-f", "-")
			}, binding,
		},
		"a stale export applied again is refused by the API server itself": {
			func(g *guarded) (string, error) {
				stale := g.export()
				g.bind("second")
				return g.kubectl(stale, "apply", "-f", "-")
			}, "the object has been modified",
		},
		"a stale manifest with a binding applied on the server's side is refused": {
			func(g *guarded) (string, error) {
				stale := g.must("", "get", "mesostask", g.name, "-o", `jsonpath={"apiVersion: mesos.dev/v1alpha1\nkind: MesosTask\nmetadata: {name: `+g.name+
					`, namespace: default, annotations: {mesos.dev/binding: "}{.metadata.annotations.mesos\.dev/binding}{"}}\nspec: {shell: sleep 1, resources: {requests: {cpus: \"0.1\", memory: 32Mi}}}"}`)
				g.bind("second")
				return g.kubectl(stale, "apply", "--server-side", "--force-conflicts", "-f", "-")
			}, binding,
		},
		"taking the finalizer away is refused": {
			func(g *guarded) (string, error) {
				return g.kubectl("", "patch", "mesostask", g.name, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
			}, finalizer,
		},
		"taking the finalizer of a deleted object away is refused": {
			func(g *guarded) (string, error) {
				g.must("", "delete", "--wait=false", "mesostask", g.name)
				return g.kubectl("", "patch", "mesostask", g.name, "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
			}, finalizer,
		},
		"apply that would take the binding of a restored object away names the way out": {
			func(g *guarded) (string, error) {
				g.must(g.backup(), "apply", "-f", "-") // as a restore by apply leaves it
				return g.kubectl(g.manifest("sleep 1"), "apply", "-f", "-")
			}, "kubectl apply set-last-applied",
		},
		"the way out for a restored object works": {do: func(g *guarded) (string, error) {
			g.must(g.backup(), "apply", "-f", "-")
			g.must(g.manifest("sleep 1"), "apply", "set-last-applied", "-f", "-")
			return g.kubectl(g.manifest("sleep 2"), "apply", "-f", "-")
		}},
	}
	number := 0
	for sentence, tc := range cases {
		number++
		name := fmt.Sprintf("task-%d", number)
		t.Run(sentence, func(t *testing.T) {
			g := &guarded{t: t, name: name, operator: shared.operator}
			g.must(g.manifest("sleep 1"), "apply", "-f", "-")
			g.bind("first")
			judge(t, tc.refusal, func() (string, error) { return tc.do(g) })
		})
	}
}

// judge compares what became of a command with what should have.
func judge(t *testing.T, refusal string, do func() (string, error)) {
	t.Helper()
	switch output, err := do(); {
	case refusal == "" && err != nil:
		t.Errorf("refused: %v: %s", err, output)
	case refusal != "" && (err == nil || !strings.Contains(output, refusal)):
		t.Errorf("it ended with %v and said %q, want a refusal that says %q", err, output, refusal)
	}
}

func TestAdmission_frameworks(t *testing.T) {
	shared := newGuarded(t, "frameworks")
	const framework = `
apiVersion: mesos.dev/v1alpha1
kind: MesosFramework
metadata: {name: %s}
spec: {masters: {urls: ["http://m:5050"]}}`
	const id, finalizer = "annotation mesos.dev/framework-id is the ID under which the tasks run", "finalizer mesos.dev/framework keeps this object"
	cases := map[string]struct {
		input     string
		arguments []string
		refusal   string
	}{
		"a label is let through":                  {arguments: []string{"label", "mesosframework", "NAME", "a=b"}},
		"apply of its manifest is let through":    {input: framework, arguments: []string{"apply", "-f", "-"}},
		"deletion is let through":                 {arguments: []string{"delete", "--wait=false", "mesosframework", "NAME"}},
		"replace by its manifest is refused":      {input: framework, arguments: []string{"replace", "-f", "-"}, refusal: id},
		"another framework ID is refused":         {arguments: []string{"annotate", "--overwrite", "mesosframework", "NAME", "mesos.dev/framework-id=b"}, refusal: id},
		"taking the framework ID away is refused": {arguments: []string{"annotate", "mesosframework", "NAME", "mesos.dev/framework-id-"}, refusal: id},
		"taking the finalizer away is refused": {
			arguments: []string{"patch", "mesosframework", "NAME", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`}, refusal: finalizer,
		},
	}
	number := 0
	for sentence, tc := range cases {
		number++
		name := fmt.Sprintf("framework-%d", number)
		t.Run(sentence, func(t *testing.T) {
			g := &guarded{t: t, name: name, operator: shared.operator}
			g.must(fmt.Sprintf(framework, name), "apply", "-f", "-")
			if err := g.patch("MesosFramework", name, `{"metadata":{"annotations":{"mesos.dev/framework-id":"a"},"finalizers":["mesos.dev/framework"]}}`); err != nil {
				t.Fatal(err)
			}
			input := tc.input
			if input != "" {
				input = fmt.Sprintf(input, name)
			}
			var arguments []string
			for _, argument := range tc.arguments {
				arguments = append(arguments, strings.ReplaceAll(argument, "NAME", name))
			}
			judge(t, tc.refusal, func() (string, error) { return g.kubectl(input, arguments...) })
		})
	}
}

// Whoever may write MesosTasks of a namespace, and nothing else, creates none that says where it runs.
func TestAdmission_tenantsInventNoBindings(t *testing.T) {
	g := newGuarded(t, "tenants")
	g.must("", "create", "role", "tasks", "--verb=*", "--resource=mesostasks.mesos.dev")
	g.must("", "create", "rolebinding", "tasks", "--role=tasks", "--user=tina")
	as := rest.CopyConfig(env.Config)
	as.Impersonate = rest.ImpersonationConfig{UserName: "tina", Groups: []string{"system:authenticated"}}
	tenant, err := client.New(as, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bound := func(name string) *unstructured.Unstructured {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(fmt.Sprintf(guardedTask, name, "sleep 1")), &object.Object); err != nil {
			t.Fatal(err)
		}
		object.SetAnnotations(map[string]string{"mesos.dev/binding": "{}"})
		return object
	}
	// Each policy is enforced some moments after it was created.
	var last error
	err = wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		last = tenant.Create(t.Context(), bound("invented"), client.DryRunAll)
		return last != nil, nil
	})
	if sentence := "annotation mesos.dev/binding says where a task runs and only the operator writes it"; err != nil || !strings.Contains(last.Error(), sentence) {
		t.Errorf("inventing a binding gave %v (%v), want a refusal that says %q", last, err, sentence)
	}
	plain := bound("plain")
	plain.SetAnnotations(nil)
	if err := tenant.Create(t.Context(), plain); err != nil {
		t.Errorf("a tenant's MesosTask without a binding: %v", err)
	}
	if err := tenant.Patch(t.Context(), plain, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"mesos.dev/binding":"{}"}}}`))); err == nil {
		t.Error("a tenant gave a MesosTask a binding afterwards")
	}
	if err := env.Client(t).Create(t.Context(), bound("restored")); err != nil {
		t.Errorf("an administrator's restore: %v", err)
	}
}
