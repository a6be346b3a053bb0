package charts_test

import (
	"context"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestChart_watchNamespaces: the manager sees what the value names and may see nothing else, and does with less all that it does with more.
func TestChart_watchNamespaces(t *testing.T) {
	t.Parallel()
	o := &operator{cluster: newCluster(t), helm: "helm4"}
	for _, namespace := range []string{"a", "b", "c"} {
		o.createNamespace(namespace)
	}
	o.writeValues()
	o.install(chart(), "--set", "watchNamespaces={a,b}")
	o.register(chart())
	o.apply("c", "web")
	o.apply("a", "web")
	o.readyIn("a", "web")
	// The next one finds a framework that is registered.
	o.manager.stop()
	o.startManager()
	o.apply("b", "web")
	o.readyIn("b", "web")
	o.scrape()
	o.clusterWideIsSmall()
	o.seesNothingOf("c")
	o.refuseEverythingIn("a", "b")
	for _, namespace := range []string{"a", "b"} {
		o.expire(namespace, "web")
		o.runByCron(namespace)
		o.runSet(namespace)
	}
	task := &v1alpha1.MesosTask{}
	o.get("c", "web", task)
	if len(task.Finalizers) > 0 || len(task.Status.Conditions) > 0 || task.Status.Task != nil {
		t.Errorf("the task of a namespace that is not watched was touched: %+v", task)
	}
	given := o.managerGrants(operatorNamespace, release)
	o.manager.stop()
	o.checkGrants(o.calls(user), given)
}

// TestChart_namespaceThatMayNotBeRead: one that was deleted, and the Role in it, does not keep the others from being served; once it may be read
// the manager starts anew.
func TestChart_namespaceThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	o := &operator{cluster: newCluster(t), helm: "helm4"}
	o.createNamespace("a")
	o.createNamespace("b")
	o.writeValues()
	o.install(chart(), "--set", "watchNamespaces={a,b}")
	o.tool("kubectl", "delete", "rolebinding", release+"-tasks", "--namespace", "b")
	// As the notes say; the upgrade leaves alone what it made and did not change.
	o.run("upgrade", release, chart(), "--reuse-values")
	o.tool("kubectl", "delete", "rolebinding", release+"-tasks", "--namespace", "b", "--ignore-not-found")
	o.startManager()
	o.apply("a", "web")
	o.apply("b", "web")
	o.readyIn("a", "web")
	task := &v1alpha1.MesosTask{}
	o.get("b", "web", task)
	if len(task.Finalizers) > 0 || len(task.Status.Conditions) > 0 {
		t.Errorf("the task of a namespace that may not be read was touched: %+v", task)
	}
	o.tool("kubectl", "create", "rolebinding", release+"-tasks", "--namespace", "b", "--role", release+"-tasks",
		"--serviceaccount", operatorNamespace+":"+release)
	if code := o.manager.wait(); code == 0 {
		t.Error("the manager ended as if it had been asked to")
	}
	o.startManager()
	o.readyIn("b", "web")
	o.withoutTaskSecrets("a")
}

// createNamespace creates a namespace.
func (c *cluster) createNamespace(name string) {
	c.t.Helper()
	if err := c.client.Create(c.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
		c.t.Fatal(err)
	}
}

// apply applies a MesosTask in a namespace.
func (o *operator) apply(namespace, name string) {
	o.t.Helper()
	o.tool("kubectl", "apply", "--namespace", namespace, "--filename", o.render(name))
}

// readyIn waits until a task of a namespace is ready.
func (o *operator) readyIn(namespace, name string) {
	o.t.Helper()
	o.tool("kubectl", "wait", "mesostask/"+name, "--for=condition=Ready", "--namespace", namespace, "--timeout", patience.String())
}

// clusterWideIsSmall checks what the manager's ClusterRole grants in all namespaces at once: of what is in namespaces nothing but to get a
// Lease by its name, as nobody knows where another installation has its own.
func (o *operator) clusterWideIsSmall() {
	o.t.Helper()
	role := &rbacv1.ClusterRole{}
	o.get("", release+"-manager", role)
	for _, given := range grants("", role.Rules) {
		resource, _, _ := strings.Cut(given.resource, "/")
		kind, err := o.client.RESTMapper().KindFor(schema.GroupVersionResource{Group: given.group, Resource: resource})
		if err != nil {
			o.t.Fatal(err)
		}
		mapping, err := o.client.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			o.t.Fatal(err)
		}
		if mapping.Scope.Name() == meta.RESTScopeNameNamespace && (given != grant{group: "coordination.k8s.io", resource: "leases", verb: "get"}) {
			o.t.Errorf("the manager may %s", given)
		}
	}
}

// seesNothingOf asks the API server what the manager may do in a namespace.
func (o *operator) seesNothingOf(namespace string) {
	o.t.Helper()
	for _, asked := range []authorizationv1.ResourceAttributes{
		{Verb: "get", Group: "mesos.dev", Resource: "mesostasks"},
		{Verb: "list", Group: "mesos.dev", Resource: "mesostasks"},
		{Verb: "watch", Group: "mesos.dev", Resource: "mesostasks"},
		{Verb: "patch", Group: "mesos.dev", Resource: "mesostasks"},
		{Verb: "patch", Group: "mesos.dev", Resource: "mesostasks", Subresource: "status"},
		{Verb: "create", Group: "events.k8s.io", Resource: "events"},
		{Verb: "get", Resource: "secrets"},
	} {
		asked.Namespace = namespace
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: user, ResourceAttributes: &asked}}
		if err := o.client.Create(o.t.Context(), review); err != nil {
			o.t.Fatal(err)
		}
		if review.Status.Allowed {
			o.t.Errorf("the manager may %s %s/%s in %s: %s", asked.Verb, asked.Resource, asked.Subresource, namespace, review.Status.Reason)
		}
	}
}

// refuseEverythingIn has every write refused for a while, so that the manager reads live and repeats its Events.
func (o *operator) refuseEverythingIn(namespaces ...string) {
	o.t.Helper()
	thaw := o.freeze("mesostasks", "mesostasks/status", "mesosframeworks/status")
	o.until("the policy refuses changes", func(ctx context.Context) (string, error) {
		task := &v1alpha1.MesosTask{}
		o.get(namespaces[0], "web", task)
		patch := client.MergeFrom(task.DeepCopy())
		metav1.SetMetaDataAnnotation(&task.ObjectMeta, "example.com/try", "this")
		if err := o.client.Patch(ctx, task, patch, client.DryRunAll); apierrors.IsInvalid(err) {
			return "", nil
		}
		return "it lets a change through", nil
	})
	for _, namespace := range namespaces {
		o.tool("kubectl", "create", "--namespace", namespace, "--filename", o.render("held"))
		o.repeated(namespace, "held")
	}
	o.repeated("default", "default")
	thaw()
}
