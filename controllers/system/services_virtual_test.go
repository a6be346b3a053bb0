package system

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// proxy reads slices as kube-proxy does, and watches that none leads to a task that is not ready where it says.
type proxy struct {
	*virtual
	mu     sync.Mutex
	slices map[types.UID]*discoveryv1.EndpointSlice
	// tasks are the MesosTasks, by name.
	tasks map[string]*v1alpha1.MesosTask
	// fewest is how many endpoints were ready at least, after any write, since it was asked to watch that.
	fewest, writes int
	// then is done once the task is ready that is awaited; nil for nothing.
	then    func()
	awaited string
}

// newProxy starts one. It looks every ten milliseconds, three after everybody else: nothing can be under way then, as time stands still as long as
// a request is.
func newProxy(v *virtual) *proxy {
	p := &proxy{virtual: v, slices: map[types.UID]*discoveryv1.EndpointSlice{}, tasks: map[string]*v1alpha1.MesosTask{}}
	v.noSets = true
	v.onWrites(p.note)
	ctx, cancel := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	ended.Go(func() {
		time.Sleep(3 * time.Millisecond)
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

func (p *proxy) note(object client.Object, there bool) {
	if task, ok := object.(*v1alpha1.MesosTask); ok {
		p.taskWritten(task, there)
	}
	slice, ok := object.(*discoveryv1.EndpointSlice)
	if !ok {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes++
	if there {
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
			task := p.tasks[endpoint.TargetRef.Name]
			if task == nil {
				p.Errorf("%s is published, and gone", endpoint.TargetRef.Name)
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

// set creates a MesosTaskSet with a Service, with more of its spec and of its template's, and returns it.
func (v *virtual) set(name, more, template string) *v1alpha1.MesosTaskSet {
	v.Helper()
	set := &v1alpha1.MesosTaskSet{}
	if !strings.Contains(template, "ports:") {
		template = "ports: [{name: main}], " + template
	}
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTaskSet, metadata: {name: %s, namespace: %s}, spec: {%s, service: {ports: [{name: http, port: 80, taskPort: main}]}, template: {spec: {
		frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, shell: x, %s}}}}`, name, v.namespace, more, v.namespace, template), set)
	return set
}

// taskOf creates a MesosTask of a set, as the set would.
func (v *virtual) taskOf(set *v1alpha1.MesosTaskSet, name string) {
	v.Helper()
	task := &v1alpha1.MesosTask{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: set.Namespace, Name: name, Labels: map[string]string{v1alpha1.LabelSet: set.Name},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(set, v1alpha1.GroupVersion.WithKind("MesosTaskSet"))},
		},
		Spec: set.Spec.Template.Spec,
	}
	if err := v.client.Create(context.Background(), task); err != nil {
		v.Fatal(err)
	}
}

// taskFor creates a MesosTask as a set would, except that nothing controls it and that it bears another label; none for an empty one.
func (v *virtual) taskFor(set *v1alpha1.MesosTaskSet, name, label string) {
	v.Helper()
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Namespace: set.Namespace, Name: name}, Spec: set.Spec.Template.Spec}
	if label != "" {
		task.Labels = map[string]string{v1alpha1.LabelSet: label}
	}
	if err := v.client.Create(context.Background(), task); err != nil {
		v.Fatal(err)
	}
}

// published is what condition ServicePublished of a set says: its status and its reason.
func (v *virtual) published(name string) string {
	v.Helper()
	set := v.getSet(name)
	condition := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionServicePublished)
	if condition == nil {
		return ""
	}
	return string(condition.Status) + " " + condition.Reason
}

// service is the Service of a name; nil where there is none.
func (v *virtual) service(name string) *corev1.Service {
	v.Helper()
	service := &corev1.Service{}
	if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, service); err != nil {
		if !apierrors.IsNotFound(err) {
			v.Fatal(err)
		}
		return nil
	}
	return service
}

// terminating are the names of the tasks that are published as being killed.
func (p *proxy) terminating() (names []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, slice := range p.slices {
		for _, endpoint := range slice.Endpoints {
			if *endpoint.Conditions.Terminating {
				names = append(names, endpoint.TargetRef.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// written is how many writes of slices there were so far.
func (p *proxy) written() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writes
}

// watchFewest begins to count how many endpoints are ready at least.
func (p *proxy) watchFewest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fewest = len(p.readyAt("web", "http"))
}

// members are the names of three tasks of set web.
var members = []string{"web-0123456789-0", "web-0123456789-1", "web-0123456789-2"}

// expect checks where a Service leads to: so many tasks, each where its status says.
func (p *proxy) expect(sentence string, tasks ...string) {
	p.Helper()
	var want []string
	for _, name := range tasks {
		attempt := p.get(name).Status.Task
		want = append(want, fmt.Sprintf("%s:%d", p.addressOf(attempt.AgentID), attempt.Ports[0].HostPort))
	}
	slices.Sort(want)
	if got := p.ready("web", "http"); !slices.Equal(got, want) {
		p.Errorf("%s: the Service leads to %v, want %v", sentence, got, want)
	}
}

// TestService_follows: a set's Service leads to its tasks as they come, go, are restarted and fall ill, and to nothing else, by which process ever.
func TestService_follows(t *testing.T) {
	var ill atomic.Bool
	runner := simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = 3 * time.Second
		script.Probe = func(simulator.Probe) simulator.Found {
			if ill.Load() && strings.HasPrefix(task.Name, members[1]) {
				return status(500)
			}
			return status(200)
		}
		return script
	}}
	inVirtualTime(t, simulator.Flags{}, runner, func(v *virtual) {
		p := newProxy(v)
		v.framework("")
		v.start()
		set := v.set("web", "replicas: 2", "readinessCheck: {http: {port: main}, intervalSeconds: 1}, killGracePeriodSeconds: 10")
		v.pass(time.Second)
		p.expect("without tasks")
		if got := v.published("web"); got != "True Published" {
			t.Errorf("without tasks it says %q", got)
		}
		v.taskOf(set, members[0])
		v.taskOf(set, members[1])
		v.pass(time.Minute)
		p.expect("two tasks", members[:2]...)
		service := v.service("web")
		if port := service.Spec.Ports[0]; port.Port != 80 || port.Name != "http" || service.Spec.Selector != nil || !metav1.IsControlledBy(service, set) {
			t.Errorf("the Service is %+v of %v", service.Spec, service.OwnerReferences)
		}

		ill.Store(true)
		v.pass(20 * time.Second)
		p.expect("one is not ready", members[0])
		ill.Store(false)
		v.pass(20 * time.Second)
		p.expect("it is again", members[:2]...)

		v.patch(members[0], `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
		v.pass(time.Second)
		p.expect("one is restarted", members[1])
		if got := p.terminating(); !slices.Equal(got, members[:1]) {
			t.Errorf("one is being killed, and published as that: %v", got)
		}
		v.pass(time.Minute)
		p.expect("it has been", members[:2]...)

		v.delete(members[0])
		v.pass(time.Second)
		p.expect("one is deleted", members[1])
		v.pass(time.Minute)
		if got := p.terminating(); len(got) != 0 {
			t.Errorf("what is gone is published: %v", got)
		}

		before := p.written()
		v.stop()
		v.pass(time.Minute)
		v.start()
		v.pass(time.Minute)
		if p.expect("another process", members[1]); p.written() != before {
			t.Errorf("another process wrote %d times", p.written()-before)
		}

		v.patchSet("web", `spec: {service: {ports: [{name: http, port: 8080, taskPort: main}, {name: other, port: 81, taskPort: main}]}}`)
		v.pass(time.Second)
		if got := v.service("web").Spec.Ports; len(got) != 2 || got[0].Port != 8080 || !slices.Equal(p.ready("web", "other"), p.ready("web", "http")) {
			t.Errorf("with another port: %+v, %v", got, p.ready("web", "other"))
		}
		p.expect("with another port", members[1])
		v.patchSet("web", `spec: {service: null}`)
		v.pass(time.Second)
		if p.expect("without a Service"); v.service("web") != nil || v.published("web") != "" {
			t.Errorf("without a Service there is %v, and it says %q", v.service("web"), v.published("web"))
		}
	})
}

// TestService_rolls: as long as a task is deleted only once its successor is ready, no moment is without an endpoint that is ready, not even between two
// writes, whether all share a slice or each has its own.
func TestService_rolls(t *testing.T) {
	for name, ports := range map[string]string{"one port for all": "[{name: main, hostPort: 31005}]", "ports from offers": "[{name: main}]"} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
				p := newProxy(v)
				v.framework("")
				v.start()
				set := v.set("web", "replicas: 1", "")
				v.patchSet("web", "spec: {template: {spec: {ports: "+ports+"}}}")
				set.Spec.Template.Spec = v.getSet("web").Spec.Template.Spec
				v.taskOf(set, "web-0123456789-0")
				v.pass(time.Minute)
				p.expect("the first", "web-0123456789-0")
				p.watchFewest()
				for number := range 5 {
					old, next := fmt.Sprintf("web-0123456789-%d", number), fmt.Sprintf("web-0123456789-%d", number+1)
					// In the very moment in which its successor is ready.
					p.whenReady(next, func() { v.delete(old) })
					v.taskOf(set, next)
					v.pass(time.Minute)
					p.expect("its successor", next)
				}
				if p.fewest < 1 || p.written() < 10 {
					t.Errorf("of %d writes one left %d endpoints that are ready", p.written(), p.fewest)
				}
			})
		})
	}
}

