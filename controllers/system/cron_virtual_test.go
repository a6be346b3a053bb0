package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/controllers/schedule"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// byDuration is a runner whose tasks run as long as their command line says, and fail where it says so; the others stay.
func byDuration() simulator.Runner {
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		words := strings.Fields(task.GetCommand().GetValue())
		if len(words) != 2 {
			return simulator.Stay()
		}
		ran, err := time.ParseDuration(words[1])
		switch {
		case err != nil:
			return simulator.Stay()
		case words[0] == "fail":
			return simulator.EndAfter(ran, mesosv1.TASK_FAILED, "Command exited with status 1")
		default:
			return simulator.EndAfter(ran, mesosv1.TASK_FINISHED, "Command exited with status 0")
		}
	}}
}

// cron creates a MesosCronTask whose runs run a command line, and lets its schedule count from now: the API server's clock, which says when it was
// created, is not in the bubble.
func (v *virtual) cron(name, schedule, shell, spec string) {
	v.Helper()
	v.create(v.cronManifest(name, schedule, shell, "suspend: true, "+spec), &v1alpha1.MesosCronTask{})
	v.pass(10 * time.Second)
	v.patchCron(name, `{"spec":{"suspend":false}}`)
	v.pass(time.Second)
}

func (v *virtual) cronManifest(name, schedule, shell, spec string) string {
	return fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosCronTask, metadata: {name: %s, namespace: %s}, spec: {schedule: %q,
template: {metadata: {labels: {app: %s}}, spec: {frameworkRef: {name: %s}, shell: %q, resources: {requests: {cpus: "0.1", memory: 32Mi}}}}, %s}}`,
		name, v.namespace, schedule, name, v.namespace, shell, spec)
}

// getCron is a MesosCronTask as it is now.
func (v *virtual) getCron(name string) *v1alpha1.MesosCronTask {
	v.Helper()
	cron := &v1alpha1.MesosCronTask{}
	if err := v.client.Get(context.Background(), client.ObjectKey{Namespace: v.namespace, Name: name}, cron); err != nil {
		v.Fatal(err)
	}
	return cron
}

// patchCron changes a MesosCronTask by a merge patch of JSON.
func (v *virtual) patchCron(name, patch string) {
	v.Helper()
	cron := &v1alpha1.MesosCronTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}
	if err := v.client.Patch(context.Background(), cron, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		v.Fatal(err)
	}
}

// runs are the names of a cron task's MesosTasks, the oldest first.
func (v *virtual) runs(cron string) (names []string) {
	v.Helper()
	tasks := &v1alpha1.MesosTaskList{}
	if err := v.client.List(context.Background(), tasks, client.InNamespace(v.namespace), client.MatchingLabels{v1alpha1.LabelCron: cron}); err != nil {
		v.Fatal(err)
	}
	for _, task := range tasks.Items {
		names = append(names, task.Name)
	}
	slices.Sort(names)
	return names
}

// launched counts the tasks that Mesos was given by the name of their MesosTask.
func (v *virtual) launched() map[string]int {
	launched := map[string]int{}
	for _, change := range v.mesos.Ledger() {
		if change.What == simulator.Started {
			launched[strings.Split(change.TaskID, ".")[1]]++
		}
	}
	return launched
}

// cronReason is the reason of a condition of a cron task.
func (v *virtual) cronReason(name, condition string) string {
	v.Helper()
	if found := meta.FindStatusCondition(v.getCron(name).Status.Conditions, condition); found != nil {
		return found.Reason
	}
	return ""
}

// until lets time pass until a minute of the present hour or the next.
func (v *virtual) until(minute int) {
	now := time.Now().UTC()
	at := now.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute)
	if !at.After(now) {
		at = at.Add(time.Hour)
	}
	v.pass(at.Sub(now))
}

// diary is what happened to a cron task, or a set, a line for each Event.
type diary struct {
	mu    sync.Mutex
	lines []string
	// count is how often each reason was told.
	count map[string]int
}

func (d *diary) keep(v *virtual, name string) {
	d.count = map[string]int{}
	v.told = func(regarding runtime.Object, kind, reason, note string) {
		if object, ok := regarding.(client.Object); ok && object.GetName() == name {
			d.note(kind, reason, note)
		}
	}
}

func (d *diary) note(kind, reason, note string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines, d.count[reason] = append(d.lines, fmt.Sprintf("%s  %-7s %-13s %s", time.Now().UTC().Format("15:04:05"), kind, reason, note)), d.count[reason]+1
}

// keepStanding adds a line wherever the condition Ready of a set comes to say something else.
func (d *diary) keepStanding(v *virtual, name string) {
	last := ""
	v.onWrites(func(object client.Object, _ bool) {
		set, ok := object.(*v1alpha1.MesosTaskSet)
		if !ok || set.Name != name {
			return
		}
		ready := meta.FindStatusCondition(set.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil {
			return
		}
		d.mu.Lock()
		news := ready.Message != last
		last = ready.Message
		d.mu.Unlock()
		if news {
			d.note("Ready", string(ready.Status)+" "+ready.Reason, ready.Message)
		}
	})
}

// text is all that happened.
func (d *diary) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

func (d *diary) of(reason string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count[reason]
}

// collect does what Kubernetes' garbage collector does with the runs of a cron task that is gone: it deletes them, or lets them go.
func (v *virtual) collect(cron string, orphan bool) {
	v.Helper()
	for _, name := range v.runs(cron) {
		if orphan {
			v.patch(name, `metadata: {ownerReferences: null}`)
		} else {
			v.delete(name)
		}
	}
}

func (v *virtual) deleteCron(name string) {
	v.Helper()
	if err := v.client.Delete(context.Background(), &v1alpha1.MesosCronTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}); err != nil {
		v.Fatal(err)
	}
}

// TestCron_night is a night of cron, with a run that takes longer than the time to the next, an hour in which the operator is away, and a process that
// dies between a run's creation and the status. Its log is there to be read.
func TestCron_night(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.framework("")
		night := &diary{}
		night.keep(v, "sync")
		v.start()
		v.until(55)
		began := time.Now()
		v.cron("sync", "*/10 * * * *", "work 3m", "concurrencyPolicy: Forbid, successfulTasksHistoryLimit: 2")
		v.pass(time.Hour)
		first := v.getCron("sync").Status
		if first.LastScheduleTime == nil || time.Since(first.LastScheduleTime.Time) > 10*time.Minute || first.MissedRuns != 0 || first.Active != 0 || first.LastSuccessfulTime == nil {
			v.Errorf("after an hour the status is %+v", first)
		}
		if names := v.runs("sync"); len(names) != 2 {
			v.Errorf("history has %v, want the last two", names)
		}
		// A run that takes longer than the time to the next.
		v.patchCron("sync", `{"spec":{"template":{"spec":{"shell":"work 25m"}}}}`)
		v.pass(40 * time.Minute)
		v.patchCron("sync", `{"spec":{"template":{"spec":{"shell":"work 3m"}}}}`)
		v.pass(30 * time.Minute)
		// Nobody is there for an hour.
		v.stop()
		v.pass(time.Hour)
		v.start()
		v.pass(30 * time.Minute)
		// A process that dies as a run was created.
		v.stop()
		v.watch = dieAfter(leadership.StepWriteTask, "creation")
		v.start()
		v.pass(10 * time.Minute)
		v.stop()
		v.watch = nil
		v.start()
		v.pass(5*time.Hour - time.Since(began)%time.Hour)
		for name, n := range v.launched() {
			if n != 1 {
				v.Errorf("%s was launched %d times", name, n)
			}
		}
		status := v.getCron("sync").Status
		if night.of("RunMissed") == 0 || night.of("RunStarted") < 25 || status.MissedRuns < 5 || status.MissedRuns > 12 {
			v.Errorf("%d events of missed runs, %d of started ones; the status is %+v", night.of("RunMissed"), night.of("RunStarted"), status)
		}
		v.Logf("a night of cron, by its Events:\n%s\nat its end: active %d, missed %d, last due %v, last succeeded %v, next %v",
			night.text(), status.Active, status.MissedRuns, status.LastScheduleTime.UTC(), status.LastSuccessfulTime.UTC(), status.NextScheduleTime.UTC())
	})
}

// dieAfter lets a process take its first step of a kind, and none after that.
func dieAfter(kind leadership.StepKind, what string) func(leadership.Step, func() error) error {
	var mu sync.Mutex
	dead := false
	return func(step leadership.Step, send func() error) error {
		mu.Lock()
		was := dead
		dead = dead || step.Kind == kind && step.What == what
		mu.Unlock()
		if was {
			return errDead
		}
		return send()
	}
}

// TestCron_policies: what a run does whose time comes while the one before it still runs.
func TestCron_policies(t *testing.T) {
	t.Run("Allow", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			v.framework("")
			v.start()
			v.until(5)
			v.cron("job", "*/10 * * * *", "work 25m", "")
			v.pass(27 * time.Minute)
			if active := v.getCron("job").Status.Active; active != 3 || len(v.liveNow()) != 3 {
				v.Errorf("%d are active, %v run, want three beside each other", active, v.liveNow())
			}
		})
	})
	t.Run("Forbid", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			v.framework("")
			v.start()
			v.until(5)
			v.cron("job", "*/10 * * * *", "work 12m", "concurrencyPolicy: Forbid")
			v.pass(16 * time.Minute)
			if live := v.liveNow(); len(live) != 1 || v.cronReason("job", "Behind") != v1alpha1.ReasonRunActive || v.cronReason("job", "Ready") != v1alpha1.ReasonScheduled {
				v.Errorf("%v run, it is behind as %s", live, v.cronReason("job", "Behind"))
			}
			v.pass(2 * time.Minute)
			// The first is over after twelve minutes, and the second starts late, within its deadline.
			if cron := v.getCron("job"); cron.Status.Active != 1 || v.cronReason("job", "Behind") != "" || time.Since(cron.Status.LastScheduleTime.Time) > 9*time.Minute {
				v.Errorf("the second run is not started late: %+v", cron.Status)
			}
			v.pass(3 * time.Hour)
			checkNoneBeside(v)
		})
	})
	t.Run("Replace", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			v.framework("")
			v.start()
			v.until(5)
			v.cron("job", "*/10 * * * *", "work 2h", "concurrencyPolicy: Replace")
			v.pass(16 * time.Minute)
			cron, live := v.getCron("job"), v.liveNow()
			if want := schedule.RunName("job", cron.Status.LastScheduleTime.Time); len(live) != 1 || !strings.Contains(live[0], want) || len(v.runs("job")) != 1 || v.cronReason("job", "Behind") != "" {
				v.Errorf("%v run, want only %s; it is behind as %s", live, want, v.cronReason("job", "Behind"))
			}
			v.pass(time.Hour)
			checkNoneBeside(v)
		})
	})
}

// checkNoneBeside says that no two tasks ever ran at a time.
func checkNoneBeside(v *virtual) {
	v.Helper()
	live := map[string]bool{}
	for _, change := range v.mesos.Ledger() {
		switch change.What {
		case simulator.Started:
			if live[change.TaskID] = true; len(live) > 1 {
				v.Errorf("beside each other there ran %v", live)
			}
		case simulator.Ended:
			delete(live, change.TaskID)
		default:
		}
	}
}

// TestCron_onRequestAndSuspended: a person asks for a run, once for each value, also while the schedule is suspended, which itself starts nothing and
// makes up for nothing.
func TestCron_onRequestAndSuspended(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.framework("")
		v.start()
		v.until(5)
		v.create(v.cronManifest("job", "0 * * * *", "work 1m", "suspend: true"), &v1alpha1.MesosCronTask{})
		v.pass(time.Minute)
		v.patchCron("job", `{"metadata":{"annotations":{"mesos.dev/run-requested-at":"please"}}}`)
		v.pass(30 * time.Second)
		want := schedule.RequestName("job", "please")
		if names := v.runs("job"); len(names) != 1 || names[0] != want || v.reason(want) != v1alpha1.ReasonRunning {
			v.Fatalf("there are %v, want %s, running", names, want)
		}
		v.stop()
		v.start()
		v.pass(2 * time.Hour)
		if launched := v.launched(); len(launched) != 1 || launched[want] != 1 || v.getCron("job").Status.LastRequestedRun != want || v.cronReason("job", "Ready") != v1alpha1.ReasonSuspended {
			v.Errorf("launched were %v, want one; it is %s", launched, v.cronReason("job", "Ready"))
		}
		v.until(1)
		v.patchCron("job", `{"spec":{"suspend":false}}`)
		v.pass(10 * time.Minute)
		if launched := v.launched(); len(launched) != 1 {
			v.Errorf("it made up for a time at which it was suspended: %v", launched)
		}
		v.until(2)
		if launched := v.launched(); len(launched) != 2 || v.getCron("job").Status.MissedRuns != 0 {
			v.Errorf("the schedule does not go on: %v", launched)
		}
	})
}

// TestCron_rebuilt: the cron task is lost and created anew, from Git, while a run of it runs on: with its MesosTask, which --cascade=orphan leaves, or
// only in Mesos. It goes on as the new one's run, and what may not run beside it does not.
func TestCron_rebuilt(t *testing.T) {
	cases := map[string]func(v *virtual, run string){
		"its MesosTasks stay": func(v *virtual, _ string) {
			v.collect("job", true)
		},
		"all objects are lost": func(v *virtual, run string) {
			v.stop()
			v.wipe(run)
			v.delete(run)
		},
	}
	for sentence, lose := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
				v.framework("orphanPolicy: Kill")
				v.start()
				v.until(5)
				v.cron("job", "*/10 * * * *", "work 40m", "concurrencyPolicy: Forbid")
				v.pass(6 * time.Minute)
				names, before := v.runs("job"), v.liveNow()
				if len(names) != 1 || len(before) != 1 {
					v.Fatalf("there are %v, %v run", names, before)
				}
				v.deleteCron("job")
				lose(v, names[0])
				v.create(v.cronManifest("job", "*/10 * * * *", "work 40m", "concurrencyPolicy: Forbid"), &v1alpha1.MesosCronTask{})
				v.stop()
				v.start()
				v.pass(15 * time.Minute)
				cron, task := v.getCron("job"), v.get(names[0])
				if owner := metav1.GetControllerOf(task); owner == nil || owner.UID != cron.UID {
					v.Errorf("the run is controlled by %+v, want the new cron task", owner)
				}
				if live := v.liveNow(); !slices.Equal(live, before) || cron.Status.Active != 1 || v.cronReason("job", "Behind") != v1alpha1.ReasonRunActive {
					v.Errorf("%v run, want %v; the status is %+v", live, before, cron.Status)
				}
				v.pass(30 * time.Minute)
				if len(v.runs("job")) < 2 {
					v.Error("once it is over, no other run starts")
				}
				for name, n := range v.launched() {
					if n != 1 {
						v.Errorf("%s was launched %d times", name, n)
					}
				}
			})
		})
	}
}

// TestCron_restored: the API server is restored to a state from before a run, which goes on in Mesos, by an operator that is started anew after the next run was
// due, or that stays. The run is the cron task's again, and no orphan that is killed meanwhile, though its MesosTask cannot be created at once; it does not
// come twice, and what may not run beside it waits.
func TestCron_restored(t *testing.T) {
	cases := map[string]struct {
		policy v1alpha1.ConcurrencyPolicy
		stays  bool
	}{
		"the operator is started anew": {v1alpha1.ConcurrencyAllow, false}, "the operator stays": {v1alpha1.ConcurrencyAllow, true},
		"Forbid, the operator is started anew": {v1alpha1.ConcurrencyForbid, false}, "Forbid, the operator stays": {v1alpha1.ConcurrencyForbid, true},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
				var frozen, refused atomic.Bool
				v.watch = func(step leadership.Step, send func() error) error {
					if frozen.Load() || refused.Load() && step.Kind == leadership.StepWriteTask && step.What == "creation" {
						return apierrors.NewForbidden(schema.GroupResource{}, "", errors.New("not now"))
					}
					return send()
				}
				v.framework("orphanPolicy: Kill")
				v.start()
				v.until(5)
				v.cron("job", "*/10 * * * *", "work 150m", "concurrencyPolicy: "+string(tc.policy))
				before := v.getCron("job").Status
				v.pass(6 * time.Minute)
				names, live := v.runs("job"), v.liveNow()
				if len(names) != 1 || len(live) != 1 {
					v.Fatalf("there are %v, %v run", names, live)
				}
				// It is a minute before the next is due.
				v.pass(8 * time.Minute)
				if frozen.Store(true); !tc.stays {
					v.stop()
				}
				v.restoreCron("job", before, names[0])
				// Where it may run beside others, none can be created for a while.
				if refused.Store(tc.policy == v1alpha1.ConcurrencyAllow); !tc.stays {
					v.pass(2 * time.Minute)
					v.start()
				}
				frozen.Store(false)
				v.pass(5 * time.Minute)
				if now := v.liveNow(); !slices.Equal(now, live) || v.orphans().Count != 0 {
					v.Fatalf("its MesosTask cannot be created yet: %v run, want %v; %d are orphans", now, live, v.orphans().Count)
				}
				refused.Store(false)
				v.pass(20 * time.Minute)
				cron := v.getCron("job")
				if owner := metav1.GetControllerOf(v.get(names[0])); owner == nil || owner.UID != cron.UID {
					v.Errorf("the run is controlled by %+v, want its cron task", owner)
				}
				now := v.liveNow()
				if alone := tc.policy == v1alpha1.ConcurrencyForbid; !slices.Contains(now, live[0]) || alone != (len(now) == 1) || v.orphans().Count != 0 {
					v.Errorf("%v run, want %v; %d are orphans", now, live, v.orphans().Count)
				}
				if tc.policy == v1alpha1.ConcurrencyForbid && v.cronReason("job", "Behind") != v1alpha1.ReasonRunActive {
					v.Errorf("it is behind as %q", v.cronReason("job", "Behind"))
				}
				for name, n := range v.launched() {
					if n != 1 {
						v.Errorf("%s was launched %d times", name, n)
					}
				}
			})
		})
	}
}

// restoreCron brings a cron task back to an earlier status, and a run that it started since to nothing.
func (v *virtual) restoreCron(name string, before v1alpha1.MesosCronTaskStatus, run string) {
	v.Helper()
	v.wipe(run)
	v.delete(run)
	status, err := json.Marshal(map[string]any{"status": map[string]any{
		"lastScheduleTime": before.LastScheduleTime, "lastConsideredTime": before.LastConsideredTime, "active": before.Active, "activeRuns": before.ActiveRuns,
	}})
	if err != nil {
		v.Fatal(err)
	}
	cron := &v1alpha1.MesosCronTask{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: v.namespace}}
	if err := v.client.Status().Patch(context.Background(), cron, client.RawPatch(types.MergePatchType, status)); err != nil {
		v.Fatal(err)
	}
}

// TestCron_deleted: what a deleted cron task started is killed, as its MesosTasks are deleted with it.
func TestCron_deleted(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.framework("")
		v.start()
		v.until(5)
		v.cron("job", "*/10 * * * *", "work 40m", "")
		v.pass(6 * time.Minute)
		if len(v.liveNow()) != 1 {
			v.Fatalf("%v run", v.liveNow())
		}
		v.deleteCron("job")
		v.collect("job", false)
		v.pass(time.Minute)
		if live, names := v.liveNow(), v.runs("job"); len(live) != 0 || len(names) != 0 {
			v.Errorf("%v run, and there are %v", live, names)
		}
		v.pass(30 * time.Minute)
		if n := len(v.launched()); n != 1 {
			v.Errorf("%d were launched", n)
		}
	})
}

// TestCron_history: runs that fail and runs that succeed are kept apart, and none is deleted whose start is not recorded.
func TestCron_history(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.framework("")
		v.start()
		v.until(5)
		v.cron("job", "* * * * *", "fail 1s", "successfulTasksHistoryLimit: 1, failedTasksHistoryLimit: 2")
		v.patchCron("job", `{"spec":{"template":{"spec":{"restartPolicy":"Never"}}}}`)
		v.pass(10*time.Minute + 30*time.Second)
		cron := v.getCron("job")
		if names := v.runs("job"); len(names) != 2 || cron.Status.LastSuccessfulTime != nil || cron.Status.Active != 0 {
			v.Errorf("there are %v, want the last two that failed: %+v", names, cron.Status)
		}
		v.patchCron("job", `{"spec":{"template":{"spec":{"shell":"work 1s"}},"successfulTasksHistoryLimit":0}}`)
		v.pass(5 * time.Minute)
		cron = v.getCron("job")
		if names := v.runs("job"); len(names) != 2 || cron.Status.LastSuccessfulTime == nil {
			v.Errorf("there are %v, want those that failed and none that succeeded: %+v", names, cron.Status)
		}
		// Whoever dies between a run and its record: the run is over and gone before it could come twice.
		for range 3 {
			v.stop()
			v.watch = dieAfter(leadership.StepWriteTask, "creation")
			v.start()
			v.pass(90 * time.Second)
			v.stop()
			v.watch = nil
			v.start()
			v.pass(time.Minute)
		}
		for name, n := range v.launched() {
			if n != 1 {
				v.Errorf("%s was launched %d times", name, n)
			}
		}
	})
}

// TestCron_nameTaken: a MesosTask of a run's name that is somebody else's is left alone and told of, and the schedule goes on.
func TestCron_nameTaken(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.framework("")
		v.start()
		v.until(5)
		taken := schedule.RunName("job", time.Now().Truncate(10*time.Minute).Add(10*time.Minute))
		v.task(taken, "shell: sleep 1")
		v.cron("job", "*/10 * * * *", "work 1m", "startingDeadlineSeconds: 120")
		v.pass(6 * time.Minute)
		if got := v.cronReason("job", "Behind"); got != v1alpha1.ReasonNameTaken || v.cronReason("job", "Stalled") != v1alpha1.ReasonNameTaken {
			v.Errorf("it is behind as %s", got)
		}
		v.pass(10 * time.Minute)
		if cron := v.getCron("job"); cron.Status.MissedRuns != 1 || cron.Status.LastScheduleTime == nil || v.cronReason("job", "Behind") != "" || len(v.runs("job")) != 1 {
			v.Errorf("the schedule does not go on: %+v", cron.Status)
		}
		if metav1.GetControllerOf(v.get(taken)) != nil {
			v.Error("somebody else's MesosTask was taken over")
		}
	})
}
