package system

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/controllers/leadership"
	"github.com/mesos-operator/mesos-operator/internal/apiserver"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// Rows 39 to 42 of the fault matrix: what the process sees of the API is not what is there.

// TestFault39_staleCacheAfterOwnWrite: "stale cache after own write (watch delayed 1 s..6 min)". No second intent is written, and no waiting for the cache
// runs out into going ahead: whatever the delay, each task costs the same launches, kills, acknowledgements and writes as without.
func TestFault39_staleCacheAfterOwnWrite(t *testing.T) {
	lives := map[string]func(v *virtual, soon func()){
		"a task that runs on, is changed and deleted": func(v *virtual, soon func()) {
			v.task("job", `shell: sleep 1, killGracePeriodSeconds: 1`)
			soon()
			v.patch("job", `spec: {shell: sleep 2}`)
			soon()
			if got := v.reason("job"); got != v1alpha1.ReasonRunning || v.live("job") != 1 {
				v.Errorf("it is %s, and %d live", got, v.live("job"))
			}
			v.delete("job")
			soon()
			if v.exists("job") || len(v.liveNow()) > 0 {
				v.Errorf("it exists: %t, and %v live", v.exists("job"), v.liveNow())
			}
		},
		"a task that fails three times": func(v *virtual, soon func()) {
			v.task("job", `shell: TASK_FAILED, restartPolicy: OnFailure, maxRestarts: 2, backoff: {initialSeconds: 1, maxSeconds: 1}`)
			soon()
			if got := v.succeeded("job"); got != "False/RestartsExhausted" {
				v.Errorf("it is %s: %s", got, v.said("job"))
			}
		},
		"a task that runs once": func(v *virtual, soon func()) {
			v.task("job", `shell: TASK_FINISHED, restartPolicy: Never`)
			soon()
			if got := v.succeeded("job"); got != "True/Completed" {
				v.Errorf("it is %s: %s", got, v.said("job"))
			}
		},
	}
	for sentence, life := range lives {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			lived := func(by time.Duration) (done counts) {
				t.Run(fmt.Sprintf("by %v", by), func(t *testing.T) {
					inBubble(t, apiserver.Options{}, simulator.Flags{}, endAsTold(), func(v *virtual) {
						v.framework("")
						v.start()
						v.pass(10 * time.Second)
						if by > 0 {
							v.api.Lag(v.running.name, "mesostasks", by)
						}
						life(v, func() { v.pass(time.Minute + 2*by) })
						done = v.counted()
					})
				})
				return done
			}
			want := lived(0)
			for _, by := range []time.Duration{time.Second, 9 * time.Second, time.Minute, 6 * time.Minute} {
				if diff := cmp.Diff(want, lived(by)); diff != "" {
					t.Errorf("with a cache that is behind by %v it took other steps (-want +got):\n%s", by, diff)
				}
			}
		})
	}
}