// TestService_manyAtOnce: a hundred tasks that become ready within a second are a few writes of slices, though each becomes ready for itself; one that is no
// longer ready waits for none.
func TestService_manyAtOnce(t *testing.T) {
	const tasks = 100
	var number atomic.Int32
	runner := simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.Steps[0].After = 5*time.Second + time.Duration(number.Add(1)%tasks)*10*time.Millisecond
		return script
	}}
	inVirtualTime(t, simulator.Flags{}, runner, func(v *virtual) {
		for agent := range tasks {
			v.mesos.AddAgent(simulator.AgentSpec{IP: fmt.Sprintf("10.0.0.%d", agent+3), CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}}, Runner: runner})
		}
		p := newProxy(v)
		v.framework("")
		v.start()
		set := v.set("web", fmt.Sprintf("replicas: %d", tasks), "ports: [{name: main, hostPort: 31005}]")
		for index := range tasks {
			v.taskOf(set, fmt.Sprintf("web-0123456789-%d", index))
		}
		v.pass(time.Minute)
		if got := len(p.ready("web", "http")); got != tasks {
			t.Fatalf("%d are published", got)
		}
		if got := p.written(); got > 6 {
			t.Errorf("%d writes of slices for %d tasks", got, tasks)
		} else {
			t.Logf("%d writes of slices for %d tasks", got, tasks)
		}
		v.delete("web-0123456789-0")
		v.pass(20 * time.Millisecond)
		if got := len(p.ready("web", "http")); got != tasks-1 {
			t.Errorf("one is being killed, and %d are published", got)
		}
		// What follows has no fault to recover from, and thousands of tasks that look at the clock.
		v.stop()
	})
}

