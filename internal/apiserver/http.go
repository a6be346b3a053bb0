package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// infos tells what a request's path means.
var infos = request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}

func withNamespace(ctx context.Context, namespace string) context.Context {
	return request.WithNamespace(ctx, namespace)
}

// serve answers a request, or does what a fault says.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	defer s.requests.Done()
	info, err := infos.NewRequestInfo(r)
	if err != nil {
		refuse(w, apierrors.NewBadRequest(err.Error()))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r = r.WithContext(request.WithRequestInfo(r.Context(), info))
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := s.fault(instanceOf(r), info)
	if fault == nil {
		s.handler.ServeHTTP(w, r)
		return
	}
	switch fault.Action {
	case Drop:
		breakOff(w)
	case DropAnswer:
		s.handler.ServeHTTP(&unheard{header: http.Header{}}, r)
		breakOff(w)
	case Delay:
		if passed(r, fault.Delay) {
			s.handler.ServeHTTP(w, r)
		}
	case DelayAnswer:
		kept := &unheard{header: http.Header{}}
		s.handler.ServeHTTP(kept, r)
		if passed(r, fault.Delay) {
			kept.tell(w)
		}
	case Refuse:
		err := apierrors.NewGenericServerResponse(fault.Status, info.Verb, schema.GroupResource{Group: info.APIGroup, Resource: info.Resource}, info.Name, "it was told to refuse", fault.RetryAfter, true)
		refuse(w, err)
	}
}

// passed waits, and says whether the client has.
func passed(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// unheard is an answer that is not sent, or not yet.
type unheard struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (u *unheard) Header() http.Header               { return u.header }
func (u *unheard) WriteHeader(status int)            { u.status = status }
func (u *unheard) Write(content []byte) (int, error) { return u.body.Write(content) }

// tell sends it.
func (u *unheard) tell(w http.ResponseWriter) {
	maps.Copy(w.Header(), u.header)
	w.WriteHeader(max(u.status, http.StatusOK))
	_, _ = w.Write(u.body.Bytes())
}

// breakOff closes the connection under a handler.
func breakOff(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // it is on no connection
	}
	_ = connection.Close()
}

// answer answers a request.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	info, _ := request.RequestInfoFrom(r.Context())
	if !info.IsResourceRequest {
		s.describe(w, r)
		return
	}
	if info.Resource == selfReviews {
		s.review(w, r)
		return
	}
	c := s.byResource[schema.GroupResource{Group: info.APIGroup, Resource: info.Resource}]
	if c == nil || c.Version != info.APIVersion {
		http.NotFound(w, r)
		return
	}
	ctx := withNamespace(r.Context(), info.Namespace)
	a := &asked{s, c, info, w, r.WithContext(ctx)}
	if err := a.serve(ctx); err != nil {
		refuse(w, err)
	}
}

// asked is a request for objects.
type asked struct {
	*Server
	*collection
	info *request.RequestInfo
	w    http.ResponseWriter
	r    *http.Request
}

func (a *asked) serve(ctx context.Context) error {
	switch part := a.info.Subresource; {
	case part == "status" && a.status, part == "scale" && a.scale != nil, part == "":
	default:
		return apierrors.NewNotFound(a.resource(), a.info.Name)
	}
	switch a.info.Verb {
	case "get":
		return a.get()
	case "list":
		return a.list()
	case "watch":
		return a.watch()
	case "create":
		return a.post(ctx)
	case "update":
		return a.put(ctx)
	case "patch":
		return a.patch(ctx)
	case "delete":
		return a.delete(ctx)
	case "deletecollection":
		return a.deleteAll(ctx)
	default:
		return apierrors.NewMethodNotSupported(a.resource(), a.info.Verb)
	}
}

// changed tells of a change.
func (a *asked) changed(what watch.EventType, object *stored) {
	if a.tell != nil && !a.dry() {
		a.tell(what, object.DeepCopy())
	}
}

// dry says that nothing is to be stored.
func (a *asked) dry() bool { return a.r.URL.Query().Get("dryRun") == metav1.DryRunAll }

