package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/program"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// The world of all tests: a real API server with config/default installed, the manager as a program with the rights of its service account, and a simulated
// Mesos of which three agents have their API on sockets and run tasks as real processes with real files. Each test has a namespace of its own.
var (
	admin      client.Client
	kubeconfig string
	api        *testenv.Env
)

// patience ends a test that waits for what does not happen.
const patience = 60 * time.Second

// asPlugin, as its first argument, makes the tests' program the plugin: for tests that need a process of its own.
const asPlugin = "as-kubectl-mesos"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asPlugin {
		os.Args = slices.Delete(os.Args, 1, 2)
		main()
	}
	directory, err := os.MkdirTemp("", "kubectl-mesos")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code, err := inWorld(directory, m.Run)
	if err = errors.Join(err, os.RemoveAll(directory)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// inWorld runs tests, and ends what they need in the reverse order: an API server that still has clients does not end.
func inWorld(directory string, run func() int) (code int, err error) {
	var w world
	defer func() { err = errors.Join(err, w.manager.End(syscall.SIGTERM), w.mesos.end()) }()
	env, err := testenv.Start()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, w.manager.End(syscall.SIGTERM), env.Stop()) }()
	if err := w.start(env, directory); err != nil {
		return 1, err
	}
	return run(), nil
}

type world struct {
	manager *program.Program
	mesos   simulation
}

func (w *world) start(env *testenv.Env, directory string) (err error) {
	api, version = env, "v0.0.0-tested"
	// Tasks may run as other users, who need the way to their sandboxes.
	if err := os.Chmod(directory, 0o755); err != nil {
		return err
	}
	kubeconfig = filepath.Join(directory, "kubeconfig")
	if err := os.WriteFile(kubeconfig, env.Kubeconfig(), 0o600); err != nil {
		return err
	}
	if admin, err = client.New(env.Config, client.Options{Scheme: testenv.Scheme()}); err != nil {
		return err
	}
	objects, err := testenv.Render(context.Background(), "default")
	if err == nil {
		err = testenv.Install(context.Background(), admin, objects)
	}
	if err != nil {
		return err
	}
	built := make(chan error, 1)
	path := filepath.Join(directory, "manager")
	go func() {
		output, err := exec.CommandContext(context.Background(), "go", "build", "-ldflags", "-X main.version="+version, "-o", path, "../manager").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("building the manager: %w\n%s", err, output)
		}
		built <- err
	}()
	if err := w.mesos.start(filepath.Join(directory, "sandboxes")); err != nil {
		return err
	}
	if err := <-built; err != nil {
		return err
	}
	identity := filepath.Join(directory, "manager.kubeconfig")
	if err := asManager(env.Kubeconfig(), identity); err != nil {
		return err
	}
	w.manager, err = program.Start(context.Background(), path, filepath.Join(directory, "manager.log"), func(err error) {
		fmt.Fprintln(os.Stderr, err)
	}, "--kubeconfig", identity, "--leader-elect", "--operator-namespace", "mesos-operator-system", "--metrics-bind-address", "0", "--health-probe-bind-address", "0")
	if err != nil {
		return err
	}
	return register("default", w.mesos)
}

// asManager writes a kubeconfig with the rights of the manager's service account.
func asManager(kubeconfig []byte, path string) error {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return err
	}
	for _, user := range config.AuthInfos {
		user.Impersonate = testenv.ManagerUser
	}
	return clientcmd.WriteToFile(*config, path)
}

// simulation is a simulated Mesos on sockets.
type simulation struct {
	*simulator.Cluster
	served []chan error
}

func (s *simulation) start(sandboxes string) error {
	s.Cluster = simulator.New(simulator.Options{Flags: simulator.Flags{
		OfferInterval: 20 * time.Millisecond, RegistrationBackoff: 10 * time.Millisecond, AgentPingTimeout: 200 * time.Millisecond, MaxAgentPingTimeouts: 2,
	}})
	listen := func() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }
	serve := func(serve func() error) {
		ended := make(chan error, 1)
		s.served = append(s.served, ended)
		go func() { ended <- serve() }()
	}
	for i := range 3 {
		listener, err := listen()
		if err != nil {
			return err
		}
		_, one, err := s.AddServedAgent(listener, simulator.AgentSpec{
			CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000 + uint64(i)*100, End: 31099 + uint64(i)*100}},
			Runner: simulator.ProcessRunner{Dir: sandboxes},
		})
		if err != nil {
			return err
		}
		serve(one)
	}
	listener, err := listen()
	if err != nil {
		return err
	}
	serve(s.Listen(listener, 0))
	return nil
}

