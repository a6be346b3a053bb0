package bare

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

const like = `{"apiVersion": "mesos.dev/v1alpha1", "kind": "MesosTask",
	"metadata": {"name": "task-warmup", "namespace": "default", "uid": "u", "resourceVersion": "7", "finalizers": ["mesos.dev/task"],
		"annotations": {"mesos.dev/binding": "{\"taskID\": \"default.task-warmup.x\"}"}},
	"spec": {"shell": "sleep 1"}, "status": {"task": {"taskID": "default.task-warmup.x", "state": "TASK_RUNNING"}}}`

// apiServer notes what it is asked.
type apiServer struct {
	*httptest.Server

	mu    sync.Mutex
	asked []string
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) > 0 && !json.Valid(body) {
			t.Errorf("%s %s has the body %s, error %v", r.Method, r.URL, body, err)
		}
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path+" "+string(body))
		s.mu.Unlock()
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(s.Close)
	return s
}

func TestTasks(t *testing.T) {
	user, operator := newAPIServer(t), newAPIServer(t)
	tasks := Tasks{
		User: &rest.Config{Host: user.URL}, Operator: &rest.Config{Host: operator.URL}, N: 3, InFlight: 2, Like: []byte(like),
		Steps: []Step{Create, Bind, Record, Delete, Release},
	}
	if err := tasks.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(user.asked) != 6 || len(operator.asked) != 9 {
		t.Fatalf("the user asked %q, the operator %q", user.asked, operator.asked)
	}
	const path = "/apis/mesos.dev/v1alpha1/namespaces/default/mesostasks"
	all := strings.Join(append(user.asked, operator.asked...), "\n")
	for _, want := range []string{
		"POST " + path + ` {"apiVersion":"mesos.dev/v1alpha1","kind":"MesosTask","metadata":{"name":"task-000002","namespace":"default"},"spec":{"shell":"sleep 1"}}`,
		"DELETE " + path + "/task-000000 ",
		"PATCH " + path + `/task-000001 [{"op":"add","path":"/metadata/finalizers","value":["mesos.dev/task"]},{"op":"add","path":"/metadata/annotations"`,
		"PATCH " + path + `/task-000001/status [{"op":"add","path":"/status","value":{"task":{"state":"TASK_RUNNING","taskID":"default.task-000001.x"}}}]`,
		"PATCH " + path + `/task-000001 [{"op":"test","path":"/metadata/finalizers","value":["mesos.dev/task"]},{"op":"remove","path":"/metadata/finalizers"}]`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("nobody asked\n%s\namong\n%s", want, all)
		}
	}
	if strings.Contains(all, "warmup") || strings.Contains(all, "resourceVersion") {
		t.Errorf("what belongs to the first task alone was written: %s", all)
	}
}

func TestTasks_failure(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	config := &rest.Config{Host: server.URL}
	err := Tasks{User: config, Operator: config, N: 100, InFlight: 4, Like: []byte(like), Steps: []Step{Delete}}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "step delete of task-0000") {
		t.Errorf("it ended with %v", err)
	}
}

func TestSlow(t *testing.T) {
	api := newAPIServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const delay = 50 * time.Millisecond
	done := make(chan error, 1)
	go func() {
		done <- Slow{Config: &rest.Config{Host: api.URL}, Delay: delay, Listener: listener}.Run(t.Context())
	}()
	for _, c := range []struct {
		method, path string
		slow         bool
	}{
		{http.MethodPatch, "/apis/mesos.dev/v1alpha1/namespaces/default/mesostasks/a", true},
		{http.MethodGet, "/apis/mesos.dev/v1alpha1/namespaces/default/mesostasks/a", false},
		{http.MethodPut, "/apis/coordination.k8s.io/v1/namespaces/default/leases/a", false},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+listener.Addr().String()+c.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s %s was answered %v, error %v", c.method, c.path, response, err)
		}
		_ = response.Body.Close()
		// That something is not delayed cannot be told from the time on a busy machine.
		if took := time.Since(began); c.slow && took < delay {
			t.Errorf("%s %s took %s", c.method, c.path, took)
		}
		if got := writes(request); got != c.slow {
			t.Errorf("%s %s is a write: %v", c.method, c.path, got)
		}
	}
	if len(api.asked) != 3 {
		t.Errorf("the API server was asked %q", api.asked)
	}
}

func TestNext(t *testing.T) {
	in := bufio.NewReader(strings.NewReader("2\n\x08\x08x"))
	if event, err := next(in); err != nil || event.Type.String() != "HEARTBEAT" {
		t.Errorf("it read %v, error %v", event, err)
	}
	if _, err := next(in); err == nil {
		t.Error("what is no record was read")
	}
}
