package mesosbridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// subscribes returns the SUBSCRIBE calls that masters received.
func (h *harness) subscribes() []*scheduler.Call_Subscribe {
	var subscribes []*scheduler.Call_Subscribe
	for _, call := range h.cluster.CallLog() {
		if call.Call.Subscribe != nil {
			subscribes = append(subscribes, call.Call.Subscribe)
		}
	}
	return subscribes
}

// problem returns the class of the subscription's problem; empty if there is none.
func (h *harness) problem() Class {
	if p := h.bridge.Connection().Problem; p != nil {
		return p.Class
	}
	return ""
}

func TestBridge_runsATask(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("shop.web.1a2b3c4d.k3j9x0q2")
		a := h.attempt("shop.web.1a2b3c4d.k3j9x0q2")
		if a.Accept != AcceptAccepted || a.Unacked != nil || a.AcceptedAt.IsZero() {
			h.Errorf("unexpected record: %+v", a)
		}
		h.bridge.Kill(a.TaskID, a.Observation.AgentID, nil)
		for range 2 {
			h.pass(time.Second)
			h.acknowledge(a.TaskID)
		}
		if got := h.state(a.TaskID); got != mesos.TaskKilled {
			h.Errorf("the task is %q after KILL", got)
		}
		if live := h.cluster.LiveTasks(); live != 0 {
			h.Errorf("%d tasks still live", live)
		}
	})
}

func TestBridge_registersANewFrameworkCarefully(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.pass(2 * time.Second)
		c := h.bridge.Connection()
		if !c.Subscribed || c.FrameworkID == "" || c.Term != 1 || c.Problem != nil || c.FirstSubscribed.IsZero() || c.Master.URL != h.cluster.Masters()[0].URL() {
			h.Fatalf("unexpected connection: %+v", c)
		}
		if got := h.subscribes()[0].FrameworkInfo.GetFailoverTimeout(); got != 60 {
			h.Errorf("a framework whose ID nobody stored has a failover timeout of %v s", got)
		}
		if h.bridge.MayAccept() {
			h.Error("offers may be accepted before the framework ID is durable")
		}
		h.launch("early")
		if got := h.attempt("early").Accept; got != AcceptNeverSent {
			h.Errorf("an ACCEPT before the framework ID is durable is %q", got)
		}
		h.expect("DECLINE")

		fault := h.cluster.Inject(simulator.Fault{
			Target: simulator.CallFault, Action: simulator.Answer, Type: "UPDATE_FRAMEWORK", Status: 500, Text: "busy", Count: 2,
		})
		h.bridge.FrameworkIDStored()
		h.pass(0)
		if fault.Hits() != 1 || h.bridge.MayAccept() {
			h.Errorf("offers may be accepted although the longer failover timeout was not confirmed (%d tries)", fault.Hits())
		}
		h.pass(time.Minute)
		if !h.bridge.MayAccept() {
			h.Error("no offer may be accepted although the longer failover timeout was confirmed")
		}
		updates := h.cluster.CallLog()
		last := updates[len(updates)-1].Call.UpdateFramework
		if last == nil || last.FrameworkInfo.GetFailoverTimeout() != week.Seconds() {
			h.Errorf("the last call is %+v", updates[len(updates)-1].Call)
		}
		h.bridge.FrameworkIDStored()
		h.pass(time.Minute)
		h.expect("DECLINE", "UPDATE_FRAMEWORK", "UPDATE_FRAMEWORK", "UPDATE_FRAMEWORK")
	})
}

// TestBridge_registersOneWithAShortTimeout: one whose own failover timeout is short needs no update, and still launches nothing before its ID is durable.
func TestBridge_registersOneWithAShortTimeout(t *testing.T) {
	short := func(c *Config) { c.Framework.FailoverTimeout = 30 * time.Second }
	inVirtualTime(t, setup{agents: 1, config: short}, func(h *harness) {
		h.pass(2 * time.Second)
		if got := h.subscribes()[0].FrameworkInfo.GetFailoverTimeout(); got != 30 {
			h.Errorf("it subscribed with a failover timeout of %v s", got)
		}
		h.launch("early")
		if got := h.attempt("early").Accept; got != AcceptNeverSent || h.bridge.MayAccept() {
			h.Errorf("an ACCEPT before the framework ID is durable is %q", got)
		}
		h.bridge.FrameworkIDStored()
		h.pass(time.Minute)
		h.launch("web")
		if got := h.attempt("web").Accept; got != AcceptAccepted || h.count("UPDATE_FRAMEWORK") != 0 {
			h.Errorf("an ACCEPT after that is %q, with %d UPDATE_FRAMEWORKs", got, h.count("UPDATE_FRAMEWORK"))
		}
	})
}

