package system

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/history"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestPasses_intervalOverWhileRECONCILEIsNotAnswered: no new pass begins before the first round is through, and until then nothing is due.
func TestPasses_intervalOverWhileRECONCILEIsNotAnswered(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		var tried atomic.Int64
		refused := errors.New("not now")
		v.watch = func(step leadership.Step, send func() error) error {
			if step.Kind == leadership.StepCall && step.What == "RECONCILE" {
				tried.Add(1)
				return refused
			}
			return send()
		}
		v.framework("reconciliation: {intervalSeconds: 30}")
		v.start()
		v.pass(28 * time.Second)
		before := tried.Load()
		v.pass(4 * time.Second)
		if got := tried.Load() - before; before == 0 || got > 20 {
			v.Errorf("RECONCILE was tried %d times, and %d times in the 4 s around its interval, want it to wait", before, got)
		}
	})
}

// TestPasses_supersededWhileACallHangs: what becomes of a call that was made for a pass, or for its proof, says nothing of the pass that followed meanwhile, nor
// of the proof of that.
func TestPasses_supersededWhileACallHangs(t *testing.T) {
	// hangs has the first RECONCILE hang that is made some time after the subscription to a master that has no agents yet, for so long, and returns the
	// RECONCILEs that came then.
	hangs := func(v *virtual, spec string, from, lasts time.Duration, tasks ...string) (asked []history.Entry) {
		var armed atomic.Bool
		failed := make(chan int, 1)
		v.watch = func(step leadership.Step, send func() error) error {
			if step.Kind == leadership.StepCall && step.What == "RECONCILE" && armed.CompareAndSwap(true, false) {
				time.Sleep(lasts)
				failed <- v.history.Len()
				return errors.New("no answer")
			}
			return send()
		}
		v.framework("reconciliation: {" + spec + "}")
		v.start()
		for _, name := range tasks {
			v.task(name, `shell: sleep 1`)
		}
		v.pass(40 * time.Second)
		before := v.mesos.Calls("SUBSCRIBE")
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		for v.mesos.Calls("SUBSCRIBE") == before {
			v.pass(100 * time.Millisecond)
		}
		v.pass(from)
		armed.Store(true)
		after := <-failed
		v.pass(10 * time.Second)
		for _, entry := range v.history.Entries()[after:] {
			if entry.Call != nil && entry.Call.Call.Reconcile != nil {
				asked = append(asked, entry)
			}
		}
		return asked
	}
	t.Run("a chunk", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 240 * time.Hour}, nil, func(v *virtual) {
			var chunks []history.Entry
			for _, entry := range hangs(v, "intervalSeconds: 60, chunkSize: 1, minBackoffSeconds: 20, maxBackoffSeconds: 20", 18*time.Second, 50*time.Second, "one", "two") {
				if named := entry.Call.Call.Reconcile.Tasks; len(named) == 1 && strings.HasPrefix(named[0].TaskID.Value, "virtual.") {
					chunks = append(chunks, entry)
				}
			}
			if len(chunks) < 2 || chunks[1].Time.Sub(chunks[0].Time) < 500*time.Millisecond {
				v.Errorf("the next pass asked %v, want its second chunk only after the time of the first", chunks)
			}
		})
	})
	t.Run("a question of the proof", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 240 * time.Hour}, nil, func(v *virtual) {
			asked := hangs(v, "intervalSeconds: 30", 12*time.Second, 20*time.Second)
			if len(asked) < 3 || asked[2].Time.Sub(asked[0].Time) > time.Second || len(asked[1].Call.Call.Reconcile.Tasks) != 0 {
				v.Errorf("the next proof asked %v, want its three questions one after the other", asked)
			}
		})
	})
}

