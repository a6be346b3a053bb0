package system

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	controllerconfig "sigs.k8s.io/controller-runtime/pkg/config"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/apilevel"
	"github.com/mesos-operator/mesos-operator/controllers/connections"
	"github.com/mesos-operator/mesos-operator/controllers/events"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/mesosframework"
	"github.com/mesos-operator/mesos-operator/controllers/mesostask"
	"github.com/mesos-operator/mesos-operator/controllers/mesostaskset"
	"github.com/mesos-operator/mesos-operator/controllers/scope"
	"github.com/mesos-operator/mesos-operator/internal/history"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var (
	env    *testenv.Env
	scheme = testenv.Scheme()
	// admin reaches the API server as an administrator.
	admin client.WithWatch
)

func TestMain(m *testing.M) {
	os.Exit(testenv.Main(m, func(started *testenv.Env) error {
		env = started
		ctrl.SetLogger(logr.Discard())
		// What else handles client-go's errors waits by a clock that all bubbles would share, each with a time of its own.
		utilruntime.ErrorHandlers = utilruntime.ErrorHandlers[:1]
		var err error
		if admin, err = client.NewWithWatch(env.Config, client.Options{Scheme: scheme}); err != nil {
			return err
		}
		return metrics.Register(registry.Registry)
	}))
}

// patience is how long a test waits for something that should happen: it ends the test, and nothing else depends on it.
const patience = 60 * time.Second

// world is one test's: a namespace, a framework of its own name, a simulated Mesos and the real manager.
type world struct {
	t      *testing.T
	client client.WithWatch
	// history is what happened; its checks must hold when the test ends. managers counts those that it has seen start.
	history   *history.History
	managers  int
	namespace string
	mesos     *simulator.Cluster
	// dial reaches Mesos; it is the simulator's unless a test says otherwise.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// beforePatch is called before the task controller patches an object, its status aside; nil: nothing is.
	beforePatch func(name string)
	// watch is given each outward step of the manager; nil: nothing is.
	watch func(step leadership.Step, send func() error) error
	// leadership is the manager's; nil for one that is alone. clock is its time.
	leadership leadership.Leadership
	clock      clock.Clock
	// scope is the namespaces that the manager watches; empty for all.
	scope scope.Namespaces
	// master is the URL for the framework; the simulator's first master's unless a test says otherwise.
	master string
	// levels are those of the CRDs; nil: the manager knows of none.
	levels *apilevel.Levels
	// logger is the manager's; the zero value writes to the test's log.
	logger logr.Logger
}

// patching is a client that tells of each patch of an object before it sends it.
type patching struct {
	client.Client
	before func(name string)
}

func (p patching) Patch(ctx context.Context, object client.Object, patch client.Patch, options ...client.PatchOption) error {
	if p.before != nil {
		p.before(object.GetName())
	}
	return p.Client.Patch(ctx, object, patch, options...)
}

// hanging is how long a test may take, whatever else the machine does.
const hanging = 10 * time.Minute

// endIfItHangs ends the process if the test hangs, and says where: go test itself would say it after half an hour, somewhere among thousands of
// goroutines.
func endIfItHangs(t *testing.T) {
	t.Helper()
	timer := time.AfterFunc(hanging, func() { panic(fmt.Sprintf("%s hangs:\n%s", t.Name(), goroutines())) })
	t.Cleanup(func() { timer.Stop() })
}

// goroutines are the stacks of those that run code of this package.
func goroutines() string {
	all := &bytes.Buffer{}
	if err := pprof.Lookup("goroutine").WriteTo(all, 2); err != nil {
		return err.Error()
	}
	ours := slices.DeleteFunc(strings.Split(all.String(), "\n\n"), func(stack string) bool { return !strings.Contains(stack, "/controllers/system") })
	return strings.Join(ours, "\n\n")
}

// worlds are the namespaces of all worlds. What is left in one without a framework is any manager's, also that of a test beside it.
var worlds sync.Map

