package charts_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// TestChart_bringsCRDsBeforeTheManager: a manager looks for fields, and for grants, that its CRDs and roles have to have by then.
func TestChart_bringsCRDsBeforeTheManager(t *testing.T) {
	t.Parallel()
	for _, helm := range []string{"helm3", "helm4"} {
		t.Run(helm, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), filepath.Join(testenv.Root(), "bin", "tools", helm), "template", release, chart(), "--set", "framework.create=true")
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			var order []string
			for line := range strings.Lines(string(output)) {
				if kind, ok := strings.CutPrefix(strings.TrimSpace(line), "kind: "); ok && strings.HasPrefix(line, "kind: ") {
					order = append(order, kind)
				}
			}
			last := slices.Index(order, "CustomResourceDefinition")
			for i, kind := range order {
				if kind == "CustomResourceDefinition" {
					last = i
				}
			}
			if role, deployment := slices.Index(order, "ClusterRole"), slices.Index(order, "Deployment"); last < 0 || role < last || deployment < role {
				t.Errorf("Helm applies %s", strings.Join(order, ", "))
			}
		})
	}
}
