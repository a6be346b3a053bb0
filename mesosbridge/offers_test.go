package mesosbridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

var errDenied = errors.New("denied")

func TestBridge_Offers(t *testing.T) {
	inVirtualTime(t, setup{agents: 3}, func(h *harness) {
		h.subscribed()
		offers := h.bridge.Offers()
		if len(offers) != 3 {
			h.Fatalf("there are %d offers of 3 agents", len(offers))
		}
		for _, o := range offers {
			want := mesos.Scalars{CPUs: 4000, Memory: 4_096_000, Disk: 10_240_000}
			if o.Scalars != want || o.Role != "prod" || o.Hostname == "" || !slices.Equal(o.Ports, []mesos.PortRange{{Begin: 31000, End: 31009}}) {
				h.Errorf("unexpected offer: %+v", o)
			}
		}
		h.bridge.Decline([]string{offers[0].ID, offers[1].ID, "unknown"}, time.Hour, DeclineUnfit)
		h.bridge.Decline([]string{offers[0].ID}, time.Hour, DeclineUnfit)
		h.pass(10 * time.Second)
		if got := h.bridge.Offers(); len(got) != 1 || got[0].ID != offers[2].ID {
			h.Errorf("open after declining two: %+v", got)
		}
		decline := h.last("DECLINE").Decline
		if len(decline.OfferIDs) != 2 || decline.GetFilters().GetRefuseSeconds() != 3600 || h.count("DECLINE") != 1 {
			h.Errorf("the call is %+v", decline)
		}
		h.bridge.Revive("prod")
		h.pass(2 * time.Second)
		if got := h.bridge.Offers(); len(got) != 3 {
			h.Errorf("%d offers after REVIVE", len(got))
		}
	})
}

func TestBridge_repeatsSuppression(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.bridge.WantOffers()
		h.pass(time.Second)
		h.cluster.CutStream("", 0)
		h.pass(10 * time.Second)
		subscribes := h.subscribes()
		if got := subscribes[len(subscribes)-1].SuppressedRoles; !slices.Equal(got, []string{"prod"}) {
			h.Errorf("the framework subscribed with %v suppressed", got)
		}
		if n := len(h.bridge.Offers()); n != 0 {
			h.Errorf("%d offers came to a framework that wants none", n)
		}
		h.cluster.StopMaster(0)
		h.pass(time.Second)
		h.bridge.Revive("prod")
		h.cluster.StartMaster(0)
		h.pass(time.Minute)
		if n := len(h.bridge.Offers()); n != 1 {
			h.Errorf("%d offers came after REVIVE without a subscription", n)
		}
		h.expect("UPDATE_FRAMEWORK", "SUPPRESS")
	})
}

func TestBridge_wishForOffersChangesWhileSubscribing(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Action: simulator.DelayAnswer, Delay: 5 * time.Second, Type: "SUBSCRIBE"})
		h.cluster.CutStream("", 0)
		h.pass(4 * time.Second)
		h.bridge.WantOffers()
		h.pass(10 * time.Second)
		h.expect("UPDATE_FRAMEWORK", "SUPPRESS")
	})
}

func TestBridge_forgetsRescindedOffers(t *testing.T) {
	flags := simulator.Flags{OfferTimeout: 10 * time.Second}
	inVirtualTime(t, setup{agents: sideBySide + 1, cluster: simulator.Options{Flags: flags}}, func(h *harness) {
		h.subscribed()
		h.pass(5 * time.Second)
		h.occupy("ACCEPT", 8*time.Second)
		offer := h.offer()
		h.bridge.Accept(offer.ID, []mesos.Task{small("job")}, 0, nil)
		h.bridge.Decline([]string{offer.ID}, 0, DeclineUnfit)
		h.pass(10 * time.Second)
		if got := h.attempt("job").Accept; got != AcceptNeverSent {
			h.Errorf("the ACCEPT of a rescinded offer is %q", got)
		}
		if n := h.count("ACCEPT") + h.count("DECLINE") - sideBySide; n != 0 {
			h.Errorf("%d ACCEPTs and DECLINEs of a rescinded offer were sent", n)
		}
	})
}

