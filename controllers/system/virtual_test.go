package system

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/mesoscrontask"
	"github.com/mesos-operator/mesos-operator/controllers/mesosframework"
	"github.com/mesos-operator/mesos-operator/controllers/mesostask"
	"github.com/mesos-operator/mesos-operator/controllers/mesostaskset"
	"github.com/mesos-operator/mesos-operator/controllers/services"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// virtual is a world in virtual time: the real API server, the real controllers and the simulated Mesos. Time stands still while a request is
// on its way to the API server and jumps ahead when nobody has anything to do, so that ten minutes pass in no time. There is no watch, as one
// that is waited for would keep time from passing: whatever is written brings its key back instead, and the cache up to date.
type virtual struct {
	*testing.T
	namespace string
	mesos     *simulator.Cluster
	client    client.Client
	// kept is what processes read by, and write; cache is what the one that is started does instead, nil for nothing. Live reads and the test's own
	// are by client.
	kept  *kept
	cache client.Client
	// noServices says that processes may not write Services.
	noServices bool
	// noSets says that processes leave sets alone, for a test that makes their MesosTasks itself.
	noSets bool
	// watch is given each outward step of the process that runs; nil: nothing is.
	watch func(step leadership.Step, send func() error) error
	// told is told of each Event; nil: nobody is.
	told func(regarding runtime.Object, kind, reason, note string)
	// admission changes MesosTasks as they are created, or patched, as a webhook does; nil: nothing does.
	admission func(task *v1alpha1.MesosTask, created bool)
	// quit ends what else runs.
	quit []func()
	// asked counts what was asked of the API server.
	asked *asked

	mu sync.Mutex
	// wrote are told of each write, and whether the object is as the API server answered. See onWrites.
	wrote []func(object client.Object, answered bool)
	// running is the process that runs; nil while none does.
	running *process
}

// process is one process of the operator.
type process struct {
	connections *connections.Connections
	// sets and crons bring sets and cron tasks back.
	sets, crons feed
	cancel      context.CancelFunc
	ended       sync.WaitGroup
}

// heard is a recorder that tells a test of Events, where it wants to hear of them.
type heard struct{ *virtual }

// Eventf implements events.EventRecorder.
func (h heard) Eventf(regarding, _ runtime.Object, kind, reason, _, note string, arguments ...any) {
	if h.told != nil {
		h.told(regarding, kind, reason, fmt.Sprintf(note, arguments...))
	}
}

// telling is a client that brings keys back after each write, as a watch would.
type telling struct {
	client.Client
	// tell says that an object was written; answered, that it is as the API server answered.
	tell func(object client.Object, answered bool)
	// admit is what admission makes of an object.
	admit func(object client.Object, created bool) (changed bool)
}

func (c telling) Create(ctx context.Context, object client.Object, options ...client.CreateOption) error {
	c.admit(object, true)
	err := c.Client.Create(ctx, object, options...)
	c.tell(object, err == nil)
	return err
}

func (c telling) Delete(ctx context.Context, object client.Object, options ...client.DeleteOption) error {
	err := c.Client.Delete(ctx, object, options...)
	c.tell(object, false)
	return err
}

func (c telling) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	err := c.Client.Patch(ctx, object, patch, options...)
	if err == nil && c.admit(object, false) {
		err = c.Update(ctx, object)
	}
	c.tell(object, err == nil)
	return err
}

// List has no index to go by.
func (c telling) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	tasks, ok := list.(*v1alpha1.MesosTaskList)
	selected := &client.ListOptions{}
	for _, option := range options {
		option.ApplyToList(selected)
	}
	if !ok || selected.FieldSelector == nil {
		return c.Client.List(ctx, list, options...)
	}
	name, _ := selected.FieldSelector.RequiresExactMatch("spec.frameworkRef.name")
	if err := c.Client.List(ctx, list); err != nil {
		return err
	}
	var found []v1alpha1.MesosTask
	for _, task := range tasks.Items {
		if task.Spec.FrameworkRef.Name == name {
			found = append(found, task)
		}
	}
	tasks.Items = found
	return nil
}

func (c telling) Status() client.SubResourceWriter {
	return tellingStatus{c.Client.Status(), c.tell}
}

type tellingStatus struct {
	client.SubResourceWriter
	tell func(object client.Object, answered bool)
}

