package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/mesos-operator/mesos-operator/api/v1alpha1"
)

// requestHeader names the request of an instance to the Handler that may stand before the API server, as instance/number.
const requestHeader = "X-History-Request"

// decoder reads what an API server answers, in JSON or protobuf.
var decoder = newDecoder()

func newDecoder() runtime.Decoder {
	scheme := runtime.NewScheme()
	// Neither can fail but by a mistake in the types, which every test would show.
	_ = clientgoscheme.AddToScheme(scheme)
	_ = v1alpha1.AddToScheme(scheme)
	return serializer.NewCodecFactory(scheme).UniversalDeserializer()
}

// Transport takes down what is written through it: by an instance of the operator, or by somebody else, whose name is empty. Where a Handler of the same
// history stands before the API server, that takes it down, and the Transport says who it was and whether the answer arrived.
func (h *History) Transport(instance string, next http.RoundTripper) http.RoundTripper {
	if h == nil {
		return next
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if instance != "" {
		h.instances[instance] = true
	}
	return &transport{history: h, instance: instance, next: next}
}

type transport struct {
	history  *History
	instance string
	next     http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	write := writeOf(request)
	h := t.history
	if write == nil || h.Elsewhere != nil && h.Elsewhere(write.Namespace) {
		return t.next.RoundTrip(request)
	}
	body, err := bodyOf(request.Body)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.sent++
	id := fmt.Sprintf("%s/%d", t.instance, h.sent)
	write.Who, write.Body, write.Sent = t.instance, body, len(h.entries)
	h.mu.Unlock()
	named := request.Clone(request.Context())
	named.Header.Set(requestHeader, id)
	named.Body = io.NopCloser(bytes.NewReader(body))
	response, err := t.next.RoundTrip(named)
	if err != nil {
		h.arrived(id, write, nil)
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close() // it was read to its end
	if err != nil {
		h.arrived(id, write, nil)
		return nil, fmt.Errorf("reading the API server's answer: %w", err)
	}
	write.Status = response.StatusCode
	h.arrived(id, write, answer)
	response.Body = io.NopCloser(bytes.NewReader(answer))
	return response, nil
}

func bodyOf(body io.ReadCloser) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	defer body.Close() //nolint:errcheck // it was read, or the error says why not
	all, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("reading a request: %w", err)
	}
	return all, nil
}

// arrived takes down what the sender of a write knows of its answer: nil is none.
func (h *History) arrived(id string, write *Write, answer []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	recorded, ok := h.requests[id]
	delete(h.requests, id)
	switch {
	case ok && answer == nil:
		h.append(Entry{Answer: &Answer{To: recorded, Lost: true}})
	case !ok:
		h.record(write, answer)
	}
}

// Handler takes down every write to an API server as that carries it out, so that an answer which is lost behind it does not hide what was committed.
func (h *History) Handler(next http.Handler) http.Handler {
	if h == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		write := writeOf(request)
		if write == nil {
			next.ServeHTTP(w, request)
			return
		}
		body, err := bodyOf(request.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		id := request.Header.Get(requestHeader)
		write.Who, _, _ = strings.Cut(id, "/")
		h.mu.Lock()
		write.Body, write.Sent = body, len(h.entries)
		h.mu.Unlock()
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, request)
		write.Status = answer.Code
		h.mu.Lock()
		number := h.record(write, answer.Body.Bytes())
		if id != "" {
			h.requests[id] = number
		}
		h.mu.Unlock()
		maps.Copy(w.Header(), answer.Header())
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // who left needs no answer
	})
}

// verbs are those of requests that write, by method.
var verbs = map[string]string{http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete"}

// writeOf is what a request is to write; nil for one that writes nothing.
func writeOf(request *http.Request) *Write {
	verb := verbs[request.Method]
	if verb == "" || request.URL.Query().Get("dryRun") != "" {
		return nil
	}
	write := &Write{Verb: verb}
	if !write.locate(request.URL.Path) {
		return nil
	}
	if verb == "delete" && write.Name == "" {
		write.Verb = "deletecollection"
	}
	kind, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	write.Patch = verb == "patch" && kind == string(types.JSONPatchType)
	return write
}

// locate reads what a path is of, and says whether it is of an object that is kept. Reviews are not.
func (w *Write) locate(path string) bool {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis" && parts[1] != "authorization.k8s.io" && parts[1] != "authentication.k8s.io":
		parts = parts[3:]
	default:
		return false
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		w.Namespace, parts = parts[1], parts[2:]
	}
	for i, into := range []*string{&w.Resource, &w.Name, &w.Subresource} {
		if i < len(parts) {
			*into = parts[i]
		}
	}
	return true
}

