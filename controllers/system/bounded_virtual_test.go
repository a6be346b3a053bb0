package system

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"go.uber.org/goleak"
	registry "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// usage is what the operator has in use. Where a test looks at it, it runs beside no other.
type usage struct {
	// heap is in bytes, as far as the operator asked for it, with its libraries.
	heap, goroutines int
	// queued are the keys that wait in workqueues.
	queued float64
}

// inUse is what is in use now.
func (v *virtual) inUse() (u usage) {
	v.Helper()
	for range 2 {
		// The second frees what finalizers of the first let go.
		runtime.GC()
	}
	u.heap, u.goroutines = ownHeap(), runtime.NumGoroutine()
	families, err := registry.Registry.Gather()
	if err != nil {
		v.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "workqueue_depth" {
			for _, series := range family.GetMetric() {
				u.queued += series.GetGauge().GetValue()
			}
		}
	}
	return u
}

// sampleEvery is how many bytes are asked for between two that the profile of memory samples: few, as small things that are kept are what is looked for.
const sampleEvery = 512

// ownHeap is how much of the heap was asked for by the operator: what the simulated Mesos and the API server remember of what is over is theirs.
func ownHeap() (total int) {
	var records []runtime.MemProfileRecord
	for n, ok := 0, false; !ok; {
		records = make([]runtime.MemProfileRecord, n+100)
		n, ok = runtime.MemProfile(records, false)
		if ok {
			records = records[:n]
		}
	}
	for _, record := range records {
		if !others(record.Stack()) {
			// As runtime/pprof does: what is small is sampled more rarely than there is of it.
			size := float64(record.InUseBytes()) / float64(record.InUseObjects())
			total += int(float64(record.InUseBytes()) / (1 - math.Exp(-size/sampleEvery)))
		}
	}
	return total
}

// others says whether memory was asked for by what stands around the operator.
func others(stack []uintptr) bool {
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		for _, part := range []string{"/internal/simulator.", "/internal/apiserver.", "/controllers/system.", "net/http.(*conn).serve", "runtime.MemProfile"} {
			if strings.Contains(frame.Function, part) {
				return true
			}
		}
		if !more {
			return false
		}
	}
}

// wantFlat fails the test if more is in use than before, but for what a program uses more or less from one moment to the next.
func (v *virtual) wantFlat(before usage) {
	v.Helper()
	now := v.inUse()
	v.Logf("in use: %+v, before %+v", now, before)
	if now.heap > before.heap+before.heap/40 || now.goroutines > before.goroutines+5 || now.queued > 0 {
		v.Errorf("in use is %+v, before it was %+v", now, before)
	}
}

// bounded runs a test that looks at what is in use, alone, and wants nothing to be left of it.
func bounded(t *testing.T, s setting, test func(v *virtual)) {
	t.Helper()
	before, rate := goleak.IgnoreCurrent(), runtime.MemProfileRate
	runtime.MemProfileRate = sampleEvery
	defer func() { runtime.MemProfileRate = rate }()
	inBubbleOf(t, s, test)
	goleak.VerifyNone(t, before)
}