// TestService_partition: while Mesos cannot tell how any task is, half of them stay published at least (all, where all become so at once), as they may well
// serve; those that are replaced elsewhere do not.
func TestService_partition(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		v.framework("")
		v.start()
		set := v.set("web", "replicas: 2", "")
		for _, name := range members[:2] {
			v.taskOf(set, name)
		}
		v.pass(time.Minute)
		p.expect("two tasks", members[:2]...)
		p.watchFewest()
		for _, agent := range v.mesos.Agents() {
			agent.Partition()
		}
		v.pass(20 * time.Minute)
		for _, name := range members[:2] {
			if got := v.reason(name); got != v1alpha1.ReasonAgentUnreachable {
				t.Fatalf("%s is %s", name, got)
			}
		}
		left := p.ready("web", "http")
		if len(left) == 0 {
			t.Error("all agents are cut off, and the Service leads nowhere")
		}
		v.stop()
		v.start()
		v.pass(time.Minute)
		if got := p.ready("web", "http"); !slices.Equal(got, left) {
			t.Errorf("another process serves, and the Service leads to %v, where it led to %v", got, left)
		}
		for _, agent := range v.mesos.Agents() {
			agent.Heal()
		}
		v.pass(5 * time.Minute)
		p.expect("they are back", members[:2]...)
		if p.fewest < 1 {
			t.Errorf("in between %d were published", p.fewest)
		}

		// One agent is lost, and others take the place of what ran there.
		lost := v.get(members[0]).Status.Task.AgentID
		for _, agent := range v.mesos.Agents() {
			if agent.ID() == lost {
				agent.Partition()
			}
		}
		for _, name := range members[:2] {
			v.patch(name, "spec: {unreachable: {replaceAfterSeconds: 60}}")
		}
		v.pass(10 * time.Minute)
		p.expect("what was lost runs elsewhere", members[:2]...)
		if v.get(members[0]).Status.Task.AgentID == lost {
			t.Error("it was not replaced")
		}
	})
}

