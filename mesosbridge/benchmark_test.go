package mesosbridge

import (
	"bytes"
	"fmt"
	"testing"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// BenchmarkUpdates measures what one answer to RECONCILE costs, from the wire to the record, with 100,000 tasks known.
func BenchmarkUpdates(b *testing.B) {
	const tasks = 100_000
	var stream bytes.Buffer
	for i := range tasks {
		stream.WriteString(frame(&scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesospb.TaskStatus{
			TaskID:  mesospb.TaskID{Value: fmt.Sprintf("shop.web-%d.1a2b3c4d.k3j9x0q2aa", i)},
			AgentID: &mesospb.AgentID{Value: "a01b4d6d-2525-434b-a4b7-35b49a561d58-S0"},
			State:   mesospb.TASK_RUNNING.Enum(),
			Source:  mesospb.SOURCE_MASTER.Enum(), Reason: mesospb.REASON_RECONCILIATION.Enum(),
			Message: new("Reconciliation: Latest task state"), Timestamp: new(1.8e9),
		}}}))
	}
	bridge := New(Config{}, Options{})
	t := &term{number: 1}
	bridge.current = t
	b.ReportAllocs()
	for b.Loop() {
		frames := newFrameReader(bytes.NewReader(stream.Bytes()))
		for range tasks {
			event, err := bridge.nextEvent(frames)
			if err != nil {
				b.Fatal(err)
			}
			bridge.handle(t, event)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/tasks, "ns/update")
}