// TestAbandonment_whoseAnswerWasLost: the write that remembers an abandoned attempt takes effect, and its answer is lost.
func TestAbandonment_whoseAnswerWasLost(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		var armed atomic.Bool
		v.watch = func(step leadership.Step, send func() error) error {
			err := send()
			if step.Kind == leadership.StepWriteFramework && step.What == "status" && armed.Load() && len(v.frameworkNow().Status.Abandoned) > 0 && armed.Swap(false) {
				return errors.New("the answer was lost")
			}
			return err
		}
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 60}`)
		v.pass(30 * time.Second)
		v.agentOf("job").Partition()
		v.delete("job")
		v.pass(100 * time.Second)
		armed.Store(true)
		v.pass(2 * time.Minute)
		if armed.Load() || v.exists("job") {
			v.Errorf("abandoned: %t; the object, which the framework's status remembers, exists: %t, want it let go", !armed.Load(), v.exists("job"))
		}
	})
}

// TestPasses_tellOfSilenceByDefault: with the defaults of the spec the interval supersedes a pass just when it would count as stalled. A task of
// which Mesos never says anything is told of nevertheless, and from then on without a break.
func TestPasses_tellOfSilenceByDefault(t *testing.T) {
	inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 240 * time.Hour}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		v.pass(16 * time.Minute)
		for range 60 {
			tasks := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, v1alpha1.ConditionTasksReconciled)
			if tasks == nil || tasks.Reason != v1alpha1.ReasonUnanswered {
				v.Fatalf("after 16 minutes of silence or more TasksReconciled is %+v, want it to say that one task is unanswered", tasks)
			}
			v.pass(30 * time.Second)
		}
		for _, agent := range v.mesos.Agents() {
			agent.Heal()
		}
		v.pass(20 * time.Minute)
		if tasks := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, v1alpha1.ConditionTasksReconciled); tasks == nil || tasks.Reason != v1alpha1.ReasonReconciled {
			v.Errorf("with the agents back TasksReconciled is %+v, want %s", tasks, v1alpha1.ReasonReconciled)
		}
	})
}

// TestPasses_goOnOnceAnswered: where nothing changed, the answers are no news for their tasks; the pass goes on with them all the same, and not only once
// it has been quiet for a while.
func TestPasses_goOnOnceAnswered(t *testing.T) {
	inVirtualTime(t, simulator.Flags{EventsPerSecond: 100}, nil, func(v *virtual) {
		v.framework("reconciliation: {chunkSize: 5}")
		v.start()
		v.several(20, `shell: sleep 1`)
		v.pass(5 * time.Minute)
		before := len(v.mesos.CallLog())
		v.mesos.CutStream("", 0)
		v.pass(time.Minute)
		var asked []time.Time
		for _, call := range v.mesos.CallLog()[before:] {
			if call.Type == "RECONCILE" && len(call.Call.Reconcile.Tasks) == 5 {
				asked = append(asked, call.Time)
			}
		}
		if len(asked) != 4 {
			v.Fatalf("%d RECONCILEs of 5 tasks, want 4", len(asked))
		}
		if took := asked[3].Sub(asked[0]); took > 300*time.Millisecond {
			v.Errorf("the fourth came %v after the first, want it as soon as the others were answered", took)
		}
	})
}

// TestPasses_whileTheAPIServerTakesNoWrites: what Mesos is asked rests on no write. So each subscription has its pass and its proof though a write of the framework
// failed and cannot be looked up, and what is not answered for is asked for again no later than ever.
func TestPasses_whileTheAPIServerTakesNoWrites(t *testing.T) {
	for sentence, fails := range map[string]func(v *virtual) (over func()){
		"it is away": func(v *virtual) func() {
			name := v.running.name
			v.api.Sever(name)
			return func() { v.api.Restore(name) }
		},
		"it refuses writes": func(v *virtual) func() {
			return v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Status: 500, Instance: v.running.name, Writes: true, Count: -1}).Remove
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("web", `shell: sleep 1`)
				v.pass(time.Minute)
				over := fails(v)
				for range 3 {
					v.mesos.CutStream("", 0)
					before := v.mesos.Calls("RECONCILE")
					v.pass(20 * time.Second)
					// For the task, then fence, implicit RECONCILE and end mark.
					if got := v.mesos.Calls("RECONCILE") - before; got != 4 {
						v.Errorf("%d RECONCILEs in a new subscription, want those of a pass and its proof", got)
					}
				}
				v.pass(5 * time.Minute)
				v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: -1})
				v.pass(time.Minute)
				since := len(v.mesos.CallLog())
				v.pass(6 * time.Minute)
				if got := v.asksFor(since)["web"]; got < 5 {
					v.Errorf("what no agent answers for was asked for %d times in six minutes, want about once a minute", got)
				}
				over()
			})
		})
	}
}