// newWorld makes a namespace and a simulated Mesos with two agents. The test runs beside others: worlds do not touch each other.
func newWorld(t *testing.T, flags simulator.Flags, runner simulator.Runner) *world {
	t.Helper()
	t.Parallel()
	return newWorldAlone(t, flags, runner)
}

// newWorldAlone does so for a test that counts what the whole process or the API server does, and runs beside no other.
func newWorldAlone(t *testing.T, flags simulator.Flags, runner simulator.Runner) *world {
	t.Helper()
	endIfItHangs(t)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeTasks(t, admin, namespace.Name) })
	flags.OfferInterval, flags.RegistrationBackoff = 20*time.Millisecond, 10*time.Millisecond
	worlds.Store(namespace.Name, true)
	record := history.New()
	record.Elsewhere = func(other string) bool { _, ok := worlds.Load(other); return ok && other != namespace.Name }
	t.Cleanup(func() { record.Check(t) })
	mesos := simulator.New(simulator.Options{Flags: flags, Observe: record.Observe})
	t.Cleanup(mesos.Close)
	for range 2 {
		mesos.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}}, Runner: runner})
	}
	watchAll(t, record, namespace.Name)
	return &world{t: t, client: clientFor(t, record), history: record, namespace: namespace.Name, mesos: mesos, dial: mesos.DialContext, clock: clock.RealClock{}}
}

// watchAll records what becomes of the MesosTasks of a namespace, whoever writes them: kubectl, too.
func watchAll(t *testing.T, record *history.History, namespace string) {
	t.Helper()
	watcher, err := admin.Watch(context.Background(), &v1alpha1.MesosTaskList{}, client.InNamespace(namespace))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watcher.Stop)
	go func() {
		for event := range watcher.ResultChan() {
			if task, ok := event.Object.(*v1alpha1.MesosTask); ok {
				record.Notice("mesostasks", task, event.Type == watch.Deleted)
			}
		}
	}()
}

// clientFor is an administrator's client whose writes are recorded.
func clientFor(t *testing.T, record *history.History) client.WithWatch {
	t.Helper()
	config := rest.CopyConfig(env.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return record.Transport("", next) })
	recorded, err := client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: admin.RESTMapper()})
	if err != nil {
		t.Fatal(err)
	}
	return recorded
}

// removeTasks removes what a test leaves of its MesosTasks and their sets, which would otherwise concern the managers of the tests after it.
func removeTasks(t *testing.T, c client.Client, namespace string) {
	t.Helper()
	if err := c.DeleteAllOf(context.Background(), &v1alpha1.MesosTaskSet{}, client.InNamespace(namespace)); err != nil {
		t.Error(err)
	}
	tasks := &v1alpha1.MesosTaskList{}
	if err := c.List(context.Background(), tasks, client.InNamespace(namespace)); err != nil {
		t.Fatal(err)
	}
	for i := range tasks.Items {
		task := &tasks.Items[i]
		if err := c.Patch(context.Background(), task, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
		if err := c.Delete(context.Background(), task); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	}
}

// startManager runs the real manager until the test ends or the returned function is called, which waits until it has ended.
func (w *world) startManager() (stop func()) {
	w.t.Helper()
	logger := w.logger
	if logger.GetSink() == nil {
		logger = testr.NewWithOptions(w.t, testr.Options{Verbosity: 1})
	}
	w.managers++
	name := fmt.Sprintf("manager-%d", w.managers)
	config := rest.CopyConfig(env.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return w.history.Transport(name, next) })
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Logger:                 logger,
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
		Cache:                  cache.Options{DefaultNamespaces: w.scope.CacheNamespaces()},
		Controller:             controllerconfig.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	gate := leadership.NewGate(w.leadership, w.history.Watch(name, w.watch))
	owner := connections.New(connections.Options{Logger: logger, DialContext: w.history.Dial(name, w.dial), Gate: gate, Clock: w.clock})
	recorder := events.NewRecorder(manager.GetEventRecorder("mesos-operator"))
	frameworks := &mesosframework.Reconciler{
		Client: manager.GetClient(), Live: manager.GetAPIReader(),
		Connections: owner, Gate: gate, Clock: w.clock, ControllerName: w.controllerName(), Scope: w.scope, Recorder: recorder,
		OperatorNamespace: w.namespace, SecretsEvery: 50 * time.Millisecond,
	}
	tasks := &mesostask.Reconciler{
		Client: patching{manager.GetClient(), w.beforePatch}, Live: manager.GetAPIReader(),
		Connections: owner, Gate: gate, Clock: w.clock, ControllerName: w.controllerName(), Scope: w.scope, Levels: w.levels, Recorder: recorder,
	}
	if w.levels != nil {
		if err := manager.Add(w.levels); err != nil {
			w.t.Fatal(err)
		}
	}
	taskSets := &mesostaskset.Reconciler{
		Client: manager.GetClient(), Live: manager.GetAPIReader(),
		Connections: owner, Gate: gate, Clock: w.clock, ControllerName: w.controllerName(), Scope: w.scope, Levels: w.levels, Recorder: recorder,
	}
	for _, err := range []error{
		manager.Add(owner), tasks.SetupWithManager(w.t.Context(), manager), frameworks.SetupWithManager(manager), taskSets.SetupWithManager(w.t.Context(), manager),
	} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	w.history.Process(name, history.ProcessStarted)
	go func() { ended <- manager.Start(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				w.t.Errorf("the manager ended with: %v", err)
			}
			w.history.Process(name, history.ProcessEnded)
		case <-time.After(2 * patience):
			w.t.Errorf("the manager does not end:\n%s", goroutines())
		}
	}
	w.t.Cleanup(stop)
	return stop
}

