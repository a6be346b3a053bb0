package simulator

import (
	"context"
	"slices"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// CallRecord is one call that a master received.
type CallRecord struct {
	Time        time.Time
	Type        string // e.g. "ACCEPT"
	FrameworkID string
	// StreamID is that which came with the call; of SUBSCRIBE the one of the stream that answers it.
	StreamID string
	From     string          // the address of who sent it, or its name (From)
	Call     *scheduler.Call // not to be changed
	Status   int             // of the answer; 0 while it is under way, or was dropped
}

// callLog counts the calls and keeps the newest. Guarded by the cluster's lock.
type callLog struct {
	size   int
	byType map[string]int
	// byOperator counts the calls of the operator API.
	byOperator map[string]int
	traffic    traffic
	records    []*CallRecord
	waiting    []chan struct{} // calls held back until the next one has taken effect
}

// received enters a valid call and picks the fault that meets it.
func (c *Cluster) received(q *request, streamID string) (*CallRecord, *Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec := c.calls.enter(q.call, streamID, q.http.RemoteAddr)
	c.observe(Observation{Call: rec})
	return rec, c.faults.match(CallFault, rec.Type, subject{task: taskOfCall(q.call)})
}

func (l *callLog) enter(call *scheduler.Call, streamID, from string) *CallRecord {
	rec := &CallRecord{
		Time: time.Now(), Type: call.Type.String(), FrameworkID: call.GetFrameworkID().GetValue(), StreamID: streamID, From: from, Call: call,
	}
	l.byType[rec.Type]++
	l.traffic.call(call)
	l.records = append(l.records, rec)
	if len(l.records) > l.size {
		l.records = slices.Clone(l.records[len(l.records)-l.size*9/10:])
	}
	return rec
}

// countRefused enters a call that failed the checks.
func (c *Cluster) countRefused(q *request, status int) {
	if q.call == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rec := c.calls.enter(q.call, q.http.Header.Get(streamIDHeader), q.http.RemoteAddr)
	c.observe(Observation{Call: rec})
	rec.Status = status
	c.observe(Observation{Answered: &Answered{Call: rec, Status: status}})
}

// applied notes the answer, and lets go of calls that were held back for a later one.
func (c *Cluster) applied(rec *CallRecord, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec.Status = status
	for _, ch := range c.calls.waiting {
		close(ch)
	}
	c.calls.waiting = nil
}

// awaitNextCall holds a call back until another has taken effect, or the fault's delay has passed.
func (c *Cluster) awaitNextCall(ctx context.Context, f *Fault) {
	ch := make(chan struct{})
	c.mu.Lock()
	c.calls.waiting = append(c.calls.waiting, ch)
	c.mu.Unlock()
	t := time.NewTimer(orDefault(f.Delay, time.Minute))
	defer t.Stop()
	select {
	case <-ch:
	case <-t.C:
	case <-ctx.Done():
	}
}

func taskOfCall(call *scheduler.Call) string {
	switch {
	case call.Kill != nil:
		return call.Kill.TaskID.Value
	case call.Acknowledge != nil:
		return call.Acknowledge.TaskID.Value
	}
	return ""
}

// Calls counts the calls of a type ("ACCEPT") that the masters received, whatever became of them;
// "" counts all.
func (c *Cluster) Calls(callType string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if callType != "" {
		return c.calls.byType[callType]
	}
	n := 0
	for _, v := range c.calls.byType {
		n += v
	}
	return n
}

// CallLog lists the calls in the order in which they were received.
func (c *Cluster) CallLog() []CallRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]CallRecord, len(c.calls.records))
	for i, r := range c.calls.records {
		out[i] = *r
	}
	return out
}
