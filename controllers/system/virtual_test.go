package system

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/history"
	"github.com/mesos-operator/mesos-operator/internal/operator"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// virtual is a world in virtual time in which nothing is left out: the operator as one process, or several, with its manager, cache and leader election,
// an API server in memory and the simulated Mesos. Time jumps ahead when nobody has anything to do, so that an hour takes less than a second.
type virtual struct {
	*testing.T
	namespace string
	api       *apiserver.Server
	mesos     *simulator.Cluster
	// client is the user's.
	client client.Client
	// history is all that happens; its checks must hold when the test ends, or complain is told.
	history  *history.History
	complain testing.TB
	// elects says that processes hold a Lease while they work. Without, one is alone.
	elects bool
	// noSets lets the processes that are started do nothing for sets but publish what runs, for a test that makes their MesosTasks itself.
	noSets bool
	// namespaces are those that the processes that are started watch; none: all.
	namespaces []string
	// watch is given each outward step of the processes that are started; nil: nothing is.
	watch leadership.Watch
	// told is told of each Event; nil: nobody is.
	told func(regarding runtime.Object, kind, reason, note string)
	// admission changes MesosTasks as they are created, or patched, as a webhook does; refuses says why something may not be written. Nil: nothing.
	admission func(task *v1alpha1.MesosTask, created bool)
	refuses   func(request *admissionv1.AdmissionRequest) *metav1.Status
	// meanwhile is told of each write of a process as it arrives, and may do what comes before it; what it returns is told what became of it. Nil: nobody is.
	meanwhile func(write arriving) func(code int)
	// end is how the process that runs dies; nil: it does not. See within.
	end *death
	// quit ends what else runs.
	quit []func()
	// asked counts what was asked of the API server.
	asked *asked

	mu sync.Mutex
	// wrote are told of each write, and whether the object is still there. See onWrites.
	wrote []func(object client.Object, there bool)
	// processes is how many processes were started, and running the last of them; nil once it was stopped.
	processes int
	running   *process
}

// process is one process of the operator.
type process struct {
	name   string
	world  *virtual
	cancel context.CancelFunc
	ended  chan struct{}
	// err is why it ended.
	err error

	// started is closed once its caches have synced.
	started chan struct{}

	mu   sync.Mutex
	dead bool
}

// readKinds compiles the schemas of the CRDs, once for all tests.
var readKinds = sync.OnceValues(func() (*apiserver.Kinds, error) {
	return apiserver.ReadKinds(filepath.Join(testenv.Root(), "config", "crd", "bases"))
})

// inVirtualTime runs a test in a bubble of virtual time, beside others.
func inVirtualTime(t *testing.T, flags simulator.Flags, runner simulator.Runner, test func(v *virtual)) {
	t.Helper()
	inVirtualTimeWith(t, apiserver.Options{}, flags, runner, test)
}

// inVirtualTimeWith does so with an API server of another kind.
func inVirtualTimeWith(t *testing.T, options apiserver.Options, flags simulator.Flags, runner simulator.Runner, test func(v *virtual)) {
	t.Helper()
	t.Parallel()
	inBubble(t, options, flags, runner, test)
}

// inBubble does so now, beside no other.
func inBubble(t *testing.T, options apiserver.Options, flags simulator.Flags, runner simulator.Runner, test func(v *virtual)) {
	t.Helper()
	inBubbleOf(t, setting{api: options, flags: flags, runner: runner, history: history.New()}, test)
}

// setting is what a test varies of its world.
type setting struct {
	api    apiserver.Options
	flags  simulator.Flags
	runner simulator.Runner
	// history takes down what happens; nil: nothing is taken down, and no check made of it.
	history *history.History
}

// inBubbleOf does so in a world of a setting.
func inBubbleOf(t *testing.T, s setting, test func(v *virtual)) {
	t.Helper()
	endIfItHangs(t)
	options, calls := s.api, 0
	if s.history == nil {
		calls = 1000
	}
	kinds, err := readKinds()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		v := &virtual{T: t, complain: t, namespace: "virtual", history: s.history, asked: &asked{byWhat: map[string]int{}}}
		defer func() { v.history.Check(v.complain) }()
		// What client-go waits for when it was told to end goes on for a while.
		defer time.Sleep(5 * time.Minute)
		options.Kinds, options.Changed, options.Committed, options.Admission = kinds, v.changed, v.history.Committed, apiserver.Admission{Mutate: v.mutate, Refuse: v.refuse}
		options.Wrap = func(next http.Handler) http.Handler { return v.asked.count(v.arrive(v.history.Handler(next))) }
		v.api = apiserver.New(options)
		defer v.api.Close()
		v.mesos = simulator.New(simulator.Options{Flags: s.flags, CallLogSize: calls, Observe: v.history.Observe})
		defer v.mesos.Close()
		for number := range 2 {
			v.mesos.AddAgent(simulator.AgentSpec{IP: fmt.Sprintf("10.0.0.%d", number+1), CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}}, Runner: s.runner})
		}
		v.client = v.newClient()
		v.create(`{apiVersion: v1, kind: Namespace, metadata: {name: virtual}}`, &corev1.Namespace{})
		defer v.stop()
		defer func() {
			for _, quit := range v.quit {
				quit()
			}
		}()
		test(v)
		v.recover()
	})
}

