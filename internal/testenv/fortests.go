package testenv

import (
	"fmt"
	"os"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// New starts kube-apiserver and etcd for one test, after changes to how, if any, and stops them when it ends.
func New(t *testing.T, changes ...func(*envtest.Environment)) *Env {
	t.Helper()
	env, err := Start(changes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Stop(); err != nil {
			t.Error(err)
		}
	})
	return env
}

// Main starts them for all tests of a package, which ready is told of, runs the tests and stops both. It returns what to end the process with.
func Main(m *testing.M, ready func(env *Env) error) (code int) {
	env, err := Start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := env.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	if err := ready(env); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Scheme knows the kinds of Kubernetes and the operator's own.
func Scheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	return scheme
}

// Client is an administrator's.
func (e *Env) Client(t *testing.T) client.Client {
	t.Helper()
	admin, err := client.New(e.Config, client.Options{Scheme: Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	return admin
}
