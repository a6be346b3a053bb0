package mesosbridge

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// risen says by how much counters have risen since it was made.
func risen(counters map[string]prometheus.Counter) func() map[string]float64 {
	before := map[string]float64{}
	for what, counter := range counters {
		before[what] = testutil.ToFloat64(counter)
	}
	return func() map[string]float64 {
		by := map[string]float64{}
		for what, counter := range counters {
			by[what] = testutil.ToFloat64(counter) - before[what]
		}
		return by
	}
}

func TestBridge_countsWhatItDoes(t *testing.T) {
	inVirtualTime(t, setup{agents: 1, options: func(o *Options) { o.Name = "counted" }}, func(h *harness) {
		rise := risen(map[string]prometheus.Counter{
			"ACCEPTs":                callsTotal.With("ACCEPT", string(resultAccepted)),
			"launches":               launchesTotal.With(string(resultAccepted)),
			"updates of RUNNING":     statusUpdatesTotal.With("TASK_RUNNING"),
			"streams that ended":     subscriptionFailuresTotal.With(string(StreamEnded)),
			"offers that were unfit": declinedTotal.With(string(DeclineUnfit)),
		})
		h.subscribed()
		h.running("job")
		h.pass(5 * time.Second)
		h.expectGauges("1", fmt.Sprint(time.Since(h.bridge.Connection().Since).Seconds()))
		h.bridge.Decline([]string{h.offer().ID}, 0, DeclineUnfit)
		h.pass(time.Second)
		h.cluster.CutStream("", 0)
		h.pass(time.Second / 2)
		h.expectGauges("0", "")
		want := map[string]float64{"ACCEPTs": 1, "launches": 1, "updates of RUNNING": 1, "streams that ended": 1, "offers that were unfit": 1}
		if diff := cmp.Diff(want, rise()); diff != "" {
			h.Errorf("counters rose by (-want +got):\n%s", diff)
		}
		h.stop()
		h.expectGauges("", "")
	})
}

// expectGauges checks whether the framework is connected, and since how many seconds; empty: there is no such series.
func (h *harness) expectGauges(connection, age string) {
	h.Helper()
	for metric, want := range map[metrics.Metric]string{connected: connection, subscriptionAge: age} {
		text, family := "", metric.Family()
		if want != "" {
			text = "# HELP " + family.Name + " " + family.Help + "\n# TYPE " + family.Name + " gauge\n" + family.Name + `{framework="counted"} ` + want + "\n"
		}
		if err := testutil.CollectAndCompare(metric, strings.NewReader(text)); err != nil {
			h.Error(err)
		}
	}
}

func TestSubscriptions_keepTheSuccessor(t *testing.T) {
	running := newSubscriptions()
	first, second := New(Config{}, Options{Name: "one"}), New(Config{}, Options{Name: "one"})
	running.add(first)
	running.add(second)
	running.remove(first)
	if left := running.all(); len(left) != 1 || left["one"] != second {
		t.Errorf("once the first has ended there are %v", left)
	}
	running.remove(second)
	if left := running.all(); len(left) > 0 {
		t.Errorf("once both have ended there are %v", left)
	}
}

// durations reads how many durations a histogram has counted, and their sum in seconds.
func durations(t *testing.T, histogram prometheus.Collector) (count uint64, sum float64) {
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
			sum += metric.GetHistogram().GetSampleSum()
		}
	}
	return count, sum
}