func (s *simulation) end() error {
	if s.Cluster == nil {
		return nil
	}
	s.Close()
	var errs []error
	for _, ended := range s.served {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// register makes a framework, and waits until it is there.
func register(name string, mesos simulation) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: name}}
	framework.Spec.Masters.URLs = []string{mesos.Masters()[0].URL()}
	framework.Spec.Info.User = me.Username
	if err := admin.Create(context.Background(), framework); err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(context.Background(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := admin.Get(ctx, client.ObjectKeyFromObject(framework), framework)
		return meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled), err
	})
}

// test is one test's namespace and what it does there.
type test struct {
	*testing.T
	namespace string
}

func newTest(t *testing.T) *test {
	t.Helper()
	t.Parallel()
	return newTestAlone(t)
}

// newTestAlone makes a test that no other runs beside.
func newTestAlone(t *testing.T) *test {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := admin.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	w := &test{T: t, namespace: namespace.Name}
	t.Cleanup(func() {
		for _, kind := range []client.Object{&v1alpha1.MesosCronTask{}, &v1alpha1.MesosTaskSet{}, &v1alpha1.MesosTask{}} {
			if err := admin.DeleteAllOf(context.Background(), kind, client.InNamespace(w.namespace)); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// create creates an object of the test's namespace.
func (t *test) create(object client.Object, kind, name, spec string) {
	t.Helper()
	manifest := fmt.Sprintf("{apiVersion: mesos.dev/v1alpha1, kind: %s, metadata: {name: %s, namespace: %s}, spec: {%s}}", kind, name, t.namespace, spec)
	if err := yaml.UnmarshalStrict([]byte(manifest), object); err != nil {
		t.Fatal(err)
	}
	if err := admin.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

const small = `resources: {requests: {cpus: "0.1", memory: 32Mi}}`

// task creates a MesosTask, and waits until condition Ready has the reason.
func (t *test) task(name, reason, spec string) *v1alpha1.MesosTask {
	t.Helper()
	if !strings.Contains(spec, "resources:") {
		spec += ", " + small
	}
	task := &v1alpha1.MesosTask{}
	t.create(task, "MesosTask", name, spec)
	return t.reason(name, reason)
}

// reason waits until condition Ready of a MesosTask has a reason, for its spec as it is.
func (t *test) reason(name, reason string) *v1alpha1.MesosTask {
	t.Helper()
	return until(t, &v1alpha1.MesosTask{}, name, "Ready with reason "+reason, func(task *v1alpha1.MesosTask) bool {
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == reason && ready.ObservedGeneration == task.Generation
	})
}

// until waits until an object is as it should be.
func until[T client.Object](t *test, object T, name, what string, holds func(T) bool) T {
	t.Helper()
	key := client.ObjectKey{Namespace: t.namespace, Name: name}
	if namespaced, err := admin.IsObjectNamespaced(object); err != nil || !namespaced {
		key.Namespace = ""
	}
	err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := admin.Get(ctx, key, object)
		return err == nil && holds(object), client.IgnoreNotFound(err)
	})
	if err != nil {
		shown, _ := yaml.Marshal(object)
		t.Fatalf("waiting for %s to be: %s: %v. It is\n%s", name, what, err, shown)
	}
	return object
}

// result is what a run of the plugin came to.
type result struct {
	out, errOut string
	status      int
}

// mesos runs kubectl mesos in the test's namespace.
func (t *test) mesos(args ...string) result {
	t.Helper()
	return t.mesosIn(t.Context(), "", args...)
}

func (t *test) mesosIn(ctx context.Context, in string, args ...string) result {
	t.Helper()
	return mesosRaw(ctx, in, append([]string{"--kubeconfig", kubeconfig, "-n", t.namespace}, args...))
}

// mesosRaw runs kubectl mesos with the flags behind the first argument, as completion has them.
func (t *test) mesosRaw(args ...string) result {
	t.Helper()
	return mesosRaw(t.Context(), "", append([]string{args[0], args[1], "--kubeconfig", kubeconfig, "-n", t.namespace}, args[2:]...))
}

func mesosRaw(ctx context.Context, in string, args []string) result {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	streams, stdin, stdout, stderr := genericiooptions.NewTestIOStreams()
	stdin.WriteString(in)
	command := newCommand(streams)
	command.SetArgs(args)
	status := conclude(streams, command.ExecuteContext(ctx))
	return result{stdout.String(), stderr.String(), status}
}

// has fails the test unless a text has all parts.
func has(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("without %q:\n%s", part, text)
		}
	}
}

// ends fails the test unless a run ended with the status.
func (r result) ends(t *testing.T, status int) result {
	t.Helper()
	if r.status != status {
		t.Errorf("it ended with %d, not %d\n%s%s", r.status, status, r.out, r.errOut)
	}
	return r
}
