package charts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/argocd"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

const (
	// kustomizedNamespace is that of config/default, kustomizedAccount the manager's service account there.
	kustomizedNamespace = "mesos-operator-system"
	kustomizedAccount   = "mesos-operator-controller-manager"
	// shop is the namespace of the tasks.
	shop = "shop"
)

// repository is what a team keeps in Git, and a cluster with config/default that it is applied to.
type repository struct {
	*cluster
	// files are the manifests, tasks and sets the names of the MesosTasks and MesosTaskSets in them, and running the MesosTasks that run once all is applied.
	files, tasks, sets, running []string
	manager                     *process
}

// TestGitOps applies manifests again and again while the manager works on them, as Argo CD, Flux and people do.
func TestGitOps(t *testing.T) {
	t.Parallel()
	r := &repository{cluster: newCluster(t), running: []string{"burst", "checked", "discovery", "environment", "flaky", "full", "image", "job", "media", "placed", "web"}}
	r.startOperator()
	r.checkOut()
	r.apply()
	r.worked()
	r.read()
	r.appliedAgain()
	r.refusedInADryRun()
	r.series()
	r.scaled()
	r.asDocumented()
	r.waitedForByHelm()
	r.patchArgoCD()
	r.exported()
}

// startOperator applies config/default and runs the manager as its service account, beside a simulated Mesos.
func (r *repository) startOperator() {
	r.t.Helper()
	r.write("default.yaml", r.tool("kustomize", "build", "config/default"))
	r.tool("kubectl", "apply", "--server-side", "--filename", r.path("default.yaml"))
	r.tool("kubectl", "wait", "--for=condition=Established", "crd/mesosframeworks.mesos.dev", "crd/mesostasks.mesos.dev", "crd/mesostasksets.mesos.dev")
	r.start(programs, "mesos-sim", "--runner", "script", "--agents", "1", "--log-level", "error", "--work-dir", r.path("sandboxes"), "--control-listen", "",
		"--address-file", r.path("master"))
	r.startManager()
}

// startManager runs the manager as the service account of config/default.
func (r *repository) startManager() {
	r.t.Helper()
	r.manager = r.start(programs, "manager", "--kubeconfig", r.serviceAccountKubeconfig(kustomizedNamespace, kustomizedAccount), "--operator-namespace", kustomizedNamespace,
		"--metrics-bind-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0")
}

// checkOut writes the samples and the manifests that set every field to files of this test, with the address of the simulated master.
func (r *repository) checkOut() {
	r.t.Helper()
	var master string
	r.until("the simulated master listens", func(context.Context) (string, error) {
		content, err := os.ReadFile(r.path("master"))
		master = strings.TrimSpace(string(content))
		if err != nil || master == "" {
			return "its address", nil //nolint:nilerr // it has not written it yet
		}
		return "", nil
	})
	// What wants certain ports comes before those that take any, as it else waits where one of them was faster.
	for _, pattern := range []string{"charts/testdata/full/*.yaml", "config/samples/*.yaml"} {
		files, err := filepath.Glob(filepath.Join(testenv.Root(), pattern))
		if err != nil || len(files) == 0 {
			r.t.Fatalf("%d files %s: %v", len(files), pattern, err)
		}
		for _, file := range files {
			if filepath.Base(file) == "kustomization.yaml" {
				continue
			}
			content, err := os.ReadFile(file)
			if err != nil {
				r.t.Fatal(err)
			}
			r.write(filepath.Base(file), strings.ReplaceAll(string(content), "127.0.0.1:5050", master))
			r.files = append(r.files, r.path(filepath.Base(file)))
		}
	}
	for _, object := range r.objects() {
		switch object.GetKind() {
		case "MesosTask":
			r.tasks = append(r.tasks, object.GetName())
		case "MesosTaskSet":
			r.sets = append(r.sets, object.GetName())
		}
	}
}

// objects are those in the manifests.
func (r *repository) objects() []*unstructured.Unstructured {
	r.t.Helper()
	var objects []*unstructured.Unstructured
	for _, name := range r.files {
		content, err := os.ReadFile(name)
		if err != nil {
			r.t.Fatal(err)
		}
		decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(string(content)), 4096)
		for {
			object := &unstructured.Unstructured{}
			err := decoder.Decode(object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				r.t.Fatalf("reading %s: %v", name, err)
			}
			objects = append(objects, object)
		}
	}
	return objects
}

// kubectl runs kubectl with all manifests, in the tasks' namespace.
func (r *repository) kubectl(arguments ...string) (string, error) {
	arguments = append(arguments, "--namespace", shop)
	for _, file := range r.files {
		arguments = append(arguments, "--filename", file)
	}
	return r.try(kubectl(), arguments...)
}

