package docs_test

import (
	"os"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// env is one API server for all tests, as starting one takes longer than most of them.
var env *testenv.Env

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(testenv.Main(m, func(started *testenv.Env) error {
		env = started
		return nil
	}))
}
