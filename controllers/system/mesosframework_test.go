package system

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// connected waits until condition Connected of the test's framework has the reason, and returns it.
func (w *world) connected(reason string) *metav1.Condition {
	w.t.Helper()
	framework := w.waitFramework("Connected with reason "+reason, func(f *v1alpha1.MesosFramework) bool {
		condition := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionConnected)
		return condition != nil && condition.Reason == reason
	})
	return meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionConnected)
}

// object is the test's framework, for a patch.
func (w *world) object() *v1alpha1.MesosFramework {
	return &v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
}

func TestMesosFramework_registers(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	framework := w.waitFramework("ready", func(f *v1alpha1.MesosFramework) bool {
		return meta.IsStatusConditionTrue(f.Status.Conditions, v1alpha1.ConditionReady)
	})
	if known := w.mesos.Frameworks(); len(known) != 1 || framework.Status.FrameworkID != known[0] {
		t.Errorf("status.frameworkID is %q, Mesos knows %v", framework.Status.FrameworkID, known)
	}
	if got := framework.Annotations[v1alpha1.AnnotationFrameworkID]; got != framework.Status.FrameworkID {
		t.Errorf("the annotation says %q, status %q", got, framework.Status.FrameworkID)
	}
	if master := framework.Status.Master; master == nil || master.URL != w.mesos.Masters()[0].URL() || master.Version == "" {
		t.Errorf("status.master is %+v", master)
	}
	// The ID is stored before the failover timeout is raised, and nothing is accepted before that.
	w.called("UPDATE_FRAMEWORK")
	calls := w.mesos.CallLog()
	if first := calls[0].Call.GetSubscribe().GetFrameworkInfo(); first.GetFailoverTimeout() != 60 {
		t.Errorf("it registered with a failover timeout of %v s, want 60", first.GetFailoverTimeout())
	}
	raised := false
	for _, call := range calls {
		if call.Type == "UPDATE_FRAMEWORK" && call.Call.GetUpdateFramework().FrameworkInfo.GetFailoverTimeout() == 604800 {
			raised = true
		}
	}
	if !raised {
		t.Error("the failover timeout was never raised")
	}
}

func TestMesosFramework_mastersThatAreNone(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	cases := map[string]struct {
		handler http.HandlerFunc
		reason  string
		// says is part of the condition's message.
		says string
	}{
		"401":        {answer(401, "Unauthorized"), v1alpha1.ReasonUnauthorized, "401"},
		"403":        {answer(403, "Forbidden"), v1alpha1.ReasonForbidden, "403"},
		"404":        {answer(404, "not found"), v1alpha1.ReasonNotAMaster, "404"},
		"a web page": {answer(200, "<html>hello</html>"), v1alpha1.ReasonNotAMaster, ""},
		"no leader":  {answer(503, "No leader elected"), v1alpha1.ReasonNoLeader, ""},
		"a redirect without an end": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "//"+r.Host+"/api/v1/scheduler", http.StatusTemporaryRedirect)
		}, "", ""},
		"garbage in the stream": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-protobuf")
			w.Header().Set("Mesos-Stream-Id", "1")
			fmt.Fprint(w, "99999999999999999999999\nxx")
		}, "", ""},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			w := newWorld(t, simulator.Flags{}, nil)
			server := httptest.NewServer(tc.handler)
			defer server.Close()
			w.dial = nil
			w.framework("")
			w.patch(w.object(), fmt.Sprintf(`spec: {masters: {urls: [%q]}}`, server.URL))
			w.startManager()
			framework := w.waitFramework("not connected for a reason", func(f *v1alpha1.MesosFramework) bool {
				condition := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionConnected)
				return condition != nil && condition.Reason != v1alpha1.ReasonConnecting
			})
			condition := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionConnected)
			if condition.Status != metav1.ConditionFalse || tc.reason != "" && condition.Reason != tc.reason || !strings.Contains(condition.Message, tc.says) {
				t.Errorf("Connected is %+v, want reason %q and %q in the message", condition, tc.reason, tc.says)
			}
		})
	}
}

func TestMesosFramework_nobodyAnswers(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.mesos.StopMaster(0)
	w.framework("")
	w.startManager()
	if condition := w.connected(v1alpha1.ReasonMasterUnreachable); !strings.Contains(condition.Message, "masters.urls") {
		t.Errorf("it says %q, want it to name what to check", condition.Message)
	}
	w.mesos.StartMaster(0)
	w.connected(v1alpha1.ReasonSubscribed)
}