func TestBridge_keepsAFrameworksID(t *testing.T) {
	adopt := func(c *Config) { c.Framework.ID = "2c1f-0007" }
	inVirtualTime(t, setup{config: adopt}, func(h *harness) {
		h.pass(0)
		if c := h.bridge.Connection(); !c.Subscribed || c.FrameworkID != "2c1f-0007" || !h.bridge.MayAccept() {
			h.Fatalf("unexpected connection: %+v", c)
		}
		if got := h.subscribes()[0].FrameworkInfo; got.GetFailoverTimeout() != week.Seconds() || got.GetID().GetValue() != "2c1f-0007" {
			h.Errorf("the framework was described as %+v", got)
		}
		h.bridge.FrameworkIDStored()
		h.pass(time.Minute)
		h.expect("UPDATE_FRAMEWORK")
	})
}

func TestBridge_resubscribesWithTheSameID(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("job")
		before := h.bridge.Connection()
		h.cluster.StopMaster(0)
		h.pass(time.Second / 2)
		down := h.bridge.Connection()
		if down.Subscribed || down.Problem == nil || down.Problem.Class != StreamEnded || down.NextTry.IsZero() || len(h.bridge.Offers()) != 0 {
			h.Errorf("unexpected connection after the master stopped: %+v, %d offers", down, len(h.bridge.Offers()))
		}
		h.pass(30 * time.Second)
		if got := h.problem(); got != MasterUnreachable {
			h.Errorf("the problem with a stopped master is %q", got)
		}
		h.cluster.StartMaster(0)
		h.pass(30 * time.Second)
		after := h.bridge.Connection()
		if !after.Subscribed || after.FrameworkID != before.FrameworkID || after.Term != before.Term+1 || !after.FirstSubscribed.Equal(before.FirstSubscribed) {
			h.Errorf("unexpected connection after the master came back: %+v, before it was %+v", after, before)
		}
		if len(h.cluster.Frameworks()) != 1 || !h.bridge.MayAccept() {
			h.Errorf("frameworks: %v, may accept: %v", h.cluster.Frameworks(), h.bridge.MayAccept())
		}
		if a := h.attempt("job"); a.Observation.State != mesos.TaskRunning || a.Accept != AcceptAccepted {
			h.Errorf("the record of the task was lost: %+v", a)
		}
	})
}

func TestBridge_keepsTheShortTimeoutUntilTheIDIsDurable(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		h.pass(time.Second)
		h.cluster.CutStream("", 0)
		h.pass(20 * time.Second)
		h.cluster.CutStream("", 0)
		h.bridge.FrameworkIDStored()
		h.pass(20 * time.Second)
		var timeouts []float64
		for _, s := range h.subscribes() {
			timeouts = append(timeouts, s.FrameworkInfo.GetFailoverTimeout())
		}
		if len(timeouts) < 3 || timeouts[1] != 60 || timeouts[len(timeouts)-1] != week.Seconds() || !h.bridge.MayAccept() {
			h.Errorf("the framework subscribed with failover timeouts of %v s, may accept: %v", timeouts, h.bridge.MayAccept())
		}
	})
}

func TestBridge_followsTheLeader(t *testing.T) {
	for name, order := range map[string][]int{
		"when the leader is asked first": {0, 1, 2},
		"when a follower redirects":      {2, 1, 0},
		"when only a follower is named":  {1},
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, setup{cluster: simulator.Options{Masters: 3}, agents: 1, idle: true}, func(h *harness) {
				var masters []string
				for _, i := range order {
					masters = append(masters, h.cluster.Masters()[i].URL())
				}
				h.bridge.Reconfigure(Config{Masters: masters, Framework: framework()})
				h.run()
				defer h.stop()
				h.subscribed()
				if got := h.bridge.Connection().Master.URL; got != h.cluster.Masters()[0].URL() {
					h.Errorf("subscribed at %s", got)
				}
				h.running("job")
			})
		})
	}
}