// apply applies all manifests, as a person would.
func (r *repository) apply() {
	r.t.Helper()
	if err := r.client.Create(r.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shop}}); err != nil {
		r.t.Fatal(err)
	}
	if output, err := r.kubectl("apply"); err != nil {
		r.t.Fatalf("kubectl apply: %v\n%s", err, output)
	}
}

// worked waits until the manager has done to every object what it ever does: status, finalizers, bindings, the framework's ID.
func (r *repository) worked() {
	r.t.Helper()
	r.until("the manager has written to every object", func(ctx context.Context) (string, error) {
		var tasks v1alpha1.MesosTaskList
		var frameworks v1alpha1.MesosFrameworkList
		var taskSets v1alpha1.MesosTaskSetList
		if err := errors.Join(r.client.List(ctx, &tasks), r.client.List(ctx, &frameworks), r.client.List(ctx, &taskSets)); err != nil {
			return "", err
		}
		ofSets := int32(0)
		for i := range taskSets.Items {
			set := &taskSets.Items[i]
			if set.Status.ObservedGeneration != set.Generation || !meta.IsStatusConditionTrue(set.Status.Conditions, v1alpha1.ConditionReady) {
				return fmt.Sprintf("the status of MesosTaskSet %s: %v", set.Name, set.Status.Conditions), nil
			}
			ofSets += *set.Spec.Replicas
		}
		for i := range tasks.Items {
			task := &tasks.Items[i]
			runs := slices.Contains(r.running, task.Name) || task.Labels[v1alpha1.LabelSet] != "" && !task.Spec.Suspend
			ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
			switch {
			case task.Status.ObservedGeneration != task.Generation || ready == nil:
				return "the status of " + task.Name, nil
			case runs && ready.Reason != v1alpha1.ReasonRunning:
				return fmt.Sprintf("%s is %s: %s", task.Name, ready.Reason, ready.Message), nil
			case runs != (task.Annotations[v1alpha1.AnnotationBinding] != "" && len(task.Finalizers) == 1):
				return fmt.Sprintf("%s has annotations %v and finalizers %v", task.Name, task.Annotations, task.Finalizers), nil
			}
		}
		for i := range frameworks.Items {
			framework := &frameworks.Items[i]
			if framework.Status.ObservedGeneration != framework.Generation || len(framework.Finalizers) == 0 {
				return "the status and finalizer of MesosFramework " + framework.Name, nil
			}
		}
		if len(tasks.Items) != len(r.tasks)+int(ofSets) || len(taskSets.Items) != len(r.sets) || len(frameworks.Items) == 0 {
			return fmt.Sprintf("%d tasks, besides %d of %d sets, want %d", len(tasks.Items)-int(ofSets), ofSets, len(taskSets.Items), len(r.tasks)), nil
		}
		return "", nil
	})
}

// reading is what kstatus and Argo CD make of an object.
type reading struct {
	KStatus status.Status
	ArgoCD  string
}

// read waits until kstatus and Argo CD make of the objects what they should.
func (r *repository) read() {
	r.t.Helper()
	want := map[string]reading{
		"MesosTask/web":                   {status.CurrentStatus, "Healthy"},
		"MesosTask/job":                   {status.CurrentStatus, "Healthy"},
		"MesosTask/environment":           {status.CurrentStatus, "Healthy"},
		"MesosTask/discovery":             {status.CurrentStatus, "Healthy"},
		"MesosTask/huge":                  {status.FailedStatus, "Degraded"},
		"MesosTask/full-suspended":        {status.CurrentStatus, "Suspended"},
		"MesosTaskSet/front":              {status.CurrentStatus, "Healthy"},
		"MesosTaskSet/full-set":           {status.CurrentStatus, "Healthy"},
		"MesosTaskSet/full-set-suspended": {status.CurrentStatus, "Suspended"},
		"MesosCronTask/nightly":           {status.CurrentStatus, "Healthy"},
		"MesosCronTask/full":              {status.CurrentStatus, "Suspended"},
		"MesosFramework/default":          {status.CurrentStatus, "Healthy"},
		"MesosFramework/full":             {status.FailedStatus, "Degraded"},
		"MesosFramework/full-zookeeper":   {status.FailedStatus, "Degraded"},
	}
	r.until("kstatus and Argo CD read the objects", func(context.Context) (string, error) {
		got := map[string]reading{}
		for name := range want {
			got[name] = r.reading(name)
		}
		return cmp.Diff(want, got), nil
	})
}