// TestFault40_restartOnAStaleList: "restart on stale LIST (intent not yet visible, deletion not visible, deleted CR visible)". What the list lacks or has too much
// launches nothing, kills nothing and lets nothing go: the API is asked before each of these.
func TestFault40_restartOnAStaleList(t *testing.T) {
	// happens is what the first process does after the moment that the second one's list shows.
	cases := map[string]struct {
		before, happens func(v *virtual)
		// stale are the starts and KILLs of the second process while its list is old; after are all starts, once it has caught up.
		stale counts
		after func(v *virtual)
		// dies is where the first process ends; nil: it is stopped after a minute.
		dies *death
	}{
		"the intent is not yet visible, and its task runs": {
			before:  func(v *virtual) { v.task("job", `shell: sleep 1`) },
			happens: func(v *virtual) { v.pass(time.Minute) },
			after:   func(v *virtual) { v.wantRunningAfter("job", 1) },
		},
		"the intent is not yet visible, and its ACCEPT was never sent": {
			before:  func(v *virtual) { v.task("job", `shell: sleep 1`) },
			happens: func(v *virtual) { v.pass(time.Minute) },
			dies:    &death{kind: leadership.StepCall, what: "ACCEPT", nth: 1, moment: before, died: make(chan struct{})},
			stale:   counts{Starts: 1, Launches: 1},
			after:   func(v *virtual) { v.wantRunningAfter("job", 1) },
		},
		"the next attempt's intent is not yet visible": {
			before: func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) },
			happens: func(v *virtual) {
				v.patch("job", `metadata: {annotations: {mesos.dev/restarted-at: now}}`)
				v.pass(time.Minute)
			},
			after: func(v *virtual) { v.wantRunningAfter("job", 2) },
		},
		"the deletion is not visible": {
			before: func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) },
			happens: func(v *virtual) {
				v.stop()
				v.delete("job")
			},
			after: func(v *virtual) { v.wantGoneAfter("job", 1) },
		},
		"the deletion is not visible, and its task ends": {
			before: func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) },
			happens: func(v *virtual) {
				v.stop()
				v.delete("job")
				v.mesos.KillProcess(v.liveNow()[0])
			},
			after: func(v *virtual) { v.wantGoneAfter("job", 1) },
		},
		"an object that is gone is visible": {
			before: func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) },
			happens: func(v *virtual) {
				v.delete("job")
				v.pass(time.Minute)
			},
			after: func(v *virtual) { v.wantGoneAfter("job", 1) },
		},
		"an object that is gone is visible, and another of its name runs": {
			before: func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) },
			happens: func(v *virtual) {
				v.delete("job")
				v.pass(time.Minute)
				v.task("job", `shell: sleep 1`)
				v.pass(time.Minute)
			},
			after: func(v *virtual) { v.wantRunningAfter("job", 2) },
		},
		"an object that is gone is visible, and another of its name, with another spec, runs": {
			before: func(v *virtual) { v.task("job", `shell: sleep 1`); v.pass(time.Minute) },
			happens: func(v *virtual) {
				v.delete("job")
				v.pass(time.Minute)
				v.task("job", `shell: sleep 2`)
				v.pass(time.Minute)
			},
			after: func(v *virtual) { v.wantRunningAfter("job", 2) },
		},
		"an object that never was bound is visible, and gone": {
			before:  func(v *virtual) { v.task("job", `shell: sleep 1, suspend: true`) },
			happens: func(v *virtual) { v.patch("job", `spec: {suspend: false}`); v.delete("job") },
			after:   func(v *virtual) { v.wantGoneAfter("job", 0) },
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, nil, func(v *virtual) {
				v.history.Forgive("by a list of before, what is over since is not known to be: it is asked for, which does no harm", "S8")
				v.framework("orphanPolicy: Kill")
				if tc.dies != nil {
					v.watch = tc.dies.watch
				}
				first := v.start()
				v.watch = nil
				v.pass(10 * time.Second)
				if tc.dies != nil {
					// The task is there before its process sees it, so that the other's list has it unbound.
					lag := v.api.Lag(first.name, "mesostasks", 5*time.Second)
					defer lag.End()
				}
				tc.before(v)
				lag := v.api.Lag(v.next(), "mesostasks", -1)
				tc.happens(v)
				if v.running != nil {
					first.kill()
				}
				before := v.counted()
				v.start()
				v.pass(20 * time.Minute)
				done := v.since(before)
				// What is not there any more is tried once a second, until the cache says so.
				if asked := v.asked.all(); asked["GET mesostasks"]+asked["PATCH mesostasks"]+asked["PATCH mesostasks/status"] > 2*20*60 {
					v.Errorf("in twenty minutes it asked of the API: %v", asked)
				}
				stale := counts{Starts: done.Starts, Launches: done.Launches, Kills: done.Kills}
				if diff := cmp.Diff(tc.stale, stale); diff != "" {
					v.Errorf("by a list of before it did (-want +got):\n%s", diff)
				}
				lag.End()
				v.pass(20 * time.Minute)
				tc.after(v)
				v.checkTruth()
			})
		})
	}
}

// wantRunningAfter fails the test unless an object's task runs, alone, as its status says, after so many starts.
func (v *virtual) wantRunningAfter(name string, starts int) {
	v.Helper()
	v.wantRunning(name)
	v.wantStarts(name, starts)
}

// wantGoneAfter fails the test unless an object is gone with its task, after so many starts.
func (v *virtual) wantGoneAfter(name string, starts int) {
	v.Helper()
	v.wantGone(name)
	v.wantStarts(name, starts)
}

// wantStarts fails the test unless a MesosTask's attempts were started so often.
func (v *virtual) wantStarts(name string, starts int) {
	v.Helper()
	if got := v.launched()[name]; got != starts {
		v.Errorf("%s was started %d times, want %d", name, got, starts)
	}
}