func TestBridge_followsAChangeOfLeader(t *testing.T) {
	inVirtualTime(t, setup{cluster: simulator.Options{Masters: 3}, agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("job")
		for _, to := range []int{1, 2, 0} {
			h.cluster.FailOver(simulator.FailOver{To: to, Down: 20 * time.Second, AgentsBack: 1})
			h.pass(10 * time.Second)
			if got := h.problem(); got != NoLeader {
				h.Errorf("the problem without a leader is %q: %+v", got, h.bridge.Connection())
			}
			h.pass(time.Minute)
			if c := h.bridge.Connection(); !c.Subscribed || c.Master.URL != h.cluster.Masters()[to].URL() {
				h.Fatalf("master %d leads, the connection is %+v", to, c)
			}
		}
		if n := len(h.cluster.Frameworks()); n != 1 {
			h.Errorf("%d frameworks exist", n)
		}
	})
}

// TestFault58_heartbeatsStopWhileTCPIsAlive is row 58 of the fault matrix: "heartbeats stop, TCP alive (one-way)". The stream is given up after 75 s, no earlier, and
// another is made, though calls get through all the while.
func TestFault58_heartbeatsStopWhileTCPIsAlive(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		h.subscribed()
		h.pass(30 * time.Second)
		h.cluster.StopHeartbeats(true)
		h.pass(72 * time.Second)
		answered := make(chan error, 1)
		h.bridge.ReconcileImplicitly(func(err error) { answered <- err })
		if err := <-answered; err != nil || !h.bridge.Connection().Subscribed {
			h.Errorf("the stream was given up before five heartbeats were missed: %v", err)
		}
		h.pass(1500 * time.Millisecond)
		if got := h.problem(); got != HeartbeatLost {
			h.Errorf("the problem after 75 s of silence is %q", got)
		}
		h.cluster.StopHeartbeats(false)
		h.pass(15 * time.Second)
		if c := h.bridge.Connection(); !c.Subscribed || c.Term != 2 {
			h.Errorf("not subscribed again: %+v", c)
		}
	})
}

// TestFault55_malformedRecordIO is row 55 of the fault matrix: "malformed RecordIO: letters, 21 digits, negative, huge length, truncation, garbage after". The stream is
// given up and made anew, with nothing allocated for what a length claims. (What the reader makes of each is in frames_test.go.)
func TestFault55_malformedRecordIO(t *testing.T) {
	heartbeat := frame(&scheduler.Event{Type: scheduler.Event_HEARTBEAT})
	raw := func(bytes string) func(h *harness) { return func(h *harness) { h.cluster.SendRaw("", []byte(bytes)) } }
	tests := map[string]struct {
		damage func(h *harness)
		class  Class
	}{
		"cut between events":    {func(h *harness) { h.cluster.CutStream("", 0) }, StreamEnded},
		"cut within an event":   {func(h *harness) { h.cluster.CutStream("", 5); h.cluster.SendRaw("", []byte("100\nabc")) }, StreamEnded},
		"cut within a length":   {func(h *harness) { h.cluster.CutStream("", 2); h.cluster.SendRaw("", []byte("100\nabc")) }, StreamEnded},
		"letters for a length":  {raw("x1\n"), BadFrame},
		"a length of 21 digits": {raw("000000000000000000001\n"), BadFrame},
		"a length of 21 nines":  {raw("999999999999999999999\n"), BadFrame},
		"a negative length":     {raw("-5\nabcde"), BadFrame},
		"a length past 64 MiB":  {raw("67108865\n"), BadFrame},
		"a length of 2^64 - 1":  {raw("18446744073709551615\n"), BadFrame},
		"a length of 2^63":      {raw("9223372036854775808\n"), BadFrame},
		"a length that is a lie": {func(h *harness) {
			h.cluster.CutStream("", 20)
			h.cluster.SendRaw("", []byte("67108864\nabcdefghijklmnop"))
		}, StreamEnded},
		"garbage after an event": {raw(heartbeat + "garbage"), BadFrame},
		"no length at all":       {raw("\nabc"), BadFrame},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, setup{}, func(h *harness) {
				h.subscribed()
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				test.damage(h)
				h.pass(16 * time.Second)
				h.pass(0)
				if h.bridge.Connection().Term == 1 && h.problem() != test.class {
					h.Errorf("the problem is %q, want %q", h.problem(), test.class)
				}
				h.pass(30 * time.Second)
				if c := h.bridge.Connection(); !c.Subscribed || c.Term < 2 {
					h.Errorf("not subscribed again: %+v", c)
				}
				runtime.ReadMemStats(&after)
				if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 32<<20 {
					h.Errorf("%d bytes were allocated for it", allocated)
				}
			})
		})
	}
}

