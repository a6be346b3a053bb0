package system

import (
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// refuseWrites makes the API server refuse what processes write to a part of the MesosTasks, until what is returned is called. That fails the test if
// nothing was refused.
func (v *virtual) refuseWrites(part string) (end func()) {
	v.Helper()
	fault := v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Instance: "manager-", Verb: "patch", Resource: "mesostasks", Part: part, Status: http.StatusInternalServerError, Count: -1})
	return func() {
		v.Helper()
		fault.Remove()
		if fault.Hits() == 0 {
			v.Error("nothing was refused")
		}
	}
}

// TestWrites_thatFail: what a write is to make durable does not leave the process before it is (rules 2 and 3).
func TestWrites_thatFail(t *testing.T) {
	t.Run("a binding", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			v.framework("")
			v.start()
			v.pass(10 * time.Second)
			// A finalizer is written with the binding: everything that is written to the object itself fails.
			end := v.refuseWrites("")
			v.task("web", `shell: sleep 1`)
			v.pass(2 * time.Minute)
			if started := v.mesos.Calls("ACCEPT"); started > 0 || len(v.launched()) > 0 {
				t.Errorf("%d ACCEPTs, %v launched", started, v.launched())
			}
			end()
			v.pass(2 * time.Minute)
			if v.reason("web") != v1alpha1.ReasonRunning || v.launched()["web"] != 1 {
				t.Errorf("%s, %v launched", v.reason("web"), v.launched())
			}
		})
	})
	t.Run("a status", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			v.framework("")
			v.start()
			v.task("job", `shell: sleep 40s, restartPolicy: Never`)
			v.pass(30 * time.Second)
			before := v.mesos.Calls("ACKNOWLEDGE")
			end := v.refuseWrites("status")
			v.pass(2 * time.Minute)
			if now := v.mesos.Calls("ACKNOWLEDGE"); now != before {
				t.Errorf("%d updates were acknowledged whose state is stored nowhere", now-before)
			}
			end()
			v.pass(2 * time.Minute)
			if now := v.mesos.Calls("ACKNOWLEDGE"); now == before || v.reason("job") != v1alpha1.ReasonCompleted || v.launched()["job"] != 1 {
				t.Errorf("%d acknowledged, %s, %v launched", now-before, v.reason("job"), v.launched())
			}
		})
	})
}

// TestWrites_ofAFrameworkWithoutAnAnswer: what a write brought about whose answer was lost is looked at before the next one, though the cache does not show it.
func TestWrites_ofAFrameworkWithoutAnAnswer(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(time.Minute)
		v.api.Lag(v.running.name, "mesosframeworks", time.Second)
		lost := v.api.Inject(apiserver.Fault{Action: apiserver.DropAnswer, Instance: "manager-", Verb: "patch", Resource: "mesosframeworks", Part: "status"})
		v.mesos.CutStream("", 0)
		v.pass(time.Minute)
		if lost.Hits() == 0 {
			t.Error("no write was met")
		}
		// That it was made once is for check S18.
	})
}

// TestWrites_thatKnowTooLittle: what an earlier attempt came to is told while a status is on its way that was decided on before, and is acknowledged only
// once a later one has it.
func TestWrites_thatKnowTooLittle(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
		var away *simulator.Agent
		var first string
		var armed, told atomic.Bool
		var acknowledged atomic.Int32
		isStored := func() bool {
			return slices.ContainsFunc(v.get("web").Status.History, func(one v1alpha1.TaskAttempt) bool { return one.ID == first && one.State == "TASK_FINISHED" })
		}
		v.watch = func(step leadership.Step, send func() error) error {
			switch {
			case step.Kind == leadership.StepWriteTask && step.What == "status" && armed.CompareAndSwap(true, false):
				away.Heal()
				time.Sleep(30 * time.Second)
				told.Store(true)
			case step.Kind == leadership.StepCall && step.What == "ACKNOWLEDGE" && told.Load():
				if acknowledged.Add(1); !isStored() {
					t.Error("an end was acknowledged that is stored nowhere")
				}
			}
			return send()
		}
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 5m, unreachable: {replaceAfterSeconds: 0}`)
		v.pass(30 * time.Second)
		first, away = v.get("web").Status.Task.ID, v.agentOf("web")
		away.Partition()
		v.pass(5 * time.Minute)
		armed.Store(true)
		v.patch("web", `spec: {backoff: {initialSeconds: 7}}`)
		v.pass(time.Minute)
		if task := v.get("web"); acknowledged.Load() == 0 || task.Status.Task.ID == first || !isStored() {
			t.Errorf("%d acknowledged; after %s %+v, with %+v", acknowledged.Load(), first, task.Status.Task, task.Status.History)
		}
		// What becomes of it once it is deleted is another matter.
		told.Store(false)
	})
}

// TestOrphans_liveRead: an orphan is killed on the word of the API server, not of a cache.
func TestOrphans_liveRead(t *testing.T) {
	// orphaned leaves a live task without an object, and ask has the orphans judged.
	orphaned := func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, deletionPolicy: Orphan`)
		v.pass(30 * time.Second)
		v.delete("web")
		v.pass(10 * time.Second)
		if v.exists("web") || len(v.liveNow()) != 1 {
			v.Fatalf("it exists: %t, %v live", v.exists("web"), v.liveNow())
		}
		v.patchFramework(`{"spec":{"orphanPolicy":"Kill"}}`)
	}
	ask := func(v *virtual, value string) {
		v.annotateFramework(v1alpha1.AnnotationReconcileRequestedAt, value)
		v.pass(2 * time.Minute)
	}
	t.Run("an object that the cache does not show", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			orphaned(v)
			lag := v.api.Lag("manager-1", "mesostasks", -1)
			v.task("web", `shell: sleep 1`)
			ask(v, "1")
			if v.mesos.Calls("KILL") > 0 {
				t.Error("what has an object was killed")
			}
			lag.End()
			v.pass(time.Minute)
			if v.reason("web") != v1alpha1.ReasonRunning || v.launched()["web"] != 1 {
				t.Errorf("%s, %v launched", v.reason("web"), v.launched())
			}
		})
	})
	t.Run("an object that cannot be read", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, byDuration(), func(v *virtual) {
			orphaned(v)
			fault := v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Instance: "manager-", Verb: "get", Resource: "mesostasks", Status: http.StatusInternalServerError, Count: -1})
			ask(v, "1")
			if v.mesos.Calls("KILL") > 0 || fault.Hits() == 0 {
				t.Errorf("%d KILLs, %d reads refused", v.mesos.Calls("KILL"), fault.Hits())
			}
			fault.Remove()
			ask(v, "2")
			if len(v.liveNow()) > 0 || v.mesos.Calls("KILL") == 0 {
				t.Errorf("%v live on", v.liveNow())
			}
		})
	})
}

