package mesosbridge

import (
	"slices"
	"testing"
	"time"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// TestBridge_aCallThatHangsHoldsUpNoOtherKind: whatever kind of call the master never answers, all others are sent at once; a REVIVE a second later than a DECLINE
// or an ACCEPT whose filter it is to void, and of what says which offers are wanted, and of which framework, only once the one before was given up.
func TestBridge_aCallThatHangsHoldsUpNoOtherKind(t *testing.T) {
	wishes := []string{"SUPPRESS", "REVIVE", "UPDATE_FRAMEWORK"}
	for _, hangs := range slices.Concat(wishes, []string{"DECLINE", "ACCEPT", "KILL", "RECONCILE", "ACKNOWLEDGE"}) {
		t.Run(hangs, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 4, config: twoRoles}, func(h *harness) {
				h.subscribed()
				h.running("job")
				before := len(h.calls())
				h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Delay, Delay: time.Hour, Type: hangs, Count: -1})
				// Twice as many as are sent at a time, of what the test may ask for as often as it wants.
				for range 2 * sideBySide {
					h.bridge.Kill("other", "", nil)
					h.bridge.Reconcile(asking("other"), func(error) {})
					h.pass(time.Millisecond)
				}
				offers := h.bridge.Offers()
				h.bridge.Accept(offers[0].ID, []mesos.Task{small("more")}, time.Minute, nil)
				h.bridge.Decline([]string{offers[1].ID}, time.Minute, DeclineUnfit)
				h.pass(time.Millisecond)
				h.cluster.SendEvent("", updateEvent("another"))
				h.pass(time.Millisecond)
				h.acknowledge("another")
				h.bridge.WantOffers("prod")
				h.pass(time.Millisecond)
				h.bridge.Revive("prod", "batch")
				config := h.bridge.config
				config.Framework.WebUIURL = "http://elsewhere.example"
				h.bridge.Reconfigure(config)
				wait := time.Millisecond
				switch {
				case hangs == "DECLINE" || hangs == "ACCEPT":
					wait = filtersPassWithin
				case slices.Contains(wishes, hangs):
					wait = firstAnswer
				}
				h.pass(wait)
				if slices.Contains(wishes, hangs) {
					// The next of them may come after one that is tried again.
					h.pass(2 * firstAnswer)
				}
				sent := h.calls()[before:]
				for _, call := range slices.Concat(wishes, []string{"DECLINE", "ACCEPT", "KILL", "RECONCILE", "ACKNOWLEDGE"}) {
					if !slices.Contains(sent, call) {
						h.Errorf("no %s was sent within %v, but %v", call, wait, sent)
					}
				}
				if got := h.bridge.Connection().Term; got != 1 {
					h.Errorf("it is term %d", got)
				}
			})
		})
	}
}

// TestBridge_asksOnceMoreAfterWhatHangs: a task that is asked for again and again while a RECONCILE hangs is asked for once after that, and nobody else is left out.
func TestBridge_asksOnceMoreAfterWhatHangs(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.occupy("RECONCILE", time.Minute)
		before := h.count("RECONCILE")
		for range 100 {
			for _, taskID := range []string{"job", "other"} {
				h.bridge.Ask(taskID, asking(taskID), func(error) {})
			}
		}
		h.pass(2 * time.Minute)
		if n := h.count("RECONCILE") - before; n != 2 {
			h.Errorf("two tasks were asked for by %d calls", n)
		}
		if job, other := h.state("job"), h.state("other"); job != mesos.TaskUnknown || other != mesos.TaskUnknown {
			h.Errorf("Mesos says %q of one and %q of the other", job, other)
		}
	})
}

// What ended and was forgotten while its RECONCILE waited behind one that hangs is not asked for.
func TestBridge_asksForNothingThatWasForgotten(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.occupy("RECONCILE", time.Minute)
		h.bridge.Reconcile(asking("job", "other"), func(error) {})
		h.bridge.Ask("job", asking("job"), func(err error) {
			if err != nil {
				h.Errorf("what is over counts as not asked for: %v", err)
			}
		})
		before := h.count("RECONCILE")
		h.bridge.Forget("job")
		h.pass(2 * time.Minute)
		if tasks := h.last("RECONCILE").Reconcile.Tasks; h.count("RECONCILE")-before != 1 || len(tasks) != 1 || tasks[0].TaskID.Value != "other" {
			h.Errorf("%d calls more, the last about %v", h.count("RECONCILE")-before, tasks)
		}
	})
}

