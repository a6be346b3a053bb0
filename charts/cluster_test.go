// Package charts_test installs the Helm chart in a real API server, with Helm 3 and Helm 4, and runs the manager as the chart's own
// service account.
package charts_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// patience is how long anything that is waited for may take on a busy machine.
const patience = 90 * time.Second

// auditPolicy has the API server write down who asked for what, and nothing of what they sent.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  userGroups: ["system:serviceaccounts"]
`

// cluster is a kube-apiserver with nothing in it, and programs to use it with.
type cluster struct {
	t      *testing.T
	dir    string
	config *rest.Config
	client client.Client
}

// newCluster starts an API server without the project's CRDs. It ends with the test.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir()}
	c.write("audit-policy.yaml", auditPolicy)
	env := testenv.New(t, func(environment *envtest.Environment) {
		environment.CRDDirectoryPaths, environment.ErrorIfCRDPathMissing = nil, false
		environment.ControlPlane.GetAPIServer().Configure().
			Append("audit-policy-file", c.path("audit-policy.yaml")).Append("audit-log-path", c.path("audit.log"))
	})
	c.config, c.client = env.Config, env.Client(t)
	c.write("kubeconfig", string(env.Kubeconfig()))
	return c
}

// path is a file of this test.
func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

// write writes a file of this test.
func (c *cluster) write(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// tool runs a program that make builds, or the kubectl that is installed; see program.
func (c *cluster) tool(name string, arguments ...string) string {
	c.t.Helper()
	program := filepath.Join(testenv.Root(), "bin", "tools", name)
	if name == "kubectl" {
		program = kubectl()
	}
	return c.program(program, arguments...)
}

// kubectl is the kubectl that is installed, or else the one that make envtest builds.
func kubectl() string {
	if found, err := exec.LookPath("kubectl"); err == nil {
		return found
	}
	return filepath.Join(testenv.Root(), "bin", "kubectl")
}

// program runs a program in the project's root, as an administrator of the cluster, and returns what it wrote. It must succeed.
func (c *cluster) program(program string, arguments ...string) string {
	c.t.Helper()
	output, err := c.try(program, arguments...)
	if err != nil {
		c.t.Fatalf("running %s %s (make helm-test builds it): %v\n%s", program, strings.Join(arguments, " "), err, output)
	}
	return output
}

// try does so, and it may fail.
func (c *cluster) try(program string, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = testenv.Root()
	command.Env = append(os.Environ(), "KUBECONFIG="+c.path("kubeconfig"), "HOME="+c.dir, "XDG_CACHE_HOME="+c.path("cache"))
	output, err := command.CombinedOutput()
	return string(output), err
}

// until waits until check says nothing more that is missing.
func (c *cluster) until(what string, check func(context.Context) (missing string, err error)) {
	c.t.Helper()
	var missing string
	err := wait.PollUntilContextTimeout(c.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		now, err := check(ctx)
		if err == nil {
			// What was missing before stays known where the time is over within a check.
			missing = now
		}
		return now == "" && err == nil, err
	})
	if err != nil {
		c.t.Fatalf("waiting until %s: %v: %s", what, err, missing)
	}
}

// serviceAccountKubeconfig writes a kubeconfig with a token of a service account, as its pods would have one.
func (c *cluster) serviceAccountKubeconfig(namespace, name string) string {
	c.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	request := &authenticationv1.TokenRequest{}
	if err := c.client.SubResource("token").Create(c.t.Context(), account, request); err != nil {
		c.t.Fatalf("requesting a token of service account %s/%s: %v", namespace, name, err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: c.config.Host, CertificateAuthorityData: c.config.CAData}
	config.AuthInfos["manager"] = &clientcmdapi.AuthInfo{Token: request.Status.Token}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "manager"}
	config.CurrentContext = "test"
	path := c.path(namespace + "-" + name + "-kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// process is a program of this project that runs beside the test.
type process struct {
	t     *testing.T
	name  string
	log   string
	cmd   *exec.Cmd
	ended chan error
	// endsBySignal says that the program does not handle the signal that asks it to end.
	endsBySignal bool
}

// start starts a program of this project. It ends with the test, if not before.
func (c *cluster) start(programs, name string, arguments ...string) *process {
	c.t.Helper()
	p := &process{t: c.t, name: name, log: c.path(name + ".log"), ended: make(chan error, 1)}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	p.cmd = exec.CommandContext(context.WithoutCancel(c.t.Context()), filepath.Join(programs, name), arguments...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		c.t.Fatalf("starting %s: %v", name, err)
	}
	go func() {
		p.ended <- p.cmd.Wait()
		_ = log.Close() // the program wrote it, through a descriptor of its own
	}()
	c.t.Cleanup(p.stop)
	return p
}

// stop asks the program to end and waits until it has. What it wrote is shown if the test has failed.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Errorf("ending %s: %v", p.name, err)
	}
	if err := <-p.ended; err != nil && !p.endsBySignal {
		p.t.Errorf("%s did not end in order: %v", p.name, err)
	}
	p.cmd = nil
	if output, err := os.ReadFile(p.log); err == nil && p.t.Failed() {
		p.t.Logf("%s wrote:\n%s", p.name, output)
	}
}

// wait waits until the program has ended by itself, and returns its status.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s has not ended", p.name)
	}
	status := p.cmd.ProcessState.ExitCode()
	p.cmd = nil
	return status
}

// build builds programs of this project.
func build(directory string) error {
	command := exec.CommandContext(context.Background(), "go", "build", "-o", directory+"/", "./cmd/manager", "./cmd/mesos-sim")
	command.Dir = testenv.Root()
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs: %w: %s", err, output)
	}
	return nil
}
