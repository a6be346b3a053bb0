package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

func TestTable(t *testing.T) {
	many := make([]string, listed+1)
	for i := range many {
		many[i] = string(rune('a' + i))
	}
	got := table([]metrics.Family{
		{Name: "b_total", Help: "Calls | answers.", Type: "counter", Labels: []metrics.Label{{Name: "type", Values: many}}},
		{Name: "a", Help: "Tasks.", Type: "gauge", Labels: []metrics.Label{{Name: "framework", Meaning: "the frameworks"}, {Name: "state", Values: []string{"x", "y"}}}},
	})
	want := "\n| metric | type | labels | what it says |\n|---|---|---|---|\n" +
		"| `a` | gauge | `framework`: the frameworks; `state`: `x`, `y` | Tasks. |\n" +
		"| `b_total` | counter | `type`: see below | Calls \\| answers. |\n" +
		"\nValues of `type` of `b_total`: `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`, `i`, `j`, `k`, `l`, `m`.\n\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
}

func TestRun_leavesWhatIsWrittenAroundTheTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "metrics.md")
	for document, complaint := range map[string]string{
		"# Metrics\n" + begin + "outdated\n" + end + "The end.\n": "",
		"# Metrics\n": "it lacks one of the lines",
	} {
		if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		err := run([]string{path})
		if complaint != "" {
			if err == nil || !strings.Contains(err.Error(), complaint) {
				t.Errorf("writing into %q: %v, want %q", document, err, complaint)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		written, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(written)
		if !strings.HasPrefix(text, "# Metrics\n"+begin) || !strings.HasSuffix(text, end+"The end.\n") || strings.Contains(text, "outdated") ||
			!strings.Contains(text, "`mesos_operator_bridge_connected`") {
			t.Errorf("the document became\n%s", text)
		}
	}
}

// TestFamilies_areWhatIsRegistered shows that the document's source says the same as the collectors themselves.
func TestFamilies_areWhatIsRegistered(t *testing.T) {
	for _, metric := range metrics.All() {
		family, descriptions := metric.Family(), make(chan *prometheus.Desc, 1)
		metric.Describe(descriptions)
		var names []string
		for _, label := range family.Labels {
			names = append(names, label.Name)
		}
		want := prometheus.NewDesc(family.Name, family.Help, names, nil).String()
		if got := (<-descriptions).String(); got != want {
			t.Errorf("registered is %s, described is %s", got, want)
		}
	}
}

func TestMetrics_areWellFormed(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	for _, metric := range metrics.All() {
		registry.MustRegister(metric)
	}
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestMetrics_labelsAreBounded shows that a label either has its values enumerated, or is one that administrators bound.
func TestMetrics_labelsAreBounded(t *testing.T) {
	open := map[string]bool{"framework": true, "version": true, "goversion": true}
	for _, metric := range metrics.All() {
		for _, label := range metric.Family().Labels {
			if (label.Values == nil) != open[label.Name] || (label.Values == nil) != (label.Meaning != "") {
				t.Errorf("label %s of %s has values %q and meaning %q", label.Name, metric.Family().Name, label.Values, label.Meaning)
			}
		}
	}
}