// TestFault57_unknownEventEnumOrField is row 57 of the fault matrix: "unknown event type / enum / field; JSON instead of protobuf". What is not known is ignored and
// counted, and the stream goes on. (A stream that says that it is JSON is no master's: TestBridge_saysWhatIsWrongWithAMaster.)
func TestFault57_unknownEventEnumOrField(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.running("job")
		counted := func() float64 {
			return testutil.ToFloat64(eventsTotal.With(eventUnknown)) + testutil.ToFloat64(eventsTotal.With(eventUndecodable))
		}
		before := counted()
		h.cluster.SendEvent("", &scheduler.Event{Type: 99})
		h.cluster.SendEvent("", &scheduler.Event{Type: scheduler.Event_UNKNOWN})
		h.cluster.SendRaw("", []byte("3\n\xff\xff\xff"))
		h.cluster.SendRaw("", []byte(`20`+"\n"+`{"type":"HEARTBEAT"}`))
		h.cluster.SendRaw("", []byte("0\n"))
		h.pass(0)
		if got := counted() - before; got != 5 {
			h.Errorf("%v events were counted as unknown or undecodable, want 5", got)
		}
		for _, empty := range []scheduler.Event_Type{
			scheduler.Event_UPDATE, scheduler.Event_OFFERS, scheduler.Event_RESCIND, scheduler.Event_FAILURE, scheduler.Event_SUBSCRIBED,
			scheduler.Event_INVERSE_OFFERS, scheduler.Event_RESCIND_INVERSE_OFFER, scheduler.Event_MESSAGE, scheduler.Event_UPDATE_OPERATION_STATUS,
		} {
			h.cluster.SendEvent("", &scheduler.Event{Type: empty})
		}
		// Of a later Mesos: a state, a reason and a source with numbers of their own, and a field that no type has.
		state, reason, source := mesospb.TaskState(99), mesospb.TaskStatus_Reason(999), mesospb.TaskStatus_Source(99)
		later := updateEvent("later")
		later.Update.Status.State, later.Update.Status.Reason, later.Update.Status.Source = &state, &reason, &source
		record, err := later.Marshal()
		if err != nil {
			h.Fatal(err)
		}
		record = append(record, 0xf8, 0x07, 0x01)
		h.cluster.SendRaw("", fmt.Appendf(nil, "%d\n%s", len(record), record))
		h.pass(0)
		if got := h.state("later"); got.Class() != mesos.FateUnknown {
			h.Errorf("a state of number 99 is taken for %q", got)
		}
		h.acknowledge("later")
		h.pass(time.Second)
		if got := h.attempt("later"); got.Unacked != nil {
			h.Errorf("its update was not acknowledged: %+v", got)
		}
		if got := h.state("job"); got != mesos.TaskRunning {
			h.Errorf("the task is %q", got)
		}
		h.running("another")
		if c := h.bridge.Connection(); !c.Subscribed || c.Term != 1 {
			h.Errorf("the stream did not survive: %+v", c)
		}
	})
}

