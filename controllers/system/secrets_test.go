package system

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/go-zookeeper/zk"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/yaml"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/internal/testenv"
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

// says waits until condition Ready of the framework has the reason and its message all parts.
func (w *world) says(reason string, parts ...string) {
	w.t.Helper()
	w.waitFramework(fmt.Sprintf("Ready with reason %s and %q in the message", reason, parts), func(f *v1alpha1.MesosFramework) bool {
		condition := meta.FindStatusCondition(f.Status.Conditions, v1alpha1.ConditionReady)
		return condition != nil && condition.Reason == reason &&
			!slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(condition.Message, part) })
	})
}

func TestMesosFramework_credentials(t *testing.T) {
	w := newWorld(t, guarded(), nil)
	w.framework("credentialsSecretRef: {name: c}, allowInsecure: true")
	w.startManager()

	w.says(v1alpha1.ReasonSecretNotFound, w.namespace+"/c", "spec.credentialsSecretRef", "keys principal and secret")
	w.secret("c", map[string]string{"principal": "operator"})
	w.says(v1alpha1.ReasonSecretInvalid, w.namespace+"/c", "key secret")
	w.secret("c", map[string]string{"principal": "oper:ator", "secret": canary})
	w.says(v1alpha1.ReasonSecretInvalid, "colon")
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-wrong"})
	w.says(v1alpha1.ReasonUnauthorized, "401")
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right\n"})
	w.connected(v1alpha1.ReasonSubscribed)
	w.says(v1alpha1.ReasonSubscribed)

	// A Secret that is gone says so and ends nothing.
	w.removeSecret("c")
	w.says(v1alpha1.ReasonSecretNotFound, "does not exist")
	w.task("web", `shell: "sleep 100"`)
	w.ready("web", v1alpha1.ReasonRunning)
	if condition := w.connected(v1alpha1.ReasonSubscribed); condition.Status != metav1.ConditionTrue {
		t.Errorf("the subscription ended with the Secret: %+v", condition)
	}
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right"})
	w.says(v1alpha1.ReasonSubscribed)
	w.checkTruth()
}

// Whatever becomes of credentials, nobody who may not read the Secret learns of them.
func TestMesosFramework_secretsAreSeenNowhere(t *testing.T) {
	w := newWorld(t, guarded(), nil)
	logged := w.record()
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-wrong"})
	w.framework("credentialsSecretRef: {name: c}, allowInsecure: true")
	stop := w.startManager()
	w.connected(v1alpha1.ReasonUnauthorized)
	w.secret("c", map[string]string{"principal": canary + ":x", "secret": canary})
	w.says(v1alpha1.ReasonSecretInvalid)
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right"})
	w.connected(v1alpha1.ReasonSubscribed)
	w.task("web", `shell: "sleep 100"`)
	w.ready("web", v1alpha1.ReasonRunning)
	stop()

	shown := w.shown(logged)
	expectUnseen(t, shown, canary)
	if !strings.Contains(shown["the log"], "Unauthorized") || !strings.Contains(shown["an Event"], v1alpha1.ReasonUnauthorized) {
		t.Error("neither log nor Events tell of the refusal, so that their silence shows nothing")
	}
}

// TestMesosTask_secretsAreSeenNowhere: what a Secret holds reaches the task and nothing else: nobody who may not read it learns of it from the operator
// or from a master, whatever becomes of the task.
func TestMesosTask_secretsAreSeenNowhere(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	logged := w.record()
	w.framework("")
	stop := w.startManager()
	from := func(name, key string) string {
		return fmt.Sprintf(`shell: "test ${#TOKEN} -gt 6 && sleep 100", env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: %s, key: %s}}}]`, name, key)
	}
	w.secret("right", map[string]string{"token": canary + "-right"})
	w.secret("long", map[string]string{"token": canary + strings.Repeat("x", 60<<10)})
	w.secret("binary", map[string]string{"token": canary + "\x00"})
	w.secret("executors", map[string]string{"LIBPROCESS_IP": canary})
	w.task("web", from("right", "token"))
	w.task("keyless", from("right", "other"))
	w.task("long", from("long", "token"))
	w.task("binary", from("binary", "token"))
	w.task("executors", `shell: "true", envFrom: [{secretRef: {name: executors}}]`)
	w.ready("web", v1alpha1.ReasonRunning)
	w.ready("keyless", v1alpha1.ReasonSecretNotFound)
	w.ready("binary", v1alpha1.ReasonSecretInvalid)
	w.ready("executors", v1alpha1.ReasonSecretInvalid)
	if long := w.ready("long", v1alpha1.ReasonInvalidSpec); !strings.Contains(long.Status.Conditions[0].Message, "121 KiB") {
		t.Errorf("of what is too long, %+v is said", long.Status.Conditions)
	}
	first := w.ready("web", v1alpha1.ReasonRunning).Status.Task.ID
	w.patchTask("web", `{"metadata":{"annotations":{"mesos.dev/restarted-at":"1"}}}`)
	w.waitTask("web", "another attempt", func(task *v1alpha1.MesosTask) bool {
		return task.Status.Task != nil && task.Status.Task.ID != first && task.Status.Task.State == "TASK_RUNNING"
	})
	shown := w.shown(logged)
	shown["the master"] = w.masterTasks()
	stop()
	expectUnseen(t, shown, canary)
	if !strings.Contains(shown["an Event"], "SecretInvalid") || !strings.Contains(shown["the master"], first) {
		t.Error("neither Events nor the master tell of the tasks, so that their silence shows nothing")
	}
}

