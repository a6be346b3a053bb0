package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// foreign puts a live task of another scheduler's into the framework, which that had before.
func (v *virtual) foreign(taskIDs ...string) {
	v.Helper()
	for _, taskID := range taskIDs {
		if err := v.mesos.Preload(simulator.Preload{
			Framework: &mesosv1.FrameworkInfo{
				ID: &mesosv1.FrameworkID{Value: "another-0000"}, Name: "another", User: "nobody", Roles: []string{"*"},
				Capabilities: []mesosv1.FrameworkInfo_Capability{
					{Type: mesosv1.FrameworkInfo_Capability_PARTITION_AWARE}, {Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE},
				},
			},
			Tasks: 1, ID: func(int) string { return taskID },
			Task: &mesosv1.TaskInfo{
				Resources: []mesosv1.Resource{{Name: "cpus", Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: 0.1}}},
				Command:   &mesosv1.CommandInfo{Value: new("sleep 1000")},
			},
		}); err != nil {
			v.Fatal(err)
		}
	}
}

// takenOver creates the test's MesosFramework with the ID that another scheduler had.
func (v *virtual) takenOver(spec string) {
	v.Helper()
	v.framework("info: {id: another-0000}, " + spec)
}

// orphans are what the status of the test's MesosFramework says of them; nothing where there are none.
func (v *virtual) orphans() v1alpha1.Orphans {
	v.Helper()
	if orphans := v.frameworkNow().Status.Orphans; orphans != nil {
		return *orphans
	}
	return v1alpha1.Orphans{}
}

// twelve are the task IDs of a dozen orphans, some with IDs of ours.
func twelve(v *virtual) (taskIDs []string) {
	for i := range 6 {
		taskIDs = append(taskIDs, fmt.Sprintf("task-%d", i), fmt.Sprintf("%s.lost-%d.1aaaaaaaa.abcdefghij", v.namespace, i))
	}
	slices.Sort(taskIDs)
	return taskIDs
}

