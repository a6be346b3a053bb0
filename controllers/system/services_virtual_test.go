package system

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// setsToTell are the sets whose Services a write may concern.
func setsToTell(object client.Object) []types.NamespacedName {
	var names []string
	switch object := object.(type) {
	case *v1alpha1.MesosTask:
		names = scope.SetsOf(object)
	case *v1alpha1.MesosTaskSet, *corev1.Service:
		names = []string{object.GetName()}
	case *discoveryv1.EndpointSlice:
		names = []string{object.Labels[discoveryv1.LabelServiceName]}
	}
	var all []types.NamespacedName
	for _, name := range names {
		all = append(all, types.NamespacedName{Namespace: object.GetNamespace(), Name: name})
	}
	return all
}

// proxy reads slices as kube-proxy does, and watches that none leads to a task that is not ready where it says.
type proxy struct {
	*virtual
	mu     sync.Mutex
	slices map[types.UID]*discoveryv1.EndpointSlice
	// fewest is how many endpoints were ready at least, after any write, since it was asked to watch that.
	fewest, writes int
}

// newProxy starts one. It looks every ten milliseconds, while which nothing can be under way: time stands still as long as a request is.
func newProxy(v *virtual) *proxy {
	p := &proxy{virtual: v, slices: map[types.UID]*discoveryv1.EndpointSlice{}}
	v.wrote, v.noSets = p.note, true
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		for ticker := time.NewTicker(10 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				ticker.Stop()
				return
			case <-ticker.C:
				p.check()
			}
		}
	})
	v.quit = append(v.quit, func() { cancel(); ended.Wait() })
	return p
}

func (p *proxy) note(object client.Object, answered bool) {
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	if answered {
		p.slices[slice.UID] = slice.DeepCopy()
	} else {
		delete(p.slices, slice.UID)
	}
	p.fewest = min(p.fewest, len(p.readyAt("web", "http")))
}

// readyAt are the addresses of a Service's port that get traffic. The caller holds the lock.
func (p *proxy) readyAt(service, port string) []string {
	var all []string
	for _, slice := range p.slices {
		if slice.Labels[discoveryv1.LabelServiceName] != service {
			continue
		}
		for _, its := range slice.Ports {
			if *its.Name != port {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if *endpoint.Conditions.Ready {
					all = append(all, fmt.Sprintf("%s:%d", endpoint.Addresses[0], *its.Port))
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ready are the addresses of a Service's port that get traffic.
func (p *proxy) ready(service, port string) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readyAt(service, port)
}

// check judges all that is published by the tasks as they are.
func (p *proxy) check() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, slice := range p.slices {
		for _, endpoint := range slice.Endpoints {
			if !*endpoint.Conditions.Ready {
				continue
			}
			task := &v1alpha1.MesosTask{}
			if err := p.kept.Get(context.Background(), client.ObjectKey{Namespace: slice.Namespace, Name: endpoint.TargetRef.Name}, task); err != nil {
				p.Errorf("%s is published, and gone: %v", endpoint.TargetRef.Name, err)
				continue
			}
			ready, attempt := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady), task.Status.Task
			reachable := !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable)
			switch {
			case task.UID != endpoint.TargetRef.UID || attempt == nil || task.DeletionTimestamp != nil,
				reachable && (ready.Status != metav1.ConditionTrue || ready.Reason != v1alpha1.ReasonRunning):
				p.Errorf("%s is published and not ready: %+v", task.Name, ready)
			case p.addressOf(attempt.AgentID) != endpoint.Addresses[0] || attempt.Ports[0].HostPort != *slice.Ports[0].Port:
				p.Errorf("%s is published at %s:%d, and is not there", task.Name, endpoint.Addresses[0], *slice.Ports[0].Port)
			}
		}
	}
}

// addressOf is where an agent is.
func (p *proxy) addressOf(agentID string) string {
	for number, agent := range p.mesos.Agents() {
		if agent.ID() == agentID {
			return fmt.Sprintf("10.0.0.%d", number+1)
		}
	}
	return ""
}

// set creates a MesosTaskSet with a Service, and returns it.
func (v *virtual) set(name, more string) *v1alpha1.MesosTaskSet {
	v.Helper()
	set := &v1alpha1.MesosTaskSet{}
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTaskSet, metadata: {name: %s, namespace: %s}, spec: {%s, service: {ports: [{name: http, port: 80, taskPort: main}]}, template: {spec: {
		frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, shell: x, ports: [{name: main}]}}}}`, name, v.namespace, more, v.namespace), set)
	return set
}

// taskOf creates a MesosTask of a set, as the set would.
func (v *virtual) taskOf(set *v1alpha1.MesosTaskSet, name string) {
	v.Helper()
	task := &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: v.namespace, Name: name, Labels: map[string]string{v1alpha1.LabelSet: set.Name},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, v1alpha1.GroupVersion.WithKind("MesosTaskSet"))},
		},
		Spec: set.Spec.Template.Spec,
	}
	if err := v.client.Create(context.Background(), task); err != nil {
		v.Fatal(err)
	}
}

// published is what condition ServicePublished of a set says: its status and its reason.
func (v *virtual) published(name string) string {
	v.Helper()
	set := &v1alpha1.MesosTaskSet{}
	if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, set); err != nil {
		v.Fatal(err)
	}
	condition := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionServicePublished)
	if condition == nil {
		return ""
	}
	return string(condition.Status) + " " + condition.Reason
}

// TestService_follows: a set's Service leads to its tasks as they come, go, move and are replaced, and to nothing else.
func TestService_follows(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		v.framework("")
		v.start()
		set := v.set("web", "replicas: 2")
		v.pass(time.Second)
		if got := p.ready("web", "http"); len(got) != 0 || v.published("web") != "True Published" {
			t.Errorf("without tasks: %v, %s", got, v.published("web"))
		}
		v.taskOf(set, "web-0123456789-0")
		v.taskOf(set, "web-0123456789-1")
		v.pass(time.Minute)
		service := &corev1.Service{}
		if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: "web"}, service); err != nil {
			t.Fatal(err)
		}
		if port := service.Spec.Ports[0]; port.Port != 80 || port.Name != "http" || service.Spec.Selector != nil || !metav1.IsControlledBy(service, set) {
			t.Errorf("the Service is %+v of %v", service.Spec, service.OwnerReferences)
		}
		if got := p.ready("web", "http"); len(got) != 2 {
			t.Errorf("two tasks run: %v", got)
		}
	})
}
