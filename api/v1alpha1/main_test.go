package v1alpha1_test

import (
	"fmt"
	"os"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

var (
	env       *testenv.Env
	apiClient client.Client
)

func TestMain(m *testing.M) {
	os.Exit(testenv.Main(m, func(started *testenv.Env) (err error) {
		env = started
		if apiClient, err = client.New(env.Config, client.Options{Scheme: testenv.Scheme()}); err != nil {
			return fmt.Errorf("reaching the API server: %w", err)
		}
		return nil
	}))
}
