package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// startTasks is how many MesosTasks there are where a start is measured.
const startTasks = 100

var (
	binarySize   = figure{goal: "j", what: "the program", unit: "MiB"}
	layerSize    = figure{goal: "j", what: "the program, compressed as in an image", unit: "MiB", bound: value(40)}
	startToReady = figure{goal: "j", what: "start to ready", unit: "s", bound: value(1.5)}
)

// starts measures how soon the manager is ready, with a few tasks that run, and how large it is.
func (p *pair) starts(ctx context.Context) error {
	program, err := readFile(filepath.Join(p.bin, "manager"))
	if err != nil {
		return err
	}
	packed, err := compressed(program)
	if err != nil {
		return err
	}
	p.product(binarySize, p.n, mebibytes(int64(len(program))))
	p.product(layerSize, p.n, mebibytes(packed))
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
func (s *stand) ready(ctx context.Context) error { return s.answers(ctx, "http://"+s.probes+"/readyz") }

// compressed is how large something is once it is compressed, as the layers of images are.
func compressed(program []byte) (int64, error) {
	var size counted
	w := gzip.NewWriter(&size)
	_, err := w.Write(program)
	return int64(size), errors.Join(err, w.Close())
}

// counted counts what is written to it.
type counted int64

func (c *counted) Write(data []byte) (int, error) {
	*c += counted(len(data))
	return len(data), nil
}

// stormFigures are what is measured of so many cuts. Of fewer tasks than the bound says each pass ends before the next cut.
func stormFigures(cuts int) (asked, writes figure) {
	name := fmt.Sprintf("%d cuts", cuts)
	return figure{goal: "f", what: name + ", asked in RECONCILE", unit: "per task", bound: from(100_000, count(2))},
		figure{goal: "f", what: name + ", writes to MesosTasks", unit: "writes", bound: exact(0)}
}

// failoverFigures are what is measured of a failover.
func failoverFigures(over time.Duration) (asked, unchanged, changed figure) {
	name := fmt.Sprintf("failover over %s", over)
	return figure{goal: "f", what: name + ", asked in RECONCILE", unit: "per task", bound: from(1_000, count(8))},
		figure{goal: "f", what: name + ", writes to MesosTasks that came back", unit: "writes", bound: exact(0)},
		figure{goal: "f", what: name + ", writes to each that did not", unit: "per task", bound: exact(1)}
}
