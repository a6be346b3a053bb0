package system

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// abandon lets a task's object go while its agent is cut off, and returns the task's ID and its agent.
func (v *virtual) abandon(name string) (taskID string, agent *simulator.Agent) {
	v.Helper()
	taskID, agent = v.get(name).Status.Task.ID, v.agentOf(name)
	agent.Partition()
	v.delete(name)
	v.pass(4 * time.Minute)
	if v.exists(name) || len(v.frameworkNow().Status.Abandoned) != 1 {
		v.Fatalf("exists: %t, abandoned: %v", v.exists(name), v.frameworkNow().Status.Abandoned)
	}
	return taskID, agent
}

// TestAbandoned_goneByAnOperatorsWord: an operator marks the agent of an abandoned attempt gone, which is that person's word for its end. The
// registry forgets the agent in time, and then it may come back with the task.
func TestAbandoned_goneByAnOperatorsWord(t *testing.T) {
	cases := map[string]func(v *virtual){
		"seen by the process that abandoned it": func(*virtual) {},
		"and by another one":                    func(v *virtual) { v.stop(); v.start() },
	}
	for sentence, happens := range cases {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 0}`)
				v.pass(30 * time.Second)
				taskID, agent := v.abandon("job")
				agent.Gone()
				v.pass(time.Minute)
				happens(v)
				v.pass(20 * time.Minute)
				if left := v.frameworkNow().Status.Abandoned; len(left) != 1 || left[0].TaskID != taskID {
					t.Errorf("abandoned are %v, want %s, whose end nobody has seen", left, taskID)
				}
				agent.Forget()
				agent.Heal()
				v.pass(5 * time.Minute)
				if live, left := v.liveNow(), v.frameworkNow().Status.Abandoned; len(live) > 0 || len(left) > 0 {
					t.Errorf("live: %v, abandoned: %v, want it killed and forgotten", live, left)
				}
			})
		})
	}
}

// a framework which waits for something else looks whether it may go.
func TestMesosFramework_deletionListsTasksOnce(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("deletionPolicy: Teardown")
		v.start()
		v.pass(time.Minute)
		v.mesos.StopMaster(0)
		v.pass(time.Minute)
		before := v.asked.all()["LIST mesostasks"]
		if err := v.client.Delete(context.Background(), &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}); err != nil {
			t.Fatal(err)
		}
		v.pass(30 * time.Minute)
		if lists := v.asked.all()["LIST mesostasks"] - before; lists != 0 {
			t.Errorf("the MesosTasks of all namespaces were listed %d times while the framework waited for Mesos", lists)
		}
		v.mesos.StartMaster(0)
		v.pass(5 * time.Minute)
		err := v.client.Get(context.Background(), client.ObjectKey{Name: v.namespace}, &v1alpha1.MesosFramework{})
		if lists := v.asked.all()["LIST mesostasks"] - before; !apierrors.IsNotFound(err) || lists != 1 || len(v.mesos.Frameworks()) != 0 {
			t.Errorf("after %d lists Mesos has %v, and reading the object says %v", lists, v.mesos.Frameworks(), err)
		}
	})
}

// pending is what the status of a MesosTask says of why it waits, as far as that agrees with condition Ready.
func (v *virtual) pending(name string) string {
	v.Helper()
	if pending := v.get(name).Status.Pending; pending != nil && v.said(name) == pending.Message {
		return pending.Message
	}
	return ""
}

// TestWaiting_saysWhatHindersTheFramework: within two seconds, whatever it is, and no longer than it is so.
func TestWaiting_saysWhatHindersTheFramework(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		for _, agent := range v.mesos.Agents() {
			agent.Unregister()
		}
		v.mesos.StopMaster(0)
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		says := func(after time.Duration, what string) {
			v.Helper()
			v.pass(after)
			if got := v.pending("job"); !strings.Contains(got, what) {
				v.Errorf("it says %q and %q, want %q", v.said("job"), got, what)
			}
		}
		says(3*time.Second, "is not connected to Mesos: ")
		v.pass(10 * time.Minute)
		v.task("late", `shell: sleep 1`)
		v.pass(2 * time.Second)
		if got := v.pending("late"); !strings.Contains(got, "is not connected to Mesos: ") {
			v.Errorf("after two seconds a new task says %q", got)
		}
		v.mesos.StartMaster(0)
		says(25*time.Second, "Mesos has no agents")
		v.mesos.StopMaster(0)
		says(10*time.Second, "is not connected to Mesos: ")
		v.mesos.StartMaster(0)
		says(25*time.Second, "Mesos has no agents")
	})
}

// TestWaiting_afterARestart: a task that is new after a restart of the manager says what it waits for, while Mesos has not told all that runs.
func TestWaiting_afterARestart(t *testing.T) {
	inVirtualTime(t, simulator.Flags{AgentReregisterTimeout: time.Hour}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		v.stop()
		v.mesos.FailOver(simulator.FailOver{Down: time.Second, To: 0, AgentsBack: 1, AgentsAfter: 20 * time.Minute})
		v.pass(time.Minute)
		v.start()
		v.task("late", `shell: sleep 1`)
		v.pass(3 * time.Second)
		if got := v.pending("late"); !strings.Contains(got, "Nothing is launched before Mesos has told all that runs") {
			v.Errorf("three seconds after the restart it says %q", got)
		}
		v.stop()
		v.start()
		v.pass(30 * time.Minute)
		if got := v.reason("late"); got != v1alpha1.ReasonRunning || v.get("late").Status.Pending != nil {
			v.Errorf("it is %s and pending %v", got, v.get("late").Status.Pending)
		}
	})
}

// TestWaiting_forAFrameworkThatLostItsID: there is no connection that could say anything.
func TestWaiting_forAFrameworkThatLostItsID(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		id := v.frameworkNow().Status.FrameworkID
		v.stop()
		v.removeFramework()
		v.framework("")
		v.start()
		v.task("late", `shell: sleep 1`)
		v.pass(3 * time.Second)
		if got := v.pending("late"); !strings.Contains(got, "is bound under framework ID "+id) {
			v.Errorf("it says %q", got)
		}
		v.delete("job")
		v.pass(5 * time.Second)
		if got := v.said("job"); !strings.Contains(got, "is bound under framework ID "+id) || !strings.Contains(got, "This goes on by itself once it is") {
			v.Errorf("the deleted task says %q", got)
		}
		framework := v.frameworkNow()
		if err := v.client.Patch(context.Background(), framework, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"info":{"id":"`+id+`"}}}`))); err != nil {
			t.Fatal(err)
		}
		v.pass(time.Minute)
		if got := v.reason("late"); got != v1alpha1.ReasonRunning || v.exists("job") {
			v.Errorf("with its ID back the new task is %s, and the deleted one exists: %t", got, v.exists("job"))
		}
	})
}

