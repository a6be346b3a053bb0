package charts_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

const (
	operatorNamespace = "ops"
	// release is that of the operator; its service account has the same name.
	release = "mesos-operator"
	user    = "system:serviceaccount:" + operatorNamespace + ":" + release
)

// programs is the directory of the manager and the simulator.
var programs string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	directory, err := os.MkdirTemp("", "mesos-operator-charts-")
	if err == nil {
		err = build(directory)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(directory) }() // nothing depends on it any more
	programs = directory
	return m.Run()
}

// operator is a release of the chart in a cluster, with a simulated Mesos.
type operator struct {
	*cluster
	helm    string
	manager *process
	// metrics is where the manager serves its metrics.
	metrics string
}

func TestChart_fromInstallToUninstall(t *testing.T) {
	t.Parallel()
	for _, helm := range []string{"helm3", "helm4"} {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			o := &operator{cluster: newCluster(t), helm: helm}
			previous := previousChart()
			o.writeValues()
			o.install(previous)
			o.register(previous)
			ids := o.runTasks()
			o.scrape()
			o.upgrade(ids)
			o.rollBack(ids)
			earlier := len(o.calls(user))
			o.runElsewhere()
			o.changeAndDelete(ids)
			o.refuseForAWhile()
			given := o.managerGrants(operatorNamespace, release)
			o.uninstall()
			o.installAgain(ids)
			calls := o.calls(user)
			// The previous release's grants are not for this manager.
			calls = append(slices.DeleteFunc(calls[:earlier:earlier], refused), calls[earlier:]...)
			o.checkGrants(calls, given)
		})
	}
}

// run runs Helm in the release's namespace.
func (o *operator) run(arguments ...string) string {
	o.t.Helper()
	return o.tool(o.helm, append([]string{"--namespace", operatorNamespace}, arguments...)...)
}

// chart is the directory of the chart.
func chart() string { return filepath.Join(testenv.Root(), "charts", release) }

// previousChart is the chart of an earlier state of the project, as Helm packaged it: its CRDs have no API level, and a MesosTask had no container,
// checks or placement. There is no older release.
func previousChart() string {
	return filepath.Join(testenv.Root(), "charts", "testdata", "previous", "mesos-operator-0.0.1-narrow.tgz")
}

// writeValues starts the simulated Mesos, which demands credentials, and writes the values of a release that registers with it.
func (o *operator) writeValues() {
	o.t.Helper()
	o.write("secret", "s3cret")
	o.start(programs, "mesos-sim", "--runner", "script", "--agents", "1", "--agent-ip", "10.0.0.7", "--log-level", "error", "--work-dir", o.path("sandboxes"), "--control-listen", "",
		"--address-file", o.path("master"), "--principal", "operator", "--secret-file", o.path("secret"))
	var master string
	o.until("the simulated master listens", func(context.Context) (string, error) {
		content, err := os.ReadFile(o.path("master"))
		master = strings.TrimSpace(string(content))
		if err != nil || master == "" {
			return "its address", nil //nolint:nilerr // it has not written it yet
		}
		return "", nil
	})
	o.write("values.yaml", fmt.Sprintf(`
framework:
  create: true
  spec:
    masters: {urls: ["http://%s"]}
    info: {name: test, user: nobody}
    credentialsSecretRef: {name: mesos}
    allowInsecure: true
`, master))
}

// install installs the chart in a cluster that has nothing of it.
func (o *operator) install(chart string, arguments ...string) {
	o.t.Helper()
	notes := o.run(append([]string{"install", release, chart, "--create-namespace", "--values", o.path("values.yaml")}, arguments...)...)
	o.t.Logf("helm install:\n%s", notes)
	if want := "helm -n ops upgrade mesos-operator"; !strings.Contains(notes, want) {
		o.t.Errorf("the notes do not say how to get the MesosFramework: want %q", want)
	}
	o.established()
	o.secret(operatorNamespace)
}

// secret creates the credentials for the simulated Mesos.
func (o *operator) secret(namespace string) {
	o.t.Helper()
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "mesos"},
		StringData: map[string]string{"principal": "operator", "secret": "s3cret"},
	}
	if err := o.client.Create(o.t.Context(), secret); err != nil {
		o.t.Fatal(err)
	}
}

