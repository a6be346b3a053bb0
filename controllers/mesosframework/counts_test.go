package mesosframework

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/metrics"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
)

// taskThat is one whose condition Ready is of this status and reason since a time.
func taskThat(status metav1.ConditionStatus, reason string, since time.Time) v1alpha1.MesosTask {
	task := v1alpha1.MesosTask{}
	task.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(since)}}
	return task
}

func TestCensusOf(t *testing.T) {
	start := time.Unix(1_000_000, 0)
	created := v1alpha1.MesosTask{}
	created.CreationTimestamp = metav1.NewTime(start.Add(-time.Minute))
	waits := taskThat(metav1.ConditionFalse, v1alpha1.ReasonAwaitingOffer, start)
	waits.Status.Pending = &v1alpha1.Pending{Since: metav1.NewTime(start.Add(time.Minute))}
	ran := taskThat(metav1.ConditionFalse, v1alpha1.ReasonBackOff, start.Add(-time.Hour))
	cases := map[string]struct {
		tasks []v1alpha1.MesosTask
		want  census
	}{
		"no task waits": {
			tasks: []v1alpha1.MesosTask{taskThat(metav1.ConditionTrue, v1alpha1.ReasonCompleted, start), ran},
			want:  census{all: 2, notReady: map[string]int{v1alpha1.ReasonBackOff: 1}},
		},
		"a task waits since its status says": {
			tasks: []v1alpha1.MesosTask{waits},
			want:  census{all: 1, counts: v1alpha1.TaskCounts{Pending: 1}, notReady: map[string]int{v1alpha1.ReasonAwaitingOffer: 1}, waiting: start.Add(time.Minute)},
		},
		"of several the one that waits longest counts, since it was created where nothing was written of it": {
			tasks: []v1alpha1.MesosTask{waits, taskThat(metav1.ConditionFalse, v1alpha1.ReasonNoAgentLargeEnough, start), created, waits},
			want: census{
				all: 4, counts: v1alpha1.TaskCounts{Pending: 4}, waiting: start.Add(-time.Minute),
				notReady: map[string]int{v1alpha1.ReasonAwaitingOffer: 2, v1alpha1.ReasonNoAgentLargeEnough: 1, notJudged: 1},
			},
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, censusOf(tc.tasks), cmp.AllowUnexported(census{})); diff != "" {
				t.Errorf("what is counted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordCensus(t *testing.T) {
	const framework = "counted"
	t.Cleanup(func() { forgetFramework(framework) })
	recordCensus(framework, census{notReady: map[string]int{v1alpha1.ReasonBackOff: 2, "ALaterOne": 1}, waiting: time.Unix(5, 0)})
	// What there is none of any more stands at zero, and a time that is none has no series.
	recordCensus(framework, census{notReady: map[string]int{v1alpha1.ReasonFailed: 1, "ALaterOne": 3}})
	for reason, want := range map[string]float64{v1alpha1.ReasonBackOff: 0, v1alpha1.ReasonFailed: 1, metrics.Other: 3} {
		if got := testutil.ToFloat64(tasksNotReady.With(framework, reason)); got != want {
			t.Errorf("%v tasks are counted as %s, want %v", got, reason, want)
		}
	}
	if series := testutil.CollectAndCount(tasksNotReady); series != len(unreadyReasons) {
		t.Errorf("there are %d series of reasons, want %d", series, len(unreadyReasons))
	}
	if series := testutil.CollectAndCount(oldestPending); series != 0 {
		t.Errorf("there are %d series of the oldest that waits, though none does", series)
	}
}

func TestRecordState(t *testing.T) {
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: "recorded"}}
	framework.Spec.Info.FailoverTimeoutSeconds = 3600
	t.Cleanup(func() { forgetFramework(framework.Name) })
	gauges := []*metrics.Gauge{disconnected, failoverTimeout, lastPass}
	series := func() (found []int) {
		for _, gauge := range gauges {
			found = append(found, testutil.CollectAndCount(gauge))
		}
		return found
	}
	status := &v1alpha1.MesosFrameworkStatus{Conditions: []metav1.Condition{
		{Type: v1alpha1.ConditionConnected, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(time.Unix(7, 0))},
	}}
	recordState(framework, status, 0)
	if diff := cmp.Diff([]int{1, 0, 0}, series()); diff != "" {
		t.Errorf("series of a framework that Mesos does not know (-want +got):\n%s", diff)
	}
	status.FrameworkID = "id"
	status.Reconciliation.Last = &v1alpha1.ReconciliationPass{CompletionTime: &metav1.Time{Time: time.Unix(6, 0)}}
	recordState(framework, status, 4)
	for gauge, want := range map[*metrics.Gauge]float64{disconnected: 7, failoverTimeout: 3600, lastPass: 6, unansweredTasks: 4} {
		if got := testutil.ToFloat64(gauge.With(framework.Name)); got != want {
			t.Errorf("%s is %v, want %v", gauge.Family().Name, got, want)
		}
	}
	status.Conditions[0].Status = metav1.ConditionTrue
	recordState(framework, status, 0)
	if diff := cmp.Diff([]int{0, 1, 1}, series()); diff != "" {
		t.Errorf("series of a framework that is subscribed (-want +got):\n%s", diff)
	}
}

// Every reason of a MesosTask is counted by its name, but for those that condition Ready has while it is True, or never.
func TestUnreadyReasons(t *testing.T) {
	source, err := os.ReadFile(filepath.Join(testenv.Root(), "api", "v1alpha1", "condition_types.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(source), "// Reasons of a MesosTask's conditions")
	text, _, _ = strings.Cut(text, "\n)")
	elsewhere := []string{
		v1alpha1.ReasonRunning, v1alpha1.ReasonCompleted, v1alpha1.ReasonSuspended, v1alpha1.ReasonMaintenanceScheduled, v1alpha1.ReasonMaintenanceUnderway,
		v1alpha1.ReasonFrameworkNotFound,
	}
	declared := regexp.MustCompile(`Reason\w+ = "(\w+)"`).FindAllStringSubmatch(text, -1)
	if len(declared) < 40 {
		t.Fatalf("only %d reasons were found", len(declared))
	}
	for _, reason := range declared {
		if slices.Contains(unreadyReasons, reason[1]) == slices.Contains(elsewhere, reason[1]) {
			t.Errorf("%s is neither counted nor one that need not be, or is both", reason[1])
		}
	}
}