// reading is what is made of an object as the API server has it, by its kind and name.
func (r *repository) reading(object string) reading {
	r.t.Helper()
	kind, name, _ := strings.Cut(object, "/")
	live, namespace := &unstructured.Unstructured{}, ""
	live.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	if kind != "MesosFramework" {
		namespace = shop
	}
	r.get(namespace, name, live)
	result, err := status.Compute(live)
	if err != nil {
		r.t.Fatalf("computing the status of %s: %v", object, err)
	}
	health, err := argocd.HealthOf(r.t.Context(), live)
	if err != nil {
		r.t.Fatalf("running Argo CD's script on %s: %v", object, err)
	}
	return reading{result.Status, health.Status}
}

// appliedAgain applies everything again in each way: nothing changes, and what the manager wrote stays.
func (r *repository) appliedAgain() {
	r.t.Helper()
	ids := map[string]string{}
	for _, name := range append(r.ofSets(), r.running...) {
		ids[name] = r.taskID(name)
	}
	for _, arguments := range [][]string{{"apply"}, {"apply", "--dry-run=server"}, {"apply", "--prune", "--all", "--prune-allowlist", "mesos.dev/v1alpha1/MesosTask", "--prune-allowlist", "mesos.dev/v1alpha1/MesosTaskSet"}} {
		output, err := r.kubectl(arguments...)
		if err != nil {
			r.t.Errorf("kubectl %v again: %v\n%s", arguments, err, output)
		}
		for line := range strings.Lines(output) {
			if !unchanged.MatchString(line) {
				r.t.Errorf("kubectl %v again says: %s", arguments, line)
			}
		}
		r.t.Logf("kubectl %s:\n%s", strings.Join(arguments, " "), output)
	}
	r.noDifference("diff")
	// The first takes the fields over from the client-side apply.
	r.applyServerSide()
	r.until("applying again on the server's side changes nothing", func(context.Context) (string, error) {
		before := r.versions()
		r.applyServerSide()
		// The manager may have written a status in between.
		if after := r.versions(); before != after {
			return fmt.Sprintf("before\n%safter\n%s", before, after), nil
		}
		return "", nil
	})
	r.noDifference("diff", "--server-side")
	for name, id := range ids {
		if now := r.taskID(name); now != id {
			r.t.Errorf("%s was %s and is %s", name, id, now)
		}
	}
	r.worked()
}

// ofSets are the names of the MesosTasks that sets have.
func (r *repository) ofSets() (names []string) {
	r.t.Helper()
	tasks := &v1alpha1.MesosTaskList{}
	if err := r.client.List(r.t.Context(), tasks, client.InNamespace(shop), client.HasLabels{v1alpha1.LabelSet}); err != nil {
		r.t.Fatal(err)
	}
	for i := range tasks.Items {
		names = append(names, tasks.Items[i].Name)
	}
	return names
}

// unchanged is what kubectl says of an object that is as its manifest has it.
var unchanged = regexp.MustCompile(`^mesos(task|taskset|crontask|framework)\.mesos\.dev/\S+ unchanged( \(server dry run\))?\n$`)

// noDifference waits until kubectl diff finds no difference; it may find one while the manager writes a status.
func (r *repository) noDifference(arguments ...string) {
	r.t.Helper()
	r.until("kubectl "+strings.Join(arguments, " ")+" finds no difference", func(context.Context) (string, error) {
		output, err := r.kubectl(arguments...)
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 1 {
			return output, nil
		}
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, output)
		}
		return "", nil
	})
}

// applyServerSide applies all manifests on the server's side, as Flux and Argo CD can.
func (r *repository) applyServerSide() {
	r.t.Helper()
	if output, err := r.kubectl("apply", "--server-side"); err != nil {
		r.t.Fatalf("kubectl apply --server-side: %v\n%s", err, output)
	}
}

// versions are the resource versions of all objects.
func (r *repository) versions() string {
	r.t.Helper()
	output, err := r.kubectl("get", "--output", "custom-columns=:.kind,:.metadata.name,:.metadata.generation,:.metadata.resourceVersion", "--no-headers")
	if err != nil {
		r.t.Fatalf("kubectl get: %v\n%s", err, output)
	}
	return output
}

// taskID is the Mesos task ID that a task is bound as.
func (r *repository) taskID(name string) string {
	r.t.Helper()
	task := &v1alpha1.MesosTask{}
	r.get(shop, name, task)
	if task.Status.Task == nil {
		return ""
	}
	return task.Status.Task.ID
}

