package charts_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

func TestInstallYAML(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	bin := filepath.Join(testenv.Root(), "bin", "tools")
	// What make install-yaml writes is config/default with the name of an image.
	installYAML := c.program(filepath.Join(testenv.Root(), "hack", "render.sh"), filepath.Join(bin, "kustomize"), "registry.example.com:5000/mesos-operator:v1")
	if want := "image: registry.example.com:5000/mesos-operator:v1\n"; !strings.Contains(installYAML, want) {
		t.Errorf("install.yaml has no %q", want)
	}
	c.write("install.yaml", installYAML)
	c.write("default.yaml", c.tool("kustomize", "build", "config/default"))
	c.tool("kubectl", "apply", "--filename", c.path("install.yaml"))
	c.tool("kubectl", "wait", "--for=condition=Established", "crd/mesosframeworks.mesos.dev", "crd/mesostasks.mesos.dev", "crd/mesostasksets.mesos.dev")
	c.onlyChanges("install.yaml", "")
	c.sameLeaderElection()
	// All that differs is the image.
	c.onlyChanges("default.yaml", "deployment.apps/mesos-operator-controller-manager configured")
}

// sameLeaderElection checks that the manager has the same rights to its Lease whether Helm installs it or not. The Role is written twice, as only
// the chart knows what the Lease is called.
func (c *cluster) sameLeaderElection() {
	c.t.Helper()
	installed := &rbacv1.Role{}
	c.get("mesos-operator-system", "mesos-operator-leader-election-role", installed)
	for document := range strings.SplitSeq(c.tool("helm4", "template", release, chart(), "--show-only", "templates/manager-roles.yaml"), "\n---\n") {
		rendered := &rbacv1.Role{}
		if err := yaml.Unmarshal([]byte(document), rendered); err != nil {
			c.t.Fatal(err)
		}
		if rendered.Kind == "Role" && rendered.Name == release+"-leader-election" {
			if diff := cmp.Diff(rendered.Rules, installed.Rules); diff != "" {
				c.t.Errorf("the rules of the leader election (-chart +install.yaml):\n%s", diff)
			}
			return
		}
	}
	c.t.Error("the chart has no Role for the leader election")
}

// onlyChanges applies a manifest and checks that everything but one line of what kubectl says ends in "unchanged".
func (c *cluster) onlyChanges(file, configured string) {
	c.t.Helper()
	for line := range strings.Lines(c.tool("kubectl", "apply", "--filename", c.path(file))) {
		if line = strings.TrimSpace(line); line != configured && !strings.HasSuffix(line, " unchanged") {
			c.t.Errorf("applying %s: %s, want that it is unchanged", file, line)
		}
	}
}
