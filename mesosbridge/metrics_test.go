package mesosbridge

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

func TestCollectors_areWellFormed(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(Collectors()...)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestBridge_countsWhatItDoes(t *testing.T) {
	inVirtualTime(t, setup{agents: 1, options: func(o *Options) { o.Name = "counted" }}, func(h *harness) {
		accepted := callsTotal.WithLabelValues("ACCEPT", "accepted")
		running := statusUpdatesTotal.WithLabelValues("TASK_RUNNING")
		ended := subscriptionEndsTotal.WithLabelValues(string(StreamEnded))
		before := []float64{testutil.ToFloat64(accepted), testutil.ToFloat64(running), testutil.ToFloat64(ended)}
		h.subscribed()
		h.running("job")
		h.expectConnected("1")
		h.cluster.CutStream("", 0)
		h.pass(time.Second / 2)
		h.expectConnected("0")
		for i, c := range []prometheus.Counter{accepted, running, ended} {
			if got := testutil.ToFloat64(c) - before[i]; got != 1 {
				h.Errorf("counter %d rose by %v", i, got)
			}
		}
		h.stop()
		h.expectConnected("")
	})
}

// expectConnected checks the gauge of the framework; empty: there is none.
func (h *harness) expectConnected(want string) {
	h.Helper()
	text := ""
	if want != "" {
		text = `
# HELP mesos_operator_bridge_connected 1 while the framework is subscribed, else 0.
# TYPE mesos_operator_bridge_connected gauge
mesos_operator_bridge_connected{framework="counted"} ` + want + "\n"
	}
	if err := testutil.CollectAndCompare(connected, strings.NewReader(text)); err != nil {
		h.Error(err)
	}
}

func TestStateLabel_isBounded(t *testing.T) {
	for state, want := range map[mesos.TaskState]string{
		mesos.TaskRunning: "TASK_RUNNING", mesos.TaskUnreachable: "TASK_UNREACHABLE", mesos.TaskGone: "TASK_GONE", "TASK_99": "other", "": "other",
	} {
		if got := stateLabel(state); got != want {
			t.Errorf("the label of %q is %q, want %q", state, got, want)
		}
	}
}
