// Package report makes figures of measurements: medians, ratios and spreads, whether each goal is met, and the table of it all. It is pure.
package report

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Kind says what a bound holds for.
type Kind string

// The kinds of bounds.
const (
	// None is a figure without a goal.
	None Kind = ""
	// Ratio bounds the product's cost by so many times the bare program's.
	Ratio Kind = "ratio"
	// Value bounds the product's own figure.
	Value Kind = "value"
	// Exact is a count that must be this: it depends on nothing but the code, and a run in which it is not fails.
	Exact Kind = "exact"
	// Count is a count that must not be more than this; a run in which it is fails.
	Count Kind = "count"
)

// Bound is a goal.
type Bound struct {
	Kind Kind    `json:"kind,omitempty"`
	Most float64 `json:"most"`
	// Within is by how much an exact count may differ: what of N tasks may take so long, on a busy machine, that a write about it is due.
	Within float64 `json:"within,omitempty"`
	// From is how many tasks there must be for the goal to mean anything: constant costs hide what a task costs.
	From int `json:"from,omitempty"`
}

// Row is what was measured of one thing, at one number of tasks.
type Row struct {
	// Goal is the letter in docs/performance.md.
	Goal string `json:"goal"`
	What string `json:"what"`
	Unit string `json:"unit"`
	N    int    `json:"n"`
	// Product and Bare have a figure for each pair; Bare is empty where nothing is compared.
	Product []float64 `json:"product"`
	Bare    []float64 `json:"bare,omitempty"`
	Bound   Bound     `json:"bound,omitzero"`
	// Grows says that the figure is a cost of all N together, which must grow no faster than they do.
	Grows bool `json:"grows,omitempty"`
}

// Run is one run of the harness.
type Run struct {
	Date   time.Time `json:"date"`
	Commit string    `json:"commit"`
	Go     string    `json:"go"`
	Cores  int       `json:"cores"`
	// LoadBefore is the load average when the run began; Load has the lowest, median and highest while it ran, this run's own work included.
	LoadBefore float64    `json:"loadBefore"`
	Load       [3]float64 `json:"load"`
	// Others is how many cores other processes than those of this run used meanwhile, on average.
	Others  float64 `json:"others"`
	Seconds float64 `json:"seconds"`
	Rows    []Row   `json:"rows"`
}

// Median of some figures; NaN for none.
func Median(figures []float64) float64 {
	if len(figures) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(figures))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Ratios are the product's figures over the bare program's, pair by pair.
func (r Row) Ratios() []float64 {
	var ratios []float64
	for i, bare := range r.Bare {
		if i < len(r.Product) && bare > 0 {
			ratios = append(ratios, r.Product[i]/bare)
		}
	}
	return ratios
}

// spread says between what the pairs lie: of the ratios, where there are some.
func (r Row) spread() string {
	of := r.Ratios()
	if len(of) == 0 {
		of = r.Product
	}
	if len(of) < 2 {
		return ""
	}
	return fmt.Sprintf("%s..%s", figure(slices.Min(of)), figure(slices.Max(of)))
}

// Verdict says whether a goal is met.
type Verdict string

// The verdicts.
const (
	OK     Verdict = "ok"
	Missed Verdict = "missed"
	// Failed is a count that is not what it must be.
	Failed Verdict = "FAILED"
	// NoGoal is for figures that are only told.
	NoGoal Verdict = ""
)

// slack lets a count through that is a quotient of two.
const slack = 1e-9

// Verdict of a row.
func (r Row) Verdict() Verdict {
	switch b := r.Bound; {
	case b.Kind == None, r.N < b.From:
		return NoGoal
	case b.Kind == Exact && slices.ContainsFunc(r.Product, func(f float64) bool { return math.Abs(f-b.Most) > b.Within+slack }),
		b.Kind == Count && slices.ContainsFunc(r.Product, func(f float64) bool { return f > b.Most+slack }):
		return Failed
	case b.Kind == Ratio && !(Median(r.Ratios()) <= b.Most), b.Kind == Value && !(Median(r.Product) <= b.Most):
		return Missed
	}
	return OK
}

// goal says in words what the bound is.
func (r Row) goal() string {
	b := r.Bound
	text := ""
	switch b.Kind {
	case None:
		return ""
	case Ratio:
		text = "<= " + figure(b.Most) + " x bare"
	case Exact:
		text = "= " + figure(b.Most)
		if b.Within > 0 {
			text += " +- " + figure(b.Within)
		}
	case Value, Count:
		text = "<= " + figure(b.Most) + " " + r.Unit
	}
	if r.N < b.From {
		text += fmt.Sprintf(" from %d", b.From)
	}
	return text
}

// Failures are the rows whose counts are not what they must be.
func Failures(rows []Row) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Verdict() != Failed })
}

// most is how much a cost may grow where there are ten times as many tasks.
const most = 11

// Growth compares each growing cost at two numbers of tasks of which one is ten times the other.
func Growth(rows []Row) []Row {
	var grown []Row
	for _, big := range rows {
		for _, small := range rows {
			if !big.Grows || small.Goal != big.Goal || small.What != big.What || small.N*10 != big.N || Median(small.Product) <= 0 {
				continue
			}
			grown = append(grown, Row{
				Goal: big.Goal, What: fmt.Sprintf("%s, against %d", big.What, small.N), Unit: "times", N: big.N,
				Product: []float64{Median(big.Product) / Median(small.Product)}, Bound: Bound{Kind: Value, Most: most},
			})
		}
	}
	return grown
}