// TestService_foreign: a Service of the set's name that is not the set's is left as it is, and leads to no task of the set; nor does a slice of the name
// of one of the set's become it.
func TestService_foreign(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		foreign := &corev1.Service{}
		v.create(fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: %s}, spec: {ports: [{name: http, port: 443}]}}`, v.namespace), foreign)
		taken := &discoveryv1.EndpointSlice{}
		v.create(fmt.Sprintf(`{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-0, namespace: %s}, addressType: IPv4, endpoints: []}`, v.namespace), taken)
		v.framework("")
		v.start()
		set := v.set("web", "replicas: 1", "")
		v.taskOf(set, members[0])
		v.pass(time.Minute)
		if got := v.published("web"); got != "False ServiceNotOwned" || len(p.ready("web", "http")) != 0 {
			t.Errorf("it says %q and publishes %v", got, p.ready("web", "http"))
		}
		v.patchSet("web", `spec: {service: {ports: [{name: http, port: 80, taskPort: main}, {name: b, port: 81, taskPort: main}]}}`)
		v.pass(10 * time.Minute)
		if now := v.service("web"); now.ResourceVersion != foreign.ResourceVersion {
			t.Errorf("the Service of somebody else was changed: %+v", now)
		}
		if err := v.client.Delete(context.Background(), foreign); err != nil {
			t.Fatal(err)
		}
		v.pass(2 * time.Minute)
		if got := v.published("web"); got != "False ServiceRefused" || v.service("web") == nil {
			t.Errorf("a slice has the name: %q", got)
		}
		if err := v.client.Delete(context.Background(), taken); err != nil {
			t.Fatal(err)
		}
		v.pass(2 * time.Minute)
		p.expect("nothing is in the way", members[0])
		if got := v.published("web"); got != "True Published" {
			t.Errorf("nothing is in the way: %q", got)
		}

		// A person takes the set's away, and puts one of his own there, while nobody looks.
		v.stop()
		if err := v.client.Delete(context.Background(), v.service("web")); err != nil {
			t.Fatal(err)
		}
		v.create(fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: %s}, spec: {ports: [{name: http, port: 443}]}}`, v.namespace), &corev1.Service{})
		v.start()
		v.pass(time.Minute)
		if p.expect("it is another's again"); v.published("web") != "False ServiceNotOwned" {
			t.Errorf("it is another's again: %q", v.published("web"))
		}
	})
}

// TestService_sliceElsewhere: a slice that a person gave to another Service is left to him. The set says that its name is taken, and does not try all the time.
func TestService_sliceElsewhere(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		var tried atomic.Int32
		v.watch = func(step leadership.Step, send func() error) error {
			if step.Kind == leadership.StepWriteService {
				tried.Add(1)
			}
			return send()
		}
		p := newProxy(v)
		v.framework("")
		v.start()
		v.taskOf(v.set("web", "replicas: 1", ""), members[0])
		v.pass(time.Minute)
		p.expect("one task", members[0])
		give := func(service string) {
			slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: v.namespace, Name: "web-0"}}
			if err := v.client.Patch(context.Background(), slice, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"kubernetes.io/service-name":"`+service+`"}}}`))); err != nil {
				t.Fatal(err)
			}
		}
		before := tried.Load()
		give("canary")
		v.pass(10 * time.Minute)
		if writes := tried.Load() - before; writes > 15 || v.published("web") != "False ServiceRefused" {
			t.Errorf("in ten minutes %d writes were tried, and it says %q", writes, v.published("web"))
		}
		give("web")
		v.pass(2 * time.Minute)
		if p.expect("it is the set's again", members[0]); v.published("web") != "True Published" {
			t.Errorf("it is the set's again: %q", v.published("web"))
		}
	})
}

// TestService_tenancy: what bears a set's label in another namespace, or is another's in its own, is not published; nor is what only bears its label, or only
// a name like those of its tasks. What has both and no controller, as --cascade=orphan leaves it, is.
func TestService_tenancy(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		v.framework("")
		v.start()
		set := v.set("web", "replicas: 1", "")
		v.taskOf(set, members[0])
		other := set.DeepCopy()
		other.UID = "another"
		v.taskOf(other, members[1])
		strange := set.DeepCopy()
		strange.Namespace = metav1.NamespaceDefault
		v.taskOf(strange, v.namespace)
		defer func() {
			if err := v.client.Delete(context.Background(), &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: v.namespace}}); err != nil {
				t.Error(err)
			}
			v.pass(time.Minute)
		}()
		intruders := map[string]string{"intruder": "web", "web-9876543210-7": "", "web-9876543210-8": "db"}
		for name, label := range intruders {
			v.taskFor(set, name, label)
		}
		v.taskFor(set, members[2], "web")
		v.pass(time.Minute)
		for _, name := range append(slices.Collect(maps.Keys(intruders)), members...) {
			if got := v.reason(name); got != v1alpha1.ReasonRunning {
				t.Fatalf("%s is %s", name, got)
			}
		}
		p.expect("of tasks that say that they are the set's", members[0], members[2])
	})
}

// TestService_addresses: an address that is not to be published leaves its task out, with a word, until it is.
func TestService_addresses(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		v.framework(`endpoints: {cidrs: [10.0.0.1/32]}`)
		v.start()
		set := v.set("web", "replicas: 2", "ports: [{name: main, hostPort: 31001}]")
		for _, name := range members[:2] {
			v.taskOf(set, name)
		}
		v.pass(time.Minute)
		if got := p.ready("web", "http"); !slices.Equal(got, []string{"10.0.0.1:31001"}) || v.published("web") != "False TasksLeftOut" {
			t.Errorf("one agent is in the networks: %v, %q", got, v.published("web"))
		}
		change := func(cidrs string) {
			framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}
			if err := v.client.Patch(context.Background(), framework, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"endpoints":`+cidrs+`}}`))); err != nil {
				t.Fatal(err)
			}
			v.pass(time.Second)
		}
		change(`{"cidrs":["10.0.0.0/8"]}`)
		if p.expect("both are", members[:2]...); v.published("web") != "True Published" {
			t.Errorf("both agents are in the networks: %q", v.published("web"))
		}
		change(`{"cidrs":["192.0.2.0/24"]}`)
		p.expect("neither is")
		change(`null`)
		p.expect("nothing is said", members[:2]...)
	})
}

