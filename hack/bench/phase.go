package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mesos-operator/mesos-operator/hack/bench/usage"
	"github.com/mesos-operator/mesos-operator/internal/simulator"
)

// point is how far all counters were at one time.
type point struct {
	at       time.Time
	cpu      map[string]time.Duration
	requests requests
	mesos    simulator.Counts
}

// phase is what passed between two points.
type phase struct {
	took     time.Duration
	cpu      map[string]time.Duration
	requests requests
	mesos    simulator.Counts
}

// now reads the counters, and the CPU times after them or before them: what reading costs is in no phase.
func (s *stand) now(ctx context.Context, begins bool) (point, error) {
	var p point
	var err error
	if !begins {
		if p.cpu, err = s.cpu(); err != nil {
			return p, err
		}
		p.at = time.Now()
	}
	if p.requests, err = readRequests(ctx, s.raw); err != nil {
		return p, err
	}
	if p.mesos, err = s.mesos.Counts(ctx); err != nil {
		return p, err
	}
	if begins {
		if p.cpu, err = s.cpu(); err != nil {
			return p, err
		}
		p.at = time.Now()
	}
	return p, nil
}

func (s *stand) cpu() (map[string]time.Duration, error) {
	used := map[string]time.Duration{}
	for name, pid := range s.pids {
		var err error
		if used[name], err = usage.CPU(pid); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return used, nil
}

// measure measures what passes while something is done.
func (s *stand) measure(ctx context.Context, do func() error) (phase, error) {
	before, err := s.now(ctx, true)
	if err != nil {
		return phase{}, err
	}
	if err := do(); err != nil {
		return phase{}, err
	}
	after, err := s.now(ctx, false)
	if err != nil {
		return phase{}, err
	}
	p := phase{
		took: after.at.Sub(before.at), cpu: map[string]time.Duration{}, requests: after.requests.since(before.requests),
		mesos: simulator.Counts{
			Calls: map[string]int{}, Asked: after.mesos.Asked - before.mesos.Asked, Answered: after.mesos.Answered - before.mesos.Answered,
			Launched: after.mesos.Launched - before.mesos.Launched, Implicit: after.mesos.Implicit - before.mesos.Implicit,
		},
	}
	for name, used := range after.cpu {
		p.cpu[name] = used - before.cpu[name]
	}
	for call, n := range after.mesos.Calls {
		p.mesos.Calls[call] = n - before.mesos.Calls[call]
	}
	return p, nil
}

// settle waits until the manager rests: what it does after the last write, such as acknowledging, belongs to what it did before.
func (s *stand) settle(ctx context.Context) error {
	const look, rests, often = 250 * time.Millisecond, 10 * time.Millisecond, 3
	last, err := usage.CPU(s.manager.PID())
	for quiet, began := 0, time.Now(); quiet < often && time.Since(began) < 20*time.Second; {
		if err != nil {
			return err
		}
		if err := pause(ctx, look); err != nil {
			return err
		}
		before := last
		if last, err = usage.CPU(s.manager.PID()); last-before < rests {
			quiet++
		} else {
			quiet = 0
		}
	}
	return err
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// passes is how many reconciliation passes the manager has ended, and how long they took together, as it says itself.
func (s *stand) passes(ctx context.Context) (count int, took time.Duration, err error) {
	var body bytes.Buffer
	if err := fetch(ctx, "http://"+s.metrics+"/metrics", &body); err != nil {
		return 0, 0, err
	}
	families, err := parseMetrics(body.Bytes())
	if err != nil {
		return 0, 0, err
	}
	for _, metric := range families["mesos_operator_reconciliation_pass_duration_seconds"].GetMetric() {
		count += int(metric.GetHistogram().GetSampleCount())
		took += time.Duration(metric.GetHistogram().GetSampleSum() * float64(time.Second))
	}
	return count, took, nil
}

// profiled does something and takes a CPU profile of the manager meanwhile, if one is wanted: of the first seconds.
func (s *stand) profiled(ctx context.Context, name string, do func() error) error {
	if s.profileTo == "" {
		return do()
	}
	const seconds = 10
	file, err := os.Create(filepath.Join(s.profileTo, name+".pprof")) //nolint:gosec // where the caller says
	if err != nil {
		return fmt.Errorf("making the profile: %w", err)
	}
	taken := make(chan error, 1)
	go func() {
		taken <- fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.profiles, seconds), file)
	}()
	// What is done begins after the profile has.
	if err := pause(ctx, 100*time.Millisecond); err != nil {
		return err
	}
	done := do()
	return errors.Join(done, <-taken, file.Close())
}
