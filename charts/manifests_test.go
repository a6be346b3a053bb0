package charts_test

import (
	"path/filepath"
	"strings"
	"testing"

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
	c.tool("kubectl", "wait", "--for=condition=Established", "crd/mesosframeworks.mesos.dev", "crd/mesostasks.mesos.dev")
	c.onlyChanges("install.yaml", "")
	// All that differs is the image.
	c.onlyChanges("default.yaml", "deployment.apps/mesos-operator-controller-manager configured")
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
