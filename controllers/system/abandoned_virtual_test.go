package system

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// deleteFramework deletes the test's MesosFramework.
func (v *virtual) deleteFramework() {
	v.Helper()
	if err := v.client.Delete(context.Background(), &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: v.namespace}}); err != nil {
		v.Fatal(err)
	}
}

// frameworkExists says whether the test's MesosFramework exists.
func (v *virtual) frameworkExists() bool {
	v.Helper()
	err := v.client.Get(context.Background(), client.ObjectKey{Name: v.namespace}, &v1alpha1.MesosFramework{})
	if err != nil && !apierrors.IsNotFound(err) {
		v.Fatal(err)
	}
	return err == nil
}

// tokenIn is the token that a sentence names for an annotation; empty for none.
func tokenIn(sentence, annotation string) string {
	_, command, _ := strings.Cut(sentence, annotation+"=")
	token, _, _ := strings.Cut(command, " ")
	return strings.TrimRight(token, ".,")
}

// TestForgetAbandoned: a framework that is deleted while it remembers abandoned attempts says so and waits for a person's word, with or without a
// connection, and under whichever process.
func TestForgetAbandoned(t *testing.T) {
	for sentence, happens := range map[string]func(v *virtual){
		"":                        func(*virtual) {},
		"after another process":   func(v *virtual) { v.stop(); v.start() },
		"though Mesos is away":    func(v *virtual) { v.mesos.StopMaster(0) },
		"while it never answered": func(v *virtual) { v.mesos.StopMaster(0); v.stop(); v.start() },
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 0}`)
				v.pass(30 * time.Second)
				taskID, agent := v.abandon("job")
				v.annotateFramework(v1alpha1.AnnotationForgetAbandoned, "1-aaaa")
				v.pass(10 * time.Second)
				if said := v.frameworkSays(v1alpha1.ConditionReady); !strings.Contains(said, "does nothing as long as the framework is not deleted") {
					v.Errorf("before it is deleted it says %q", said)
				}
				v.deleteFramework()
				v.pass(time.Minute)
				if !v.frameworkExists() {
					v.Fatal("it is gone, and what it remembered with it")
				}
				before := tokenIn(v.frameworkSays(v1alpha1.ConditionReady), v1alpha1.AnnotationForgetAbandoned)
				happens(v)
				v.pass(time.Minute)
				said := v.frameworkSays(v1alpha1.ConditionReady)
				token := tokenIn(said, v1alpha1.AnnotationForgetAbandoned)
				if !strings.HasPrefix(token, "1-") || !strings.Contains(said, "1 attempts of deleted MesosTasks may still run, such as "+taskID+" on agent "+agent.ID()) ||
					!strings.Contains(said, "1-aaaa does nothing, as it does not name what there is now: that is "+token) {
					v.Fatalf("it says %q", said)
				}
				if before != token {
					// It was another process that counted before.
					v.annotateFramework(v1alpha1.AnnotationForgetAbandoned, before)
					v.pass(time.Minute)
					if said := v.frameworkSays(v1alpha1.ConditionReady); !v.frameworkExists() || !strings.Contains(said, before+" does nothing") {
						v.Fatalf("after an old word it says %q", said)
					}
				}
				v.annotateFramework(v1alpha1.AnnotationForgetAbandoned, token)
				v.pass(time.Minute)
				if v.frameworkExists() {
					v.Errorf("it still waits, saying %q", v.frameworkSays(v1alpha1.ConditionReady))
				}
			})
		})
	}
}

// TestForgetAbandoned_notNeeded: what is over is not waited for, nor what Mesos ends with the framework.
func TestForgetAbandoned_notNeeded(t *testing.T) {
	for sentence, happens := range map[string]func(v *virtual, agent *simulator.Agent){
		"it comes back and is killed": func(_ *virtual, agent *simulator.Agent) { agent.Heal() },
		"the framework is torn down":  func(v *virtual, _ *simulator.Agent) { v.patchFramework(`{"spec":{"deletionPolicy":"Teardown"}}`) },
		"its agent is given up by its name": func(v *virtual, agent *simulator.Agent) {
			v.annotateFramework(v1alpha1.AnnotationGiveUpAgent, agent.ID())
		},
		"it comes back to another process":    func(v *virtual, agent *simulator.Agent) { v.stop(); agent.Heal(); v.start() },
		"Mesos has removed it from elsewhere": func(v *virtual, _ *simulator.Agent) { tearDownAt(v.T, v.mesos, v.frameworkNow().Status.FrameworkID) },
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 0}`)
				v.pass(30 * time.Second)
				_, agent := v.abandon("job")
				v.deleteFramework()
				v.pass(time.Minute)
				if !v.frameworkExists() {
					v.Fatal("it is gone, and what it remembered with it")
				}
				happens(v, agent)
				v.pass(3 * time.Minute)
				if v.frameworkExists() {
					v.Errorf("it still waits, saying %q", v.frameworkSays(v1alpha1.ConditionReady))
				}
				agent.Heal()
				v.pass(3 * time.Minute)
				if live := v.liveNow(); len(live) > 0 && sentence != "its agent is given up by its name" {
					v.Errorf("%v live", live)
				}
			})
		})
	}
}