// TestBounded_duplicates: nothing grows by updates that come a hundred thousand times; they are written once.
func TestBounded_duplicates(t *testing.T) {
	const times, burst = 100_000, 1000
	bounded(t, setting{}, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(time.Minute)
		attempt := v.get("job").Status.Task
		again := &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesosv1.TaskStatus{
			TaskID: mesosv1.TaskID{Value: attempt.ID}, AgentID: &mesosv1.AgentID{Value: attempt.AgentID}, State: mesosv1.TASK_RUNNING.Enum(),
			Source: mesosv1.SOURCE_EXECUTOR.Enum(), UUID: []byte("0123456789abcdef"),
		}}}
		send := func(n int) {
			for range n / burst {
				for range burst {
					v.mesos.SendEvent(attempt.FrameworkID, again)
				}
				v.pass(time.Second)
			}
			v.pass(time.Minute)
		}
		send(times / 10)
		settled, writes, acknowledged := v.inUse(), v.asked.writes(), v.mesos.Calls("ACKNOWLEDGE")
		send(times)
		v.wantFlat(settled)
		for what, n := range v.asked.writes() {
			if n != writes[what] && strings.Contains(what, "mesostasks") {
				v.Errorf("%d times %s for %d updates that said nothing new", n-writes[what], what, times)
			}
		}
		if got := v.mesos.Calls("ACKNOWLEDGE") - acknowledged; got < 1 || got > times {
			v.Errorf("%d acknowledgements", got)
		}
		if len(v.starts()) != 1 || v.mesos.Calls("SUBSCRIBE") != 1 || v.reason("job") != v1alpha1.ReasonRunning {
			v.Errorf("after %d starts and %d SUBSCRIBEs it is %s", len(v.starts()), v.mesos.Calls("SUBSCRIBE"), v.reason("job"))
		}
	})
}

// TestBounded_aWeekOfChurn: heap, goroutines and queues stay flat over a week in which for each task that lives ten are replaced, in every way in which tasks are replaced, while the
// stream breaks, agents come and go and masters fail over.
func TestBounded_aWeekOfChurn(t *testing.T) {
	const live, replaced = 10, 10 * 10
	const day, every = 24 * time.Hour, 7 * 24 * time.Hour / replaced
	flags := simulator.Flags{OfferInterval: time.Minute, HeartbeatInterval: 5 * time.Minute}
	bounded(t, setting{api: apiserver.Options{Trusting: true}, flags: flags, runner: byDuration()}, func(v *virtual) {
		// To ask every minute whether Services may be kept is most of what a week costs, where they may.
		v.api.Forbid("services")
		v.framework("")
		v.start()
		v.cron("nightly", "0 */6 * * *", "run 1m", `successfulTasksHistoryLimit: 2, failedTasksHistoryLimit: 2`)
		v.taskSet("web", "sleep 1", "replicas: 3")
		names := v.several(live, `shell: sleep 1`)
		var settled usage
		for i := range replaced {
			which := i % live
			switch i % 5 {
			case 0, 1:
				// Another object takes its place.
				v.delete(names[which])
				names[which] = fmt.Sprintf("later-%d", i)
				v.task(names[which], `shell: sleep 1`)
			case 2:
				v.patch(names[which], fmt.Sprintf(`spec: {env: [{name: NUMBER, value: "%d"}]}`, i))
			case 3:
				for _, task := range v.mesos.Tasks() {
					if strings.Contains(task.TaskID, "."+names[which]+".") {
						v.mesos.KillProcess(task.TaskID)
					}
				}
			case 4:
				v.patch(names[which], fmt.Sprintf(`metadata: {annotations: {mesos.dev/restarted-at: "%d"}}`, i))
			}
			switch {
			case i%40 == 39:
				v.patchSet("web", fmt.Sprintf(`spec: {template: {spec: {env: [{name: NUMBER, value: "%d"}]}}}`, i))
			case i%30 == 29:
				v.mesos.FailOver(simulator.FailOver{Down: 5 * time.Second, To: 0, AgentsBack: 1})
			case i%20 == 19:
				agent := v.mesos.Agents()[i%2]
				agent.Partition()
				v.pass(5 * time.Minute)
				agent.Heal()
			case i%10 == 9:
				v.mesos.CutStream("", 0)
			}
			v.pass(every)
			if i == replaced*2/7 {
				settled = v.inUse()
			}
		}
		v.pass(day)
		for _, name := range names {
			if got := v.reason(name); got != v1alpha1.ReasonRunning {
				v.Errorf("%s is %s: %s", name, got, v.said(name))
			}
		}
		if got := len(v.starts()); got < replaced+live {
			v.Errorf("%d tasks were started, want ten for each that lives", got)
		}
		v.wantFlat(settled)
	})
}
