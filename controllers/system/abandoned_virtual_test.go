package system

import (
	"context"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
