package system

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// slowKill is a runner whose tasks take their time to end once they are killed.
func slowKill(after time.Duration) simulator.Runner {
	return simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = after
		return script
	}}
}

// TestFault32_agentUnregistersTASKLOSTToPartitionAwareOrUnreachableIsForgottenUNKNOWN is row 32. An agent that unregisters, whose machine is put DOWN, or that
// another replaces at its address never comes back: what it had is launched anew, once its time to end is over, under whichever process. Of an unreachable
// agent that the registry has forgotten nobody knows: its task waits, and is as before if it comes back.
func TestFault32_agentUnregistersTASKLOSTToPartitionAwareOrUnreachableIsForgottenUNKNOWN(t *testing.T) {
	for process, happens := range map[string]func(v *virtual){"": func(*virtual) {}, ", and another process takes over": func(v *virtual) { v.stop(); v.start() }} {
		t.Run("it is unreachable and forgotten"+process, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1`)
				v.pass(30 * time.Second)
				first, agent := v.wantRunning("job"), v.agentOf("job")
				agent.Partition()
				v.pass(5 * time.Minute)
				agent.Forget()
				happens(v)
				v.pass(time.Hour)
				if got := v.get("job").Status.Task; got.ID != first.ID || got.State != "TASK_UNKNOWN" || v.reason("job") != v1alpha1.ReasonFateUnknown || len(v.starts()) != 1 {
					v.Errorf("it is %s as %+v after %d starts, want it to wait", v.reason("job"), got, len(v.starts()))
				}
				agent.Heal()
				v.pass(time.Minute)
				if got := v.wantRunning("job"); got.ID != first.ID {
					v.Errorf("it runs as %s, want %s", got.ID, first.ID)
				}
			})
		})
	}
	for sentence, c := range map[string]struct {
		leaves func(*simulator.Agent)
		// before is when the successor must not run yet, after when it must.
		before, after time.Duration
		// waits is the grace period that the tasks have, and use up.
		grace int
	}{
		"it unregisters":                      {(*simulator.Agent).Unregister, 60 * time.Second, 75 * time.Second, 3},
		"it unregisters and its tasks linger": {(*simulator.Agent).Unregister, 355 * time.Second, 380 * time.Second, 300},
		"its machine is put DOWN":             {(*simulator.Agent).MachineDown, 60 * time.Second, 75 * time.Second, 3},
		"it is wiped and starts anew":         {func(a *simulator.Agent) { a.Replace(time.Second) }, 15 * time.Minute, 17 * time.Minute, 3},
	} {
		for process, happens := range map[string]func(v *virtual){"": func(*virtual) {}, ", and another process takes over": func(v *virtual) { v.stop(); v.start() }} {
			t.Run(sentence+process, func(t *testing.T) {
				inVirtualTime(t, simulator.Flags{}, slowKill(time.Duration(c.grace)*time.Second), func(v *virtual) {
					v.framework("")
					v.start()
					v.task("job", fmt.Sprintf(`shell: sleep 1, killGracePeriodSeconds: %d`, c.grace))
					v.pass(30 * time.Second)
					first := v.get("job").Status.Task
					c.leaves(v.agentOf("job"))
					v.pass(5 * time.Second)
					if got := v.get("job").Status.Task; got == nil || got.ID != first.ID || got.AgentRemovedTime == nil {
						v.Fatalf("five seconds later it is %+v", got)
					}
					happens(v)
					v.pass(c.before - 5*time.Second)
					if got := v.get("job").Status.Task; got == nil || got.ID != first.ID || !strings.Contains(v.said("job"), "counts as over at") {
						v.Fatalf("after %v it is %s as %+v: %s", c.before, v.reason("job"), got, v.said("job"))
					}
					v.pass(c.after - c.before)
					if got := v.get("job").Status.Task; got == nil || got.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning {
						v.Errorf("after %v it is %s as %+v: %s", c.after, v.reason("job"), got, v.said("job"))
					}
					if together := v.liveTogether(); len(together) > 1 {
						v.Errorf("%v ran at once", together)
					}
				})
			})
		}
	}
}

// TestAgentRemoved_whileAway: the master tells of a removed agent once, and not to a framework that is away. The task waits, and its condition names the
// ways out.
func TestAgentRemoved_whileAway(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		first := v.get("job").Status.Task
		v.stop()
		v.agentOf("job").Unregister()
		v.pass(time.Minute)
		v.start()
		v.pass(10 * time.Minute)
		said := v.said("job")
		for _, way := range []string{"mesos.dev/give-up=" + first.ID, "mesos.dev/give-up-agent=" + first.AgentID, "status.unknown"} {
			if !strings.Contains(said, way) {
				v.Errorf("it says %q, without %s", said, way)
			}
		}
		if got := v.get("job").Status.Task; got == nil || got.ID != first.ID {
			v.Fatalf("it is %s as %+v", v.reason("job"), got)
		}
		v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, first.AgentID)
		v.pass(time.Minute)
		if got := v.get("job").Status.Task; got == nil || got.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning {
			v.Errorf("given up, it is %s as %+v", v.reason("job"), got)
		}
	})
}

// TestOther_thatIsLostSightOf: a task that bears an object's name, and is not its attempt, is being killed as its agent becomes unreachable, or falls
// silent with a failover of the master. It may still run, and nothing is launched beside it before a person says so.
func TestOther_thatIsLostSightOf(t *testing.T) {
	for sentence, c := range map[string]struct {
		flags simulator.Flags
		lose  func(v *virtual, agent *simulator.Agent)
		words func(v *virtual, taskID, agentID string)
	}{
		"unreachable, given up by its ID": {simulator.Flags{}, func(_ *virtual, agent *simulator.Agent) { agent.Partition() }, func(v *virtual, taskID, _ string) {
			v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+taskID+`}}`)
		}},
		"unreachable, given up with its agent": {simulator.Flags{}, func(_ *virtual, agent *simulator.Agent) { agent.Partition() }, func(v *virtual, _, agentID string) {
			v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, agentID)
		}},
		"unreachable, under another process": {simulator.Flags{}, func(v *virtual, agent *simulator.Agent) {
			agent.Partition()
			v.pass(3 * time.Minute)
			v.stop()
			v.start()
		}, func(v *virtual, taskID, _ string) {
			v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+taskID+`}}`)
		}},
		"silent": {simulator.Flags{AgentReregisterTimeout: 24 * time.Hour}, func(v *virtual, agent *simulator.Agent) {
			v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 0})
			for _, other := range v.mesos.Agents() {
				if other.ID() != agent.ID() {
					other.Heal()
				}
			}
		}, func(v *virtual, taskID, _ string) {
			v.patch("job", `metadata: {annotations: {mesos.dev/give-up: `+taskID+`}}`)
		}},
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, c.flags, slowKill(50*time.Second), func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, killGracePeriodSeconds: 60`)
				v.pass(30 * time.Second)
				first, agent := v.get("job").Status.Task, v.agentOf("job")
				v.stop()
				v.wipe("job")
				v.patch("job", `spec: {shell: sleep 2}`)
				v.start()
				v.pass(20 * time.Second)
				if got := v.said("job"); !strings.Contains(got, "Killing "+first.ID) {
					v.Fatalf("it says %q", got)
				}
				c.lose(v, agent)
				v.pass(20 * time.Minute)
				if task, said := v.get("job").Status.Task, v.said("job"); task != nil || len(v.starts()) != 1 || !strings.Contains(said, "mesos.dev/give-up="+first.ID) {
					v.Fatalf("after %d starts it is %s as %+v: %s", len(v.starts()), v.reason("job"), task, said)
				}
				c.words(v, first.ID, first.AgentID)
				v.pass(2 * time.Minute)
				if task := v.get("job").Status.Task; task == nil || task.ID == first.ID || v.reason("job") != v1alpha1.ReasonRunning {
					v.Fatalf("given up, it is %s as %+v: %s", v.reason("job"), task, v.said("job"))
				}
				second := v.get("job").Status.Task.ID
				agent.Heal()
				v.pass(5 * time.Minute)
				if live := v.liveNow(); len(live) != 1 || live[0] != second {
					v.Errorf("once the agent is back %v live, want %s", live, second)
				}
			})
		})
	}
}