// TestFault56_frameOf64MiBOfOffers is row 56 of the fault matrix: "frame of 64 MiB valid OFFERS". It is taken, whether few offers fill it or many, and the work goes on; a
// larger one ends the stream with a sentence, and the next attempts are spaced.
func TestFault56_frameOf64MiBOfOffers(t *testing.T) {
	// filled is an event of about so many bytes, of offers with so much text each.
	filled := func(size, each int) *scheduler.Event {
		event := &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{}}
		text := strings.Repeat("x", each)
		for i := 0; size > 0; i++ {
			event.Offers.Offers = append(event.Offers.Offers, mesospb.Offer{
				ID: mesospb.OfferID{Value: fmt.Sprintf("o-%d", i)}, AgentID: mesospb.AgentID{Value: fmt.Sprintf("a-%d", i)}, Hostname: "h",
				AllocationInfo: &mesospb.Resource_AllocationInfo{Role: new("prod")},
				Attributes:     []mesospb.Attribute{{Name: "text", Type: mesospb.TEXT, Text: &mesospb.Value_Text{Value: text}}},
			})
			size -= event.Offers.Offers[i].Size() + 6
		}
		return event
	}
	for sentence, each := range map[string]int{"of few offers": 1 << 20, "of many": 600} {
		t.Run(sentence, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 1}, func(h *harness) {
				h.subscribed()
				h.pass(2 * time.Second)
				own := len(h.bridge.Offers())
				large := filled(maxFrame-(2<<20), each)
				if size := large.Size(); size > maxFrame || size < maxFrame-(4<<20) {
					h.Fatalf("the frame has %d bytes", size)
				}
				h.cluster.SendEvent("", large)
				h.pass(time.Second)
				if got := len(h.bridge.Offers()) - own; got != len(large.Offers.Offers) || h.bridge.Connection().Term != 1 {
					h.Errorf("%d of %d offers came, in term %d", got, len(large.Offers.Offers), h.bridge.Connection().Term)
				}
			})
		})
	}
	t.Run("a larger one", func(t *testing.T) {
		inVirtualTime(t, setup{agents: 1}, func(h *harness) {
			h.subscribed()
			h.pass(time.Minute)
			tries := len(h.subscribes())
			for range 30 {
				h.cluster.SendRaw("", []byte("67108865\n"))
				h.pass(20 * time.Second)
			}
			if got := len(h.subscribes()) - tries; got < 10 || got > 30 {
				h.Errorf("in ten minutes of frames that are too large it subscribed %d times", got)
			}
			h.cluster.SendRaw("", []byte("67108865\n"))
			h.pass(0)
			if p := h.bridge.Connection().Problem; p == nil || p.Class != BadFrame || !strings.Contains(p.Message, "67108864 bytes") {
				h.Errorf("the problem is %+v", p)
			}
			h.pass(time.Minute)
			h.running("job")
		})
	})
}

func TestBridge_sortsOutRefusals(t *testing.T) {
	roles := simulator.Options{Flags: simulator.Flags{Roles: []string{"other"}}}
	inVirtualTime(t, setup{cluster: roles}, func(h *harness) {
		h.pass(time.Second)
		if got := h.problem(); got != SubscriptionRefused {
			h.Fatalf("the problem with a refused role is %q", got)
		}
		h.pass(10 * time.Minute)
		if n := len(h.subscribes()); n > 6 {
			h.Errorf("a refused framework subscribed %d times in ten minutes", n)
		}
		config := h.bridge.config
		config.Framework.Roles = []string{"other"}
		h.bridge.Reconfigure(config)
		h.pass(time.Second)
		if !h.bridge.Connection().Subscribed {
			h.Errorf("not subscribed at once with a configuration that the master takes: %+v", h.bridge.Connection())
		}
	})
}

// TestBridge_keepsTheRolesThatMesosTook: while the master refuses the roles of a framework that it knew with others, the framework is served with those.
func TestBridge_keepsTheRolesThatMesosTook(t *testing.T) {
	known := func(c *Config) { c.Framework.ID, c.KnownRoles = "f1", []string{"other"} }
	roles := simulator.Options{Flags: simulator.Flags{Roles: []string{"other"}}}
	inVirtualTime(t, setup{cluster: roles, config: known}, func(h *harness) {
		// What nobody wants offers for is suppressed; the refused role must not be among that.
		h.bridge.WantOffers()
		h.pass(time.Second)
		check := func(problem Class, roles ...string) {
			h.Helper()
			if c := h.bridge.Connection(); !c.Subscribed || h.problem() != problem || !slices.Equal(c.Roles, roles) {
				h.Errorf("unexpected connection: %+v", c)
			}
		}
		check(UpdateRefused, "other")
		h.cluster.FailOver(simulator.FailOver{Down: time.Second})
		h.pass(time.Minute)
		check(UpdateRefused, "other")
		config := h.bridge.config
		config.Framework.Roles = []string{"*"}
		h.bridge.Reconfigure(config)
		h.pass(time.Minute)
		check("", "*")
	})
}