// TestService_notAllowed: without the right to write Services a set says so, and nothing is tried.
func TestService_notAllowed(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		v.noSets = true
		v.api.Forbid("services")
		var writes atomic.Int32
		v.watch = func(step leadership.Step, send func() error) error {
			err := send()
			if step.Kind == leadership.StepWriteService && err == nil {
				writes.Add(1)
			}
			return err
		}
		v.framework("")
		v.start()
		v.taskOf(v.set("web", "replicas: 1", ""), members[0])
		v.pass(time.Hour)
		if got := v.published("web"); got != "False ServicesNotAllowed" || v.reason(members[0]) != v1alpha1.ReasonRunning || v.service("web") != nil || writes.Load() != 1 {
			t.Errorf("it says %q with %d writes, and the task is %s", got, writes.Load(), v.reason(members[0]))
		}
		said := meta.FindStatusCondition(v.getSet("web").Status.Conditions, v1alpha1.ConditionServicePublished).Message
		if leftBehind := "delete endpointslices -l endpointslice.kubernetes.io/managed-by=mesostaskset.mesos.dev,kubernetes.io/service-name=web"; !strings.Contains(said, leftBehind) {
			t.Errorf("it says %q, and not how to take away what was published before", said)
		}
		v.patchSet("web", `spec: {service: null}`)
		v.pass(time.Minute)
		if got := v.published("web"); got != "" {
			t.Errorf("nothing is asked for, and it says %q", got)
		}
	})
}

// whenReady does something once a task is ready, before the write that says so returns.
func (p *proxy) whenReady(name string, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awaited, p.then = name, do
}

// taskWritten does what waits for it.
func (p *proxy) taskWritten(task *v1alpha1.MesosTask, there bool) {
	p.mu.Lock()
	if there {
		p.tasks[task.Name] = task
	} else {
		delete(p.tasks, task.Name)
	}
	then := p.then
	if p.awaited != task.Name || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) {
		then = nil
	} else {
		p.then = nil
	}
	p.mu.Unlock()
	if then != nil {
		then()
	}
}

// TestService_rollsByItsSet: all the while that a set replaces its tasks, scales and loses one, its Service leads to as many as the set keeps available.
func TestService_rollsByItsSet(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		v.noSets = false
		v.framework("")
		v.start()
		v.set("web", "replicas: 3", "")
		v.pass(time.Minute)
		v.wantSet("web", "True Available")
		p.expectSet("three tasks", 3)
		p.watchFewest()
		for round := range 3 {
			v.patchSet("web", fmt.Sprintf("spec: {template: {spec: {shell: run %d}}}", round))
			v.pass(2 * time.Minute)
			p.expectSet("replaced", 3)
		}
		v.patchSet("web", "spec: {replicas: 5}")
		v.pass(time.Minute)
		p.expectSet("scaled up", 5)
		v.patchSet("web", "spec: {replicas: 3, restartedAt: now}")
		v.pass(2 * time.Minute)
		p.expectSet("scaled down and restarted", 3)
		v.stop()
		v.patchSet("web", "spec: {restartedAt: again}")
		v.pass(time.Minute)
		v.start()
		v.pass(2 * time.Minute)
		p.expectSet("restarted by another process", 3)
		if p.fewest < 3 {
			t.Errorf("after a write %d endpoints were ready", p.fewest)
		}
		if got := v.published("web"); got != "True Published" {
			t.Errorf("the condition is gone, or says %q", got)
		}
	})
}