func TestMesosFramework_refusedDescription(t *testing.T) {
	w := newWorld(t, simulator.Flags{Roles: []string{"other"}}, nil)
	w.framework("info: {roles: [mine], defaultRole: mine}")
	w.startManager()
	w.connected(v1alpha1.ReasonSubscriptionRefused)
	w.waitFramework("stalled", func(f *v1alpha1.MesosFramework) bool {
		return meta.IsStatusConditionTrue(f.Status.Conditions, v1alpha1.ConditionStalled)
	})
}

func TestMesosFramework_reconcilesOnRequest(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	w.task("web", `shell: sleep 1000`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	asked := len(w.reconciles())
	w.patch(w.object(), `metadata: {annotations: {mesos.dev/reconcile-requested-at: please}}`)
	framework := w.waitFramework("reconciled as requested", func(f *v1alpha1.MesosFramework) bool {
		return f.Status.Reconciliation.LastHandledReconcileAt == "please"
	})
	if last := framework.Status.Reconciliation.Last; last.Reason != v1alpha1.PassRequested || last.Tasks != 1 {
		t.Errorf("the pass was %+v, want one on request over one task", last)
	}
	if got := w.reconciles()[asked:]; len(got) == 0 || got[0] != running {
		t.Errorf("asked for %v, want first for %s", got, running)
	}
}

// reconciles is what each RECONCILE call asked for: the task's ID where it is one, its kind where it belongs to a proof.
func (w *world) reconciles() []string {
	w.t.Helper()
	var asked []string
	for _, call := range w.mesos.CallLog() {
		if call.Type != "RECONCILE" {
			continue
		}
		switch tasks := call.Call.GetReconcile().Tasks; {
		case len(tasks) == 0:
			asked = append(asked, "implicit")
		case len(tasks) == 1 && strings.HasPrefix(tasks[0].TaskID.Value, "mark-") && tasks[0].AgentID == nil:
			asked = append(asked, "fence")
		case len(tasks) == 1 && strings.HasPrefix(tasks[0].TaskID.Value, "mark-"):
			asked = append(asked, "end mark")
		default:
			for i := range tasks {
				asked = append(asked, tasks[i].TaskID.Value)
			}
		}
	}
	return asked
}

func TestMesosFramework_withoutTasksAsksOnlyForTheProof(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	w.waitFramework("proven", func(f *v1alpha1.MesosFramework) bool {
		return f.Status.Reconciliation.Last != nil && f.Status.Reconciliation.Last.Proven
	})
	if diff := cmp.Diff([]string{"fence", "implicit", "end mark"}, w.reconciles()); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
}

func TestMesosFramework_deletionWaitsForItsTasks(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("deletionPolicy: Teardown")
	w.startManager()
	w.task("web", `shell: sleep 1000`)
	w.ready("web", v1alpha1.ReasonRunning)
	id := w.frameworkID()
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	framework := w.waitFramework("waiting for its tasks", func(f *v1alpha1.MesosFramework) bool {
		ready := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionReady)
		return ready != nil && ready.Reason == v1alpha1.ReasonTasksBound
	})
	if message := meta.FindStatusCondition(framework.Status.Conditions, v1alpha1.ConditionReady).Message; !strings.Contains(message, w.namespace+"/web") {
		t.Errorf("it waits saying %q, want a task's name in it", message)
	}
	w.task("late", `shell: sleep 1000`)
	w.ready("late", v1alpha1.ReasonFrameworkDeleting)
	w.deleteTask("late")
	w.deleteTask("web")
	w.waitGone("web")
	w.frameworkGone()
	if got := w.mesos.Calls("TEARDOWN"); got != 1 {
		t.Errorf("%d TEARDOWN calls for %s, want 1", got, id)
	}
}

func TestMesosFramework_detachLeavesMesosAlone(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.startManager()
	w.waitConnected()
	if err := w.client.Delete(t.Context(), w.object()); err != nil {
		t.Fatal(err)
	}
	w.frameworkGone()
	if got := w.mesos.Calls("TEARDOWN"); got != 0 {
		t.Errorf("%d TEARDOWN calls, want none", got)
	}
}

// frameworkGone waits until the test's framework no longer exists.
func (w *world) frameworkGone() {
	w.t.Helper()
	w.gone(w.namespace)
}

// gone waits until a MesosFramework no longer exists.
func (w *world) gone(name string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	watcher, err := w.client.Watch(ctx, &v1alpha1.MesosFrameworkList{}, client.MatchingFields{"metadata.name": name})
	if err != nil {
		w.t.Fatal(err)
	}
	defer watcher.Stop()
	if err := w.client.Get(w.t.Context(), client.ObjectKey{Name: name}, w.object()); apierrors.IsNotFound(err) {
		return
	}
	for event := range watcher.ResultChan() {
		if event.Type == "DELETED" {
			return
		}
	}
	w.t.Fatal("the framework still exists")
}