func TestBridge_Accept(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		offer := h.offer()
		huge := small("huge")
		huge.Scalars.CPUs = 5000
		web := small("web")
		web.Ports, web.HostPorts = []mesos.Port{{Name: "http"}}, []uint32{31003}
		tasks := []mesos.Task{small("one"), huge, small("unwanted"), web, small("one")}
		h.bridge.Accept(offer.ID, tasks, 10*time.Second, func(id string) bool { return id != "unwanted" })
		h.pass(time.Second)
		for id, want := range map[string]AcceptState{
			"one": AcceptAccepted, "web": AcceptAccepted, "huge": AcceptNeverSent, "unwanted": AcceptNeverSent,
		} {
			if got := h.attempt(id).Accept; got != want {
				h.Errorf("the ACCEPT of %s is %q, want %q", id, got, want)
			}
			if h.notes.times("attempt "+id) == 0 {
				h.Errorf("nobody was told of the ACCEPT of %s", id)
			}
		}
		if n := h.cluster.LiveTasks(); n != 2 {
			h.Errorf("%d tasks live", n)
		}
		accept := h.last("ACCEPT").Accept
		if infos := accept.Operations[0].Launch.TaskInfos; len(infos) != 2 || accept.GetFilters().GetRefuseSeconds() != 10 {
			h.Errorf("the call is %+v", accept)
		}

		// The offer is used up, and so are the IDs.
		h.bridge.Accept(offer.ID, []mesos.Task{small("late"), small("one")}, 0, nil)
		h.pass(15 * time.Second)
		h.bridge.Accept(h.offer().ID, []mesos.Task{small("one"), small("late"), small("web")}, 0, nil)
		h.pass(time.Second)
		if n := h.count("ACCEPT"); n != 1 {
			h.Errorf("%d ACCEPTs were sent", n)
		}
		if got := h.attempt("late").Accept; got != AcceptNeverSent {
			h.Errorf("the ACCEPT on a used offer is %q", got)
		}
		if got := h.attempt("one").Accept; got != AcceptAccepted {
			h.Errorf("the ACCEPT of a task that runs became %q", got)
		}
	})
}

// TestBridge_Accept_leavesOutWhatHasNoWords: of several tasks in one ACCEPT those that cannot be put to Mesos whole are never sent, as without their
// containers they would be processes of the bare host. The others are launched, on what those would have had.
func TestBridge_Accept_leavesOutWhatHasNoWords(t *testing.T) {
	in := func(container *mesos.Container) func(*mesos.Task) {
		return func(task *mesos.Task) { task.Container = container }
	}
	refused := map[string]func(*mesos.Task){
		"a-pull-secret-not-read":     in(&mesos.Container{Image: "nginx:1", Mesos: &mesos.ByMesos{PullSecret: "p"}}),
		"a-secret-file-not-read":     in(&mesos.Container{Volumes: []mesos.Volume{{MountPath: "/run/key", Secret: &mesos.SecretVolume{Name: "s", Key: "k"}}}}),
		"a-volume-of-no-kind":        in(&mesos.Container{Volumes: []mesos.Volume{{MountPath: "/data"}}}),
		"docker-without-an-image":    in(&mesos.Container{Docker: &mesos.ByDocker{}}),
		"both-containerizers":        in(&mesos.Container{Image: "nginx:1", Mesos: &mesos.ByMesos{}, Docker: &mesos.ByDocker{}}),
		"a-network-of-no-known-mode": in(&mesos.Container{Image: "nginx:1", Networks: []mesos.Network{{Mode: "Later"}}}),
	}
	var mu sync.Mutex
	var log strings.Builder
	noting := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(&log, args)
	}, funcr.Options{})
	inVirtualTime(t, setup{agents: 1, options: func(o *Options) { o.Logger = noting }}, func(h *harness) {
		h.subscribed()
		// Each takes most of the agent, so that one which is left out must give back what it was to have.
		large := func(id string, change func(*mesos.Task)) mesos.Task {
			task := small(id)
			task.Scalars.CPUs = 3900
			change(&task)
			return task
		}
		var tasks []mesos.Task
		for id, change := range refused {
			tasks = append(tasks, large(id, change))
		}
		tasks = append(tasks, large("whole", in(&mesos.Container{Image: "nginx:1"})), small("bare"))
		offer := h.offer()
		for i := range tasks {
			h.bridge.Reserve(tasks[i].ID, offer.AgentID)
		}
		h.bridge.Accept(offer.ID, tasks, 0, nil)
		h.pass(time.Second)

		var sent []string
		for _, info := range h.last("ACCEPT").Accept.Operations[0].Launch.TaskInfos {
			sent = append(sent, info.TaskID.Value)
		}
		if !slices.Equal(sent, []string{"whole", "bare"}) || h.count("ACCEPT") != 1 || h.cluster.LiveTasks() != 2 {
			h.Errorf("%d ACCEPTs were sent, the last with %v; %d tasks live", h.count("ACCEPT"), sent, h.cluster.LiveTasks())
		}
		for _, id := range sent {
			if got := h.attempt(id).Accept; got != AcceptAccepted {
				h.Errorf("the ACCEPT of %s is %q", id, got)
			}
		}
		for id := range refused {
			if got := h.attempt(id).Accept; got != AcceptNeverSent || h.notes.times("attempt "+id) == 0 {
				h.Errorf("the ACCEPT of %s is %q, and it was told of %d times", id, got, h.notes.times("attempt "+id))
			}
			if mu.Lock(); !strings.Contains(log.String(), "launching task "+id+":") {
				h.Errorf("the log does not say why %s was left out:\n%s", id, log.String())
			}
			mu.Unlock()
		}

		// With nothing left that can be put to Mesos there is no launch at all.
		h.cluster.AddAgent(simulator.AgentSpec{CPUs: 4, Mem: 4096})
		h.pass(time.Second)
		declined := h.count("DECLINE")
		lone := large("alone", refused["a-pull-secret-not-read"])
		h.bridge.Accept(h.offer().ID, []mesos.Task{lone}, 0, nil)
		h.pass(time.Second)
		if got := h.attempt("alone").Accept; got != AcceptNeverSent || h.count("ACCEPT") != 1 || h.count("DECLINE") != declined+1 {
			h.Errorf("the ACCEPT of one alone is %q; %d ACCEPTs, %d DECLINEs", got, h.count("ACCEPT"), h.count("DECLINE")-declined)
		}
	})
}