// recover lets nothing go wrong any more after a test whose process runs on, and gives it the time to make good what did: what must happen in the end is
// checked then, whatever the test was about.
func (v *virtual) recover() {
	if v.running == nil || v.Failed() || v.history == nil || v.history.Ended() {
		return
	}
	v.api.ClearFaults()
	v.refuseBy(nil)
	v.mesos.ClearFaults()
	for number := range v.mesos.Masters() {
		v.mesos.StartMaster(number)
	}
	for _, agent := range v.mesos.Agents() {
		agent.Start()
		agent.Heal()
	}
	for begun, before := time.Now(), v.history.Len(); time.Since(begun) < recovery && (time.Since(begun) < recoveryAmidChurn || v.history.Len()-before < churn); {
		v.pass(time.Minute)
	}
	v.history.Recovered()
}

// recovery is how long it takes until all that went wrong is made good: the longest waits are those for agents after a failover, and the launch hold. Where
// tasks go on to come and go by the thousand there is nothing left to wait for after recoveryAmidChurn, and each minute is dear.
const (
	recovery          = 40 * time.Minute
	recoveryAmidChurn = 5 * time.Minute
	churn             = 5_000
)

// newClient reaches the API server as a user does.
func (v *virtual) newClient() client.Client {
	v.Helper()
	config := v.api.Config("user")
	config.Transport = v.history.Transport("", config.Transport)
	plain, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		v.Fatal(err)
	}
	return plain
}

// mutate has admission change a MesosTask.
func (v *virtual) mutate(resource schema.GroupResource, object, old *unstructured.Unstructured) {
	if v.admission == nil || resource.Resource != "mesostasks" {
		return
	}
	task := &v1alpha1.MesosTask{}
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, task)
	if err == nil {
		v.admission(task, old == nil)
		object.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(task)
	}
	if err != nil {
		v.Error(err)
	}
}

// refuse is what admission says against a write.
func (v *virtual) refuse(request *admissionv1.AdmissionRequest) *metav1.Status {
	v.mu.Lock()
	refuses := v.refuses
	v.mu.Unlock()
	if refuses == nil {
		return nil
	}
	return refuses(request)
}

// refuseBy makes admission refuse writes from now on; by nil, none.
func (v *virtual) refuseBy(refuses func(request *admissionv1.AdmissionRequest) *metav1.Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refuses = refuses
}

// onWrites makes wrote be told of each write from now on, as who was before; nil: nobody is.
func (v *virtual) onWrites(wrote func(object client.Object, there bool)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if wrote == nil {
		v.wrote = nil
		return
	}
	v.wrote = append(slices.Clip(v.wrote), wrote)
}

// changed tells of a write whoever wants to know.
func (v *virtual) changed(what watch.EventType, object *unstructured.Unstructured) {
	v.mu.Lock()
	wrote := v.wrote
	v.mu.Unlock()
	made, err := scheme.New(object.GroupVersionKind())
	if err != nil {
		return // a kind that no test looks at
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, made); err != nil {
		v.Error(err)
		return
	}
	for _, one := range wrote {
		one(made.(client.Object), what != watch.Deleted)
	}
}

// heard is a recorder that tells a test of Events, where it wants to hear of them. The API server's own would not do: of two that are told of one object at
// the same moment, as happens in virtual time alone, one is lost.
type heard struct {
	events.EventRecorder
	*virtual
}

// Eventf implements events.EventRecorder.
func (h heard) Eventf(regarding, related runtime.Object, kind, reason, action, note string, arguments ...any) {
	if h.told != nil {
		h.told(regarding, kind, reason, fmt.Sprintf(note, arguments...))
	}
	h.EventRecorder.Eventf(regarding, related, kind, reason, action, note, arguments...)
}

// next is the name of the process that is started next.
func (v *virtual) next() string { return fmt.Sprintf("manager-%d", v.processes+1) }

