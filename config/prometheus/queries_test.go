package prometheus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// TestMonitoring puts everything that is shown or alerted on before a real Prometheus that reads real managers at work.
func TestMonitoring(t *testing.T) {
	s := newSystem(t)
	s.reads()
	s.apply(objects...)
	s.findData()
	s.namesExist()
	s.runbookCommandsWork()
	// What is there when nobody is: at the end.
	for _, manager := range s.managers {
		if err := manager.End(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	s.until("MesosOperatorDown is pending", func(ctx context.Context) bool {
		found, err := s.series(ctx, `ALERTS{alertname="MesosOperatorDown"}`)
		return err == nil && len(found) == 1
	})
}

func (s *system) until(what string, holds func(ctx context.Context) bool) {
	s.t.Helper()
	err := wait.PollUntilContextTimeout(s.t.Context(), 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) { return holds(ctx), nil })
	if err != nil {
		s.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// queries are all that dashboards and alerts ask, by where they stand.
func queries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, a := range alerts(t) {
		if a.Alert != "MesosOperatorDown" { // It asks for what is absent; it is seen at the end.
			all["alert "+a.Alert] = judged(a.Expr)
		}
	}
	panels := 0
	for _, file := range dashboards(t) {
		var page struct {
			Title      string
			Templating struct {
				List []struct{ Name, Type, Definition string }
			}
			Panels []struct {
				Title   string
				Targets []struct{ RefID, Expr string }
			}
		}
		if err := json.Unmarshal([]byte(text(t, file)), &page); err != nil {
			t.Fatalf("reading %s: %v", file, err)
		}
		for _, panel := range page.Panels {
			for _, target := range panel.Targets {
				panels++
				all[page.Title+", panel "+panel.Title+" "+target.RefID] = chosen(target.Expr)
			}
		}
		for _, variable := range page.Templating.List {
			if variable.Type == "query" {
				all[page.Title+", variable "+variable.Name] = chosen(labelValues.ReplaceAllString(variable.Definition, "count by ($2) ($1)"))
			}
		}
	}
	if panels < 40 {
		t.Fatalf("only %d queries of panels were found", panels)
	}
	return all
}

// dashboards are the files of the dashboards.
func dashboards(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testenv.Root(), "config", "grafana", "dashboards", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d dashboards were found (%v)", len(files), err)
	}
	for i, file := range files {
		if files[i], err = filepath.Rel(testenv.Root(), file); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

var (
	labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	// comparison is one that alerts make; those within braces have no blank after them.
	comparison = regexp.MustCompile(`(==|>) `)
)

// judged is the expression of an alert that says of each series whether it fires, in place of leaving out those that do not: without data it
// would never fire, whatever happens.
func judged(expr string) string { return comparison.ReplaceAllString(expr, "$1 bool ") }

// chosen is a query with the variables of its page set.
func chosen(query string) string {
	return strings.NewReplacer("$namespace", namespace, "$job", job, "$framework", present+"|"+away, "$__rate_interval", "30s").Replace(query)
}

// findData lets the system work until every query has found data.
func (s *system) findData() {
	s.t.Helper()
	left := queries(s.t)
	s.t.Logf("%d queries are asked", len(left))
	err := wait.PollUntilContextTimeout(s.t.Context(), time.Second, patience, true, func(ctx context.Context) (bool, error) {
		s.stir()
		for _, where := range slices.Sorted(maps.Keys(left)) {
			found, err := s.series(ctx, left[where])
			if err != nil {
				return false, err
			}
			if len(found) > 0 {
				s.t.Logf("%s: %d series, such as %s", where, len(found), found[0])
				delete(left, where)
			}
		}
		return len(left) == 0, nil
	})
	if err != nil {
		s.t.Errorf("waiting until all queries find data: %v", err)
		for where, query := range left {
			s.t.Errorf("no data for %s:\n%s", where, query)
		}
	}
}

// metric is a name of a metric, of the operator, or of what it is built with.
var metric = regexp.MustCompile(`\b(?:mesos_operator|controller_runtime|workqueue|rest_client|leader_election|process|go)_[a-z0-9_]+\b`)

// namesExist checks every metric that is named anywhere.
func (s *system) namesExist() {
	s.t.Helper()
	var names []string
	if err := s.ask(s.t.Context(), "/api/v1/label/__name__/values", url.Values{}, &names); err != nil {
		s.t.Fatalf("asking Prometheus for the names of metrics: %v", err)
	}
	books, err := filepath.Glob(filepath.Join(testenv.Root(), "docs", "runbooks", "*.md"))
	if err != nil {
		s.t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(dashboards(s.t), "config/prometheus/alerts.yaml", "docs/metrics.md", "docs/monitoring.md") {
		texts[path] = text(s.t, path)
	}
	for _, path := range books {
		texts[filepath.Base(path)] = text(s.t, "docs", "runbooks", filepath.Base(path))
	}
	seen := 0
	for where, text := range texts {
		for _, name := range metric.FindAllString(text, -1) {
			seen++
			if !slices.Contains(names, name) && !slices.Contains(names, name+"_bucket") {
				s.t.Errorf("%s names %s, which no manager serves", where, name)
			}
		}
	}
	if seen < 100 {
		s.t.Errorf("only %d names of metrics were found", seen)
	}
}

var fenced = regexp.MustCompile("(?ms)^```\n(.*?)^```$")

// runbookCommandsWork runs what the runbooks say, one line after the other.
func (s *system) runbookCommandsWork() {
	s.t.Helper()
	// What the commands look at: an installation, and a Prometheus that may read it.
	s.kubectl("", "apply", "--server-side", "--force-conflicts", "--kustomize", filepath.Join(testenv.Root(), "config", "default"))
	s.kubectl("", "create", "clusterrolebinding", "prometheus", "--clusterrole=mesos-operator-metrics-reader", "--serviceaccount=monitoring:prometheus-k8s")
	kubeconfig := filepath.Join(s.dir, "kubeconfig")
	plugin := exec.CommandContext(s.t.Context(), "go", "build", "-o", filepath.Join(s.dir, "kubectl-mesos"), "./cmd/kubectl-mesos")
	plugin.Dir = testenv.Root()
	if output, err := plugin.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, output)
	}
	commands, ofPlugin := 0, 0
	for _, a := range alerts(s.t) {
		for _, block := range fenced.FindAllStringSubmatch(text(s.t, "docs", "runbooks", a.Alert+".md"), -1) {
			for line := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", "")) {
				commands++
				command := exec.CommandContext(s.t.Context(), "bash", "-euc", line)
				command.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "HOME="+s.dir, "PATH="+s.dir+":"+os.Getenv("PATH")+":"+filepath.Join(testenv.Root(), "bin"))
				var complaints bytes.Buffer
				command.Stderr = &complaints
				output, err := command.Output()
				if strings.HasPrefix(line, "kubectl mesos ") {
					ofPlugin++
					// 3 is its answer that something is not as it should be.
					if exit := (&exec.ExitError{}); errors.As(err, &exit) && exit.ExitCode() == 3 && len(output) > 0 {
						err = nil
					}
				}
				if err != nil {
					s.t.Errorf("the runbook of %s says %s which fails: %v\n%s%s", a.Alert, line, err, output, complaints.String())
				}
			}
		}
	}
	if commands < 20 || ofPlugin < 20 {
		s.t.Errorf("only %d commands were found in the runbooks, %d of them of the plugin", commands, ofPlugin)
	}
}
