package prometheus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/mesos-operator/mesos-operator/internal/program"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// The labels that the Prometheus operator gives what it reads of the manager, and the frameworks that there are.
const (
	namespace = "mesos-operator-system"
	job       = "mesos-operator-metrics"
	// present has a master, away had one.
	present, away = "default", "away"
)

// patience ends a test that waits for what does not happen.
const patience = 3 * time.Minute

// system is a real API server, a simulated Mesos whose tasks are scripted, two managers and a Prometheus that reads both.
type system struct {
	t          *testing.T
	env        *testenv.Env
	mesos      *simulator.Cluster
	dir        string
	managers   []*program.Program
	prometheus string
	// stirred counts how often something was done.
	stirred int
}

func newSystem(t *testing.T) *system {
	t.Helper()
	s := &system{t: t, env: testenv.New(t), dir: t.TempDir()}
	s.kubectl("", "create", "namespace", namespace)
	s.mesos = simulator.New(simulator.Options{Flags: simulator.Flags{OfferInterval: 50 * time.Millisecond, StatusUpdateRetryMin: 4 * time.Second}})
	s.mesos.AddAgent(simulator.AgentSpec{
		CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 31000, End: 31009}}, Runner: simulator.ScriptRunner{Script: script},
	})
	s.framework(present, s.mesos)
	addresses := s.startManagers()
	s.loseMaster()
	s.startPrometheus(addresses)
	return s
}

// script is the life of a task, by its command.
func script(task *mesosv1.TaskInfo) simulator.Script {
	switch command := task.GetCommand().GetValue(); command {
	case "fail":
		return simulator.EndAfter(200*time.Millisecond, mesosv1.TASK_FAILED, "Command exited with status 1")
	case "finish":
		return simulator.EndAfter(200*time.Millisecond, mesosv1.TASK_FINISHED, "")
	default:
		return simulator.Stay()
	}
}

// framework serves a simulated Mesos and creates the MesosFramework that is connected to it.
func (s *system) framework(name string, mesos *simulator.Cluster) {
	s.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	served, serve := make(chan error, 1), mesos.Listen(listener, 0)
	go func() { served <- serve() }()
	s.t.Cleanup(func() {
		mesos.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			s.t.Error(err)
		}
	})
	s.apply(fmt.Sprintf(`
apiVersion: mesos.dev/v1alpha1
kind: MesosFramework
metadata: {name: %s}
spec: {masters: {urls: ["http://%s"]}, info: {user: nobody}}`, name, listener.Addr()))
}

// loseMaster has a framework registered whose master is then gone.
func (s *system) loseMaster() {
	s.t.Helper()
	mesos := simulator.New(simulator.Options{})
	s.framework(away, mesos)
	s.kubectl("", "wait", "mesosframework", present, away, "--for=condition=Ready", "--timeout="+patience.String())
	mesos.Close()
}

// kubectl runs kubectl as an administrator; it must succeed.
func (s *system) kubectl(input string, arguments ...string) string {
	s.t.Helper()
	output, err := s.env.Kubectl(s.t.Context(), input, nil, arguments...)
	if err != nil {
		s.t.Fatalf("kubectl %s: %v\n%s", strings.Join(arguments, " "), err, output)
	}
	return output
}

func (s *system) apply(manifests ...string) {
	s.t.Helper()
	s.kubectl(strings.Join(manifests, "\n---\n"), "apply", "--namespace", "default", "--filename", "-")
}

// freeAddress is one that nobody listens at.
func (s *system) freeAddress() string {
	s.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // nothing was ever accepted
	return listener.Addr().String()
}

// start starts a program that ends with the test.
func (s *system) start(path, log string, arguments ...string) *program.Program {
	s.t.Helper()
	started, err := program.Start(s.t.Context(), path, log, func(err error) { s.t.Error(err) }, arguments...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := started.End(syscall.SIGTERM); err != nil {
			s.t.Error(err)
		}
		if s.t.Failed() {
			s.t.Logf("the end of %s:\n%s", log, program.LastLines(log, 40))
		}
	})
	return started
}

