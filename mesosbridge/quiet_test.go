package mesosbridge

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// termOf is a term without a stream, for what needs none.
func termOf(ctx context.Context, b *Bridge) *term {
	ctx, end := context.WithCancelCause(ctx)
	return &term{ctx: ctx, end: end, number: 1, told: b.toTell(), changed: make(chan struct{}, 1)}
}

// Rule 14: where a log goes to may be slow, and the stream must not wait for it.
func TestBridge_logsWithoutItsLock(t *testing.T) {
	var b *Bridge
	var lines []string
	config := Config{Framework: framework()}
	config.Framework.ID = "framework-1"
	b = New(config, Options{
		Gate: func(string, func() error) error { return errors.New("not now") },
		Logger: funcr.New(func(_, args string) {
			if !b.mu.TryLock() {
				t.Errorf("logged under the lock: %s", args)
				return
			}
			b.mu.Unlock()
			lines = append(lines, args)
		}, funcr.Options{}),
	})
	current := termOf(t.Context(), b)
	b.current = current
	b.offers["offer-1"] = &offer{Offer: mesos.Offer{ID: "offer-1", AgentID: "agent-1"}}
	b.Reserve("over", "agent-1")
	b.AcceptNeverSent("over")
	b.Reserve("large", "agent-1")

	b.Accept("offer-1", []mesos.Task{small("over"), small("large")}, 0, nil)
	next, _ := b.lanes.accepts.pop()
	next.start()
	for _, want := range []string{"its ID was used before", "launching task large: the offer lacks"} {
		if !strings.Contains(strings.Join(lines, "\n"), want) {
			t.Errorf("nothing was logged that contains %q, but %q", want, lines)
		}
	}
}

// A call that waits in a lane which has stopped is dropped only after the stream's helpers have ended, so none of them may wait for it.
func TestBridge_tell_endsWithTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{Framework: framework()}, Options{})
		current := termOf(t.Context(), b)
		got := make(chan outcome, 1)
		go func() { got <- b.tell(current, 0) }()
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("there is an outcome of a call that waits for its turn")
		}
		current.end(nil)
		if o := <-got; o.sent || !errors.Is(o.err, errTermEnded) {
			t.Errorf("the outcome is %+v", o)
		}
	})
}

// The record of a task that is over is kept for its acknowledgement; whoever keeps it must learn when that was taken.
func TestBridge_tellsOfAnAcceptedAcknowledgement(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.launch("job")
		h.pass(time.Second)
		heard := h.notes.times("observed job")
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Answer, Type: "ACKNOWLEDGE", Status: 500, Text: "no"})
		h.acknowledge("job")
		if n := h.notes.times("observed job") - heard; n != 0 {
			h.Errorf("an acknowledgement that failed was told of %d times", n)
		}
		// What comes after the acknowledgement is lost, so that nothing else is told of.
		h.cluster.Inject(simulator.Fault{Target: simulator.MessageFault, Action: simulator.Drop, Type: simulator.AcknowledgeUpdate})
		h.acknowledge("job")
		h.pass(time.Second)
		if n := h.notes.times("observed job") - heard; n != 1 || h.attempt("job").Unacked != nil {
			h.Errorf("an accepted acknowledgement was told of %d times, and %+v waits", n, h.attempt("job").Unacked)
		}
		// Told again of what it knows, the listener has nothing more to acknowledge: there is no loop.
		h.pass(5 * time.Second)
		if n := h.notes.times("observed job") - heard; n != 1 {
			h.Errorf("it was told of %d times", n)
		}
	})
}

func TestBridge_doesNotTellOfWhatWasForgotten(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.launch("job")
		h.pass(time.Second)
		heard := h.notes.times("observed job")
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.DelayAnswer, Delay: 5 * time.Second, Type: "ACKNOWLEDGE"})
		h.cluster.Inject(simulator.Fault{Target: simulator.MessageFault, Action: simulator.Drop, Type: simulator.AcknowledgeUpdate})
		h.acknowledge("job")
		h.bridge.Forget("job")
		h.pass(6 * time.Second)
		if n := h.notes.times("observed job") - heard; n != 0 {
			h.Errorf("the acknowledgement of a forgotten task was told of %d times", n)
		}
	})
}

// A made-up task named first shows when the master took a RECONCILE up: it answers in the order of the list, with nothing between.
func TestBridge_Reconcile_isAnsweredInItsOrder(t *testing.T) {
	inVirtualTime(t, setup{agents: 2}, func(h *harness) {
		h.subscribed()
		h.running("job")
		agent := h.attempt("job").AgentID
		for _, list := range [][]reconciliation.Attempt{
			{{TaskID: "mark-1", AgentID: "no-agent"}, {TaskID: "job", AgentID: agent}},
			{{TaskID: "job", AgentID: agent}, {TaskID: "mark-2", AgentID: "no-agent"}},
		} {
			before := h.bridge.Connection().LastEvent
			outcome := make(chan error, 1)
			h.bridge.Reconcile(list, func(err error) { outcome <- err })
			h.pass(0)
			if err := <-outcome; err != nil {
				h.Fatal(err)
			}
			for i, one := range list {
				want := mesos.Number{Term: before.Term, Event: before.Event + uint64(i) + 1}
				if got := h.attempt(one.TaskID).Last; got != want {
					h.Errorf("the answer for %s is event %+v, want %+v", one.TaskID, got, want)
				}
			}
		}
	})
}