// TestBridge_standsBackThoughItWasReconfigured: what the bridge was told while it was subscribed is no reason to subscribe anew at once.
func TestBridge_standsBackThoughItWasReconfigured(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		h.subscribed()
		config := h.bridge.config
		config.Framework.Name = "another name"
		h.bridge.Reconfigure(config)
		h.pass(time.Second)
		if err := h.cluster.Steal(h.bridge.Connection().FrameworkID); err != nil {
			h.Fatal(err)
		}
		h.pass(59 * time.Second)
		if c := h.bridge.Connection(); c.Subscribed || h.problem() != FailedOver {
			h.Errorf("within a minute the connection is %+v", c)
		}
	})
}

func TestBridge_standsBackWhenAnotherSchedulerTookOver(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		h.subscribed()
		for i, wait := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute} {
			if err := h.cluster.Steal(h.bridge.Connection().FrameworkID); err != nil {
				h.Fatal(err)
			}
			h.pass(wait - time.Second)
			if c := h.bridge.Connection(); c.Subscribed || h.problem() != FailedOver {
				h.Fatalf("after theft %d the connection is %+v", i+1, c)
			}
			h.pass(wait/10 + 2*time.Second)
			if c := h.bridge.Connection(); !c.Subscribed {
				h.Fatalf("not subscribed %v after theft %d: %+v", wait, i+1, c)
			}
		}
	})
}

func TestBridge_keepsTheIDOfARemovedFramework(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		h.subscribed()
		id := h.bridge.Connection().FrameworkID
		if err := h.bridge.Teardown(context.Background()); err != nil {
			h.Fatal(err)
		}
		h.pass(10 * time.Minute)
		if c := h.bridge.Connection(); h.problem() != FrameworkRemoved || c.FrameworkID != id {
			h.Errorf("unexpected connection: %+v", c)
		}
		for _, s := range h.subscribes()[1:] {
			if s.FrameworkInfo.GetID().GetValue() != id {
				h.Errorf("the framework subscribed with the ID %q, it has %q", s.FrameworkInfo.GetID().GetValue(), id)
			}
		}
		if n := len(h.subscribes()); n < 3 || n > 7 {
			h.Errorf("a removed framework subscribed %d times in ten minutes", n)
		}
	})
}

func TestBridge_wantsCredentials(t *testing.T) {
	secured := simulator.Options{Flags: simulator.Flags{AuthenticateFrameworks: true, Credentials: map[string]string{"alice": "s"}}}
	inVirtualTime(t, setup{cluster: secured}, func(h *harness) {
		h.pass(time.Second)
		if got := h.problem(); got != Unauthorized {
			h.Errorf("the problem without credentials is %q", got)
		}
	})
}

func TestBridge_changesTheFrameworkWithoutSubscribingAnew(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.bridge.WantOffers()
		h.pass(time.Second)
		config := h.bridge.config
		config.Framework.Name = "renamed"
		h.bridge.Reconfigure(config)
		h.bridge.Reconfigure(config)
		h.pass(time.Second)
		h.expect("UPDATE_FRAMEWORK", "SUPPRESS", "UPDATE_FRAMEWORK")
		log := h.cluster.CallLog()
		update := log[len(log)-1].Call.UpdateFramework
		if update.FrameworkInfo.Name != "renamed" || !slices.Equal(update.SuppressedRoles, []string{"prod"}) {
			h.Errorf("the update is %+v", update)
		}
		if h.bridge.Connection().Term != 1 {
			h.Error("the framework subscribed anew")
		}
	})
}

// A description whose call broke off may come to the master after the one that followed it. Its failover timeout would be what Mesos goes by.
func TestBridge_letsNoOldDescriptionBack(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.bridge.FrameworkIDStored()
		h.pass(time.Second)
		config := h.bridge.config
		late := h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Late, Type: "UPDATE_FRAMEWORK", Delay: time.Minute})
		for _, timeout := range []time.Duration{5 * time.Minute, time.Hour} {
			config.Framework.FailoverTimeout = timeout
			h.bridge.Reconfigure(config)
			h.pass(10 * time.Second)
		}
		if c := h.bridge.Connection(); late.Hits() != 1 || !c.Subscribed || c.Term != 2 || c.Problem != nil {
			h.Errorf("after %d calls that are late it is %+v, want it subscribed again", late.Hits(), c)
		}
		h.pass(2 * time.Minute)
		h.stop()
		h.pass(30 * time.Minute)
		if known := h.cluster.Frameworks(); len(known) != 1 {
			h.Errorf("half an hour after it left Mesos knows %v, want it kept for an hour", known)
		}
	})
}