// TestService_anotherPort: a template with another port, to which its Service is to lead, rolls out though the tasks that run do not have it.
func TestService_anotherPort(t *testing.T) {
	for name, change := range map[string]string{
		"one more":            "service: {ports: [{name: http, port: 80, taskPort: main}, {name: admin, port: 81, taskPort: admin}]}, template: {spec: {ports: [{name: main}, {name: admin}]}}",
		"one of another name": "service: {ports: [{name: http, port: 80, taskPort: web}]}, template: {spec: {ports: [{name: web}]}}",
	} {
		for strategy, budgets := range map[string]string{"more": "{maxSurge: 1, maxUnavailable: 0}", "fewer": "{maxSurge: 0, maxUnavailable: 1}"} {
			t.Run(name+", and "+strategy+" for a while", func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
					p := newProxy(v)
					v.noSets = false
					v.framework("")
					v.start()
					v.set("web", "replicas: 3, updateStrategy: {rollingUpdate: "+budgets+"}", "")
					v.pass(time.Minute)
					v.wantSet("web", "True Available")
					v.patchSet("web", "spec: {paused: true, "+change+"}")
					v.pass(time.Minute)
					if got := v.published("web"); got != "False OlderTasksLeftOut" {
						t.Errorf("before it is rolled out it says %q", got)
					}
					v.patchSet("web", "spec: {paused: false}")
					v.pass(2 * time.Minute)
					v.wantSet("web", "True Available")
					if p.expectSet("rolled out", 3); v.published("web") != "True Published" {
						t.Errorf("it says %q", v.published("web"))
					}
				})
			})
		}
	}
}

// expectSet checks that the Service leads to all of so many tasks of set web.
func (p *proxy) expectSet(sentence string, tasks int) {
	p.Helper()
	var names []string
	for _, task := range p.tasksOfSet("web") {
		names = append(names, task.Name)
	}
	if len(names) != tasks {
		p.Errorf("%s: there are %d tasks, want %d", sentence, len(names), tasks)
	}
	p.expect(sentence, names...)
}

// TestService_leftBehind: the slices of a set that is gone, and left what it owned, lose what is no longer ready; a set of its name takes them over.
func TestService_leftBehind(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{}, func(v *virtual) {
		p := newProxy(v)
		v.framework("")
		v.start()
		set := v.set("web", "replicas: 2", "")
		for _, name := range members[:2] {
			v.taskOf(set, name)
		}
		v.pass(time.Minute)
		p.expect("two tasks", members[:2]...)
		service := v.service("web")
		v.stop()
		// As Kubernetes' garbage collector does for --cascade=orphan.
		unowned := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"ownerReferences":null}}`))
		owned := []client.Object{service, v.get(members[0]), v.get(members[1])}
		for _, slice := range p.slices {
			owned = append(owned, slice)
		}
		for _, object := range owned {
			if err := v.client.Patch(context.Background(), object.DeepCopyObject().(client.Object), unowned); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.client.Delete(context.Background(), set); err != nil {
			t.Fatal(err)
		}
		v.start()
		v.pass(time.Minute)
		p.expect("the set is gone", members[:2]...)
		v.patch(members[0], "spec: {suspend: true}")
		v.pass(time.Minute)
		p.expect("one is suspended", members[1])
		v.patch(members[0], "spec: {suspend: false}")
		v.pass(time.Minute)
		p.expect("it runs again, and nobody adds it", members[1])
		again := v.set("web", "replicas: 2", "")
		v.pass(time.Minute)
		p.expect("there is a set of the name again", members[:2]...)
		if now := v.service("web"); now.UID != service.UID || !metav1.IsControlledBy(now, again) || v.published("web") != "True Published" {
			t.Errorf("the Service is of %v, and the set says %q", now.OwnerReferences, v.published("web"))
		}
	})
}
