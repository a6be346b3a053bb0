package config_test

import (
	"os"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// env is one API server for all tests, as starting one takes longer than most of them.
var env *testenv.Env

func TestMain(m *testing.M) {
	os.Exit(testenv.Main(m, func(started *testenv.Env) error {
		env = started
		return nil
	}))
}

// objects are those of config/default, once they are installed.
var (
	install sync.Once
	objects []*unstructured.Unstructured
)

// installed installs config/default, the first test that asks for it, and returns its objects.
func installed(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	install.Do(func() {
		rendered := render(t, "default")
		cluster := client.WithFieldValidation(env.Client(t), "Strict")
		if err := testenv.Install(t.Context(), cluster, rendered); err != nil {
			t.Errorf("config/default: %v", err)
		}
		objects = rendered
	})
	if objects == nil {
		t.Fatal("config/default could not be installed, as another test says")
	}
	return objects
}