// established waits until the API server serves the CRDs.
func (o *operator) established() {
	o.t.Helper()
	o.tool("kubectl", "wait", "--for=condition=Established", "crd", "--all")
}

// startManager runs the release's manager.
func (o *operator) startManager() {
	o.t.Helper()
	o.metrics = o.freeAddress()
	o.manager = o.startManagerOf(operatorNamespace, release, o.metrics)
}

// replaceManager runs the release's manager anew, as a Deployment that changed does, and waits until it is connected.
func (o *operator) replaceManager() {
	o.t.Helper()
	o.manager.stop()
	framework := &v1alpha1.MesosFramework{}
	o.get("", "default", framework)
	before := framework.Status.ConnectedSince
	o.startManager()
	o.until("the manager is connected", func(ctx context.Context) (string, error) {
		err := o.client.Get(ctx, client.ObjectKey{Name: "default"}, framework)
		if framework.Status.ConnectedSince.Equal(before) {
			return fmt.Sprintf("connected since %v", before), err
		}
		return "", err
	})
	o.ready()
}

// startManagerOf runs the manager of a release as the chart's Deployment would: its flags, and its service account's token. It serves its
// metrics at the given address.
func (c *cluster) startManagerOf(namespace, release, metrics string) *process {
	c.t.Helper()
	deployment := &appsv1.Deployment{}
	c.get(namespace, release, deployment)
	arguments := []string{"--kubeconfig", c.serviceAccountKubeconfig(namespace, deployment.Spec.Template.Spec.ServiceAccountName), "--operator-namespace", namespace}
	arguments = append(arguments, deployment.Spec.Template.Spec.Containers[0].Args...)
	// The last one wins: pods have addresses of their own, these managers share one.
	arguments = append(arguments, "--metrics-bind-address="+metrics, "--health-probe-bind-address=127.0.0.1:0")
	return c.start(programs, "manager", arguments...)
}

// register upgrades the release once, now that the cluster has the CRDs, and waits until the framework is registered. Another
// installation, which is gone, has left its claim on the framework.
func (o *operator) register(chart string) {
	o.t.Helper()
	// As the notes say.
	o.run("upgrade", release, chart, "--reuse-values")
	framework := &v1alpha1.MesosFramework{}
	o.get("", "default", framework)
	framework.Status.Controller = &v1alpha1.ControllerClaim{Lease: "elsewhere/mesos-dev-operator", Identity: "gone"}
	if err := o.client.Status().Update(o.t.Context(), framework); err != nil {
		o.t.Fatal(err)
	}
	o.startManager()
	o.ready()
}

// ready waits until the framework is ready.
func (o *operator) ready() {
	o.t.Helper()
	o.until("the framework is ready", func(ctx context.Context) (string, error) {
		framework := &v1alpha1.MesosFramework{}
		err := o.client.Get(ctx, client.ObjectKey{Name: "default"}, framework)
		if ready := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionReady); ready == nil || ready.Status != metav1.ConditionTrue {
			return fmt.Sprintf("condition Ready is %v", ready), err
		}
		return "", err
	})
}

// runTasks installs a release of one MesosTask and waits for it, and applies another without Helm. It returns their task IDs.
func (o *operator) runTasks() map[string]string {
	o.t.Helper()
	// Helm 4 waits until the task is Ready; Helm 3 knows only what is built into Kubernetes.
	o.run("install", "released", filepath.Join(testenv.Root(), "charts", "testdata", "task"), "--set", "references=false", "--wait", "--timeout", patience.String())
	if o.helm == "helm4" {
		if task := o.task("released"); !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) {
			o.t.Errorf("helm install --wait returned before the task was ready: %+v", task.Status.Conditions)
		}
	}
	o.tool("kubectl", "apply", "--namespace", operatorNamespace, "--filename", o.render("applied", "--set", "references=false"))
	ids := map[string]string{"released": o.running("released", ""), "applied": o.running("applied", "")}
	o.t.Logf("kubectl get mesosframeworks,mesostasks -A:\n%s", o.tool("kubectl", "get", "mesosframeworks,mesostasks", "--all-namespaces"))
	o.t.Logf("kubectl describe mesostask applied:\n%s", o.tool("kubectl", "describe", "mesostask", "applied", "--namespace", operatorNamespace))
	return ids
}

