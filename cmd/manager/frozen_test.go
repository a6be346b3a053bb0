package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// spy stands between one manager and the API server, and remembers what that one wrote to the operator's objects.
type spy struct {
	kubeconfig string
	server     *httptest.Server

	mu     sync.Mutex
	writes []string
	// severed says that nothing passes.
	severed bool
}

func (s *system) newSpy() *spy {
	s.t.Helper()
	target, err := url.Parse(s.env.Config.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	transport, err := rest.TransportFor(s.env.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	spied := &spy{kubeconfig: filepath.Join(s.t.TempDir(), "kubeconfig")}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport,
		// A watch ends with the process that asked for it.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if spied.isSevered() {
			panic(http.ErrAbortHandler)
		}
		if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/apis/mesos.dev/") {
			spied.mu.Lock()
			spied.writes = append(spied.writes, r.Method+" "+r.URL.Path)
			spied.mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	}))
	s.t.Cleanup(server.Close)
	spied.server = server
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
  users: [{name: u, user: {}}], clusters: [{name: c, cluster: {server: %q}}]}`, server.URL)
	if err := os.WriteFile(spied.kubeconfig, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return spied
}

// sever cuts the manager off from the API server.
func (s *spy) sever() {
	s.mu.Lock()
	s.severed = true
	s.mu.Unlock()
	s.server.CloseClientConnections()
}

func (s *spy) isSevered() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.severed
}

func (s *spy) written() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.writes...)
}

// TestFault23_leaseLostOldLeaderFrozen60sThenThawedMidACCEPT is row 23: the leader is frozen as its ACCEPT is under way, for longer than its lease lasts.
// Another one takes over, which until then, on standby, neither writes nor subscribes (row 26). The ACCEPT bears the old stream ID, and is refused; thawed, the
// first neither calls Mesos nor writes to the API, and ends.
func TestFault23_leaseLostOldLeaderFrozen60sThenThawedMidACCEPT(t *testing.T) {
	s := newSystem(t)
	s.create(fmt.Sprintf(taskManifest, "web", "sleep 1000", ""))
	spied, standby := s.newSpy(), s.newSpy()
	frozen := s.startWith(spied.kubeconfig)
	frozen.ready()
	web := s.task("web", v1alpha1.ReasonRunning)
	pid := s.pid(web.Status.Task.ID)
	successor := s.startWith(standby.kubeconfig)
	successor.ready()
	before := s.claim()

	// What is held is let go of by the next call that takes effect: the successor's SUBSCRIBE.
	held := s.mesos.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Reorder, Delay: patience})
	s.create(fmt.Sprintf(taskManifest, "held", "sleep 1000", ""))
	s.until("an ACCEPT is under way", func(context.Context) (bool, error) { return held.Hits() == 1, nil })
	frozen.signal(syscall.SIGSTOP)
	bound := s.bound("held")
	if writes := standby.written(); len(writes) > 0 || s.mesos.Calls("SUBSCRIBE") != 1 {
		t.Errorf("on standby the successor wrote %v, and there were %d SUBSCRIBEs", writes, s.mesos.Calls("SUBSCRIBE"))
	}
	s.until("the successor has claimed the framework", func(context.Context) (bool, error) { return s.claim() != before, nil })
	s.until("the successor has subscribed", func(context.Context) (bool, error) { return s.mesos.Calls("SUBSCRIBE") == 2, nil })
	s.create(fmt.Sprintf(taskManifest, "meanwhile", "sleep 1000", ""))
	s.task("meanwhile", v1alpha1.ReasonRunning)
	if claim := s.claim(); claim.Lease != before.Lease || claim.Lease == "" {
		t.Errorf("the claim is %+v, want the installation's lease as in %+v", claim, before)
	}
	if again := s.task("held", v1alpha1.ReasonRunning).Status.Task.ID; again == bound {
		t.Errorf("held runs as %s, of which the ACCEPT bore an old stream ID", again)
	}

	written := len(spied.written())
	if written == 0 {
		t.Error("the spy saw no write of the leader before it was frozen")
	}
	frozen.signal(syscall.SIGCONT)
	// What there is to do now, both see.
	s.create(fmt.Sprintf(taskManifest, "late", "sleep 1000", ""))
	if err := s.client.Delete(t.Context(), web); err != nil {
		t.Fatal(err)
	}
	if code := frozen.wait(); code != 1 {
		t.Errorf("the thawed manager ended with status %d, want 1", code)
	}
	s.task("late", v1alpha1.ReasonRunning)
	s.until("the deleted task's process is gone", func(context.Context) (bool, error) { return syscall.Kill(pid, 0) != nil, nil })
	if writes := spied.written()[written:]; len(writes) > 0 {
		t.Errorf("the thawed manager wrote %v", writes)
	}
	if got := s.mesos.Calls("SUBSCRIBE"); got != 2 {
		t.Errorf("%d SUBSCRIBE calls, want one of each leader", got)
	}
	// A call with the stream ID of an earlier subscription is refused: the one that was under way, and no other was sent.
	for _, call := range s.mesos.CallLog() {
		ours := call.Type == "ACCEPT" && strings.Contains(call.Call.String(), bound)
		if refused := call.Status >= http.StatusBadRequest; refused != ours || ours && call.Status != http.StatusBadRequest {
			t.Errorf("a call %s was answered with %d; it was the one under way: %t", call.Type, call.Status, ours)
		}
	}
	for _, disaster := range s.mesos.Disasters() {
		t.Error(disaster)
	}
}

// bound is the task ID that a MesosTask is bound to.
func (s *system) bound(name string) string {
	s.t.Helper()
	task, binding := &v1alpha1.MesosTask{}, v1alpha1.Binding{}
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Namespace: "default", Name: name}, task); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(task.Annotations[v1alpha1.AnnotationBinding]), &binding); err != nil {
		s.t.Fatal(err)
	}
	return binding.TaskID
}

// claim is who has claimed the framework.
func (s *system) claim() v1alpha1.ControllerClaim {
	s.t.Helper()
	framework := &v1alpha1.MesosFramework{}
	if err := s.client.Get(s.t.Context(), client.ObjectKey{Name: "default"}, framework); err != nil {
		s.t.Fatal(err)
	}
	if framework.Status.Controller == nil {
		return v1alpha1.ControllerClaim{}
	}
	return *framework.Status.Controller
}
