package system

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// workloads are the lives of a MesosTask named job in which a process of the operator dies at each of its steps.
var workloads = map[string]func(v *virtual, is func(reason string)){
	"it runs to its end": func(v *virtual, is func(string)) {
		v.task("job", `shell: TASK_FINISHED, restartPolicy: OnFailure`)
		is(v1alpha1.ReasonCompleted)
	},
	"it fails and runs again": func(v *virtual, is func(string)) {
		v.task("job", `shell: TASK_FAILED, restartPolicy: OnFailure`)
		v.within("it was started twice", func() bool { return len(v.starts()) == 2 })
		is(v1alpha1.ReasonRunning)
	},
	"it is deleted while it runs": func(v *virtual, is func(string)) {
		v.task("job", `shell: sleep, restartPolicy: Never`)
		is(v1alpha1.ReasonRunning)
		v.delete("job")
		v.within("it is gone", func() bool { return !v.exists("job") })
	},
	"it is deleted while it waits": func(v *virtual, _ func(string)) {
		v.task("job", `shell: sleep, ports: [{name: http, hostPort: 80}]`)
		v.within("it waits", func() bool { return v.reason("job") != "" })
		v.delete("job")
		v.within("it is gone", func() bool { return !v.exists("job") })
	},
	"its spec changes": func(v *virtual, is func(string)) {
		v.task("job", `shell: sleep, restartPolicy: Never`)
		is(v1alpha1.ReasonRunning)
		v.patch("job", `spec: {shell: sleep on}`)
		v.within("the other was started", func() bool { return len(v.starts()) == 2 })
		is(v1alpha1.ReasonRunning)
	},
	"it is suspended and resumed": func(v *virtual, is func(string)) {
		v.task("job", `shell: sleep, restartPolicy: Never`)
		is(v1alpha1.ReasonRunning)
		v.patch("job", `spec: {suspend: true}`)
		is(v1alpha1.ReasonSuspended)
		v.patch("job", `spec: {suspend: false}`)
		is(v1alpha1.ReasonRunning)
	},
}

// within lets time pass until something holds, and another process go on where one has died.
func (v *virtual) within(what string, holds func() bool) {
	v.Helper()
	for range int(time.Hour / time.Second) {
		v.pass(time.Second)
		if end := v.end; end != nil {
			select {
			case <-end.died:
				v.end = nil
				v.running.kill()
				v.watch = nil
				v.start()
			default:
			}
		}
		if holds() {
			return
		}
	}
	v.Fatalf("within an hour it did not come to pass that %s", what)
}

// outcome is what became of a workload.
type outcome struct {
	// Job is its condition Ready and the state of its task, or that it is gone; Restarts its status.restarts.
	Job      string
	Restarts int32
	// Started is how many tasks were started on agents, Live how many run still.
	Started, Live int
	// Launches, Kills and Acknowledged are Mesos calls, Writes requests that wrote the MesosTask.
	Launches, Kills, Acknowledged, Writes int
}

// liveThrough lets a workload live to its end, and a while more, where a process dies as end says; nil: none does.
func (v *virtual) liveThrough(workload func(v *virtual, is func(string)), end *death) outcome {
	v.Helper()
	v.elects, v.end = true, end
	if end != nil {
		v.watch = end.watch
	}
	v.framework("")
	v.start()
	workload(v, func(reason string) {
		v.within("it is "+reason, func() bool { return v.reason("job") == reason })
	})
	enough := time.Now().Add(3 * time.Minute)
	v.within("it is over", func() bool { return time.Now().After(enough) })
	v.history.Settled()
	v.pass(3 * time.Minute)
	return v.outcome()
}

func (v *virtual) outcome() outcome {
	v.Helper()
	made := outcome{Job: "it is gone", Started: len(v.starts()), Live: v.mesos.LiveTasks(), Kills: v.mesos.Calls("KILL"), Acknowledged: v.mesos.Calls("ACKNOWLEDGE")}
	if v.exists("job") {
		job := v.get("job")
		ready := meta.FindStatusCondition(job.Status.Conditions, v1alpha1.ConditionReady)
		made.Job = fmt.Sprintf("%s %s", ready.Status, ready.Reason)
		if job.Status.Task != nil {
			made.Job += " " + job.Status.Task.State
		}
		made.Restarts = job.Status.Restarts
	}
	for _, call := range v.mesos.CallLog() {
		for _, operation := range call.Call.GetAccept().GetOperations() {
			made.Launches += len(operation.GetLaunch().GetTaskInfos())
		}
	}
	for what, times := range v.asked.writes() {
		if strings.HasPrefix(what, "PATCH mesostasks") {
			made.Writes += times
		}
	}
	return made
}

// again is how much more than without a death may be done: what had no answer is done once more, by who cannot know.
var again = outcome{Launches: 1, Kills: 2, Acknowledged: 3, Writes: 3}

// exceeds says what of an outcome is not as it was without a death, or more than may be done again.
func (o outcome) exceeds(without outcome) string {
	counted := o
	for _, one := range []struct {
		got, want *int
		more      int
	}{
		{&counted.Launches, &without.Launches, again.Launches},
		{&counted.Kills, &without.Kills, again.Kills},
		{&counted.Acknowledged, &without.Acknowledged, again.Acknowledged},
		{&counted.Writes, &without.Writes, again.Writes},
	} {
		if *one.got >= *one.want-1 && *one.got <= *one.want+one.more {
			*one.got = *one.want
		}
	}
	return cmp.Diff(without, counted)
}

// TestCrash stops the process before, in and after each outward step of each workload, and lets another go on with the same API and the same Mesos. What becomes
// of it is what became of it without: as many tasks were started, and what is done again is bounded.
func TestCrash(t *testing.T) {
	moments := []moment{before, sent, answered}
	if raced {
		// All of them are had without the race detector.
		moments = []moment{sent}
	}
	for name, workload := range workloads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			taken := map[leadership.Step]int{}
			var without outcome
			inBubble(t, apiserver.Options{}, simulator.Flags{}, endFirst(), func(v *virtual) {
				v.watch = func(step leadership.Step, send func() error) error {
					mu.Lock()
					step.Index = 0
					taken[step]++
					mu.Unlock()
					return send()
				}
				without = v.liveThrough(workload, nil)
			})
			if without.Started == 0 && name != "it is deleted while it waits" || len(taken) < 5 {
				t.Fatalf("without a fault it takes %v and becomes %+v", taken, without)
			}
			for step, count := range taken {
				for nth := 1; nth <= min(count, most(step)); nth++ {
					for _, when := range moments {
						t.Run(fmt.Sprintf("%s %s %d, %s", step.Kind, step.What, nth, when), func(t *testing.T) {
							inVirtualTime(t, simulator.Flags{}, endFirst(), func(v *virtual) {
								got := v.liveThrough(workload, &death{kind: step.Kind, what: step.What, nth: nth, moment: when, died: make(chan struct{})})
								if diff := got.exceeds(without); diff != "" {
									t.Errorf("without a death (-) and with it (+):\n%s", diff)
								}
								v.checkTruth()
							})
						})
					}
				}
			}
		})
	}
}

// most is how often a step is stopped at: what a framework does again and again is the same each time.
func most(step leadership.Step) int {
	if step.Kind == leadership.StepWriteFramework || step.What == "RECONCILE" || step.What == "REVIVE" || step.What == "SUPPRESS" || step.What == "DECLINE" {
		return 2
	}
	return 100
}