// TestDeletion_whileMesosIsAway says that it is away and that nothing is to be done, and stops saying so.
func TestDeletion_whileMesosIsAway(t *testing.T) {
	const goesOn = "is not connected to Mesos: "
	inVirtualTime(t, simulator.Flags{}, simulator.ScriptRunner{Script: func(*mesosv1.TaskInfo) simulator.Script {
		script := simulator.Stay()
		script.KillAfter = 2 * time.Minute
		return script
	}}, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1, killGracePeriodSeconds: 300`)
		v.task("changed", `shell: sleep 1, killGracePeriodSeconds: 300`)
		v.pass(30 * time.Second)
		v.delete("job")
		v.patch("changed", `spec: {shell: sleep 2}`)
		v.pass(5 * time.Second)
		says := func(is bool) {
			v.Helper()
			for _, name := range []string{"job", "changed"} {
				if got := v.said(name); strings.Contains(got, goesOn) != is || strings.Contains(got, "This goes on by itself once it is") != is {
					v.Errorf("%s says %q", name, got)
				}
			}
		}
		says(false)
		v.mesos.StopMaster(0)
		v.pass(10 * time.Second)
		says(true)
		v.mesos.StartMaster(0)
		v.pass(20 * time.Second)
		says(false)
		v.pass(5 * time.Minute)
		if v.exists("job") || v.reason("changed") != v1alpha1.ReasonRunning {
			v.Errorf("the deleted one exists: %t, the changed one is %s", v.exists("job"), v.reason("changed"))
		}
	})
}

// TestMesosFramework_duplicateIDComesFree: a framework that waits, as another one has its ID, goes on within seconds once that one is gone.
func TestMesosFramework_duplicateIDComesFree(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.pass(10 * time.Second)
		second := v.namespace + "-second"
		v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s, annotations: {mesos.dev/framework-id: %s}}, spec: {controllerName: mesos.dev/%s, masters: {urls: [%q]}}}`,
			second, v.frameworkNow().Status.FrameworkID, v.namespace, v.mesos.Masters()[0].URL()), &v1alpha1.MesosFramework{})
		connected := func() *metav1.Condition {
			framework := &v1alpha1.MesosFramework{}
			if err := v.client.Get(context.Background(), client.ObjectKey{Name: second}, framework); err != nil {
				v.Fatal(err)
			}
			return meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionConnected)
		}
		v.pass(20 * time.Second)
		if said := connected(); said == nil || said.Reason != v1alpha1.ReasonDuplicateFrameworkID {
			v.Fatalf("while the other is there, Connected is %+v", said)
		}
		v.removeFramework()
		v.pass(10 * time.Second)
		if said := connected(); said.Status != metav1.ConditionTrue {
			v.Errorf("ten seconds after the other has gone, Connected is %+v", said)
		}
	})
}

