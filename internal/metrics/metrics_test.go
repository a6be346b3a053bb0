package metrics_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
)

func TestCounter_isBounded(t *testing.T) {
	counter := metrics.NewCounter(prometheus.CounterOpts{Name: "calls_total", Help: "Calls."}, metrics.OneOf("type", "KILL", "ACCEPT"), metrics.OneOf("result", "accepted"))
	counter.Inc("KILL", "accepted")
	counter.Add(2, "a sentence", "accepted")
	counter.Inc("another sentence", "and another")
	want := `
# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{result="accepted",type="ACCEPT"} 0
calls_total{result="accepted",type="KILL"} 1
calls_total{result="accepted",type="other"} 2
calls_total{result="other",type="other"} 1
`
	if err := testutil.CollectAndCompare(counter, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestCounter_isThereFromTheBeginning(t *testing.T) {
	values := func(count int) []string {
		all := make([]string, count)
		for i := range all {
			all[i] = strconv.Itoa(i)
		}
		return all
	}
	open := metrics.Label{Name: "framework", Meaning: "the frameworks"}
	for sentence, tc := range map[string]struct {
		labels []metrics.Label
		want   int
	}{
		"without labels":                 {want: 1},
		"with the values of one":         {labels: []metrics.Label{metrics.OneOf("a", values(3)...)}, want: 3},
		"with those of two":              {labels: []metrics.Label{metrics.OneOf("a", values(8)...), metrics.OneOf("b", values(8)...)}, want: 64},
		"not if they are many":           {labels: []metrics.Label{metrics.OneOf("a", values(13)...), metrics.OneOf("b", values(5)...)}},
		"not if nobody knows the values": {labels: []metrics.Label{metrics.OneOf("a", values(3)...), open}},
	} {
		t.Run(sentence, func(t *testing.T) {
			counter := metrics.NewCounter(prometheus.CounterOpts{Name: "calls_total", Help: "Calls."}, tc.labels...)
			if series := testutil.CollectAndCount(counter); series != tc.want {
				t.Errorf("%d series, want %d", series, tc.want)
			}
		})
	}
}

func TestGauge_forgets(t *testing.T) {
	gauge := metrics.NewGauge(prometheus.GaugeOpts{Name: "tasks", Help: "Tasks."},
		metrics.Label{Name: "framework", Meaning: "the frameworks"}, metrics.OneOf("state", "running", "pending"))
	for _, framework := range []string{"one", "two"} {
		gauge.Set(1, framework, "running")
		gauge.Set(2, framework, "pending")
	}
	gauge.Forget("framework", "one")
	want := `
# HELP tasks Tasks.
# TYPE tasks gauge
tasks{framework="two",state="pending"} 2
tasks{framework="two",state="running"} 1
`
	if err := testutil.CollectAndCompare(gauge, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestHistogram_isBounded(t *testing.T) {
	histogram := metrics.NewHistogram(prometheus.HistogramOpts{Name: "pass_seconds", Help: "Passes.", Buckets: []float64{1}}, metrics.OneOf("reason", "Interval"))
	histogram.Observe(0.5, "Interval")
	histogram.Observe(2, "a sentence")
	want := `
# HELP pass_seconds Passes.
# TYPE pass_seconds histogram
pass_seconds_bucket{reason="Interval",le="1"} 1
pass_seconds_bucket{reason="Interval",le="+Inf"} 1
pass_seconds_sum{reason="Interval"} 0.5
pass_seconds_count{reason="Interval"} 1
pass_seconds_bucket{reason="other",le="1"} 0
pass_seconds_bucket{reason="other",le="+Inf"} 1
pass_seconds_sum{reason="other"} 2
pass_seconds_count{reason="other"} 1
`
	if err := testutil.CollectAndCompare(histogram, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
