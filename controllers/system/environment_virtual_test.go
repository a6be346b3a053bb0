package system

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// environments are the variables that each task was launched with, by its ID.
type environments struct {
	mu       sync.Mutex
	launched map[string]map[string]string
}

// runner acts out tasks that stay, and notes what they were launched with.
func (e *environments) runner() simulator.Runner {
	return simulator.ScriptRunner{Script: func(task *mesosv1.TaskInfo) simulator.Script {
		e.mu.Lock()
		defer e.mu.Unlock()
		variables := map[string]string{}
		for _, variable := range task.Command.GetEnvironment().GetVariables() {
			variables[variable.Name] = variable.GetValue()
		}
		e.launched[task.TaskID.Value] = variables
		return simulator.Stay()
	}}
}

// of is what an attempt was launched with, as far as it is asked for.
func (e *environments) of(taskID string, names ...string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var got []string
	for _, name := range names {
		if value, set := e.launched[taskID][name]; set {
			got = append(got, name+"="+value)
		}
	}
	return strings.Join(got, " ")
}

// hold creates a Secret or ConfigMap of the test, or replaces what it holds.
func (v *virtual) hold(object client.Object) {
	v.Helper()
	object.SetNamespace(v.namespace)
	if err := v.client.Delete(context.Background(), object); client.IgnoreNotFound(err) != nil {
		v.Fatal(err)
	}
	object.SetResourceVersion("")
	object.SetUID("")
	if err := v.client.Create(context.Background(), object); err != nil {
		v.Fatal(err)
	}
}

func secretOf(name, key, value string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string][]byte{key: []byte(value)}}
}

// TestEnvironment_fromSecrets: a task waits for the Secret and the ConfigMap that it names, is launched with what they hold then, and is ended by no
// change of them, nor for one that is not there.
func TestEnvironment_fromSecrets(t *testing.T) {
	launched := &environments{launched: map[string]map[string]string{}}
	inVirtualTime(t, simulator.Flags{}, launched.runner(), func(v *virtual) {
		v.framework("")
		v.start()
		v.task("web", `shell: sleep 1, ports: [{name: http}], env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: token}}},
			{name: GONE, valueFrom: {secretKeyRef: {name: s, key: none, optional: true}}}, {name: ME, valueFrom: {fieldRef: {fieldPath: status.taskID}}}],
			envFrom: [{configMapRef: {name: c}}]`)
		waits := func(reason, says string) {
			v.Helper()
			if said := v.said("web"); v.reason("web") != reason || !strings.Contains(said, v.namespace+"/"+says) {
				v.Errorf("it is %s: %s; want %s with %q", v.reason("web"), said, reason, says)
			}
		}
		v.pass(3 * time.Second)
		waits(v1alpha1.ReasonConfigMapNotFound, "c does not exist")
		v.hold(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "c"}, Data: map[string]string{"PORT": "mine", "LEVEL": "3"}})
		v.pass(31 * time.Second)
		waits(v1alpha1.ReasonSecretNotFound, "s does not exist")
		v.hold(secretOf("s", "other", "x"))
		v.pass(31 * time.Second)
		waits(v1alpha1.ReasonSecretNotFound, "s has no key token")
		v.hold(secretOf("s", "token", canary+"-0\x00"))
		v.pass(31 * time.Second)
		waits(v1alpha1.ReasonSecretInvalid, "s cannot be used as spec.env[TOKEN]")
		v.hold(secretOf("s", "token", canary+"-1"))
		v.pass(40 * time.Second)
		first := v.get("web").Status.Task
		if v.reason("web") != v1alpha1.ReasonRunning {
			v.Fatalf("it is %s: %s", v.reason("web"), v.said("web"))
		}
		want := fmt.Sprintf("TOKEN=%s-1 ME=%s MESOS_TASK_ID=%s PORT=mine LEVEL=3 PORT_HTTP=%d", canary, first.ID, first.ID, first.Ports[0].HostPort)
		if got := launched.of(first.ID, "TOKEN", "GONE", "ME", "MESOS_TASK_ID", "PORT", "LEVEL", "PORT_HTTP"); got != want {
			v.Errorf("it was launched with %s, want %s", got, want)
		}

		v.hold(secretOf("s", "token", canary+"-2"))
		v.pass(10 * time.Minute)
		if now := v.get("web").Status.Task; now.ID != first.ID || now.KillReason != "" {
			v.Errorf("a changed Secret led to %+v", now)
		}
		v.patch("web", `{metadata: {annotations: {mesos.dev/restarted-at: "1"}}}`)
		v.pass(30 * time.Second)
		second := v.get("web").Status.Task
		if got := launched.of(second.ID, "TOKEN"); second.ID == first.ID || got != "TOKEN="+canary+"-2" {
			v.Errorf("as a person asked, %s followed %s, with %s", second.ID, first.ID, got)
		}

		v.patch("web", `{spec: {shell: sleep 2, env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: later}}}]}}`)
		v.pass(time.Minute)
		if now := v.get("web").Status.Task; now.ID != second.ID || now.KillReason != "" || v.reason("web") != v1alpha1.ReasonSecretNotFound ||
			!strings.Contains(v.said("web"), "Still running") {
			v.Errorf("for a key that is not there, %s: %s; %+v", v.reason("web"), v.said("web"), now)
		}
		v.stop()
		v.start()
		v.pass(time.Minute)
		v.hold(secretOf("s", "later", canary+"-3"))
		v.pass(time.Minute)
		third := v.get("web").Status.Task
		if got := launched.of(third.ID, "TOKEN"); third.ID == second.ID || got != "TOKEN="+canary+"-3" || v.reason("web") != v1alpha1.ReasonRunning {
			v.Errorf("once the key is there, %s followed %s, with %s: %s", third.ID, second.ID, got, v.said("web"))
		}
		v.checkTruth()
	})
}

// TestEnvironment_whileItWaitsForAnOffer: a task that waits for long is launched with what its Secret holds by then.
func TestEnvironment_whileItWaitsForAnOffer(t *testing.T) {
	launched := &environments{launched: map[string]map[string]string{}}
	inVirtualTime(t, simulator.Flags{}, launched.runner(), func(v *virtual) {
		v.framework("")
		v.start()
		v.hold(secretOf("s", "token", canary+"-1"))
		v.task("web", `shell: sleep 1, ports: [{name: http, hostPort: 80}], envFrom: [{secretRef: {name: s}}]`)
		v.pass(time.Minute)
		if v.reason("web") != v1alpha1.ReasonNoAgentLargeEnough {
			v.Errorf("it is %s: %s", v.reason("web"), v.said("web"))
		}
		v.hold(secretOf("s", "token", canary+"-2"))
		v.pass(10 * time.Minute)
		v.mesos.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096, Disk: 4096, Ports: []mesosv1.Value_Range{{Begin: 80, End: 80}}, Runner: launched.runner()})
		v.pass(10 * time.Minute)
		task := v.get("web").Status.Task
		if task == nil {
			v.Fatalf("it is %s: %s", v.reason("web"), v.said("web"))
		}
		if got := launched.of(task.ID, "token"); got != "token="+canary+"-2" {
			v.Errorf("it was launched with %s", got)
		}
	})
}