func TestBridge_Accept_outcomes(t *testing.T) {
	fault := func(action simulator.Action, status int, text string) simulator.Fault {
		return simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: action, Status: status, Text: text}
	}
	after := fault(simulator.Answer, 502, "bad gateway")
	after.AfterEffect = true
	tests := map[string]struct {
		fault simulator.Fault
		want  AcceptState
		term  uint64
		class Class
		live  int
	}{
		"refused with a 4xx":               {fault(simulator.Answer, 400, "Expecting \x1b 'accept'"), AcceptRefused, 1, "", 0},
		"answered with a proxy's 4xx":      {fault(simulator.Answer, 429, "slow down"), AcceptUnanswered, 2, CallUnanswered, 0},
		"answered with a 5xx":              {fault(simulator.Answer, 500, "oops"), AcceptUnanswered, 2, CallUnanswered, 0},
		"answered with a 5xx after effect": {after, AcceptUnanswered, 2, CallUnanswered, 1},
		"sent on to nowhere":               {fault(simulator.Answer, 307, ""), AcceptRefused, 1, "", 0},
		"sent on by a proxy":               {fault(simulator.Answer, 302, ""), AcceptUnanswered, 2, CallUnanswered, 0},
		"broken off before effect":         {fault(simulator.Drop, 0, ""), AcceptUnanswered, 2, CallUnanswered, 0},
		"broken off after effect":          {fault(simulator.DropAnswer, 0, ""), AcceptUnanswered, 2, CallUnanswered, 1},
		"refused as of an old stream": {
			fault(simulator.Answer, 400, "The stream ID 'x' included in this request didn't match the stream ID currently associated with framework ID y"),
			AcceptRefused, 2, SubscriptionLost, 0,
		},
		"refused as of an unknown framework": {
			fault(simulator.Answer, 400, "Framework cannot be found"), AcceptRefused, 2, SubscriptionLost, 0,
		},
		"refused as not subscribed": {
			fault(simulator.Answer, 403, "Framework is not subscribed"), AcceptRefused, 2, SubscriptionLost, 0,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, setup{agents: 1}, func(h *harness) {
				h.subscribed()
				h.cluster.Inject(test.fault)
				h.launch("job")
				if got := h.problem(); got != test.class {
					h.Errorf("the problem is %q, want %q", got, test.class)
				}
				h.pass(20 * time.Second)
				a := h.attempt("job")
				if a.Accept != test.want || a.AcceptTerm != 1 {
					h.Errorf("the ACCEPT is %q of term %d, want %q", a.Accept, a.AcceptTerm, test.want)
				}
				if test.fault.Text != "" && test.term == 1 && a.RefusedWith != "Expecting 'accept'" && a.RefusedWith != "Expecting  'accept'" {
					h.Errorf("it was refused with %q", a.RefusedWith)
				}
				if c := h.bridge.Connection(); !c.Subscribed || c.Term != test.term {
					h.Errorf("unexpected connection: %+v", c)
				}
				if n := h.cluster.LiveTasks(); n != test.live {
					h.Errorf("%d tasks live, want %d", n, test.live)
				}
				if n := h.count("ACCEPT"); n != 1 {
					h.Errorf("%d ACCEPTs were sent", n)
				}
			})
		})
	}
}

