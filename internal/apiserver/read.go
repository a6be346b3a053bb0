package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/watch"
)

// selection says which objects are asked for.
type selection struct {
	namespace string
	labels    labels.Selector
	fields    fields.Selector
}

// selection reads it from a request.
func (a *asked) selection() (selection, error) {
	query := a.r.URL.Query()
	selected := selection{namespace: a.info.Namespace}
	var err error
	if selected.labels, err = labels.Parse(query.Get("labelSelector")); err != nil {
		return selected, apierrors.NewBadRequest(err.Error())
	}
	if selected.fields, err = fields.ParseSelector(query.Get("fieldSelector")); err != nil {
		return selected, apierrors.NewBadRequest(err.Error())
	}
	known := a.selectable(&unstructured.Unstructured{Object: map[string]any{}})
	for _, one := range selected.fields.Requirements() {
		if !known.Has(one.Field) {
			return selected, apierrors.NewBadRequest("field label not supported: " + one.Field)
		}
	}
	return selected, nil
}

// has says whether an object is among those that are asked for; nil is not.
func (s selection) has(k *kind, object *stored) bool {
	return object != nil && (s.namespace == "" || s.namespace == object.GetNamespace()) &&
		s.labels.Matches(labels.Set(object.GetLabels())) && (s.fields.Empty() || s.fields.Matches(k.selectable(object.Unstructured)))
}

func (a *asked) get() error {
	a.mu.Lock()
	object := a.objects[key(a.info.Namespace, a.info.Name)]
	a.mu.Unlock()
	if object == nil {
		return apierrors.NewNotFound(a.resource(), a.info.Name)
	}
	return a.send(http.StatusOK, object)
}

// list sends all objects as they are, or as a cache that is behind has them, for who takes any.
func (a *asked) list() error {
	selected, err := a.selection()
	if err != nil {
		return err
	}
	a.mu.Lock()
	revision := a.revision
	if a.r.URL.Query().Get("resourceVersion") == "0" {
		revision, _ = a.horizon(instanceOf(a.r), a.collection)
	}
	revision = max(revision, a.compacted)
	all := a.at(revision)
	a.mu.Unlock()
	kind := a.Kind + "List"
	version := a.GroupVersion().String()
	if a.metadataOnly() {
		kind, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
	}
	var content bytes.Buffer
	fmt.Fprintf(&content, `{"apiVersion":%q,"kind":%q,"metadata":{"resourceVersion":"%d"},"items":[`, version, kind, revision)
	first := true
	for _, object := range all {
		if !selected.has(a.kind, object) {
			continue
		}
		one, err := a.form(object)
		if err != nil {
			return err
		}
		if !first {
			content.WriteByte(',')
		}
		first = false
		content.Write(one)
	}
	content.WriteString("]}")
	a.w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	_, _ = a.w.Write(content.Bytes())
	return nil
}

// bookmarkEvery is how often a watch is told how far it has come.
const bookmarkEvery = time.Minute

// watcher is a watch that is under way.
type watcher struct {
	*asked
	selected selection
	// seen is the revision that the client has seen.
	seen int64
	// bookmarks says that it wants to be told how far it has come; initial, that it is still to have the objects that there are.
	bookmarks, initial bool
}

func (a *asked) watch() error {
	selected, err := a.selection()
	if err != nil {
		return err
	}
	query := a.r.URL.Query()
	w := &watcher{asked: a, selected: selected, bookmarks: query.Get("allowWatchBookmarks") == "true"}
	streamed := query.Get("sendInitialEvents") == "true"
	if streamed && a.noWatchList {
		return apierrors.NewInvalid(metav1.Unversioned.WithKind("ListOptions").GroupKind(), "",
			field.ErrorList{field.Forbidden(field.NewPath("sendInitialEvents"), "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled")})
	}
	from := query.Get("resourceVersion")
	w.initial = streamed || from == "" || from == "0"
	if !w.initial {
		if w.seen, err = strconv.ParseInt(from, 10, 64); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	a.w.Header().Set("Content-Type", runtime.ContentTypeJSON)
	a.w.WriteHeader(http.StatusOK)
	w.run(streamed, from == "", query.Get("timeoutSeconds"))
	return nil
}

// run sends changes until the client leaves, the server closes, or the time that the client gave is over.
func (w *watcher) run(streamed, latest bool, timeout string) {
	ctx := w.r.Context()
	if seconds, err := strconv.Atoi(timeout); err == nil && seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
	}
	tick := time.NewTicker(bookmarkEvery)
	defer tick.Stop()
	if !w.send(nil) {
		return
	}
	for {
		content, more, wake, open := w.next(streamed, latest)
		if len(content) > 0 && !w.send(content) || !open {
			return
		}
		due, stop := dueAt(more)
		select {
		case <-wake:
		case <-due:
		case <-tick.C:
			open = w.tell()
		case <-ctx.Done():
			open = false
		}
		stop()
		if !open {
			return
		}
	}
}