// controllerName is an installation of the test's own, so that the managers of tests leave each other's objects alone.
func (w *world) controllerName() string { return "mesos.dev/" + w.namespace }

// create creates an object from a manifest and removes what is left of it when the test ends.
func (w *world) create(manifest string) {
	w.t.Helper()
	object := w.parse(manifest)
	if err := w.client.Create(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

// parse reads a manifest as one of the API's types.
func (w *world) parse(manifest string) client.Object {
	w.t.Helper()
	kind := metav1.TypeMeta{}
	if err := yaml.Unmarshal([]byte(manifest), &kind); err != nil {
		w.t.Fatal(err)
	}
	object, err := scheme.New(kind.GroupVersionKind())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(manifest), object); err != nil {
		w.t.Fatalf("%v in\n%s", err, manifest)
	}
	return object.(client.Object)
}

// framework creates the test's MesosFramework and waits until it is connected, where wait says so.
func (w *world) framework(spec string) {
	w.t.Helper()
	if w.master == "" {
		w.master = w.mesos.Masters()[0].URL()
	}
	w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s}, spec: {controllerName: %s, masters: {urls: [%q]}, %s}}`,
		w.namespace, w.controllerName(), w.master, spec))
	w.t.Cleanup(func() {
		// Without a manager nothing else takes the finalizer away.
		framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
		if err := w.client.Patch(context.Background(), framework, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))); client.IgnoreNotFound(err) != nil {
			w.t.Error(err)
		}
		if err := w.client.Delete(context.Background(), framework); client.IgnoreNotFound(err) != nil {
			w.t.Error(err)
		}
	})
}

// task creates a MesosTask; its spec needs neither framework nor resources.
func (w *world) task(name, spec string) {
	w.t.Helper()
	if !strings.Contains(spec, "resources:") {
		spec += `, resources: {requests: {cpus: "0.1", memory: 32Mi}}`
	}
	if !strings.Contains(spec, "frameworkRef:") {
		spec += `, frameworkRef: {name: ` + w.namespace + `}`
	}
	w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s}, spec: {%s}}`, name, w.namespace, spec))
}

// patchTask changes a MesosTask by a merge patch.
func (w *world) patchTask(name, patch string) {
	w.t.Helper()
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}
	w.patch(task, patch)
}

func (w *world) patch(object client.Object, patch string) {
	w.t.Helper()
	data, err := yaml.YAMLToJSON([]byte(patch))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.client.Patch(w.t.Context(), object, client.RawPatch("application/merge-patch+json", data)); err != nil {
		w.t.Fatal(err)
	}
}

