package v1alpha1_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// TestReadByExecutor: what the CRD refuses as the name of a variable, ReadByExecutor knows.
func TestReadByExecutor(t *testing.T) {
	types, err := os.ReadFile("environment_types.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rule, found := strings.Cut(string(types), `rule="!self.startsWith('LIBPROCESS_')`)
	rule, _, ends := strings.Cut(rule, "\n")
	if !found || !ends {
		t.Fatal("the rule is not there")
	}
	names := regexp.MustCompile(`'((?:MESOS|SSL)_[A-Z0-9_]+)'`).FindAllStringSubmatch(rule, -1)
	if len(names) < 30 {
		t.Fatalf("the rule has but %d names", len(names))
	}
	for _, name := range names {
		if !v1alpha1.ReadByExecutor(name[1]) {
			t.Errorf("%s is not known", name[1])
		}
	}
	for name, want := range map[string]bool{
		"LIBPROCESS_x": true, "SSL_enabled": true, "ssl_enabled": false, "mesos_quiet": false, "SSL_CERT_FILE": false, "MESOS_MASTER": false, "MESOS_TASK_ID": false, "": false,
	} {
		if got := v1alpha1.ReadByExecutor(name); got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
	}
}