// tell tells the client how far it has come, if it wants to know, and says whether it is still there.
func (w *watcher) tell() bool {
	return !w.bookmarks || w.initial || w.send(w.bookmark(false))
}

// send sends content at once, and says whether the client is still there.
func (w *watcher) send(content []byte) bool {
	if _, err := w.w.Write(content); err != nil {
		return false
	}
	return http.NewResponseController(w.w).Flush() == nil
}

// dueAt tells when a time has come; never, if it is none. Stop ends it.
func dueAt(at time.Time) (due <-chan time.Time, stop func()) {
	if at.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(time.Until(at))
	return timer.C, func() { timer.Stop() }
}

// next is what the client is to be told now, when more of it is due, and what is closed when there may be more before that.
func (w *watcher) next(streamed, latest bool) (content []byte, more time.Time, wake <-chan struct{}, open bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	horizon, more := w.horizon(instanceOf(w.r), w.collection)
	var buffer bytes.Buffer
	switch {
	case w.initial && streamed && latest && horizon < w.revision:
		// Who asks for the latest waits until the cache has it.
		return nil, more, w.wake, true
	case w.initial:
		w.initial, w.seen = false, max(horizon, w.compacted)
		for _, object := range w.at(w.seen) {
			if w.selected.has(w.kind, object) {
				w.event(&buffer, watch.Added, object)
			}
		}
		if streamed {
			buffer.Write(w.bookmark(true))
		}
	case w.seen < w.compacted:
		return w.expired(), more, w.wake, false
	}
	for _, change := range w.records[w.after(w.seen):] {
		if change.revision > horizon {
			break
		}
		w.seen = change.revision
		w.change(&buffer, change)
	}
	w.seen = max(w.seen, horizon)
	return buffer.Bytes(), more, w.wake, true
}

// change tells of a change as it is to who sees only what was selected.
func (w *watcher) change(buffer *bytes.Buffer, change record) {
	was := w.selected.has(w.kind, change.before)
	is := change.what != watch.Deleted && w.selected.has(w.kind, change.object)
	switch {
	case is && !was:
		w.event(buffer, watch.Added, change.object)
	case is:
		w.event(buffer, watch.Modified, change.object)
	case was && change.what == watch.Deleted:
		w.event(buffer, watch.Deleted, change.object)
	case was:
		// It is told as it was, under the revision at which it left.
		left := change.before.DeepCopy()
		left.SetResourceVersion(strconv.FormatInt(change.revision, 10))
		if object, err := encode(left); err == nil {
			w.event(buffer, watch.Deleted, object)
		}
	}
}

// event writes an event.
func (w *watcher) event(buffer *bytes.Buffer, what watch.EventType, object *stored) {
	content, err := w.form(object)
	if err != nil {
		return
	}
	fmt.Fprintf(buffer, `{"type":%q,"object":`, what)
	buffer.Write(content)
	buffer.WriteString("}\n")
}

// bookmark tells how far the watch has come, and whether those were all the objects that there are.
func (w *watcher) bookmark(all bool) []byte {
	metadata := map[string]any{"resourceVersion": strconv.FormatInt(w.seen, 10)}
	if all {
		metadata["annotations"] = map[string]any{metav1.InitialEventsAnnotationKey: "true"}
	}
	object := map[string]any{"apiVersion": w.GroupVersion().String(), "kind": w.Kind, "metadata": metadata}
	if w.metadataOnly() {
		object["apiVersion"], object["kind"] = "meta.k8s.io/v1", "PartialObjectMetadata"
	}
	return line(watch.Bookmark, object)
}

// expired tells that what the client has seen was forgotten.
func (w *watcher) expired() []byte {
	status := apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", w.seen, w.compacted)).Status()
	status.APIVersion, status.Kind = "v1", "Status"
	return line(watch.Error, status)
}

// line is an event as it is sent.
func line(what watch.EventType, object any) []byte {
	content, err := json.Marshal(map[string]any{"type": what, "object": object})
	if err != nil {
		return nil // only what JSON cannot say, of which there is nothing
	}
	return append(content, '\n')
}
