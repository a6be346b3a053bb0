package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/doctor"
)

// TestDoctor_asAnAdministrator runs alone: other tests do harm to frameworks, and it looks at all.
func TestDoctor_asAnAdministrator(t *testing.T) {
	w := newTestAlone(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	got := w.mesos("doctor").ends(t, 0)
	t.Log("\n" + got.out)
	lines := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
	want := []string{
		`API server    ok  version v1\.\S+`,
		`CRDs          ok  all 4 are installed, of API level \d+`,
		`Manager       ok  \S+ leads \(lease mesos-operator-system/mesos-dev-operator, renewed \d+s ago\)`,
		`Version       ok  the manager that leads \(lease mesos-operator-system/mesos-dev-operator\) is v0\.0\.0-tested, of API level \d+, as this plugin is`,
		`Framework     ok  default \(Mesos 1\.\S+\): It is connected to the master at http://\S+, and Mesos has answered for every task: nothing is wrong with it\.`,
		`Operator may  ok  all that it needs \(mesos-operator-system/mesos-operator-controller-manager\)`,
		`Admission     ok  policies protect what is the operator's in MesosTasks and MesosFrameworks`,
		`You may       ok  all that the plugin's verbs need in namespace ` + w.namespace,
		`From here     ok  an agent of framework default \(\S+\) is reached`,
	}
	for i, line := range lines {
		if i >= len(want) || !regexp.MustCompile("^"+want[i]+"$").MatchString(line) {
			t.Errorf("line %d is %q", i+1, line)
		}
	}
	if len(lines) < len(want) {
		t.Errorf("%d lines, want %d", len(lines), len(want))
	}
	var findings []doctor.Finding
	if err := json.Unmarshal([]byte(w.mesos("doctor", "-o", "json").ends(t, 0).out), &findings); err != nil || len(findings) != len(want) {
		t.Errorf("%v, %d findings", err, len(findings))
	}
	has(t, w.mesos("doctor", "--operator-service-account", "mesos-operator-system/nobody").ends(t, statusUnwell).out,
		"not patch mesostasks/status.mesos.dev, which mesos-operator-system/nobody needs", "not create, delete, get, list, patch, watch mesostasks.mesos.dev")
}

// TestDoctor_asSomebodyWhoMaySeeOnly: what may not be read is said, and is no problem of the installation.
func TestDoctor_asSomebodyWhoMaySeeOnly(t *testing.T) {
	w := newTest(t)
	w.task("web", v1alpha1.ReasonRunning, `shell: "exec sleep 1000"`)
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "see", Namespace: w.namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "see"}, Subjects: []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: "bob-" + w.namespace}},
	}
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "see", Namespace: w.namespace}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{"mesos.dev"}, Resources: []string{"mesostasks", "mesostasksets", "mesoscrontasks"}, Verbs: []string{"get", "list"}},
	}}
	for _, err := range []error{admin.Create(t.Context(), role), admin.Create(t.Context(), binding)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	as := "bob-" + w.namespace
	got := w.mesos("--as", as, "doctor").ends(t, 0)
	t.Log("\n" + got.out)
	has(t, got.out, "whether they are installed is not known", "none could be read", "not get, list mesosframeworks.mesos.dev", "not patch mesostasks.mesos.dev in namespace "+w.namespace)
	has(t, w.mesos("--as", as, "why", "web").ends(t, 0).out, "It runs on")
	has(t, w.mesos("--as", as, "restart", "web").ends(t, statusFailed).errOut, "forbidden")
}

func TestDoctor_noAPIServer(t *testing.T) {
	w := newTest(t)
	nowhere := filepath.Join(t.TempDir(), "kubeconfig")
	text := `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {}}], clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]}`
	if err := os.WriteFile(nowhere, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	has(t, w.mesos("--kubeconfig", nowhere, "doctor").ends(t, statusUnwell).out, "API server  problem  it does not answer")
}
