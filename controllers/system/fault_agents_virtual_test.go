package system

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// TestFault27_agentPartitionUNREACHABLEBackRUNNING is row 27: conditions tell of it and take it back; it is the same attempt, and nothing else was launched.
func TestFault27_agentPartitionUNREACHABLEBackRUNNING(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 3600}`)
		v.pass(30 * time.Second)
		first, was := v.wantRunning("job"), v.counted()
		for range 3 {
			agent := v.agentOf("job")
			agent.Partition()
			v.pass(10 * time.Minute)
			task := v.get("job")
			if v.reason("job") != v1alpha1.ReasonAgentUnreachable || !meta.IsStatusConditionTrue(task.Status.Conditions, v1alpha1.ConditionAgentUnreachable) ||
				task.Status.Task.ID != first.ID || task.Status.Task.UnreachableTime == nil {
				v.Errorf("while its agent is cut off it is %s as %+v, %+v", v.reason("job"), task.Status.Task, task.Status.Conditions)
			}
			agent.Heal()
			v.pass(10 * time.Second)
			if got := v.wantRunning("job"); got.ID != first.ID || got.UnreachableTime != nil ||
				meta.FindStatusCondition(v.get("job").Status.Conditions, v1alpha1.ConditionAgentUnreachable) != nil {
				v.Errorf("back it is %+v with %+v, want %s as before", got, v.get("job").Status.Conditions, first.ID)
			}
		}
		v.wantCounts(was, counts{Statuses: 6})
	})
}

// TestFault28_policyRelaunchedMeanwhileOldReturns is row 28: the only two that may live at once are those that the user allowed. The old one is killed as soon
// as it shows itself, the new one stays.
func TestFault28_policyRelaunchedMeanwhileOldReturns(t *testing.T) {
	for sentence, c := range map[string]struct {
		spec string
		// giveUp says whether a person gives the attempt up.
		giveUp  bool
		restart bool
		outcome v1alpha1.AttemptOutcome
	}{
		"after replaceAfterSeconds":            {`unreachable: {replaceAfterSeconds: 60}`, false, false, v1alpha1.OutcomeReplaced},
		"at once":                              {`unreachable: {replaceAfterSeconds: 0}`, false, false, v1alpha1.OutcomeReplaced},
		"given up by a person":                 {`restartPolicy: OnFailure`, true, false, v1alpha1.OutcomeGivenUp},
		"at once, and seen by another process": {`unreachable: {replaceAfterSeconds: 0}`, false, true, v1alpha1.OutcomeReplaced},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, `+c.spec)
				v.pass(30 * time.Second)
				first, agent := v.wantRunning("job"), v.agentOf("job")
				agent.Partition()
				v.pass(2 * time.Minute)
				if c.giveUp {
					v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+first.ID+`}}`)
				}
				v.pass(3 * time.Minute)
				second := v.get("job").Status.Task
				if second == nil || second.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning || v.live("job") != 2 {
					v.Fatalf("it is %s as %+v, %d live, want another attempt beside the first", v.reason("job"), second, v.live("job"))
				}
				if left := v.earlier("job", first.ID); left.Outcome != c.outcome || left.FinishTime != nil {
					v.Errorf("the history says %+v, want outcome %s and no end", left, c.outcome)
				}
				if c.restart {
					v.stop()
					v.start()
					v.pass(time.Minute)
				}
				agent.Heal()
				v.pass(time.Minute)
				if got := v.wantRunning("job"); got.ID != second.ID {
					v.Errorf("it runs as %s, want %s undisturbed", got.ID, second.ID)
				}
				if left := v.earlier("job", first.ID); left.FinishTime == nil {
					v.Errorf("the history says %+v, want it over", left)
				}
				if got := v.counted(); got.Starts != 2 || got.Launches != 2 || got.Kills != 1 {
					v.Errorf("counted %+v, want two launches and one KILL", got)
				}
			})
		})
	}
}

