package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// clients is how many send requests to the set, pause how long each waits after an answer, and patience how long it waits for one.
	clients  = 4
	pause    = 50 * time.Millisecond
	patience = 5 * time.Second
)

// traffic is the requests to the set.
type traffic struct {
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu    sync.Mutex
	tally tally
	by    sets.Set[string]
	over  bool
}

// tally is how many requests there were.
type tally struct {
	since time.Time
	// total is all of them, failed those without a good answer, of which example is the first, and tasks how many tasks have answered.
	total, failed, tasks int
	example              error
}

// startTraffic starts the clients. They outlive the step that starts them.
func (d *demo) startTraffic(ctx context.Context) *traffic {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t := &traffic{cancel: cancel, tally: tally{since: time.Now()}, by: sets.New[string]()}
	for range clients {
		t.ended.Go(func() {
			for ctx.Err() == nil {
				task, err := d.request(ctx)
				if ctx.Err() != nil {
					return // it was cut short
				}
				t.note(task, err)
				time.Sleep(pause)
			}
		})
	}
	return t
}

// stop ends the clients.
func (t *traffic) stop() {
	if t == nil {
		return // they were never started
	}
	t.cancel()
	t.ended.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

func (t *traffic) stopped() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.over
}

func (t *traffic) note(task string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tally.total++
	if err != nil {
		if t.tally.failed++; t.tally.example == nil {
			t.tally.example = err
		}
		return
	}
	t.by.Insert(task)
}

func (t *traffic) count() tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.tally
	now.tasks = t.by.Len()
	return now
}

// request sends one to any of the endpoints that are ready, and returns the ID of the task that answered.
func (d *demo) request(ctx context.Context) (task string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ports, err := d.endpoints(ctx)
	if err != nil {
		return "", err
	}
	if len(ports) == 0 {
		return "", errors.New("no endpoint is ready")
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/", ports[rand.IntN(len(ports))]) //nolint:gosec // no secret
	body, err := fetch(ctx, url)
	if err != nil {
		return "", fmt.Errorf("%s: asking %s: %w", time.Now().Format(time.TimeOnly), url, err)
	}
	_, task, found := strings.Cut(strings.TrimSpace(string(body)), "Mesos task ")
	if !found {
		return "", fmt.Errorf("%s answered %q, which names no task", url, body)
	}
	return task, nil
}

// endpoints are the ports of those that are ready, as kube-proxy would read them: addresses are left out, as all of them are this machine.
func (d *demo) endpoints(ctx context.Context) (ports []int32, err error) {
	list := &discoveryv1.EndpointSliceList{}
	if err := d.client.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{discoveryv1.LabelServiceName: front}); err != nil {
		return nil, fmt.Errorf("reading the EndpointSlices: %w", err)
	}
	for _, slice := range list.Items {
		for _, port := range slice.Ports {
			if port.Name == nil || *port.Name != "http" || port.Port == nil {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if ready := endpoint.Conditions.Ready; ready == nil || *ready {
					ports = append(ports, *port.Port)
				}
			}
		}
	}
	return ports, nil
}
