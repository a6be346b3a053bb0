package mesosbridge

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
	"github.com/mesos-operator/mesos-operator/mesosbridge/reconciliation"
)

// asking names tasks without an agent.
func asking(taskIDs ...string) []reconciliation.Attempt {
	refs := make([]reconciliation.Attempt, len(taskIDs))
	for i, id := range taskIDs {
		refs[i].TaskID = id
	}
	return refs
}

// last returns the last call of the type that masters received, which must exist.
func (h *harness) last(callType string) *scheduler.Call {
	h.Helper()
	log := h.cluster.CallLog()
	for _, call := range slices.Backward(log) {
		if call.Type == callType {
			return call.Call
		}
	}
	h.Fatalf("no %s was received", callType)
	return nil
}

func TestBridge_Acknowledge(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.launch("job")
		h.pass(time.Second)
		first := h.attempt("job").Unacked
		if first == nil || first.State != mesos.TaskStarting {
			h.Fatalf("the update that waits is %+v", first)
		}
		h.bridge.Acknowledge("job", []byte("not its uuid 123"))
		h.bridge.Acknowledge("unknown", first.UUID)
		h.pass(time.Second)
		if n := h.count("ACKNOWLEDGE"); n != 0 {
			h.Fatalf("%d updates were acknowledged that do not wait", n)
		}

		// The agent never hears of the first acknowledgement and repeats the update.
		h.cluster.Inject(simulator.Fault{Target: simulator.MessageFault, Action: simulator.Drop, Type: simulator.AcknowledgeUpdate})
		for range 3 {
			h.bridge.Acknowledge("job", first.UUID)
		}
		h.pass(time.Second)
		if n := h.count("ACKNOWLEDGE"); n != 1 {
			h.Errorf("one update was acknowledged %d times", n)
		}
		if h.attempt("job").Unacked != nil {
			h.Error("an acknowledged update still waits")
		}
		h.pass(20 * time.Second)
		again := h.attempt("job")
		if again.Unacked == nil || diffUUID(again.Unacked, first) != "" || again.Observation.State != mesos.TaskStarting {
			h.Fatalf("the repeated update does not wait: %+v", again)
		}
		h.acknowledge("job")
		h.pass(time.Second)
		if got := h.state("job"); got != mesos.TaskRunning {
			h.Errorf("the task is %q after its first update was acknowledged", got)
		}
	})
}

func diffUUID(a, b *mesos.Observation) string { return cmp.Diff(a.UUID, b.UUID) }

func TestBridge_keepsAnUpdateWaitingWhenItsAcknowledgementFails(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.launch("job")
		h.pass(time.Second)
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Answer, Type: "ACKNOWLEDGE", Status: 500, Text: "no"})
		h.acknowledge("job")
		if a := h.attempt("job"); a.Unacked == nil || a.Unacked.State != mesos.TaskStarting {
			h.Errorf("the update does not wait any more: %+v", a)
		}
		h.acknowledge("job")
		h.pass(time.Second)
		if got := h.state("job"); got != mesos.TaskRunning {
			h.Errorf("the task is %q", got)
		}
		if h.bridge.Connection().Term != 1 {
			h.Error("a failed ACKNOWLEDGE ended the term")
		}
	})
}

func TestBridge_acknowledgesInALaterTerm(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.launch("job")
		h.pass(time.Second)
		h.cluster.CutStream("", 0)
		h.pass(0)
		h.acknowledge("job")
		if n := h.count("ACKNOWLEDGE"); n != 0 {
			h.Error("an acknowledgement was sent without a subscription")
		}
		h.pass(10 * time.Second)
		h.acknowledge("job")
		h.pass(time.Second)
		if got := h.state("job"); got != mesos.TaskRunning {
			h.Errorf("the task is %q", got)
		}
	})
}

func TestBridge_Kill(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("job")
		grace := 7 * time.Second
		h.bridge.Kill("job", h.attempt("job").Observation.AgentID, &grace)
		h.pass(time.Second)
		kill := h.last("KILL").Kill
		if kill.GetAgentID().GetValue() == "" || kill.GetKillPolicy().GetGracePeriod().GetNanoseconds() != grace.Nanoseconds() {
			h.Errorf("the call is %+v", kill)
		}
		if got := h.state("job"); got != mesos.TaskKilling {
			h.Errorf("the task is %q", got)
		}
		h.bridge.Kill("job", "", nil)
		h.pass(time.Second)
		if kill := h.last("KILL").Kill; kill.AgentID != nil || kill.KillPolicy != nil {
			h.Errorf("the call is %+v", kill)
		}
	})
}

