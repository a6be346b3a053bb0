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

var kindServed = NewGauge(prometheus.GaugeOpts{
	Name: "mesos_operator_kind_served",
	Help: "1 for a kind that the manager serves; 0 for one that came with a later release and whose CRD is not there, or may not be read.",
}, OneOf("kind", "MesosTaskSet", "MesosCronTask"))

// RecordKind says in the metrics whether a kind is served.
func RecordKind(kind string, served bool) {
	value := 0.0
	if served {
		value = 1
	}
	kindServed.Set(value, kind)
}