// runElsewhere runs a task in another namespace than the manager's: what it reads there, no role of its own namespace allows.
func (o *operator) runElsewhere() {
	o.t.Helper()
	o.tool("kubectl", "apply", "--namespace", "default", "--filename", o.render("elsewhere"))
	o.tool("kubectl", "wait", "--namespace", "default", "--for=condition=Ready", "mesostask/elsewhere", "--timeout", patience.String())
	o.expire("default", "elsewhere")
	o.runByCron("default")
	o.runSet("default")
}

// runSet has the manager do for a MesosTaskSet all that it needs its grants for.
func (o *operator) runSet(namespace string) {
	o.t.Helper()
	selector := v1alpha1.LabelSet + "=lone"
	shell := func(command string) string {
		o.write("lone.yaml", fmt.Sprintf(`
apiVersion: mesos.dev/v1alpha1
kind: MesosTaskSet
metadata: {name: lone}
spec:
  minReadySeconds: 0
  revisionHistoryLimit: 0
  template: {spec: {shell: %q, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}
`, command))
		return o.path("lone.yaml")
	}
	revision := func() string {
		return strings.TrimSpace(o.tool("kubectl", "get", "controllerrevisions", "--namespace", namespace, "--selector", selector, "--output", "name"))
	}
	o.tool("kubectl", "apply", "--namespace", namespace, "--filename", shell("sleep 3600"))
	o.tool("kubectl", "wait", "--namespace", namespace, "--for=condition=Ready", "mesostaskset/lone", "--timeout", patience.String())
	first := revision()
	// What nobody controls the set takes over.
	o.tool("kubectl", "patch", "--namespace", namespace, first, "--type=json", `--patch=[{"op": "remove", "path": "/metadata/ownerReferences"}]`)
	o.tool("kubectl", "wait", "--namespace", namespace, "--for=jsonpath={.metadata.ownerReferences[0].name}=lone", first, "--timeout", patience.String())
	o.tool("kubectl", "apply", "--namespace", namespace, "--filename", shell("sleep 7200"))
	o.until("the set has one revision, another one", func(context.Context) (string, error) {
		if now := revision(); now == first || strings.Contains(now, "\n") {
			return now, nil
		}
		return "", nil
	})
	o.tool("kubectl", "delete", "--namespace", namespace, "mesostaskset/lone")
	// There is no garbage collector here.
	o.tool("kubectl", "delete", "--namespace", namespace, "mesostasks,controllerrevisions", "--selector", selector, "--timeout", patience.String())
}

// runByCron has the manager start a run of a MesosCronTask, as a person asks.
func (o *operator) runByCron(namespace string) {
	o.t.Helper()
	o.tool("kubectl", "apply", "--namespace", namespace, "--filename", filepath.Join(testenv.Root(), "config", "samples", "cron.yaml"))
	o.tool("kubectl", "annotate", "--namespace", namespace, "mesoscrontask/nightly", v1alpha1.AnnotationRunRequestedAt+"=now")
	o.tool("kubectl", "wait", "--namespace", namespace, "--for=jsonpath={.status.active}=1", "mesoscrontask/nightly", "--timeout", patience.String())
	o.t.Logf("kubectl get mesoscrontasks -o wide:\n%s", o.tool("kubectl", "get", "mesoscrontasks", "--namespace", namespace, "--output", "wide"))
	o.tool("kubectl", "delete", "--namespace", namespace, "mesoscrontask/nightly")
	// There is no garbage collector here.
	o.tool("kubectl", "delete", "--namespace", namespace, "mesostasks", "--selector", v1alpha1.LabelCron+"=nightly", "--timeout", patience.String())
}

// render writes the manifest of a MesosTask into a file.
func (o *operator) render(name string, arguments ...string) string {
	o.t.Helper()
	o.write(name+".yaml", o.run(append([]string{"template", name, filepath.Join(testenv.Root(), "charts", "testdata", "task")}, arguments...)...))
	return o.path(name + ".yaml")
}

