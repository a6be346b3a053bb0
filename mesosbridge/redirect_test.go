package mesosbridge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	mesospb "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/mesos-operator/mesos-operator/internal/simulator"
	"github.com/mesos-operator/mesos-operator/mesosbridge/mesos"
)

// sharedName is the one name of all masters.
const sharedName = "http://mesos.sim:5050"

// balancer leads each connection to the shared name to the next master of an order, over and over.
type balancer struct {
	mu    sync.Mutex
	order []int
	next  int
}

// turn sets the order.
func (b *balancer) turn(order ...int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order, b.next = order, 0
}

// dial connects through the balancer.
func (b *balancer) dial(cluster func() *simulator.Cluster) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if "http://"+address == sharedName {
			b.mu.Lock()
			address = fmt.Sprintf("master-%d.sim:5050", b.order[b.next%len(b.order)]+1)
			b.next++
			b.mu.Unlock()
		}
		return cluster().DialContext(ctx, network, address)
	}
}

// behindOneName is a setup of three masters behind one name, of which the first leads, and what chooses among them.
func behindOneName() (setup, *balancer, func(h *harness)) {
	chosen := &balancer{order: []int{0}}
	var cluster *simulator.Cluster
	s := setup{
		cluster: simulator.Options{Masters: 3}, agents: 1, idle: true,
		config:  func(c *Config) { c.Masters = []string{sharedName} },
		options: func(o *Options) { o.DialContext = chosen.dial(func() *simulator.Cluster { return cluster }) },
	}
	return s, chosen, func(h *harness) {
		cluster = h.cluster
		h.run()
	}
}

// firstCalls are what may be the first call of a term, and what must have come of it.
var firstCalls = map[string]struct {
	send func(h *harness)
	done func(h *harness) error
}{
	"ACCEPT": {
		func(h *harness) { h.launch("second") },
		func(h *harness) error {
			if a := h.attempt("second"); a.Accept != AcceptAccepted || h.cluster.LiveTasks() != 2 {
				return fmt.Errorf("the ACCEPT is %q and %d tasks live", a.Accept, h.cluster.LiveTasks())
			}
			return nil
		},
	},
	"KILL": {
		func(h *harness) { h.bridge.Kill("first", h.attempt("first").AgentID, nil) },
		func(h *harness) error {
			if n := h.cluster.LiveTasks(); n != 0 {
				return fmt.Errorf("%d tasks live", n)
			}
			return nil
		},
	},
	"ACKNOWLEDGE": {
		func(h *harness) { h.acknowledge("first") },
		func(h *harness) error {
			if h.state("first") != mesos.TaskRunning {
				return fmt.Errorf("its task is %q", h.state("first"))
			}
			return nil
		},
	},
	"DECLINE": {
		func(h *harness) { h.bridge.Decline([]string{h.offer().ID}, time.Hour, DeclineUnfit) },
		func(h *harness) error {
			if n := h.cluster.OpenOffers(""); n != 0 {
				return fmt.Errorf("%d offers are open", n)
			}
			return nil
		},
	},
	"RECONCILE": {
		func(h *harness) {
			h.bridge.Reconcile(asking("first"), func(err error) {
				if err != nil {
					h.Errorf("the RECONCILE ended with %v", err)
				}
			})
		},
		func(h *harness) error {
			if last := h.attempt("first").Last; last.Term != 2 {
				return fmt.Errorf("nothing was said of the task in term 2, last %+v", last)
			}
			return nil
		},
	},
	"SUPPRESS": {
		func(h *harness) { h.bridge.WantOffers() },
		func(*harness) error { return nil },
	},
}

// TestBridge_severalMastersBehindOneName: whichever master each connection leads to, the first call of a subscription reaches the one that has it.
func TestBridge_severalMastersBehindOneName(t *testing.T) {
	var orders [][]int
	for first := range 3 {
		for second := range 3 {
			for third := range 3 {
				orders = append(orders, []int{first, second, third})
			}
		}
	}
	for call, first := range firstCalls {
		for _, order := range orders {
			t.Run(fmt.Sprintf("%s first, connections to %v", call, order), func(t *testing.T) {
				s, chosen, run := behindOneName()
				inVirtualTime(t, s, func(h *harness) {
					run(h)
					defer h.stop()
					h.subscribed()
					h.launch("first")
					h.pass(2 * time.Second)
					before := h.count(call)
					chosen.turn(order...)
					h.cluster.CutStream("", 0)
					h.pass(5 * time.Second)
					first.send(h)
					h.pass(5 * time.Second)
					if err := first.done(h); err != nil {
						h.Error(err)
					}
					if c := h.bridge.Connection(); !c.Subscribed || c.Term != 2 {
						h.Errorf("unexpected connection: %+v", c)
					}
					if n := h.count(call) - before; n != 1 {
						h.Errorf("%d calls came to the master that leads", n)
					}
				})
			})
		}
	}
}