// deleteTask deletes a MesosTask and does not wait.
func (w *world) deleteTask(name string) {
	w.t.Helper()
	if err := w.client.Delete(w.t.Context(), &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}); err != nil {
		w.t.Fatal(err)
	}
}

// waitTask waits until a MesosTask is as holds says, and returns it.
func (w *world) waitTask(name, what string, holds func(*v1alpha1.MesosTask) bool) *v1alpha1.MesosTask {
	w.t.Helper()
	return wait(w, &v1alpha1.MesosTaskList{}, client.ObjectKey{Name: name, Namespace: w.namespace}, what, holds)
}

// waitFramework waits until the test's MesosFramework is as holds says, and returns it.
func (w *world) waitFramework(what string, holds func(*v1alpha1.MesosFramework) bool) *v1alpha1.MesosFramework {
	w.t.Helper()
	return wait(w, &v1alpha1.MesosFrameworkList{}, client.ObjectKey{Name: w.namespace}, what, holds)
}

// ready waits until condition Ready of a MesosTask has the reason, for the spec as it is.
func (w *world) ready(name, reason string) *v1alpha1.MesosTask {
	w.t.Helper()
	return w.waitTask(name, "Ready with reason "+reason, func(task *v1alpha1.MesosTask) bool {
		condition := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		return condition != nil && condition.Reason == reason && condition.ObservedGeneration == task.Generation
	})
}

// wait watches one object until it is as holds says.
func wait[T client.Object](w *world, list client.ObjectList, key client.ObjectKey, what string, holds func(T) bool) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	watcher, err := w.client.Watch(ctx, list, client.InNamespace(key.Namespace),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", key.Name)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer watcher.Stop()
	var last T
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(T)
		if !ok || event.Type == watch.Deleted {
			continue
		}
		if last = object; holds(object) {
			return object
		}
	}
	shown, err := yaml.Marshal(last)
	if err != nil {
		w.t.Error(err)
	}
	w.t.Fatalf("waiting for %s to be: %s. It is\n%s", key.Name, what, shown)
	return last
}

// waitGone waits until a MesosTask no longer exists.
func (w *world) waitGone(name string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	watcher, err := w.client.Watch(ctx, &v1alpha1.MesosTaskList{}, client.InNamespace(w.namespace),
		client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector("metadata.name", name)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer watcher.Stop()
	if err := w.client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: name}, &v1alpha1.MesosTask{}); apierrors.IsNotFound(err) {
		return
	}
	for event := range watcher.ResultChan() {
		if event.Type == watch.Deleted {
			return
		}
	}
	w.t.Fatalf("%s still exists", name)
}

// live is the task IDs that run on some agent, whatever anybody believes.
func (w *world) live() []string {
	tasks := w.mesos.Tasks()
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		ids[i] = task.TaskID
	}
	return ids
}

// checkTruth fails the test if Mesos saw what must never be.
func (w *world) checkTruth() {
	w.t.Helper()
	for _, disaster := range w.mesos.Disasters() {
		w.t.Error(disaster)
	}
}

// taskWrites counts, at the API server, the writes to MesosTasks that tests do not make themselves: patches of the object and of its
// status, in JSON Patch. The API server counts by verb and subresource only, so the caller makes no patch of its own meanwhile.
func taskWrites(t *testing.T) (object, status int) {
	t.Helper()
	d, err := discovery.NewDiscoveryClientForConfig(env.Config)
	if err != nil {
		t.Fatal(err)
	}
	body, err := d.RESTClient().Get().AbsPath("/metrics").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.HasPrefix(line, "apiserver_request_total{") || !strings.Contains(line, `resource="mesostasks"`) ||
			strings.Contains(line, `verb="GET"`) || strings.Contains(line, `verb="LIST"`) || strings.Contains(line, `verb="WATCH"`) ||
			strings.Contains(line, `verb="POST"`) {
			continue
		}
		var count int
		if _, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &count); err != nil {
			t.Fatalf("reading %q: %v", line, err)
		}
		if strings.Contains(line, `subresource="status"`) {
			status += count
		} else {
			object += count
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return object, status
}