// expire has the manager kill a task as too old, and delete its object for that.
func (o *operator) expire(namespace, name string) {
	o.t.Helper()
	// A policy that was there before may be heeded for a while after it is gone.
	o.until("task "+name+" takes a deadline", func(context.Context) (string, error) {
		output, err := o.try(kubectl(), "patch", "mesostask/"+name, "--namespace", namespace, "--type", "merge",
			"--patch", `{"spec":{"activeDeadlineSeconds":1,"ttlSecondsAfterFinished":0}}`)
		if err != nil {
			return output, nil //nolint:nilerr // it is tried again
		}
		return "", nil
	})
	o.tool("kubectl", "wait", "mesostask/"+name, "--namespace", namespace, "--for=delete", "--timeout", patience.String())
}

// task reads a task.
func (o *operator) task(name string) *v1alpha1.MesosTask {
	o.t.Helper()
	task := &v1alpha1.MesosTask{}
	o.get(operatorNamespace, name, task)
	return task
}

// running waits until a task runs as another attempt than the one that is given, and returns its task ID.
func (o *operator) running(name, before string) string {
	o.t.Helper()
	var task *v1alpha1.MesosTask
	o.until("task "+name+" runs", func(context.Context) (string, error) {
		task = o.task(name)
		if !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) || task.Status.Task == nil || task.Status.Task.ID == before {
			return fmt.Sprintf("its conditions are %+v", task.Status.Conditions), nil
		}
		return "", nil
	})
	return task.Status.Task.ID
}

// upgrade upgrades to the chart while tasks run: the CRDs change, the tasks do not.
func (o *operator) upgrade(ids map[string]string) {
	o.t.Helper()
	o.run("upgrade", release, chart(), "--reset-then-reuse-values")
	o.apiLevel("1")
	o.replaceManager()
	o.undisturbed(ids)
}

// rollBack goes back to the previous chart and on again, while tasks run: a rollback is an upgrade to what was there before.
func (o *operator) rollBack(ids map[string]string) {
	o.t.Helper()
	// Revision 1 is the install, 2 the upgrade after it, 3 that to the chart.
	o.run("rollback", release, "2")
	o.apiLevel("")
	o.replaceManager()
	o.undisturbed(ids)
	// Helm 3 does not roll on to a revision that has a CRD which was kept and is not of the one before: an upgrade does.
	o.run("upgrade", release, chart(), "--reset-then-reuse-values")
	o.apiLevel("1")
	o.replaceManager()
	o.undisturbed(ids)
}

// apiLevel checks which version of the CRDs the API server has.
func (o *operator) apiLevel(want string) {
	o.t.Helper()
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	o.get("", "mesostasks.mesos.dev", crd)
	if level := crd.Annotations[v1alpha1.AnnotationAPILevel]; level != want {
		o.t.Errorf("the CRD's API level is %q, want %q", level, want)
	}
}

// undisturbed checks that the tasks run as the attempts that they were.
func (o *operator) undisturbed(ids map[string]string) {
	o.t.Helper()
	for name, id := range ids {
		if task := o.task(name); task.Status.Task == nil || task.Status.Task.ID != id || task.Status.Restarts != 0 || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) {
			o.t.Errorf("task %s does not run on as %s: %+v", name, id, task.Status)
		}
	}
}

// changeAndDelete does to tasks what people do: restarts one, is refused where only the operator may write, and uninstalls the other.
func (o *operator) changeAndDelete(ids map[string]string) {
	o.t.Helper()
	for _, at := range []string{"once", "twice"} {
		task := o.task("applied")
		patch := client.MergeFrom(task.DeepCopy())
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, v1alpha1.AnnotationRestartedAt, at)
		if err := o.client.Patch(o.t.Context(), task, patch); err != nil {
			o.t.Fatal(err)
		}
		ids["applied"] = o.running("applied", ids["applied"])
	}
	task := o.task("applied")
	patch := client.MergeFrom(task.DeepCopy())
	delete(task.Annotations, v1alpha1.AnnotationBinding)
	if err := o.client.Patch(o.t.Context(), task, patch); !apierrors.IsForbidden(err) {
		o.t.Errorf("taking a binding away gave %v, want that the chart's admission policy refuses it", err)
	}
	o.run("uninstall", "released", "--wait", "--timeout", patience.String())
	o.until("the uninstalled release's task is gone", func(ctx context.Context) (string, error) {
		err := o.client.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: "released"}, &v1alpha1.MesosTask{})
		if apierrors.IsNotFound(err) {
			return "", nil
		}
		return "the deletion", err
	})
	delete(ids, "released")
}