// startManagers starts two, of which one leads, and returns where they serve their metrics.
func (s *system) startManagers() (addresses []string) {
	s.t.Helper()
	manager, kubeconfig := filepath.Join(s.dir, "manager"), filepath.Join(s.dir, "kubeconfig")
	build := exec.CommandContext(s.t.Context(), "go", "build", "-race", "-ldflags", "-X main.version=tested", "-o", manager, "./cmd/manager")
	build.Dir = testenv.Root()
	if output, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("building the manager: %v\n%s", err, output)
	}
	if err := os.WriteFile(kubeconfig, s.env.Kubeconfig(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	for i := range 2 {
		address := s.freeAddress()
		addresses = append(addresses, address)
		s.managers = append(s.managers, s.start(manager, filepath.Join(s.dir, fmt.Sprintf("manager-%d.log", i)),
			"--kubeconfig", kubeconfig, "--operator-namespace", namespace, "--metrics-secure=false", "--metrics-bind-address", address,
			"--health-probe-bind-address", "127.0.0.1:0"))
	}
	return addresses
}

// startPrometheus starts a Prometheus that reads the managers every second, and judges the alerts.
func (s *system) startPrometheus(addresses []string) {
	s.t.Helper()
	rules, err := filepath.Abs("alerts.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
- job_name: %s
  static_configs: [{targets: ["%s"], labels: {namespace: %s}}]
`, rules, job, strings.Join(addresses, `", "`), namespace)
	path := filepath.Join(s.dir, "prometheus-config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		s.t.Fatal(err)
	}
	address := s.freeAddress()
	s.prometheus = "http://" + address
	s.start(installed(s.t, "prometheus"), filepath.Join(s.dir, "prometheus.log"), "--config.file", path, "--web.listen-address", address,
		"--storage.tsdb.path", filepath.Join(s.dir, "prometheus"), "--log.level", "warn")
}

// objects are what the managers have to do: a task that runs, one that fails again and again, one that fits nowhere, a set, and a cron task.
var objects = []string{
	mesosTask("web", "stay", ""), mesosTask("flaky", "fail", ", backoff: {maxSeconds: 1}"), mesosTask("huge", "stay", `, resources: {requests: {cpus: "100", memory: 32Mi}}`),
	`
apiVersion: mesos.dev/v1alpha1
kind: MesosTaskSet
metadata: {name: front}
spec: {replicas: 1, template: {spec: {shell: stay, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}}`,
	`
apiVersion: mesos.dev/v1alpha1
kind: MesosCronTask
metadata: {name: nightly}
spec: {schedule: "* * * * *", template: {spec: {shell: finish, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}}`,
}

func mesosTask(name, shell, more string) string {
	if !strings.Contains(more, "resources") {
		more += `, resources: {requests: {cpus: "0.1", memory: 32Mi}}`
	}
	return fmt.Sprintf(`
apiVersion: mesos.dev/v1alpha1
kind: MesosTask
metadata: {name: %s}
spec: {shell: %s%s}`, name, shell, more)
}

// stir does a little of all that happens in a day: a job is run, a person asks for a pass and a run, the set is scaled, an acknowledgement fails, which
// is sent again once the agent has repeated its update, and the stream breaks.
func (s *system) stir() {
	s.t.Helper()
	s.stirred++
	now := strconv.Itoa(s.stirred)
	s.apply(mesosTask("job-"+now, "finish", ", restartPolicy: Never"))
	s.kubectl("", "annotate", "mesosframework", present, "--overwrite", "mesos.dev/reconcile-requested-at="+now)
	s.kubectl("", "annotate", "--namespace", "default", "mesoscrontask", "nightly", "--overwrite", "mesos.dev/run-requested-at="+time.Now().UTC().Format(time.RFC3339))
	s.kubectl("", "scale", "--namespace", "default", "mesostaskset", "front", "--replicas", strconv.Itoa(1+s.stirred%3))
	s.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Answer, Type: "ACKNOWLEDGE", Status: http.StatusServiceUnavailable})
	if s.stirred%4 == 0 {
		s.mesos.CutStream("", 0)
	}
}

// ask asks Prometheus and reads the data of its answer.
func (s *system) ask(ctx context.Context, path string, parameters url.Values, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.prometheus+path+"?"+parameters.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it is read to its end, or of no use
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if answer.Status != "success" {
		return fmt.Errorf("it says %q", answer.Error)
	}
	return nil
}

// series are what a query finds, by their labels, without those whose value is no number.
func (s *system) series(ctx context.Context, query string) ([]string, error) {
	var data struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := s.ask(ctx, "/api/v1/query", url.Values{"query": {query}}, &data); err != nil {
		return nil, fmt.Errorf("asking Prometheus for %s: %w", query, err)
	}
	var found []string
	for _, one := range data.Result {
		if value, ok := one.Value[1].(string); ok && value != "NaN" {
			found = append(found, fmt.Sprint(one.Metric, " ", value))
		}
	}
	slices.Sort(found)
	return found, nil
}

// reads waits until Prometheus has read both managers.
func (s *system) reads() {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.t.Context(), 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		// It may not listen yet.
		found, err := s.series(ctx, "mesos_operator_build_info")
		return err == nil && len(found) == len(s.managers), nil
	})
	if err != nil {
		s.t.Fatalf("waiting until Prometheus has read the managers: %v", err)
	}
}