// TestMesosFramework_duplicateIDLooksSeldom: a framework that had a connection, and credentials, as it came to have another one's ID looks once a minute whether it still does.
func TestMesosFramework_duplicateIDLooksSeldom(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		credentials := secretOf("c", "principal", "alice")
		credentials.Data["secret"] = []byte("secret-a")
		v.hold(credentials)
		v.start()
		v.pass(10 * time.Second)
		second := &v1alpha1.MesosFramework{}
		v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s-second}, spec: {controllerName: mesos.dev/%s, masters: {urls: ["http://nobody.sim:5050"]}, credentialsSecretRef: {name: c}, allowInsecure: true}}`,
			v.namespace, v.namespace), second)
		v.pass(20 * time.Second)
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"info":{"id":"`+v.frameworkNow().Status.FrameworkID+`"}}}`))
		if err := v.client.Patch(context.Background(), second, patch); err != nil {
			t.Fatal(err)
		}
		v.pass(5 * time.Second)
		before := v.asked.all()["LIST mesosframeworks"]
		// It read its credentials last as it was created.
		v.pass(6 * time.Second)
		if got := v.asked.all()["LIST mesosframeworks"] - before; got > 1 {
			t.Errorf("the MesosFrameworks were listed %d times in six seconds", got)
		}
		if err := v.client.Get(context.Background(), client.ObjectKeyFromObject(second), second); err != nil {
			t.Fatal(err)
		}
		if said := meta.FindStatusCondition(second.Status.Conditions, v1alpha1.ConditionConnected); said.Reason != v1alpha1.ReasonDuplicateFrameworkID {
			t.Errorf("it is %+v", said)
		}
		if err := v.client.Delete(context.Background(), second); err != nil {
			t.Fatal(err)
		}
		v.pass(time.Second)
	})
}

// TestWaiting_forQuota: a task beyond its role's quota says so in its status within two seconds of asking, and no more once it has room.
func TestWaiting_forQuota(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("first", `shell: sleep 1000`)
		v.pass(10 * time.Second)
		role := v.get("first").Status.Task.Role
		v.mesos.LimitRole(role, map[string]float64{"cpus": 0.1, "mem": 32})
		v.pass(70 * time.Second)
		v.task("second", `shell: sleep 1000`)
		v.pass(3 * time.Second)
		if got := v.pending("second"); !strings.Contains(got, "the quota of role "+role+" leaves too little, with 0.1 of 0.1 cpus used") {
			v.Errorf("it says %q and %q", v.said("second"), got)
		}
		v.pass(time.Minute)
		if got := v.pending("second"); !strings.Contains(got, "the quota of role") {
			v.Errorf("a minute later it says %q", got)
		}
		v.mesos.LimitRole(role, nil)
		v.pass(time.Minute)
		if got := v.pending("second"); got != "" || v.reason("second") != v1alpha1.ReasonRunning {
			v.Errorf("once the quota is gone it is %s and says %q", v.reason("second"), got)
		}
	})
}
