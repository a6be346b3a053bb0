// Package prometheus_test holds alerts, dashboards and runbooks to what there is: the alerts fire when they should, every query finds data in a real
// Prometheus that reads a real manager at work, every metric that is named exists, and the commands of the runbooks work.
package prometheus_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// runbooks is where the runbooks are found by those who are called.
const runbooks = "https://github.com/mesos-operator/mesos-operator/blob/main/docs/runbooks/"

// alert is an alert as alerts.yaml has it.
type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// read reads a YAML file of the project.
func read(t *testing.T, into any, path ...string) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text(t, path...)), into); err != nil {
		t.Fatalf("reading %s: %v", filepath.Join(path...), err)
	}
}

// text is the content of a file of the project.
func text(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(append([]string{testenv.Root()}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// alerts are all that there are.
func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `json:"name"`
			Rules []alert `json:"rules"`
		} `json:"groups"`
	}
	read(t, &file, "config", "prometheus", "alerts.yaml")
	var all []alert
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 10 {
		t.Fatalf("only %d alerts were found", len(all))
	}
	return all
}

// installed finds a program of Debian's package prometheus.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("looking for %s (install Debian's package prometheus): %v", name, err)
	}
	return path
}

func TestAlerts_holdWhatTheirTestsSay(t *testing.T) {
	for _, arguments := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		command := exec.CommandContext(t.Context(), installed(t, "promtool"), arguments...)
		command.Dir = filepath.Join(testenv.Root(), "config", "prometheus")
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, output)
		}
	}
}

// Each alert is shown to fire, and not to.
func TestAlerts_haveTestsOfBothKinds(t *testing.T) {
	var file struct {
		Tests []struct {
			AlertRuleTest []struct {
				AlertName string `json:"alertname"`
				ExpAlerts []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	if err := yaml.Unmarshal([]byte(text(t, "config", "prometheus", "alerts_test.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		// Of a test that ends with an alert, what comes before it shows only that it waits.
		last := test.AlertRuleTest[len(test.AlertRuleTest)-1]
		if len(last.ExpAlerts) > 0 {
			fires[last.AlertName] = true
		} else {
			silent[last.AlertName] = true
		}
	}
	for _, a := range alerts(t) {
		if !fires[a.Alert] || !silent[a.Alert] {
			t.Errorf("%s has a test that it fires: %t, that it does not: %t", a.Alert, fires[a.Alert], silent[a.Alert])
		}
		delete(fires, a.Alert)
		delete(silent, a.Alert)
	}
	if len(fires)+len(silent) > 0 {
		t.Errorf("tests are of no alert: %v %v", slices.Collect(maps.Keys(fires)), slices.Collect(maps.Keys(silent)))
	}
}

// sections are those of a runbook, in the order in which somebody who is woken up needs them.
var sections = []string{"## What it means", "## What is at risk", "## How to look", "## What to do"}

var headings = regexp.MustCompile(`(?m)^## .*$`)

func TestAlerts_sayWhatToDo(t *testing.T) {
	table := text(t, "docs", "monitoring.md")
	known := map[string]bool{}
	for _, a := range alerts(t) {
		known[a.Alert+".md"] = true
		if a.Annotations["runbook_url"] != runbooks+a.Alert+".md" {
			t.Errorf("the runbook of %s is at %s", a.Alert, a.Annotations["runbook_url"])
		}
		if severity := a.Labels["severity"]; severity != "critical" && severity != "warning" {
			t.Errorf("%s has severity %q", a.Alert, severity)
		}
		if a.Annotations["summary"] == "" || len(a.Annotations["summary"]) > 100 || a.Annotations["description"] == "" {
			t.Errorf("%s has the summary %q and the description %q", a.Alert, a.Annotations["summary"], a.Annotations["description"])
		}
		row := "| [" + a.Alert + "](runbooks/" + a.Alert + ".md) | " + a.Labels["severity"] + " |"
		if !strings.Contains(table, row) {
			t.Errorf("docs/monitoring.md has no row %s", row)
		}
		book := text(t, "docs", "runbooks", a.Alert+".md")
		if !strings.HasPrefix(book, "# "+a.Alert+"\n") || !slices.Equal(headings.FindAllString(book, -1), sections) {
			t.Errorf("the runbook of %s does not begin with its name, or its sections are %q", a.Alert, headings.FindAllString(book, -1))
		}
		// Whoever is woken up has the plugin at hand in the first line, or knows that it can do without.
		if _, look, _ := strings.Cut(book, sections[2]); !strings.HasPrefix(look, "\n\n`kubectl mesos` is [the plugin](../kubectl-mesos.md);") || !strings.Contains(look, "\n\n```\nkubectl mesos ") {
			t.Errorf("the runbook of %s does not begin to look with the plugin", a.Alert)
		}
	}
	files, err := os.ReadDir(filepath.Join(testenv.Root(), "docs", "runbooks"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file.Name()] {
			t.Errorf("docs/runbooks/%s is of no alert", file.Name())
		}
	}
}