// TestFault29_taskFinishedWhilePartitioned is row 29: it is FINISHED and not LOST, and is not run again.
func TestFault29_taskFinishedWhilePartitioned(t *testing.T) {
	for policy, reason := range map[string]string{"Never": v1alpha1.ReasonCompleted, "OnFailure": v1alpha1.ReasonCompleted, "Always": v1alpha1.ReasonRunning} {
		t.Run(policy, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, inSteps(time.Second, 5*time.Minute), func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, restartPolicy: `+policy)
				v.pass(30 * time.Second)
				first, agent := v.wantRunning("job"), v.agentOf("job")
				agent.Partition()
				v.pass(20 * time.Minute)
				if v.live("job") > 0 || v.reason("job") != v1alpha1.ReasonAgentUnreachable {
					v.Fatalf("%d live, and it is %s, want that nobody knows of its end", v.live("job"), v.reason("job"))
				}
				agent.Heal()
				v.pass(time.Minute)
				end, starts := *v.get("job").Status.Task, 1
				if policy == "Always" {
					end, starts = v.earlier("job", first.ID), 2
				}
				if end.ID != first.ID || end.State != "TASK_FINISHED" || end.ExitCode == nil || *end.ExitCode != 0 || v.reason("job") != reason {
					v.Errorf("it is %s, and of %s is recorded %+v", v.reason("job"), first.ID, end)
				}
				if got := v.counted(); got.Starts != starts || got.Kills != 0 {
					v.Errorf("counted %+v, want %d starts", got, starts)
				}
			})
		})
	}
}

// TestFault30_agentGoneByOperatorLaterContradicted is row 30: the operator's word for its end counts until the task shows itself, which is killed then; what was
// launched on that word stays.
func TestFault30_agentGoneByOperatorLaterContradicted(t *testing.T) {
	for policy, reason := range map[string]string{"Always": v1alpha1.ReasonRunning, "Never": v1alpha1.ReasonInterrupted} {
		for process, happens := range map[string]func(v *virtual){"": func(*virtual) {}, ", under another process": func(v *virtual) { v.stop(); v.start() }} {
			t.Run(policy+process, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
					v.framework("")
					v.start()
					v.task("job", `shell: sleep 1, restartPolicy: `+policy)
					v.pass(30 * time.Second)
					first, agent := v.wantRunning("job"), v.agentOf("job")
					agent.Partition()
					v.pass(5 * time.Minute)
					if got := v.reason("job"); got != v1alpha1.ReasonAgentUnreachable || len(v.starts()) != 1 {
						v.Fatalf("before any word it is %s after %d starts", got, len(v.starts()))
					}
					agent.Gone()
					v.pass(time.Minute)
					want := map[string]int{"Always": 2, "Never": 1}[policy]
					if got := v.reason("job"); got != reason || len(v.starts()) != want {
						v.Fatalf("by the operator's word it is %s after %d starts: %s", got, len(v.starts()), v.said("job"))
					}
					after := v.get("job").Status.Task.ID
					happens(v)
					v.pass(time.Minute)
					// In time the registry forgets what it was told, and the agent comes back with its task.
					agent.Forget()
					agent.Heal()
					v.pass(5 * time.Minute)
					if live := v.liveNow(); len(live) != want-1 || policy == "Always" && live[0] != after {
						v.Errorf("%v live, want %s killed", live, first.ID)
					}
					if got := v.reason("job"); got != reason || v.get("job").Status.Task.ID != after {
						v.Errorf("it is %s as %s, want %s as %s", got, v.get("job").Status.Task.ID, reason, after)
					}
					if got := v.counted(); got.Starts != want || got.Kills == 0 || got.Kills > 2 {
						v.Errorf("counted %+v", got)
					}
				})
			})
		}
	}
}

// TestFault31_goneWhileRecoveringRECONCILENeverAnswered is row 31 (MESOS-9739): the master says nothing at all of that agent until it fails over again. The task
// is asked for at the longest backoff and told of, and all else goes on.
func TestFault31_goneWhileRecoveringRECONCILENeverAnswered(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		names := v.spread(4, `shell: sleep 1`)
		v.pass(30 * time.Second)
		silent, was := v.agentOf(names[0]), v.counted()
		first := v.wantRunning(names[0])
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		v.pass(10 * time.Second)
		silent.Gone()
		for _, agent := range v.mesos.Agents() {
			if agent != silent {
				agent.Heal()
			}
		}
		v.pass(time.Minute)
		v.wantCounts(was, counts{})
		v.task("next", `shell: sleep 1`)
		v.pass(30 * time.Second)
		v.wantRunning("next")
		v.pass(20 * time.Minute)
		tasks := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, v1alpha1.ConditionTasksReconciled)
		if tasks == nil || tasks.Reason != v1alpha1.ReasonUnanswered || !strings.Contains(tasks.Message, "1 ") {
			v.Errorf("TasksReconciled is %+v, want it to tell of one", tasks)
		}
		since := len(v.mesos.CallLog())
		v.pass(time.Hour)
		asked := v.asksFor(since)
		if got := asked[names[0]]; got < 55 || got > 75 {
			v.Errorf("it was asked for %d times in an hour, want once a minute: %v", got, asked)
		}
		for _, name := range names[1:] {
			if got := asked[name]; got > 5 {
				v.Errorf("%s, of which all is known, was asked for %d times", name, got)
			}
		}
		if got := v.get(names[0]).Status.Task.ID; got != first.ID || len(v.starts()) != 5 {
			v.Errorf("it is %s after %d starts, want nothing launched for it", got, len(v.starts()))
		}
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1})
		v.pass(2 * time.Minute)
		if got := v.get(names[0]); got.Status.Task.ID != first.ID || got.Status.Task.State != "TASK_GONE_BY_OPERATOR" {
			v.Errorf("after another failover it is %s as %+v", v.reason(names[0]), got.Status.Task)
		}
	})
}