// TestTaskDefaults_unreachable: what the framework says of tasks whose fate is unknown goes for those that do not say themselves, also where they run
// already; and what a deleted object leaves behind is forgotten once its agent is given up.
func TestTaskDefaults_unreachable(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1`)
		v.task("single", `shell: sleep 1, unreachable: {}`)
		v.task("job", `shell: sleep 1, restartPolicy: OnFailure`)
		v.pass(30 * time.Second)
		names, first := []string{"web", "single", "job"}, map[string]string{}
		for _, agent := range v.mesos.Agents() {
			agent.Partition()
		}
		for _, name := range names {
			first[name] = v.get(name).Status.Task.ID
		}
		v.pass(10 * time.Minute)
		v.patchFramework(`{"spec":{"taskDefaults":{"unreachable":{"replaceAfterSeconds":300}}}}`)
		v.pass(time.Minute)
		for _, name := range names {
			task := v.get(name).Status
			if left := task.Task == nil; left != (name == "web") {
				v.Errorf("%s is %s as %+v: %s", name, v.reason(name), task.Task, v.said(name))
			}
		}
		v.delete("web")
		v.pass(time.Minute)
		abandoned := v.frameworkNow().Status.Abandoned
		if v.exists("web") || len(abandoned) != 1 || abandoned[0].TaskID != first["web"] {
			v.Fatalf("deleted, web exists: %t, and abandoned are %v", v.exists("web"), abandoned)
		}
		v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, abandoned[0].AgentID)
		v.pass(time.Minute)
		if abandoned = v.frameworkNow().Status.Abandoned; len(abandoned) > 0 {
			v.Errorf("its agent given up, abandoned are %v", abandoned)
		}
	})
}

// patchFramework changes the test's MesosFramework by a merge patch in JSON.
func (v *virtual) patchFramework(patch string) {
	v.Helper()
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}
	if err := v.client.Patch(context.Background(), framework, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		v.Fatal(err)
	}
}
