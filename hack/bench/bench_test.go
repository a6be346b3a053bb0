package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mesos-operator/mesos-operator/hack/bench/report"
)

const served = `# HELP apiserver_request_total [STABLE] Counter of apiserver requests.
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="mesos.dev",resource="mesostasks",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 7
apiserver_request_total{code="201",component="apiserver",dry_run="",group="mesos.dev",resource="mesostasks",scope="resource",subresource="",verb="POST",version="v1alpha1"} 5
apiserver_request_total{code="200",component="apiserver",dry_run="",group="mesos.dev",resource="mesostasks",scope="resource",subresource="",verb="PATCH",version="v1alpha1"} 5
apiserver_request_total{code="422",component="apiserver",dry_run="",group="mesos.dev",resource="mesostasks",scope="resource",subresource="",verb="PATCH",version="v1alpha1"} 1
apiserver_request_total{code="200",component="apiserver",dry_run="",group="mesos.dev",resource="mesostasks",scope="namespace",subresource="",verb="LIST",version="v1alpha1"} 3
apiserver_request_total{code="200",component="apiserver",dry_run="",group="coordination.k8s.io",resource="leases",scope="resource",subresource="",verb="PUT",version="v1"} 9
apiserver_request_total{code="201",component="apiserver",dry_run="",group="events.k8s.io",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 2
# TYPE other counter
other 4
`

func TestRequests(t *testing.T) {
	before, err := parseRequests([]byte(served))
	if err != nil {
		t.Fatal(err)
	}
	after, err := parseRequests([]byte(strings.ReplaceAll(served, "} 5", "} 8")))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fits        func(request) bool
		want, since int
	}{
		"writes of the operator": {patches, 13, 3},
		"refused ones":           {refusedPatches, 1, 0},
		"all to MesosTasks":      {taskWrites, 18, 6},
		"all but the lease's":    {idleWrite, 20, 6},
		"reads":                  {kindRead, 3, 0},
		"Events":                 {newEvents, 2, 0},
	} {
		if got := before.sum(c.fits); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if got := after.since(before).sum(c.fits); got != c.since {
			t.Errorf("%s since: %d, want %d", name, got, c.since)
		}
	}
	if only := before.only(newEvents); len(only) != 1 {
		t.Errorf("Events alone are %v", only)
	}
}

func TestParseBenchmarks(t *testing.T) {
	got, err := parseBenchmarks([]byte("goos: linux\nBenchmarkPlace/1k_tasks_on_100_offers-2 \t 5\t 1500000 ns/op\t 100 placed\t 2048 B/op\t 12 allocs/op\n" +
		"BenchmarkPlace/1k_tasks_on_100_offers-2 \t 5\t 1700000 ns/op\t 100 placed\t 2048 B/op\t 12 allocs/op\nPASS\n"))
	if err != nil {
		t.Fatal(err)
	}
	runs := got["BenchmarkPlace/1k_tasks_on_100_offers"]
	if len(runs) != 2 || runs[0]["ns/op"] != 1.5e6 || runs[1]["ns/op"] != 1.7e6 || runs[0]["allocs/op"] != 12 {
		t.Errorf("it read %v", got)
	}
}

func TestBook(t *testing.T) {
	var b book
	b.product(deleteWall, 1000, 9)
	b.bare(createWall, 1000, 10)
	b.product(createWall, 1000, 11)
	b.product(createWall, 100, 1)
	b.bare(startCPU, 1000, 1)
	got := b.sorted()
	want := []report.Row{
		{Goal: "b", What: createWall.what, Unit: "s", N: 100, Product: []float64{1}, Bound: createWall.bound, Grows: true},
		{Goal: "b", What: createWall.what, Unit: "s", N: 1000, Product: []float64{11}, Bare: []float64{10}, Bound: createWall.bound, Grows: true},
		{Goal: "i", What: deleteWall.what, Unit: "s", N: 1000, Product: []float64{9}, Bound: deleteWall.bound, Grows: true},
	}
	if diff := cmp.Diff(want, got[:len(got)-1]); diff != "" {
		t.Errorf("the table is not as it should be (-want +got):\n%s", diff)
	}
	if last := got[len(got)-1]; last.Product[0] != 11 || last.Verdict() != report.OK {
		t.Errorf("the growth is %+v", last)
	}
}

func TestWatcher(t *testing.T) {
	w := &watcher{states: map[string]string{}, counts: map[string]int{}, changed: make(chan struct{})}
	event := func(kind, name, state string) {
		var e seen
		e.Type, e.Object.Metadata.Name, e.Object.State.Task.State = kind, name, state
		w.take(e)
	}
	event("ADDED", "a", "")
	event("ADDED", "b", "")
	event("MODIFIED", "a", running)
	event("MODIFIED", "a", running)
	event("BOOKMARK", "", "")
	if err := w.await(t.Context(), 2, 1); err != nil {
		t.Error(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.await(t.Context(), 1, 1) }()
	event("DELETED", "b", "")
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the manager ended")
	cancel(why)
	if err := w.await(ctx, 1, 0); !errors.Is(err, why) || !strings.Contains(err.Error(), "with 1 of which 1 run") {
		t.Errorf("it waited and said %v", err)
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"--n=1000,3000", "--delays=5ms,25ms", "--sets=1,10", "--goals=gs"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{1000, 3000}, o.sizes) + cmp.Diff([]int{1, 10}, o.sets) + cmp.Diff([]time.Duration{5 * time.Millisecond, 25 * time.Millisecond}, o.delays); diff != "" {
		t.Error(diff)
	}
	if !o.wants("s") || o.wants("abc") {
		t.Error("it does not want what it was told to")
	}
	for pairs, n := range map[int]int{5: 3_000, 2: 10_000, 1: 100_000} {
		if got := o.pairsOf(n); got != pairs {
			t.Errorf("%d pairs of %d tasks, want %d", got, n, pairs)
		}
	}
	for _, wrong := range []string{"--n=0", "--n=many", "--sets=1000000", "--delays=5", "stray"} {
		if _, err := parse([]string{wrong}); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
}

func TestReplace(t *testing.T) {
	got, err := replace("a\n"+begin+"old\n"+end+"b\n", "new\n")
	if err != nil || got != "a\n"+begin+"new\n\n"+end+"b\n" {
		t.Errorf("it is %q, error %v", got, err)
	}
	if _, err := replace("a\n"+begin, "new\n"); err == nil {
		t.Error("a document without an end was written")
	}
}