// TestOthers_whatTheCacheLacks: a process whose cache shows the attempt before kills nothing of what the API server has as the attempt now.
func TestOthers_whatTheCacheLacks(t *testing.T) {
	inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, byDuration(), func(v *virtual) {
		v.elects = true
		v.history.Forgive("by a list of before, what is over since is not known to be: it is asked for, which does no harm", "S8")
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("web").Status.Task.ID
		v.api.Lag("manager-2", "mesostasks", -1)
		v.patch("web", `metadata: {annotations: {mesos.dev/restarted-at: "1"}}`)
		v.pass(time.Minute)
		second := v.get("web").Status.Task.ID
		kills := v.mesos.Calls("KILL")
		v.stop()
		v.start()
		v.pass(2 * time.Minute)
		if live := v.liveNow(); first == second || len(live) != 1 || live[0] != second || v.mesos.Calls("KILL") > kills {
			t.Errorf("after %s and %s, %v live, %d KILLs more", first, second, live, v.mesos.Calls("KILL")-kills)
		}
	})
}

// TestWrites_whatTheCacheLacks: a process decides on what it wrote itself, also while its cache does not show it: nothing is written or launched for that.
func TestWrites_whatTheCacheLacks(t *testing.T) {
	lives := func(v *virtual) map[string]int {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		v.task("web", `shell: sleep 1`)
		v.task("job", `shell: sleep 40s, restartPolicy: Never`)
		v.pass(2 * time.Minute)
		v.delete("web")
		v.pass(2 * time.Minute)
		return v.asked.writes()
	}
	var without map[string]int
	inBubble(t, apiserver.Options{}, simulator.Flags{}, byDuration(), func(v *virtual) { without = lives(v) })
	inBubble(t, apiserver.Options{}, simulator.Flags{}, byDuration(), func(v *virtual) {
		lag := v.api.Lag("manager-1", "mesostasks", 5*time.Second)
		defer lag.End()
		with := lives(v)
		for what, n := range with {
			if strings.Contains(what, "mesostasks") && n > without[what] {
				t.Errorf("%s: %d, and without a lag %d", what, n, without[what])
			}
		}
		if v.launched()["web"] != 1 || v.launched()["job"] != 1 || v.reason("job") != v1alpha1.ReasonCompleted {
			t.Errorf("%v launched, job %s", v.launched(), v.reason("job"))
		}
	})
}

// TestCron_whoseCacheLags: each run is made once, none is taken for lost, and nothing is written for that, while the cache does not show what was made.
func TestCron_whoseCacheLags(t *testing.T) {
	made := func(lag time.Duration) (writes map[string]int, launched map[string]int) {
		inBubble(t, apiserver.Options{}, simulator.Flags{}, byDuration(), func(v *virtual) {
			v.framework("")
			v.start()
			v.pass(10 * time.Second)
			v.api.Lag("manager-1", "mesostasks", lag)
			v.cron("job", "* * * * *", "sleep 5s", "concurrencyPolicy: Forbid")
			v.until(30)
			v.pass(10*time.Minute + 30*time.Second)
			writes, launched = v.asked.writes(), v.launched()
			v.stop()
		})
		return writes, launched
	}
	without, _ := made(0)
	with, launched := made(3 * time.Second)
	for name, n := range launched {
		if n != 1 {
			t.Errorf("%s was launched %d times", name, n)
		}
	}
	if len(launched) < 10 {
		t.Errorf("%v launched", launched)
	}
	for what, n := range with {
		if (strings.Contains(what, "mesostasks") || strings.Contains(what, "mesoscrontasks")) && n > without[what] {
			t.Errorf("%s: %d, and without a lag %d", what, n, without[what])
		}
	}
}
