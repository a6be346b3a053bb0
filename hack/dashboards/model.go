package main

// dashboard is one page. Its rows stand below each other in the order in which somebody on call asks.
type dashboard struct {
	uid, title, description string
	rows                    []row
}

// row is a question, and the panels that answer it, from left to right.
type row struct {
	title  string
	panels []panel
}

// kind is how a panel shows what it found.
type kind string

// The kinds of panels, as Grafana calls them.
const (
	// stat is one number for each series, as it is now.
	stat kind = "stat"
	// graph is lines over time.
	graph kind = "timeseries"
	// stacked is areas over time that add up.
	stacked kind = "stacked"
	// ranking is a bar for each series, the longest first, as it is now.
	ranking kind = "bargauge"
)

// The units of panels, as Grafana calls them.
const (
	count   = "locale"
	seconds = "s"
	perSec  = "suffix:/s"
	share   = "percentunit"
	memory  = "bytes"
	cores   = "short"
)

// The colours of thresholds.
const (
	green  = "green"
	yellow = "yellow"
	red    = "red"
)

// panel is one picture.
type panel struct {
	title, description string
	kind               kind
	unit               string
	// width is in columns, of which a row has 24; panels that do not fit go into the next line.
	width   int
	queries []query
	// limits are the values from which on a colour holds; without any all is green.
	limits []limit
	// words are shown in place of values.
	words []word
	// named shows what series are called, and not their values.
	named bool
	// none is shown where there is no series; empty: "No data", as Grafana says.
	none string
}

// query is one expression of PromQL. In it {operator} stands for the selection of the installation, and {framework} for that of its frameworks
// also; either may be followed by other matchers: {framework,state="pending"}.
type query struct {
	expr, legend string
}

// limit is a value from which on a colour holds.
type limit struct {
	from   float64
	colour string
}

// word is what a value means.
type word struct {
	value, text, colour string
}

// bad is from one on: whatever is counted should not be there.
var bad = []limit{{1, yellow}}

// yes and no are the words of gauges that are 1 or 0.
func yesNo(yes, no string) []word { return []word{{"1", yes, green}, {"0", no, red}} }