func TestBridge_doesNotPileUpKills(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("job")
		h.occupy("KILL", 8*time.Second)
		for range 50 {
			h.bridge.Kill("job", "", nil)
			h.pass(100 * time.Millisecond)
		}
		h.pass(time.Minute)
		if n := h.count("KILL"); n != sideBySide+1 {
			h.Errorf("%d KILLs were sent, all but %d asked for while one could not leave", n, sideBySide)
		}
	})
}

func TestBridge_Reconcile(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("job")
		agent := h.attempt("job").Observation.AgentID
		before := h.attempt("job")
		outcome := make(chan error, 1)
		done := func(err error) { outcome <- err }

		h.bridge.Reconcile([]reconciliation.Attempt{{TaskID: "job", AgentID: agent}, {TaskID: "lost", AgentID: agent}}, done)
		h.pass(0)
		if err := <-outcome; err != nil {
			h.Fatal(err)
		}
		if got := h.state("lost"); got != mesos.TaskGone {
			h.Errorf("the task that the agent does not have is %q", got)
		}
		after := h.attempt("job")
		if !after.Last.After(before.Last) || after.Observation.Source != before.Observation.Source || after.Observation.State != mesos.TaskRunning {
			h.Errorf("the answer made %+v of %+v", after.Observation, before.Observation)
		}

		h.bridge.Reconcile(nil, done)
		h.pass(0)
		if err := <-outcome; err == nil {
			h.Error("an empty list was sent")
		}
		if n := h.count("RECONCILE"); n != 1 {
			h.Errorf("%d RECONCILEs were sent", n)
		}
	})
}

func TestBridge_MayAsk(t *testing.T) {
	tests := map[string]struct {
		state AcceptState
		may   bool
	}{
		"yes, of what this process did not launch":      {"", true},
		"no, before its ACCEPT was sent":                {AcceptUnsent, false},
		"no, while its ACCEPT is on its way":            {AcceptSent, false},
		"yes, once its ACCEPT was answered 202":         {AcceptAccepted, true},
		"yes, once the term of its ACCEPT is over":      {AcceptUnanswered, true},
		"never, when its ACCEPT was not sent":           {AcceptNeverSent, false},
		"never, when its ACCEPT was refused with a 4xx": {AcceptRefused, false},
		"no, in a state that a later version may have":  {"Later", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := New(Config{}, Options{})
			b.attempt("job").Accept = test.state
			if got := b.MayAsk("job"); got != test.may {
				t.Errorf("MayAsk is %v", got)
			}
		})
	}
	if !New(Config{}, Options{}).MayAsk("never heard of") {
		t.Error("a task without a record may not be asked about")
	}
}

// Rule 7 is looked at as the call leaves, not as it is asked for.
func TestBridge_holdsBackKillAndReconcileOfALaunchUnderWay(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.bridge.Reserve("job", "agent")
		h.bridge.Kill("job", "", nil)
		outcome := make(chan error, 2)
		h.bridge.Reconcile(asking("job"), func(err error) { outcome <- err })
		h.pass(time.Second)
		if err := <-outcome; err == nil {
			h.Error("RECONCILE of a launch under way counts as sent")
		}
		h.bridge.Reconcile(asking("job", "other"), func(err error) { outcome <- err })
		h.pass(time.Second)
		if err := <-outcome; err != nil {
			h.Error(err)
		}
		h.expect("UPDATE_FRAMEWORK", "RECONCILE")
		tasks := h.last("RECONCILE").Reconcile.Tasks
		if len(tasks) != 1 || tasks[0].TaskID.Value != "other" {
			h.Errorf("asked about %v", tasks)
		}
		h.bridge.AcceptNeverSent("job")
		if got := h.attempt("job").Accept; got != AcceptNeverSent {
			h.Errorf("the ACCEPT is %q", got)
		}
		h.bridge.Forget("job")
		if _, known := h.bridge.Attempt("job"); known {
			h.Error("the attempt was not forgotten")
		}
	})
}

func TestBridge_tellsOfAFailedAgent(t *testing.T) {
	inVirtualTime(t, setup{agents: 2}, func(h *harness) {
		h.subscribed()
		h.running("job")
		agent := h.attempt("job").Observation.AgentID
		if got, _ := h.bridge.AgentFailedAt(agent); got != (mesos.Number{}) {
			h.Errorf("the failure of an agent that had none is %v", got)
		}
		for _, a := range h.cluster.Agents() {
			if a.ID() == agent {
				a.Partition()
			}
		}
		h.pass(2 * time.Minute)
		if number, at := h.bridge.AgentFailedAt(agent); h.notes.times("failed "+agent) != 1 || number.Event == 0 || at.IsZero() {
			h.Errorf("told of the failure %d times, number %v at %v", h.notes.times("failed "+agent), number, at)
		}
		if got := h.attempt("job").Observation; got.State != mesos.TaskUnreachable || got.UnreachableTime.IsZero() {
			h.Errorf("the task on it is %+v", got)
		}
		for _, o := range h.bridge.Offers() {
			if o.AgentID == agent {
				h.Error("an offer of the failed agent is still open")
			}
		}
	})
}

