// Package testenv starts a real kube-apiserver and etcd with the project's CRDs, and a real ZooKeeper, for tests.
package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Env is a running kube-apiserver and etcd.
type Env struct {
	// Config reaches the API server as an administrator.
	Config *rest.Config

	environment *envtest.Environment
	// home is where kubectl keeps what it learnt of the API, so that only its first run asks for it.
	home string
}

// Root is the project's root directory, which is where the working directory or one above it holds PROJECT. The source's own path does
// not tell: it is trimmed from programs that are built to be the same everywhere.
func Root() string {
	start, err := os.Getwd()
	if err != nil {
		return "."
	}
	for directory := start; ; directory = filepath.Dir(directory) {
		if _, err := os.Stat(filepath.Join(directory, "PROJECT")); err == nil {
			return directory
		}
		if directory == filepath.Dir(directory) {
			return start
		}
	}
}

// Start starts both programs and installs the CRDs, after changes to how, if any. The caller stops them with Stop.
func Start(changes ...func(*envtest.Environment)) (*Env, error) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join(Root(), "bin")
	}
	if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil { //nolint:gosec // whoever runs the tests says where the programs are
		return nil, fmt.Errorf("looking for kube-apiserver (build it with: make envtest): %w", err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets,
		CRDDirectoryPaths:     []string{filepath.Join(Root(), "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	// The admission plugin wants a service account in every namespace, which nothing here makes.
	environment.ControlPlane.GetAPIServer().Configure().Append("disable-admission-plugins", "ServiceAccount")
	for _, change := range changes {
		change(environment)
	}
	config, err := environment.Start()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting kube-apiserver and etcd: %w", err), environment.Stop())
	}
	config.QPS, config.Burst = -1, 0
	home, err := os.MkdirTemp("", "testenv")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a home for kubectl: %w", err), environment.Stop())
	}
	if err := os.WriteFile(filepath.Join(home, "kubeconfig"), environment.KubeConfig, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the kubeconfig for kubectl: %w", err), environment.Stop())
	}
	return &Env{Config: config, environment: environment, home: home}, nil
}

// Kubeconfig returns the content of a kubeconfig file for the administrator.
func (e *Env) Kubeconfig() []byte { return e.environment.KubeConfig }

// Kubectl runs kubectl as an administrator of another name than the tests' own, and returns what it wrote. Variables are added to its
// environment, such as KUBE_EDITOR=....
func (e *Env) Kubectl(ctx context.Context, input string, variables []string, arguments ...string) (string, error) {
	program, err := exec.LookPath("kubectl")
	if err != nil {
		program = filepath.Join(Root(), "bin", "kubectl")
	}
	arguments = append([]string{"--kubeconfig", filepath.Join(e.home, "kubeconfig"), "--as", "alice", "--as-group", "system:masters"}, arguments...)
	command := exec.CommandContext(ctx, program, arguments...) //nolint:gosec // tests say what to run
	command.Env = append(append(os.Environ(), "HOME="+e.home), variables...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	return string(output), err
}

// Stop stops both programs.
func (e *Env) Stop() error { return errors.Join(e.environment.Stop(), os.RemoveAll(e.home)) }