func (s tellingStatus) Update(ctx context.Context, object client.Object, options ...client.SubResourceUpdateOption) error {
	err := s.SubResourceWriter.Update(ctx, object, options...)
	s.tell(object, err == nil)
	return err
}

func (s tellingStatus) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	err := s.SubResourceWriter.Patch(ctx, object, patch, options...)
	s.tell(object, err == nil)
	return err
}

// inVirtualTime runs a test in a bubble of virtual time that begins now, beside others.
func inVirtualTime(t *testing.T, flags simulator.Flags, runner simulator.Runner, test func(v *virtual)) {
	t.Helper()
	t.Parallel()
	endIfItHangs(t)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "virtual-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeTasks(t, admin, namespace.Name) })
	now := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		v := &virtual{T: t, namespace: namespace.Name, asked: &asked{byWhat: map[string]int{}}}
		v.mesos = simulator.New(simulator.Options{Flags: flags})
		defer v.mesos.Close()
		for number := range 2 {
			v.mesos.AddAgent(simulator.AgentSpec{IP: fmt.Sprintf("10.0.0.%d", number+1), CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}}, Runner: runner})
		}
		direct := v.newClient()
		v.client = telling{direct, v.tell, v.admit}
		v.kept = keep(telling{direct, v.tell, v.admit})
		defer v.removeFramework()
		defer v.stop()
		defer func() {
			for _, quit := range v.quit {
				quit()
			}
		}()
		test(v)
	})
}

