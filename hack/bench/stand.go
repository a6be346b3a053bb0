package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/hack/bench/bare"
	"github.com/mesos-operator/mesos-operator/hack/bench/usage"
	"github.com/mesos-operator/mesos-operator/internal/program"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

const (
	// agents is how many the simulated Mesos has.
	agents = 100
	// masterPace is how many updates a second a real master answers a RECONCILE with.
	masterPace = 10_000
	// etcdQuota is room for the history of a few hundred thousand objects.
	etcdQuota = 8 << 30
	// patience ends what never comes.
	patience = 2 * time.Minute
)

// stand is what the measurements are made on: processes that each do one thing.
type stand struct {
	// cancel ends the run from outside of a step.
	cancel   context.CancelCauseFunc
	dir, bin string

	env        *testenv.Env
	kubeconfig string
	// operator is the kubeconfig that the operator and the bare program in its place use.
	operator string
	// admin decodes what it gets, raw does not.
	admin client.Client
	raw   *rest.RESTClient

	simulator *program.Program
	mesos     simulator.Remote
	master    string
	// framework is the ID that Mesos gave it.
	framework string

	manager *program.Program
	// metrics, probes and profiles are where the manager serves them.
	metrics, probes, profiles string

	// profileTo is the directory for profiles of the manager; empty for none.
	profileTo string

	// pids are the processes whose CPU time is read, by name.
	pids map[string]int
	// like is a MesosTask that runs, as the API server has it.
	like string
}

// build starts everything, for N tasks.
func build(ctx context.Context, cancel context.CancelCauseFunc, bin string, n int) (*stand, error) {
	dir, err := os.MkdirTemp("", "mesos-operator-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	s := &stand{cancel: cancel, dir: dir, bin: bin, pids: map[string]int{}}
	for _, start := range []func(context.Context) error{
		s.startAPIServer,
		func(ctx context.Context) error { return s.startMesos(ctx, n) },
		s.startManager,
		s.register,
		s.makeLike,
		s.stopManager,
	} {
		if err := start(ctx); err != nil {
			return nil, errors.Join(err, s.end())
		}
	}
	return s, nil
}

// end ends all processes and removes all files.
func (s *stand) end() error {
	errs := []error{s.manager.End(syscall.SIGTERM), s.simulator.End(syscall.SIGTERM)}
	if s.env != nil {
		errs = append(errs, s.env.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// keepLog keeps the log of the manager for whoever wants to know why something failed.
func (s *stand) keepLog(path string) error {
	text, err := readFile(s.path("manager.log"))
	if err != nil {
		return err
	}
	fmt.Printf("The log of the manager is in %s.\n", path)
	return os.WriteFile(path, text, 0o600)
}

func (s *stand) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stand) startAPIServer(context.Context) error {
	env, err := testenv.Start(func(e *envtest.Environment) {
		e.ControlPlaneStopTimeout = patience
		e.ControlPlane.Etcd = &envtest.Etcd{}
		e.ControlPlane.Etcd.Configure().Set("quota-backend-bytes", strconv.FormatInt(etcdQuota, 10))
	})
	if err != nil {
		return err
	}
	s.env, s.kubeconfig, s.operator = env, s.path("kubeconfig"), s.path("kubeconfig")
	if err := os.WriteFile(s.kubeconfig, env.Kubeconfig(), 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	for _, name := range []string{"etcd", "kube-apiserver"} {
		if s.pids[name], err = usage.Child(name); err != nil {
			return err
		}
	}
	if s.admin, err = client.New(env.Config, client.Options{Scheme: testenv.Scheme()}); err != nil {
		return fmt.Errorf("making the client: %w", err)
	}
	s.raw, err = bare.Client(env.Config)
	return err
}

// startMesos starts a simulated Mesos whose agents have room for N tasks, and for those that they replace.
func (s *stand) startMesos(ctx context.Context, n int) (err error) {
	perAgent := float64(2*n/agents + 10)
	s.simulator, err = program.Start(ctx, filepath.Join(s.bin, "mesos-sim"), s.path("mesos-sim.log"), s.cancel,
		"--agents", strconv.Itoa(agents), "--agent-cpus", fmt.Sprint(perAgent*taskCPUs), "--agent-mem", fmt.Sprint(perAgent*taskMemory), "--agent-ports", "",
		"--runner", "script", "--log-level", "error", "--events-per-second", strconv.Itoa(masterPace),
		"--address-file", s.path("master"), "--control-address-file", s.path("control"))
	if err != nil {
		return err
	}
	s.pids["mesos-sim"] = s.simulator.PID()
	return s.until(ctx, "the simulated Mesos", func(context.Context) (bool, error) {
		s.master, s.mesos.Control = program.FirstLine(s.path("master")), program.FirstLine(s.path("control"))
		return s.master != "" && s.mesos.Control != "", nil
	})
}

// until asks again and again until something is so.
func (s *stand) until(ctx context.Context, what string, so func(context.Context) (bool, error)) error {
	if err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, so); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("waiting for %s: %w", what, err)
	}
	return nil
}

// freeAddress is one that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// startManager starts the manager, the first or the next.
func (s *stand) startManager(ctx context.Context) error {
	for _, address := range []*string{&s.metrics, &s.probes, &s.profiles} {
		var err error
		if *address, err = freeAddress(ctx); err != nil {
			return err
		}
	}
	var err error
	s.manager, err = program.Start(ctx, filepath.Join(s.bin, "manager"), s.path("manager.log"), s.cancel,
		"--kubeconfig", s.operator, "--operator-namespace", bare.Namespace, "--leader-election-namespace", bare.Namespace,
		"--metrics-bind-address", s.metrics, "--metrics-secure=false", "--health-probe-bind-address", s.probes, "--pprof-bind-address", s.profiles)
	if err != nil {
		return err
	}
	s.pids["manager"] = s.manager.PID()
	return nil
}

// stopManager ends the manager in order: it releases its lease.
func (s *stand) stopManager(context.Context) error {
	delete(s.pids, "manager")
	return s.manager.End(syscall.SIGTERM)
}

// connected waits until the framework is subscribed and every task was answered for.
func (s *stand) connected(ctx context.Context) error {
	// Until then its conditions are those of the manager before.
	if err := s.answers(ctx, "http://"+s.probes+"/readyz"); err != nil {
		return err
	}
	return s.until(ctx, "the framework to be reconciled", func(ctx context.Context) (bool, error) {
		framework := &v1alpha1.MesosFramework{}
		if err := s.admin.Get(ctx, client.ObjectKey{Name: frameworkName}, framework); err != nil {
			return false, err
		}
		s.framework = framework.Status.FrameworkID
		return meta.IsStatusConditionTrue(framework.Status.Conditions, v1alpha1.ConditionTasksReconciled), nil
	})
}

// answers waits until a program answers that all is well.
func (s *stand) answers(ctx context.Context, url string) error {
	return s.until(ctx, url, func(ctx context.Context) (bool, error) { return fetch(ctx, url, io.Discard) == nil, nil })
}

const frameworkName = "default"

func (s *stand) register(ctx context.Context) error {
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: frameworkName}}
	framework.Spec.Masters.URLs = []string{"http://" + s.master}
	framework.Spec.Info.User = bare.User
	if err := s.admin.Create(ctx, framework); err != nil {
		return fmt.Errorf("creating the MesosFramework: %w", err)
	}
	return s.connected(ctx)
}

