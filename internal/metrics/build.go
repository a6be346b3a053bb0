package metrics

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

var buildInfo = NewGauge(prometheus.GaugeOpts{
	Name: "mesos_operator_build_info",
	Help: "Always 1; its labels say what was built.",
}, Label{Name: "version", Meaning: "the manager's version"}, Label{Name: "goversion", Meaning: "the version of Go"})

// RecordBuild says in the metrics what was built.
func RecordBuild(version string) { buildInfo.Set(1, version, runtime.Version()) }
