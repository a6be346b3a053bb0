package charts_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestChart_serviceDiscovery: without the grant a set with a Service says so and runs; with it the manager starts anew by itself, uses all of it, and nothing
// beyond. Helm says what is left behind when it is taken away.
func TestChart_serviceDiscovery(t *testing.T) {
	t.Parallel()
	o := &operator{cluster: newCluster(t), helm: "helm4"}
	o.createNamespace("shop")
	o.writeValues()
	o.install(chart())
	o.register(chart())
	o.applySet("{name: http, port: 80, taskPort: main}")
	o.servicePublished(v1alpha1.ReasonServicesNotAllowed)
	o.tool("kubectl", "wait", "--namespace", "shop", "--for=condition=Ready", "mesostaskset/web", "--timeout", patience.String())

	// Both are in the way of the set's.
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 443}}}}
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-0"}, AddressType: discoveryv1.AddressTypeIPv4}
	for _, object := range []client.Object{service, slice} {
		if err := o.client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	const leftBehind = "delete endpointslices --all-namespaces -l " + discoveryv1.LabelManagedBy + "=" + v1alpha1.EndpointSliceManager
	if said := o.run("upgrade", release, chart(), "--reuse-values", "--set", "serviceDiscovery.enabled=true"); strings.Contains(said, leftBehind) {
		t.Errorf("the grant comes, and Helm says what is left behind without it:\n%s", said)
	}
	if code := o.manager.wait(); code == 0 {
		t.Error("the manager ended as if it had been asked to")
	}
	o.startManager()
	o.servicePublished(v1alpha1.ReasonServiceNotOwned)
	o.tool("kubectl", "delete", "service", "web", "--namespace", "shop")
	o.applySet("{name: http, port: 81, taskPort: main}")
	o.servicePublished(v1alpha1.ReasonServiceRefused)
	o.tool("kubectl", "delete", "endpointslice", "web-0", "--namespace", "shop")
	o.applySet("{name: http, port: 82, taskPort: main}")
	o.servicePublished(v1alpha1.ReasonPublished)
	o.published(1)
	o.tool("kubectl", "scale", "mesostaskset/web", "--namespace", "shop", "--replicas=2")
	o.published(2)
	o.tool("kubectl", "scale", "mesostaskset/web", "--namespace", "shop", "--replicas=1")
	o.published(1)
	o.applySet("")
	o.until("the Service is gone", func(ctx context.Context) (string, error) {
		if err := o.client.Get(ctx, client.ObjectKeyFromObject(service), service); err != nil {
			return "", client.IgnoreNotFound(err)
		}
		return fmt.Sprintf("its ports are %+v", service.Spec.Ports), nil
	})
	o.published(0)

	isDiscovery := func(resource string) bool { return resource == "services" || resource == "endpointslices" }
	given := slices.DeleteFunc(o.managerGrants(operatorNamespace, release), func(g grant) bool { return !isDiscovery(g.resource) })
	o.manager.stop()
	o.checkGrants(slices.DeleteFunc(o.calls(user), func(one call) bool { return !isDiscovery(one.ObjectRef.Resource) }), given)

	for upgrade, want := range []bool{true, false} {
		if said := o.run("upgrade", release, chart(), "--reuse-values", "--set", "serviceDiscovery.enabled=false"); strings.Contains(said, leftBehind) != want {
			t.Errorf("upgrade %d without the grant: that Helm says what is left behind is %t, want %t:\n%s", upgrade+1, !want, want, said)
		}
	}
}

// applySet applies a MesosTaskSet whose Service has ports; none for no Service.
func (o *operator) applySet(ports string) {
	o.t.Helper()
	service := ""
	if ports != "" {
		service = "  service: {ports: [" + ports + "]}\n"
	}
	o.write("set.yaml", "apiVersion: mesos.dev/v1alpha1\nkind: MesosTaskSet\nmetadata: {name: web, namespace: shop}\nspec:\n"+service+
		`  template: {spec: {shell: sleep 3600, ports: [{name: main}], resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`+"\n")
	o.tool("kubectl", "apply", "--filename", o.path("set.yaml"))
}

// servicePublished waits until condition ServicePublished of the set has a reason.
func (o *operator) servicePublished(reason string) {
	o.t.Helper()
	o.until("the set says "+reason, func(ctx context.Context) (string, error) {
		set := &v1alpha1.MesosTaskSet{}
		err := o.client.Get(ctx, client.ObjectKey{Namespace: "shop", Name: "web"}, set)
		condition := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionServicePublished)
		if condition == nil || condition.Reason != reason {
			return fmt.Sprintf("its conditions are %+v", set.Status.Conditions), err
		}
		return "", err
	})
}

// published waits until so many endpoints are ready, each at the agents' address.
func (o *operator) published(want int) {
	o.t.Helper()
	o.until(fmt.Sprintf("%d endpoints are ready", want), func(ctx context.Context) (string, error) {
		list := &discoveryv1.EndpointSliceList{}
		err := o.client.List(ctx, list, client.InNamespace("shop"))
		var ready []string
		for _, slice := range list.Items {
			for _, endpoint := range slice.Endpoints {
				if *endpoint.Conditions.Ready {
					ready = append(ready, endpoint.Addresses[0])
				}
			}
		}
		if strings.Join(ready, " ") != strings.TrimSuffix(strings.Repeat("10.0.0.7 ", want), " ") {
			return fmt.Sprintf("ready are %v", ready), err
		}
		return "", err
	})
}
