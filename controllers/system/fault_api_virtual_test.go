package system

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestFault04_intentWriteTakesEffectAndItsAnswerIsLost is row 4: intent write 2xx lost (timeout after commit). What was written is read again, and is what is
// launched: there is no second intent.
func TestFault04_intentWriteTakesEffectAndItsAnswerIsLost(t *testing.T) {
	for sentence, c := range map[string]struct {
		fault apiserver.Fault
		// late says that the offer is gone by then: what was bound to it is never launched.
		late bool
	}{
		"its connection breaks":         {apiserver.Fault{Action: apiserver.DropAnswer}, false},
		"its answer comes late":         {apiserver.Fault{Action: apiserver.DelayAnswer, Delay: 3 * time.Second}, false},
		"its answer comes far too late": {apiserver.Fault{Action: apiserver.DelayAnswer, Delay: 5 * time.Minute}, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				c.fault.Instance, c.fault.Verb, c.fault.Resource = v.start().name, "patch", "mesostasks"
				v.pass(10 * time.Second)
				lost := v.api.Inject(c.fault)
				v.task("job", `shell: sleep 1, restartPolicy: Never`)
				for v.get("job").Annotations[v1alpha1.AnnotationBinding] == "" {
					v.pass(100 * time.Millisecond)
				}
				intended := v.boundTo("job").TaskID
				v.pass(15 * time.Minute)
				if running := v.wantRunning("job"); (running.ID != intended) != c.late || lost.Hits() != 1 {
					v.Errorf("it runs as %s after %d answers were lost, bound was %s", running.ID, lost.Hits(), intended)
				}
				want := counts{Starts: 1, Launches: 1, Acks: 2, Objects: 1, Statuses: 1}
				if c.late {
					want.Objects = 2
				}
				v.wantCounts(counts{}, want)
			})
		})
	}
}

// inSteps is a runner whose tasks say RUNNING and FINISHED at these times after their launch.
func inSteps(running, finished time.Duration) simulator.Runner {
	return simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.EndAfter(finished-running, mesosv1.TASK_FINISHED, "Command exited with status 0")
		script.Steps[1].After = running - script.Steps[0].After
		return script
	}}
}

// TestFault18_ACKWithheldBecauseTheAPIIsDownForAnHour is row 18. What could not be stored is not acknowledged, so that the agent does not tell what came after
// it; once the API is back all comes in its order.
func TestFault18_ACKWithheldBecauseTheAPIIsDownForAnHour(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, inSteps(5*time.Minute, 10*time.Minute), func(v *virtual) {
		v.framework("")
		process := v.start()
		v.task("job", `shell: sleep 1, restartPolicy: Never`)
		v.pass(time.Minute)
		v.api.Sever(process.name)
		before := v.counted()
		v.pass(time.Hour)
		if acks := v.since(before).Acks; acks > 0 || len(v.updates("TASK_RUNNING")) < 5 || len(v.updates("TASK_FINISHED")) > 0 {
			v.Fatalf("%d acknowledgements, RUNNING told %d times and FINISHED %d, want RUNNING again and again and nothing after it",
				acks, len(v.updates("TASK_RUNNING")), len(v.updates("TASK_FINISHED")))
		}
		v.api.Restore(process.name)
		// An agent repeats an update each ten minutes at the least.
		v.pass(12 * time.Minute)
		var acknowledged []string
		for _, entry := range v.history.Entries() {
			if entry.Call != nil && entry.Call.Type == "ACKNOWLEDGE" {
				acknowledged = append(acknowledged, string(entry.Call.Call.Acknowledge.UUID))
			}
		}
		want := []string{v.updates("TASK_STARTING")[0], v.updates("TASK_RUNNING")[0], v.updates("TASK_FINISHED")[0]}
		if !slices.Equal(acknowledged, want) {
			v.Errorf("acknowledged were %x, want STARTING, RUNNING and FINISHED, each once: %x", acknowledged, want)
		}
		if got := v.counted(); v.reason("job") != v1alpha1.ReasonCompleted || got.Starts != 1 || got.Kills != 0 || v.mesos.Calls("SUBSCRIBE") != 1 {
			v.Errorf("it is %s after %+v and %d SUBSCRIBEs, want it completed in one subscription", v.reason("job"), got, v.mesos.Calls("SUBSCRIBE"))
		}
	})
}