func TestMesosFramework_lostIDIsNotReplaced(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	stop := w.startManager()
	w.task("web", `shell: sleep 1000`)
	running := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	id := w.frameworkID()
	stop()
	// What a restore from a backup without status and annotations leaves.
	w.patch(w.object(), `metadata: {annotations: {mesos.dev/framework-id: null}}`)
	if err := w.client.Status().Patch(t.Context(), w.object(), client.RawPatch("application/merge-patch+json", []byte(`{"status":{"frameworkID":null}}`))); err != nil {
		t.Fatal(err)
	}
	w.startManager()
	condition := w.connected(v1alpha1.ReasonFrameworkIDLost)
	if !strings.Contains(condition.Message, id) || !strings.Contains(condition.Message, "spec.info.id") {
		t.Errorf("it says %q, want the ID and the field to set", condition.Message)
	}
	if known := w.mesos.Frameworks(); len(known) != 1 {
		t.Errorf("Mesos knows the frameworks %v, want only the first", known)
	}
	w.patch(w.object(), fmt.Sprintf(`spec: {info: {id: %q}}`, id))
	w.connected(v1alpha1.ReasonSubscribed)
	if got := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID; got != running {
		t.Errorf("runs as %s, want it undisturbed as %s", got, running)
	}
}

// Without the admission policy whoever may write MesosTasks can invent a binding. In a namespace that the framework does not take nobody waits for
// what it says; elsewhere it cannot be told from a restored one, and an administrator's word is enough.
func TestMesosFramework_inventedBindingsHoldUpNobody(t *testing.T) {
	invent := func(w *world, frameworkID string) {
		binding := fmt.Sprintf(`{"taskID":"%s.web.1aaaaaaaa.aaaaaaaaaa","agentID":"none","frameworkID":%q,"uid":"none"}`, w.namespace, frameworkID)
		w.create(fmt.Sprintf(`{apiVersion: mesos.dev/v1alpha1, kind: MesosTask, metadata: {name: web, namespace: %s, annotations: {mesos.dev/binding: %q}},
			spec: {shell: sleep 1000, frameworkRef: {name: %s}, resources: {requests: {cpus: 0.1, memory: 32Mi}}}}`, w.namespace, binding, w.namespace))
	}
	t.Run("from a namespace that the framework does not take", func(t *testing.T) {
		w := newWorld(t, simulator.Flags{}, nil)
		invent(w, "invented")
		w.framework("allowedNamespaces: {from: Selector, selector: {matchLabels: {team: other}}}")
		w.startManager()
		w.waitConnected()
		if live := w.live(); len(live) != 0 {
			t.Errorf("%v runs, want nothing", live)
		}
	})
	t.Run("from one that it takes, once an administrator says so", func(t *testing.T) {
		w := newWorld(t, simulator.Flags{}, nil)
		invent(w, "invented")
		w.framework("")
		w.startManager()
		condition := w.connected(v1alpha1.ReasonFrameworkIDLost)
		command := fmt.Sprintf("kubectl annotate mesosframework %s --overwrite mesos.dev/replace-framework-id=invented", w.namespace)
		if !strings.HasSuffix(condition.Message, command) {
			t.Errorf("it says %q, want it to end in %q", condition.Message, command)
		}
		w.patch(w.object(), `metadata: {annotations: {mesos.dev/replace-framework-id: invented}}`)
		w.connected(v1alpha1.ReasonSubscribed)
		task := w.ready("web", v1alpha1.ReasonRunning)
		if diff := cmp.Diff([]string{task.Status.Task.ID}, w.live()); diff != "" {
			t.Errorf("what runs (-want +got):\n%s", diff)
		}
		w.checkTruth()
	})
	t.Run("and nobody's command is made of it", func(t *testing.T) {
		w := newWorld(t, simulator.Flags{}, nil)
		invent(w, "x;reboot")
		w.framework("")
		w.startManager()
		if condition := w.connected(v1alpha1.ReasonFrameworkIDLost); strings.Contains(condition.Message, "kubectl") {
			t.Errorf("it says %q, want no command", condition.Message)
		}
	})
}

func TestMesosFramework_mastersCanBeChanged(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	w.framework("")
	w.patch(w.object(), `spec: {masters: {urls: ["http://nobody.sim:1"]}}`)
	w.startManager()
	w.connected(v1alpha1.ReasonMasterUnreachable)
	master, err := url.Parse(w.mesos.Masters()[0].URL())
	if err != nil {
		t.Fatal(err)
	}
	w.patch(w.object(), fmt.Sprintf(`spec: {masters: {urls: ["http://%s/"]}}`, master.Host))
	w.connected(v1alpha1.ReasonSubscribed)
}
