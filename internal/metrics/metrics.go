// Package metrics makes metrics whose labels have a bounded set of values, and which can be described without being scraped. It keeps a list of
// all that were made, which a program registers as a whole: each room makes its own, and none can be forgotten.
package metrics

import (
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// Prefix begins the name of every metric of the operator.
	Prefix = "mesos_operator_"
	// Other stands for every value of a label that is not one of its own.
	Other = "other"
)

// Label is a label of a metric.
type Label struct {
	Name string
	// Values are all that it can have; any other counts as Other. Nil is for labels that Meaning bounds.
	Values []string
	// Meaning says what a label without Values holds. It must be bounded by what administrators create, never by tasks or by what Mesos says.
	Meaning string
}

// OneOf is a label with a fixed set of values.
func OneOf[T ~string](name string, values ...T) Label {
	label := Label{Name: name, Values: make([]string, len(values))}
	for i, value := range values {
		label.Values[i] = string(value)
	}
	return label
}

// bounded is the value that a label takes.
func (l Label) bounded(value string) string {
	if l.Values == nil || slices.Contains(l.Values, value) {
		return value
	}
	return Other
}

// Family describes one metric: its full name, a sentence on what it measures and in which unit, its type as Prometheus calls it, and its labels.
type Family struct {
	Name   string
	Help   string
	Type   string
	Labels []Label
}

// Metric is a metric that says what it is.
type Metric interface {
	prometheus.Collector
	Family() Family
}

// family is what all kinds of metrics have in common.
type family struct {
	prometheus.Collector
	described Family
}

// Family implements Metric.
func (f family) Family() Family { return f.described }

// bounded are the values that the labels take.
func (f family) bounded(values []string) []string {
	taken := make([]string, len(values))
	for i, value := range values {
		taken[i] = f.described.Labels[i].bounded(value)
	}
	return taken
}

// all are the metrics that were made; they are, as variables of packages, while the program is initialized.
var all []Metric

// All are the metrics that the packages of the program have made.
func All() []Metric { return slices.Clone(all) }

// Register registers all of them.
func Register(registry prometheus.Registerer) error {
	for _, metric := range all {
		if err := registry.Register(metric); err != nil {
			return fmt.Errorf("registering metric %s: %w", metric.Family().Name, err)
		}
	}
	return nil
}

// made adds a metric to the list.
func made[M Metric](metric M) M {
	all = append(all, metric)
	return metric
}

func names(labels []Label) []string {
	all := make([]string, len(labels))
	for i, label := range labels {
		all[i] = label.Name
	}
	return all
}

// Counter is a number that only rises.
type Counter struct {
	family
	vec *prometheus.CounterVec
}

// fromTheStart is how many series a counter may have that are all there from the beginning.
const fromTheStart = 64

// combinations are all combinations of the labels' values; none where a label's are not known, or where they are too many.
func combinations(labels []Label) [][]string {
	all := [][]string{nil}
	for _, label := range labels {
		var longer [][]string
		for _, one := range all {
			for _, value := range label.Values {
				longer = append(longer, append(slices.Clone(one), value))
			}
		}
		if all = longer; len(all) > fromTheStart {
			return nil
		}
	}
	return all
}

// NewCounter returns a counter. Unless they would be many, its series are there from the beginning, with zero: a rate over what begins with one
// does not see the first.
func NewCounter(options prometheus.CounterOpts, labels ...Label) *Counter {
	vec := prometheus.NewCounterVec(options, names(labels))
	for _, values := range combinations(labels) {
		vec.WithLabelValues(values...)
	}
	return made(&Counter{family{vec, Family{options.Name, options.Help, "counter", labels}}, vec})
}

// Inc adds one. It takes a value for each label.
func (c *Counter) Inc(values ...string) { c.Add(1, values...) }

// Add adds a number that is not negative. It takes a value for each label.
func (c *Counter) Add(number float64, values ...string) {
	c.vec.WithLabelValues(c.bounded(values)...).Add(number)
}

// With is the series of the label values, for tests.
func (c *Counter) With(values ...string) prometheus.Counter {
	return c.vec.WithLabelValues(c.bounded(values)...)
}

// Gauge is a number that rises and falls.
type Gauge struct {
	family
	vec *prometheus.GaugeVec
}

// NewGauge returns a gauge.
func NewGauge(options prometheus.GaugeOpts, labels ...Label) *Gauge {
	vec := prometheus.NewGaugeVec(options, names(labels))
	return made(&Gauge{family{vec, Family{options.Name, options.Help, "gauge", labels}}, vec})
}

// Set sets the number. It takes a value for each label.
func (g *Gauge) Set(number float64, values ...string) {
	g.vec.WithLabelValues(g.bounded(values)...).Set(number)
}

// With is the series of the label values, for tests.
func (g *Gauge) With(values ...string) prometheus.Gauge {
	return g.vec.WithLabelValues(g.bounded(values)...)
}

// Forget drops every series whose label has the value.
func (g *Gauge) Forget(label, value string) {
	g.vec.DeletePartialMatch(prometheus.Labels{label: value})
}

// Histogram is a distribution of durations in seconds.
type Histogram struct {
	family
	vec *prometheus.HistogramVec
}

// NewHistogram returns a histogram.
func NewHistogram(options prometheus.HistogramOpts, labels ...Label) *Histogram {
	vec := prometheus.NewHistogramVec(options, names(labels))
	if len(labels) == 0 {
		vec.WithLabelValues()
	}
	return made(&Histogram{family{vec, Family{options.Name, options.Help, "histogram", labels}}, vec})
}

// Observe counts one duration in seconds. It takes a value for each label.
func (h *Histogram) Observe(seconds float64, values ...string) {
	h.vec.WithLabelValues(h.bounded(values)...).Observe(seconds)
}

// NewComputed describes a metric that a collector computes at each scrape.
func NewComputed(collector prometheus.Collector, described Family) Metric {
	return made(&family{collector, described})
}