// TestAbandoned_endsUnseen: an abandoned attempt comes back on an agent that is drained to be marked gone, which says that it is gone as it begins to kill
// it. An object of its name that is made anew waits until it has had its own grace period, whatever the new one is, also under another process.
func TestAbandoned_endsUnseen(t *testing.T) {
	for sentence, happens := range map[string]func(v *virtual){
		"seen by the process that heard of it": func(*virtual) {},
		"and by another one":                   func(v *virtual) { v.stop(); v.start() },
	} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, slowEnd(25*time.Second), func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, killGracePeriodSeconds: 30, unreachable: {replaceAfterSeconds: 0}`)
				v.pass(30 * time.Second)
				first, agent := v.abandon("job")
				if grace := v.frameworkNow().Status.Abandoned[0].KillGracePeriodSeconds; grace == nil || *grace != 30 {
					v.Errorf("its grace period is remembered as %v", grace)
				}
				// The first KILL gets lost, and the drain begins before the next.
				v.mesos.Inject(simulator.Fault{Target: simulator.MessageFault, Type: simulator.KillTask, Action: simulator.Drop})
				agent.Heal()
				v.pass(20 * time.Second)
				agent.DrainWithin(0, true)
				v.pass(5 * time.Second)
				if left := v.frameworkNow().Status.Abandoned; len(left) != 1 || left[0].GoneTime == nil || !slices.Contains(v.liveNow(), first) {
					v.Fatalf("while it is killed %+v is remembered, and %v live", left, v.liveNow())
				}
				happens(v)
				v.task("job", `shell: sleep 1`)
				v.pass(10 * time.Second)
				if got := v.reason("job"); got != v1alpha1.ReasonAgentDraining {
					v.Errorf("while it is killed the new object is %s: %s", got, v.said("job"))
				}
				v.pass(time.Minute)
				if got := v.get("job").Status.Task; got == nil || got.ID == first || v.reason("job") != v1alpha1.ReasonRunning {
					v.Errorf("then it is %s: %s", v.reason("job"), v.said("job"))
				}
				if left := v.frameworkNow().Status.Abandoned; len(left) > 0 {
					v.Errorf("%+v is still remembered", left)
				}
				v.neverBeside("job")
			})
		})
	}
}

// TestForgetAbandoned_ofADuplicate: a framework whose ID is another object's has no connection, and remembers all the same: it waits for a person's word, and
// names no way by which it would take the framework down that is the other's.
func TestForgetAbandoned_ofADuplicate(t *testing.T) {
	for _, policy := range []string{"Detach", "Teardown"} {
		t.Run(policy, func(t *testing.T) {
			inVirtualTime(t, simulator.Flags{}, nil, func(v *virtual) {
				v.framework("")
				v.start()
				v.task("job", `shell: sleep 1, unreachable: {replaceAfterSeconds: 0}`)
				v.pass(30 * time.Second)
				taskID, agent := v.abandon("job")
				second := v.namespace + "-second"
				v.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosFramework, metadata: {name: %s, annotations: {mesos.dev/framework-id: %s}}, spec: {deletionPolicy: %s, controllerName: mesos.dev/%s, masters: {urls: [%q]}}}`,
					second, v.frameworkNow().Status.FrameworkID, policy, v.namespace, v.mesos.Masters()[0].URL()), &v1alpha1.MesosFramework{})
				duplicate := &v1alpha1.MesosFramework{}
				read := func() error { return v.client.Get(context.Background(), client.ObjectKey{Name: second}, duplicate) }
				v.pass(20 * time.Second)
				if err := read(); err != nil {
					v.Fatal(err)
				}
				duplicate.Status.Abandoned = []v1alpha1.AbandonedAttempt{{TaskID: "elsewhere.job.1aaaaaaaa.abcdefghij", AgentID: agent.ID(), Since: metav1.Now()}}
				if err := v.client.Status().Update(context.Background(), duplicate); err != nil {
					v.Fatal(err)
				}
				if err := v.client.Delete(context.Background(), duplicate); err != nil {
					v.Fatal(err)
				}
				v.pass(time.Minute)
				if err := read(); err != nil {
					v.Fatalf("it is gone, and what it remembered with it: %v", err)
				}
				said := meta.FindStatusCondition(duplicate.Status.Conditions, v1alpha1.ConditionReady).Message
				token := tokenIn(said, v1alpha1.AnnotationForgetAbandoned)
				if !strings.Contains(said, "elsewhere.job.1aaaaaaaa.abcdefghij on agent "+agent.ID()) || strings.Contains(said, "Teardown") || !strings.HasPrefix(token, "1-") {
					v.Fatalf("it says %q", said)
				}
				patch := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"`+v1alpha1.AnnotationForgetAbandoned+`":"`+token+`"}}}`))
				if err := v.client.Patch(context.Background(), duplicate, patch); err != nil {
					v.Fatal(err)
				}
				v.pass(time.Minute)
				if err := read(); !apierrors.IsNotFound(err) {
					v.Errorf("it still waits (%v), saying %q", err, meta.FindStatusCondition(duplicate.Status.Conditions, v1alpha1.ConditionReady).Message)
				}
				if left := v.frameworkNow().Status.Abandoned; len(left) != 1 || left[0].TaskID != taskID || v.mesos.Calls("TEARDOWN") > 0 {
					v.Errorf("of the other one %v is remembered, after %d TEARDOWN", left, v.mesos.Calls("TEARDOWN"))
				}
			})
		})
	}
}