// TestFault36_APIDownForHalfAnHourOrEveryWrite5xx is row 36: nothing is acknowledged that was not stored, nothing is launched, no offer is held, the stream
// stays; the API is not stormed, and when it is back everything is.
func TestFault36_APIDownForHalfAnHourOrEveryWrite5xx(t *testing.T) {
	for sentence, fails := range map[string]func(v *virtual) (tried func() int, over func()){
		"it is down": func(v *virtual) (func() int, func()) {
			name := v.running.name
			v.api.Sever(name)
			return func() int { return 0 }, func() { v.api.Restore(name) }
		},
		"it refuses every write": func(v *virtual) (func() int, func()) {
			refused := v.api.Inject(apiserver.Fault{Action: apiserver.Refuse, Status: 500, Instance: v.running.name, Writes: true, Count: -1})
			return refused.Hits, refused.Remove
		},
		"it breaks the connection of every write": func(v *virtual) (func() int, func()) {
			broken := v.api.Inject(apiserver.Fault{Action: apiserver.Drop, Instance: v.running.name, Writes: true, Count: -1})
			return broken.Hits, broken.Remove
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, byCommand(5*time.Minute), func(v *virtual) {
				v.framework("")
				v.start()
				for number := range 5 {
					v.task(fmt.Sprintf("stays-%d", number), `shell: sleep 1`)
					v.task(fmt.Sprintf("ends-%d", number), `shell: TASK_FINISHED, restartPolicy: Never`)
				}
				v.pass(time.Minute)
				before := v.counted()
				tried, over := fails(v)
				for number := range 5 {
					v.task(fmt.Sprintf("comes-%d", number), `shell: sleep 1`)
				}
				v.pass(30 * time.Minute)
				v.wantCounts(before, counts{})
				if open := v.mesos.OpenOffers(v.frameworkNow().Status.FrameworkID); open > 0 || v.mesos.Calls("SUBSCRIBE") != 1 {
					v.Errorf("%d offers are held, %d SUBSCRIBEs", open, v.mesos.Calls("SUBSCRIBE"))
				}
				// Ten tasks and one framework have something to write, each with a backoff of its own of minutes.
				if got := tried(); got > 1000 {
					v.Errorf("%d writes were tried in half an hour", got)
				}
				over()
				v.pass(20 * time.Minute)
				for number := range 5 {
					v.wantRunning(fmt.Sprintf("stays-%d", number))
					v.wantRunning(fmt.Sprintf("comes-%d", number))
					if got := v.reason(fmt.Sprintf("ends-%d", number)); got != v1alpha1.ReasonCompleted {
						v.Errorf("what ended meanwhile is %s", got)
					}
				}
				// STARTING, RUNNING of what comes, FINISHED of what ended.
				if got := v.since(before); got.Starts != 5 || got.Launches != 5 || got.Acks != 15 || got.Kills != 0 {
					v.Errorf("counted %+v, want five launches and fifteen acknowledgements", got)
				}
			})
		})
	}
}

// TestFault37_APISlow5sPerWriteOr429WithRetryAfter is row 37: the stream is read all the while, and the work gets done.
func TestFault37_APISlow5sPerWriteOr429WithRetryAfter(t *testing.T) {
	for sentence, fault := range map[string]apiserver.Fault{
		"5 s per write":            {Action: apiserver.Delay, Delay: 5 * time.Second},
		"5 s per answer":           {Action: apiserver.DelayAnswer, Delay: 5 * time.Second},
		"429 for the first writes": {Action: apiserver.Refuse, Status: 429, RetryAfter: 3, Count: 100},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				fault.Instance, fault.Writes = v.start().name, true
				if fault.Count == 0 {
					fault.Count = -1
				}
				v.pass(10 * time.Second)
				slow := v.api.Inject(fault)
				names := v.several(40, `shell: sleep 1`)
				v.pass(10 * time.Minute)
				for _, name := range names {
					v.wantRunning(name)
				}
				if got := v.counted(); got.Starts != len(names) || got.Kills != 0 || v.mesos.Calls("SUBSCRIBE") != 1 || slow.Hits() < len(names) {
					v.Errorf("counted %+v after %d slow writes, with %d SUBSCRIBEs", got, slow.Hits(), v.mesos.Calls("SUBSCRIBE"))
				}
				for _, name := range names {
					v.delete(name)
				}
				v.pass(10 * time.Minute)
				for _, name := range names {
					v.wantGone(name)
				}
				if v.mesos.Calls("SUBSCRIBE") != 1 {
					v.Errorf("%d SUBSCRIBEs", v.mesos.Calls("SUBSCRIBE"))
				}
			})
		})
	}
}

// TestFault38_conflictStormOtherWriterUpdatesSpecOrLabelsEach50ms is row 38: the task comes to run all the same, nobody's field is lost, and few writes are
// spent on it.
func TestFault38_conflictStormOtherWriterUpdatesSpecOrLabelsEach50ms(t *testing.T) {
	for sentence, patch := range map[string]string{
		"labels":      `metadata: {labels: {turn: "%d"}}`,
		"annotations": `metadata: {annotations: {example.org/turn: "%d"}}`,
		"spec":        `spec: {maxRestarts: %d}`,
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				// Else no write would take any time.
				v.api.Inject(apiserver.Fault{Action: apiserver.Delay, Delay: 20 * time.Millisecond, Instance: v.start().name, Count: -1})
				v.pass(10 * time.Second)
				v.task("job", `shell: sleep 1`)
				const turns = 20 * 15
				for turn := range turns {
					v.patch("job", fmt.Sprintf(patch, turn))
					time.Sleep(50 * time.Millisecond)
				}
				running := v.wantRunning("job")
				during := v.counted()
				if during.Starts != 1 || during.Launches != 1 || during.Kills != 0 || during.Objects != 1 {
					v.Errorf("counted %+v, want one intent and one launch", during)
				}
				task := v.get("job")
				turn := map[string]string{
					"labels": task.Labels["turn"], "annotations": task.Annotations["example.org/turn"],
				}[sentence]
				if sentence == "spec" {
					turn = strconv.Itoa(int(*task.Spec.MaxRestarts))
				}
				if turn != strconv.Itoa(turns-1) {
					v.Errorf("the other writer's last word is %s, want %d", turn, turns-1)
				}
				v.pass(10 * time.Minute)
				if got := v.wantRunning("job"); got.ID != running.ID || v.get("job").Status.ObservedGeneration != v.get("job").Generation {
					v.Errorf("at rest it runs as %s, generation %d of %d was seen", got.ID, v.get("job").Status.ObservedGeneration, v.get("job").Generation)
				}
			})
		})
	}
}