func TestBridge_givesAnAcceptWithoutAnswerUpAfter75Seconds(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: "ACCEPT", Action: simulator.DelayAnswer, Delay: time.Hour})
		h.launch("job")
		h.pass(74 * time.Second)
		if got := h.attempt("job").Accept; got != AcceptSent || h.bridge.MayAsk("job") {
			h.Errorf("the ACCEPT on its way is %q, may ask: %v", got, h.bridge.MayAsk("job"))
		}
		h.pass(2 * time.Second)
		if got := h.attempt("job").Accept; got != AcceptUnanswered || !h.bridge.MayAsk("job") {
			h.Errorf("the ACCEPT without an answer is %q, may ask: %v", got, h.bridge.MayAsk("job"))
		}
		h.pass(20 * time.Second)
		if got := h.bridge.Connection().Term; got != 2 {
			h.Errorf("the term is %d", got)
		}
	})
}

// What was asked for in one term is not sent in the next.
func TestBridge_sendsNothingOfATermThatEnded(t *testing.T) {
	inVirtualTime(t, setup{agents: sideBySide + 1}, func(h *harness) {
		h.subscribed()
		for _, call := range []string{"ACCEPT", "RECONCILE", "KILL"} {
			h.occupy(call, time.Minute)
		}
		h.bridge.Accept(h.offer().ID, []mesos.Task{small("queued")}, 0, nil)
		outcome := make(chan error, 1)
		h.bridge.Reconcile(asking("other"), func(err error) { outcome <- err })
		h.bridge.Kill("other", "", nil)
		h.pass(time.Second)
		h.cluster.CutStream("", 0)
		synctest.Wait()
		if err := <-outcome; !errors.Is(err, errTermEnded) {
			h.Errorf("the RECONCILE of the old term ended with %v", err)
		}
		for id, want := range map[string]AcceptState{"on-the-way-0": AcceptUnanswered, "queued": AcceptNeverSent} {
			if got := h.attempt(id).Accept; got != want {
				h.Errorf("the ACCEPT of %s is %q, want %q", id, got, want)
			}
		}
		h.pass(2 * time.Minute)
		if got := [...]int{h.count("ACCEPT"), h.count("RECONCILE"), h.count("KILL")}; got != [...]int{sideBySide, 1, sideBySide} {
			h.Errorf("%d ACCEPTs, RECONCILEs and KILLs were sent", got)
		}
		if n := h.cluster.LiveTasks(); n != 0 {
			h.Errorf("%d tasks of the old term live", n)
		}
	})
}

func TestBridge_otherFailedCallsEndNothing(t *testing.T) {
	inVirtualTime(t, setup{agents: 1}, func(h *harness) {
		h.subscribed()
		for _, call := range []string{"KILL", "RECONCILE", "DECLINE", "SUPPRESS", "REVIVE"} {
			h.cluster.Inject(simulator.Fault{Target: simulator.CallFault, Type: call, Action: simulator.Answer, Status: 500, Text: "oops"})
		}
		failed := make(chan error, 1)
		h.bridge.Kill("job", "", nil)
		h.bridge.Reconcile(asking("job"), func(err error) { failed <- err })
		h.bridge.Decline([]string{h.offer().ID}, 0, DeclineUnfit)
		h.bridge.WantOffers()
		h.pass(time.Second)
		h.bridge.Revive("prod")
		h.pass(time.Minute)
		if err := <-failed; err == nil {
			h.Error("a RECONCILE answered 500 counts as answered")
		}
		if c := h.bridge.Connection(); !c.Subscribed || c.Term != 1 {
			h.Errorf("unexpected connection: %+v", c)
		}
	})
}
