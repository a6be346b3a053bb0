package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// page is what the tests look at of a dashboard, as Grafana reads it.
type page struct {
	UID, Title, Description string
	SchemaVersion           int
	Templating              struct {
		List []struct {
			Name, Type string
			Datasource *datasource
		}
	}
	Panels []struct {
		ID                       int
		Type, Title, Description string
		GridPos                  place
		Datasource               *datasource
		Targets                  []struct {
			RefID, Expr, LegendFormat string
			Datasource                *datasource
		}
		Options struct {
			TextMode string
			Legend   struct{ Placement string }
		}
		FieldConfig struct {
			Defaults struct {
				Unit       string
				Decimals   *int
				Custom     struct{ AxisSoftMax float64 }
				Thresholds struct {
					Steps []struct {
						Color string
						Value *float64
					}
				}
			}
		}
	}
}

type datasource struct{ Type, UID string }

type place struct{ X, Y, W, H int }

// overlaps says whether two panels cover each other.
func (p place) overlaps(q place) bool {
	return p.X < q.X+q.W && q.X < p.X+p.W && p.Y < q.Y+q.H && q.Y < p.Y+p.H
}

// pages are the dashboards as they are written.
func pages(t *testing.T) map[string]page {
	t.Helper()
	dir := t.TempDir()
	if err := run([]string{dir}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d dashboards were written (%v)", len(files), err)
	}
	all := map[string]page{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var read page
		if err := json.Unmarshal(content, &read); err != nil {
			t.Fatalf("reading %s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = read
	}
	return all
}

func TestDashboards_areWhatIsInTheRepository(t *testing.T) {
	for _, d := range dashboards() {
		want, err := encode(render(d))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(testenv.Root(), "config", "grafana", "dashboards", d.uid+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not current, run make manifests (-want +got):\n%s", d.uid, diff)
		}
	}
}

func TestDashboards_canBeReadByGrafana(t *testing.T) {
	titles, variables := map[string]bool{}, regexp.MustCompile(`\$(\w+)`)
	for name, read := range pages(t) {
		if read.UID != name || len(read.UID) > 40 || read.Title == "" || titles[read.Title] || read.Description == "" || read.SchemaVersion != schema {
			t.Errorf("%s has UID %q, title %q, description %q and schema %d", name, read.UID, read.Title, read.Description, read.SchemaVersion)
		}
		titles[read.Title] = true
		known := map[string]bool{"__rate_interval": true}
		for _, variable := range read.Templating.List {
			known[variable.Name] = true
			if variable.Type == "query" && (variable.Datasource == nil || variable.Datasource.UID != "${datasource}") {
				t.Errorf("%s: variable %s asks %v", name, variable.Name, variable.Datasource)
			}
		}
		ids := map[int]bool{}
		for i, panel := range read.Panels {
			where := fmt.Sprintf("%s, panel %q", name, panel.Title)
			if panel.ID == 0 || ids[panel.ID] || panel.Title == "" {
				t.Errorf("%s has ID %d", where, panel.ID)
			}
			ids[panel.ID] = true
			if at := panel.GridPos; at.X < 0 || at.Y < 0 || at.W <= 0 || at.H <= 0 || at.X+at.W > columns {
				t.Errorf("%s stands at %v", where, at)
			}
			for _, other := range read.Panels[:i] {
				if panel.GridPos.overlaps(other.GridPos) {
					t.Errorf("%s covers %q", where, other.Title)
				}
			}
			if panel.Type == "row" {
				continue
			}
			defaults := panel.FieldConfig.Defaults
			if panel.Description == "" || defaults.Unit == "" || len(panel.Targets) == 0 || panel.Datasource == nil || panel.Datasource.UID != "${datasource}" {
				t.Errorf("%s has description %q, unit %q, %d targets and data source %v", where, panel.Description, defaults.Unit, len(panel.Targets), panel.Datasource)
			}
			if steps := defaults.Thresholds.Steps; len(steps) == 0 || steps[0].Value != nil {
				t.Errorf("%s has the thresholds %v: the first has no value", where, steps)
			}
			refs := map[string]bool{}
			for _, target := range panel.Targets {
				if target.RefID == "" || refs[target.RefID] || target.Expr == "" || target.LegendFormat == "" || target.Datasource == nil || target.Datasource.UID != "${datasource}" {
					t.Errorf("%s has the target %+v", where, target)
				}
				refs[target.RefID] = true
				for _, used := range variables.FindAllStringSubmatch(target.Expr, -1) {
					if !known[used[1]] {
						t.Errorf("%s uses variable %s, which the page does not have", where, used[1])
					}
				}
				if strings.Contains(target.Expr, "{operator") || strings.Contains(target.Expr, "{framework") && !strings.Contains(target.Expr, `framework=~"$framework"`) {
					t.Errorf("%s asks %s", where, target.Expr)
				}
			}
		}
	}
}

// TestDashboards_canBeReadByPeople: what pictures of them showed. A legend beside lines needs half the page, a count has no fractions, where all is zero
// an axis does not go to 100, and a version is its name.
func TestDashboards_canBeReadByPeople(t *testing.T) {
	for name, read := range pages(t) {
		for _, panel := range read.Panels {
			where, defaults := fmt.Sprintf("%s, panel %q", name, panel.Title), panel.FieldConfig.Defaults
			if beside := panel.Options.Legend.Placement == "right"; panel.Type == "timeseries" && beside != (panel.GridPos.W >= columns/2) {
				t.Errorf("%s, %d columns wide, has its legend %s", where, panel.GridPos.W, panel.Options.Legend.Placement)
			}
			if whole := defaults.Decimals != nil && *defaults.Decimals == 0; panel.Type != "row" && whole != (defaults.Unit == count) {
				t.Errorf("%s, in unit %s, shows whole numbers: %t", where, defaults.Unit, whole)
			}
			if panel.Type == "timeseries" && defaults.Custom.AxisSoftMax == 0 && defaults.Unit != memory && defaults.Unit != cores {
				t.Errorf("%s has an axis that goes anywhere", where)
			}
			if panel.Title == "Version" && panel.Options.TextMode != "name" {
				t.Errorf("%s shows %q", where, panel.Options.TextMode)
			}
		}
	}
}

// What is read from left to right and from top to bottom begins with what somebody on call asks first.
func TestOverview_answersInTheOrderOfTheQuestions(t *testing.T) {
	var rows []string
	for _, panel := range pages(t)["mesos-operator-overview"].Panels {
		if panel.Type == "row" {
			rows = append(rows, panel.Title)
		}
	}
	want := []string{"Is it up", "Is it connected", "What waits, and why", "What dies", "The manager itself"}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("the rows (-want +got):\n%s", diff)
	}
}