// A description that was taken back before its call had an answer may be what Mesos goes by, or may yet be: it is told the one that counts.
func TestBridge_takesBackADescriptionOfWhichMesosMayHaveHeard(t *testing.T) {
	for _, action := range []simulator.Action{simulator.Late, simulator.DropAnswer} {
		t.Run(string(action), func(t *testing.T) {
			inVirtualTime(t, setup{agents: 1}, func(h *harness) {
				h.subscribed()
				config := h.bridge.config
				unanswered := h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: action, Type: "UPDATE_FRAMEWORK", Delay: time.Minute})
				for _, timeout := range []time.Duration{5 * time.Minute, week} {
					config.Framework.FailoverTimeout = timeout
					h.bridge.Reconfigure(config)
					h.pass(500 * time.Millisecond)
				}
				h.pass(2 * time.Minute)
				if c := h.bridge.Connection(); unanswered.Hits() != 1 || !c.Subscribed || c.Term != 2 || c.Problem != nil {
					h.Errorf("after %d calls without an answer it is %+v, want it subscribed again", unanswered.Hits(), c)
				}
				h.stop()
				h.pass(30 * time.Minute)
				if known := h.cluster.Frameworks(); len(known) != 1 {
					h.Errorf("half an hour after it left Mesos knows %v, want it kept for a week", known)
				}
			})
		})
	}
}

func TestBridge_saysWhenAChangeIsRefused(t *testing.T) {
	inVirtualTime(t, setup{}, func(h *harness) {
		h.subscribed()
		config := h.bridge.config
		config.Framework.User = "somebody"
		h.cluster.Inject(simulator.Fault{
			Target: simulator.CallFault, Action: simulator.Answer, Type: "UPDATE_FRAMEWORK", Status: 400,
			Text: "Updating 'FrameworkInfo.user' is unsupported", Count: 1,
		})
		h.bridge.Reconfigure(config)
		h.pass(time.Second)
		if c := h.bridge.Connection(); !c.Subscribed || h.problem() != UpdateRefused {
			h.Errorf("unexpected connection: %+v", c)
		}
		config.Framework.User = "nobody"
		h.bridge.Reconfigure(config)
		h.pass(2 * time.Minute)
		if c := h.bridge.Connection(); !c.Subscribed || c.Problem != nil {
			h.Errorf("unexpected connection after the change was taken back: %+v", c)
		}
	})
}

func TestBridge_movesToOtherMasters(t *testing.T) {
	inVirtualTime(t, setup{idle: true}, func(h *harness) {
		config := Config{Masters: []string{"http://nowhere.sim:5050", "ftp://wrong", "::"}, Framework: framework()}
		h.bridge.Reconfigure(config)
		h.run()
		defer h.stop()
		h.pass(time.Minute)
		if c := h.bridge.Connection(); c.Subscribed || c.Problem == nil || c.Problem.Class != NotAMaster {
			h.Fatalf("unexpected connection: %+v", c)
		}
		config.Masters = []string{h.cluster.Masters()[0].URL() + "/"}
		h.bridge.Reconfigure(config)
		h.pass(0)
		c := h.bridge.Connection()
		if !c.Subscribed {
			h.Fatalf("not subscribed at once with the right master: %+v", c)
		}
		config.Masters = []string{h.cluster.Masters()[0].URL()}
		config.Framework.ID = "taken-over-0001"
		h.bridge.Reconfigure(config)
		h.pass(time.Second)
		if c := h.bridge.Connection(); !c.Subscribed || c.Term != 2 || c.FrameworkID != "taken-over-0001" || !h.bridge.MayAccept() {
			h.Errorf("unexpected connection under another ID: %+v", c)
		}
	})
}

