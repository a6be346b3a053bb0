package system

import (
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/utils/clock"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// setClock is a machine's clock that somebody sets: the time of day jumps, and what measures how long something took does not.
type setClock struct {
	clock.RealClock
	by atomic.Int64
}

func (c *setClock) Now() time.Time                  { return jumped(time.Now(), time.Duration(c.by.Load())) }
func (c *setClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// jumped is a reading as time.Now returns it after the time of day was set by so many whole seconds: its monotonic part stays. There is no other way to
// make one.
func jumped(t time.Time, by time.Duration) time.Time {
	fields := (*struct {
		wall uint64
		ext  int64
		loc  *time.Location
	})(unsafe.Pointer(&t)) // the fields of a time.Time, checked by TestFault60_wallClockJumps
	fields.wall += uint64(by/time.Second) << 30
	return t
}

// TestFault60_wallClockJumps is row 60 of the fault matrix: "wall clock jumps +-1 h, monotonic ok". What is timed by how long it lasts is not over early: neither a launch, nor an
// agent's absence. What is timed by the time of day is not put off for longer than it was to last. (The lease: TestLock_MayAct.)
func TestFault60_wallClockJumps(t *testing.T) {
	for sentence, by := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour back": -time.Hour} {
		t.Run(sentence, func(t *testing.T) {
			if now := time.Now(); jumped(now, by).Sub(now) != 0 || jumped(now, by).Round(0).Sub(now.Round(0)) != by {
				t.Fatalf("set by %v, %v is %v: this Go has times of another form", by, now, jumped(now, by))
			}
			w := newWorld(t, quickToLose, endAsTold())
			set := &setClock{}
			w.clock = set
			w.framework("")
			w.startManager()
			w.task("lost", `shell: sleep 1, unreachable: {replaceAfterSeconds: 600}`)
			w.task("fails", `shell: TASK_FAILED, backoff: {initialSeconds: 300, maxSeconds: 300}`)
			lost := w.ready("lost", v1alpha1.ReasonRunning).Status.Task
			w.ready("fails", v1alpha1.ReasonBackOff)
			w.agent(lost.AgentID).Partition()
			w.ready("lost", v1alpha1.ReasonAgentUnreachable)
			// Its launch never reaches the agent, which is not the one whose offers Mesos took back.
			w.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Type: simulator.RunTask, Action: simulator.Drop})
			w.task("launching", `shell: sleep 1, launchTimeoutSeconds: 600`)
			launching := w.waitTask("launching", "launched", func(task *v1alpha1.MesosTask) bool {
				return task.Annotations[v1alpha1.AnnotationBinding] != ""
			}).Annotations[v1alpha1.AnnotationBinding]

			set.by.Store(int64(by))
			// Each is looked at anew, after Mesos was asked anew.
			for _, name := range []string{"lost", "fails", "launching"} {
				w.patchTask(name, `metadata: {labels: {looked: at}}`)
			}
			w.patch(w.object(), `metadata: {annotations: {mesos.dev/reconcile-requested-at: jumped}}`)
			w.waitFramework("reconciled", func(f *v1alpha1.MesosFramework) bool {
				return f.Status.Reconciliation.LastHandledReconcileAt == "jumped"
			})
			w.task("after", `shell: sleep 1`)
			w.ready("after", v1alpha1.ReasonRunning)
			for _, name := range []string{"lost", "launching"} {
				w.patchTask(name, `metadata: {labels: {looked: again}}`)
			}
			w.task("later", `shell: sleep 1`)
			later := w.ready("later", v1alpha1.ReasonRunning)

			if got := w.ready("lost", v1alpha1.ReasonAgentUnreachable).Status; got.Task.ID != lost.ID || len(got.History) > 0 {
				t.Errorf("what is unreachable was replaced early: %+v", got)
			}
			if got := w.waitTask("launching", "there", func(*v1alpha1.MesosTask) bool { return true }).Annotations[v1alpha1.AnnotationBinding]; got != launching || w.mesos.Calls("KILL") > 0 {
				t.Errorf("what is launched was given up early: it is bound by %s, and by %s before, after %d KILLs", got, launching, w.mesos.Calls("KILL"))
			}
			w.waitTask("fails", "launched again within the backoff by the clock as it is", func(task *v1alpha1.MesosTask) bool {
				next := task.Status.NextLaunchTime
				return next == nil || !next.After(set.Now().Add(302*time.Second))
			})
			if since := meta.FindStatusCondition(later.Status.Conditions, v1alpha1.ConditionReady).LastTransitionTime; set.Now().Sub(since.Time).Abs() > 10*time.Minute {
				t.Errorf("what became ready just now says since %v, by a clock that says %v", since, set.Now())
			}
			set.by.Store(0)
			w.agent(lost.AgentID).Heal()
			if got := w.ready("lost", v1alpha1.ReasonRunning).Status.Task; got.ID != lost.ID {
				t.Errorf("it runs as %s, want %s", got.ID, lost.ID)
			}
			w.neverTwoLive()
		})
	}
}
