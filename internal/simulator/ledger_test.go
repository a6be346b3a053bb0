package simulator

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/recordio"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// The ledger tells what is so on the agents, whatever the master believes.
func TestTheLedgerTellsTheTruth(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		a := c.AddAgent(smallAgent())
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1", "t2")
		cl.settle(time.Second)
		cl.kill("t1", "")
		cl.settle(time.Second)
		a.Partition()
		cl.settle(2 * time.Minute) // unreachable, but alive
		live := c.Tasks()
		if len(live) != 1 || live[0].TaskID != "t2" || live[0].AgentID != a.ID() || live[0].FrameworkID != cl.frameworkID() {
			t.Errorf("live: %+v, want t2", live)
		}
		var got []string
		for _, ch := range c.Ledger() {
			got = append(got, strings.TrimSpace(ch.TaskID+" "+string(ch.What)+" "+map[bool]string{true: ch.State.String()}[ch.What == Ended]))
		}
		if diff := cmp.Diff([]string{"t1 started", "t2 started", "t1 ended TASK_KILLED"}, got); diff != "" {
			t.Errorf("ledger (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]int{"t1": 1, "t2": 1}, c.Launches(cl.frameworkID())); diff != "" {
			t.Errorf("launches (-want +got):\n%s", diff)
		}
		if len(c.Disasters()) != 0 {
			t.Errorf("disasters: %v", c.Disasters())
		}
	})
}

// RunTask that arrives twice is what a task ID launched twice looks like on one agent.
func TestATaskLaunchedTwiceWhileLiveIsADisaster(t *testing.T) {
	inBubble(t, Options{}, func(in bubble) {
		t, c := in.t, in.cluster
		c.AddAgent(smallAgent())
		c.Inject(Fault{Target: MessageFault, Action: Duplicate, Type: RunTask})
		cl := newClient(t, c)
		cl.subscribe(subscribeCall(""))
		cl.launch(cl.offers()[0], "t1")
		cl.settle(time.Second)
		if d := c.Disasters(); len(d) != 1 || !strings.Contains(d[0], "task t1") {
			t.Errorf("disasters: %v", d)
		}
	})
}

// recordings is how many there are in testdata.
const recordings = 27

func TestEveryRecordingIsReplayed(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.jsonl")
	if err != nil || len(files) != recordings {
		t.Fatalf("found %d recordings, %v, want %d", len(files), err, recordings)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".jsonl")
		// operations is about persistent volumes and reservations, which are not simulated.
		if _, ok := settings[name]; !ok && name != "operations" {
			t.Errorf("%s is not replayed", name)
		}
	}
}

// A recorded protobuf stream decodes to what its README says, and what it decodes to is written here
// byte for byte as the real master wrote it.
func TestARecordedProtobufStream(t *testing.T) {
	raw, err := os.ReadFile("testdata/transcripts/protobuf-stream.bin")
	if err != nil {
		t.Fatal(err)
	}
	const task = "shop.web.1a2b3c4d.k3j9x0q2 "
	want := []string{
		"SUBSCRIBED", "HEARTBEAT", "OFFERS", "fence TASK_UNKNOWN no uuid",
		task + "TASK_STARTING", task + "TASK_RUNNING", task + "TASK_FAILED Command exited with status 2", "OFFERS", "OFFERS", "OFFERS",
	}
	s := newStream("", protobufCodec{})
	var got []string
	var again []byte
	frames := recordio.NewReader(bytes.NewReader(raw))
	for {
		b, err := frames.ReadFrame()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var e scheduler.Event
		if err := e.Unmarshal(b); err != nil {
			t.Fatal(err)
		}
		line := e.Type.String()
		if u := e.Update; u != nil {
			line = u.Status.TaskID.Value + " " + u.Status.GetState().String()
			if len(u.Status.UUID) == 0 {
				line += " no uuid"
			}
			if u.Status.Reason == nil {
				line = strings.TrimSpace(line + " " + u.Status.GetMessage())
			}
		}
		got = append(got, line)
		again = s.appendFrame(again, frame{event: &e})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if !bytes.Equal(raw, again) {
		t.Error("what was decoded is written differently")
	}
}
