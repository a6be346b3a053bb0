package system

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiwait "k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// scrape reads the operator's metrics as they are served: counters, gauges and the counts of histograms, by name and label values. Which
// is that of a framework, it leaves out of their names.
func (w *world) scrape() map[string]float64 {
	w.t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		name, ok := strings.CutPrefix(family.GetName(), "mesos_operator_")
		if !ok {
			continue
		}
		for _, metric := range family.GetMetric() {
			series := []string{name}
			for _, label := range metric.GetLabel() {
				if label.GetName() != "framework" {
					series = append(series, label.GetValue())
				} else if label.GetValue() != w.namespace {
					series = nil
					break
				}
			}
			if series != nil {
				all[strings.Join(series, " ")] = metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
			}
		}
	}
	return all
}

// TestMetrics follows what a manager serves while a task is launched, ends and is launched again, and until its framework is gone.
func TestMetrics(t *testing.T) {
	w := newWorldAlone(t, simulator.Flags{}, nil)
	w.framework("")
	before := w.scrape()
	w.startManager()
	w.waitConnected()
	w.task("web", `shell: sleep 1000`)
	w.task("huge", `shell: sleep 1000, resources: {requests: {cpus: "100", memory: 32Mi}}`)
	web := w.ready("web", v1alpha1.ReasonRunning)
	w.ready("huge", v1alpha1.ReasonNoAgentLargeEnough)
	w.acknowledged(web.Status.Task.ID)

	w.metrics("what was counted", before, map[string]float64{
		"task_launches_total accepted":                                1,
		"task_transitions_total none TASK_RUNNING":                    1,
		"task_launch_latency_seconds":                                 1,
		"status_updates_total TASK_RUNNING":                           1,
		"calls_total accepted ACCEPT":                                 1,
		"calls_total accepted SUBSCRIBE":                              1,
		"reconcile_steps_total done Bind":                             1,
		"events_total subscribed":                                     1,
		"reconciliation_pass_duration_seconds Subscribed":             1,
		"task_decisions_total delete what was never bound or is over": 0,
	})
	w.metrics("how things are", nil, map[string]float64{
		"bridge_connected": 1, "tasks running": 1, "tasks pending": 1, "tasks changing": 0, "tasks unreachable": 0, "tasks ended": 0, "orphans": 0,
		"tasks_not_ready NoAgentLargeEnough": 1, "tasks_not_ready AwaitingOffer": 0, "reconciliation_unanswered_tasks": 0, "unacknowledged_updates": 0,
		"framework_failover_timeout_seconds": 604800, "framework_disconnected_timestamp_seconds": 0,
	})
	now := w.scrape()
	for _, series := range []string{
		"offers_received_total", "offers_declined_total unfit", "offer_match_duration_seconds", "status_update_ack_delay_seconds",
		"reconciliation_answer_latency_seconds", "reconcile_steps_total done WriteStatus", "task_decisions_total let it run",
	} {
		if now[series] <= before[series] {
			t.Errorf("%s is %v, as before", series, now[series])
		}
	}
	for _, series := range []string{"oldest_pending_task_timestamp_seconds", "reconciliation_last_pass_timestamp_seconds"} {
		if age := time.Since(time.Unix(int64(now[series]), 0)); age < 0 || age > patience {
			t.Errorf("%s is of %s ago", series, age)
		}
	}
	if age, ok := now["bridge_subscription_age_seconds"]; !ok || age <= 0 || age > patience.Seconds() {
		t.Errorf("the subscription is %v s old", age)
	}

	for _, name := range []string{"web", "huge"} {
		w.deleteTask(name)
		w.waitGone(name)
	}
	w.metrics("what was counted", before, map[string]float64{"task_transitions_total none TASK_KILLED": 1, "reconcile_steps_total done Kill": 1})
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	w.frameworkGone()
	err := apiwait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		for _, series := range []string{
			"bridge_connected", "bridge_subscription_age_seconds", "tasks running", "orphans", "tasks_not_ready NoAgentLargeEnough", "unacknowledged_updates",
			"framework_failover_timeout_seconds", "reconciliation_last_pass_timestamp_seconds", "oldest_pending_task_timestamp_seconds",
		} {
			if _, left := w.scrape()[series]; left {
				return false, nil
			}
		}
		return true, nil
	})
	if err != nil {
		t.Errorf("series of the framework are left after it is gone: %v", w.scrape())
	}
}

// metrics waits until series have risen by these values since they were before.
func (w *world) metrics(what string, before, want map[string]float64) {
	w.t.Helper()
	rose := map[string]float64{}
	err := apiwait.PollUntilContextTimeout(w.t.Context(), 5*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		now := w.scrape()
		for series := range want {
			rose[series] = now[series] - before[series]
		}
		return maps.Equal(rose, want), nil
	})
	if err != nil {
		w.t.Errorf("%s (-want +got):\n%s", what, cmp.Diff(want, rose))
	}
}