// refusedInADryRun: a dry run says what the API server would say, be it the CRD's own rules or the admission policy.
func (r *repository) refusedInADryRun() {
	r.t.Helper()
	for name, c := range map[string]struct{ change, with, want string }{
		"another framework": {"frameworkRef: {name: default}", "frameworkRef: {name: other}", "spec.frameworkRef cannot be changed"},
		"a binding":         {"{example.com/team: shop}", "{mesos.dev/binding: mine}", "mesos.dev/binding"},
	} {
		manifest, err := os.ReadFile(r.path("tasks.yaml"))
		if err != nil {
			r.t.Fatal(err)
		}
		changed := strings.Replace(string(manifest), c.change, c.with, 1)
		if changed == string(manifest) {
			r.t.Fatalf("the manifest has no %q", c.change)
		}
		r.write("changed.yaml", changed)
		output, err := r.try(kubectl(), "apply", "--dry-run=server", "--namespace", shop, "--filename", r.path("changed.yaml"))
		r.t.Logf("kubectl apply --dry-run=server with %s:\n%s", name, output)
		if err == nil || !strings.Contains(output, c.want) {
			r.t.Errorf("a dry run with %s: %v\n%s\nwant that it is refused with %q", name, err, output, c.want)
		}
	}
}

// patchArgoCD patches Argo CD's ConfigMap as its heading says: what it had stays.
func (r *repository) patchArgoCD() {
	r.t.Helper()
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "argocd"}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "argocd-cm"}, Data: map[string]string{"url": "https://argocd.example.com"}},
	} {
		if err := r.client.Create(r.t.Context(), object); err != nil {
			r.t.Fatal(err)
		}
	}
	r.tool("kubectl", "--namespace", "argocd", "patch", "configmap", "argocd-cm", "--patch-file", "config/argocd/argocd-cm.yaml")
	patched := &corev1.ConfigMap{}
	r.get("argocd", "argocd-cm", patched)
	for _, key := range []string{"url", "resource.customizations.health.mesos.dev_MesosTask", "resource.customizations.actions.mesos.dev_MesosTaskSet", "resource.customizations.actions.mesos.dev_MesosFramework"} {
		if patched.Data[key] == "" {
			r.t.Errorf("the patched ConfigMap has no %s", key)
		}
	}
}

// TestFullManifests: the manifests that set every field do set every field that the CRDs have.
func TestFullManifests(t *testing.T) {
	set := map[string]bool{}
	r := &repository{cluster: &cluster{t: t}}
	for _, name := range []string{"tasks.yaml", "sets.yaml", "crons.yaml", "frameworks.yaml"} {
		r.files = append(r.files, filepath.Join(testenv.Root(), "charts", "testdata", "full", name))
	}
	for _, object := range r.objects() {
		fieldsOf(object.GetKind(), object.Object["spec"], set)
	}
	for _, kind := range []string{"MesosTask", "MesosTaskSet", "MesosCronTask", "MesosFramework"} {
		content, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "crd", "bases", "mesos.dev_"+strings.ToLower(kind)+"s.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := sigsyaml.Unmarshal(content, crd); err != nil {
			t.Fatal(err)
		}
		spec := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		known := map[string]bool{}
		fieldsIn(kind, &spec, known)
		if len(known) == 0 {
			t.Errorf("%s has no fields", kind)
		}
		for field := range known {
			// What reaches Mesos of a run is what reaches it of a MesosTask.
			if ofTask, ok := strings.CutPrefix(field, "MesosCronTask.template.spec."); ok && set["MesosTask."+ofTask] {
				continue
			}
			if !set[field] {
				t.Errorf("no manifest in charts/testdata/full sets %s", field)
			}
		}
	}
}

// fieldsOf adds the fields that a value sets.
func fieldsOf(path string, value any, fields map[string]bool) {
	switch value := value.(type) {
	case map[string]any:
		for name, field := range value {
			fields[path+"."+name] = true
			fieldsOf(path+"."+name, field, fields)
		}
	case []any:
		for _, item := range value {
			fieldsOf(path, item, fields)
		}
	}
}

// fieldsIn adds the fields that a schema has. Those in a template are a MesosTask's own.
func fieldsIn(path string, schema *apiextensionsv1.JSONSchemaProps, fields map[string]bool) {
	if strings.HasSuffix(path, ".template.spec") {
		return
	}
	for name, field := range schema.Properties {
		fields[path+"."+name] = true
		fieldsIn(path+"."+name, &field, fields)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		fieldsIn(path, schema.Items.Schema, fields)
	}
}