// TestMesosTask_secretsOfContainersAreSeenInTheMastersAlone: what a pull Secret and a volume's Secret hold reaches Mesos, where the masters show it to
// whoever asks, and nobody learns of it from the operator, whatever becomes of the task. Without the framework's leave it does not even get there.
func TestMesosTask_secretsOfContainersAreSeenInTheMastersAlone(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	logged := w.record()
	w.framework("")
	stop := w.startManager()
	auth := base64.StdEncoding.EncodeToString([]byte("robot:" + canary))
	w.secret("file", map[string]string{"key": canary})
	w.secret("pull", map[string]string{".dockerconfigjson": `{"auths": {"registry.example.com": {"auth": "` + auth + `"}}}`})
	w.secret("broken", map[string]string{".dockerconfigjson": canary + auth})
	pulling := func(secret string) string {
		return `container: {image: registry.example.com/web, mesos: {pullSecretRef: {name: ` + secret + `}}}`
	}
	w.task("file", `shell: sleep 100, container: {volumes: [{mountPath: key, secret: {name: file, key: key}}]}`)
	w.task("keyless", `shell: sleep 100, container: {volumes: [{mountPath: key, secret: {name: file, key: other}}]}`)
	w.task("pull", pulling("pull"))
	w.task("broken", pulling("broken"))
	for _, name := range []string{"file", "keyless", "pull", "broken"} {
		w.ready(name, v1alpha1.ReasonContainerNotAllowed)
	}
	expectUnseen(t, map[string]string{"the master": w.masterTasks()}, secretForms(canary, auth)...)

	w.patch(&v1alpha1.MesosFramework{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}, `spec: {allowedContainers: {secretsInState: Allowed}}`)
	w.ready("file", v1alpha1.ReasonRunning)
	w.ready("keyless", v1alpha1.ReasonSecretNotFound)
	w.ready("broken", v1alpha1.ReasonSecretInvalid)
	w.ready("pull", v1alpha1.ReasonRunning)
	shown, master := w.shown(logged), w.masterTasks()
	stop()
	expectUnseen(t, shown, secretForms(canary, auth)...)
	if !strings.Contains(shown["an Event"], "SecretInvalid") {
		t.Error("the Events do not tell of the tasks, so that their silence shows nothing")
	}
	for what, secret := range map[string]string{"the volume": canary, "the image": `{"auths":{"registry.example.com":{"auth":"` + auth + `"}}}`} {
		if !strings.Contains(master, base64.StdEncoding.EncodeToString([]byte(secret))) {
			t.Errorf("the master was not told of the Secret of %s", what)
		}
	}
}

// secretForms are secrets as they are, and what can be told of each in base64 wherever it stands in what is encoded.
func secretForms(secrets ...string) []string {
	forms := slices.Clone(secrets)
	for _, secret := range secrets {
		for before := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
			forms = append(forms, encoded[4:len(encoded)-4])
		}
	}
	return forms
}

// masterTasks is what the master says of all tasks to whoever asks.
func (w *world) masterTasks() string {
	w.t.Helper()
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(w.t.Context(), http.MethodPost, "/api/v1", strings.NewReader(`{"type": "GET_TASKS"}`))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	w.mesos.Masters()[0].ServeHTTP(answer, request)
	if answer.Code != http.StatusOK {
		w.t.Fatalf("the master answers %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// record has the manager log everything that it can, and returns what it logged until then.
func (w *world) record() func() string {
	var mu sync.Mutex
	var logged strings.Builder
	w.logger = funcr.New(func(prefix, arguments string) {
		mu.Lock()
		defer mu.Unlock()
		logged.WriteString(prefix + " " + arguments + "\n")
	}, funcr.Options{Verbosity: 10})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return logged.String()
	}
}

// shown is all that the operator shows to those who may not read Secrets.
func (w *world) shown(logged func() string) map[string]string {
	t := w.t
	t.Helper()
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
	shown := map[string]string{"the log": logged(), "a metric": fmt.Sprint(families)}
	for what, object := range map[string]any{"an Event": events, "a MesosFramework": frameworks, "a MesosTask": tasks} {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		shown[what] = string(text)
	}
	return shown
}

// expectUnseen fails the test if anything shows the secret.
func expectUnseen(t *testing.T, shown map[string]string, secrets ...string) {
	t.Helper()
	for what, text := range shown {
		if text == "" {
			t.Errorf("there is nothing of %s to look at", what)
		}
		for _, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				t.Errorf("%s shows a secret: ...%s", what, text[max(0, at-200):min(len(text), at+40)])
			}
		}
	}
}

