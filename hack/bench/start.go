package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// startTasks is how many MesosTasks there are where a start is measured.
const startTasks = 100

var (
	binarySize   = figure{goal: "j", what: "the program", unit: "MiB", bound: value(40)}
	startToReady = figure{goal: "j", what: "start to ready", unit: "s", bound: value(1.5)}
)

// starts measures how soon the manager is ready, with a few tasks that run, and how large it is.
func (p *pair) starts(ctx context.Context) error {
	program, err := os.Stat(filepath.Join(p.bin, "manager"))
	if err != nil {
		return err
	}
	p.product(binarySize, p.n, mebibytes(program.Size()))
	if err := p.startManager(ctx); err != nil {
		return err
	}
	if err := p.connected(ctx); err != nil {
		return err
	}
	if _, _, err := p.created(ctx); err != nil {
		return err
	}
	const times = 5
	for i := range times {
		p.say("product: start %d of %d", i+1, times)
		if err := p.stopManager(ctx); err != nil {
			return err
		}
		began := time.Now()
		if err := p.startManager(ctx); err != nil {
			return err
		}
		if err := p.ready(ctx); err != nil {
			return err
		}
		p.product(startToReady, p.n, time.Since(began).Seconds())
	}
	if _, _, err := p.removed(ctx); err != nil {
		return err
	}
	return p.stopManager(ctx)
}

// ready waits until the manager says that it is.
func (s *stand) ready(ctx context.Context) error {
	return s.until(ctx, "the manager to be ready", func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.probes+"/readyz", http.NoBody)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // it is not there yet
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
}

// storm figures of a failover.
func failoverFigures(over time.Duration) (asked, unchanged, changed figure) {
	name := fmt.Sprintf("failover over %s", over)
	return figure{goal: "f", what: name + ", asked in RECONCILE", unit: "per task", bound: from(1_000, count(8))},
		figure{goal: "f", what: name + ", writes to MesosTasks that came back", unit: "writes", bound: exact(0)},
		figure{goal: "f", what: name + ", writes to each that did not", unit: "per task", bound: exact(1)}
}