func TestBridge_dropsASubscriptionThatIsOutOfDateAsItComes(t *testing.T) {
	inVirtualTime(t, setup{cluster: simulator.Options{Masters: 2}}, func(h *harness) {
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.DelayAnswer, Delay: 10 * time.Second, Type: "SUBSCRIBE"})
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		config := h.bridge.config
		config.Framework.ID = "taken-over-0001"
		h.bridge.Reconfigure(config)
		h.pass(10 * time.Second)
		if c := h.bridge.Connection(); !c.Subscribed || c.FrameworkID != "taken-over-0001" || c.Term != 2 {
			h.Errorf("unexpected connection: %+v", c)
		}
	})
}

// Nothing that hangs keeps the stream from being read.
func TestBridge_readsOnWhileCallsHang(t *testing.T) {
	inVirtualTime(t, setup{agents: 2}, func(h *harness) {
		h.subscribed()
		h.running("job")
		for _, call := range []string{"KILL", "ACKNOWLEDGE"} {
			h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Delay, Delay: time.Hour, Type: call, Count: -1})
		}
		for i := range 2 * ackWorkers {
			id := fmt.Sprintf("other-%d", i)
			h.cluster.SendEvent("", updateEvent(id))
			h.pass(0)
			h.acknowledge(id)
		}
		h.bridge.Kill("job", "", nil)
		events := h.bridge.Connection().LastEvent
		h.pass(70 * time.Second)
		h.cluster.SendEvent("", updateEvent("last"))
		h.pass(0)
		if got := h.bridge.Connection(); got.LastEvent.Event < events.Event+5 || got.Term != 1 {
			h.Errorf("the last event was %v, now it is %v", events, got.LastEvent)
		}
		if got := h.state("last"); got != mesos.TaskRunning {
			h.Errorf("the last task is %q", got)
		}
		h.pass(time.Hour)
		if c := h.bridge.Connection(); c.Term != 1 || !c.Subscribed {
			h.Errorf("calls that hang ended the term: %+v", c)
		}
	})
}

// updateEvent says that a task runs, and wants that acknowledged.
func updateEvent(taskID string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesospb.TaskStatus{
		TaskID: mesospb.TaskID{Value: taskID}, AgentID: &mesospb.AgentID{Value: "a1"}, State: mesospb.TASK_RUNNING.Enum(),
		UUID: []byte("0123456789abcdef"),
	}}}
}

func TestBridge_subscribesOnlyWhenItMay(t *testing.T) {
	may := errors.New("the lease was not renewed")
	inVirtualTime(t, setup{idle: true, options: func(o *Options) { o.Gate = func(string, func() error) error { return may } }}, func(h *harness) {
		h.run()
		defer h.stop()
		h.pass(time.Minute)
		if n := len(h.calls()); n != 0 || h.problem() != Withheld {
			h.Errorf("%d calls left, the problem is %q", n, h.problem())
		}
	})
}

func TestBridge_leavesNothingBehind(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.Delay, Delay: time.Hour, Type: "REVIVE"})
		h.bridge.Revive("prod")
		h.pass(time.Second)
		outcome := make(chan error, 1)
		h.bridge.Reconcile(asking("job"), func(err error) { outcome <- err })
		before := time.Now()
		h.stop()
		if took := time.Since(before); took > 0 {
			h.Errorf("Run took %v to return", took)
		}
		if err := <-outcome; err == nil {
			h.Error("a call that was never sent counts as sent")
		}
		if c := h.bridge.Connection(); c.Subscribed || c.Problem != nil {
			h.Errorf("unexpected connection after the end: %+v", c)
		}
		h.bridge.Reconcile(asking("job"), func(err error) { outcome <- err })
		if err := <-outcome; err == nil {
			h.Error("a call after the end counts as sent")
		}
		if err := h.bridge.Teardown(context.Background()); err == nil {
			h.Error("a TEARDOWN after the end counts as sent")
		}
	})
}

func TestBridge_tellsWhichMasterToLookAt(t *testing.T) {
	dead := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connect: connection refused")}
	}
	inVirtualTime(t, setup{options: func(o *Options) { o.DialContext = dead }}, func(h *harness) {
		synctest.Wait()
		want := fmt.Sprintf("No Mesos master answers at %s (dial: connect: connection refused); check spec.masters.urls and the network.",
			h.cluster.Masters()[0].URL())
		if p := h.bridge.Connection().Problem; p == nil || p.Message != want {
			h.Errorf("the problem is %+v, want %q", p, want)
		}
	})
}
