// Package standalone_test runs what docs/standalone.md describes: three machines with etcd, an API server and a manager each, by the units and
// certificates that lie here, of which one is lost.
package standalone_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/program"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// patience ends a test that waits for what does not happen.
const patience = 3 * time.Minute

// machine is one of three, which has an address of the loopback interface and a directory that stands for its file system.
type machine struct {
	t         *testing.T
	name      string
	directory string
	variables map[string]string
	programs  map[string]*program.Program
	// alive ends when a program of one of the machines does so by itself; fail says why.
	alive context.Context //nolint:containedctx // it is the machines' life, not a call's
	fail  context.CancelCauseFunc
}

var (
	continued = regexp.MustCompile(`\\\n\s*`)
	execStart = regexp.MustCompile(`(?m)^ExecStart=(.*)$`)
	variable  = regexp.MustCompile(`\$\{(\w+)\}`)
)

// start starts what a unit says, where the machine has it.
func (m *machine) start(unit string) {
	m.t.Helper()
	text, err := os.ReadFile(unit + ".service")
	if err != nil {
		m.t.Fatal(err)
	}
	found := execStart.FindStringSubmatch(continued.ReplaceAllString(string(text), ""))
	if found == nil {
		m.t.Fatalf("%s.service starts nothing", unit)
	}
	here := strings.NewReplacer("/usr/local/bin/", filepath.Join(testenv.Root(), "bin")+"/", "/etc/mesos-operator", m.directory,
		"/var/lib/mesos-operator", filepath.Join(m.directory, "lib"))
	arguments := strings.Fields(here.Replace(found[1]))
	for i, argument := range arguments {
		arguments[i] = variable.ReplaceAllStringFunc(argument, func(name string) string {
			value, ok := m.variables[strings.Trim(name, "${}")]
			if !ok {
				m.t.Errorf("%s.service names %s, which machine.env does not have", unit, name)
			}
			return value
		})
	}
	unasked := func(err error) { m.fail(fmt.Errorf("on machine %s: %w", m.name, err)) }
	if m.programs[unit], err = program.Start(m.t.Context(), arguments[0], m.log(unit), unasked, arguments[1:]...); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = m.programs[unit].End(syscall.SIGKILL) }) // it may have ended
}

// log is where a unit's output goes.
func (m *machine) log(unit string) string { return filepath.Join(m.directory, unit+".log") }

// lose ends everything on the machine at once.
func (m *machine) lose() {
	m.t.Helper()
	for unit, running := range m.programs {
		if err := running.End(syscall.SIGKILL); err != nil {
			m.t.Errorf("losing %s: %v", unit, err)
		}
	}
}

// client reaches the API server of the machine as an administrator.
func (m *machine) client(admin *rest.Config) client.Client {
	m.t.Helper()
	config := rest.CopyConfig(admin)
	config.Host = "https://" + net.JoinHostPort(m.variables["ADDRESS"], "6443")
	c, err := client.New(config, client.Options{Scheme: testenv.Scheme()})
	if err != nil {
		m.t.Fatal(err)
	}
	m.until("the API server", func(ctx context.Context) (bool, error) {
		return true, c.Get(ctx, client.ObjectKey{Name: metav1.NamespaceDefault}, &corev1.Namespace{})
	})
	return c
}

// until waits until something holds. An error is what it waits for, too: servers come and go here.
func (m *machine) until(what string, holds func(ctx context.Context) (bool, error)) {
	m.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(m.alive, 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		ok, err := holds(ctx)
		last = err
		return ok && err == nil, nil
	})
	if err != nil {
		for unit := range m.programs {
			m.t.Logf("%s on %s:\n%s", unit, m.name, program.LastLines(m.log(unit), 5))
		}
		m.t.Fatalf("waiting for %s on machine %s: %v (last: %v)", what, m.name, errors.Join(err, context.Cause(m.alive)), last)
	}
}