// start starts a process of the operator.
func (v *virtual) start() *process {
	v.Helper()
	name := v.next()
	v.processes++
	ctx, cancel := context.WithCancel(context.Background())
	started := &process{name: name, world: v, cancel: cancel, ended: make(chan struct{}), started: make(chan struct{})}
	config := v.api.Config(name)
	config.Transport = dying{v.history.Transport(name, config.Transport), started}
	options := &operator.Options{
		ControllerName: "mesos.dev/" + v.namespace, Namespace: v.namespace, WatchNamespaces: v.namespaces, LeaderElect: v.elects, LeaseNamespace: v.namespace,
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		HealthProbeBindAddress: "0", PprofBindAddress: "0", Metrics: metricsserver.Options{BindAddress: "0"}, Logger: logr.Discard(),
		DialContext: v.history.Dial(name, v.mesos.DialContext), Watch: v.history.Watch(name, started.watch(v.watch, v.noSets)), SeveralAtOnce: true, Started: func() { close(started.started) },
		Events: func(recorder events.EventRecorder) events.EventRecorder { return heard{recorder, v} },
	}
	v.history.Process(name, history.ProcessStarted)
	go func() {
		defer close(started.ended)
		started.err = operator.Run(ctx, config, options)
		v.history.Process(name, history.ProcessEnded)
	}()
	v.running = started
	return started
}

// errLeftAlone is why nothing is written for a set.
var errLeftAlone = errors.New("sets are left alone")

// watch lets no outward step out of a process that is dead, and none for sets out of one that leaves them alone.
func (p *process) watch(next leadership.Watch, noSets bool) leadership.Watch {
	return func(step leadership.Step, send func() error) error {
		p.mu.Lock()
		dead := p.dead
		p.mu.Unlock()
		switch {
		case dead:
			return errDead
		case noSets && (step.Kind == leadership.StepWriteSet || step.Kind == leadership.StepWriteTask && slices.Contains([]string{"creation", "change", "deletion"}, step.What)):
			return errLeftAlone
		case next == nil:
			return send()
		default:
			return next(step, send)
		}
	}
}

// stop ends the process that was started last, if it still runs.
func (v *virtual) stop() {
	running := v.running
	v.running = nil
	if running != nil {
		running.stop()
	}
}

// dying lets nothing be written by a process that is dead.
type dying struct {
	http.RoundTripper
	*process
}

// RoundTrip implements http.RoundTripper.
func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	dead := d.dead
	d.mu.Unlock()
	if dead && r.Method != http.MethodGet {
		return nil, errDead
	}
	return d.RoundTripper.RoundTrip(r)
}

// over says that a process has ended, which it does by itself where it has to begin anew.
func (p *process) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// comeUp waits until a process has started, or ended: one of controller-runtime that is told to end before never does.
func (p *process) comeUp() {
	for {
		select {
		case <-p.started:
			return
		case <-p.ended:
			return
		default:
			p.world.pass(100 * time.Millisecond)
		}
	}
}

// stop ends a process as SIGTERM does, and waits until it has ended.
func (p *process) stop() {
	p.comeUp()
	if p.over() {
		return
	}
	p.cancel()
	<-p.ended
	if p.err != nil && !errors.Is(p.err, context.Canceled) {
		p.world.Errorf("%s ended: %v", p.name, p.err)
	}
}

// kill ends a process as SIGKILL does: nothing leaves it any more, and its lease is not released.
func (p *process) kill() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.comeUp()
	p.world.api.Sever(p.name)
	p.cancel()
	<-p.ended
	if p.world.running == p {
		p.world.running = nil
	}
}

// asked counts the requests that one world makes of the API server, by verb and resource, as in "PATCH mesostasks/status" and "LIST mesostasks", but for
// watches, and those of Leases, Events and rights.
type asked struct {
	mu     sync.Mutex
	byWhat map[string]int
}

func (a *asked) count(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, ok := request.RequestInfoFrom(r.Context())
		if ok && info.IsResourceRequest && info.Verb != "watch" &&
			!slices.Contains([]string{"leases", "events", "selfsubjectaccessreviews"}, info.Resource) {
			method := r.Method
			if info.Verb == "list" {
				method = "LIST"
			}
			what := method + " " + info.Resource
			if info.Subresource != "" {
				what += "/" + info.Subresource
			}
			a.mu.Lock()
			a.byWhat[what]++
			a.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// all are all requests.
func (a *asked) all() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.byWhat)
}

// writes are all requests that are not reads.
func (a *asked) writes() map[string]int {
	writes := a.all()
	maps.DeleteFunc(writes, func(what string, _ int) bool {
		return strings.HasPrefix(what, http.MethodGet) || strings.HasPrefix(what, "LIST")
	})
	return writes
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

// removeFramework takes the test's MesosFramework away, whatever holds it.
func (v *virtual) removeFramework() {
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}
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
	if err := v.createTask(name, spec); err != nil {
		v.Fatal(err)
	}
}

// createTask creates a MesosTask, or returns why it cannot.
func (v *virtual) createTask(name, spec string) error {
	v.Helper()
	task := &v1alpha1.MesosTask{}
	manifest := fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: %s, namespace: %s}, spec: {frameworkRef: {name: %s}, resources: {requests: {cpus: "0.1", memory: 32Mi}}, %s}}`,
		name, v.namespace, v.namespace, spec)
	if err := yaml.UnmarshalStrict([]byte(manifest), task); err != nil {
		v.Fatalf("%v in\n%s", err, manifest)
	}
	return v.client.Create(context.Background(), task)
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
