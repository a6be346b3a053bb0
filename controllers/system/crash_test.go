package system

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// moment is when, around an outward step, a process dies.
type moment string

const (
	before   moment = "before it is sent"
	sent     moment = "after it was sent"
	answered moment = "after its answer"
)

var errDead = errors.New("the process is dead")

// death ends a process around one of its outward steps: from then on nothing leaves it.
type death struct {
	kind   leadership.StepKind
	what   string
	nth    int
	moment moment

	mu   sync.Mutex
	seen int
	dead bool
	// died is closed when it is dead.
	died chan struct{}
}

// watch is the Watch of the process that dies.
func (d *death) watch(step leadership.Step, send func() error) error {
	d.mu.Lock()
	if d.dead {
		d.mu.Unlock()
		return errDead
	}
	if step.Kind != d.kind || step.What != d.what {
		d.mu.Unlock()
		return send()
	}
	if d.seen++; d.seen != d.nth {
		d.mu.Unlock()
		return send()
	}
	d.dead = true
	d.mu.Unlock()
	defer close(d.died)
	switch d.moment {
	case sent:
		if err := send(); err != nil {
			return err
		}
		return errDead
	case answered:
		return send()
	default:
		return errDead
	}
}

// outwardSteps runs the life of a task from its creation to its end with one process, and returns how often that took each outward step.
func outwardSteps(t *testing.T) map[leadership.Step]int {
	t.Helper()
	var mu sync.Mutex
	taken := map[leadership.Step]int{}
	w := newWorld(t, simulator.Flags{}, nil)
	w.watch = func(step leadership.Step, send func() error) error {
		mu.Lock()
		step.Index = 0
		taken[step]++
		mu.Unlock()
		return send()
	}
	w.framework("")
	stop := w.startManager()
	w.liveAndDie()
	stop()
	return taken
}

// liveAndDie takes a task that must not run twice from its creation to its end.
func (w *world) liveAndDie() {
	w.t.Helper()
	w.task("job", `shell: sleep 1000, restartPolicy: Never`)
	running := w.ready("job", v1alpha1.ReasonRunning).Status.Task.ID
	w.liveBecomes(running)
	w.deleteTask("job")
	w.waitGone("job")
	w.liveBecomes()
}

// neededSteps are those without which no task lives and dies.
var neededSteps = []leadership.Step{
	{Kind: leadership.StepWriteTask, What: "binding"},
	{Kind: leadership.StepWriteTask, What: "status"},
	{Kind: leadership.StepWriteTask, What: "finalizer"},
	{Kind: leadership.StepWriteFramework, What: "status"},
	{Kind: leadership.StepWriteFramework, What: "metadata"},
	{Kind: leadership.StepCall, What: "SUBSCRIBE"},
	{Kind: leadership.StepCall, What: "UPDATE_FRAMEWORK"},
	{Kind: leadership.StepCall, What: "RECONCILE"},
	{Kind: leadership.StepCall, What: "ACCEPT"},
	{Kind: leadership.StepCall, What: "ACKNOWLEDGE"},
	{Kind: leadership.StepCall, What: "KILL"},
}

// TestCrash stops the process around each kind of outward step that the life of a task needs, the first time and the last time that it is
// taken, and lets another process go on with the same API and the same Mesos. Judged is by what really ran: the task was started once, is live
// while its object says so, and is over when the object is gone.
func TestCrash(t *testing.T) {
	steps := outwardSteps(t)
	for _, needed := range neededSteps {
		if steps[needed] == 0 {
			t.Errorf("%s %s is none of the steps that were taken: %+v", needed.Kind, needed.What, steps)
		}
	}
	t.Run("around", func(t *testing.T) {
		for step, count := range steps {
			occasions := map[string]int{"the first": 1}
			if count > 1 && step.Kind != leadership.StepWriteFramework {
				occasions["the last"] = count
			}
			for occasion, nth := range occasions {
				for _, moment := range []moment{before, sent, answered} {
					t.Run(fmt.Sprintf("%s %s %s, %s", occasion, step.Kind, step.What, moment), func(t *testing.T) {
						crash(t, &death{kind: step.Kind, what: step.What, nth: nth, moment: moment, died: make(chan struct{})})
					})
				}
			}
		}
	})
}

func crash(t *testing.T, end *death) {
	t.Helper()
	w := newWorld(t, simulator.Flags{StatusUpdateRetryMin: 300 * time.Millisecond}, nil)
	w.framework("")
	w.watch = end.watch
	stop := w.startManager()
	succeeded := make(chan struct{})
	w.watch = nil
	succeed := sync.OnceFunc(func() {
		defer close(succeeded)
		stop()
		w.startManager()
	})
	go func() {
		select {
		case <-end.died:
			succeed()
		case <-t.Context().Done():
		}
	}()
	w.liveAndDie()
	// How often a step is taken differs from run to run: where it never came, there was no death.
	within := time.Duration(0)
	if needed := slices.Contains(neededSteps, leadership.Step{Kind: end.kind, What: end.what}); needed && end.nth == 1 {
		within = patience
	}
	select {
	case <-end.died:
		<-succeeded
	case <-time.After(within):
		if within > 0 {
			t.Errorf("%s %s was never taken", end.kind, end.what)
		}
		succeed()
	}
	w.checkOnce("job")
}

// checkOnce fails the test unless the task was started once.
func (w *world) checkOnce(name string) {
	w.t.Helper()
	w.neverTwoLive()
	var started []string
	for _, change := range w.mesos.Ledger() {
		if change.What == simulator.Started {
			started = append(started, identityOf(change.TaskID))
		}
	}
	if diff := cmp.Diff([]string{w.namespace + "/" + name}, started); diff != "" {
		w.t.Errorf("what was started (-want +got):\n%s", diff)
	}
}