// TestBridge_declinesAgainWhatHangs: a DECLINE without an answer is sent again after ten seconds, and again after ever more; one that is answered meanwhile is not.
func TestBridge_declinesAgainWhatHangs(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Delay, Delay: time.Hour, Type: "DECLINE", Count: 3})
		h.bridge.Decline([]string{h.offer().ID}, time.Hour, DeclineUnfit)
		began, last := time.Now(), time.Time{}
		var waits []time.Duration
		for range 3 * 60 * 10 {
			h.pass(100 * time.Millisecond)
			if n := h.count("DECLINE"); n > len(waits) {
				if !last.IsZero() {
					waits = append(waits, time.Since(last))
				} else {
					waits = append(waits, 0)
				}
				last = time.Now()
			}
		}
		if len(waits) != 4 {
			h.Fatalf("it was sent %d times in %v: %v", len(waits), time.Since(began), waits)
		}
		for i, least := range []time.Duration{0, firstAnswer, 2 * firstAnswer, 4 * firstAnswer} {
			if waits[i] < least || waits[i] > least+fastMost+time.Second {
				h.Errorf("it was sent after waits of %v, want the one before %v given up after %v", waits, waits[i], least)
			}
		}
		if n := h.cluster.OpenOffers(""); n != 0 {
			h.Errorf("%d offers are open", n)
		}
	})
}

// TestBridge_revivesWhatIsOnItsWayToBeRefused: on different connections calls have no order. A REVIVE waits for a call that has offers refused, and is sent again
// where it did not wait, so that what was asked for is not refused by a call from before.
func TestBridge_revivesWhatIsOnItsWayToBeRefused(t *testing.T) {
	for _, call := range []string{"DECLINE", "ACCEPT"} {
		for _, delay := range []time.Duration{filtersPassWithin / 2, 5 * filtersPassWithin} {
			t.Run(call+" takes "+delay.String(), func(t *testing.T) {
				inVirtualTime(t, setup{agents: 1}, func(h *harness) {
					h.subscribed()
					h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Delay, Delay: delay, Type: call})
					if offer := h.offer().ID; call == "DECLINE" {
						h.bridge.Decline([]string{offer}, time.Hour, DeclineUnfit)
					} else {
						h.bridge.Accept(offer, []mesos.Task{small("job")}, time.Hour, nil)
					}
					h.pass(time.Millisecond)
					h.bridge.Revive("prod")
					h.pass(10 * time.Second)
					if n := len(h.bridge.Offers()); n != 1 {
						h.Errorf("there are %d offers", n)
					}
					want := 1
					if delay > filtersPassWithin {
						want = 2
					}
					if n := h.count("REVIVE"); n != want {
						h.Errorf("%d REVIVEs were sent, want %d", n, want)
					}
				})
			})
		}
	}
}

// TestBridge_revivesWhatMayYetBeRefused: a DECLINE whose connection broke may come to the master after all, after a REVIVE and before the DECLINE is sent again.
func TestBridge_revivesWhatMayYetBeRefused(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		late := h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Late, Delay: fastFirst / 2, Type: "DECLINE"})
		h.bridge.Decline([]string{h.offer().ID}, time.Hour, DeclineUnfit)
		h.pass(time.Millisecond)
		h.bridge.Revive("prod")
		h.pass(10 * time.Second)
		if got := [...]int{late.Hits(), h.count("DECLINE"), h.count("REVIVE"), len(h.bridge.Offers())}; got != [...]int{1, 2, 2, 1} {
			h.Errorf("late calls, DECLINEs, REVIVEs and offers: %v", got)
		}
	})
}