// Each task asks for this.
const (
	taskCPUs   = 0.1
	taskMemory = 32
)

// makeLike runs one task, so that the bare program writes what the product does.
func (s *stand) makeLike(ctx context.Context) error {
	const name = "task-warmup" // as long as all names are
	body := fmt.Sprintf(`{"apiVersion": %q, "kind": "MesosTask", "metadata": {"name": %q, "namespace": %q},
		"spec": {"shell": "exec sleep 86400", "resources": {"requests": {"cpus": "%g", "memory": "%dMi"}}}}`, v1alpha1.GroupVersion, name, bare.Namespace, taskCPUs, taskMemory)
	tasks := s.raw.Post().Namespace(bare.Namespace).Resource(mesosTasks).SetHeader("Content-Type", "application/json").Body([]byte(body))
	if _, err := tasks.DoRaw(ctx); err != nil {
		return fmt.Errorf("creating a MesosTask: %w", err)
	}
	var like []byte
	if err := s.until(ctx, "the first task", func(ctx context.Context) (bool, error) {
		var err error
		if like, err = s.raw.Get().Namespace(bare.Namespace).Resource(mesosTasks).Name(name).DoRaw(ctx); err != nil {
			return false, err
		}
		var task v1alpha1.MesosTask
		err = json.Unmarshal(like, &task)
		return task.Status.Task != nil && task.Status.Task.State == running, err
	}); err != nil {
		return err
	}
	s.like = s.path("like.json")
	if err := os.WriteFile(s.like, like, 0o600); err != nil {
		return fmt.Errorf("writing the MesosTask: %w", err)
	}
	task := &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: bare.Namespace}}
	if err := s.admin.Delete(ctx, task); err != nil {
		return fmt.Errorf("deleting the first task: %w", err)
	}
	return s.until(ctx, "the end of the first task", func(ctx context.Context) (bool, error) {
		err := s.admin.Get(ctx, client.ObjectKeyFromObject(task), task)
		return err != nil, client.IgnoreNotFound(err)
	})
}

// run runs one of the bare programs and returns what it says at its end.
func (s *stand) run(ctx context.Context, arguments ...string) (bare.Result, error) {
	var result bare.Result
	self, err := os.Executable()
	if err != nil {
		return result, err
	}
	cmd := exec.CommandContext(ctx, self, arguments...) //nolint:gosec // this program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return result, fmt.Errorf("running %v: %w", arguments, err)
	}
	return result, json.Unmarshal(output, &result)
}

// tasks takes N MesosTasks through steps, in a process of its own.
func (s *stand) tasks(ctx context.Context, n int, steps string) (bare.Result, error) {
	return s.run(ctx, "tasks", "--user", s.kubeconfig, "--operator", s.operator, "--like", s.like, "--n", strconv.Itoa(n), "--steps", steps)
}

// collect makes a program collect its garbage, by its profiles.
func collect(ctx context.Context, profiles string) error {
	return fetch(ctx, "http://"+profiles+"/debug/pprof/heap?gc=1", io.Discard)
}

// fetch reads something by HTTP.
func fetch(ctx context.Context, url string, into io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it has been read
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	_, err = io.Copy(into, response.Body)
	return err
}