// record adds the entry of a write with what the API server answered, nil for nothing, and returns its number. The lock is held.
func (h *History) record(write *Write, answer []byte) int {
	switch {
	case write.Status == 0:
		write.Outcome = Unknown
	case write.Status >= 300:
		write.Outcome = Refused
	default:
		write.Outcome = Committed
	}
	if write.Verb == "delete" {
		write.Preconditions = preconditionsOf(write.Body)
	}
	if write.Outcome != Committed {
		write.Before = h.known[h.alive[keyOf(write)]]
		return h.append(Entry{Write: write})
	}
	decoded, _, err := decoder.Decode(answer, nil, nil)
	if err != nil {
		decoded = nil // of a kind that no check asks about
	}
	if write.Verb == "deletecollection" {
		return h.recordEach(write, decoded)
	}
	object, _ := decoded.(client.Object)
	return h.recordObject(write, object)
}

// recordEach adds an entry for each object that was deleted with others.
func (h *History) recordEach(write *Write, list runtime.Object) int {
	deleted, err := meta.ExtractList(list)
	if list == nil || err != nil {
		return h.append(Entry{Write: write})
	}
	number := len(h.entries)
	for _, one := range deleted {
		if object, ok := one.(client.Object); ok {
			each := *write
			each.Verb, each.Namespace, each.Name = "delete", object.GetNamespace(), object.GetName()
			number = h.recordObject(&each, object)
		}
	}
	return number
}

// recordObject adds the entry of a write that was committed, and keeps what is known with it.
func (h *History) recordObject(write *Write, object client.Object) int {
	if scale, ok := object.(*autoscalingv1.Scale); ok {
		object = h.scaled(scale)
	}
	if object != nil && write.Name == "" {
		write.Name, write.Namespace = object.GetName(), object.GetNamespace()
	}
	key := keyOf(write)
	id := h.alive[key]
	if object != nil {
		id = object.GetUID()
	}
	write.Before, write.After = h.known[id], object
	switch write.Verb {
	case "delete":
		write.Gone = object == nil || len(object.GetFinalizers()) == 0
		if write.Gone {
			write.After = nil
		}
	default:
		write.Gone = object != nil && !object.GetDeletionTimestamp().IsZero() && len(object.GetFinalizers()) == 0
	}
	number := h.append(Entry{Write: write})
	switch {
	case write.Gone:
		delete(h.known, id)
		if h.alive[key] == id {
			delete(h.alive, key)
		}
	case object != nil && id != "" && !older(object, write.Before):
		h.known[id], h.alive[key] = object, id
	}
	return number
}

// older says whether an object is of an earlier version than another: two writes at once may be told of in another order than they took effect in.
func older(object, than client.Object) bool {
	if than == nil {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(object.GetResourceVersion(), than.GetResourceVersion())
	return err == nil && order < 0
}

// scaled is a set as it is once it was scaled.
func (h *History) scaled(scale *autoscalingv1.Scale) client.Object {
	set, ok := h.known[scale.UID].(*v1alpha1.MesosTaskSet)
	if !ok {
		return nil
	}
	set = set.DeepCopy()
	set.Spec.Replicas = &scale.Spec.Replicas
	set.ResourceVersion = scale.ResourceVersion
	return set
}

func keyOf(write *Write) objectKey { return objectKey{write.Resource, write.Namespace, write.Name} }

// preconditionsOf are those of a deletion, nil for none. Its options are in JSON, or in protobuf, where a UID stands in them as it is.
func preconditionsOf(body []byte) *metav1.Preconditions {
	options := &metav1.DeleteOptions{}
	if json.Unmarshal(body, options) == nil {
		return options.Preconditions
	}
	if decoded, _, err := decoder.Decode(body, nil, options); err == nil {
		if options, ok := decoded.(*metav1.DeleteOptions); ok {
			return options.Preconditions
		}
	}
	return nil
}

// operation is one of a JSON Patch.
type operation struct {
	Op   string `json:"op"`
	Path string `json:"path"`
}

// operations are those of a JSON Patch.
type operations []operation

// operations are those of the write, nil where it is no JSON Patch.
func (w *Write) operations() operations {
	var all operations
	if !w.Patch || json.Unmarshal(w.Body, &all) != nil {
		return nil
	}
	return all
}

// test says whether they test the value at a path.
func (o operations) test(path string) bool {
	return slices.ContainsFunc(o, func(one operation) bool { return one.Op == "test" && one.Path == path })
}
