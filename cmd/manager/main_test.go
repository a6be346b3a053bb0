package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/operator"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// patience ends a test that waits for what does not happen.
const patience = 90 * time.Second

// system is a real API server, a simulated Mesos whose tasks are processes, and the manager as a program.
type system struct {
	t          *testing.T
	env        *testenv.Env
	client     client.Client
	mesos      *simulator.Cluster
	streams    streams
	program    string
	kubeconfig string
}

func newSystem(t *testing.T) *system {
	t.Helper()
	env := testenv.New(t)
	s := &system{t: t, env: env, client: env.Client(t), program: filepath.Join(t.TempDir(), "manager"), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-race", "-ldflags", "-X main.version=tested", "-o", s.program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the manager: %v\n%s", err, output)
	}
	if err := os.WriteFile(s.kubeconfig, env.Kubeconfig(), 0o600); err != nil {
		t.Fatal(err)
	}
	s.mesos = simulator.New(simulator.Options{Flags: simulator.Flags{OfferInterval: 50 * time.Millisecond}, Observe: s.streams.note})
	t.Cleanup(s.mesos.Close)
	s.mesos.AddAgent(simulator.AgentSpec{
		CPUs: 4, Mem: 4096, Disk: 4096,
		Ports:  []mesosv1.Value_Range{{Begin: 31000, End: 31009}},
		Runner: &simulator.ProcessRunner{Dir: t.TempDir()},
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	serve := s.mesos.Listen(listener, 0)
	go func() { served <- serve() }()
	t.Cleanup(func() {
		s.mesos.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	s.create(fmt.Sprintf(`
apiVersion: mesos.dev/v1alpha1
kind: MesosFramework
metadata: {name: default}
spec: {masters: {urls: ["http://%s"]}, info: {user: %s}}`, listener.Addr(), currentUser(t)))
	return s
}

// currentUser is who the tasks run as.
func currentUser(t *testing.T) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "id", "-un").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(output))
}

func (s *system) create(manifest string) {
	s.t.Helper()
	var object client.Object = &v1alpha1.MesosTask{}
	if strings.Contains(manifest, "kind: MesosFramework") {
		object = &v1alpha1.MesosFramework{}
	}
	if err := yaml.UnmarshalStrict([]byte(manifest), object); err != nil {
		s.t.Fatal(err)
	}
	if err := s.client.Create(s.t.Context(), object); err != nil {
		s.t.Fatal(err)
	}
}

// process is a running manager.
type process struct {
	s     *system
	cmd   *exec.Cmd
	log   *logBuffer
	ended chan error
}

// logBuffer keeps what a manager logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// probes is how the manager logs where it serves its probes: the port is one that the system chose.
var probes = regexp.MustCompile(`"name":"health probe","addr":"([^"]+)"`)

// health is the URL of the probes; empty while there are none.
func (p *process) health() string {
	if match := probes.FindStringSubmatch(p.log.String()); match != nil {
		return "http://" + match[1]
	}
	return ""
}

// start runs a manager as a process of its own.
func (s *system) start() *process {
	s.t.Helper()
	return s.startWith(s.kubeconfig)
}

// startWith runs a manager that reaches the API as a kubeconfig file says. The lease is as short as a busy machine allows, which is what
// the test waits for when a leader is gone.
func (s *system) startWith(kubeconfig string, more ...string) *process {
	s.t.Helper()
	p := &process{s: s, log: &logBuffer{}, ended: make(chan error, 1)}
	p.cmd = exec.Command(s.program, append([]string{
		"--kubeconfig", kubeconfig, "--leader-election-lease-duration", "6s",
		"--leader-election-renew-deadline", "4s", "--leader-election-retry-period", "500ms", "--metrics-bind-address", "127.0.0.1:0",
		"--health-probe-bind-address", "127.0.0.1:0", "--operator-namespace", "default", "--log-level", "1",
	}, more...)...)
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	s.t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.signal(syscall.SIGKILL)
			<-p.ended
		}
		if s.t.Failed() {
			s.t.Logf("a manager's log:\n%s", p.log)
		}
	})
	return p
}

func (p *process) signal(signal os.Signal) {
	p.s.t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.s.t.Error(err)
	}
}

// wait waits until the process has ended and returns its exit code.
func (p *process) wait() int {
	p.s.t.Helper()
	select {
	case err := <-p.ended:
		if exit := (&exec.ExitError{}); err != nil && !errors.As(err, &exit) {
			p.s.t.Fatal(err)
		}
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.s.t.Fatal("the manager did not end")
		return 0
	}
}

// until polls until holds is true.
func (s *system) until(what string, holds func(ctx context.Context) (bool, error)) {
	s.t.Helper()
	if err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, patience, true, holds); err != nil {
		s.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// ready waits until a manager's probe says that it is ready.
func (p *process) ready() {
	p.s.t.Helper()
	p.s.until("the manager is ready", func(ctx context.Context) (bool, error) {
		health := p.health()
		if health == "" {
			return false, nil
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, health+"/readyz", http.NoBody)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil // it does not listen yet
		}
		defer response.Body.Close()
		_, err = io.Copy(io.Discard, response.Body)
		return response.StatusCode == http.StatusOK, err
	})
}

// task waits until a task's condition Ready has the reason, and returns the task.
func (s *system) task(name, reason string) *v1alpha1.MesosTask {
	s.t.Helper()
	task := &v1alpha1.MesosTask{}
	s.until(name+" is "+reason, func(ctx context.Context) (bool, error) {
		err := s.client.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, task)
		ready := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == reason, err
	})
	return task
}