// TestBridge_aMasterBehindOneNameIsDown: a connection that is refused leads nowhere, and what was to be sent on it goes to the master that has
// the subscription.
func TestBridge_aMasterBehindOneNameIsDown(t *testing.T) {
	s, chosen, run := behindOneName()
	inVirtualTime(t, s, func(h *harness) {
		run(h)
		defer h.stop()
		h.subscribed()
		h.cluster.StopMaster(2)
		chosen.turn(0, 2)
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		h.launch("job")
		h.pass(2 * time.Second)
		if a := h.attempt("job"); a.Accept != AcceptAccepted || h.bridge.Connection().Term != 2 {
			h.Errorf("the ACCEPT is %q in term %d", a.Accept, h.bridge.Connection().Term)
		}
	})
}

// guardedBehindOneName is the same with masters that ask for credentials.
func guardedBehindOneName() (s setup, chosen *balancer, run func(h *harness)) {
	s, chosen, run = behindOneName()
	s.cluster = guarded(3)
	s.config = func(c *Config) {
		with(canary)(c)
		c.Masters = []string{sharedName}
	}
	return s, chosen, run
}

// TestBridge_redirectsThatMayNotBeFollowed: credentials go to no host that the spec does not name. A call that was sent on there was refused, and
// the condition says what to add.
func TestBridge_redirectsThatMayNotBeFollowed(t *testing.T) {
	s, chosen, run := guardedBehindOneName()
	inVirtualTime(t, s, func(h *harness) {
		run(h)
		defer h.stop()
		h.subscribed()
		chosen.turn(0, 1)
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		chosen.turn(1)
		h.launch("job")
		a := h.attempt("job")
		if a.Accept != AcceptRefused || !strings.Contains(a.RefusedWith, "http://master-1.sim:5050") || !strings.Contains(a.RefusedWith, "spec.masters.urls") {
			h.Errorf("the ACCEPT is %q: %q", a.Accept, a.RefusedWith)
		}
		for range mostAstray {
			h.bridge.Kill("job", "", nil)
			h.bridge.ReconcileImplicitly(func(error) {})
			synctest.Wait()
		}
		c := h.bridge.Connection()
		if c.Subscribed || h.problem() != CredentialsWithheld || !strings.Contains(c.Problem.Message, "http://master-1.sim:5050") {
			h.Errorf("after %d calls that came to another master: %+v", mostAstray, c)
		}
		config := h.bridge.config
		config.Masters = append(config.Masters, "http://master-1.sim:5050")
		h.bridge.Reconfigure(config)
		h.pass(30 * time.Second)
		h.launch("other")
		h.pass(time.Second)
		if a := h.attempt("other"); a.Accept != AcceptAccepted {
			h.Errorf("once the host is named the ACCEPT is %q: %q", a.Accept, a.RefusedWith)
		}
	})
}

// TestBridge_aConnectionThatLedAstrayIsNotUsedAgain: the next may lead to the master that has the subscription.
func TestBridge_aConnectionThatLedAstrayIsNotUsedAgain(t *testing.T) {
	s, chosen, run := guardedBehindOneName()
	inVirtualTime(t, s, func(h *harness) {
		run(h)
		defer h.stop()
		h.subscribed()
		h.launch("job")
		h.pass(time.Second)
		chosen.turn(0, 1, 2, 1, 2, 0)
		h.cluster.CutStream("", 0)
		h.pass(5 * time.Second)
		var failed []error
		for range 6 {
			h.bridge.Reconcile(asking("job"), func(err error) { failed = append(failed, err) })
			h.pass(time.Second)
		}
		// The first connection of the term is that of the ask for the agents.
		if errors.Join(failed[3:]...) != nil || failed[2] == nil || h.bridge.Connection().Term != 2 {
			h.Errorf("the calls ended with %v, in term %d", failed, h.bridge.Connection().Term)
		}
	})
}

