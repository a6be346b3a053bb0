package system

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
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

// readKinds compiles the CRDs' schemas, once for all tests.
var readKinds = sync.OnceValues(func() (*apiserver.Kinds, error) {
	return apiserver.ReadKinds(filepath.Join(testenv.Root(), "config", "crd", "bases"))
})

// whole is a world in virtual time in which nothing is left out: the real manager, with its cache and its leader election, and as many instances of
// it as a test wants, an API server in memory and the simulated Mesos.
type whole struct {
	*testing.T
	api   *apiserver.Server
	mesos *simulator.Cluster
	// client is the user's.
	client client.Client
	// history is all that happens.
	history *history.History
	// logger is the instances'; the zero value keeps them quiet.
	logger logr.Logger
}

// instance is a process of the operator.
type instance struct {
	name   string
	world  *whole
	cancel context.CancelFunc
	ended  chan struct{}
	// err is why it ended.
	err error

	mu   sync.Mutex
	dead bool
}

// inWholeTime runs a test in such a world.
func inWholeTime(t *testing.T, flags simulator.Flags, options apiserver.Options, test func(w *whole)) {
	t.Helper()
	var err error
	if options.Kinds, err = readKinds(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		recorded := history.New()
		defer recorded.Check(t)
		options.Wrap = recorded.Handler
		w := &whole{T: t, api: apiserver.New(options), mesos: simulator.New(simulator.Options{Flags: flags, Observe: recorded.Observe}), history: recorded}
		defer w.api.Close()
		defer w.mesos.Close()
		for number := range 2 {
			w.mesos.AddAgent(simulator.AgentSpec{
				IP: fmt.Sprintf("10.0.0.%d", number+1), CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}},
			})
		}
		if w.client, err = client.New(w.api.Config("user"), client.Options{Scheme: scheme}); err != nil {
			t.Fatal(err)
		}
		test(w)
	})
}

// start starts an instance.
func (w *whole) start(name string) *instance {
	ctx, cancel := context.WithCancel(context.Background())
	i := &instance{name: name, world: w, cancel: cancel, ended: make(chan struct{})}
	config := w.api.Config(name)
	config.Transport = w.history.Transport(name, config.Transport)
	w.history.Process(name, history.ProcessStarted)
	go func() {
		defer close(i.ended)
		i.err = operator.Run(ctx, config, &operator.Options{
			ControllerName: v1alpha1.DefaultControllerName, Namespace: "default", LeaderElect: true, LeaseNamespace: "default",
			LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
			HealthProbeBindAddress: "0", PprofBindAddress: "0", Metrics: metricsserver.Options{BindAddress: "0"},
			Logger: w.logger, DialContext: w.history.Dial(name, w.mesos.DialContext), Watch: w.history.Watch(name, i.watch), SeveralAtOnce: true,
		})
	}()
	return i
}

// watch lets no outward step out of an instance that is dead.
func (i *instance) watch(_ leadership.Step, send func() error) error {
	i.mu.Lock()
	dead := i.dead
	i.mu.Unlock()
	if dead {
		return errDead
	}
	return send()
}

// stop ends an instance as SIGTERM does, and waits until it has ended.
func (i *instance) stop() {
	// A watch whose reader leaves while an event is on its way never ends.
	lag := i.world.api.Lag(i.name, "", -1)
	synctest.Wait()
	i.cancel()
	<-i.ended
	lag.End()
	if i.err != nil && !errors.Is(i.err, context.Canceled) {
		i.world.Errorf("%s ended: %v", i.name, i.err)
	}
}

// kill ends an instance as SIGKILL does: nothing leaves it any more, and its lease is not released.
func (i *instance) kill() {
	i.mu.Lock()
	i.dead = true
	i.mu.Unlock()
	i.world.api.Sever(i.name)
	synctest.Wait()
	i.cancel()
	<-i.ended
}

// pass lets time pass.
func (w *whole) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// create creates an object from a manifest.
func (w *whole) create(manifest string, into client.Object) {
	w.Helper()
	if err := yaml.UnmarshalStrict([]byte(manifest), into); err != nil {
		w.Fatalf("%v in\n%s", err, manifest)
	}
	if err := w.client.Create(context.Background(), into); err != nil {
		w.Fatal(err)
	}
}

func TestWhole(t *testing.T) {
	inWholeTime(t, simulator.Flags{}, apiserver.Options{}, func(w *whole) {
		first := w.start("first")
		w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: default}, spec: {masters: {urls: [%q]}, info: {user: nobody, name: x}}}`, w.mesos.Masters()[0].URL()), &v1alpha1.MesosFramework{})
		for n := range 10 {
			w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: job-%d, namespace: default}, spec: {shell: sleep 1000, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`, n), &v1alpha1.MesosTask{})
		}
		w.pass(time.Minute)
		second := w.start("second")
		w.pass(time.Minute)
		first.kill()
		w.pass(time.Minute)
		w.Logf("%d calls", w.mesos.Calls("SUBSCRIBE"))
		task := &v1alpha1.MesosTask{}
		if err := w.client.Get(context.Background(), client.ObjectKey{Namespace: "default", Name: "job-1"}, task); err != nil {
			w.Fatal(err)
		}
		w.Logf("%+v", task.Status)
		w.pass(24 * time.Hour)
		second.stop()
	})
}
