package mesostask

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/lifecycle"
)

func TestRecordChanges(t *testing.T) {
	attempt := func(id, state, reason string) *v1alpha1.TaskAttempt {
		return &v1alpha1.TaskAttempt{ID: id, State: state, Reason: reason}
	}
	running, failed := attempt("a", "TASK_RUNNING", ""), attempt("a", "TASK_FAILED", "REASON_COMMAND_EXECUTOR_FAILED")
	cases := map[string]struct {
		before, after v1alpha1.MesosTaskStatus
		launch        lifecycle.Launch
		want          map[string]float64
	}{
		"a first attempt runs": {
			after: v1alpha1.MesosTaskStatus{Task: running}, launch: lifecycle.LaunchAccepted,
			want: map[string]float64{"TASK_RUNNING": 1, "latencies": 1},
		},
		"an attempt that another process launched runs": {
			after: v1alpha1.MesosTaskStatus{Task: running}, want: map[string]float64{"TASK_RUNNING": 1},
		},
		"a second attempt runs": {
			after: v1alpha1.MesosTaskStatus{Task: running, Restarts: 1}, launch: lifecycle.LaunchAccepted,
			want: map[string]float64{"TASK_RUNNING": 1},
		},
		"nothing about the state has changed": {
			before: v1alpha1.MesosTaskStatus{Task: running}, after: v1alpha1.MesosTaskStatus{Task: running}, launch: lifecycle.LaunchAccepted,
			want: map[string]float64{},
		},
		"an attempt fails": {
			before: v1alpha1.MesosTaskStatus{Task: running}, after: v1alpha1.MesosTaskStatus{Task: failed},
			want: map[string]float64{"TASK_FAILED": 1},
		},
		"an attempt that failed moves to the history": {
			before: v1alpha1.MesosTaskStatus{Task: failed}, after: v1alpha1.MesosTaskStatus{History: []v1alpha1.TaskAttempt{*failed}},
			want: map[string]float64{},
		},
		"an earlier attempt turns out to have failed": {
			before: v1alpha1.MesosTaskStatus{History: []v1alpha1.TaskAttempt{*running}}, after: v1alpha1.MesosTaskStatus{History: []v1alpha1.TaskAttempt{*failed}},
			want: map[string]float64{"TASK_FAILED": 1},
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			read := func() map[string]float64 {
				return map[string]float64{
					"TASK_RUNNING": testutil.ToFloat64(taskTransitions.With("TASK_RUNNING", noReason)),
					"TASK_FAILED":  testutil.ToFloat64(taskTransitions.With("TASK_FAILED", "REASON_COMMAND_EXECUTOR_FAILED")),
					"latencies":    float64(samples(t, launchLatency)),
				}
			}
			created := time.Unix(1_000_000, 0)
			view := &view{object: &v1alpha1.MesosTask{}, seen: lifecycle.Seen{Now: created.Add(3 * time.Second), Launch: tc.launch}}
			view.object.CreationTimestamp = metav1.Time{Time: created}
			before := read()
			recordChanges(view, &tc.before, &tc.after)
			rose := map[string]float64{}
			for what, now := range read() {
				if now != before[what] {
					rose[what] = now - before[what]
				}
			}
			if diff := cmp.Diff(tc.want, rose); diff != "" {
				t.Errorf("counters rose by (-want +got):\n%s", diff)
			}
		})
	}
}

// samples is how many durations a histogram has counted.
func samples(t *testing.T, histogram prometheus.Collector) (count uint64) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(histogram)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			count += metric.GetHistogram().GetSampleCount()
		}
	}
	return count
}

// TestRecordChanges_hostileMesosAddsNoSeries shows that states and reasons which Mesos makes up share one series.
func TestRecordChanges_hostileMesosAddsNoSeries(t *testing.T) {
	view := &view{object: &v1alpha1.MesosTask{}}
	series := 0
	for i := range 100 {
		made := v1alpha1.TaskAttempt{ID: "a", State: fmt.Sprintf("TASK_%d", 1000+i), Reason: fmt.Sprintf("said %d times", i)}
		recordChanges(view, &v1alpha1.MesosTaskStatus{}, &v1alpha1.MesosTaskStatus{Task: &made})
		if i == 0 {
			series = testutil.CollectAndCount(taskTransitions)
		}
	}
	if now := testutil.CollectAndCount(taskTransitions); now != series {
		t.Errorf("100 made-up states and reasons made %d series of %d", now, series)
	}
	if count := testutil.ToFloat64(taskTransitions.With("other", "other")); count < 100 {
		t.Errorf("%v changes to other states, want 100", count)
	}
}
