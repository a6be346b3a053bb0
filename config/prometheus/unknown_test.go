package prometheus_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestOverview_doesNotCallWellWhatNobodyKnows: of a framework that is disconnected nobody knows that nothing is unanswered, or orphaned; that something was
// stays on the page.
func TestOverview_doesNotCallWellWhatNobodyKnows(t *testing.T) {
	metrics := map[string]string{"Unanswered": "mesos_operator_reconciliation_unanswered_tasks", "Orphans": "mesos_operator_orphans"}
	all := queries(t)
	labels := fmt.Sprintf(`namespace=%q, job=%q, framework=%q`, namespace, job, present)
	var tests []any
	for panel, metric := range metrics {
		expr, ok := all["Mesos operator / Overview, panel "+panel+" A"]
		if !ok {
			t.Fatalf("the overview has no panel %s", panel)
		}
		for _, is := range []struct{ connected, number, shown int }{{1, 0, 0}, {1, 3, 3}, {0, 0, -1}, {0, 2, 2}} {
			tests = append(tests, map[string]any{
				"input_series": []any{
					map[string]any{"series": `mesos_operator_bridge_connected{instance="a", ` + labels + "}", "values": strconv.Itoa(is.connected)},
					map[string]any{"series": metric + `{instance="a", ` + labels + "}", "values": strconv.Itoa(is.number)},
				},
				"promql_expr_test": []any{map[string]any{
					"expr": expr, "eval_time": "0m",
					"exp_samples": []any{map[string]any{"labels": fmt.Sprintf("{framework=%q}", present), "value": is.shown}},
				}},
			})
		}
	}
	content, err := yaml.Marshal(map[string]any{"tests": tests})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), installed(t, "promtool"), "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, output)
	}
}