// lease is the one that the managers compete for.
func (s *system) lease() *coordinationv1.Lease {
	s.t.Helper()
	lease := &coordinationv1.Lease{}
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Namespace: "default", Name: operator.LeaseName(v1alpha1.DefaultControllerName)}, lease); err != nil {
		s.t.Fatal(err)
	}
	return lease
}

const taskManifest = `
apiVersion: mesos.dev/v1alpha1
kind: MesosTask
metadata: {name: %s, namespace: default}
spec: {shell: %q, resources: {requests: {cpus: "0.1", memory: 32Mi}}%s}`

// TestManager runs the manager as its users do: as a process, elected, killed, succeeded by another, and losing its lease.
func TestManager(t *testing.T) {
	s := newSystem(t)
	s.create(fmt.Sprintf(taskManifest, "web", "sleep 1000", ""))
	s.create(fmt.Sprintf(taskManifest, "job", "echo done", ", restartPolicy: Never"))

	first := s.start()
	first.ready()
	web := s.task("web", v1alpha1.ReasonRunning)
	s.task("job", v1alpha1.ReasonCompleted)
	pid := s.pid(web.Status.Task.ID)
	if err := syscall.Kill(pid, 0); err != nil {
		t.Errorf("process %d of the task: %v", pid, err)
	}

	// A second manager stands by: it is ready, and Mesos hears nothing of it.
	second := s.start()
	second.ready()
	subscribed := s.mesos.Calls("SUBSCRIBE")
	if subscribed != 1 {
		t.Errorf("%d SUBSCRIBE calls with two managers, want 1", subscribed)
	}

	// The leader dies without a word; the other one takes over and nothing that runs is disturbed.
	first.signal(syscall.SIGKILL)
	first.wait()
	s.until("the second manager has subscribed", func(context.Context) (bool, error) { return s.mesos.Calls("SUBSCRIBE") > subscribed, nil })
	s.until("the second manager has reconciled", func(ctx context.Context) (bool, error) {
		framework := &v1alpha1.MesosFramework{}
		err := s.client.Get(ctx, client.ObjectKey{Name: "default"}, framework)
		last := framework.Status.Reconciliation.Last
		return last != nil && last.Tasks == 1, err
	})
	if again := s.task("web", v1alpha1.ReasonRunning); again.Status.Task.ID != web.Status.Task.ID || s.pid(web.Status.Task.ID) != pid {
		t.Errorf("web runs as %s, process %d; want it undisturbed as %s, process %d", again.Status.Task.ID, s.pid(again.Status.Task.ID), web.Status.Task.ID, pid)
	}

	// Somebody else takes the lease: the process ends, with an error.
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		lease := s.lease()
		lease.Spec.HolderIdentity, lease.Spec.RenewTime = new("somebody-else"), &metav1.MicroTime{Time: time.Now().Add(time.Hour)}
		return s.client.Update(t.Context(), lease)
	})
	if err != nil {
		t.Fatal(err)
	}
	if code := second.wait(); code != 1 {
		t.Errorf("the manager that lost its lease ended with status %d, want 1", code)
	}
	if !strings.Contains(second.log.String(), "leader election lost") {
		t.Error("the manager that lost its lease did not say so")
	}

	// A manager that is asked to end does so with status 0 and gives the lease back.
	if err := s.client.Delete(t.Context(), s.lease()); err != nil {
		t.Fatal(err)
	}
	third := s.start()
	third.ready()
	if err := s.client.Delete(t.Context(), &v1alpha1.MesosTask{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: "default"}}); err != nil {
		t.Fatal(err)
	}
	s.until("the task's process is gone", func(context.Context) (bool, error) { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH), nil })
	third.signal(syscall.SIGTERM)
	if code := third.wait(); code != 0 {
		t.Errorf("the manager that was asked to end did so with status %d, want 0", code)
	}
	if holder := s.lease().Spec.HolderIdentity; holder != nil && *holder != "" {
		t.Errorf("the lease is still held by %s", *holder)
	}
	s.withoutOneKind()
	s.withoutLaterKinds()
	for _, disaster := range s.mesos.Disasters() {
		t.Error(disaster)
	}
}

// withoutLaterKinds runs the manager where the CRDs are those of an earlier release: it serves MesosTasks, and starts anew once it can serve all kinds.
func (s *system) withoutLaterKinds() {
	s.t.Helper()
	s.kubectl("delete", "crd", "mesostasksets.mesos.dev", "mesoscrontasks.mesos.dev")
	manager := s.start()
	manager.ready()
	s.create(fmt.Sprintf(taskManifest, "alone", "sleep 1000", ""))
	s.task("alone", v1alpha1.ReasonRunning)
	s.kubectl("apply", "--server-side", "--filename", filepath.Join(testenv.Root(), "config", "crd", "bases"))
	if code := manager.wait(); code != 1 {
		s.t.Errorf("the manager ended with status %d once it could serve all kinds, want 1, so that it is started anew", code)
	}
	if !strings.Contains(manager.log.String(), "can be served now: starting anew with them") {
		s.t.Error("the manager that could serve all kinds did not say so")
	}
}

func (s *system) kubectl(arguments ...string) {
	s.t.Helper()
	if output, err := s.env.Kubectl(s.t.Context(), "", nil, arguments...); err != nil {
		s.t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
}

// pid is the process of a task that runs.
func (s *system) pid(taskID string) int {
	s.t.Helper()
	for _, task := range s.mesos.Tasks() {
		if task.TaskID == taskID {
			return task.PID
		}
	}
	s.t.Fatalf("%s does not run", taskID)
	return 0
}