func TestBridge_measuresAcknowledgementsAndAnswers(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		acks, waited := durations(t, ackDelay)
		h.launch("job")
		h.pass(time.Second)
		attempt := h.attempt("job")
		if attempt.Unacked == nil {
			t.Fatal("no update of the task waits for its acknowledgement")
		}
		// The agent sends the update again before it is acknowledged: its first arrival counts.
		h.pass(15 * time.Second)
		if waits := testutil.CollectAndCount(unacknowledgedUpdates) + testutil.CollectAndCount(oldestUnacknowledged); waits != 2 {
			t.Errorf("%d series tell of what waits for its acknowledgement, want how many and since when", waits)
		}
		if count, oldest := h.bridge.unacknowledged(); count != 1 || time.Since(oldest) < 15*time.Second || time.Since(oldest) > 17*time.Second {
			t.Errorf("%d updates wait for their acknowledgement, the oldest since %s, want one since 15 s to 17 s", count, time.Since(oldest))
		}
		h.bridge.Acknowledge("job", attempt.Unacked.UUID)
		h.pass(time.Second)
		if count, sum := durations(t, ackDelay); count != acks+1 || sum-waited < 15 || sum-waited > 17 {
			t.Errorf("%d acknowledgements with a delay of %v s, want one of 15 s to 17 s", count-acks, sum-waited)
		}
		if count, oldest := h.bridge.unacknowledged(); count != 1 || time.Since(oldest) > 2*time.Second {
			t.Errorf("%d updates wait after the first was acknowledged, the oldest since %s; want the next one alone", count, time.Since(oldest))
		}

		answers, _ := durations(t, answerLatency)
		var problem error
		h.bridge.Reconcile([]reconciliation.Attempt{{TaskID: "job"}}, func(err error) { problem = err })
		h.pass(time.Second)
		if problem != nil {
			t.Error(problem)
		}
		if count, _ := durations(t, answerLatency); count != answers+1 {
			t.Errorf("%d answers, want one", count-answers)
		}
		if left := len(h.bridge.asked); left != 0 {
			t.Errorf("%d tasks still count as asked", left)
		}
	})
}

// TestMetrics_knowMesosNames compares what is enumerated with what the Mesos API has.
func TestMetrics_knowMesosNames(t *testing.T) {
	sorted := func(names map[int32]string, but ...string) []string {
		var all []string
		for _, name := range names {
			if !slices.Contains(but, name) {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all
	}
	if diff := cmp.Diff(sorted(mesospb.TaskStatus_Reason_name), mesos.Reasons()); diff != "" {
		t.Errorf("reasons (-Mesos +ours):\n%s", diff)
	}
	var states []string
	for _, state := range mesos.TaskStates() {
		states = append(states, string(state))
	}
	slices.Sort(states)
	if diff := cmp.Diff(sorted(mesospb.TaskState_name), states); diff != "" {
		t.Errorf("states (-Mesos +ours):\n%s", diff)
	}
	events := sorted(scheduler.Event_Type_name)
	for i, name := range events {
		events[i] = strings.ToLower(name)
	}
	events = append(events, eventUndecodable)
	for _, label := range eventsTotal.Family().Labels {
		known := slices.Clone(label.Values)
		slices.Sort(known)
		slices.Sort(events)
		if diff := cmp.Diff(events, known); diff != "" {
			t.Errorf("events (-Mesos +ours):\n%s", diff)
		}
	}
}

// TestMetrics_hostileMasterAddsNoSeries shows that nothing a master can say becomes a label: neither unknown numbers, nor text.
func TestMetrics_hostileMasterAddsNoSeries(t *testing.T) {
	b := New(Config{}, Options{Name: "hostile"})
	other := statusUpdatesTotal.With(metrics.Other)
	unknown := eventsTotal.With(eventUnknown)
	before, unknownBefore, series := testutil.ToFloat64(other), testutil.ToFloat64(unknown), testutil.CollectAndCount(statusUpdatesTotal)+testutil.CollectAndCount(eventsTotal)
	for number := int32(1000); number < 1100; number++ {
		state, reason := mesospb.TaskState(number), mesospb.TaskStatus_Reason(number)
		status := mesospb.TaskStatus{TaskID: mesospb.TaskID{Value: "job"}, State: &state, Reason: &reason, Message: new(fmt.Sprint("state ", number))}
		b.handleUpdate(&scheduler.Event_Update{Status: status}, mesos.Number{Term: 1, Event: uint64(number)})
		record, err := (&scheduler.Event{Type: scheduler.Event_Type(number)}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.nextEvent(newFrameReader(strings.NewReader(fmt.Sprintf("%d\n%s", len(record), record)))); err != nil {
			t.Fatal(err)
		}
	}
	if rose := testutil.ToFloat64(other) - before; rose != 100 {
		t.Errorf("%v updates of other states, want 100", rose)
	}
	if rose := testutil.ToFloat64(unknown) - unknownBefore; rose != 100 {
		t.Errorf("%v events of unknown types, want 100", rose)
	}
	if now := testutil.CollectAndCount(statusUpdatesTotal) + testutil.CollectAndCount(eventsTotal); now != series {
		t.Errorf("%d series became %d", series, now)
	}
}
