package system

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// annotateFramework sets an annotation of the test's MesosFramework; an empty value removes it.
func (v *virtual) annotateFramework(name, value string) {
	v.Helper()
	quoted := fmt.Sprintf("%q", value)
	if value == "" {
		quoted = "null"
	}
	framework := &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}
	patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%s}}}`, name, quoted))
	if err := v.client.Patch(context.Background(), framework, patch); err != nil {
		v.Fatal(err)
	}
}

// frameworkSays is what a condition of the test's MesosFramework says.
func (v *virtual) frameworkSays(condition string) string {
	v.Helper()
	if found := meta.FindStatusCondition(v.frameworkNow().Status.Conditions, condition); found != nil {
		return found.Message
	}
	return ""
}

// onAgent are the MesosTasks of those named whose attempt is bound to an agent, and not over.
func (v *virtual) onAgent(agentID string, names ...string) (bound []string) {
	v.Helper()
	for _, name := range names {
		if task := v.get(name).Status.Task; task != nil && task.AgentID == agentID && task.FinishTime == nil {
			bound = append(bound, name)
		}
	}
	return bound
}

// several creates MesosTasks and returns their names.
func (v *virtual) several(n int, spec string) (names []string) {
	v.Helper()
	for i := range n {
		names = append(names, fmt.Sprintf("job-%d", i))
		v.task(names[i], spec)
	}
	return names
}

// TestGiveUpAgent: one word gives up all that an agent had which never comes back, once: not what it gets should it come back all the same.
func TestGiveUpAgent(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		names := v.several(8, `shell: sleep 1`)
		v.pass(30 * time.Second)
		lost := v.agentOf(names[0])
		bound := v.onAgent(lost.ID(), names...)
		lost.Partition()
		v.pass(5 * time.Minute)
		if got := v.onAgent(lost.ID(), names...); len(got) != len(bound) || v.reason(bound[0]) != v1alpha1.ReasonAgentUnreachable {
			v.Fatalf("%v wait for the agent, the first is %s", got, v.reason(bound[0]))
		}
		v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, lost.ID())
		v.pass(time.Minute)
		if got := v.onAgent(lost.ID(), names...); len(got) > 0 {
			v.Fatalf("%v still wait for the agent", got)
		}
		for _, name := range names {
			if v.reason(name) != v1alpha1.ReasonRunning {
				v.Errorf("%s is %s", name, v.reason(name))
			}
		}
		// It comes back after all, and gets a task again, which is lost in its turn: nobody gave that up, under whichever process.
		lost.Heal()
		v.pass(5 * time.Minute)
		if got := len(v.liveNow()); got != 8 {
			v.Errorf("%d tasks are live once the agent is back, want 8", got)
		}
		for _, name := range []string{"late-0", "late-1"} { // One on each agent, as both want the same port.
			v.task(name, `shell: sleep 1, ports: [{name: http, hostPort: 31005}]`)
			names = append(names, name)
		}
		v.pass(time.Minute)
		bound = v.onAgent(lost.ID(), names...)
		if len(bound) == 0 {
			v.Fatal("the agent got no task again")
		}
		v.stop()
		v.start()
		lost.Partition()
		v.pass(10 * time.Minute)
		if got := v.onAgent(lost.ID(), names...); len(got) != len(bound) {
			v.Errorf("%v of %v wait for the agent: a word that was followed was followed again", got, bound)
		}
	})
}

// TestGiveUpUnknown_ofAnotherConnection: a token is of a count in the present subscription. One that was seen before the framework was another installation's for a while does
// nothing, though subscriptions are numbered from one again.
func TestGiveUpUnknown_ofAnotherConnection(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework("")
		v.start()
		v.task("job", `shell: sleep 1`)
		v.pass(30 * time.Second)
		taskID, lost := v.get("job").Status.Task.ID, v.agentOf("job")
		lost.Partition()
		v.pass(3 * time.Minute)
		lost.Forget()
		v.pass(16 * time.Minute)
		unknown := v.frameworkNow().Status.Unknown
		if unknown == nil {
			t.Fatal("nothing is unknown")
		}
		v.create(fmt.Sprintf(`{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: other, namespace: %s}, spec: {holderIdentity: somebody, leaseDurationSeconds: 15}}`, v.namespace), &coordinationv1.Lease{})
		v.patchStatus(v.frameworkNow(), fmt.Sprintf(`{"status":{"controller":{"lease":"%s/other","identity":"somebody"}}}`, v.namespace))
		v.pass(5 * time.Second)
		v.annotateFramework(v1alpha1.AnnotationGiveUpUnknown, unknown.Token)
		v.pass(5 * time.Minute)
		if v.connected() != v1alpha1.ReasonSubscribed {
			v.Fatalf("it is %s", v.connected())
		}
		if got := v.get("job").Status.Task; got == nil || got.ID != taskID {
			v.Errorf("a count of another connection was followed: the task is %+v", got)
		}
		if now := v.frameworkNow().Status.Unknown; now == nil || now.Token == unknown.Token {
			v.Errorf("unknown are %+v, which were %+v", now, unknown)
		}
	})
}

// TestGiveUpUnknown: one word gives up all of which Mesos says TASK_UNKNOWN, by the token of that very count.
func TestGiveUpUnknown(t *testing.T) {
	inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
		v.framework(`reconciliation: {intervalSeconds: 60}`)
		v.start()
		names := v.several(8, `shell: sleep 1`)
		v.pass(30 * time.Second)
		if v.frameworkNow().Status.Unknown != nil {
			v.Fatalf("unknown while all run: %+v", v.frameworkNow().Status.Unknown)
		}
		lost := v.agentOf(names[0])
		bound := v.onAgent(lost.ID(), names...)
		lost.Partition()
		v.pass(3 * time.Minute)
		lost.Forget()
		v.pass(3 * time.Minute)
		unknown := v.frameworkNow().Status.Unknown
		if unknown == nil || int(unknown.Count) != len(bound) || !strings.HasPrefix(unknown.Token, fmt.Sprintf("%d-", len(bound))) {
			v.Fatalf("unknown are %+v, want %d", unknown, len(bound))
		}
		if said := v.frameworkSays(v1alpha1.ConditionTasksReconciled); !strings.Contains(said, v1alpha1.AnnotationGiveUpUnknown+"="+unknown.Token) {
			v.Errorf("condition TasksReconciled says %q", said)
		}
		v.annotateFramework(v1alpha1.AnnotationGiveUpUnknown, "37-k3f9")
		v.pass(2 * time.Minute)
		if said := v.frameworkSays(v1alpha1.ConditionReady); len(v.onAgent(lost.ID(), names...)) != len(bound) || !strings.Contains(said, "37-k3f9 does nothing") {
			v.Fatalf("%v wait after a word of another count; it says %q", v.onAgent(lost.ID(), names...), said)
		}
		v.stop()
		v.start()
		v.pass(time.Minute)
		v.annotateFramework(v1alpha1.AnnotationGiveUpUnknown, unknown.Token)
		v.pass(2 * time.Minute)
		if len(v.onAgent(lost.ID(), names...)) != len(bound) {
			v.Fatal("a count of an earlier process was followed")
		}
		token := v.frameworkNow().Status.Unknown.Token
		v.annotateFramework(v1alpha1.AnnotationGiveUpUnknown, token)
		v.pass(2 * time.Minute)
		if got := v.onAgent(lost.ID(), names...); len(got) > 0 {
			v.Errorf("%v still wait; it says %q", got, v.frameworkSays(v1alpha1.ConditionReady))
		}
		if v.frameworkNow().Status.Unknown != nil || strings.Contains(v.frameworkSays(v1alpha1.ConditionReady), "does nothing") {
			v.Errorf("unknown are %+v, and it says %q", v.frameworkNow().Status.Unknown, v.frameworkSays(v1alpha1.ConditionReady))
		}
		lost.Heal()
		v.pass(5 * time.Minute)
		if got := len(v.liveNow()); got != 8 {
			v.Errorf("%d tasks are live once the agent is back, want 8", got)
		}
	})
}