// TestFault41_noOpSuppressionAgainstAStaleStatus: "no-op suppression against stale status". Whether there is anything to write is judged by what was written
// last: a status that goes away and comes back is written back though the cache has it as it was before, once.
func TestFault41_noOpSuppressionAgainstAStaleStatus(t *testing.T) {
	t.Run("away and back while the cache stands still", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
			v.framework("")
			v.start()
			v.task("job", `shell: sleep 1`)
			v.pass(time.Minute)
			v.api.Lag(v.running.name, "mesostasks", -1)
			before := v.counted()
			agent := v.agentOf("job")
			for range 3 {
				agent.Partition()
				v.pass(5 * time.Minute)
				if got := v.reason("job"); got != v1alpha1.ReasonAgentUnreachable {
					v.Fatalf("its agent is cut off, and it is %s", got)
				}
				agent.Heal()
				v.pass(5 * time.Minute)
				if got := v.reason("job"); got != v1alpha1.ReasonRunning {
					v.Fatalf("its agent is back, and it is %s", got)
				}
			}
			v.pass(time.Hour)
			v.wantCounts(before, counts{Statuses: 6})
			v.wantRunningAfter("job", 1)
		})
	})
	t.Run("another writer puts an earlier status back", func(t *testing.T) {
		inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
			v.framework("")
			v.start()
			v.task("job", `shell: sleep 1`)
			v.pass(time.Minute)
			agent := v.agentOf("job")
			agent.Partition()
			v.pass(5 * time.Minute)
			old := v.get("job").Status
			agent.Heal()
			v.pass(5 * time.Minute)
			running := v.get("job")
			before := v.counted()
			running.Status = old
			if err := v.client.Status().Update(v.Context(), running); err != nil {
				v.Fatal(err)
			}
			v.pass(time.Minute)
			if got := v.reason("job"); got != v1alpha1.ReasonRunning {
				v.Errorf("it is %s: %s", got, v.said("job"))
			}
			v.pass(time.Hour)
			v.wantCounts(before, counts{Statuses: 1})
		})
	})
}

// TestFault42_watchIsGone: "watch 410 Gone, relist, missed DELETE". The process is cut off from the API while objects go, and what it missed was compacted when
// it is back. Nothing is killed or launched that should not be, and nothing stays for ever.
func TestFault42_watchIsGone(t *testing.T) {
	cases := map[string]struct {
		happens, after func(v *virtual)
		killed         int
	}{
		"what waited for an offer was deleted": {
			happens: func(v *virtual) { v.delete("waits") },
			after:   func(v *virtual) { v.wantGoneAfter("waits", 0) },
		},
		"what waited for an offer was deleted, and an offer comes that would do": {
			happens: func(v *virtual) { v.delete("waits") },
			after: func(v *virtual) {
				v.mesos.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 80, End: 80}}})
				v.pass(5 * time.Minute)
				v.wantGoneAfter("waits", 0)
			},
		},
		"what runs was deleted": {
			happens: func(v *virtual) { v.delete("runs") },
			after:   func(v *virtual) { v.wantGoneAfter("runs", 1) },
			killed:  1,
		},
		"what runs lost its finalizer and was deleted": {
			happens: func(v *virtual) { v.patch("runs", `metadata: {finalizers: null}`); v.delete("runs") },
			after: func(v *virtual) {
				if v.exists("runs") || v.live("runs") != 1 || v.orphans().Count != 1 {
					v.Errorf("it exists: %t, %d live, and orphans are %+v", v.exists("runs"), v.live("runs"), v.orphans())
				}
			},
		},
		"what runs was deleted and made anew": {
			happens: func(v *virtual) {
				v.patch("runs", `metadata: {finalizers: null}`)
				v.delete("runs")
				v.task("runs", `shell: sleep 1`)
			},
			after: func(v *virtual) { v.wantRunningAfter("runs", 1) },
		},
		"what runs was deleted and made anew with another spec": {
			happens: func(v *virtual) {
				v.patch("runs", `metadata: {finalizers: null}`)
				v.delete("runs")
				v.task("runs", `shell: sleep 2`)
			},
			after:  func(v *virtual) { v.wantRunningAfter("runs", 2) },
			killed: 1,
		},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTimeWith(t, apiserver.Options{NoWatchList: true}, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("reconciliation: {intervalSeconds: 60}")
				v.start()
				v.task("runs", `shell: sleep 1`)
				v.task("other", `shell: sleep 1`)
				v.task("waits", `shell: sleep 1, ports: [{name: http, hostPort: 80}]`)
				v.pass(time.Minute)
				v.api.Sever(v.running.name)
				v.pass(time.Second)
				tc.happens(v)
				v.pass(10 * time.Minute)
				v.api.Compact()
				relisted := v.api.Inject(apiserver.Fault{Action: apiserver.Delay, Verb: "list", Resource: "mesostasks", Count: -1})
				v.api.Restore(v.running.name)
				v.pass(5 * time.Minute)
				if relisted.Hits() == 0 {
					v.Error("the MesosTasks were not listed anew: the fault did not strike")
				}
				tc.after(v)
				v.wantRunningAfter("other", 1)
				if got := v.mesos.Calls("KILL"); got != tc.killed {
					v.Errorf("%d KILLs, want %d", got, tc.killed)
				}
			})
		})
	}
}
