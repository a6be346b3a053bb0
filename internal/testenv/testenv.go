// Package testenv starts a real kube-apiserver and etcd with the project's CRDs, for tests.
package testenv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Env is a running kube-apiserver and etcd.
type Env struct {
	// Config reaches the API server as an administrator.
	Config *rest.Config

	environment *envtest.Environment
}

// Root is the project's root directory.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Start starts both programs and installs the CRDs. The caller stops them with Stop.
func Start() (*Env, error) {
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join(Root(), "bin")
	}
	if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
		return nil, fmt.Errorf("looking for kube-apiserver (build it with: make envtest): %w", err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets,
		CRDDirectoryPaths:     []string{filepath.Join(Root(), "config", "crd", "bases")},
		ErrorIfCRDPathMissing: true,
	}
	// The admission plugin wants a service account in every namespace, which nothing here makes.
	environment.ControlPlane.GetAPIServer().Configure().Append("disable-admission-plugins", "ServiceAccount")
	config, err := environment.Start()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting kube-apiserver and etcd: %w", err), environment.Stop())
	}
	config.QPS, config.Burst = -1, 0
	return &Env{Config: config, environment: environment}, nil
}

// Kubeconfig returns the content of a kubeconfig file for the administrator.
func (e *Env) Kubeconfig() []byte { return e.environment.KubeConfig }

// Stop stops both programs.
func (e *Env) Stop() error { return e.environment.Stop() }