// machines makes three of them, with certificates.
func machines(t *testing.T) (all []*machine, admin *rest.Config) {
	t.Helper()
	directory := t.TempDir()
	network := fmt.Sprintf("127.%d.%d", 1+rand.IntN(250), rand.IntN(250))
	arguments := []string{directory}
	alive, fail := context.WithCancelCause(t.Context())
	t.Cleanup(func() { fail(nil) })
	var members, servers []string
	for i, name := range []string{"one", "two", "three"} {
		address := fmt.Sprintf("%s.%d", network, i+1)
		arguments = append(arguments, name+"="+address)
		members, servers = append(members, fmt.Sprintf("%s=https://%s:2380", name, address)), append(servers, fmt.Sprintf("https://%s:2379", address))
		all = append(all, &machine{
			t: t, name: name, directory: filepath.Join(directory, name), programs: map[string]*program.Program{},
			variables: map[string]string{"NAME": name, "ADDRESS": address}, alive: alive, fail: fail,
		})
	}
	text, err := os.ReadFile("machine.env")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		m.variables["ETCD_CLUSTER"], m.variables["ETCD_SERVERS"] = strings.Join(members, ","), strings.Join(servers, ",")
		for name := range m.variables {
			if !bytes.Contains(text, []byte("\n"+name+"=")) {
				t.Errorf("machine.env has no %s", name)
			}
		}
	}
	if output, err := exec.CommandContext(t.Context(), "./certificates.sh", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("making certificates: %v: %s", err, output)
	}
	if admin, err = clientcmd.BuildConfigFromFlags("", filepath.Join(directory, "admin.kubeconfig")); err != nil {
		t.Fatal(err)
	}
	return all, admin
}

// apply installs the kustomization as the document says.
func apply(t *testing.T, kubeconfig string) {
	t.Helper()
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		kubectl = filepath.Join(testenv.Root(), "bin", "kubectl")
	}
	command := exec.CommandContext(t.Context(), kubectl, "--kubeconfig", kubeconfig, "apply", "--server-side", "-k", ".")
	command.Env = append(os.Environ(), "HOME="+t.TempDir())
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("installing: %v: %s", err, output)
	}
}

// simulated starts a Mesos of one agent and returns the URL of its master.
func simulated(t *testing.T) string {
	t.Helper()
	mesos := simulator.New(simulator.Options{Flags: simulator.Flags{OfferInterval: 50 * time.Millisecond}})
	t.Cleanup(mesos.Close)
	mesos.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096, Disk: 4096})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	serve := mesos.Listen(listener, 0)
	go func() { served <- serve() }()
	t.Cleanup(func() {
		mesos.Close()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

// create creates an object of the operator's from a manifest.
func create(t *testing.T, c client.Client, object client.Object, manifest string) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(manifest), object); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

// running waits until a MesosTask runs, and returns the ID of its task.
func (m *machine) running(c client.Client, name string) (taskID string) {
	m.t.Helper()
	m.until("MesosTask "+name+" to run", func(ctx context.Context) (bool, error) {
		task := &v1alpha1.MesosTask{}
		if err := c.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, task); err != nil {
			return false, err
		}
		if !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionReady) {
			return false, nil
		}
		taskID = task.Status.Task.ID
		return true, nil
	})
	return taskID
}

func manifest(name string) string {
	return `{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: ` + name + `, namespace: default},
spec: {shell: sleep 1000, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}`
}

// TestStandalone: three machines, of which that one is lost whose manager leads: another takes over, what runs is not touched, and more is run.
func TestStandalone(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	all, admin := machines(t)
	for _, unit := range []string{"etcd", "kube-apiserver"} {
		for _, m := range all {
			m.start(unit)
		}
	}
	first := all[0].client(admin)
	apply(t, filepath.Join(filepath.Dir(all[0].directory), "admin.kubeconfig"))
	for _, m := range all {
		m.client(admin)
		m.start("mesos-operator")
	}
	create(t, first, &v1alpha1.MesosFramework{},
		`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: default}, spec: {masters: {urls: ["`+simulated(t)+`"]}, info: {name: shop, user: nobody}}}`)
	create(t, first, &v1alpha1.MesosTask{}, manifest("before"))
	before := all[0].running(first, "before")

	var left []*machine
	for _, m := range all {
		log, err := os.ReadFile(m.log("mesos-operator"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(log, []byte("uccessfully acquired lease")) {
			t.Logf("machine %s, whose manager leads, is lost", m.name)
			m.lose()
			continue
		}
		left = append(left, m)
	}
	if len(left) != 2 {
		t.Fatalf("%d of three managers do not lead", len(left))
	}
	second := left[0].client(admin)
	create(t, second, &v1alpha1.MesosTask{}, manifest("after"))
	left[0].running(second, "after")
	if now := left[0].running(second, "before"); now != before {
		t.Errorf("the task that ran is %s now, and was %s", now, before)
	}
}