// TestFault53_redirects is row 53 of the fault matrix: "307 to other master; to evil host; loop; without Location". It is followed to another master, for SUBSCRIBE and calls;
// credentials go to no host that the spec does not name, which is not even reached for; and what leads nowhere is told and tried again with pauses.
func TestFault53_redirects(t *testing.T) {
	t.Run("to another master", func(t *testing.T) {
		follower := func(c *Config) { c.Masters = c.Masters[1:2] }
		inVirtualTime(t, setup{cluster: simulator.Options{Masters: 3}, agents: 1, config: follower}, func(h *harness) {
			h.subscribed()
			if got := h.bridge.Connection().Master.URL; got != h.cluster.Masters()[0].URL() {
				h.Errorf("subscribed at %s", got)
			}
			h.running("job")
		})
	})
	for sentence, test := range map[string]struct {
		location string
		class    Class
		says     string
	}{
		"to itself":               {"//m1:5050/api/v1/scheduler", NoLeader, "in circles"},
		"to another and back":     {"//m2:5050/api/v1/scheduler", NoLeader, "in circles"},
		"without Location":        {"", NotAMaster, `sent the framework on to ""`},
		"to what is no master":    {"ftp://x", NotAMaster, "no master's URL"},
		"to a host that is dead":  {"//gone:5050/api/v1/scheduler", MasterUnreachable, "http://gone:5050"},
		"to what cannot be a URL": {"//m1:5050:5050:::/%zz", MasterUnreachable, "Location"},
	} {
		t.Run(sentence, func(t *testing.T) {
			asked := &atomic.Int32{}
			count := func(next http.HandlerFunc) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) { asked.Add(1); next(w, r) }
			}
			handlers := map[string]http.Handler{
				"m1": count(says(307, "", "Location", test.location)), "m2": count(says(307, "", "Location", "//m1:5050/api/v1/scheduler")),
			}
			withMasters(t, []string{"http://m1:5050"}, handlers, func(h served) {
				c := h.bridge.Connection()
				if c.Subscribed || c.Problem == nil || c.Problem.Class != test.class || !strings.Contains(c.Problem.Message, test.says) {
					h.Fatalf("the connection is %+v with the problem %+v, want %s and %q", c, c.Problem, test.class, test.says)
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if got := asked.Load(); got < 3 || got > 600 {
					h.Errorf("it asked %d times in ten minutes", got)
				}
			})
		})
	}
	t.Run("to a host that the spec does not name, with credentials", func(t *testing.T) {
		// The spec names the second master only, and the first one leads.
		var mu sync.Mutex
		dialed := map[string]int{}
		follower := func(c *Config) {
			with(canary)(c)
			c.Masters = c.Masters[1:]
		}
		options := func(o *Options) {
			dial := o.DialContext
			o.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				mu.Lock()
				dialed[address]++
				mu.Unlock()
				return dial(ctx, network, address)
			}
		}
		inVirtualTime(t, setup{cluster: guarded(2), config: follower, options: options}, func(h *harness) {
			leader := h.cluster.Masters()[0].URL()
			h.pass(time.Minute)
			c := h.bridge.Connection()
			if h.problem() != CredentialsWithheld || !strings.Contains(c.Problem.Message, leader) {
				h.Errorf("unexpected connection: %+v", c)
			}
			mu.Lock()
			reached := dialed[strings.TrimPrefix(leader, "http://")]
			mu.Unlock()
			if reached != 0 || len(dialed) == 0 {
				h.Errorf("it reached for %v", dialed)
			}
			// Once it is named, it may have them.
			config := h.bridge.config
			config.Masters = append(config.Masters, leader)
			h.bridge.Reconfigure(config)
			h.pass(0)
			if c := h.bridge.Connection(); !c.Subscribed {
				h.Errorf("a master that is named now is still refused: %+v", c)
			}
		})
	})
}

func TestNamedBy(t *testing.T) {
	host, port := new("m1.example"), new(uint32(5051))
	for sentence, tc := range map[string]struct {
		info *mesospb.MasterInfo
		want string
	}{
		"nothing is said":           {nil, ""},
		"a name and a port":         {&mesospb.MasterInfo{Hostname: host, Port: port}, "https://m1.example:5051"},
		"a name, by the usual port": {&mesospb.MasterInfo{Hostname: host}, "https://m1.example:5050"},
		"an address":                {&mesospb.MasterInfo{Address: &mesospb.Address{IP: new("2001:db8::1"), Port: 5050}, Port: port}, "https://[2001:db8::1]:5051"},
		"what is no name":           {&mesospb.MasterInfo{Hostname: new("m 1/..@x"), Port: port}, ""},
	} {
		if got := namedBy("https://mesos.example:5050", tc.info); got != tc.want {
			t.Errorf("%s: %q, want %q", sentence, got, tc.want)
		}
	}
}

// TestBridge_asksTheMasterThatLeadsForItsAgents: of masters that share one name, it is the one that has the subscription which is asked, and no other
// one's answer counts as one.
func TestBridge_asksTheMasterThatLeadsForItsAgents(t *testing.T) {
	t.Run("sent on", func(t *testing.T) {
		s, chosen, run := behindOneName()
		inVirtualTime(t, s, func(h *harness) {
			chosen.turn(0, 1)
			run(h)
			defer h.stop()
			h.subscribed()
			h.pass(time.Second)
			if sizes, asked := h.bridge.Sizes(); !asked || sizes == nil {
				h.Errorf("asked is %t, sizes are %v", asked, sizes)
			}
		})
	})
	t.Run("may not be sent on", func(t *testing.T) {
		s, chosen, run := guardedBehindOneName()
		inVirtualTime(t, s, func(h *harness) {
			chosen.turn(0, 1, 1, 1, 1, 1, 1)
			run(h)
			defer h.stop()
			h.pass(time.Second)
			if sizes, asked := h.bridge.Sizes(); !h.bridge.Connection().Subscribed || asked || sizes != nil || h.bridge.Connection().AgentsRefused != "" {
				h.Errorf("asked is %t, sizes are %v, and it says %q", asked, sizes, h.bridge.Connection().AgentsRefused)
			}
			chosen.turn(0)
			h.pass(2 * agentsAstray)
			if sizes, asked := h.bridge.Sizes(); !asked || sizes == nil {
				h.Errorf("later asked is %t, sizes are %v", asked, sizes)
			}
		})
	})
}
