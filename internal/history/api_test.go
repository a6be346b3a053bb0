package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// answering is an API server that answers each request with what comes next.
type answering struct {
	t       *testing.T
	answers []any
	status  int
}

func (a *answering) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	if err := json.NewEncoder(w).Encode(a.answers[0]); err != nil {
		a.t.Error(err)
	}
	a.answers = a.answers[1:]
}

// through sends requests to a handler without a connection between; losing says that its answers are lost.
type through struct {
	handler http.Handler
	losing  bool
}

func (h through) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	h.handler.ServeHTTP(recorder, request)
	if h.losing {
		return nil, errors.New("connection reset")
	}
	return recorder.Result(), nil
}

func mesosTask(version string, change func(*v1alpha1.MesosTask)) *v1alpha1.MesosTask {
	task := &v1alpha1.MesosTask{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "MesosTask"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "web", UID: "u1", ResourceVersion: version},
	}
	if change != nil {
		change(task)
	}
	return task
}

const tasksPath = "/apis/mesos.dev/v1alpha1/namespaces/ns/mesostasks"

func send(t *testing.T, transport http.RoundTripper, method, path, contentType, body string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, "http://api"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// What is written is known by who wrote it, whether that is seen where it leaves or where it arrives.
func TestRecorders_API(t *testing.T) {
	deleting := func(task *v1alpha1.MesosTask) {
		task.DeletionTimestamp, task.Finalizers = &metav1.Time{}, []string{v1alpha1.TaskFinalizer}
		*task.DeletionTimestamp = metav1.Now()
	}
	for name, wrap := range map[string]func(h *History, server http.Handler) http.RoundTripper{
		"where it leaves": func(h *History, server http.Handler) http.RoundTripper {
			return h.Transport("manager", through{handler: server})
		},
		"where it arrives, too": func(h *History, server http.Handler) http.RoundTripper {
			return h.Transport("manager", through{handler: h.Handler(server)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := New()
			released := mesosTask("4", deleting)
			released.Finalizers = nil
			server := &answering{t, []any{
				mesosTask("1", nil), mesosTask("2", func(task *v1alpha1.MesosTask) { task.Status.Restarts = 1 }), mesosTask("3", deleting), released,
			}, http.StatusOK}
			transport := wrap(h, server)
			uid := types.UID("u1")
			preconditions, err := json.Marshal(metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range []struct{ method, path, kind, body string }{
				{http.MethodPost, tasksPath, "application/json", `{}`},
				{http.MethodGet, tasksPath + "/web", "", ""},
				{http.MethodPatch, tasksPath + "/web/status", "application/json-patch+json", `[{"op":"test","path":"/metadata/uid","value":"u1"}]`},
				{http.MethodDelete, tasksPath + "/web", "application/json", string(preconditions)},
				{http.MethodPatch, tasksPath + "/web", "application/merge-patch+json", `{}`},
			} {
				if one.method == http.MethodGet {
					server.answers = append([]any{mesosTask("1", nil)}, server.answers...)
				}
				if err := send(t, transport, one.method, one.path, one.kind, one.body); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, entry := range h.Entries() {
				w := entry.Write
				version := func(object any) string {
					if task, ok := object.(*v1alpha1.MesosTask); ok && task != nil {
						return task.ResourceVersion
					}
					return "-"
				}
				got = append(got, fmt.Sprintf("%s %s %s/%s %s %s>%s gone:%t tests:%t uid:%t", w.Who, w.Verb, w.Namespace, w.Name, w.Subresource,
					version(w.Before), version(w.After), w.Gone, w.operations().test("/metadata/uid"), w.Preconditions != nil && *w.Preconditions.UID == uid))
			}
			want := []string{
				"manager create ns/web  ->1 gone:false tests:false uid:false",
				"manager patch ns/web status 1>2 gone:false tests:true uid:false",
				"manager delete ns/web  2>3 gone:false tests:false uid:true",
				"manager patch ns/web  3>4 gone:true tests:false uid:false",
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// A write whose answer is lost is known to be committed only where it arrives.
func TestRecorders_lostAnswer(t *testing.T) {
	for name, arrives := range map[string]bool{"seen where it leaves": false, "seen where it arrives": true} {
		t.Run(name, func(t *testing.T) {
			h := New()
			server := http.Handler(&answering{t, []any{mesosTask("1", nil)}, http.StatusCreated})
			if arrives {
				server = h.Handler(server)
			}
			if err := send(t, h.Transport("manager", through{server, true}), http.MethodPost, tasksPath, "application/json", `{}`); err == nil {
				t.Fatal("it was answered")
			}
			entries := h.Entries()
			if arrives {
				if len(entries) != 2 || entries[0].Write.Outcome != Committed || entries[0].Write.Who != "manager" || !entries[1].Answer.Lost || entries[1].Answer.To != 1 {
					t.Errorf("entries: %v", entries)
				}
				return
			}
			if len(entries) != 1 || entries[0].Write.Outcome != Unknown {
				t.Errorf("entries: %v", entries)
			}
		})
	}
}

// A write that was refused changes nothing that is known.
func TestRecorders_refused(t *testing.T) {
	h := New()
	server := &answering{t, []any{mesosTask("1", nil), metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Code: 422}, mesosTask("2", nil)}, http.StatusOK}
	transport := h.Transport("manager", through{handler: server})
	for i, status := range []int{http.StatusOK, http.StatusUnprocessableEntity, http.StatusOK} {
		server.status = status
		method := []string{http.MethodPost, http.MethodPatch, http.MethodPatch}[i]
		path := []string{tasksPath, tasksPath + "/web", tasksPath + "/web"}[i]
		if err := send(t, transport, method, path, "application/json", `{}`); err != nil {
			t.Fatal(err)
		}
	}
	entries := h.Entries()
	if len(entries) != 3 || entries[1].Write.Outcome != Refused || entries[2].Write.Before.GetResourceVersion() != "1" {
		t.Errorf("entries: %v", entries)
	}
}