// TestBridge_whatArrivesLate: what was given up, as its connection broke, may come to the master when the framework has long gone on. It has no effect once the
// framework has subscribed anew, as it does after each ACCEPT that was given up. Until then a DECLINE is of an offer that is not open any more, and a KILL of a
// task whose ID is used once.
func TestBridge_whatArrivesLate(t *testing.T) {
	inVirtualTime(t, setup{agents: 2}, func(h *harness) {
		h.subscribed()
		h.running("job")
		for _, call := range []string{"ACCEPT", "KILL", "DECLINE"} {
			h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Late, Delay: time.Minute, Type: call})
		}
		h.bridge.Kill("job", "", nil)
		h.bridge.Decline([]string{h.offer().ID}, 0, DeclineUnfit)
		h.pass(5 * time.Second)
		h.launch("lost")
		h.pass(30 * time.Second)
		if got := h.attempt("lost").Accept; got != AcceptUnanswered || h.bridge.Connection().Term != 2 {
			h.Fatalf("the ACCEPT is %s, in term %d", got, h.bridge.Connection().Term)
		}
		outcome := make(chan error, 1)
		h.bridge.Reconcile([]reconciliation.Attempt{{TaskID: "lost", AgentID: h.attempt("lost").AgentID}}, func(err error) { outcome <- err })
		h.pass(time.Second)
		if got := h.state("lost"); got != mesos.TaskGone {
			h.Errorf("the task of the ACCEPT is %q before that arrives: %v", got, <-outcome)
		}
		h.pass(2 * time.Minute)
		if live := h.cluster.LiveTasks(); live != 1 || h.state("job") != mesos.TaskRunning || len(h.bridge.Offers()) != 2 {
			h.Errorf("%d tasks live, job is %q, and there are %d offers", live, h.state("job"), len(h.bridge.Offers()))
		}
	})
}

// TestBridge_refusesNothingOnceRevived: an ACCEPT that waits for its turn while offers are asked for has what remains refused no more.
func TestBridge_refusesNothingOnceRevived(t *testing.T) {
	inVirtualTime(t, setup{agents: sideBySide + 1}, func(h *harness) {
		h.subscribed()
		h.occupy("ACCEPT", 5*time.Second)
		h.bridge.Accept(h.offer().ID, []mesos.Task{small("job")}, time.Hour, nil)
		h.bridge.Revive("prod")
		h.pass(10 * time.Second)
		if got := h.last("ACCEPT").Accept.GetFilters().GetRefuseSeconds(); got != 0 {
			h.Errorf("what remains is refused for %v s", got)
		}
	})
}

// atOnce is a Listener that does something as soon as it hears of an attempt's ACCEPT, and takes its time.
type atOnce struct {
	*notes
	do func(taskID string)
}

func (a atOnce) AttemptChanged(taskID string) {
	a.do(taskID)
	time.Sleep(time.Second)
}

// TestBridge_asksNothingInTheTermOfAnUnansweredAccept: an ACCEPT without a clear answer may take effect until the framework has subscribed anew. A KILL or a RECONCILE
// that came to the master before it would be answered that there is no such task, which then would run.
func TestBridge_asksNothingInTheTermOfAnUnansweredAccept(t *testing.T) {
	var h *harness
	outcome := make(chan error, 1)
	inVirtualTime(t, setup{agents: 1, options: func(o *Options) {
		o.Listener = atOnce{&notes{}, func(taskID string) {
			if h != nil && h.attempt(taskID).Accept == AcceptUnanswered && len(outcome) == 0 {
				h.bridge.Kill(taskID, "", nil)
				h.bridge.Reconcile(asking(taskID), func(err error) { outcome <- err })
			}
		}}
	}}, func(running *harness) {
		h = running
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.Delay, Delay: time.Hour})
		h.launch("job")
		h.pass(2 * callTimeout)
		if err := <-outcome; err == nil {
			h.Error("the RECONCILE counts as answered")
		}
		h.expect("UPDATE_FRAMEWORK", "ACCEPT")
		if got := h.bridge.Connection().Term; got != 2 {
			h.Errorf("it is term %d", got)
		}
	})
}