// newClient reaches the API server from outside of the bubble.
func (v *virtual) newClient() client.Client {
	v.Helper()
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(v1alpha1.GroupVersion.WithKind("MesosTask"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Secret"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	mapper.Add(v1alpha1.GroupVersion.WithKind("MesosTaskSet"), meta.RESTScopeNamespace)
	mapper.Add(v1alpha1.GroupVersion.WithKind("MesosCronTask"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("ResourceQuota"), meta.RESTScopeNamespace)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Service"), meta.RESTScopeNamespace)
	mapper.Add(discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"), meta.RESTScopeNamespace)
	mapper.Add(appsv1.SchemeGroupVersion.WithKind("ControllerRevision"), meta.RESTScopeNamespace)
	mapper.Add(v1alpha1.GroupVersion.WithKind("MesosFramework"), meta.RESTScopeRoot)
	reach := &rest.Config{Host: env.Config.Host, QPS: -1}
	plain, err := client.New(reach, client.Options{Scheme: scheme, Mapper: mapper, HTTPClient: &http.Client{Transport: v.asked}})
	if err != nil {
		v.Fatal(err)
	}
	return plain
}

// admit has admission change a MesosTask, and says whether it did.
func (v *virtual) admit(object client.Object, created bool) (changed bool) {
	task, ok := object.(*v1alpha1.MesosTask)
	if !ok || v.admission == nil {
		return false
	}
	before := task.Spec.DeepCopy()
	v.admission(task, created)
	return !equality.Semantic.DeepEqual(*before, task.Spec)
}

// onWrites makes wrote be told of each write from now on, as who was before; nil: nobody is.
func (v *virtual) onWrites(wrote func(object client.Object, answered bool)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if wrote == nil {
		v.wrote = nil
		return
	}
	v.wrote = append(slices.Clip(v.wrote), wrote)
}

// tell brings the keys of what was written back.
func (v *virtual) tell(object client.Object, answered bool) {
	// Who deletes an object need not know more than its name.
	object = v.kept.known(object)
	before := v.kept.stored(object)
	bring := v.kept.refresh
	if answered {
		bring = v.kept.put
	}
	if err := bring(object); err != nil {
		v.Error(err)
	}
	v.mu.Lock()
	running, wrote := v.running, v.wrote
	v.mu.Unlock()
	for _, one := range wrote {
		one(object, answered)
	}
	if running == nil {
		return
	}
	for _, set := range setsToTell(object) {
		running.connections.EnqueueService(set)
	}
	switch object := object.(type) {
	case *v1alpha1.MesosTask:
		running.connections.EnqueueTask(client.ObjectKeyFromObject(object))
		running.connections.EnqueueFramework(object.Spec.FrameworkRef.Name)
		for _, set := range mesostaskset.IndexBySet(object) {
			running.sets.add(client.ObjectKey{Namespace: object.Namespace, Name: set})
		}
		for _, cron := range mesoscrontask.IndexByCron(object) {
			running.crons.add(client.ObjectKey{Namespace: object.Namespace, Name: cron})
		}
	case *v1alpha1.MesosFramework:
		running.connections.EnqueueFramework(object.Name)
		after := v.kept.stored(object)
		if before == nil || after == nil || mesostask.FrameworkChanged.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) {
			v.tellTasks(running)
		}
		v.tellSets(running)
		v.tellCrons(running)
	case *v1alpha1.MesosTaskSet:
		running.sets.add(client.ObjectKeyFromObject(object))
	case *v1alpha1.MesosCronTask:
		running.crons.add(client.ObjectKeyFromObject(object))
	case *appsv1.ControllerRevision:
		running.sets.add(client.ObjectKey{Namespace: object.Namespace, Name: object.Labels[v1alpha1.LabelSet]})
	}
}

// tellSets brings all sets back.
func (v *virtual) tellSets(running *process) {
	sets := &v1alpha1.MesosTaskSetList{}
	if err := v.kept.List(context.Background(), sets); err != nil {
		v.Error(err)
	}
	for _, set := range sets.Items {
		if set.Namespace == v.namespace {
			running.sets.add(client.ObjectKeyFromObject(&set))
			running.connections.EnqueueService(client.ObjectKeyFromObject(&set))
		}
	}
}

// tellCrons brings all cron tasks back.
func (v *virtual) tellCrons(running *process) {
	crons := &v1alpha1.MesosCronTaskList{}
	if err := v.kept.List(context.Background(), crons); err != nil {
		v.Error(err)
	}
	for _, cron := range crons.Items {
		if cron.Namespace == v.namespace {
			running.crons.add(client.ObjectKeyFromObject(&cron))
		}
	}
}

// feed brings keys to a controller that only its watches would.
type feed struct {
	// idle says that nothing is brought.
	idle  bool
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// start is a source.Func.
func (f *feed) start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = queue
	return nil
}

func (f *feed) add(key client.ObjectKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queue != nil && !f.idle {
		f.queue.Add(reconcile.Request{NamespacedName: key})
	}
}

// tellTasks brings all tasks back.
func (v *virtual) tellTasks(running *process) {
	tasks := &v1alpha1.MesosTaskList{}
	if err := v.kept.List(context.Background(), tasks, client.InNamespace(v.namespace)); err != nil {
		v.Error(err)
	}
	for _, task := range tasks.Items {
		running.connections.EnqueueTask(client.ObjectKeyFromObject(&task))
	}
}

// start starts a process of the operator.
func (v *virtual) start() {
	v.Helper()
	gate, bubble := leadership.NewGate(nil, v.watch), clock.RealClock{}
	owner := connections.New(connections.Options{DialContext: v.mesos.DialContext, Gate: gate, Clock: bubble, Logger: logr.Discard()})
	recorder := events.NewRecorder(heard{v})
	name := "mesos.dev/" + v.namespace
	if err := v.kept.fill(); err != nil {
		v.Fatal(err)
	}
	var cache client.Client = v.kept
	if v.cache != nil {
		cache = v.cache
	}
	frameworks := &mesosframework.Reconciler{
		Client: cache, Live: v.client, Connections: owner, Gate: gate, Clock: bubble, ControllerName: name, Recorder: recorder,
	}
	tasks := &mesostask.Reconciler{
		Client: cache, Live: v.client, Connections: owner, Gate: gate, Clock: bubble, ControllerName: name, Recorder: recorder,
	}
	ctx, cancel := context.WithCancel(context.Background())
	running := &process{connections: owner, cancel: cancel}
	options := controller.Options{SkipNameValidation: new(true), MaxConcurrentReconciles: 4}
	for _, one := range []struct {
		name   string
		feed   func(controller.Controller) error
		source func() controller.Options
	}{
		{"mesosframework", func(c controller.Controller) error { return c.Watch(owner.FrameworkSource()) }, func() controller.Options {
			options.Reconciler = frameworks
			return options
		}},
		{"mesostask", func(c controller.Controller) error { return c.Watch(owner.TaskSource()) }, func() controller.Options {
			options.Reconciler = tasks
			return options
		}},
		{"services", func(c controller.Controller) error { return c.Watch(owner.ServiceSource()) }, func() controller.Options {
			options.Reconciler = &services.Reconciler{
				Client: cache, Live: v.client, Connections: owner, Gate: gate, Clock: bubble, ControllerName: name, Recorder: recorder, Forbidden: v.noServices,
			}
			return options
		}},
		{"mesoscrontask", func(c controller.Controller) error { return c.Watch(source.Func(running.crons.start)) }, func() controller.Options {
			options.Reconciler = &mesoscrontask.Reconciler{
				Client: cache, Live: v.client, Connections: owner, Gate: gate, Clock: bubble, ControllerName: name, Recorder: recorder,
			}
			return options
		}},
		{"mesostaskset", func(c controller.Controller) error { return c.Watch(source.Func(running.sets.start)) }, func() controller.Options {
			options.Reconciler = &mesostaskset.Reconciler{
				Client: cache, Live: v.client, Connections: owner, Gate: gate, Clock: bubble, ControllerName: name, Recorder: recorder,
			}
			return options
		}},
	} {
		made, err := controller.NewUnmanaged(one.name, one.source())
		if err != nil {
			v.Fatal(err)
		}
		if err := one.feed(made); err != nil {
			v.Fatal(err)
		}
		running.ended.Go(func() {
			if err := made.Start(ctx); err != nil {
				v.Error(err)
			}
		})
	}
	running.ended.Go(func() {
		if err := owner.Start(ctx); err != nil {
			v.Error(err)
		}
	})
	running.sets.idle = v.noSets
	v.mu.Lock()
	v.running = running
	v.mu.Unlock()
	owner.EnqueueFramework(v.namespace)
	v.tellTasks(running)
	v.tellSets(running)
	v.tellCrons(running)
}

// stop ends the process that runs.
func (v *virtual) stop() {
	v.mu.Lock()
	running := v.running
	v.running = nil
	v.mu.Unlock()
	if running != nil {
		running.cancel()
		running.ended.Wait()
	}
}

// pass lets time pass.
func (v *virtual) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// create creates an object from a manifest.
func (v *virtual) create(manifest string, into client.Object) {
	v.Helper()
	if err := yaml.UnmarshalStrict([]byte(manifest), into); err != nil {
		v.Fatalf("%v in\n%s", err, manifest)
	}
	if err := v.client.Create(context.Background(), into); err != nil {
		v.Fatal(err)
	}
}

// framework creates the test's MesosFramework.
func (v *virtual) framework(spec string) {
	v.Helper()
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s}, spec: {controllerName: mesos.dev/%s, masters: {urls: [%q]}, %s}}`,
		v.namespace, v.namespace, v.mesos.Masters()[0].URL(), spec), &v1alpha1.MesosFramework{})
}

// removeFramework takes the test's MesosFramework away.
func (v *virtual) removeFramework() { v.removeNamed(v.namespace) }

// removeNamed takes a MesosFramework away.
func (v *virtual) removeNamed(name string) {
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := v.client.Patch(context.Background(), framework, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))); client.IgnoreNotFound(err) != nil {
		v.Error(err)
	}
	if err := v.client.Delete(context.Background(), framework); client.IgnoreNotFound(err) != nil {
		v.Error(err)
	}
}

// task creates a MesosTask.
func (v *virtual) task(name, spec string) {
	v.Helper()
	v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s}, spec: {frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, %s}}`,
		name, v.namespace, v.namespace, spec), &v1alpha1.MesosTask{})
}

// patch changes a MesosTask by a merge patch.
func (v *virtual) patch(name, patch string) {
	v.Helper()
	data, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		v.Fatal(err)
	}
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}
	if err := v.client.Patch(context.Background(), task, client.RawPatch("application/merge-patch+json", data)); err != nil {
		v.Fatal(err)
	}
}

// get is a MesosTask as it is now.
func (v *virtual) get(name string) *v1alpha1.MesosTask {
	v.Helper()
	task := &v1alpha1.MesosTask{}
	if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, task); err != nil {
		v.Fatal(err)
	}
	return task
}

// exists says whether a MesosTask exists.
func (v *virtual) exists(name string) bool {
	v.Helper()
	err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, &v1alpha1.MesosTask{})
	if err != nil && !apierrors.IsNotFound(err) {
		v.Fatal(err)
	}
	return err == nil
}

// delete deletes a MesosTask.
func (v *virtual) delete(name string) {
	v.Helper()
	if err := v.client.Delete(context.Background(), &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}); err != nil {
		v.Fatal(err)
	}
}

// reason is the reason of condition Ready of a MesosTask.
func (v *virtual) reason(name string) string {
	v.Helper()
	if ready := meta.FindStatusCondition(v.get(name).Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}