// object reads the object that was sent.
func (a *asked) object() (*unstructured.Unstructured, error) {
	content, err := io.ReadAll(a.r.Body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(content); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	return object, nil
}

func (a *asked) post(ctx context.Context) error {
	object, err := a.object()
	if err != nil {
		return err
	}
	made, err := a.create(ctx, a.collection, a.info.Namespace, object, a.dry())
	if err != nil {
		return err
	}
	a.changed(watch.Added, made)
	return a.send(http.StatusCreated, made)
}

func (a *asked) put(ctx context.Context) error {
	object, err := a.object()
	if err != nil {
		return err
	}
	return a.update(ctx, func(existing *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		if a.info.Subresource == "scale" {
			return a.rescaled(existing, object)
		}
		return object.DeepCopy(), nil
	})
}

func (a *asked) patch(ctx context.Context) error {
	content, err := io.ReadAll(a.r.Body)
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	how, _, _ := mime.ParseMediaType(a.r.Header.Get("Content-Type"))
	return a.update(ctx, func(existing *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		if a.info.Subresource != "scale" || existing == nil {
			return a.patched(existing, types.PatchType(how), content)
		}
		scale, err := a.patched(a.scaleOf(existing), types.PatchType(how), content)
		if err != nil {
			return nil, err
		}
		return a.rescaled(existing, scale)
	})
}

// update changes an object, and sends what it is then.
func (a *asked) update(ctx context.Context, change func(existing *unstructured.Unstructured) (*unstructured.Unstructured, error)) error {
	part := a.info.Subresource
	if part == "scale" {
		part = ""
	}
	made, err := a.Server.update(ctx, a.collection, a.info.Namespace, a.info.Name, part, a.dry(), change)
	if err != nil {
		return err
	}
	if made.GetDeletionTimestamp() != nil && len(made.GetFinalizers()) == 0 {
		a.changed(watch.Deleted, made)
	} else {
		a.changed(watch.Modified, made)
	}
	return a.send(http.StatusOK, made)
}

func (a *asked) delete(ctx context.Context) error {
	options, err := a.deleteOptions()
	if err != nil {
		return err
	}
	removed, gone, err := a.remove(ctx, a.collection, a.info.Namespace, a.info.Name, options)
	if err != nil {
		return err
	}
	if !gone {
		a.changed(watch.Modified, removed)
		return a.send(http.StatusOK, removed)
	}
	a.changed(watch.Deleted, removed)
	respond(a.w, http.StatusOK, &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess,
		Details: &metav1.StatusDetails{Name: a.info.Name, Group: a.Group, Kind: a.plural, UID: removed.GetUID()},
	})
	return nil
}

// deleteOptions are those of the body, or of the query.
func (a *asked) deleteOptions() (*metav1.DeleteOptions, error) {
	options := &metav1.DeleteOptions{}
	content, err := io.ReadAll(a.r.Body)
	if err == nil && len(content) > 0 {
		err = json.Unmarshal(content, options)
	}
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if policy := a.r.URL.Query().Get("propagationPolicy"); policy != "" {
		given := metav1.DeletionPropagation(policy)
		options.PropagationPolicy = &given
	}
	return options, nil
}

func (a *asked) deleteAll(ctx context.Context) error {
	options, err := a.deleteOptions()
	if err != nil {
		return err
	}
	selected, err := a.selection()
	if err != nil {
		return err
	}
	a.mu.Lock()
	var names [][2]string
	for _, object := range a.at(a.revision) {
		if selected.has(a.kind, object) {
			names = append(names, [2]string{object.GetNamespace(), object.GetName()})
		}
	}
	a.mu.Unlock()
	for _, one := range names {
		if _, _, err := a.remove(ctx, a.collection, one[0], one[1], options); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	respond(a.w, http.StatusOK, &metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess})
	return nil
}

// send sends an object, in the form that was asked for.
func (a *asked) send(status int, object *stored) error {
	content, err := a.form(object)
	if err != nil {
		return err
	}
	a.w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	a.w.WriteHeader(status)
	_, _ = a.w.Write(content) // whoever is gone need not hear it
	return nil
}

// metadataOnly says that only the metadata of objects was asked for.
func (a *asked) metadataOnly() bool {
	return strings.Contains(a.r.Header.Get("Accept"), "as=PartialObjectMetadata")
}

// form is an object as it was asked for.
func (a *asked) form(object *stored) ([]byte, error) {
	switch {
	case a.info.Subresource == "scale":
		return json.Marshal(a.scaleOf(object.Unstructured).Object)
	case a.metadataOnly():
		return json.Marshal(map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object.Object["metadata"]})
	default:
		return object.json, nil
	}
}

// encode is an object that is not stored.
func encode(object *unstructured.Unstructured) (*stored, error) {
	content, err := json.Marshal(object.Object)
	return &stored{object, content}, err
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, err error) {
	var known apierrors.APIStatus
	if !errors.As(err, &known) {
		known = apierrors.NewInternalError(err)
	}
	status := known.Status()
	status.APIVersion, status.Kind = "v1", "Status"
	if status.Details != nil && status.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(status.Details.RetryAfterSeconds)))
	}
	respond(w, int(status.Code), &status)
}

// respond sends anything as JSON.
func respond(w http.ResponseWriter, status int, what any) {
	content, err := json.Marshal(what)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	w.WriteHeader(status)
	_, _ = w.Write(content)
}
