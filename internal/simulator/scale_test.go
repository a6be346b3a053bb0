package simulator

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

const bigFleet, manyTasks = 10_000, 100_000

func fleetFramework() *mesos.FrameworkInfo {
	return &mesos.FrameworkInfo{
		User: "root", Name: "fleet", Roles: []string{"demo"}, FailoverTimeout: new(600.0), Checkpoint: new(true),
		ID: &mesos.FrameworkID{Value: "fleet-0000"},
		Capabilities: []mesos.FrameworkInfo_Capability{
			{Type: mesos.FrameworkInfo_Capability_PARTITION_AWARE},
			{Type: mesos.FrameworkInfo_Capability_MULTI_ROLE},
			{Type: mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
		},
	}
}

func smallTask() *mesos.TaskInfo {
	return &mesos.TaskInfo{
		Resources: []mesos.Resource{scalar("cpus", 0.1, nil), scalar("mem", 32, nil)},
		Command:   &mesos.CommandInfo{Value: new("sleep 1000")},
	}
}

// fleet makes a cluster of agents with tasks.
func fleet(tb testing.TB, flags Flags, agents, tasks int) *Cluster {
	tb.Helper()
	c := New(Options{Flags: flags})
	tb.Cleanup(c.Close)
	for range agents {
		c.AddAgent(AgentSpec{CPUs: 4, Mem: 4096, Disk: 10240})
	}
	if tasks > 0 {
		if err := c.Preload(Preload{Framework: fleetFramework(), Tasks: tasks, Task: smallTask()}); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// frames subscribes the fleet's framework in protobuf and hands each frame to see until it is enough.
func frames(tb testing.TB, c *Cluster, suppressed bool, then func(streamID string), see func([]byte) (enough bool)) {
	tb.Helper()
	call := &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE, FrameworkID: fleetFramework().ID,
		Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: fleetFramework()},
	}
	if suppressed {
		call.Subscribe.SuppressedRoles = []string{"demo"}
	}
	client := c.Client()
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	resp := postCall(ctx, tb, client, c, call, "")
	defer func() { _ = resp.Body.Close() }()
	go then(resp.Header.Get(streamIDHeader))
	in := bufio.NewReaderSize(resp.Body, 1<<20)
	for {
		head, err := in.ReadString('\n')
		if err != nil {
			tb.Fatal(err)
		}
		n, err := strconv.Atoi(head[:len(head)-1])
		if err != nil {
			tb.Fatal(err)
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(in, b); err != nil {
			tb.Fatal(err)
		}
		if see(b) {
			return
		}
	}
}

func postCall(ctx context.Context, tb testing.TB, client *http.Client, c *Cluster, call *scheduler.Call, streamID string) *http.Response {
	tb.Helper()
	b, err := call.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Masters()[0].URL()+schedulerPath, bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", typeProtobuf)
	req.Header.Set("Accept", typeProtobuf)
	if streamID != "" {
		req.Header.Set(streamIDHeader, streamID)
	}
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	return resp
}

// reconcileAll asks for every task of the fleet with its agent and returns how long n answers took.
func reconcileAll(tb testing.TB, c *Cluster, n int) time.Duration {
	tb.Helper()
	ask := &scheduler.Call{Type: scheduler.Call_RECONCILE, FrameworkID: fleetFramework().ID, Reconcile: &scheduler.Call_Reconcile{}}
	for i, t := range c.Tasks() {
		if i < n {
			ask.Reconcile.Tasks = append(ask.Reconcile.Tasks, scheduler.Call_Reconcile_Task{
				TaskID: mesos.TaskID{Value: t.TaskID}, AgentID: &mesos.AgentID{Value: t.AgentID},
			})
		}
	}
	client := c.Client()
	defer client.CloseIdleConnections()
	began := make(chan time.Time, 1)
	got := 0
	var first time.Time
	frames(tb, c, true, func(streamID string) {
		began <- time.Now()
		resp := postCall(context.Background(), tb, client, c, ask, streamID)
		_ = resp.Body.Close()
	}, func(b []byte) bool {
		if first.IsZero() {
			first = <-began
		}
		// The type is the first field of an event: 08 <type>.
		if len(b) > 1 && b[0] == 8 && b[1] == byte(scheduler.Event_UPDATE) {
			got++
		}
		return got == n
	})
	return time.Since(first)
}

// cpuTime is what this process has used. Figures are judged by it where it is less than the time on
// the clock, as other work on the machine is not the simulator's.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cost is what loading a fleet took, and what asking for all of it did.
type cost struct{ load, answer time.Duration }

// costOf loads a fleet and asks for every task of it.
func costOf(t *testing.T, agents, tasks int) cost {
	t.Helper()
	began, burnt := time.Now(), cpuTime(t)
	c := fleet(t, Flags{}, agents, tasks)
	of := cost{load: min(time.Since(began), cpuTime(t)-burnt)}
	if n := c.LiveTasks(); n != tasks {
		t.Errorf("%d tasks are live, want %d", n, tasks)
	}
	burnt = cpuTime(t)
	answered := reconcileAll(t, c, tasks)
	of.answer = min(answered, cpuTime(t)-burnt)
	t.Logf("%d agents and %d tasks: loaded in %v, %d updates in %v", agents, tasks, of.load, tasks, of.answer)
	return of
}

// A task of a big fleet costs about as much as one of a small fleet: a cost that grew with the fleet would make it twenty times as much.
func TestABigFleetCostsNoMorePerTask(t *testing.T) {
	const agents, tasks, times, most = bigFleet / 5, manyTasks / 5, 20, 12
	var before, after runtime.MemStats
	small := costOf(t, agents/times, tasks/times)
	runtime.GC()
	runtime.ReadMemStats(&before)
	big := costOf(t, agents, tasks)
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapSys) - int64(before.HeapSys); used > 1<<30 {
		t.Errorf("it took %d MiB, want at most 1 GiB", used>>20)
	}
	if ratio := big.load.Seconds() / small.load.Seconds() / times; ratio > most {
		t.Errorf("loading a task took %.1f times as long as in a small fleet, want at most %d", ratio, most)
	}
	if ratio := big.answer.Seconds() / small.answer.Seconds() / times; ratio > most {
		t.Errorf("an answer took %.1f times as long as in a small fleet, want at most %d", ratio, most)
	}
}

func TestOneEventCarriesThousandsOfOffers(t *testing.T) {
	const agents = 8000
	c := fleet(t, Flags{}, agents, 0)
	frames(t, c, false, func(string) {}, func(b []byte) bool {
		var e scheduler.Event
		if err := e.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		if e.Type != scheduler.Event_OFFERS {
			return false
		}
		t.Logf("%d offers in %d bytes", len(e.Offers.Offers), len(b))
		if len(e.Offers.Offers) != agents {
			t.Errorf("got %d offers in the first event, want %d", len(e.Offers.Offers), agents)
		}
		return true
	})
}

func TestACappedStreamKeepsItsRate(t *testing.T) {
	inBubble(t, Options{Flags: Flags{EventsPerSecond: 1000}}, func(in bubble) {
		t, c := in.t, in.cluster
		for range 10 {
			c.AddAgent(AgentSpec{CPUs: 100, Mem: 100_000})
		}
		if err := c.Preload(Preload{Framework: fleetFramework(), Tasks: 5000, Task: smallTask()}); err != nil {
			t.Fatal(err)
		}
		if took := reconcileAll(t, c, 5000); took < 4900*time.Millisecond || took > 5200*time.Millisecond {
			t.Errorf("5000 updates at 1000 a second took %v", took)
		}
	})
}

func BenchmarkReconcile100kTasks(b *testing.B) {
	c := fleet(b, Flags{}, bigFleet, manyTasks)
	for b.Loop() {
		took := reconcileAll(b, c, manyTasks)
		b.ReportMetric(manyTasks/took.Seconds(), "updates/s")
	}
}

func ExampleCluster_Preload() {
	c := New(Options{})
	defer c.Close()
	c.AddAgent(AgentSpec{CPUs: 4, Mem: 4096})
	err := c.Preload(Preload{Framework: fleetFramework(), Tasks: 3, Task: smallTask()})
	fmt.Println(c.LiveTasks(), err)
	// Output: 3 <nil>
}