func TestBridge_sendsNothingItMayNot(t *testing.T) {
	var denied error
	inVirtualTime(t, setup{agents: 1, options: func(o *Options) { o.Gate = shutBy(&denied) }}, func(h *harness) {
		h.subscribed()
		before := len(h.calls())
		denied = errDenied
		outcome := make(chan error, 1)
		h.bridge.Reconcile(asking("job"), func(err error) { outcome <- err })
		h.bridge.Kill("job", "", nil)
		h.bridge.WantOffers()
		h.launch("web")
		h.pass(time.Second)
		if err := <-outcome; err == nil {
			h.Error("a call that was held back counts as sent")
		}
		if n := len(h.calls()); n != before {
			h.Errorf("%d calls left", n-before)
		}
		if got := h.attempt("web").Accept; got != AcceptNeverSent {
			h.Errorf("the ACCEPT that was held back is %q", got)
		}
		if h.bridge.Connection().Term != 1 || !h.bridge.Connection().Subscribed {
			h.Error("holding calls back ended the term")
		}
	})
}

// shutBy is a gate that keeps calls back while there is an error.
func shutBy(denied *error) func(string, func() error) error {
	return func(_ string, send func() error) error {
		if *denied != nil {
			return *denied
		}
		return send()
	}
}

// A gate that loses an answer leaves the fate of the call unknown, and one that keeps the call back does not.
func TestBridge_gateThatLosesTheAnswer(t *testing.T) {
	cases := map[string]struct {
		lose func(send func() error) error
		want AcceptState
	}{
		"before it is sent": {func(func() error) error { return errDenied }, AcceptNeverSent},
		"after it was sent": {func(send func() error) error {
			if err := send(); err != nil {
				return err
			}
			return errDenied
		}, AcceptUnanswered},
	}
	for sentence, tc := range cases {
		t.Run(sentence, func(t *testing.T) {
			gate := func(callType string, send func() error) error {
				if callType == "ACCEPT" {
					return tc.lose(send)
				}
				return send()
			}
			inVirtualTime(t, setup{agents: 1, options: func(o *Options) { o.Gate = gate }}, func(h *harness) {
				h.subscribed()
				h.launch("web")
				h.pass(100 * time.Millisecond)
				if attempt, _ := h.bridge.Attempt("web"); attempt.Accept != tc.want {
					h.Errorf("the ACCEPT is %s, want %s", attempt.Accept, tc.want)
				}
			})
		})
	}
}

// TestBridge_whatEndsMeanwhile: neither a KILL nor a RECONCILE is sent about a task that ended while the call waited behind another. One that the master
// dropped may live all the same, and is asked about.
func TestBridge_whatEndsMeanwhile(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.launch("job", "other")
		h.pass(time.Second)
		for _, task := range []string{"job", "other", "job", "other"} {
			h.acknowledge(task)
			h.pass(time.Second)
		}
		h.bridge.Kill("job", h.attempt("job").AgentID, nil)
		h.pass(time.Second)
		h.occupy("KILL", 8*time.Second)
		h.occupy("RECONCILE", 8*time.Second)
		done := map[string]error{}
		ask := func(name string, taskIDs ...string) {
			h.bridge.Reconcile(asking(taskIDs...), func(err error) { done[name] = err })
		}
		h.bridge.Kill("job", h.attempt("job").AgentID, nil)
		ask("over", "job")
		ask("both", "job", "other")
		for h.state("job") != mesos.TaskKilled {
			h.acknowledge("job")
			h.pass(time.Second)
		}
		h.pass(10 * time.Second)
		if kills, asked := h.count("KILL")-sideBySide, h.last("RECONCILE").Reconcile.Tasks; kills != 1 || h.count("RECONCILE") != 2 || len(asked) != 1 || asked[0].TaskID.Value != "other" {
			h.Errorf("%d KILLs, and RECONCILE %d times, the last for %v", kills, h.count("RECONCILE"), asked)
		}
		if diff := cmp.Diff(map[string]error{"over": nil, "both": nil}, done); diff != "" {
			h.Errorf("what became of the questions (-want +got):\n%s", diff)
		}
	})
}
