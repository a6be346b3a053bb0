package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/mesos-operator/mesos-operator/hack/bench/bare"
)

// watcher sees how far the MesosTasks are, by a watch of its own: the same one whoever works on them.
type watcher struct {
	client *rest.RESTClient

	mu     sync.Mutex
	states map[string]string
	counts map[string]int
	// changed is closed and made anew at every change.
	changed chan struct{}
}

// seen is what a watch event tells, as far as it matters here.
type seen struct {
	Type   string `json:"type"`
	Object struct {
		metav1.Status `json:",inline"`
		Metadata      struct {
			Name            string `json:"name"`
			ResourceVersion string `json:"resourceVersion"`
		} `json:"metadata"`
		State struct {
			Task struct {
				State string `json:"state"`
			} `json:"task"`
		} `json:"status"`
	} `json:"object"`
}

const running = "TASK_RUNNING"

// watch begins to watch, from what there is now.
func watch(ctx context.Context, config *rest.Config, failed func(error)) (*watcher, error) {
	client, err := bare.Client(config)
	if err != nil {
		return nil, err
	}
	w := &watcher{client: client, states: map[string]string{}, counts: map[string]int{}, changed: make(chan struct{})}
	version, err := w.list(ctx)
	if err != nil {
		return nil, err
	}
	go func() {
		for ctx.Err() == nil {
			if version, err = w.follow(ctx, version); err != nil && ctx.Err() == nil {
				failed(fmt.Errorf("watching the MesosTasks: %w", err))
				return
			}
		}
	}()
	return w, nil
}

// list reads from where to watch.
func (w *watcher) list(ctx context.Context) (version string, err error) {
	body, err := w.client.Get().Resource("mesostasks").Namespace(bare.Namespace).Param("limit", "1").DoRaw(ctx)
	if err != nil {
		return "", fmt.Errorf("listing the MesosTasks: %w", err)
	}
	var list struct {
		Metadata metav1.ListMeta   `json:"metadata"`
		Items    []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return "", fmt.Errorf("reading the list of MesosTasks: %w", err)
	}
	if len(list.Items) > 0 {
		return "", errors.New("there are MesosTasks left from before")
	}
	return list.Metadata.ResourceVersion, nil
}

// follow reads one watch until it ends, and says from where the next one goes on.
func (w *watcher) follow(ctx context.Context, version string) (string, error) {
	stream, err := w.client.Get().Resource("mesostasks").Namespace(bare.Namespace).
		Param("watch", "1").Param("resourceVersion", version).Param("allowWatchBookmarks", "1").Stream(ctx)
	if err != nil {
		return version, err
	}
	defer func() { _ = stream.Close() }() // it was read
	decoder := json.NewDecoder(stream)
	for {
		var event seen
		switch err := decoder.Decode(&event); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return version, nil
		case err != nil:
			return version, err
		case event.Type == "ERROR":
			return version, errors.New(event.Object.Message)
		}
		version = event.Object.Metadata.ResourceVersion
		w.take(event)
	}
}

func (w *watcher) take(event seen) {
	name, state := event.Object.Metadata.Name, event.Object.State.Task.State
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.states[name]; ok {
		w.counts[old]--
	}
	switch event.Type {
	case "DELETED":
		delete(w.states, name)
	case "ADDED", "MODIFIED":
		w.states[name] = state
		w.counts[state]++
	default:
		return
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

// await waits until so many MesosTasks are there, so many of them running.
func (w *watcher) await(ctx context.Context, there, run int) error {
	for {
		w.mu.Lock()
		all, now, changed := len(w.states), w.counts[running], w.changed
		w.mu.Unlock()
		if all == there && now == run {
			return nil
		}
		var err error
		select {
		case <-changed:
			continue
		case <-time.After(patience):
			err = fmt.Errorf("nothing has changed for %s", patience)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		return fmt.Errorf("waiting for %d MesosTasks of which %d run, with %d of which %d run: %w", there, run, all, now, err)
	}
}
