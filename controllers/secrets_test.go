package controllers_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// canary is the start of every secret of these tests: it must be seen nowhere.
const canary = "canary-7d31"

// guarded are the flags of a Mesos that lets only principal operator in.
func guarded() simulator.Flags {
	return simulator.Flags{AuthenticateFrameworks: true, Credentials: map[string]string{"operator": canary + "-right"}}
}

// secret creates a Secret in the operator's namespace, or replaces what it holds.
func (w *world) secret(name string, data map[string]string) {
	w.t.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}, StringData: data}
	err := w.client.Create(w.t.Context(), secret)
	if err != nil && strings.Contains(err.Error(), "already exists") {
		w.removeSecret(name)
		secret.ResourceVersion = ""
		err = w.client.Create(w.t.Context(), secret)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) removeSecret(name string) {
	w.t.Helper()
	if err := w.client.Delete(w.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}); err != nil {
		w.t.Fatal(err)
	}
}

// notReady waits until condition Ready of the framework has the reason, and returns its message.
func (w *world) notReady(reason string) string {
	w.t.Helper()
	framework := w.waitFramework("Ready with reason "+reason, func(f *v1alpha1.MesosFramework) bool {
		condition := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionReady)
		return condition != nil && condition.Reason == reason
	})
	return meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionReady).Message
}

// expectSays fails the test unless the text has all parts.
func expectSays(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("it says %q, want %q in it", text, part)
		}
	}
}

func TestMesosFramework_credentials(t *testing.T) {
	w := newWorld(t, guarded(), nil)
	w.framework("credentialsSecretRef: {name: c}, allowInsecure: true")
	w.startManager()

	expectSays(t, w.notReady(v1alpha1.ReasonSecretNotFound), w.namespace+"/c", "spec.credentialsSecretRef", "keys principal and secret")
	w.secret("c", map[string]string{"principal": "operator"})
	expectSays(t, w.notReady(v1alpha1.ReasonSecretInvalid), w.namespace+"/c", "key secret")
	w.secret("c", map[string]string{"principal": "oper:ator", "secret": canary})
	expectSays(t, w.notReady(v1alpha1.ReasonSecretInvalid), "colon")
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-wrong"})
	expectSays(t, w.notReady(v1alpha1.ReasonUnauthorized), "401")
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right\n"})
	w.connected(v1alpha1.ReasonSubscribed)
	w.notReady(v1alpha1.ReasonSubscribed)

	// A Secret that is gone says so and ends nothing.
	w.removeSecret("c")
	expectSays(t, w.notReady(v1alpha1.ReasonSecretNotFound), "does not exist")
	w.task("web", `shell: "sleep 100"`)
	w.ready("web", v1alpha1.ReasonRunning)
	if condition := w.connected(v1alpha1.ReasonSubscribed); condition.Status != metav1.ConditionTrue {
		t.Errorf("the subscription ended with the Secret: %+v", condition)
	}
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right"})
	w.notReady(v1alpha1.ReasonSubscribed)
	w.checkTruth()
}

// Whatever becomes of credentials, nobody who may not read the Secret learns of them.
func TestMesosFramework_secretsAreSeenNowhere(t *testing.T) {
	var mu sync.Mutex
	var logged strings.Builder
	w := newWorld(t, guarded(), nil)
	w.logger = funcr.New(func(prefix, arguments string) {
		mu.Lock()
		defer mu.Unlock()
		logged.WriteString(prefix + " " + arguments + "\n")
	}, funcr.Options{Verbosity: 10})
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-wrong"})
	w.framework("credentialsSecretRef: {name: c}, allowInsecure: true")
	stop := w.startManager()
	w.connected(v1alpha1.ReasonUnauthorized)
	w.secret("c", map[string]string{"principal": canary + ":x", "secret": canary})
	w.notReady(v1alpha1.ReasonSecretInvalid)
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right"})
	w.connected(v1alpha1.ReasonSubscribed)
	w.task("web", `shell: "sleep 100"`)
	w.ready("web", v1alpha1.ReasonRunning)
	stop()

	events, frameworks, tasks := &eventsv1.EventList{}, &v1alpha1.MesosFrameworkList{}, &v1alpha1.MesosTaskList{}
	for _, list := range []client.ObjectList{events, frameworks, tasks} {
		if err := w.client.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	shown := map[string]string{"the log": logged.String(), "a metric": fmt.Sprint(families)}
	for what, object := range map[string]any{"an Event": events, "a MesosFramework": frameworks, "a MesosTask": tasks} {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		shown[what] = string(text)
	}
	for what, text := range shown {
		if text == "" {
			t.Errorf("there is nothing of %s to look at", what)
		}
		if at := strings.Index(text, canary); at >= 0 {
			t.Errorf("%s shows a secret: ...%s", what, text[max(0, at-200):min(len(text), at+40)])
		}
	}
	if !strings.Contains(shown["the log"], "Unauthorized") || !strings.Contains(shown["an Event"], v1alpha1.ReasonUnauthorized) {
		t.Error("neither log nor Events tell of the refusal, so that their silence shows nothing")
	}
}