// TestOrphans_beforeTheProof: policy Kill ends no orphan before Mesos has told all that runs: what accounts for it may be as far behind as the agents that are
// still awaited.
func TestOrphans_beforeTheProof(t *testing.T) {
	inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, deletionPolicy: Orphan`)
		v.pass(30 * time.Second)
		agent := v.agentOf("web")
		v.delete("web")
		v.pass(10 * time.Second)
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
		agent.Heal()
		v.patchFramework(`{"spec":{"orphanPolicy":"Kill"}}`)
		v.pass(10 * time.Minute)
		if told := v.orphans(); v.mesos.Calls("KILL") > 0 || told.Count != 1 || !strings.Contains(told.Message, "still waiting for agents") {
			v.Errorf("while an agent is awaited there were %d KILLs, and it tells %+v", v.mesos.Calls("KILL"), told)
		}
		for _, other := range v.mesos.Agents() {
			other.Heal()
		}
		v.pass(10 * time.Minute)
		if live := v.liveNow(); len(live) > 0 || v.mesos.Calls("KILL") != 1 {
			v.Errorf("once all is told %v live, after %d KILLs", live, v.mesos.Calls("KILL"))
		}
	})
}

// TestKillOrphans: a dozen orphans are told with a token, and its word kills exactly those, once.
func TestKillOrphans(t *testing.T) {
	for sentence, happens := range map[string]func(v *virtual){
		"": func(*virtual) {},
		"though the KILLs are lost": func(v *virtual) {
			for range 12 {
				v.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "KILL", Action: simulator.Drop})
			}
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				taskIDs := twelve(v)
				v.foreign(taskIDs...)
				v.takenOver("reconciliation: {intervalSeconds: 60}")
				v.start()
				v.task("own", `shell: sleep 1`)
				v.pass(30 * time.Second)
				told := v.orphans()
				if told.Count != 12 || !strings.HasPrefix(told.Token, "12-") || told.Message != "" {
					v.Fatalf("it tells %+v", told)
				}
				if said := v.frameworkSays(v1alpha1.ConditionTasksReconciled); tokenIn(said, v1alpha1.AnnotationKillOrphans) != told.Token {
					v.Errorf("condition TasksReconciled says %q", said)
				}
				own := v.get("own").Status.Task.ID
				// One ends, and nobody waits for the next pass to say so: the word that counted it does nothing.
				v.mesos.KillProcess("task-0")
				v.pass(10 * time.Second)
				if now := v.orphans(); now.Count != 11 || now.Token == told.Token || !strings.HasPrefix(now.Token, "11-") {
					v.Errorf("after an end it tells %+v", now)
				}
				for word, why := range map[string]string{
					told.Token:                  "that is 11-",
					"task-1,task-0":             "1 of the 2 tasks that it names, \"task-0\" among them, are none of the 11",
					own:                         "that is 11-",
					strings.Join(taskIDs, ", "): "1 of the 12 tasks",
				} {
					v.annotateFramework(v1alpha1.AnnotationKillOrphans, word)
					v.pass(2 * time.Minute)
					if said := v.frameworkSays(v1alpha1.ConditionReady); v.mesos.Calls("KILL") > 0 || len(v.liveNow()) != 12 || !strings.Contains(said, why) {
						v.Fatalf("%q made %d KILLs, and it says %q", word, v.mesos.Calls("KILL"), said)
					}
				}
				v.annotateFramework(v1alpha1.AnnotationKillOrphans, "task-2, task-1")
				v.pass(30 * time.Second)
				if live := v.liveNow(); len(live) != 10 || slices.Contains(live, "task-1") || slices.Contains(live, "task-2") {
					v.Fatalf("after two were named %v live", live)
				}
				happens(v)
				v.annotateFramework(v1alpha1.AnnotationKillOrphans, v.orphans().Token)
				v.pass(3 * time.Minute)
				if live := v.liveNow(); len(live) != 1 || live[0] != own || v.orphans().Count != 0 {
					v.Errorf("%v live, want %s, and it tells %+v", live, own, v.orphans())
				}
				// The word was for those: what becomes an orphan later is not meant.
				v.patch("own", `spec: {deletionPolicy: Orphan}`)
				v.pass(10 * time.Second)
				v.delete("own")
				v.pass(3 * time.Minute)
				if live := v.liveNow(); len(live) != 1 || v.orphans().Count != 1 {
					v.Errorf("%v live, and it tells %+v", live, v.orphans())
				}
			})
		})
	}
}

// TestKillOrphans_afterARestart: a token belongs to the process and the subscription that counted.
func TestKillOrphans_afterARestart(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.foreign(twelve(v)...)
		v.takenOver("")
		v.start()
		v.pass(30 * time.Second)
		old := v.orphans().Token
		v.stop()
		v.start()
		v.pass(30 * time.Second)
		v.annotateFramework(v1alpha1.AnnotationKillOrphans, old)
		v.pass(time.Minute)
		if said := v.frameworkSays(v1alpha1.ConditionReady); len(v.liveNow()) != 12 || !strings.Contains(said, old+" does nothing") {
			v.Errorf("%d live, and it says %q", len(v.liveNow()), said)
		}
		// One gets its object before the word is given, and is nobody's orphan then.
		v.task("lost-0", `shell: sleep 1, suspend: true`)
		v.pass(time.Minute)
		// No KILL that follows on the word reaches its task: what was asked for is done at the next count.
		lost := v.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Type: simulator.KillTask, Action: simulator.Drop, Count: 11})
		v.annotateFramework(v1alpha1.AnnotationKillOrphans, v.orphans().Token)
		v.pass(time.Minute)
		if live := v.liveNow(); len(live) != 11 || lost.Hits() != 11 {
			v.Errorf("after the loss of %d KILLs %v live", lost.Hits(), live)
		}
		v.pass(20 * time.Minute)
		if live, now := v.liveNow(), v.orphans(); len(live) > 0 || now.Count != 0 {
			v.Errorf("%v live, and it tells %+v", live, now)
		}
	})
}

// TestTeardown_withManyOrphans: it waits, names the command that ends them, and is done after that.
func TestTeardown_withManyOrphans(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.foreign(twelve(v)...)
		v.takenOver("deletionPolicy: Teardown")
		v.start()
		v.task("left", `shell: sleep 1, deletionPolicy: Orphan`)
		v.pass(30 * time.Second)
		// It becomes an orphan after the last count, and counts all the same.
		v.delete("left")
		v.pass(10 * time.Second)
		v.deleteFramework()
		v.pass(time.Minute)
		said := v.frameworkSays(v1alpha1.ConditionReady)
		token := tokenIn(strings.ReplaceAll(said, ")", " "), v1alpha1.AnnotationKillOrphans)
		if !v.frameworkExists() || !strings.Contains(said, "would kill 13 live tasks") || !strings.HasPrefix(token, "13-") || token != v.orphans().Token {
			v.Fatalf("it says %q, and tells %+v", said, v.orphans())
		}
		v.annotateFramework(v1alpha1.AnnotationKillOrphans, token)
		v.pass(time.Minute)
		if v.frameworkExists() || len(v.liveNow()) > 0 || v.mesos.Calls("TEARDOWN") != 1 {
			v.Errorf("it exists: %t, %v live, %d TEARDOWNs", v.frameworkExists(), v.liveNow(), v.mesos.Calls("TEARDOWN"))
		}
	})
}

// TestForeign_thatLooksLikeOurs: a task of another scheduler's that has a MesosTask's namespace and name in its ID is neither adopted nor killed for
// it, and holds no launch back; its updates are acknowledged.
func TestForeign_thatLooksLikeOurs(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		foreign := v.namespace + ".job.c.d"
		v.foreign(foreign)
		v.takenOver("orphanPolicy: Keep")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		task := v.get("job").Status.Task
		if task == nil || task.ID == foreign || v.reason("job") != v1alpha1.ReasonRunning || len(v.liveNow()) != 2 || v.mesos.Calls("KILL") > 0 {
			v.Fatalf("it is %s as %+v: %s; %v live", v.reason("job"), task, v.said("job"), v.liveNow())
		}
		if told := v.orphans(); told.Count != 1 || told.Sample[0].TaskID != foreign {
			v.Errorf("it tells %+v", told)
		}
		v.mesos.KillProcess(foreign)
		v.pass(30 * time.Second)
		if told := v.orphans(); told.Count != 0 || v.reason("job") != v1alpha1.ReasonRunning || v.get("job").Status.Task.ID != task.ID {
			v.Errorf("after its end it tells %+v, and the task is %s", told, v.reason("job"))
		}
		v.delete("job")
		v.pass(30 * time.Second)
		if v.exists("job") {
			v.Errorf("it says %q", v.said("job"))
		}
	})
}