// freeze has a policy of the cluster refuse every change of resources of the project, until the returned function is called.
func (o *operator) freeze(resources ...string) (thaw func()) {
	o.t.Helper()
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "freeze"},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{"mesos.dev"}, APIVersions: []string{"*"}, Resources: resources},
			}}}},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "nothing changes over the weekend"}},
		},
	}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "freeze"},
		Spec:       admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: "freeze", ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}},
	}
	for _, object := range []client.Object{policy, binding} {
		if err := o.client.Create(o.t.Context(), object); err != nil {
			o.t.Fatal(err)
		}
	}
	return func() {
		for _, object := range []client.Object{binding, policy} {
			if err := o.client.Delete(o.t.Context(), object); err != nil {
				o.t.Fatal(err)
			}
		}
	}
}

// repeated waits until an Event that a write was refused has been repeated for an object.
func (o *operator) repeated(namespace, name string) {
	o.t.Helper()
	o.until("an Event repeats that a write of "+name+" is refused", func(ctx context.Context) (string, error) {
		var events eventsv1.EventList
		err := o.client.List(ctx, &events, client.InNamespace(namespace))
		for _, event := range events.Items {
			if event.Regarding.Name == name && event.Reason == v1alpha1.ReasonWriteRefused && event.Series != nil {
				return "", nil
			}
		}
		return fmt.Sprintf("%d events, none of them a series", len(events.Items)), err
	})
}

// refuseForAWhile has a policy of the cluster refuse every change of a MesosTask: people are told, again and again, and can delete the task.
func (o *operator) refuseForAWhile() {
	o.t.Helper()
	thaw := o.freeze("mesostasks", "mesostasks/status")
	o.until("the policy refuses changes", func(ctx context.Context) (string, error) {
		task := o.task("applied")
		patch := client.MergeFrom(task.DeepCopy())
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, "example.com/try", "this")
		if err := o.client.Patch(ctx, task, patch, client.DryRunAll); apierrors.IsInvalid(err) {
			return "", nil
		}
		return "it lets a change through", nil
	})
	o.tool("kubectl", "create", "--namespace", operatorNamespace, "--filename", o.render("held"))
	o.repeated(operatorNamespace, "held")
	thaw()
	o.tool("kubectl", "delete", "mesostask", "held", "--namespace", operatorNamespace, "--timeout", patience.String())
}

// uninstall uninstalls the operator: what belongs to the tasks is kept, all else goes.
func (o *operator) uninstall() {
	o.t.Helper()
	o.manager.stop()
	o.t.Logf("helm uninstall:\n%s", o.run("uninstall", release, "--wait", "--timeout", patience.String()))
	left := strings.Fields(o.tool("kubectl", "get", "--all-namespaces", "--output", "name", "--selector", "app.kubernetes.io/instance="+release,
		"crd,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,deployment,service,serviceaccount,role,rolebinding,poddisruptionbudget,mesosframework"))
	want := "customresourcedefinition.apiextensions.k8s.io/mesoscrontasks.mesos.dev customresourcedefinition.apiextensions.k8s.io/mesosframeworks.mesos.dev customresourcedefinition.apiextensions.k8s.io/mesostasks.mesos.dev " +
		"customresourcedefinition.apiextensions.k8s.io/mesostasksets.mesos.dev mesosframework.mesos.dev/default"
	if got := strings.Join(left, " "); got != want {
		o.t.Errorf("after helm uninstall there are\n%s\nwant\n%s", got, want)
	}
}

// installAgain installs the chart over what was kept: the task runs on, and everything can be deleted.
func (o *operator) installAgain(ids map[string]string) {
	o.t.Helper()
	o.undisturbed(ids)
	o.run("install", release, chart(), "--values", o.path("values.yaml"))
	o.startManager()
	o.ready()
	o.undisturbed(ids)
	o.tool("kubectl", "delete", "mesostasks", "--all", "--namespace", operatorNamespace, "--timeout", patience.String())
	o.tool("kubectl", "delete", "mesosframework", "default", "--timeout", patience.String())
	o.manager.stop()
	o.run("uninstall", release)
}

// get reads an object.
func (c *cluster) get(namespace, name string, object client.Object) {
	c.t.Helper()
	if err := c.client.Get(c.t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
		c.t.Fatalf("reading %T %s: %v", object, name, err)
	}
}
