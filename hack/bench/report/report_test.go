package report

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for want, figures := range map[float64][]float64{2: {3, 1, 2}, 2.5: {4, 1, 2, 3}, 7: {7}} {
		if got := Median(figures); got != want {
			t.Errorf("of %v it is %v, want %v", figures, got, want)
		}
	}
	if !math.IsNaN(Median(nil)) {
		t.Error("nothing has a median")
	}
}

func TestRow_Verdict(t *testing.T) {
	for name, c := range map[string]struct {
		row  Row
		want Verdict
	}{
		"no goal":                     {Row{N: 10, Product: []float64{9}}, NoGoal},
		"a ratio that is met":         {Row{Product: []float64{11, 30, 12}, Bare: []float64{10, 10, 11}, Bound: Bound{Kind: Ratio, Most: 1.15}}, OK},
		"a ratio that is not":         {Row{Product: []float64{12}, Bare: []float64{10}, Bound: Bound{Kind: Ratio, Most: 1.15}}, Missed},
		"a ratio to nothing":          {Row{Product: []float64{12}, Bound: Bound{Kind: Ratio, Most: 1.15}}, Missed},
		"a value that is met":         {Row{Product: []float64{1, 5, 1}, Bound: Bound{Kind: Value, Most: 1}}, OK},
		"a value that is not":         {Row{Product: []float64{1, 5, 5}, Bound: Bound{Kind: Value, Most: 1}}, Missed},
		"of too few tasks":            {Row{N: 1000, Product: []float64{5}, Bound: Bound{Kind: Value, Most: 1, From: 10_000}}, NoGoal},
		"an exact count":              {Row{Product: []float64{2, 2}, Bound: Bound{Kind: Exact, Most: 2}}, OK},
		"one write too many":          {Row{Product: []float64{2, 2, 2.0001, 2, 2}, Bound: Bound{Kind: Exact, Most: 2}}, Failed},
		"a write that was due":        {Row{Product: []float64{2.01}, Bound: Bound{Kind: Exact, Most: 2, Within: 0.02}}, OK},
		"one write too few":           {Row{Product: []float64{1.9999}, Bound: Bound{Kind: Exact, Most: 2}}, Failed},
		"a count below its bound":     {Row{Product: []float64{7}, Bound: Bound{Kind: Count, Most: 8}}, OK},
		"a count above its bound":     {Row{Product: []float64{7, 9}, Bound: Bound{Kind: Count, Most: 8}}, Failed},
		"an exact count that is zero": {Row{Product: []float64{0}, Bound: Bound{Kind: Exact}}, OK},
	} {
		if got := c.row.Verdict(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestGrowth(t *testing.T) {
	rows := []Row{
		{Goal: "b", What: "wall", N: 1_000, Product: []float64{10, 10}, Grows: true},
		{Goal: "b", What: "wall", N: 3_000, Product: []float64{30}, Grows: true},
		{Goal: "b", What: "wall", N: 10_000, Product: []float64{130}, Grows: true},
		{Goal: "b", What: "writes", N: 1_000, Product: []float64{2}},
		{Goal: "b", What: "writes", N: 10_000, Product: []float64{2}},
		{Goal: "i", What: "wall", N: 1_000, Product: []float64{10}, Grows: true},
		{Goal: "i", What: "wall", N: 10_000, Product: []float64{100}, Grows: true},
	}
	got := Growth(rows)
	if len(got) != 2 {
		t.Fatalf("it compares %+v", got)
	}
	if got[0].Verdict() != Missed || got[0].Product[0] != 13 || got[1].Verdict() != OK || got[1].N != 10_000 {
		t.Errorf("it says %+v", got)
	}
}

func TestTable(t *testing.T) {
	rows := []Row{
		{Goal: "b", What: "created to RUNNING", Unit: "s", N: 1000, Product: []float64{11, 12, 13.257}, Bare: []float64{10, 10, 10}, Bound: Bound{Kind: Ratio, Most: 1.15}},
		{Goal: "a", What: "API writes", Unit: "writes", N: 1000, Product: []float64{1}, Bound: Bound{Kind: Exact}},
		{Goal: "c", What: "own state", Unit: "B/task", N: 1000, Product: []float64{0.0034}, Bound: Bound{Kind: Value, Most: 600, From: 10_000}},
	}
	var table, document strings.Builder
	if err := Table(&table, rows); err != nil {
		t.Fatal(err)
	}
	want := `goal  what                tasks  product  unit    bare  ratio  spread      pairs  bound
b     created to RUNNING  1000   12       s       10    1.20   1.10..1.33  3      <= 1.15 x bare            missed
a     API writes          1000   1        writes                           1      = 0                       FAILED
c     own state           1000   0.0034   B/task                           1      <= 600 B/task from 10000
`
	if table.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", table.String(), want)
	}
	if err := Markdown(&document, rows[:1]); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(document.String(), "| b | created to RUNNING | 1000 | 12 | s | 10 | 1.20 | 1.10..1.33 | 3 | <= 1.15 x bare | missed |\n") {
		t.Errorf("the document has\n%s", document.String())
	}
	if failed := Failures(rows); len(failed) != 1 || failed[0].What != "API writes" {
		t.Errorf("failures are %+v", failed)
	}
}

func TestRun_About(t *testing.T) {
	run := Run{Date: time.Date(2027, 1, 2, 3, 4, 0, 0, time.UTC), Commit: "abc", Go: "go1.26", Cores: 2, LoadBefore: 0.1, Load: [3]float64{1, 2, 3}, Others: 0.25, Seconds: 61}
	want := "2027-01-02 03:04, commit abc, go1.26, 2 cores. Load average 0.1 before, 1.0..3.0 (median 2.0) while it ran; other processes used 0.25 cores. It took 61 s."
	if got := run.About(); got != want {
		t.Errorf("it says %q", got)
	}
}