// authority makes an authority of certificates.
func authority(t *testing.T) *simulator.Authority {
	t.Helper()
	made, err := simulator.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// serveTLS puts the first master on a socket, where the manager reaches it.
func (w *world) serveTLS() {
	w.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan error, 1)
	serve := w.mesos.Listen(listener, 0)
	go func() { served <- serve() }()
	w.t.Cleanup(func() {
		w.mesos.Close()
		if err := <-served; err != nil {
			w.t.Error(err)
		}
	})
	w.dial = nil
	w.master = "https://" + listener.Addr().String()
}

func TestMesosFramework_tls(t *testing.T) {
	ours, others := authority(t), authority(t)
	masters, err := ours.Masters()
	if err != nil {
		t.Fatal(err)
	}
	masters.ClientAuth = tls.RequireAndVerifyClientCert
	certificate, key, err := ours.Issue("operator")
	if err != nil {
		t.Fatal(err)
	}
	flags := guarded()
	flags.TLS = masters
	w := newWorld(t, flags, nil)
	w.serveTLS()
	logged := w.record()
	w.secret("c", map[string]string{"principal": "operator", "secret": canary + "-right"})
	w.framework("credentialsSecretRef: {name: c}, tls: {caSecretRef: {name: ca}, clientCertificateSecretRef: {name: crt}}")
	stop := w.startManager()

	w.says(v1alpha1.ReasonSecretNotFound, "/ca,", "spec.tls.caSecretRef", "key ca.crt")
	w.secret("ca", map[string]string{"ca.crt": others.CA()})
	w.says(v1alpha1.ReasonSecretNotFound, "/crt,", "spec.tls.clientCertificateSecretRef", "keys tls.crt and tls.key")
	w.secret("crt", map[string]string{"tls.crt": key, "tls.key": key})
	w.says(v1alpha1.ReasonSecretInvalid, "/crt,", "client certificate")
	w.secret("crt", map[string]string{"tls.crt": certificate, "tls.key": key})
	w.says(v1alpha1.ReasonTLSFailed, "unknown authority", "spec.tls")
	w.secret("ca", map[string]string{"ca.crt": ours.CA()})
	w.connected(v1alpha1.ReasonSubscribed)
	w.says(v1alpha1.ReasonSubscribed)

	// What cannot be used is said, and what was there before goes on.
	w.secret("ca", map[string]string{"ca.crt": "nothing of that kind"})
	w.says(v1alpha1.ReasonSecretInvalid, "/ca,", "no certificate of an authority in PEM")
	w.task("web", `shell: "sleep 100"`)
	w.ready("web", v1alpha1.ReasonRunning)
	stop()
	shown := w.shown(logged)
	expectUnseen(t, shown, canary)
	expectUnseen(t, shown, strings.Split(key, "\n")[1])
	w.checkTruth()
}

func TestMesosFramework_zooKeeper(t *testing.T) {
	w := newWorld(t, simulator.Flags{}, nil)
	server, err := testenv.StartZooKeeper(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	w.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == server.Address {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
		return w.mesos.DialContext(ctx, network, address)
	}
	logged := w.record()
	w.framework("")
	w.patch(w.object(), fmt.Sprintf(`spec: {masters: {urls: null, zookeeper: {servers: [%q], path: /mesos, authSecretRef: {name: zk}}}}`, server.Address))
	stop := w.startManager()

	w.says(v1alpha1.ReasonSecretNotFound, "/zk,", "spec.masters.zookeeper.authSecretRef", "keys username and password")
	standForElection(t, server.Address, "mesos", canary+"-right")
	w.secret("zk", map[string]string{"username": "mesos", "password": canary + "-wrong"})
	w.says(v1alpha1.ReasonDetectionFailed, server.Address, "does not let the operator read")
	w.secret("zk", map[string]string{"username": "mesos", "password": canary + "-right"})
	w.connected(v1alpha1.ReasonSubscribed)
	w.task("web", `shell: "sleep 100"`)
	w.ready("web", v1alpha1.ReasonRunning)
	stop()
	expectUnseen(t, w.shown(logged), canary)
	w.checkTruth()
}

// standForElection makes the znodes of an election that only one user may read, and of the first simulated master in it.
func standForElection(t *testing.T, address, user, password string) {
	t.Helper()
	conn, _, err := zk.Connect([]string{address}, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	acl := zk.DigestACL(zk.PermAll, user, password)
	if err := conn.AddAuth("digest", []byte(user+":"+password)); err != nil {
		t.Fatal(err)
	}
	// Both at once, so that the election is never seen without a master.
	if _, err := conn.Multi(
		&zk.CreateRequest{Path: "/mesos", Acl: acl},
		&zk.CreateRequest{Path: "/mesos/json.info_0000000000", Data: []byte(`{"hostname":"master-1.sim","port":5050}`), Acl: acl},
	); err != nil {
		t.Fatal(err)
	}
}
