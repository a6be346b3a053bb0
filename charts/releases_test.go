package charts_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestChart_twoReleases: two releases in one cluster share CRDs and admission policies, and each serves its own frameworks only.
func TestChart_twoReleases(t *testing.T) {
	t.Parallel()
	const other, otherRelease = "ops-b", "second"
	otherUser := "system:serviceaccount:" + other + ":" + otherRelease + "-" + release
	o := &operator{cluster: newCluster(t), helm: "helm4"}
	o.createNamespace(other)
	o.writeValues()
	o.install(chart(), "--set", "admissionPolicies.otherOperators={"+otherUser+"}")
	o.register(chart())
	o.secret(other)
	o.tool(o.helm, "install", otherRelease, chart(), "--namespace", other, "--values", o.path("values.yaml"), "--set", "controllerName=example.com/second",
		"--set", "crds.enabled=false,admissionPolicies.enabled=false,framework.name=second")
	second := o.startManagerOf(other, otherRelease+"-"+release, "127.0.0.1:0")
	o.apply(operatorNamespace, "web")
	manifest, err := os.ReadFile(o.render("theirs"))
	if err != nil {
		t.Fatal(err)
	}
	o.write("theirs.yaml", string(manifest)+"\n  frameworkRef: {name: second}\n")
	o.tool("kubectl", "apply", "--namespace", operatorNamespace, "--filename", o.path("theirs.yaml"))
	for _, name := range []string{"web", "theirs"} {
		o.readyIn(operatorNamespace, name)
		o.tool("kubectl", "delete", "mesostask/"+name, "--namespace", operatorNamespace, "--timeout", patience.String())
	}
	for manager, theirs := range map[string]string{user: "default,web", otherUser: "second,theirs"} {
		writes := 0
		for _, one := range o.calls(manager) {
			if one.ObjectRef.APIGroup != "mesos.dev" || one.Verb != "patch" {
				continue
			}
			if writes++; !strings.Contains(","+theirs+",", ","+one.ObjectRef.Name+",") {
				t.Errorf("%s wrote to %s %s, which the other release serves", manager, one.ObjectRef.Resource, one.ObjectRef.Name)
			}
			if one.ResponseStatus.Code == 403 {
				t.Errorf("%s was refused %s", manager, one.RequestURI)
			}
		}
		if writes == 0 {
			t.Errorf("%s wrote nothing", manager)
		}
	}
	// The second release goes and takes nothing of the first.
	o.tool("kubectl", "delete", "mesosframework", "second", "--timeout", patience.String())
	second.stop()
	o.tool(o.helm, "uninstall", otherRelease, "--namespace", other)
	o.apply(operatorNamespace, "after")
	o.running("after", "")
}

// TestChart_crdsThatAreNotKept: in the documented order nothing is left behind; in the other order what is left waits until the chart is
// installed again, and goes then.
func TestChart_crdsThatAreNotKept(t *testing.T) {
	t.Parallel()
	for _, helm := range []string{"helm3", "helm4"} {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			o := &operator{cluster: newCluster(t), helm: helm}
			o.writeValues()
			o.install(chart(), "--set", "crds.keep=false")
			o.register(chart())
			o.apply(operatorNamespace, "web")
			o.running("web", "")
			o.tool("kubectl", "delete", "mesostasks", "--all", "--all-namespaces", "--timeout", patience.String())
			o.tool("kubectl", "delete", "mesosframeworks", "--all", "--timeout", patience.String())
			o.manager.stop()
			o.run("uninstall", release, "--wait", "--timeout", patience.String())
			o.crdsGone("mesoscrontasks", "mesostasksets", "mesostasks", "mesosframeworks")
			o.leaveTooSoon()
		})
	}
}

// crdsGone waits until the API server has none of the CRDs.
func (o *operator) crdsGone(plurals ...string) {
	o.t.Helper()
	for _, plural := range plurals {
		name := plural + ".mesos.dev"
		o.until(name+" is gone", func(ctx context.Context) (string, error) {
			crd := &unstructured.Unstructured{}
			crd.SetAPIVersion("apiextensions.k8s.io/v1")
			crd.SetKind("CustomResourceDefinition")
			err := o.client.Get(ctx, client.ObjectKey{Name: name}, crd)
			if apierrors.IsNotFound(err) {
				return "", nil
			}
			return fmt.Sprintf("its finalizers are %v", crd.GetFinalizers()), err
		})
	}
}

// leaveTooSoon uninstalls while a task runs.
func (o *operator) leaveTooSoon() {
	o.t.Helper()
	o.run("install", release, chart(), "--values", o.path("values.yaml"), "--set", "crds.keep=false")
	o.established()
	o.run("upgrade", release, chart(), "--reuse-values")
	o.startManager()
	o.ready()
	o.apply(operatorNamespace, "web")
	o.running("web", "")
	o.manager.stop()
	o.run("uninstall", release)
	o.until("the task waits for its deletion", func(context.Context) (string, error) {
		if o.task("web").DeletionTimestamp == nil {
			return "the deletion", nil
		}
		return "", nil
	})
	o.run("install", release, chart(), "--values", o.path("values.yaml"), "--set", "crds.keep=false")
	o.startManager()
	// Of the other kinds there was nothing, so that their CRDs went at once, and came again.
	o.crdsGone("mesostasks", "mesosframeworks")
	o.manager.stop()
	o.run("uninstall", release)
}
